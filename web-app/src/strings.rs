//! Every English sentence of the page.

mod agreement;
mod exports;
mod faults;
mod learning;
mod projects;
mod remarks;
mod review;
mod workspace;

pub use agreement::*;
pub use exports::*;
pub use faults::*;
pub use learning::*;
pub use projects::*;
pub use remarks::*;
pub use review::*;
pub use workspace::*;

use page_view::clock;
use page_view::shipped_model::SpeedBeforehand;
use page_view::window_votes::Votes;
use shared_model::expression::Expression;
use web_messages::ModelSummary;

pub const QUESTION: &str = "Question";
pub const NAME: &str = "Mien";
pub const REQUESTS_HINT: &str = "What this page and its service worker asked of the network since the page has loaded: files of \
     its own, such as another model that you choose. Your videos are never sent.";
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
pub const KINDS_OF_FILES: &str = "Videos, pictures, projects and tables";
pub const TRY_WEBCAM: &str = "Try the webcam";
pub const TRY_SAMPLE: &str = "See a sample film";
pub const SAMPLE_KEPT: &str = "A kept result: these labels came with the page. \u{201c}Analyze\u{201d} reads the film here, on this computer.";
pub const WEBCAM: &str = "Webcam";
pub const STOP_WEBCAM: &str = "Stop webcam";
pub const NO_FILE: &str = "no file";
pub const ANALYZE: &str = "Analyze";
pub const ANALYZE_AGAIN: &str = "Analyze again";
pub const CANCEL: &str = "Cancel";
pub const STATUS: &str = "Status";
pub const BACKEND: &str = "Runs on";
pub const BACKEND_UNKNOWN: &str = "choosing a device";
pub const BACKEND_NONE: &str = "no device";
pub const USE_CPU: &str = "Use the CPU";
pub const USE_DEMO_MODEL: &str = "Use the demo model";
pub const DISMISS: &str = "Dismiss";
pub const NOTICES: &str = "Notices";
pub const FORGET_NOTICES: &str = "Clear the list";
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
pub const TIMELINE_NO_FACE_AT_ALL: &str = "No face was found.";
pub const LANES: [&str; 3] = ["Frame", "Temporal", "Smoothed"];
pub const LANES_HELP: [&str; 3] = [
    "Frame: what the network reads from this frame alone.",
    "Temporal: what the encoder reads from the frame among its neighbours; the rows and the confidence above are its probabilities.",
    "Smoothed: the label made steady over the window, in the way chosen for labels. Exports take it wherever nobody has reviewed.",
];
pub const REVIEWED_HELP: &str =
    "Reviewed: what a person said. Exports take it before all others; tints are not reviewed yet.";
pub const FILE_LANES_HELP: &str = "A file's name: the labels of the file, to compare with. Each open file has a lane. Exports leave them out.";

pub const NOW: &str = "At this moment";
pub const NO_FACE_HERE: &str = "No face in this frame.";
pub const FACE_SELECT: &str = "Face";
pub const FIRST_FACE: &str = "First face";
pub const NOT_YET: &str = "Not read yet.";
pub const NO_NUMBER: &str = "-";
pub const NOT_SURE: &str = "Not sure";
pub const REVIEWED_LABEL: &str = "As you reviewed it.";

pub const LABELS: &str = "Labels";
pub const SMOOTHING: &str = "Smoothing";
pub const WINDOW: &str = "Window";
pub const WINDOW_SLIDER: &str = "Window, in frames";
pub const FRAMES: &str = "frames";

pub const EXPORT: &str = "Export";

pub const MODEL: &str = "Model";
pub const OPEN_MODEL: &str = "Open a model file";
pub const MODEL_DETAILS: &str = "How it was trained";
pub const SHIPPED_MODELS: &str = "Other models that come with the page";
pub const MODEL_LOADING: &str = "loading";

pub const ENGINE_STARTS: &str = "starting";
pub const ENGINE_LOST: &str =
    "The part of the page that computes has stopped; reload the page. What was read stays until then";
pub const ENGINE_NOT_LOADED: &str = "The part of the page that computes cannot be loaded; check the connection and reload the page, or try another browser";
pub const WEBCAM_NAME: &str = "Webcam";
pub const WEBCAM_ON: &str = "live";
pub const WEBCAM_RECORDED: &str = "live, recorded in this page";
pub const WEBCAM_FILM: &str = "webcam";
pub const CAMERA: &str = "Camera";
pub const KEEP_FILM: &str = "Keep and review it";
pub const DROP_FILM: &str = "Throw it away";
pub const SAVE_FILM: &str = "Save the film";
pub const SAVE_FILM_HINT: &str = "The film of the webcam is in this page's memory alone, and goes with it";
pub const WEBCAM_DENIED: &str =
    "The webcam was not allowed. Allow it for this page in the browser's address bar, then try again.";
pub const WEBCAM_NONE: &str = "No webcam was found. Connect one, then try again.";
pub const WEBCAM_UNSUPPORTED: &str =
    "This browser gives no webcam here: pages need https or localhost for it.";
pub const OFFLINE_PART: &str = "a part of it could not be fetched or kept";
pub const UPDATE_READY: &str = "A new version of this page is ready.";
pub const PROJECT_HAS_NO_VIDEO: &str = "Saved labels of ";
pub const ATTACH_VIDEO: &str = "Show the video";
pub const RESULTS_OF_OTHER_MODEL: &str =
    "These labels are from another model. Analyze again to use this one.";

#[must_use]
pub fn steadied_label(alone: &str, votes: Option<Votes>) -> String {
    let rests_on = votes.map_or_else(
        || "Steadied".to_owned(),
        |Votes { agreeing, frames }| format!("{agreeing} of {frames} frames"),
    );
    format!("{rests_on}; this frame alone: {alone}.")
}

/// What a label rests on.
#[must_use]
pub fn votes(Votes { agreeing, frames }: Votes) -> String {
    format!("{agreeing} of {frames} frames.")
}

/// What a doubtful label comes nearest to.
#[must_use]
pub fn doubtful_label(nearest: &str) -> String {
    format!("Nearest, over the window: {nearest}. It is more likely wrong than right.")
}

/// How often the network was asked since the page has loaded.
#[must_use]
pub fn requests(count: usize, works_offline: bool) -> String {
    let noun = if count == 1 { "request" } else { "requests" };
    let offline = if works_offline { ", works offline" } else { "" };
    format!("{count} {noun} since loading{offline}")
}

/// The page works, but not without a network.
#[must_use]
pub fn offline_off(cause: &str) -> String {
    let cause = cause.trim_end_matches('.');
    format!("The page could not be stored for use without a network: {cause}. Everything else works.")
}

/// Frame, temporal, smoothed and reviewed lane.
#[must_use]
pub const fn lanes() -> [&'static str; 4] {
    let [frame, temporal, smoothed] = LANES;
    [frame, temporal, smoothed, REVIEWED_LANE]
}

#[must_use]
pub fn face(track: u32) -> String {
    format!("Face {}", track.saturating_add(1))
}

#[must_use]
pub fn percent(percent: f64) -> String {
    format!("{percent:.0}%")
}

#[must_use]
pub fn frame_of(frame: usize, count: usize) -> String {
    format!("frame {frame} of {count}")
}

/// While the video is read nobody knows how many there will be.
#[must_use]
pub fn frame_of_read(frame: usize, count: usize) -> String {
    format!("frame {frame} ({count} read so far)")
}

#[must_use]
pub fn speed(frames_per_s: f64) -> String {
    if frames_per_s < 10.0 {
        format!("{frames_per_s:.1} frames/s")
    } else {
        format!("{frames_per_s:.0} frames/s")
    }
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

#[must_use]
pub fn take_model(title: &str) -> String {
    format!("Use {title}")
}

/// What a model costs, before it is taken.
#[must_use]
pub fn shipped_facts(bytes: u64, of: SpeedBeforehand) -> String {
    let size = format!("{:.1} MB", bytes as f64 / 1e6);
    match of {
        SpeedBeforehand::AtLeast(frames_per_s) => format!("{size}, at least {} here", speed(frames_per_s)),
        SpeedBeforehand::TimesTheWork(times) if times >= 1.0 => {
            format!("{size}, {times:.1} times the work per face of the model in use")
        }
        SpeedBeforehand::TimesTheWork(_) => format!("{size}, faster than the model in use"),
        SpeedBeforehand::Unknown => size,
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

/// A camera without a name, by its place in the list.
#[must_use]
pub fn camera(place: usize) -> String {
    format!("{CAMERA} {}", place + 1)
}

#[must_use]
pub fn keep_film(seconds: f64) -> String {
    format!(
        "The webcam was recorded for {}, in this page's memory alone. Keep the film?",
        clock::coarse(seconds)
    )
}

/// On the webcam's picture: whether it is recorded, pictures per second, and milliseconds from a picture to its label.
#[must_use]
pub fn live(is_recorded: bool, figures: Option<(f64, f64)>) -> String {
    let on = match is_recorded {
        true => WEBCAM_RECORDED,
        false => WEBCAM_ON,
    };
    match figures {
        Some((rate, late_ms)) => format!("{on}, {rate:.0} frames/s, labels after {late_ms:.0} ms"),
        None => on.to_owned(),
    }
}

#[must_use]
pub fn film_saved(name: &str) -> String {
    format!("The film of the webcam was saved as {name}, since something else is open.")
}
