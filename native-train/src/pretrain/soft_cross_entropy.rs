//! Cross-entropy against labels that may be shared between classes.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

/// Cross-entropy of each row of `[n, 8]` logits against how likely each class is, `[n, 8]`: `[n]` values.
/// `smoothing` of the targets' weight is spread over all classes, as `torch.nn.CrossEntropyLoss` does with
/// targets that are probabilities.
#[must_use]
pub fn soft_cross_entropy(logits: Tensor<2>, targets: Tensor<2>, smoothing: f64) -> Tensor<1> {
    let [count, _] = logits.dims();
    let log = log_softmax(logits, 1);
    let agreeing = (log.clone() * targets.cast(log.dtype()))
        .sum_dim(1)
        .reshape([count]);
    if smoothing == 0.0 {
        return agreeing.neg();
    }
    let spread = log.mean_dim(1).reshape([count]);
    (agreeing.mul_scalar(1.0 - smoothing) + spread.mul_scalar(smoothing)).neg()
}
