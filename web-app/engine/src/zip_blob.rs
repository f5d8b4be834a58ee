//! A zip that leaves wasm's memory as it grows.

use js_sys::{Array, Uint8Array};
use page_view::archive::{Archive, ArchiveError};
use web_sys::{Blob, BlobPropertyBag};

use crate::worker_scope::error_text;

/// A zip whose finished pieces are blobs: the browser may keep those on disk.
#[derive(Default)]
pub struct ZipBlob {
    archive: Archive,
    pieces: Array,
}

impl ZipBlob {
    /// Adds a text.
    ///
    /// # Errors
    /// When it cannot be packed, or the browser has no room for it.
    pub fn add_text(&mut self, name: &str, text: &str) -> Result<(), String> {
        let piece = self.archive.add_text(name, text);
        self.keep(piece)
    }

    /// Adds a file that is packed already.
    ///
    /// # Errors
    /// As [`ZipBlob::add_text`].
    pub fn add_packed(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let piece = self.archive.add_packed(name, bytes);
        self.keep(piece)
    }

    fn keep(&self, piece: Result<Option<Vec<u8>>, ArchiveError>) -> Result<(), String> {
        if let Some(piece) = piece.map_err(|error| error.to_string())? {
            self.pieces
                .push(&blob(&Array::of1(&Uint8Array::from(piece.as_slice()).into()))?.into());
        }
        Ok(())
    }

    /// The whole zip.
    ///
    /// # Errors
    /// As [`ZipBlob::add_text`].
    pub fn finish(self) -> Result<Blob, String> {
        let last = self.archive.finish().map_err(|error| error.to_string())?;
        self.pieces.push(&Uint8Array::from(last.as_slice()).into());
        blob(&self.pieces)
    }
}

fn blob(parts: &Array) -> Result<Blob, String> {
    let options = BlobPropertyBag::new();
    options.set_type("application/zip");
    Blob::new_with_buffer_source_sequence_and_options(parts, &options).map_err(|error| error_text(&error))
}
