//! Smooth normals of a posed mesh.

use glam::Vec3;

use crate::synth::head::Head;

/// Unit normals, one a vertex, weighted by the area of the triangles around it.
#[must_use]
pub fn vertex_normals(head: &Head, shape: &[Vec3]) -> Vec<Vec3> {
    let mut sums = vec![Vec3::ZERO; shape.len()];
    for triangle in &head.triangles {
        let vertices = triangle
            .corners
            .map(|c| head.corners.get(c).map_or(0, |corner| corner.vertex));
        let [Some(a), Some(b), Some(c)] = vertices.map(|v| shape.get(v)) else {
            continue;
        };
        let normal = (*b - *a).cross(*c - *a);
        for vertex in vertices {
            if let Some(sum) = sums.get_mut(vertex) {
                *sum += normal;
            }
        }
    }
    sums.into_iter().map(Vec3::normalize_or_zero).collect()
}
