//! Decoded faces, kept in memory as far as they fit.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Result;
use shared_model::frame::Frame;

/// Square faces of `side` pixels by a number of their picture. A face has the same pixels whether it
/// was kept or not.
#[derive(Debug)]
pub struct FaceCache {
    side: usize,
    most: usize,
    kept: RwLock<HashMap<u32, Arc<Frame>>>,
}

impl FaceCache {
    /// Keeps the first faces that are asked for, up to `most_bytes`.
    #[must_use]
    pub fn new(side: usize, most_bytes: usize) -> Self {
        Self {
            side,
            most: most_bytes / (3 * side * side).max(1),
            kept: RwLock::default(),
        }
    }

    /// The face of a picture that always comes under the same number; `read` gives it at the side that it is told.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn face(&self, number: u32, read: impl FnOnce(usize) -> Result<Frame>) -> Result<Arc<Frame>> {
        // The map holds whole faces only: a thread that panicked left none half made.
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(face) = kept.get(&number) {
            return Ok(Arc::clone(face));
        }
        let full = kept.len() >= self.most;
        drop(kept);
        let face = Arc::new(read(self.side)?);
        if !full {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < self.most {
                kept.insert(number, Arc::clone(&face));
            }
        }
        Ok(face)
    }
}
