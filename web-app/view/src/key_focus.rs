//! Who gets a pressed key: the review, or what has the focus.
//!
//! A pointer leaves the focus wherever it was last. The review's keys must work all the same, so what was clicked keeps
//! none of them; who came with the keyboard still presses buttons and moves sliders with it. Text that is being typed is
//! never taken for a command.

/// What has the focus, by what it does with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focused {
    /// It takes no keys: the page, the timeline, a text to read.
    Nothing,
    /// Takes any text.
    Text,
    /// Takes a number.
    Number,
    /// A list to choose from; letters choose too.
    Choice,
    /// A slider.
    Slider,
    /// Is pressed: a button, a link, a fold, a button that opens a file.
    Press,
}

impl Focused {
    /// Of an element, by its tag name as the browser gives it and the `type` of an input.
    #[must_use]
    pub fn of(tag: &str, input_type: &str) -> Self {
        match (tag, input_type) {
            ("INPUT", "number") => Self::Number,
            ("INPUT", "range") => Self::Slider,
            ("INPUT", "file" | "button" | "submit" | "reset" | "checkbox" | "radio") => Self::Press,
            ("INPUT" | "TEXTAREA", _) => Self::Text,
            ("SELECT", _) => Self::Choice,
            ("BUTTON" | "SUMMARY" | "A", _) => Self::Press,
            _ => Self::Nothing,
        }
    }

    /// Whether a key (named as in [`crate::command::key_name`]) stays with what has the focus. `by_pointer`: the focus came
    /// with a click.
    #[must_use]
    pub fn keeps(self, by_pointer: bool, key: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Text => true,
            Self::Number => types_number(key),
            Self::Choice => !by_pointer,
            Self::Slider => !by_pointer && moves_slider(key),
            Self::Press => !by_pointer && matches!(key, "Space" | "Enter"),
        }
    }

    /// Whether a key ends the typing: the focus goes back to the page, and the key does nothing else there.
    #[must_use]
    pub fn is_left_by(self, key: &str) -> bool {
        matches!(self, Self::Text | Self::Number) && matches!(key, "Enter" | "Escape")
    }

    /// Whether a click gives the focus back at once. A list stays open until something is chosen, and text is typed.
    #[must_use]
    pub fn is_left_by_click(self) -> bool {
        matches!(self, Self::Slider | Self::Press)
    }

    /// Whether a change that a pointer made (a choice, the arrows beside a number) gives the focus back.
    #[must_use]
    pub fn is_left_by_change(self) -> bool {
        !matches!(self, Self::Nothing | Self::Text)
    }
}

/// Whether a key means something in a field for a number. Letters and signs that no number holds do not.
fn types_number(key: &str) -> bool {
    let mut chars = key.chars();
    match (chars.next(), chars.next()) {
        (Some(sign), None) => sign.is_ascii_digit() || matches!(sign, '.' | ',' | '-' | '+'),
        _ => key != "Space" && !key.starts_with("Shift+"),
    }
}

fn moves_slider(key: &str) -> bool {
    key.starts_with("Arrow") || matches!(key, "Home" | "End" | "PageUp" | "PageDown")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: [Focused; 6] = [
        Focused::Nothing,
        Focused::Text,
        Focused::Number,
        Focused::Choice,
        Focused::Slider,
        Focused::Press,
    ];

    #[test]
    fn what_was_clicked_keeps_no_key_of_the_review_but_typed_text_keeps_all() {
        for focused in EVERYTHING {
            for line in crate::command::BINDINGS {
                for key in line.keys {
                    let keeps = focused.keeps(true, key);
                    match focused {
                        Focused::Text => assert!(keeps, "{key} is text"),
                        Focused::Number if keeps => assert!(types_number(key), "{key}"),
                        _ => assert!(!keeps, "{key} in {focused:?}"),
                    }
                }
            }
        }
        for key in ["n", "Shift+n", "Space", "k", "["] {
            assert!(!Focused::Number.keeps(true, key), "no number holds {key}");
        }
        for key in ["3", "-", ".", "Backspace", "ArrowUp", "Ctrl+z", "Enter"] {
            assert!(Focused::Number.keeps(true, key), "{key} is typed");
        }
    }

    #[test]
    fn who_came_with_the_keyboard_presses_and_moves_with_it() {
        assert!(Focused::Press.keeps(false, "Enter") && Focused::Press.keeps(false, "Space"));
        assert!(!Focused::Press.keeps(false, "3"));
        assert!(Focused::Slider.keeps(false, "ArrowLeft") && !Focused::Slider.keeps(false, "n"));
        assert!(Focused::Choice.keeps(false, "n"));
    }

    #[test]
    fn elements_are_told_apart_as_the_browser_names_them() {
        let found = [
            ("INPUT", "text"),
            ("INPUT", "number"),
            ("INPUT", "range"),
            ("INPUT", "file"),
            ("SELECT", ""),
            ("BUTTON", ""),
            ("SUMMARY", ""),
            ("DIV", ""),
        ]
        .map(|(tag, kind)| Focused::of(tag, kind));
        use Focused::{Choice, Nothing, Number, Press, Slider, Text};
        assert_eq!(
            found,
            [Text, Number, Slider, Press, Choice, Press, Press, Nothing]
        );
        let left: Vec<Focused> = EVERYTHING
            .into_iter()
            .filter(|it| it.is_left_by_click())
            .collect();
        assert_eq!(left, [Slider, Press]);
        assert!(Number.is_left_by("Enter") && !Press.is_left_by("Enter"));
    }
}
