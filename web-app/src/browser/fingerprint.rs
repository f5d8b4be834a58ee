//! Files told apart by their content.

use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// Bytes at each end that count: the whole of a long video would take minutes to read.
const END: f64 = 1_048_576.0;

/// Size and SHA-256 of the first and the last MiB.
///
/// # Errors
/// When the file cannot be read or the browser cannot hash (pages without https).
pub async fn fingerprint(file: &Blob) -> Result<String, JsValue> {
    let size = file.size();
    let first = bytes_of(&file.slice_with_f64_and_f64(0.0, size.min(END))?).await?;
    let last = bytes_of(&file.slice_with_f64_and_f64((size - END).max(0.0), size)?).await?;
    let both = Uint8Array::new_with_length(first.length() + last.length());
    both.set(&first, 0);
    both.set(&last, first.length());
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let subtle = Reflect::get(&Reflect::get(&window, &"crypto".into())?, &"subtle".into())?;
    let digest: js_sys::Function = Reflect::get(&subtle, &"digest".into())?.dyn_into()?;
    let hash: Promise = digest.call2(&subtle, &"SHA-256".into(), &both)?.dyn_into()?;
    let hash = Uint8Array::new(&JsFuture::from(hash).await?).to_vec();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{size}-{hex}"))
}

async fn bytes_of(blob: &Blob) -> Result<Uint8Array, JsValue> {
    Ok(Uint8Array::new(&JsFuture::from(blob.array_buffer()).await?))
}
