//! What was measured, ours beside its peer: one table on the terminal, and a line each in a history.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::process;

/// Where the history is kept, from the repository's root.
pub const HISTORY: &str = "docs/bench-history.csv";
const HISTORY_HEAD: &str = "date,commit,machine,what,unit,ours,peer,theirs,ratio";

/// A figure in rounds that took turns with the peer's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Figure {
    /// What was done, and how.
    pub what: String,
    /// Of both.
    pub unit: String,
    /// Ours, a value for each round.
    pub ours: Vec<f64>,
    /// Who did the same in the same run, if anybody did.
    #[serde(default)]
    pub peer: String,
    /// The peer's, a value for each round.
    #[serde(default)]
    pub theirs: Vec<f64>,
    /// Whether more is better, as of frames per second.
    #[serde(default)]
    pub more_is_better: bool,
}

impl Figure {
    /// How many times as good ours is as the peer's, by the middle values; `None` without a peer.
    fn ratio(&self) -> Option<f64> {
        let (ours, theirs) = (middle(&self.ours)?, middle(&self.theirs)?);
        let ratio = if self.more_is_better {
            ours / theirs
        } else {
            theirs / ours
        };
        ratio.is_finite().then_some(ratio)
    }

    /// The ratio in two digits behind the point; empty without one.
    fn shown_ratio(&self) -> String {
        self.ratio()
            .map_or_else(String::new, |ratio| format!("{ratio:.2}"))
    }
}

/// The middle value, between the two middle ones where they are even in number.
fn middle(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    Some(match half.checked_sub(1).and_then(|lower| sorted.get(lower)) {
        Some(lower) if sorted.len().is_multiple_of(2) => f64::midpoint(*lower, upper),
        _ => upper,
    })
}

/// Figures from a file with one JSON object per line, as the page's scripts write them; none where there is no file.
///
/// # Errors
/// When the file cannot be read, or a line is no figure.
pub fn read(path: &Path) -> Result<Vec<Figure>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    text.lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("{}: `{line}`", path.display())))
        .collect()
}

/// One table of all figures: the middle value, in brackets the smallest and the largest.
#[must_use]
pub fn table(figures: &[Figure]) -> String {
    let head = ["what", "unit", "ours", "peer", "theirs", "ours : peer"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(figures.iter().map(cells)).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let padded = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        text += &format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "));
        if number == 0 {
            text += &format!("|{}|\n", widths.map(|width| "-".repeat(width + 2)).join("|"));
        }
    }
    text
}

fn cells(figure: &Figure) -> [String; 6] {
    [
        figure.what.clone(),
        figure.unit.clone(),
        shown(&figure.ours),
        figure.peer.clone(),
        shown(&figure.theirs),
        figure.shown_ratio(),
    ]
}

/// The middle value and, of several, the smallest and the largest.
fn shown(values: &[f64]) -> String {
    let Some(middle) = middle(values) else {
        return String::new();
    };
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.len() == 1 {
        number(middle)
    } else {
        format!("{} ({} to {})", number(middle), number(least), number(most))
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}")
}

/// Adds a line for each figure to the history, which is begun where there is none.
///
/// # Errors
/// When the file cannot be written.
pub fn keep(history: &Path, figures: &[Figure]) -> Result<()> {
    let is_new = !history.exists();
    let mut text = String::new();
    if is_new {
        text += &format!("{HISTORY_HEAD}\n");
    }
    let said = |program: &str, words: &[&str]| {
        process::output_of(Command::new(program).args(words)).unwrap_or_else(|| "unknown".to_owned())
    };
    let date = said("date", &["-u", "+%F"]);
    let commit = said("git", &["describe", "--always", "--dirty", "--exclude=*"]);
    let machine = machine();
    for figure in figures {
        let middle = |values: &[f64]| middle(values).map_or_else(String::new, number);
        let line = [
            date.clone(),
            commit.clone(),
            machine.clone(),
            figure.what.clone(),
            figure.unit.clone(),
            middle(&figure.ours),
            figure.peer.clone(),
            middle(&figure.theirs),
            figure.shown_ratio(),
        ];
        text += &format!("{}\n", line.map(|field| quoted(&field)).join(","));
    }
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(history)
        .with_context(|| format!("{} cannot be written", history.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("{} cannot be written", history.display()))
}

/// A field of a csv (RFC 4180).
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// The processor, its cores, and the widest vectors that we have kernels for.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let name = field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let flags = field("flags").unwrap_or_default();
    let has = |flag: &str| flags.split(' ').any(|found| found == flag);
    let vectors = match () {
        () if has("avx512f") => ", AVX-512",
        () if has("avx2") => ", AVX2",
        () => "",
    };
    format!("{name}, {cores} cores{vectors}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(ours: &[f64], theirs: &[f64], more_is_better: bool) -> Figure {
        Figure {
            what: "a film, 2 workers".to_owned(),
            unit: "ms".to_owned(),
            ours: ours.to_vec(),
            peer: if theirs.is_empty() { "" } else { "another" }.to_owned(),
            theirs: theirs.to_vec(),
            more_is_better,
        }
    }

    #[test]
    fn the_middle_value_counts_and_more_or_less_is_better() {
        assert_eq!(figure(&[50.0, 10.0, 20.0], &[40.0], false).ratio(), Some(2.0));
        assert_eq!(figure(&[60.0], &[10.0, 20.0], true).ratio(), Some(4.0));
        assert_eq!(figure(&[60.0], &[], true).ratio(), None);
        assert_eq!(figure(&[0.0], &[1.0], false).ratio(), None);
    }

    #[test]
    fn a_table_has_a_row_for_each() {
        let text = table(&[
            figure(&[50.0, 10.0, 20.0], &[40.0], false),
            figure(&[0.5], &[], false),
        ]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(
            lines
                .iter()
                .all(|line| line.chars().count() == lines[0].chars().count())
        );
        assert!(lines[2].contains("20.0 (10.0 to 50.0)") && lines[2].contains("2.00"));
        assert!(lines[3].contains("0.50"));
    }

    #[test]
    fn the_history_grows_and_is_a_csv() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.csv");
        keep(&path, &[figure(&[1.0], &[2.0], false)]).unwrap();
        keep(&path, &[figure(&[3.0], &[], false)]).unwrap();
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0]), (3, HISTORY_HEAD));
        assert!(lines[1].ends_with(",\"a film, 2 workers\",ms,1.00,another,2.00,2.00"));
        assert!(lines[2].ends_with(",ms,3.00,,,"));
    }

    #[test]
    fn what_the_scripts_write_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("figures");
        assert_eq!(read(&path).unwrap(), []);
        fs::write(
            &path,
            "{\"what\":\"a film, 2 workers\",\"unit\":\"ms\",\"ours\":[1,2]}\n",
        )
        .unwrap();
        assert_eq!(read(&path).unwrap(), [figure(&[1.0, 2.0], &[], false)]);
        fs::write(&path, "{\"what\":1}\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("figures"));
    }
}
