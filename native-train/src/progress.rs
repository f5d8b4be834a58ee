//! Progress on stderr: a bar in a terminal, else a line every few seconds.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Time between lines where stderr is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Counts of something that is under way.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    label: String,
    unit: &'static str,
    total: Option<u64>,
    done: u64,
    /// What was done before the clock started.
    done_before: u64,
    started: Instant,
    last_line: Instant,
}

impl Progress {
    /// Begins at 0 of `total` (where it is known) `unit`s.
    #[must_use]
    pub fn start(label: &str, unit: &'static str, total: Option<u64>) -> Self {
        Self::start_at(label, unit, total, 0)
    }

    /// Goes on at `done`: the rate, and the time left that follows from it, count from here.
    #[must_use]
    pub fn start_at(label: &str, unit: &'static str, total: Option<u64>, done: u64) -> Self {
        let now = Instant::now();
        Self {
            bar: std::io::stderr()
                .is_terminal()
                .then(|| bar(label, unit, total, done)),
            label: label.to_owned(),
            unit,
            total,
            done,
            done_before: done,
            started: now,
            last_line: now,
        }
    }

    /// Counts `count` more.
    pub fn add(&mut self, count: u64) {
        self.done += count;
        if let Some(bar) = &self.bar {
            bar.inc(count);
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            tracing::info!("{}", self.line(self.started.elapsed()));
        }
    }

    /// Units a second since the start.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate_after(self.started.elapsed())
    }

    /// Says a line on stderr without breaking the bar.
    pub fn say(&self, line: &str) {
        let say = || tracing::info!("{line}");
        if let Some(bar) = &self.bar {
            bar.suspend(say);
        } else {
            say();
        }
    }

    fn rate_after(&self, elapsed: Duration) -> f64 {
        (self.done - self.done_before) as f64 / elapsed.as_secs_f64().max(1e-9)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, elapsed: Duration) -> String {
        let (rate, unit) = (self.rate_after(elapsed), self.unit);
        match self.total {
            Some(total) => {
                let seconds = total.saturating_sub(self.done) as f64 / rate.max(1e-9);
                let left = indicatif::HumanDuration(Duration::from_secs_f64(seconds.min(1e8)));
                format!(
                    "{}: {} of {total} {unit}, {rate:.1} {unit}/s, {left} left",
                    self.label, self.done
                )
            }
            None => format!("{}: {} {unit}, {rate:.1} {unit}/s", self.label, self.done),
        }
    }
}

fn bar(label: &str, unit: &str, total: Option<u64>, done: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let template = match total {
        Some(_) => format!("{{msg}} {{wide_bar}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left"),
        None => format!("{{msg}} {{spinner}} {{pos}} {unit}, {{per_sec}}"),
    };
    // The template is ours; were it wrong, indicatif's own would do.
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.set_message(label.to_owned());
    bar.set_position(done);
    // Else the estimate would take what was done before for work of this instant.
    bar.reset_eta();
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_counts_from_where_a_run_goes_on() {
        let mut progress = Progress::start_at("training", "steps", Some(100), 40);
        progress.add(20);
        // 20 steps in 10 s: the other 40 take 20 s.
        let line = progress.line(Duration::from_secs(10));
        assert_eq!(line, "training: 60 of 100 steps, 2.0 steps/s, 20 seconds left");
    }
}
