//! Lists of labelled pictures: a csv, or one folder a class.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use shared_model::expression::Expression;

use crate::{natural_order, picture};

/// A picture with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledPicture {
    /// The file.
    pub path: PathBuf,
    /// Its class.
    pub label: Expression,
    /// Who it shows: the csv's `person`, else its `video`, else the picture itself.
    pub person: String,
}

/// Reads a csv or a folder.
///
/// # Errors
/// When it cannot be read, a label is none of the classes, or there is no picture at all.
pub fn read(source: &Path) -> Result<Vec<LabelledPicture>> {
    let pictures = if source.is_dir() {
        read_folders(source)
    } else {
        read_csv(source)
    };
    let pictures = pictures.with_context(|| format!("the labelled pictures of {}", source.display()))?;
    if pictures.is_empty() {
        bail!("{} lists no labelled picture", source.display());
    }
    Ok(pictures)
}

fn read_csv(path: &Path) -> Result<Vec<LabelledPicture>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path)?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| headers.iter().position(|h| h.trim().eq_ignore_ascii_case(name));
    let place = column("path").context("there is no column `path`")?;
    let label = column("label").context("there is no column `label`")?;
    let (person, video) = (column("person"), column("video"));
    let mut pictures = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| record.get(column).map(str::trim).filter(|text| !text.is_empty());
        let file = cell(place).with_context(|| format!("line {line} has no path"))?;
        let text = cell(label).with_context(|| format!("line {line} has no label"))?;
        // Not annotated.
        if text == "-1" {
            continue;
        }
        let label = Expression::parse(text)
            .with_context(|| format!("line {line}: `{text}` is no class, expected a name or 0 to 7"))?;
        let person = person
            .and_then(cell)
            .or_else(|| video.and_then(cell))
            .unwrap_or(file);
        pictures.push(LabelledPicture {
            path: folder.join(file),
            label,
            person: person.to_owned(),
        });
    }
    Ok(pictures)
}

fn read_folders(folder: &Path) -> Result<Vec<LabelledPicture>> {
    let mut pictures = Vec::new();
    for class_folder in sorted_entries(folder)? {
        let name = class_folder
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        if !class_folder.is_dir() {
            continue;
        }
        let label = Expression::parse(&name)
            .with_context(|| format!("the folder {} is named after no class", class_folder.display()))?;
        for path in sorted_entries(&class_folder)? {
            if picture::is_picture(&path) {
                let person = path.display().to_string();
                pictures.push(LabelledPicture { path, label, person });
            }
        }
    }
    Ok(pictures)
}

pub(super) fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let fail = || format!("the folder {} cannot be read", folder.display());
    let entries = std::fs::read_dir(folder).with_context(fail)?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()
        .with_context(fail)?;
    paths.sort_by(|a, b| natural_order::compare(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(paths)
}
