//! Several files in one zip, written in pieces.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{Error, ErrorKind, Seek, SeekFrom, Write};
use std::rc::Rc;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Bytes of a piece, about.
const PIECE: usize = 4 << 20;

/// Why a zip could not be written.
pub type ArchiveError = zip::result::ZipError;

/// A zip that is being written. What is complete can be taken away piece by piece, so that memory holds one file and
/// the list of names, however long the zip gets.
pub struct Archive {
    writer: ZipWriter<Window>,
    window: Window,
    names: BTreeSet<String>,
}

impl Default for Archive {
    fn default() -> Self {
        let window = Window::default();
        Self {
            writer: ZipWriter::new(window.clone()),
            window,
            names: BTreeSet::new(),
        }
    }
}

impl Archive {
    /// Adds a text; one whose name is taken already gets a number. A piece is given back when one is complete.
    ///
    /// # Errors
    /// When it cannot be packed.
    pub fn add_text(&mut self, name: &str, text: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        self.add(name, text.as_bytes(), CompressionMethod::Deflated)
    }

    /// Adds bytes that packing would not make smaller, such as a JPEG.
    ///
    /// # Errors
    /// As [`Archive::add_text`].
    pub fn add_packed(&mut self, name: &str, bytes: &[u8]) -> Result<Option<Vec<u8>>, ArchiveError> {
        self.add(name, bytes, CompressionMethod::Stored)
    }

    fn add(
        &mut self,
        name: &str,
        bytes: &[u8],
        method: CompressionMethod,
    ) -> Result<Option<Vec<u8>>, ArchiveError> {
        let options = SimpleFileOptions::default().compression_method(method);
        let name = self.free_name(name);
        let begins = self.window.end();
        // This also ends the file before: its header, which says how long it got, is not touched any more.
        self.writer.start_file(name, options)?;
        let piece = self.window.take_before(begins);
        self.writer.write_all(bytes)?;
        Ok(piece)
    }

    fn free_name(&mut self, name: &str) -> String {
        let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
        let numbered = |number: usize| match number {
            1 => name.to_owned(),
            _ => format!("{stem}-{number}.{ending}"),
        };
        let mut number = 1;
        while !self.names.insert(numbered(number)) {
            number += 1;
        }
        numbered(number)
    }

    /// The bytes that were not taken yet; with them the zip is whole.
    ///
    /// # Errors
    /// When it cannot be finished.
    pub fn finish(self) -> Result<Vec<u8>, ArchiveError> {
        drop(self.writer.finish()?);
        Ok(self.window.take_all())
    }
}

/// The end of the zip that may still change.
#[derive(Debug, Clone, Default)]
struct Window(Rc<RefCell<Bytes>>);

#[derive(Debug, Default)]
struct Bytes {
    /// Bytes that were taken away.
    taken: u64,
    kept: Vec<u8>,
    /// Where the next byte goes, in `kept`.
    at: usize,
}

impl Window {
    fn end(&self) -> u64 {
        let bytes = self.0.borrow();
        bytes.taken + bytes.kept.len() as u64
    }

    /// Takes what stands before `place` if it makes a piece.
    fn take_before(&self, place: u64) -> Option<Vec<u8>> {
        let mut bytes = self.0.borrow_mut();
        let count = usize::try_from(place.checked_sub(bytes.taken)?).ok()?;
        if count < PIECE || count > bytes.kept.len() || count > bytes.at {
            return None;
        }
        let rest = bytes.kept.split_off(count);
        let piece = std::mem::replace(&mut bytes.kept, rest);
        bytes.taken += count as u64;
        bytes.at -= count;
        Some(piece)
    }

    fn take_all(&self) -> Vec<u8> {
        let mut bytes = self.0.borrow_mut();
        bytes.at = 0;
        std::mem::take(&mut bytes.kept)
    }
}

impl Write for Window {
    fn write(&mut self, from: &[u8]) -> std::io::Result<usize> {
        let mut bytes = self.0.borrow_mut();
        let at = bytes.at;
        let over = from.len().min(bytes.kept.len().saturating_sub(at));
        let (first, rest) = from.split_at(over);
        if let Some(place) = bytes.kept.get_mut(at..at + over) {
            place.copy_from_slice(first);
        }
        bytes.kept.extend_from_slice(rest);
        bytes.at = at + from.len();
        Ok(from.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let mut bytes = self.0.borrow_mut();
        let end = bytes.taken + bytes.kept.len() as u64;
        let target = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(offset) => end.checked_add_signed(offset),
            SeekFrom::Current(offset) => (bytes.taken + bytes.at as u64).checked_add_signed(offset),
        };
        let outside = || {
            Error::new(
                ErrorKind::InvalidInput,
                "this part of the zip was written already",
            )
        };
        let place = target.filter(|place| *place <= end).ok_or_else(outside)?;
        let at = place.checked_sub(bytes.taken).ok_or_else(outside)?;
        bytes.at = usize::try_from(at).map_err(|_| outside())?;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read as _};

    #[test]
    fn files_of_the_same_name_stay_apart() {
        let mut archive = Archive::default();
        for text in ["one", "two"] {
            archive.add_text("v/clip.csv", text).unwrap();
        }
        let bytes = archive.finish().unwrap();
        let mut read = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut text = |name: &str| {
            let mut text = String::new();
            read.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(
            (text("v/clip.csv"), text("v/clip-2.csv")),
            ("one".into(), "two".into())
        );
    }

    #[test]
    fn the_pieces_of_many_files_are_one_zip_and_none_is_large() {
        // More files than the oldest form of a zip can count.
        const COUNT: usize = 70_000;
        let picture = |number: usize| vec![number as u8; 100 + number % 400];
        let mut archive = Archive::default();
        let mut whole = Vec::new();
        let mut pieces = 0;
        for number in 0..COUNT {
            let name = format!("crops/{number:05}.jpg");
            if let Some(piece) = archive.add_packed(&name, &picture(number)).unwrap() {
                assert!(piece.len() < PIECE + 1000, "{}", piece.len());
                whole.extend(piece);
                pieces += 1;
            }
        }
        whole.extend(archive.finish().unwrap());
        assert!(pieces >= 5, "{pieces}");
        let mut read = zip::ZipArchive::new(Cursor::new(whole)).unwrap();
        assert_eq!(read.len(), COUNT);
        for number in [0, 1, 30_000, 65_535, 65_536, COUNT - 1] {
            let mut bytes = Vec::new();
            let mut file = read.by_name(&format!("crops/{number:05}.jpg")).unwrap();
            file.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, picture(number));
        }
    }
}
