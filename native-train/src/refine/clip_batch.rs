//! Clips as the encoder's training sees them, and their loss.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::temporal_encoder::TemporalEncoder;

/// Clips of equal length, one after the other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClipBatch {
    /// Number of clips.
    pub clips: usize,
    /// Frames in each, padding included.
    pub frames: usize,
    /// `[clips, frames, feature_len]`; what stands at a missing frame does not matter.
    pub features: Vec<f32>,
    /// `[clips, frames]`: padding, and frames in which no face was seen. Attention does not look at
    /// them and the loss does not count them.
    pub missing: Vec<bool>,
    /// `[clips, frames]`: `None` where a frame is not annotated (-1). Such a frame is seen by
    /// attention and does not count in the loss.
    pub labels: Vec<Option<Expression>>,
}

impl ClipBatch {
    /// Logits `[clips * frames, 8]` of all frames.
    #[must_use]
    pub fn logits(&self, encoder: &TemporalEncoder, device: &Device) -> Tensor<2> {
        let rows = self.clips * self.frames;
        let feature_len = self.features.len() / rows.max(1);
        let features = TensorData::new(self.features.clone(), [self.clips, self.frames, feature_len]);
        let missing = TensorData::new(self.missing.clone(), [self.clips, self.frames]);
        let logits = encoder.forward(
            Tensor::from_data(features, device),
            Tensor::<2, Bool>::from_data(missing, device),
        );
        logits.reshape([rows, CLASS_COUNT])
    }

    /// Mean cross-entropy over the frames that have a face and a label, each with the weight of its
    /// class (as `torch.nn.CrossEntropyLoss`: the sum is divided by the sum of the weights). 0 where
    /// there is no such frame.
    #[must_use]
    pub fn loss(
        &self,
        encoder: &TemporalEncoder,
        class_weights: &[f32; CLASS_COUNT],
        device: &Device,
    ) -> Tensor<1> {
        let rows = self.clips * self.frames;
        let weights: Vec<f32> = self
            .counted()
            .map(|label| label.map_or(0.0, |label| class_weights[label.index()]))
            .collect();
        let whole: f32 = weights.iter().sum();
        let labels: Vec<i64> = self
            .counted()
            .map(|label| label.map_or(0, |label| label.index() as i64))
            .collect();
        let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [rows, 1]), device);
        let weights = Tensor::<2>::from_data(TensorData::new(weights, [rows, 1]), device);
        let picked = log_softmax(self.logits(encoder, device), 1).gather(1, labels);
        (picked * weights).sum().neg() / whole.max(f32::MIN_POSITIVE)
    }

    /// The labels that the loss counts.
    fn counted(&self) -> impl Iterator<Item = Option<Expression>> + '_ {
        let frames = self.labels.iter().zip(&self.missing);
        frames.map(|(label, missing)| label.filter(|_| !missing))
    }
}
