//! From boxes a frame to tracks: one identity, one track, by overlap and motion.

use serde::{Deserialize, Serialize};

use crate::face_box::FaceBox;
use crate::timeline::TrackedFace;

/// Frames without a box that a track bridges.
pub const MAX_GAP: usize = 15;

/// When a box continues a track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaceTracker {
    /// Least overlap (IoU) with the predicted box.
    min_iou: f32,
    /// Frames without a box after which a track ends.
    max_gap: usize,
    tracks: Vec<Track>,
    next_id: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Track {
    id: u32,
    last: FaceBox,
    /// Movement of the centre a frame, in pixels, smoothed.
    velocity: (f32, f32),
    last_frame: usize,
}

impl Default for FaceTracker {
    fn default() -> Self {
        Self {
            min_iou: 0.3,
            max_gap: MAX_GAP,
            tracks: Vec::new(),
            next_id: 0,
        }
    }
}

impl FaceTracker {
    /// Frames without a box that a track bridges.
    #[must_use]
    pub fn max_gap(&self) -> usize {
        self.max_gap
    }

    /// Gives each box of `frame` a track id, in the order of the boxes. Frames must come in
    /// ascending order. The pairs with the highest overlap are joined first; a box that overlaps
    /// no track's predicted place starts a new track.
    pub fn assign(&mut self, frame: usize, boxes: &[FaceBox]) -> Vec<u32> {
        self.forget_before(frame);
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (track_index, track) in self.tracks.iter().enumerate() {
            let predicted = track.predicted(frame);
            for (box_index, face) in boxes.iter().enumerate() {
                let overlap = predicted.iou(face).max(track.last.iou(face));
                if overlap >= self.min_iou {
                    pairs.push((overlap, track_index, box_index));
                }
            }
        }
        // Stable order for equal overlaps: the older track, then the better box.
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));

        let mut ids: Vec<Option<u32>> = vec![None; boxes.len()];
        let mut taken = vec![false; self.tracks.len()];
        for (_, track_index, box_index) in pairs {
            if !taken[track_index] && ids[box_index].is_none() {
                taken[track_index] = true;
                let track = &mut self.tracks[track_index];
                track.advance(frame, boxes[box_index]);
                ids[box_index] = Some(track.id);
            }
        }
        ids.into_iter()
            .zip(boxes)
            .map(|(id, face)| id.unwrap_or_else(|| self.start(frame, *face)))
            .collect()
    }

    /// Takes faces of `frame` whose tracks are known, as if [`FaceTracker::assign`] had given them.
    pub fn follow(&mut self, frame: usize, faces: &[TrackedFace]) {
        self.forget_before(frame);
        for face in faces {
            if let Some(track) = self.tracks.iter_mut().find(|track| track.id == face.track) {
                track.advance(frame, face.face_box);
            } else {
                self.next_id = face.track;
                self.start(frame, face.face_box);
            }
        }
    }

    /// Gives each box a track id of its own, whatever came before: the ids go on, no track does.
    pub fn assign_anew(&mut self, frame: usize, boxes: &[FaceBox]) -> Vec<u32> {
        self.tracks.clear();
        self.assign(frame, boxes)
    }

    /// Ends the tracks whose gap has become too long.
    fn forget_before(&mut self, frame: usize) {
        self.tracks
            .retain(|track| frame.saturating_sub(track.last_frame) <= self.max_gap + 1);
    }

    fn start(&mut self, frame: usize, face: FaceBox) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        self.tracks.push(Track {
            id,
            last: face,
            velocity: (0.0, 0.0),
            last_frame: frame,
        });
        id
    }
}

impl Track {
    fn predicted(&self, frame: usize) -> FaceBox {
        let steps = (frame - self.last_frame) as f32;
        FaceBox {
            x: self.last.x + self.velocity.0 * steps,
            y: self.last.y + self.velocity.1 * steps,
            ..self.last
        }
    }

    fn advance(&mut self, frame: usize, face: FaceBox) {
        let steps = (frame - self.last_frame).max(1) as f32;
        let (old_x, old_y) = self.last.center();
        let (new_x, new_y) = face.center();
        let blend = |old: f32, new: f32| 0.5 * old + 0.5 * new;
        self.velocity.0 = blend(self.velocity.0, (new_x - old_x) / steps);
        self.velocity.1 = blend(self.velocity.1, (new_y - old_y) / steps);
        self.last = face;
        self.last_frame = frame;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(x: f32, y: f32) -> FaceBox {
        FaceBox {
            x,
            y,
            w: 40.0,
            h: 50.0,
            score: 0.9,
            roll_deg: 0.0,
        }
    }

    #[test]
    fn two_moving_faces_keep_their_tracks_in_any_order_of_boxes() {
        let mut tracker = FaceTracker::default();
        for frame in 0..60 {
            let (a, b) = (face(frame as f32 * 6.0, 10.0), face(300.0, 200.0));
            if frame % 2 == 0 {
                assert_eq!(tracker.assign(frame, &[a, b]), [0, 1]);
            } else {
                assert_eq!(tracker.assign(frame, &[b, a]), [1, 0]);
            }
        }
    }

    #[test]
    fn frames_that_are_unrelated_share_no_track() {
        let mut tracker = FaceTracker::default();
        let (here, there) = (face(10.0, 10.0), face(300.0, 200.0));
        assert_eq!(tracker.assign_anew(0, &[here, there]), [0, 1]);
        assert!(tracker.assign_anew(1, &[]).is_empty());
        assert_eq!(tracker.assign_anew(2, &[here]), [2]);
        assert_eq!(tracker.assign_anew(3, &[there, here]), [3, 4]);
    }

    #[test]
    fn short_gaps_are_bridged_also_in_motion_and_long_ones_are_not() {
        let mut tracker = FaceTracker::default();
        for frame in 0..20 {
            tracker.assign(frame, &[face(frame as f32 * 8.0, 0.0)]);
        }
        for frame in 20..30 {
            tracker.assign(frame, &[]);
        }
        assert_eq!(tracker.assign(30, &[face(240.0, 0.0)]), [0]);
        assert_eq!(
            tracker.assign(30 + tracker.max_gap() + 2, &[face(240.0, 0.0)]),
            [1]
        );
    }
}
