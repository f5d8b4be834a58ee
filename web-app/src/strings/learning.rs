//! Words of learning from corrections.

use page_view::learning_material::Material;
use shared_model::corrections::{Measured, Part};

pub const LEARNING: &str = "Learn from my corrections";
pub const LEARNING_HINT: &str = "Fits the last layers of the model to what you have reviewed, on this device. The videos are read again. The model in force stays until you take the new one.";
pub const LEARN: &str = "Learn";
pub const LEARNED_SAVE: &str = "Save the model";
pub const LEARNED_USE: &str = "Use it";
pub const LEARNED_USE_HINT: &str = "Takes the new model for what is read from now on";
pub const LEARNING_GAVE_WAY: &str =
    "Nothing was learned: the engine was given something else to read. Begin again when that is done.";
pub const NOTHING_TO_LEARN: &str = "Nothing is reviewed in an open video that the model in force has read.";
pub const NOT_MEASURED: &str = "Not measured: all reviewed frames are of one person in one video, and a figure on frames like those that were learned from would say nothing. Review a second video or person.";
pub const LEARNED_BEFORE: &str = "Not measured: this model has learned from corrections before, perhaps from these. Take the model that it came from to have figures.";
pub const BEFORE: &str = "Before";
pub const AFTER: &str = "After";

#[must_use]
pub fn material(material: Material) -> String {
    if material.frames == 0 {
        return NOTHING_TO_LEARN.to_owned();
    }
    let Material {
        frames,
        videos,
        people,
    } = material;
    format!(
        "{frames} reviewed frames, {} in {}.",
        counted(people, "person", "people"),
        counted(videos, "video", "videos")
    )
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[must_use]
pub fn learning_failed(reason: &str) -> String {
    format!("Nothing was learned: {reason}")
}

/// File name of a model that has learned.
#[must_use]
pub fn learned_name(stem: &str) -> String {
    format!("{}-corrected.safetensors", stem.trim_end_matches("-corrected"))
}

/// What the figures of a model that has learned are.
#[must_use]
pub fn measured(measured: &Measured) -> String {
    let part = match measured.part {
        Part::Video => "videos",
        Part::Person => "people",
    };
    format!(
        "Smoothed labels against yours, in {} {part}, each read with a model that had learned from the others alone:",
        measured.parts
    )
}
