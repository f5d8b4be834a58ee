//! The face's texture: painted by rule, or cut from a MakeHuman skin.

use glam::{Vec2, Vec3};

use crate::synth::face_map::{self, WINDOW, brow, face_place, lid_rim, lips, scalp, spot};
use crate::synth::look::Look;
use crate::synth::random::{fractal_noise, hash, smoothstep, value_noise};

/// Texture pixels for each unit of the texture's coordinates.
const DENSITY: f32 = 800.0;

/// sRGB colours (0 to 1) of the window [`WINDOW`] of the base mesh's texture.
#[derive(Debug, Clone)]
pub struct SkinTexture {
    width: usize,
    height: usize,
    colors: Vec<[u8; 3]>,
}

impl SkinTexture {
    /// Paints a person's skin; `photo` is the base in place of the painted tone, where there is one.
    #[must_use]
    pub fn paint(look: &Look, photo: Option<&Photo>) -> Self {
        let [u0, u1, v0, v1] = WINDOW;
        let (width, height) = (((v1 - v0) * DENSITY) as usize, ((u1 - u0) * DENSITY) as usize);
        let mut colors = Vec::with_capacity(width * height);
        for row in 0..height {
            for column in 0..width {
                let uv = Vec2::new(
                    u0 + (row as f32 + 0.5) / DENSITY,
                    v0 + (column as f32 + 0.5) / DENSITY,
                );
                let place = face_place(uv);
                let base = photo.map_or_else(|| painted(look, place), |photo| photo.color(uv));
                let color = features(look, place, base, photo.is_some());
                colors.push(
                    color
                        .to_array()
                        .map(|c| (c.clamp(0.0, 1.0) * 255.0).round() as u8),
                );
            }
        }
        Self {
            width,
            height,
            colors,
        }
    }

    /// The colour at a point of the texture, interpolated.
    #[must_use]
    pub fn color(&self, uv: Vec2) -> Vec3 {
        let x = (uv.y - WINDOW[2]) * DENSITY - 0.5;
        let y = (uv.x - WINDOW[0]) * DENSITY - 0.5;
        bilinear(&self.colors, self.width, self.height, x, y)
    }
}

/// A skin texture of MakeHuman's layout, whole.
#[derive(Debug, Clone)]
pub struct Photo {
    pub width: usize,
    pub height: usize,
    /// Row by row from the top.
    pub colors: Vec<[u8; 3]>,
    /// Tone of the cheeks, 0 light to 1 dark, by which a person is given one that fits.
    pub tone: f32,
}

impl Photo {
    /// The colour at a point of the texture, interpolated.
    #[must_use]
    pub fn color(&self, uv: Vec2) -> Vec3 {
        let x = uv.x * self.width as f32 - 0.5;
        let y = (1.0 - uv.y) * self.height as f32 - 0.5;
        bilinear(&self.colors, self.width, self.height, x, y)
    }
}

fn bilinear(colors: &[[u8; 3]], width: usize, height: usize, x: f32, y: f32) -> Vec3 {
    let (x, y) = (
        x.clamp(0.0, width.saturating_sub(1) as f32),
        y.clamp(0.0, height.saturating_sub(1) as f32),
    );
    let (left, top) = (x as usize, y as usize);
    let at = |column: usize, row: usize| {
        let index = row.min(height.saturating_sub(1)) * width + column.min(width.saturating_sub(1));
        let [r, g, b] = colors.get(index).copied().unwrap_or_default();
        Vec3::new(f32::from(r), f32::from(g), f32::from(b))
    };
    let (u, v) = (x - left as f32, y - top as f32);
    let above = at(left, top).lerp(at(left + 1, top), u);
    let below = at(left, top + 1).lerp(at(left + 1, top + 1), u);
    above.lerp(below, v) / 255.0
}

/// Bare skin and lips.
fn painted(look: &Look, place: Vec2) -> Vec3 {
    let (s, t) = (place.x, place.y);
    let mut color = look.skin;
    let blotches = fractal_noise(s * 60.0, t * 60.0, look.seed);
    let pores = value_noise(s * 500.0, t * 500.0, look.seed ^ 7);
    color *= 1.0 + look.mottling * (0.05 * blotches + 0.03 * pores);
    let red = spot(place, 0.055, 0.874, 0.028, 0.016)
        + 0.8 * spot(place, 0.0, 0.874, 0.014, 0.010)
        + 0.6 * spot(place, 0.165, 0.845, 0.02, 0.02)
        + 0.3 * spot(place, 0.0, 0.94, 0.02, 0.012);
    color *= Vec3::ONE - Vec3::new(0.02, 0.13, 0.12) * (red * look.redness);
    // Thin skin around the eyes.
    let lids = spot(place, 0.035, 0.842, 0.026, 0.017);
    color *= Vec3::ONE - Vec3::new(0.10, 0.14, 0.11) * lids;
    if look.freckles > 0.0 {
        let speck = hash(
            (s * 420.0).floor() as i32,
            (t * 420.0).floor() as i32,
            look.seed ^ 99,
        );
        let area = spot(place, 0.03, 0.868, 0.05, 0.025);
        if speck > 1.0 - 0.25 * area {
            color *= Vec3::new(0.86, 0.76, 0.68).lerp(Vec3::ONE, 1.0 - look.freckles);
        }
    }
    let lip = lips(place);
    let lines = 1.0 + 0.06 * value_noise(s * 900.0, t * 120.0, look.seed ^ 3);
    color.lerp(look.lips * lines, 0.9 * lip)
}

/// What lies over the skin: folds of age, beard, lashes, brows, hair.
fn features(look: &Look, place: Vec2, base: Vec3, photo: bool) -> Vec3 {
    let (s, t) = (place.x, place.y);
    let mut color = base * (1.0 - 0.22 * look.wrinkles * folds(place, look.seed));
    let stubble = face_map::beard(place);
    if look.beard > 0.0 && stubble > 0.0 {
        let grain = 0.75
            + 0.25
                * hash(
                    (s * 700.0).floor() as i32,
                    (t * 700.0).floor() as i32,
                    look.seed ^ 21,
                );
        color = color.lerp(look.hair.color * 0.8, (stubble * look.beard * grain).min(0.92));
    }
    // A photo has its own lashes.
    let rim = lid_rim(place, 0.0022) * if photo { 0.3 } else { 1.0 };
    color *= 1.0 - 0.75 * look.eyeliner.max(0.35) * rim;
    let strokes = 0.72 + 0.28 * value_noise(s * 700.0 + t * 500.0, t * 160.0, look.seed ^ 11);
    let brow = brow(place, look.brows.half_thickness, look.brows.arch);
    color = color.lerp(look.brows.color, (brow * look.brows.density * strokes).min(1.0));
    let hair = scalp(place, look.hair.recession, 0.006 + 0.006 * look.hair.roughness);
    if hair > 0.0 && (look.hair.thickness > 0.0 || !photo) {
        let strand = 1.0 + 0.45 * value_noise(s * 260.0, t * 30.0, look.hair.seed);
        let wisps = 0.5 * value_noise(s * 300.0, t * 60.0, look.hair.seed ^ 5) * look.hair.roughness;
        let cover = smoothstep(0.15, 0.7, hair + wisps * hair * (1.0 - hair) * 2.0);
        let cover = if look.hair.thickness > 0.0 {
            cover
        } else {
            0.35 * cover
        };
        color = color.lerp(look.hair.color * strand, cover);
    }
    color
}

/// Lasting folds: across the forehead, from the nose to the mouth, beside the eyes, under them.
fn folds(place: Vec2, seed: u32) -> f32 {
    let (s, t) = (place.x.abs(), place.y);
    let wobble = 0.002 * value_noise(place.x * 40.0, t * 20.0, seed ^ 31);
    let line = |distance: f32, width: f32| smoothstep(width, 0.0, (distance + wobble).abs());
    let forehead = [0.786, 0.795, 0.804]
        .iter()
        .map(|at| line(t - at + 8.0 * s * s * 0.3, 0.0014))
        .sum::<f32>()
        * smoothstep(0.055, 0.03, s);
    let cheek = line(s - (0.019 + 0.62 * (t - 0.878)), 0.0022)
        * smoothstep(0.874, 0.882, t)
        * smoothstep(0.912, 0.900, t);
    let crow = (hash((t * 330.0).floor() as i32, 0, seed) * 0.5 + 0.5)
        * spot(place, 0.060, 0.842, 0.006, 0.010)
        * 0.8;
    let bag = line(
        ((s - 0.034) / 0.018).powi(2) * -0.006 + (t - 0.8585) + 0.001,
        0.0016,
    ) * smoothstep(0.018, 0.012, (s - 0.034).abs());
    forehead * 0.6 + cheek + crow + bag * 0.7
}
