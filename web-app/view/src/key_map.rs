//! Which key does what: the table's keys, less what a person has changed.

use std::collections::BTreeMap;

use crate::command::{BINDINGS, Command};

/// Keys that a browser or a reader of the page needs itself.
const RESERVED: [&str; 12] = [
    "Tab",
    "Shift+Tab",
    "Escape",
    "Ctrl+w",
    "Ctrl+t",
    "Ctrl+n",
    "Ctrl+r",
    "Ctrl+l",
    "Ctrl+c",
    "Ctrl+v",
    "F5",
    "F12",
];
/// Keys that only change what others mean.
const MODIFIERS: [&str; 9] = [
    "Shift",
    "Control",
    "Alt",
    "AltGraph",
    "Meta",
    "CapsLock",
    "Fn",
    "Dead",
    "Unidentified",
];

/// Why a key cannot be given to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRefusal {
    /// Another command has it.
    Taken(Command),
    /// The browser needs it.
    Reserved,
}

/// The keys in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyMap {
    /// Keys of the commands that were changed, by their names.
    own: BTreeMap<String, Vec<String>>,
}

impl KeyMap {
    /// The keys of a command, the one to show first in front.
    #[must_use]
    pub fn keys(&self, command: Command) -> Vec<String> {
        match self.own.get(command.id()) {
            Some(keys) => keys.clone(),
            None => command
                .binding()
                .map(|line| line.keys.iter().map(|key| (*key).to_owned()).collect())
                .unwrap_or_default(),
        }
    }

    /// The key to show; empty for a command without one.
    #[must_use]
    pub fn first_key(&self, command: Command) -> String {
        self.keys(command).into_iter().next().unwrap_or_default()
    }

    /// What a key does.
    #[must_use]
    pub fn command_of(&self, key: &str) -> Option<Command> {
        BINDINGS
            .iter()
            .map(|line| line.command)
            .find(|command| match self.own.get(command.id()) {
                Some(keys) => keys.iter().any(|own| own == key),
                None => command.binding().is_some_and(|line| line.keys.contains(&key)),
            })
    }

    fn owners(&self, key: &str) -> usize {
        BINDINGS
            .iter()
            .flat_map(|line| self.keys(line.command))
            .filter(|own| own == key)
            .count()
    }

    /// Gives a command this key instead of those it has.
    ///
    /// # Errors
    /// When another command has the key, or the browser needs it; nothing changes then.
    pub fn bind(&mut self, command: Command, key: &str) -> Result<(), KeyRefusal> {
        if RESERVED.contains(&key) {
            return Err(KeyRefusal::Reserved);
        }
        match self.command_of(key) {
            Some(other) if other != command => return Err(KeyRefusal::Taken(other)),
            _ => self.own.insert(command.id().to_owned(), vec![key.to_owned()]),
        };
        Ok(())
    }

    /// Gives a command a key that another one has; that one keeps its other keys.
    pub fn take_over(&mut self, command: Command, key: &str) {
        if let Some(other) = self.command_of(key) {
            let mut left = self.keys(other);
            left.retain(|own| own != key);
            self.own.insert(other.id().to_owned(), left);
        }
        self.own.insert(command.id().to_owned(), vec![key.to_owned()]);
    }

    /// Whether any key was changed.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.own.is_empty()
    }

    /// As text, to be kept.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.own)
    }

    /// Reads [`KeyMap::to_json`]. Names that are no longer known are dropped, and so is a key that another command
    /// has by now.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let read: BTreeMap<String, Vec<String>> = serde_json::from_str(text)?;
        let mut map = Self {
            own: read
                .into_iter()
                .filter(|(id, _)| BINDINGS.iter().any(|line| line.id == id))
                .collect(),
        };
        let known = map.clone();
        for keys in map.own.values_mut() {
            keys.retain(|key| known.owners(key) == 1);
        }
        Ok(map)
    }
}

/// Whether a pressed key stands for itself; keys like shift do not.
#[must_use]
pub fn is_key(key: &str) -> bool {
    !MODIFIERS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_does_what_it_says() {
        let map = KeyMap::default();
        for line in BINDINGS {
            assert!(
                line.keys
                    .iter()
                    .all(|key| map.command_of(key) == Some(line.command))
            );
            assert!(line.keys.iter().all(|key| !RESERVED.contains(key)));
        }
        assert_eq!(map.command_of("Ctrl+n"), None);
    }

    #[test]
    fn a_key_has_one_meaning_whatever_is_changed() {
        let mut map = KeyMap::default();
        assert_eq!(
            map.bind(Command::Loop, "n"),
            Err(KeyRefusal::Taken(Command::NextDoubtful))
        );
        assert_eq!(map.bind(Command::Loop, "Tab"), Err(KeyRefusal::Reserved));
        assert!(!map.is_changed());
        map.bind(Command::Loop, "j").unwrap();
        assert_eq!(
            (map.command_of("j"), map.command_of("l")),
            (Some(Command::Loop), None)
        );
        map.take_over(Command::Loop, "z");
        assert_eq!(map.command_of("z"), Some(Command::Loop));
        assert_eq!(map.keys(Command::Undo), ["Ctrl+z"]);
        // The key that got free can be given to another.
        map.bind(Command::Split, "l").unwrap();
        let kept = KeyMap::from_json(&map.to_json().unwrap()).unwrap();
        assert_eq!(kept, map);
        let keys: Vec<String> = BINDINGS.iter().flat_map(|line| map.keys(line.command)).collect();
        assert!(
            keys.iter()
                .all(|key| keys.iter().filter(|other| *other == key).count() == 1)
        );
    }

    #[test]
    fn what_was_kept_by_another_page_does_no_harm() {
        let map = KeyMap::from_json(r#"{"gone":["w"],"loop":["z","j"]}"#).unwrap();
        assert_eq!(map.keys(Command::Loop), ["j"]);
        assert_eq!(map.command_of("z"), Some(Command::Undo));
        assert_eq!(map.command_of("w"), None);
        assert!(KeyMap::from_json("[1]").is_err());
    }
}
