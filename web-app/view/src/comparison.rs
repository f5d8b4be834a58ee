//! Labels of a file beside our own.

use std::collections::BTreeMap;

use shared_model::affwild2::{self, AnnotationError};
use shared_model::expression::Expression;
use shared_model::frame_table::{self, FrameTableError};
use shared_model::metrics::{ConfusionMatrix, Report};
use shared_model::timeline::FrameRow;

use crate::label_view::{LabelView, TrackView};

/// Labels by frame, `None` where a frame has none.
type Labels = Vec<Option<Expression>>;

/// Why a label file cannot be taken.
#[derive(Debug)]
pub enum LabelFileError {
    /// Neither format.
    Annotation(AnnotationError),
    /// A csv that is not ours.
    Table(FrameTableError),
    /// Nothing is labelled in it.
    Empty,
}

/// The labels of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedLabels {
    /// File name.
    pub name: String,
    labels: ByTrack,
}

#[derive(Debug, Clone, PartialEq)]
enum ByTrack {
    /// One label a frame, for the face with the lowest number in it.
    First(Labels),
    /// Labels of each track.
    Each(BTreeMap<u32, Labels>),
}

impl LoadedLabels {
    /// Reads an Aff-Wild2 annotation or a per-frame csv (reviewed, else smoothed, temporal or raw labels).
    ///
    /// # Errors
    /// When the text is neither, or labels no frame.
    pub fn read(name: &str, text: &str) -> Result<Self, LabelFileError> {
        let first_line = text.trim_start_matches('\u{feff}').lines().next().unwrap_or("");
        let is_table = first_line.split(',').any(|column| column.trim() == "frame");
        let labels = if is_table {
            ByTrack::Each(read_table(text).map_err(LabelFileError::Table)?)
        } else {
            ByTrack::First(affwild2::read(text).map_err(LabelFileError::Annotation)?)
        };
        let any = match &labels {
            ByTrack::First(labels) => labels.iter().any(Option::is_some),
            ByTrack::Each(tracks) => tracks.values().flatten().any(Option::is_some),
        };
        if !any {
            return Err(LabelFileError::Empty);
        }
        Ok(Self {
            name: name.to_owned(),
            labels,
        })
    }

    /// Label of a track's frame. `is_first`: whether the track is the lowest one in that frame.
    #[must_use]
    pub fn label(&self, track: u32, frame: usize, is_first: bool) -> Option<Expression> {
        match &self.labels {
            ByTrack::First(labels) if is_first => labels.get(frame).copied().flatten(),
            ByTrack::First(_) => None,
            ByTrack::Each(tracks) => tracks.get(&track)?.get(frame).copied().flatten(),
        }
    }

    /// Label of a track's frame, looking up whether it is the first.
    #[must_use]
    pub fn label_in(&self, view: &LabelView, track: &TrackView, frame: usize) -> Option<Expression> {
        let row = view.row_of(track, frame)?;
        let is_first = view
            .rows_of(frame)
            .first()
            .is_some_and(|first| first.track == row.track);
        self.label(track.track, frame, is_first)
    }

    /// The rows of a track, each with the label that these give it.
    pub fn beside<'a>(
        &'a self,
        view: &'a LabelView,
        track: &'a TrackView,
    ) -> impl Iterator<Item = (&'a FrameRow, Option<Expression>)> {
        track.series.iter().filter_map(move |index| {
            let place = *index as usize;
            let row = view.rows.get(place)?;
            let before = place.checked_sub(1).and_then(|before| view.rows.get(before));
            let is_first = before.is_none_or(|before| before.frame != row.frame);
            Some((row, self.label(track.track, row.frame, is_first)))
        })
    }

    /// Our labels (reviewed, else smoothed) against these as truth, over the frames that both label.
    #[must_use]
    pub fn compare(&self, view: &LabelView) -> Report {
        let mut matrix = ConfusionMatrix::default();
        for (row, truth) in view.tracks.iter().flat_map(|track| self.beside(view, track)) {
            if let (Some(truth), Some(label)) = (truth, row.reviewed.or(row.smoothed)) {
                matrix.add(truth, label);
            }
        }
        matrix.report()
    }

    /// Cohen's kappa over segments: each stretch of a track in which neither side changes counts once, however long
    /// it is, so that long quiet parts do not outweigh the rest. Frames that one side leaves out part stretches.
    #[must_use]
    pub fn segment_kappa(&self, view: &LabelView) -> f64 {
        let mut matrix = ConfusionMatrix::default();
        for track in &view.tracks {
            let mut before = None;
            for (row, truth) in self.beside(view, track) {
                let pair = truth.zip(row.reviewed.or(row.smoothed));
                match pair {
                    Some((truth, label)) if before != Some((row.frame, pair)) => matrix.add(truth, label),
                    _ => {}
                }
                before = Some((row.frame + 1, pair));
            }
        }
        matrix.report().kappa
    }
}

fn read_table(text: &str) -> Result<BTreeMap<u32, Labels>, FrameTableError> {
    let mut tracks: BTreeMap<u32, Labels> = BTreeMap::new();
    for named in frame_table::read(text.as_bytes())? {
        let row = named.row;
        let label = row.reviewed.or(row.smoothed).or(row.temporal).or(row.raw);
        let labels = tracks.entry(row.track.unwrap_or(0)).or_default();
        // A csv may name any frame number; a label file of more than a day of video is a mistake.
        if row.frame >= 10_000_000 {
            continue;
        }
        if labels.len() <= row.frame {
            labels.resize(row.frame + 1, None);
        }
        if let Some(place) = labels.get_mut(row.frame) {
            *place = label;
        }
    }
    Ok(tracks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::face_box::FaceBox;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::{Prediction, Timeline, TrackedFace};

    fn view() -> LabelView {
        let mut timeline = Timeline::new();
        for frame in 0..6 {
            let faces = (0..2)
                .map(|track| TrackedFace {
                    track,
                    face_box: FaceBox::whole(4, 4),
                    raw: std::array::from_fn(|i| if i == frame % 3 { 0.93 } else { 0.01 }),
                    temporal: None,
                })
                .collect();
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64,
                faces,
            });
        }
        LabelView::of(&timeline, Smoothing::None, 1)
    }

    #[test]
    fn our_own_files_agree_with_us() {
        let view = view();
        let table = LoadedLabels::read("a.csv", &frame_table::to_string("v", &view.rows)).unwrap();
        let report = table.compare(&view);
        assert_eq!((report.frames, report.accuracy), (12, 1.0));
        let annotation = LoadedLabels::read("a.txt", &affwild2::write(&view.rows)).unwrap();
        assert_eq!(annotation.compare(&view).frames, 6);
    }

    #[test]
    fn disagreement_and_gaps_are_counted() {
        let text = format!("{}\n0\n1\n-1\n7\n1\n2\n", affwild2::HEADER);
        let labels = LoadedLabels::read("a.txt", &text).unwrap();
        let report = labels.compare(&view());
        assert_eq!(report.frames, 5);
        assert!((report.accuracy - 0.8).abs() < 1e-9);
        assert!(matches!(
            LoadedLabels::read("a.txt", "hello"),
            Err(LabelFileError::Annotation(_))
        ));
        let nothing = format!("{}\n-1\n", affwild2::HEADER);
        assert!(matches!(
            LoadedLabels::read("a.txt", &nothing),
            Err(LabelFileError::Empty)
        ));
    }

    #[test]
    fn kappa_over_segments_counts_each_stretch_once() {
        let mut view = view();
        // Ours, of the first track: 0 1 2 0 1 2.
        for row in view
            .rows
            .iter_mut()
            .filter(|row| row.frame == 5 && row.track == Some(0))
        {
            row.reviewed = Some(Expression::Anger);
        }
        let text = format!("{}\n0\n0\n2\n-1\n1\n1\n", affwild2::HEADER);
        let labels = LoadedLabels::read("a.txt", &text).unwrap();
        // Stretches: (0, 0), (0, 1), (2, 2), (1, 1); the last one lasts two frames.
        // sklearn: cohen_kappa_score([0, 0, 2, 1], [0, 1, 2, 1]) = 0.636363...
        assert!((labels.segment_kappa(&view) - 7.0 / 11.0).abs() < 1e-9);
        assert!((labels.compare(&view).accuracy - 0.8).abs() < 1e-9);
    }
}
