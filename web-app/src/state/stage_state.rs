//! What belongs to the source on the stage, and leaves with it.

use leptos::prelude::*;
use page_view::opened::Opened;
use page_view::review::edges::HeldEdge;
use page_view::review::stroke::Stroke;
use page_view::viewport::Viewport;

use super::hover::Hover;
use super::source::Source;

/// A state, and beside it a signal for each of its fields, all made and replaced together: a field that is added is replaced as well.
macro_rules! signals {
    (
        $(#[$about:meta])* $state:ident,
        $(#[$signals_about:meta])* $signals:ident,
        { $($(#[$field_about:meta])* $field:ident: $kind:ty,)* }
    ) => {
        $(#[$about])*
        #[derive(Debug, Default)]
        pub struct $state {
            $($(#[$field_about])* pub $field: $kind,)*
        }

        $(#[$signals_about])*
        #[derive(Clone, Copy)]
        pub struct $signals {
            $($(#[$field_about])* pub $field: RwSignal<$kind, LocalStorage>,)*
        }

        impl $signals {
            /// Signals of a state.
            #[must_use]
            pub fn new(state: $state) -> Self {
                Self { $($field: RwSignal::new_local(state.$field),)* }
            }

            /// Takes another state in place of the one before; each signal tells who follows it.
            pub fn replace(self, state: $state) {
                $(self.$field.set(state.$field);)*
            }
        }
    };
}

signals! {
    /// What belongs to the source on the stage, and leaves with it.
    StageState,
    /// The signals of a [`StageState`]. Cheap to copy: it holds handles.
    StageSignals,
    {
        /// What is on the stage.
        source: Option<Source>,
        /// Size and length of the source.
        opened: Option<Opened>,
        /// Content of the video that belongs to the project on the stage, where it is known and the video is not open.
        expected_key: Option<String>,
        /// Presentation time of the file's first frame in the player's time, seconds.
        media_start_s: f64,
        /// Where to go once the player has arrived where it is going, seconds.
        wanted_s: Option<f64>,
        /// Time that is sought or played, seconds.
        playhead: f64,
        /// Time of the picture that is on the screen, seconds.
        shown_s: f64,
        /// Whether the player plays.
        playing: bool,
        /// Part of the time axis in sight.
        viewport: Viewport,
        /// Point of the timeline under the pointer.
        hover: Option<Hover>,
        /// Track that the person chose.
        track: Option<u32>,
        /// What the last edit was, for the eye and for screen readers.
        said: String,
        /// Track and a frame of the segment that is played over and over.
        looped: Option<(u32, usize)>,
        /// Whose range was begun, and at which frame; it reaches to the playhead.
        range_from: Option<(u32, usize)>,
        /// The edge between two segments that is being dragged.
        held_edge: Option<HeldEdge>,
        /// The label that is being painted.
        stroke: Option<Stroke>,
    }
}

impl StageSignals {
    /// The person has gone to another segment: that one is looped instead, where one is.
    pub fn loop_instead(self, track: u32, frame: usize) {
        if self.looped.with_untracked(Option::is_some) {
            self.looped.set(Some((track, frame)));
        }
    }
}
