//! The projects that this browser keeps.

use leptos::html::Dialog;
use leptos::prelude::*;
use page_view::kept_analysis::KeptProject;

use super::file_button::FileButton;
use super::icons;
use crate::state::store::Store;
use crate::{projects, strings};

#[component]
pub fn ProjectsDialog() -> impl IntoView {
    let store = Store::of_page();
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let is_open = store.projects.with(Option::is_some);
        if let Some(dialog) = dialog.get() {
            if is_open && !dialog.open() {
                let _ = dialog.show_modal();
            } else if !is_open {
                dialog.close();
            }
        }
    });
    let kept = move || store.projects.get().unwrap_or_default();
    view! {
        <dialog class="help projects" node_ref=dialog data-testid="project-list" aria-label=strings::PROJECTS
            on:close=move |_| store.projects.set(None)>
            <div class="dialog-head">
                <h2>{strings::PROJECTS}</h2>
                <button type="button" class="icon-button" aria-label=strings::CLOSE title=strings::CLOSE
                    on:click=move |_| store.projects.set(None)>{icons::close()}</button>
            </div>
            <p class="hint">{strings::PROJECTS_HINT}</p>
            <p class:is-off=move || !kept().is_empty()>{strings::NO_PROJECTS}</p>
            <ul>
                {move || kept().into_iter().map(|project| view! { <ProjectLine project/> }).collect_view()}
            </ul>
            <div class="panel-buttons">
                <FileButton hook="import-project" text=strings::PROJECT_IMPORT accept=".json" small=true
                    on_files=projects::import/>
                <button type="button" class="button small" on:click=move |_| store.projects.set(None)>{strings::CLOSE}</button>
            </div>
        </dialog>
    }
}

#[component]
fn ProjectLine(
    /// The project.
    project: KeptProject,
) -> impl IntoView {
    let store = Store::of_page();
    let (name, facts) = (project.video.clone(), strings::project_facts(&project));
    let [to_open, to_export, to_delete] = [project.clone(), project.clone(), project];
    view! {
        <li data-testid="project">
            <div>
                <strong>{name}</strong>
                <p class="hint">{facts}</p>
            </div>
            <button type="button" class="button small" data-testid="project-open"
                on:click=move |_| projects::open(store, &to_open)>{strings::PROJECT_OPEN}</button>
            <button type="button" class="button small" data-testid="project-export"
                on:click=move |_| projects::export(store, to_export.clone())>{strings::PROJECT_EXPORT}</button>
            <button type="button" class="button small" data-testid="project-delete"
                on:click=move |_| projects::delete(store, to_delete.clone())>{strings::PROJECT_DELETE}</button>
        </li>
    }
}
