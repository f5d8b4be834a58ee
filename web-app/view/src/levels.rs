//! Coarser copies of a track's rows, so that an hour is drawn as quickly as a second.

use shared_model::expression::{CLASS_COUNT, ClassScores, Expression};
use shared_model::timeline::FrameRow;

/// Frames that make a bucket of the finest level.
const FINEST: usize = 4;
/// Buckets of one level that make one of the next: with two, a plot finds one that fits its pixels well.
const FACTOR: usize = 2;
/// Levels above the frames themselves: the coarsest holds 16384 frames a bucket.
const LEVEL_COUNT: usize = 13;

/// Counts of labels.
type Votes = [u32; CLASS_COUNT];

/// What a run of frames shows of one track.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bucket {
    /// Rows in it; 0 where the track is not there.
    pub count: u32,
    sums: ClassScores,
    margins: f32,
    raw: Votes,
    temporal: Votes,
    smoothed: Votes,
}

/// How sure the network is, 0 to 1: its best less its second best probability.
#[must_use]
pub fn margin(probabilities: &ClassScores) -> f32 {
    let (mut best, mut second) = (0.0_f32, 0.0_f32);
    for value in probabilities {
        if *value > best {
            second = best;
            best = *value;
        } else if *value > second {
            second = *value;
        }
    }
    best - second
}

/// Which labels a lane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Of the per-frame head.
    Raw,
    /// Of the temporal encoder.
    Temporal,
    /// After smoothing.
    Smoothed,
}

impl Lane {
    /// From the network's output to the final labels.
    pub const ALL: [Self; 3] = [Self::Raw, Self::Temporal, Self::Smoothed];

    /// A row's label in this lane.
    #[must_use]
    pub fn label_of(self, row: &FrameRow) -> Option<Expression> {
        match self {
            Self::Raw => row.raw,
            Self::Temporal => row.temporal,
            Self::Smoothed => row.smoothed,
        }
    }
}

impl Bucket {
    /// Mean probabilities, `None` where the track is not there.
    #[must_use]
    pub fn mean(&self) -> Option<ClassScores> {
        (self.count > 0).then(|| self.sums.map(|sum| sum / self.count as f32))
    }

    /// Mean margin of its frames, see [`margin`]; `None` where the track is not there.
    #[must_use]
    pub fn margin(&self) -> Option<f32> {
        (self.count > 0).then(|| self.margins / self.count as f32)
    }

    /// The most frequent label of a lane.
    #[must_use]
    pub fn label(&self, lane: Lane) -> Option<Expression> {
        let votes = match lane {
            Lane::Raw => &self.raw,
            Lane::Temporal => &self.temporal,
            Lane::Smoothed => &self.smoothed,
        };
        let (best, most) = votes
            .iter()
            .enumerate()
            .max_by_key(|(class, votes)| (**votes, CLASS_COUNT - class))?;
        Expression::from_index(best).filter(|_| *most > 0)
    }

    fn add_row(&mut self, row: &FrameRow) {
        let Some(probabilities) = &row.probabilities else {
            return;
        };
        self.count += 1;
        self.margins += margin(probabilities);
        for (sum, value) in self.sums.iter_mut().zip(probabilities) {
            *sum += value;
        }
        for (votes, label) in [
            (&mut self.raw, row.raw),
            (&mut self.temporal, row.temporal),
            (&mut self.smoothed, row.smoothed),
        ] {
            if let Some(vote) = label.and_then(|label| votes.get_mut(label.index())) {
                *vote += 1;
            }
        }
    }

    fn add_bucket(&mut self, finer: &Self) {
        self.count += finer.count;
        self.margins += finer.margins;
        for (sum, value) in self.sums.iter_mut().zip(finer.sums) {
            *sum += value;
        }
        for (votes, more) in [
            (&mut self.raw, &finer.raw),
            (&mut self.temporal, &finer.temporal),
            (&mut self.smoothed, &finer.smoothed),
        ] {
            for (vote, other) in votes.iter_mut().zip(more) {
                *vote += other;
            }
        }
    }
}

/// Buckets of one size.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Level {
    /// Frames a bucket.
    pub frames: usize,
    /// Number of the first bucket; bucket `b` holds the frames from `b * frames` on.
    pub first: usize,
    /// The buckets.
    pub buckets: Vec<Bucket>,
}

impl Level {
    fn bucket_mut(&mut self, number: usize) -> Option<&mut Bucket> {
        if self.buckets.is_empty() {
            self.first = number;
        }
        let place = number.checked_sub(self.first)?;
        if place >= self.buckets.len() {
            self.buckets.resize(place + 1, Bucket::default());
        }
        self.buckets.get_mut(place)
    }

    /// Forgets the buckets from a number on, and empty ones before it.
    fn truncate(&mut self, number: usize) {
        self.buckets.truncate(number.saturating_sub(self.first));
        while self.buckets.last().is_some_and(|bucket| bucket.count == 0) {
            self.buckets.pop();
        }
    }

    /// The bucket with this number.
    #[must_use]
    pub fn bucket(&self, number: usize) -> Option<&Bucket> {
        self.buckets.get(number.checked_sub(self.first)?)
    }
}

/// All levels of one track, finest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Levels {
    levels: Vec<Level>,
}

impl Levels {
    /// Takes the next row, in frame order.
    pub fn add(&mut self, row: &FrameRow) {
        if self.levels.is_empty() {
            self.levels.push(Level {
                frames: FINEST,
                ..Level::default()
            });
        }
        if let Some(bucket) = self
            .levels
            .first_mut()
            .and_then(|level| level.bucket_mut(row.frame / FINEST))
        {
            bucket.add_row(row);
        }
    }

    /// Forgets the rows from a frame on. The first frame whose rows are to be added again: it may lie a few before.
    pub fn truncate(&mut self, frame: usize) -> usize {
        let number = frame / FINEST;
        if let Some(finest) = self.levels.first_mut() {
            finest.truncate(number);
        }
        number * FINEST
    }

    /// Makes the coarser levels from the finest, as far as they hold frames from `frame` on.
    pub fn build_upper(&mut self, frame: usize) {
        for place in 1..LEVEL_COUNT {
            let Some((level, finer)) = self.level_and_finer(place) else {
                return;
            };
            let first = frame / level.frames;
            level.truncate(first);
            let stay = (first * FACTOR).saturating_sub(finer.first);
            for (place, bucket) in finer.buckets.iter().enumerate().skip(stay) {
                if let Some(coarse) = level.bucket_mut((finer.first + place) / FACTOR) {
                    coarse.add_bucket(bucket);
                }
            }
        }
    }

    /// A level, made where it is not there yet, and the one that it is made of.
    fn level_and_finer(&mut self, place: usize) -> Option<(&mut Level, &Level)> {
        if self.levels.len() == place {
            let frames = self.levels.last()?.frames * FACTOR;
            self.levels.push(Level {
                frames,
                ..Level::default()
            });
        }
        let (finer, coarser) = self.levels.split_at_mut_checked(place)?;
        Some((coarser.first_mut()?, finer.last()?))
    }

    /// The coarsest level with no more than `frames` frames a bucket; `None` when single frames are finer.
    #[must_use]
    pub fn for_frames(&self, frames: f64) -> Option<&Level> {
        self.levels
            .iter()
            .rev()
            .find(|level| level.frames as f64 <= frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(frame: usize, class: usize) -> FrameRow {
        FrameRow {
            track: Some(0),
            probabilities: Some(std::array::from_fn(|i| if i == class { 1.0 } else { 0.0 })),
            raw: Expression::from_index(class),
            smoothed: Expression::from_index(class),
            ..FrameRow::without_face(frame, frame as f64)
        }
    }

    #[test]
    fn every_level_keeps_count_and_mean() {
        let mut levels = Levels::default();
        for frame in 100..1100 {
            levels.add(&row(frame, usize::from(frame % 4 == 0)));
        }
        levels.build_upper(0);
        for frames in [4.0, 16.0, 64.0, 256.0, 1024.0, 16384.0] {
            let level = levels.for_frames(frames).unwrap();
            assert_eq!(level.frames as f64, frames);
            assert_eq!(level.buckets.iter().map(|b| b.count).sum::<u32>(), 1000);
        }
        let coarse = levels.for_frames(1e9).unwrap();
        let mean = coarse.bucket(0).unwrap().mean().unwrap();
        assert!((mean[0] - 0.75).abs() < 1e-5 && (mean[1] - 0.25).abs() < 1e-5);
        // Each frame is sure, of whatever it is.
        assert!((coarse.bucket(0).unwrap().margin().unwrap() - 1.0).abs() < 1e-5);
        assert!((margin(&mean) - 0.5).abs() < 1e-5);
        assert_eq!(
            coarse.bucket(0).unwrap().label(Lane::Raw),
            Some(Expression::Neutral)
        );
        assert_eq!(coarse.bucket(0).unwrap().label(Lane::Temporal), None);
        assert!(levels.for_frames(3.9).is_none());
    }
}
