//! The pictures of one source in a few bytes each: there may be millions.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use shared_model::expression::Expression;
use shared_model::face_box::FaceBox;

use crate::datasets::findings::Findings;
use crate::datasets::picture_ref::{PictureRef, Place};

/// Stands for "nobody known: the picture is its own person".
const OWN_PERSON: u32 = u32::MAX;

/// Pictures in their source's order. Lists of labels, persons and boxes are empty where the source has
/// none.
#[derive(Debug, Clone)]
pub struct PictureSet {
    /// What the reader noticed.
    pub findings: Findings,
    storage: Storage,
    labels: Vec<Option<Expression>>,
    persons: Vec<u32>,
    person_names: Vec<Box<str>>,
    boxes: Vec<FaceBox>,
}

#[derive(Debug, Clone)]
enum Storage {
    /// Paths from a root: one text, and where each path ends in it.
    Files {
        root: PathBuf,
        names: String,
        ends: Vec<u32>,
    },
}

/// A picture as a reader finds it.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// Path from the source's root.
    pub name: &'a str,
    /// Tells the faces of one picture from each other.
    pub part: u32,
    /// `None` where it is not annotated.
    pub label: Option<Expression>,
    /// Who it shows, or which video it is from.
    pub person: Option<&'a str>,
    /// Where the face is.
    pub face: Option<FaceBox>,
    /// Line of the list, from 1; 0 where there is none.
    pub line: u64,
}

/// Puts a set together and watches for pictures that come twice.
#[derive(Debug)]
pub struct SetBuilder {
    set: PictureSet,
    seen: HashMap<u64, u32>,
    lines: Vec<u32>,
    person_numbers: HashMap<Box<str>, u32>,
}

impl PictureSet {
    /// Number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.storage {
            Storage::Files { ends, .. } => ends.len(),
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
        };
        Some(PictureRef {
            place: from,
            face: self.boxes.get(place).copied(),
        })
    }

    /// Its label.
    #[must_use]
    pub fn label(&self, place: usize) -> Option<Expression> {
        self.labels.get(place).copied().flatten()
    }

    /// Who it shows, or its video, or its own name where nothing is known.
    #[must_use]
    pub fn person(&self, place: usize) -> Option<&str> {
        match self.persons.get(place) {
            None | Some(&OWN_PERSON) => self.name(place),
            Some(number) => self.person_names.get(*number as usize).map(AsRef::as_ref),
        }
    }

    /// Its path from the source's root.
    #[must_use]
    pub fn name(&self, place: usize) -> Option<&str> {
        match &self.storage {
            Storage::Files { names, ends, .. } => {
                let start = match place.checked_sub(1) {
                    Some(before) => *ends.get(before)?,
                    None => 0,
                };
                names.get(start as usize..*ends.get(place)? as usize)
            }
        }
    }

    /// The folder that its names start from.
    #[must_use]
    pub fn root(&self) -> &Path {
        match &self.storage {
            Storage::Files { root, .. } => root,
        }
    }

    /// Keeps each `every`th picture, from the first on.
    #[must_use]
    pub fn thinned(self, every: usize) -> Self {
        if every <= 1 {
            return self;
        }
        let mut kept = Self {
            findings: self.findings.clone(),
            labels: self.labels.iter().copied().step_by(every).collect(),
            persons: self.persons.iter().copied().step_by(every).collect(),
            person_names: self.person_names.clone(),
            boxes: self.boxes.iter().copied().step_by(every).collect(),
            storage: self.storage.emptied(),
        };
        match &mut kept.storage {
            Storage::Files { names, ends, .. } => {
                for place in (0..self.len()).step_by(every) {
                    names.push_str(self.name(place).unwrap_or_default());
                    // Shorter than the text it is cut from, whose ends fit.
                    ends.push(names.len() as u32);
                }
            }
        }
        kept
    }
}

impl Storage {
    fn emptied(&self) -> Self {
        match self {
            Self::Files { root, .. } => Self::Files {
                root: root.clone(),
                names: String::new(),
                ends: Vec::new(),
            },
        }
    }
}

impl SetBuilder {
    /// For files whose paths start from `root`.
    #[must_use]
    pub fn of_files(root: PathBuf) -> Self {
        let storage = Storage::Files {
            root,
            names: String::new(),
            ends: Vec::new(),
        };
        Self {
            set: PictureSet {
                findings: Findings::default(),
                storage,
                labels: Vec::new(),
                persons: Vec::new(),
                person_names: Vec::new(),
                boxes: Vec::new(),
            },
            seen: HashMap::new(),
            lines: Vec::new(),
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
        let Storage::Files { names, ends, .. } = &mut self.set.storage;
        names.push_str(listed.name);
        ends.push(u32::try_from(names.len()).context("a list with more than 4 GB of paths")?);
        self.lines.push(u32::try_from(listed.line).unwrap_or(u32::MAX));
        self.set.labels.push(listed.label);
        let person = listed.person.map_or(OWN_PERSON, |name| self.person_number(name));
        self.set.persons.push(person);
        if let Some(face) = listed.face {
            self.set.boxes.push(face);
        }
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
        let line = listed.line;
        self.set
            .findings
            .add("listed twice with the same label (taken once)", || {
                format!("{name} (lines {first} and {line})")
            });
        Ok(())
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
    ///
    /// # Errors
    /// When some pictures have a box and others none.
    pub fn finish(mut self) -> Result<PictureSet> {
        let set = &mut self.set;
        if set.labels.iter().all(Option::is_none) {
            set.labels = Vec::new();
        }
        if set.person_names.is_empty() {
            set.persons = Vec::new();
        }
        if !set.boxes.is_empty() && set.boxes.len() != set.len() {
            bail!(
                "{} of {} pictures have a face box, expected all or none",
                set.boxes.len(),
                set.len()
            );
        }
        set.labels.shrink_to_fit();
        set.persons.shrink_to_fit();
        set.boxes.shrink_to_fit();
        Ok(self.set)
    }
}
