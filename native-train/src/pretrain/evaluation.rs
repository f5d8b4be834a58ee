//! How well a backbone tells the expressions of held-back persons.

use anyhow::{Result, anyhow};
use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use shared_model::backbone::Backbone;
use shared_model::calibration::Calibration;
use shared_model::expression::{CLASS_COUNT, ClassScores, Expression, softmax};
use shared_model::face_crop::{InputColour, InputSpec};
use shared_model::metrics::{ConfusionMatrix, Report};
use shared_model::model_file::ModelMetadata;
use shared_model::temperature::{fitted, not_sure_below, tempered};

use crate::pretrain::augmentation::plain;
use crate::pretrain::face_store::FaceStore;
use crate::training_run::report_summary::{rounded, summary};

/// Pictures that go through the network together.
const PICTURES_A_BATCH: usize = 64;

/// What a network says of the held-back persons.
#[derive(Debug, Clone)]
pub struct HeldBack {
    /// Its labels of their pictures.
    pub colour: Report,
    /// Its labels of the same pictures without their colour.
    pub grey: Report,
    /// What its logits are to be divided by, fitted on the pictures in colour; 1 where no number is better than others.
    pub temperature: f64,
    /// Probability, at that temperature, below which its labels are mostly wrong.
    pub not_sure_below: f64,
    /// Calibration error before and after, on the pictures that the temperature was fitted on.
    pub ece: [Option<f64>; 2],
}

impl HeldBack {
    /// Compares the network's labels of all faces (centre crop) with the truth; faces that cannot be read any more are left out,
    /// which the store counts. `network` must be on `device` without autodiff.
    ///
    /// # Errors
    /// When the device fails.
    pub fn of(network: &Backbone, store: &FaceStore, input: &InputSpec, device: &Device) -> Result<Self> {
        let answers = answers(network, store, input, false, device)?;
        let colour = report(&answers);
        let grey = match input.colour {
            InputColour::Rgb => report(&self::answers(network, store, input, true, device)?),
            // It sees no colour.
            InputColour::Grey => colour.clone(),
        };
        let temperature = fitted(&answers).unwrap_or(1.0);
        let sure = |temperature: f64| -> Vec<(f32, bool)> {
            let answer = |(logits, truth): &(ClassScores, Expression)| {
                let probabilities = softmax(&tempered(logits, temperature));
                let top = probabilities.into_iter().fold(0.0, f32::max);
                (top, Expression::argmax(logits) == *truth)
            };
            answers.iter().map(answer).collect()
        };
        Ok(Self {
            colour,
            grey,
            temperature,
            not_sure_below: not_sure_below(&sure(temperature)),
            ece: [1.0, temperature].map(|temperature| Calibration::of(sure(temperature)).ece),
        })
    }

    /// For the log.
    #[must_use]
    pub fn logged(&self, role: &str) -> Map<String, Value> {
        Map::from_iter([
            (role.to_owned(), summary(&self.colour)),
            (format!("{role}_grey"), summary(&self.grey)),
            (format!("{role}_calibration"), self.calibration()),
        ])
    }

    /// Adds the figures to a model's description, and its calibration to the header.
    pub fn describe(&self, metadata: &mut ModelMetadata) {
        metadata.temperatures.frame = self.temperature;
        metadata.not_sure_below = self.not_sure_below;
        let Value::Object(training) = &mut metadata.training else {
            return;
        };
        training.extend([
            ("held_back_persons".to_owned(), summary(&self.colour)),
            ("held_back_persons_grey_only".to_owned(), summary(&self.grey)),
            ("calibration".to_owned(), self.calibration()),
            ("absent_classes".to_owned(), absent_classes(&self.colour).into()),
            (
                "selection".to_owned(),
                "the evaluation with the best macro F1 on the held-back persons; their figures are therefore a little high"
                    .into(),
            ),
        ]);
    }

    fn calibration(&self) -> Value {
        let [before, after] = self.ece.map(|ece| ece.map(rounded));
        json!({
            "temperature": rounded(self.temperature),
            "not_sure_below": rounded(self.not_sure_below),
            "error_before": before,
            "error_on_the_pictures_it_was_fitted_on": after,
        })
    }
}

/// The network's logits of all faces that can be read, and the truth.
fn answers(
    network: &Backbone,
    store: &FaceStore,
    input: &InputSpec,
    greyscale: bool,
    device: &Device,
) -> Result<Vec<(ClassScores, Expression)>> {
    let mut answers = Vec::with_capacity(store.pictures().len());
    let places: Vec<usize> = (0..store.pictures().len()).collect();
    for batch in places.chunks(PICTURES_A_BATCH) {
        let (truths, inputs): (Vec<Expression>, Vec<Vec<f32>>) = batch
            .par_iter()
            .filter_map(|place| {
                let truth = store.pictures().get(*place)?.label;
                let face = store.face(*place).ok()?;
                Some((truth, plain(&face, input, greyscale)))
            })
            .unzip();
        if truths.is_empty() {
            continue;
        }
        let shape = [truths.len(), 3, input.size, input.size];
        let pictures = Tensor::from_data(TensorData::new(inputs.concat(), shape), device);
        let (_, logits) = network.forward(pictures);
        answers.extend(rows(logits)?.into_iter().zip(truths));
    }
    Ok(answers)
}

fn report(answers: &[(ClassScores, Expression)]) -> Report {
    let mut matrix = ConfusionMatrix::default();
    for (logits, truth) in answers {
        matrix.add(*truth, Expression::argmax(logits));
    }
    matrix.report()
}

/// The rows of `[n, 8]` scores.
///
/// # Errors
/// When the device fails.
pub fn rows(scores: Tensor<2>) -> Result<Vec<ClassScores>> {
    let values = scores
        .try_into_vec_as::<f32>()
        .map_err(|error| anyhow!("the device failed: {error}"))?;
    let row = |chunk: &[f32]| -> ClassScores {
        std::array::from_fn(|class| chunk.get(class).copied().unwrap_or(0.0))
    };
    Ok(values.chunks_exact(CLASS_COUNT).map(row).collect())
}

/// Names of the classes that the truth does not hold.
fn absent_classes(report: &Report) -> Vec<&'static str> {
    let absent = report.classes.iter().filter(|class| class.support == 0);
    absent.map(|class| class.class).collect()
}
