//! The file on the stage and how far its analysis is.

use leptos::prelude::*;

use crate::state::store::Store;
use crate::{job_control, live_source, strings};
use page_view::clock;
use page_view::job::{Job, JobKind, JobState};
use page_view::session::Event;

#[component]
pub fn JobBar() -> impl IntoView {
    let store = Store::of_page();
    let name = move || {
        store
            .stage
            .source
            .with(|source| source.as_ref().map(|source| source.name.clone()))
            .unwrap_or_default()
    };
    let under_way = Memo::new(move |_| store.job.with(|job| job.as_ref().is_some_and(Job::is_under_way)));
    let has_end = Memo::new(move |_| {
        store
            .job
            .with(|job| job.as_ref().is_some_and(|job| job.kind != JobKind::Live))
    });
    let fraction = move || {
        store
            .job
            .with(|job| job.as_ref().map_or(0.0, |job| f64::from(job.percent()) / 100.0))
    };
    let behind = move || {
        store.batch.with(|batch| {
            let place = batch.reading().filter(|_| batch.is_behind());
            let item = place.and_then(|place| batch.items().get(place));
            item.map(|item| strings::reads_behind(&item.name))
        })
    };
    let details = move || {
        let details = store.job.with(|job| job.as_ref().map(details_of));
        let parts = [behind(), details].into_iter().flatten();
        parts
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let again = move || store.job.with(Option::is_some);
    view! {
        <div class="job-bar" class:is-running=move || under_way.get() && has_end.get()>
            <span class="file-name" title=name>{name}</span>
            <span class="job-details">{details}</span>
            <div class="job-buttons">
                <button type="button" class="button small" data-testid="cancel"
                    disabled=move || !under_way.get() on:click=move |_| cancel(store)>
                    {strings::CANCEL}
                </button>
                <button type="button" class="button small" data-testid="analyze"
                    disabled=move || under_way.get() || !job_control::can_analyze(store)
                    on:click=move |_| job_control::analyze_again(store)>
                    {move || if again() { strings::ANALYZE_AGAIN } else { strings::ANALYZE }}
                </button>
            </div>
            <div class="progress" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-label=strings::STATUS
                aria-valuenow=move || (fraction() * 100.0).round().to_string()>
                <div class="progress-done" style:transform=move || format!("scaleX({})", fraction())></div>
            </div>
        </div>
    }
}

/// A webcam that nobody reads has no use.
fn cancel(store: Store) {
    if store.is_live() {
        live_source::stop(store);
    } else {
        store.tell(Event::Cancel);
    }
}

fn details_of(job: &Job) -> String {
    if job.state != JobState::Running {
        return String::new();
    }
    let mut parts = Vec::new();
    if job.frames_per_s > 0.0 {
        parts.push(strings::speed(job.frames_per_s));
    }
    if let Some(seconds) = job.seconds_left.filter(|_| job.kind == JobKind::File) {
        parts.push(clock::left(seconds));
    }
    parts.join(", ")
}
