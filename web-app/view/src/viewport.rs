//! The part of the time axis that is in sight.

/// Frames that fill the width at the closest zoom.
const CLOSEST_FRAMES: f64 = 12.0;

/// Pixels between two fingers below which their distance is chance.
const LEAST_SPREAD_PX: f64 = 8.0;

/// A stretch of time in seconds over a plot of some width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// Left edge in seconds.
    pub start_s: f64,
    /// Length in sight in seconds.
    pub span_s: f64,
    /// Length of the whole in seconds.
    pub total_s: f64,
    /// Length of a frame in seconds; bounds the zoom.
    pub frame_s: f64,
}

impl Default for Viewport {
    fn default() -> Self {
        Self::whole(1.0, 1.0 / 30.0)
    }
}

impl Viewport {
    /// All of `total_s` seconds in sight.
    #[must_use]
    pub fn whole(total_s: f64, frame_s: f64) -> Self {
        let total_s = if total_s.is_finite() {
            total_s.max(0.001)
        } else {
            1.0
        };
        Self {
            start_s: 0.0,
            span_s: total_s,
            total_s,
            frame_s: if frame_s.is_finite() {
                frame_s.max(0.0005)
            } else {
                0.04
            },
        }
    }

    /// Whether the whole is in sight.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.span_s >= self.total_s * 0.999_999
    }

    /// The same place on a longer or shorter whole; what showed all goes on to do so.
    #[must_use]
    pub fn with_total(self, total_s: f64, frame_s: f64) -> Self {
        let whole = Self::whole(total_s, frame_s);
        if self.is_whole() {
            return whole;
        }
        Self {
            start_s: self.start_s,
            span_s: self.span_s,
            ..whole
        }
        .bounded()
    }

    /// Pixel of a time, from the left edge of a plot of `width` pixels.
    #[must_use]
    pub fn x_of(&self, time_s: f64, width: f64) -> f64 {
        (time_s - self.start_s) / self.span_s * width
    }

    /// Time at a pixel, kept inside the whole.
    #[must_use]
    pub fn time_at(&self, x: f64, width: f64) -> f64 {
        let part = if width > 0.0 { x / width } else { 0.0 };
        (self.start_s + part * self.span_s).clamp(0.0, self.total_s)
    }

    /// Right edge in seconds.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        self.start_s + self.span_s
    }

    /// Shows `factor` times as much time (below 1: closer), while `at_s` stays where it is.
    #[must_use]
    pub fn zoomed(self, factor: f64, at_s: f64) -> Self {
        let span_s = (self.span_s * factor).clamp(self.closest(), self.total_s);
        let part = (at_s - self.start_s) / self.span_s;
        Self {
            start_s: at_s - part * span_s,
            span_s,
            ..self
        }
        .bounded()
    }

    /// Zooms as two fingers part or close: what was under the middle of `before` comes under the middle of `now` (pixels
    /// of a plot of `width`). Fingers that are on one another say nothing.
    #[must_use]
    pub fn pinched(self, before: (f64, f64), now: (f64, f64), width: f64) -> Self {
        let (was, is) = ((before.0 - before.1).abs(), (now.0 - now.1).abs());
        if was < LEAST_SPREAD_PX || is < LEAST_SPREAD_PX {
            return self;
        }
        let (middle_before, middle) = (f64::midpoint(before.0, before.1), f64::midpoint(now.0, now.1));
        let zoomed = self.zoomed(was / is, self.time_at(middle_before, width));
        zoomed.panned((middle_before - middle) / width.max(1.0) * zoomed.span_s)
    }

    /// Moves by some seconds.
    #[must_use]
    pub fn panned(self, by_s: f64) -> Self {
        Self {
            start_s: self.start_s + by_s,
            ..self
        }
        .bounded()
    }

    /// Shows a stretch of time, as far as there is one.
    #[must_use]
    pub fn showing(self, start_s: f64, end_s: f64) -> Self {
        Self {
            start_s,
            span_s: end_s - start_s,
            ..self
        }
        .bounded()
    }

    /// Turns the page when `time_s` has left the sight.
    #[must_use]
    pub fn following(self, time_s: f64) -> Self {
        if time_s >= self.start_s && time_s <= self.end_s() {
            return self;
        }
        Self {
            start_s: time_s - self.span_s * 0.05,
            ..self
        }
        .bounded()
    }

    fn closest(&self) -> f64 {
        (self.frame_s * CLOSEST_FRAMES).min(self.total_s)
    }

    fn bounded(self) -> Self {
        let span_s = self.span_s.clamp(self.closest(), self.total_s);
        Self {
            start_s: self.start_s.clamp(0.0, self.total_s - span_s),
            span_s,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zoom_keeps_the_time_under_the_pointer() {
        let view = Viewport::whole(3600.0, 0.04).zoomed(0.1, 1000.0);
        let before = view.x_of(1000.0, 800.0);
        let closer = view.zoomed(0.5, 1000.0);
        assert!((closer.x_of(1000.0, 800.0) - before).abs() < 1e-6);
        assert!((closer.time_at(before, 800.0) - 1000.0).abs() < 1e-6);
    }

    #[test]
    fn what_lies_under_two_fingers_follows_them() {
        let view = Viewport::whole(60.0, 0.04).zoomed(0.5, 30.0);
        let (before, now) = ((300.0, 500.0), (220.0, 620.0));
        let pinched = view.pinched(before, now, 800.0);
        assert!((pinched.span_s - view.span_s / 2.0).abs() < 1e-9);
        let times = [view.time_at(400.0, 800.0), pinched.time_at(420.0, 800.0)];
        assert!((times[0] - times[1]).abs() < 1e-9, "{times:?}");
        assert_eq!(view.pinched((300.0, 302.0), now, 800.0), view);
    }

    #[test]
    fn the_sight_never_leaves_the_whole() {
        let mut view = Viewport::whole(60.0, 0.04);
        for step in 0..200 {
            view = match step % 3 {
                0 => view.zoomed(0.7, f64::from(step) % 60.0),
                1 => view.panned(f64::from(step) - 100.0),
                _ => view.following(f64::from(step) % 60.0),
            };
            assert!(view.start_s >= 0.0 && view.end_s() <= view.total_s + 1e-9);
            assert!(view.span_s >= 0.04 * CLOSEST_FRAMES - 1e-9);
        }
        assert!(view.zoomed(1e9, 5.0).is_whole());
        let shown = view.showing(58.0, 63.0);
        assert!((shown.span_s - 5.0).abs() < 1e-9 && (shown.end_s() - 60.0).abs() < 1e-9);
    }

    #[test]
    fn a_growing_whole_stays_in_sight_only_if_it_was() {
        let whole = Viewport::whole(10.0, 0.04);
        assert!(whole.with_total(20.0, 0.04).is_whole());
        let part = whole.zoomed(0.2, 5.0).with_total(20.0, 0.04);
        assert!((part.span_s - 2.0).abs() < 1e-9 && (part.start_s - 4.0).abs() < 1e-9);
    }
}
