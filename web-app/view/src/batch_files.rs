//! The files of one video of a list.

use std::ops::Range;

use shared_model::project::{PROJECT_VERSION, Project, ProjectError};
use shared_model::remark::Remarks;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::FrameRow;
use shared_model::{affwild2, elan, frame_table, remark_table, webvtt};

use crate::batch::ItemResults;
use crate::class_seconds::ClassSeconds;
use crate::comparison::stem;
use crate::export_labels::ExportLabels;
use crate::group_figures::GroupRow;
use crate::label_view::LabelView;
use crate::report_html::{self, Facts, how_decided, reported_remarks};
use crate::review::rows;
use crate::timeline_svg::{self, Names};

/// Texts by file name.
pub type Texts = Vec<(String, String)>;

/// What the files say in words, and how the rows are made.
#[derive(Debug, Clone)]
pub struct Manner {
    /// How labels are smoothed.
    pub smoothing: Smoothing,
    /// Window in frames.
    pub window: usize,
    /// Both in words.
    pub smoothing_text: String,
    /// Raw, temporal, smoothed and reviewed lane.
    pub lanes: [&'static str; 4],
    /// Which label goes into files with room for one.
    pub labels: ExportLabels,
    /// What somebody without a name is called.
    pub face: fn(u32) -> String,
    /// Day of writing.
    pub written: String,
    /// Seconds since 1970.
    pub now_s: u64,
}

/// Everything of one video.
#[derive(Debug)]
pub struct VideoFiles {
    /// Its files.
    pub texts: Texts,
    /// The rows that they were made of: faces by person, with the chosen labels.
    pub rows: Vec<FrameRow>,
    /// How long each person shows which class.
    pub shares: Vec<GroupRow>,
}

/// The files of a video that was read.
///
/// # Errors
/// When the project cannot be written.
pub fn files(name: &str, results: &ItemResults, manner: &Manner) -> Result<VideoFiles, ProjectError> {
    let (smoothing, window) = (manner.smoothing, manner.window);
    let (document, people) = (&results.document, results.document.people());
    let mut view = LabelView::of_people(&results.timeline, people.clone(), smoothing, window);
    rows::write_all(&mut view, document);
    let remarks = document.remarks().timed(&view.times, view.start_s());
    let end_s = view.end_s();
    let called = |person| {
        let name = people.name(person);
        name.map_or_else(|| (manner.face)(person), str::to_owned)
    };
    let names = Names {
        title: name.to_owned(),
        lanes: manner.lanes,
        people: view.tracks.iter().map(|track| called(track.track)).collect(),
    };
    let facts = Facts {
        video: name.to_owned(),
        model: results.model.clone(),
        smoothing: manner.smoothing_text.clone(),
        written: manner.written.clone(),
        audit: String::new(),
        decided: how_decided(document),
        remarks: reported_remarks(document.remarks(), &view, called),
    };
    let drawing = timeline_svg::draw(&view, &[], &names);
    let project = Project {
        version: PROJECT_VERSION,
        video: name.to_owned(),
        fingerprint: None,
        model: results.model.clone(),
        smoothing,
        window,
        reviewed: document.segments().collect(),
        people: people.clone(),
        remarks: document.remarks().clone(),
        decisions: document.decisions(),
        timeline: results.timeline.clone(),
    };
    let chosen = manner.labels.chosen(&view.rows);
    let mut texts = vec![
        ("csv", frame_table::to_string(name, &view.rows)),
        ("txt", affwild2::write(&chosen)),
        ("vtt", webvtt::write(&chosen, end_s)),
        (
            "eaf",
            elan::write(name, &view.rows, &remarks, end_s, manner.now_s),
        ),
        ("html", report_html::write(&facts, &view, None, &drawing)),
        ("svg", drawing),
        ("mien.json", project.to_json()?),
    ];
    if !remarks.is_empty() {
        texts.push(("notes.csv", remark_table::to_string(name, &remarks)));
    }
    if document.remarks().events().next().is_some() {
        texts.push(("chapters.vtt", webvtt::chapters(&remarks, view.start_s() + end_s)));
    }
    let stem = stem(name);
    let parts = parts(document.remarks(), view.frame_count());
    let mut shares = Vec::new();
    for (track, person) in view.tracks.iter().zip(names.people) {
        shares.extend(parts.iter().map(|(marker, frames)| GroupRow {
            video: name.to_owned(),
            person: person.clone(),
            marker: marker.clone(),
            seconds: ClassSeconds::within(&view, track, &chosen, frames.clone()),
        }));
    }
    let rows = chosen.into_owned();
    Ok(VideoFiles {
        texts: texts
            .into_iter()
            .map(|(ending, text)| (format!("{stem}.{ending}"), text))
            .collect(),
        shares,
        rows,
    })
}

/// The whole video, then what lies between one event and the next, under the first one's name.
fn parts(remarks: &Remarks, frames: usize) -> Vec<(String, Range<usize>)> {
    let mut events: Vec<(usize, String)> = remarks
        .events()
        .filter(|event| event.start < frames)
        .map(|event| (event.start, event.text.clone()))
        .collect();
    events.sort_by_key(|(start, _)| *start);
    let ends: Vec<usize> = events
        .iter()
        .skip(1)
        .map(|(start, _)| *start)
        .chain([frames])
        .collect();
    let between = events
        .into_iter()
        .zip(ends)
        .map(|((start, name), end)| (name, start..end));
    std::iter::once((String::new(), 0..frames))
        .chain(between)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::document::ReviewDocument;
    use shared_model::expression::Expression;
    use shared_model::face_box::FaceBox;
    use shared_model::people::People;
    use shared_model::reviewed_segment::ReviewedSegment;
    use shared_model::timeline::{Prediction, Timeline, TrackedFace};

    fn face(track: u32, class: Expression) -> TrackedFace {
        TrackedFace {
            track,
            face_box: FaceBox::whole(10, 10),
            raw: std::array::from_fn(|i| if i == class.index() { 0.93 } else { 0.01 }),
            temporal: None,
        }
    }

    /// The tracker lost one person's face and took it for another's; a third face is of nobody.
    fn results() -> ItemResults {
        let mut timeline = Timeline::new();
        for frame in 0..10 {
            let first = face(if frame < 5 { 0 } else { 1 }, Expression::Anger);
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64 / 25.0,
                faces: vec![first, face(2, Expression::Sadness)],
            });
        }
        let mut people = People::default();
        people.merge(1, 0);
        people.rename(0, "Ana");
        people.set_ignored(2, true);
        let reviewed = [ReviewedSegment {
            track: 0,
            start: 4,
            end: 7,
            label: Expression::Fear,
            confirmed: true,
        }];
        let remarks = Remarks::default()
            .with_note(0, 4..7, "hand before the face")
            .with_event(5, "bell");
        let document = ReviewDocument::from_segments(&reviewed).unwrap();
        ItemResults {
            timeline,
            document: document.with_people(people).with_remarks(remarks),
            model: "tiny".into(),
        }
    }

    #[test]
    fn the_table_of_a_video_has_people_put_together_and_nobody_who_is_left_out() {
        let manner = Manner {
            smoothing: Smoothing::NONE,
            window: 1,
            smoothing_text: "labels not smoothed".into(),
            lanes: ["frame", "temporal", "smoothed", "reviewed"],
            labels: ExportLabels::Final,
            face: |person| format!("Face {}", person + 1),
            written: "2026-01-01".into(),
            now_s: 0,
        };
        let VideoFiles { texts, rows, shares } = files("a.b.mp4", &results(), &manner).unwrap();
        let names: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
        let endings = [
            "csv",
            "txt",
            "vtt",
            "eaf",
            "html",
            "svg",
            "mien.json",
            "notes.csv",
            "chapters.vtt",
        ];
        assert_eq!(names, endings.map(|ending| format!("a.b.{ending}")));
        let read = frame_table::read(texts[0].1.as_bytes()).unwrap();
        assert_eq!(read.len(), 10);
        for (frame, named) in read.iter().enumerate() {
            assert_eq!((named.row.frame, named.row.track), (frame, Some(0)));
            assert_eq!(named.row.raw, Some(Expression::Anger));
            let reviewed = (4..7).contains(&frame).then_some(Expression::Fear);
            assert_eq!(named.row.reviewed, reviewed, "frame {frame}");
        }
        let labels = affwild2::read(&texts[1].1).unwrap();
        assert_eq!(labels[4], Some(Expression::Fear));
        assert_eq!(labels[8], Some(Expression::Anger));
        assert_eq!(rows.len(), 10);
        assert!(texts[4].1.contains("Ana"), "the report names people");
        let project = Project::from_json(&texts[6].1).unwrap();
        assert_eq!(ReviewDocument::of_project(&project).unwrap(), results().document);
        for (place, words) in [
            (3, "hand before the face"),
            (4, "hand before the face"),
            (7, "hand before the face"),
            (8, "bell"),
        ] {
            assert!(texts[place].1.contains(words), "{} lacks {words}", texts[place].0);
        }
        let [ana, from_bell] = shares.as_slice() else {
            panic!("one person is left, and one event: {shares:?}")
        };
        assert_eq!((ana.marker.as_str(), from_bell.marker.as_str()), ("", "bell"));
        let after = from_bell.seconds.by_class;
        assert!(
            (after[Expression::Fear.index()] - 2.0 / 25.0).abs() < 1e-9,
            "{after:?}"
        );
        assert!(
            (after[Expression::Anger.index()] - 3.0 / 25.0).abs() < 1e-9,
            "{after:?}"
        );
        assert_eq!((ana.video.as_str(), ana.person.as_str()), ("a.b.mp4", "Ana"));
        let seconds = ana.seconds.by_class;
        assert!(
            (seconds[Expression::Anger.index()] - 7.0 / 25.0).abs() < 1e-9,
            "{seconds:?}"
        );
        assert!(
            (seconds[Expression::Fear.index()] - 3.0 / 25.0).abs() < 1e-9,
            "{seconds:?}"
        );
        assert_eq!((ana.seconds.confirmed, ana.seconds.frames), (3, 10));
        let smoothed = Manner {
            labels: ExportLabels::Smoothed,
            ..manner
        };
        let VideoFiles { texts, shares, .. } = files("a.b.mp4", &results(), &smoothed).unwrap();
        let labels = affwild2::read(&texts[1].1).unwrap();
        assert!(labels.iter().all(|label| *label == Some(Expression::Anger)));
        assert_eq!(shares[0].seconds.by_class[Expression::Fear.index()], 0.0);
    }
}
