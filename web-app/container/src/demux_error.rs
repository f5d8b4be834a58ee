//! Why a file gives no packets.

use thiserror::Error;

/// A file gives no video packets.
#[derive(Debug, Error)]
pub enum DemuxError {
    /// Another reader may know better.
    #[error("{0}")]
    UnknownKind(String),
    /// No reader can help.
    #[error("{0}")]
    Broken(String),
}
