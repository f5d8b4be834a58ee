//! NumPy's `.npy` files, version 1.0 (`numpy.lib.format`).

/// The header's place is a multiple of this many bytes long.
const ALIGNMENT: usize = 64;
/// Magic, version and length of the header.
const PREFIX: usize = 10;

/// A matrix of 32-bit floats, little endian, its rows after each other. All rows have `columns` values; a shorter one is filled with 0, a
/// longer one is cut.
#[must_use]
pub fn matrix<'a>(rows: impl ExactSizeIterator<Item = &'a [f32]>, columns: usize) -> Vec<u8> {
    let count = rows.len();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, {columns}), }}");
    // The line's end is the header's last byte.
    let unpadded = PREFIX + header.len() + 1;
    header.extend(std::iter::repeat_n(
        ' ',
        unpadded.next_multiple_of(ALIGNMENT) - unpadded,
    ));
    header.push('\n');
    let mut bytes = Vec::with_capacity(PREFIX + header.len() + 4 * count * columns);
    bytes.extend(b"\x93NUMPY\x01\x00");
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    for row in rows {
        let filled = row.iter().copied().chain(std::iter::repeat(0.0)).take(columns);
        bytes.extend(filled.flat_map(f32::to_le_bytes));
    }
    bytes
}
