//! Lists of pictures: `path,label[,video,frame,person]`, or with the columns `share_neutral` to `share_other`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use csv::StringRecord;
use shared_model::csv_reader::{CsvReader, Dialect, line_of};
use shared_model::expression::{CLASS_COUNT, Expression};

use crate::datasets::class_numbers::ClassNumbers;
use crate::datasets::label_distribution::LabelDistribution;
use crate::datasets::layout::{Key, Layout};
use crate::datasets::picture_set::{Listed, PictureSet, SetBuilder};

/// How far the probabilities of a row may be from adding up to 1, for they are rounded.
const SUM_TOLERANCE: f64 = 0.01;

/// A list.
pub const LAYOUT: Layout = Layout {
    name: "csv",
    title: "a list",
    files: "`path,label[,video,frame,person]`; class names or 0 to 7; -1 is not annotated. With `share_neutral` to `share_other` a label is shared between classes. As pandas, Excel or Windows write it: `;` or tabs, `3.0`, `NaN`, decimal commas beside `;`, UTF-16, `faces\\a.jpg`. `pictures` is where its paths start, if that is not its own folder",
    needs: &[Key::Path],
    takes: &[Key::Pictures, Key::Numbers],
    usages: &[],
    has_boxes: false,
    has_labels: true,
    read: |files| read(files.path()?, files.pictures, files.needs_labels, files.numbers),
};

/// Reads a list whose paths start from `root`, or from the list's own folder. Who a picture shows is
/// its `person`, else its `video`. An empty label and -1 stand for none; `needs_labels` asks for the
/// column `label` or for probabilities. `numbers` says what a number means as a label. A spreadsheet, pandas or Windows may have written
/// the list ([`shared_model::csv_reader`]): a path with `\` is taken as it is where such a file is there, else with `/`.
///
/// Where the columns `share_neutral` to `share_other` are there, they say how a label is shared between classes;
/// `label`, where it is there too, is the class that the picture counts as where it is measured on, else
/// that is the most probable class, if there is a single one.
///
/// # Errors
/// When it cannot be read, lacks a column, a label is none of the classes, probabilities are none or
/// contradict the label, or a picture comes twice with different labels; the message names the lines.
pub fn read(
    list: &Path,
    root: Option<&Path>,
    needs_labels: bool,
    numbers: ClassNumbers,
) -> Result<PictureSet> {
    let root = root.unwrap_or_else(|| list.parent().unwrap_or(Path::new("")));
    let mut reader = CsvReader::new(File::open(list)?, true)?;
    let dialect = reader.dialect();
    let columns = Columns::find(&reader, needs_labels)?;
    let mut set = SetBuilder::of_files(root.to_path_buf());
    let (mut texts, mut record) = (BTreeSet::new(), StringRecord::new());
    while reader.read(&mut record)? {
        let line = line_of(&record);
        let cell = |column: Option<usize>| dialect.said(record.get(column?)?);
        // A file may be called `NA`.
        let name = record
            .get(columns.path)
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let name = name.with_context(|| format!("line {line} has no path"))?;
        let number = cell(columns.label).and_then(|text| dialect.whole::<i64>(text));
        let number = number.map(|number| number.to_string());
        let text = number.as_deref().or_else(|| cell(columns.label));
        let distribution = columns
            .distribution(&record, dialect)
            .with_context(|| format!("line {line}"))?;
        let label = match text {
            Some("-1") => None,
            Some(text) => numbers
                .parse(text)
                .map_err(|error| anyhow!("line {line}: {error:#}, or -1 (not annotated)"))?,
            None if needs_labels && distribution.is_none() => {
                bail!("line {line} has no label, expected a name, a number, or -1")
            }
            None => None,
        };
        texts.extend(
            text.filter(|text| *text != "-1" && !texts.contains(*text))
                .map(str::to_owned),
        );
        if let (Some(label), Some(shared)) = (label, distribution) {
            let most = |class: Expression| shared.probabilities().get(class.index());
            ensure!(
                most(label) == most(shared.top()),
                "line {line}: the label is {}, and {} is more probable",
                label.name(),
                shared.top().name()
            );
        }
        set.push(&Listed {
            label: label.or_else(|| {
                let unsaid = columns.label.is_none();
                distribution.filter(|_| unsaid)?.single_top()
            }),
            distribution,
            person: cell(columns.person).or_else(|| cell(columns.video)),
            line,
            ..Listed::of(&path_here(root, name))
        })?;
    }
    numbers.doubt(&texts, &list.display().to_string(), set.findings());
    Ok(set.finish())
}

/// A path as it is where its file is there, else with the separators of this system in the place of those of Windows.
fn path_here<'a>(root: &Path, name: &'a str) -> Cow<'a, str> {
    if cfg!(windows) || !name.contains('\\') || root.join(name).exists() {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace('\\', "/"))
}

/// Where the columns are.
struct Columns {
    path: usize,
    label: Option<usize>,
    person: Option<usize>,
    video: Option<usize>,
    /// In the classes' order.
    probabilities: Option<[usize; CLASS_COUNT]>,
}

impl Columns {
    fn find(table: &CsvReader<File>, needs_labels: bool) -> Result<Self> {
        let column = |name: &str| table.column(name);
        let named = Expression::ALL.map(|class| format!("share_{}", class.name().to_ascii_lowercase()));
        let mut places = [0; CLASS_COUNT];
        let mut missing = Vec::new();
        for (place, name) in places.iter_mut().zip(&named) {
            match column(name) {
                Some(found) => *place = found,
                None => missing.push(name.as_str()),
            }
        }
        ensure!(
            missing.is_empty() || missing.len() == CLASS_COUNT,
            "there are columns of shared labels, and {} is missing: expected share_neutral to share_other",
            missing.join(", ")
        );
        let columns = Self {
            path: column("path").context("there is no column `path`")?,
            label: column("label"),
            person: column("person"),
            video: column("video"),
            probabilities: missing.is_empty().then_some(places),
        };
        ensure!(
            !needs_labels || columns.label.is_some() || columns.probabilities.is_some(),
            "there is no column `label`, nor share_neutral to share_other"
        );
        Ok(columns)
    }

    /// How a row's label is shared; `None` where there are no such columns or all are empty.
    fn distribution(&self, record: &StringRecord, dialect: Dialect) -> Result<Option<LabelDistribution>> {
        let Some(places) = self.probabilities else {
            return Ok(None);
        };
        let cell = |place: usize| dialect.said(record.get(place)?);
        if places.iter().all(|place| cell(*place).is_none()) {
            return Ok(None);
        }
        let mut weights = [0.0; CLASS_COUNT];
        for (weight, place) in weights.iter_mut().zip(places) {
            let text = cell(place).unwrap_or_default();
            *weight = dialect
                .number::<f64>(text)
                .with_context(|| format!("`{text}` is no probability"))?;
        }
        let sum: f64 = weights.iter().sum();
        let shared = LabelDistribution::of_weights(weights).filter(|_| (sum - 1.0).abs() <= SUM_TOLERANCE);
        let shared = shared.with_context(|| {
            format!("the probabilities {weights:?} add up to {sum}, expected none below 0 and a sum of 1")
        });
        shared.map(Some)
    }
}
