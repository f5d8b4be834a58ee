//! What an analysis found, for the person who waits at a terminal: how long each face shows which expression.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::timeline::FrameRow;

/// Faces that are named; of the others their number is said.
const MOST_FACES: usize = 10;
/// Cells of a bar.
const BAR: usize = 20;

/// Lines for each face, those that are seen longest first: the share of its frames that each smoothed label has.
#[must_use]
pub fn lines(rows: &[FrameRow]) -> Vec<String> {
    let mut faces: BTreeMap<u32, [usize; CLASS_COUNT]> = BTreeMap::new();
    for (track, label) in rows.iter().filter_map(|row| row.track.zip(row.smoothed)) {
        if let Some(count) = faces.entry(track).or_default().get_mut(label.index()) {
            *count += 1;
        }
    }
    let mut faces: Vec<(u32, [usize; CLASS_COUNT])> = faces.into_iter().collect();
    faces.sort_by_key(|(track, counts)| (std::cmp::Reverse(counts.iter().sum::<usize>()), *track));
    let mut lines = Vec::new();
    for (track, counts) in faces.iter().take(MOST_FACES) {
        let frames: usize = counts.iter().sum();
        lines.push(format!("  face {track}, {frames} frames"));
        let mut shares: Vec<(Expression, usize)> = Expression::ALL.into_iter().zip(*counts).collect();
        shares.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (label, count) in shares.into_iter().filter(|(_, count)| *count > 0) {
            let share = count as f64 / frames as f64;
            let filled = (share * BAR as f64).round() as usize;
            let mut line = format!("    {:<10} {:>5.1} %  ", label.name(), 100.0 * share);
            let _ = write!(
                line,
                "{}{}",
                "\u{2588}".repeat(filled),
                "\u{2591}".repeat(BAR - filled.min(BAR))
            );
            lines.push(line);
        }
    }
    if faces.len() > MOST_FACES {
        lines.push(format!("  and {} more faces", faces.len() - MOST_FACES));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(track: u32, label: Expression) -> FrameRow {
        FrameRow {
            track: Some(track),
            smoothed: Some(label),
            ..FrameRow::without_face(0, 0.0)
        }
    }

    #[test]
    fn shares_add_up_and_the_face_that_is_seen_longest_comes_first() {
        let mut rows = vec![row(3, Expression::Fear); 2];
        rows.extend(vec![row(7, Expression::Neutral); 6]);
        rows.extend(vec![row(7, Expression::Anger); 2]);
        rows.push(FrameRow::without_face(9, 1.0));
        let lines = lines(&rows);
        assert_eq!(lines.len(), 5);
        assert!(lines[0].contains("face 7, 8 frames") && lines[3].contains("face 3, 2 frames"));
        assert!(
            lines[1].contains("Neutral") && lines[1].contains("75.0 %"),
            "{}",
            lines[1]
        );
        assert!(
            lines[2].contains("Anger") && lines[2].contains("25.0 %"),
            "{}",
            lines[2]
        );
        assert!(lines[4].contains("100.0 %") && lines[4].ends_with(&"\u{2588}".repeat(BAR)));
        let many: Vec<FrameRow> = (0..13).map(|track| row(track, Expression::Sadness)).collect();
        assert_eq!(super::lines(&many).last().unwrap(), "  and 3 more faces");
        assert!(super::lines(&[]).is_empty());
    }
}
