//! What class a number means, which datasets do not agree on.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use shared_model::expression::Expression;

use crate::datasets::findings::Findings;
use crate::datasets::{affectnet, fer2013};

/// `ExpW`'s labels 0 to 6.
pub(super) const EXPW: [Expression; 7] = [
    Expression::Anger,
    Expression::Disgust,
    Expression::Fear,
    Expression::Happiness,
    Expression::Sadness,
    Expression::Surprise,
    Expression::Neutral,
];

/// RAF-DB's labels 1 to 7.
pub(super) const RAFDB: [Expression; 7] = [
    Expression::Surprise,
    Expression::Fear,
    Expression::Disgust,
    Expression::Happiness,
    Expression::Sadness,
    Expression::Anger,
    Expression::Neutral,
];

/// Whose numbers stand for classes in a list or as the names of folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassNumbers {
    /// Aff-Wild2's, which are this program's own: 0 Neutral to 7 Other.
    #[default]
    AffWild2,
    /// `AffectNet`'s; 7 and above have no class.
    AffectNet,
    /// `ExpW`'s.
    ExpW,
    /// FER2013's.
    Fer2013,
    /// RAF-DB's, from 1.
    #[serde(rename = "rafdb")]
    RafDb,
}

impl ClassNumbers {
    /// The class of a number or name; `None` where the number's expression is none of the classes.
    ///
    /// # Errors
    /// When it is neither a name nor one of the numbers.
    pub fn parse(self, text: &str) -> Result<Option<Expression>> {
        let of_list = |classes: &[Expression], number: Option<usize>| {
            number.and_then(|number| classes.get(number).copied()).map(Some)
        };
        let found = match text.trim().parse::<usize>() {
            Err(_) => Expression::parse(text).map(Some),
            Ok(number) => match self {
                Self::AffWild2 => Expression::from_index(number).map(Some),
                Self::AffectNet => i64::try_from(number)
                    .ok()
                    .filter(|code| *code <= 10)
                    .and_then(|code| affectnet::class_of(code).ok()),
                Self::ExpW => of_list(&EXPW, Some(number)),
                Self::Fer2013 => of_list(&fer2013::CLASSES, Some(number)),
                Self::RafDb => of_list(&RAFDB, number.checked_sub(1)),
            },
        };
        found.with_context(|| format!("`{text}` is no class, expected a name or {}", self.range()))
    }

    fn range(self) -> &'static str {
        match self {
            Self::AffWild2 => "0 to 7",
            Self::AffectNet => "one of AffectNet's numbers, 0 to 10",
            Self::ExpW => "one of ExpW's numbers, 0 to 6",
            Self::Fer2013 => "one of FER2013's numbers, 0 to 6",
            Self::RafDb => "one of RAF-DB's numbers, 1 to 7",
        }
    }

    /// Notes in `findings` where our own numbers are looked for and the labels of `place` look like
    /// RAF-DB's: 1 to 7, each of them, and nothing else.
    pub(super) fn doubt(self, labels: &BTreeSet<String>, place: &str, findings: &mut Findings) {
        let of_rafdb = (1..=7).map(|number: u8| number.to_string());
        if self != Self::AffWild2 || !labels.iter().cloned().eq(of_rafdb) {
            return;
        }
        findings.add("doubt about class numbers", || {
            format!(
                "the classes of {place} are 1 to 7, which is read as 1 Anger, 2 Disgust, 3 Fear, 4 Happiness, 5 Sadness, \
                 6 Surprise, 7 Other. If they are RAF-DB's (1 Surprise, 2 Fear, 3 Disgust, 4 Happiness, 5 Sadness, 6 Anger, \
                 7 Neutral), say `numbers = \"rafdb\"` in its `[[data.source]]`, or put the classes' names in the place \
                 of the numbers"
            )
        });
    }
}
