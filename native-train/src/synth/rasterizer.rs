//! Which triangle covers each pixel: a depth buffer over retrofire's scan conversion.

use glam::Vec2;
use retrofire_core::geom::vertex;
use retrofire_core::math::point::pt3;
use retrofire_core::render::raster::tri_fill;

/// The scan conversion takes no negative coordinates: all is shifted by this many pixels meanwhile.
const GUARD: f32 = 2048.0;

/// A vertex on the screen.
#[derive(Debug, Clone, Copy)]
pub struct ScreenPoint {
    /// Pixels from the upper left corner.
    pub at: Vec2,
    /// Inverse distance from the camera: linear on the screen, larger is nearer.
    pub nearness: f32,
}

/// What is seen in a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fragment {
    /// Index of the triangle.
    pub triangle: usize,
    /// Weights of its first two corners; the third's is what is left of 1.
    pub weights: [f32; 2],
    /// Inverse distance from the camera.
    pub nearness: f32,
}

/// The nearest triangle of each pixel, row by row.
#[derive(Debug, Clone)]
pub struct Coverage {
    pub width: usize,
    pub height: usize,
    pub fragments: Vec<Option<Fragment>>,
}

impl Coverage {
    /// An empty picture.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            fragments: vec![None; width * height],
        }
    }

    /// Draws a triangle; one that shows its back (clockwise on the screen) only if `both_sides`.
    /// `keep` may refuse a pixel by its weights.
    pub fn draw(
        &mut self,
        triangle: usize,
        points: [ScreenPoint; 3],
        both_sides: bool,
        keep: impl Fn([f32; 2]) -> bool,
    ) {
        let [a, b, c] = points.map(|p| p.at);
        let area = (b - a).perp_dot(c - a);
        // The screen's y runs downwards: what is counter-clockwise outside is negative here.
        if !area.is_finite() || area.abs() < 1e-9 || (area > 0.0 && !both_sides) {
            return;
        }
        let (low, high) = (a.min(b).min(c), a.max(b).max(c));
        let (width, height) = (self.width as f32, self.height as f32);
        if high.x < 0.0 || high.y < 0.0 || low.x > width || low.y > height {
            return;
        }
        if low.min_element() < 1.0 - GUARD || high.max_element() > GUARD {
            return;
        }
        let corner =
            |p: ScreenPoint, u: f32, v: f32| vertex(pt3(p.at.x + GUARD, p.at.y + GUARD, p.nearness), (u, v));
        let [a, b, c] = points;
        let guard = GUARD as usize;
        tri_fill(
            [corner(a, 1.0, 0.0), corner(b, 0.0, 1.0), corner(c, 0.0, 0.0)],
            |line| {
                let Some(y) = line.y.checked_sub(guard).filter(|y| *y < self.height) else {
                    return;
                };
                for (x, (position, (u, v))) in line.xs.zip(line.vs) {
                    let Some(x) = x.checked_sub(guard).filter(|x| *x < self.width) else {
                        continue;
                    };
                    let nearness = position.z();
                    let Some(pixel) = self.fragments.get_mut(y * self.width + x) else {
                        continue;
                    };
                    if pixel.is_none_or(|seen| seen.nearness < nearness) && keep([u, v]) {
                        *pixel = Some(Fragment {
                            triangle,
                            weights: [u, v],
                            nearness,
                        });
                    }
                }
            },
        );
    }
}
