//! A file of which a few bytes read as others, or that goes on behind its end.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

use crate::source::Source;

/// Reads `inner` with changes that readers of containers need.
#[derive(Debug)]
pub(crate) struct Patched<S> {
    inner: S,
    /// Bytes that read as others: place and value.
    replaced: Vec<(u64, u8)>,
    /// What stands at a place and behind it, in the place of the file's own bytes.
    tail: Option<(u64, &'static [u8])>,
    position: u64,
}

impl<S: Source> Patched<S> {
    /// From the first byte of `inner`, with `byte` at `places`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn with_replaced(mut inner: S, places: &[u64], byte: u8) -> Result<Self> {
        inner.rewind()?;
        Ok(Self {
            inner,
            replaced: places.iter().map(|place| (*place, byte)).collect(),
            tail: None,
            position: 0,
        })
    }

    /// From the first byte of `inner`, with `tail` from `place` on.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn with_tail(mut inner: S, place: u64, tail: &'static [u8]) -> Result<Self> {
        inner.rewind()?;
        Ok(Self {
            inner,
            replaced: Vec::new(),
            tail: Some((place, tail)),
            position: 0,
        })
    }

    fn replace(&self, read: &mut [u8]) {
        for (place, byte) in &self.replaced {
            let offset = place.checked_sub(self.position);
            let slot = offset.and_then(|offset| read.get_mut(usize::try_from(offset).ok()?));
            if let Some(slot) = slot {
                *slot = *byte;
            }
        }
    }
}

impl<S: Source> Read for Patched<S> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let count = match self.tail {
            Some((place, tail)) if self.position >= place => {
                let offset = usize::try_from(self.position - place).unwrap_or(usize::MAX);
                tail.get(offset..).unwrap_or_default().read(out)?
            }
            Some((place, _)) => {
                let room = usize::try_from(place - self.position).unwrap_or(usize::MAX);
                let room = room.min(out.len());
                self.inner.read(out.get_mut(..room).unwrap_or_default())?
            }
            None => self.inner.read(out)?,
        };
        self.replace(out.get_mut(..count).unwrap_or_default());
        self.position += count as u64;
        Ok(count)
    }
}

impl<S: Source> Seek for Patched<S> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.inner.byte_len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let target = target.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "seek before the start"))?;
        self.position = self.inner.seek(SeekFrom::Start(target))?;
        Ok(target)
    }

    fn stream_position(&mut self) -> Result<u64> {
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn changed_bytes_and_a_tail_are_read_and_all_else_stays() {
        let file = || Cursor::new((0..10_u8).collect::<Vec<u8>>());
        let mut bytes = Vec::new();
        let mut patched = Patched::with_replaced(file(), &[2, 9, 40], 77).unwrap();
        patched.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [0, 1, 77, 3, 4, 5, 6, 7, 8, 77]);
        for place in [6, 10] {
            let mut patched = Patched::with_tail(file(), place, b"ab").unwrap();
            bytes.clear();
            patched.read_to_end(&mut bytes).unwrap();
            let kept: Vec<u8> = (0..place as u8).chain(*b"ab").collect();
            assert_eq!(bytes, kept);
            patched.seek(SeekFrom::Start(place + 1)).unwrap();
            patched.seek(SeekFrom::Current(-2)).unwrap();
            bytes.clear();
            patched.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, kept[place as usize - 1..]);
        }
    }
}
