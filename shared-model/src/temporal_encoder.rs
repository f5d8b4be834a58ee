//! The transformer over a clip of frame features (paper, 3.4).

use burn::module::{Module, Param};
use burn::nn::activation::ActivationConfig;
use burn::nn::transformer::{TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput};
use burn::nn::{LayerNorm, Linear, LinearConfig};
use burn::tensor::{Bool, Device, Tensor, TensorData};

use crate::conv_norm::{ReadError, WeightSink, WeightSource};
use crate::expression::{CLASS_COUNT, ClassScores, softmax};
use crate::model_file::{ModelFile, ModelFileError, TemporalShape, Weights};
use crate::network_output::read;
use crate::temperature::tempered;

/// Prefix of the temporal encoder's weights in a model file.
pub const TEMPORAL_PREFIX: &str = "temporal.";

/// Linear to the model width, sinusoidal positions, transformer encoder (post-norm, ReLU, as
/// `torch.nn.TransformerEncoderLayer`'s defaults), per-frame linear head.
#[derive(Module, Debug)]
pub struct TemporalEncoder {
    input: Linear,
    encoder: TransformerEncoder,
    head: Linear,
    positions: bool,
    /// What the head's logits are divided by for probabilities.
    temperature: f64,
}

impl TemporalShape {
    /// An encoder of this shape for features of `feature_len` values.
    #[must_use]
    pub fn init(&self, feature_len: usize, dropout: f64, device: &Device) -> TemporalEncoder {
        TemporalEncoder {
            input: LinearConfig::new(feature_len, self.d_model).init(device),
            encoder: TransformerEncoderConfig::new(self.d_model, self.d_ff, self.heads, self.layers)
                .with_dropout(dropout)
                .with_activation(ActivationConfig::Relu)
                .init(device),
            head: LinearConfig::new(self.d_model, CLASS_COUNT).init(device),
            positions: self.positions,
            temperature: 1.0,
        }
    }
}

impl TemporalEncoder {
    /// The model's encoder for inference, `None` if it is a per-frame recogniser.
    ///
    /// # Errors
    /// When the weights do not fit the architecture.
    pub fn of_model(model: &ModelFile, device: &Device) -> Result<Option<Self>, ModelFileError> {
        let Some(shape) = &model.metadata.temporal else {
            return Ok(None);
        };
        let mut encoder = shape.init(model.metadata.backbone.feature_len(), 0.0, device);
        encoder.temperature = model.metadata.temperatures.temporal;
        encoder.load(&model.weights, TEMPORAL_PREFIX, device).map(Some)
    }

    /// Probabilities, at the model's temperature, of the frames of one clip, as many as `clip` has features. `None` stands for a
    /// frame without a face; a clip shorter than `length` is padded, and both are masked.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn clip_probabilities(
        &self,
        clip: &[Option<&[f32]>],
        length: usize,
    ) -> Result<Vec<ClassScores>, ReadError> {
        let (features, missing) = self.padded(clip, length);
        let values = read(self.forward(features, missing)).await?;
        let frames = values.chunks_exact(CLASS_COUNT).take(clip.len());
        Ok(frames
            .map(|row| std::array::from_fn(|class| row[class]))
            .map(|logits| softmax(&tempered(&logits, self.temperature)))
            .collect())
    }

    /// What the head is given of each frame of a clip, `d_model` values; frames are told as to [`TemporalEncoder::clip_probabilities`].
    ///
    /// # Errors
    /// When the device cannot be read.
    pub async fn clip_hidden(
        &self,
        clip: &[Option<&[f32]>],
        length: usize,
    ) -> Result<Vec<Vec<f32>>, ReadError> {
        let (features, missing) = self.padded(clip, length);
        let hidden = self.hidden(features, missing);
        let [_, _, width] = hidden.dims();
        let values = read(hidden).await?;
        Ok(values
            .chunks_exact(width)
            .take(clip.len())
            .map(<[f32]>::to_vec)
            .collect())
    }

    /// A clip as a batch of one, and which of its frames are missing.
    fn padded(&self, clip: &[Option<&[f32]>], length: usize) -> (Tensor<3>, Tensor<2, Bool>) {
        let [feature_len, _] = self.input.weight.dims();
        let device = self.input.weight.device();
        let mut features = vec![0.0; length * feature_len];
        let mut missing = vec![true; length];
        let rows = features.chunks_exact_mut(feature_len).zip(&mut missing);
        for ((row, missing), feature) in rows.zip(clip) {
            if let Some(feature) = feature {
                row.copy_from_slice(feature);
                *missing = false;
            }
        }
        (
            Tensor::from_data(TensorData::new(features, [1, length, feature_len]), &device),
            Tensor::<2, Bool>::from_data(TensorData::new(missing, [1, length]), &device),
        )
    }

    /// Features `[batch, frames, feature_len]` to logits `[batch, frames, 8]`. `missing`
    /// (`[batch, frames]`) marks frames that attention must not look at: padding and gaps.
    #[must_use]
    pub fn forward(&self, features: Tensor<3>, missing: Tensor<2, Bool>) -> Tensor<3> {
        self.head.forward(self.hidden(features, missing))
    }

    /// The same up to what the head is given, `[batch, frames, d_model]`.
    fn hidden(&self, features: Tensor<3>, missing: Tensor<2, Bool>) -> Tensor<3> {
        let device = features.device();
        let mut x = self.input.forward(features);
        if self.positions {
            let [_, frames, width] = x.dims();
            // In the precision of the features: a check of a device runs it in 16 bits too.
            let dtype = x.dtype();
            x = x + positional_encoding(frames, width, &device).cast(dtype);
        }
        self.encoder
            .forward(TransformerEncoderInput::new(x).mask_pad(missing))
    }

    /// Takes weights under the names of `torch.nn.TransformerEncoder` behind `prefix`: `input.*`,
    /// `encoder.layers.N.*`, `head.*`.
    ///
    /// # Errors
    /// When a weight is missing or has another shape.
    pub fn load(mut self, weights: &Weights, prefix: &str, device: &Device) -> Result<Self, ModelFileError> {
        let source = WeightSource::new(weights, prefix, device);
        let width = self.encoder.d_model;
        self.input = source.linear("input", self.input)?;
        for (index, layer) in self.encoder.layers.iter_mut().enumerate() {
            let at = format!("encoder.layers.{index}");
            // Torch keeps query, key and value in one matrix, in this order.
            let joint = ["weight", "bias"].map(|kind| format!("{at}.self_attn.in_proj_{kind}"));
            let part =
                |n: usize| source.linear_of_rows(&joint, [3 * width, width], n * width..(n + 1) * width);
            layer.mha.query = part(0)?;
            layer.mha.key = part(1)?;
            layer.mha.value = part(2)?;
            layer.mha.output =
                source.linear(&format!("{at}.self_attn.out_proj"), layer.mha.output.clone())?;
            layer.pwff.linear_inner =
                source.linear(&format!("{at}.linear1"), layer.pwff.linear_inner.clone())?;
            layer.pwff.linear_outer =
                source.linear(&format!("{at}.linear2"), layer.pwff.linear_outer.clone())?;
            load_norm(&mut layer.norm_1, &source, &format!("{at}.norm1"))?;
            load_norm(&mut layer.norm_2, &source, &format!("{at}.norm2"))?;
        }
        self.head = source.linear("head", self.head)?;
        Ok(self)
    }

    /// The weights under torch's names behind `prefix`.
    ///
    /// # Errors
    /// When the device cannot be read.
    pub fn save(&self, prefix: &str) -> Result<Weights, ReadError> {
        let mut sink = WeightSink::new(prefix);
        sink.linear("input", &self.input)?;
        for (index, layer) in self.encoder.layers.iter().enumerate() {
            let at = format!("encoder.layers.{index}");
            let parts = [&layer.mha.query, &layer.mha.key, &layer.mha.value];
            let joint = parts.iter().map(|l| l.weight.val().transpose()).collect();
            sink.put(&format!("{at}.self_attn.in_proj_weight"), Tensor::cat(joint, 0))?;
            let biases = parts
                .iter()
                .filter_map(|l| l.bias.as_ref().map(Param::val))
                .collect();
            sink.put(&format!("{at}.self_attn.in_proj_bias"), Tensor::cat(biases, 0))?;
            sink.linear(&format!("{at}.self_attn.out_proj"), &layer.mha.output)?;
            sink.linear(&format!("{at}.linear1"), &layer.pwff.linear_inner)?;
            sink.linear(&format!("{at}.linear2"), &layer.pwff.linear_outer)?;
            for (norm, name) in [(&layer.norm_1, "norm1"), (&layer.norm_2, "norm2")] {
                sink.put(&format!("{at}.{name}.weight"), norm.gamma.val())?;
                if let Some(beta) = &norm.beta {
                    sink.put(&format!("{at}.{name}.bias"), beta.val())?;
                }
            }
        }
        sink.linear("head", &self.head)?;
        Ok(sink.into_weights())
    }
}

fn load_norm(norm: &mut LayerNorm, source: &WeightSource<'_>, name: &str) -> Result<(), ModelFileError> {
    norm.gamma = source.param(&format!("{name}.weight"), norm.gamma.clone())?;
    if let Some(beta) = norm.beta.take() {
        norm.beta = Some(source.param(&format!("{name}.bias"), beta)?);
    }
    Ok(())
}

/// Sinusoids of "Attention Is All You Need", 3.5: sine at even, cosine at odd places; `[1, frames,
/// width]`. Computed in f64, so that every device sees the same values.
fn positional_encoding(frames: usize, width: usize, device: &Device) -> Tensor<3> {
    let values: Vec<f32> = (0..frames)
        .flat_map(|frame| {
            (0..width).map(move |place| {
                let rate = 10_000_f64.powf(-((place / 2 * 2) as f64) / width as f64);
                let angle = frame as f64 * rate;
                (if place % 2 == 0 { angle.sin() } else { angle.cos() }) as f32
            })
        })
        .collect();
    Tensor::from_data(TensorData::new(values, [1, frames, width]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    fn small() -> (TemporalShape, Device) {
        (
            TemporalShape {
                layers: 2,
                heads: 2,
                d_model: 16,
                d_ff: 24,
                positions: true,
            },
            Device::flex(),
        )
    }

    #[test]
    fn weights_come_back_under_torch_names() {
        let (shape, device) = small();
        let weights = shape.init(32, 0.3, &device).save("temporal.").unwrap();
        assert_eq!(
            weights["temporal.encoder.layers.1.self_attn.in_proj_weight"].shape,
            [48, 16]
        );
        let again = shape
            .init(32, 0.3, &device)
            .load(&weights, "temporal.", &device)
            .unwrap();
        assert_eq!(again.save("temporal.").unwrap(), weights);
    }

    #[test]
    fn masked_frames_do_not_matter() {
        let (shape, device) = small();
        let encoder = shape.init(32, 0.3, &device);
        let features = Tensor::<3>::random([1, 8, 32], Distribution::Normal(0.0, 1.0), &device);
        let noise = Tensor::<3>::random([1, 3, 32], Distribution::Normal(0.0, 9.0), &device);
        let changed = features.clone().slice_assign([0..1, 5..8, 0..32], noise);
        let missing = Tensor::<2, Bool>::from_data(
            TensorData::new((0..8).map(|i| i >= 5).collect::<Vec<_>>(), [1, 8]),
            &device,
        );
        let a = encoder
            .forward(features, missing.clone())
            .slice([0..1, 0..5, 0..8]);
        let b = encoder.forward(changed, missing).slice([0..1, 0..5, 0..8]);
        assert!((a - b).abs().max().into_scalar::<f32>() < 1e-5);
    }
}
