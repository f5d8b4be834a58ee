//! Predictions made elsewhere: a per-frame csv as a project, so that it can be looked at and reviewed without analysing.

use std::collections::{BTreeMap, BTreeSet};

use shared_model::expression::{ClassScores, Expression};
use shared_model::face_box::FaceBox;
use shared_model::frame_table::{self, FrameTableError, NamedRow};
use shared_model::label_files::MOST_FRAMES;
use shared_model::reviewed_segment::ReviewedSegment;
use shared_model::smoothing::{DEFAULT_WINDOW, Smoothing};
use shared_model::timeline::{FrameRow, Timeline, TimelineFrame, TrackedFace};
use thiserror::Error;

/// What a csv holds of one video.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// File name of the video.
    pub video: String,
    /// What was seen.
    pub timeline: Timeline,
    /// What a person said.
    pub reviewed: Vec<ReviewedSegment>,
    /// The way of smoothing that comes nearest to the file's smoothed labels.
    pub smoothing: Smoothing,
    /// Its window in frames.
    pub window: usize,
    /// Rows whose smoothed label differs from the file's all the same.
    pub differing: usize,
}

/// Why a csv cannot be taken as predictions.
#[derive(Debug, Error)]
pub enum PredictionsError {
    #[error(transparent)]
    Table(#[from] FrameTableError),
    #[error("it holds several videos ({0}): take one at a time")]
    Videos(String),
    #[error("it has no rows")]
    Empty,
    #[error("frame {found} follows frame {before}: every frame needs a row, in order, from 0")]
    Order { found: usize, before: String },
    #[error("frame {0} is beyond any video that is read here")]
    FrameNumber(usize),
    #[error("the face of track {track} in frame {frame} has neither probabilities nor a label")]
    Nothing { track: u32, frame: usize },
}

/// Reads the csv of one video.
///
/// # Errors
/// When it is no per-frame csv of one video with every frame in it.
pub fn read(text: &str) -> Result<Predictions, PredictionsError> {
    let named = frame_table::read(text.as_bytes())?;
    let mut videos: Vec<&str> = named.iter().map(|row| row.video.as_str()).collect();
    videos.dedup();
    let video = match videos.as_slice() {
        [] => return Err(PredictionsError::Empty),
        [only] => (*only).to_owned(),
        several => return Err(PredictionsError::Videos(several.join(", "))),
    };
    let rows: Vec<FrameRow> = named.into_iter().map(|NamedRow { row, .. }| row).collect();
    let mut timeline = timeline_of(&rows)?;
    timeline.set_start_s(start_of(&rows));
    timeline.set_unrelated(are_unrelated(&rows));
    let (smoothing, window, differing) = smoothing_of(&timeline, &rows);
    Ok(Predictions {
        video,
        reviewed: segments_of(&rows),
        timeline,
        smoothing,
        window,
        differing,
    })
}

fn timeline_of(rows: &[FrameRow]) -> Result<Timeline, PredictionsError> {
    let mut frames: Vec<TimelineFrame> = Vec::new();
    for row in rows {
        if row.frame >= MOST_FRAMES {
            return Err(PredictionsError::FrameNumber(row.frame));
        }
        if row.frame == frames.len() {
            frames.push(TimelineFrame {
                time_s: row.time_s,
                faces: Vec::new(),
            });
        } else if row.frame + 1 != frames.len() {
            let before = frames.len().checked_sub(1);
            return Err(PredictionsError::Order {
                found: row.frame,
                before: before.map_or("the header".to_owned(), |frame| frame.to_string()),
            });
        }
        if let (Some(face), Some(frame)) = (face_of(row)?, frames.last_mut()) {
            frame.faces.push(face);
        }
    }
    for frame in &mut frames {
        frame.faces.sort_by_key(|face| face.track);
        frame.faces.dedup_by_key(|face| face.track);
    }
    Ok(Timeline::of_frames(frames))
}

/// The first frame's time on the media's clock; 0 where the file, an older one, does not know that clock.
fn start_of(rows: &[FrameRow]) -> f64 {
    let first = rows.first();
    first.map_or(0.0, |row| row.media_s.map_or(0.0, |media_s| media_s - row.time_s))
}

/// The csv does not say whether its frames are pictures that have nothing to do with one another, but only then is nobody
/// seen twice and nothing known of a frame without a face.
fn are_unrelated(rows: &[FrameRow]) -> bool {
    let mut seen = BTreeSet::new();
    let mut shows_alone = |row: &FrameRow| match row.track {
        Some(track) => seen.insert(track) && row.temporal.is_none(),
        None => row.probabilities.is_none(),
    };
    rows.iter().all(&mut shows_alone) && !seen.is_empty()
}

/// An older csv holds the final probabilities only: of the head, where there is a temporal label, the label is all that is
/// known, so it stands as certain.
fn face_of(row: &FrameRow) -> Result<Option<TrackedFace>, PredictionsError> {
    let Some(track) = row.track else { return Ok(None) };
    let label = row.temporal.or(row.raw).or(row.smoothed).or(row.reviewed);
    let Some(scores) = row.probabilities.or(label.map(certain)) else {
        return Err(PredictionsError::Nothing {
            track,
            frame: row.frame,
        });
    };
    let box_unknown = FaceBox {
        x: 0.0,
        y: 0.0,
        w: 0.0,
        h: 0.0,
        score: 0.0,
        roll_deg: 0.0,
    };
    Ok(Some(TrackedFace {
        track,
        face_box: row.face_box.unwrap_or(box_unknown),
        raw: row.raw_probabilities.unwrap_or_else(|| match row.temporal {
            Some(_) => row.raw.map_or(scores, certain),
            None => scores,
        }),
        temporal: row.temporal.map(|_| scores),
    }))
}

fn certain(label: Expression) -> ClassScores {
    std::array::from_fn(|class| if class == label.index() { 1.0 } else { 0.0 })
}

/// The csv does not say how its labels were smoothed: the usual ways are tried.
fn smoothing_of(timeline: &Timeline, rows: &[FrameRow]) -> (Smoothing, usize, usize) {
    let usual = [
        (Smoothing::SLIDING, DEFAULT_WINDOW),
        (Smoothing::NONE, DEFAULT_WINDOW),
        (Smoothing::MEAN, DEFAULT_WINDOW),
        (Smoothing::BLOCK, DEFAULT_WINDOW),
    ];
    let mut best = (Smoothing::default(), DEFAULT_WINDOW, usize::MAX);
    if rows.iter().all(|row| row.smoothed.is_none()) {
        return (best.0, best.1, 0);
    }
    for (way, window) in usual {
        let ours = timeline.rows(way, window);
        let differing = rows
            .iter()
            .zip(&ours)
            .filter(|(row, own)| row.smoothed != own.smoothed)
            .count();
        if differing < best.2 {
            best = (way, window, differing);
        }
        if differing == 0 {
            break;
        }
    }
    best
}

/// Runs of equal reviewed label; frames without a face go on with what was before them.
fn segments_of(rows: &[FrameRow]) -> Vec<ReviewedSegment> {
    let mut open: BTreeMap<u32, ReviewedSegment> = BTreeMap::new();
    let mut segments = Vec::new();
    for row in rows {
        let Some(label) = row.reviewed else { continue };
        let goes_on = |segment: &ReviewedSegment| segment.label == label && segment.end == row.frame;
        match row.track {
            None => {
                for segment in open.values_mut().filter(|segment| goes_on(segment)) {
                    segment.end += 1;
                }
            }
            Some(track) => match open.get_mut(&track).filter(|segment| goes_on(segment)) {
                Some(segment) => segment.end += 1,
                None => {
                    segments.extend(open.insert(
                        track,
                        ReviewedSegment {
                            track,
                            start: row.frame,
                            end: row.frame + 1,
                            label,
                            confirmed: true,
                        },
                    ));
                }
            },
        }
    }
    segments.extend(open.into_values());
    segments.sort_by_key(|segment| (segment.track, segment.start));
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label_view::LabelView;
    use crate::review::document::ReviewDocument;
    use crate::review::rows::write_all;
    use shared_model::timeline::Prediction;

    fn view() -> (LabelView, ReviewDocument) {
        let mut timeline = Timeline::new();
        for frame in 0..120 {
            let scores = |class: usize| std::array::from_fn(|i| if i == class { 0.65 } else { 0.05 });
            let face = |track: u32| TrackedFace {
                track,
                face_box: FaceBox::whole(8, 8),
                raw: scores(frame / 11 % 8),
                temporal: Some(scores(frame / 40 % 8)),
            };
            timeline.set_start_s(0.75);
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64 / 25.0,
                faces: if frame % 17 == 3 {
                    Vec::new()
                } else {
                    vec![face(0), face(3)]
                },
            });
        }
        let segment = |track, start, end, label| ReviewedSegment {
            track,
            start,
            end,
            label,
            confirmed: true,
        };
        let document = ReviewDocument::from_segments(&[
            segment(0, 10, 50, Expression::Fear),
            segment(0, 50, 60, Expression::Other),
            segment(3, 0, 3, Expression::Anger),
        ])
        .unwrap();
        let mut view = LabelView::of(&timeline, Smoothing::MEAN, DEFAULT_WINDOW);
        write_all(&mut view, &document);
        (view, document)
    }

    #[test]
    fn our_own_csv_opens_as_it_was() {
        let (view, document) = view();
        let found = read(&frame_table::to_string("v.mp4", &view.rows)).unwrap();
        assert_eq!((found.video.as_str(), found.differing), ("v.mp4", 0));
        assert_eq!(found.reviewed, document.segments().collect::<Vec<_>>());
        let mut again = LabelView::of(&found.timeline, found.smoothing, found.window);
        write_all(&mut again, &document);
        for (row, own) in view.rows.iter().zip(&again.rows) {
            assert_eq!(
                [row.raw, row.temporal, row.smoothed, row.reviewed],
                [own.raw, own.temporal, own.smoothed, own.reviewed],
                "frame {}",
                row.frame
            );
            // The head's probabilities are in the file, which rounds times to microseconds.
            assert_eq!(row.raw_probabilities, own.raw_probabilities);
            assert!((row.media_s.unwrap() - own.media_s.unwrap()).abs() < 2e-6);
        }
        assert!(!found.timeline.is_unrelated());
    }

    /// The columns of a csv as it was written before the head's probabilities stood in it.
    #[test]
    fn an_older_csv_opens_with_the_head_s_labels_as_certain() {
        let (view, _) = view();
        let older: String = frame_table::to_string("v.mp4", &view.rows)
            .lines()
            .map(|line| {
                let cells: Vec<&str> = line.split(',').take(frame_table::FIRST_COLUMNS).collect();
                format!("{}\n", cells.join(","))
            })
            .collect();
        let found = read(&older).unwrap();
        assert_eq!((found.differing, found.timeline.start_s()), (0, 0.0));
        for frame in found.timeline.frames() {
            for face in &frame.faces {
                assert_eq!(face.raw.iter().filter(|p| **p == 1.0).count(), 1);
            }
        }
        let again = LabelView::of(&found.timeline, found.smoothing, found.window);
        for (row, own) in view.rows.iter().zip(&again.rows) {
            assert_eq!((row.raw, row.temporal), (own.raw, own.temporal));
        }
    }

    /// Strangers one after the other, one picture without a face: nothing is made up for it when the csv is opened.
    #[test]
    fn pictures_that_have_nothing_to_do_with_one_another_stay_apart() {
        let mut timeline = Timeline::new();
        timeline.set_unrelated(true);
        for frame in 0..6_u32 {
            let face = TrackedFace {
                track: frame,
                face_box: FaceBox::whole(8, 8),
                raw: certain(Expression::ALL[frame as usize]),
                temporal: None,
            };
            timeline.push(Prediction::Seen {
                frame: frame as usize,
                time_s: f64::from(frame) / 25.0,
                faces: if frame == 2 { Vec::new() } else { vec![face] },
            });
        }
        let rows = timeline.rows(Smoothing::SLIDING, DEFAULT_WINDOW);
        let found = read(&frame_table::to_string("faces", &rows)).unwrap();
        assert!(found.timeline.is_unrelated());
        assert_eq!(found.differing, 0);
        let again = found.timeline.rows(found.smoothing, found.window);
        let labels = |rows: &[FrameRow]| rows.iter().map(|row| row.smoothed).collect::<Vec<_>>();
        assert_eq!(labels(&again), labels(&rows));
        assert!(again[2].probabilities.is_none());
    }

    #[test]
    fn gaps_and_several_videos_are_named() {
        let (view, _) = view();
        let text = frame_table::to_string("v.mp4", &view.rows);
        let without: String = text
            .lines()
            .filter(|line| !line.contains(",7,0.28"))
            .map(|line| format!("{line}\n"))
            .collect();
        let said = read(&without).unwrap_err().to_string();
        assert!(said.contains("frame 8 follows frame 6"), "{said}");
        let other = frame_table::to_string("w.mp4", &view.rows);
        let both = format!("{text}{}", other.split_once('\n').unwrap().1);
        assert!(read(&both).unwrap_err().to_string().contains("v.mp4, w.mp4"));
        let header = text.lines().next().unwrap();
        assert!(matches!(
            read(&format!("{header}\n")),
            Err(PredictionsError::Empty)
        ));
    }
}
