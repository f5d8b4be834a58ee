//! Fetches a file and tells how much of it has come.

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

use crate::worker_scope::{error_text, scope};

/// The bytes at `url`, relative to the worker. `told` hears of each percent: the bytes that have come, and how many there are
/// in all where the server says it.
///
/// # Errors
/// When the file cannot be had: a sentence that follows its name.
pub async fn told_fetch(url: &str, told: impl Fn(f64, Option<f64>)) -> Result<Uint8Array, String> {
    let text = |error: JsValue| format!("cannot be loaded ({})", error_text(&error));
    let response: Response = JsFuture::from(scope().fetch_with_str(url))
        .await
        .map_err(text)?
        .unchecked_into();
    if !response.ok() {
        return Err(format!(
            "cannot be loaded (the server says {})",
            response.status()
        ));
    }
    let whole = length_of(&response);
    let Some(body) = response.body() else {
        return Ok(Uint8Array::new_with_length(0));
    };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut parts = Vec::new();
    let mut come = 0_u32;
    let mut last_told = None;
    loop {
        let read = JsFuture::from(reader.read()).await.map_err(text)?;
        let member = |name: &str| Reflect::get(&read, &name.into()).map_err(text);
        if member("done")?.is_truthy() {
            break;
        }
        let part: Uint8Array = member("value")?.unchecked_into();
        come = come.saturating_add(part.length());
        parts.push(part);
        let now = step(f64::from(come), whole);
        if last_told.replace(now) != Some(now) {
            told(f64::from(come), whole);
        }
    }
    let bytes = Uint8Array::new_with_length(come);
    let mut at = 0;
    for part in parts {
        bytes.set(&part, at);
        at += part.length();
    }
    Ok(bytes)
}

/// Of a packed answer the header says the packed length, which says nothing of what comes out.
fn length_of(response: &Response) -> Option<f64> {
    let headers = response.headers();
    if headers.get("content-encoding").ok()?.is_some() {
        return None;
    }
    let length: f64 = headers.get("content-length").ok()??.parse().ok()?;
    (length > 0.0).then_some(length)
}

/// What is worth a word: percents, or where the whole is not known, tenths of a megabyte.
fn step(come: f64, whole: Option<f64>) -> u32 {
    whole.map_or(come / 1e5, |whole| 100.0 * come / whole) as u32
}
