//! Frames of a film on their way to a compute worker: whole stretches, so that the detector need not look at each frame.

use shared_model::film_looks::Stretches;

use crate::raw_frame::RawFrame;

/// Pixels that travel to a worker together at most: two frames of 4K, one of 8K.
const PIXELS_A_BATCH: usize = 17_000_000;

/// Frames of a film on their way to a worker.
pub struct FilmBatch {
    /// Number of the first one.
    pub first: usize,
    /// Seconds of each from the first frame on.
    pub times_s: Vec<f64>,
    /// The frames.
    pub frames: Vec<RawFrame>,
}

impl FilmBatch {
    /// Of frames from this one on.
    #[must_use]
    pub fn starting_at(first: usize) -> Self {
        Self {
            first,
            times_s: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// Takes one frame more.
    pub fn push(&mut self, frame: RawFrame, time_s: f64) {
        self.times_s.push(time_s);
        self.frames.push(frame);
    }

    /// Whether it goes off as it is: it has so many frames, or as many pixels as can travel, and ends with a stretch.
    #[must_use]
    pub fn is_full(&self, most_frames: usize, stretches: Stretches) -> bool {
        let mut sizes = self.frames.iter().map(|frame| frame.header.pixels());
        // As many again would be too much: this one goes with those before.
        let is_large = 2 * sizes.clone().sum::<usize>() >= PIXELS_A_BATCH;
        // Frames that are looked at one by one need not stay together.
        let stretches = stretches.for_pixels(sizes.next_back().unwrap_or(0));
        (is_large || self.frames.len() >= most_frames) && stretches.begin_with(self.first + self.frames.len())
    }
}
