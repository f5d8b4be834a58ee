//! Files together with handles by which the browser finds them again, where it gives such handles (Chromium's File System Access).

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, File};

use super::call_method;

/// A file, and the handle that leads to it.
#[derive(Clone)]
pub struct Handled {
    /// The file.
    pub file: File,
    /// Its `FileSystemFileHandle`, which a database can keep.
    pub handle: JsValue,
}

/// Why no files came of the dialogue.
pub enum PickFault {
    /// The browser has no such dialogue, or does not open it here.
    Refused,
    /// A chosen file cannot be had; what the browser says.
    Unreadable(JsValue),
}

/// Endings of what the page opens, by kind.
const KINDS: [(&str, &[&str]); 4] = [
    ("video/*", &[".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"]),
    (
        "image/*",
        &[".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".bmp"],
    ),
    ("application/json", &[".json"]),
    ("text/csv", &[".csv"]),
];

/// Whether the browser's own dialogue gives handles.
#[must_use]
pub fn is_there() -> bool {
    picker().is_some()
}

fn picker() -> Option<Function> {
    let window = web_sys::window()?;
    Reflect::get(&window, &"showOpenFilePicker".into())
        .ok()?
        .dyn_into()
        .ok()
}

/// Asks the person for files; none where the person closes the dialogue. To be called from a click.
///
/// # Errors
/// Where there is no dialogue, and what the browser says of a file.
pub async fn pick(description: &str) -> Result<Vec<Handled>, PickFault> {
    let handles = match ask(description).await {
        Ok(handles) => handles,
        Err(error) if is_named(&error, "AbortError") => return Ok(Vec::new()),
        Err(_) => return Err(PickFault::Refused),
    };
    let mut picked = Vec::new();
    for handle in Array::from(&handles).iter() {
        let file = file_of(&handle).await.map_err(PickFault::Unreadable)?;
        picked.push(Handled { file, handle });
    }
    Ok(picked)
}

async fn ask(description: &str) -> Result<JsValue, JsValue> {
    let picker = picker().ok_or(JsValue::NULL)?;
    let accept = Object::new();
    for (kind, endings) in KINDS {
        let endings: Array = endings.iter().map(|ending| JsValue::from_str(ending)).collect();
        Reflect::set(&accept, &kind.into(), &endings)?;
    }
    let kinds = Object::new();
    Reflect::set(&kinds, &"description".into(), &description.into())?;
    Reflect::set(&kinds, &"accept".into(), &accept)?;
    let options = Object::new();
    Reflect::set(&options, &"multiple".into(), &JsValue::TRUE)?;
    Reflect::set(&options, &"types".into(), &Array::of1(&kinds))?;
    let asked: Promise = picker.call1(&JsValue::UNDEFINED, &options)?.dyn_into()?;
    JsFuture::from(asked).await
}

/// The handles of what is dropped, as far as the browser gives any; to be called while the event is handled.
#[must_use]
pub fn of_drop(dropped: &DataTransfer) -> Vec<Promise> {
    let items = dropped.items();
    (0..items.length())
        .filter_map(|index| items.get(index))
        .filter(|item| item.kind() == "file")
        .filter_map(|item| call_method(&item, "getAsFileSystemHandle", &JsValue::UNDEFINED))
        .filter_map(|asked| asked.dyn_into().ok())
        .collect()
}

/// What a promise of [`of_drop`] brings; `None` for folders, and where the browser refuses.
pub async fn settled(asked: Promise) -> Option<Handled> {
    let handle = JsFuture::from(asked).await.ok()?;
    let kind = Reflect::get(&handle, &"kind".into()).ok()?.as_string()?;
    if kind != "file" {
        return None;
    }
    let file = file_of(&handle).await.ok()?;
    Some(Handled { file, handle })
}

/// The file that a kept handle leads to. The browser may ask the person first, so it is to be called soon after a click; `None` where the
/// person refuses.
///
/// # Errors
/// What the browser says, for instance where the file has been moved.
pub async fn reopened(handle: &JsValue) -> Result<Option<File>, JsValue> {
    let how = Object::new();
    Reflect::set(&how, &"mode".into(), &"read".into())?;
    for ask in ["queryPermission", "requestPermission"] {
        let Some(asked) = call_method(handle, ask, &how).and_then(|asked| asked.dyn_into::<Promise>().ok())
        else {
            continue;
        };
        if JsFuture::from(asked).await?.as_string().as_deref() == Some("granted") {
            return file_of(handle).await.map(Some);
        }
    }
    Ok(None)
}

async fn file_of(handle: &JsValue) -> Result<File, JsValue> {
    let asked = call_method(handle, "getFile", &JsValue::UNDEFINED).ok_or(JsValue::NULL)?;
    let file = JsFuture::from(asked.dyn_into::<Promise>()?).await?;
    file.dyn_into().map_err(|_| JsValue::from_str("it is no file"))
}

/// Whether a file that a handle led to is not there any more.
#[must_use]
pub fn is_gone(error: &JsValue) -> bool {
    is_named(error, "NotFoundError")
}

fn is_named(error: &JsValue, name: &str) -> bool {
    error
        .dyn_ref::<web_sys::DomException>()
        .is_some_and(|error| error.name() == name)
}
