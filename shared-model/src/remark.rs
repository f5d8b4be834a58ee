//! What a person noted beside the labels: notes on a face's frames, frames they are not sure of, and events of the video.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::timeline::span_of;

/// Characters of a remark's text, at most.
pub const LONGEST_TEXT: usize = 500;

/// What a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RemarkKind {
    /// Words about a face's frames.
    Note,
    /// The person is not sure of the label of a face's frames.
    Unsure,
    /// A label of the person's own set on a face's frames, beside the expression.
    Label,
    /// Something that happens in the video, whoever is seen: words at one frame.
    Event,
}

impl RemarkKind {
    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Unsure => "unsure",
            Self::Label => "label",
            Self::Event => "event",
        }
    }
}

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Remark {
    /// First frame.
    pub start: usize,
    /// The frame after the last.
    pub end: usize,
    /// What it is.
    pub kind: RemarkKind,
    /// Whose face; events have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<u32>,
    /// Words of a note, a label, name of an event; on one line, empty for [`RemarkKind::Unsure`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Remark {
    /// The frame by which it belongs to a segment: the one in its middle. So it belongs to one segment alone, whatever is cut or joined
    /// later.
    #[must_use]
    pub fn anchor(&self) -> usize {
        self.start + (self.end.saturating_sub(self.start)) / 2
    }

    /// Whether it can be one: it has frames, and words and a face where its kind wants them.
    fn is_whole(&self) -> bool {
        let has_words = !self.text.is_empty();
        self.start < self.end
            && match self.kind {
                RemarkKind::Note | RemarkKind::Label => has_words && self.track.is_some(),
                RemarkKind::Unsure => !has_words && self.track.is_some(),
                RemarkKind::Event => has_words && self.track.is_none(),
            }
    }
}

/// A remark on the media's clock, as players and annotation tools count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedRemark<'a> {
    /// What was said.
    pub remark: &'a Remark,
    /// Start of its first frame in seconds.
    pub start_s: f64,
    /// End of its last frame in seconds.
    pub end_s: f64,
}

/// All remarks of one video, by their frames; none stands twice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<serde_json::Value>", into = "Vec<Remark>")]
pub struct Remarks(Vec<Remark>);

impl From<Vec<Remark>> for Remarks {
    /// Puts them in order; what cannot be a remark, for instance in a file that was edited by hand, is left out.
    fn from(mut remarks: Vec<Remark>) -> Self {
        for remark in &mut remarks {
            remark.text = one_line(&remark.text);
        }
        remarks.retain(Remark::is_whole);
        remarks.sort();
        remarks.dedup();
        Self(remarks)
    }
}

impl From<Vec<serde_json::Value>> for Remarks {
    /// As [`Remarks::from`] a list of remarks: what is none, or of a kind that only newer programs know, costs nobody the others.
    fn from(values: Vec<serde_json::Value>) -> Self {
        let known = values
            .into_iter()
            .filter_map(|value| serde_json::from_value(value).ok());
        Self::from(known.collect::<Vec<Remark>>())
    }
}

impl From<Remarks> for Vec<Remark> {
    fn from(remarks: Remarks) -> Self {
        remarks.0
    }
}

impl Remarks {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// By their frames.
    pub fn iter(&self) -> impl Iterator<Item = &Remark> {
        self.0.iter()
    }

    /// The events, by their frames.
    pub fn events(&self) -> impl Iterator<Item = &Remark> {
        self.iter().filter(|remark| remark.kind == RemarkKind::Event)
    }

    /// The remarks whose frames the video has, with their times. `times_s`: each frame's time in seconds after the first one; `start_s`: the
    /// first one's time on the media's clock.
    #[must_use]
    pub fn timed(&self, times_s: &[f64], start_s: f64) -> Vec<TimedRemark<'_>> {
        let last = times_s.len().saturating_sub(1);
        self.iter()
            .filter(|remark| remark.start < times_s.len())
            .map(|remark| TimedRemark {
                remark,
                start_s: start_s + span_of(times_s, remark.start).0,
                end_s: start_s + span_of(times_s, remark.end.saturating_sub(1).min(last)).1,
            })
            .collect()
    }

    /// The names of the own labels that are in use, in order.
    #[must_use]
    pub fn label_names(&self) -> Vec<String> {
        let labels = self.iter().filter(|remark| remark.kind == RemarkKind::Label);
        let mut names: Vec<String> = labels.map(|remark| remark.text.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// With a label of the person's own set on a face's frames, or without it where exactly these frames have it.
    #[must_use]
    pub fn with_label_turned(&self, track: u32, frames: Range<usize>, name: &str) -> Self {
        let label = Remark {
            start: frames.start,
            end: frames.end,
            kind: RemarkKind::Label,
            track: Some(track),
            text: one_line(name),
        };
        if self.0.contains(&label) {
            return self.without(&label);
        }
        let mut all = self.0.clone();
        all.push(label);
        Self::from(all)
    }

    /// The note of a face's segment; several are joined.
    #[must_use]
    pub fn note(&self, track: u32, frames: &Range<usize>) -> String {
        let own = self
            .iter()
            .filter(|remark| is_of(remark, RemarkKind::Note, track, frames));
        let texts: Vec<&str> = own.map(|remark| remark.text.as_str()).collect();
        texts.join(" ")
    }

    /// Whether the person is not sure of a face's segment.
    #[must_use]
    pub fn is_unsure(&self, track: u32, frames: &Range<usize>) -> bool {
        self.iter()
            .any(|remark| is_of(remark, RemarkKind::Unsure, track, frames))
    }

    /// With another note on a face's segment; empty words take it away.
    #[must_use]
    pub fn with_note(&self, track: u32, frames: Range<usize>, text: &str) -> Self {
        self.with(RemarkKind::Note, track, frames, Some(text))
    }

    /// With the person being not sure of a face's segment, or sure again.
    #[must_use]
    pub fn with_unsure(&self, track: u32, frames: Range<usize>, is_unsure: bool) -> Self {
        self.with(RemarkKind::Unsure, track, frames, is_unsure.then_some(""))
    }

    fn with(&self, kind: RemarkKind, track: u32, frames: Range<usize>, text: Option<&str>) -> Self {
        let mut all = self.0.clone();
        all.retain(|remark| !is_of(remark, kind, track, &frames));
        all.extend(text.map(|text| Remark {
            start: frames.start,
            end: frames.end,
            kind,
            track: Some(track),
            text: text.to_owned(),
        }));
        Self::from(all)
    }

    /// With an event at a frame; without words it is none.
    #[must_use]
    pub fn with_event(&self, frame: usize, name: &str) -> Self {
        let mut all = self.0.clone();
        all.push(Remark {
            start: frame,
            end: frame.saturating_add(1),
            kind: RemarkKind::Event,
            track: None,
            text: name.to_owned(),
        });
        Self::from(all)
    }

    /// With other words in one remark's place; empty words take a note or an event away.
    #[must_use]
    pub fn with_text(&self, remark: &Remark, text: &str) -> Self {
        let mut all = self.without(remark).0;
        all.push(Remark {
            text: text.to_owned(),
            ..remark.clone()
        });
        Self::from(all)
    }

    /// Without one remark.
    #[must_use]
    pub fn without(&self, remark: &Remark) -> Self {
        Self(self.iter().filter(|other| *other != remark).cloned().collect())
    }

    /// What these have and `others` lack.
    #[must_use]
    pub fn less(&self, others: &Self) -> Vec<Remark> {
        self.iter()
            .filter(|remark| others.0.binary_search(remark).is_err())
            .cloned()
            .collect()
    }

    /// With `new` in the place of `old`; `None` where they do not have all of `old`, or have some of `new`.
    #[must_use]
    pub fn exchanged(&self, old: &[Remark], new: &[Remark]) -> Option<Self> {
        let has = |remark: &Remark| self.0.binary_search(remark).is_ok();
        if !old.iter().all(has) || new.iter().any(has) {
            return None;
        }
        let kept = self.iter().filter(|remark| !old.contains(remark));
        Some(Self::from(kept.chain(new).cloned().collect::<Vec<_>>()))
    }

    /// With what was said of `from` said of `into`: both are one person.
    #[must_use]
    pub fn of_one_person(&self, from: u32, into: u32) -> Self {
        let mut all = self.0.clone();
        for remark in all.iter_mut().filter(|remark| remark.track == Some(from)) {
            remark.track = Some(into);
        }
        Self::from(all)
    }

    /// With what was said of a person from `frame` on said of another one. A remark belongs to whom its middle belongs to.
    #[must_use]
    pub fn of_another_from(&self, person: u32, frame: usize, other: u32) -> Self {
        let mut all = self.0.clone();
        for remark in &mut all {
            if remark.track == Some(person) && remark.anchor() >= frame {
                remark.track = Some(other);
            }
        }
        Self::from(all)
    }
}

fn is_of(remark: &Remark, kind: RemarkKind, track: u32, frames: &Range<usize>) -> bool {
    remark.kind == kind && remark.track == Some(track) && frames.contains(&remark.anchor())
}

/// Words on one line, of a length that files and lists can bear.
fn one_line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let cut: String = words.join(" ").chars().take(LONGEST_TEXT).collect();
    cut.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_belongs_to_one_segment_whatever_is_cut() {
        let remarks = Remarks::default().with_note(1, 10..20, " hand\nbefore  the face ");
        assert_eq!(remarks.note(1, &(10..20)), "hand before the face");
        // Cut at 14: the middle, frame 15, lies in the second part.
        assert_eq!(remarks.note(1, &(10..14)), "");
        assert_eq!(remarks.note(1, &(14..20)), "hand before the face");
        assert_eq!(remarks.note(2, &(14..20)), "");
        assert_eq!(remarks.note(1, &(0..40)), "hand before the face");
        let changed = remarks.with_note(1, 14..20, "a hand");
        assert_eq!((changed.len(), changed.note(1, &(0..40)).as_str()), (1, "a hand"));
        assert!(changed.with_note(1, 0..40, " \t ").is_empty());
    }

    #[test]
    fn being_unsure_is_said_once_and_taken_back() {
        let remarks = Remarks::default()
            .with_unsure(0, 3..9, true)
            .with_unsure(0, 3..9, true);
        assert_eq!(remarks.len(), 1);
        assert!(remarks.is_unsure(0, &(3..9)) && !remarks.is_unsure(1, &(3..9)));
        assert!(remarks.with_unsure(0, 0..12, false).is_empty());
    }

    #[test]
    fn events_are_in_order_of_time_and_need_a_name() {
        let remarks = Remarks::default()
            .with_event(40, "door")
            .with_event(7, "bell")
            .with_event(7, "bell")
            .with_event(9, "  ");
        let found: Vec<_> = remarks
            .events()
            .map(|event| (event.start, event.text.as_str()))
            .collect();
        assert_eq!(found, [(7, "bell"), (40, "door")]);
        let bell = remarks.events().next().unwrap().clone();
        let renamed = remarks.with_text(&bell, "phone");
        assert_eq!(renamed.events().next().unwrap().text, "phone");
        assert_eq!(remarks.with_text(&bell, "").len(), 1);
        assert_eq!(remarks.without(&bell).events().next().unwrap().text, "door");
    }

    #[test]
    fn an_own_label_is_put_on_frames_and_taken_off_again() {
        let remarks = Remarks::default()
            .with_label_turned(0, 3..9, " speaks ")
            .with_label_turned(0, 5..20, "laughs")
            .with_label_turned(1, 3..9, "speaks");
        assert_eq!(remarks.len(), 3, "they may lie over each other");
        assert_eq!(remarks.label_names(), ["laughs", "speaks"]);
        let fewer = remarks.with_label_turned(0, 3..9, "speaks");
        assert_eq!(
            (fewer.len(), fewer.with_label_turned(0, 3..8, "laughs").len()),
            (2, 3)
        );
        assert!(Remarks::default().with_label_turned(0, 3..9, " ").is_empty());
    }

    #[test]
    fn remarks_go_where_their_person_goes() {
        let remarks = Remarks::default()
            .with_note(3, 0..10, "first")
            .with_unsure(3, 10..30, true)
            .with_event(5, "bell");
        let parted = remarks.of_another_from(3, 10, 8);
        assert_eq!(parted.note(3, &(0..10)), "first");
        assert!(parted.is_unsure(8, &(10..30)));
        assert_eq!(parted.of_one_person(8, 3), remarks);
        assert_eq!(parted.events().count(), 1);
    }

    #[test]
    fn times_are_the_medias_and_frames_that_the_video_lacks_have_none() {
        let remarks = Remarks::default()
            .with_note(0, 1..99, "to the end")
            .with_event(2, "last frame")
            .with_event(3, "behind it");
        let timed = remarks.timed(&[0.0, 0.5, 0.75], 10.0);
        let found: Vec<_> = timed.iter().map(|timed| (timed.start_s, timed.end_s)).collect();
        assert_eq!(found, [(10.5, 11.0), (10.75, 11.0)]);
        assert!(remarks.timed(&[], 0.0).is_empty());
    }

    #[test]
    fn a_list_that_was_edited_by_hand_is_put_in_order() {
        let text = r#"[
            {"start":9,"end":12,"kind":"unsure","track":0},
            {"start":4,"end":5,"kind":"event","text":"a\u0000b"},
            {"start":4,"end":5,"kind":"event","text":"a b"},
            {"start":4,"end":4,"kind":"event","text":"no frame"},
            {"start":4,"end":9,"kind":"smell","track":0,"text":"of a later program"},
            {"start":-4,"end":9,"kind":"event","text":"a number that is none"}, "nothing", 7,
            {"start":4,"end":6,"kind":"note","text":"of nobody"}
        ]"#;
        let remarks: Remarks = serde_json::from_str(text).unwrap();
        let kinds: Vec<_> = remarks.iter().map(|remark| (remark.start, remark.kind)).collect();
        assert_eq!(kinds, [(4, RemarkKind::Event), (9, RemarkKind::Unsure)]);
        let again = serde_json::to_string(&remarks).unwrap();
        assert_eq!(serde_json::from_str::<Remarks>(&again).unwrap(), remarks);
        let long = Remarks::default().with_event(0, &"ä".repeat(2 * LONGEST_TEXT));
        assert_eq!(long.events().next().unwrap().text.chars().count(), LONGEST_TEXT);
    }
}
