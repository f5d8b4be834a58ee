//! Every English sentence of the page.

mod workspace;

pub use workspace::*;

use page_view::clock;
use page_view::command::{Command, Group};
use page_view::review::history::EditKind;
use page_view::review::queue::ReviewQueue;
use page_view::review::saved::SavedReviewError;
use shared_model::expression::Expression;
use shared_model::reviewed_segment::ReviewedSegment;
use shared_model::smoothing::Smoothing;
use web_messages::ModelSummary;

use crate::state::review_desk::Keeping;

pub const QUESTION: &str = "Question";
mod agreement;
mod exports;
mod projects;

pub use agreement::*;
pub use exports::*;
pub use projects::*;

pub const NAME: &str = "Mien";
pub const TAGLINE: &str = "Facial expressions over time, read on your own computer.";
pub const PITCH: &str = "Drop a video and get a label for every frame: a timeline to look at, a table to work with. \
     It runs inside this page, on your graphics card if there is one.";
pub const PRIVATE: &str = "Nothing leaves this computer.";
pub const PRIVATE_MORE: &str =
    "No upload, no account, no tracking. Once loaded, the page works without a network as well.";
pub const DROP_HERE: &str = "Drop a video or picture here";
pub const DROP_ANYWHERE: &str = "Drop it: it stays on this computer";
pub const OPEN_VIDEO: &str = "Open video";
pub const CHOOSE_FILE: &str = "Choose a file";
pub const KINDS: &str = "MP4, MOV, WebM, MKV; JPEG, PNG, WebP; saved projects";
pub const TRY_WEBCAM: &str = "Try the webcam";
pub const WEBCAM: &str = "Webcam";
pub const STOP_WEBCAM: &str = "Stop webcam";
pub const ANALYZE: &str = "Analyze";
pub const ANALYZE_AGAIN: &str = "Analyze again";
pub const CANCEL: &str = "Cancel";
pub const STATUS: &str = "Status";
pub const BACKEND: &str = "Runs on";
pub const BACKEND_UNKNOWN: &str = "choosing a device";
pub const DISMISS: &str = "Dismiss";
pub const RELOAD: &str = "Reload";

pub const PLAY: &str = "Play";
pub const PAUSE: &str = "Pause";
pub const FRAME_BACK: &str = "One frame back";
pub const FRAME_ON: &str = "One frame on";
pub const MUTE: &str = "Mute";
pub const UNMUTE: &str = "Unmute";
pub const SPEED: &str = "Speed";
pub const KEYS: &str = "Space or K plays, comma and full stop step a frame, arrows a second, plus and minus zoom, F shows all, question mark lists all keys.";

pub const TIMELINE: &str = "Timeline";
pub const ZOOM_IN: &str = "Zoom in";
pub const ZOOM_OUT: &str = "Zoom out";
pub const FIT: &str = "Show all";
pub const ROWS: &str = "Rows";
pub const STACKED: &str = "Stacked";
pub const PLOT_STYLE: &str = "Probabilities as";
pub const TIMELINE_EMPTY: &str = "Labels appear here while the video is read.";
pub const TIMELINE_NO_FACE: &str = "No face so far.";
pub const LANES: [&str; 3] = ["frame", "temporal", "smoothed"];
pub const LANES_SHORT: [&str; 3] = ["f", "t", "s"];
pub const TRUTH_LANE: &str = "file";

pub const NOW: &str = "At this moment";
pub const NO_FACE_HERE: &str = "No face in this frame.";
pub const FACE_SELECT: &str = "Face";
pub const FIRST_FACE: &str = "First face";
pub const NOT_YET: &str = "Not read yet.";

pub const LABELS: &str = "Labels";
pub const SMOOTHING: &str = "Smoothing";
pub const WINDOW: &str = "Window";
pub const WINDOW_SLIDER: &str = "Window, in frames";
pub const FRAMES: &str = "frames";

pub const EXPORT: &str = "Export";
pub const EXPORT_CSV: &str = "CSV";
pub const EXPORT_CSV_HINT: &str = "One row a frame and face";
pub const EXPORT_AFFWILD2: &str = "Aff-Wild2";
pub const EXPORT_AFFWILD2_HINT: &str = "One class index a frame";
pub const EXPORT_VTT: &str = "Subtitles";
pub const EXPORT_VTT_HINT: &str = "WebVTT, one cue a label";
pub const EXPORT_PROJECT: &str = "Project";
pub const EXPORT_PROJECT_HINT: &str = "All results, to open here again";

pub const MODEL: &str = "Model";
pub const OPEN_MODEL: &str = "Open a model file";
pub const MODEL_DETAILS: &str = "How it was trained";
pub const SHIPPED_MODEL: &str = "Shipped model";
pub const MODEL_LOADING: &str = "loading";

pub const ENGINE_STARTS: &str = "starting";
pub const ENGINE_LOST: &str =
    "The part of the page that computes has stopped; reload the page. What was read stays until then";
pub const WEBCAM_NAME: &str = "Webcam";
pub const WEBCAM_ON: &str = "live";
pub const WEBCAM_DENIED: &str =
    "The webcam was not allowed. Allow it for this page in the browser's address bar, then try again.";
pub const WEBCAM_NONE: &str = "No webcam was found. Connect one, then try again.";
pub const WEBCAM_UNSUPPORTED: &str =
    "This browser gives no webcam here: pages need https or localhost for it.";
pub const OFFLINE_OFF: &str = "The page could not be stored for use without a network (storage full or not allowed). \
     Everything else works.";
pub const UPDATE_READY: &str = "A new version of this page is ready.";
pub const PROJECT_HAS_NO_VIDEO: &str = "Saved labels of ";
pub const ATTACH_VIDEO: &str = "Show the video";
pub const RESULTS_OF_OTHER_MODEL: &str =
    "These labels are from another model. Analyze again to use this one.";

#[must_use]
pub fn smoothing_name(smoothing: Smoothing) -> &'static str {
    match smoothing {
        Smoothing::Sliding => "Sliding window",
        Smoothing::Block => "Blocks",
        Smoothing::Mean => "Sliding mean",
        Smoothing::None => "None",
    }
}

#[must_use]
pub fn smoothing_hint(smoothing: Smoothing) -> &'static str {
    match smoothing {
        Smoothing::Sliding => "The most frequent label around each frame.",
        Smoothing::Block => "One label for each block of frames.",
        Smoothing::Mean => "The largest mean probability around each frame.",
        Smoothing::None => "The labels as they come.",
    }
}

#[must_use]
pub fn face(track: u32) -> String {
    format!("Face {}", track.saturating_add(1))
}

#[must_use]
pub fn frame_of(frame: usize, count: usize) -> String {
    format!("frame {frame} of {count}")
}

#[must_use]
pub fn speed(frames_per_s: f64) -> String {
    if frames_per_s < 10.0 {
        format!("{frames_per_s:.1} frames/s")
    } else {
        format!("{frames_per_s:.0} frames/s")
    }
}

#[must_use]
pub fn unknown_backend(value: &str) -> String {
    format!("`?backend={value}` is not known: use webgpu, cpu or auto. The page chooses by itself.")
}

#[must_use]
pub fn bad_model_name(value: &str) -> String {
    format!("`?model={value}` is not a name of a shipped model. The page takes the usual one.")
}

/// `reason` with the file's name in front, unless it names it already.
fn named(name: &str, reason: &str) -> String {
    let reason = reason.trim_end_matches('.');
    if reason.contains(name) {
        reason.to_owned()
    } else {
        format!("{name}: {reason}")
    }
}

#[must_use]
pub fn not_playable(name: &str, reason: &str, player: &str) -> String {
    let said = format!(
        "{}. The browser's player cannot show it either ({player})",
        named(name, reason)
    );
    // The engine may have said what to do already.
    if reason.contains("convert") {
        format!("{said}.")
    } else {
        format!("{said}: convert it, for instance to MP4 with H.264.")
    }
}

#[must_use]
pub fn approximate(name: &str, reason: &str) -> String {
    let reason = named(name, reason);
    format!("{reason}. The browser's player steps through it instead, so frame times are approximate.")
}

#[must_use]
pub fn not_readable(name: &str, cause: &str) -> String {
    format!("{name} cannot be read: {cause}")
}

#[must_use]
pub fn labels_refused(name: &str, cause: &str) -> String {
    format!("{name} is no label file: {cause}")
}

#[must_use]
pub fn file_ignored(name: &str) -> String {
    format!("{name} was left out: one video or picture at a time.")
}

#[must_use]
pub fn unexpected_message(cause: &str) -> String {
    format!("An answer of the computing part could not be read ({cause}); reload the page.")
}

#[must_use]
pub fn webcam_failed(cause: &str) -> String {
    format!("The webcam cannot be opened: {cause}")
}

#[must_use]
pub fn export_failed(cause: &str) -> String {
    format!("The file could not be written: {cause}")
}

/// One or two letters for where a name has no room.
#[must_use]
pub const fn mark(label: Expression) -> &'static str {
    match label {
        Expression::Neutral => "N",
        Expression::Anger => "A",
        Expression::Disgust => "D",
        Expression::Fear => "F",
        Expression::Happiness => "H",
        Expression::Sadness => "Sa",
        Expression::Surprise => "Su",
        Expression::Other => "O",
    }
}

/// The numbers of a model that matter to its user.
#[must_use]
pub fn model_facts(model: &ModelSummary) -> String {
    let size = model.input_size;
    if model.has_temporal {
        format!(
            "{size} x {size} pixels a face, clips of {} frames",
            model.clip_length
        )
    } else {
        format!("{size} x {size} pixels a face, frame by frame")
    }
}

pub const REVIEW: &str = "Review";
pub const LABEL_AS: &str = "Label the segment as";
pub const NO_SEGMENT: &str = "No segment here.";
pub const LEAST_DOUBT: &str = "Least doubt";
pub const ONLY_CLASS: &str = "Only segments labelled";
pub const EVERY_CLASS: &str = "Every label";
pub const SPLIT_AT_EDGE: &str = "A segment is cut before the frame shown: step into it first.";
pub const OTHER_TAB: &str =
    "Another tab reviews this video, so labels cannot be changed here. Close it to go on here.";
pub const HELP: &str = "Keys";
pub const HELP_DOUBT: &str = "Doubt is the mean of 1 - margin (best less second best probability) and of the disagreement \
     among the three labels of a frame; where labels of a file are open, half of it is how many frames they label otherwise.";
pub const CLOSE: &str = "Close";
pub const REVIEWED_LANE: &str = "reviewed";
pub const REVIEWED_LANE_SHORT: &str = "r";
pub const EXPORT_EAF: &str = "ELAN";
pub const EXPORT_EAF_HINT: &str = "One tier a face (.eaf)";

#[must_use]
pub fn command(command: Command) -> String {
    match command {
        Command::PlayOrPause => "Play or pause",
        Command::FrameBack => FRAME_BACK,
        Command::FrameOn => FRAME_ON,
        Command::SecondBack => "One second back",
        Command::SecondOn => "One second on",
        Command::ToStart => "To the start",
        Command::ToEnd => "To the end",
        Command::Slower => "Slower",
        Command::Faster => "Faster",
        Command::Loop => "Loop the segment",
        Command::ZoomIn => ZOOM_IN,
        Command::ZoomOut => ZOOM_OUT,
        Command::ShowAll => FIT,
        Command::ShowSegment => "Zoom to the segment",
        Command::PanLeft => "Move left",
        Command::PanRight => "Move right",
        Command::PlotStyle => "Rows or stacked",
        Command::Label(class) => return format!("Label as {}", class.name()),
        Command::Confirm => "Confirm the label",
        Command::NextDoubtful => "Next doubtful segment",
        Command::PreviousDoubtful => "Doubtful segment before",
        Command::NextUnreviewed => "Next segment not reviewed",
        Command::PreviousUnreviewed => "Segment not reviewed before",
        Command::NextSegment => "Next segment",
        Command::PreviousSegment => "Segment before",
        Command::NextChange => "Next change of label",
        Command::PreviousChange => "Change of label before",
        Command::Split => "Cut the segment before this frame",
        Command::Merge => "Join with the next segment",
        Command::StartHere => "Segment starts with this frame",
        Command::EndHere => "Segment ends with this frame",
        Command::Clear => "Take the reviewed label away",
        Command::NextPerson => "Next person",
        Command::PreviousPerson => "Person before",
        Command::SplitPerson => "Another person from this frame on",
        Command::IgnorePerson => "Leave the person out",
        Command::Undo => "Undo",
        Command::Redo => "Redo",
        Command::Help => HELP,
    }
    .to_owned()
}

/// For buttons.
#[must_use]
pub fn command_short(shown: Command) -> String {
    match shown {
        Command::NextDoubtful => "Next doubtful".to_owned(),
        _ => command(shown),
    }
}

#[must_use]
pub fn command_group(group: Group) -> &'static str {
    match group {
        Group::Playing => "Playing",
        Group::Timeline => TIMELINE,
        Group::Review => REVIEW,
        Group::People => PEOPLE,
        Group::Page => "Everywhere",
    }
}

/// What a step did, and where: start and end in seconds.
#[must_use]
pub fn step(kind: EditKind, span: Option<(f64, f64)>) -> String {
    let what = match kind {
        EditKind::Accept(class) => format!("{} confirmed", class.name()),
        EditKind::Relabel(class) => format!("Labelled {}", class.name()),
        EditKind::Paint(class) => format!("Painted {}", class.name()),
        EditKind::Clear => "Label taken away".to_owned(),
        EditKind::Split => "Cut in two".to_owned(),
        EditKind::Merge(class) => format!("Joined as {}", class.name()),
        EditKind::MoveEdge => "Edge moved".to_owned(),
        EditKind::OpenProject => return "Labels of the project taken".to_owned(),
        _ => return people_step(kind).unwrap_or_default(),
    };
    span.map_or(what.clone(), |(start, end)| {
        format!("{what}, {} to {}", clock::precise(start), clock::precise(end))
    })
}

#[must_use]
pub fn undone(step: &str) -> String {
    format!("Undone: {step}")
}

#[must_use]
pub fn redone(step: &str) -> String {
    format!("Done again: {step}")
}

#[must_use]
pub fn segment(segment: &ReviewedSegment, (start, end): (f64, f64)) -> String {
    let state = if segment.confirmed {
        "reviewed"
    } else {
        "not reviewed"
    };
    format!(
        "{}, {} to {}, {state}",
        segment.label.name(),
        clock::precise(start),
        clock::precise(end)
    )
}

#[must_use]
pub fn progress(queue: &ReviewQueue, seconds_left: Option<f64>) -> String {
    let mut text = format!("{} of {} reviewed", queue.reviewed, queue.total);
    if let Some(seconds) = seconds_left.filter(|_| queue.reviewed < queue.total) {
        text = format!("{text}, about {}", clock::left(seconds));
    }
    if queue.drafts > 0 {
        text = format!("{text}; {} changed, not confirmed", queue.drafts);
    }
    text
}

#[must_use]
pub fn nothing_left(queue: &ReviewQueue) -> String {
    if queue.reviewed == queue.total {
        "All segments are reviewed.".to_owned()
    } else {
        "No segment is left that the filter offers.".to_owned()
    }
}

#[must_use]
pub fn keeping(keeping: &Keeping) -> &'static str {
    match keeping {
        Keeping::Nowhere => "",
        Keeping::Opening => "Looking for labels kept from before.",
        Keeping::OtherTab => "Another tab reviews this video.",
        Keeping::Kept => "Kept in this browser.",
        Keeping::Writing => "Being kept.",
        Keeping::Failed => "Not kept: export the project.",
    }
}

#[must_use]
pub fn restored(segments: usize) -> String {
    let noun = if segments == 1 { "segment" } else { "segments" };
    format!("{segments} reviewed {noun} of this video came back from this browser's storage.")
}

#[must_use]
pub fn not_kept(cause: &str) -> String {
    format!(
        "Reviewed labels cannot be kept in this browser ({}). They stay until the page is closed: export the project to keep them.",
        cause.trim_end_matches('.')
    )
}

#[must_use]
pub fn saved_review_error(error: &SavedReviewError) -> String {
    match error {
        SavedReviewError::Newer(version) => {
            format!("what was kept is of version {version}, newer than this page; reload the page")
        }
        SavedReviewError::Json(error) => format!("what was kept cannot be read: {error}"),
        SavedReviewError::Segments(fault) => fault.to_string(),
    }
}
