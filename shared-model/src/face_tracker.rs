//! From boxes a frame to tracks: one identity, one track, by overlap and motion.

use serde::{Deserialize, Serialize};

use crate::face_box::FaceBox;
use crate::face_look::FaceLook;
use crate::timeline::TrackedFace;

/// Frames without a box that a track bridges.
pub const MAX_GAP: usize = 15;

/// Likeness of looks below which a face is another person's, so many frames after it was seen last. Measured: the same face is
/// 0.88 and more like itself from frame to frame and 0.82 eight frames later, 97 % of two people's faces are less than 0.7 alike
/// and 89 % less than 0.5 (docs/models.md).
const LEAST_LIKENESS: [(usize, f32); 2] = [(4, 0.7), (MAX_GAP + 1, 0.5)];

/// A face that is to get its track.
#[derive(Debug, Clone, Copy)]
pub struct TrackerInput<'a> {
    /// Where it is.
    pub face_box: FaceBox,
    /// How it looks; without it no cut is seen.
    pub look: Option<&'a FaceLook>,
}

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
    /// Of the last frame, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    look: Option<FaceLook>,
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

    /// Gives each face of `frame` a track id, in the order of the faces. Frames must come in
    /// ascending order. The pairs with the highest overlap are joined first; a face that overlaps
    /// no track's predicted place starts a new track, and so does one that looks like another person's
    /// than the one that was there: a hard cut. The track that it takes the place of ends.
    pub fn assign(&mut self, frame: usize, faces: &[TrackerInput<'_>]) -> Vec<u32> {
        self.forget_before(frame);
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (track_index, track) in self.tracks.iter().enumerate() {
            let predicted = track.predicted(frame);
            for (box_index, face) in faces.iter().enumerate() {
                let overlap = predicted.iou(&face.face_box).max(track.last.iou(&face.face_box));
                if overlap >= self.min_iou && !track.is_cut_off(frame, face.look) {
                    pairs.push((overlap, track_index, box_index));
                }
            }
        }
        // Stable order for equal overlaps: the older track, then the better box.
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));

        let mut ids: Vec<Option<u32>> = vec![None; faces.len()];
        let mut taken = vec![false; self.tracks.len()];
        for (_, track_index, box_index) in pairs {
            if !taken[track_index] && ids[box_index].is_none() {
                taken[track_index] = true;
                let track = &mut self.tracks[track_index];
                track.advance(frame, &faces[box_index]);
                ids[box_index] = Some(track.id);
            }
        }
        ids.into_iter()
            .zip(faces)
            .map(|(id, face)| id.unwrap_or_else(|| self.start(frame, face)))
            .collect()
    }

    /// Takes faces of `frame` whose tracks are known, as if [`FaceTracker::assign`] had given them; `look` gives their looks,
    /// where they are known.
    pub fn follow<'a>(
        &mut self,
        frame: usize,
        faces: &[TrackedFace],
        look: impl Fn(&TrackedFace) -> Option<&'a FaceLook>,
    ) {
        self.forget_before(frame);
        for face in faces {
            let input = TrackerInput {
                face_box: face.face_box,
                look: look(face),
            };
            if let Some(track) = self.tracks.iter_mut().find(|track| track.id == face.track) {
                track.advance(frame, &input);
            } else {
                self.next_id = face.track;
                self.start(frame, &input);
            }
        }
    }

    /// Gives each face a track id of its own, whatever came before: the ids go on, no track does.
    pub fn assign_anew(&mut self, frame: usize, faces: &[TrackerInput<'_>]) -> Vec<u32> {
        self.tracks.clear();
        self.assign(frame, faces)
    }

    /// Ends the tracks whose gap has become too long.
    fn forget_before(&mut self, frame: usize) {
        self.tracks
            .retain(|track| frame.saturating_sub(track.last_frame) <= self.max_gap + 1);
    }

    fn start(&mut self, frame: usize, face: &TrackerInput<'_>) -> u32 {
        // Whoever was here and is not seen now has been cut away, and must not come back as this face goes on.
        let min_iou = self.min_iou;
        self.tracks
            .retain(|track| track.last_frame == frame || track.last.iou(&face.face_box) < min_iou);
        let id = self.next_id;
        self.next_id += 1;
        self.tracks.push(Track {
            id,
            last: face.face_box,
            velocity: (0.0, 0.0),
            last_frame: frame,
            look: face.look.cloned(),
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

    /// Whether a face at this track's place looks like another person's.
    fn is_cut_off(&self, frame: usize, look: Option<&FaceLook>) -> bool {
        let (Some(before), Some(now)) = (&self.look, look) else {
            return false;
        };
        let steps = frame - self.last_frame;
        let least = LEAST_LIKENESS.iter().find(|(most, _)| steps <= *most);
        least.is_some_and(|(_, least)| before.likeness(now) < *least)
    }

    fn advance(&mut self, frame: usize, face: &TrackerInput<'_>) {
        let steps = (frame - self.last_frame).max(1) as f32;
        let (old_x, old_y) = self.last.center();
        let (new_x, new_y) = face.face_box.center();
        let blend = |old: f32, new: f32| 0.5 * old + 0.5 * new;
        self.velocity.0 = blend(self.velocity.0, (new_x - old_x) / steps);
        self.velocity.1 = blend(self.velocity.1, (new_y - old_y) / steps);
        self.last = face.face_box;
        self.last_frame = frame;
        self.look = face.look.cloned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face_look::LOOK_LEN;

    fn face(x: f32, y: f32) -> TrackerInput<'static> {
        let face_box = FaceBox {
            x,
            y,
            w: 40.0,
            h: 50.0,
            score: 0.9,
            roll_deg: 0.0,
        };
        TrackerInput { face_box, look: None }
    }

    #[test]
    fn a_face_that_looks_like_another_ends_the_track_and_a_change_of_light_does_not() {
        let pattern = |of: fn(usize) -> usize, light: usize| {
            let cells = (0..LOOK_LEN).map(|at| (of(at) % 120 + light) as u8);
            FaceLook::of_cells(cells.collect()).unwrap()
        };
        let (first, lit) = (pattern(|at| 7 * at, 0), pattern(|at| 7 * at, 90));
        let second = pattern(|at| 31 * at * at, 0);
        let seen = |look| TrackerInput {
            look: Some(look),
            ..face(10.0, 10.0)
        };
        let mut tracker = FaceTracker::default();
        let mut track = |frame, look| tracker.assign(frame, &[seen(look)])[0];
        assert_eq!((track(0, &first), track(1, &lit)), (0, 0));
        assert_eq!((track(2, &second), track(3, &second)), (1, 1));
        // The first person's return is a cut as well.
        assert_eq!((track(4, &first), track(5, &first)), (2, 2));
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
