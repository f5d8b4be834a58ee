//! `mien merge`: the results of several machines as one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use shared_model::csv_reader::CsvReader;
use shared_model::file_text;
use shared_model::project::Project;

use crate::evaluate::evaluation::Evaluation;
use crate::known_people::KnownPeople;
use crate::result_format::Format;
use crate::shards::manifest::Manifest;
use crate::video_evaluation::tally::Tally;
use crate::written_files::{WrittenFiles, is_same_file};
use crate::wrong_use::WrongUse;
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
    /// Who is who, from projects that the page wrote of these inputs, whose results need a JSON among them: rows and files
    /// are made anew by person
    #[arg(long, value_name = "PROJECT.json")]
    people: Vec<PathBuf>,
    /// Replace what stands in a result's place also where mien did not write it, or where it was changed since
    #[arg(long)]
    force: bool,
}

/// Checks that the shards belong together and that nothing is missing or there twice, and only then writes. The paths of
/// the files written go to stdout; of an evaluation its figures do, over all videos.
///
/// # Errors
/// When shards are missing, doubled or made with other settings, when an input has two results or (without `--partial`) none, or when a file
/// cannot be read, written or replaced. Each file is whole or not there.
pub fn run(options: &Options) -> Result<()> {
    let mut results = Results::gather(&options.folders, options.partial)?;
    results.tell_people(&options.people)?;
    let table = match &options.csv {
        Some(_) => Some(results.table()?),
        None => None,
    };
    let evaluation = results.tally.as_ref().map(Evaluation::of).transpose()?;
    let files = WrittenFiles::check(results.planned(options, evaluation.as_ref())?, options.force)?;
    if let Some(folder) = &options.out {
        atomic_file::make_folder(folder)?;
        results.copy_to(folder, evaluation.is_none(), &files)?;
        if let Some(evaluation) = &evaluation {
            evaluation.write(folder, &files)?;
        }
    }
    if let (Some(path), Some(table)) = (&options.csv, table) {
        files.write(path, table.as_bytes())?;
        if evaluation.is_none() {
            stdout::line(format_args!("{}", path.display()));
        }
    }
    if let Some(evaluation) = &evaluation {
        evaluation.print();
    }
    tracing::info!(
        "{} inputs of {} shards merged",
        results.files.len(),
        results.shards
    );
    Ok(())
}

/// The files of each input, in the inputs' order.
struct Results {
    shards: usize,
    /// All inputs, also those without a result.
    inputs: Vec<PathBuf>,
    files: Vec<(PathBuf, Vec<Located>)>,
    /// What stands in place of a shard's file, by its path.
    told: BTreeMap<PathBuf, String>,
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
            inputs: first.inputs.clone(),
            files: files_of(&first.inputs, &found, partial)?,
            told: BTreeMap::new(),
            tally: sum_of(found.values().map(|(_, manifest)| manifest))?,
        })
    }

    /// Makes the files anew of inputs of which a project says who is who.
    fn tell_people(&mut self, projects: &[PathBuf]) -> Result<()> {
        let known = KnownPeople::read(projects, &self.inputs)?;
        if self.tally.is_some() && !projects.is_empty() {
            let wrong = "`--people` is for analyses: the figures of an evaluation are not told by person";
            return Err(WrongUse(wrong.to_owned()).into());
        }
        for (input, files) in &self.files {
            if !known.has(input) {
                continue;
            }
            let paths: Vec<PathBuf> = files.iter().map(Located::path).collect();
            let is_project = |path: &&PathBuf| Format::of_path(path) == Some(Format::Json);
            let path = paths.iter().find(is_project);
            let path = path.with_context(|| {
                format!("{} has no json, of which files by person could be made: analyse with `--format csv,json`", input.display())
            })?;
            let mut project = Project::from_json(&read_text(path)?)
                .with_context(|| format!("{} is damaged", path.display()))?;
            let Some(people) = known.of(input, &project.timeline)? else {
                continue;
            };
            project.people = people.clone();
            let Project {
                smoothing, window, ..
            } = project;
            let rows = project.timeline.rows_of_people(people, smoothing, window);
            for path in paths {
                let Some(format) = Format::of_path(&path) else {
                    continue;
                };
                let text = match format.text(&project.video, &rows, &project.timeline) {
                    Some(text) => text,
                    None => project.to_json().context("the project")?,
                };
                self.told.insert(path, text);
            }
        }
        Ok(())
    }

    /// The text of a shard's file, by person where that was asked for.
    fn text_of(&self, path: &Path) -> Result<String> {
        self.told
            .get(path)
            .map_or_else(|| read_text(path), |text| Ok(text.clone()))
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
            let text = self.text_of(&path)?;
            texts.push((path, text));
        }
        joined(&texts)
    }

    fn located(&self) -> impl Iterator<Item = &Located> {
        self.files.iter().flat_map(|(_, files)| files)
    }

    /// All that will be written. What is merged into its own folder stays as it is.
    fn planned(&self, options: &Options, evaluation: Option<&Evaluation>) -> Result<Vec<PathBuf>> {
        let mut planned = Vec::new();
        if let Some(folder) = &options.out {
            let own = |file: &&Located| is_same_file(&file.path(), &folder.join(&file.name));
            if let Some(file) = self
                .located()
                .filter(own)
                .find(|file| self.told.contains_key(&file.path()))
            {
                let wrong = format!(
                    "{} is a shard's own: name another folder with `--out` for files by person",
                    file.path().display()
                );
                return Err(WrongUse(wrong).into());
            }
            let targets = self
                .located()
                .filter(|file| !is_same_file(&file.path(), &folder.join(&file.name)));
            planned.extend(targets.map(|file| folder.join(&file.name)));
            let names = evaluation.map(Evaluation::file_names).unwrap_or_default();
            planned.extend(names.into_iter().map(|name| folder.join(name)));
        }
        if let Some(table) = &options.csv {
            if let Some(file) = self.located().find(|file| is_same_file(&file.path(), table)) {
                let wrong = format!(
                    "`--csv` is {}, a result of a shard: name another file",
                    file.path().display()
                );
                return Err(WrongUse(wrong).into());
            }
            if let Some(result) = planned.iter().find(|path| is_one_place(path, table)) {
                let wrong = format!(
                    "`--csv` is {}, which `--out` writes too: name another file",
                    result.display()
                );
                return Err(WrongUse(wrong).into());
            }
            planned.push(table.clone());
        }
        Ok(planned)
    }

    fn copy_to(&self, folder: &Path, say: bool, files: &WrittenFiles) -> Result<()> {
        for file in self.located() {
            let (path, target) = (file.path(), folder.join(&file.name));
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent)
                    .with_context(|| format!("the output folder {} cannot be made", parent.display()))?;
            }
            if !is_same_file(&path, &target) {
                let bytes = match self.told.get(&path) {
                    Some(text) => text.clone().into_bytes(),
                    None => {
                        std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?
                    }
                };
                files.write(&target, &bytes)?;
            }
            if say {
                stdout::line(format_args!("{}", target.display()));
            }
        }
        Ok(())
    }
}

fn read_text(path: &Path) -> Result<String> {
    let fail = || format!("{} cannot be read", path.display());
    file_text::decode(std::fs::read(path).with_context(fail)?).with_context(fail)
}

/// Tables of any columns under one header: that of the table with the most. Columns that another table, of an older program,
/// does not have yet stay empty there.
///
/// # Errors
/// When a table has a column that the header lacks, or is damaged.
fn joined(tables: &[(PathBuf, String)]) -> Result<String> {
    let mut most: Vec<String> = Vec::new();
    for (path, text) in tables {
        let table = CsvReader::new(text.as_bytes(), false)
            .with_context(|| format!("{} is no table", path.display()))?;
        if table.headers().len() > most.len() {
            most = table.headers().to_vec();
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&most)?;
    let mut record = csv::StringRecord::new();
    for (path, text) in tables {
        let mut table = CsvReader::new(text.as_bytes(), false)?;
        if let Some(other) = table.headers().iter().find(|name| !most.contains(name)) {
            bail!(
                "{} has a column `{other}` that the tables beside it do not have: `{}`",
                path.display(),
                most.join(",")
            );
        }
        let places: Vec<Option<usize>> = most
            .iter()
            .map(|name| table.headers().iter().position(|column| column == name))
            .collect();
        let fail = || format!("{} is damaged", path.display());
        while table.read(&mut record).with_context(fail)? {
            let cells = places
                .iter()
                .map(|place| place.and_then(|place| record.get(place)).unwrap_or(""));
            writer.write_record(cells)?;
        }
    }
    let bytes = writer.into_inner().context("the table")?;
    String::from_utf8(bytes).context("the table")
}

/// Whether two files, which need not be there, are to lie at one place.
fn is_one_place(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        let folder = atomic_file::folder_of(path);
        let folder = folder
            .canonicalize()
            .or_else(|_| std::path::absolute(folder))
            .ok()?;
        Some(folder.join(path.file_name()?))
    };
    place(one).is_some_and(|one| Some(one) == place(other))
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
        tracing::warn!("{what}; the others are merged");
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
