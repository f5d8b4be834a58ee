//! Pictures with labels, as training and evaluation see them.

use std::path::Path;

use anyhow::Result;
use shared_model::expression::Expression;

use crate::datasets::catalogue::Catalogue;
use crate::datasets::config::{SourceConfig, SourceUse};
use crate::datasets::label_distribution::LabelDistribution;
use crate::datasets::picture_ref::PictureRef;

/// A picture with its label.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledPicture {
    /// Where it is.
    pub picture: PictureRef,
    /// Whether the detector looks for the face in it, in its box where it has one.
    pub is_searched: bool,
    /// How often it stands among the pictures that are drawn from.
    pub repeat: usize,
    /// Its class; where the label is shared between classes, the one that is measured, else the most probable.
    pub label: Expression,
    /// What is learned from it.
    pub target: LabelDistribution,
    /// Who it shows, else its video, else the picture itself.
    pub person: String,
}

/// Reads a csv or a folder with one folder a class; pictures without a label are left out.
///
/// # Errors
/// When it cannot be read, a label is none of the classes, or there is no labelled picture at all.
pub fn read(source: &Path) -> Result<Vec<LabelledPicture>> {
    let mut catalogue = Catalogue::default();
    catalogue.add(SourceConfig::of_path(source, SourceUse::Labelled))?;
    Ok(gathered(&catalogue, 0..catalogue.len()))
}

/// The pictures of these numbers; those without a label are left out.
#[must_use]
pub fn gathered(catalogue: &Catalogue, numbers: impl IntoIterator<Item = u32>) -> Vec<LabelledPicture> {
    let gather = |number| {
        let target = catalogue.target(number)?;
        Some(LabelledPicture {
            picture: catalogue.picture(number)?,
            is_searched: catalogue.is_searched(number),
            repeat: catalogue.repeat(number),
            label: catalogue.label(number).unwrap_or(target.top()),
            target,
            person: catalogue.person(number).unwrap_or_default().to_owned(),
        })
    };
    numbers.into_iter().filter_map(gather).collect()
}
