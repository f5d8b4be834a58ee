//! What belongs to time alone: the ruler, the sound behind it, the loop, the playhead.

use super::{FONT, LETTER, Painter};
use page_view::timeline_layout as layout;
use page_view::{clock, ruler};

impl Painter<'_> {
    pub(super) fn ruler(&self) {
        self.sound();
        let context = self.context;
        let sight = &self.scene.sight;
        let step_s = ruler::step_s(sight.span_s, self.width, 76.0);
        context.set_font(FONT);
        let first = (sight.start_s / step_s).ceil();
        let count = (sight.span_s / step_s).floor() as usize + 1;
        for index in 0..count {
            let time_s = (first + index as f64) * step_s;
            let x = self.x(time_s);
            context.set_fill_style_str(&self.palette.line);
            context.fill_rect(x.round(), layout::RULER - 7.0, 1.0, 7.0);
            let text = clock::mark(time_s, step_s);
            // Cut numbers mislead.
            if x + 4.0 + text.len() as f64 * LETTER < self.scene.size.0 {
                context.set_fill_style_str(&self.palette.muted);
                let _ = context.fill_text(&text, x + 4.0, layout::RULER / 2.0);
            }
        }
        context.set_fill_style_str(&self.palette.line);
        context.fill_rect(0.0, layout::RULER - 0.5, self.scene.size.0, 1.0);
        self.looped();
    }

    pub(super) fn cursor_lines(&self) {
        let context = self.context;
        let (width, height) = self.scene.size;
        if let Some(hover) = self.scene.hover {
            context.set_fill_style_str(&self.palette.muted);
            context.set_global_alpha(0.6);
            context.fill_rect(hover.x.round(), layout::RULER, 1.0, height);
            context.set_global_alpha(1.0);
        }
        let x = self.x(self.scene.playhead);
        if x < self.gutter - 1.0 || x > width + 1.0 {
            return;
        }
        context.set_fill_style_str(&self.palette.accent);
        context.fill_rect(x.round() - 1.0, 0.0, 2.0, height);
        context.begin_path();
        context.move_to(x.round() - 6.0, 0.0);
        context.line_to(x.round() + 6.0, 0.0);
        context.line_to(x.round(), 9.0);
        context.close_path();
        context.fill();
    }

    /// How loud the film is, behind the ruler: a bar per pixel from the middle up and down.
    fn sound(&self) {
        let Some(sound) = &self.scene.sound else { return };
        let context = self.context;
        let sight = &self.scene.sight;
        // The sound counts from the start of the media, the timeline from the first picture.
        let start_s = self.scene.view.start_s();
        let s_a_pixel = sight.span_s / self.width;
        context.set_fill_style_str(&self.palette.accent);
        context.set_global_alpha(0.28);
        context.begin_path();
        for column in 0..self.width.floor() as usize {
            let from_s = start_s + sight.start_s + column as f64 * s_a_pixel;
            let high = f64::from(sound.peak(from_s, from_s + s_a_pixel)) * (layout::RULER - 4.0);
            if high >= 0.5 {
                let top = (layout::RULER - high) / 2.0;
                context.rect(self.gutter + column as f64, top, 1.0, high);
            }
        }
        context.fill();
        context.set_global_alpha(1.0);
    }

    /// A bar in the ruler over what is played over and over.
    fn looped(&self) {
        let Some(segment) = self.scene.looped else { return };
        let view = &self.scene.view;
        let start_s = view.span_of(segment.start).0;
        let end_s = view.span_of(segment.end.saturating_sub(1)).1;
        let (left, right) = self.edges(start_s, end_s);
        self.context.set_fill_style_str(&self.palette.accent);
        self.context
            .fill_rect(left, layout::RULER - 4.0, right - left, 4.0);
    }
}
