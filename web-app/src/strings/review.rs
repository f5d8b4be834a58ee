//! Sentences about reviewing labels: commands, steps, progress, what is kept.

use page_view::clock;
use page_view::command::{Command, Group};
use page_view::review::edit_kind::EditKind;
use page_view::review::queue::ReviewQueue;
use page_view::review::saved::SavedReviewError;
use shared_model::reviewed_segment::ReviewedSegment;

use super::{FIT, FRAME_BACK, FRAME_ON, MARK_EVENT, PEOPLE, TIMELINE, ZOOM_IN, ZOOM_OUT, people_step};
use page_view::keeping::Keeping;

pub const REVIEW: &str = "Review";
pub const LABEL_AS: &str = "Label the segment as";
pub const NO_SEGMENT: &str = "No segment here.";
pub const LEAST_DOUBT: &str = "Doubt of at least";
pub const OFFERED: &str = "In the list";
pub const QUEUE_COLUMNS: [&str; 3] = ["Label", "From", "Doubt"];
pub const ORDER: &str = "Order of the list";
pub const BY_DOUBT: &str = "Most doubtful first";
pub const BY_TIME: &str = "By time";
pub const ONLY_CLASS: &str = "Only segments labelled";
pub const EVERY_CLASS: &str = "Every label";
pub const SPLIT_AT_EDGE: &str = "A segment is cut before the frame shown: step into it first.";
pub const GO_TO: &str = "Go to a frame (104) or a time (0:03.5)";
pub const GO_TO_SHORT: &str = "frame, m:ss";
pub const FOLLOW: &str = "Follow";
pub const FOLLOW_HINT: &str = "Zoom to each segment that you go to";
pub const RANGE_DROPPED: &str = "Range dropped.";
pub const RANGE_UNCHANGED: &str =
    "Nothing changed: the face is not seen in the range, or has this label already.";
pub const HIDDEN: &str = "Hidden";
pub const HIDDEN_MARK: &str = "?";
pub const HIDDEN_WHY: &str = "Blind review: give your label first.";
pub const BLIND: &str = "Blind";
pub const BLIND_HINT: &str = "Hides what the model says of a segment until you have labelled it; the timeline shows your labels alone.";
pub const BLIND_CONFIRM: &str = "Blind review: give the segment a label of your own first.";
pub const AUDIT: &str = "Audit";
pub const AUDIT_OFF: &str = "off";
pub const AUDIT_MARK: &str = "audit";
pub const AUDIT_HINT: &str = "Draws a share of the segments that the queue leaves out, at random, and counts how many of them were wrong.";
pub const MODES: &str = "Blind review, audit";
pub const OTHER_TAB: &str =
    "Another tab reviews this video, so labels cannot be changed here. Close it to go on here.";
pub const HELP: &str = "Keys";
pub const HELP_DOUBT: &str = "Doubt is the mean of 1 - margin (best less second best probability) and of the disagreement \
     among the three labels of a frame; where labels of a file are open, half of it is how many frames they label otherwise.";
pub const CLOSE: &str = "Close";
pub const REVIEWED_LANE: &str = "Reviewed";

/// How many segments the list offers.
#[must_use]
pub fn offered(count: usize) -> String {
    match count {
        0 => "Nothing to look at.".to_owned(),
        1 => "1 segment".to_owned(),
        more => format!("{more} segments"),
    }
}

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
        Command::GoTo => "Go to a frame or a time",
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
        Command::Range => "Begin a range, or drop it",
        Command::Unsure => "Not sure of the segment",
        Command::Note => "Note on the segment",
        Command::MarkEvent => MARK_EVENT,
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
        Command::Confirm => "Confirm".to_owned(),
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

/// What a step did, and where: start and end in seconds. `name`: what people are called.
#[must_use]
pub fn step(kind: EditKind, span: Option<(f64, f64)>, name: impl Fn(u32) -> String) -> String {
    let what = match kind {
        EditKind::Accept(class) => format!("{} confirmed", class.name()),
        EditKind::Relabel(class) => format!("Labelled {}", class.name()),
        EditKind::Paint(class) => format!("Painted {}", class.name()),
        EditKind::Clear => "Label taken away".to_owned(),
        EditKind::Split => "Cut in two and confirmed".to_owned(),
        EditKind::Merge(class) => format!("Joined as {} and confirmed", class.name()),
        EditKind::MoveEdge => "Edge moved, both sides confirmed".to_owned(),
        EditKind::OpenProject => return "Labels of the project taken".to_owned(),
        EditKind::LayTogether => return "Two label files laid together".to_owned(),
        EditKind::Note => "Note changed".to_owned(),
        EditKind::Unsure(true) => "Marked as unsure".to_owned(),
        EditKind::Unsure(false) => "Sure again".to_owned(),
        EditKind::OwnLabel => "Own label changed".to_owned(),
        EditKind::MarkEvent => "Event marked".to_owned(),
        EditKind::ChangeEvent => "Event changed".to_owned(),
        _ => return people_step(kind, name).unwrap_or_default(),
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
pub fn segment(segment: &ReviewedSegment, (start, end): (f64, f64), is_hidden: bool) -> String {
    let label = match is_hidden {
        true => HIDDEN,
        false => segment.label.name(),
    };
    let state = if segment.confirmed {
        "reviewed"
    } else {
        "not reviewed"
    };
    format!(
        "{label}, {} to {}, {state}",
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
        Keeping::Kept => "Kept in this browser: results and labels.",
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

#[must_use]
pub fn range_from(start_s: f64) -> String {
    format!(
        "Range from {}: go to its end, then press a label; Escape drops it.",
        clock::precise(start_s)
    )
}

/// The range that a label would go to; its person is named where there are several.
#[must_use]
pub fn range(person: Option<&str>, frames: usize, (start, end): (f64, f64)) -> String {
    let noun = if frames == 1 { "frame" } else { "frames" };
    let of = person.map(|person| format!(" of {person}")).unwrap_or_default();
    format!(
        "Range of {frames} {noun}{of}, {} to {}",
        clock::precise(start),
        clock::precise(end)
    )
}
