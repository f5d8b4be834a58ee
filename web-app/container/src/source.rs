//! What the demuxers read from: a file on disk, a `File` of the page, bytes in memory.

use std::fs::File;
use std::io::{BufReader, Cursor, Error, ErrorKind, Read, Result, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that can be read at any place, by several readers at once.
pub trait Source: Read + Seek + Sized {
    /// Number of bytes.
    fn byte_len(&self) -> u64;

    /// A reader of the same bytes with a place of its own, which is the first byte.
    ///
    /// # Errors
    /// When the file cannot be opened any more.
    fn reopened(&self) -> Result<Self>;

    /// The bytes `start..start + len`. The place of reading may be another one afterwards.
    ///
    /// # Errors
    /// When the file ends before, or cannot be read any more.
    fn bytes_at(&mut self, start: u64, len: u64) -> Result<Vec<u8>> {
        check_end(start, len, self.byte_len())?;
        let len = usize::try_from(len).map_err(Error::other)?;
        self.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; len];
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Says whether `start..start + len` lies within `file_len` bytes, by giving its end.
///
/// # Errors
/// When it does not.
pub fn check_end(start: u64, len: u64, file_len: u64) -> Result<u64> {
    start
        .checked_add(len)
        .filter(|end| *end <= file_len)
        .ok_or_else(|| Error::new(ErrorKind::UnexpectedEof, "the file ends early"))
}

/// A file on disk.
#[derive(Debug)]
pub struct DiskFile {
    path: PathBuf,
    reader: BufReader<File>,
    len: u64,
}

impl DiskFile {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is missing or cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::new(file),
            len,
        })
    }
}

impl Read for DiskFile {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        self.reader.read(out)
    }
}

impl Seek for DiskFile {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.reader.seek(to)
    }

    fn stream_position(&mut self) -> Result<u64> {
        self.reader.stream_position()
    }
}

impl Source for DiskFile {
    fn byte_len(&self) -> u64 {
        self.len
    }

    fn reopened(&self) -> Result<Self> {
        Self::open(&self.path)
    }
}

impl Source for Cursor<Arc<[u8]>> {
    fn byte_len(&self) -> u64 {
        self.get_ref().len() as u64
    }

    fn reopened(&self) -> Result<Self> {
        Ok(Self::new(Arc::clone(self.get_ref())))
    }
}

impl Source for Cursor<Vec<u8>> {
    fn byte_len(&self) -> u64 {
        self.get_ref().len() as u64
    }

    fn reopened(&self) -> Result<Self> {
        Ok(Self::new(self.get_ref().clone()))
    }
}
