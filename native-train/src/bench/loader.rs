//! The speed of the loader alone: decoding, and the changes of the three views.

use std::time::Instant;

use anyhow::{Context as _, Result};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rayon::prelude::*;
use shared_model::face_crop::{InputSpec, resize};

use crate::picture;
use crate::pretrain::augmentation::{augmented, strong};
use crate::run_config::augmentation_config::AugmentationConfig;
use crate::run_config::semi_supervised_config::SemiSupervisedConfig;

/// Side of the JPEG pictures: that of cropped faces in the usual data.
const SIDE: u32 = 256;
const PICTURES: usize = 64;

/// Labelled and unlabelled pictures a second, half of each, that all cores make ready for the network: read from disk,
/// decoded, and changed as the method's table has it.
///
/// # Errors
/// When the temporary folder cannot be used.
pub fn pictures_a_second(input: &InputSpec) -> Result<f64> {
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let paths = (0..PICTURES)
        .map(|number| {
            let mut random = StdRng::seed_from_u64(number as u64);
            let (across, down) = (random.random_range(0.01..0.1), random.random_range(0.01..0.1));
            // Smooth with some noise, so that a file is about as long as a face's.
            let picture = image::RgbImage::from_fn(SIDE, SIDE, |x, y| {
                let wave = (f64::from(x) * across).sin() + (f64::from(y) * down).cos();
                let value = 127.0 + 50.0 * wave + random.random_range(-8.0..8.0);
                image::Rgb([value as u8, (value * 0.8) as u8, (value * 0.6) as u8])
            });
            let path = folder.path().join(format!("{number}.jpg"));
            picture.save(&path)?;
            Ok(path)
        })
        .collect::<Result<Vec<_>>>()?;
    let (labelled, unlabelled) = (AugmentationConfig::default(), SemiSupervisedConfig::default());
    let make = |(number, path): (usize, &std::path::PathBuf)| -> Result<usize> {
        let mut random = StdRng::seed_from_u64(number as u64);
        let frame = picture::read(path)?;
        let face = resize(&frame, input.resized(), input.resized())?;
        if number.is_multiple_of(2) {
            return Ok(augmented(&face, input, &labelled, &mut random).len());
        }
        let weak = augmented(&face, input, &unlabelled.weak, &mut random);
        Ok(weak.len() + strong(&face, input, &unlabelled.strong, &mut random).len())
    };
    let all = || paths.par_iter().enumerate().map(make).sum::<Result<usize>>();
    all()?;
    let begin = Instant::now();
    all()?;
    Ok(PICTURES as f64 / begin.elapsed().as_secs_f64())
}
