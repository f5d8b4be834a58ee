//! The zip that the engine is filling.

use web_messages::JobId;

/// A zip on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Zipping {
    /// Number, counted with those of the jobs.
    pub id: JobId,
    /// File name that it gets.
    pub name: String,
    /// 0 to 1; `None` where there is nothing to wait for but the packing itself.
    pub fraction: Option<f64>,
}
