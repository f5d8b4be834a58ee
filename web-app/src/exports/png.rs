//! Timeline as a picture.

use js_sys::Array;
use wasm_bindgen::JsValue;

use super::drawing::drawing;
use super::format::{ExportFormat, Purpose, Written, never_empty};
use crate::browser::png;
use crate::state::store::Store;

/// Timeline as a picture.
pub const FORMAT: ExportFormat = ExportFormat {
    purpose: Purpose::Figures,
    hook: "export-png",
    name: "PNG",
    hint: "The whole timeline as a picture",
    ending: "png",
    media_type: "image/png",
    why_empty: never_empty,
    write,
};

fn write(store: Store, name: String) -> Written {
    Box::pin(async move {
        let picture: JsValue = png::of_svg(&drawing(store, &name)).await?.into();
        Ok(Array::of1(&picture))
    })
}
