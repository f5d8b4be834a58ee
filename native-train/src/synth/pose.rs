//! Where the head is turned, and where the camera stands.

use glam::{Mat3, Vec2, Vec3};

use crate::synth::head::Head;
use crate::synth::random::smoothstep;
use crate::synth::rasterizer::ScreenPoint;

/// Numbers in MakeHuman's base mesh of the vertices that frame the face: hairline, chin.
const HAIRLINE: u16 = 983;
const CHIN: u16 = 5225;
/// The head turns around this point of the base mesh: where the skull meets the spine.
const PIVOT: Vec3 = Vec3::new(0.0, 6.4, 0.35);
/// The neck takes part in a turn from here (not at all) to there (fully).
const NECK: [f32; 2] = [5.35, 6.25];

/// Rotation of the head in radians: to the person's left, down, towards the person's left shoulder.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pose {
    pub yaw: f32,
    pub pitch: f32,
    pub roll: f32,
}

/// A camera in front of the face, and how it frames it.
#[derive(Debug, Clone, Copy)]
pub struct Camera {
    pub width: usize,
    pub height: usize,
    /// Decimetres from the face: the nearer, the stronger the perspective.
    pub distance: f32,
    /// Height of the face, hairline to chin, in pixels.
    pub face_height: f32,
    /// Where the middle of the face is, in pixels.
    pub center: Vec2,
}

/// A head ready to be drawn.
#[derive(Debug, Clone)]
pub struct Posed {
    /// In the camera's directions, the face's middle at the origin.
    pub positions: Vec<Vec3>,
    /// On the screen, one a vertex.
    pub points: Vec<ScreenPoint>,
}

impl Camera {
    /// The same view with `factor` times the pixels on each side.
    #[must_use]
    pub fn enlarged(self, factor: usize) -> Self {
        let scale = factor as f32;
        Self {
            width: self.width * factor,
            height: self.height * factor,
            face_height: self.face_height * scale,
            center: self.center * scale,
            ..self
        }
    }

    /// Turns and projects a head. `rest` is the person's shape without expression: it says where the
    /// face's middle is, so that an opening mouth does not move the picture.
    #[must_use]
    pub fn view(&self, head: &Head, rest: &[Vec3], moved: &[Vec3], pose: Pose) -> Posed {
        let (middle, face_height) = face_frame(head, rest);
        let turned = |position: Vec3, base: Vec3| {
            let share = smoothstep(NECK[0], NECK[1], base.y);
            let rotation = Mat3::from_rotation_y(pose.yaw * share)
                * Mat3::from_rotation_x(pose.pitch * share)
                * Mat3::from_rotation_z(-pose.roll * share);
            // A person's pivot moves with the height that the identity gives the head.
            let pivot = PIVOT + Vec3::new(0.0, middle.y - 7.09, middle.z - 1.4);
            rotation * (position - pivot) + pivot
        };
        let origin = turned(middle, Vec3::new(0.0, 7.0, 1.0));
        let scale = self.face_height / face_height.max(0.1);
        let mut positions = Vec::with_capacity(moved.len());
        let mut points = Vec::with_capacity(moved.len());
        for (position, base) in moved.iter().zip(&head.rest) {
            let at = turned(*position, *base) - origin;
            let nearness = 1.0 / (self.distance - at.z).max(0.5);
            let shrink = scale * self.distance * nearness;
            points.push(ScreenPoint {
                at: self.center + Vec2::new(at.x, -at.y) * shrink,
                nearness,
            });
            positions.push(at);
        }
        Posed { positions, points }
    }
}

/// Middle of a face at rest and its height from hairline to chin, in decimetres.
#[must_use]
pub fn face_frame(head: &Head, rest: &[Vec3]) -> (Vec3, f32) {
    let at = |number| head.vertex(number).and_then(|vertex| rest.get(vertex)).copied();
    let (Some(hairline), Some(chin)) = (at(HAIRLINE), at(CHIN)) else {
        return (Vec3::new(0.0, 7.1, 1.4), 1.8);
    };
    ((hairline + chin) / 2.0, hairline.distance(chin))
}
