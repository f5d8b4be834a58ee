//! Where everything lies in the timeline, from top to bottom, in CSS pixels.

use shared_model::expression::CLASS_COUNT;

/// Height of the time ruler.
pub const RULER: f64 = 24.0;
/// Width of the names at the left.
pub const GUTTER: f64 = 92.0;
/// The same where the timeline is narrow.
pub const NARROW_GUTTER: f64 = 34.0;
/// Widths below this are narrow.
pub const NARROW: f64 = 560.0;

const HEADING: f64 = 20.0;
const CLASS_ROW: f64 = 15.0;
const STACK: f64 = 104.0;
const CONFIDENCE: f64 = 16.0;
const LANE: f64 = 13.0;
const LAST_LANE: f64 = 20.0;
const GAP: f64 = 3.0;
const AFTER_GROUP: f64 = 14.0;

/// How probabilities are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlotStyle {
    /// One row a class.
    #[default]
    Rows,
    /// All classes on top of one another.
    Stacked,
}

/// A horizontal band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Top edge.
    pub y: f64,
    /// Height.
    pub h: f64,
}

/// The bands of one track.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Top edge.
    pub y: f64,
    /// Name of the track, where there are several.
    pub heading: Option<Band>,
    /// One band a class, or a single one for the stacked plot.
    pub plot: Vec<Band>,
    /// How sure the network is.
    pub confidence: Band,
    /// Raw, temporal and smoothed labels.
    pub lanes: [Band; 3],
    /// Labels a person gave.
    pub reviewed: Band,
    /// Labels of a file.
    pub truth: Option<Band>,
    /// Bottom edge.
    pub end: f64,
}

/// Lays out `tracks` groups below the ruler.
#[must_use]
pub fn groups(tracks: usize, style: PlotStyle, with_truth: bool) -> Vec<Group> {
    let mut y = RULER + GAP;
    (0..tracks)
        .map(|_| {
            let group = group(y, tracks > 1, style, with_truth);
            y = group.end + AFTER_GROUP;
            group
        })
        .collect()
}

/// Height of all groups with the ruler.
#[must_use]
pub fn height(groups: &[Group]) -> f64 {
    groups.last().map_or(RULER, |last| last.end + GAP)
}

fn group(top: f64, with_heading: bool, style: PlotStyle, with_truth: bool) -> Group {
    let mut y = top;
    let mut band = |h: f64, gap: f64| {
        let band = Band { y, h };
        y += h + gap;
        band
    };
    let heading = with_heading.then(|| band(HEADING, 0.0));
    let plot = match style {
        PlotStyle::Rows => (0..CLASS_COUNT).map(|_| band(CLASS_ROW, 1.0)).collect(),
        PlotStyle::Stacked => vec![band(STACK, 1.0)],
    };
    band(GAP, 0.0);
    let confidence = band(CONFIDENCE, GAP);
    let lanes = [band(LANE, GAP), band(LANE, GAP), band(LAST_LANE, GAP)];
    let reviewed = band(LAST_LANE, GAP);
    let truth = with_truth.then(|| band(LAST_LANE, GAP));
    Group {
        y: top,
        heading,
        plot,
        confidence,
        lanes,
        reviewed,
        truth,
        end: y,
    }
}

/// Width of the names at the left for a timeline of this width.
#[must_use]
pub fn gutter(width: f64) -> f64 {
    if width < NARROW { NARROW_GUTTER } else { GUTTER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_do_not_overlap() {
        for style in [PlotStyle::Rows, PlotStyle::Stacked] {
            let groups = groups(3, style, true);
            let mut bands: Vec<Band> = Vec::new();
            for group in &groups {
                bands.extend(group.heading);
                bands.extend(&group.plot);
                bands.push(group.confidence);
                bands.extend(group.lanes);
                bands.push(group.reviewed);
                bands.extend(group.truth);
            }
            assert!(bands.first().unwrap().y >= RULER);
            assert!(bands.windows(2).all(|pair| pair[0].y + pair[0].h <= pair[1].y));
            assert!(bands.last().unwrap().y + bands.last().unwrap().h <= height(&groups));
        }
    }
}
