//! The colours of the style sheet, for canvases.

use shared_model::expression::{CLASS_COUNT, Expression};

/// Colours as CSS text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
        Self {
            text: colour("--text"),
            muted: colour("--muted"),
            line: colour("--line"),
            lane: colour("--lane"),
            accent: colour("--accent"),
            surface: colour("--surface"),
            classes: Expression::ALL.map(|class| colour(&format!("--class-{}", class.index()))),
            on_classes: Expression::ALL.map(|class| colour(&format!("--on-class-{}", class.index()))),
        }
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
}
