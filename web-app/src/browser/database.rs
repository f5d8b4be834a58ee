//! The browser's database, as stores of texts by name.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{EventTarget, IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbRequest, IdbTransactionMode};

use super::tasks;

const NAME: &str = "mien";
/// Version 1 had reviews alone.
const VERSION: u32 = 2;

/// Which texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// Labels by hand of each project.
    Reviews,
    /// What is known of each project.
    Projects,
    /// Chunks of frames.
    Frames,
    /// Settings of the page.
    Settings,
}

impl Shelf {
    const ALL: [Self; 4] = [Self::Reviews, Self::Projects, Self::Frames, Self::Settings];

    fn name(self) -> &'static str {
        match self {
            Self::Reviews => "reviews",
            Self::Projects => "projects",
            Self::Frames => "frames",
            Self::Settings => "settings",
        }
    }
}

/// A change: the text of a name, `None` to take it away.
pub type Change = (Shelf, String, Option<String>);

/// An open database.
#[derive(Clone)]
pub struct Database(IdbDatabase);

impl Database {
    /// Opens it, and makes it where it is not there yet.
    ///
    /// # Errors
    /// What the browser says, for instance where storage is not allowed.
    pub async fn open() -> Result<Self, JsValue> {
        opened(NAME, VERSION, &Shelf::ALL.map(Shelf::name))
            .await
            .map(Self)
    }

    /// The text under a name.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn read(&self, shelf: Shelf, key: &str) -> Result<Option<String>, JsValue> {
        let store = self
            .0
            .transaction_with_str(shelf.name())?
            .object_store(shelf.name())?;
        let request = store.get(&key.into())?;
        tasks::event(&request, &["success", "error"]).await;
        Ok(result_of(&request)?.as_string())
    }

    /// All texts of a shelf.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn read_all(&self, shelf: Shelf) -> Result<Vec<String>, JsValue> {
        let store = self
            .0
            .transaction_with_str(shelf.name())?
            .object_store(shelf.name())?;
        let request = store.get_all()?;
        tasks::event(&request, &["success", "error"]).await;
        let found: js_sys::Array = result_of(&request)?.dyn_into()?;
        Ok(found.iter().filter_map(|text| text.as_string()).collect())
    }

    /// Keeps all changes or none; returns when the browser has them safely.
    ///
    /// # Errors
    /// What the browser says, for instance where the storage is full.
    pub async fn write(&self, changes: &[Change]) -> Result<(), JsValue> {
        let shelves = js_sys::Array::new();
        for shelf in Shelf::ALL {
            if changes.iter().any(|(other, _, _)| *other == shelf) {
                shelves.push(&shelf.name().into());
            }
        }
        if shelves.length() == 0 {
            return Ok(());
        }
        let transaction = self
            .0
            .transaction_with_str_sequence_and_mode(&shelves, IdbTransactionMode::Readwrite)?;
        let mut last = None;
        for (shelf, key, text) in changes {
            let store = transaction.object_store(shelf.name())?;
            last = Some(match text {
                Some(text) => store.put_with_key(&text.into(), &key.into())?,
                None => store.delete(&key.into())?,
            });
        }
        let target: &EventTarget = transaction.as_ref();
        let event = tasks::event(target, &["complete", "abort"]).await;
        if event.is_some_and(|event| event.type_() == "complete") {
            return Ok(());
        }
        if let Some(error) = transaction.error() {
            return Err(error.into());
        }
        match last {
            Some(request) => result_of(&request).map(|_| ()),
            None => Ok(()),
        }
    }
}

/// Opens a database with these stores, and makes what is not there yet.
///
/// # Errors
/// What the browser says, for instance where storage is not allowed.
pub async fn opened(name: &str, version: u32, stores: &[&str]) -> Result<IdbDatabase, JsValue> {
    // Some browsers throw on the mere look at it where storage is denied.
    let factory: IdbFactory = js_sys::Reflect::get(&js_sys::global(), &"indexedDB".into())?
        .dyn_into()
        .map_err(|_| JsValue::from_str("the browser has no database"))?;
    let request: IdbOpenDbRequest = factory.open_with_u32(name, version)?;
    let event = tasks::event(&request, &["upgradeneeded", "success", "error"]).await;
    if event.is_some_and(|event| event.type_() == "upgradeneeded") {
        let database: IdbDatabase = request.result()?.unchecked_into();
        for store in stores {
            // One that an older version made is there already.
            let _ = database.create_object_store(store);
        }
        tasks::event(&request, &["success", "error"]).await;
    }
    Ok(result_of(&request)?.unchecked_into())
}

/// What a request has brought.
///
/// # Errors
/// What the browser says.
pub fn result_of(request: &IdbRequest) -> Result<JsValue, JsValue> {
    match request.error()? {
        Some(error) => Err(error.into()),
        None => request.result(),
    }
}
