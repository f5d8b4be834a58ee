//! Size and length of what is open.

use shared_model::timeline::Timeline;

use crate::viewport::Viewport;

/// Length of a frame in seconds where nothing is known yet.
pub const USUAL_FRAME_S: f64 = 1.0 / 30.0;

/// Size and length of what is open, as the engine or the player says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opened {
    /// Width of the upright picture in pixels.
    pub width: u32,
    /// Height of the upright picture in pixels.
    pub height: u32,
    /// Length in seconds, 0 for a picture.
    pub duration_s: f64,
    /// Time of the first frame on the media's own clock in seconds.
    pub start_s: f64,
    /// Frames that are expected.
    pub frame_count: Option<usize>,
}

impl Opened {
    /// Whether it is a picture: a frame that takes no time.
    #[must_use]
    pub fn is_picture(&self) -> bool {
        self.frame_count == Some(1) && self.duration_s <= 0.0
    }

    /// What is known of a video whose frames are there: its size comes from the player.
    #[must_use]
    pub fn of_timeline(timeline: &Timeline) -> Self {
        let frames = timeline.frames();
        let last = frames.last().map_or(0.0, |frame| frame.time_s);
        // A single frame lasts a second, as in the files that are written of it.
        let frame_s = match frames.len() {
            0 | 1 => 1.0,
            count => last / (count - 1) as f64,
        };
        Self {
            width: 0,
            height: 0,
            duration_s: (last + frame_s).max(frame_s),
            start_s: timeline.start_s(),
            frame_count: Some(frames.len()),
        }
    }

    /// All of what is open in sight.
    #[must_use]
    pub fn whole_sight(&self) -> Viewport {
        let frame_s = match self.frame_count {
            Some(count) if count > 0 && self.duration_s > 0.0 => self.duration_s / count as f64,
            _ => USUAL_FRAME_S,
        };
        let duration_s = if self.duration_s > 0.0 {
            self.duration_s
        } else {
            1.0
        };
        Viewport::whole(duration_s, frame_s)
    }
}
