//! What a kind of file consists of.

use std::pin::Pin;

use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::state::store::Store;
use crate::strings;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To count with.
    Tables,
    /// To go on with in another program.
    Tools,
    /// To show.
    Figures,
    /// To train with.
    Training,
    /// To go on with here.
    Project,
}

impl Purpose {
    /// In the order of the panel.
    pub const ALL: [Self; 5] = [
        Self::Tables,
        Self::Tools,
        Self::Figures,
        Self::Training,
        Self::Project,
    ];

    /// What stands before its files.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tables => strings::FOR_TABLES,
            Self::Tools => strings::FOR_TOOLS,
            Self::Figures => strings::FOR_FIGURES,
            Self::Training => strings::FOR_TRAINING,
            Self::Project => strings::FOR_GOING_ON,
        }
    }
}

/// The parts of a file, once they are written.
pub type Written = Pin<Box<dyn Future<Output = Result<Array, JsValue>>>>;

/// One kind of file. The panel, its groups and the names of the files follow from these values.
#[derive(Debug, Clone, Copy)]
pub struct ExportFormat {
    /// What for.
    pub purpose: Purpose,
    /// Name of its button for scripts.
    pub hook: &'static str,
    /// On its button.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub hint: &'static str,
    /// End of the file's name.
    pub ending: &'static str,
    /// Its kind, as browsers name it.
    pub media_type: &'static str,
    /// Why there would be nothing in it now, if so.
    pub why_empty: fn(Store) -> Option<&'static str>,
    /// Writes it, of the video of this name.
    pub write: fn(Store, String) -> Written,
}

/// There is something in it as long as there are frames.
#[must_use]
pub const fn never_empty(_: Store) -> Option<&'static str> {
    None
}

/// A file that is one text, written at once.
#[must_use]
pub fn text(text: String) -> Written {
    Box::pin(async move { Ok(Array::of1(&text.into())) })
}
