//! What the page asks before it goes on.

use leptos::prelude::*;

use crate::state::store::Store;

#[component]
pub fn QuestionBar() -> impl IntoView {
    let store = Store::of_page();
    let said = move |read: fn(&crate::state::question::Question) -> String| {
        move || store.question.with(|question| question.as_ref().map(read))
    };
    let answer = move |acts: bool| {
        store.answer(acts);
        // Something else may wait for the answer.
        store.results_changed();
    };
    view! {
        <div class="question" role="alertdialog" aria-label=crate::strings::QUESTION data-testid="question"
            class:is-off=move || store.question.with(Option::is_none)>
            <p>{said(|question| question.text.clone())}</p>
            <button type="button" class="button small" data-testid="question-yes" on:click=move |_| answer(true)>
                {said(|question| question.yes.clone())}
            </button>
            <button type="button" class="button small" data-testid="question-no" on:click=move |_| answer(false)>
                {said(|question| question.no.clone())}
            </button>
        </div>
    }
}
