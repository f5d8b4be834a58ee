//! What a camera and a file do to a picture: blur, colours, noise, things in the way, compression.

use anyhow::{Context as _, Result};
use glam::{Vec2, Vec3};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use rand::RngCore as _;
use rand_chacha::ChaCha8Rng;
use shared_model::face_crop::resize;
use shared_model::frame::Frame;

use crate::synth::random::{Draw as _, smoothstep};

/// How a camera records; the same for all frames of a video.
#[derive(Debug, Clone)]
pub struct CameraEffects {
    /// Standard deviation of the blur, in thousandths of the picture's width.
    pub blur: f32,
    /// Share of the resolution that is left.
    pub detail: f32,
    /// Factor on each channel.
    pub cast: Vec3,
    pub contrast: f32,
    pub saturation: f32,
    /// Standard deviation of the noise, of 255.
    pub noise: f32,
    pub quality: u8,
    pub obstacle: Option<Obstacle>,
}

/// Something between camera and face.
#[derive(Debug, Clone, Copy)]
pub struct Obstacle {
    /// In units of the picture's side.
    pub center: Vec2,
    pub radius: Vec2,
    pub turn: f32,
    /// sRGB, 0 to 255.
    pub color: Vec3,
}

impl CameraEffects {
    /// Draws a camera; `wear` 0 is a good one, 1 a bad one far away.
    #[must_use]
    pub fn draw(random: &mut ChaCha8Rng, wear: f32) -> Self {
        let tint = 0.10 + 0.10 * wear;
        Self {
            blur: if random.chance(0.35 + 0.3 * wear) {
                random.between(2.0, 5.0 + 9.0 * wear)
            } else {
                0.0
            },
            detail: if random.chance(0.5 * wear) {
                random.between(0.35, 0.9)
            } else {
                1.0
            },
            cast: Vec3::new(
                1.0 + random.spread(tint / 2.0),
                1.0,
                1.0 + random.spread(tint / 2.0),
            ),
            contrast: 1.0 + random.spread(0.10 + 0.08 * wear),
            saturation: if random.chance(0.12 * wear) {
                0.0
            } else {
                (1.0 + random.spread(0.2)).max(0.2)
            },
            noise: random.between(0.5, 3.0 + 9.0 * wear),
            quality: random.between(88.0 - 55.0 * wear, 94.0) as u8,
            obstacle: None,
        }
    }

    /// Records a picture.
    ///
    /// # Errors
    /// When the picture's size is refused.
    pub fn record(&self, frame: &Frame, random: &mut ChaCha8Rng) -> Result<Frame> {
        let (width, height) = (frame.width(), frame.height());
        let mut rgb = frame.rgb().to_vec();
        if let Some(obstacle) = &self.obstacle {
            obstacle.cover(&mut rgb, width);
        }
        let deviation = self.blur * width as f32 / 1000.0;
        if deviation > 0.15 {
            let picture =
                RgbImage::from_raw(width as u32, height as u32, rgb).context("a rendered picture")?;
            rgb = image::imageops::fast_blur(&picture, deviation).into_raw();
        }
        if self.detail < 1.0 {
            let small = |side: usize| ((side as f32 * self.detail) as usize).max(8);
            let lesser = resize(&Frame::from_rgb(width, height, rgb)?, small(width), small(height))?;
            rgb = resize(&lesser, width, height)?.rgb().to_vec();
        }
        for pixel in rgb.chunks_exact_mut(3) {
            if let [r, g, b] = pixel {
                let color = Vec3::new(f32::from(*r), f32::from(*g), f32::from(*b));
                let grey = color.dot(Vec3::new(0.299, 0.587, 0.114));
                let color = Vec3::splat(grey).lerp(color, self.saturation) * self.cast;
                let color = (color - 118.0) * self.contrast + 118.0;
                let grain = bell(random) * self.noise;
                let tinted = Vec3::new(bell(random), bell(random), bell(random)) * (self.noise * 0.4);
                let [x, y, z] = (color + grain + tinted)
                    .to_array()
                    .map(|c| c.round().clamp(0.0, 255.0) as u8);
                (*r, *g, *b) = (x, y, z);
            }
        }
        Ok(Frame::from_rgb(width, height, rgb)?)
    }
}

/// About normal with deviation 1: the sum of four uniform bytes, which costs one draw.
fn bell(random: &mut ChaCha8Rng) -> f32 {
    let sum: f32 = random.next_u32().to_le_bytes().map(f32::from).iter().sum();
    (sum - 510.0) / 147.8
}

impl Obstacle {
    /// Draws a hand, a scarf, a microphone: an ellipse that comes in from the side or from below.
    #[must_use]
    pub fn draw(random: &mut ChaCha8Rng) -> Self {
        let side = if random.chance(0.5) { 1.0 } else { -1.0 };
        let skin = random.chance(0.5);
        let shade = random.between(0.3, 1.0);
        let color = if skin {
            Vec3::new(215.0, 165.0, 138.0) * shade
        } else {
            Vec3::new(
                random.between(10.0, 240.0),
                random.between(10.0, 240.0),
                random.between(10.0, 240.0),
            )
        };
        Self {
            center: Vec2::new(0.5 + side * random.between(0.15, 0.5), random.between(0.35, 1.0)),
            radius: Vec2::new(random.between(0.07, 0.2), random.between(0.12, 0.35)),
            turn: random.spread(0.6),
            color,
        }
    }

    fn cover(&self, rgb: &mut [u8], width: usize) {
        let turn = Vec2::from_angle(-self.turn);
        for (index, pixel) in rgb.chunks_exact_mut(3).enumerate() {
            let at = Vec2::new((index % width) as f32, (index / width) as f32) / width as f32;
            let off = (turn.rotate(at - self.center) / self.radius).length();
            let cover = smoothstep(1.04, 0.96, off);
            if cover <= 0.0 {
                continue;
            }
            let shade = 1.0 - 0.35 * off.min(1.0).powi(2);
            for (channel, value) in pixel.iter_mut().zip((self.color * shade).to_array()) {
                *channel = (f32::from(*channel) + (value - f32::from(*channel)) * cover).round() as u8;
            }
        }
    }
}

/// A picture as a JPEG file.
///
/// # Errors
/// When the encoder refuses it.
pub fn jpeg(frame: &Frame, quality: u8) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode(
            frame.rgb(),
            frame.width() as u32,
            frame.height() as u32,
            image::ExtendedColorType::Rgb8,
        )
        .context("a rendered picture cannot be encoded as JPEG")?;
    Ok(bytes)
}
