//! The head that every face is made from: MakeHuman's mesh with its targets (CC0, see `assets/`).

use anyhow::{Context as _, Result, ensure};
use glam::{Vec2, Vec3};
use safetensors::SafeTensors;

use crate::synth::face_unit::{FaceUnit, UnitWeights};

static ASSET: &[u8] = include_bytes!("../../assets/head.safetensors");

/// What a triangle belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Skin,
    Eye,
    Teeth,
    Tongue,
    Lashes,
}

/// A vertex with its place on the texture.
#[derive(Debug, Clone, Copy)]
pub struct Corner {
    pub vertex: usize,
    /// Texture coordinates, 0 to 1, v upwards.
    pub uv: Vec2,
}

/// A triangle by its corners, counter-clockwise seen from outside.
#[derive(Debug, Clone, Copy)]
pub struct Triangle {
    pub corners: [usize; 3],
    pub part: Part,
}

/// A sparse displacement of vertices.
#[derive(Debug, Clone)]
pub struct Target {
    /// Kind and MakeHuman's name, such as `shape/nose-hump-incr`.
    pub name: String,
    /// Vertex and its displacement in decimetres at weight 1.
    pub moves: Vec<(usize, Vec3)>,
}

/// The mesh at rest and all that deforms it. Units are decimetres; x is the person's left, y up, z forward.
#[derive(Debug, Clone)]
pub struct Head {
    /// Vertices of the base mesh.
    pub rest: Vec<Vec3>,
    pub corners: Vec<Corner>,
    pub triangles: Vec<Triangle>,
    /// Targets that make an identity.
    pub shapes: Vec<Target>,
    /// Face units in [`FaceUnit::ALL`]'s order.
    pub units: Vec<Target>,
    /// Number in MakeHuman's base mesh of each vertex, ascending.
    source: Vec<u16>,
}

impl Head {
    /// Reads the packed asset that the program carries with it.
    ///
    /// # Errors
    /// When the asset is not as `assets/pack_head.py` writes it.
    pub fn load() -> Result<Self> {
        Self::read(ASSET).context("the head asset")
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        let asset = Asset(SafeTensors::deserialize(bytes)?);
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let metadata = metadata.metadata().as_ref().context("there is no metadata")?;
        let names: Vec<String> = serde_json::from_str(metadata.get("targets").context("no target names")?)?;
        let step: f32 = metadata.get("step").context("no step")?.parse()?;

        let rest: Vec<Vec3> = triples(&floats(asset.bytes("position")?));
        let corners = asset.corners(rest.len())?;
        let triangles = asset.triangles(corners.len())?;
        let targets = asset.targets(names, step, rest.len())?;
        let (units, shapes): (Vec<_>, Vec<_>) =
            targets.into_iter().partition(|t| t.name.starts_with("unit/"));
        ensure!(
            units
                .iter()
                .map(|t| t.name.trim_start_matches("unit/"))
                .eq(FaceUnit::ALL.iter().map(|u| u.name())),
            "its face units are not ARKit's 52"
        );
        Ok(Self {
            rest,
            corners,
            triangles,
            shapes,
            units,
            source: words(asset.bytes("source_vertex")?),
        })
    }

    /// The vertex that has this number in MakeHuman's base mesh.
    #[must_use]
    pub fn vertex(&self, base_mesh_number: u16) -> Option<usize> {
        self.source.binary_search(&base_mesh_number).ok()
    }

    /// `shape` (one position a vertex) moved by the face units.
    #[must_use]
    pub fn expressed(&self, shape: &[Vec3], weights: &UnitWeights) -> Vec<Vec3> {
        let mut moved = shape.to_vec();
        for (target, weight) in self.units.iter().zip(weights) {
            if *weight != 0.0 {
                add(&mut moved, target, *weight);
            }
        }
        moved
    }
}

/// The packed asset's tensors.
struct Asset<'a>(SafeTensors<'a>);

impl<'a> Asset<'a> {
    fn bytes(&self, name: &str) -> Result<&'a [u8]> {
        Ok(self.0.tensor(name)?.data())
    }

    fn corners(&self, vertex_count: usize) -> Result<Vec<Corner>> {
        let uvs = floats(self.bytes("corner_uv")?);
        let corners: Vec<Corner> = words(self.bytes("corner_vertex")?)
            .into_iter()
            .zip(uvs.chunks_exact(2))
            .map(|(vertex, uv)| Corner {
                vertex: vertex.into(),
                uv: Vec2::from_slice(uv),
            })
            .collect();
        ensure!(
            corners.iter().all(|c| c.vertex < vertex_count),
            "a corner without a vertex"
        );
        Ok(corners)
    }

    fn triangles(&self, corner_count: usize) -> Result<Vec<Triangle>> {
        let triangles: Vec<Triangle> = words(self.bytes("triangle")?)
            .chunks_exact(3)
            .zip(self.bytes("triangle_part")?)
            .map(|(corners, part)| {
                let mut three = [0; 3];
                for (to, from) in three.iter_mut().zip(corners) {
                    *to = usize::from(*from);
                }
                Triangle {
                    corners: three,
                    part: part_of(*part),
                }
            })
            .collect();
        ensure!(
            triangles.iter().flat_map(|t| t.corners).all(|c| c < corner_count),
            "a triangle without a corner"
        );
        Ok(triangles)
    }

    /// Deltas are whole numbers of `step`.
    fn targets(&self, names: Vec<String>, step: f32, vertex_count: usize) -> Result<Vec<Target>> {
        let starts: Vec<usize> = self
            .bytes("target_start")?
            .chunks_exact(4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
            .collect();
        let at = words(self.bytes("target_vertex")?);
        let deltas: Vec<f32> = words(self.bytes("target_delta")?)
            .into_iter()
            .map(|w| f32::from(w.cast_signed()) * step)
            .collect();
        let deltas: Vec<Vec3> = triples(&deltas);
        ensure!(
            at.iter().all(|v| usize::from(*v) < vertex_count),
            "a target without a vertex"
        );
        let mut targets = Vec::new();
        for (name, span) in names.into_iter().zip(starts.windows(2)) {
            let (Some(at), Some(deltas)) = (at.get(span[0]..span[1]), deltas.get(span[0]..span[1])) else {
                anyhow::bail!("target {name} is cut off");
            };
            targets.push(Target {
                name,
                moves: at
                    .iter()
                    .map(|v| usize::from(*v))
                    .zip(deltas.iter().copied())
                    .collect(),
            });
        }
        Ok(targets)
    }
}

/// Adds a target to a shape.
pub fn add(shape: &mut [Vec3], target: &Target, weight: f32) {
    for (vertex, delta) in &target.moves {
        if let Some(position) = shape.get_mut(*vertex) {
            *position += *delta * weight;
        }
    }
}

const fn part_of(code: u8) -> Part {
    match code {
        1 | 2 => Part::Eye,
        3 | 4 => Part::Teeth,
        5 => Part::Tongue,
        6 => Part::Lashes,
        _ => Part::Skin,
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

fn words(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .map(|b| u16::from_le_bytes([b[0], b[1]]))
        .collect()
}

fn triples(values: &[f32]) -> Vec<Vec3> {
    values.chunks_exact(3).map(Vec3::from_slice).collect()
}
