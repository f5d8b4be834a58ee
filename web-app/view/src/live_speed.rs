//! How fast the pictures of a webcam are read, and how late their labels are.

use std::collections::VecDeque;

/// Milliseconds over which is counted.
const SPAN_MS: f64 = 2000.0;
/// Milliseconds from one figure to the next: figures that change with each picture cannot be read.
const STEP_MS: f64 = 500.0;

/// Answers of the last two seconds, and what is said of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LiveSpeed {
    /// When each answer came, and how many milliseconds after its picture.
    answers: VecDeque<(f64, f64)>,
    said_ms: Option<f64>,
    said: Option<(f64, f64)>,
}

impl LiveSpeed {
    /// Takes an answer that comes now, so many milliseconds after its picture; says whether the figures have changed.
    pub fn take(&mut self, now_ms: f64, late_ms: f64) -> bool {
        self.answers.push_back((now_ms, late_ms));
        while self
            .answers
            .front()
            .is_some_and(|(came_ms, _)| now_ms - came_ms > SPAN_MS)
        {
            self.answers.pop_front();
        }
        let first_ms = self.answers.front().map_or(now_ms, |(came_ms, _)| *came_ms);
        let is_due = self.said_ms.is_none_or(|said_ms| now_ms - said_ms >= STEP_MS);
        if !is_due || now_ms <= first_ms {
            return false;
        }
        let intervals = self.answers.len().saturating_sub(1) as f64;
        let late_ms =
            self.answers.iter().map(|(_, late_ms)| late_ms).sum::<f64>() / self.answers.len() as f64;
        self.said = Some((intervals / (now_ms - first_ms) * 1000.0, late_ms));
        self.said_ms = Some(now_ms);
        true
    }

    /// Pictures per second, and milliseconds from a picture to its label; `None` before two answers have come.
    #[must_use]
    pub fn figures(&self) -> Option<(f64, f64)> {
        self.said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_seconds_count_and_figures_stand_still_for_half_a_second() {
        let mut speed = LiveSpeed::default();
        assert!(!speed.take(0.0, 900.0));
        assert_eq!(speed.figures(), None);
        let mut changes = 0;
        for picture in 1..=100 {
            changes += usize::from(speed.take(f64::from(picture) * 40.0, 80.0));
        }
        let (rate, late_ms) = speed.figures().unwrap();
        assert!((rate - 25.0).abs() < 0.01, "{rate}");
        assert!(
            (late_ms - 80.0).abs() < 1e-9,
            "the slow first answer is forgotten: {late_ms}"
        );
        assert!((7..=8).contains(&changes), "{changes} in four seconds");
        // It stops for a while: what was before says nothing any more.
        assert!(!speed.take(60_000.0, 300.0));
        assert!(speed.take(60_100.0, 300.0));
        assert_eq!(speed.figures(), Some((10.0, 300.0)));
    }
}
