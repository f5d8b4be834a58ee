//! Labels of a file beside our own.

use std::collections::BTreeMap;

use shared_model::expression::Expression;
use shared_model::frame_table::NamedRow;
use shared_model::label_files::{self, FrameLabels, LabelFile, LabelFileError, LabelSpans};
use shared_model::timeline::FrameRow;
use thiserror::Error;

use crate::label_view::{LabelView, TrackView};
pub use shared_model::label_files::stem;

/// The labels of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedLabels {
    /// File name.
    pub name: String,
    /// The video that the file names, where it names one.
    pub video: Option<String>,
    labels: ByFace,
}

#[derive(Debug, Clone, PartialEq)]
enum ByFace {
    /// One label a frame, for the face with the lowest number in it.
    First(FrameLabels),
    /// Labels of each track.
    Each(BTreeMap<u32, FrameLabels>),
    /// Labels from time to time.
    Spans(LabelSpans),
}

/// Why a file's labels cannot be laid beside a video's.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] LabelFileError),
    /// A table of several videos, none of which is the one that is open.
    #[error("it holds labels of {0}, none of which is the open video")]
    OtherVideos(String),
}

/// How the length of labels differs from the video's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Misfit {
    /// The file labels more frames than the video has.
    More { file: usize, video: usize },
    /// The file labels fewer.
    Fewer { file: usize, video: usize },
    /// The last label lies behind the video's end, in seconds.
    Later { file_s: f64, video_s: f64 },
}

impl LoadedLabels {
    /// Reads any label file. Of a table of several videos the rows of `video` count.
    ///
    /// # Errors
    /// When the text is no label file, labels no frame, or is of several other videos.
    pub fn read(name: &str, text: &str, video: &str) -> Result<Self, LoadError> {
        let mut named = None;
        let labels = match label_files::read(text)? {
            LabelFile::Annotation(labels) => ByFace::First(labels),
            LabelFile::Spans(spans) => ByFace::Spans(spans),
            LabelFile::Table(rows) => {
                let (of_video, rows) = rows_of(rows, video)?;
                named = Some(of_video);
                ByFace::Each(by_track(&rows))
            }
        };
        Ok(Self {
            name: name.to_owned(),
            video: named,
            labels,
        })
    }

    /// Tiers of the file that hold something else and were left out.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        match &self.labels {
            ByFace::Spans(spans) => &spans.left_out,
            _ => &[],
        }
    }

    /// Whether the file is as long as the video; for a video that has been read to its end.
    #[must_use]
    pub fn misfit(&self, view: &LabelView) -> Option<Misfit> {
        let video = view.frame_count();
        let file = match &self.labels {
            ByFace::First(labels) => labels.len(),
            ByFace::Each(tracks) => tracks.values().map(Vec::len).max().unwrap_or(0),
            ByFace::Spans(spans) => {
                let (file_s, video_s) = (spans.end_s(), view.start_s() + view.end_s());
                // Half a second more is how players and containers differ about a video's end.
                return (file_s > video_s + 0.5).then_some(Misfit::Later { file_s, video_s });
            }
        };
        match file.cmp(&video) {
            std::cmp::Ordering::Greater => Some(Misfit::More { file, video }),
            std::cmp::Ordering::Less => Some(Misfit::Fewer { file, video }),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// Label of a track's frame.
    #[must_use]
    pub fn label_in(&self, view: &LabelView, track: &TrackView, frame: usize) -> Option<Expression> {
        let row = view.row_of(track, frame)?;
        let is_first = view
            .rows_of(frame)
            .first()
            .is_some_and(|first| first.track == row.track);
        self.label(view, track.track, row, is_first)
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
            Some((row, self.label(view, track.track, row, is_first)))
        })
    }

    fn label(&self, view: &LabelView, track: u32, row: &FrameRow, is_first: bool) -> Option<Expression> {
        match &self.labels {
            ByFace::First(labels) if is_first => labels.get(row.frame).copied().flatten(),
            ByFace::First(_) => None,
            ByFace::Each(tracks) => tracks.get(&track)?.get(row.frame).copied().flatten(),
            ByFace::Spans(spans) => {
                let (start_s, end_s) = view.span_of(row.frame);
                // The label that holds in the middle of the frame: times in files are rounded, and on the media's own clock.
                let middle_s = f64::midpoint(start_s, end_s) + view.start_s();
                spans.label_at(track, is_first, middle_s)
            }
        }
    }
}

/// The rows of the video with this name (its ending does not count), or of the only one in the table.
fn rows_of(rows: Vec<NamedRow>, video: &str) -> Result<(String, Vec<FrameRow>), LoadError> {
    let mut videos: BTreeMap<String, Vec<FrameRow>> = BTreeMap::new();
    for NamedRow { video, row } in rows {
        videos.entry(video).or_default().push(row);
    }
    let mut same = videos.keys().filter(|name| stem(name) == stem(video));
    let same = match (videos.contains_key(video), same.next(), same.next()) {
        (true, ..) => Some(video.to_owned()),
        // Of `talk.mov` and `talk.mp4` neither is `talk.mkv`.
        (false, only, None) => only.cloned(),
        _ => None,
    };
    let wanted = match (same, videos.len()) {
        (Some(name), _) => name,
        (None, 1) => videos.keys().next().cloned().unwrap_or_default(),
        (None, _) => {
            let names: Vec<String> = videos.into_keys().collect();
            return Err(LoadError::OtherVideos(names.join(", ")));
        }
    };
    let rows = videos.remove(&wanted).unwrap_or_default();
    Ok((wanted, rows))
}

fn by_track(rows: &[FrameRow]) -> BTreeMap<u32, FrameLabels> {
    let column = label_files::best_column(rows.iter());
    let frames = rows.iter().map(|row| row.frame + 1).max().unwrap_or(0);
    let mut tracks: BTreeMap<u32, FrameLabels> = BTreeMap::new();
    for track in rows.iter().filter_map(|row| row.track) {
        tracks.entry(track).or_insert_with(|| vec![None; frames]);
    }
    let lowest = tracks.keys().next().copied();
    for row in rows {
        // A frame without a face has one row: what it says goes for whoever is looked for there.
        if let Some(track) = row.track {
            if let Some(labels) = tracks.get_mut(&track) {
                set(labels, row.frame, column(row));
            }
            continue;
        }
        for labels in tracks.values_mut() {
            set(labels, row.frame, column(row));
        }
    }
    if lowest.is_none() {
        let mut labels = vec![None; frames];
        for row in rows {
            set(&mut labels, row.frame, column(row));
        }
        tracks.insert(0, labels);
    }
    tracks
}

fn set(labels: &mut FrameLabels, frame: usize, label: Option<Expression>) {
    if let Some(place) = labels.get_mut(frame) {
        *place = label;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::{self, Side};
    use shared_model::agreement::Unit;
    use shared_model::face_box::FaceBox;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::{Prediction, Timeline, TrackedFace};
    use shared_model::{affwild2, elan, frame_table};
    use std::rc::Rc;

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
                time_s: frame as f64 / 24.0,
                faces,
            });
        }
        // The sound is ahead of the picture.
        timeline.set_start_s(0.75);
        LabelView::of(&timeline, Smoothing::NONE, 1)
    }

    fn report(view: &LabelView, labels: LoadedLabels, unit: Unit) -> shared_model::metrics::Report {
        let files = [Rc::new(labels)];
        agreement::matrix(view, &files, [Side::File(0), Side::Final], unit).report()
    }

    fn annotation(labels: &str) -> String {
        format!("{}\n{}\n", affwild2::HEADER, labels.replace(' ', "\n"))
    }

    #[test]
    fn of_two_videos_of_one_name_the_open_one_counts() {
        let view = view();
        let of = |name: &str| frame_table::to_string(name, &view.rows);
        let (first, second) = (of("talk.mov"), of("talk.mp4"));
        let text = format!("{first}{}", second.split_once('\n').unwrap().1);
        let read =
            |video: &str| LoadedLabels::read("t.csv", &text, video).map(|labels| labels.video.unwrap());
        assert_eq!(read("talk.mov").unwrap(), "talk.mov");
        assert_eq!(read("talk.mp4").unwrap(), "talk.mp4");
        let said = read("talk.mkv").unwrap_err().to_string();
        assert!(said.contains("talk.mov, talk.mp4"), "{said}");
        // A number is no ending.
        let sessions = text
            .replace("talk.mov", "session.1")
            .replace("talk.mp4", "session.2");
        let labels = LoadedLabels::read("t.csv", &sessions, "session.2.mp4").unwrap();
        assert_eq!(labels.video.as_deref(), Some("session.2"));
    }

    #[test]
    fn our_own_files_agree_with_us() {
        let view = view();
        for (name, text, frames) in [
            ("a.csv", frame_table::to_string("v", &view.rows), 12),
            ("a.txt", affwild2::write(&view.rows), 6),
            (
                "a.eaf",
                elan::write("v.mp4", &view.rows, &[], view.end_s(), 0),
                12,
            ),
        ] {
            let labels = LoadedLabels::read(name, &text, "v.mp4").unwrap();
            assert_eq!(labels.misfit(&view), None, "{name}");
            let report = report(&view, labels, Unit::Frame);
            assert_eq!((report.frames, report.accuracy), (frames, 1.0), "{name}");
        }
    }

    #[test]
    fn disagreement_and_gaps_are_counted() {
        let labels = LoadedLabels::read("a.txt", &annotation("0 1 -1 7 1 2"), "v").unwrap();
        let report = report(&view(), labels, Unit::Frame);
        assert_eq!(report.frames, 5);
        assert!((report.accuracy - 0.8).abs() < 1e-9);
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
        let labels = LoadedLabels::read("a.txt", &annotation("0 0 2 -1 1 1"), "v").unwrap();
        // Stretches: (0, 0), (0, 1), (2, 2), (1, 1); the last one lasts two frames.
        // sklearn: cohen_kappa_score([0, 0, 2, 1], [0, 1, 2, 1]) = 0.636363...
        let kappa = report(&view, labels, Unit::Stretch).kappa;
        assert!((kappa - 7.0 / 11.0).abs() < 1e-9, "{kappa}");
    }

    #[test]
    fn other_lengths_are_told_with_both_numbers() {
        let view = view();
        let misfit = |name: &str, text: &str| LoadedLabels::read(name, text, "v.mp4").unwrap().misfit(&view);
        let more = misfit("a.txt", &annotation("0 1 2 0 1 2 0 1"));
        assert_eq!(more, Some(Misfit::More { file: 8, video: 6 }));
        let fewer = misfit("a.txt", &annotation("0 1"));
        assert_eq!(fewer, Some(Misfit::Fewer { file: 2, video: 6 }));
        assert!(matches!(
            misfit("a.txt", "0 0\n9.5 1\n"),
            Some(Misfit::Later { .. })
        ));
        assert_eq!(misfit("a.txt", "0 0\n0.2 1\n"), None);
    }

    #[test]
    fn of_several_videos_the_one_with_this_name_counts() {
        let view = view();
        let both = format!(
            "{}{}",
            frame_table::to_string("one.mp4", &view.rows),
            frame_table::to_string("two.mp4", &view.rows)
                .split_once('\n')
                .unwrap()
                .1
        );
        let labels = LoadedLabels::read("all.csv", &both, "two.webm").unwrap();
        assert_eq!(labels.video.as_deref(), Some("two.mp4"));
        let other = LoadedLabels::read("all.csv", &both, "three.mp4").unwrap_err();
        assert!(other.to_string().contains("one.mp4, two.mp4"), "{other}");
    }
}
