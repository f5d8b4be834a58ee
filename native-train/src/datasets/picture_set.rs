//! The pictures of one source in a few bytes each: there may be millions.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::face_box::FaceBox;

use crate::datasets::fer2013::PixelFile;
use crate::datasets::findings::Findings;
use crate::datasets::label_distribution::LabelDistribution;
use crate::datasets::picture_ref::{PictureRef, Place};
use crate::datasets::record_file::RecordFile;

/// Stands for "nobody known: the picture is its own person".
const OWN_PERSON: u32 = u32::MAX;
/// Stands for "the label is not shared between classes".
const NO_DISTRIBUTION: u32 = u32::MAX;

/// Pictures in their source's order. Lists of labels, distributions, persons and boxes are empty where the
/// source has none.
#[derive(Debug, Clone)]
pub struct PictureSet {
    /// What the reader noticed.
    pub findings: Findings,
    storage: Storage,
    labels: Vec<Option<Expression>>,
    /// Places in `distinct`.
    distributions: Vec<u32>,
    /// Few: votes of ten people are spread in the same ways again and again.
    distinct: Vec<LabelDistribution>,
    persons: Vec<u32>,
    person_names: Vec<Box<str>>,
    boxes: Vec<Option<FaceBox>>,
}

#[derive(Debug, Clone)]
enum Storage {
    /// Paths from a root.
    Files { root: PathBuf, names: Names },
    /// Where each record begins.
    Records {
        file: Arc<RecordFile>,
        offsets: Vec<u64>,
    },
    /// Where each row begins, and what its picture is called.
    Rows {
        file: Arc<PixelFile>,
        names: Names,
        offsets: Vec<u64>,
    },
}

/// Names in one text, and where each ends in it.
#[derive(Debug, Clone, Default)]
struct Names {
    text: String,
    ends: Vec<u32>,
}

/// A picture as a reader finds it.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// Path from the source's root, or what a picture in a list of pixels is called.
    pub name: &'a str,
    /// Tells the faces of one picture from each other.
    pub part: u32,
    /// The class that it counts as where it is measured on; `None` where it is not annotated, or no class
    /// stands out.
    pub label: Option<Expression>,
    /// How its label is shared between classes, where it is.
    pub distribution: Option<LabelDistribution>,
    /// Who it shows, or which video it is from.
    pub person: Option<&'a str>,
    /// Where the face is.
    pub face: Option<FaceBox>,
    /// Line of the list, from 1; 0 where there is none.
    pub line: u64,
    /// The byte at which its row begins, in a list of pixels.
    pub offset: u64,
}

impl<'a> Listed<'a> {
    /// A picture of which no more than its name is known.
    #[must_use]
    pub fn of(name: &'a str) -> Self {
        Self {
            name,
            part: 0,
            label: None,
            distribution: None,
            person: None,
            face: None,
            line: 0,
            offset: 0,
        }
    }
}

impl Names {
    fn get(&self, place: usize) -> Option<&str> {
        let start = match place.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start as usize..*self.ends.get(place)? as usize)
    }

    fn push(&mut self, name: &str) -> Result<()> {
        self.text.push_str(name);
        self.ends
            .push(u32::try_from(self.text.len()).context("a list with more than 4 GB of paths")?);
        Ok(())
    }

    fn thinned(&self, every: usize) -> Self {
        let mut kept = Self::default();
        for place in (0..self.ends.len()).step_by(every) {
            kept.text.push_str(self.get(place).unwrap_or_default());
            // Shorter than the text that it is cut from, whose ends fit.
            kept.ends.push(kept.text.len() as u32);
        }
        kept
    }
}

/// Puts a set together and watches for pictures that come twice.
#[derive(Debug)]
pub struct SetBuilder {
    set: PictureSet,
    seen: HashMap<u64, u32>,
    lines: Vec<u32>,
    distribution_numbers: HashMap<[u32; CLASS_COUNT], u32>,
    person_numbers: HashMap<Box<str>, u32>,
}

impl PictureSet {
    /// Pictures without labels in a file of records, at these bytes.
    #[must_use]
    pub fn of_records(file: Arc<RecordFile>, offsets: Vec<u64>, findings: Findings) -> Self {
        Self::bare(Storage::Records { file, offsets }, findings)
    }

    fn bare(storage: Storage, findings: Findings) -> Self {
        Self {
            findings,
            storage,
            labels: Vec::new(),
            distributions: Vec::new(),
            distinct: Vec::new(),
            persons: Vec::new(),
            person_names: Vec::new(),
            boxes: Vec::new(),
        }
    }

    /// Number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.storage {
            Storage::Files { names, .. } => names.ends.len(),
            Storage::Records { offsets, .. } | Storage::Rows { offsets, .. } => offsets.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where a picture is; `None` past the end.
    #[must_use]
    pub fn picture(&self, place: usize) -> Option<PictureRef> {
        let from = match &self.storage {
            Storage::Files { root, .. } => Place::File(root.join(self.name(place)?)),
            Storage::Records { file, offsets } => Place::Record {
                file: Arc::clone(file),
                offset: *offsets.get(place)?,
            },
            Storage::Rows { file, offsets, .. } => Place::Row {
                file: Arc::clone(file),
                offset: *offsets.get(place)?,
            },
        };
        Some(PictureRef {
            place: from,
            face: self.boxes.get(place).copied().flatten(),
        })
    }

    /// The class that it counts as where it is measured on.
    #[must_use]
    pub fn label(&self, place: usize) -> Option<Expression> {
        self.labels.get(place).copied().flatten()
    }

    /// What is learned from it: how its label is shared between classes, or all of its one class.
    #[must_use]
    pub fn target(&self, place: usize) -> Option<LabelDistribution> {
        let number = self.distributions.get(place).copied().unwrap_or(NO_DISTRIBUTION);
        let shared = self.distinct.get(number as usize).copied();
        shared.or_else(|| self.label(place).map(LabelDistribution::certain))
    }

    /// Who it shows, or its video, or its own name where nothing is known.
    #[must_use]
    pub fn person(&self, place: usize) -> Option<&str> {
        match self.persons.get(place) {
            None | Some(&OWN_PERSON) => self.name(place),
            Some(number) => self.person_names.get(*number as usize).map(AsRef::as_ref),
        }
    }

    /// Its path from the source's root; a record has none.
    #[must_use]
    pub fn name(&self, place: usize) -> Option<&str> {
        match &self.storage {
            Storage::Files { names, .. } | Storage::Rows { names, .. } => names.get(place),
            Storage::Records { .. } => None,
        }
    }

    /// The folder that its names start from, or the file that holds its pictures.
    #[must_use]
    pub fn root(&self) -> &Path {
        match &self.storage {
            Storage::Files { root, .. } => root,
            Storage::Records { file, .. } => file.path(),
            Storage::Rows { file, .. } => file.path(),
        }
    }

    /// Keeps each `every`th picture, from the first on.
    #[must_use]
    pub fn thinned(self, every: usize) -> Self {
        if every <= 1 {
            return self;
        }
        Self {
            findings: self.findings,
            labels: self.labels.into_iter().step_by(every).collect(),
            distributions: self.distributions.into_iter().step_by(every).collect(),
            distinct: self.distinct,
            persons: self.persons.into_iter().step_by(every).collect(),
            person_names: self.person_names,
            boxes: self.boxes.into_iter().step_by(every).collect(),
            storage: self.storage.thinned(every),
        }
    }
}

impl Storage {
    fn thinned(self, every: usize) -> Self {
        let thin = |offsets: Vec<u64>| offsets.into_iter().step_by(every).collect();
        match self {
            Self::Files { root, names } => Self::Files {
                root,
                names: names.thinned(every),
            },
            Self::Records { file, offsets } => Self::Records {
                file,
                offsets: thin(offsets),
            },
            Self::Rows { file, names, offsets } => Self::Rows {
                file,
                names: names.thinned(every),
                offsets: thin(offsets),
            },
        }
    }
}

impl SetBuilder {
    /// For files whose paths start from `root`.
    #[must_use]
    pub fn of_files(root: PathBuf) -> Self {
        Self::of(Storage::Files {
            root,
            names: Names::default(),
        })
    }

    /// For pictures whose pixels are rows of a file.
    #[must_use]
    pub fn of_rows(file: Arc<PixelFile>) -> Self {
        Self::of(Storage::Rows {
            file,
            names: Names::default(),
            offsets: Vec::new(),
        })
    }

    fn of(storage: Storage) -> Self {
        Self {
            set: PictureSet::bare(storage, Findings::default()),
            seen: HashMap::new(),
            lines: Vec::new(),
            distribution_numbers: HashMap::new(),
            person_numbers: HashMap::new(),
        }
    }

    /// What was noticed so far.
    pub fn findings(&mut self) -> &mut Findings {
        &mut self.set.findings
    }

    /// Adds a picture. One that comes again with the same label is counted and left out.
    ///
    /// # Errors
    /// When it comes again with another label (the message names both lines), or the source has more
    /// than its lists can hold.
    pub fn push(&mut self, listed: &Listed<'_>) -> Result<()> {
        let mut hasher = DefaultHasher::new();
        (listed.name, listed.part).hash(&mut hasher);
        let place = u32::try_from(self.set.len()).context("a source of more than 4 billion pictures")?;
        let before = *self.seen.entry(hasher.finish()).or_insert(place);
        if before != place && self.set.name(before as usize) == Some(listed.name) {
            return self.push_again(listed, before as usize);
        }
        match &mut self.set.storage {
            Storage::Files { names, .. } => names.push(listed.name)?,
            Storage::Rows { names, offsets, .. } => {
                names.push(listed.name)?;
                offsets.push(listed.offset);
            }
            Storage::Records { .. } => bail!("records are not listed one by one"),
        }
        self.lines.push(u32::try_from(listed.line).unwrap_or(u32::MAX));
        self.set.labels.push(listed.label);
        let distribution = listed
            .distribution
            .filter(|shared| !shared.is_certain() || listed.label.is_none());
        let distribution = distribution.map_or(NO_DISTRIBUTION, |shared| self.distribution_number(shared));
        self.set.distributions.push(distribution);
        let person = listed.person.map_or(OWN_PERSON, |name| self.person_number(name));
        self.set.persons.push(person);
        self.set.boxes.push(listed.face);
        Ok(())
    }

    fn push_again(&mut self, listed: &Listed<'_>, before: usize) -> Result<()> {
        let name = listed.name;
        let first = self.lines.get(before).copied().unwrap_or(0);
        if self.set.label(before) != listed.label {
            let said = |label: Option<Expression>| label.map_or("no label", Expression::name);
            bail!(
                "`{name}` has two labels: {} in line {first} and {} in line {}: delete one of the lines",
                said(self.set.label(before)),
                said(listed.label),
                listed.line
            );
        }
        let target = listed
            .distribution
            .or_else(|| listed.label.map(LabelDistribution::certain));
        ensure!(
            self.set.target(before) == target,
            "the label of `{name}` is shared between classes in two ways, in line {first} and in line {}: delete one of the \
             lines",
            listed.line
        );
        let line = listed.line;
        self.set
            .findings
            .add("listed twice with the same label (taken once)", || {
                format!("{name} (lines {first} and {line})")
            });
        Ok(())
    }

    fn distribution_number(&mut self, shared: LabelDistribution) -> u32 {
        let distinct = &mut self.set.distinct;
        let bits = shared.probabilities().map(f32::to_bits);
        *self.distribution_numbers.entry(bits).or_insert_with(|| {
            distinct.push(shared);
            distinct.len() as u32 - 1
        })
    }

    fn person_number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.person_numbers.get(name) {
            return *number;
        }
        let number = self.set.person_names.len() as u32;
        self.set.person_names.push(name.into());
        self.person_numbers.insert(name.into(), number);
        number
    }

    /// The set. Lists that say nothing are dropped.
    #[must_use]
    pub fn finish(mut self) -> PictureSet {
        let set = &mut self.set;
        if set.labels.iter().all(Option::is_none) {
            set.labels = Vec::new();
        }
        if set.distinct.is_empty() {
            set.distributions = Vec::new();
        }
        if set.person_names.is_empty() {
            set.persons = Vec::new();
        }
        if set.boxes.iter().all(Option::is_none) {
            set.boxes = Vec::new();
        }
        set.labels.shrink_to_fit();
        set.distributions.shrink_to_fit();
        set.persons.shrink_to_fit();
        set.boxes.shrink_to_fit();
        self.set
    }
}
