//! Frames that a damaged video has lost: how many, and where.

use std::collections::VecDeque;

/// Steps between frames from which the usual one is taken.
const RECENT_STEPS: usize = 16;
/// Steps that tell whether a video is steady.
const FEWEST_STEPS: usize = 3;
/// A gap is a step that is so many times the usual one.
const GAP: f64 = 1.5;
/// How far steps may be from the usual one in a steady video; times in milliseconds move them by 12 % at 120 frames a second.
const STEADY: f64 = 0.15;
/// Frames after a complaint within which a gap is its consequence: decoders look so far ahead, at most.
const FRAMES_AFTER_A_COMPLAINT: u32 = 64;
/// Places that are named.
const MOST_NAMED: usize = 5;

/// What the container says of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Announced {
    pub(crate) frame_count: Option<u64>,
    /// Start and end on the container's clock in seconds.
    pub(crate) start_s: Option<f64>,
    pub(crate) end_s: Option<f64>,
    /// Seconds from frame to frame.
    pub(crate) step_s: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Gap {
    /// The frame before it, and that frame's time.
    after: usize,
    time_s: f64,
    lost: u64,
}

/// Follows the frames' times and looks for gaps that follow a complaint. A video whose rate varies has long steps without
/// any.
#[derive(Debug, Default)]
pub(crate) struct LostFrames {
    announced: Announced,
    frames: usize,
    first_s: f64,
    last_s: f64,
    recent: VecDeque<f64>,
    steps_since_gap: usize,
    watched: u32,
    complained_early: bool,
    has_clear_gap: bool,
    gaps: Vec<Gap>,
}

impl LostFrames {
    pub(crate) fn new(announced: Announced) -> Self {
        Self {
            announced,
            ..Self::default()
        }
    }

    /// The decoder or the demuxer complained.
    pub(crate) fn complained(&mut self) {
        self.watched = FRAMES_AFTER_A_COMPLAINT;
        self.complained_early |= self.frames == 0;
    }

    /// Whether there was a complaint before the first frame.
    pub(crate) fn has_complained_early(&self) -> bool {
        self.complained_early
    }

    /// The next frame came, at this time on the container's clock.
    pub(crate) fn frame(&mut self, time_s: f64) {
        if self.frames == 0 {
            self.first_s = time_s;
        } else {
            self.step(time_s - self.last_s);
        }
        self.frames += 1;
        self.last_s = time_s;
        self.watched = self.watched.saturating_sub(1);
    }

    fn step(&mut self, step: f64) {
        if !step.is_finite() || step <= 0.0 {
            return;
        }
        let usual = self.usual_step();
        if let Some(usual) = usual.filter(|usual| self.watched > 0 && step >= GAP * usual) {
            let lost = (step / usual).round() as u64 - 1;
            let is_steady = |recent: &f64| is_near(*recent, usual);
            // Where gaps follow each other, the rate itself may vary.
            self.has_clear_gap |= self.steps_since_gap >= FEWEST_STEPS && self.recent.iter().all(is_steady);
            self.steps_since_gap = 0;
            self.gaps.push(Gap {
                after: self.frames - 1,
                time_s: self.last_s,
                lost,
            });
            return;
        }
        self.steps_since_gap += 1;
        if self.recent.len() == RECENT_STEPS {
            self.recent.pop_front();
        }
        self.recent.push_back(step);
    }

    /// The median of the last steps, or what the container says.
    fn usual_step(&self) -> Option<f64> {
        let mut steps: Vec<f64> = self.recent.iter().copied().collect();
        steps.sort_by(f64::total_cmp);
        let usual = steps.get(steps.len() / 2).copied();
        usual
            .or(self.announced.step_s)
            .filter(|step| step.is_finite() && *step > 0.0)
    }

    /// Whether a complaint was followed by a gap in an otherwise steady video.
    pub(crate) fn has_clear_gap(&self) -> bool {
        self.has_clear_gap
    }

    /// Whether a steady video ended two frames or more before the end that its container says.
    pub(crate) fn is_short(&self) -> bool {
        let Some((end_s, usual)) = self.announced.end_s.zip(self.usual_step()) else {
            return false;
        };
        let is_steady =
            self.recent.len() >= FEWEST_STEPS && self.recent.iter().all(|step| is_near(*step, usual));
        is_steady && end_s - self.last_s - usual > (1.0 + STEADY) * usual
    }

    /// Where the file's own time is 0: at its first frame, though that one be lost.
    fn zero_s(&self) -> f64 {
        let start_s = self.announced.start_s.filter(|_| self.complained_early);
        start_s.map_or(self.first_s, |start_s| start_s.min(self.first_s))
    }

    /// "N frames lost" and where, in words, of a video that is known to be damaged and of which so many frames came, the
    /// last of them at `last_s` on the container's clock; `None` where none is missing. Those that were announced and did
    /// not come are lost.
    pub(crate) fn in_words(&self, frames: usize, last_s: f64) -> Option<String> {
        let usual = self.usual_step();
        let missing = |seconds: f64| match usual {
            Some(usual) if seconds.is_finite() && seconds > 0.0 => (seconds / usual).round() as u64,
            _ => 0,
        };
        let start = self.announced.start_s.filter(|_| self.complained_early);
        let before = start.map_or(0, |start_s| missing(self.first_s - start_s));
        let end = self.announced.end_s.zip(usual);
        let after = end.map_or(0, |(end_s, usual)| missing(end_s - last_s - usual));
        let gaps = || self.gaps.iter().filter(|gap| gap.after + 1 < frames);
        let in_gaps = gaps().fold(0_u64, |sum, gap| sum.saturating_add(gap.lost));
        let seen = before.saturating_add(in_gaps).saturating_add(after);
        let came = u64::try_from(frames).unwrap_or(u64::MAX);
        let total = self
            .announced
            .frame_count
            .map_or(seen, |count| count.saturating_sub(came));
        if total == 0 {
            return None;
        }
        let mut places = Vec::new();
        if before > 0 {
            places.push(format!("{before} before frame 0"));
        }
        for gap in gaps().take(MOST_NAMED) {
            let time_s = gap.time_s - self.zero_s();
            places.push(format!("{} after frame {} ({time_s:.3} s)", gap.lost, gap.after));
        }
        let unnamed = gaps().skip(MOST_NAMED).count();
        if unnamed > 0 {
            places.push(format!("others in {unnamed} more places"));
        }
        if after > 0 {
            let (last, time_s) = (frames.saturating_sub(1), last_s - self.zero_s());
            places.push(format!("{after} at the end, after frame {last} ({time_s:.3} s)"));
        }
        let places = if places.is_empty() {
            "the times do not show where".to_owned()
        } else {
            places.join(", ")
        };
        let noun = if total == 1 { "frame" } else { "frames" };
        Some(format!("{total} {noun} lost: {places}"))
    }
}

/// Whether a step is the usual one, as far as a steady video's are.
fn is_near(step: f64, usual: f64) -> bool {
    (step / usual - 1.0).abs() < STEADY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(lost: &mut LostFrames, frames: impl IntoIterator<Item = u32>) {
        frames
            .into_iter()
            .for_each(|frame| lost.frame(1.4 + f64::from(frame) / 25.0));
    }

    #[test]
    fn gaps_count_after_a_complaint_only() {
        let mut lost = LostFrames::default();
        follow(&mut lost, (0..20).chain(40..60));
        assert!(!lost.has_clear_gap());
        assert_eq!(lost.in_words(40, 3.76), None);
        lost.complained();
        follow(&mut lost, (60..62).chain(67..80));
        assert!(lost.has_clear_gap());
        assert_eq!(
            lost.in_words(55, 4.56).as_deref(),
            Some("5 frames lost: 5 after frame 41 (2.440 s)")
        );
    }

    #[test]
    fn the_containers_count_and_ends_are_believed() {
        let announced = Announced {
            frame_count: Some(50),
            start_s: Some(1.4),
            end_s: Some(3.4),
            step_s: Some(0.04),
        };
        let mut lost = LostFrames::new(announced);
        lost.complained();
        follow(&mut lost, 3..40);
        assert_eq!(
            lost.in_words(37, 2.96).as_deref(),
            Some("13 frames lost: 3 before frame 0, 10 at the end, after frame 36 (1.560 s)")
        );
        // The last seven of them were announced only.
        assert_eq!(
            lost.in_words(30, 2.68).as_deref(),
            Some("20 frames lost: 3 before frame 0, 17 at the end, after frame 29 (1.280 s)")
        );
    }

    #[test]
    fn steps_that_vary_make_no_clear_gap() {
        let mut lost = LostFrames::default();
        lost.complained();
        follow(&mut lost, [0, 1, 2, 5, 6, 11, 12, 20]);
        assert!(!lost.has_clear_gap());
    }
}
