//! `mien merge`: the results of several machines as one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::evaluate::evaluation::Evaluation;
use crate::evaluate::tally::Tally;
use crate::shards::manifest::Manifest;
use crate::{atomic_file, stdout};

/// Names that a message lists at most.
const MOST_NAMES: usize = 20;

/// What to merge.
#[derive(Debug, Args)]
pub struct Options {
    /// Output folders of `mien analyze --shard I/N` or `mien evaluate --shard I/N`, of all shards
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Folder for the results of all inputs
    #[arg(long, value_name = "DIR", required_unless_present = "csv")]
    out: Option<PathBuf>,
    /// One table of all inputs, in their order
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Merge what there is although some inputs have no whole result; these are named
    #[arg(long)]
    partial: bool,
}

/// Checks that the shards belong together and that nothing is missing or there twice, and only then writes. The paths of
/// the files written go to stdout; of an evaluation its figures do, over all videos.
///
/// # Errors
/// When shards are missing, doubled or made with other settings, when an input has two results or (without `--partial`) none, or when a file
/// cannot be read or written. Each file is whole or not there.
pub fn run(options: &Options) -> Result<()> {
    let results = Results::gather(&options.folders, options.partial)?;
    let table = match &options.csv {
        Some(_) => Some(results.table()?),
        None => None,
    };
    let evaluation = results.tally.as_ref().map(Evaluation::of).transpose()?;
    if let Some(folder) = &options.out {
        atomic_file::make_folder(folder)?;
        results.copy_to(folder, evaluation.is_none())?;
        if let Some(evaluation) = &evaluation {
            evaluation.write(folder)?;
        }
    }
    if let (Some(path), Some(table)) = (&options.csv, table) {
        atomic_file::write(path, table.as_bytes())?;
        if evaluation.is_none() {
            stdout::line(format_args!("{}", path.display()));
        }
    }
    if let Some(evaluation) = &evaluation {
        evaluation.print();
    }
    eprintln!(
        "{} inputs of {} shards merged",
        results.files.len(),
        results.shards
    );
    Ok(())
}

/// The files of each input, in the inputs' order.
struct Results {
    shards: usize,
    files: Vec<(PathBuf, Vec<Located>)>,
    /// Of an evaluation: what all shards counted.
    tally: Option<Tally>,
}

/// A result of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Located {
    folder: PathBuf,
    /// From the folder on.
    name: PathBuf,
}

impl Located {
    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }
}

impl Results {
    fn gather(folders: &[PathBuf], partial: bool) -> Result<Self> {
        let mut found = BTreeMap::new();
        for folder in folders {
            for manifest in Manifest::read_all(folder)? {
                let shard = manifest.shard;
                if let Some((other, _)) = found.insert(shard, (folder, manifest)) {
                    bail!(
                        "shard {shard} is in {} and in {}",
                        other.display(),
                        folder.display()
                    );
                }
            }
        }
        let Some((_, (first_folder, first))) = found.first_key_value() else {
            bail!("there is nothing to merge");
        };
        for (folder, other) in found.values() {
            let same = other.shards == first.shards
                && other.inputs == first.inputs
                && other.settings == first.settings;
            ensure!(
                same,
                "{} and {} are not of one run: their inputs, model or options differ ({} and {})",
                first_folder.display(),
                folder.display(),
                first.settings,
                other.settings
            );
        }
        let absent: Vec<String> = (0..first.shards)
            .filter(|shard| !found.contains_key(shard))
            .map(|shard| shard.to_string())
            .collect();
        ensure!(
            absent.is_empty(),
            "of {} shards these are missing: {}",
            first.shards,
            some(&absent)
        );
        Ok(Self {
            shards: first.shards,
            files: files_of(&first.inputs, &found, partial)?,
            tally: sum_of(found.values().map(|(_, manifest)| manifest))?,
        })
    }

    /// All tables under one header.
    fn table(&self) -> Result<String> {
        let mut texts = Vec::new();
        for (input, files) in &self.files {
            let path = files
                .iter()
                .map(Located::path)
                .find(|path| path.extension().is_some_and(|ending| ending == "csv"));
            let path =
                path.with_context(|| format!("{} has no csv: analyse with `--format csv`", input.display()))?;
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            texts.push((path, text));
        }
        joined(&texts)
    }

    fn copy_to(&self, folder: &Path, say: bool) -> Result<()> {
        for file in self.files.iter().flat_map(|(_, files)| files) {
            let (path, target) = (file.path(), folder.join(&file.name));
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent)
                    .with_context(|| format!("the output folder {} cannot be made", parent.display()))?;
            }
            let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            atomic_file::write(&target, &bytes)?;
            if say {
                stdout::line(format_args!("{}", target.display()));
            }
        }
        Ok(())
    }
}

/// Tables of any columns under one header: that of the table with the most. Columns that another table, of an older program,
/// does not have yet stay empty there.
///
/// # Errors
/// When a table has a column that the header lacks, or is damaged.
fn joined(tables: &[(PathBuf, String)]) -> Result<String> {
    let header = |text: &str| {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader.headers().cloned()
    };
    let mut most = csv::StringRecord::new();
    for (path, text) in tables {
        let columns = header(text).with_context(|| format!("{} is no table", path.display()))?;
        if columns.len() > most.len() {
            most = columns;
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&most)?;
    for (path, text) in tables {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns = reader.headers()?.clone();
        if let Some(other) = columns
            .iter()
            .find(|name| !most.iter().any(|known| known == *name))
        {
            bail!(
                "{} has a column `{other}` that the tables beside it do not have: `{}`",
                path.display(),
                most.iter().collect::<Vec<_>>().join(",")
            );
        }
        let places: Vec<Option<usize>> = most
            .iter()
            .map(|name| columns.iter().position(|column| column == name))
            .collect();
        for record in reader.records() {
            let record = record.with_context(|| format!("{} is damaged", path.display()))?;
            let cells = places
                .iter()
                .map(|place| place.and_then(|place| record.get(place)).unwrap_or(""));
            writer.write_record(cells)?;
        }
    }
    let bytes = writer.into_inner().context("the table")?;
    String::from_utf8(bytes).context("the table")
}

/// What evaluations counted together; `None` of analyses. Counts of whole numbers, so that the order does not matter.
fn sum_of<'a>(manifests: impl Iterator<Item = &'a Manifest>) -> Result<Option<Tally>> {
    let all: Vec<Option<&Tally>> = manifests.map(|manifest| manifest.tally.as_ref()).collect();
    ensure!(
        all.iter().all(Option::is_some) || all.iter().all(Option::is_none),
        "some shards are evaluations without their counts: run those shards again"
    );
    let mut sum: Option<Tally> = None;
    for tally in all.into_iter().flatten() {
        match &mut sum {
            Some(sum) => sum.add(tally)?,
            None => sum = Some(tally.clone()),
        }
    }
    Ok(sum)
}

/// The results of each input, none there twice and (unless `partial`) none missing.
fn files_of(
    inputs: &[PathBuf],
    shards: &BTreeMap<usize, (&PathBuf, Manifest)>,
    partial: bool,
) -> Result<Vec<(PathBuf, Vec<Located>)>> {
    let mut results: BTreeMap<&Path, Vec<Located>> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for (folder, manifest) in shards.values() {
        for done in &manifest.done {
            let located = |name: &PathBuf| Located {
                folder: (*folder).clone(),
                name: name.clone(),
            };
            let files: Vec<Located> = done.files.iter().map(located).collect();
            for file in &done.files {
                if let Some(other) = names.insert(file, &done.input) {
                    let (here, there) = (done.input.display(), other.display());
                    bail!("{} is a result of {there} and of {here}", file.display());
                }
            }
            ensure!(
                results.insert(&done.input, files).is_none(),
                "{} was analysed in two shards",
                done.input.display()
            );
        }
    }
    let missing: Vec<String> = inputs
        .iter()
        .filter(|input| !results.contains_key(input.as_path()))
        .map(|input| input.display().to_string())
        .collect();
    if !missing.is_empty() {
        let (count, all, named) = (missing.len(), inputs.len(), some(&missing));
        let what = format!("{count} of {all} inputs have no whole result: {named}");
        ensure!(
            partial && count < all,
            "{what}; their shards' messages say why: run those shards again, or merge the others with `--partial`"
        );
        eprintln!("warning: {what}; the others are merged");
    }
    let mut ordered = Vec::new();
    for input in inputs {
        if let Some(files) = results.remove(input.as_path()) {
            for file in &files {
                ensure!(
                    file.path().is_file(),
                    "{}, a result of {}, is gone",
                    file.path().display(),
                    input.display()
                );
            }
            ordered.push((input.clone(), files));
        }
    }
    if let Some((stray, _)) = results.first_key_value() {
        bail!("{} was analysed, but is none of the inputs", stray.display());
    }
    Ok(ordered)
}

/// The first of many names.
fn some(names: &[String]) -> String {
    let listed: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{rest}", listed.join(", "))
}
