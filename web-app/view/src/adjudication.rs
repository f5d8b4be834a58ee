//! Two people's labels of one video laid together: what both say is taken, what they differ in is left to a third to decide.

use std::rc::Rc;

use shared_model::expression::Expression;
use shared_model::reviewed_segment::ReviewedSegment;

use crate::agreement::{self, Side};
use crate::comparison::LoadedLabels;
use crate::label_view::LabelView;
use crate::review::document::ReviewDocument;

/// Two label files laid together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adjudication {
    /// By track and start. What both say is confirmed. Where they differ, or one says nothing, the first that says something stands, not
    /// confirmed, with an edge wherever either of them changes.
    pub segments: Vec<ReviewedSegment>,
    /// Frames that at least one of them labels.
    pub frames: usize,
    /// Those of them that both label alike.
    pub agreed: usize,
    /// Segments that are left to decide.
    pub open: usize,
    /// Frames that were reviewed before and stay as they are; they are none of those above.
    pub kept: usize,
}

impl Adjudication {
    /// Of two open files, by their places in the list. What a person has confirmed in `document` is decided already, and is left alone.
    #[must_use]
    pub fn of(
        view: &LabelView,
        files: &[Rc<LoadedLabels>],
        [first, second]: [usize; 2],
        document: &ReviewDocument,
    ) -> Self {
        let mut found = Self::default();
        // What the last segment is of.
        let mut last: Option<[Option<Expression>; 2]> = None;
        for pair in agreement::pairs(view, files, [Side::File(first), Side::File(second)]) {
            let said = [pair.truth, pair.other];
            let Some(label) = pair.truth.or(pair.other) else {
                last = None;
                continue;
            };
            let before = document.at(pair.track, pair.frame);
            if before.is_some_and(|segment| segment.confirmed) {
                found.kept += 1;
                last = None;
                continue;
            }
            let confirmed = pair.truth == pair.other;
            found.frames += 1;
            found.agreed += usize::from(confirmed);
            let goes_on = |segment: &&mut ReviewedSegment| {
                segment.track == pair.track && segment.end == pair.frame && last == Some(said)
            };
            if let Some(segment) = found.segments.last_mut().filter(goes_on) {
                segment.end += 1;
            } else {
                found.open += usize::from(!confirmed);
                found.segments.push(ReviewedSegment {
                    track: pair.track,
                    start: pair.frame,
                    end: pair.frame + 1,
                    label,
                    confirmed,
                });
            }
            last = Some(said);
        }
        found
    }
}

/// Cohen's kappa over the frames of each two lanes: the open files, then what was reviewed here. `None` where the two have no frame in
/// common, and for a lane and itself.
#[must_use]
pub fn kappas(view: &LabelView, files: &[Rc<LoadedLabels>]) -> Vec<Vec<Option<f64>>> {
    let lanes: Vec<Side> = (0..files.len()).map(Side::File).chain([Side::Reviewed]).collect();
    let kappa = |one: Side, other: Side| {
        let report =
            agreement::matrix(view, files, [one, other], shared_model::agreement::Unit::Frame).report();
        (one != other && report.frames > 0).then_some(report.kappa)
    };
    lanes
        .iter()
        .map(|one| lanes.iter().map(|other| kappa(*one, *other)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::face_box::FaceBox;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::{Prediction, Timeline, TrackedFace};

    use crate::review::edit_kind::EditKind;
    use crate::review::history::Review;

    fn view() -> LabelView {
        let mut timeline = Timeline::new();
        for frame in 0..12 {
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64 / 24.0,
                faces: vec![TrackedFace {
                    track: 4,
                    face_box: FaceBox::whole(8, 8),
                    raw: [0.125; 8],
                    temporal: None,
                }],
            });
        }
        LabelView::of(&timeline, Smoothing::NONE, 1)
    }

    fn file(name: &str, labels: &[i32]) -> Rc<LoadedLabels> {
        let header = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other";
        let lines: Vec<String> = labels.iter().map(ToString::to_string).collect();
        let text = format!("{header}\n{}\n", lines.join("\n"));
        Rc::new(LoadedLabels::read(name, &text, "v.mp4").unwrap())
    }

    #[test]
    fn what_both_say_is_confirmed_and_the_rest_is_cut_where_either_changes() {
        let view = view();
        let files = [
            file("a", &[0, 0, 0, 3, 3, 3, 3, 3, -1, -1, 5, 5]),
            file("b", &[0, 0, 0, 3, 3, 4, 4, 6, 6, -1, 5, -1]),
        ];
        let nothing = ReviewDocument::default();
        let found = Adjudication::of(&view, &files, [0, 1], &nothing);
        let segments: Vec<_> = found
            .segments
            .iter()
            .map(|segment| {
                (
                    segment.start,
                    segment.end,
                    segment.label.index(),
                    segment.confirmed,
                )
            })
            .collect();
        assert_eq!(
            segments,
            [
                (0, 3, 0, true),
                (3, 5, 3, true),
                (5, 7, 3, false),
                (7, 8, 3, false),
                (8, 9, 6, false),
                (10, 11, 5, true),
                (11, 12, 5, false),
            ]
        );
        assert_eq!((found.frames, found.agreed, found.open), (11, 6, 4));
        // As one step of a review, which leaves alone what neither of them labels.
        let mut review = Review::default();
        review.lay_together(&found.segments).unwrap();
        assert!(review.document().segments().eq(found.segments.iter().copied()));
        assert!(review.document().at(4, 9).is_none());
        // What was decided since is not asked again.
        let decided = ReviewedSegment {
            label: Expression::Surprise,
            confirmed: true,
            ..found.segments[2]
        };
        review
            .set(EditKind::Relabel(Expression::Surprise), decided)
            .unwrap();
        let again = Adjudication::of(&view, &files, [0, 1], review.document());
        assert_eq!((again.kept, again.agreed, again.open), (8, 0, 3));
        let before = review.document().clone();
        assert!(review.lay_together(&again.segments).is_none());
        assert_eq!(review.document(), &before);
        review.undo();
        review.undo();
        assert!(review.document().is_empty());
        // The other way round the other one stands where they differ.
        let other = Adjudication::of(&view, &files, [1, 0], &nothing);
        assert_eq!(other.agreed, found.agreed);
        assert_eq!(other.segments[2].label.index(), 4);
    }

    #[test]
    fn each_two_lanes_have_their_kappa() {
        let view = view();
        let files = [
            file("a", &[0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3]),
            file("b", &[0, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 0]),
            // Where the fourth says something the third is silent.
            file("c", &[0, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1]),
            file("d", &[-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 3, 3]),
        ];
        let kappas = kappas(&view, &files);
        // Ten of twelve alike, half expected by chance: (10/12 - 1/2) / (1 - 1/2).
        assert!((kappas[0][1].unwrap() - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(kappas[0][1], kappas[1][0]);
        assert_eq!((kappas[0][0], kappas[2][3], kappas[0][4]), (None, None, None));
        assert!(kappas[0][2].is_some() && kappas[1][3].is_some());
        assert_eq!(kappas.len(), 5);
    }
}
