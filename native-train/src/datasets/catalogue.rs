//! All sources of a run under one numbering.

use anyhow::{Context as _, Result, ensure};
use shared_model::expression::Expression;

use crate::datasets::config::{DataConfig, FaceSource, SourceConfig, SourceKind, SourceUse};
use crate::datasets::label_distribution::LabelDistribution;
use crate::datasets::picture_ref::PictureRef;
use crate::datasets::picture_set::PictureSet;
use crate::datasets::{
    affectnet_2017, affectnet_2021, affwild2, class_folders, expw, ferplus, list_csv, ms1mv2, rafdb,
};

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
        let set = read_set(&config).with_context(fail)?.thinned(config.every);
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

fn read_set(config: &SourceConfig) -> Result<PictureSet> {
    let path = |key: &str, path: &Option<std::path::PathBuf>| {
        path.clone().with_context(|| format!("`{key}` is missing"))
    };
    let usage = || config.usage.context("`usage` is missing");
    let labels = config.role != SourceUse::Unlabelled;
    match config.kind {
        SourceKind::Csv => list_csv::read(
            &path("path", &config.path)?,
            config.pictures.as_deref(),
            labels,
            config.numbers.unwrap_or_default(),
        ),
        SourceKind::Folder if labels => {
            class_folders::read_labelled(&path("path", &config.path)?, config.numbers.unwrap_or_default())
        }
        SourceKind::Folder => class_folders::read_unlabelled(&path("path", &config.path)?),
        SourceKind::AffWild2 => affwild2::read_pictures(
            &path("pictures", &config.pictures)?,
            &path("annotations", &config.annotations)?,
        ),
        SourceKind::AffectNet2017 => affectnet_2017::read(
            &path("pictures", &config.pictures)?,
            &path("annotations", &config.annotations)?,
        ),
        SourceKind::AffectNet2021 => affectnet_2021::read(&path("path", &config.path)?),
        SourceKind::ExpW => expw::read(
            &path("pictures", &config.pictures)?,
            &path("annotations", &config.annotations)?,
        ),
        SourceKind::FerPlus => ferplus::read(&path("path", &config.path)?, usage()?, config.labels),
        SourceKind::RafDb => rafdb::read(&path("path", &config.path)?, usage()?),
        SourceKind::Ms1mV2 => ms1mv2::read(&path("path", &config.path)?),
    }
}
