//! Damaged inputs for the readers of foreign bytes: kept files, and mutations of them, the same on every machine.
//!
//! A reader may refuse an input; it must not panic, and what it accepts must hold what its types promise. `MIEN_MUTATIONS` sets
//! how many inputs each reader gets; an input that fails is written down, so that it can be kept.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "it exists to make tests fail"
)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// Names the number of inputs.
const VARIABLE: &str = "MIEN_MUTATIONS";
/// Inputs in a plain test run.
const FEW: u64 = 1500;
/// Changes of an input, at most.
const MOST_CHANGES: u32 = 6;
/// Bytes of an input, at most.
const MOST_BYTES: usize = 1 << 20;
/// Texts that readers of numbers, names and markup stumble over.
const TOKENS: [&str; 24] = [
    "NaN",
    "-inf",
    "1e999",
    "-1",
    "0",
    "18446744073709551616",
    "99999999999",
    "1e-400",
    "0.5",
    "\"",
    "'",
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\u{feff}",
    "\0",
    "{",
    "}",
    "[",
    "]",
    "<",
    "&#0;",
];

/// What a reader is tried with.
#[derive(Debug)]
pub struct Inputs {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
}

impl Inputs {
    /// Good inputs, of which damaged ones are made; `name` tells readers apart.
    #[must_use]
    pub fn of<B: Into<Vec<u8>>>(name: &'static str, seeds: impl IntoIterator<Item = B>) -> Self {
        let seeds = seeds.into_iter().map(Into::into).collect();
        Self { name, seeds }
    }

    /// With the files of a folder, in the order of their names: inputs that failed once.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn and_kept(mut self, folder: &Path) -> Self {
        let read = || -> std::io::Result<Vec<Vec<u8>>> {
            let entries = std::fs::read_dir(folder)?;
            let mut paths = entries
                .map(|entry| Ok(entry?.path()))
                .collect::<std::io::Result<Vec<_>>>()?;
            paths.sort();
            paths.iter().map(std::fs::read).collect()
        };
        let kept = read().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        self.seeds.extend(kept);
        self
    }

    /// Gives every good input and then the damaged ones to `reader`, which panics where something is wrong.
    ///
    /// # Panics
    /// Where the reader does; the input is written to the system's folder for temporary files first.
    pub fn try_all(&self, reader: impl Fn(&[u8])) {
        assert!(!self.seeds.is_empty(), "{}: no input", self.name);
        let runs = match std::env::var(VARIABLE) {
            Ok(text) => text
                .parse()
                .unwrap_or_else(|_| panic!("{VARIABLE} is `{text}`: it must be a number")),
            Err(_) => FEW,
        };
        for (number, seed) in self.seeds.iter().enumerate() {
            self.try_one(&format!("good-{number}"), seed, &reader);
        }
        for run in 0..runs {
            self.try_one(&run.to_string(), &self.damaged(run), &reader);
        }
        println!(
            "{}: {} good inputs, {runs} damaged ones",
            self.name,
            self.seeds.len()
        );
    }

    fn try_one(&self, which: &str, input: &[u8], reader: &impl Fn(&[u8])) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| reader(input))) {
            let path = std::env::temp_dir().join(format!("mien-mutation-{}-{which}", self.name));
            let kept = std::fs::write(&path, input).is_ok();
            eprintln!(
                "{}: input {which} failed ({} bytes{})",
                self.name,
                input.len(),
                if kept {
                    format!(", kept as {}", path.display())
                } else {
                    String::new()
                }
            );
            resume_unwind(panic);
        }
    }

    /// A good input with some of its bytes changed.
    fn damaged(&self, run: u64) -> Vec<u8> {
        let salt = self
            .name
            .bytes()
            .fold(7_u64, |sum, byte| sum.wrapping_mul(257) + u64::from(byte));
        let mut random = SmallRng::seed_from_u64(salt ^ run.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut bytes = self.seeds.choose(&mut random).cloned().unwrap_or_default();
        for _ in 0..random.random_range(1..=MOST_CHANGES) {
            self.change(&mut bytes, &mut random);
        }
        bytes.truncate(MOST_BYTES);
        bytes
    }

    fn change(&self, bytes: &mut Vec<u8>, random: &mut SmallRng) {
        let at = random.random_range(0..=bytes.len());
        let end = bytes.len().min(at + (1 << random.random_range(0..8)));
        match random.random_range(0..9) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            3 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.random_range(0..8);
                }
            }
            4 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.random();
                }
            }
            5 => {
                let token = TOKENS.choose(random).copied().unwrap_or_default();
                bytes.splice(at..at, token.bytes());
            }
            6 => number(bytes, at, random),
            7 => digits(bytes, at, random),
            _ => {
                let other = self.seeds.choose(random).cloned().unwrap_or_default();
                let from = random.random_range(0..=other.len());
                bytes.splice(at.., other[from..].iter().copied());
            }
        }
    }
}

/// Puts a number at the edge of its range where a length or an offset may stand.
fn number(bytes: &mut [u8], at: usize, random: &mut SmallRng) {
    let width = 1 << random.random_range(0..4);
    let length = bytes.len() as u64;
    let edges = [
        0,
        1,
        0x7f,
        0x80,
        0xff,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        u64::MAX,
        u64::MAX / 2,
        length,
        length + 1,
    ];
    let value = edges.choose(random).copied().unwrap_or_default();
    let mut encoded = value.to_le_bytes()[..width].to_vec();
    if random.random() {
        encoded.reverse();
    }
    for (to, from) in bytes.iter_mut().skip(at).zip(encoded) {
        *to = from;
    }
}

/// Replaces the next run of digits by something else that may stand for a number.
fn digits(bytes: &mut Vec<u8>, at: usize, random: &mut SmallRng) {
    let Some(start) = bytes.iter().skip(at).position(u8::is_ascii_digit) else {
        return;
    };
    let start = at + start;
    let length = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let token = TOKENS[..9].choose(random).copied().unwrap_or_default();
    bytes.splice(start..start + length, token.bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_the_same_again_and_mostly_differ_from_each_other() {
        let inputs = Inputs::of("own", ["a,b,c\n1,2,3\n", "{\"a\": 12}"]);
        let all: Vec<Vec<u8>> = (0..200).map(|run| inputs.damaged(run)).collect();
        assert_eq!(all, (0..200).map(|run| inputs.damaged(run)).collect::<Vec<_>>());
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert!(distinct.len() > 150, "{}", distinct.len());
    }

    #[test]
    #[should_panic(expected = "found")]
    fn a_reader_that_panics_is_seen() {
        Inputs::of("panics", [vec![0_u8; 64]])
            .try_all(|bytes| assert!(bytes.iter().all(|byte| *byte == 0), "found"));
    }
}
