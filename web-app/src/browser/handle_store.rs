//! Handles of files, kept by name in a database of their own: they are no texts, and nothing else depends on them.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbTransactionMode};

use super::database::result_of;
use super::tasks;

const NAME: &str = "mien-files";
const VERSION: u32 = 1;
const STORE: &str = "handles";

async fn open() -> Result<IdbDatabase, JsValue> {
    let factory: IdbFactory = js_sys::Reflect::get(&js_sys::global(), &"indexedDB".into())?
        .dyn_into()
        .map_err(|_| JsValue::from_str("the browser has no database"))?;
    let request: IdbOpenDbRequest = factory.open_with_u32(NAME, VERSION)?;
    let event = tasks::event(&request, &["upgradeneeded", "success", "error"]).await;
    if event.is_some_and(|event| event.type_() == "upgradeneeded") {
        let database: IdbDatabase = request.result()?.unchecked_into();
        database.create_object_store(STORE)?;
        tasks::event(&request, &["success", "error"]).await;
    }
    Ok(result_of(&request)?.unchecked_into())
}

/// Keeps a handle under a name.
///
/// # Errors
/// What the browser says, for instance where it keeps no handles.
pub async fn write(key: &str, handle: &JsValue) -> Result<(), JsValue> {
    let store = open()
        .await?
        .transaction_with_str_and_mode(STORE, IdbTransactionMode::Readwrite)?
        .object_store(STORE)?;
    let request = store.put_with_key(handle, &key.into())?;
    tasks::event(&request, &["success", "error"]).await;
    result_of(&request).map(drop)
}

/// The handle under a name.
///
/// # Errors
/// What the browser says.
pub async fn read(key: &str) -> Result<Option<JsValue>, JsValue> {
    let store = open().await?.transaction_with_str(STORE)?.object_store(STORE)?;
    let request = store.get(&key.into())?;
    tasks::event(&request, &["success", "error"]).await;
    Ok(Some(result_of(&request)?).filter(|found| !found.is_undefined()))
}

/// Forgets the handle under a name.
///
/// # Errors
/// What the browser says.
pub async fn remove(key: &str) -> Result<(), JsValue> {
    let store = open()
        .await?
        .transaction_with_str_and_mode(STORE, IdbTransactionMode::Readwrite)?
        .object_store(STORE)?;
    let request = store.delete(&key.into())?;
    tasks::event(&request, &["success", "error"]).await;
    result_of(&request).map(drop)
}
