//! How much of the surroundings each vertex sees: dark nostrils, sockets, mouth.

use glam::{Mat3, Vec2, Vec3};

use crate::synth::face_unit::{FaceUnit, UnitWeights};
use crate::synth::head::{Head, Part};
use crate::synth::normals::vertex_normals;
use crate::synth::random::smoothstep;
use crate::synth::rasterizer::{Coverage, ScreenPoint};

const DIRECTIONS: usize = 96;
const SIDE: usize = 192;

/// Share of open surroundings of each vertex of the base mesh, 0 to 1, with the mouth a little open:
/// the mesh is drawn from many sides, and a vertex is open towards the sides that show it.
#[must_use]
pub fn openness(head: &Head) -> Vec<f32> {
    let mut weights: UnitWeights = [0.0; FaceUnit::ALL.len()];
    weights[FaceUnit::JawOpen as usize] = 0.35;
    let shape = head.expressed(&head.rest, &weights);
    let normals = vertex_normals(head, &shape);
    let mut open = vec![0.0_f32; shape.len()];
    let mut all = vec![1e-6_f32; shape.len()];
    for number in 0..DIRECTIONS {
        let towards = sphere_point(number);
        let seen = seen_from(head, &shape, towards);
        for (((open, all), normal), seen) in open.iter_mut().zip(&mut all).zip(&normals).zip(seen) {
            let cosine = normal.dot(towards).max(0.0);
            *all += cosine;
            *open += cosine * seen;
        }
    }
    open.iter()
        .zip(&all)
        .map(|(open, all)| (open / all).clamp(0.0, 1.0))
        .collect()
}

/// Whether each vertex is seen from a direction (1) or hidden (0), with a soft step between.
fn seen_from(head: &Head, shape: &[Vec3], towards: Vec3) -> Vec<f32> {
    let up = if towards.y.abs() > 0.9 { Vec3::X } else { Vec3::Y };
    let right = up.cross(towards).normalize_or(Vec3::X);
    let turn = Mat3::from_cols(right, towards.cross(right), towards).transpose();
    let middle = Vec3::new(0.0, 6.9, 0.6);
    let scale = SIDE as f32 / 5.0;
    let points: Vec<ScreenPoint> = shape
        .iter()
        .map(|position| {
            let at = turn * (*position - middle);
            ScreenPoint {
                at: Vec2::new(at.x, -at.y) * scale + Vec2::splat(SIDE as f32 / 2.0),
                nearness: at.z,
            }
        })
        .collect();
    let mut coverage = Coverage::new(SIDE, SIDE);
    for (number, triangle) in head.triangles.iter().enumerate() {
        let vertices = triangle
            .corners
            .map(|c| head.corners.get(c).map_or(0, |corner| corner.vertex));
        // Lashes hide little; eyes must not darken themselves or the lids on them.
        if matches!(triangle.part, Part::Lashes) {
            continue;
        }
        if let [Some(a), Some(b), Some(c)] = vertices.map(|v| points.get(v)) {
            coverage.draw(number, [*a, *b, *c], false, |_| true);
        }
    }
    points
        .iter()
        .map(|point| {
            let (x, y) = (point.at.x as usize, point.at.y as usize);
            let nearest = coverage
                .fragments
                .get(y.min(SIDE - 1) * SIDE + x.min(SIDE - 1))
                .copied()
                .flatten()
                .map_or(point.nearness, |fragment| fragment.nearness);
            smoothstep(0.14, 0.04, nearest - point.nearness)
        })
        .collect()
}

/// Evenly spread directions (Fibonacci's sphere).
fn sphere_point(number: usize) -> Vec3 {
    let y = 1.0 - 2.0 * (number as f32 + 0.5) / DIRECTIONS as f32;
    let angle = number as f32 * 2.399_963;
    let radius = (1.0 - y * y).max(0.0).sqrt();
    Vec3::new(radius * angle.cos(), y, radius * angle.sin())
}
