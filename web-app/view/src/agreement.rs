//! Any two label lanes of a video against each other.

use std::rc::Rc;

use shared_model::agreement::{LabelPair, Unit, count};
use shared_model::expression::Expression;
use shared_model::metrics::{ConfusionMatrix, Report};
use shared_model::timeline::FrameRow;

use crate::comparison::LoadedLabels;
use crate::figure;
use crate::label_view::{LabelView, TrackView};

/// A lane that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Labels of the per-frame head.
    Raw,
    /// Labels of the temporal encoder.
    Temporal,
    /// Labels after smoothing.
    Smoothed,
    /// What a person confirmed; other frames have none.
    Reviewed,
    /// What is exported: reviewed, else smoothed.
    Final,
    /// Labels of the open file with this place in the list.
    File(usize),
}

impl Side {
    /// The lanes that every video has.
    pub const OWN: [Self; 5] = [
        Self::Final,
        Self::Reviewed,
        Self::Smoothed,
        Self::Temporal,
        Self::Raw,
    ];

    pub(crate) fn of_row(self, row: &FrameRow) -> Option<Expression> {
        match self {
            Self::Raw => row.raw,
            Self::Temporal => row.temporal,
            Self::Smoothed => row.smoothed,
            Self::Reviewed => row.reviewed,
            Self::Final => row.reviewed.or(row.smoothed),
            Self::File(_) => None,
        }
    }
}

/// The lanes to compare where so many files are open. What was asked of a file that is not open gives way to what a person
/// confirmed against what was computed: never a lane to itself.
#[must_use]
pub fn sides_in_force(asked: [Side; 2], files: usize) -> [Side; 2] {
    let is_there = |side: Side| !matches!(side, Side::File(place) if place >= files);
    if asked.into_iter().all(is_there) {
        asked
    } else {
        [Side::Reviewed, Side::Smoothed]
    }
}

/// What macro F1 counts where the truth does not hold every class; nothing to say where it does.
#[must_use]
pub fn classes_note(report: &Report) -> Option<String> {
    let missing = report.classes.iter().filter(|class| class.support == 0);
    let missing: Vec<&str> = missing.map(|class| class.class).collect();
    if missing.is_empty() {
        return None;
    }
    let all = report.classes.len();
    Some(format!(
        "Macro F1 is the mean over {all} classes. The truth has {} of them; {} count as 0. Over those of the truth alone it is {}.",
        all - missing.len(),
        missing.join(", "),
        figure::three(report.mean_f1_of_present_classes)
    ))
}

/// What both sides say about every frame, track by track.
pub fn pairs<'a>(
    view: &'a LabelView,
    files: &'a [Rc<LoadedLabels>],
    [truth, other]: [Side; 2],
) -> impl Iterator<Item = LabelPair> + 'a {
    view.tracks.iter().flat_map(move |track| {
        let truths = labels_of(view, track, files, truth);
        let others = labels_of(view, track, files, other);
        truths.zip(others).map(|((row, truth), (_, other))| LabelPair {
            track: track.track,
            frame: row.frame,
            time_s: row.time_s,
            truth,
            other,
        })
    })
}

fn labels_of<'a>(
    view: &'a LabelView,
    track: &'a TrackView,
    files: &'a [Rc<LoadedLabels>],
    side: Side,
) -> Box<dyn Iterator<Item = (&'a FrameRow, Option<Expression>)> + 'a> {
    let file = match side {
        Side::File(place) => files.get(place),
        _ => None,
    };
    match file {
        Some(labels) => Box::new(labels.beside(view, track)),
        None => Box::new(track.series.iter().filter_map(move |index| {
            let row = view.rows.get(*index as usize)?;
            Some((row, side.of_row(row)))
        })),
    }
}

/// Counts of what two lanes say.
#[must_use]
pub fn matrix(view: &LabelView, files: &[Rc<LoadedLabels>], sides: [Side; 2], unit: Unit) -> ConfusionMatrix {
    count(pairs(view, files, sides), unit)
}

/// A frame in a cell of the confusion matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellFrame {
    /// Whose face.
    pub track: u32,
    /// Frame number.
    pub frame: usize,
}

/// The frames of which one side says one class and the other another (or the same), by track and frame.
#[must_use]
pub fn cell_frames(
    view: &LabelView,
    files: &[Rc<LoadedLabels>],
    sides: [Side; 2],
    cell: [Expression; 2],
) -> Vec<CellFrame> {
    pairs(view, files, sides)
        .filter(|pair| [pair.truth, pair.other] == cell.map(Some))
        .map(|pair| CellFrame {
            track: pair.track,
            frame: pair.frame,
        })
        .collect()
}

/// Place of the frame to go to after `before`: the next one, or with `leaps` the first one behind the stretch that
/// `before` lies in; the first one after the last. `None` for an empty cell.
#[must_use]
pub fn next_place(cell: &[CellFrame], before: Option<CellFrame>, leaps: bool) -> Option<usize> {
    if cell.is_empty() {
        return None;
    }
    let place = before.and_then(|before| cell.iter().position(|frame| *frame == before));
    let Some(mut place) = place else { return Some(0) };
    loop {
        let (here, next) = (cell.get(place)?, cell.get(place + 1));
        let Some(next) = next else { return Some(0) };
        place += 1;
        let goes_on = next.track == here.track && next.frame == here.frame + 1;
        if !leaps || !goes_on {
            return Some(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::face_box::FaceBox;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::{Prediction, Timeline, TrackedFace};

    /// Two faces; the head says 1 where the clip says 4, in frames 2, 3 and 7 of each.
    fn view() -> LabelView {
        let mut timeline = Timeline::new();
        let sure = |class: usize| std::array::from_fn(|i| if i == class { 0.93 } else { 0.01 });
        for frame in 0..9 {
            let differs = [2, 3, 7].contains(&frame);
            let face = |track| TrackedFace {
                track,
                face_box: FaceBox::whole(4, 4),
                raw: sure(if differs { 1 } else { 4 }),
                temporal: Some(sure(4)),
            };
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64,
                faces: vec![face(0), face(5)],
            });
        }
        LabelView::of(&timeline, Smoothing::NONE, 1)
    }

    #[test]
    fn every_frame_of_a_cell_is_walked_through_once() {
        let view = view();
        let sides = [Side::Temporal, Side::Raw];
        let cell = cell_frames(&view, &[], sides, [Expression::Happiness, Expression::Anger]);
        let counted = matrix(&view, &[], sides, Unit::Frame).counts;
        assert_eq!(cell.len() as u64, counted[4][1]);
        let mut walked = Vec::new();
        let mut at = None;
        for _ in 0..cell.len() {
            at = next_place(&cell, at, false).map(|place| cell[place]);
            walked.extend(at);
        }
        assert_eq!(walked, cell);
        assert_eq!(next_place(&cell, at, false), Some(0));
        assert_eq!(next_place(&[], at, false), None);
    }

    #[test]
    fn no_lane_is_compared_with_itself_unasked() {
        let asked = [Side::File(0), Side::Final];
        assert_eq!(sides_in_force(asked, 1), asked);
        let [truth, other] = sides_in_force(asked, 0);
        assert_eq!((truth, other), (Side::Reviewed, Side::Smoothed));
        let [truth, other] = sides_in_force([Side::File(0), Side::File(2)], 2);
        assert_ne!(truth, other);
        assert_eq!(
            sides_in_force([Side::Raw, Side::Temporal], 0),
            [Side::Raw, Side::Temporal]
        );
    }

    #[test]
    fn classes_that_the_truth_has_not_are_named() {
        let view = view();
        let report = matrix(&view, &[], [Side::Temporal, Side::Raw], Unit::Frame).report();
        // The truth is Happiness alone; the other side says Anger 6 times of 18: F1 is 2 * 12 / (18 + 12).
        let note = classes_note(&report).unwrap();
        assert!(
            note.contains("over 8 classes") && note.contains("The truth has 1"),
            "{note}"
        );
        assert!(note.contains("Anger, ") && !note.contains("Happiness"), "{note}");
        assert!(note.ends_with("it is 0.800."), "{note}");
        let mut full = report;
        for class in &mut full.classes {
            class.support = 1;
        }
        assert_eq!(classes_note(&full), None);
    }

    #[test]
    fn leaps_go_to_where_the_next_stretch_begins() {
        let view = view();
        let cell = cell_frames(
            &view,
            &[],
            [Side::Temporal, Side::Raw],
            [Expression::Happiness, Expression::Anger],
        );
        let mut starts = Vec::new();
        let mut at = None;
        for _ in 0..5 {
            at = next_place(&cell, at, true).map(|place| cell[place]);
            starts.extend(at.map(|frame| (frame.track, frame.frame)));
        }
        assert_eq!(starts, [(0, 2), (0, 7), (5, 2), (5, 7), (0, 2)]);
    }
}
