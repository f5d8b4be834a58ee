//! The `[ablate]` table.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::datasets::config::{DataConfig, SourceUse};
use crate::run_config::mode::Mode;
use crate::run_config::semi_supervised_config::SemiSupervisedConfig;
use crate::synth::SynthSpec;

/// Which runs make up the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AblateConfig {
    /// Every row is run once with each of these.
    pub seeds: Vec<u64>,
    /// Folder that rendered data is written to before the first row; the sources of `[data]` point into
    /// it. Without it nothing is rendered.
    pub synthetic_folder: Option<PathBuf>,
    /// What is rendered there.
    pub synthetic: SynthSpec,
    /// What the rows with SSL, or all rows of one's own, start from; without it (method) what `model.start` says, else
    /// random weights.
    pub start: Option<StartConfig>,
    /// `[[ablate.row]]`: rows of one's own, in the place of the paper's five. They are of stage 1 alone.
    #[serde(rename = "row", skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowConfig>,
    /// What rows of one's own are measured on: data as `mien evaluate --data` takes them, pictures alone. Whether they are
    /// taken whole is as `data.faces` says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measure: Vec<PathBuf>,
}

/// A row of one's own: a run of stage 1 on some of the sources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowConfig {
    /// Its folder in that of a seed.
    pub name: String,
    /// As the table has it.
    pub title: String,
    /// How its network learns.
    pub mode: Mode,
    /// Names of the sources that it learns from.
    pub sources: Vec<String>,
    /// Takes the place of `quota` of those of its sources that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<usize>,
    /// Takes the place of the whole `[semi_supervised]` table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semi_supervised: Option<SemiSupervisedConfig>,
}

impl Default for AblateConfig {
    fn default() -> Self {
        Self {
            seeds: vec![0],
            synthetic_folder: None,
            synthetic: SynthSpec::default(),
            start: None,
            rows: Vec::new(),
            measure: Vec::new(),
        }
    }
}

impl AblateConfig {
    /// # Errors
    /// On a value out of its range, named with what was expected.
    pub fn check(&self) -> Result<()> {
        ensure!(
            !self.seeds.is_empty(),
            "`ablate.seeds` is empty, expected at least one"
        );
        let mut seeds = self.seeds.clone();
        seeds.sort_unstable();
        seeds.dedup();
        ensure!(
            seeds.len() == self.seeds.len(),
            "`ablate.seeds` names a seed twice: each must be another"
        );
        if self.synthetic_folder.is_some() {
            self.synthetic.check()?;
        }
        if let Some(start) = &self.start {
            start.check()?;
        }
        ensure!(
            self.rows.is_empty() == self.measure.is_empty(),
            "`[[ablate.row]]` and `ablate.measure` belong together: rows of one's own are measured on pictures, such as \
             `measure = [\"native-train/configs/measure/ferplus-valid.toml\"]`"
        );
        let mut names = HashSet::new();
        for row in &self.rows {
            row.check()?;
            ensure!(
                names.insert(&row.name),
                "`ablate.row` has two rows with the name `{}`: each must have its own",
                row.name
            );
        }
        Ok(())
    }

    /// Whether rows of one's own name sources that are there.
    ///
    /// # Errors
    /// On a name that no source has, or that two have.
    pub(super) fn check_sources(&self, data: &DataConfig) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        ensure!(
            data.labelled.is_none() && data.unlabelled.is_none(),
            "rows of one's own choose from `[[data.source]]` by `name`: write `data.labelled` and `data.unlabelled` as such"
        );
        let mut names = HashSet::new();
        for name in data.sources.iter().filter_map(|source| source.name.as_deref()) {
            ensure!(names.insert(name), "two `[[data.source]]` have the name `{name}`");
        }
        for row in &self.rows {
            let name = &row.name;
            let unknown = row.sources.iter().find(|source| !names.contains(source.as_str()));
            ensure!(
                unknown.is_none(),
                "`ablate.row` {name}: no `[[data.source]]` has the name `{}`",
                unknown.map_or("", String::as_str)
            );
            let is_labelled = data.sources.iter().any(|source| {
                source.role == SourceUse::Labelled
                    && source
                        .name
                        .as_ref()
                        .is_some_and(|name| row.sources.contains(name))
            });
            ensure!(
                is_labelled,
                "`ablate.row` {name}: none of its sources is labelled"
            );
        }
        Ok(())
    }
}

impl RowConfig {
    /// # Errors
    /// On a value out of its range, named with what was expected.
    fn check(&self) -> Result<()> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        ensure!(
            !self.name.is_empty() && self.name.chars().all(is_plain),
            "`ablate.row.name` is `{}`, expected letters, digits, - and _: it names a folder",
            self.name
        );
        ensure!(
            self.quota != Some(0),
            "`ablate.row` {}: `quota` is 0, expected 1 or more",
            self.name
        );
        self.semi_supervised
            .as_ref()
            .map_or(Ok(()), SemiSupervisedConfig::check)
    }
}

/// The `[ablate.start]` table. From random weights the method's losses need many steps before the
/// teacher's answers are worth following; where there is no time for them (nor a backbone that was trained
/// elsewhere), the rows with SSL start from this run, which sees the labelled pictures of row `Ssl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartConfig {
    /// Steps in all.
    pub steps: u64,
    /// Learning rate at the start; it falls to 0 along a cosine.
    pub rate: f64,
}

impl StartConfig {
    /// # Errors
    /// On a value out of its range, named with what was expected.
    fn check(&self) -> Result<()> {
        ensure!(
            self.steps > 0,
            "`ablate.start.steps` is 0, expected 1 or more; leave `[ablate.start]` out to start from random weights"
        );
        ensure!(
            self.rate > 0.0 && self.rate.is_finite(),
            "`ablate.start.rate` is {}, expected a number above 0",
            self.rate
        );
        Ok(())
    }
}
