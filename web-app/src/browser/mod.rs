//! Small things that the browser gives.

pub mod audio;
pub mod canvas;
pub mod database;
pub mod download;
pub mod file_input;
pub mod file_picker;
pub mod film_encoder;
pub mod fingerprint;
pub mod handle_store;
pub mod hidden_player;
pub mod kept;
pub mod known_files;
pub mod lock;
pub mod palette;
pub mod png;
pub mod recorder;
pub mod repaint;
pub mod size;
pub mod sound_encoder;
pub mod stepped_player;
pub mod tasks;

use js_sys::Reflect;
use shared_model::file_text;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, DomException, UrlSearchParams};

/// Milliseconds on a clock that never goes back.
#[must_use]
pub fn now_ms() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or_else(js_sys::Date::now, |clock| clock.now())
}

/// The day, as in 2026-01-31.
#[must_use]
pub fn today() -> String {
    let now = String::from(js_sys::Date::new_0().to_iso_string());
    now.chars().take(10).collect()
}

/// The minute on the person's own clock, as in 2026-01-31 09-05, for names of files.
#[must_use]
pub fn this_minute() -> String {
    let now = js_sys::Date::new_0();
    format!(
        "{:04}-{:02}-{:02} {:02}-{:02}",
        now.get_full_year(),
        now.get_month() + 1,
        now.get_date(),
        now.get_hours(),
        now.get_minutes()
    )
}

/// A parameter of the page's address.
#[must_use]
pub fn query_parameter(name: &str) -> Option<String> {
    let query = web_sys::window()?.location().search().ok()?;
    UrlSearchParams::new_with_str(&query).ok()?.get(name)
}

/// What a JavaScript error says.
#[must_use]
pub fn error_text(error: &JsValue) -> String {
    if let Some(exception) = error.dyn_ref::<DomException>() {
        let message = exception.message();
        return if message.is_empty() {
            exception.name()
        } else {
            message
        };
    }
    if let Some(error) = error.dyn_ref::<js_sys::Error>() {
        return String::from(error.message());
    }
    error.as_string().unwrap_or_else(|| "no reason given".to_owned())
}

/// A file's content as text, of UTF-8 or of UTF-16 with a mark.
///
/// # Errors
/// What the browser says.
pub async fn text_of(file: &Blob) -> Result<String, JsValue> {
    let buffer = JsFuture::from(file.array_buffer()).await?;
    let bytes = js_sys::Uint8Array::new(buffer.unchecked_ref::<js_sys::ArrayBuffer>());
    Ok(file_text::decode_lossy(&bytes.to_vec()))
}

/// A method that web-sys does not name, called without arguments beyond `argument`; `None` where it is missing.
#[must_use]
pub fn call_method(object: &JsValue, name: &str, argument: &JsValue) -> Option<JsValue> {
    let method = Reflect::get(object, &JsValue::from_str(name)).ok()?;
    let method = method.dyn_ref::<js_sys::Function>()?;
    method.call1(object, argument).ok()
}
