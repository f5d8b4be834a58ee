//! `mien synth`: rendered faces with known expressions.

pub mod spec;

mod command;
mod contact_sheet;
mod generate;
mod readme;

pub mod performance;
pub mod stills;
pub mod videos;

pub mod expression_style;
pub mod face_unit;
pub mod identity;
pub mod look;
pub mod model;
pub mod recipe;
pub mod traits;

mod hair;
pub mod head;
mod normals;
mod openness;
pub mod pose;
mod rasterizer;

mod face_map;
mod shading;
mod skin;
mod skins_folder;
pub mod studio;

pub mod background;
pub mod camera_effects;
pub mod lighting;
mod movie;

pub mod random;

pub use command::{Options, run};
pub use generate::generate;
pub use spec::{SynthSpec, SynthSummary};
