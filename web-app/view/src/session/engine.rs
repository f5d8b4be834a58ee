//! The engine, as far as decisions rest on it.

use web_messages::ModelSummary;

use crate::job::EnginePhase;

/// What is known of the engine where something is decided.
#[derive(Debug, Clone, Copy)]
pub struct Engine<'a> {
    /// Whether it can work.
    pub phase: &'a EnginePhase,
    /// Its device in plain words.
    pub backend: Option<&'a str>,
    /// The model in force.
    pub model: Option<&'a ModelSummary>,
    /// Whether the person has asked for a model by name.
    pub asks_model: bool,
    /// Whether the person has asked for a device.
    pub asks_backend: bool,
}
