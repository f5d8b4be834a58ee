//! A source with its pictures opened.

use rayon::prelude::*;
use serde::Serialize;

use crate::data::class_sums::ClassSums;
use crate::datasets::catalogue::Source;
use crate::datasets::config::SourceUse;
use crate::datasets::findings::Findings;
use crate::datasets::picture_ref::Place;
use crate::progress::Progress;

/// Pictures between two steps of the progress bar.
const PICTURES_A_STEP: usize = 512;

/// What one source holds.
#[derive(Debug, Serialize)]
pub(super) struct SourceReport {
    pub(super) source: String,
    #[serde(rename = "use")]
    pub(super) role: SourceUse,
    pub(super) pictures: usize,
    /// Labels by class, in the classes' order.
    pub(super) classes: ClassSums,
    pub(super) without_label: usize,
    /// Pictures whose label is shared between classes.
    pub(super) shared_labels: usize,
    /// Of these, pictures of which no class stands out, so that they are not measured on.
    pub(super) without_single_class: usize,
    /// Pictures that were opened.
    pub(super) opened: usize,
    pub(super) findings: Findings,
}

/// What is wrong with a picture.
enum Flaw {
    Missing(String),
    Unreadable(String),
}

/// Counts the labels and opens the pictures, or `sample` of them.
pub(super) fn inspect(source: &Source, sample: Option<usize>) -> SourceReport {
    let set = &source.set;
    let targets = || (0..set.len()).filter_map(|place| Some((set.target(place)?, set.label(place))));
    let opened = sample.unwrap_or(usize::MAX).min(set.len());
    let places: Vec<usize> = (0..opened).map(|number| number * set.len() / opened).collect();
    let mut findings = set.findings.clone();
    let mut progress = Progress::start(&source.config.title(), "pictures", u64::try_from(opened).ok());
    for some in places.chunks(PICTURES_A_STEP) {
        let flaws: Vec<Option<Flaw>> = some.par_iter().map(|place| flaw(source, *place)).collect();
        for flaw in flaws.into_iter().flatten() {
            match flaw {
                Flaw::Missing(name) => findings.add("missing files", || name),
                Flaw::Unreadable(why) => findings.add("unreadable pictures", || why),
            }
        }
        progress.add(some.len() as u64);
    }
    progress.finish();
    SourceReport {
        source: source.config.title(),
        role: source.config.role,
        pictures: set.len(),
        classes: ClassSums::of(targets().map(|(target, _)| target)),
        without_label: set.len() - targets().count(),
        shared_labels: targets().filter(|(target, _)| !target.is_certain()).count(),
        without_single_class: targets().filter(|(_, label)| label.is_none()).count(),
        opened,
        findings,
    }
}

fn flaw(source: &Source, place: usize) -> Option<Flaw> {
    let picture = source.set.picture(place)?;
    match &picture.place {
        Place::File(path) if !path.exists() => Some(Flaw::Missing(picture.to_string())),
        _ => picture
            .read()
            .err()
            .map(|error| Flaw::Unreadable(format!("{error:#}"))),
    }
}
