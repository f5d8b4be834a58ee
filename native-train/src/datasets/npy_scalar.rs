//! One number from a numpy file (`.npy`).
//!
//! Written here because the crate for it (npyz) turns on features of `num-complex` that have all of burn compiled anew,
//! for files that hold a single number.

use anyhow::{Context as _, Result, bail, ensure};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The value of an array with one element: an integer, a float, or digits as text (`<U2`).
/// The layout is numpy's format description, `numpy.lib.format`.
///
/// # Errors
/// When the bytes are no numpy file, are cut off, or hold something else than one number.
pub fn read(bytes: &[u8]) -> Result<f64> {
    let rest = bytes.strip_prefix(MAGIC).context("it is no numpy file")?;
    let (version, rest) = rest.split_first_chunk::<2>().context("it is cut off")?;
    let (length, rest) = match version {
        [1, _] => {
            let (length, rest) = rest.split_first_chunk::<2>().context("it is cut off")?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        [2 | 3, _] => {
            let (length, rest) = rest.split_first_chunk::<4>().context("it is cut off")?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        [major, minor] => bail!("it is a numpy file of version {major}.{minor}, expected 1 to 3"),
    };
    let (header, values) = rest.split_at_checked(length).context("it is cut off")?;
    let header = std::str::from_utf8(header).context("its header is no text")?;
    let shape = after(header, "'shape'").and_then(|text| text.split_once('(')?.1.split_once(')'));
    let (shape, _) = shape.context("its header has no shape")?;
    let sides = shape.split(',').map(str::trim).filter(|side| !side.is_empty());
    ensure!(
        sides.clone().all(|side| side == "1"),
        "its shape is ({shape}), expected one value"
    );
    let kind = after(header, "'descr'").and_then(|text| text.split('\'').nth(1));
    number(kind.context("its header has no type")?, values)
}

fn after<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    header.split_once(key).map(|(_, rest)| rest)
}

fn number(kind: &str, values: &[u8]) -> Result<f64> {
    let order = kind.chars().next().unwrap_or('?');
    let name = kind.trim_start_matches(['<', '>', '=', '|']);
    if let Some(letters) = name.strip_prefix('U') {
        let letters: usize = letters.parse().with_context(|| format!("its type is `{kind}`"))?;
        let there = values.get(..letters * 4).context("it is cut off")?;
        let text: String = there
            .as_chunks::<4>()
            .0
            .iter()
            .map(|letter| {
                if order == '>' {
                    u32::from_be_bytes(*letter)
                } else {
                    u32::from_le_bytes(*letter)
                }
            })
            .filter(|letter| *letter != 0)
            .filter_map(char::from_u32)
            .collect();
        return text
            .trim()
            .parse()
            .with_context(|| format!("`{text}` is no number"));
    }
    let size: usize = name.get(1..).and_then(|size| size.parse().ok()).unwrap_or(0);
    let mut little = values.get(..size).context("it is cut off")?.to_vec();
    if order == '>' {
        little.reverse();
    }
    // A bit pattern in 64 bits, from which each type takes its own.
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(&little) {
        *to = *from;
    }
    let bits = u64::from_le_bytes(eight);
    Ok(match name {
        "i1" => f64::from(bits as i8),
        "i2" => f64::from(bits as i16),
        "i4" => f64::from(bits as i32),
        "i8" => bits as i64 as f64,
        "u1" | "u2" | "u4" | "u8" => bits as f64,
        "f4" => f64::from(f32::from_bits(bits as u32)),
        "f8" => f64::from_bits(bits),
        _ => bail!("its type is `{kind}`, expected a number or digits"),
    })
}
