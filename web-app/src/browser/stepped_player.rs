//! A player that gives the pictures of a file one after the other.

use web_sys::HtmlVideoElement;

use super::{hidden_player, tasks};

/// Frames per second at which a player is stepped: the file's own rate cannot be asked for.
pub const STEPS_PER_S: f64 = 30.0;

/// A player that is moved step by step.
#[derive(Clone)]
pub struct SteppedPlayer {
    video: HtmlVideoElement,
    step: u32,
}

impl SteppedPlayer {
    /// Opens the file at a blob address in a player of its own.
    ///
    /// # Errors
    /// What the player says.
    pub async fn open(url: &str) -> Result<Self, String> {
        let video = hidden_player::open(url).await?;
        Ok(Self { video, step: 0 })
    }

    /// The player.
    #[must_use]
    pub fn video(&self) -> &HtmlVideoElement {
        &self.video
    }

    /// Length in seconds, where the player knows it.
    #[must_use]
    pub fn duration_s(&self) -> Option<f64> {
        Some(self.video.duration()).filter(|seconds| seconds.is_finite())
    }

    /// Moves to the next step; its time in seconds, or `None` at the end.
    pub async fn advance(&mut self) -> Option<f64> {
        let time_s = f64::from(self.step) / STEPS_PER_S;
        let duration_s = self.video.duration();
        if self.step > 0 {
            if duration_s.is_finite() && time_s >= duration_s {
                return None;
            }
            // The middle of the step, so that rounding never shows the frame before.
            self.video.set_current_time(time_s + 0.5 / STEPS_PER_S);
            tasks::event(&self.video, &["seeked", "error"]).await;
            if self.video.current_time() + 1.0 / STEPS_PER_S < time_s {
                return None;
            }
        }
        self.step += 1;
        Some(time_s)
    }

    /// How much of it lies before a time in seconds, 0 to 1.
    #[must_use]
    pub fn fraction(&self, time_s: f64) -> f64 {
        let duration_s = self.video.duration();
        if duration_s.is_finite() && duration_s > 0.0 {
            (time_s / duration_s).min(1.0)
        } else {
            0.0
        }
    }
}
