//! The confusion matrix as a picture: a row a true class, a column a predicted one.

use std::path::{Path, PathBuf};

use anyhow::Result;
use plotters::coord::Shift;
use plotters::element::{Rectangle, Text};
use plotters::prelude::{DrawingArea, DrawingBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, Color as _, IntoTextStyle as _, RGBColor, WHITE};
use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::metrics::ConfusionMatrix;

use crate::plots::canvas::{Drawing, FONT, WriteFile, failed, write};

const CELL: i32 = 72;
const LEFT: i32 = 130;
const TOP: i32 = 90;
const MARGIN: i32 = 20;

struct ConfusionPicture<'a> {
    title: &'a str,
    matrix: &'a ConfusionMatrix,
    /// A column more.
    misses: Option<[u64; CLASS_COUNT]>,
}

/// Writes `base.svg` and `base.png` and gives their paths. The shade of a cell is its share of its
/// row (the recall, on the diagonal).
///
/// # Errors
/// When a file cannot be written.
pub fn write_confusion_matrix(
    base: &Path,
    title: &str,
    matrix: &ConfusionMatrix,
    write_file: WriteFile<'_>,
) -> Result<[PathBuf; 2]> {
    write_confusion_matrix_with_misses(base, title, matrix, [0; CLASS_COUNT], write_file)
}

/// As [`write_confusion_matrix`], with a last column `no face` for what nothing was predicted for, by true class, if there is
/// such.
///
/// # Errors
/// When a file cannot be written.
pub fn write_confusion_matrix_with_misses(
    base: &Path,
    title: &str,
    matrix: &ConfusionMatrix,
    misses: [u64; CLASS_COUNT],
    write_file: WriteFile<'_>,
) -> Result<[PathBuf; 2]> {
    let misses = misses.iter().any(|count| *count > 0).then_some(misses);
    write(
        base,
        &ConfusionPicture {
            title,
            matrix,
            misses,
        },
        write_file,
    )
}

impl ConfusionPicture<'_> {
    fn columns(&self) -> i32 {
        CLASS_COUNT as i32 + i32::from(self.misses.is_some())
    }

    /// Counts of a true class, by label.
    fn row(&self, class: Expression) -> Vec<u64> {
        let labels = self
            .matrix
            .counts
            .get(class.index())
            .into_iter()
            .flatten()
            .copied();
        let missed = self.misses.and_then(|misses| misses.get(class.index()).copied());
        labels.chain(missed).collect()
    }
}

impl Drawing for ConfusionPicture<'_> {
    fn size(&self) -> (u32, u32) {
        let (width, height) = (CELL * self.columns(), CELL * CLASS_COUNT as i32);
        ((LEFT + width + MARGIN) as u32, (TOP + height + MARGIN) as u32)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<()>
    where
        B::ErrorType: 'static,
    {
        area.fill(&WHITE).map_err(failed)?;
        let text = |words: String, place: (i32, i32), size: i32, color: RGBColor, across: HPos| {
            let style = (FONT, size).into_text_style(area).color(&color);
            let style = style.pos(Pos::new(across, VPos::Center));
            area.draw(&Text::new(words, place, style)).map_err(failed)
        };
        let middle = LEFT + CELL * self.columns() / 2;
        text(self.title.to_owned(), (middle, 20), 18, BLACK, HPos::Center)?;
        let caption = "columns: predicted, rows: true; count and share of the row";
        text(caption.to_owned(), (middle, 44), 13, BLACK, HPos::Center)?;
        if self.misses.is_some() {
            let place = (LEFT + CELL * CLASS_COUNT as i32 + CELL / 2, TOP - 14);
            text("no face".to_owned(), place, 13, BLACK, HPos::Center)?;
        }
        for (row, class) in (0..).zip(Expression::ALL) {
            let counts = self.row(class);
            let name = || class.name().to_owned();
            let top = TOP + CELL * row;
            text(
                name(),
                (LEFT + CELL * row + CELL / 2, TOP - 14),
                13,
                BLACK,
                HPos::Center,
            )?;
            text(name(), (LEFT - 10, top + CELL / 2), 13, BLACK, HPos::Right)?;
            let whole: u64 = counts.iter().sum();
            for (column, count) in (0..).zip(counts) {
                let share = count as f64 / whole.max(1) as f64;
                let left = LEFT + CELL * column;
                let cell = Rectangle::new(
                    [(left, top), (left + CELL - 2, top + CELL - 2)],
                    shade(share).filled(),
                );
                area.draw(&cell).map_err(failed)?;
                let color = if share > 0.55 { WHITE } else { BLACK };
                let place = |line: i32| (left + CELL / 2 - 1, top + CELL / 2 + line);
                text(count.to_string(), place(-9), 14, color, HPos::Center)?;
                text(
                    format!("{:.0}%", 100.0 * share),
                    place(10),
                    12,
                    color,
                    HPos::Center,
                )?;
            }
        }
        Ok(())
    }
}

/// From near white to dark blue.
fn shade(share: f64) -> RGBColor {
    let mix = |from: f64, to: f64| (from + (to - from) * share.clamp(0.0, 1.0)) as u8;
    RGBColor(mix(240.0, 20.0), mix(244.0, 60.0), mix(250.0, 130.0))
}
