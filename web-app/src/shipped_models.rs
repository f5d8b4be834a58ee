//! Reads the list of the models that come with the page: `models/models.json`.

use page_view::shipped_model::ShippedModel;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// Reads the list; empty where that fails, since the engine says what is wrong with the model itself.
pub async fn load() -> Vec<ShippedModel> {
    fetch_list().await.unwrap_or_default()
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
