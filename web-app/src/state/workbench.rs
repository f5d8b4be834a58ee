//! What the hand is doing, and the settings that stay from one video to the next.

use std::sync::Arc;

use leptos::prelude::*;
use page_view::export_labels::ExportLabels;
use page_view::key_map::KeyMap;
use page_view::review::edges::HeldEdge;
use page_view::review::stroke::Stroke;
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
    /// Whose range was begun, and at which frame; it reaches to the playhead.
    pub range_from: RwSignal<Option<(u32, usize)>>,
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
    /// Track and a frame of the segment that is played over and over.
    pub looped: RwSignal<Option<(u32, usize)>>,
    /// Whether the loop is being kept.
    pub is_watching: StoredValue<bool>,
    /// The edge between two segments that is being dragged.
    pub held_edge: RwSignal<Option<HeldEdge>>,
    /// The label that is being painted.
    pub stroke: RwSignal<Option<Stroke>>,
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
            range_from: RwSignal::new(None),
            sound: RwSignal::new(None),
            export_labels: RwSignal::new(ExportLabels::default()),
            shows_pictures: RwSignal::new(false),
            follows: RwSignal::new(false),
            own_labels: RwSignal::new(Vec::new()),
            event_name: RwSignal::new(String::new()),
            looped: RwSignal::new(None),
            is_watching: StoredValue::new(false),
            held_edge: RwSignal::new(None),
            stroke: RwSignal::new(None),
            is_pointing: StoredValue::new(false),
            focus_by_pointer: StoredValue::new(false),
        }
    }

    /// The person has gone to another segment: that one is looped instead, where one is.
    pub fn loop_instead(self, track: u32, frame: usize) {
        if self.looped.with_untracked(Option::is_some) {
            self.looped.set(Some((track, frame)));
        }
    }

    /// Lets go of all that belongs to the video that leaves.
    pub fn let_go(self) {
        self.looped.set(None);
        self.range_from.set(None);
        self.held_edge.set(None);
        self.stroke.set(None);
    }
}

impl Default for Workbench {
    fn default() -> Self {
        Self::new()
    }
}
