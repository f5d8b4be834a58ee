//! What a record of MS1MV2 holds: `u32 flag, f32 label, u64 id, u64 id2`, `flag` more labels, then a JPEG.

use anyhow::{Context as _, Result};

/// Bytes before the further labels.
pub(super) const FIXED_BYTES: usize = 24;

/// The JPEG in a payload.
///
/// # Errors
/// When the payload is too short for what it says it holds.
pub fn jpeg(payload: &[u8]) -> Result<&[u8]> {
    let flag = payload.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
    let start = flag.and_then(|more| FIXED_BYTES.checked_add(4 * usize::try_from(more).ok()?));
    let picture = start.and_then(|start| payload.get(start..));
    picture
        .filter(|picture| !picture.is_empty())
        .with_context(|| format!("a payload of {} bytes holds no picture", payload.len()))
}
