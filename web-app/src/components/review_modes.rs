//! Ways of reviewing that a study needs: blind, and with an audit of what nobody would look at.

use leptos::prelude::*;

use page_view::review::queue_filter::QueueFilter;

use crate::state::store::Store;
use crate::strings;

/// Shares that can be drawn, in percent.
const SHARES: [u32; 5] = [0, 5, 10, 20, 50];

/// A queue of one class would say what its segments are.
fn set_blind(store: Store, is_blind: bool) {
    if is_blind {
        store
            .queue_filter
            .update(|filter| filter.classes = QueueFilter::default().classes);
    }
    store.bench.is_blind.set(is_blind);
}

#[component]
pub fn ReviewModes() -> impl IntoView {
    let store = Store::of_page();
    let is_blind = store.bench.is_blind;
    let percent = move || {
        store
            .queue_filter
            .with(|filter| (filter.audit_share * 100.0).round() as u32)
    };
    let draw = move |event| {
        if let Ok(percent) = event_target_value(&event).parse::<u32>() {
            let share = f64::from(percent.min(100)) / 100.0;
            store.queue_filter.update(|filter| filter.audit_share = share);
        }
    };
    let option = move |share: u32| {
        let text = match share {
            0 => strings::AUDIT_OFF.to_owned(),
            share => format!("{share} %"),
        };
        view! { <option value=share.to_string() selected=move || percent() == share>{text}</option> }
    };
    let found = move || store.queue.with(|queue| queue.audit.said());
    view! {
        <details class="review-modes" data-testid="review-modes">
            <summary>{strings::MODES}</summary>
            <label title=strings::BLIND_HINT>
                <input type="checkbox" data-testid="blind" prop:checked=move || is_blind.get()
                    on:change=move |event| set_blind(store, event_target_checked(&event))/>
                <span>{strings::BLIND}</span>
            </label>
            <p class="hint">{strings::BLIND_HINT}</p>
            <label title=strings::AUDIT_HINT>
                <span>{strings::AUDIT}</span>
                <select data-testid="audit-share" on:change=draw>{SHARES.map(option).into_iter().collect_view()}</select>
            </label>
            <p class="hint">{strings::AUDIT_HINT}</p>
            <p class="hint" data-testid="audit" aria-live="polite">{found}</p>
        </details>
    }
}
