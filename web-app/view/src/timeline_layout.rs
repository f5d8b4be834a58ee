//! Where everything lies in the timeline, from top to bottom, in CSS pixels.

use shared_model::expression::CLASS_COUNT;

/// Height of the time ruler.
pub const RULER: f64 = 24.0;
/// Width of the names at the left.
pub const GUTTER: f64 = 92.0;
/// Timelines below this width are a phone's, or a page's that is enlarged a lot.
const NARROW: f64 = 640.0;

const HEADING: f64 = 20.0;
const GAP: f64 = 3.0;
const AFTER_GROUP: f64 = 14.0;
const AFTER_FOLDED: f64 = 5.0;

/// How high the lanes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Density {
    /// As much as can be seen beside a video.
    #[default]
    Dense,
    /// Lanes that a finger hits; the page scrolls.
    Roomy,
}

impl Density {
    /// For a timeline of this width.
    #[must_use]
    pub fn of(width: f64) -> Self {
        // Before it is laid out it has none.
        if width > 0.0 && width < NARROW {
            Self::Roomy
        } else {
            Self::Dense
        }
    }

    fn heights(self) -> Heights {
        match self {
            Self::Dense => Heights {
                class_row: 15.0,
                stack: 104.0,
                confidence: 16.0,
                lane: 13.0,
                last_lane: 20.0,
            },
            Self::Roomy => Heights {
                class_row: 17.0,
                stack: 120.0,
                confidence: 20.0,
                lane: 25.0,
                last_lane: 30.0,
            },
        }
    }
}

/// Heights of the bands of a group.
#[derive(Debug, Clone, Copy)]
struct Heights {
    class_row: f64,
    stack: f64,
    confidence: f64,
    /// Frame and temporal lane.
    lane: f64,
    /// The lanes that are read most: smoothed, reviewed, files.
    last_lane: f64,
}

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

/// The bands of one track. One that is folded shows its smoothed and its reviewed lane alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Top edge.
    pub y: f64,
    /// Name of the track, where there are several.
    pub heading: Option<Band>,
    /// One band a class, or a single one for the stacked plot; none where the group is folded.
    pub plot: Vec<Band>,
    /// How sure the network is.
    pub confidence: Option<Band>,
    /// Raw, temporal and smoothed labels.
    pub lanes: [Option<Band>; 3],
    /// Labels a person gave.
    pub reviewed: Band,
    /// Labels of each open file.
    pub files: Vec<Band>,
    /// Bottom edge.
    pub end: f64,
}

/// Lays out `tracks` groups below the ruler, each with a lane for each of `files` label files. Where one of several groups is `open` the
/// others are folded.
#[must_use]
pub fn groups(
    tracks: usize,
    style: PlotStyle,
    files: usize,
    open: Option<usize>,
    density: Density,
) -> Vec<Group> {
    let heights = density.heights();
    let mut y = RULER + GAP;
    (0..tracks)
        .map(|place| {
            let is_folded = tracks > 1 && open.is_some_and(|open| open != place);
            let group = if is_folded {
                folded(y, heights)
            } else {
                group(y, tracks > 1, style, files, heights)
            };
            y = group.end + if is_folded { AFTER_FOLDED } else { AFTER_GROUP };
            group
        })
        .collect()
}

/// How far to scroll a timeline that is `height` high, so that a group comes into sight: as little as is needed, and where
/// it is higher than that, to its lanes at the bottom.
#[must_use]
pub fn scroll_to(group: &Group, scroll: f64, height: f64) -> f64 {
    let least = group.end + GAP - height;
    let most = group.y - RULER - GAP;
    scroll.min(most).max(least).max(0.0)
}

/// Height of all groups with the ruler.
#[must_use]
pub fn height(groups: &[Group]) -> f64 {
    groups.last().map_or(RULER, |last| last.end + GAP)
}

fn group(top: f64, with_heading: bool, style: PlotStyle, files: usize, heights: Heights) -> Group {
    let mut y = top;
    let mut band = |h: f64, gap: f64| {
        let band = Band { y, h };
        y += h + gap;
        band
    };
    let heading = with_heading.then(|| band(HEADING, 0.0));
    let plot = match style {
        PlotStyle::Rows => (0..CLASS_COUNT).map(|_| band(heights.class_row, 1.0)).collect(),
        PlotStyle::Stacked => vec![band(heights.stack, 1.0)],
    };
    band(GAP, 0.0);
    let confidence = band(heights.confidence, GAP);
    let lanes = [heights.lane, heights.lane, heights.last_lane].map(|high| Some(band(high, GAP)));
    let reviewed = band(heights.last_lane, GAP);
    let files = (0..files).map(|_| band(heights.last_lane, GAP)).collect();
    Group {
        y: top,
        heading,
        plot,
        confidence: Some(confidence),
        lanes,
        reviewed,
        files,
        end: y,
    }
}

fn folded(top: f64, heights: Heights) -> Group {
    let heading = Band { y: top, h: HEADING };
    let smoothed = Band {
        y: top + HEADING,
        h: heights.lane,
    };
    let reviewed = Band {
        y: smoothed.y + smoothed.h + GAP,
        h: heights.last_lane,
    };
    Group {
        y: top,
        heading: Some(heading),
        plot: Vec::new(),
        confidence: None,
        lanes: [None, None, Some(smoothed)],
        reviewed,
        files: Vec::new(),
        end: reviewed.y + reviewed.h + GAP,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_do_not_overlap() {
        let styles = [PlotStyle::Rows, PlotStyle::Stacked];
        let densities = [Density::Dense, Density::Roomy];
        for (style, open, density) in styles
            .into_iter()
            .flat_map(|style| [(style, None), (style, Some(1))])
            .flat_map(|(style, open)| densities.map(|density| (style, open, density)))
        {
            let groups = groups(3, style, 2, open, density);
            let mut bands: Vec<Band> = Vec::new();
            for group in &groups {
                bands.extend(group.heading);
                bands.extend(&group.plot);
                bands.extend(group.confidence);
                bands.extend(group.lanes.into_iter().flatten());
                bands.push(group.reviewed);
                bands.extend(&group.files);
            }
            assert!(bands.first().unwrap().y >= RULER);
            assert!(bands.windows(2).all(|pair| pair[0].y + pair[0].h <= pair[1].y));
            assert!(bands.last().unwrap().y + bands.last().unwrap().h <= height(&groups));
        }
    }

    #[test]
    fn a_finger_hits_each_lane_of_a_phone() {
        // A phone's timeline, and one beside a mouse.
        assert_eq!([350.0, 1200.0].map(Density::of), [Density::Roomy, Density::Dense]);
        let group = &groups(1, PlotStyle::Rows, 1, Some(0), Density::of(350.0))[0];
        let lanes = group.lanes.into_iter().flatten();
        let lanes = lanes.chain([group.reviewed]).chain(group.files.iter().copied());
        // WCAG 2.2, success criterion 2.5.8: 24 pixels.
        assert!(lanes.into_iter().all(|band| band.h >= 24.0));
    }

    #[test]
    fn the_chosen_person_is_open_and_comes_into_sight_while_the_others_fold_to_two_lanes() {
        // What a page of 1280 x 800 has: 36 % of its height.
        let in_sight = 288.0;
        for (people, chosen) in [(2, 0), (2, 1), (5, 3), (5, 4)] {
            let groups = groups(people, PlotStyle::Rows, 0, Some(chosen), Density::Dense);
            for (place, group) in groups.iter().enumerate() {
                let lanes = group.lanes.iter().flatten().count() + 1;
                assert_eq!(lanes, if place == chosen { 4 } else { 2 });
                assert_eq!(group.plot.len(), if place == chosen { 8 } else { 0 });
            }
            for before in [0.0, 150.0, height(&groups) - in_sight] {
                let scroll = scroll_to(&groups[chosen], before, in_sight);
                let group = &groups[chosen];
                assert!(group.y - scroll >= RULER, "{people} people: the top is in sight");
                assert!(
                    group.end - scroll <= in_sight,
                    "{people} people: the bottom is in sight"
                );
                assert_eq!(scroll_to(group, scroll, in_sight), scroll, "it stays there");
            }
        }
        // One person has nobody to fold for.
        assert_eq!(
            groups(1, PlotStyle::Rows, 0, Some(0), Density::Dense),
            groups(1, PlotStyle::Rows, 0, None, Density::Dense)
        );
        // With a lane of a file too it is higher than what is in sight: the lanes are what keys act on.
        let high = &groups(2, PlotStyle::Rows, 1, Some(0), Density::Dense)[0];
        let scroll = scroll_to(high, 0.0, in_sight);
        assert!(high.end - scroll <= in_sight && scroll > 0.0);
    }
}
