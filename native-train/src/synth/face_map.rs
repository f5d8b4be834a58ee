//! Where features lie on the base mesh's texture.
//!
//! The face is one island of the texture, lying on its side: `t` runs down the face (the texture's
//! u), `s` across it from the middle (the texture's v). One unit is about 10 decimetres.

use glam::Vec2;

use crate::synth::random::smoothstep;

/// The face's middle line.
pub const MIDDLE: f32 = 0.4832;
/// The window of the texture that holds head and neck: lowest and highest u, then v.
pub const WINDOW: [f32; 4] = [0.636, 1.0, 0.13, 0.836];
/// Half the mouth's width.
const MOUTH: f32 = 0.0293;

/// A surface of the body beside the face's skin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    Face,
    /// Inside of the mouth.
    Mouth,
    /// Inside of the eye sockets.
    Socket,
    /// Below the neck.
    Body,
}

/// The region that a point of the texture belongs to.
#[must_use]
pub fn region(uv: Vec2) -> Region {
    if uv.x > 0.64 && uv.y > 0.145 {
        Region::Face
    } else if uv.x > 0.74 {
        Region::Mouth
    } else if uv.x < 0.165 && (0.53..0.65).contains(&uv.y) {
        Region::Socket
    } else {
        Region::Body
    }
}

/// (`s`, `t`) of a point of the texture.
#[must_use]
pub fn face_place(uv: Vec2) -> Vec2 {
    Vec2::new(uv.y - MIDDLE, uv.x)
}

/// Share of hair, 0 to 1; the line is moved back by `recession` and blurred by `edge`.
#[must_use]
pub fn scalp(place: Vec2, recession: f32, edge: f32) -> f32 {
    const LINE: [(f32, f32); 8] = [
        (0.0, 0.772),
        (0.04, 0.770),
        (0.065, 0.777),
        (0.088, 0.800),
        (0.115, 0.832),
        (0.135, 0.838),
        (0.20, 0.875),
        (0.36, 0.93),
    ];
    let line = piecewise(&LINE, place.x.abs()) - recession;
    smoothstep(line + edge, line - edge, place.y)
}

/// Share of lip, 0 to 1.
#[must_use]
pub fn lips(place: Vec2) -> f32 {
    let s = place.x.abs();
    if s > MOUTH + 0.002 {
        return 0.0;
    }
    let along = (s / MOUTH).min(1.0);
    let bow = 0.0014 * (1.0 - smoothstep(0.0, 0.005, s));
    let top = 0.8943 + bow + (0.9093 - 0.8943) * along.powf(1.6);
    let bottom = 0.9093 + (0.9262 - 0.9093) * (1.0 - along * along).max(0.0).powf(0.75);
    let edge = 0.0012;
    smoothstep(top - edge, top + edge, place.y)
        * smoothstep(bottom + edge, bottom - edge, place.y)
        * smoothstep(MOUTH + 0.001, MOUTH - 0.003, s)
}

/// Share of eyebrow before its hairs are drawn.
#[must_use]
pub fn brow(place: Vec2, half_thickness: f32, arch: f32) -> f32 {
    const LINE: [(f32, f32); 5] = [
        (0.010, 0.8225),
        (0.0165, 0.8215),
        (0.034, 0.8190),
        (0.046, 0.8210),
        (0.059, 0.8290),
    ];
    let s = place.x.abs();
    let middle = piecewise(&LINE, s) - arch * smoothstep(0.012, 0.036, s) * smoothstep(0.060, 0.040, s);
    let half = half_thickness * (0.35 + 0.65 * smoothstep(0.060, 0.030, s));
    let across = smoothstep(half * 1.35, half * 0.6, (place.y - middle).abs());
    across * smoothstep(0.0100, 0.0140, s) * smoothstep(0.0600, 0.0540, s)
}

/// Nearness to the rim of the eye opening: 1 on it, 0 farther than `width`.
#[must_use]
pub fn lid_rim(place: Vec2, width: f32) -> f32 {
    let s = (place.x.abs() - 0.0348) / 0.0162;
    let t = (place.y - 0.8402) / 0.0090;
    let off = ((s * s + t * t).sqrt() - 1.0).abs() * 0.0090;
    smoothstep(width, 0.0, off)
}

/// A soft spot around (`s`, `t`), mirrored, with these radii.
#[must_use]
pub fn spot(place: Vec2, s: f32, t: f32, radius_s: f32, radius_t: f32) -> f32 {
    let a = (place.x.abs() - s) / radius_s;
    let b = (place.y - t) / radius_t;
    (-(a * a + b * b)).exp()
}

/// Share of the area where a beard grows.
#[must_use]
pub fn beard(place: Vec2) -> f32 {
    let s = place.x.abs();
    let upper = piecewise(
        &[
            (0.0, 0.886),
            (0.030, 0.894),
            (0.05, 0.915),
            (0.085, 0.905),
            (0.11, 0.862),
            (0.13, 0.85),
        ],
        s,
    );
    let jaw = smoothstep(upper - 0.003, upper + 0.004, place.y) * smoothstep(0.985, 0.965, place.y);
    jaw * smoothstep(0.135, 0.120, s) * (1.0 - lips(place))
}

fn piecewise(points: &[(f32, f32)], x: f32) -> f32 {
    let mut before = points.first().copied().unwrap_or((0.0, 0.0));
    for point in points {
        if x <= point.0 {
            let t = if point.0 > before.0 {
                (x - before.0) / (point.0 - before.0)
            } else {
                0.0
            };
            return before.1 + (point.1 - before.1) * t.clamp(0.0, 1.0);
        }
        before = *point;
    }
    before.1
}
