//! Which frames of a film the face detector looks at, and where faces are in the frames between.
//!
//! Faces move little from one frame to the next, and the detector takes longer than all else of a small model. It looks at the first and the
//! last frame of a stretch; where both show the same faces, the frames between have the boxes between theirs. Where they do not (a cut, a
//! face that comes or goes, a fast movement) it looks at the frame in the middle, and so on for both halves. Boxes between others differ from
//! what the detector would say by a pixel or two; where the network hesitates between two classes that can change the label, so it looks there
//! too ([`LEAST_MARGIN`]).

use std::ops::Range;

use crate::face_box::FaceBox;
use crate::face_look::FaceLook;
use crate::frame::Frame;

/// Frames of a stretch unless something else is asked for: labels agree with those of every frame looked at in more than 0.99 of the frames
/// (docs/models.md).
pub const STRETCH: usize = 4;

/// Frames of a stretch at most. A face that is there for less than a stretch, and at neither end of it, is not seen.
pub const MOST_STRETCH: usize = 32;

/// Pixels of a stretch's frames together at most, so that they fit in memory: four frames of 1440p. Larger frames are looked at one by one.
const MOST_PIXELS: usize = 17_000_000;

/// Side of the backbone's input in pixels from which on the detector is a small part of the work.
const LARGE_INPUT: usize = 128;

/// Overlap (IoU) of a face's boxes at both ends of a stretch, at least.
const LEAST_OVERLAP: f32 = 0.6;

/// Likeness of a face to itself within a stretch, at least: a hard cut has less. Measured: a person's face is 0.86 and more like itself three
/// frames later, 0.83 eight frames later (docs/models.md).
const LEAST_LIKENESS: f32 = 0.8;

/// Best less second best probability of the per-frame head from which on a face's box may lie between two others.
pub const LEAST_MARGIN: f32 = 0.25;

/// How a film's frames are put together in stretches: frame 0 is one of its own, so that it can be answered at once; then so many each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretches {
    len: usize,
}

impl Stretches {
    /// Of so many frames, cut to 1 up to [`MOST_STRETCH`]; 1 looks at every frame.
    #[must_use]
    pub fn of(len: usize) -> Self {
        Self {
            len: len.clamp(1, MOST_STRETCH),
        }
    }

    /// For a model whose input has a side of so many pixels: where the backbone takes far longer than the detector, every frame is looked at.
    #[must_use]
    pub fn for_input(self, side: usize) -> Self {
        if side < LARGE_INPUT { self } else { Self::of(1) }
    }

    /// For frames of so many pixels: those of which a stretch does not fit in memory are looked at one by one.
    #[must_use]
    pub fn for_pixels(self, pixels: usize) -> Self {
        if pixels.saturating_mul(self.len) <= MOST_PIXELS {
            self
        } else {
            Self::of(1)
        }
    }

    /// Whether a stretch begins with this frame.
    #[must_use]
    pub fn begin_with(self, frame: usize) -> bool {
        frame
            .checked_sub(1)
            .is_none_or(|before| before.is_multiple_of(self.len))
    }

    /// The first frame of the stretch that this frame is in.
    #[must_use]
    pub fn start_of(self, frame: usize) -> usize {
        frame
            .checked_sub(1)
            .map_or(0, |before| before - before % self.len + 1)
    }

    /// The stretches of frames with these numbers and so many pixels each, by their places. Numbers that do not follow each other begin a new
    /// one; the frames of one that has too many pixels are looked at one by one.
    #[must_use]
    pub fn ranges(self, numbers: &[usize], pixels: &[usize]) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut before = None;
        for (place, number) in numbers.iter().enumerate() {
            let follows = before.is_some_and(|before: usize| before.checked_add(1) == Some(*number));
            before = Some(*number);
            match ranges.last_mut() {
                Some(last) if follows && !self.begin_with(*number) => last.end = place + 1,
                _ => ranges.push(place..place + 1),
            }
        }
        let is_large = |range: &Range<usize>| {
            let sizes = pixels.get(range.clone()).unwrap_or_default();
            let most = sizes.iter().max().copied().unwrap_or(0);
            self.for_pixels(most) != self
        };
        let in_parts = |range: Range<usize>| {
            let step = if is_large(&range) { 1 } else { range.len().max(1) };
            range
                .clone()
                .step_by(step)
                .map(move |start| start..(start + step).min(range.end))
        };
        ranges.into_iter().flat_map(in_parts).collect()
    }
}

impl Default for Stretches {
    fn default() -> Self {
        Self::of(STRETCH)
    }
}

/// The looks at one batch of frames. It asks for looks ([`FilmLooks::wanted`]) and is given what they show ([`FilmLooks::take`]), until nothing
/// is wanted any more. The result does not depend on how stretches are put together in batches.
#[derive(Debug)]
pub struct FilmLooks {
    /// By frame, where it is known.
    boxes: Vec<Option<Vec<FaceBox>>>,
    /// Frames that are to be looked at next.
    wanted: Vec<usize>,
    /// Frames that are looked at by then, with frames between them.
    open: Vec<(usize, usize)>,
    /// Frames whose boxes lie between others.
    carried: Vec<usize>,
}

impl FilmLooks {
    /// For frames in these stretches ([`Stretches::ranges`]), which cover all of them.
    #[must_use]
    pub fn new(stretches: &[Range<usize>]) -> Self {
        let count = stretches.last().map_or(0, |last| last.end);
        let ends = stretches.iter().filter(|range| !range.is_empty());
        let ends: Vec<(usize, usize)> = ends.map(|range| (range.start, range.end - 1)).collect();
        let mut wanted: Vec<usize> = ends.iter().flat_map(|(first, last)| [*first, *last]).collect();
        wanted.dedup();
        Self {
            boxes: vec![None; count],
            wanted,
            open: ends
                .into_iter()
                .filter(|(first, last)| last - first > 1)
                .collect(),
            carried: Vec::new(),
        }
    }

    /// Places of the frames that the detector shall look at now, in order; none at the end.
    #[must_use]
    pub fn wanted(&self) -> &[usize] {
        &self.wanted
    }

    /// Takes the faces of the frames that were wanted, in their order.
    pub fn take(&mut self, frames: &[Frame], found: Vec<Vec<FaceBox>>) {
        for (place, faces) in std::mem::take(&mut self.wanted).into_iter().zip(found) {
            if let Some(boxes) = self.boxes.get_mut(place) {
                *boxes = Some(faces);
            }
        }
        let mut open = Vec::new();
        for (first, last) in std::mem::take(&mut self.open) {
            if let Some(between) = self.between(frames, first, last) {
                for (place, faces) in (first + 1..last).zip(between) {
                    if let Some(boxes) = self.boxes.get_mut(place) {
                        *boxes = Some(faces);
                        self.carried.push(place);
                    }
                }
            } else {
                let middle = first + (last - first) / 2;
                self.wanted.push(middle);
                let halves = [(first, middle), (middle, last)];
                open.extend(halves.into_iter().filter(|(first, last)| last - first > 1));
            }
        }
        self.open = open;
    }

    /// Places of the frames whose boxes lie between others, where nobody has looked.
    #[must_use]
    pub fn carried(&self) -> &[usize] {
        &self.carried
    }

    /// The faces of each frame, best first where the detector has looked.
    #[must_use]
    pub fn finish(self) -> Vec<Vec<FaceBox>> {
        self.boxes.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// Boxes of the frames between two that were looked at; `None` where the detector has to look there too.
    fn between(&self, frames: &[Frame], first: usize, last: usize) -> Option<Vec<Vec<FaceBox>>> {
        let boxes_of = |place: usize| self.boxes.get(place)?.as_deref();
        let pairs = pairs(boxes_of(first)?, boxes_of(last)?)?;
        let frame = frames.get(first)?;
        let looks: Vec<FaceLook> = pairs
            .iter()
            .map(|(start, _)| FaceLook::of(frame, start))
            .collect();
        let is_alike = |look: &FaceLook, other: &FaceLook| {
            !look.is_plain() && !other.is_plain() && look.likeness(other) >= LEAST_LIKENESS
        };
        let is_same = |place: usize, boxes: &[FaceBox]| {
            frames.get(place).is_some_and(|other| {
                let has_size = (other.width(), other.height()) == (frame.width(), frame.height());
                let mut faces = looks.iter().zip(boxes);
                has_size && faces.all(|(look, face)| is_alike(look, &FaceLook::of(other, face)))
            })
        };
        let at = |place: usize| -> Vec<FaceBox> {
            let part = (place - first) as f32 / (last - first) as f32;
            pairs
                .iter()
                .map(|(start, end)| between(start, end, part))
                .collect()
        };
        let carried: Vec<Vec<FaceBox>> = (first + 1..last).map(at).collect();
        let mut all = (first + 1..last).zip(&carried);
        let ends: Vec<FaceBox> = pairs.iter().map(|(_, end)| *end).collect();
        (is_same(last, &ends) && all.all(|(place, boxes)| is_same(place, boxes))).then_some(carried)
    }
}

/// The same faces in two frames, in the order of the first; `None` where one has no mate, or two have the same.
fn pairs(first: &[FaceBox], last: &[FaceBox]) -> Option<Vec<(FaceBox, FaceBox)>> {
    if first.len() != last.len() {
        return None;
    }
    let mut taken = vec![false; last.len()];
    first
        .iter()
        .map(|start| {
            let overlaps = last.iter().map(|end| start.iou(end)).enumerate();
            let (mate, overlap) = overlaps.max_by(|a, b| a.1.total_cmp(&b.1))?;
            let end = last.get(mate).filter(|_| overlap >= LEAST_OVERLAP)?;
            // Heads that lie on either side are turned the long way round by no one.
            let is_turned = (start.roll_deg - end.roll_deg).abs() > 90.0;
            let is_taken = std::mem::replace(taken.get_mut(mate)?, true);
            (!is_taken && !is_turned).then_some((*start, *end))
        })
        .collect()
}

/// The box so far (0 to 1) on the way from one to another.
fn between(start: &FaceBox, end: &FaceBox, part: f32) -> FaceBox {
    let mix = |from: f32, to: f32| from + (to - from) * part;
    FaceBox {
        x: mix(start.x, end.x),
        y: mix(start.y, end.y),
        w: mix(start.w, end.w),
        h: mix(start.h, end.h),
        score: mix(start.score, end.score),
        roll_deg: mix(start.roll_deg, end.roll_deg),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture with a pattern (no two of `kind` are alike) in a square at `x`.
    fn frame(x: usize, kind: usize) -> Frame {
        let pixel = |at: usize| {
            let (column, row) = (at % 120, at / 120);
            let inside = (x..x + 40).contains(&column) && (20..60).contains(&row);
            let cell = ((column - x.min(column)) / 8 + 7 * (row / 8)) * (2 * kind + 3) % 11;
            if inside { (40 + 18 * cell) as u8 } else { 20 }
        };
        Frame::from_rgb(120, 80, (0..120 * 80).flat_map(|at| [pixel(at); 3]).collect()).unwrap()
    }

    fn face(x: f32) -> FaceBox {
        FaceBox {
            x,
            y: 20.0,
            ..FaceBox::whole(40, 40)
        }
    }

    /// What is found in frames of which each is told: where the pattern is and which one, `None` for no face. Also how often was looked.
    fn found(film: &[Option<(usize, usize)>], stretch: usize, batch: usize) -> (Vec<Vec<FaceBox>>, usize) {
        let frames: Vec<Frame> = film
            .iter()
            .map(|shown| shown.map_or_else(|| frame(200, 0), |(x, kind)| frame(x, kind)))
            .collect();
        let (mut boxes, mut count, mut start) = (Vec::new(), 0, 0);
        let stretches = Stretches::of(stretch);
        while start < frames.len() {
            let ends =
                (start + batch..=frames.len()).find(|end| *end == frames.len() || stretches.begin_with(*end));
            let end = ends.unwrap_or(frames.len());
            let numbers: Vec<usize> = (start..end).collect();
            let mut looks = FilmLooks::new(&stretches.ranges(&numbers, &[]));
            while !looks.wanted().is_empty() {
                count += looks.wanted().len();
                let seen = looks.wanted().iter().map(|place| {
                    let shown = film[start + place];
                    shown.map(|(x, _)| face(x as f32)).into_iter().collect()
                });
                let seen = seen.collect();
                looks.take(&frames[start..end], seen);
            }
            boxes.extend(looks.finish());
            start = end;
        }
        (boxes, count)
    }

    #[test]
    fn frame_0_is_answered_alone_and_stretches_follow() {
        let stretches = Stretches::of(4);
        let begins: Vec<usize> = (0..14).filter(|frame| stretches.begin_with(*frame)).collect();
        assert_eq!(begins, [0, 1, 5, 9, 13]);
        assert_eq!(
            [0, 1, 4, 5, 8, 9].map(|frame| stretches.start_of(frame)),
            [0, 1, 1, 5, 5, 9]
        );
        assert_eq!(
            stretches.ranges(&[0, 1, 2, 3, 4, 5, 6], &[9; 7]),
            [0..1, 1..5, 5..7]
        );
        assert_eq!(stretches.ranges(&[3, 4, 7, 8, 9], &[9; 5]), [0..2, 2..4, 4..5]);
        assert_eq!(Stretches::of(1).ranges(&[0, 1, 2], &[9; 3]), [0..1, 1..2, 2..3]);
        assert_eq!(stretches.for_pixels(3840 * 2160), Stretches::of(1));
        // One large frame costs its own stretch, and no other.
        let mut pixels = [9; 9];
        pixels[3] = 3840 * 2160;
        let numbers: Vec<usize> = (0..9).collect();
        assert_eq!(
            stretches.ranges(&numbers, &pixels),
            [0..1, 1..2, 2..3, 3..4, 4..5, 5..9]
        );
        assert_eq!(Stretches::default().for_pixels(1920 * 1080), Stretches::default());
        assert_eq!(stretches.for_input(224), Stretches::of(1));
    }

    #[test]
    fn a_face_that_moves_evenly_is_where_it_would_be_found_with_fewer_looks() {
        let film: Vec<_> = (0..17).map(|frame| Some((10 + frame, 1))).collect();
        let (boxes, looks) = found(&film, 8, 8);
        assert_eq!(looks, 5);
        for (frame, faces) in boxes.iter().enumerate() {
            assert!(
                (faces[0].x - (10 + frame) as f32).abs() < 1e-4,
                "frame {frame}: {faces:?}"
            );
        }
        assert_eq!(found(&film, 1, 8).1, 17);
    }

    #[test]
    fn a_face_that_comes_goes_or_gives_way_to_another_is_found_frame_by_frame() {
        let mut film = vec![Some((30, 1)); 33];
        // Another person at the same place, one that goes, and one that flashes by for a frame.
        film[11..].fill(Some((30, 2)));
        film[20..23].fill(None);
        film[28] = Some((30, 3));
        let (every, all) = found(&film, 1, 8);
        assert_eq!(all, 33);
        for stretch in [3, 4, 8] {
            let (boxes, looks) = found(&film, stretch, 8);
            assert_eq!(boxes, every, "stretch {stretch}");
            assert!(looks < 33, "stretch {stretch}: {looks}");
        }
    }

    #[test]
    fn batches_change_nothing() {
        let film: Vec<_> = (0..40)
            .map(|frame| (frame % 13 > 1).then_some((5 + (frame * frame) % 23, frame / 9)))
            .collect();
        let whole = found(&film, 6, 1000);
        for batch in [1, 5, 6, 8, 16] {
            assert_eq!(found(&film, 6, batch), whole, "batches of {batch}");
        }
    }

    #[test]
    fn two_faces_keep_their_own_boxes() {
        let (left, right) = (face(10.0), face(70.0));
        let pairs = pairs(&[left, right], &[face(72.0), face(11.0)]).unwrap();
        assert_eq!(pairs, [(left, face(11.0)), (right, face(72.0))]);
        assert!(super::pairs(&[left, left], &[left, right]).is_none());
        assert!(super::pairs(&[left], &[face(40.0)]).is_none());
        assert!(super::pairs(&[left], &[]).is_none());
    }
}
