//! From a device's tensor to numbers.

use burn::tensor::Tensor;

use crate::conv_norm::ReadError;

/// Reads a network's outputs. Any that is not finite is an error: of it labels would be made that look like others.
pub(crate) async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, ReadError> {
    let data = tensor
        .into_data_async()
        .await
        .map_err(|e| ReadError(e.to_string()))?;
    let values = data
        .convert::<f32>()
        .try_into_vec::<f32>()
        .map_err(|e| ReadError(format!("{e:?}")))?;
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        let reason = "the network gives numbers that are not finite: its weights are damaged, or the device computes wrongly";
        Err(ReadError(reason.to_owned()))
    }
}
