//! How fast a person goes through segments.

/// Intervals that count: the pace changes as one gets used to a video.
const KEPT: usize = 25;
/// Longer pauses are no work, in seconds.
const LONGEST_S: f64 = 90.0;

/// The times between reviews.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pace {
    last_s: Option<f64>,
    intervals: Vec<f64>,
}

impl Pace {
    /// A segment was reviewed at this time in seconds.
    pub fn note(&mut self, now_s: f64) {
        if let Some(interval) = self.last_s.map(|last| now_s - last)
            && (0.0..LONGEST_S).contains(&interval)
        {
            if self.intervals.len() == KEPT {
                self.intervals.remove(0);
            }
            self.intervals.push(interval);
        }
        self.last_s = Some(now_s);
    }

    /// Seconds for so many segments at the median pace; `None` before it is known.
    #[must_use]
    pub fn seconds_for(&self, segments: usize) -> Option<f64> {
        if self.intervals.len() < 3 {
            return None;
        }
        let mut sorted = self.intervals.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
            .get(sorted.len() / 2)
            .map(|median| median * segments as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_do_not_count() {
        let mut pace = Pace::default();
        assert_eq!(pace.seconds_for(10), None);
        for time in [0.0, 2.0, 5.0, 4000.0, 4002.0, 4010.0] {
            pace.note(time);
        }
        assert_eq!(pace.seconds_for(10), Some(30.0));
    }
}
