//! An audit: a random sample of the segments that the queue leaves out. Without it a review of doubtful places says nothing of the
//! other labels.

use std::fmt::Write as _;

use shared_model::reviewed_segment::ReviewedSegment;

use super::document::ReviewDocument;
use super::doubt::{Conflicts, doubt_of};
use super::queue_filter::QueueFilter;
use crate::label_view::LabelView;
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
            "Audit: {} of {} drawn segments decided, drawn at random of {} that the queue leaves out.",
            self.decided, self.drawn, self.left_out
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

    /// Counts a run that is drawn.
    fn count(&mut self, track: u32, run: &PredictedRun, document: &ReviewDocument) {
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

/// The sample of a video: the same for ever, so that what is reviewed today is still the sample tomorrow, and another one in another video.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// What it has found.
    pub(super) audit: Audit,
    /// Drawn runs by place of the track, then by start.
    drawn: Vec<Vec<PredictedRun>>,
    seed: u64,
}

impl Sample {
    /// Draws the filter's share of the runs that it leaves out, one at least. What a person said of a run does not matter for that.
    pub(super) fn of(
        view: &LabelView,
        document: &ReviewDocument,
        conflicts: Option<&Conflicts>,
        filter: &QueueFilter,
    ) -> Self {
        let share = filter.audit_share;
        if share <= 0.0 {
            return Self::default();
        }
        let seed = seed_of(view);
        let mut left_out = Vec::new();
        for (index, track) in view.tracks.iter().enumerate() {
            let conflicts = conflicts.map(|conflicts| (conflicts, index));
            for run in track.runs.runs() {
                let doubt = doubt_of(view, track, run.start..run.end, conflicts);
                if !filter.takes(run.label, doubt) {
                    let lot = fraction(seed, (track.track, run.start), DRAW);
                    left_out.push((lot, index, track.track, *run));
                }
            }
        }
        let mut audit = Audit {
            share,
            left_out: left_out.len(),
            ..Audit::default()
        };
        left_out.sort_by(|a, b| a.0.total_cmp(&b.0));
        left_out.truncate((share * left_out.len() as f64).ceil() as usize);
        left_out.sort_by_key(|(_, index, _, run)| (*index, run.start));
        let mut drawn = vec![Vec::new(); view.tracks.len()];
        for (_, index, track, run) in left_out {
            audit.count(track, &run, document);
            if let Some(runs) = drawn.get_mut(index) {
                runs.push(run);
            }
        }
        Self { audit, drawn, seed }
    }

    /// Whether an open segment of the track at this place lies in a drawn run.
    pub(super) fn holds(&self, track: usize, segment: &ReviewedSegment) -> bool {
        let drawn = self.drawn.get(track).map_or(&[][..], Vec::as_slice);
        let place = drawn.partition_point(|run| run.end <= segment.start);
        drawn.get(place).is_some_and(|run| run.start <= segment.start)
    }

    /// Where a drawn segment comes among the doubtful ones, 0 (first) to 1, so that a blind reviewer does not know it by its place.
    pub(super) fn place(&self, segment: &ReviewedSegment) -> f64 {
        fraction(self.seed, (segment.track, segment.start), PLACE)
    }
}

/// Which lot is drawn.
const DRAW: u64 = 1;
const PLACE: u64 = 2;

/// Of where the faces are in the video: no model and no label changes it.
fn seed_of(view: &LabelView) -> u64 {
    let boxes = view.rows.iter().filter_map(|row| row.face_box);
    boxes.fold(view.times.len() as u64, |seed, face| {
        mixed(seed ^ (u64::from(face.x.to_bits()) << 32) ^ u64::from(face.y.to_bits()))
    })
}

/// A number in [0, 1) that looks random, of a track's frame.
fn fraction(seed: u64, (track, start): (u32, usize), purpose: u64) -> f64 {
    let bits = mixed(mixed(mixed(seed ^ purpose) ^ u64::from(track)) ^ start as u64);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A step of `SplitMix64` (Steele et al. 2014).
fn mixed(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
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
    fn every_place_is_drawn_as_often_as_any_other_over_many_videos() {
        for at in [(0, 0), (0, 7), (3, 0), (4_000_000, 90_000)] {
            let lots: Vec<f64> = (0..20_000)
                .map(|video| fraction(mixed(video), at, DRAW))
                .collect();
            for share in [0.05, 0.5, 0.9] {
                let drawn = lots.iter().filter(|lot| **lot < share).count() as f64 / lots.len() as f64;
                assert!((drawn - share).abs() < 0.015, "{at:?}, {share}: {drawn}");
            }
        }
    }
}
