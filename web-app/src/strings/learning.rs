//! Words of learning from corrections.

use page_view::learning_material::Material;
use shared_model::corrections::{LearningReport, Measured, Part};

pub const LEARNING: &str = "Learn from my corrections";
pub const LEARNING_HINT: &str = "Fits the last layers of the model to what you have reviewed, on this device. The videos are read again. The model in force stays until you take the new one.";
pub const LEARN: &str = "Learn";
pub const LEARNED_SAVE: &str = "Save the model";
pub const LEARNED_USE: &str = "Use it";
pub const LEARNED_USE_HINT: &str = "Takes the new model for what is read from now on";
pub const LEARNING_GAVE_WAY: &str =
    "Nothing was learned: the engine was given something else to read. Begin again when that is done.";
pub const NOTHING_TO_LEARN: &str = "Nothing is reviewed in an open video: label some segments first.";
pub const NO_FACE_TO_LEARN: &str =
    "Nothing was learned: it is not known where the reviewed faces are. Read the video here first.";
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

/// Videos that were not learned from.
#[must_use]
pub fn left_out_of_learning(names: &[String]) -> String {
    format!(
        "Not learned from: {}. Only the browser's player can read that; convert it to mp4 with H.264 or VP9 for it",
        names.join(", ")
    )
}

/// What the figures of a model that has learned are.
#[must_use]
pub fn measured(measured: &Measured, report: &LearningReport) -> String {
    let (part, count) = match measured.part {
        Part::Video => ("videos", report.videos),
        Part::Person => ("people", report.people),
    };
    let (parts, each) = if count > measured.parts {
        (
            format!("{} groups of {count} {part}", measured.parts),
            "each group",
        )
    } else {
        (format!("{count} {part}"), "each")
    };
    format!(
        "Smoothed labels against yours, in {parts}, {each} read with a model that had learned from the others alone:"
    )
}
