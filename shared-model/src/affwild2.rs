//! Aff-Wild2's EXPR annotation: a header of class names, then one class index a frame.

use thiserror::Error;

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

/// Reads an annotation; `None` where a frame is not annotated (-1). Data line i is frame i - 1.
///
/// # Errors
/// On another header, a value outside -1..7, and a blank line that is not at the end.
pub fn read(text: &str) -> Result<Vec<Option<Expression>>, AnnotationError> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let first = lines.next().unwrap_or("").trim();
    if !first.replace(' ', "").eq_ignore_ascii_case(HEADER) {
        return Err(AnnotationError::Header(first.chars().take(80).collect()));
    }
    let mut labels = Vec::new();
    let mut blank = None;
    for (index, line) in lines.enumerate() {
        let value = line.trim();
        if value.is_empty() {
            blank = blank.or(Some(index + 2));
            continue;
        }
        // Skipped, it would move every label after it to another frame.
        if let Some(line) = blank {
            return Err(AnnotationError::Blank(line));
        }
        let label = match value.parse::<i32>() {
            Ok(-1) => None,
            Ok(class) => match usize::try_from(class).ok().and_then(Expression::from_index) {
                Some(label) => Some(label),
                None => return Err(bad(index, value)),
            },
            Err(_) => return Err(bad(index, value)),
        };
        labels.push(label);
    }
    Ok(labels)
}

fn bad(index: usize, value: &str) -> AnnotationError {
    AnnotationError::Label {
        line: index + 2,
        value: value.chars().take(40).collect(),
    }
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
