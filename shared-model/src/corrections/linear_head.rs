//! A head's last layer, drawn towards what a person said and held back towards what it was.

use crate::expression::{CLASS_COUNT, ClassScores, Expression, softmax};
use crate::stored_weights::{Weight, Weights};
use crate::temperature::tempered;

/// How strongly the weights are held back, in units of the features' mean square: at 1 as strongly as one example of each feature pulls.
const PULL: f32 = 0.1;
/// Steps of the descent; each leaves a quarter less of the way.
const STEPS: usize = 80;

/// Logits `W x + b` of the eight classes.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearHead {
    /// `[8, length of a feature]`, row by row.
    pub weight: Vec<f32>,
    /// One for each class.
    pub bias: ClassScores,
}

/// A feature with the label that it should have.
#[derive(Debug, Clone, Copy)]
pub struct Example<'a> {
    /// What the layer is given.
    pub feature: &'a [f32],
    /// What it should say.
    pub label: Expression,
    /// How much it counts, above 0.
    pub share: f32,
}

impl LinearHead {
    /// The layer of this name in a model's weights: `NAME.weight` and `NAME.bias`. `None` where it is missing or of another shape.
    #[must_use]
    pub fn of(weights: &Weights, name: &str) -> Option<Self> {
        let weight = weights.get(&format!("{name}.weight"))?;
        let bias = weights.get(&format!("{name}.bias"))?;
        let is_head = matches!(weight.shape.as_slice(), &[CLASS_COUNT, length] if length > 0);
        is_head.then_some(Self {
            weight: weight.values.clone(),
            bias: bias.values.as_slice().try_into().ok()?,
        })
    }

    /// Puts the layer into a model's weights.
    pub fn put_into(&self, weights: &mut Weights, name: &str) {
        let length = self.weight.len() / CLASS_COUNT;
        weights.insert(
            format!("{name}.weight"),
            Weight {
                shape: vec![CLASS_COUNT, length],
                values: self.weight.clone(),
            },
        );
        weights.insert(
            format!("{name}.bias"),
            Weight {
                shape: vec![CLASS_COUNT],
                values: self.bias.to_vec(),
            },
        );
    }

    /// The logits of a feature.
    #[must_use]
    pub fn logits(&self, feature: &[f32]) -> ClassScores {
        let mut rows = self.weight.chunks(feature.len().max(1));
        self.bias.map(|bias| {
            let row = rows.next().unwrap_or_default();
            bias + row.iter().zip(feature).map(|(w, x)| w * x).sum::<f32>()
        })
    }

    /// The layer that says best what the examples should have, and is held back to what it was: the minimum of the weighted mean of the
    /// cross-entropy at this temperature and `PULL / 2` times the squares of the changes of `b` and, times the features' mean square, of `W`.
    ///
    /// That is convex; the minimum is found by gradient descent with the momentum that its curvature allows (Nesterov 2004, 2.2.1). Without an
    /// example the layer stays as it is.
    #[must_use]
    pub fn fitted(&self, examples: &[Example<'_>], temperature: f64) -> Self {
        let mut fit = self.fit(examples, temperature);
        while fit.step() {}
        fit.into_head()
    }

    /// [`LinearHead::fitted`] step by step.
    #[must_use]
    pub fn fit<'a>(&self, examples: &'a [Example<'a>], temperature: f64) -> Fit<'a> {
        let total: f32 = examples.iter().map(|example| example.share).sum();
        let square_of =
            |example: &Example<'_>| example.feature.iter().map(|x| x * x).sum::<f32>() * example.share;
        let mean_square = examples.iter().map(square_of).sum::<f32>() / total;
        let can_learn = !examples.is_empty() && mean_square.is_finite() && mean_square > 0.0;
        Fit {
            start: self.clone(),
            at: self.clone(),
            before: self.clone(),
            examples,
            total,
            mean_square,
            temperature: temperature as f32,
            steps_left: if can_learn { STEPS } else { 0 },
        }
    }
}

/// A head on its way to the minimum.
#[derive(Debug, Clone)]
pub struct Fit<'a> {
    start: LinearHead,
    at: LinearHead,
    before: LinearHead,
    examples: &'a [Example<'a>],
    total: f32,
    mean_square: f32,
    temperature: f32,
    steps_left: usize,
}

impl Fit<'_> {
    /// Goes one step; whether there was one to go. A step looks at each example once.
    pub fn step(&mut self) -> bool {
        let Some(left) = self.steps_left.checked_sub(1) else {
            return false;
        };
        self.steps_left = left;
        // Seen in units in which features have the length 1, the loss is curved by PULL at least and, with the bias, by `most` at most.
        let most = 1.0 / (self.temperature * self.temperature) + PULL;
        let root = (PULL / most).sqrt();
        let momentum = (1.0 - root) / (1.0 + root);
        let (at, before) = (&self.at, &self.before);
        let ahead = LinearHead {
            weight: beyond(&at.weight, &before.weight, momentum).collect(),
            bias: std::array::from_fn(|class| {
                at.bias[class] + momentum * (at.bias[class] - before.bias[class])
            }),
        };
        let gradient = self.gradient(&ahead);
        let step = 1.0 / (most * self.mean_square);
        let weights = ahead.weight.iter().zip(&gradient.weight);
        let next = LinearHead {
            weight: weights.map(|(w, g)| w - step * g).collect(),
            bias: std::array::from_fn(|class| ahead.bias[class] - gradient.bias[class] / most),
        };
        self.before = std::mem::replace(&mut self.at, next);
        true
    }

    /// Steps that are gone, of all, 0 to 1.
    #[must_use]
    pub fn done(&self) -> f64 {
        1.0 - self.steps_left as f64 / STEPS as f64
    }

    /// The head as far as it has come.
    #[must_use]
    pub fn into_head(self) -> LinearHead {
        self.at
    }

    fn gradient(&self, at: &LinearHead) -> LinearHead {
        let pulled = |now: &f32, start: &f32, strength: f32| strength * (now - start);
        let mut gradient = LinearHead {
            weight: at
                .weight
                .iter()
                .zip(&self.start.weight)
                .map(|(now, start)| pulled(now, start, PULL * self.mean_square))
                .collect(),
            bias: std::array::from_fn(|class| pulled(&at.bias[class], &self.start.bias[class], PULL)),
        };
        for example in self.examples {
            let logits = tempered(&at.logits(example.feature), f64::from(self.temperature));
            let mut wrong = softmax(&logits);
            if let Some(own) = wrong.get_mut(example.label.index()) {
                *own -= 1.0;
            }
            let scale = example.share / self.total / self.temperature;
            let rows = gradient.weight.chunks_mut(example.feature.len());
            for ((row, bias), wrong) in rows.zip(&mut gradient.bias).zip(wrong) {
                let by = wrong * scale;
                *bias += by;
                for (g, x) in row.iter_mut().zip(example.feature) {
                    *g += by * x;
                }
            }
        }
        gradient
    }
}

/// As far beyond `at` as the last step led, times the momentum.
fn beyond(at: &[f32], before: &[f32], momentum: f32) -> impl Iterator<Item = f32> {
    at.iter()
        .zip(before)
        .map(move |(now, was)| now + momentum * (now - was))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: usize = 6;

    /// Numbers between -1 and 1 that look random.
    fn numbers(seed: u64, count: usize) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        (0..count)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
            })
            .collect()
    }

    fn head(seed: u64) -> LinearHead {
        LinearHead {
            weight: numbers(seed, CLASS_COUNT * LENGTH),
            bias: numbers(seed + 1, CLASS_COUNT).try_into().unwrap(),
        }
    }

    /// The loss as it is described, in f64.
    fn loss(head: &LinearHead, start: &LinearHead, examples: &[Example<'_>], temperature: f64) -> f64 {
        let total: f64 = examples.iter().map(|example| f64::from(example.share)).sum();
        let square: f64 = examples
            .iter()
            .map(|example| {
                let square: f64 = example.feature.iter().map(|x| f64::from(*x).powi(2)).sum();
                square * f64::from(example.share)
            })
            .sum::<f64>()
            / total;
        let entropy: f64 = examples
            .iter()
            .map(|example| {
                let logits = head
                    .logits(example.feature)
                    .map(|logit| f64::from(logit) / temperature);
                let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
                f64::from(example.share) * (sum.ln() - logits[example.label.index()])
            })
            .sum();
        let moved = |now: &[f32], was: &[f32]| -> f64 {
            now.iter().zip(was).map(|(a, b)| f64::from(a - b).powi(2)).sum()
        };
        let pull = f64::from(PULL) / 2.0;
        entropy / total
            + pull * square * moved(&head.weight, &start.weight)
            + pull * moved(&head.bias, &start.bias)
    }

    #[test]
    fn nothing_near_the_fit_is_better_and_without_examples_nothing_changes() {
        let start = head(3);
        assert_eq!(start.fitted(&[], 1.0), start);
        for (seed, temperature) in [(11, 1.0), (12, 0.6), (13, 2.5)] {
            let features: Vec<Vec<f32>> = (0..40).map(|place| numbers(seed * 100 + place, LENGTH)).collect();
            let examples: Vec<Example<'_>> = features
                .iter()
                .zip(0..)
                .map(|(feature, place)| Example {
                    feature,
                    label: Expression::ALL[place * 5 % 7],
                    share: if place % 3 == 0 { 0.25 } else { 1.0 },
                })
                .collect();
            let fitted = start.fitted(&examples, temperature);
            let least = loss(&fitted, &start, &examples, temperature);
            assert!(least < loss(&start, &start, &examples, temperature));
            for turn in 0..20 {
                let mut other = fitted.clone();
                for (w, by) in other
                    .weight
                    .iter_mut()
                    .zip(numbers(900 + turn, CLASS_COUNT * LENGTH))
                {
                    *w += 0.02 * by;
                }
                for (b, by) in other.bias.iter_mut().zip(numbers(990 + turn, CLASS_COUNT)) {
                    *b += 0.02 * by;
                }
                assert!(loss(&other, &start, &examples, temperature) > least);
            }
        }
    }

    #[test]
    fn a_head_comes_back_from_the_weights_it_was_put_into() {
        let mut weights = Weights::new();
        head(5).put_into(&mut weights, "backbone.fc");
        assert_eq!(weights["backbone.fc.weight"].shape, [CLASS_COUNT, LENGTH]);
        assert_eq!(LinearHead::of(&weights, "backbone.fc"), Some(head(5)));
        assert_eq!(LinearHead::of(&weights, "temporal.head"), None);
    }
}
