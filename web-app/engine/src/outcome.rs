//! How a job ends before its result, and how the UI is told.

use wasm_bindgen::JsValue;
use web_messages::FromEngine;

use crate::progress::Stopped;
use crate::worker_scope::post;

/// Why a job ended before its result.
#[derive(Debug)]
pub enum Outcome {
    /// The person stopped it.
    Stopped,
    /// It cannot be done; says the cause.
    Failed(String),
    /// Not by this way, but the page may try a `<video>`.
    TryVideoElement(String),
}

impl From<Stopped> for Outcome {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// Sends a message to the UI.
pub fn say(message: &FromEngine) {
    post(message, &JsValue::NULL);
}
