//! How labels are smoothed: changes at once, without reading the video again.

use leptos::prelude::*;
use shared_model::smoothing::{MAX_WINDOW, Smoothing};

use super::file_button::FileButton;
use super::fold::Fold;
use crate::state::store::Store;
use crate::{opened_projects, relabel, strings};

/// Longest window of the slider in frames; the number field takes more.
const SLIDER_MAX: usize = 150;

#[component]
pub fn LabelsPanel() -> impl IntoView {
    let store = Store::of_page();
    let choose = move |event| {
        if let Some(smoothing) = Smoothing::parse(&event_target_value(&event)) {
            store.smoothing.set(smoothing);
            relabel::smoothing_changed(store);
        }
    };
    let set_window = move |event| {
        let Ok(window) = event_target_value(&event).parse::<usize>() else {
            return;
        };
        store.window_chosen.set_value(true);
        store.window.set(window.clamp(1, MAX_WINDOW));
        relabel::smoothing_changed(store);
    };
    // What was typed and cannot be used gives way to the window in force.
    let show_window_in_force = move |event| {
        event_target::<web_sys::HtmlInputElement>(&event)
            .set_value(&store.window.get_untracked().to_string());
    };
    // What a number of frames is in this video.
    let window_s = move || {
        let view = store.view();
        let frame_s = view.end_s() / view.frame_count().max(1) as f64;
        let is_used = store.smoothing.get().uses_window && view.frame_count() > 1 && !view.is_unrelated;
        is_used.then(|| strings::window_seconds(store.window.get(), frame_s))
    };
    view! {
        <Fold name="labels" title=strings::LABELS>
            <label class="field">
                <span>{strings::SMOOTHING}</span>
                <select data-testid="smoothing" prop:value=move || store.smoothing.get().name on:change=choose>
                    {Smoothing::ALL
                        .iter()
                        .map(|way| view! { <option value=way.name>{way.title}</option> })
                        .collect_view()}
                </select>
            </label>
            <div class="field">
                <label for="window">{strings::WINDOW}</label>
                <span class="window-fields">
                    <input type="range" min="1" max=SLIDER_MAX aria-label=strings::WINDOW_SLIDER
                        prop:value=move || store.window.get().min(SLIDER_MAX).to_string() on:input=set_window/>
                    <input type="number" id="window" data-testid="window" min="1" max=MAX_WINDOW step="1"
                        prop:value=move || store.window.get().to_string() on:input=set_window
                        on:change=show_window_in_force/>
                    <span class="unit">{strings::FRAMES}</span>
                </span>
            </div>
            <p class="hint">{move || store.smoothing.get().hint}</p>
            <p class="hint" data-testid="window-seconds">{window_s}</p>
            <div class="panel-buttons">
                <FileButton hook="open-predictions" text=strings::OPEN_PREDICTIONS accept=".csv,.json" small=true
                    on_files=opened_projects::open_predictions/>
            </div>
        </Fold>
    }
}
