//! Which pictures a training step sees.

use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use shared_model::expression::{CLASS_COUNT, Expression};

/// Draws batches in which each class that has pictures is about equally frequent. Pictures are
/// drawn with replacement, so those of rare classes come often.
#[derive(Debug, Clone)]
pub struct ClassBalance {
    by_class: Vec<Vec<usize>>,
    seed: u64,
}

impl ClassBalance {
    /// For pictures with these labels, by place.
    #[must_use]
    pub fn new(labels: &[Expression], seed: u64) -> Self {
        let mut by_class = vec![Vec::new(); CLASS_COUNT];
        for (place, label) in labels.iter().enumerate() {
            if let Some(places) = by_class.get_mut(label.index()) {
                places.push(place);
            }
        }
        by_class.retain(|places| !places.is_empty());
        Self { by_class, seed }
    }

    /// For `count` pictures that are drawn equally often, whatever their classes: classes are as
    /// frequent as in the data.
    #[must_use]
    pub fn as_they_come(count: usize, seed: u64) -> Self {
        Self {
            by_class: vec![(0..count).collect()],
            seed,
        }
    }

    /// Another picture to stand in for the one at `place`: of the same class, where classes are balanced.
    pub fn another(&self, place: usize, random: &mut impl Rng) -> Option<usize> {
        let mut classes = self.by_class.iter();
        let places = classes.find(|places| places.binary_search(&place).is_ok())?;
        places.get(random.random_range(0..places.len())).copied()
    }

    /// The places of the pictures of a step: the same for the same seed and step.
    #[must_use]
    pub fn batch(&self, step: u64, size: usize) -> Vec<usize> {
        let mut random = random_of(self.seed, step);
        let mut classes: Vec<&Vec<usize>> = Vec::new();
        let mut batch = Vec::with_capacity(size);
        while batch.len() < size {
            if classes.is_empty() {
                classes.extend(&self.by_class);
                classes.shuffle(&mut random);
            }
            let Some(places) = classes.pop() else { break };
            let drawn = random.random_range(0..places.len());
            batch.extend(places.get(drawn));
        }
        batch
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
    use super::*;

    #[test]
    fn rare_classes_come_as_often_as_frequent_ones() {
        let mut labels = vec![Expression::Neutral; 900];
        labels.extend([Expression::Fear; 3]);
        labels.extend(vec![Expression::Happiness; 97]);
        let balance = ClassBalance::new(&labels, 5);
        let mut counts = [0; CLASS_COUNT];
        for step in 0..100 {
            for place in balance.batch(step, 30) {
                counts[labels[place].index()] += 1;
            }
        }
        assert_eq!(counts, [1000, 0, 0, 1000, 1000, 0, 0, 0]);
        assert_eq!(balance.batch(7, 30), balance.batch(7, 30));
        assert_ne!(balance.batch(7, 30), balance.batch(8, 30));
    }

    #[test]
    fn without_balance_classes_are_as_frequent_as_in_the_data() {
        let balance = ClassBalance::as_they_come(1000, 5);
        let drawn: usize = (0..100)
            .map(|step| {
                balance
                    .batch(step, 30)
                    .into_iter()
                    .filter(|place| *place < 900)
                    .count()
            })
            .sum();
        // 90% of 3,000 draws, five standard deviations either way.
        assert!((2618..=2782).contains(&drawn), "{drawn}");
    }
}
