//! Where an MP4's samples lie and when they are composed: from the tables of its index, and from the fragments behind it.
//!
//! Tables that contradict each other are read as ffmpeg reads them: what one of them does not cover takes its last line, and
//! no sample stands outside the chunks that are listed. ISO/IEC 14496-12, 8.6 to 8.8.

use crate::bytes::{boxes, child, descendant, number, signed};

/// Samples of a track, at most: those of six days at 30 frames per second. More are not kept, whatever a file claims.
const MOST_SAMPLES: usize = 1 << 24;

/// Flags of a sample: it is no place to begin at, or depends on others.
const IS_NO_KEY: u64 = 0x101_0000;

/// Durations above are negative ones that a writer took for whole numbers; ffmpeg takes them as 1.
const MOST_DURATION: u32 = u32::MAX - 480_000;

/// The time of an edit that shows nothing.
const SHOWS_NOTHING: i64 = -1;

/// One sample of a track, a frame or a piece of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Place of its first byte in the file.
    pub(crate) offset: u64,
    /// Number of bytes.
    pub(crate) size: u64,
    /// Composition time in the track's unit, as it stands in the file.
    pub(crate) time: i64,
    /// How long it lasts, in the track's unit.
    pub(crate) duration: u32,
    /// Whether decoding can begin with it.
    pub(crate) is_key: bool,
}

/// A `moof` box.
#[derive(Debug)]
pub(crate) struct Fragment {
    /// Place of the box in the file.
    pub(crate) start: u64,
    /// What is in it.
    pub(crate) content: Vec<u8>,
}

/// The samples of a track.
#[derive(Debug)]
pub(crate) struct Samples {
    /// In decoding order, those that the index lists and behind them those of fragments; empty where they were not asked for.
    pub(crate) all: Vec<Sample>,
    /// The earliest composition time; `None` where there is no sample.
    pub(crate) earliest: Option<i64>,
    /// Whether the index lists any.
    pub(crate) is_indexed: bool,
}

/// The samples of the track `trak` of the index `moov`. Sound may have millions that nobody needs: they are kept where
/// `keeps` says so.
pub(crate) fn samples_of(moov: &[u8], trak: &[u8], fragments: &[Fragment], keeps: bool) -> Samples {
    let mut found = Found {
        samples: Vec::new(),
        keeps,
        count: 0,
        earliest: None,
        decode_time: 0,
    };
    if let Some(table) = descendant(trak, &[*b"mdia", *b"minf", *b"stbl"]) {
        add_indexed(&mut found, table);
    }
    let is_indexed = found.count > 0;
    if let Some(id) = track_id(trak) {
        for fragment in fragments {
            add_fragment(&mut found, fragment, id, moov);
        }
    }
    Samples {
        all: found.samples,
        earliest: found.earliest,
        is_indexed,
    }
}

/// The number that a track's header gives it.
pub(crate) fn track_id(trak: &[u8]) -> Option<u32> {
    let header = child(trak, *b"tkhd")?;
    let place = if header.first() == Some(&1) { 20 } else { 12 };
    Some(number(header, place, 4) as u32)
}

/// What was found so far.
struct Found {
    samples: Vec<Sample>,
    keeps: bool,
    count: usize,
    earliest: Option<i64>,
    /// When the next sample is decoded, in the track's unit.
    decode_time: i64,
}

impl Found {
    /// Adds the sample that follows; `shift` is from its decoding to its composition. False where no more is taken.
    fn push(&mut self, (offset, size): (u64, u64), duration: u32, shift: i32, is_key: bool) -> bool {
        if self.count >= MOST_SAMPLES {
            return false;
        }
        let time = self.decode_time.saturating_add(i64::from(shift));
        self.count += 1;
        self.earliest = Some(self.earliest.map_or(time, |earliest| earliest.min(time)));
        if self.keeps {
            self.samples.push(Sample {
                offset,
                size,
                time,
                duration,
                is_key,
            });
        }
        self.decode_time = self.decode_time.saturating_add(i64::from(duration));
        true
    }
}

/// Entries of a table: what stands behind version, flags and their number, `len` bytes each. Ends with the box.
fn entries(table: &[u8], len: usize) -> impl Iterator<Item = &[u8]> {
    let count = usize::try_from(number(table, 4, 4)).unwrap_or(usize::MAX);
    table.get(8..).unwrap_or_default().chunks_exact(len).take(count)
}

/// Lines of a table that say how many samples in a row have one value. Behind them its last value is kept, or 0 follows.
struct Runs<I> {
    lines: I,
    left: u32,
    value: u32,
    keeps_last: bool,
}

impl<'a, I: Iterator<Item = &'a [u8]>> Runs<I> {
    fn new(lines: I, keeps_last: bool) -> Self {
        Self {
            lines,
            left: 0,
            value: 0,
            keeps_last,
        }
    }

    fn next(&mut self) -> u32 {
        while self.left == 0 {
            let Some(line) = self.lines.next() else {
                return if self.keeps_last { self.value } else { 0 };
            };
            self.left = number(line, 0, 4) as u32;
            self.value = number(line, 4, 4) as u32;
        }
        self.left -= 1;
        self.value
    }
}

/// The samples of a sample table (`stbl`).
fn add_indexed(found: &mut Found, table: &[u8]) {
    let entry_list = |kind: [u8; 4], len: usize| entries(child(table, kind).unwrap_or_default(), len);
    let sizes = Sizes::of(table);
    let mut durations = Runs::new(entry_list(*b"stts", 8), true);
    let mut shifts = Runs::new(entry_list(*b"ctts", 8), false);
    let keys = keys_of(table);
    // How many samples lie in the chunks from a number on; chunks count from 1.
    let mut runs = entry_list(*b"stsc", 12)
        .map(|run| (number(run, 0, 4), number(run, 4, 4)))
        .peekable();
    let mut per_chunk = 0;
    let mut sample = 0;
    for (chunk, start) in (1..).zip(chunk_starts(table)) {
        while let Some((_, count)) = runs.next_if(|(first, _)| *first <= chunk) {
            per_chunk = count;
        }
        let mut offset = start;
        for _ in 0..per_chunk {
            let Some(size) = sizes.get(sample) else {
                return;
            };
            sample += 1;
            let is_key = keys
                .as_ref()
                .is_none_or(|keys| keys.binary_search(&(sample as u64)).is_ok());
            let shift = shifts.next().cast_signed();
            let duration = durations.next();
            let duration = if duration > MOST_DURATION { 1 } else { duration };
            if !found.push((offset, size), duration, shift, is_key) {
                return;
            }
            offset = offset.saturating_add(size);
        }
    }
}

/// Numbers, from 1, of the samples that decoding can begin with; `None` where it can with each.
fn keys_of(table: &[u8]) -> Option<Vec<u64>> {
    let listed = |kind: [u8; 4]| child(table, kind).map(|keys| entries(keys, 4).map(|key| number(key, 0, 4)));
    let mut keys: Vec<u64> = listed(*b"stss")?.collect();
    // Some writers count from 0, and some list none though the first is one.
    if keys.first() == Some(&0) {
        keys.iter_mut().for_each(|key| *key += 1);
    }
    if keys.is_empty() {
        keys.push(1);
    }
    // Pictures that others, shown before them, may look back from.
    keys.extend(listed(*b"stps").into_iter().flatten());
    keys.sort_unstable();
    Some(keys)
}

/// Where the chunks of a sample table begin.
fn chunk_starts(table: &[u8]) -> impl Iterator<Item = u64> {
    let (list, len) = match child(table, *b"stco") {
        Some(list) => (list, 4),
        None => (child(table, *b"co64").unwrap_or_default(), 8),
    };
    entries(list, len).map(move |entry| number(entry, 0, len))
}

/// Sizes of a table's samples in bytes.
enum Sizes<'a> {
    /// As many of one size.
    Same { size: u64, count: usize },
    /// Numbers of this many bits.
    Listed {
        list: &'a [u8],
        bits: usize,
        count: usize,
    },
}

impl<'a> Sizes<'a> {
    fn of(table: &'a [u8]) -> Self {
        let whole = child(table, *b"stsz");
        let sizes = whole.or_else(|| child(table, *b"stz2")).unwrap_or_default();
        let count = number(sizes, 8, 4) as usize;
        match (whole, number(sizes, 4, 4)) {
            (Some(_), size) if size > 0 => Self::Same { size, count },
            (same, _) => Self::Listed {
                list: sizes.get(12..).unwrap_or_default(),
                bits: if same.is_some() {
                    32
                } else {
                    number(sizes, 7, 1) as usize
                },
                count,
            },
        }
    }

    fn get(&self, sample: usize) -> Option<u64> {
        match *self {
            Self::Same { size, count } => (sample < count).then_some(size),
            Self::Listed { list, bits: 4, count } => {
                let pair = list.get(sample / 2).filter(|_| sample < count)?;
                Some(u64::from(if sample.is_multiple_of(2) {
                    pair >> 4
                } else {
                    pair & 15
                }))
            }
            Self::Listed { list, bits, count } => {
                let len = bits / 8;
                let entry = list.chunks_exact(len.max(1)).nth(sample);
                let entry = entry.filter(|_| sample < count && len > 0)?;
                Some(number(entry, 0, len))
            }
        }
    }
}

/// What holds for a fragment's samples that say nothing themselves.
#[derive(Debug, Clone, Copy, Default)]
struct Usual {
    duration: u32,
    size: u64,
    flags: u64,
}

impl Usual {
    /// As the index says it for a track (`trex`).
    fn of_track(moov: &[u8], track: u32) -> Self {
        let extends = child(moov, *b"mvex").unwrap_or_default();
        let own = boxes(extends)
            .find(|(kind, content)| kind == b"trex" && number(content, 4, 4) == u64::from(track))
            .map_or(&[][..], |(_, content)| content);
        Self {
            duration: number(own, 12, 4) as u32,
            size: number(own, 16, 4),
            flags: number(own, 20, 4),
        }
    }
}

/// Reads fields that are there or not, one after the other.
struct Fields<'a> {
    bytes: &'a [u8],
    flags: u64,
}

impl<'a> Fields<'a> {
    /// Behind version and flags.
    fn of(content: &'a [u8]) -> Self {
        Self {
            bytes: content.get(4..).unwrap_or_default(),
            flags: number(content, 1, 3),
        }
    }

    /// The next field of `len` bytes, if `flag` says that it is there. One that is cut off counts as 0.
    fn take(&mut self, flag: u64, len: usize) -> Option<u64> {
        (self.flags & flag != 0).then(|| self.next(len))
    }

    fn next(&mut self, len: usize) -> u64 {
        let value = number(self.bytes.get(..len).unwrap_or_default(), 0, len);
        self.bytes = self.bytes.get(len..).unwrap_or_default();
        value
    }
}

/// The samples of one track in a fragment.
fn add_fragment(found: &mut Found, fragment: &Fragment, track: u32, moov: &[u8]) {
    // Where the data of the track fragment before ends: what names no place of its own goes on there.
    let mut end = fragment.start;
    for (_, content) in boxes(&fragment.content).filter(|(kind, _)| kind == b"traf") {
        let mut head = Fields::of(child(content, *b"tfhd").unwrap_or_default());
        let id = head.next(4);
        let base = head.take(0x1, 8);
        let _ = head.take(0x2, 4);
        let usual = Usual::of_track(moov, id as u32);
        let usual = Usual {
            duration: head.take(0x8, 4).map_or(usual.duration, |value| value as u32),
            size: head.take(0x10, 4).unwrap_or(usual.size),
            flags: head.take(0x20, 4).unwrap_or(usual.flags),
        };
        let base = base.unwrap_or(if head.flags & 0x2_0000 != 0 {
            fragment.start
        } else {
            end
        });
        let is_own = id == u64::from(track);
        if let Some(time) = child(content, *b"tfdt").filter(|_| is_own) {
            let len = if time.first() == Some(&1) { 8 } else { 4 };
            found.decode_time = number(time, 4, len).cast_signed();
        }
        end = base;
        for (_, run) in boxes(content).filter(|(kind, _)| kind == b"trun") {
            end = add_run(is_own.then_some(&mut *found), run, (base, end), usual);
        }
    }
}

/// The samples of one run, which lies at its own place from `base` or at `end`. Returns where its data ends.
fn add_run(mut found: Option<&mut Found>, run: &[u8], (base, end): (u64, u64), usual: Usual) -> u64 {
    let mut fields = Fields::of(run);
    let count = fields.next(4) as usize;
    let offset = fields.take(0x1, 4).map(|offset| (offset as u32).cast_signed());
    let first_flags = fields.take(0x4, 4);
    let per_sample: usize = [0x100, 0x200, 0x400, 0x800]
        .iter()
        .map(|flag| if fields.flags & flag != 0 { 4 } else { 0 })
        .sum();
    // No more than are there; samples without a word of their own cost a file nothing, so their number is bounded.
    let count = fields
        .bytes
        .len()
        .checked_div(per_sample)
        .map_or(count.min(MOST_SAMPLES), |there| count.min(there));
    let mut place = offset.map_or(end, |offset| base.saturating_add_signed(i64::from(offset)));
    if found.is_none() && per_sample == 0 {
        // Of another track, and alike: where they end is all that counts.
        return place.saturating_add(usual.size.saturating_mul(count as u64));
    }
    for sample in 0..count {
        let duration = fields.take(0x100, 4).map_or(usual.duration, |value| value as u32);
        let size = fields.take(0x200, 4).unwrap_or(usual.size);
        let flags = fields.take(0x400, 4);
        let flags = flags
            .or(first_flags.filter(|_| sample == 0))
            .unwrap_or(usual.flags);
        let shift = fields
            .take(0x800, 4)
            .map_or(0, |value| (value as u32).cast_signed());
        if let Some(found) = &mut found
            && !found.push((place, size), duration, shift, flags & IS_NO_KEY == 0)
        {
            break;
        }
        place = place.saturating_add(size);
    }
    place
}

/// A line of an edit list (`elst`), in the units of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EditEntry {
    /// How long it lasts, in the movie's unit; 0 to the end.
    pub(crate) duration: u64,
    /// The track's time that it begins with, in the track's unit; `None` where it shows nothing.
    pub(crate) from: Option<i64>,
    /// Whether it plays as fast as the track's own clock goes.
    pub(crate) is_at_own_rate: bool,
}

/// The edit list of a track.
pub(crate) fn edit_entries(trak: &[u8]) -> Vec<EditEntry> {
    let list = descendant(trak, &[*b"edts", *b"elst"]).unwrap_or_default();
    let len = if list.first() == Some(&1) { 8 } else { 4 };
    let read = |entry: &[u8]| {
        let from = match len {
            8 => number(entry, len, len).cast_signed(),
            _ => i64::from(signed(entry, len)),
        };
        EditEntry {
            duration: number(entry, 0, len),
            from: (from != SHOWS_NOTHING).then_some(from),
            is_at_own_rate: number(entry, 2 * len, 4) == 0x1_0000,
        }
    };
    entries(list, 2 * len + 4).map(read).collect()
}
