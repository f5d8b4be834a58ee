//! The browser's database, as a store of texts by name.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{EventTarget, IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbRequest, IdbTransactionMode};

use super::tasks;

const NAME: &str = "mien";
const VERSION: u32 = 1;
const STORE: &str = "reviews";

/// An open database.
#[derive(Clone)]
pub struct Database(IdbDatabase);

impl Database {
    /// Opens it, and makes it where it is not there yet.
    ///
    /// # Errors
    /// What the browser says, for instance where storage is not allowed.
    pub async fn open() -> Result<Self, JsValue> {
        // Some browsers throw on the mere look at it where storage is denied.
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
        Ok(Self(result_of(&request)?.unchecked_into()))
    }

    /// The text under a name.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn read(&self, key: &str) -> Result<Option<String>, JsValue> {
        let store = self.0.transaction_with_str(STORE)?.object_store(STORE)?;
        let request = store.get(&key.into())?;
        tasks::event(&request, &["success", "error"]).await;
        Ok(result_of(&request)?.as_string())
    }

    /// Keeps a text under a name; returns when the browser has it safely.
    ///
    /// # Errors
    /// What the browser says, for instance where the storage is full.
    pub async fn write(&self, key: &str, text: &str) -> Result<(), JsValue> {
        let transaction = self
            .0
            .transaction_with_str_and_mode(STORE, IdbTransactionMode::Readwrite)?;
        let request = transaction
            .object_store(STORE)?
            .put_with_key(&text.into(), &key.into())?;
        let target: &EventTarget = transaction.as_ref();
        let event = tasks::event(target, &["complete", "abort"]).await;
        if event.is_some_and(|event| event.type_() == "complete") {
            return Ok(());
        }
        if let Some(error) = transaction.error() {
            return Err(error.into());
        }
        result_of(&request).map(|_| ())
    }
}

fn result_of(request: &IdbRequest) -> Result<JsValue, JsValue> {
    match request.error()? {
        Some(error) => Err(error.into()),
        None => request.result(),
    }
}
