//! Which pictures are measured.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use shared_model::expression::Expression;

use crate::datasets::catalogue::{Catalogue, Source};
use crate::datasets::config::{FaceSource, SourceConfig, SourceUse};
use crate::datasets::picture_ref::PictureRef;
use crate::datasets::selection::Selection;
use crate::datasets::source_kind::SourceKind;
use crate::run_config::RunConfig;

/// A picture with its truth.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredPicture {
    /// Where it is; its box, where it has one, says which of the faces is labelled.
    pub picture: PictureRef,
    /// The truth.
    pub label: Expression,
    /// Who it shows, or which video it is from, where that is known.
    pub person: Option<String>,
    /// Pictures of one person have one number, counted from 0.
    pub unit: usize,
}

/// The labelled pictures of all measured sources.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureSelection {
    /// In the sources' order.
    pub pictures: Vec<MeasuredPicture>,
    /// What they are from: the kind of each source and the last part of its path.
    pub sources: Vec<String>,
    /// Pictures of the measured side that have no label, or one that the config does not use.
    pub without_label: usize,
    /// Whether the config says that its pictures are faces already.
    pub whole_in_config: bool,
}

impl PictureSelection {
    /// All labelled pictures of a csv or of a folder with a folder of pictures a class.
    ///
    /// # Errors
    /// When it cannot be read, a label is none of the classes, or nothing is labelled.
    pub fn of_path(path: &Path) -> Result<Self> {
        let mut catalogue = Catalogue::default();
        catalogue.add(SourceConfig::of_path(path, SourceUse::Validation))?;
        let numbers: Vec<u32> = (0..catalogue.len())
            .filter(|number| catalogue.label(*number).is_some())
            .collect();
        let without_label = catalogue.len() as usize - numbers.len();
        Ok(Self::gathered(&catalogue, &numbers, without_label, false))
    }

    /// The pictures that a config's stage 1 is measured on: those of its validation sources, else of the persons that are
    /// held back. Aff-Wild2's are videos, and are left out; unlabelled sources are not read. `None` where nothing is left.
    ///
    /// # Errors
    /// When a source is not as it should be, or a person is on both sides.
    pub fn of_config(config: &RunConfig) -> Result<Option<Self>> {
        let data = &config.data;
        let sources = data.all_sources();
        let is_picture = |source: &SourceConfig| {
            source.kind != SourceKind::AFFWILD2 && source.role != SourceUse::Unlabelled
        };
        let validates = |source: &SourceConfig| source.role == SourceUse::Validation;
        let has_validation = sources.iter().any(validates);
        if has_validation
            && !sources
                .iter()
                .any(|source| validates(source) && is_picture(source))
        {
            return Ok(None);
        }
        let mut catalogue = Catalogue::default();
        for source in &sources {
            // Nobody of a source without held-back persons is measured: it need not be there.
            let is_needed = has_validation || source.held_back != Some(0.0);
            if is_picture(source) && is_needed {
                catalogue.add(source.clone())?;
            }
        }
        let selection = Selection::new(&catalogue, data, config.seed)?;
        let is_affwild2 =
            |source: &SourceConfig| source.kind == SourceKind::AFFWILD2 && source.role == SourceUse::Labelled;
        let no_other = data.other_from_affwild2 && !has_validation && sources.iter().any(is_affwild2);
        let mut numbers = selection.held_back;
        let before = numbers.len();
        numbers.retain(|number| !(no_other && catalogue.label(*number) == Some(Expression::Other)));
        let without_label = selection.hidden + before - numbers.len();
        if numbers.is_empty() {
            return Ok(None);
        }
        let is_whole = |source: &Source| source.config.faces(data.faces) == FaceSource::Whole;
        let whole = catalogue.sources().iter().all(is_whole);
        Ok(Some(Self::gathered(&catalogue, &numbers, without_label, whole)))
    }

    /// The pictures of these numbers, which rise.
    fn gathered(catalogue: &Catalogue, numbers: &[u32], without_label: usize, whole_in_config: bool) -> Self {
        let mut units: HashMap<(PathBuf, String), usize> = HashMap::new();
        let (mut pictures, mut sources) = (Vec::with_capacity(numbers.len()), Vec::new());
        for source in catalogue.sources() {
            let title = source.config.file_title();
            let measured_before = pictures.len();
            for (number, place) in (source.first..).zip(0..source.set.len()) {
                let (Ok(_), Some(picture), Some(label)) = (
                    numbers.binary_search(&number),
                    source.set.picture(place),
                    source.set.label(place),
                ) else {
                    continue;
                };
                let person = source.set.person(place).unwrap_or_default();
                // Sources of one root name the same persons by the same names.
                let key = (source.set.root().to_owned(), person.to_owned());
                let next = units.len();
                pictures.push(MeasuredPicture {
                    picture,
                    label,
                    person: (source.set.name(place) != Some(person)).then(|| person.to_owned()),
                    unit: *units.entry(key).or_insert(next),
                });
            }
            if pictures.len() > measured_before {
                for line in source.set.findings.lines() {
                    tracing::info!("{}: {line}", source.config.title());
                }
                sources.push(title);
            }
        }
        Self {
            pictures,
            sources,
            without_label,
            whole_in_config,
        }
    }

    /// Whether it is known of any picture who it shows.
    #[must_use]
    pub fn knows_persons(&self) -> bool {
        self.pictures.iter().any(|picture| picture.person.is_some())
    }
}

/// As [`PictureSelection::of_path`], with a folder's possible layouts in the message.
///
/// # Errors
/// As there.
pub(in crate::evaluate) fn of_named(path: &Path) -> Result<PictureSelection> {
    PictureSelection::of_path(path).with_context(|| {
        let shown = path.display();
        if path.is_dir() {
            format!(
                "{shown} holds neither Aff-Wild2's layout (`cropped_aligned` or `cropped`, and `annotations`) nor one folder \
                 of pictures a class"
            )
        } else {
            format!("{shown} is taken for a list of pictures, `path,label[,person]`")
        }
    })
}
