//! The terms of each step, read from the device a few steps at a time.

use std::time::Instant;

use anyhow::{Result, anyhow, bail};
use burn::tensor::Tensor;
use serde_json::json;
use shared_model::expression::Expression;

use crate::pretrain::semi_supervised::step::{Rates, Terms};
use crate::pretrain::training_log::TrainingLog;

/// Steps between two looks at the device: each look waits for it.
const STEPS_A_LOOK: usize = 10;

/// Steps that were not looked at yet, and sums over the epoch.
#[derive(Debug)]
pub struct StepLog {
    waiting: Vec<Waiting>,
    since: Instant,
    pictures: usize,
    epoch: EpochMeans,
}

/// Means over the steps of an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EpochMeans {
    steps: u64,
    supervised: f64,
    unlabelled: f64,
    feedback: f64,
    agreeing: u64,
    known: u64,
}

#[derive(Debug)]
struct Waiting {
    step: u64,
    terms: Terms,
    rates: Rates,
    truths: Vec<Option<Expression>>,
}

impl Default for StepLog {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            since: Instant::now(),
            pictures: 0,
            epoch: EpochMeans::default(),
        }
    }
}

impl StepLog {
    /// Takes the terms of a step that went over `pictures` pictures, and looks when it is time.
    ///
    /// # Errors
    /// As [`StepLog::look`].
    pub fn push(
        &mut self,
        step: u64,
        terms: Terms,
        rates: Rates,
        truths: Vec<Option<Expression>>,
        pictures: usize,
        log: &mut TrainingLog,
    ) -> Result<()> {
        self.pictures += pictures;
        self.waiting.push(Waiting {
            step,
            terms,
            rates,
            truths,
        });
        if self.waiting.len() >= STEPS_A_LOOK {
            self.look(log)?;
        }
        Ok(())
    }

    /// Writes a line for each step that waits.
    ///
    /// # Errors
    /// When a term is not finite, or the device or the disk fails.
    pub fn look(&mut self, log: &mut TrainingLog) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for one in waiting {
            lines.push((values(&one.terms)?, agreement(&one)?, one));
        }
        // Only now the device has done these steps.
        let images_s = self.pictures as f64 / self.since.elapsed().as_secs_f64().max(1e-9);
        (self.since, self.pictures) = (Instant::now(), 0);
        for (values, (agreeing, known), one) in lines {
            let [supervised, consistency, feedback_loss, unlabelled, feedback, kept] = values;
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                bail!(
                    "a loss of step {} is {value}: training diverged (try smaller `training.rate` and \
                     `semi_supervised.student_rate`); the last checkpoint and the best models are kept",
                    one.step
                );
            }
            let share = (known > 0).then(|| agreeing as f64 / known as f64);
            log.write(&json!({
                "step": one.step,
                "L_s": supervised, "L_c": consistency, "L_f": feedback_loss, "L_u": unlabelled,
                "f": feedback, "kept": kept, "agreement": share,
                "teacher_rate": one.rates.teacher, "student_rate": one.rates.student,
                "images_s": images_s,
            }))?;
            self.epoch.steps += 1;
            self.epoch.supervised += f64::from(supervised);
            self.epoch.unlabelled += f64::from(unlabelled);
            self.epoch.feedback += f64::from(feedback);
            self.epoch.agreeing += agreeing;
            self.epoch.known += known;
        }
        Ok(())
    }

    /// The clock of images/s begins anew: evaluation is no training.
    pub fn take_epoch(&mut self) -> EpochMeans {
        self.since = Instant::now();
        std::mem::take(&mut self.epoch)
    }
}

impl EpochMeans {
    /// One line for people.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mean = |sum: f64| sum / self.steps.max(1) as f64;
        let agreement = if self.known > 0 {
            format!(
                ", pseudo-labels right {:.3}",
                self.agreeing as f64 / self.known as f64
            )
        } else {
            String::new()
        };
        format!(
            "L_s {:.4}, L_u {:.4}, f {:+.2e}{agreement}",
            mean(self.supervised),
            mean(self.unlabelled),
            mean(self.feedback)
        )
    }
}

fn values(terms: &Terms) -> Result<[f32; 6]> {
    let all = [
        &terms.supervised,
        &terms.consistency,
        &terms.feedback_loss,
        &terms.unlabelled,
        &terms.feedback,
        &terms.kept,
    ];
    let joint = Tensor::cat(all.map(Clone::clone).to_vec(), 0);
    let values = joint
        .try_into_vec_as::<f32>()
        .map_err(|error| anyhow!("the device failed: {error}"))?;
    values
        .try_into()
        .map_err(|_| anyhow!("the device gave another number of values than asked for"))
}

/// Pseudo-labels that are right, and pictures whose truth is known.
fn agreement(one: &Waiting) -> Result<(u64, u64)> {
    if one.truths.iter().all(Option::is_none) {
        return Ok((0, 0));
    }
    let labels = one.terms.pseudo_labels.clone().try_into_vec_as::<i64>();
    let labels = labels.map_err(|error| anyhow!("the device failed: {error}"))?;
    let (mut agreeing, mut known) = (0, 0);
    for (label, truth) in labels.iter().zip(&one.truths) {
        if let Some(truth) = truth {
            known += 1;
            agreeing += u64::from(i64::try_from(truth.index()) == Ok(*label));
        }
    }
    Ok((agreeing, known))
}
