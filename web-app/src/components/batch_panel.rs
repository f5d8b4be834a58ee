//! The list of videos that are read one after the other.

use leptos::prelude::*;
use page_view::batch::ItemState;

use crate::state::store::Store;
use crate::{batch_run, strings, zip_orders};

#[component]
pub fn BatchPanel() -> impl IntoView {
    let store = Store::of_page();
    let rows = move || {
        store.batch.with(|batch| {
            batch
                .items()
                .iter()
                .enumerate()
                .map(|(place, item)| {
                    (
                        place,
                        item.name.clone(),
                        item.state,
                        batch.current() == Some(place),
                    )
                })
                .collect::<Vec<_>>()
        })
    };
    let is_empty = move || store.batch.with(|batch| batch.items().is_empty());
    let waits = move || {
        store.batch.with(|batch| {
            let is_waiting = |state| batch.items().iter().any(|item| item.state == state);
            !batch.goes_on() && is_waiting(ItemState::Waiting) && !is_waiting(ItemState::Reading)
        })
    };
    view! {
        <section class="batch" class:is-off=is_empty aria-label=strings::BATCH data-testid="batch">
            <ol>
                <For each=rows key=Clone::clone let:row>
                    {
                        let (place, name, state, is_current) = row;
                        view! {
                            <li>
                                <button type="button" aria-current=is_current.to_string() data-testid=format!("batch-{place}")
                                    on:click=move |_| batch_run::choose(store, place)>
                                    <span>{name}</span>
                                    " "
                                    <small>{strings::item_state(state)}</small>
                                </button>
                            </li>
                        }
                    }
                </For>
            </ol>
            <button type="button" class="button small" class:is-off=move || !waits() data-testid="batch-go-on"
                on:click=move |_| batch_run::go_on(store)>{strings::BATCH_GO_ON}</button>
            <button type="button" class="button small" data-testid="export-zip" on:click=move |_| zip_orders::list(store)>
                {strings::BATCH_ZIP}
            </button>
            <button type="button" class="button small" on:click=move |_| batch_run::clear(store)>
                {strings::BATCH_CLEAR}
            </button>
        </section>
    }
}
