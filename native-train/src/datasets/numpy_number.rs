//! A number in a file of `numpy.save`.
//!
//! The crates for this format bring a parser of Python and big integers with them; one number needs
//! neither. The layout is that of `numpy.lib.format`: magic, version, length of the header, a header
//! such as `{'descr': '<i8', 'fortran_order': False, 'shape': (), }`, then the data.

use anyhow::{Context as _, Result, bail, ensure};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The whole number that an array of one value holds: an integer, a float, or digits.
///
/// # Errors
/// When the bytes are no such array.
pub(super) fn read(bytes: &[u8]) -> Result<i64> {
    let (header, data) = split(bytes).context("it is no file of numpy.save, or is cut off")?;
    let kind = quoted_after(header, "'descr':").context("it holds no plain array")?;
    let shape = header.split_once("'shape':").map(|(_, rest)| rest);
    let shape = shape.and_then(|rest| Some(rest.split_once('(')?.1.split_once(')')?.0));
    let sides = shape
        .context("its header has no shape")?
        .split(',')
        .map(str::trim);
    ensure!(
        sides.filter(|side| !side.is_empty()).all(|side| side == "1"),
        "it holds an array of shape ({}), expected one value",
        shape.unwrap_or_default()
    );
    let value = value(kind, data)?;
    ensure!(
        value.fract() == 0.0 && value.abs() < 1e6,
        "`{value}` is no whole number"
    );
    Ok(value as i64)
}

fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (version, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<2>()?;
    let (length, rest) = if *version == [1, 0] {
        let (length, rest) = rest.split_first_chunk::<2>()?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<4>()?;
        (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
    };
    let (header, data) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, data))
}

fn quoted_after<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let rest = header.split_once(key)?.1.trim_start().strip_prefix('\'')?;
    Some(rest.split_once('\'')?.0)
}

fn value(kind: &str, data: &[u8]) -> Result<f64> {
    if let Some(letters) = kind.strip_prefix("<U") {
        let count: usize = letters.parse().context("a text without a length")?;
        ensure!(count.checked_mul(4) == Some(data.len()), "it is cut off");
        let letters = data.as_chunks::<4>().0.iter();
        let text: Option<String> = letters
            .map(|letter| char::from_u32(u32::from_le_bytes(*letter)))
            .collect();
        let text = text.context("it holds letters that are none")?;
        let digits = text.trim_end_matches('\0').trim();
        return digits.parse().with_context(|| format!("`{digits}` is no number"));
    }
    macro_rules! number {
        ($type:ty) => {
            <$type>::from_le_bytes(data.try_into().ok().context("it is cut off")?)
        };
    }
    Ok(match kind {
        "|i1" => f64::from(number!(i8)),
        "<i2" => f64::from(number!(i16)),
        "<i4" => f64::from(number!(i32)),
        "<i8" => number!(i64) as f64,
        "|u1" => f64::from(number!(u8)),
        "<u2" => f64::from(number!(u16)),
        "<u4" => f64::from(number!(u32)),
        "<u8" => number!(u64) as f64,
        "<f4" => f64::from(number!(f32)),
        "<f8" => number!(f64),
        _ => bail!("it holds `{kind}`, expected a number or digits"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes()].concat();
        bytes.extend(header.bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn damaged_files_are_refused_or_hold_a_number() {
        let header = |kind: &str| format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (), }}\n");
        let digits: Vec<u8> = "42"
            .chars()
            .flat_map(|letter| u32::from(letter).to_le_bytes())
            .collect();
        let good = [
            file(&header("<i8"), &7_i64.to_le_bytes()),
            file(&header("<f4"), &3_f32.to_le_bytes()),
            file(&header("<U2"), &digits),
        ];
        assert_eq!(good.each_ref().map(|bytes| read(bytes).unwrap()), [7, 3, 42]);
        // A length that overflows.
        assert!(read(&file(&header("<U4611686018427387905"), &[0; 4])).is_err());
        mutation::Inputs::of("numpy", good).try_all(|bytes| {
            if let Ok(number) = read(bytes) {
                assert!(number.abs() < 1_000_000);
            }
        });
    }
}
