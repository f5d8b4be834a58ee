//! What the hand is doing, and the settings that stay from one video to the next.

use std::sync::Arc;

use leptos::prelude::*;
use page_view::export_labels::ExportLabels;
use page_view::key_map::KeyMap;
use page_view::waveform::Waveform;

/// Tools of the timeline. Cheap to copy: it holds handles.
#[derive(Clone, Copy)]
pub struct Workbench {
    /// Which key does what.
    pub keys: RwSignal<KeyMap>,
    /// How fast the video plays; 1 as it was taken.
    pub speed: RwSignal<f64>,
    /// By how many seconds a painted label is taken back, since people see first and press later.
    pub reaction_s: RwSignal<f64>,
    /// Whether what the networks say of a frame is hidden until the person has decided.
    pub is_blind: RwSignal<bool>,
    /// How loud the film on the stage is, where it has a sound that could be read.
    pub sound: RwSignal<Option<Arc<Waveform>>>,
    /// Which label goes into files with room for one.
    pub export_labels: RwSignal<ExportLabels>,
    /// Whether small pictures of the film stand over the timeline.
    pub shows_pictures: RwSignal<bool>,
    /// Whether the timeline zooms to each segment that is gone to.
    pub follows: RwSignal<bool>,
    /// The person's own set of labels, beside the expressions.
    pub own_labels: RwSignal<Vec<String>>,
    /// What the next event is called.
    pub event_name: RwSignal<String>,
    /// Whether the loop is being kept.
    pub is_watching: StoredValue<bool>,
    /// Whether the pointer was used last, and not a key.
    pub is_pointing: StoredValue<bool>,
    /// Whether the focus came to where it is by the pointer.
    pub focus_by_pointer: StoredValue<bool>,
}

impl Workbench {
    /// Nothing in hand.
    #[must_use]
    pub fn new() -> Self {
        Self {
            keys: RwSignal::new(KeyMap::default()),
            speed: RwSignal::new(1.0),
            reaction_s: RwSignal::new(0.0),
            is_blind: RwSignal::new(false),
            sound: RwSignal::new(None),
            export_labels: RwSignal::new(ExportLabels::default()),
            shows_pictures: RwSignal::new(false),
            follows: RwSignal::new(false),
            own_labels: RwSignal::new(Vec::new()),
            event_name: RwSignal::new(String::new()),
            is_watching: StoredValue::new(false),
            is_pointing: StoredValue::new(false),
            focus_by_pointer: StoredValue::new(false),
        }
    }
}

impl Default for Workbench {
    fn default() -> Self {
        Self::new()
    }
}
