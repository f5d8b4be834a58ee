//! Reads the list of the models that come with the page: `models/models.json`. Without a network it has those alone that are kept.

use page_view::shipped_model::ShippedModel;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// Reads the list; empty where that fails, since the engine says what is wrong with the model itself.
pub async fn load() -> Vec<ShippedModel> {
    let mut models = fetch_list().await.unwrap_or_default();
    if web_sys::window().is_some_and(|window| !window.navigator().on_line()) {
        let mut kept = Vec::with_capacity(models.len());
        for model in &models {
            if is_kept(&model.url()).await {
                kept.push(model.clone());
            }
        }
        // Where none is kept, the page may come from this very machine, without any network.
        if !kept.is_empty() {
            models = kept;
        }
    }
    models
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
