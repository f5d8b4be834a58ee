//! MS1MV2 (`faces_emore`): aligned faces in a `RecordIO` pair `train.rec` and `train.idx`.
//!
//! What a record holds is said in [`crate::datasets::record_payload`]. Record 0 holds no picture: its first label is the
//! key behind the last picture's (the records from there on describe identities).

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};

use crate::datasets::findings::Findings;
use crate::datasets::layout::{Key, Layout};
use crate::datasets::picture_set::PictureSet;
use crate::datasets::record_file::RecordFile;
use crate::datasets::record_payload::FIXED_BYTES;

/// MS1MV2 as `InsightFace` packs it.
pub const LAYOUT: Layout = Layout {
    name: "ms1mv2",
    title: "MS1MV2",
    files: "`train.rec`, beside `train.idx`; read where it lies, nothing is unpacked",
    needs: &[Key::Path],
    takes: &[],
    usages: &[],
    has_boxes: false,
    has_labels: false,
    read: |files| read(files.path()?),
};

/// Reads where the pictures lie. Those past the end of a truncated file are counted and left out.
///
/// # Errors
/// When one of the two files cannot be read, the index has a bad line, or the index header is damaged.
pub fn read(records: &Path) -> Result<PictureSet> {
    let file = Arc::new(RecordFile::open(records)?);
    let index = records.with_extension("idx");
    let entries = read_index(&index).with_context(|| format!("the index {}", index.display()))?;
    let header = entries.iter().find(|(key, _)| *key == 0);
    let end = match header {
        Some((_, offset)) => key_behind_pictures(&file, *offset)?.unwrap_or(u64::MAX),
        None => u64::MAX,
    };
    let mut findings = Findings::default();
    let mut offsets = Vec::with_capacity(entries.len());
    for (key, offset) in entries {
        if key == 0 || key >= end {
            continue;
        }
        // What lies wholly in the file is looked at when it is needed; here only what cannot be there.
        let near_end = offset.saturating_add(MOST_RECORD_BYTES) >= file.bytes();
        if near_end && let Err(error) = file.record(offset) {
            findings.add("records that cannot be read (left out)", || {
                format!("key {key}: {error:#}")
            });
            continue;
        }
        offsets.push(offset);
    }
    ensure!(
        !offsets.is_empty(),
        "{} has none of the pictures that {} names ({} cannot be read)",
        records.display(),
        index.display(),
        findings.count("records that cannot be read (left out)")
    );
    offsets.shrink_to_fit();
    Ok(PictureSet::of_records(file, offsets, findings))
}

/// Records that begin nearer to the end than this are looked at when the index is read.
const MOST_RECORD_BYTES: u64 = 1 << 20;

fn key_behind_pictures(file: &RecordFile, offset: u64) -> Result<Option<u64>> {
    let payload = file.record(offset).context("the index header")?;
    let flag = payload
        .first_chunk::<4>()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes));
    if flag == 0 {
        return Ok(None);
    }
    let labels = payload
        .get(FIXED_BYTES..)
        .and_then(|rest| rest.first_chunk::<4>());
    let end = f32::from_le_bytes(*labels.context("the index header has no labels")?);
    ensure!(
        end.is_finite() && end >= 1.0,
        "the index header says {end} pictures"
    );
    Ok(Some(end as u64))
}

/// Keys and offsets, in the file's order.
fn read_index(path: &Path) -> Result<Vec<(u64, u64)>> {
    let file = File::open(path).context("it must lie beside the .rec")?;
    let mut entries = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line?;
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(key)), Some(Ok(offset)), None) => entries.push((key, offset)),
            (None, _, _) => (),
            _ => anyhow::bail!("line {number}: `{}`, expected a key and an offset", line.trim()),
        }
    }
    Ok(entries)
}
