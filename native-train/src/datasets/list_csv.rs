//! Lists of pictures: `path,label[,video,frame,person]`.

use std::path::Path;

use anyhow::{Context as _, Result};
use shared_model::expression::Expression;

use crate::datasets::picture_set::{Listed, PictureSet, SetBuilder};

/// Reads a list whose paths start from `root`, or from the list's own folder. Who a picture shows is
/// its `person`, else its `video`. An empty label and -1 stand for none; `needs_labels` asks for the
/// column `label`.
///
/// # Errors
/// When it cannot be read, lacks a column, a label is none of the classes, or a picture comes twice
/// with different labels; the message names the lines.
pub fn read(list: &Path, root: Option<&Path>, needs_labels: bool) -> Result<PictureSet> {
    let root = root.unwrap_or_else(|| list.parent().unwrap_or(Path::new("")));
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(list)?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| {
        let mut names = headers.iter();
        names.position(|h| h.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(name))
    };
    let path = column("path").context("there is no column `path`")?;
    let label = column("label");
    if needs_labels {
        label.context("there is no column `label`")?;
    }
    let (person, video) = (column("person"), column("video"));
    let mut set = SetBuilder::of_files(root.to_path_buf());
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| record.get(column).map(str::trim).filter(|text| !text.is_empty());
        let name = cell(path).with_context(|| format!("line {line} has no path"))?;
        let label = match label.and_then(cell) {
            Some("-1") => None,
            Some(text) => Some(Expression::parse(text).with_context(|| {
                format!("line {line}: `{text}` is no class, expected a name, 0 to 7, or -1 (not annotated)")
            })?),
            None if needs_labels => anyhow::bail!("line {line} has no label, expected a name, 0 to 7, or -1"),
            None => None,
        };
        set.push(&Listed {
            name,
            part: 0,
            label,
            person: person.and_then(cell).or_else(|| video.and_then(cell)),
            face: None,
            line,
        })?;
    }
    set.finish()
}
