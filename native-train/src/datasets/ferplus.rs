//! FER+ (Barsoum et al. 2016): FER2013's pictures with the votes of ten people, in FER+'s own layout or as
//! Kaggle's `fer2013.csv`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};

use crate::datasets::crowd_votes::{self, VoteRow};
use crate::datasets::fer2013::{PixelFile, PixelRow};
use crate::datasets::label_form::LabelForm;
use crate::datasets::layout::{Key, Layout};
use crate::datasets::picture_set::{Listed, PictureSet, SetBuilder};
use crate::datasets::usage::Usage;

/// The list of votes, and the pixels as Kaggle has them.
const VOTES: &str = "fer2013new.csv";
const PIXELS: &str = "fer2013.csv";

/// FER+, or FER2013 as Kaggle has it.
pub const LAYOUT: Layout = Layout {
    name: "ferplus",
    title: "FER+",
    files: "FER+: a folder with `fer2013new.csv` and `FER2013Train/`, `FER2013Valid/`, `FER2013Test/`; or Kaggle's `fer2013.csv` (the file, or its folder), whose pixels are read where they lie",
    needs: &[Key::Path, Key::Usage],
    takes: &[Key::Labels],
    usages: &[Usage::Train, Usage::Valid, Usage::Test],
    has_boxes: false,
    has_labels: true,
    read: |files| read(files.path()?, files.usage()?, files.labels),
};

/// Reads one part. `path` is the folder with `fer2013new.csv` and the three folders of pictures, or
/// Kaggle's file. Beside that file `fer2013new.csv` gives the votes, row by row; without it the file's own
/// labels are read, which are no votes.
///
/// # Errors
/// When a list cannot be read or is not as it should be, the two do not belong together, votes are asked
/// for that are not there, or the part's pictures are not there.
pub fn read(path: &Path, usage: Usage, labels: Option<LabelForm>) -> Result<PictureSet> {
    let folder = folder_of(usage);
    if path.is_dir() {
        if path.join(folder).is_dir() {
            return read_folders(path, usage, labels.unwrap_or_default());
        }
        ensure!(
            path.join(PIXELS).is_file(),
            "there is neither the folder {folder} nor {PIXELS} in {}",
            path.display()
        );
        return read_pixels(&path.join(PIXELS), usage, labels);
    }
    read_pixels(path, usage, labels)
}

fn folder_of(usage: Usage) -> &'static str {
    match usage {
        Usage::Train => "FER2013Train",
        Usage::Valid => "FER2013Valid",
        Usage::Test => "FER2013Test",
    }
}

fn read_folders(root: &Path, usage: Usage, form: LabelForm) -> Result<PictureSet> {
    let mut part = Part::new(SetBuilder::of_files(root.to_path_buf()), usage);
    for row in crowd_votes::read(&root.join(VOTES))? {
        part.push(&row, form, 0)?;
    }
    Ok(part.set.finish())
}

fn read_pixels(path: &Path, usage: Usage, labels: Option<LabelForm>) -> Result<PictureSet> {
    let (file, rows) = PixelFile::open(path)?;
    let votes = path.with_file_name(VOTES);
    let set = SetBuilder::of_rows(Arc::new(file));
    if votes.is_file() {
        let form = labels.unwrap_or_default();
        return read_pixels_with_votes(set, path, &rows, &votes, usage, form);
    }
    ensure!(
        labels.is_none(),
        "`labels` is set, and there are no votes: put {VOTES} beside {}, or leave `labels` out to read the file's own labels",
        path.display()
    );
    read_own_labels(set, &rows, usage)
}

fn read_pixels_with_votes(
    set: SetBuilder,
    path: &Path,
    rows: &[PixelRow],
    votes: &Path,
    usage: Usage,
    form: LabelForm,
) -> Result<PictureSet> {
    let voted = crowd_votes::read(votes)?;
    let fail = || {
        format!(
            "{} and {} do not belong together",
            path.display(),
            votes.display()
        )
    };
    ensure!(
        voted.len() == rows.len(),
        "{}: they have {} and {} rows",
        fail(),
        rows.len(),
        voted.len()
    );
    let mut part = Part::new(set, usage);
    for (row, votes) in rows.iter().zip(&voted) {
        ensure!(
            row.usage == votes.usage,
            "{}: line {} is of part `{}` in the one and line {} of part `{}` in the other",
            fail(),
            row.line,
            row.usage.name(),
            votes.line,
            votes.usage.name()
        );
        part.push(votes, form, row.offset)?;
    }
    Ok(part.set.finish())
}

/// The labels of FER2013 itself: one for each picture, by the words of a web search.
fn read_own_labels(mut set: SetBuilder, rows: &[PixelRow], usage: Usage) -> Result<PictureSet> {
    let found = rows.iter().enumerate().filter(|(_, row)| row.usage == usage);
    for (number, row) in found {
        set.push(&Listed {
            label: Some(row.class),
            line: row.line,
            offset: row.offset,
            ..Listed::of(&format!("row {number}"))
        })?;
    }
    set.findings()
        .add("list without votes, whose own labels are read", || {
            format!("there is no {VOTES} beside it")
        });
    Ok(set.finish())
}

/// One part of the dataset on its way into a set.
struct Part {
    set: SetBuilder,
    usage: Usage,
    /// The line of each name.
    seen: HashMap<String, u64>,
}

impl Part {
    fn new(set: SetBuilder, usage: Usage) -> Self {
        Self {
            set,
            usage,
            seen: HashMap::new(),
        }
    }

    fn push(&mut self, row: &VoteRow, form: LabelForm, offset: u64) -> Result<()> {
        if row.usage != self.usage {
            return Ok(());
        }
        let line = row.line;
        let Some(name) = &row.name else {
            self.set
                .findings()
                .add("rows without a name (left out)", || format!("line {line}"));
            return Ok(());
        };
        if let Some(first) = self.seen.get(name) {
            self.set
                .findings()
                .add("names that stand twice (the first row counts)", || {
                    format!("{name} (lines {first} and {line})")
                });
            return Ok(());
        }
        self.seen.insert(name.clone(), line);
        let label = row.majority();
        let distribution = row.distribution().filter(|_| form == LabelForm::Votes);
        let what = match (label, distribution) {
            (Some(_), _) => None,
            (None, Some(_)) => Some("pictures without a majority (learned from, not measured on)"),
            (None, None) => Some("pictures whose votes give no label"),
        };
        if let Some(what) = what {
            self.set.findings().add(what, || name.clone());
        }
        self.set
            .push(&Listed {
                label,
                distribution,
                line,
                offset,
                ..Listed::of(&format!("{}/{name}", folder_of(self.usage)))
            })
            .with_context(|| format!("the list {VOTES}, line {line}"))
    }
}
