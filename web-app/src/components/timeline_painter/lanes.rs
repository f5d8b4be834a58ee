//! Lanes of labels: the network's, a person's, a file's.

use shared_model::reviewed_segment::ReviewedSegment;

use super::{LETTER, Painter};
use crate::strings;
use page_view::comparison::stem;
use page_view::label_view::TrackView;
use page_view::review::edges::HeldEdge;
use page_view::samples::{Sample, Segment, segments};
use page_view::timeline_layout::{Band, Group};

/// Letters of a file's name that fit beside its lane.
const NAME_LETTERS: usize = 12;
const SEGMENT_FONT: &str = "600 11px system-ui, sans-serif";

impl Painter<'_> {
    pub(super) fn lanes(&self, track: &TrackView, found: &[Sample], group: &Group) {
        for (lane, band) in group.lanes.iter().enumerate() {
            let Some(band) = band else { continue };
            let name = strings::LANES.get(lane).copied().unwrap_or_default();
            self.name(name, *band, None);
            self.lane_ground(*band);
            let labels = found
                .iter()
                .map(|s| (s.start_s, s.end_s, s.labels.get(lane).copied().flatten()));
            self.segments(&segments(labels), *band);
        }
        self.reviewed(track, group.reviewed);
        for (band, file) in group.files.iter().zip(&self.scene.label_files) {
            let name = clipped(stem(&file.name), NAME_LETTERS);
            self.name(&name, *band, None);
            self.lane_ground(*band);
            let labels = found.iter().map(|s| {
                let label = file.label_in(&self.scene.view, track, s.frame);
                (s.start_s, s.end_s, label)
            });
            self.segments(&segments(labels), *band);
        }
    }

    /// How sure the network is.
    pub(super) fn confidence(&self, found: &[Sample], band: Band) {
        self.name(strings::CONFIDENCE_LANE, band, None);
        self.lane_ground(band);
        self.context.set_fill_style_str(&self.palette.muted);
        self.bars(found, band, |sample| f64::from(sample.margin));
    }

    /// What was said by hand is filled, what is not reviewed yet only tinted; the current segment is framed.
    fn reviewed(&self, track: &TrackView, band: Band) {
        self.name(strings::REVIEWED_LANE, band, None);
        self.lane_ground(band);
        let (open, confirmed) = self.by_state(track);
        self.tints(&open, band);
        self.segments(&confirmed, band);
        if let Some((stroke, frames)) = self.scene.stroke.as_ref() {
            let (start_s, end_s) = self.span(frames.start, frames.end);
            if stroke.track == track.track {
                self.segments(
                    &[Segment {
                        start_s,
                        end_s,
                        label: stroke.label,
                    }],
                    band,
                );
            }
        }
        self.remark_marks(track, band);
        let held = self
            .scene
            .held_edge
            .filter(|held| held.first.track == track.track);
        if let Some(current) = self.scene.current.filter(|current| current.track == track.track) {
            let shown = held.and_then(|held| held.parts().into_iter().find(|part| is_part(part, &current)));
            self.frame(shown.unwrap_or(current), band);
        }
        if let Some(held) = held {
            let x = self.x(self.scene.view.span_of(held.frame).0);
            self.context.set_fill_style_str(&self.palette.accent);
            self.context
                .fill_rect(x.round() - 1.5, band.y - 2.0, 3.0, band.h + 4.0);
        }
    }

    /// Segments in sight: those that are not reviewed, and those that are.
    fn by_state(&self, track: &TrackView) -> (Vec<Segment>, Vec<Segment>) {
        let sight = &self.scene.sight;
        let all = self.scene.queue.segments(track.track);
        let first = all.partition_point(|segment| self.span(segment.start, segment.end).1 <= sight.start_s);
        let last = all.partition_point(|segment| self.span(segment.start, segment.end).0 < sight.end_s());
        // Segments narrower than half a pixel are covered by the one before them.
        let least_s = sight.span_s / self.width / 2.0;
        let mut drawn_s = f64::NEG_INFINITY;
        let (mut open, mut confirmed) = (Vec::new(), Vec::new());
        for segment in all.get(first..last).unwrap_or_default() {
            let parts = self.scene.held_edge.map(HeldEdge::parts).into_iter().flatten();
            let shown = parts.into_iter().find(|part| is_part(part, segment));
            let shown = shown.unwrap_or(*segment);
            let (start_s, end_s) = self.span(shown.start, shown.end);
            if end_s - drawn_s < least_s {
                continue;
            }
            drawn_s = end_s;
            let kind = if shown.confirmed {
                &mut confirmed
            } else {
                &mut open
            };
            kind.push(Segment {
                start_s,
                end_s,
                label: shown.label,
            });
        }
        (open, confirmed)
    }

    fn span(&self, start: usize, end: usize) -> (f64, f64) {
        let view = &self.scene.view;
        (view.span_of(start).0, view.span_of(end.saturating_sub(1)).1)
    }

    /// Segments that wait: a breath of their colour, and where they begin.
    fn tints(&self, found: &[Segment], band: Band) {
        let context = self.context;
        for segment in found {
            let (left, right) = self.edges(segment.start_s, segment.end_s);
            let colour = if self.scene.is_blind {
                &self.palette.muted
            } else {
                self.palette.class(segment.label)
            };
            context.set_fill_style_str(colour);
            context.set_global_alpha(0.22);
            context.fill_rect(left, band.y, (right - left).max(0.5), band.h);
            context.set_global_alpha(1.0);
            context.fill_rect(left, band.y + band.h - 2.0, (right - left - 1.0).max(0.5), 2.0);
        }
    }

    fn frame(&self, segment: ReviewedSegment, band: Band) {
        let context = self.context;
        let (start_s, end_s) = self.span(segment.start, segment.end);
        let (left, right) = self.edges(start_s, end_s);
        context.set_stroke_style_str(&self.palette.accent);
        context.set_line_width(2.0);
        context.stroke_rect(
            left + 1.0,
            band.y + 1.0,
            (right - left - 2.0).max(1.0),
            band.h - 2.0,
        );
    }

    fn segments(&self, found: &[Segment], band: Band) {
        let context = self.context;
        context.set_font(SEGMENT_FONT);
        for segment in found {
            let (left, right) = self.edges(segment.start_s, segment.end_s);
            let width = right - left;
            self.palette.fill_with(context, segment.label);
            // A hair of space parts neighbours, where there is room for it.
            let shown = if width > 3.0 { width - 1.0 } else { width.max(0.5) };
            context.fill_rect(left, band.y, shown, band.h);
            let name = segment.label.name();
            let mark = strings::mark(segment.label);
            let text = if width > name.len() as f64 * LETTER + 10.0 && band.h > 15.0 {
                name
            } else if width > mark.len() as f64 * LETTER + 5.0 && band.h > 11.0 {
                mark
            } else {
                continue;
            };
            // Nothing crosses the letters.
            context.set_fill_style_str(self.palette.class(segment.label));
            let letters = context
                .measure_text(text)
                .map_or(0.0, |measured| measured.width());
            context.fill_rect(left + 2.0, band.y, letters + 4.0, band.h);
            context.set_fill_style_str(self.palette.on_class(segment.label));
            let _ = context.fill_text(text, left + 4.0, band.y + band.h / 2.0 + 0.5);
        }
    }
}

/// The first letters of a name, with a sign where some are left out.
fn clipped(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.to_owned();
    }
    let start: String = name.chars().take(letters.saturating_sub(1)).collect();
    format!("{start}\u{2026}")
}

/// Whether a held edge has made `part` of this segment.
fn is_part(part: &ReviewedSegment, segment: &ReviewedSegment) -> bool {
    part.track == segment.track && (part.start == segment.start || part.end == segment.end)
}
