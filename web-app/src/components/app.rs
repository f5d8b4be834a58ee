//! The frame of the page.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, MediaQueryList};

use super::batch_panel::BatchPanel;
use super::compare_panel::ComparePanel;
use super::export_panel::ExportPanel;
use super::focus;
use super::header::Header;
use super::help_dialog::HelpDialog;
use super::job_bar::JobBar;
use super::keyboard;
use super::labels_panel::LabelsPanel;
use super::landing::Landing;
use super::learning_panel::LearningPanel;
use super::model_panel::ModelPanel;
use super::moment_panel::MomentPanel;
use super::notices::Notices;
use super::people_panel::PeoplePanel;
use super::printed_report::PrintedReport;
use super::projects_dialog::ProjectsDialog;
use super::question_bar::QuestionBar;
use super::remarks_panel::RemarksPanel;
use super::review_panel::ReviewPanel;
use super::stage::Stage;
use super::timeline_panel::TimelinePanel;
use super::transport::Transport;
use crate::browser::file_input;
use crate::state::store::Store;
use crate::{
    batch_run, file_handles, label_loading, label_strokes, opened_files, review, session_effects, settings,
    sound, startup, strings, webcam,
};

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    let store = Store::new();
    provide_context(store);
    let dragging = RwSignal::new(false);
    accept_drops(store, dragging);
    window_event_listener(ev::keydown, move |event| keyboard::handle(store, &event));
    window_event_listener(ev::keyup, move |event| keyboard::released(store, &event));
    // A key that is released elsewhere says nothing here.
    window_event_listener(ev::blur, move |_| label_strokes::release(store));
    window_event_listener(ev::beforeunload, move |event| {
        if webcam::is_in_memory(store) {
            event.prevent_default();
            // What older browsers ask for.
            event.set_return_value(strings::SAVE_FILM_HINT);
        }
    });
    focus::follow(store);
    settings::follow(store);
    follow_theme(store);
    review::follow(store);
    label_loading::follow(store);
    batch_run::follow(store);
    session_effects::follow(store);
    webcam::follow(store);
    sound::follow(store);
    startup::start(store);
    let is_empty = Memo::new(move |_| store.stage.source.with(Option::is_none));
    begin_at_top(is_empty);
    view! {
        <div class="page" class:is-landing=move || is_empty.get()>
            <Header/>
            <Notices/>
            <QuestionBar/>
            <Landing/>
            <main class="workspace" aria-hidden=move || is_empty.get().to_string()>
                <section class="watch">
                    <BatchPanel/>
                    <JobBar/>
                    <Stage/>
                    <Transport/>
                </section>
                <TimelinePanel/>
                <aside class="panels">
                    <MomentPanel/>
                    <ReviewPanel/>
                    <PeoplePanel/>
                    <LabelsPanel/>
                    <ExportPanel/>
                    <RemarksPanel/>
                    <ModelPanel/>
                    <LearningPanel/>
                    <ComparePanel/>
                </aside>
            </main>
        </div>
        <HelpDialog/>
        <ProjectsDialog/>
        <PrintedReport/>
        <div class="drop-veil" class:is-on=move || dragging.get() aria-hidden="true">
            <p>{strings::DROP_ANYWHERE}</p>
        </div>
    }
}

/// Where the page scrolls, what is opened is seen from its top, however far down the button was.
fn begin_at_top(is_empty: Memo<bool>) {
    Effect::new(move |_| {
        is_empty.track();
        if let Some(window) = web_sys::window() {
            window.scroll_to_with_x_and_y(0.0, 0.0);
        }
    });
}

fn accept_drops(store: Store, dragging: RwSignal<bool>) {
    let has_files = |event: &DragEvent| {
        event
            .data_transfer()
            .is_some_and(|data| data.types().includes(&"Files".into(), 0))
    };
    window_event_listener(ev::dragover, move |event| {
        if has_files(&event) {
            event.prevent_default();
            dragging.set(true);
        }
    });
    window_event_listener(ev::dragleave, move |event| {
        // Leaving the window, not one element for another.
        if event.related_target().is_none() {
            dragging.set(false);
        }
    });
    window_event_listener(ev::drop, move |event| {
        dragging.set(false);
        let Some(dropped) = event.data_transfer() else {
            return;
        };
        if let Some(files) = dropped.files() {
            event.prevent_default();
            // Handles are given only while the event is handled.
            file_handles::note_drop(store, &dropped);
            opened_files::open_files(store, file_input::list(&files));
        }
    });
}

/// Canvases take their colours anew when the system turns dark or light.
fn follow_theme(store: Store) {
    let query: Option<MediaQueryList> = web_sys::window()
        .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok())
        .flatten();
    let Some(query) = query else { return };
    let changed = wasm_bindgen::closure::Closure::<dyn FnMut()>::new(move || {
        store.theme.update(|theme| *theme = theme.wrapping_add(1));
    });
    let _ = query.add_event_listener_with_callback("change", changed.as_ref().unchecked_ref());
    changed.forget();
}
