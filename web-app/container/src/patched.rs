//! A file of which a few bytes read as others.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

use crate::source::Source;

/// Reads `inner` with changes that readers of containers need.
#[derive(Debug)]
pub(crate) struct Patched<S> {
    inner: S,
    /// Bytes that read as others: place and value.
    replaced: Vec<(u64, u8)>,
    position: u64,
    /// Seeks backwards so far.
    back: u32,
}

/// Seeks backwards, at most: a reader that makes more goes round in circles over a damaged file.
const MOST_BACK: u32 = 1 << 20;

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
            position: 0,
            back: 0,
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
        let count = self.inner.read(out)?;
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
        self.back += u32::from(target < self.position);
        if self.back > MOST_BACK {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "its parts point at each other in a circle",
            ));
        }
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
    fn changed_bytes_are_read_and_all_else_stays() {
        let file = || Cursor::new((0..10_u8).collect::<Vec<u8>>());
        let mut bytes = Vec::new();
        let mut patched = Patched::with_replaced(file(), &[2, 9, 40], 77).unwrap();
        patched.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [0, 1, 77, 3, 4, 5, 6, 7, 8, 77]);
        patched.seek(SeekFrom::Start(3)).unwrap();
        patched.seek(SeekFrom::Current(-2)).unwrap();
        bytes.clear();
        patched.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [1, 77, 3, 4, 5, 6, 7, 8, 77]);
    }

    #[test]
    fn a_reader_that_goes_round_in_circles_is_stopped() {
        let mut patched = Patched::with_replaced(Cursor::new(vec![0_u8; 64]), &[], 0).unwrap();
        let mut rounds = 0_u32;
        let error = loop {
            patched.seek(SeekFrom::Start(32)).unwrap();
            match patched.seek(SeekFrom::Start(8)) {
                Ok(_) => rounds += 1,
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("circle"), "{error}");
        // A film of a day has fewer clusters.
        assert!((100_000..10_000_000).contains(&rounds), "{rounds}");
        // Reading on, forwards, is no circle.
        let mut onwards = Patched::with_replaced(Cursor::new(vec![0_u8; 64]), &[], 0).unwrap();
        assert!((0..64).all(|place| onwards.seek(SeekFrom::Start(place)).is_ok()));
    }
}
