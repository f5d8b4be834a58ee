//! What all pictures share: the head, its openness, the skins; and the drawing of a face.

use std::path::Path;

use anyhow::{Context as _, Result};
use glam::{Vec2, Vec3};
use shared_model::face_crop::resize;
use shared_model::frame::Frame;

use crate::synth::background::Background;
use crate::synth::face_unit::UnitWeights;
use crate::synth::head::{Head, Part};
use crate::synth::identity::Identity;
use crate::synth::lighting::Lighting;
use crate::synth::model::Model;
use crate::synth::normals::vertex_normals;
use crate::synth::openness::openness;
use crate::synth::pose::{Camera, Pose, Posed};
use crate::synth::rasterizer::Coverage;
use crate::synth::shading::{Point, Shader};
use crate::synth::skin::{Photo, SkinTexture};
use crate::synth::skins_folder;

/// Samples on each side of a pixel.
const SAMPLES: usize = 2;

/// What all pictures are made with.
#[derive(Debug)]
pub struct Studio {
    pub head: Head,
    openness: Vec<f32>,
    photos: Vec<Photo>,
    seed: u64,
}

/// One picture to draw.
#[derive(Debug)]
pub struct Shot<'a> {
    pub units: &'a UnitWeights,
    pub pose: Pose,
    pub camera: Camera,
    pub lighting: &'a Lighting,
    pub background: &'a Background,
}

impl Studio {
    /// Loads the head, and the skins where a folder is given.
    ///
    /// # Errors
    /// When the folder cannot be read or holds no usable skin.
    pub fn open(seed: u64, skins: Option<&Path>) -> Result<Self> {
        let head = Head::load()?;
        let photos = skins.map(skins_folder::read).transpose()?.unwrap_or_default();
        Ok(Self {
            openness: openness(&head),
            head,
            photos,
            seed,
        })
    }

    /// The person with this number.
    #[must_use]
    pub fn person(&self, number: usize) -> Model {
        let identity = Identity::new(&self.head, self.seed, number);
        let photo = skins_folder::fitting(&self.photos, &identity.look);
        let skin = SkinTexture::paint(&identity.look, photo);
        Model { identity, skin }
    }

    /// Draws a face.
    ///
    /// # Errors
    /// When the picture's size is refused.
    pub fn draw(&self, model: &Model, shot: &Shot<'_>) -> Result<Frame> {
        let camera = shot.camera.enlarged(SAMPLES);
        let rest = &model.identity.shape;
        let moved = self.head.expressed(rest, shot.units);
        let posed = camera.view(&self.head, rest, &moved, shot.pose);
        let coverage = self.cover(&posed, &camera);
        let normals = vertex_normals(&self.head, &posed.positions);
        let shader = Shader {
            model,
            lighting: shot.lighting,
            units: shot.units,
        };
        let mut rgb = Vec::with_capacity(3 * coverage.fragments.len());
        for (index, fragment) in coverage.fragments.iter().enumerate() {
            let seen = fragment.and_then(|f| self.point(f.triangle, f.weights, &normals));
            let color = if let Some(point) = seen {
                shader.color(&point)
            } else {
                let (x, y) = (index % camera.width, index / camera.width);
                let at = Vec2::new(x as f32, y as f32) / camera.height.max(1) as f32;
                shot.background.color(at)
            };
            rgb.extend(encoded(color));
        }
        let large = Frame::from_rgb(camera.width, camera.height, rgb).context("a rendered picture")?;
        Ok(resize(&large, shot.camera.width, shot.camera.height)?)
    }

    fn cover(&self, posed: &Posed, camera: &Camera) -> Coverage {
        let mut coverage = Coverage::new(camera.width, camera.height);
        for (number, triangle) in self.head.triangles.iter().enumerate() {
            let corners = triangle.corners.map(|c| self.head.corners.get(c));
            let [Some(a), Some(b), Some(c)] = corners else {
                continue;
            };
            let points = [a, b, c].map(|corner| posed.points.get(corner.vertex));
            let [Some(p), Some(q), Some(r)] = points else {
                continue;
            };
            if triangle.part == Part::Lashes {
                // Single hairs: the strip is drawn where its pattern says so.
                coverage.draw(number, [*p, *q, *r], true, |[u, v]| {
                    let along = a.uv * u + b.uv * v + c.uv * (1.0 - u - v);
                    (along.x * 900.0).rem_euclid(1.0) < 0.45
                });
            } else {
                coverage.draw(number, [*p, *q, *r], false, |_| true);
            }
        }
        coverage
    }

    fn point(&self, triangle: usize, [u, v]: [f32; 2], normals: &[Vec3]) -> Option<Point> {
        let triangle = self.head.triangles.get(triangle)?;
        let mut point = Point {
            part: triangle.part,
            uv: Vec2::ZERO,
            normal: Vec3::ZERO,
            rest: Vec3::ZERO,
            open: 0.0,
        };
        for (corner, weight) in triangle.corners.into_iter().zip([u, v, 1.0 - u - v]) {
            let corner = self.head.corners.get(corner)?;
            point.uv += corner.uv * weight;
            point.normal += *normals.get(corner.vertex)? * weight;
            point.rest += *self.head.rest.get(corner.vertex)? * weight;
            point.open += self.openness.get(corner.vertex)? * weight;
        }
        point.normal = point.normal.normalize_or(Vec3::Z);
        Some(point)
    }
}

/// Linear light as sRGB bytes, with a soft shoulder for what is too bright.
fn encoded(color: Vec3) -> [u8; 3] {
    color.to_array().map(|c| {
        let c = c.max(0.0);
        let c = if c > 0.8 {
            0.8 + 0.2 * (1.0 - (-(c - 0.8) / 0.2).exp())
        } else {
            c
        };
        (c.powf(1.0 / 2.2) * 255.0).round().min(255.0) as u8
    })
}
