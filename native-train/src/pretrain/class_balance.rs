//! Which pictures a training step sees.

use rand::Rng;
use rand::seq::SliceRandom as _;
use shared_model::expression::CLASS_COUNT;

use crate::datasets::label_distribution::LabelDistribution;
use crate::random_stream::Stream;

/// Draws batches: first a class, then a picture of it. Pictures are drawn with replacement, so those of rare
/// classes come often. A picture whose label is shared between classes is one of each of them, and is drawn
/// for a class in proportion to its share.
#[derive(Debug, Clone)]
pub struct ClassBalance {
    by_class: Vec<ClassPictures>,
    draw: Draw,
    seed: u64,
}

/// How classes are drawn.
#[derive(Debug, Clone)]
enum Draw {
    /// In turn, in a new order each time.
    InTurn,
    /// With chances that add up so far to these, the last to 1.
    ByChance(Vec<f64>),
}

/// The pictures of a class.
#[derive(Debug, Clone, Default)]
struct ClassPictures {
    /// Places, in ascending order.
    places: Vec<usize>,
    /// Their shares of the class added up so far; empty where all are whole.
    sums: Vec<f64>,
}

impl ClassBalance {
    /// For pictures with these labels, by place: each class comes about equally often.
    #[must_use]
    pub fn new(targets: &[LabelDistribution], seed: u64) -> Self {
        Self {
            by_class: pictures_of_classes(targets),
            draw: Draw::InTurn,
            seed,
        }
    }

    /// Classes come in proportion to their expected number of pictures to the power of 1 - `balance`: as often as
    /// in the data with 0, equally often with 1, by the square root with 0.5.
    #[must_use]
    pub fn tempered(targets: &[LabelDistribution], balance: f64, seed: u64) -> Self {
        let by_class = pictures_of_classes(targets);
        let weights = by_class
            .iter()
            .map(|pictures| pictures.expected_count().powf(1.0 - balance));
        let mut sums = running_sums(weights);
        let all = sums.last().copied().unwrap_or(1.0);
        sums.iter_mut().for_each(|sum| *sum /= all);
        Self {
            by_class,
            draw: Draw::ByChance(sums),
            seed,
        }
    }

    /// For `count` pictures that are drawn equally often, whatever their classes: classes are as
    /// frequent as in the data.
    #[must_use]
    pub fn as_they_come(count: usize, seed: u64) -> Self {
        Self {
            by_class: vec![ClassPictures {
                places: (0..count).collect(),
                sums: Vec::new(),
            }],
            draw: Draw::InTurn,
            seed,
        }
    }

    /// Another picture to stand in for the one at `place`: of the class that it is most of, where classes are told
    /// apart.
    pub fn another(&self, place: usize, random: &mut impl Rng) -> Option<usize> {
        let classes = self.by_class.iter();
        let shares = classes.filter_map(|pictures| Some((pictures, pictures.share(place)?)));
        // Of equal shares the first.
        let (most, _) = shares.reduce(|best, other| if other.1 > best.1 { other } else { best })?;
        most.draw(random)
    }

    /// The places of the pictures of a step: the same for the same seed and step.
    #[must_use]
    pub fn batch(&self, step: u64, size: usize) -> Vec<usize> {
        let mut random = Stream::Classes { step }.random(self.seed);
        match &self.draw {
            Draw::InTurn => self.in_turn(size, &mut random),
            Draw::ByChance(sums) => self.by_chance(sums, size, &mut random),
        }
    }

    fn in_turn(&self, size: usize, random: &mut impl Rng) -> Vec<usize> {
        let mut classes: Vec<&ClassPictures> = Vec::new();
        let mut batch = Vec::with_capacity(size);
        while batch.len() < size {
            if classes.is_empty() {
                classes.extend(&self.by_class);
                classes.shuffle(random);
            }
            let Some(pictures) = classes.pop() else { break };
            batch.extend(pictures.draw(random));
        }
        batch
    }

    /// At even distances from a random start, so that a batch's classes stray from their chances by less than one
    /// picture.
    fn by_chance(&self, sums: &[f64], size: usize, random: &mut impl Rng) -> Vec<usize> {
        let start: f64 = random.random();
        let mut batch: Vec<usize> = (0..size)
            .filter_map(|slot| {
                let mark = (slot as f64 + start) / size as f64;
                let class = sums
                    .partition_point(|sum| *sum <= mark)
                    .min(sums.len().saturating_sub(1));
                self.by_class.get(class)?.draw(random)
            })
            .collect();
        batch.shuffle(random);
        batch
    }
}

impl ClassPictures {
    /// How many pictures of the class there are, in expectation.
    fn expected_count(&self) -> f64 {
        self.sums.last().copied().unwrap_or(self.places.len() as f64)
    }

    fn draw(&self, random: &mut impl Rng) -> Option<usize> {
        let Some(all) = self.sums.last() else {
            return self
                .places
                .get(random.random_range(0..self.places.len()))
                .copied();
        };
        let mark = random.random::<f64>() * all;
        let found = self.sums.partition_point(|sum| *sum <= mark);
        self.places.get(found.min(self.places.len() - 1)).copied()
    }

    /// How much of the picture at `place` is of this class; `None` where nothing is.
    fn share(&self, place: usize) -> Option<f64> {
        let found = self.places.binary_search(&place).ok()?;
        let Some(sum) = self.sums.get(found) else {
            return Some(1.0);
        };
        let before = found.checked_sub(1).and_then(|before| self.sums.get(before));
        Some(sum - before.copied().unwrap_or(0.0))
    }
}

/// Of each class that has any.
fn pictures_of_classes(targets: &[LabelDistribution]) -> Vec<ClassPictures> {
    let of_class = |class: usize| {
        let shares = targets.iter().enumerate().filter_map(|(place, target)| {
            let share = target.probabilities().get(class).copied()?;
            (share > 0.0).then_some((place, share))
        });
        let (places, shares): (Vec<usize>, Vec<f32>) = shares.unzip();
        let whole = shares.iter().all(|share| *share == 1.0);
        ClassPictures {
            places,
            sums: if whole {
                Vec::new()
            } else {
                running_sums(shares.into_iter().map(f64::from))
            },
        }
    };
    let mut by_class: Vec<ClassPictures> = (0..CLASS_COUNT).map(of_class).collect();
    by_class.retain(|pictures| !pictures.places.is_empty());
    by_class
}

fn running_sums(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let add = |sum: &mut f64, value: f64| {
        *sum += value;
        Some(*sum)
    };
    values.scan(0.0, add).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random_stream::random_of;
    use shared_model::expression::Expression;

    fn certain(classes: impl IntoIterator<Item = (Expression, usize)>) -> Vec<LabelDistribution> {
        let each = classes
            .into_iter()
            .flat_map(|(class, count)| std::iter::repeat_n(class, count));
        each.map(LabelDistribution::certain).collect()
    }

    /// How often each place is drawn in 100 batches of 30.
    fn drawn(balance: &ClassBalance, places: usize) -> Vec<usize> {
        let mut counts = vec![0; places];
        for step in 0..100 {
            let batch = balance.batch(step, 30);
            assert_eq!(batch.len(), 30);
            for place in batch {
                counts[place] += 1;
            }
        }
        counts
    }

    #[test]
    fn rare_classes_come_as_often_as_frequent_ones() {
        let targets = certain([
            (Expression::Neutral, 900),
            (Expression::Fear, 3),
            (Expression::Happiness, 97),
        ]);
        let balance = ClassBalance::new(&targets, 5);
        let counts = drawn(&balance, 1000);
        let sum = |from: usize, to: usize| counts[from..to].iter().sum::<usize>();
        assert_eq!((sum(0, 900), sum(900, 903), sum(903, 1000)), (1000, 1000, 1000));
        assert_eq!(balance.batch(7, 30), balance.batch(7, 30));
        assert_ne!(balance.batch(7, 30), balance.batch(8, 30));
    }

    #[test]
    fn between_full_balance_and_none_classes_go_by_a_power_of_their_number() {
        let targets = certain([(Expression::Neutral, 900), (Expression::Fear, 100)]);
        // 3,000 draws: 900^p to 100^p. Each batch strays by less than one picture.
        for (balance, of_fear) in [(0.0, 300.0), (0.5, 750.0), (1.0, 1500.0)] {
            let counts = drawn(&ClassBalance::tempered(&targets, balance, 5), 1000);
            let found = counts[900..].iter().sum::<usize>() as f64;
            assert!((found - of_fear).abs() < 100.0, "{balance}: {found}");
        }
    }

    #[test]
    fn shared_labels_count_for_each_of_their_classes() {
        // Fear is in two pictures alone: a quarter of the one, three quarters of the other.
        let mut targets = certain([(Expression::Neutral, 10)]);
        for fear in [0.25, 0.75] {
            let mut weights = [0.0; CLASS_COUNT];
            weights[Expression::Fear.index()] = fear;
            weights[Expression::Surprise.index()] = 1.0 - fear;
            targets.push(LabelDistribution::of_weights(weights).unwrap());
        }
        let counts = drawn(&ClassBalance::new(&targets, 5), 12);
        // A third of 3,000 draws is for each of three classes; Fear and Surprise share the last two pictures, so
        // that each has 1,000 of them.
        assert_eq!(counts[..10].iter().sum::<usize>(), 1000);
        assert_eq!(counts[10] + counts[11], 2000);
        // Five standard deviations of 1,000 draws at 1/4 twice.
        assert!(counts[10].abs_diff(1000) < 100, "{counts:?}");
        // By expected number: 10 of Neutral, 1 of each of the others, of 12 in all.
        let counts = drawn(&ClassBalance::tempered(&targets, 0.0, 5), 12);
        assert!((counts[10] + counts[11]).abs_diff(500) <= 100, "{counts:?}");
    }

    #[test]
    fn a_stand_in_is_of_the_class_that_the_picture_is_most_of() {
        let mut targets = certain([(Expression::Neutral, 4), (Expression::Fear, 4)]);
        let mut weights = [0.0; CLASS_COUNT];
        (
            weights[Expression::Neutral.index()],
            weights[Expression::Fear.index()],
        ) = (0.2, 0.8);
        targets.push(LabelDistribution::of_weights(weights).unwrap());
        let balance = ClassBalance::new(&targets, 5);
        let mut random = random_of(1, 1);
        for _ in 0..50 {
            assert!(balance.another(8, &mut random).unwrap() >= 4);
            // Its own class alone, or the shared picture.
            assert_ne!(balance.another(0, &mut random).unwrap() / 4, 1);
        }
    }

    #[test]
    fn without_balance_classes_are_as_frequent_as_in_the_data() {
        let counts = drawn(&ClassBalance::as_they_come(1000, 5), 1000);
        let found = counts[..900].iter().sum::<usize>();
        // 90% of 3,000 draws, five standard deviations either way.
        assert!((2618..=2782).contains(&found), "{found}");
    }
}
