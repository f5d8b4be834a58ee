//! What the keyboard can do: the one table that keys, help and tips are made of.

use shared_model::expression::Expression;

/// Something a person can ask for with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    PlayOrPause,
    FrameBack,
    FrameOn,
    SecondBack,
    SecondOn,
    ToStart,
    ToEnd,
    ZoomIn,
    ZoomOut,
    ShowAll,
    /// Gives the current segment this label, marks it reviewed and goes on.
    Label(Expression),
    /// Marks the current segment reviewed as it is and goes on.
    Confirm,
    NextDoubtful,
    NextUnreviewed,
    NextSegment,
    PreviousSegment,
    NextChange,
    Split,
    Merge,
    /// Moves the current segment's start to the playhead.
    StartHere,
    /// Moves the current segment's end behind the frame at the playhead.
    EndHere,
    /// Takes the reviewed label of the current segment away.
    Clear,
    Undo,
    Redo,
    Help,
}

/// A part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Playing,
    Timeline,
    Review,
    Page,
}

/// One line of the table: what, where it belongs, and its keys as [`key_name`] gives them.
pub type Binding = (Command, Group, &'static [&'static str]);

/// All commands in the order in which the help shows them.
pub const BINDINGS: [Binding; 32] = [
    (Command::PlayOrPause, Group::Playing, &["Space", "k"]),
    (Command::FrameBack, Group::Playing, &[","]),
    (Command::FrameOn, Group::Playing, &["."]),
    (Command::SecondBack, Group::Playing, &["ArrowLeft"]),
    (Command::SecondOn, Group::Playing, &["ArrowRight"]),
    (Command::ToStart, Group::Playing, &["Home"]),
    (Command::ToEnd, Group::Playing, &["End"]),
    (Command::ZoomIn, Group::Timeline, &["+", "="]),
    (Command::ZoomOut, Group::Timeline, &["-"]),
    (Command::ShowAll, Group::Timeline, &["f"]),
    (Command::Label(Expression::Neutral), Group::Review, &["0"]),
    (Command::Label(Expression::Anger), Group::Review, &["1"]),
    (Command::Label(Expression::Disgust), Group::Review, &["2"]),
    (Command::Label(Expression::Fear), Group::Review, &["3"]),
    (Command::Label(Expression::Happiness), Group::Review, &["4"]),
    (Command::Label(Expression::Sadness), Group::Review, &["5"]),
    (Command::Label(Expression::Surprise), Group::Review, &["6"]),
    (Command::Label(Expression::Other), Group::Review, &["7"]),
    (Command::Confirm, Group::Review, &["Enter"]),
    (Command::NextDoubtful, Group::Review, &["n"]),
    (Command::NextUnreviewed, Group::Review, &["u"]),
    (Command::NextSegment, Group::Review, &["]"]),
    (Command::PreviousSegment, Group::Review, &["["]),
    (Command::NextChange, Group::Review, &["c"]),
    (Command::Split, Group::Review, &["s"]),
    (Command::Merge, Group::Review, &["m"]),
    (Command::StartHere, Group::Review, &["i"]),
    (Command::EndHere, Group::Review, &["o"]),
    (Command::Clear, Group::Review, &["Delete", "Backspace"]),
    (Command::Undo, Group::Page, &["z", "Ctrl+z"]),
    (Command::Redo, Group::Page, &["y", "Ctrl+y", "Ctrl+Shift+z"]),
    (Command::Help, Group::Page, &["?"]),
];

/// The name of a pressed key in the table. `key` is what the browser calls it; the command key of a Mac counts as
/// control.
#[must_use]
pub fn key_name(key: &str, control: bool, shift: bool) -> String {
    let mut chars = key.chars();
    match (chars.next(), chars.next()) {
        (Some(' '), None) => "Space".to_owned(),
        // Capitals by a locked shift key mean the same.
        (Some(letter), None) if letter.is_ascii_alphabetic() => {
            let letter = letter.to_ascii_lowercase();
            match (control, shift) {
                (true, true) => format!("Ctrl+Shift+{letter}"),
                (true, false) => format!("Ctrl+{letter}"),
                _ => letter.to_string(),
            }
        }
        _ if control => format!("Ctrl+{key}"),
        _ => key.to_owned(),
    }
}

/// The command of a key.
#[must_use]
pub fn command_of(key_name: &str) -> Option<Command> {
    BINDINGS
        .iter()
        .find(|(_, _, keys)| keys.contains(&key_name))
        .map(|(command, _, _)| *command)
}

/// The first key of a command, for tips.
#[must_use]
pub fn first_key(command: Command) -> &'static str {
    BINDINGS
        .iter()
        .find(|(other, _, _)| *other == command)
        .and_then(|(_, _, keys)| keys.first().copied())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_one_meaning_and_every_command_a_key() {
        let mut keys: Vec<&str> = BINDINGS
            .iter()
            .flat_map(|(_, _, keys)| keys.iter().copied())
            .collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
        for (command, _, keys) in BINDINGS {
            assert!(!keys.is_empty());
            assert!(keys.iter().all(|key| command_of(key) == Some(command)));
        }
        for class in Expression::ALL {
            assert_eq!(
                command_of(&class.index().to_string()),
                Some(Command::Label(class))
            );
        }
    }

    #[test]
    fn keys_are_named_as_in_the_table() {
        assert_eq!(
            command_of(&key_name(" ", false, false)),
            Some(Command::PlayOrPause)
        );
        assert_eq!(command_of(&key_name("Z", true, true)), Some(Command::Redo));
        assert_eq!(command_of(&key_name("z", true, false)), Some(Command::Undo));
        assert_eq!(
            command_of(&key_name("N", false, true)),
            Some(Command::NextDoubtful)
        );
        assert_eq!(command_of(&key_name("n", true, false)), None);
        assert_eq!(command_of(&key_name("4", true, false)), None);
    }
}
