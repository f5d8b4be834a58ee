//! The sample: a film that comes with the page, and what was read of it before.

use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, File, FilePropertyBag, Response};

use crate::browser::{error_text, text_of};
use crate::state::notice::Tone;
use crate::state::store::Store;
use crate::{opened_projects, service_worker, strings};

const FOLDER: &str = "sample/";
const FILM: &str = "six-expressions.mp4";
const RESULT: &str = "six-expressions.json";

/// Shows the film with its kept result; the engine need not be there.
pub fn open(store: Store) {
    store.clear_faults();
    spawn_local(async move {
        let loaded = load().await;
        // Something else may have been opened meanwhile.
        if store.stage.source.with_untracked(Option::is_some) {
            return;
        }
        match loaded {
            Ok((film, result)) => match opened_projects::open_with_video(store, &result, film) {
                Ok(()) => {
                    store.notify(Tone::Info, strings::SAMPLE_KEPT, None);
                    for name in [FILM, RESULT] {
                        service_worker::keep(format!("{FOLDER}{name}"));
                    }
                }
                Err(cause) => store.fail(strings::not_readable(RESULT, &cause)),
            },
            Err(error) => store.fail(strings::sample_missing(&error_text(&error))),
        }
    });
}

/// The film, and the text of its result.
async fn load() -> Result<(File, String), JsValue> {
    let (film, result) = (fetch(FILM).await?, fetch(RESULT).await?);
    let options = FilePropertyBag::new();
    options.set_type("video/mp4");
    let parts = Array::of1(&film);
    let film = File::new_with_blob_sequence_and_options(&parts, FILM, &options)?;
    Ok((film, text_of(&result).await?))
}

async fn fetch(name: &str) -> Result<Blob, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let address = format!("{FOLDER}{name}");
    let response: Response = JsFuture::from(window.fetch_with_str(&address))
        .await?
        .dyn_into()?;
    if !response.ok() {
        return Err(JsValue::from_str(&format!("{address}: {}", response.status())));
    }
    JsFuture::from(response.blob()?).await?.dyn_into()
}
