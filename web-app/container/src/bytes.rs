//! Numbers in bytes from outside, and the elements of MP4 and Matroska that hold them.

/// The big-endian number in `bytes[from..from + len]`; bytes that are missing count as 0. `len` is at most 8.
pub(crate) fn number(bytes: &[u8], from: usize, len: usize) -> u64 {
    let field = bytes.iter().skip(from).take(len);
    field.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The same with a sign, of 32 bits.
pub(crate) fn signed(bytes: &[u8], from: usize) -> i32 {
    (number(bytes, from, 4) as u32).cast_signed()
}

/// Kind and content of the boxes of an MP4 that stand one after the other in `bytes`. Ends before one that is cut short.
pub(crate) fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let kind: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
        let (head, size) = match number(bytes, 0, 4) {
            0 => (8, bytes.len()),
            1 => (16, usize::try_from(number(bytes, 8, 8)).ok()?),
            size => (8, usize::try_from(size).ok()?),
        };
        let content = bytes.get(head..size)?;
        bytes = bytes.get(size..)?;
        Some((kind, content))
    })
}

/// The content of the first box of a kind in `bytes`.
pub(crate) fn child(bytes: &[u8], kind: [u8; 4]) -> Option<&[u8]> {
    boxes(bytes)
        .find(|(found, _)| *found == kind)
        .map(|(_, content)| content)
}

/// The content of a box within boxes, each named by its kind.
pub(crate) fn descendant<'a>(bytes: &'a [u8], path: &[[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| child(bytes, *kind))
}

/// The head of an element of Matroska.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ElementHead {
    /// Its identifier with the marker bits.
    pub(crate) id: u32,
    /// Bytes of identifier and size.
    pub(crate) head: usize,
    /// Bytes of the content; `None` where they are not known (a stream).
    pub(crate) len: Option<u64>,
}

/// Reads an element's head at the start of `bytes`.
pub(crate) fn element_head(bytes: &[u8]) -> Option<ElementHead> {
    let id_len = bytes.first()?.leading_zeros() as usize + 1;
    if id_len > 4 {
        return None;
    }
    let first = *bytes.get(id_len)?;
    let size_len = first.leading_zeros() as usize + 1;
    if size_len > 8 || bytes.len() < id_len + size_len {
        return None;
    }
    // The marker bit in front tells the length alone.
    let bits = 7 * size_len as u32;
    let size = number(bytes, id_len, size_len) & ((1 << bits) - 1);
    Some(ElementHead {
        id: number(bytes, 0, id_len) as u32,
        head: id_len + size_len,
        len: (size != (1 << bits) - 1).then_some(size),
    })
}

/// Identifier and content of the elements of a Matroska that stand one after the other in `bytes`. One that is cut short, or of
/// no known length, is the last and has what is there.
pub(crate) fn elements(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let ElementHead { id, head, len } = element_head(bytes)?;
        let rest = bytes.get(head..)?;
        let len = len
            .and_then(|len| usize::try_from(len).ok())
            .map_or(rest.len(), |len| len.min(rest.len()));
        let (content, behind) = rest.split_at(len);
        bytes = behind;
        Some((id, content))
    })
}

/// The content of the first element of a kind in `bytes`.
pub(crate) fn element(bytes: &[u8], id: u32) -> Option<&[u8]> {
    elements(bytes)
        .find(|(found, _)| *found == id)
        .map(|(_, content)| content)
}

/// An element's content as an unsigned number.
pub(crate) fn unsigned(content: &[u8]) -> Option<u64> {
    (content.len() <= 8).then(|| number(content, 0, content.len()))
}

/// An element's content as a floating-point number.
pub(crate) fn float(content: &[u8]) -> Option<f64> {
    match content.len() {
        0 => Some(0.0),
        4 => Some(f64::from(f32::from_bits(number(content, 0, 4) as u32))),
        8 => Some(f64::from_bits(number(content, 0, 8))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_elements_end_with_what_is_cut_short() {
        let mp4 = b"\0\0\0\x0aabcdXY\0\0\0\x01wide\0\0\0\0\0\0\0\x11Z\0\0\0\x20cut ";
        let found: Vec<_> = boxes(mp4).collect();
        assert_eq!(found, [(*b"abcd", &b"XY"[..]), (*b"wide", b"Z")]);
        assert_eq!(child(mp4, *b"wide"), Some(&b"Z"[..]));
        for end in 0..mp4.len() {
            assert!(boxes(&mp4[..end]).count() <= 2);
        }
        // A void element of one byte, and a cluster of unknown length.
        let mkv = [0xEC, 0x81, 7, 0x1F, 0x43, 0xB6, 0x75, 0xFF, 1, 2];
        let found: Vec<_> = elements(&mkv).collect();
        assert_eq!(found, [(0xEC, &[7][..]), (0x1F43_B675, &[1, 2])]);
        assert_eq!(element_head(&mkv[3..]).unwrap().len, None);
        assert_eq!(element_head(&[0, 0]), None);
    }
}
