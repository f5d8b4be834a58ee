//! Plain change points: a line `time label` for each moment from which a label holds, until the next one.

use thiserror::Error;

use super::label_spans::{LabelSpan, LabelSpans};
use crate::csv_reader::{self, Dialect};
use crate::expression::Expression;

/// The list cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ChangePointError {
    #[error(
        "line {line}: `{text}` is not `time label`: seconds or h:mm:ss, then a class name, 0 to 7, or - for none"
    )]
    Line { line: usize, text: String },
    #[error("line {line}: the time {time} is not after the one before it")]
    Order { line: usize, time: String },
}

/// Whether the first line that says something begins with a time and holds a second word.
pub(super) fn looks_like(text: &str) -> bool {
    said(text).next().is_some_and(|(_, line)| {
        let mut words = words(line);
        words
            .next()
            .and_then(|word| seconds(word, dialect_of(line)))
            .is_some()
            && words.next().is_some()
    })
}

/// Reads the list; the labels are those of the first face.
pub(super) fn read(text: &str) -> Result<LabelSpans, ChangePointError> {
    let mut points: Vec<(f64, Option<Expression>)> = Vec::new();
    for (line, said) in said(text) {
        let (time, time_s, label) = point(said).ok_or_else(|| ChangePointError::Line {
            line,
            text: said.chars().take(60).collect(),
        })?;
        if points.last().is_some_and(|(before, _)| time_s <= *before) {
            return Err(ChangePointError::Order {
                line,
                time: time.to_owned(),
            });
        }
        points.push((time_s, label));
    }
    let ends = points
        .iter()
        .skip(1)
        .map(|(time_s, _)| *time_s)
        .chain([f64::INFINITY]);
    let spans = points
        .iter()
        .zip(ends)
        .filter_map(|((start_s, label), end_s)| {
            label.map(|label| LabelSpan {
                start_s: *start_s,
                end_s,
                label,
            })
        })
        .collect();
    let mut found = LabelSpans::default();
    // Points in order cannot overlap.
    let _ = found.add(None, spans);
    Ok(found)
}

/// Lines with their numbers from 1, without comments, empty ones, a header and a spreadsheet's `sep=`.
fn said(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (_, start) = csv_reader::sniff(text.as_bytes());
    let header_line = if text.get(..start).is_some_and(|skipped| skipped.contains('=')) {
        2
    } else {
        1
    };
    text.get(start..)
        .unwrap_or("")
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.split('#').next().unwrap_or("").trim()))
        .filter(move |(line, said)| !(said.is_empty() || *line == header_line && is_header(said)))
}

fn is_header(line: &str) -> bool {
    words(line)
        .next()
        .is_some_and(|word| word.to_ascii_lowercase().starts_with("time"))
}

/// What stands between a line's words. A comma beside semicolons or tabs is a decimal one.
fn dialect_of(line: &str) -> Dialect {
    let separator = if line.contains([';', '\t']) { b';' } else { b',' };
    Dialect { separator }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    let separators: &[char] = match dialect_of(line).separator {
        b';' => &[' ', '\t', ';'],
        _ => &[' ', ','],
    };
    line.split(separators)
        .map(|word| word.trim_matches('"'))
        .filter(|word| !word.is_empty())
}

fn point(line: &str) -> Option<(&str, f64, Option<Expression>)> {
    let dialect = dialect_of(line);
    let mut words = words(line);
    let (time, label) = (words.next()?, words.next()?);
    let time_s = seconds(time, dialect)?;
    let label = match label {
        "-" => None,
        name => match (dialect.said(name), dialect.whole::<i64>(name)) {
            (None, _) | (_, Some(-1)) => None,
            (_, Some(class)) => Some(Expression::from_index(usize::try_from(class).ok()?)?),
            (Some(name), None) => Some(Expression::parse(name)?),
        },
    };
    words.next().is_none().then_some((time, time_s, label))
}

/// Seconds, or hours, minutes and seconds parted by colons.
fn seconds(text: &str, dialect: Dialect) -> Option<f64> {
    let mut total = 0.0;
    for part in text.split(':') {
        let value: f64 = dialect.number(part)?;
        if !(value.is_finite() && value >= 0.0) {
            return None;
        }
        total = total * 60.0 + value;
    }
    Some(total)
}
