//! What is under the pointer on the timeline.

use leptos::prelude::*;
use shared_model::timeline::FrameRow;

use super::moment_panel::ClassBars;
use crate::state::hover::Hover;
use crate::state::store::Store;
use crate::strings;
use page_view::clock;
use page_view::sureness::Saying;

const WIDTH: f64 = 190.0;

#[component]
pub fn TimelineTip(
    /// Width of the timeline in CSS pixels.
    width: Signal<f64>,
) -> impl IntoView {
    let store = Store::of_page();
    let row = Memo::new(move |_| store.stage.hover.get().and_then(|hover| row_under(store, hover)));
    let left = move || {
        let x = store.stage.hover.get().map_or(0.0, |hover| hover.x);
        let right = x + 14.0;
        let place = if right + WIDTH > width.get() {
            x - WIDTH - 14.0
        } else {
            right
        };
        format!("{}px", place.max(0.0))
    };
    let heading = move || {
        row.with(|row| {
            row.as_ref()
                .map(|row| format!("{}  ·  {}", clock::precise(row.time_s), row.frame))
        })
        .unwrap_or_default()
    };
    let label = move || {
        store.bench.is_blind.track();
        row.with(|row| row.as_ref().and_then(|row| store.saying(row)).map(name))
    };
    let scores = Signal::derive(move || {
        store.bench.is_blind.track();
        row.with(|row| store.shown_probabilities(row.as_ref()?))
    });
    view! {
        <div class="tip" class:is-on=move || row.with(Option::is_some) style:left=left aria-hidden="true">
            <p class="tip-heading">{heading}<strong>{label}</strong></p>
            <ClassBars scores/>
        </div>
    }
}

fn name(saying: Saying) -> &'static str {
    match saying {
        Saying::Label(label) => label.name(),
        Saying::NotSure(_) => strings::NOT_SURE,
        Saying::Hidden => strings::HIDDEN,
    }
}

fn row_under(store: Store, hover: Hover) -> Option<FrameRow> {
    let view = store.view();
    let track = view.tracks.get(hover.group)?;
    view.row_of(track, hover.frame).cloned()
}

/// What a screen reader says of the playhead's place.
#[must_use]
pub fn spoken(store: Store) -> String {
    store.bench.is_blind.track();
    store.review_revision.track();
    let view = store.view();
    let playhead = store.stage.playhead.get();
    let label = view
        .frame_at(playhead)
        .and_then(|frame| view.rows_of(frame).first().and_then(|row| store.saying(row)))
        .map_or(strings::NOT_YET, name);
    format!("{}, {label}", clock::precise(playhead))
}
