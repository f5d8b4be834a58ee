//! Skin textures in MakeHuman's layout from a folder of the user's.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use glam::Vec2;

use crate::picture;
use crate::synth::look::Look;
use crate::synth::skin::Photo;

/// Where a skin's tone is read: the cheeks, in texture coordinates.
const CHEEKS: [Vec2; 2] = [Vec2::new(0.875, 0.433), Vec2::new(0.875, 0.533)];

/// Reads every picture of `folder`, or of `folder/skins` where there is one.
///
/// # Errors
/// When the folder cannot be read, a picture in it cannot be, is not square, or there is none.
pub fn read(folder: &Path) -> Result<Vec<Photo>> {
    let inner = folder.join("skins");
    let folder = if inner.is_dir() { &inner } else { folder };
    let fail = || format!("the folder of skins {}", folder.display());
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(fail)? {
        let path = entry.with_context(fail)?.path();
        if picture::is_picture(&path) {
            files.push(path);
        }
    }
    files.sort();
    ensure!(
        !files.is_empty(),
        "there is no picture in {}: expected MakeHuman skins, square .jpg or .png textures",
        folder.display()
    );
    files.iter().map(|file| read_one(file)).collect()
}

fn read_one(file: &Path) -> Result<Photo> {
    let frame = picture::read(file)?;
    ensure!(
        frame.width() == frame.height() && frame.width() >= 256,
        "{} is {}x{}: a MakeHuman skin is square and at least 256 pixels wide",
        file.display(),
        frame.width(),
        frame.height()
    );
    let colors = frame.rgb().chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect();
    let mut photo = Photo {
        width: frame.width(),
        height: frame.height(),
        colors,
        tone: 0.0,
    };
    let brightness = CHEEKS
        .map(|at| photo.color(at).element_sum() / 3.0)
        .iter()
        .sum::<f32>()
        / 2.0;
    // The lightest and the darkest of the painted tones bound the scale.
    photo.tone = ((0.80 - brightness) / 0.57).clamp(0.0, 1.0);
    Ok(photo)
}

/// One of the skins nearest in tone to the person's; `None` where there are none.
#[must_use]
pub fn fitting<'a>(photos: &'a [Photo], look: &Look) -> Option<&'a Photo> {
    let brightness = look.skin.element_sum() / 3.0;
    let tone = (0.80 - brightness) / 0.57;
    let mut near: Vec<&Photo> = photos.iter().collect();
    near.sort_by(|a, b| (a.tone - tone).abs().total_cmp(&(b.tone - tone).abs()));
    near.truncate(3);
    let last = near.len().checked_sub(1)?;
    near.get(((look.texture * near.len() as f32) as usize).min(last))
        .copied()
}
