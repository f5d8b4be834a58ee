//! A picture of the labelled stills: a row a class.

use anyhow::{Context as _, Result};
use image::RgbImage;
use image::imageops::replace;
use shared_model::expression::{CLASS_COUNT, Expression};

/// Stills in a row.
const COLUMNS: usize = 8;

/// Gathers the first stills of each class.
#[derive(Debug)]
pub struct ContactSheet {
    picture: RgbImage,
    filled: [usize; CLASS_COUNT],
    size: usize,
}

impl ContactSheet {
    /// An empty sheet for stills of this size.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self {
            picture: RgbImage::new((size * COLUMNS) as u32, (size * CLASS_COUNT) as u32),
            filled: [0; CLASS_COUNT],
            size,
        }
    }

    /// Whether a still of this class would still be shown.
    #[must_use]
    pub const fn wants(&self, class: Expression) -> bool {
        self.filled[class.index()] < COLUMNS
    }

    /// Adds a still, a JPEG file's bytes.
    ///
    /// # Errors
    /// When they cannot be decoded.
    pub fn add(&mut self, class: Expression, jpeg: &[u8]) -> Result<()> {
        let still = image::load_from_memory(jpeg)
            .context("a rendered still")?
            .into_rgb8();
        let row = class.index();
        replace(
            &mut self.picture,
            &still,
            (self.filled[row] * self.size) as i64,
            (row * self.size) as i64,
        );
        self.filled[row] += 1;
        Ok(())
    }

    /// The sheet's pixels.
    #[must_use]
    pub fn into_picture(self) -> RgbImage {
        self.picture
    }
}
