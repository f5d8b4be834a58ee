//! Whether a label may be said, or is too doubtful for it.

use shared_model::expression::Expression;
use shared_model::timeline::FrameRow;

/// What is said of a face in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    /// Its label.
    Label(Expression),
    /// That nobody can be sure; the label that comes nearest.
    NotSure(Expression),
    /// Nothing: the person has not decided yet, and reviews blind.
    Hidden,
}

impl Saying {
    /// Of a row: a person's label always, a network's where its probability in this frame is at least `not_sure_below`
    /// (0 to 1, the model's own threshold). `None` where there is no label.
    #[must_use]
    pub fn of(row: &FrameRow, not_sure_below: f64) -> Option<Self> {
        if let Some(reviewed) = row.reviewed {
            return Some(Self::Label(reviewed));
        }
        let label = row.smoothed.or(row.temporal).or(row.raw)?;
        let share = row.probabilities.as_ref().and_then(|all| all.get(label.index()));
        let is_doubtful = share.is_some_and(|share| f64::from(*share) < not_sure_below);
        Some(if is_doubtful {
            Self::NotSure(label)
        } else {
            Self::Label(label)
        })
    }
}

/// How labels are said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manner {
    /// The model's threshold, 0 to 1.
    pub not_sure_below: f64,
    /// Whether the person reviews blind: what they have not decided on stays hidden.
    pub hides_undecided: bool,
}

impl Manner {
    /// What is said of a row; `None` where there is no label.
    #[must_use]
    pub fn say(self, row: &FrameRow) -> Option<Saying> {
        if self.hides(row) {
            return Some(Saying::Hidden);
        }
        Saying::of(row, self.not_sure_below)
    }

    /// Whether a row's label is hidden.
    #[must_use]
    pub fn hides(self, row: &FrameRow) -> bool {
        let has_label = row.smoothed.or(row.temporal).or(row.raw).is_some();
        self.hides_undecided && row.reviewed.is_none() && has_label
    }
}

/// The probability that the row's label was chosen by, 0 to 1. `None` where the frames around this one decided, or a person: a number
/// of this frame says nothing of such a label.
#[must_use]
pub fn share_of_label(row: &FrameRow) -> Option<f32> {
    let label = row.smoothed.or(row.temporal).or(row.raw)?;
    let probabilities = row.probabilities.as_ref().filter(|_| row.reviewed.is_none())?;
    (Expression::argmax(probabilities) == label).then(|| probabilities.get(label.index()).copied())?
}

/// Where a label comes from that is not simply what the frame shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A person gave it.
    Reviewed,
    /// The frames around it did: what the per-frame head says of this frame alone.
    Steadied(Expression),
}

impl Origin {
    /// Of a row; `None` where its label is the per-frame head's own, or there is none to compare.
    #[must_use]
    pub fn of(row: &FrameRow) -> Option<Self> {
        if row.reviewed.is_some() {
            return Some(Self::Reviewed);
        }
        let label = row.smoothed.or(row.temporal)?;
        row.raw.filter(|raw| *raw != label).map(Self::Steadied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::expression::CLASS_COUNT;

    fn row(share: f32) -> FrameRow {
        let mut scores = [(1.0 - share) / 7.0; CLASS_COUNT];
        scores[Expression::Sadness.index()] = share;
        FrameRow {
            probabilities: Some(scores),
            smoothed: Some(Expression::Sadness),
            ..FrameRow::without_face(0, 0.0)
        }
    }

    #[test]
    fn what_is_undecided_is_hidden_from_a_blind_reviewer_and_said_to_others() {
        let blind = Manner {
            not_sure_below: 0.0,
            hides_undecided: true,
        };
        let decided = FrameRow {
            reviewed: Some(Expression::Fear),
            ..row(0.5)
        };
        assert_eq!(blind.say(&row(0.5)), Some(Saying::Hidden));
        assert_eq!(blind.say(&decided), Some(Saying::Label(Expression::Fear)));
        assert_eq!(blind.say(&FrameRow::without_face(0, 0.0)), None);
        let seeing = Manner {
            hides_undecided: false,
            ..blind
        };
        assert_eq!(seeing.say(&row(0.5)), Some(Saying::Label(Expression::Sadness)));
    }

    #[test]
    fn doubtful_labels_are_not_said_and_a_persons_always_are() {
        let (label, not_sure) = (
            Some(Saying::Label(Expression::Sadness)),
            Some(Saying::NotSure(Expression::Sadness)),
        );
        assert_eq!(Saying::of(&row(0.5), 0.5), label);
        assert_eq!(Saying::of(&row(0.49), 0.5), not_sure);
        assert_eq!(
            Saying::of(&row(0.01), 0.0),
            label,
            "without a threshold all is said"
        );
        let reviewed = FrameRow {
            reviewed: Some(Expression::Fear),
            ..row(0.1)
        };
        assert_eq!(Saying::of(&reviewed, 0.9), Some(Saying::Label(Expression::Fear)));
        assert_eq!(Saying::of(&FrameRow::without_face(0, 0.0), 0.5), None);
    }

    #[test]
    fn a_frame_alone_is_the_per_frame_heads_word_and_not_the_clips() {
        // The clip says Sadness most of all, the head alone Fear.
        let steadied = FrameRow {
            raw: Some(Expression::Fear),
            temporal: Some(Expression::Sadness),
            smoothed: Some(Expression::Neutral),
            ..row(0.9)
        };
        assert_eq!(Origin::of(&steadied), Some(Origin::Steadied(Expression::Fear)));
        let equal = FrameRow {
            raw: Some(Expression::Neutral),
            ..steadied.clone()
        };
        assert_eq!(Origin::of(&equal), None, "whatever the clip says");
        let reviewed = FrameRow {
            reviewed: Some(Expression::Fear),
            ..steadied
        };
        assert_eq!(Origin::of(&reviewed), Some(Origin::Reviewed));
        assert_eq!(Origin::of(&FrameRow::without_face(0, 0.0)), None);
    }

    #[test]
    fn a_steadied_label_is_judged_by_its_own_probability() {
        let steadied = FrameRow {
            smoothed: Some(Expression::Neutral),
            ..row(0.9)
        };
        assert_eq!(
            Saying::of(&steadied, 0.5),
            Some(Saying::NotSure(Expression::Neutral))
        );
    }

    #[test]
    fn a_share_stands_beside_the_label_that_it_chose_alone() {
        assert_eq!(share_of_label(&row(0.5)), Some(0.5));
        // Sadness comes from the frames around.
        assert_eq!(share_of_label(&row(0.05)), None);
        let reviewed = FrameRow {
            reviewed: Some(Expression::Sadness),
            ..row(0.5)
        };
        assert_eq!(share_of_label(&reviewed), None);
        assert_eq!(share_of_label(&FrameRow::without_face(0, 0.0)), None);
    }
}
