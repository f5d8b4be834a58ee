//! The terms of a step, from the device to the log.

use anyhow::{Result, anyhow};
use burn::tensor::{Int, Tensor};
use shared_model::expression::Expression;

use crate::pretrain::semi_supervised::step::{Rates, Terms};
use crate::training_run::loss_scale::Scaling;
use crate::training_run::run_loop::StepFigures;

/// A step whose terms are still on the device.
#[derive(Debug)]
pub struct WaitingStep {
    step: u64,
    pictures: usize,
    terms: WaitingTerms,
    scaling: Option<Scaling>,
}

#[derive(Debug)]
enum WaitingTerms {
    Pair {
        terms: Box<Terms>,
        rates: Rates,
        truths: Vec<Option<Expression>>,
    },
    Finetuning {
        loss: Box<Tensor<1>>,
        rate: f64,
    },
}

impl WaitingStep {
    /// A step of teacher and student over `pictures` pictures, whose truths are known or not.
    #[must_use]
    pub fn of_pair(
        step: u64,
        pictures: usize,
        terms: Terms,
        rates: Rates,
        truths: Vec<Option<Expression>>,
    ) -> Self {
        let terms = WaitingTerms::Pair {
            terms: Box::new(terms),
            rates,
            truths,
        };
        Self {
            step,
            pictures,
            terms,
            scaling: None,
        }
    }

    /// A step of the student on labels.
    #[must_use]
    pub fn of_finetuning(step: u64, pictures: usize, loss: Tensor<1>, rate: f64) -> Self {
        Self {
            step,
            pictures,
            terms: WaitingTerms::Finetuning {
                loss: Box::new(loss),
                rate,
            },
            scaling: None,
        }
    }

    /// With what the step did with the loss' scale, where the loss is scaled.
    #[must_use]
    pub fn with_scaling(mut self, scaling: Option<Scaling>) -> Self {
        self.scaling = scaling;
        self
    }

    /// Reads the terms.
    ///
    /// # Errors
    /// When the device fails.
    pub fn figures(self) -> Result<StepFigures> {
        let figures = match self.terms {
            WaitingTerms::Pair { terms, rates, truths } => {
                let [supervised, consistency, feedback_loss, unlabelled, feedback, kept] = values(&terms)?;
                vec![
                    ("L_s", Some(supervised.into())),
                    ("L_c", Some(consistency.into())),
                    ("L_f", Some(feedback_loss.into())),
                    ("L_u", Some(unlabelled.into())),
                    ("f", Some(feedback.into())),
                    ("kept", Some(kept.into())),
                    ("agreement", agreement(terms.pseudo_labels, &truths)?),
                    ("teacher_rate", Some(rates.teacher)),
                    ("student_rate", Some(rates.student)),
                ]
            }
            WaitingTerms::Finetuning { loss, rate } => {
                let loss = loss
                    .try_into_scalar::<f32>()
                    .map_err(|error| anyhow!("the device failed: {error}"))?;
                vec![("finetune_loss", Some(loss.into())), ("student_rate", Some(rate))]
            }
        };
        Ok(StepFigures {
            step: self.step,
            pictures: self.pictures,
            figures,
            scaling: self.scaling,
        })
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

/// The share of the pseudo-labels that are right, of those whose truth is known.
fn agreement(pseudo_labels: Tensor<1, Int>, truths: &[Option<Expression>]) -> Result<Option<f64>> {
    if truths.iter().all(Option::is_none) {
        return Ok(None);
    }
    let labels = pseudo_labels.try_into_vec_as::<i64>();
    let labels = labels.map_err(|error| anyhow!("the device failed: {error}"))?;
    let (mut agreeing, mut known) = (0_u32, 0_u32);
    for (label, truth) in labels.iter().zip(truths) {
        if let Some(truth) = truth {
            known += 1;
            agreeing += u32::from(i64::try_from(truth.index()) == Ok(*label));
        }
    }
    Ok((known > 0).then(|| f64::from(agreeing) / f64::from(known)))
}
