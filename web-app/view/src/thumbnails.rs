//! Small pictures of a film along its timeline: which frames they show, and those that are at hand.

use std::collections::BTreeMap;

use crate::label_view::LabelView;
use crate::viewport::Viewport;

/// The place of a small picture in the strip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tile {
    /// Left edge in pixels of the plot; below 0 where it begins left of what is in sight.
    pub x: f64,
    /// The frame in its middle.
    pub frame: usize,
}

/// The pictures that fill a plot of `width` pixels, each `tile` pixels wide. They stand at multiples of their length, so that panning shows
/// pictures that are at hand.
#[must_use]
pub fn tiles(view: &LabelView, sight: &Viewport, width: f64, tile: f64) -> Vec<Tile> {
    let step_s = sight.span_s * tile / width;
    let is_plot = step_s.is_finite() && step_s > 0.0 && tile >= 1.0;
    if !is_plot || view.frame_count() == 0 {
        return Vec::new();
    }
    let first = (sight.start_s / step_s).floor();
    let count = (width / tile).ceil() as usize + 1;
    (0..count)
        .map(|place| (first + place as f64) * step_s)
        .take_while(|start_s| *start_s < sight.end_s().min(view.end_s()))
        .filter_map(|start_s| {
            let middle_s = (start_s + step_s / 2.0).clamp(0.0, view.end_s());
            Some(Tile {
                x: sight.x_of(start_s, width),
                frame: view.frame_at(middle_s)?,
            })
        })
        .collect()
}

/// Pictures at hand, by frame; as many as are worth keeping.
#[derive(Debug, Clone, PartialEq)]
pub struct Shelf<T> {
    pictures: BTreeMap<usize, T>,
    most: usize,
}

impl<T> Shelf<T> {
    /// An empty one for so many pictures.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            pictures: BTreeMap::new(),
            most: most.max(1),
        }
    }

    /// Whether a frame's picture is at hand.
    #[must_use]
    pub fn has(&self, frame: usize) -> bool {
        self.pictures.contains_key(&frame)
    }

    /// Puts a picture in; where there are too many the one farthest from it goes, but none of `wanted`: these are in sight.
    pub fn put(&mut self, frame: usize, picture: T, wanted: &[Tile]) {
        self.pictures.insert(frame, picture);
        if self.pictures.len() <= self.most {
            return;
        }
        let is_free = |other: &usize| *other != frame && wanted.iter().all(|tile| tile.frame != *other);
        let free = self.pictures.keys().copied().filter(is_free);
        if let Some(other) = free.max_by_key(|other| other.abs_diff(frame)) {
            self.pictures.remove(&other);
        }
    }

    /// The picture of the frame, else the nearest one, at most `reach` frames away.
    #[must_use]
    pub fn nearest(&self, frame: usize, reach: usize) -> Option<&T> {
        let before = self
            .pictures
            .range(frame.saturating_sub(reach)..=frame)
            .next_back();
        let after = self.pictures.range(frame..=frame.saturating_add(reach)).next();
        match (before, after) {
            (Some(before), Some(after)) if frame - before.0 <= after.0 - frame => Some(before.1),
            (_, Some((_, picture))) | (Some((_, picture)), None) => Some(picture),
            (None, None) => None,
        }
    }
}

/// How many frames a picture may be away from the place where it stands in for another: two places. Of one that fills the strip any will do.
#[must_use]
pub fn reach(tiles: &[Tile]) -> usize {
    let gaps = tiles.iter().zip(tiles.iter().skip(1));
    let gaps = gaps.map(|(one, next)| next.frame.saturating_sub(one.frame));
    gaps.max().map_or(usize::MAX, |gap| 2 * gap.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::smoothing::Smoothing;
    use shared_model::timeline::{Prediction, Timeline};

    /// A film of so many frames at 25 a second.
    fn film(frames: usize) -> LabelView {
        let mut timeline = Timeline::new();
        for frame in 0..frames {
            timeline.push(Prediction::Seen {
                frame,
                time_s: frame as f64 / 25.0,
                faces: Vec::new(),
            });
        }
        LabelView::of(&timeline, Smoothing::NONE, 1)
    }

    #[test]
    fn pictures_fill_what_is_in_sight_and_stay_when_it_is_moved() {
        let view = film(1000);
        let whole = Viewport::whole(view.end_s(), 0.04);
        let sight = whole.showing(10.0, 20.0);
        let found = tiles(&view, &sight, 640.0, 64.0);
        // A second a picture.
        assert_eq!(found.len(), 10);
        for (place, tile) in found.iter().enumerate() {
            assert!((tile.x - place as f64 * 64.0).abs() < 1e-6);
            assert_eq!(tile.frame, 250 + 25 * place + 12);
        }
        let moved = tiles(&view, &sight.panned(0.5), 640.0, 64.0);
        assert!(
            (moved[0].x + 32.0).abs() < 1e-6,
            "the first one is cut at the left"
        );
        assert_eq!(moved[0].frame, found[0].frame);
        assert_eq!(moved.len(), 11);
        // Behind the end there is nothing, and of nothing there are no pictures.
        let end = tiles(&view, &whole.showing(39.0, 40.0).panned(5.0), 640.0, 64.0);
        assert!(end.iter().all(|tile| tile.frame < 1000));
        assert!(
            tiles(&film(0), &sight, 640.0, 64.0).is_empty() && tiles(&view, &sight, 0.0, 64.0).is_empty()
        );
    }

    #[test]
    fn the_nearest_picture_stands_in_and_the_farthest_goes() {
        let mut shelf = Shelf::new(3);
        assert_eq!(shelf.nearest(5, usize::MAX), None);
        for frame in [10, 20, 40] {
            shelf.put(frame, frame, &[]);
        }
        assert_eq!(
            [0, 14, 15, 16, 39, 90].map(|frame| *shelf.nearest(frame, usize::MAX).unwrap()),
            [10, 10, 10, 20, 40, 40]
        );
        assert_eq!(
            [4, 5, 14, 16, 45, 46].map(|frame| shelf.nearest(frame, 5).copied()),
            [None, Some(10), Some(10), Some(20), Some(40), None],
            "what is far away stands in for nothing"
        );
        let tile = |frame| Tile { x: 0.0, frame };
        assert_eq!(reach(&[tile(0), tile(12), tile(23)]), 24);
        assert_eq!(reach(&[tile(3), tile(3)]), 2);
        assert_eq!(reach(&[tile(3)]), usize::MAX);
        shelf.put(41, 41, &[]);
        assert!(!shelf.has(10) && shelf.has(20) && shelf.has(41));
        shelf.put(0, 0, &[]);
        assert!(shelf.has(0) && !shelf.has(41), "what was put in last stays");
    }

    #[test]
    fn what_is_in_sight_fills_however_full_the_shelf_is() {
        let wanted: Vec<Tile> = (0..30)
            .map(|place| Tile {
                x: 0.0,
                frame: place * 340,
            })
            .collect();
        let mut shelf = Shelf::new(300);
        for frame in 4900..5200 {
            shelf.put(frame, frame, &[]);
        }
        // As pictures are fetched: the first that is missing.
        for _ in 0..wanted.len() {
            if let Some(missing) = wanted.iter().find(|tile| !shelf.has(tile.frame)) {
                shelf.put(missing.frame, missing.frame, &wanted);
            }
        }
        assert!(wanted.iter().all(|tile| shelf.has(tile.frame)));
        assert_eq!(shelf.pictures.len(), 300);
    }
}
