//! The layouts of datasets that are read.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::datasets::layout::Layout;
use crate::datasets::{
    affectnet_2017, affectnet_2021, affwild2, class_folders, expw, ferplus, list_csv, ms1mv2, rafdb,
};

/// How a source is laid out: one of [`SourceKind::ALL`].
#[derive(Clone, Copy)]
pub struct SourceKind(&'static Layout);

impl SourceKind {
    /// A list with columns `path` and `label`.
    pub const CSV: Self = Self(&list_csv::LAYOUT);
    /// Pictures in folders; one a class where labels are wanted.
    pub const FOLDER: Self = Self(&class_folders::LAYOUT);
    /// Aff-Wild2's EXPR set, the one whose pictures are frames of videos.
    pub const AFFWILD2: Self = Self(&affwild2::LAYOUT);

    /// All of them. A new one is a file beside this one and a line here.
    pub const ALL: &'static [Self] = &[
        Self::CSV,
        Self::FOLDER,
        Self::AFFWILD2,
        Self(&affectnet_2017::LAYOUT),
        Self(&affectnet_2021::LAYOUT),
        Self(&expw::LAYOUT),
        Self(&ferplus::LAYOUT),
        Self(&rafdb::LAYOUT),
        Self(&ms1mv2::LAYOUT),
    ];
}

impl Deref for SourceKind {
    type Target = Layout;

    fn deref(&self) -> &Layout {
        self.0
    }
}

impl PartialEq for SourceKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for SourceKind {}

impl fmt::Debug for SourceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SourceKind({})", self.name)
    }
}

impl Serialize for SourceKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for SourceKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = Self::ALL.iter().copied().find(|kind| kind.name == name);
        found.ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(|kind| format!("`{}`", kind.name)).collect();
            // As serde says it of an enum.
            serde::de::Error::custom(format!(
                "unknown variant `{name}`, expected one of {}",
                known.join(", ")
            ))
        })
    }
}
