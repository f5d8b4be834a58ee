//! Sentences about label files and agreement.

use page_view::adjudication::Adjudication;
use page_view::agreement::{CellFrame, Side};
use page_view::comparison::Misfit;
use shared_model::expression::Expression;

pub const COMPARE: &str = "Agreement";
pub const COMPARE_HINT: &str = "Labels of a file (Aff-Wild2 txt, CSV, project, ELAN, or lines of seconds and label) against these, or any two \
     lanes.";
pub const OPEN_LABELS: &str = "Open labels";
pub const SAME_LANE: &str = "Both sides are the same lane: choose another one, or open labels.";
pub const NOTHING_IN_COMMON: &str = "No frame is labelled on both sides.";
pub const LABELS_WAIT: &str = "The labels are laid beside these when the video has been read to its end.";
pub const MACRO_F1: &str = "Macro F1";
pub const ACCURACY: &str = "Accuracy";
pub const KAPPA: &str = "Kappa, frames";
pub const KAPPA_HINT: &str = "Cohen's kappa with every frame counted";
pub const SEGMENT_KAPPA: &str = "Kappa, segments";
pub const TRUTH_SIDE: &str = "Truth";
pub const OTHER_SIDE: &str = "Against it";
pub const UNIT_WINDOW: &str = "Segment, s";
pub const REMOVE_LABELS: &str = "Remove";
pub const BY_CLASS: &str = "By class";
pub const CONFUSION: &str = "Confusion";
pub const CONFUSION_HINT: &str =
    "Rows: truth. A number leads to its frames, one a click; with Shift from stretch to stretch.";
pub const CLASS: &str = "Class";
pub const PRECISION: &str = "P";
pub const RECALL: &str = "R";
pub const F1: &str = "F1";
pub const SUPPORT: &str = "Frames";
pub const LAY_TOGETHER: &str = "Decide between them";
pub const LAY_TOGETHER_HINT: &str = "What both files say counts as reviewed; what they differ in waits to be decided; what you have reviewed stays. Undo takes it back.";
pub const WHO_SAID: &str = "Who said what";
pub const EACH_TWO: &str = "Kappa of each two";
pub const NO_LABEL: &str = "no label";
pub const CUT_LABELS: &str = "Cut the labels";
pub const PAD_LABELS: &str = "Leave the rest unlabelled";
pub const REFUSE_LABELS: &str = "Do not open";

#[must_use]
pub fn side(side: Side, file: Option<&str>) -> String {
    match side {
        Side::Raw => "Frame".to_owned(),
        Side::Temporal => "Temporal".to_owned(),
        Side::Smoothed => "Smoothed".to_owned(),
        Side::Reviewed => "Reviewed only".to_owned(),
        Side::Final => "Reviewed, else smoothed".to_owned(),
        Side::File(_) => file.unwrap_or("File").to_owned(),
    }
}

#[must_use]
pub fn compared(frames: u64, truth: &str, other: &str) -> String {
    format!("{frames} frames: {other} against {truth}")
}

/// What the second kappa counts.
#[must_use]
pub fn segment_kappa_hint(window_s: f64) -> String {
    if window_s > 0.0 {
        format!(
            "Cohen's kappa over windows of {window_s} s, counted from the start of the video: each side gives a window the \
             label of most of its frames, and each window counts once. 0 counts every stretch without a change once."
        )
    } else {
        "Cohen's kappa over stretches: each stretch in which neither side changes counts once, however long it is, so \
         that long quiet parts do not outweigh the rest."
            .to_owned()
    }
}

#[must_use]
pub fn cell(truth: Expression, other: Expression, frames: u64) -> String {
    format!(
        "{frames} frames: {} on the truth's side, {} on the other",
        truth.name(),
        other.name()
    )
}

#[must_use]
pub fn cell_place(place: usize, count: usize, frame: CellFrame, person: &str) -> String {
    format!(
        "Frame {} of {person}: {} of {count} in this cell",
        frame.frame,
        place + 1
    )
}

#[must_use]
pub fn misfit(name: &str, misfit: Misfit) -> String {
    let said = match misfit {
        Misfit::More { file, video } => format!(
            "{name} labels {file} frames, the video has {video}: {} too many at the end",
            file.saturating_sub(video)
        ),
        Misfit::Fewer { file, video } => format!(
            "{name} labels {file} frames, the video has {video}: {} are missing at the end",
            video.saturating_sub(file)
        ),
        Misfit::Later { file_s, video_s } => format!(
            "The last label of {name} is at {file_s:.2} s, the video ends at {video_s:.2} s: {:.2} s earlier",
            file_s - video_s
        ),
    };
    format!("{said}. They may be the labels of another video.")
}

#[must_use]
pub fn misfit_answer(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::More { .. } | Misfit::Later { .. } => CUT_LABELS,
        Misfit::Fewer { .. } => PAD_LABELS,
    }
}

#[must_use]
pub fn labels_of_other_video(name: &str, of: &str, video: &str) -> String {
    format!("{name} says that it labels {of}; the open video is {video}.")
}

#[must_use]
pub fn labels_without_video(name: &str, video: &str) -> String {
    format!("{name} was not laid beside {video}: it is not open any more. Open both together.")
}

#[must_use]
pub fn tiers_left_out(name: &str, tiers: &[String]) -> String {
    format!(
        "{name}: tiers without expressions were left out: {}.",
        tiers.join(", ")
    )
}

#[must_use]
pub fn laid_together(found: &Adjudication) -> String {
    let places = match found.open {
        0 => "Nothing is left to decide.".to_owned(),
        1 => "1 segment is left to decide.".to_owned(),
        open => format!("{open} segments are left to decide."),
    };
    let kept = match found.kept {
        0 => String::new(),
        kept => format!(" {kept} frames were reviewed before, and stay."),
    };
    format!(
        "Both say the same in {} of {} frames. {places}{kept}",
        found.agreed, found.frames
    )
}

#[must_use]
pub fn file_lane_help(file: &str) -> String {
    format!("{file}: the labels of this file, to compare with. Exports leave them out.")
}
