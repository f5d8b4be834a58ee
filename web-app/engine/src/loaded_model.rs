//! The model in force: its bytes for the compute workers, its temporal part for the coordinator.

use burn::tensor::Device;
use js_sys::Uint8Array;
use serde_json::Value;
use shared_model::film_looks::Stretches;
use shared_model::film_predictor::FilmPredictor;
use shared_model::framing::Framing;
use shared_model::live_refiner::LiveRefiner;
use shared_model::model_file::{ModelFile, ModelFileError};
use shared_model::temporal_encoder::TEMPORAL_PREFIX;
use web_messages::ModelSummary;

/// A checked model file.
pub struct LoadedModel {
    /// The whole file.
    pub bytes: Uint8Array,
    /// What the page shows of it.
    pub summary: ModelSummary,
    /// Metadata and temporal weights; the backbone's are with the compute workers.
    temporal: ModelFile,
}

impl LoadedModel {
    /// Checks a file's bytes and the shapes of its temporal part.
    ///
    /// # Errors
    /// When the file is damaged, of another version, or does not fit its own architecture.
    pub fn new(name: &str, bytes: Uint8Array) -> Result<Self, ModelFileError> {
        let mut temporal = ModelFile::from_bytes(&bytes.to_vec())?;
        temporal.check_weights()?;
        temporal
            .weights
            .retain(|name, _| name.starts_with(TEMPORAL_PREFIX));
        FilmPredictor::new(&temporal, &Device::flex())?;
        let metadata = &temporal.metadata;
        let note = match metadata.training.get("note").and_then(Value::as_str) {
            Some(note) => note.to_owned(),
            None => "This model says nothing of its training.".to_owned(),
        };
        let summary = ModelSummary {
            name: name.to_owned(),
            input_size: metadata.input.size,
            has_temporal: metadata.temporal.is_some(),
            clip_length: metadata.clip_length,
            window: metadata.window,
            not_sure_below: metadata.not_sure_below,
            note,
            training: serde_json::to_string_pretty(&metadata.training).unwrap_or_default(),
        };
        Ok(Self {
            bytes,
            summary,
            temporal,
        })
    }

    /// Follows the faces of one video. The encoder is small beside the backbone: it runs on the CPU here.
    ///
    /// # Errors
    /// When the weights do not fit, which [`LoadedModel::new`] has ruled out.
    pub fn film_predictor(&self) -> Result<FilmPredictor, String> {
        FilmPredictor::new(&self.temporal, &Device::flex()).map_err(|error| error.to_string())
    }

    /// Follows the faces of a live picture.
    ///
    /// # Errors
    /// As [`LoadedModel::film_predictor`].
    pub fn live_refiner(&self) -> Result<LiveRefiner, String> {
        LiveRefiner::new(&self.temporal, &Device::flex()).map_err(|error| error.to_string())
    }

    /// How faces are found and cut out.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.temporal.metadata.framing
    }

    /// Which frames of a film the detector looks at.
    #[must_use]
    pub fn stretches(&self) -> Stretches {
        Stretches::default().for_input(self.summary.input_size)
    }

    /// Frames that go through a worker together, whole stretches of a film: small inputs are cheap, and a large one should not hold up the
    /// progress or a cancel.
    #[must_use]
    pub fn frames_a_batch(&self, is_gpu: bool) -> usize {
        match (is_gpu, self.temporal.metadata.input.size) {
            (true, _) => 8,
            (false, ..128) => 8,
            (false, _) => 2,
        }
    }
}
