//! Sentences about files to take away.

use page_view::export_labels::ExportLabels;
use shared_model::smoothing::Smoothing;

pub const EXPORT_TAKES: &str = "Label";
pub const EXPORT_TAKES_HINT: &str = "What goes into files with one label a frame: Aff-Wild2, ABAW, subtitles, and shares over several videos. CSV, ELAN, figures and the project have every lane.";
pub const FOR_TABLES: &str = "Tables";
pub const FOR_TOOLS: &str = "Other tools";
pub const FOR_FIGURES: &str = "Figures";
pub const FOR_TRAINING: &str = "To train";
pub const FOR_GOING_ON: &str = "To go on";
pub const EXPORT_TRAINING: &str = "Labels, faces";
pub const EXPORT_TRAINING_HINT: &str =
    "Reviewed labels and the faces cut out of the video, for mien pretrain and mien refine (zip)";
pub const FILM: &str = "Film";
pub const EXPORT_FILM: &str = "With labels";
pub const EXPORT_FILM_HINT: &str = "The film with boxes and labels on each of its frames. Films of more than 15 minutes or 200 MB come without their sound, and so do films that only the browser's player can read: these are played once through";
pub const HIDE_FACES: &str = "Hide faces";
pub const HIDE_FACES_HINT: &str = "Every face that was found is made of a few squares, also of people who are left out. Look at the film before you pass it on: a face that was not found is not hidden";
pub const FILM_LABELLED: &str = "labelled";
pub const FILM_HIDDEN: &str = "labelled, faces hidden";
pub const FILM_PARTLY_HIDDEN: &str = "labelled, some faces hidden";
pub const FILM_GAVE_WAY: &str = "The export of the film ended: the engine was given something else to read. Export it again when that is done.";
pub const FILM_LEFT: &str =
    "The export of the film ended, since another one came on the stage. Export it again when it is there.";
pub const EXPORT_PICTURE: &str = "This picture";
pub const EXPORT_PICTURE_HINT: &str = "The picture on the stage with boxes and labels, as PNG";
pub const HIDE_ALL: &str = "of everybody";
pub const FILM_EMPTY: &str = "the browser has recorded nothing";
pub const NOTHING_REVIEWED: &str = "no label has been reviewed, and computed labels are not training data";
pub const GROUP_MEAN: &str = "Mean of all";
pub const BATCH_ZIP_NAME: &str = "mien-results.zip";

pub const PACKS_NOT: &str = "the part of the page that packs files is not running; reload the page";
pub const TRAINING_WITHOUT_VIDEO: &str = "The video is not open, so the zip has labels alone. With the video beside them, the faces are cut out as well.";
pub const ZIPPING: &str = "Export under way";

/// Goes into the zip of training data.
pub const TRAINING_CONFIG: &str = "\
# Trains on these labels. In the folder of this file:
#   mien data --config mien.toml --sample 200     looks at them
#   mien pretrain --config mien.toml              stage 1
#   mien refine --config mien.toml                stage 2
mode = \"supervised\"
run = \"run\"

[data]
# Labels and faces of several videos may be unpacked into one folder.
[[data.source]]
kind = \"affwild2\"
use = \"labelled\"
pictures = \"cropped_aligned\"
annotations = \"annotations\"

# What is learned is measured on other videos: move their annotations from annotations/ to validation/, their faces stay.
[[data.source]]
kind = \"affwild2\"
use = \"validation\"
pictures = \"cropped_aligned\"
annotations = \"validation\"

[refine]
";

/// Goes into the zip of training data.
pub const TRAINING_README: &str = "\
Labels that a person confirmed, of one video, in Aff-Wild2's layout; frames that nobody reviewed are -1 and have no face.

annotations/      line i + 1 is frame i (from 1), one file a reviewed face; of two faces one is _left and one _right
cropped_aligned/  the faces of the reviewed frames, framed as Mien frames them; none if the video was not open
labels-*.csv      the same as path,label,video,frame,person
mien.toml         a config for mien data, pretrain and refine; it says how videos become those that are measured on

    mien score --predictions VIDEO.csv --truth annotations/NAME.txt
measures predictions against these labels.
";

#[must_use]
pub fn zip_gave_way(name: &str) -> String {
    format!("{name} was not finished, since something else is read now. Export it again when that is done.")
}

#[must_use]
pub fn abaw_gaps(frames: usize) -> String {
    format!("{frames} frames have no label, since no face was seen; the submission says Neutral there.")
}

#[must_use]
pub fn smoothing_in_force(smoothing: Smoothing, window: usize) -> String {
    if smoothing.uses_window {
        format!("{}, {window} frames", smoothing.title.to_lowercase())
    } else {
        "labels not smoothed".to_owned()
    }
}

#[must_use]
pub fn hide_only(name: &str) -> String {
    format!("of {name} only")
}

#[must_use]
pub fn hide_all_but(name: &str) -> String {
    format!("of all but {name}")
}

/// File name of a single picture of what is called `stem`, shown at this time.
#[must_use]
pub fn picture_name(stem: &str, time_s: f64, kind: &str) -> String {
    format!("{stem} at {time_s:.2} s {kind}.png")
}

#[must_use]
pub fn export_labels(labels: ExportLabels) -> &'static str {
    match labels {
        ExportLabels::Final => "Reviewed, else smoothed",
        ExportLabels::Reviewed => "Reviewed only",
        ExportLabels::Smoothed => "Smoothed",
        ExportLabels::Temporal => "Temporal",
        ExportLabels::Frame => "Frame",
    }
}

#[must_use]
pub fn film_silent(reason: &str) -> String {
    format!("The film comes without its sound, which this browser cannot encode: {reason}")
}
