//! Several files in one zip.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Why a zip could not be written.
pub type ArchiveError = zip::result::ZipError;

/// A zip that is being written.
pub struct Archive {
    writer: ZipWriter<Cursor<Vec<u8>>>,
    names: std::collections::BTreeSet<String>,
}

impl Default for Archive {
    fn default() -> Self {
        Self {
            writer: ZipWriter::new(Cursor::new(Vec::new())),
            names: std::collections::BTreeSet::new(),
        }
    }
}

impl Archive {
    /// Adds a text; one whose name is taken already gets a number.
    ///
    /// # Errors
    /// When it cannot be packed.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), ArchiveError> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let name = self.free_name(name);
        self.writer.start_file(name, options)?;
        self.writer.write_all(text.as_bytes())?;
        Ok(())
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

    /// The bytes of the zip.
    ///
    /// # Errors
    /// When it cannot be finished.
    pub fn finish(self) -> Result<Vec<u8>, ArchiveError> {
        Ok(self.writer.finish()?.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn files_of_the_same_name_stay_apart() {
        let mut archive = Archive::default();
        for text in ["one", "two"] {
            archive.add("v/clip.csv", text).unwrap();
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
}
