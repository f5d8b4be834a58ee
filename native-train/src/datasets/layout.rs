//! What a dataset's layout consists of.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::datasets::class_numbers::ClassNumbers;
use crate::datasets::label_form::LabelForm;
use crate::datasets::picture_set::PictureSet;
use crate::datasets::usage::Usage;

/// How a dataset lies on the disk. Configs, their checks, and the table of docs/datasets.md follow from these values.
#[derive(Debug)]
pub struct Layout {
    /// `kind` in a config.
    pub name: &'static str,
    /// The dataset's own name.
    pub title: &'static str,
    /// The files, in words (markdown).
    pub files: &'static str,
    /// Keys that a config must have.
    pub needs: &'static [Key],
    /// Keys that it may have besides.
    pub takes: &'static [Key],
    /// The parts that it comes in; none where it is one.
    pub usages: &'static [Usage],
    /// Whether it says where the faces are.
    pub has_boxes: bool,
    /// Whether it says what they express.
    pub has_labels: bool,
    /// Reads its lists, never its pictures.
    pub read: fn(&SourceFiles<'_>) -> Result<PictureSet>,
}

/// Keys of a `[[data.source]]` that belong to its layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The one file or folder.
    Path,
    /// The folder of pictures.
    Pictures,
    /// The folder or file of annotations.
    Annotations,
    /// The part that is read.
    Usage,
    /// What is learned from votes.
    Labels,
    /// Whose numbers stand for classes.
    Numbers,
}

impl Key {
    /// Those that name files.
    pub const OF_FILES: [Self; 3] = [Self::Path, Self::Pictures, Self::Annotations];
    /// Those that name none.
    pub const OF_CHOICES: [Self; 3] = [Self::Usage, Self::Labels, Self::Numbers];

    /// As a config writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Pictures => "pictures",
            Self::Annotations => "annotations",
            Self::Usage => "usage",
            Self::Labels => "labels",
            Self::Numbers => "numbers",
        }
    }
}

impl Layout {
    /// Whether a config may have this key.
    #[must_use]
    pub fn allows(&self, key: Key) -> bool {
        self.needs.contains(&key) || self.takes.contains(&key)
    }
}

/// Where a source's files are and what is wanted of them, as its config says it.
#[derive(Debug, Clone, Copy)]
pub struct SourceFiles<'a> {
    /// [`Key::Path`].
    pub path: Option<&'a Path>,
    /// [`Key::Pictures`].
    pub pictures: Option<&'a Path>,
    /// [`Key::Annotations`].
    pub annotations: Option<&'a Path>,
    /// [`Key::Usage`].
    pub usage: Option<Usage>,
    /// [`Key::Labels`].
    pub labels: Option<LabelForm>,
    /// [`Key::Numbers`].
    pub numbers: ClassNumbers,
    /// Whether labels are asked for.
    pub needs_labels: bool,
}

impl<'a> SourceFiles<'a> {
    /// The one file or folder.
    ///
    /// # Errors
    /// When the config does not say it.
    pub fn path(&self) -> Result<&'a Path> {
        self.path.context("`path` is missing")
    }

    /// The folder of pictures.
    ///
    /// # Errors
    /// When the config does not say it.
    pub fn pictures(&self) -> Result<&'a Path> {
        self.pictures.context("`pictures` is missing")
    }

    /// The folder or file of annotations.
    ///
    /// # Errors
    /// When the config does not say it.
    pub fn annotations(&self) -> Result<&'a Path> {
        self.annotations.context("`annotations` is missing")
    }

    /// The part that is read.
    ///
    /// # Errors
    /// When the config does not say it.
    pub fn usage(&self) -> Result<Usage> {
        self.usage.context("`usage` is missing")
    }
}
