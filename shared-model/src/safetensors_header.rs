//! The order of a safetensors header, so that equal contents are equal bytes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Bytes of the header's length, before the header.
const LENGTH_BYTES: usize = 8;

/// The file with its header's keys in alphabetic order: the `safetensors` crate writes the metadata
/// in the order of a hash map, another one each time. Bytes that are no safetensors come back as
/// they are.
#[must_use]
pub fn in_order(mut file: Vec<u8>) -> Vec<u8> {
    let Some(sorted) = sorted_header(&file) else {
        return file;
    };
    if let Some(header) = file.get_mut(LENGTH_BYTES..LENGTH_BYTES + sorted.len()) {
        header.copy_from_slice(&sorted);
    }
    file
}

/// As long as the one that the file has, so that the tensors stay where they are.
fn sorted_header(file: &[u8]) -> Option<Vec<u8>> {
    let length = u64::from_le_bytes(file.get(..LENGTH_BYTES)?.try_into().ok()?);
    let length = usize::try_from(length).ok()?;
    let header = file.get(LENGTH_BYTES..LENGTH_BYTES.checked_add(length)?)?;
    let mut header: BTreeMap<String, Value> = serde_json::from_slice(header).ok()?;
    if let Some(Value::Object(metadata)) = header.remove("__metadata__") {
        let sorted: BTreeMap<String, Value> = metadata.into_iter().collect();
        let sorted = Map::from_iter(sorted);
        header.insert("__metadata__".to_owned(), Value::Object(sorted));
    }
    let mut sorted = serde_json::to_vec(&header).ok()?;
    // The format pads with spaces.
    (sorted.len() <= length).then(|| {
        sorted.resize(length, b' ');
        sorted
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::tensor::{Dtype, SafeTensors, TensorView};

    use super::*;

    #[test]
    fn equal_contents_are_equal_bytes() {
        let made = || {
            let values = [0_u8; 8];
            let tensor = TensorView::new(Dtype::F32, vec![2], &values).unwrap();
            // Each map has hash keys of its own, so that twelve fields hardly ever come alike.
            let fields: HashMap<String, String> =
                (0..12).map(|n| (format!("k{n}"), format!("\"{n}\""))).collect();
            safetensors::serialize([("t", tensor)], Some(fields)).unwrap()
        };
        let files: Vec<Vec<u8>> = (0..8).map(|_| in_order(made())).collect();
        assert!(files.iter().all(|file| *file == files[0]));
        let read = SafeTensors::deserialize(&files[0]).unwrap();
        assert_eq!(read.tensor("t").unwrap().shape(), [2]);
        let (_, header) = SafeTensors::read_metadata(&files[0]).unwrap();
        assert_eq!(header.metadata().as_ref().unwrap()["k7"], "\"7\"");
        assert_eq!(in_order(b"no safetensors".to_vec()), b"no safetensors");
    }
}
