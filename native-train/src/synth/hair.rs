//! Hair: the scalp, thickened along its normals.

use glam::Vec3;

use crate::synth::face_map::{Region, face_place, region, scalp};
use crate::synth::head::{Head, Part};
use crate::synth::look::Hair;
use crate::synth::normals::vertex_normals;
use crate::synth::random::value_noise;

/// Lifts the scalp's vertices by the hair's thickness.
pub fn grow_hair(head: &Head, shape: &mut [Vec3], hair: &Hair) {
    if hair.thickness <= 0.0 {
        return;
    }
    let mut share = vec![0.0_f32; shape.len()];
    let skin = head
        .triangles
        .iter()
        .filter(|triangle| triangle.part == Part::Skin);
    for corner in skin
        .flat_map(|triangle| triangle.corners)
        .filter_map(|c| head.corners.get(c))
    {
        if region(corner.uv) == Region::Face {
            let here = scalp(face_place(corner.uv), hair.recession + 0.008, 0.016);
            if let Some(most) = share.get_mut(corner.vertex) {
                *most = most.max(here);
            }
        }
    }
    let normals = vertex_normals(head, shape);
    for (((position, normal), share), rest) in shape.iter_mut().zip(normals).zip(share).zip(&head.rest) {
        // Less at the nape and the sides than on top.
        let height = ((rest.y - 6.4) / 2.0).clamp(0.15, 1.0);
        let bumps =
            1.0 + 0.5 * hair.roughness * value_noise(rest.x * 4.0, rest.y * 4.0 + rest.z * 3.0, hair.seed);
        *position += normal * share * hair.thickness * height * bumps;
    }
}
