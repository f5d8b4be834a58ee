//! How far figures would have been elsewhere with other people: intervals by the bootstrap.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::metrics::{ConfusionMatrix, Report};

/// Samples that are drawn.
pub const RESAMPLES: usize = 1000;
/// Share of the samples between an interval's ends.
pub const LEVEL: f64 = 0.95;
/// What the draws follow from.
const SEED: u64 = 0;
/// Draws of a sample that lack a class before the last is taken as it is.
const MOST_DRAWS: usize = 100;

/// What was said of one picture: who it shows, the truth, and the label, `None` where no face was found.
pub type Answer = (usize, Expression, Option<Expression>);

/// Ends of each figure's interval: percentiles over samples of as many units as there are, drawn with replacement. A sample
/// that lacks a class which the truth holds is drawn anew: means over the classes that are there are over the same classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Intervals {
    /// What is drawn, with all of its pictures: `persons`, or `pictures` where nobody is known.
    pub resampled: &'static str,
    /// How many of them there are.
    pub units: usize,
    /// Samples.
    pub resamples: usize,
    /// Share of the samples between the ends.
    pub level: f64,
    /// What the draws follow from.
    pub seed: u64,
    /// Share of right labels.
    pub accuracy: [f64; 2],
    /// Over the classes that are there.
    pub mean_recall: [f64; 2],
    /// Over all eight classes.
    pub macro_f1: [f64; 2],
    /// Over the classes that are there.
    pub mean_f1_of_present_classes: [f64; 2],
}

/// Figures over answers of which some have no label.
#[must_use]
pub fn report<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> Report {
    let mut matrix = ConfusionMatrix::default();
    let mut missed = [0_u64; CLASS_COUNT];
    for (_, truth, label) in answers {
        match label {
            Some(label) => matrix.add(*truth, *label),
            None => missed
                .iter_mut()
                .skip(truth.index())
                .take(1)
                .for_each(|count| *count += 1),
        }
    }
    matrix.report_with_misses(missed)
}

impl Intervals {
    /// Draws persons (pictures, where `persons` is false), each with all of its answers. The same answers give the same ends.
    #[must_use]
    pub fn of(answers: &[Answer], persons: bool) -> Self {
        let count = answers.iter().map(|(unit, ..)| unit + 1).max().unwrap_or(0);
        let mut by_unit: Vec<Vec<Answer>> = vec![Vec::new(); count];
        for answer in answers {
            by_unit
                .get_mut(answer.0)
                .into_iter()
                .for_each(|unit| unit.push(*answer));
        }
        // Of whom no picture could be read.
        by_unit.retain(|unit| !unit.is_empty());
        let there = held_classes(&report(answers));
        let sample = |number: usize| {
            let mut random = ChaCha8Rng::seed_from_u64(SEED);
            random.set_stream(number as u64);
            let mut drawn = draw(&by_unit, &mut random);
            for _ in 1..MOST_DRAWS {
                if held_classes(&drawn) == there {
                    break;
                }
                drawn = draw(&by_unit, &mut random);
            }
            drawn
        };
        let reports: Vec<Report> = (0..RESAMPLES).into_par_iter().map(sample).collect();
        let ends = |figure: fn(&Report) -> f64| {
            let mut values: Vec<f64> = reports.iter().map(figure).collect();
            values.sort_by(f64::total_cmp);
            [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0].map(|share| quantile(&values, share))
        };
        Self {
            resampled: if persons { "persons" } else { "pictures" },
            units: by_unit.len(),
            resamples: RESAMPLES,
            level: LEVEL,
            seed: SEED,
            accuracy: ends(|report| report.accuracy),
            mean_recall: ends(|report| report.mean_recall),
            macro_f1: ends(|report| report.macro_f1),
            mean_f1_of_present_classes: ends(|report| report.mean_f1_of_present_classes),
        }
    }
}

/// Figures over as many units as there are.
fn draw(by_unit: &[Vec<Answer>], random: &mut ChaCha8Rng) -> Report {
    let mut drawn = Vec::new();
    for _ in 0..by_unit.len() {
        let unit = by_unit.get(random.random_range(0..by_unit.len()));
        drawn.extend(unit.into_iter().flatten());
    }
    report(drawn)
}

/// How many classes the truth holds.
fn held_classes(report: &Report) -> usize {
    report.classes.iter().filter(|class| class.support > 0).count()
}

/// Between the two nearest of the sorted values, in proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let at = |place: f64| sorted.get(place as usize).copied().unwrap_or(0.0);
    let (below, above) = (at(place.floor()), at(place.ceil()));
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(persons: usize, pictures: usize) -> Vec<Answer> {
        // Whole persons are right or wrong: 3 of 5.
        let of = |person: usize| {
            let label = if person % 5 < 3 {
                Expression::Happiness
            } else {
                Expression::Neutral
            };
            vec![(person, Expression::Happiness, Some(label)); pictures]
        };
        (0..persons).flat_map(of).collect()
    }

    #[test]
    fn accuracy_of_persons_spreads_as_a_binomial_does_however_many_pictures_each_has() {
        // 100 persons: a standard deviation of 0.049, 1.96 of which are 0.096.
        for pictures in [1, 20] {
            let [low, high] = Intervals::of(&answers(100, pictures), true).accuracy;
            assert!(
                (0.47..0.54).contains(&low) && (0.66..0.73).contains(&high),
                "{low} {high}"
            );
        }
    }

    #[test]
    fn every_sample_holds_the_classes_that_are_there() {
        // One of 40 persons shows fear, and is always right; a third of all samples would lack her.
        let mut all = answers(40, 1);
        all.push((40, Expression::Fear, Some(Expression::Fear)));
        let [low, high] = Intervals::of(&all, true).mean_recall;
        // Half of the mean is hers: without her it would be the other half alone, 0.6.
        assert!(low > 0.7 && high < 0.9, "{low} {high}");
    }

    #[test]
    fn a_single_person_has_no_spread_and_nobody_none() {
        let one = Intervals::of(&answers(1, 9), true);
        assert_eq!((one.accuracy, one.units), ([1.0, 1.0], 1));
        assert_eq!(Intervals::of(&[], false).macro_f1, [0.0, 0.0]);
    }
}
