//! FER+'s `fer2013new.csv`: what ten people saw in each picture of FER2013.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result};
use shared_model::csv_reader::{CsvReader, line_of};
use shared_model::expression::{CLASS_COUNT, Expression};

use crate::datasets::label_distribution::LabelDistribution;
use crate::datasets::usage::Usage;

/// The columns of votes: for a class, or (`None`) for none of them. Contempt has no class of its own.
const COLUMNS: [(&str, Option<Expression>); 10] = [
    ("neutral", Some(Expression::Neutral)),
    ("happiness", Some(Expression::Happiness)),
    ("surprise", Some(Expression::Surprise)),
    ("sadness", Some(Expression::Sadness)),
    ("anger", Some(Expression::Anger)),
    ("disgust", Some(Expression::Disgust)),
    ("fear", Some(Expression::Fear)),
    ("contempt", Some(Expression::Other)),
    ("unknown", None),
    ("NF", None),
];

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteRow {
    /// The dataset's part that its picture belongs to.
    pub usage: Usage,
    /// The picture's file name; `None` where there is no face.
    pub name: Option<String>,
    /// Its line, from 1.
    pub line: u64,
    /// One a column.
    votes: [u32; COLUMNS.len()],
}

impl VoteRow {
    /// The votes without those that stand alone, which are outliers (Barsoum et al. 2016).
    fn counted(&self) -> impl Iterator<Item = (Option<Expression>, u32)> + '_ {
        let counted = self.votes.iter().map(|votes| if *votes > 1 { *votes } else { 0 });
        COLUMNS.iter().map(|(_, class)| *class).zip(counted)
    }

    /// The class with more than half of the counted votes, those for none of the classes included; the
    /// published protocol.
    #[must_use]
    pub fn majority(&self) -> Option<Expression> {
        let all: u32 = self.counted().map(|(_, votes)| votes).sum();
        let mut columns = self.counted();
        columns.find(|(_, votes)| 2 * votes > all)?.0
    }

    /// The shares of the classes among the counted votes for classes; `None` where those for none of them
    /// (unknown, no face) are half of all or more.
    #[must_use]
    pub fn distribution(&self) -> Option<LabelDistribution> {
        let mut weights = [0.0; CLASS_COUNT];
        let mut of_none = 0.0;
        for (class, votes) in self.counted() {
            let place = class.and_then(|class| weights.get_mut(class.index()));
            *place.unwrap_or(&mut of_none) += f64::from(votes);
        }
        let of_classes: f64 = weights.iter().sum();
        LabelDistribution::of_weights(weights).filter(|_| of_classes > of_none)
    }
}

/// Reads the list, in its order.
///
/// # Errors
/// When it cannot be read, lacks a column, or a row is not as it should be; the message names the line.
pub fn read(list: &Path) -> Result<Vec<VoteRow>> {
    let fail = || format!("the list {}", list.display());
    let mut reader = CsvReader::new(File::open(list).with_context(fail)?, true).with_context(fail)?;
    let dialect = reader.dialect();
    let column = |name: &str| {
        reader
            .column(name)
            .with_context(|| format!("{}: there is no column `{name}`", fail()))
    };
    let (usage, name) = (column("Usage")?, column("Image name")?);
    let mut places = [0; COLUMNS.len()];
    for (place, (name, _)) in places.iter_mut().zip(COLUMNS) {
        *place = column(name)?;
    }
    let (mut rows, mut record) = (Vec::new(), csv::StringRecord::new());
    while reader.read(&mut record).with_context(fail)? {
        let line = line_of(&record);
        let at = || format!("{}, line {line}", fail());
        let cell = |column: usize| record.get(column).map_or("", str::trim);
        let mut votes = [0; COLUMNS.len()];
        for (count, column) in votes.iter_mut().zip(places) {
            let text = cell(column);
            // Ten people voted; no number of people overflows a sum of ten of these.
            let parsed = dialect.whole::<u16>(text);
            *count = u32::from(parsed.with_context(|| format!("{}: `{text}` is no number of votes", at()))?);
        }
        rows.push(VoteRow {
            usage: Usage::of_fer2013(cell(usage)).with_context(|| {
                format!(
                    "{}: `{}` is no part, expected Training, PublicTest or PrivateTest",
                    at(),
                    cell(usage)
                )
            })?,
            name: Some(cell(name))
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
            line,
            votes,
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(votes: [u32; 10]) -> VoteRow {
        VoteRow {
            usage: Usage::Train,
            name: None,
            line: 0,
            votes,
        }
    }

    #[test]
    fn single_votes_do_not_count_and_half_is_no_majority() {
        // 4 of the 6 that are left.
        let votes = row([4, 1, 0, 2, 1, 0, 0, 1, 1, 0]);
        assert_eq!(votes.majority(), Some(Expression::Neutral));
        let shares = votes.distribution().unwrap();
        assert_eq!(shares.single_top(), Some(Expression::Neutral));
        assert!((shares.probabilities()[Expression::Sadness.index()] - 2.0 / 6.0).abs() < 1e-6);
        assert_eq!(shares.probabilities()[Expression::Anger.index()], 0.0);
        // 5 of 10.
        let half = row([5, 0, 0, 5, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            (half.majority(), half.distribution().unwrap().single_top()),
            (None, None)
        );
    }

    #[test]
    fn votes_for_none_of_the_classes_leave_the_picture_out() {
        // 4 of 6, 4 for none: most of the counted votes are for a class, none has the majority.
        let doubtful = row([3, 0, 0, 3, 0, 0, 0, 0, 4, 0]);
        assert_eq!(doubtful.majority(), None);
        assert!(doubtful.distribution().is_some());
        let unknown = row([2, 0, 0, 2, 0, 0, 0, 0, 6, 0]);
        assert_eq!((unknown.majority(), unknown.distribution()), (None, None));
        let half = row([5, 0, 0, 0, 0, 0, 0, 0, 3, 2]);
        assert_eq!((half.majority(), half.distribution()), (None, None));
        let alone = row([1; 10]);
        assert_eq!((alone.majority(), alone.distribution()), (None, None));
        assert_eq!(
            row([0, 0, 0, 0, 0, 0, 0, 8, 0, 0]).majority(),
            Some(Expression::Other)
        );
    }
}
