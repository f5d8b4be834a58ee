//! How long a worker's answer is waited for.

/// Seconds that the first answer may take: kernels are compiled and weights prepared before it.
const FIRST_S: f64 = 300.0;
/// Seconds that any answer may take.
const LEAST_S: f64 = 60.0;
/// An answer may take this many times as long as the slowest one so far.
const TIMES_THE_SLOWEST: f64 = 20.0;

/// The limit of the next answer, by the answers so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AnswerLimit {
    /// Seconds that the slowest answer took; `None` before the first.
    slowest_s: Option<f64>,
}

impl AnswerLimit {
    /// Seconds that the next answer may take.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.slowest_s
            .map_or(FIRST_S, |slowest_s| (TIMES_THE_SLOWEST * slowest_s).max(LEAST_S))
    }

    /// The limit after one more answer, which took `took_s` seconds.
    #[must_use]
    pub fn after(self, took_s: f64) -> Self {
        Self {
            slowest_s: Some(self.slowest_s.unwrap_or(0.0).max(took_s)),
        }
    }

    /// The limit of a question that is `times` as much work as those that were answered.
    #[must_use]
    pub fn of_work(self, times: f64) -> Self {
        Self {
            slowest_s: self.slowest_s.map(|slowest_s| slowest_s * times),
        }
    }
}

/// A wait with an end, counted in ticks. A tick that lasts much longer than it should is one in which the machine slept or
/// the browser froze the page: what is beyond two ticks is nobody's fault and is not counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    limit_s: f64,
    waited_s: f64,
}

impl Patience {
    /// Seconds of one tick.
    pub const TICK_S: f64 = 1.0;

    /// A wait of at most `limit_s` seconds.
    #[must_use]
    pub fn new(limit_s: f64) -> Self {
        Self {
            limit_s,
            waited_s: 0.0,
        }
    }

    /// Counts a tick, or a part of one, that took `passed_s` seconds by the clock.
    pub fn pass(&mut self, passed_s: f64) {
        self.waited_s += passed_s.clamp(0.0, 2.0 * Self::TICK_S);
    }

    /// Seconds that count so far.
    #[must_use]
    pub fn waited_s(&self) -> f64 {
        self.waited_s
    }

    /// Whether the wait is at its end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.waited_s >= self.limit_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_has_five_minutes() {
        assert_eq!(AnswerLimit::default().seconds(), 300.0);
        assert_eq!(AnswerLimit::default().of_work(7.0).seconds(), 300.0);
    }

    #[test]
    fn later_ones_have_twenty_times_the_slowest_and_a_minute_at_least() {
        let quick = AnswerLimit::default().after(0.25);
        assert_eq!(quick.seconds(), 60.0);
        assert_eq!(quick.after(3.0).seconds(), 60.0);
        assert_eq!(quick.after(4.5).seconds(), 90.0);
        assert_eq!(
            quick.after(4.5).after(0.25).seconds(),
            90.0,
            "a quick answer does not shorten it"
        );
        assert_eq!(
            AnswerLimit::default().after(40.0).seconds(),
            800.0,
            "nor does the first limit"
        );
        assert_eq!(quick.after(4.5).of_work(3.0).seconds(), 270.0);
    }

    #[test]
    fn a_wait_ends_at_its_limit() {
        let mut patience = Patience::new(60.0);
        for _ in 0..59 {
            patience.pass(1.0);
        }
        assert!(!patience.is_over());
        patience.pass(1.0);
        assert!(patience.is_over());
        assert_eq!(patience.waited_s(), 60.0);
    }

    #[test]
    fn a_night_asleep_is_not_counted() {
        let mut patience = Patience::new(60.0);
        patience.pass(0.5);
        patience.pass(8.0 * 3600.0);
        assert_eq!(patience.waited_s(), 2.5);
        // Clocks that were set back, or that say nothing.
        patience.pass(-5.0);
        patience.pass(0.0);
        assert_eq!(patience.waited_s(), 2.5);
        assert!(!patience.is_over());
    }
}
