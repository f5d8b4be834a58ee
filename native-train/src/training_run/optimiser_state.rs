//! What an optimiser remembers of each parameter, by the parameter's place in its module, as named weights.

use anyhow::{Context as _, Result, anyhow};
use burn::tensor::{Device, Tensor, TensorData};
use shared_model::model_file::Weight;

/// More parameters than any network here has: a name from outside must not ask for more room than that.
const MOST_PLACES: usize = 100_000;

/// Values `[n]` as a weight.
///
/// # Errors
/// When the device cannot be read.
pub fn to_weight(values: &Tensor<1>) -> Result<Weight> {
    let values = values.clone().try_into_vec_as::<f32>();
    let values = values.map_err(|error| anyhow!("reading the optimiser's state: {error}"))?;
    Ok(Weight {
        shape: vec![values.len()],
        values,
    })
}

/// The values `[n]` of a weight on `device`.
#[must_use]
pub fn to_tensor(weight: &Weight, device: &Device) -> Tensor<1> {
    let data = TensorData::new(weight.values.clone(), [weight.values.len()]);
    Tensor::from_data(data, device)
}

/// The place in a name such as `velocity.12`, where the prefix is `velocity.`.
///
/// # Errors
/// When the name is another.
pub fn place_in(name: &str, prefix: &str) -> Result<usize> {
    name.strip_prefix(prefix)
        .and_then(|place| place.parse().ok())
        .filter(|place| *place < MOST_PLACES)
        .with_context(|| format!("`{name}` is no part of an optimiser's state"))
}

/// Puts the state of the parameter at a place, and makes room for it.
pub fn put<T: Clone>(states: &mut Vec<Option<T>>, place: usize, state: T) {
    if states.len() <= place {
        states.resize(place + 1, None);
    }
    if let Some(slot) = states.get_mut(place) {
        *slot = Some(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_are_checked() {
        assert_eq!(place_in("velocity.12", "velocity.").ok(), Some(12));
        for name in [
            "velocity.",
            "velocity.-1",
            "velocity.100000",
            "moment.1",
            "velocity.1.5",
        ] {
            let error = place_in(name, "velocity.").unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn states_stand_at_their_places() {
        let mut states = vec![Some(1)];
        put(&mut states, 2, 3);
        put(&mut states, 0, 4);
        assert_eq!(states, [Some(4), None, Some(3)]);
    }
}
