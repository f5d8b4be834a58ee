//! What is read from the face at the playhead.

use leptos::prelude::*;
use page_view::sureness::{Origin, Saying};
use page_view::window_votes;
use shared_model::expression::{ClassScores, Expression};
use shared_model::timeline::FrameRow;

use crate::state::store::Store;
use crate::{person_names, strings};

#[component]
pub fn MomentPanel() -> impl IntoView {
    let store = Store::of_page();
    let row = Memo::new(move |_| current_row(store));
    let saying = Memo::new(move |_| {
        store.bench.is_blind.track();
        row.with(|row| store.saying(row.as_ref()?))
    });
    let scores = Signal::derive(move || {
        store.bench.is_blind.track();
        row.with(|row| store.shown_probabilities(row.as_ref()?))
    });
    let text = move || match (saying.get(), row.with(Option::is_some)) {
        (Some(Saying::Label(label)), _) => label.name(),
        (Some(Saying::NotSure(_)), _) => strings::NOT_SURE,
        (Some(Saying::Hidden), _) => strings::HIDDEN,
        (None, true) => strings::NO_FACE_HERE,
        (None, false) => strings::NOT_YET,
    };
    let votes = Memo::new(move |_| {
        let (smoothing, window) = (store.smoothing.get(), store.window.get());
        let view = store.view();
        row.with(|row| window_votes::votes(&view, row.as_ref()?, smoothing, window))
    });
    let why = move || {
        row.with(|row| {
            let row = row.as_ref()?;
            match saying.get() {
                Some(Saying::NotSure(nearest)) => return Some(strings::doubtful_label(nearest.name())),
                Some(Saying::Hidden) => return Some(strings::HIDDEN_WHY.to_owned()),
                Some(Saying::Label(_)) | None => {}
            }
            match Origin::of(row) {
                Some(Origin::Reviewed) => Some(strings::REVIEWED_LABEL.to_owned()),
                Some(Origin::Steadied(alone)) => Some(strings::steadied_label(alone.name(), votes.get())),
                None => votes.get().map(strings::votes),
            }
        })
    };
    let class = move || match saying.get() {
        Some(Saying::Label(label)) => format!("moment-label has-label class-{}", label.index()),
        Some(Saying::NotSure(_) | Saying::Hidden) | None => "moment-label".to_owned(),
    };
    view! {
        <section class="panel moment">
            <h2>{strings::NOW}</h2>
            <FaceSelect/>
            // Spoken only before the webcam: while a video plays it would never be silent.
            <p class=class aria-live=move || if store.is_live() { "polite" } else { "off" }>{text}</p>
            // Always as high, so that the bars below stay where they are.
            <p class="moment-why">{why}</p>
            <ClassBars scores/>
        </section>
    }
}

/// One bar a class.
#[component]
pub fn ClassBars(
    /// Probabilities, `None` where there are none.
    scores: Signal<Option<ClassScores>>,
) -> impl IntoView {
    let bar = move |class: Expression| {
        let share = Memo::new(move |_| {
            scores
                .get()
                .and_then(|scores| scores.get(class.index()).copied())
                .unwrap_or(0.0)
        });
        view! {
            <li class=format!("bar class-{}", class.index())>
                <span class="bar-name">{class.name()}</span>
                <span class="bar-track" aria-hidden="true">
                    <span class="bar-fill" style:transform=move || format!("scaleX({:.3})", share.get())></span>
                </span>
                <span class="bar-share">{move || if scores.get().is_some() { format!("{:.0}%", share.get() * 100.0) } else { strings::NO_NUMBER.to_owned() }}</span>
            </li>
        }
    };
    view! { <ul class="bars">{Expression::ALL.map(bar).into_iter().collect_view()}</ul> }
}

/// Which face is looked at, where there are several.
#[component]
fn FaceSelect() -> impl IntoView {
    let store = Store::of_page();
    let tracks = Memo::new(move |_| {
        store
            .view()
            .tracks
            .iter()
            .map(|track| track.track)
            .collect::<Vec<_>>()
    });
    let choose = move |event| store.stage.track.set(event_target_value(&event).parse().ok());
    let chosen = move || {
        store
            .stage
            .track
            .get()
            .map(|track| track.to_string())
            .unwrap_or_default()
    };
    view! {
        <label class="face-select" class:is-off=move || tracks.with(|tracks| tracks.len() < 2)>
            <span class="visually-hidden">{strings::FACE_SELECT}</span>
            <select prop:value=chosen on:change=choose>
                <option value="">{strings::FIRST_FACE}</option>
                <For each=move || tracks.get() key=|track| *track let:track>
                    <option value=track.to_string()>{move || person_names::name(store, track)}</option>
                </For>
            </select>
        </label>
    }
}

/// The row of the chosen face, else of the first one, in the frame that is on the screen.
fn current_row(store: Store) -> Option<FrameRow> {
    store.review_revision.track();
    let view = store.view();
    let shown_s = store.stage.shown_s.get();
    if shown_s > view.end_s() + 0.01 {
        return None;
    }
    let rows = view.rows_of(view.frame_at(shown_s)?);
    let chosen = store.stage.track.get();
    rows.iter()
        .find(|row| chosen.is_some() && row.track == chosen)
        .or_else(|| rows.first())
        .cloned()
}
