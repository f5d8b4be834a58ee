//! Who is who: faces that the tracker followed, put together to people by hand.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::timeline::TrackedFace;

/// Which person each tracked face is, what they are called, and who is left out.
///
/// A track is the person of its own number until it is said otherwise, so an empty value changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct People {
    /// By track: who it is from which frame on. Before the first of these it is the person of its own number.
    /// Nothing by a number says that it is no track but a person made by splitting.
    #[serde(default)]
    assigned: BTreeMap<u32, BTreeMap<usize, u32>>,
    #[serde(default)]
    names: BTreeMap<u32, String>,
    #[serde(default)]
    ignored: BTreeSet<u32>,
}

impl People {
    /// Whether all is as the tracker said, names included.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the faces stay as the tracker numbered them; names do not count.
    #[must_use]
    pub fn keeps_tracks(&self) -> bool {
        self.assigned.is_empty() && self.ignored.is_empty()
    }

    /// Who a track is in a frame.
    #[must_use]
    pub fn person_of(&self, track: u32, frame: usize) -> u32 {
        self.assigned
            .get(&track)
            .and_then(|pieces| pieces.range(..=frame).next_back())
            .map_or(track, |(_, person)| *person)
    }

    /// What a person is called, where they have a name.
    #[must_use]
    pub fn name(&self, person: u32) -> Option<&str> {
        self.names.get(&person).map(String::as_str)
    }

    /// Whether a person is left out.
    #[must_use]
    pub fn is_ignored(&self, person: u32) -> bool {
        self.ignored.contains(&person)
    }

    /// Who is left out, by number.
    pub fn ignored(&self) -> impl Iterator<Item = u32> + '_ {
        self.ignored.iter().copied()
    }

    /// The faces of a frame by person, less those left out. Where a file makes two faces of a frame one person, the
    /// first by track counts: a person has one face.
    #[must_use]
    pub fn faces<'a>(&self, frame: usize, faces: &'a [TrackedFace]) -> Cow<'a, [TrackedFace]> {
        if self.keeps_tracks() {
            return Cow::Borrowed(faces);
        }
        let mut found: Vec<TrackedFace> = faces
            .iter()
            .map(|face| TrackedFace {
                track: self.person_of(face.track, frame),
                ..*face
            })
            .filter(|face| !self.is_ignored(face.track))
            .collect();
        found.sort_by_key(|face| face.track);
        found.dedup_by_key(|face| face.track);
        Cow::Owned(found)
    }

    /// Gives a person a name; an empty one takes it away.
    pub fn rename(&mut self, person: u32, name: &str) {
        match name.trim() {
            "" => self.names.remove(&person),
            name => self.names.insert(person, name.to_owned()),
        };
    }

    /// Leaves a person out, or brings them back.
    pub fn set_ignored(&mut self, person: u32, ignored: bool) {
        if ignored {
            self.ignored.insert(person);
        } else {
            self.ignored.remove(&person);
        }
    }

    /// From `frame` on a track is `person`, until it is said otherwise.
    pub fn assign(&mut self, track: u32, frame: usize, person: u32) {
        self.assigned.entry(track).or_default().insert(frame, person);
    }

    /// All that was `from` is `into` from now on; a name of `from` goes to a nameless `into`.
    pub fn merge(&mut self, from: u32, into: u32) {
        self.change(from, |pieces| {
            for person in pieces.values_mut().filter(|person| **person == from) {
                *person = into;
            }
        });
        if self.is_made(from) {
            self.assigned.remove(&from);
        }
        if let Some(name) = self.names.remove(&from) {
            self.names.entry(into).or_insert(name);
        }
        self.ignored.remove(&from);
    }

    /// From `frame` on what was `person` is `other`, a number that nobody has.
    pub fn split(&mut self, person: u32, frame: usize, other: u32) {
        self.change(person, |pieces| {
            let here = pieces.range(..=frame).next_back().map(|(_, person)| *person);
            for person in pieces
                .range_mut(frame..)
                .map(|(_, piece)| piece)
                .filter(|piece| **piece == person)
            {
                *person = other;
            }
            if here == Some(person) {
                pieces.insert(frame, other);
            }
        });
        self.assigned.entry(other).or_default();
    }

    /// A number above all that are in use here and above `seen`, the highest track.
    #[must_use]
    pub fn free_number(&self, seen: u32) -> u32 {
        let assigned = self.assigned.values().flat_map(BTreeMap::values);
        assigned
            .chain(self.assigned.keys())
            .chain(self.names.keys())
            .chain(&self.ignored)
            .fold(seen, |most, number| most.max(*number))
            .saturating_add(1)
    }

    /// Whether a number is no track but a person made by splitting.
    fn is_made(&self, number: u32) -> bool {
        self.assigned.get(&number).is_some_and(BTreeMap::is_empty)
    }

    /// Changes the pieces of all tracks that hold the person, the one of their own number included.
    fn change(&mut self, person: u32, mut act: impl FnMut(&mut BTreeMap<usize, u32>)) {
        if !self.is_made(person) {
            self.assigned
                .entry(person)
                .or_default()
                .entry(0)
                .or_insert(person);
        }
        self.assigned.retain(|track, pieces| {
            if pieces.is_empty() {
                return true;
            }
            pieces.entry(0).or_insert(*track);
            act(pieces);
            let mut before = *track;
            pieces.retain(|_, person| std::mem::replace(&mut before, *person) != *person);
            !pieces.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face_box::FaceBox;

    fn face(track: u32) -> TrackedFace {
        TrackedFace {
            track,
            face_box: FaceBox::whole(4, 4),
            raw: [0.125; 8],
            temporal: None,
        }
    }

    #[test]
    fn splitting_and_merging_back_changes_nothing() {
        let mut people = People::default();
        assert_eq!(people.free_number(3), 4);
        people.split(1, 50, 4);
        assert_eq!((people.person_of(1, 49), people.person_of(1, 50)), (1, 4));
        assert_eq!(people.person_of(0, 60), 0);
        people.split(4, 80, 5);
        assert_eq!((people.person_of(1, 79), people.person_of(1, 80)), (4, 5));
        assert_eq!(people.free_number(3), 6);
        people.merge(5, 4);
        people.merge(4, 1);
        assert!(people.is_empty());
    }

    #[test]
    fn a_merged_person_takes_all_pieces_along() {
        let mut people = People::default();
        people.merge(2, 0);
        people.split(0, 10, 7);
        assert_eq!((people.person_of(0, 9), people.person_of(2, 9)), (0, 0));
        assert_eq!((people.person_of(0, 10), people.person_of(2, 10)), (7, 7));
        people.merge(7, 1);
        assert_eq!((people.person_of(2, 10), people.person_of(1, 10)), (1, 1));
    }

    #[test]
    fn faces_are_told_by_person() {
        let mut people = People::default();
        let faces = [face(0), face(1), face(2)];
        assert!(matches!(people.faces(0, &faces), Cow::Borrowed(_)));
        people.rename(1, " Ada ");
        assert_eq!(people.name(1), Some("Ada"));
        assert!(people.keeps_tracks());
        people.merge(1, 0);
        people.set_ignored(2, true);
        let found: Vec<u32> = people.faces(0, &faces).iter().map(|face| face.track).collect();
        assert_eq!(found, [0]);
        assert_eq!(people.name(0), Some("Ada"));
        let text = serde_json::to_string(&people).unwrap();
        assert_eq!(serde_json::from_str::<People>(&text).unwrap(), people);
    }
}
