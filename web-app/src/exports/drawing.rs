//! The timeline as a drawing.

use leptos::prelude::*;
use page_view::timeline_svg::{self, Names};

use crate::state::store::Store;
use crate::{person_names, strings};

/// The whole timeline of the video of this name, as SVG.
#[must_use]
pub fn drawing(store: Store, name: &str) -> String {
    let view = store.view_now();
    let names = Names {
        title: name.to_owned(),
        lanes: strings::lanes(),
        people: view
            .tracks
            .iter()
            .map(|track| untrack(|| person_names::name(store, track.track)))
            .collect(),
    };
    store
        .analysis
        .with_value(|analysis| timeline_svg::draw(&view, &analysis.label_files, &names))
}
