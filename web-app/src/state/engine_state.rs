//! What is known of the engine.

use page_view::job::EnginePhase;
use page_view::session::Engine;
use web_messages::ModelSummary;

use crate::strings;

/// What the page shows of the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineState {
    /// Whether it can work.
    pub phase: EnginePhase,
    /// Device in plain words, `None` before it is chosen.
    pub backend: Option<String>,
    /// What is worth saying about the device.
    pub notice: Option<String>,
    /// The model in force.
    pub model: Option<ModelSummary>,
}

impl EngineState {
    /// As the session asks for it.
    #[must_use]
    pub fn for_session(&self, asks_model: bool, asks_backend: bool) -> Engine<'_> {
        Engine {
            phase: &self.phase,
            backend: self.backend.as_deref(),
            model: self.model.as_ref(),
            asks_model,
            asks_backend,
        }
    }
}

impl Default for EngineState {
    fn default() -> Self {
        Self {
            phase: EnginePhase::loading(strings::ENGINE_STARTS),
            backend: None,
            notice: None,
            model: None,
        }
    }
}
