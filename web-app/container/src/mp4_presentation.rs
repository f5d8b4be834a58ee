//! When an MP4's tracks are shown: what their edit lists say, as ffmpeg understands it.
//!
//! An edit list names what of a track is shown (an edit: from which time, how long) and how long nothing is shown before
//! (an empty edit). A camera's cut, a player's trim, a sound that is ahead of its picture: all stand there.

use std::ops::Range;

use re_mp4::{Mp4, Sample, StblBox, Track, TrakBox};

/// What of a track is shown, and when.
#[derive(Debug)]
pub struct Presentation {
    /// When the first sample is shown, in seconds on the file's own clock.
    pub start_s: f64,
    /// All samples, in decoding order, at the composition times that stand in the file.
    pub samples: Vec<Sample>,
    /// Why only another reader shows the track as its edit list says.
    pub unfollowed: Option<&'static str>,
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
    /// Of one track; `None` where it has no samples.
    #[must_use]
    pub fn of(mp4: &Mp4, track: &Track) -> Option<Self> {
        let trak = track.trak(mp4);
        let table = &trak.mdia.minf.stbl;
        let samples = samples_of(mp4, table, track);
        let earliest = samples.iter().map(|sample| sample.composition_timestamp).min()?;
        let edits = edits_of(trak, u64::from(mp4.moov.mvhd.timescale));
        let delay: i64 = edits
            .iter()
            .take_while(|edit| edit.from.is_none())
            .map(|edit| edit.length)
            .sum();
        let pieces = joined(&edits);
        let mut real = pieces.iter().copied();
        let is_indexed = table.stsz.sample_count > 0;
        let (start, shown) = match (real.next(), real.next()) {
            (None, _) => (earliest + delay, ALL),
            // A file in fragments has its edit list before any of them is known: it moves them, and hides none.
            (Some((from, _)), _) if !is_indexed => (earliest - from + delay, ALL),
            // The first sample of an edit takes the edit's place, whenever it would come.
            (Some((from, 0)), None) => (delay, from..i64::MAX),
            (Some((from, length)), None) => (delay, from..from.saturating_add(length)),
            // Pieces that are joined anew are shown as they lie in the file.
            (Some(_), Some(_)) => (delay, ALL),
        };
        let is_any_shown = samples
            .iter()
            .any(|sample| shown.contains(&sample.composition_timestamp));
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
            start_s: start as f64 / track.timescale.max(1) as f64,
            shown: if is_any_shown { shown } else { ALL },
            samples,
        })
    }

    /// Whether a sample is shown; others are decoded for the sake of those that are.
    #[must_use]
    pub fn shows(&self, sample: &Sample) -> bool {
        self.shown.contains(&sample.composition_timestamp)
    }
}

/// The samples at their own composition times: the reader moves those of the index, so that the earliest of them is shown at
/// 0, and not those of the fragments behind it.
fn samples_of(mp4: &Mp4, table: &StblBox, track: &Track) -> Vec<Sample> {
    let mut samples = track.samples.clone();
    let indexed = table.stsz.sample_count as usize;
    let offsets = table.ctts.iter().flat_map(|ctts| &ctts.entries);
    // Decoding times were brought forward as well, so that no sample is decoded after it is shown.
    let lead = offsets.map(|entry| -i64::from(entry.sample_offset)).max();
    let mut moved = None;
    for sample in samples.iter_mut().take(indexed) {
        let moved = *moved.get_or_insert(-sample.decode_timestamp - lead.unwrap_or(0).max(0));
        sample.composition_timestamp += moved;
    }
    place_fragments(
        mp4,
        track.track_id,
        samples.get_mut(indexed..).unwrap_or_default(),
    );
    samples
}

/// Sets each fragment's samples at the time that the fragment names. The reader counts on from the fragment before, which may
/// not be the one that the file once had.
fn place_fragments(mp4: &Mp4, track: u32, mut samples: &mut [Sample]) {
    let fragments = mp4.moofs.iter().flat_map(|moof| &moof.trafs);
    for fragment in fragments.filter(|fragment| fragment.tfhd.track_id == track) {
        let count: usize = fragment.truns.iter().map(|run| run.sample_count as usize).sum();
        let (own, rest) = samples.split_at_mut(count.min(samples.len()));
        samples = rest;
        let named = fragment
            .tfdt
            .as_ref()
            .map(|start| start.base_media_decode_time.cast_signed());
        let Some((named, first)) = named.zip(own.first().map(|sample| sample.decode_timestamp)) else {
            continue;
        };
        let late = named.saturating_sub(first);
        for sample in own {
            sample.decode_timestamp = sample.decode_timestamp.saturating_add(late);
            sample.composition_timestamp = sample.composition_timestamp.saturating_add(late);
        }
    }
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
fn edits_of(trak: &TrakBox, movie_timescale: u64) -> Vec<Edit> {
    let timescale = u64::from(trak.mdia.mdhd.timescale);
    let Some(list) = trak.edts.as_ref().and_then(|edits| edits.elst.as_ref()) else {
        return Vec::new();
    };
    // It is -1 in the file, and read without its sign.
    let none = if list.version == 1 {
        u64::MAX
    } else {
        u64::from(u32::MAX)
    };
    let entries = list.entries.iter();
    entries
        .map(|entry| Edit {
            from: (entry.media_time != none).then(|| entry.media_time.cast_signed()),
            length: rescale(entry.segment_duration, timescale, movie_timescale),
            is_at_own_rate: (entry.media_rate, entry.media_rate_fraction) == (1, 0),
        })
        .collect()
}

/// `value` of a clock with `from` units a second, in one with `to`, rounded to the nearest.
fn rescale(value: u64, to: u64, from: u64) -> i64 {
    let from = u128::from(from.max(1));
    let scaled = (u128::from(value) * u128::from(to) + from / 2) / from;
    i64::try_from(scaled).unwrap_or(i64::MAX)
}
