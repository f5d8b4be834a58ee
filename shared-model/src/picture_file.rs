//! What the first bytes of a picture's file say, and how long the pictures of an animation last.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of a file's beginning that tell.
pub const HEAD_BYTES: usize = 64;
/// A picture of an animation that says it lasts as long or shorter lasts [`USUAL_S`], in all browsers and in ffmpeg; in seconds.
const TOO_SHORT_S: f64 = 0.0105;
/// How long such a picture lasts in seconds.
const USUAL_S: f64 = 0.1;

/// A picture in the container of MP4, which not all programs decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HighEfficiency {
    /// HEVC: what telephones write.
    Heic,
    /// AV1.
    Avif,
}

impl HighEfficiency {
    /// Whether a file with this beginning is one. Sequences of pictures, which are films, are none.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.get(4..8)? != b"ftyp" {
            return None;
        }
        let length = head
            .get(..4)?
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let (brands, _) = head.get(8..length.min(head.len()))?.as_chunks::<4>();
        match brands.first()? {
            b"heic" | b"heix" | b"heim" | b"heis" => Some(Self::Heic),
            b"avif" => Some(Self::Avif),
            b"mif1" | b"miaf" if brands.contains(b"avif") => Some(Self::Avif),
            b"mif1" | b"miaf" => Some(Self::Heic),
            _ => None,
        }
    }
}

impl fmt::Display for HighEfficiency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heic => "HEIC picture: convert it to JPEG or PNG",
            Self::Avif => "AVIF picture: convert it to JPEG or PNG",
        })
    }
}

/// The type of the files that may hold several pictures, by a file's beginning, as browsers name it.
#[must_use]
pub fn animation_type(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"GIF8") {
        Some("image/gif")
    } else if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else if head.get(4..8) == Some(b"ftyp") && matches!(head.get(8..12), Some(b"avif" | b"avis")) {
        Some("image/avif")
    } else {
        None
    }
}

/// How long a picture of an animation is shown that says `said_s` seconds of itself.
#[must_use]
pub fn shown_s(said_s: f64) -> f64 {
    if said_s < TOO_SHORT_S { USUAL_S } else { said_s }
}

/// The seconds that each picture of a GIF, PNG or WebP says it lasts: not all browsers give them as they stand there. One for a file
/// with one picture, or none; none for other kinds. A file that ends early has the pictures before that.
///
/// # Errors
/// When it cannot be read.
pub fn durations(file: &mut (impl Read + Seek)) -> io::Result<Vec<f64>> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let mut durations = Vec::new();
    let read = match animation_type(&head) {
        Some("image/gif") => gif_durations(file, &mut durations),
        Some("image/png") => png_durations(file, &mut durations),
        Some("image/webp") => webp_durations(file, &mut durations),
        _ => Ok(()),
    };
    match read {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(durations),
    }
}

fn bytes<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn png_durations(file: &mut (impl Read + Seek), durations: &mut Vec<f64>) -> io::Result<()> {
    file.seek(SeekFrom::Start(8))?;
    loop {
        let length = u32::from_be_bytes(bytes(file)?);
        let kind: [u8; 4] = bytes(file)?;
        if &kind == b"fcTL" && length == 26 {
            let _place: [u8; 20] = bytes(file)?;
            let time = u16::from_be_bytes(bytes(file)?);
            let a_second = match u16::from_be_bytes(bytes(file)?) {
                0 => 100,
                a_second => a_second,
            };
            durations.push(f64::from(time) / f64::from(a_second));
            file.seek(SeekFrom::Current(2 + 4))?;
        } else {
            file.seek(SeekFrom::Current(i64::from(length) + 4))?;
        }
    }
}

fn webp_durations(file: &mut (impl Read + Seek), durations: &mut Vec<f64>) -> io::Result<()> {
    file.seek(SeekFrom::Start(12))?;
    loop {
        let kind: [u8; 4] = bytes(file)?;
        let length = i64::from(u32::from_le_bytes(bytes(file)?));
        let mut read = 0;
        if &kind == b"ANMF" && length >= 16 {
            let _place: [u8; 12] = bytes(file)?;
            let [low, middle, high] = bytes(file)?;
            durations.push(f64::from(u32::from_le_bytes([low, middle, high, 0])) / 1e3);
            read = 15;
        }
        // Chunks begin at even places.
        file.seek(SeekFrom::Current(length + length % 2 - read))?;
    }
}

fn gif_durations(file: &mut (impl Read + Seek), durations: &mut Vec<f64>) -> io::Result<()> {
    let table_bytes = |flags: u8| {
        if flags & 0x80 == 0 {
            0
        } else {
            3_i64 << ((flags & 7) + 1)
        }
    };
    file.seek(SeekFrom::Start(10))?;
    let [flags, _, _] = bytes(file)?;
    file.seek(SeekFrom::Current(table_bytes(flags)))?;
    let mut hundredths = 0;
    loop {
        match bytes(file)? {
            [0x21] => {
                let [label] = bytes(file)?;
                if label == 0xF9 {
                    let [_size, _flags, low, high] = bytes(file)?;
                    hundredths = u16::from_le_bytes([low, high]);
                    file.seek(SeekFrom::Current(1))?;
                }
                skip_blocks(file)?;
            }
            [0x2C] => {
                let [.., flags]: [u8; 9] = bytes(file)?;
                file.seek(SeekFrom::Current(table_bytes(flags) + 1))?;
                durations.push(f64::from(hundredths) / 100.0);
                hundredths = 0;
                skip_blocks(file)?;
            }
            _ => return Ok(()),
        }
    }
}

fn skip_blocks(file: &mut (impl Read + Seek)) -> io::Result<()> {
    loop {
        match bytes(file)? {
            [0] => return Ok(()),
            [length] => file.seek(SeekFrom::Current(i64::from(length)))?,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_tell() {
        let ftyp = |brands: &[u8; 16]| [&[0, 0, 0, 24][..], b"ftyp", brands].concat();
        let of = |brands| HighEfficiency::of(&ftyp(brands));
        assert_eq!(of(b"heic\0\0\0\0mif1heic"), Some(HighEfficiency::Heic));
        assert_eq!(of(b"mif1\0\0\0\0mif1heix"), Some(HighEfficiency::Heic));
        assert_eq!(of(b"mif1\0\0\0\0miafavif"), Some(HighEfficiency::Avif));
        assert_eq!(of(b"avif\0\0\0\0avifmif1"), Some(HighEfficiency::Avif));
        assert_eq!(of(b"avis\0\0\0\0avifmsf1"), None);
        assert_eq!(of(b"isom\0\0\0\0avc1mp41"), None);
        assert_eq!(animation_type(&ftyp(b"avis\0\0\0\0avifmsf1")), Some("image/avif"));
        assert_eq!(animation_type(b"GIF89a"), Some("image/gif"));
        assert_eq!(HighEfficiency::of(b"\xff\xd8\xff"), None);
    }

    #[test]
    fn what_flashes_is_slowed_down() {
        assert_eq!([0.0, 0.01, 0.02, 0.04].map(shown_s), [0.1, 0.1, 0.02, 0.04]);
    }
}
