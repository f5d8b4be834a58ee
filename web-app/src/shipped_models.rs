//! Reads the list of the models that come with the page: `models/models.json`. Without a network it has those alone that are kept.

use page_view::shipped_model::ShippedModel;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestInit, Response};

/// Milliseconds after which a network that does not answer counts as none.
const PATIENCE_MS: u32 = 4000;

/// Reads the list; empty where that fails, since the engine says what is wrong with the model itself.
pub async fn load() -> Vec<ShippedModel> {
    let models = fetch_list().await.unwrap_or_default();
    let (mut kept, mut missing) = (Vec::with_capacity(models.len()), None);
    for model in &models {
        if is_kept(&model.url()).await {
            kept.push(model.clone());
        } else {
            missing = Some(model.url());
        }
    }
    match missing {
        // Where none is kept there is nothing else to offer.
        Some(url) if !kept.is_empty() && !is_reachable(&url).await => kept,
        _ => models,
    }
}

/// Whether the server answers, with whatever. That the browser calls itself online says little: a network may lead nowhere, and
/// browsers differ on pages that they keep.
async fn is_reachable(url: &str) -> bool {
    let Some(window) = web_sys::window().filter(|window| window.navigator().on_line()) else {
        return false;
    };
    let asked = RequestInit::new();
    // The service worker answers no such question, so it goes to the network.
    asked.set_method("HEAD");
    asked.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE_MS)));
    JsFuture::from(window.fetch_with_str_and_init(url, &asked))
        .await
        .is_ok()
}

/// Whether the browser keeps a file of the page.
async fn is_kept(name: &str) -> bool {
    let find = || {
        web_sys::window()?
            .caches()
            .ok()
            .map(|caches| caches.match_with_str(name))
    };
    match find() {
        Some(found) => JsFuture::from(found)
            .await
            .is_ok_and(|found| !found.is_undefined()),
        None => false,
    }
}

async fn fetch_list() -> Option<Vec<ShippedModel>> {
    let window = web_sys::window()?;
    let response = JsFuture::from(window.fetch_with_str("models/models.json"))
        .await
        .ok()?;
    let response: Response = response.dyn_into().ok()?;
    let text = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    serde_json::from_str(&text).ok()
}
