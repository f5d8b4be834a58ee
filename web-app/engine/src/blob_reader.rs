//! Reads a `File` piece by piece, as if it were a file on disk.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

use js_sys::Uint8Array;
use web_sys::{Blob, FileReaderSync};

use crate::worker_scope::error_text;

/// Bytes that are read ahead: demuxers ask for a few at a time.
const WINDOW: u64 = 1 << 18;

/// A `File`'s bytes with a window of read-ahead. Memory does not grow with the file.
pub struct BlobReader {
    blob: Blob,
    reader: FileReaderSync,
    len: u64,
    position: u64,
    window: Vec<u8>,
    window_start: u64,
    /// Bytes that are read as others: place and value.
    replaced: Vec<(u64, u8)>,
}

impl BlobReader {
    /// A reader from the file's first byte.
    ///
    /// # Errors
    /// Outside a worker, where files cannot be read synchronously.
    pub fn new(blob: &Blob) -> Result<Self> {
        let reader = FileReaderSync::new().map_err(|error| Error::other(error_text(&error)))?;
        Ok(Self {
            blob: blob.clone(),
            reader,
            len: blob.size() as u64,
            position: 0,
            window: Vec::new(),
            window_start: 0,
            replaced: Vec::new(),
        })
    }

    /// A reader of the same file from its first byte, that reads `byte` at `places` instead of what stands there.
    ///
    /// # Errors
    /// As [`BlobReader::new`].
    pub fn with_replaced(&self, places: &[u64], byte: u8) -> Result<Self> {
        let mut other = Self::new(&self.blob)?;
        other.replaced = places.iter().map(|place| (*place, byte)).collect();
        Ok(other)
    }

    /// Length of the file in bytes.
    #[must_use]
    pub fn file_len(&self) -> u64 {
        self.len
    }

    /// The bytes `start..start + len`.
    ///
    /// # Errors
    /// When the file ends before, or cannot be read any more (it was moved or changed).
    pub fn bytes_at(&self, start: u64, len: u64) -> Result<Uint8Array> {
        let end = start
            .checked_add(len)
            .filter(|end| *end <= self.len)
            .ok_or_else(|| Error::new(ErrorKind::UnexpectedEof, "the file ends early"))?;
        let text = |error| Error::other(format!("the file cannot be read: {}", error_text(&error)));
        let part = self
            .blob
            .slice_with_f64_and_f64(start as f64, end as f64)
            .map_err(text)?;
        let buffer = self.reader.read_as_array_buffer(&part).map_err(text)?;
        Ok(Uint8Array::new(&buffer))
    }

    fn fill_window(&mut self) -> Result<()> {
        let len = WINDOW.min(self.len.saturating_sub(self.position));
        self.window = self.bytes_at(self.position, len)?.to_vec();
        self.window_start = self.position;
        for (place, byte) in &self.replaced {
            let offset = place.checked_sub(self.window_start);
            let slot = offset.and_then(|offset| self.window.get_mut(usize::try_from(offset).ok()?));
            if let Some(slot) = slot {
                *slot = *byte;
            }
        }
        Ok(())
    }
}

impl Read for BlobReader {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if self.position >= self.len || out.is_empty() {
            return Ok(0);
        }
        let in_window = |reader: &Self| {
            reader
                .position
                .checked_sub(reader.window_start)
                .and_then(|offset| usize::try_from(offset).ok())
                .filter(|offset| *offset < reader.window.len())
        };
        if in_window(self).is_none() {
            self.fill_window()?;
        }
        let Some(rest) = in_window(self).and_then(|offset| self.window.get(offset..)) else {
            return Ok(0);
        };
        let count = rest.len().min(out.len());
        for (to, from) in out.iter_mut().zip(rest) {
            *to = *from;
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "seek before the start"))?;
        Ok(self.position)
    }
}
