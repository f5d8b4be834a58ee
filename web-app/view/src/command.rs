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
    GoTo,
    Slower,
    Faster,
    /// Plays the current segment over and over.
    Loop,
    ZoomIn,
    ZoomOut,
    ShowAll,
    /// Shows the current segment with a little around it.
    ShowSegment,
    PanLeft,
    PanRight,
    PlotStyle,
    /// Gives the current segment this label, marks it reviewed and goes on; held while the video plays, paints.
    Label(Expression),
    /// Marks the current segment reviewed as it is and goes on.
    Confirm,
    NextDoubtful,
    PreviousDoubtful,
    NextUnreviewed,
    PreviousUnreviewed,
    NextSegment,
    PreviousSegment,
    NextChange,
    PreviousChange,
    Split,
    Merge,
    /// Moves the current segment's start to the playhead.
    StartHere,
    /// Moves the current segment's end behind the frame at the playhead.
    EndHere,
    /// Takes the reviewed label of the current segment away.
    Clear,
    /// Begins a range at the playhead, which a label then goes to, or drops it.
    Range,
    /// Says that the person is not sure of the current segment, or takes that back.
    Unsure,
    /// Goes to where the note on the current segment is written.
    Note,
    /// Marks an event at the playhead.
    MarkEvent,
    NextPerson,
    PreviousPerson,
    /// From the playhead on the chosen person is another one.
    SplitPerson,
    /// Leaves the chosen person out.
    IgnorePerson,
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
    People,
    Page,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What is done.
    pub command: Command,
    /// Name under which keys of one's own are kept; never changes.
    pub id: &'static str,
    /// Where it stands.
    pub group: Group,
    /// The keys it has from the start, as [`key_name`] gives them.
    pub keys: &'static [&'static str],
}

const fn line(command: Command, id: &'static str, group: Group, keys: &'static [&'static str]) -> Binding {
    Binding {
        command,
        id,
        group,
        keys,
    }
}

/// All commands in the order in which the help shows them.
pub const BINDINGS: &[Binding] = &[
    line(Command::PlayOrPause, "play", Group::Playing, &["Space", "k"]),
    line(Command::FrameBack, "frame-back", Group::Playing, &[","]),
    line(Command::FrameOn, "frame-on", Group::Playing, &["."]),
    line(Command::SecondBack, "second-back", Group::Playing, &["ArrowLeft"]),
    line(Command::SecondOn, "second-on", Group::Playing, &["ArrowRight"]),
    line(Command::ToStart, "to-start", Group::Playing, &["Home"]),
    line(Command::ToEnd, "to-end", Group::Playing, &["End"]),
    line(Command::GoTo, "go-to", Group::Playing, &["g"]),
    line(Command::Slower, "slower", Group::Playing, &["<"]),
    line(Command::Faster, "faster", Group::Playing, &[">"]),
    line(Command::Loop, "loop", Group::Playing, &["l"]),
    line(Command::ZoomIn, "zoom-in", Group::Timeline, &["+", "="]),
    line(Command::ZoomOut, "zoom-out", Group::Timeline, &["-"]),
    line(Command::ShowAll, "show-all", Group::Timeline, &["f"]),
    line(Command::ShowSegment, "show-segment", Group::Timeline, &["e"]),
    line(
        Command::PanLeft,
        "pan-left",
        Group::Timeline,
        &["Shift+ArrowLeft"],
    ),
    line(
        Command::PanRight,
        "pan-right",
        Group::Timeline,
        &["Shift+ArrowRight"],
    ),
    line(Command::PlotStyle, "plot-style", Group::Timeline, &["v"]),
    line(
        Command::Label(Expression::Neutral),
        "label-0",
        Group::Review,
        &["0"],
    ),
    line(
        Command::Label(Expression::Anger),
        "label-1",
        Group::Review,
        &["1"],
    ),
    line(
        Command::Label(Expression::Disgust),
        "label-2",
        Group::Review,
        &["2"],
    ),
    line(Command::Label(Expression::Fear), "label-3", Group::Review, &["3"]),
    line(
        Command::Label(Expression::Happiness),
        "label-4",
        Group::Review,
        &["4"],
    ),
    line(
        Command::Label(Expression::Sadness),
        "label-5",
        Group::Review,
        &["5"],
    ),
    line(
        Command::Label(Expression::Surprise),
        "label-6",
        Group::Review,
        &["6"],
    ),
    line(
        Command::Label(Expression::Other),
        "label-7",
        Group::Review,
        &["7"],
    ),
    line(Command::Confirm, "confirm", Group::Review, &["Enter"]),
    line(Command::NextDoubtful, "next-doubtful", Group::Review, &["n"]),
    line(
        Command::PreviousDoubtful,
        "previous-doubtful",
        Group::Review,
        &["Shift+n"],
    ),
    line(Command::NextUnreviewed, "next-unreviewed", Group::Review, &["u"]),
    line(
        Command::PreviousUnreviewed,
        "previous-unreviewed",
        Group::Review,
        &["Shift+u"],
    ),
    line(Command::NextSegment, "next-segment", Group::Review, &["]"]),
    line(
        Command::PreviousSegment,
        "previous-segment",
        Group::Review,
        &["["],
    ),
    line(Command::NextChange, "next-change", Group::Review, &["c"]),
    line(
        Command::PreviousChange,
        "previous-change",
        Group::Review,
        &["Shift+c"],
    ),
    line(Command::Split, "split", Group::Review, &["s"]),
    line(Command::Merge, "merge", Group::Review, &["m"]),
    line(Command::StartHere, "start-here", Group::Review, &["i"]),
    line(Command::EndHere, "end-here", Group::Review, &["o"]),
    line(Command::Clear, "clear", Group::Review, &["Delete", "Backspace"]),
    line(Command::Range, "range", Group::Review, &["x"]),
    line(Command::Unsure, "unsure", Group::Review, &["q"]),
    line(Command::Note, "note", Group::Review, &["t"]),
    line(Command::MarkEvent, "mark-event", Group::Review, &["b"]),
    line(Command::NextPerson, "next-person", Group::People, &["p"]),
    line(
        Command::PreviousPerson,
        "previous-person",
        Group::People,
        &["Shift+p"],
    ),
    line(Command::SplitPerson, "split-person", Group::People, &["Shift+s"]),
    line(
        Command::IgnorePerson,
        "ignore-person",
        Group::People,
        &["Shift+x"],
    ),
    line(Command::Undo, "undo", Group::Page, &["z", "Ctrl+z"]),
    line(
        Command::Redo,
        "redo",
        Group::Page,
        &["y", "Ctrl+y", "Ctrl+Shift+z"],
    ),
    line(Command::Help, "help", Group::Page, &["?"]),
];

impl Command {
    /// The command's line of the table.
    #[must_use]
    pub fn binding(self) -> Option<&'static Binding> {
        BINDINGS.iter().find(|binding| binding.command == self)
    }

    /// Its name in what is kept.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.binding().map_or("", |binding| binding.id)
    }
}

/// The name of a pressed key in the table. `key` is what the browser calls it; the command key of a Mac counts as
/// control. Signs are what they are, with or without the shift key that a keyboard wants for them.
#[must_use]
pub fn key_name(key: &str, control: bool, shift: bool) -> String {
    let mut chars = key.chars();
    let (name, has_shift) = match (chars.next(), chars.next()) {
        (Some(' '), None) => ("Space".to_owned(), shift),
        // Capitals by a locked shift key mean the same.
        (Some(letter), None) if letter.is_alphabetic() => (letter.to_lowercase().collect(), shift),
        (Some(_), None) => (key.to_owned(), false),
        _ => (key.to_owned(), shift),
    };
    let control = if control { "Ctrl+" } else { "" };
    let shift = if has_shift { "Shift+" } else { "" };
    format!("{control}{shift}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_names_stand_once_in_the_table() {
        let keys: Vec<&str> = BINDINGS.iter().flat_map(|line| line.keys).copied().collect();
        let ids: Vec<&str> = BINDINGS.iter().map(|line| line.id).collect();
        for all in [keys, ids] {
            let mut once = all.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), all.len());
        }
        assert!(BINDINGS.iter().all(|line| !line.keys.is_empty()));
        for class in Expression::ALL {
            let keys = Command::Label(class).binding().map(|line| line.keys);
            assert_eq!(keys, Some([class.index().to_string().as_str()].as_slice()));
        }
    }

    #[test]
    fn keys_are_named_as_in_the_table() {
        let found = [
            key_name(" ", false, false),
            key_name("Z", true, true),
            key_name("z", true, false),
            // A locked shift key.
            key_name("N", false, false),
            key_name("N", false, true),
            key_name("?", false, true),
            key_name("<", false, true),
            key_name("ArrowLeft", false, true),
            key_name("4", true, false),
        ];
        let expected = [
            "Space",
            "Ctrl+Shift+z",
            "Ctrl+z",
            "n",
            "Shift+n",
            "?",
            "<",
            "Shift+ArrowLeft",
            "Ctrl+4",
        ];
        assert_eq!(found, expected);
    }
}
