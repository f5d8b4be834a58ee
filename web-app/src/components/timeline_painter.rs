//! Draws the timeline: only what is in sight.

mod lanes;
mod marks;
mod time;

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use shared_model::expression::Expression;
use shared_model::remark::Remarks;
use shared_model::reviewed_segment::ReviewedSegment;
use web_sys::CanvasRenderingContext2d;

use crate::browser::palette::Palette;
use crate::state::hover::Hover;
use page_view::comparison::LoadedLabels;
use page_view::label_view::{LabelView, TrackView};
use page_view::review::edges::HeldEdge;
use page_view::review::queue::ReviewQueue;
use page_view::review::stroke::Stroke;
use page_view::samples::{Sample, samples};
use page_view::timeline_layout::{self as layout, Band, Group, PlotStyle};
use page_view::viewport::Viewport;
use page_view::waveform::Waveform;

const FONT: &str = "11px system-ui, sans-serif";
/// Pixels that a letter takes, about.
const LETTER: f64 = 6.6;

/// Everything that is drawn.
pub struct Scene {
    /// Size in CSS pixels.
    pub size: (f64, f64),
    /// How far the groups are scrolled up in CSS pixels.
    pub scroll: f64,
    /// Rows.
    pub view: Rc<LabelView>,
    /// Labels of each open file, in the order of their lanes.
    pub label_files: Vec<Rc<LoadedLabels>>,
    /// Segments under review.
    pub queue: Arc<ReviewQueue>,
    /// The segment at the playhead.
    pub current: Option<ReviewedSegment>,
    /// What the people are called, by track.
    pub names: Vec<String>,
    /// Notes, unsure segments and events.
    pub remarks: Remarks,
    /// How loud the film is, where that is known.
    pub sound: Option<Arc<Waveform>>,
    /// The range of frames that is about to be labelled.
    pub range: Option<Range<usize>>,
    /// The edge that is dragged.
    pub held_edge: Option<HeldEdge>,
    /// What is painted, and from which frame to which.
    pub stroke: Option<(Stroke, Range<usize>)>,
    /// The segment that is looped.
    pub looped: Option<ReviewedSegment>,
    /// Where the groups lie.
    pub groups: Vec<Group>,
    /// Time in sight.
    pub sight: Viewport,
    /// How probabilities are drawn.
    pub style: PlotStyle,
    /// Whether only what a person has decided is drawn.
    pub is_blind: bool,
    /// Time of the playhead in seconds.
    pub playhead: f64,
    /// Point under the pointer.
    pub hover: Option<Hover>,
}

struct Painter<'a> {
    context: &'a CanvasRenderingContext2d,
    scene: &'a Scene,
    palette: &'a Palette,
    gutter: f64,
    width: f64,
}

/// Draws the scene on a cleared canvas.
pub fn paint(context: &CanvasRenderingContext2d, scene: &Scene, palette: &Palette) {
    let painter = Painter {
        context,
        scene,
        palette,
        gutter: layout::GUTTER,
        width: (scene.size.0 - layout::GUTTER).max(1.0),
    };
    context.set_text_baseline("middle");
    let named = scene.view.tracks.iter().zip(&scene.names);
    for ((track, name), group) in named.zip(&scene.groups) {
        let (top, bottom) = (group.y - scene.scroll, group.end - scene.scroll);
        if bottom > layout::RULER && top < scene.size.1 {
            painter.group(track, name, group);
        }
    }
    painter.ruler();
    painter.range();
    painter.events();
    painter.cursor_lines();
}

impl Painter<'_> {
    fn x(&self, time_s: f64) -> f64 {
        self.gutter + self.scene.sight.x_of(time_s, self.width)
    }

    /// Left and right edge of a stretch of time, cut to the plot.
    fn edges(&self, start_s: f64, end_s: f64) -> (f64, f64) {
        let right = self.gutter + self.width;
        (
            self.x(start_s).clamp(self.gutter, right),
            self.x(end_s).clamp(self.gutter, right),
        )
    }

    fn group(&self, track: &TrackView, name: &str, group: &Group) {
        let context = self.context;
        context.save();
        context.begin_path();
        context.rect(0.0, layout::RULER, self.scene.size.0, self.scene.size.1);
        context.clip();
        let _ = context.translate(0.0, -self.scene.scroll);
        let found = if self.scene.is_blind {
            Vec::new()
        } else {
            samples(&self.scene.view, track, &self.scene.sight, self.width)
        };
        if let Some(band) = group.heading {
            context.set_font("600 12px system-ui, sans-serif");
            context.set_fill_style_str(&self.palette.text);
            let _ = context.fill_text(name, 4.0, band.y + band.h / 2.0);
        }
        match self.scene.style {
            _ if group.plot.is_empty() => {}
            PlotStyle::Rows => self.class_rows(&found, group),
            PlotStyle::Stacked => self.stack(&found, group),
        }
        if let Some(band) = group.confidence {
            self.confidence(&found, band);
        }
        self.lanes(track, &found, group);
        context.restore();
    }

    fn name(&self, text: &str, band: Band, dot: Option<Expression>) {
        let context = self.context;
        let middle = band.y + band.h / 2.0;
        let mut x = 4.0;
        if let Some(class) = dot {
            // Wide enough for the motif to be seen.
            self.palette.fill_with(context, class);
            context.fill_rect(x, middle - 4.0, 8.0, 8.0);
            x += 12.0;
        }
        context.set_font(FONT);
        context.set_fill_style_str(&self.palette.muted);
        let _ = context.fill_text(text, x, middle + 0.5);
    }

    fn class_rows(&self, found: &[Sample], group: &Group) {
        for (class, band) in Expression::ALL.into_iter().zip(&group.plot) {
            self.name(class.name(), *band, Some(class));
            self.lane_ground(*band);
            self.context.set_fill_style_str(self.palette.class(class));
            let share = |sample: &Sample| sample.mean.get(class.index()).copied().unwrap_or(0.0);
            self.bars(found, *band, |sample| f64::from(share(sample)));
        }
    }

    fn stack(&self, found: &[Sample], group: &Group) {
        let Some(band) = group.plot.first().copied() else {
            return;
        };
        self.lane_ground(band);
        let below = |sample: &Sample, class: usize| -> f64 {
            sample
                .mean
                .iter()
                .take(class)
                .map(|share| f64::from(*share))
                .sum()
        };
        for class in Expression::ALL {
            let index = class.index();
            self.palette.fill_with(self.context, class);
            self.area(
                found,
                band,
                |sample| below(sample, index),
                |sample| below(sample, index + 1).min(1.0),
            );
        }
        let line = band.h / 8.0;
        for (place, class) in Expression::ALL.into_iter().rev().enumerate() {
            let band = Band {
                y: band.y + place as f64 * line,
                h: line,
            };
            self.name(class.name(), band, Some(class));
        }
    }

    /// One bar a sample from the bottom of the band; what is less than half a pixel high is left out.
    fn bars(&self, found: &[Sample], band: Band, part: impl Fn(&Sample) -> f64) {
        let context = self.context;
        context.begin_path();
        for sample in found {
            let high = band.h * part(sample);
            if high >= 0.5 {
                let (left, right) = self.edges(sample.start_s, sample.end_s);
                context.rect(left, band.y + band.h - high, right - left, high);
            }
        }
        context.fill();
    }

    /// Fills between two heights (0 at the bottom, 1 at the top of the band), in steps, with pauses left out.
    fn area(
        &self,
        found: &[Sample],
        band: Band,
        low: impl Fn(&Sample) -> f64,
        high: impl Fn(&Sample) -> f64,
    ) {
        let context = self.context;
        let y = |part: f64| band.y + band.h * (1.0 - part);
        context.begin_path();
        let mut rest = found;
        while let Some(first) = rest.first() {
            let mut end_s = first.end_s;
            let length = 1 + rest
                .iter()
                .skip(1)
                .take_while(|sample| {
                    let joins = sample.start_s - end_s < 1e-6;
                    end_s = sample.end_s;
                    joins
                })
                .count();
            let (run, later) = rest.split_at(length);
            rest = later;
            let mut started = false;
            for sample in run {
                let (left, right) = self.edges(sample.start_s, sample.end_s);
                let top = y(high(sample));
                if started {
                    context.line_to(left, top);
                } else {
                    context.move_to(left, top);
                    started = true;
                }
                context.line_to(right, top);
            }
            for sample in run.iter().rev() {
                let (left, right) = self.edges(sample.start_s, sample.end_s);
                let bottom = y(low(sample));
                context.line_to(right, bottom);
                context.line_to(left, bottom);
            }
            context.close_path();
        }
        context.fill();
    }

    fn lane_ground(&self, band: Band) {
        self.context.set_fill_style_str(&self.palette.lane);
        self.context.fill_rect(self.gutter, band.y, self.width, band.h);
    }
}
