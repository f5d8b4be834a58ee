//! Draws the whole video in one strip.

use std::rc::Rc;
use std::sync::Arc;

use web_sys::CanvasRenderingContext2d;

use crate::browser::palette::Palette;
use page_view::label_view::{LabelView, TrackView};
use page_view::review::queue::ReviewQueue;
use page_view::samples::samples;
use page_view::viewport::Viewport;

/// Height of the line that says what is reviewed.
const REVIEWED: f64 = 3.0;

/// Everything that is drawn.
pub struct Scene {
    /// Size in CSS pixels.
    pub size: (f64, f64),
    /// Rows.
    pub view: Rc<LabelView>,
    /// Segments under review.
    pub queue: Arc<ReviewQueue>,
    /// Gives the length of the whole.
    pub sight: Viewport,
    /// Whether only what is reviewed is drawn.
    pub is_blind: bool,
}

/// Draws the scene on a cleared canvas: a band for each track, as high as the network is sure, in the label's colour.
pub fn paint(context: &CanvasRenderingContext2d, scene: &Scene, palette: &Palette) {
    let count = scene.view.tracks.len().max(1) as f64;
    let height = scene.size.1 / count;
    for (place, track) in scene.view.tracks.iter().enumerate() {
        band(context, scene, palette, track, (place as f64 * height, height));
    }
}

fn band(
    context: &CanvasRenderingContext2d,
    scene: &Scene,
    palette: &Palette,
    track: &TrackView,
    (top, height): (f64, f64),
) {
    let width = scene.size.0;
    let whole = Viewport::whole(scene.sight.total_s, scene.sight.frame_s);
    let x_of = |time_s: f64| whole.x_of(time_s, width);
    let room = (height - REVIEWED - 2.0).max(2.0);
    let shown = if scene.is_blind {
        Vec::new()
    } else {
        samples(&scene.view, track, &whole, width)
    };
    for sample in shown {
        let [_, _, Some(label)] = sample.labels else {
            continue;
        };
        let part = sample.mean.get(label.index()).copied().unwrap_or(0.0);
        let high = (room * f64::from(part)).max(1.0);
        let (left, right) = (x_of(sample.start_s), x_of(sample.end_s));
        palette.fill_with(context, label);
        // Whole pixels: hairs between neighbours would show as gaps.
        let (left, right) = (left.floor(), right.ceil());
        context.fill_rect(left, top + 1.0 + (room - high) / 2.0, right - left, high);
    }
    context.set_fill_style_str(&palette.accent);
    let mut drawn = f64::NEG_INFINITY;
    for segment in scene
        .queue
        .segments(track.track)
        .iter()
        .filter(|segment| segment.confirmed)
    {
        let left = x_of(scene.view.span_of(segment.start).0).max(drawn);
        let right = x_of(scene.view.span_of(segment.end.saturating_sub(1)).1);
        if right - left >= 0.5 {
            context.fill_rect(left, top + room + 1.0, right - left, REVIEWED);
            drawn = right;
        }
    }
}
