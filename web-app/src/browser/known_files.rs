//! Handles of files that were opened in this visit, until the project that they belong to is known.

use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use super::file_picker::Handled;
use super::handle_store;

/// Handles that are remembered at once.
const MOST: usize = 64;

/// Files that were opened in this visit, with their handles.
#[derive(Default)]
pub struct KnownFiles {
    handled: Vec<Handled>,
    /// Whether the browser's dialogue is open: a second one would be refused.
    pub is_asking: bool,
}

impl KnownFiles {
    /// Remembers one more.
    pub fn remember(&mut self, handled: Handled) {
        self.handled.retain(|other| !is_same(&other.file, &handled.file));
        if self.handled.len() >= MOST {
            self.handled.remove(0);
        }
        self.handled.push(handled);
    }

    /// Keeps the handle of a file from one visit to the next, if there is one. Where it cannot be kept the person chooses the file the next
    /// time, as in browsers that give no handles.
    pub fn keep(&self, key: String, file: &File) {
        let found = self.handled.iter().find(|handled| is_same(&handled.file, file));
        if let Some(handle) = found.map(|handled| handled.handle.clone()) {
            spawn_local(async move {
                let _ = handle_store::write(&key, &handle).await;
            });
        }
    }
}

fn is_same(one: &File, other: &File) -> bool {
    let facts = |file: &File| (file.name(), file.size().to_bits(), file.last_modified().to_bits());
    facts(one) == facts(other)
}
