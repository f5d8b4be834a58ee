//! Wrong use that only shows when the program runs.

use thiserror::Error;

/// What was asked for cannot be meant; the program ends with [`EXIT_STATUS`], as for arguments that it cannot read.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct WrongUse(pub String);

/// The program's exit status for wrong use.
pub const EXIT_STATUS: u8 = 2;
