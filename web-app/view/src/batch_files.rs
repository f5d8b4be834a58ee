//! The files of one video of a list.

use shared_model::smoothing::Smoothing;
use shared_model::timeline::FrameRow;
use shared_model::{affwild2, elan, frame_table, webvtt};

use crate::batch::ItemResults;
use crate::comparison::stem;
use crate::label_view::LabelView;
use crate::review::document::{ReviewDocument, SegmentFault};
use crate::review::rows;

/// Texts by file name.
pub type Texts = Vec<(String, String)>;

/// The files of a video that was read, and the rows that they were made of: faces by person, labels by hand over
/// computed ones. `now_s` are seconds since 1970.
///
/// # Errors
/// When the labels by hand contradict one another.
pub fn files(
    name: &str,
    results: &ItemResults,
    smoothing: Smoothing,
    window: usize,
    now_s: u64,
) -> Result<(Texts, Vec<FrameRow>), SegmentFault> {
    let mut view = LabelView::of_people(&results.timeline, results.people.clone(), smoothing, window);
    rows::write_all(&mut view, &ReviewDocument::from_segments(&results.reviewed)?);
    let end_s = view.end_s();
    let texts = [
        ("csv", frame_table::to_string(name, &view.rows)),
        ("txt", affwild2::write(&view.rows)),
        ("vtt", webvtt::write(&view.rows, end_s)),
        ("eaf", elan::write(name, &view.rows, end_s, now_s)),
    ];
    let stem = stem(name);
    let texts = texts.map(|(ending, text)| (format!("{stem}.{ending}"), text));
    Ok((texts.into(), view.rows))
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let reviewed = vec![ReviewedSegment {
            track: 0,
            start: 4,
            end: 7,
            label: Expression::Fear,
            confirmed: true,
        }];
        ItemResults {
            timeline,
            reviewed,
            people,
            model: "tiny".into(),
        }
    }

    #[test]
    fn the_table_of_a_video_has_people_put_together_and_nobody_who_is_left_out() {
        let (texts, rows) = files("a.b.mp4", &results(), Smoothing::None, 1, 0).unwrap();
        let names: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.b.csv", "a.b.txt", "a.b.vtt", "a.b.eaf"]);
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
    }
}
