//! Which pictures a run learns from, is measured on, and sees without their labels.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Result, ensure};
use rand::seq::SliceRandom as _;
use shared_model::expression::{CLASS_COUNT, Expression};

use crate::datasets::catalogue::{Catalogue, Source};
use crate::datasets::config::{DataConfig, SourceUse};
use crate::datasets::person_split::is_held_back;
use crate::datasets::source_kind::SourceKind;
use crate::random_stream::Stream;

/// Numbers of a [`Catalogue`], each list in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Labelled pictures to learn from, at most the quota of each class.
    pub training: Vec<u32>,
    /// Pictures of other persons, or of the validation sources.
    pub held_back: Vec<u32>,
    /// What the unlabelled sources have, and what the labelled ones have left over.
    pub unlabelled: Vec<u32>,
    /// Labelled pictures of each class before the quota. A label that is shared between classes counts for its
    /// most probable one.
    pub before_quota: [usize; CLASS_COUNT],
    /// Classes that have fewer pictures in a source than the quota of that source.
    pub short: Vec<ShortClass>,
    /// Pictures of held-back persons whose label is not used or that have none, or none that stands out; they
    /// are seen by nobody.
    pub hidden: usize,
}

/// A class that a source has fewer pictures of than its quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortClass {
    /// The source, as [`SourceConfig::file_title`](crate::datasets::config::SourceConfig::file_title) says it.
    pub source: String,
    /// Of this class
    pub class: Expression,
    /// it has so many pictures to learn from,
    pub pictures: usize,
    /// and its quota is this.
    pub quota: usize,
}

impl Selection {
    /// Splits by person or video, then draws each class' quota. The same seed draws the same pictures.
    ///
    /// # Errors
    /// When a person, video or picture stands in a labelled and in a validation source.
    pub fn new(catalogue: &Catalogue, data: &DataConfig, seed: u64) -> Result<Self> {
        let has = |role| {
            catalogue
                .sources()
                .iter()
                .any(|source| source.config.role == role)
        };
        let affwild2_has_other = catalogue.sources().iter().any(|source| {
            source.config.kind == SourceKind::AFFWILD2 && source.config.role == SourceUse::Labelled
        });
        let split = (!has(SourceUse::Validation)).then_some(data.held_back);
        check_sides(catalogue)?;
        let held = held_persons(catalogue, split, data.split_seed.unwrap_or(seed));
        let mut selection = Self::default();
        let mut by_class = ByClass::default();
        for (source_number, source) in (0..).zip(catalogue.sources()) {
            let mut of_source = ByClass::default();
            // Validation keeps all its labels.
            let not_other = data.other_from_affwild2
                && affwild2_has_other
                && source.config.role == SourceUse::Labelled
                && source.config.kind != SourceKind::AFFWILD2;
            let used = |class: &Expression| {
                source.config.takes(*class) && !(not_other && *class == Expression::Other)
            };
            for (number, place) in (source.first..).zip(0..source.set.len()) {
                let is_held = || {
                    let persons = held.get(source.set.root());
                    persons.is_some_and(|all| all.contains(source.set.person(place).unwrap_or_default()))
                };
                let side = match source.config.role {
                    SourceUse::Validation => Side::HeldBack,
                    // A labelled source's split is by person; pictures of these persons in its folder's
                    // unlabelled lists must not be seen either.
                    SourceUse::Labelled if split.is_some() && is_held() => Side::HeldBack,
                    SourceUse::Unlabelled if is_held() => Side::Hidden,
                    SourceUse::Unlabelled => Side::Pool,
                    SourceUse::Labelled => Side::Training,
                };
                // A label that is shared between classes is learned from wherever it is highest, and measured on
                // where one class stands out.
                let class = match side {
                    Side::Training => source.set.target(place).map(|target| target.top()),
                    Side::Pool | Side::HeldBack | Side::Hidden => source.set.label(place),
                };
                match (side, class.filter(used)) {
                    (Side::Pool, _) | (Side::Training, None) => selection.unlabelled.push(number),
                    (Side::HeldBack, Some(_)) => selection.held_back.push(number),
                    (Side::HeldBack, None) | (Side::Hidden, _) => selection.hidden += 1,
                    (Side::Training, Some(class)) => {
                        let numbers = of_source.get_mut(class.index());
                        numbers.into_iter().for_each(|numbers| numbers.push(number));
                    }
                }
            }
            if let Some(quota) = source.config.quota {
                selection.note_short(source, &of_source, quota);
                let stream = |class| Stream::SourceQuota {
                    source: source_number,
                    class,
                };
                let over = of_source.iter_mut().zip(0..);
                let over = over.flat_map(|(numbers, class)| over_quota(numbers, quota, stream(class), seed));
                selection.unlabelled.extend(over);
            }
            for (all, numbers) in by_class.iter_mut().zip(of_source) {
                all.extend(numbers);
            }
        }
        selection.draw(by_class, data.quota, seed);
        Ok(selection)
    }

    /// Takes each class' quota at random; the others go to the unlabelled pool.
    fn draw(&mut self, by_class: ByClass, quota: usize, seed: u64) {
        for ((class, mut numbers), before) in (0..).zip(by_class).zip(&mut self.before_quota) {
            *before = numbers.len();
            if quota > 0 {
                let over = over_quota(&mut numbers, quota, Stream::Quota { class }, seed);
                self.unlabelled.extend(over);
            }
            self.training.extend(numbers);
        }
        self.training.sort_unstable();
        self.unlabelled.sort_unstable();
    }

    fn note_short(&mut self, source: &Source, of_source: &ByClass, quota: usize) {
        let short = Expression::ALL
            .into_iter()
            .zip(of_source)
            .map(|(class, numbers)| ShortClass {
                source: source.config.file_title(),
                class,
                pictures: numbers.len(),
                quota,
            });
        self.short.extend(short.filter(|short| short.pictures < quota));
    }
}

/// Numbers of pictures of each class.
type ByClass = [Vec<u32>; CLASS_COUNT];

/// Takes all but `quota` of the numbers out, at random.
fn over_quota(numbers: &mut Vec<u32>, quota: usize, stream: Stream, seed: u64) -> Vec<u32> {
    let Some(left) = numbers.len().checked_sub(quota).filter(|left| *left > 0) else {
        return Vec::new();
    };
    // What is drawn stands at the end.
    let (_, _) = numbers.partial_shuffle(&mut stream.random(seed), quota);
    numbers.drain(..left).collect()
}

/// Where a picture stands before the quota.
enum Side {
    Pool,
    HeldBack,
    Hidden,
    Training,
}

/// Persons that are measured on, by the root that their names are of: those that the split holds back
/// from labelled sources, and all of validation sources.
fn held_persons(catalogue: &Catalogue, split: Option<f64>, seed: u64) -> HashMap<&Path, HashSet<&str>> {
    let mut held: HashMap<&Path, HashSet<&str>> = HashMap::new();
    for source in catalogue.sources() {
        let share = match source.config.role {
            SourceUse::Unlabelled => None,
            SourceUse::Validation => Some(1.0),
            SourceUse::Labelled => split.map(|share| source.config.held_back.unwrap_or(share)),
        };
        let Some(share) = share else { continue };
        let persons = (0..source.set.len()).map(|place| source.set.person(place).unwrap_or_default());
        let persons = persons.filter(|person| is_held_back(person, share, seed));
        held.entry(source.set.root()).or_default().extend(persons);
    }
    held
}

/// Sources of one root name the same persons, videos and pictures by the same names.
fn check_sides(catalogue: &Catalogue) -> Result<()> {
    let of = |role: SourceUse| {
        let sources = catalogue.sources().iter();
        sources.filter(move |source| source.config.role == role)
    };
    for validation in of(SourceUse::Validation) {
        for labelled in of(SourceUse::Labelled) {
            if validation.set.root() != labelled.set.root() {
                continue;
            }
            let names = |source: &'_ Source| -> HashSet<String> {
                (0..source.set.len())
                    .filter_map(|place| side_key(source, place).map(str::to_owned))
                    .collect()
            };
            let (mut both, held): (Vec<String>, _) = (Vec::new(), names(validation));
            both.extend(names(labelled).intersection(&held).cloned());
            both.sort();
            ensure!(
                both.is_empty(),
                "{} persons or videos stand in {} for training and in {} for validation, such as `{}`: a person must \
                 stand on one side only",
                both.len(),
                labelled.config.title(),
                validation.config.title(),
                both.first().map_or("", String::as_str)
            );
        }
    }
    Ok(())
}

/// What must not stand on both sides. Aff-Wild2's own split tells the two faces of a recording apart.
fn side_key(source: &Source, place: usize) -> Option<&str> {
    if source.config.kind == SourceKind::AFFWILD2 {
        return source.set.name(place)?.split('/').next();
    }
    source.set.person(place)
}
