//! Boxes and labels over the picture.

use std::rc::Rc;

use leptos::prelude::*;
use shared_model::people::People;
use shared_model::timeline::FrameRow;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use crate::browser::canvas::prepared;
use crate::browser::palette::Palette;
use crate::state::store::Store;
use crate::strings;
use page_view::label_view::LabelView;
use page_view::letterbox::{Rect, contain};
use page_view::sureness::{Manner, Saying, share_of_label};

const LABEL_HEIGHT: f64 = 22.0;
/// Colours, of the ground and of what stands on it, where no class is said.
const NO_CLASS: [&str; 2] = ["#ffffff", "#1c1f24"];

/// What the overlay lies on.
pub struct Scene {
    /// Size of the canvas in CSS pixels.
    pub size: (f64, f64),
    /// Size of the upright picture in its own pixels.
    pub picture: (f64, f64),
    /// Whether the picture is shown as in a mirror.
    pub mirrored: bool,
}

/// Draws the faces of the frame that is on the screen.
pub fn paint(store: Store, canvas: &HtmlCanvasElement, scene: &Scene, palette: &Palette) {
    let Some(context) = prepared(canvas, scene.size.0, scene.size.1) else {
        return;
    };
    let labels = Labels::now(store);
    let shown_s = store.stage.shown_s.get_untracked();
    // Past the last frame that has been read there is nothing to say yet.
    if shown_s > labels.view.end_s() + 0.01 {
        return;
    }
    if let Some(frame) = labels.view.frame_at(shown_s) {
        labels.paint_frame(&context, frame, scene, palette);
    }
}

/// What is known of the faces at one moment: what changes later is not in it.
pub struct Labels {
    /// Rows and tracks.
    pub view: Rc<LabelView>,
    /// Who is who.
    pub people: People,
    chosen: Option<u32>,
    manner: Manner,
}

impl Labels {
    /// What is known now.
    #[must_use]
    pub fn now(store: Store) -> Self {
        Self {
            view: store.view_now(),
            people: store
                .desk
                .with_value(|desk| desk.review.document().people().clone()),
            chosen: store.stage.track.get_untracked(),
            manner: store.manner(),
        }
    }

    /// Draws the faces of a frame and their labels, in pixels of the scene's size.
    pub fn paint_frame(
        &self,
        context: &CanvasRenderingContext2d,
        frame: usize,
        scene: &Scene,
        palette: &Palette,
    ) {
        let Some(area) = contain(scene.picture, scene.size) else {
            return;
        };
        let rows = self.view.rows_of(frame);
        let many = self.view.tracks.len() > 1;
        let badge = |track: u32| {
            let name = self.people.name(track);
            name.map_or_else(|| track.saturating_add(1).to_string(), str::to_owned)
        };
        for row in rows {
            if let Some(place) = place_of(row, scene, &area) {
                let dimmed = self.chosen.is_some() && self.chosen != row.track && rows.len() > 1;
                context.set_global_alpha(if dimmed { 0.45 } else { 1.0 });
                let badge = row.track.filter(|_| many).map(badge);
                paint_face(
                    context,
                    (row, self.manner.say(row)),
                    &place,
                    scene,
                    palette,
                    badge,
                );
            }
        }
        context.set_global_alpha(1.0);
    }
}

/// The face's box on the canvas.
fn place_of(row: &FrameRow, scene: &Scene, area: &Rect) -> Option<Rect> {
    let face = row.face_box?;
    let (across, down) = (area.w / scene.picture.0, area.h / scene.picture.1);
    Some(Rect {
        x: area.x + f64::from(face.x) * across,
        y: area.y + f64::from(face.y) * down,
        w: f64::from(face.w) * across,
        h: f64::from(face.h) * down,
    })
}

fn paint_face(
    context: &CanvasRenderingContext2d,
    (row, saying): (&FrameRow, Option<Saying>),
    place: &Rect,
    scene: &Scene,
    palette: &Palette,
    badge: Option<String>,
) {
    let (mut text, [colour, on_colour]) = match saying {
        Some(Saying::Label(label)) => (
            label.name().to_owned(),
            [palette.class(label), palette.on_class(label)],
        ),
        Some(Saying::NotSure(_)) => (strings::NOT_SURE.to_owned(), NO_CLASS),
        Some(Saying::Hidden) => (strings::HIDDEN_MARK.to_owned(), NO_CLASS),
        None => (String::new(), NO_CLASS),
    };
    // A dark line below keeps the box visible on any picture.
    for (width, colour) in [(4.0, "rgba(0, 0, 0, 0.45)"), (2.0, colour)] {
        context.set_line_width(width);
        context.set_stroke_style_str(colour);
        context.begin_path();
        let _ = context.round_rect_with_f64(place.x, place.y, place.w, place.h, 6.0);
        context.stroke();
    }
    let Some(saying) = saying else { return };
    if let Saying::Label(_) = saying
        && let Some(share) = share_of_label(row)
    {
        text = format!("{text} {:.0}%", share * 100.0);
    }
    if let Some(badge) = badge {
        text = format!("{badge}  {text}");
    }
    paint_label(context, &text, place, scene, (colour, on_colour));
}

fn paint_label(
    context: &CanvasRenderingContext2d,
    text: &str,
    place: &Rect,
    scene: &Scene,
    (colour, on_colour): (&str, &str),
) {
    context.set_font("600 13px system-ui, sans-serif");
    let width = context
        .measure_text(text)
        .map_or(80.0, |measured| measured.width())
        + 14.0;
    let above = place.y - LABEL_HEIGHT - 4.0;
    let y = if above >= 0.0 { above } else { place.y + 4.0 };
    let x = place.x.min(scene.size.0 - width).max(0.0);
    context.save();
    if scene.mirrored {
        // The canvas is mirrored by style; its text must not be.
        let _ = context.translate(2.0 * x + width, 0.0);
        let _ = context.scale(-1.0, 1.0);
    }
    context.set_fill_style_str(colour);
    context.begin_path();
    let _ = context.round_rect_with_f64(x, y, width, LABEL_HEIGHT, 5.0);
    context.fill();
    context.set_fill_style_str(on_colour);
    context.set_text_baseline("middle");
    let _ = context.fill_text(text, x + 7.0, y + LABEL_HEIGHT / 2.0 + 0.5);
    context.restore();
}
