//! Handles of files, kept by name in a database of their own: they are no texts, and nothing else depends on them.

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{IdbObjectStore, IdbRequest, IdbTransactionMode};

use super::database::{opened, result_of};
use super::tasks;

const NAME: &str = "mien-files";
const VERSION: u32 = 1;
const STORE: &str = "handles";

/// Keeps a handle under a name.
///
/// # Errors
/// What the browser says, for instance where it keeps no handles.
pub async fn write(key: &str, handle: &JsValue) -> Result<(), JsValue> {
    ask(IdbTransactionMode::Readwrite, |store| {
        store.put_with_key(handle, &key.into())
    })
    .await
    .map(drop)
}

/// The handle under a name.
///
/// # Errors
/// What the browser says.
pub async fn read(key: &str) -> Result<Option<JsValue>, JsValue> {
    let found = ask(IdbTransactionMode::Readonly, |store| store.get(&key.into())).await?;
    Ok(Some(found).filter(|found| !found.is_undefined()))
}

/// Forgets the handle under a name.
///
/// # Errors
/// What the browser says.
pub async fn remove(key: &str) -> Result<(), JsValue> {
    ask(IdbTransactionMode::Readwrite, |store| store.delete(&key.into()))
        .await
        .map(drop)
}

/// The names of all handles.
///
/// # Errors
/// What the browser says.
pub async fn names() -> Result<Vec<String>, JsValue> {
    let found = ask(IdbTransactionMode::Readonly, IdbObjectStore::get_all_keys).await?;
    Ok(Array::from(&found)
        .iter()
        .filter_map(|name| name.as_string())
        .collect())
}

/// One question in a transaction of its own; the database is closed again.
async fn ask(
    mode: IdbTransactionMode,
    question: impl FnOnce(&IdbObjectStore) -> Result<IdbRequest, JsValue>,
) -> Result<JsValue, JsValue> {
    let database = opened(NAME, VERSION, &[STORE]).await?;
    let answer = async {
        let transaction = database.transaction_with_str_and_mode(STORE, mode)?;
        let request = question(&transaction.object_store(STORE)?)?;
        tasks::event(&request, &["success", "error"]).await;
        result_of(&request)
    };
    let answer = answer.await;
    // What was asked is done to its end first.
    database.close();
    answer
}
