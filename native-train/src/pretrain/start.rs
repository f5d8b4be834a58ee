//! The model that a run's network begins with.

use std::path::Path;

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use shared_model::backbone::{BACKBONE_PREFIX, Backbone};
use shared_model::model_file::Weights;

use super::grown_start::grown;
use crate::model_store;
use crate::random_stream::Stream;
use crate::run_config::RunConfig;

/// Refuses a start that cannot be read or does not fit, before the pictures are looked at, which takes a while.
///
/// # Errors
/// As [`taken`].
pub(super) fn check(config: &RunConfig) -> Result<()> {
    if let Some(path) = &config.model.start {
        let device = Device::flex();
        taken(config, path, config.model.shape().init(&device), &device)?;
    }
    Ok(())
}

/// The network with the weights of the model file at `path`, grown from them where the config says so.
///
/// # Errors
/// When the file cannot be read, or does not fit the config's `model`.
pub(super) fn taken(config: &RunConfig, path: &Path, network: Backbone, device: &Device) -> Result<Backbone> {
    let fit = || {
        let hint = if config.model.grow {
            ""
        } else {
            "; a smaller network grows with `model.grow = true`"
        };
        format!(
            "the start {} does not fit the config's `model`{hint}",
            path.display()
        )
    };
    let mut weights = model_store::read(path)?.weights;
    if config.model.grow {
        let small: Weights = weights
            .into_iter()
            .filter(|(name, _)| name.starts_with(BACKBONE_PREFIX))
            .collect();
        let fresh = network.save(BACKBONE_PREFIX)?;
        weights = grown(
            &small,
            fresh,
            &config.model.shape().layers().added,
            &mut Stream::Growth.random(config.seed),
        )
        .with_context(fit)?;
    }
    network.load(&weights, BACKBONE_PREFIX, device).with_context(fit)
}
