//! When an MP4's tracks are shown: what their edit lists say, as ffmpeg understands it.
//!
//! An edit list names what of a track is shown (an edit: from which time, how long) and how long nothing is shown before
//! (an empty edit). A camera's cut, a player's trim, a sound that is ahead of its picture: all stand there.

use std::ops::Range;

use crate::bytes::{child, descendant, number};
use crate::mp4_samples::{Fragment, Sample, Samples, edit_entries, samples_of};

/// What of a track is shown, and when.
#[derive(Debug)]
pub(crate) struct Presentation {
    /// When the first sample is shown, in seconds on the file's own clock.
    pub(crate) start_s: f64,
    /// All samples, in decoding order, at the composition times that stand in the file.
    pub(crate) samples: Vec<Sample>,
    /// Units of its times per second; at least 1.
    pub(crate) timescale: u64,
    /// Why only another reader shows the track as its edit list says.
    pub(crate) unfollowed: Option<&'static str>,
    /// Composition times of those that are shown.
    shown: Range<i64>,
}

/// A line of an edit list.
struct Edit {
    /// The track's time that it begins with, in the track's unit; `None` where it shows nothing.
    from: Option<i64>,
    /// How long it lasts, in the track's unit; 0 to the end.
    length: i64,
    /// Whether it plays as fast as the track's own clock goes.
    is_at_own_rate: bool,
}

const ALL: Range<i64> = i64::MIN..i64::MAX;

impl Presentation {
    /// Of the track `trak` of the index `moov`; `None` where it has no samples.
    #[must_use]
    pub(crate) fn of(moov: &[u8], trak: &[u8], fragments: &[Fragment]) -> Option<Self> {
        let samples = samples_of(moov, trak, fragments, true);
        let timescale = descendant(trak, &[*b"mdia", *b"mdhd"]).map_or(1, timescale_of);
        let edits = edits_of(trak, timescale, child(moov, *b"mvhd").map_or(1, timescale_of));
        let pieces = joined(&edits);
        let (start, shown) = start_and_shown(&edits, &pieces, &samples)?;
        let is_any_shown = samples.all.iter().any(|sample| shown.contains(&sample.time));
        let unfollowed = if edits
            .iter()
            .any(|edit| edit.from.is_some() && !edit.is_at_own_rate)
        {
            Some("its edit list plays it at another speed")
        } else {
            (pieces.len() > 1).then_some("its edit list joins several pieces of it")
        };
        Some(Self {
            unfollowed,
            start_s: start as f64 / timescale as f64,
            shown: if is_any_shown { shown } else { ALL },
            samples: samples.all,
            timescale,
        })
    }

    /// Whether a sample is shown; others are decoded for the sake of those that are.
    #[must_use]
    pub(crate) fn shows(&self, sample: &Sample) -> bool {
        self.shown.contains(&sample.time)
    }
}

/// When the first sample of the track `trak` is shown, in seconds on the file's own clock; `None` where it has none.
pub(crate) fn start_s_of(moov: &[u8], trak: &[u8], fragments: &[Fragment]) -> Option<f64> {
    let samples = samples_of(moov, trak, fragments, false);
    let timescale = descendant(trak, &[*b"mdia", *b"mdhd"]).map_or(1, timescale_of);
    let edits = edits_of(trak, timescale, child(moov, *b"mvhd").map_or(1, timescale_of));
    let (start, _) = start_and_shown(&edits, &joined(&edits), &samples)?;
    Some(start as f64 / timescale as f64)
}

/// When the first sample is shown, in the track's unit, and which composition times are.
fn start_and_shown(edits: &[Edit], pieces: &[(i64, i64)], samples: &Samples) -> Option<(i64, Range<i64>)> {
    let earliest = samples.earliest?;
    let delay: i64 = edits
        .iter()
        .take_while(|edit| edit.from.is_none())
        .fold(0, |sum, edit| sum.saturating_add(edit.length));
    Some(match *pieces {
        [] => (earliest.saturating_add(delay), ALL),
        // A file in fragments has its edit list before any of them is known: it moves them, and hides none.
        [(from, _), ..] if !samples.is_indexed => (earliest.saturating_sub(from).saturating_add(delay), ALL),
        // The first sample of an edit takes the edit's place, whenever it would come.
        [(from, 0)] => (delay, from..i64::MAX),
        [(from, length)] => (delay, from..from.saturating_add(length)),
        // Pieces that are joined anew are shown as they lie in the file.
        [_, _, ..] => (delay, ALL),
    })
}

/// Units per second that a header of movie or track (`mvhd`, `mdhd`) names; at least 1.
fn timescale_of(header: &[u8]) -> u64 {
    let place = if header.first() == Some(&1) { 20 } else { 12 };
    number(header, place, 4).max(1)
}

/// Start and length of the pieces that are shown; one that goes on where the one before ends is the same piece.
fn joined(edits: &[Edit]) -> Vec<(i64, i64)> {
    let mut pieces: Vec<(i64, i64)> = Vec::new();
    for (from, length) in edits
        .iter()
        .filter_map(|edit| edit.from.map(|from| (from, edit.length)))
    {
        match pieces.last_mut() {
            Some((start, whole)) if *whole > 0 && start.saturating_add(*whole) == from => {
                *whole = if length == 0 {
                    0
                } else {
                    whole.saturating_add(length)
                };
            }
            _ => pieces.push((from, length)),
        }
    }
    pieces
}

/// The edits of a track, in its own unit; the list has them in that of the movie.
fn edits_of(trak: &[u8], timescale: u64, movie_timescale: u64) -> Vec<Edit> {
    let entries = edit_entries(trak).into_iter();
    entries
        .map(|entry| Edit {
            from: entry.from,
            length: rescale(entry.duration, timescale, movie_timescale),
            is_at_own_rate: entry.is_at_own_rate,
        })
        .collect()
}

/// `value` of a clock with `from` units a second, in one with `to`, rounded to the nearest.
fn rescale(value: u64, to: u64, from: u64) -> i64 {
    let from = u128::from(from.max(1));
    let scaled = (u128::from(value) * u128::from(to) + from / 2) / from;
    i64::try_from(scaled).unwrap_or(i64::MAX)
}
