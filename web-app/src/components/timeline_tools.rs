//! What stands over the timeline: how it is drawn, loop, reaction time, zoom.

use leptos::prelude::*;
use page_view::command::Command;
use page_view::review::stroke::LONGEST_REACTION_S;
use page_view::timeline_layout::PlotStyle;

use super::icons;
use super::keyboard::{self, ZOOM_STEP, tip, zoom};
use crate::state::store::Store;
use crate::{settings, strings};

#[component]
pub fn TimelineTools() -> impl IntoView {
    let store = Store::of_page();
    let style_button = move |style: PlotStyle, name: &'static str| {
        view! {
            <button type="button" class="segment" aria-pressed=move || (store.plot_style.get() == style).to_string()
                on:click=move |_| store.plot_style.set(style)>{name}</button>
        }
    };
    let set_reaction = move |event| {
        if let Ok(milliseconds) = event_target_value(&event).parse::<f64>() {
            settings::set_reaction(store, milliseconds / 1000.0);
        }
    };
    view! {
        <div class="timeline-tools">
            <h2>{strings::TIMELINE}</h2>
            <div class="segments" role="group" aria-label=strings::PLOT_STYLE>
                {style_button(PlotStyle::Rows, strings::ROWS)}
                {style_button(PlotStyle::Stacked, strings::STACKED)}
            </div>
            <button type="button" class="segment single" data-testid="loop" title=move || tip(store, Command::Loop)
                aria-pressed=move || store.stage.looped.get().is_some().to_string()
                on:click=move |_| keyboard::run(store, Command::Loop)>{strings::LOOP}</button>
            <button type="button" class="segment single" data-testid="pictures" title=strings::PICTURES_HINT
                aria-pressed=move || store.bench.shows_pictures.get().to_string()
                on:click=move |_| store.bench.shows_pictures.update(|shows| *shows = !*shows)>{strings::PICTURES}</button>
            <label class="reaction" title=strings::REACTION_HINT>
                <span>{strings::REACTION}</span>
                <input type="number" data-testid="reaction" min="0" max=(LONGEST_REACTION_S * 1000.0).to_string() step="50"
                    prop:value=move || format!("{:.0}", store.bench.reaction_s.get() * 1000.0) on:change=set_reaction/>
                <span>{strings::MILLISECONDS}</span>
            </label>
            <div class="zoom" role="group">
                <button type="button" class="icon-button" aria-label=strings::ZOOM_OUT title=move || tip(store, Command::ZoomOut)
                    on:click=move |_| zoom(store, 1.0 / ZOOM_STEP)>{icons::minus()}</button>
                <button type="button" class="icon-button" aria-label=strings::ZOOM_IN title=move || tip(store, Command::ZoomIn)
                    on:click=move |_| zoom(store, ZOOM_STEP)>{icons::plus()}</button>
                <button type="button" class="icon-button" aria-label=strings::FIT title=move || tip(store, Command::ShowAll)
                    on:click=move |_| zoom(store, f64::INFINITY)>{icons::fit()}</button>
            </div>
        </div>
    }
}
