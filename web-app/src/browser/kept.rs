//! Small settings that the browser keeps for the page.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// What is kept under a name; `None` where there is nothing or the browser keeps nothing.
#[must_use]
pub fn read(name: &str) -> Option<String> {
    Reflect::get(&storage().ok()?, &JsValue::from_str(name))
        .ok()?
        .as_string()
}

/// Keeps a text.
///
/// # Errors
/// When the browser keeps nothing, or no more.
pub fn write(name: &str, text: &str) -> Result<(), JsValue> {
    Reflect::set(&storage()?, &JsValue::from_str(name), &JsValue::from_str(text)).map(drop)
}

/// The local storage; asking for it is refused where the browser's settings deny it.
fn storage() -> Result<JsValue, JsValue> {
    let window = web_sys::window().map_or(JsValue::NULL, JsValue::from);
    Reflect::get(&window, &JsValue::from_str("localStorage"))
}
