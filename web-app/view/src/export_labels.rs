//! Which label of a frame goes into files that have room for one.

use std::borrow::Cow;

use shared_model::timeline::FrameRow;

/// A lane, or the usual order of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExportLabels {
    /// What a person said, else the smoothed label.
    #[default]
    Final,
    /// What a person said, and nothing else.
    Reviewed,
    /// The smoothed label.
    Smoothed,
    /// The temporal encoder's label.
    Temporal,
    /// The per-frame head's label.
    Frame,
}

impl ExportLabels {
    /// In the order of the page's choice.
    pub const ALL: [Self; 5] = [
        Self::Final,
        Self::Reviewed,
        Self::Smoothed,
        Self::Temporal,
        Self::Frame,
    ];

    /// The rows with these labels where writers look for one: at the reviewed label, and then at the smoothed one.
    #[must_use]
    pub fn chosen(self, rows: &[FrameRow]) -> Cow<'_, [FrameRow]> {
        let label = |row: &FrameRow| match self {
            Self::Final => row.reviewed.or(row.smoothed),
            Self::Reviewed => row.reviewed,
            Self::Smoothed => row.smoothed,
            Self::Temporal => row.temporal,
            Self::Frame => row.raw,
        };
        if self == Self::Final {
            return Cow::Borrowed(rows);
        }
        let relabelled = |row: &FrameRow| FrameRow {
            reviewed: None,
            smoothed: label(row),
            ..row.clone()
        };
        Cow::Owned(rows.iter().map(relabelled).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::affwild2;
    use shared_model::expression::Expression;

    #[test]
    fn a_file_with_one_label_has_the_chosen_one() {
        let row = |frame, reviewed| FrameRow {
            raw: Some(Expression::Anger),
            temporal: Some(Expression::Disgust),
            smoothed: Some(Expression::Fear),
            reviewed,
            ..FrameRow::without_face(frame, frame as f64)
        };
        let rows = [row(0, Some(Expression::Sadness)), row(1, None)];
        let written = ExportLabels::ALL.map(|labels| {
            let text = affwild2::write(&labels.chosen(&rows));
            text.lines().skip(1).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(written, ["5 3", "5 -1", "3 3", "2 2", "1 1"]);
    }
}
