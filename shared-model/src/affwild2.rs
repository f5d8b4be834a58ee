//! Aff-Wild2's EXPR annotation: a header of class names, then one class index a frame.

use thiserror::Error;

use crate::csv_reader;
use crate::expression::Expression;
use crate::timeline::FrameRow;

/// First line of every annotation file.
pub const HEADER: &str = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other";

/// The annotation cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AnnotationError {
    #[error("the first line is `{0}`, expected `{HEADER}`")]
    Header(String),
    #[error("line {line}: `{value}` is no class index from 0 to 7 and not -1 (not annotated)")]
    Label { line: usize, value: String },
    #[error("line {0} is blank, with labels after it; a frame that is not annotated is -1")]
    Blank(usize),
}

/// Reads an annotation; `None` where a frame is not annotated (-1). Data line i is frame i - 1. A spreadsheet may have written it,
/// with another separator, numbers like `3.0` and empty cells behind them.
///
/// # Errors
/// On another header, a value outside -1..7, and a blank line that is not at the end.
pub fn read(text: &str) -> Result<Vec<Option<Expression>>, AnnotationError> {
    let (dialect, start) = csv_reader::sniff(text.as_bytes());
    let separator = char::from(dialect.separator);
    let mut lines = text.trim_start_matches('\u{feff}').lines().zip(1..);
    let has_separator_line = text.get(..start).is_some_and(|skipped| skipped.contains('='));
    let first = if has_separator_line {
        lines.nth(1)
    } else {
        lines.next()
    };
    let first = first.map_or("", |(line, _)| line.trim());
    let header = first.replace(' ', "").replace(separator, ",");
    if !header.eq_ignore_ascii_case(HEADER) {
        return Err(AnnotationError::Header(first.chars().take(80).collect()));
    }
    let mut labels = Vec::new();
    let mut blank = None;
    for (line, number) in lines {
        let value = line.trim_end_matches(|letter: char| letter == separator || letter.is_whitespace());
        let value = value.trim();
        if value.is_empty() {
            blank = blank.or(Some(number));
            continue;
        }
        // Skipped, it would move every label after it to another frame.
        if let Some(line) = blank {
            return Err(AnnotationError::Blank(line));
        }
        let class: Option<i32> = dialect.whole(value);
        let label = match class {
            Some(-1) => None,
            class => {
                let label = class.and_then(|class| Expression::from_index(usize::try_from(class).ok()?));
                Some(label.ok_or_else(|| AnnotationError::Label {
                    line: number,
                    value: value.chars().take(40).collect(),
                })?)
            }
        };
        labels.push(label);
    }
    Ok(labels)
}

/// Writes one label a frame: reviewed, else smoothed, of the track with the lowest number in that
/// frame; -1 where there is none.
#[must_use]
pub fn write(rows: &[FrameRow]) -> String {
    let mut out = String::from(HEADER);
    out.push('\n');
    let mut last = None;
    for row in rows {
        if last == Some(row.frame) {
            continue;
        }
        last = Some(row.frame);
        match row.reviewed.or(row.smoothed) {
            Some(label) => out.push_str(&label.index().to_string()),
            None => out.push_str("-1"),
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_line_is_no_frame_to_skip() {
        let read_after = |labels: &str| read(&format!("{HEADER}\n{labels}"));
        assert_eq!(read_after("0\n\n4\n"), Err(AnnotationError::Blank(3)));
        assert_eq!(read_after("0\n4\n\n\n").unwrap().len(), 2);
    }

    #[test]
    fn reads_labels_and_gaps_and_names_bad_lines() {
        let labels = read(&format!("{HEADER}\n0\n-1\n7\n")).unwrap();
        assert_eq!(labels, [Some(Expression::Neutral), None, Some(Expression::Other)]);
        assert_eq!(
            read(&format!("{HEADER}\n0\n8\n")),
            Err(AnnotationError::Label {
                line: 3,
                value: "8".into()
            })
        );
        assert!(matches!(read("a,b\n0\n"), Err(AnnotationError::Header(_))));
    }
}
