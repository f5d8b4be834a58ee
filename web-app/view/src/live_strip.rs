//! The last half minute of a webcam, as its labels came; the film itself is recorded elsewhere.

use std::collections::VecDeque;

use shared_model::timeline::{Prediction, Timeline, TimelineFrame};

/// Seconds in sight.
const LIVE_S: f64 = 30.0;
/// Frames in sight at most, whatever a camera gives.
const LIVE_FRAMES: usize = 1800;

/// A running window over a stream of predictions.
#[derive(Debug, Default)]
pub struct LiveStrip {
    frames: VecDeque<TimelineFrame>,
    first: usize,
}

impl LiveStrip {
    /// Takes what the recogniser says; a refinement of a frame that has left is dropped.
    pub fn push(&mut self, prediction: Prediction) {
        match prediction {
            Prediction::Seen {
                frame,
                time_s,
                mut faces,
            } => {
                if self.frames.is_empty() {
                    self.first = frame;
                }
                faces.sort_by_key(|face| face.track);
                self.frames.push_back(TimelineFrame { time_s, faces });
                let is_old = |first: &TimelineFrame| time_s - first.time_s > LIVE_S;
                while self.frames.len() > LIVE_FRAMES || self.frames.front().is_some_and(is_old) {
                    self.frames.pop_front();
                    self.first += 1;
                }
            }
            Prediction::Refined {
                frame,
                track,
                temporal,
            } => {
                let place = frame.checked_sub(self.first);
                let seen = place.and_then(|place| self.frames.get_mut(place));
                if let Some(face) =
                    seen.and_then(|seen| seen.faces.iter_mut().find(|face| face.track == track))
                {
                    face.temporal = Some(temporal);
                }
            }
        }
    }

    /// The window as a timeline whose first frame is 0; times start at 0 as well.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        let start_s = self.frames.front().map_or(0.0, |frame| frame.time_s);
        let mut timeline = Timeline::new();
        for (frame, seen) in self.frames.iter().enumerate() {
            timeline.push(Prediction::Seen {
                frame,
                time_s: seen.time_s - start_s,
                faces: seen.faces.clone(),
            });
        }
        timeline
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::face_box::FaceBox;
    use shared_model::timeline::TrackedFace;

    #[test]
    fn only_the_last_half_minute_is_kept_and_refined() {
        let mut strip = LiveStrip::default();
        for frame in 0..100 {
            let face = TrackedFace {
                track: 0,
                face_box: FaceBox::whole(1, 1),
                raw: [0.125; 8],
                temporal: None,
            };
            strip.push(Prediction::Seen {
                frame,
                time_s: frame as f64 / 2.0,
                faces: vec![face],
            });
        }
        for frame in [3, 99] {
            strip.push(Prediction::Refined {
                frame,
                track: 0,
                temporal: [0.0; 8],
            });
        }
        let timeline = strip.timeline();
        assert_eq!(timeline.frames().len(), 61, "30 s at two frames per second");
        assert_eq!(timeline.frames()[0].time_s, 0.0);
        let refined: Vec<_> = timeline
            .frames()
            .iter()
            .map(|f| f.faces[0].temporal.is_some())
            .collect();
        assert!(refined[60] && !refined[..60].contains(&true));
    }
}
