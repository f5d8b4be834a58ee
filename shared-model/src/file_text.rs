//! The text of files as programs leave them: UTF-8 with or without a mark at its beginning, or UTF-16 with one.

use std::string::FromUtf8Error;

/// The text of a file. A file in UTF-16, as Excel's "Unicode text", is told by its first two bytes.
///
/// # Errors
/// When it is neither UTF-16 nor UTF-8.
pub fn decode(bytes: Vec<u8>) -> Result<String, FromUtf8Error> {
    match utf16(&bytes) {
        Some(text) => Ok(text),
        None => String::from_utf8(bytes),
    }
}

/// As [`decode`], where what is no text becomes U+FFFD, as in a browser.
#[must_use]
pub fn decode_lossy(bytes: &[u8]) -> String {
    utf16(bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}

/// The text behind a mark of UTF-16; `None` where there is no such mark.
pub(crate) fn utf16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, _) = bytes.get(2..)?.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    Some(letters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_told_by_its_mark() {
        let text = "video;frame\r\nGrüße 😀.mp4;0\r\n";
        let units = || std::iter::once(0xFEFF).chain(text.encode_utf16());
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(little.clone()).unwrap(), text);
        assert_eq!(decode(big).unwrap(), text);
        assert_eq!(decode_lossy(&little), text);
        assert_eq!(decode(text.as_bytes().to_vec()).unwrap(), text);
        assert!(decode(vec![b'a', 0xE4]).is_err());
    }
}
