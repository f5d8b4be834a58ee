//! The `[data]` table: which pictures a run learns from and is measured on.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Deserializer, Serialize};
use shared_model::expression::Expression;

use crate::datasets::class_numbers::ClassNumbers;
use crate::datasets::label_form::LabelForm;
use crate::datasets::layout::{Key, SourceFiles};
use crate::datasets::picture_set::PictureSet;
use crate::datasets::source_kind::SourceKind;
use crate::datasets::usage::Usage;

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Short for a source of labelled pictures: a csv `path,label[,video,frame,person]` (paths from its
    /// own folder; columns `share_neutral` to `share_other` share a label between classes), or a folder with one folder of pictures a class.
    pub labelled: Option<PathBuf>,
    /// Short for a source of pictures without labels, for `mode = "semi-supervised"`: a folder, with
    /// all folders in it, or a csv with a column `path`. Labels that a csv has are only compared with
    /// the pseudo-labels.
    pub unlabelled: Option<PathBuf>,
    /// `[[data.source]]`: what the two short forms cannot say.
    #[serde(default, rename = "source")]
    pub sources: Vec<SourceConfig>,
    /// Most labelled pictures of a class (paper, 4.1: 8,000); what is left over joins the unlabelled
    /// pool. 0 takes all. A label that is shared between classes counts for its most probable one.
    #[serde(default = "paper_quota")]
    pub quota: usize,
    /// Whether `Other` is learned from Aff-Wild2 alone where that is among the labelled sources (paper,
    /// 4.1).
    #[serde(default = "yes")]
    pub other_from_affwild2: bool,
    /// Share of the persons that is held back for evaluation. A source with `use = "validation"` takes
    /// their place.
    #[serde(default = "one_fifth")]
    pub held_back: f64,
    /// Decides with `held_back` which persons these are; without it the run's seed, so that another seed holds back others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_seed: Option<u64>,
    /// How a face is found in the pictures of sources that do not say it themselves and have no boxes.
    #[serde(default)]
    pub faces: FaceSource,
    /// Memory for decoded pictures in MiB; what does not fit is decoded again.
    #[serde(default = "one_gib")]
    pub cache_mib: usize,
    /// Origin and licence of the data, for the model's description.
    #[serde(default)]
    pub origin: String,
}

/// A `[[data.source]]`. Paths are from the working directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// What `[[ablate.row]]` calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it is laid out.
    pub kind: SourceKind,
    /// What it is for.
    #[serde(rename = "use")]
    pub role: SourceUse,
    /// `csv`: the list. `folder`: the folder. `affectnet-2021`: the folder with `images` and
    /// `annotations`. `ferplus`: the folder with `fer2013new.csv`, or Kaggle's `fer2013.csv`. `rafdb`: the
    /// folder with `EmoLabel` and `Image`. `ms1mv2`: the `.rec` file, beside its `.idx`.
    pub path: Option<PathBuf>,
    /// `affwild2`: the folder of crops. `affectnet-2017`, `expw`: the folder of pictures. `csv`: the
    /// folder that paths start from, if it is not the list's own.
    pub pictures: Option<PathBuf>,
    /// `affwild2`: the folder of annotations. `affectnet-2017`: the csv. `expw`: `label.lst`.
    pub annotations: Option<PathBuf>,
    /// `ferplus`, `rafdb`: the part that is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// `ferplus`: whether votes become a distribution (without it) or the class of the majority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelForm>,
    /// `csv`, `folder`: whose numbers stand for classes, if they are not Aff-Wild2's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<ClassNumbers>,
    /// Labels of these classes alone are used, by name; without it of all. Pictures of other classes
    /// count as left over. A label that is shared between classes is of its most probable one.
    #[serde(default, deserialize_with = "classes")]
    pub classes: Vec<Expression>,
    /// Every how many pictures one is taken, in the source's order, from its first (paper, 4.1: 3 for
    /// MS1MV2).
    #[serde(default = "one")]
    pub every: usize,
    /// `labelled`: share of this source's persons that is held back, in the place of `data.held_back`; 0
    /// learns from all of them, so that figures are of the other sources alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back: Option<f64>,
    /// `labelled`: how often each picture stands among those that are drawn from, so that a small source is not lost beside a
    /// large one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub repeat: usize,
    /// `labelled`: most pictures of a class that are drawn from this source, before `data.quota` is drawn from all of them;
    /// what is left over joins the unlabelled pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<usize>,
    /// How a face is found in this source's pictures; without it by the boxes that the source has, else as `data.faces` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faces: Option<FaceSource>,
}

/// What a source is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceUse {
    /// Pictures to learn from. Those without a label and those above the quota join the unlabelled pool.
    Labelled,
    /// Pictures whose labels no network is told.
    Unlabelled,
    /// Pictures to evaluate on, instead of held-back persons.
    Validation,
}

/// Whether pictures are faces already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaceSource {
    /// The whole picture is the face.
    #[default]
    Whole,
    /// The detector looks for the face, so that it is framed as in a video: for the one in the source's box where it has
    /// boxes, else for a large one in the middle. Where it finds none that box is taken, else the whole picture. Labelled
    /// pictures are all looked at when a run begins, unlabelled ones when they are first needed.
    Detect,
    /// The box that the source has.
    Box,
}

fn paper_quota() -> usize {
    8000
}

fn yes() -> bool {
    true
}

fn one_fifth() -> f64 {
    0.2
}

fn one_gib() -> usize {
    1024
}

fn one() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(value: &usize) -> bool {
    *value == 1
}

fn classes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Expression>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let parse = |name: &String| {
        Expression::parse(name).ok_or_else(|| {
            let known = Expression::ALL
                .map(|class| format!("`{}`", class.name()))
                .join(", ");
            serde::de::Error::custom(format!("unknown variant `{name}`, expected one of {known}"))
        })
    };
    names.iter().map(parse).collect()
}

impl DataConfig {
    /// All sources, the short forms first.
    #[must_use]
    pub fn all_sources(&self) -> Vec<SourceConfig> {
        let short =
            |path: &Option<PathBuf>, role| path.as_deref().map(|path| SourceConfig::of_path(path, role));
        let labelled = short(&self.labelled, SourceUse::Labelled);
        let unlabelled = short(&self.unlabelled, SourceUse::Unlabelled);
        labelled
            .into_iter()
            .chain(unlabelled)
            .chain(self.sources.iter().cloned())
            .collect()
    }

    /// # Errors
    /// When nothing is labelled, a source lacks a path, or a value is out of its range.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.held_back > 0.0 && self.held_back < 1.0,
            "`data.held_back` is {}, expected between 0 and 1",
            self.held_back
        );
        ensure!(
            self.faces != FaceSource::Box,
            "`data.faces` is \"box\", expected \"whole\" or \"detect\": sources with boxes go by them unless they say otherwise"
        );
        for (number, source) in (1..).zip(&self.sources) {
            source.check(number)?;
        }
        ensure!(
            self.all_sources()
                .iter()
                .any(|source| source.role == SourceUse::Labelled),
            "there are no labelled pictures: name a csv or a folder in `data.labelled`, or a `[[data.source]]` with \
             `use = \"labelled\"`"
        );
        Ok(())
    }
}

impl SourceConfig {
    /// A folder or a csv.
    #[must_use]
    pub fn of_path(path: &Path, role: SourceUse) -> Self {
        Self {
            name: None,
            kind: if path.is_dir() {
                SourceKind::FOLDER
            } else {
                SourceKind::CSV
            },
            role,
            path: Some(path.to_path_buf()),
            pictures: None,
            annotations: None,
            usage: None,
            labels: None,
            numbers: None,
            classes: Vec::new(),
            every: 1,
            held_back: None,
            repeat: 1,
            quota: None,
            faces: None,
        }
    }

    /// The name of the kind as the config has it, and the path and part that tell it from others of its kind.
    #[must_use]
    pub fn title(&self) -> String {
        let kind = self.kind.name;
        let path = self.path.as_ref().or(self.annotations.as_ref());
        let title = path.map_or_else(|| kind.to_owned(), |path| format!("{kind} {}", path.display()));
        self.with_usage(title)
    }

    fn with_usage(&self, title: String) -> String {
        match self.usage {
            Some(usage) => format!("{title}, {}", usage.name()),
            None => title,
        }
    }

    /// The kind, the last part of its path, and which part of the dataset it is: a model's description tells no one's folders.
    #[must_use]
    pub fn file_title(&self) -> String {
        let path = self.path.as_ref().or(self.annotations.as_ref());
        let name = path.and_then(|path| path.file_name());
        let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        self.with_usage(format!("{} {name}", self.kind.name))
    }

    /// How a face is found in its pictures, in data where `usual` is said of all sources.
    #[must_use]
    pub fn faces(&self, usual: FaceSource) -> FaceSource {
        let without_word = if self.has_boxes() { FaceSource::Box } else { usual };
        self.faces.unwrap_or(without_word)
    }

    fn has_boxes(&self) -> bool {
        self.kind.has_boxes
    }

    /// Whether labels of this class are used.
    #[must_use]
    pub fn takes(&self, class: Expression) -> bool {
        self.classes.is_empty() || self.classes.contains(&class)
    }

    fn check(&self, number: usize) -> Result<()> {
        let name = || format!("`[[data.source]]` {number} ({})", self.title());
        ensure!(self.every > 0, "{}: `every` is 0, expected 1 or more", name());
        self.check_files().with_context(name)?;
        self.check_options().with_context(name)?;
        ensure!(
            self.repeat == 1 || self.role == SourceUse::Labelled,
            "{}: `repeat` is of pictures to learn from, and this source is not `use = \"labelled\"`",
            name()
        );
        ensure!(
            self.quota.is_none() || self.role == SourceUse::Labelled,
            "{}: `quota` is of pictures to learn from, and this source is not `use = \"labelled\"`",
            name()
        );
        ensure!(
            self.quota != Some(0),
            "{}: `quota` is 0, expected 1 or more; leave it out to take all",
            name()
        );
        ensure!(
            (1..=1000).contains(&self.repeat),
            "{}: `repeat` is {}, expected 1 to 1000",
            name(),
            self.repeat
        );
        ensure!(
            self.faces != Some(FaceSource::Box) || self.has_boxes(),
            "{}: `faces = \"box\"` needs boxes, and this kind has none, expected \"whole\" or \"detect\"",
            name()
        );
        ensure!(
            self.kind.has_labels || self.role == SourceUse::Unlabelled,
            "{}: {} has no expressions, expected `use = \"unlabelled\"`",
            name(),
            self.kind.title
        );
        ensure!(
            self.classes.is_empty() || self.role != SourceUse::Unlabelled,
            "{}: `classes` chooses labels, and an unlabelled source's are not used",
            name()
        );
        if let Some(share) = self.held_back {
            ensure!(
                self.role == SourceUse::Labelled,
                "{}: `held_back` splits labelled persons, and this source is not `use = \"labelled\"`",
                name()
            );
            ensure!(
                (0.0..1.0).contains(&share),
                "{}: `held_back` is {share}, expected 0 up to 1",
                name()
            );
        }
        Ok(())
    }

    /// The files that its layout needs are named, and no others.
    fn check_files(&self) -> Result<()> {
        for key in Key::OF_FILES {
            let value = match key {
                Key::Path => &self.path,
                Key::Pictures => &self.pictures,
                _ => &self.annotations,
            };
            ensure!(
                value.is_some() || !self.kind.needs.contains(&key),
                "`{}` is missing",
                key.name()
            );
            if value.is_some() && !self.kind.allows(key) {
                let allowed = Key::OF_FILES.into_iter().filter(|key| self.kind.allows(*key));
                let allowed: Vec<&str> = allowed.map(Key::name).collect();
                bail!(
                    "`{}` means nothing for this kind, expected {}",
                    key.name(),
                    allowed.join(" and ")
                );
            }
        }
        Ok(())
    }

    /// The keys that some layouts alone have.
    fn check_options(&self) -> Result<()> {
        for key in Key::OF_CHOICES {
            let is_set = match key {
                Key::Usage => self.usage.is_some(),
                Key::Labels => self.labels.is_some(),
                _ => self.numbers.is_some(),
            };
            ensure!(
                !is_set || self.kind.allows(key),
                "`{}` means nothing for this kind",
                key.name()
            );
        }
        let parts: Vec<String> = self
            .kind
            .usages
            .iter()
            .map(|usage| format!("\"{}\"", usage.name()))
            .collect();
        let parts = parts.join(" or ");
        ensure!(
            self.usage.is_some() || !self.kind.needs.contains(&Key::Usage),
            "`usage` is missing, expected {parts}"
        );
        if let Some(usage) = self.usage.filter(|usage| !self.kind.usages.contains(usage)) {
            bail!(
                "{} has no part \"{}\", expected {parts}",
                self.kind.title,
                usage.name()
            );
        }
        Ok(())
    }

    /// Reads its lists, never its pictures.
    ///
    /// # Errors
    /// When one cannot be read or is not as it should be.
    pub fn read(&self) -> Result<PictureSet> {
        (self.kind.read)(&SourceFiles {
            path: self.path.as_deref(),
            pictures: self.pictures.as_deref(),
            annotations: self.annotations.as_deref(),
            usage: self.usage,
            labels: self.labels,
            numbers: self.numbers.unwrap_or_default(),
            needs_labels: self.role != SourceUse::Unlabelled,
        })
    }
}
