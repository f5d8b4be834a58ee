//! `mien synth`: rendered faces with known expressions.

pub mod spec;

use std::path::Path;

use anyhow::{Result, bail};

pub use spec::{SynthSpec, SynthSummary};

/// Renders all that `spec` asks for into the folder `out`.
///
/// # Errors
/// When `out` holds something already or cannot be written, or a value of `spec` cannot be used.
pub fn generate(spec: &SynthSpec, out: &Path) -> Result<SynthSummary> {
    bail!("{spec:?} cannot be rendered into {} yet", out.display())
}
