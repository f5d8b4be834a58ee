//! Sentences about files to take away.

use shared_model::smoothing::Smoothing;

use super::smoothing_name;

pub const EXPORT_ABAW: &str = "ABAW";
pub const EXPORT_ABAW_HINT: &str = "Submission: one class for every frame";
pub const EXPORT_SVG: &str = "Timeline SVG";
pub const EXPORT_SVG_HINT: &str = "The whole timeline as a drawing";
pub const EXPORT_PNG: &str = "Timeline PNG";
pub const EXPORT_PNG_HINT: &str = "The whole timeline as a picture";
pub const EXPORT_REPORT: &str = "Report";
pub const EXPORT_REPORT_HINT: &str = "Figures and timeline on one page (HTML)";
pub const EXPORT_TRAINING: &str = "Training";
pub const EXPORT_TRAINING_HINT: &str = "Reviewed labels for mien pretrain and mien refine (zip)";
pub const NOTHING_REVIEWED: &str = "no label has been reviewed, and computed labels are not training data";
pub const BATCH_ZIP_NAME: &str = "mien-results.zip";

/// Goes into the zip of training data.
pub const TRAINING_README: &str = "\
Labels that a person confirmed, of one video; frames that nobody reviewed are -1 or left out.

annotations/  Aff-Wild2 EXPR: line i + 1 is frame i (from 1), one file a reviewed face
labels-*.csv  path,label,video,frame,person: one row a reviewed frame and face

Put the face crops beside them as crops/<name of the annotation>/00001.jpg, one picture a frame (256 x 256). Of a video \
with one face that fills the picture,
    ffmpeg -i VIDEO -fps_mode passthrough -start_number 1 crops/NAME/%05d.jpg
makes them. Then, in the config of mien pretrain or mien refine, the folder is an Aff-Wild2 source (crops and \
annotations), or the csv is a csv source.

    mien score --predictions VIDEO.csv --truth annotations/NAME.txt
measures predictions against these labels.
";

#[must_use]
pub fn abaw_gaps(frames: usize) -> String {
    format!("{frames} frames have no label, since no face was seen; the submission says Neutral there.")
}

#[must_use]
pub fn smoothing_in_force(smoothing: Smoothing, window: usize) -> String {
    match smoothing {
        Smoothing::None => "labels not smoothed".to_owned(),
        way => format!("{}, {window} frames", smoothing_name(way).to_lowercase()),
    }
}
