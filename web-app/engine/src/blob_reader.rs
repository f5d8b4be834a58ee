//! Reads a `File` piece by piece, as if it were a file on disk.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

use js_sys::Uint8Array;
use video_container::{Source, check_end};
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
        })
    }

    /// The bytes `start..start + len`, read without the window.
    fn read_part(&self, start: u64, len: u64) -> Result<Vec<u8>> {
        let end = check_end(start, len, self.len)?;
        let text = |error| Error::other(format!("the file cannot be read: {}", error_text(&error)));
        let part = self
            .blob
            .slice_with_f64_and_f64(start as f64, end as f64)
            .map_err(text)?;
        let buffer = self.reader.read_as_array_buffer(&part).map_err(text)?;
        Ok(Uint8Array::new(&buffer).to_vec())
    }

    fn fill_window(&mut self) -> Result<()> {
        let len = WINDOW.min(self.len.saturating_sub(self.position));
        self.window = self.read_part(self.position, len)?;
        self.window_start = self.position;
        Ok(())
    }
}

impl Source for BlobReader {
    fn byte_len(&self) -> u64 {
        self.len
    }

    fn reopened(&self) -> Result<Self> {
        Self::new(&self.blob)
    }

    /// The place of reading stays.
    fn bytes_at(&mut self, start: u64, len: u64) -> Result<Vec<u8>> {
        self.read_part(start, len)
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
