//! Marks of what a person noted or chose: events and a range across all lanes, notes and doubts on the face's own.

use shared_model::remark::{Remark, RemarkKind};

use super::{FONT, Painter};
use crate::strings;
use page_view::label_view::TrackView;
use page_view::timeline_layout::{self as layout, Band};

/// Pixels from the end of one name to the start of the next.
const APART: f64 = 8.0;
/// Height of a name's ground, and half the side of a mark.
const NAME_HEIGHT: f64 = 14.0;
const MARK: f64 = 5.5;

impl Painter<'_> {
    /// A line down all lanes at each event, with its name where there is room for it.
    pub(super) fn events(&self) {
        let context = self.context;
        let sight = &self.scene.sight;
        let frame_count = self.scene.view.frame_count();
        let mut free = self.gutter;
        context.set_font(FONT);
        for event in self
            .scene
            .remarks
            .events()
            .filter(|event| event.start < frame_count)
        {
            let time_s = self.scene.view.span_of(event.start).0;
            if time_s < sight.start_s || time_s > sight.end_s() {
                continue;
            }
            let x = self.x(time_s).round();
            context.set_fill_style_str(&self.palette.text);
            context.fill_rect(x, layout::RULER - 6.0, 1.0, self.scene.size.1);
            let width = context
                .measure_text(&event.text)
                .map_or(0.0, |measured| measured.width());
            if x < free || x + width + APART > self.scene.size.0 {
                continue;
            }
            free = x + width + APART;
            context.fill_rect(x, layout::RULER, width + 6.0, NAME_HEIGHT);
            context.set_fill_style_str(&self.palette.surface);
            let _ = context.fill_text(&event.text, x + 3.0, layout::RULER + NAME_HEIGHT / 2.0 + 0.5);
        }
    }

    /// The range that is about to be labelled, over all lanes.
    pub(super) fn range(&self) {
        let Some(frames) = &self.scene.range else { return };
        let view = &self.scene.view;
        let (start_s, end_s) = (
            view.span_of(frames.start).0,
            view.span_of(frames.end.saturating_sub(1)).1,
        );
        let (left, right) = self.edges(start_s, end_s);
        let height = self.scene.size.1 - layout::RULER;
        self.context.set_fill_style_str(&self.palette.accent);
        self.context.set_global_alpha(0.16);
        self.context
            .fill_rect(left, layout::RULER, (right - left).max(1.0), height);
        self.context.set_global_alpha(1.0);
    }

    /// A mark at each note and each doubt about a face.
    pub(super) fn remark_marks(&self, track: &TrackView, band: Band) {
        let frame_count = self.scene.view.frame_count();
        let own = self.scene.remarks.iter().filter(|remark| {
            remark.track == Some(track.track) && remark.start < frame_count && self.is_in_sight(remark)
        });
        for remark in own {
            let start_s = self.scene.view.span_of(remark.start).0;
            let x = self.x(start_s).max(self.gutter) + MARK + 2.0;
            match remark.kind {
                RemarkKind::Note => self.mark("\u{270e}", x, band),
                // Beside a note's mark.
                RemarkKind::Unsure => self.mark(strings::UNSURE_MARK, x + 2.0 * MARK + 2.0, band),
                RemarkKind::Label => self.own_label(remark, band),
                RemarkKind::Event => {}
            }
        }
    }

    /// A line under the frames, with the label's name where there is room for it.
    fn own_label(&self, remark: &Remark, band: Band) {
        let view = &self.scene.view;
        let last = remark
            .end
            .saturating_sub(1)
            .min(view.frame_count().saturating_sub(1));
        let (left, right) = self.edges(view.span_of(remark.start).0, view.span_of(last).1);
        let context = self.context;
        context.set_fill_style_str(&self.palette.text);
        context.fill_rect(left, band.y + band.h - 3.0, (right - left).max(1.0), 3.0);
        context.set_font("600 9px system-ui, sans-serif");
        let width = context
            .measure_text(&remark.text)
            .map_or(0.0, |measured| measured.width());
        if width + 6.0 < right - left && band.h > 15.0 {
            let x = right - width - 6.0;
            context.fill_rect(x, band.y + band.h - 12.0, width + 6.0, 12.0);
            context.set_fill_style_str(&self.palette.surface);
            let _ = context.fill_text(&remark.text, x + 3.0, band.y + band.h - 5.5);
        }
    }

    fn is_in_sight(&self, remark: &Remark) -> bool {
        let view = &self.scene.view;
        let last = remark
            .end
            .saturating_sub(1)
            .min(view.frame_count().saturating_sub(1));
        let (start_s, end_s) = (view.span_of(remark.start).0, view.span_of(last).1);
        start_s < self.scene.sight.end_s() && end_s > self.scene.sight.start_s
    }

    fn mark(&self, sign: &str, x: f64, band: Band) {
        let context = self.context;
        let y = band.y + band.h / 2.0;
        context.begin_path();
        let _ = context.arc(x, y, MARK, 0.0, std::f64::consts::TAU);
        context.set_fill_style_str(&self.palette.surface);
        context.fill();
        context.set_stroke_style_str(&self.palette.text);
        context.set_line_width(1.0);
        context.stroke();
        context.set_font(FONT);
        context.set_fill_style_str(&self.palette.text);
        context.set_text_align("center");
        let _ = context.fill_text(sign, x, y + 0.5);
        context.set_text_align("start");
    }
}
