//! TensorBoard's event file: scalars by step.
//!
//! The format is that of TensorFlow's `record_writer` (a length, its masked CRC-32C, the bytes, their
//! masked CRC-32C) around `Event` messages of `event.proto` in protobuf's wire format. The crates that
//! write it are unkept or bring code generators; what is needed of it is this file.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::atomic_file;

const PREFIX: &str = "events.out.tfevents.";
/// How the names of ours end.
const ENDING: &str = ".mien";

/// The event file of a run, open at its end.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Writes the file anew from the entries of the run's log, in place of the one before: a reader
    /// that is under way forgets what it saw of the old one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn rewrite(run: &Path, unix_time: f64, entries: &[Value]) -> Result<Self> {
        let old: Vec<PathBuf> = fs::read_dir(run)
            .with_context(|| format!("the run's folder {}", run.display()))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                // Other programs' stay.
                name.is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(ENDING))
            })
            .collect();
        // Readers take the files in the order of their names: a whole second, then milliseconds.
        let path = run.join(format!("{PREFIX}{unix_time:014.3}{ENDING}"));
        let mut bytes = record(&version(unix_time));
        bytes.extend(record(&begin_anew(unix_time)));
        for entry in entries {
            bytes.extend(event(entry).map(|event| record(&event)).unwrap_or_default());
        }
        atomic_file::write(&path, &bytes)?;
        for old in old.iter().filter(|old| **old != path) {
            fs::remove_file(old).with_context(|| format!("{} cannot be removed", old.display()))?;
        }
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .with_context(|| format!("the event file {}", path.display()))?;
        Ok(Self { path, file })
    }

    /// Adds the numbers of an entry of the log.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, entry: &Value) -> Result<()> {
        let Some(event) = event(entry) else {
            return Ok(());
        };
        self.file
            .write_all(&record(&event))
            .with_context(|| format!("the event file {} cannot be written", self.path.display()))
    }
}

/// All numbers of an entry but its step and time, named by their keys with `/` between.
fn scalars(entry: &Value) -> Vec<(String, f32)> {
    let mut found = Vec::new();
    let mut open: Vec<(String, &Value)> = vec![(String::new(), entry)];
    while let Some((name, value)) = open.pop() {
        match value {
            Value::Object(inner) => {
                for (key, value) in inner {
                    if name.is_empty() && (key == "step" || key == "unix_time") {
                        continue;
                    }
                    let name = if name.is_empty() {
                        key.clone()
                    } else {
                        format!("{name}/{key}")
                    };
                    open.push((name, value));
                }
            }
            value => found.extend(value.as_f64().map(|value| (name, value as f32))),
        }
    }
    found
}

fn event(entry: &Value) -> Option<Vec<u8>> {
    let step = entry.get("step")?.as_u64()?;
    let unix_time = entry.get("unix_time").and_then(Value::as_f64).unwrap_or(0.0);
    let mut summary = Vec::new();
    for (tag, value) in scalars(entry) {
        // Summary.Value: tag = 1, simple_value = 2.
        let mut one = Vec::new();
        put_bytes(&mut one, 1, tag.as_bytes());
        put_key(&mut one, 2, Wire::Fixed32);
        one.extend(value.to_le_bytes());
        // Summary: value = 1.
        put_bytes(&mut summary, 1, &one);
    }
    if summary.is_empty() {
        return None;
    }
    let mut event = timed(unix_time);
    // Event: step = 2, summary = 5.
    put_key(&mut event, 2, Wire::Varint);
    put_varint(&mut event, step);
    put_bytes(&mut event, 5, &summary);
    Some(event)
}

fn version(unix_time: f64) -> Vec<u8> {
    let mut event = timed(unix_time);
    // Event: file_version = 3.
    put_bytes(&mut event, 3, b"brain.Event:2");
    event
}

/// A session that starts at step 0: what a reader holds of later steps is forgotten.
fn begin_anew(unix_time: f64) -> Vec<u8> {
    let mut event = timed(unix_time);
    // Event: session_log = 7; SessionLog: status = 1, of which START is 1.
    put_bytes(&mut event, 7, &[1 << 3, 1]);
    event
}

/// An event with its wall_time = 1.
fn timed(unix_time: f64) -> Vec<u8> {
    let mut event = Vec::new();
    put_key(&mut event, 1, Wire::Fixed64);
    event.extend(unix_time.to_le_bytes());
    event
}

/// Protobuf's wire types.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

fn put_key(to: &mut Vec<u8>, field: u64, wire: Wire) {
    put_varint(to, (field << 3) | wire as u64);
}

fn put_bytes(to: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_key(to, field, Wire::Bytes);
    put_varint(to, bytes.len() as u64);
    to.extend(bytes);
}

fn put_varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn record(event: &[u8]) -> Vec<u8> {
    let length = (event.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked_crc(&length).to_le_bytes());
    record.extend(event);
    record.extend(masked_crc(event).to_le_bytes());
    record
}

/// As TensorFlow masks it, so that a checksum of checksums is no trap.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}
