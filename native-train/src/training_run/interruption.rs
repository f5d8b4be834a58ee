//! Ctrl-C as a wish that is granted between two steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};

/// Exit status of a program that Ctrl-C ended.
pub const EXIT_STATUS: u8 = 130;

/// The run was interrupted after its state was written.
#[derive(Debug, thiserror::Error)]
#[error("interrupted after step {step}; `--resume` goes on from there")]
pub struct Interrupted {
    /// Steps done.
    pub step: u64,
}

/// Whether the run is to end.
#[derive(Debug, Clone, Default)]
pub struct Interruption(Arc<AtomicBool>);

impl Interruption {
    /// Listens to Ctrl-C and to a request to terminate, for the rest of the program.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> Result<Self> {
        let wish = Self::default();
        let set = wish.clone();
        ctrlc::set_handler(move || set.wish()).context("Ctrl-C cannot be caught")?;
        Ok(wish)
    }

    /// Asks for the end.
    pub fn wish(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the end was asked for.
    #[must_use]
    pub fn is_wished(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
