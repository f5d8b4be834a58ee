//! All sources of a run under one numbering.

use anyhow::{Context as _, Result, ensure};
use shared_model::expression::Expression;

use crate::datasets::config::{DataConfig, FaceSource, SourceConfig, SourceUse};
use crate::datasets::label_distribution::LabelDistribution;
use crate::datasets::picture_ref::PictureRef;
use crate::datasets::picture_set::PictureSet;

/// Every picture that a run may see, numbered through all sources. It knows where they are; it holds
/// none of them.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    sources: Vec<Source>,
    /// How faces are found where a source does not say it.
    faces: FaceSource,
}

/// A source and its pictures.
#[derive(Debug, Clone)]
pub struct Source {
    /// What the config says of it.
    pub config: SourceConfig,
    /// Its pictures.
    pub set: PictureSet,
    /// The number of its first picture.
    pub first: u32,
}

impl Catalogue {
    /// Reads the lists of all sources; no picture is opened.
    ///
    /// # Errors
    /// When a list cannot be read, is not as it should be, or has no picture; the message names the
    /// source.
    pub fn read(data: &DataConfig) -> Result<Self> {
        let mut catalogue = Self {
            faces: data.faces,
            ..Self::default()
        };
        for source in data.all_sources() {
            catalogue.add(source)?;
        }
        Ok(catalogue)
    }

    /// Reads one source more.
    ///
    /// # Errors
    /// As [`Catalogue::read`].
    pub fn add(&mut self, config: SourceConfig) -> Result<()> {
        let fail = || format!("the pictures of {}", config.title());
        let set = config.read().with_context(fail)?.thinned(config.every);
        ensure!(!set.is_empty(), "{} has no picture", config.title());
        let labelled = (0..set.len()).any(|place| match config.role {
            SourceUse::Labelled => set.target(place).is_some(),
            SourceUse::Validation => set.label(place).is_some(),
            SourceUse::Unlabelled => false,
        });
        ensure!(
            labelled || config.role == SourceUse::Unlabelled,
            "{} has no labelled picture",
            config.title()
        );
        let first = self.len();
        u32::try_from(first as usize + set.len()).context("more than 4 billion pictures")?;
        self.sources.push(Source { config, set, first });
        Ok(())
    }

    /// Number of pictures.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.sources
            .last()
            .map_or(0, |source| source.first + source.set.len() as u32)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sources, in the config's order.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Where a picture is, with its box where the source has boxes and its faces are found by them.
    #[must_use]
    pub fn picture(&self, number: u32) -> Option<PictureRef> {
        let (source, place) = self.find(number)?;
        let picture = source.set.picture(place)?;
        let is_whole = source.config.faces(self.faces) == FaceSource::Whole;
        Some(PictureRef {
            face: picture.face.filter(|_| !is_whole),
            ..picture
        })
    }

    /// Whether the detector looks for the face in a picture.
    #[must_use]
    pub fn is_searched(&self, number: u32) -> bool {
        let source = self.find(number).map(|(source, _)| &source.config);
        source.is_some_and(|source| source.faces(self.faces) == FaceSource::Detect)
    }

    /// How often it stands among the pictures to learn from.
    #[must_use]
    pub fn repeat(&self, number: u32) -> usize {
        self.find(number).map_or(1, |(source, _)| source.config.repeat)
    }

    /// The class that it counts as where it is measured on.
    #[must_use]
    pub fn label(&self, number: u32) -> Option<Expression> {
        let (source, place) = self.find(number)?;
        source.set.label(place)
    }

    /// What is learned from it: how its label is shared between classes, or all of its one class.
    #[must_use]
    pub fn target(&self, number: u32) -> Option<LabelDistribution> {
        let (source, place) = self.find(number)?;
        source.set.target(place)
    }

    /// Who it shows, or which video it is from, or its own name.
    #[must_use]
    pub fn person(&self, number: u32) -> Option<&str> {
        let (source, place) = self.find(number)?;
        source.set.person(place)
    }

    fn find(&self, number: u32) -> Option<(&Source, usize)> {
        let after = self.sources.partition_point(|source| source.first <= number);
        let source = self.sources.get(after.checked_sub(1)?)?;
        Some((source, (number - source.first) as usize))
    }
}
