//! Properties of a review in which people are put together, parted, named and left out.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use shared_model::expression::Expression;
use shared_model::face_box::FaceBox;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::{Prediction, Timeline, TrackedFace};

use super::document::ReviewDocument;
use super::edit_kind::EditKind;
use super::history::Review;
use super::queue::ReviewQueue;
use super::queue_filter::QueueFilter;
use crate::cast::together;
use crate::label_view::LabelView;

const FRAMES: usize = 120;

/// A face that the tracker lost twice, and another one beside it.
fn timeline() -> Timeline {
    let mut timeline = Timeline::new();
    for frame in 0..FRAMES {
        let first = match frame {
            0..40 => Some(0),
            45..80 => Some(2),
            85.. => Some(3),
            _ => None,
        };
        let faces = [first, (frame % 50 > 10).then_some(1)]
            .into_iter()
            .flatten()
            .map(|track| TrackedFace {
                track,
                face_box: FaceBox::whole(4, 4),
                raw: std::array::from_fn(|class| if class == frame / 9 % 8 { 0.65 } else { 0.05 }),
                temporal: None,
            })
            .collect();
        timeline.push(Prediction::Seen {
            frame,
            time_s: frame as f64 * 0.04,
            faces,
        });
    }
    timeline
}

fn view(timeline: &Timeline, review: &Review) -> LabelView {
    let people = review.document().people().clone();
    LabelView::of_people(timeline, people, Smoothing::SLIDING, 5)
}

/// One random edit; whether it did something.
fn edit(review: &mut Review, view: &LabelView, random: &mut StdRng) -> bool {
    let tracks: Vec<u32> = view.tracks.iter().map(|track| track.track).collect();
    let ignored: Vec<u32> = review.document().people().ignored().collect();
    if tracks.is_empty() || (!ignored.is_empty() && random.random_bool(0.3)) {
        return ignored
            .first()
            .is_some_and(|person| review.set_ignored(*person, false).is_some());
    }
    let person = tracks[random.random_range(0..tracks.len())];
    let other = tracks[random.random_range(0..tracks.len())];
    let start = random.random_range(0..FRAMES);
    let end = random.random_range(start..FRAMES) + 1;
    let label = Expression::ALL[random.random_range(0..8)];
    match random.random_range(0..10) {
        0 => review.rename(person, if start % 2 == 0 { "Ada" } else { "" }),
        1..=2 if together(view, person, other).is_none() => review.merge_people(person, other),
        3 => {
            let free = review.document().people().free_number(3);
            review.split_person(person, start, free)
        }
        4 => review.set_ignored(person, true),
        5 => {
            let noted = review.document().remarks().with_note(person, start..end, "hand");
            review.set_remarks(EditKind::Note, noted)
        }
        _ => {
            let queue = ReviewQueue::of(view, review.document(), None, &QueueFilter::default());
            let there = queue.segments(person).to_vec();
            review.paint(label, person, start..end, &there)
        }
    }
    .is_some()
}

fn labelled(document: &ReviewDocument) -> BTreeSet<(u32, usize)> {
    let mut frames = BTreeSet::new();
    for segment in document.segments() {
        for frame in segment.start..segment.end {
            assert!(
                frames.insert((segment.track, frame)),
                "{segment:?} overlaps another"
            );
        }
    }
    frames
}

/// Every face belongs to one person who is listed, or is left out; nobody is there twice in a frame.
fn check_rows(timeline: &Timeline, view: &LabelView, review: &Review, seed: u64) {
    let people = review.document().people();
    for (frame, seen) in timeline.frames().iter().enumerate() {
        let mut expected: Vec<u32> = seen
            .faces
            .iter()
            .map(|face| people.person_of(face.track, frame))
            .filter(|person| !people.is_ignored(*person))
            .collect();
        expected.sort_unstable();
        let found: Vec<u32> = view.rows_of(frame).iter().filter_map(|row| row.track).collect();
        assert_eq!(found, expected, "seed {seed}, frame {frame}");
    }
}

#[test]
fn people_and_labels_come_back_step_by_step() {
    let timeline = timeline();
    for seed in 0..30 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut review = Review::default();
        let mut states = vec![review.document().clone()];
        for _ in 0..120 {
            let view = view(&timeline, &review);
            check_rows(&timeline, &view, &review, seed);
            let before = labelled(review.document());
            if edit(&mut review, &view, &mut random) {
                states.push(review.document().clone());
                let step = review.last_done().unwrap();
                if step.changes_people() {
                    // Nobody's labels are lost: at most those of two people in one frame become one.
                    let frames = |labels: &BTreeSet<(u32, usize)>| -> BTreeSet<usize> {
                        labels.iter().map(|(_, frame)| *frame).collect()
                    };
                    assert_eq!(
                        frames(&before),
                        frames(&labelled(review.document())),
                        "seed {seed}"
                    );
                }
            } else {
                assert_eq!(Some(review.document()), states.last());
            }
        }
        assert!(
            states.len() > 50,
            "{} edits are too few to mean anything",
            states.len()
        );
        let last = states.clone();
        for state in states.iter().rev().skip(1) {
            assert!(review.undo().is_some());
            assert_eq!(review.document(), state, "seed {seed}");
        }
        assert!(review.undo().is_none() && review.document().is_empty());
        for state in last.iter().skip(1) {
            assert!(review.redo().is_some());
            assert_eq!(review.document(), state, "seed {seed}");
        }
    }
}

#[test]
fn paint_leaves_out_where_nobody_is_seen_and_touches_nothing_else() {
    let timeline = timeline();
    let mut review = Review::default();
    let view = view(&timeline, &review);
    let queue = ReviewQueue::of(&view, review.document(), None, &QueueFilter::default());
    let there = queue.segments(1).to_vec();
    review.paint(Expression::Fear, 1, 40..70, &there).unwrap();
    let found: Vec<_> = review
        .document()
        .segments()
        .map(|segment| (segment.track, segment.start, segment.end))
        .collect();
    assert_eq!(found, [(1, 40, 50), (1, 61, 70)]);
    assert!(review.document().segments().all(|segment| segment.confirmed));
    assert!(review.paint(Expression::Anger, 1, 50..61, &there).is_none());
}
