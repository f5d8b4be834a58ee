//! An audit: a random sample of the segments that the queue leaves out. Without it a review of doubtful places says nothing of the
//! other labels.

use std::fmt::Write as _;

use shared_model::reviewed_segment::ReviewedSegment;

use super::document::ReviewDocument;
use super::doubt::{Conflicts, doubt_of};
use super::queue_filter::QueueFilter;
use crate::label_view::{LabelView, TrackView};
use crate::predicted_runs::PredictedRun;

/// Quantile of the normal distribution for intervals of 95 %.
const Z: f64 = 1.959_964;

/// What an audit has found so far. Its segments are runs of one computed label that the queue's filter leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Audit {
    /// Share that is drawn, 0 to 1; 0 is no audit.
    pub share: f64,
    /// Segments that the filter leaves out.
    pub left_out: usize,
    /// Those of them that are drawn.
    pub drawn: usize,
    /// Those of them of which a person has decided every frame.
    pub decided: usize,
    /// Those of them where the person gave another label to at least half of the frames.
    pub wrong: usize,
    /// Frames of the decided segments.
    pub frames: usize,
    /// Those of them with another label.
    pub wrong_frames: usize,
}

impl Audit {
    /// Share of the decided segments whose label was wrong, with its interval of 95 % (Wilson 1927): share, least, most. `None` before one
    /// is decided.
    #[must_use]
    pub fn error_rate(&self) -> Option<[f64; 3]> {
        if self.decided == 0 {
            return None;
        }
        let (count, square) = (self.decided as f64, Z * Z);
        let share = self.wrong as f64 / count;
        let middle = share + square / (2.0 * count);
        let spread = Z * (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt();
        let scale = 1.0 + square / count;
        let [least, most] = [middle - spread, middle + spread].map(|end| (end / scale).clamp(0.0, 1.0));
        Some([share, least, most])
    }

    /// In words; empty without an audit.
    #[must_use]
    pub fn said(&self) -> String {
        if self.share <= 0.0 {
            return String::new();
        }
        if self.left_out == 0 {
            return "Audit: the queue leaves no segment out. Raise the least doubt, or take a class out."
                .to_owned();
        }
        let mut text = format!(
            "Audit: {} of {} drawn segments decided, drawn at random ({:.0} %) of {} that the queue leaves out.",
            self.decided,
            self.drawn,
            self.share * 100.0,
            self.left_out
        );
        if let Some([share, least, most]) = self.error_rate() {
            let _ = write!(
                text,
                " Wrong of these: {}, an error rate of {:.0} % ({:.0} to {:.0} %, 95 % interval); {:.1} % of their frames.",
                self.wrong,
                share * 100.0,
                least * 100.0,
                most * 100.0,
                100.0 * self.wrong_frames as f64 / self.frames.max(1) as f64
            );
        }
        if self.decided < self.drawn && self.decided > 0 {
            text.push_str(" It holds once all drawn segments are decided.");
        }
        text
    }

    /// Counts a run that the filter leaves out.
    fn count(&mut self, track: u32, run: &PredictedRun, document: &ReviewDocument) {
        self.left_out += 1;
        if !is_drawn(track, run.start, self.share) {
            return;
        }
        self.drawn += 1;
        let (mut decided, mut wrong) = (0, 0);
        for piece in document.touching(track, run.start..run.end) {
            let frames = piece.end.min(run.end) - piece.start.max(run.start);
            if piece.confirmed {
                decided += frames;
                wrong += if piece.label == run.label { 0 } else { frames };
            }
        }
        let frames = run.end - run.start;
        if decided == frames {
            self.decided += 1;
            self.wrong += usize::from(2 * wrong >= frames);
            self.frames += frames;
            self.wrong_frames += wrong;
        }
    }
}

/// Counts the audit of all tracks.
#[must_use]
pub fn count(
    view: &LabelView,
    document: &ReviewDocument,
    conflicts: Option<&Conflicts>,
    filter: &QueueFilter,
) -> Audit {
    let mut audit = Audit {
        share: filter.audit_share,
        ..Audit::default()
    };
    if audit.share > 0.0 {
        for (index, track) in view.tracks.iter().enumerate() {
            for run in track.runs.runs() {
                if is_left_out(view, (index, track), run, conflicts, filter) {
                    audit.count(track.track, run, document);
                }
            }
        }
    }
    audit
}

/// Whether the filter leaves a computed run out. What a person said of it does not matter, so that the sample stays the same all the
/// while.
fn is_left_out(
    view: &LabelView,
    (index, track): (usize, &TrackView),
    run: &PredictedRun,
    conflicts: Option<&Conflicts>,
    filter: &QueueFilter,
) -> bool {
    let conflicts = conflicts.map(|conflicts| (conflicts, index));
    let doubt = doubt_of(view, track, run.start..run.end, conflicts);
    !filter.takes(run.label, doubt)
}

/// The drawn runs of a track that the filter leaves out, by start.
#[must_use]
pub(super) fn drawn(
    view: &LabelView,
    (index, track): (usize, &TrackView),
    conflicts: Option<&Conflicts>,
    filter: &QueueFilter,
) -> Vec<PredictedRun> {
    let runs = track.runs.runs().iter();
    let is_in = |run: &&PredictedRun| {
        is_drawn(track.track, run.start, filter.audit_share)
            && is_left_out(view, (index, track), run, conflicts, filter)
    };
    runs.filter(is_in).copied().collect()
}

/// Whether an open segment lies in one of the drawn runs.
#[must_use]
pub(super) fn holds(drawn: &[PredictedRun], segment: &ReviewedSegment) -> bool {
    let place = drawn.partition_point(|run| run.end <= segment.start);
    drawn.get(place).is_some_and(|run| run.start <= segment.start)
}

/// A draw that is the same for ever for a track's frame: what is reviewed today is still the sample tomorrow.
fn is_drawn(track: u32, start: usize, share: f64) -> bool {
    fraction(track, start, 0) < share
}

/// Where a drawn segment comes among the doubtful ones, 0 (first) to 1, so that a blind reviewer does not know it by its place.
#[must_use]
pub(super) fn place(track: u32, start: usize) -> f64 {
    fraction(track, start, 1)
}

/// A number in [0, 1) that looks random (SplitMix64's finaliser, Steele et al. 2014).
fn fraction(track: u32, start: usize, purpose: u64) -> f64 {
    let mut bits =
        (start as u64 ^ (u64::from(track) << 40) ^ (purpose << 62)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // SciPy 1.17, binomtest(wrong, decided).proportion_ci(0.95, "wilson").
        let table = [
            (0, 10, 0.0, 0.277_533),
            (1, 8, 0.022_417, 0.470_888),
            (5, 5, 0.565_518, 1.0),
            (30, 200, 0.107_136, 0.206_056),
        ];
        for (wrong, decided, least, most) in table {
            let audit = Audit {
                wrong,
                decided,
                ..Audit::default()
            };
            let [share, low, high] = audit.error_rate().unwrap();
            assert!((share - wrong as f64 / decided as f64).abs() < 1e-12);
            assert!(
                (low - least).abs() < 1e-5 && (high - most).abs() < 1e-5,
                "{wrong} of {decided}: {low} {high}"
            );
        }
        assert_eq!(Audit::default().error_rate(), None);
    }

    #[test]
    fn the_share_that_is_drawn_is_the_share_that_was_asked_for() {
        for share in [0.05, 0.2, 0.5] {
            let drawn = (0..3_u32).flat_map(|track| (0..10_000).map(move |start| (track, start * 7)));
            let drawn = drawn
                .filter(|(track, start)| is_drawn(*track, *start, share))
                .count();
            assert!((drawn as f64 / 30_000.0 - share).abs() < 0.01, "{share}: {drawn}");
        }
        assert!((0..1000).all(|start| !is_drawn(0, start, 0.0) && is_drawn(0, start, 1.0)));
    }
}
