//! Numbers that come back from JSON to the bit: as text, since the JSON reader may be one bit off.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

/// Writes each number as the shortest text that means it.
///
/// # Errors
/// As the serializer.
pub fn serialize<S: Serializer>(numbers: &BTreeMap<String, f64>, to: S) -> Result<S::Ok, S::Error> {
    let texts: BTreeMap<&String, String> = numbers
        .iter()
        .map(|(name, number)| (name, number.to_string()))
        .collect();
    texts.serialize(to)
}

/// Reads what [`serialize`] writes, and plain numbers.
///
/// # Errors
/// On a value that is no number.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Number(f64),
    }
    BTreeMap::<String, Written>::deserialize(from)?
        .into_iter()
        .map(|(name, written)| match written {
            Written::Number(number) => Ok((name, number)),
            Written::Text(text) => match text.parse() {
                Ok(number) => Ok((name, number)),
                Err(_) => Err(D::Error::custom(format!("`{text}` is no number"))),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, Deserialize)]
    struct Figures(#[serde(with = "super")] BTreeMap<String, f64>);

    #[test]
    fn numbers_come_back_to_the_bit() {
        // The first came back one bit lower and the second one bit higher as JSON numbers.
        let mut numbers = vec![0.248_692_810_457_516_34, 0.113_636_363_636_363_63];
        numbers.extend((1..2000_u32).map(|n| f64::from(n) / 2001.0));
        let figures = Figures((0..).map(|n: u32| n.to_string()).zip(numbers).collect());
        let text = serde_json::to_string(&figures).unwrap();
        assert_eq!(serde_json::from_str::<Figures>(&text).unwrap(), figures);
        let plain: Figures = serde_json::from_str(r#"{"student":0.5}"#).unwrap();
        assert_eq!(plain.0["student"].to_bits(), 0.5_f64.to_bits());
        assert!(serde_json::from_str::<Figures>(r#"{"student":"good"}"#).is_err());
    }
}
