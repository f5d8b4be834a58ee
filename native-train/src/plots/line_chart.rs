//! Curves over steps, windows and the like.

use std::path::{Path, PathBuf};

use anyhow::Result;
use plotters::chart::{ChartBuilder, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::element::{Circle, PathElement};
use plotters::prelude::{DrawingArea, DrawingBackend};
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color as _, Palette as _, Palette99, WHITE};

use crate::plots::canvas::{Drawing, FONT, WriteFile, failed, write};

const SIZE: (u32, u32) = (900, 540);
/// Lines with at most this many points show each of them.
const MOST_DOTS: usize = 40;

/// A chart of lines over one x axis.
#[derive(Debug, Clone, PartialEq)]
pub struct LineChart {
    /// Stands above the chart.
    pub title: String,
    /// Name and unit of the x axis.
    pub x_label: String,
    /// Name and unit of the y axis.
    pub y_label: String,
    /// The lines, in the order of the legend.
    pub lines: Vec<Line>,
}

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Name in the legend.
    pub name: String,
    /// (x, y) in order; points that are not finite are left out.
    pub points: Vec<(f64, f64)>,
}

impl LineChart {
    /// Writes `base.svg` and `base.png` and gives their paths. A chart without a point is drawn
    /// empty.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, base: &Path, write_file: WriteFile<'_>) -> Result<[PathBuf; 2]> {
        write(base, self, write_file)
    }

    /// Least and greatest value of a coordinate, a little widened, never empty.
    fn range(&self, of: impl Fn(&(f64, f64)) -> f64, widened: f64) -> std::ops::Range<f64> {
        let points = self.lines.iter().flat_map(|line| &line.points);
        let (low, high) = points
            .filter(|point| is_finite(point))
            .map(of)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low > high {
            return 0.0..1.0;
        }
        let margin = widened * (high - low);
        if high - low <= f64::EPSILON * high.abs().max(1.0) {
            return low - 0.5..high + 0.5;
        }
        low - margin..high + margin
    }
}

fn is_finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

impl Drawing for LineChart {
    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<()>
    where
        B::ErrorType: 'static,
    {
        area.fill(&WHITE).map_err(failed)?;
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 20))
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(72)
            .build_cartesian_2d(self.range(|p| p.0, 0.0), self.range(|p| p.1, 0.05))
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .label_style((FONT, 14))
            .axis_desc_style((FONT, 16))
            .light_line_style(WHITE)
            .draw()
            .map_err(failed)?;
        for (index, line) in self.lines.iter().enumerate() {
            let color = Palette99::pick(index);
            let points: Vec<(f64, f64)> = line.points.iter().copied().filter(is_finite).collect();
            let style = color.stroke_width(2);
            chart
                .draw_series(LineSeries::new(points.iter().copied(), style))
                .map_err(failed)?
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
            if points.len() <= MOST_DOTS {
                let dots = points.iter().map(|point| Circle::new(*point, 3, color.filled()));
                chart.draw_series(dots).map_err(failed)?;
            }
        }
        if self.lines.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .background_style(WHITE.mix(0.8))
                .border_style(BLACK.mix(0.3))
                .label_font((FONT, 14))
                .draw()
                .map_err(failed)?;
        }
        Ok(())
    }
}
