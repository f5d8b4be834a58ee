//! `RecordIO` files of MXNet, mapped into memory and read in place.
//!
//! A record is in parts of u32 magic, u32 (flag << 29 | length) and the payload, padded to 4 bytes. Flag 0
//! is a whole record; 1, 2 and 3 are its first, middle and last part, which the writer cut where the
//! payload itself had the magic (dmlc-core's `recordio.h`).

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use memmap2::Mmap;

const MAGIC: u32 = 0xCED7_230A;
const LENGTH_BITS: u32 = 29;
const HEADER_BYTES: usize = 8;

/// The parts of a record.
const WHOLE: u32 = 0;
const FIRST: u32 = 1;
const MIDDLE: u32 = 2;
const LAST: u32 = 3;

/// A mapped file. Its pages are read when they are touched; nothing is unpacked.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    map: Mmap,
}

impl PartialEq for RecordFile {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for RecordFile {}

impl RecordFile {
    /// Maps a file.
    ///
    /// # Errors
    /// When it cannot be opened or is empty.
    pub fn open(path: &Path) -> Result<Self> {
        let fail = || format!("the records {}", path.display());
        let file = File::open(path).with_context(fail)?;
        ensure!(
            file.metadata().with_context(fail)?.len() > 0,
            "{} is empty",
            path.display()
        );
        // SAFETY: the bytes are only read. Datasets lie still during a run; were the file cut short
        // meanwhile, the system would end the program, as a failing disk would.
        #[allow(
            unsafe_code,
            reason = "mapping is unsafe by nature: another program may change the file"
        )]
        let map = unsafe { Mmap::map(&file) }.with_context(fail)?;
        Ok(Self {
            path: path.to_path_buf(),
            map,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.map.len() as u64
    }

    /// The payload of the record that begins at a byte; a record in one part is not copied.
    ///
    /// # Errors
    /// When there is no record or it is cut off; the message has the file and the byte.
    pub fn record(&self, offset: u64) -> Result<Cow<'_, [u8]>> {
        self.parts(offset)
            .with_context(|| format!("the record at byte {offset} of {}", self.path.display()))
    }

    fn parts(&self, offset: u64) -> Result<Cow<'_, [u8]>> {
        let (flag, payload, mut next) = self.part(offset)?;
        match flag {
            WHOLE => return Ok(Cow::Borrowed(payload)),
            FIRST => (),
            other => {
                bail!("it begins with part {other}, expected the first: the .idx belongs to another .rec")
            }
        }
        let mut joined = payload.to_vec();
        loop {
            let (flag, payload, after) = self.part(next)?;
            ensure!(
                flag == MIDDLE || flag == LAST,
                "its continuation at byte {next} is missing"
            );
            // The writer cut the record at this word and left it out.
            joined.extend_from_slice(&MAGIC.to_le_bytes());
            joined.extend_from_slice(payload);
            if flag == LAST {
                return Ok(Cow::Owned(joined));
            }
            next = after;
        }
    }

    /// Flag, payload, and where the next part begins.
    fn part(&self, offset: u64) -> Result<(u32, &[u8], u64)> {
        let cut_off = || {
            let bytes = self.map.len();
            format!("it is cut off: the file ends at byte {bytes}; copy or download it again")
        };
        let start = usize::try_from(offset)?;
        let rest = self.map.get(start..).with_context(cut_off)?;
        let (magic, rest) = rest.split_first_chunk::<4>().with_context(cut_off)?;
        let (word, rest) = rest.split_first_chunk::<4>().with_context(cut_off)?;
        let magic = u32::from_le_bytes(*magic);
        ensure!(
            magic == MAGIC,
            "found {magic:#010X}, expected the magic {MAGIC:#010X}: the .idx belongs to another .rec, or the file is damaged"
        );
        let word = u32::from_le_bytes(*word);
        let length = (word & ((1 << LENGTH_BITS) - 1)) as usize;
        let payload = rest.get(..length).with_context(cut_off)?;
        let next = offset + (HEADER_BYTES + length.next_multiple_of(4)) as u64;
        Ok((word >> LENGTH_BITS, payload, next))
    }
}
