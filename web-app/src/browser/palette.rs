//! The colours of the style sheet, for canvases, and the classes' motifs over them.

use page_view::class_motif::{self, LINE, OPACITY, TILE};
use shared_model::expression::{CLASS_COUNT, Expression};
use wasm_bindgen::JsCast;
use web_sys::{CanvasPattern, CanvasRenderingContext2d, HtmlCanvasElement, Path2d};

/// Colours as CSS text.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// Text.
    pub text: String,
    /// Less important text.
    pub muted: String,
    /// Lines.
    pub line: String,
    /// Background of empty lanes.
    pub lane: String,
    /// The playhead.
    pub accent: String,
    /// Background.
    pub surface: String,
    classes: [String; CLASS_COUNT],
    on_classes: [String; CLASS_COUNT],
    /// Colour with motif; none where the browser makes none.
    motifs: [Option<CanvasPattern>; CLASS_COUNT],
}

impl Palette {
    /// Reads the colours that are in force.
    #[must_use]
    pub fn read() -> Self {
        let style = web_sys::window().and_then(|window| {
            let root = window.document()?.document_element()?;
            window.get_computed_style(&root).ok()?
        });
        let colour = |name: &str| {
            style
                .as_ref()
                .and_then(|style| style.get_property_value(name).ok())
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let mut palette = Self {
            text: colour("--text"),
            muted: colour("--muted"),
            line: colour("--line"),
            lane: colour("--lane"),
            accent: colour("--accent"),
            surface: colour("--surface"),
            classes: Expression::ALL.map(|class| colour(&format!("--class-{}", class.index()))),
            on_classes: Expression::ALL.map(|class| colour(&format!("--on-class-{}", class.index()))),
            motifs: Default::default(),
        };
        palette.motifs = Expression::ALL.map(|class| palette.motif(class));
        palette
    }

    /// Colour of a class.
    #[must_use]
    pub fn class(&self, class: Expression) -> &str {
        self.classes.get(class.index()).map_or("", String::as_str)
    }

    /// Colour of text on a class's colour.
    #[must_use]
    pub fn on_class(&self, class: Expression) -> &str {
        self.on_classes.get(class.index()).map_or("", String::as_str)
    }

    /// What is filled from now on has the class's colour and motif.
    pub fn fill_with(&self, context: &CanvasRenderingContext2d, class: Expression) {
        match self.motifs.get(class.index()).and_then(Option::as_ref) {
            Some(motif) => context.set_fill_style_canvas_pattern(motif),
            None => context.set_fill_style_str(self.class(class)),
        }
    }

    /// The square that a class's motif repeats.
    fn motif(&self, class: Expression) -> Option<CanvasPattern> {
        let tile: HtmlCanvasElement = web_sys::window()?
            .document()?
            .create_element("canvas")
            .ok()?
            .dyn_into()
            .ok()?;
        tile.set_width(TILE as u32);
        tile.set_height(TILE as u32);
        let context: CanvasRenderingContext2d = tile.get_context("2d").ok()??.dyn_into().ok()?;
        context.set_fill_style_str(self.class(class));
        context.fill_rect(0.0, 0.0, TILE, TILE);
        context.set_global_alpha(OPACITY);
        context.set_line_width(LINE);
        context.set_stroke_style_str(self.on_class(class));
        context.stroke_with_path(&Path2d::new_with_path_string(class_motif::path(class)).ok()?);
        context
            .create_pattern_with_html_canvas_element(&tile, "repeat")
            .ok()?
    }
}
