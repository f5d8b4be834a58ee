//! Random numbers that follow from a run's seed and what they are drawn for, and from nothing else: not from the number of threads,
//! nor from an interruption.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// Changes whenever a stream changes: a run that was begun with others cannot go on as it would have gone on.
pub const STREAMS_VERSION: u32 = 1;

const SLOT_BITS: u32 = 20;
/// Pictures of a step, at most: beyond them their streams would meet those of the next step.
pub const MOST_SLOTS: usize = 1 << SLOT_BITS;

/// What random numbers are drawn for. No two of them ever have one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Changes to the labelled picture in a slot of a step.
    Picture { step: u64, slot: u64 },
    /// What stands in for a labelled picture that cannot be read.
    StandIn { step: u64, slot: u64 },
    /// Views of the unlabelled picture in a slot of a step.
    Unlabelled { step: u64, slot: u64 },
    /// Which pictures a step sees.
    Classes { step: u64 },
    /// How the pictures of a step are mixed with each other.
    Mixing { step: u64 },
    /// Which pictures of a class are within its quota.
    Quota { class: u64 },
    /// Which pictures of a class are within the quota of one source, counted from 0.
    SourceQuota { source: u64, class: u64 },
    /// How copies of a smaller network's channels share its weights.
    Growth,
    /// Views of a still that clips are made of.
    StillView { place: u64, view: u64 },
    /// Clips of stills that the encoder learns from in a step.
    StillClips { step: u64 },
    /// A clip of stills that the encoder is evaluated on.
    StillEvaluation { number: u64 },
    /// The order of clips in a round over the videos.
    ClipOrder { round: u64 },
}

impl Stream {
    /// Its number: the purpose in the uppermost bits.
    #[must_use]
    pub fn number(self) -> u64 {
        let slotted = |step: u64, slot: u64| (step << SLOT_BITS) | slot;
        match self {
            Self::Picture { step, slot } => slotted(step, slot),
            Self::Quota { class } => (0x5e1e << 40) | class,
            Self::SourceQuota { source, class } => (0x50e1 << 40) | (source << 8) | class,
            Self::Growth => 0x6e0e << 40,
            Self::StillView { place, view } => (1 << 61) | (place << 8) | view,
            Self::Unlabelled { step, slot } => (2 << 61) | slotted(step, slot),
            Self::StandIn { step, slot } => (3 << 61) | slotted(step, slot),
            Self::StillEvaluation { number } => (4 << 61) | number,
            Self::StillClips { step } => (5 << 61) | step,
            Self::Classes { step } => (6 << 61) | step,
            Self::ClipOrder { round } => (6 << 61) | (1 << 60) | round,
            Self::Mixing { step } => (7 << 61) | step,
        }
    }

    /// A generator of its own under this seed.
    #[must_use]
    pub fn random(self, seed: u64) -> ChaCha8Rng {
        random_of(seed, self.number())
    }
}

/// A generator of its own for each (seed, stream) pair.
pub(crate) fn random_of(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    random
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_purposes_share_a_stream() {
        // The most that runs have: steps, slots of a batch, pictures, clips.
        let steps = (0..64).chain([100_000, 1 << 30]);
        let mut seen = HashSet::new();
        let mut count = 0;
        let mut add = |stream: Stream| {
            count += 1;
            assert!(seen.insert(stream.number()), "{stream:?}");
        };
        for step in steps {
            for slot in (0..300).chain([(1 << SLOT_BITS) - 1]) {
                add(Stream::Picture { step, slot });
                add(Stream::StandIn { step, slot });
                add(Stream::Unlabelled { step, slot });
            }
            add(Stream::Classes { step });
            add(Stream::Mixing { step });
            add(Stream::StillClips { step });
            add(Stream::StillEvaluation { number: step });
            add(Stream::ClipOrder { round: step });
            for view in 0..64 {
                add(Stream::StillView { place: step, view });
            }
        }
        for class in 0..8 {
            add(Stream::Quota { class });
            for source in 0..100 {
                add(Stream::SourceQuota { source, class });
            }
        }
        add(Stream::Growth);
        assert_eq!(seen.len(), count);
    }
}
