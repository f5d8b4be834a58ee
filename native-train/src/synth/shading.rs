//! The colour of a point of the head.

use glam::{Vec2, Vec3};

use crate::synth::face_map::{Region, face_place, lips, region, scalp};
use crate::synth::face_unit::{FaceUnit as U, UnitWeights};
use crate::synth::head::Part;
use crate::synth::lighting::Lighting;
use crate::synth::model::Model;
use crate::synth::random::{smoothstep, value_noise};

/// Centre of the left eye in the base mesh; the right one is its mirror.
const EYE: Vec3 = Vec3::new(0.310, 7.282, 1.245);
/// Sines of the angles that iris and pupil reach from the eye's axis.
const IRIS: f32 = 0.47;
const PUPIL: f32 = 0.19;
/// Light reaches around the edge of skin, red the farthest.
const SKIN_WRAP: Vec3 = Vec3::new(0.35, 0.18, 0.12);

/// A point of the surface.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    pub part: Part,
    pub uv: Vec2,
    /// In the camera's directions.
    pub normal: Vec3,
    /// In the base mesh.
    pub rest: Vec3,
    /// Share of open surroundings.
    pub open: f32,
}

/// Colours points of one picture.
pub struct Shader<'a> {
    pub model: &'a Model,
    pub lighting: &'a Lighting,
    pub units: &'a UnitWeights,
}

impl Shader<'_> {
    /// Linear colour.
    #[must_use]
    pub fn color(&self, point: &Point) -> Vec3 {
        let look = &self.model.identity.look;
        match point.part {
            Part::Eye => self.eye(point),
            Part::Teeth => {
                let depth = smoothstep(1.05, 1.45, point.rest.z);
                let gap = 1.0 - 0.18 * smoothstep(0.80, 1.0, (point.rest.x * 11.0).rem_euclid(1.0));
                self.matt(point, look.teeth * gap, 0.25 + 0.55 * depth, Vec3::splat(0.2))
                    + self.lighting.highlight(point.normal, 30.0) * 0.1 * depth
            }
            Part::Tongue => self.matt(point, Vec3::new(0.62, 0.28, 0.28), 0.45, SKIN_WRAP),
            Part::Lashes => linear(look.brows.color * 0.35),
            Part::Skin => match region(point.uv) {
                Region::Face => self.face(point),
                Region::Mouth => {
                    let lips_edge = smoothstep(1.40, 1.52, point.rest.z);
                    let flesh = Vec3::new(0.42, 0.14, 0.13).lerp(look.lips, lips_edge);
                    self.matt(
                        point,
                        flesh,
                        (0.10 + 0.5 * lips_edge).min(point.open + 0.08),
                        SKIN_WRAP,
                    )
                }
                Region::Socket => self.matt(point, Vec3::new(0.60, 0.30, 0.27), 0.4, SKIN_WRAP),
                Region::Body => {
                    let cloth = smoothstep(5.75, 5.70, point.rest.y + 0.25 * (point.rest.x.abs() - 0.5));
                    let weave = 1.0 + 0.06 * value_noise(point.rest.x * 30.0, point.rest.y * 30.0, look.seed);
                    let color = look.skin.lerp(look.clothes * weave, cloth);
                    self.matt(point, color, point.open, SKIN_WRAP)
                }
            },
        }
    }

    /// A matt surface of an sRGB colour.
    fn matt(&self, point: &Point, color: Vec3, open: f32, wrap: Vec3) -> Vec3 {
        linear(color) * self.lighting.diffuse(point.normal, wrap, open)
    }

    fn face(&self, point: &Point) -> Vec3 {
        let look = &self.model.identity.look;
        let place = face_place(point.uv);
        let color = self.model.skin.color(point.uv);
        let crease = self.creases(place);
        let normal = (point.normal + Vec3::new(0.0, crease.slope, 0.0)).normalize_or(Vec3::Z);
        let open = (0.25 + 0.75 * point.open) * (1.0 - 0.35 * crease.depth);
        let light = self.lighting.diffuse(normal, SKIN_WRAP, open);
        let wet = lips(place);
        let hair = scalp(place, look.hair.recession, 0.008);
        let gloss = (0.10 * look.gloss + 0.18 * wet) * (1.0 - hair) * open;
        linear(color) * light * (1.0 - 0.25 * crease.depth)
            + self.lighting.highlight(normal, 18.0 + 30.0 * wet) * gloss
    }

    fn eye(&self, point: &Point) -> Vec3 {
        let look = &self.model.identity.look;
        let side = point.rest.x.signum();
        let center = Vec3::new(EYE.x * side, EYE.y, EYE.z);
        let outwards = (point.rest - center).normalize_or(Vec3::Z);
        let axis = Vec3::new(0.04 * side, 0.0, 1.0).normalize_or(Vec3::Z);
        let across = outwards - axis * outwards.dot(axis);
        let off = if outwards.dot(axis) > 0.0 {
            across.length()
        } else {
            1.0
        };
        let angle = across.y.atan2(across.x);
        let veins = 0.04 * value_noise(angle * 6.0, off * 8.0, look.seed);
        let white = look.sclera
            * (Vec3::ONE - Vec3::new(0.0, 1.0, 1.0) * (veins.abs() + 0.10 * smoothstep(0.55, 0.95, off)));
        let spokes = 1.0 + 0.25 * value_noise(angle * 9.0, off * 6.0, look.seed ^ 17);
        let iris = look.iris * spokes * (0.7 + 0.5 * smoothstep(IRIS, PUPIL, off));
        let ring = smoothstep(IRIS - 0.09, IRIS, off);
        let iris = iris * (1.0 - 0.65 * ring);
        let mut color = iris.lerp(white, smoothstep(IRIS - 0.02, IRIS + 0.03, off));
        color = color.lerp(Vec3::splat(0.02), smoothstep(PUPIL + 0.03, PUPIL - 0.03, off));
        // The upper lid and its lashes shade the eye.
        let lid = smoothstep(0.45, -0.15, outwards.y) * 0.45 + 0.5;
        let open = (0.35 + 0.65 * point.open) * lid;
        linear(color) * self.lighting.diffuse(point.normal, Vec3::splat(0.4), open)
            + self.lighting.highlight(point.normal, 120.0) * 0.7
    }

    /// Folds that the face units make in the skin.
    fn creases(&self, place: Vec2) -> Crease {
        let unit = |unit: U| self.units.get(unit as usize).copied().unwrap_or(0.0);
        let own = |left: U, right: U| if place.x > 0.0 { unit(left) } else { unit(right) };
        let (s, t) = (place.x.abs(), place.y);
        let age = 0.55 + 0.45 * self.model.identity.look.wrinkles.min(1.0);
        let mut crease = Crease::default();
        let raised = unit(U::BrowInnerUp) * smoothstep(0.040, 0.015, s)
            + own(U::BrowOuterUpLeft, U::BrowOuterUpRight)
                * smoothstep(0.010, 0.030, s)
                * smoothstep(0.065, 0.045, s);
        for line in [0.782, 0.7925, 0.803] {
            crease.add(t - line - 2.0 * s * s, 0.0024, 0.55 * raised * age);
        }
        let frown = own(U::BrowDownLeft, U::BrowDownRight);
        let between = smoothstep(0.798, 0.808, t) * smoothstep(0.834, 0.826, t);
        crease.add(
            s - 0.0068 - 0.10 * (0.826 - t).abs(),
            0.0022,
            0.95 * frown * between,
        );
        let sneer = own(U::NoseSneerLeft, U::NoseSneerRight);
        for line in [0.836, 0.843, 0.850] {
            crease.add(
                t - line + 0.45 * s,
                0.0020,
                0.6 * sneer * smoothstep(0.014, 0.007, s),
            );
        }
        let cheek = (0.75 * own(U::MouthSmileLeft, U::MouthSmileRight)
            + 0.7 * sneer
            + 0.3 * own(U::CheekSquintLeft, U::CheekSquintRight)
            + 0.4 * own(U::MouthUpperUpLeft, U::MouthUpperUpRight))
        .min(1.0);
        let fold = smoothstep(0.872, 0.882, t) * smoothstep(0.916, 0.902, t);
        crease.add(s - 0.0185 - 0.66 * (t - 0.878), 0.0034, 0.95 * cheek * fold);
        let squeeze =
            own(U::CheekSquintLeft, U::CheekSquintRight).max(0.7 * own(U::EyeSquintLeft, U::EyeSquintRight));
        for line in [-0.007, 0.0, 0.007] {
            let area = smoothstep(0.053, 0.057, s) * smoothstep(0.072, 0.064, s);
            crease.add(
                t - 0.841 - line * (1.0 + (s - 0.053) * 40.0),
                0.0018,
                0.55 * squeeze * area * age,
            );
        }
        let under = ((s - 0.034) / 0.018).clamp(-1.0, 1.0);
        crease.add(
            t - 0.8545 + 0.006 * under * under,
            0.0022,
            0.5 * squeeze * smoothstep(1.0, 0.7, under.abs()),
        );
        let chin = unit(U::MouthShrugLower);
        if chin > 0.0 && t > 0.93 {
            let dimples = value_noise(place.x * 260.0, t * 260.0, 5).max(0.0);
            crease.depth += 0.5 * chin * dimples * smoothstep(0.016, 0.008, s) * smoothstep(0.955, 0.948, t);
        }
        crease.depth = crease.depth.min(1.0);
        crease
    }
}

/// A fold at a point: how deep, and how it tilts the surface.
#[derive(Debug, Default)]
struct Crease {
    depth: f32,
    slope: f32,
}

impl Crease {
    /// A fold of this width and strength whose line is `distance` away.
    fn add(&mut self, distance: f32, width: f32, strength: f32) {
        let near = 1.0 - (distance / width).abs();
        if near > 0.0 && strength > 0.0 {
            self.depth += strength * near * near;
            self.slope -= 0.5 * strength * near * distance.signum();
        }
    }
}

/// sRGB (0 to 1) to linear light.
#[must_use]
pub fn linear(color: Vec3) -> Vec3 {
    color.max(Vec3::ZERO).powf(2.2)
}
