//! The webcam: what it records, which one it is, how fast it is read.

use leptos::prelude::*;
use page_view::live_speed::LiveSpeed;
use web_sys::File;

use crate::browser::recorder::Recorder;

/// A camera that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// The browser's name for it.
    pub id: String,
    /// Its name for people.
    pub label: String,
}

/// State of the webcam. Cheap to copy: it holds handles.
#[derive(Clone, Copy)]
pub struct LiveDesk {
    /// The film that is being recorded.
    pub recording: StoredValue<Option<Recorder>, LocalStorage>,
    /// What was recorded and is not made into films yet.
    pub ended: RwSignal<Vec<Recorder>, LocalStorage>,
    /// Whether it is recorded at all.
    pub is_recorded: RwSignal<bool>,
    /// Films of which nobody has said yet whether they are kept.
    pub undecided: StoredValue<usize>,
    /// The film that was recorded last, as long as it is in the page's memory alone.
    pub film: RwSignal<Option<File>, LocalStorage>,
    /// All cameras, once one was allowed.
    pub cameras: RwSignal<Vec<Camera>>,
    /// The one in use, by its id.
    pub camera: RwSignal<String>,
    /// How fast its pictures are read.
    pub speed: RwSignal<LiveSpeed>,
}

impl LiveDesk {
    /// Without a camera.
    #[must_use]
    pub fn new() -> Self {
        Self {
            recording: StoredValue::new_local(None),
            ended: RwSignal::new_local(Vec::new()),
            is_recorded: RwSignal::new(false),
            undecided: StoredValue::new(0),
            film: RwSignal::new_local(None),
            cameras: RwSignal::new(Vec::new()),
            camera: RwSignal::new(String::new()),
            speed: RwSignal::new(LiveSpeed::default()),
        }
    }
}

impl Default for LiveDesk {
    fn default() -> Self {
        Self::new()
    }
}
