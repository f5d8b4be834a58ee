//! Whose faces nobody is to recognise in exported films and pictures.

/// A choice among the people of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HiddenFaces {
    /// Everybody's.
    #[default]
    All,
    /// This person's alone.
    Only(u32),
    /// Everybody's but this person's.
    AllBut(u32),
}

impl HiddenFaces {
    /// Whether a person's face is hidden.
    #[must_use]
    pub fn hides(self, person: u32) -> bool {
        match self {
            Self::All => true,
            Self::Only(hidden) => person == hidden,
            Self::AllBut(shown) => person != shown,
        }
    }

    /// As the value of a choice on the page.
    #[must_use]
    pub fn value(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Only(person) => format!("only {person}"),
            Self::AllBut(person) => format!("but {person}"),
        }
    }

    /// Reads [`HiddenFaces::value`]; what is none hides everybody's.
    #[must_use]
    pub fn of_value(text: &str) -> Self {
        let person = |text: &str| text.parse().ok();
        match text.split_once(' ') {
            Some(("only", text)) => person(text).map_or(Self::All, Self::Only),
            Some(("but", text)) => person(text).map_or(Self::All, Self::AllBut),
            _ => Self::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_comes_back_and_what_is_none_hides_everybody() {
        for choice in [HiddenFaces::All, HiddenFaces::Only(3), HiddenFaces::AllBut(0)] {
            assert_eq!(HiddenFaces::of_value(&choice.value()), choice);
        }
        for odd in ["", "only", "only x", "but -1", "nobody"] {
            assert_eq!(HiddenFaces::of_value(odd), HiddenFaces::All, "{odd}");
        }
        let hidden = |choice: HiddenFaces| [0, 1, 2].map(|person| choice.hides(person));
        assert_eq!(hidden(HiddenFaces::Only(1)), [false, true, false]);
        assert_eq!(hidden(HiddenFaces::AllBut(1)), [true, false, true]);
    }
}
