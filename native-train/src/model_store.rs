//! Model files on disk; errors name the file.

use std::path::Path;

use anyhow::{Context as _, Result};
use shared_model::model_file::ModelFile;

use crate::atomic_file;

/// Reads a model file and checks that it holds exactly the tensors of its architecture.
///
/// # Errors
/// When it cannot be read, is damaged, of another version, or its tensors do not fit.
pub fn read(path: &Path) -> Result<ModelFile> {
    let bytes =
        std::fs::read(path).with_context(|| format!("the model {} cannot be read", path.display()))?;
    let model = ModelFile::from_bytes(&bytes)
        .and_then(|model| model.check_weights().map(|()| model))
        .with_context(|| format!("the model {} cannot be used", path.display()))?;
    Ok(model)
}

/// Writes a model file whole or not at all.
///
/// # Errors
/// When its tensors do not fit its architecture or the file cannot be written.
pub fn write(path: &Path, model: &ModelFile) -> Result<()> {
    atomic_file::write(path, &bytes(path, model)?)
}

/// The bytes of a model file that is to lie at `path`.
///
/// # Errors
/// When the model's tensors do not fit its architecture; the message names the path.
pub fn bytes(path: &Path, model: &ModelFile) -> Result<Vec<u8>> {
    model
        .check_weights()
        .and_then(|()| model.to_bytes())
        .with_context(|| format!("the model {} cannot be made", path.display()))
}
