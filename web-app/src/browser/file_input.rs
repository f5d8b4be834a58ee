//! File inputs, which every browser has.

use wasm_bindgen::JsCast;
use web_sys::{File, FileList, HtmlInputElement};

/// The files of a list.
#[must_use]
pub fn list(files: &FileList) -> Vec<File> {
    (0..files.length())
        .filter_map(|index| files.item(index))
        .collect()
}

/// Opens the file dialogue of the input with this id.
pub fn pick(hook: &str) {
    let input = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id(hook))
        .and_then(|element| element.dyn_into::<HtmlInputElement>().ok());
    if let Some(input) = input {
        input.click();
    }
}
