//! Properties of a review under long random sequences of edits.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use shared_model::expression::Expression;
use shared_model::face_box::FaceBox;
use shared_model::reviewed_segment::ReviewedSegment;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::{Prediction, Timeline, TrackedFace};

use super::audit::Audit;
use super::document::ReviewDocument;
use super::edit_kind::EditKind;
use super::history::Review;
use super::queue::ReviewQueue;
use super::queue_filter::QueueFilter;
use super::rows;
use super::saved::{self, SavedReview};
use crate::label_view::LabelView;

const FRAMES: usize = 120;

type Labels = BTreeMap<(u32, usize), (Expression, bool)>;

/// Two tracks, the second one with frames where it is not there.
fn view(random: &mut StdRng) -> LabelView {
    let mut timeline = Timeline::new();
    for frame in 0..FRAMES {
        let tracks: &[u32] = if (40..60).contains(&frame) { &[0] } else { &[0, 1] };
        let class = frame / 7 % 8;
        let faces = tracks
            .iter()
            .map(|track| TrackedFace {
                track: *track,
                face_box: FaceBox::whole(4, 4),
                raw: std::array::from_fn(|i| if i == class { 0.65 } else { 0.05 }),
                temporal: random.random_bool(0.5).then_some([0.125; 8]),
            })
            .collect();
        timeline.push(Prediction::Seen {
            frame,
            time_s: frame as f64 * 0.04,
            faces,
        });
    }
    LabelView::of(&timeline, Smoothing::SLIDING, 3)
}

/// Each labelled frame; fails where two segments share one or a segment is empty.
fn labels(document: &ReviewDocument) -> Labels {
    let mut labels = Labels::new();
    for segment in document.segments() {
        assert!(segment.start < segment.end, "{segment:?} is empty");
        for frame in segment.start..segment.end {
            let label = (segment.label, segment.confirmed);
            let twice = labels.insert((segment.track, frame), label);
            assert_eq!(twice, None, "frame {frame} of track {} twice", segment.track);
        }
    }
    labels
}

/// The frames that the segments of a queue cover; fails where they overlap or are out of order.
fn covered(queue: &ReviewQueue, track: u32) -> Vec<usize> {
    let segments = queue.segments(track);
    assert!(segments.windows(2).all(|pair| pair[0].end <= pair[1].start));
    segments
        .iter()
        .flat_map(|segment| segment.start..segment.end)
        .collect()
}

fn queue_of(view: &LabelView, review: &Review) -> ReviewQueue {
    ReviewQueue::of(view, review.document(), None, &QueueFilter::default())
}

/// One random edit of the kinds that the page offers; whether it did something.
fn edit(review: &mut Review, view: &LabelView, random: &mut StdRng) -> bool {
    let queue = queue_of(view, review);
    let track = random.random_range(0..2);
    let segments = queue.segments(track).to_vec();
    let place = random.random_range(0..segments.len());
    let (segment, next) = (segments[place], segments.get(place + 1).copied());
    let label = Expression::ALL[random.random_range(0..8)];
    let reviewed = ReviewedSegment {
        confirmed: true,
        ..segment
    };
    let frame = random.random_range(0..FRAMES);
    match random.random_range(0..10) {
        8 => {
            let remarks = review.document().remarks();
            let note = ["", "hand", "hair"][random.random_range(0..3)];
            let noted = remarks.with_note(track, segment.start..segment.end, note);
            review.set_remarks(EditKind::Note, noted)
        }
        9 => {
            let marked = review.document().remarks().with_event(frame, "bell");
            review.set_remarks(EditKind::MarkEvent, marked)
        }
        0 => review.set(EditKind::Accept(segment.label), reviewed),
        1 => review.set(EditKind::Relabel(label), ReviewedSegment { label, ..reviewed }),
        2 => {
            // Within one segment, as nothing is painted where there is no face.
            let start = random.random_range(segment.start..segment.end);
            let end = random.random_range(start..segment.end) + 1;
            let painted = ReviewedSegment {
                start,
                end,
                label,
                ..reviewed
            };
            review.set(EditKind::Paint(label), painted)
        }
        3 => review.clear(track, segment.start..segment.end),
        4 => review.split(segment, frame),
        5 => next.and_then(|next| review.merge(segment, next)),
        _ => next.and_then(|next| review.move_edge(segment, next, frame)),
    }
    .is_some()
}

#[test]
fn edits_and_undos_restore_every_document_on_the_way() {
    for seed in 0..40 {
        let mut random = StdRng::seed_from_u64(seed);
        let view = view(&mut random);
        let mut review = Review::default();
        let mut states = vec![review.document().clone()];
        let mut edits = 0;
        for _ in 0..200 {
            // Some undos and redos between the edits; an edit after undos forgets what could be redone.
            match random.random_range(0..10) {
                0..=1 if states.len() > 1 => {
                    let back = random.random_range(1..states.len().min(6));
                    let last = states.len() - 1;
                    for step in 1..=back {
                        assert!(review.undo().is_some());
                        assert_eq!(review.document(), &states[last - step], "seed {seed}");
                    }
                    let again = random.random_range(0..=back);
                    for step in 1..=again {
                        assert!(review.redo().is_some());
                        assert_eq!(review.document(), &states[last - back + step], "seed {seed}");
                    }
                    states.truncate(last - back + again + 1);
                }
                _ => {
                    if edit(&mut review, &view, &mut random) {
                        assert_eq!(review.last_undone(), None);
                        edits += 1;
                        states.push(review.document().clone());
                    } else {
                        assert_eq!(Some(review.document()), states.last());
                    }
                }
            }
            // The page is left and comes back.
            if random.random_bool(0.05) {
                let text = SavedReview::of("a.mp4", &review).to_json().unwrap();
                let back = saved::read(&text).unwrap();
                assert_eq!(back.document(), review.document(), "seed {seed}");
                assert_eq!(back.last_undone(), review.last_undone());
                assert_eq!(back.latest_steps(), review.latest_steps(), "seed {seed}");
                if back == review {
                    review = back;
                }
            }
        }
        assert!(edits > 80, "{edits} edits are too few to mean anything");
        for state in states.iter().rev().skip(1) {
            assert!(review.undo().is_some());
            assert_eq!(review.document(), state, "seed {seed}");
        }
        assert!(review.undo().is_none() && review.document().is_empty());
    }
}

#[test]
fn an_edit_touches_only_the_frames_it_names_and_leaves_no_gap() {
    for seed in 100..130 {
        let mut random = StdRng::seed_from_u64(seed);
        let view = view(&mut random);
        let mut review = Review::default();
        let all: Vec<Vec<usize>> = (0..2)
            .map(|track| covered(&queue_of(&view, &review), track))
            .collect();
        assert_eq!((all[0].len(), all[1].len()), (FRAMES, FRAMES - 20));
        for _ in 0..200 {
            let before = labels(review.document());
            if !edit(&mut review, &view, &mut random) {
                continue;
            }
            let after = labels(review.document());
            let step = review.last_done().unwrap();
            let Some((track, frames)) = step.place() else {
                assert!(
                    step.remark().is_some() && before == after,
                    "remarks touch no label"
                );
                continue;
            };
            let outside = |labels: &Labels| -> Labels {
                let inside = |key: &(u32, usize)| key.0 == track && frames.contains(&key.1);
                labels
                    .iter()
                    .filter(|(key, _)| !inside(key))
                    .map(|(k, v)| (*k, *v))
                    .collect()
            };
            assert_eq!(outside(&before), outside(&after), "seed {seed}");
            let queue = queue_of(&view, &review);
            for track in 0..2 {
                assert_eq!(covered(&queue, track), all[track as usize], "seed {seed}");
            }
            let open = queue.doubtful().len();
            assert_eq!(open + queue.reviewed, queue.total);
            assert!(
                queue
                    .doubtful()
                    .windows(2)
                    .all(|pair| pair[0].doubt >= pair[1].doubt)
            );
        }
    }
}

#[test]
fn rows_hold_the_confirmed_labels_after_each_edit() {
    let mut random = StdRng::seed_from_u64(7);
    let mut shown = view(&mut random);
    let fresh = shown.clone();
    let mut review = Review::default();
    for step in 0..300 {
        let changed = if step % 9 == 8 {
            review.undo()
        } else {
            edit(&mut review, &shown, &mut random);
            review.last_done()
        };
        let changes = changed.map(|step| step.changes().to_vec()).unwrap_or_default();
        for change in changes {
            rows::write_labels(&mut shown, review.document(), change.track, &change.frames);
        }
        let confirmed = labels(review.document());
        for row in &shown.rows {
            let expected = confirmed
                .get(&(row.track.unwrap(), row.frame))
                .filter(|(_, confirmed)| *confirmed);
            assert_eq!(row.reviewed, expected.map(|(label, _)| *label));
        }
        let mut rebuilt = fresh.clone();
        rows::write_all(&mut rebuilt, review.document());
        assert_eq!(rebuilt.rows, shown.rows);
    }
}

#[test]
fn taking_another_document_is_one_step() {
    let mut random = StdRng::seed_from_u64(3);
    let view = view(&mut random);
    let (mut review, mut other) = (Review::default(), Review::default());
    for _ in 0..60 {
        edit(&mut review, &view, &mut random);
        edit(&mut other, &view, &mut random);
    }
    let own = review.document().clone();
    review.take(other.document()).unwrap();
    assert_eq!(review.document(), other.document());
    assert!(review.take(other.document()).is_none());
    review.undo();
    assert_eq!(review.document(), &own);
}

#[test]
fn the_queue_filters_and_goes_round() {
    let mut random = StdRng::seed_from_u64(5);
    let view = view(&mut random);
    let document = ReviewDocument::default();
    let all = ReviewQueue::of(&view, &document, None, &QueueFilter::default());
    let first = all.doubtful()[0];
    assert_eq!(all.after(None), Some(&first));
    assert_eq!(all.after(Some(&first.segment)), Some(&all.doubtful()[1]));
    let last = all.doubtful().last().unwrap();
    assert_eq!(all.after(Some(&last.segment)), Some(&first));
    let mut filter = QueueFilter {
        least_doubt: first.doubt,
        ..QueueFilter::default()
    };
    let few = ReviewQueue::of(&view, &document, None, &filter);
    assert!(!few.doubtful().is_empty() && few.doubtful().iter().all(|d| d.doubt >= first.doubt));
    assert_eq!(few.total, all.total);
    filter.least_doubt = 0.0;
    filter.classes = std::array::from_fn(|class| class == 3);
    let fear = ReviewQueue::of(&view, &document, None, &filter);
    assert!(!fear.doubtful().is_empty());
    assert!(
        fear.doubtful()
            .iter()
            .all(|d| d.segment.label == Expression::Fear)
    );
}

#[test]
fn an_audit_draws_from_what_is_left_out_and_its_sample_stays() {
    let mut random = StdRng::seed_from_u64(11);
    let view = view(&mut random);
    let mut review = Review::default();
    let everything = queue_of(&view, &review);
    let middle = everything.doubtful()[everything.doubtful().len() / 2].doubt;
    let without = QueueFilter {
        least_doubt: middle,
        ..QueueFilter::default()
    };
    let with = QueueFilter {
        audit_share: 0.5,
        ..without
    };
    let queue = |review: &Review, filter| ReviewQueue::of(&view, review.document(), None, filter);
    assert_eq!(queue(&review, &without).audit, Audit::default());
    let before = queue(&review, &with);
    let offered: Vec<_> = before.doubtful().iter().filter(|line| line.is_audit).collect();
    let (left_out, drawn) = (before.audit.left_out, before.audit.drawn);
    assert_eq!(
        left_out,
        everything.total - queue(&review, &without).doubtful().len()
    );
    assert_eq!(drawn, left_out.div_ceil(2));
    assert!(
        offered.len() == drawn && drawn > 1 && drawn < left_out,
        "{drawn} of {left_out}"
    );
    assert!(offered.iter().all(|line| line.doubt < middle));
    assert_eq!(before.audit.decided, 0);
    // All of them are decided, every third one otherwise than computed.
    let mut wrong = 0;
    for (place, line) in offered.iter().enumerate() {
        let computed = line.segment.label;
        let label = match place % 3 {
            0 => Expression::ALL[(computed.index() + 1) % 8],
            _ => computed,
        };
        wrong += usize::from(label != computed);
        let said = ReviewedSegment {
            label,
            confirmed: true,
            ..line.segment
        };
        review.set(EditKind::Relabel(label), said).unwrap();
    }
    let after = queue(&review, &with);
    assert!(after.doubtful().iter().all(|line| !line.is_audit));
    assert_eq!((after.audit.left_out, after.audit.drawn), (left_out, drawn));
    assert_eq!((after.audit.decided, after.audit.wrong), (drawn, wrong));
    // Edits elsewhere and of parts change neither the sample nor, where a part is open again, what counts as decided.
    let part = offered
        .iter()
        .find(|line| line.segment.end - line.segment.start > 1);
    let part = part.unwrap().segment;
    review.clear(part.track, part.start..part.start + 1).unwrap();
    let again = queue(&review, &with);
    assert_eq!((again.audit.drawn, again.audit.decided), (drawn, drawn - 1));
}
