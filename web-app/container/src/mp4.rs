//! MP4, MOV and M4V, also fragmented.

use re_mp4::{Mp4, Sample};

use crate::bytes::number;
use crate::mp4_presentation::Presentation;
use crate::mp4_track::{self, PictureTrack};
use crate::patched::Patched;
use crate::source::Source;
use crate::track::VideoTrack;
use crate::{DemuxError, Packet, ROUNDING_US};

/// The packets of an MP4's picture track.
pub struct Mp4Packets<S> {
    source: S,
    track: VideoTrack,
    samples: std::vec::IntoIter<Sample>,
}

/// The file type that the reader of the index asks for. A MOV need have none; where it stands is all the same.
const FILE_TYPE: &[u8] = b"\0\0\0\x10ftypqt  \0\0\0\0";

/// The longest index that is read, in bytes.
const MOST_INDEX_LEN: u64 = 1 << 30;

/// Where the top-level boxes end, and whether the file ends before.
struct Extent {
    /// Length to read boxes up to; behind the file's end if media data is cut.
    len: u64,
    /// Place and length of the index's content.
    index: Option<(u64, u64)>,
    has_file_type: bool,
    is_cut: bool,
}

impl<S: Source> Mp4Packets<S> {
    /// Reads the index of the file.
    ///
    /// # Errors
    /// When the index is missing or damaged, there is no video in it, or only another reader can follow its edit list.
    pub fn open(mut source: S) -> Result<Self, DemuxError> {
        let broken = |error: std::io::Error| DemuxError::Broken(error.to_string());
        let extent = extent(&mut source).map_err(broken)?;
        let Some((place, len)) = extent.index else {
            return Err(DemuxError::Broken(
                "its index (the `moov` box) is missing: the file was cut short, or its recording was not finished"
                    .to_owned(),
            ));
        };
        let index = source.bytes_at(place, len.min(MOST_INDEX_LEN)).map_err(broken)?;
        let picture = picture_of(&index)?;
        drop(index);
        let mp4 = read_index(&source, &extent)?;
        let (track, samples) = contents(&mp4, picture, source.byte_len(), extent.is_cut)?;
        let first_us = *track.shown_us.start();
        let mut packets = Self {
            source,
            track,
            samples: samples.into_iter(),
        };
        // Where no key frame stands before, decoding begins with what there is.
        drop(packets.go_to(first_us));
        Ok(packets)
    }

    /// What the index says.
    #[must_use]
    pub fn track(&self) -> &VideoTrack {
        &self.track
    }

    /// See [`crate::Demuxer::go_to`]. Nothing but the index is looked at.
    ///
    /// # Errors
    /// When no key frame stands before that time.
    pub fn go_to(&mut self, time_us: f64) -> Result<(), String> {
        let samples = self.samples.as_slice();
        let key = samples
            .iter()
            .rposition(|sample| sample.is_sync && time_of(sample) <= time_us + ROUNDING_US)
            .ok_or("no key frame stands before that time")?;
        if let Some(before) = key.checked_sub(1) {
            self.samples.nth(before);
        }
        Ok(())
    }

    /// The next sample's bytes.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, String> {
        let Some(sample) = self.samples.next() else {
            return Ok(None);
        };
        let bytes = self
            .source
            .bytes_at(sample.offset, sample.size)
            .map_err(|error| error.to_string())?;
        Ok(Some(Packet {
            bytes,
            timestamp_us: time_of(&sample),
            is_key: sample.is_sync,
        }))
    }
}

/// The picture track that is meant, with a codec that is known.
fn picture_of(index: &[u8]) -> Result<PictureTrack, DemuxError> {
    let Some(picture) = mp4_track::picture_track(index) else {
        return Err(if mp4_track::has_sound(index) {
            DemuxError::Broken("it holds sound but no video".to_owned())
        } else {
            DemuxError::UnknownKind("its index names no video of a kind that is known here".to_owned())
        });
    };
    if picture.codec.is_none() {
        return Err(DemuxError::UnknownKind(format!(
            "its video codec ({}) is not known here",
            picture.entry
        )));
    }
    Ok(picture)
}

fn read_index<S: Source>(source: &S, extent: &Extent) -> Result<Mp4, DemuxError> {
    let unknown = |error: &dyn std::fmt::Display| {
        DemuxError::UnknownKind(format!("its index cannot be read ({error})"))
    };
    let tail = if extent.has_file_type { &[] } else { FILE_TYPE };
    let again = source.reopened().map_err(|error| unknown(&error))?;
    let mut reader = Patched::with_tail(again, extent.len, tail).map_err(|error| unknown(&error))?;
    Mp4::read(&mut reader, extent.len + tail.len() as u64).map_err(|error| unknown(&error))
}

/// What is to be known of the track, and its samples up to the last one that is shown.
fn contents(
    mp4: &Mp4,
    picture: PictureTrack,
    file_len: u64,
    is_cut: bool,
) -> Result<(VideoTrack, Vec<Sample>), DemuxError> {
    let listed = mp4.tracks().values().find(|track| track.track_id == picture.id);
    let Some(presentation) = listed.and_then(|track| Presentation::of(mp4, track)) else {
        return Err(DemuxError::Broken("its video track has no frames".to_owned()));
    };
    if let Some(reason) = presentation.unfollowed {
        return Err(DemuxError::UnknownKind(reason.to_owned()));
    }
    let is_shown = |sample: &&Sample| presentation.shows(sample);
    let stated = presentation.samples.iter().filter(is_shown).count();
    let mut samples: Vec<Sample> = presentation
        .samples
        .iter()
        .filter(|sample| sample.offset.saturating_add(sample.size) <= file_len)
        .copied()
        .collect();
    // What is decoded behind the last frame that is shown is decoded in vain.
    let last = samples.iter().rposition(|sample| presentation.shows(sample));
    samples.truncate(last.map_or(0, |last| last + 1));
    let shown = || samples.iter().filter(is_shown);
    let (first_us, last_us) = shown().map(time_of).fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(first, last): (f64, f64), time| (first.min(time), last.max(time)),
    );
    let there = shown().count();
    if there == 0 {
        return Err(DemuxError::Broken(
            "the file was cut short before its first frame".to_owned(),
        ));
    }
    let ends_early = (there < stated || is_cut)
        .then(|| format!("the file was cut short: {there} of {stated} frames are there"));
    let end_us = shown().map(end_of).fold(last_us, f64::max);
    let (codec, description) = picture.codec.unwrap_or_default();
    let track = VideoTrack {
        description,
        codec,
        width: picture.coded.0,
        height: picture.coded.1,
        orientation: picture.orientation,
        pixel_aspect: picture.pixel_aspect,
        is_hdr: picture.is_hdr,
        duration_s: (end_us - first_us) / 1e6,
        frame_count: Some(there),
        ends_early,
        shown_us: first_us..=last_us,
        first_us: Some(first_us),
        origin_us: first_us - (presentation.start_s - earliest_start_s(mp4)) * 1e6,
    };
    Ok((track, samples))
}

/// When the first of all tracks begins, in seconds on the file's own clock.
fn earliest_start_s(mp4: &Mp4) -> f64 {
    let presentations = mp4
        .tracks()
        .values()
        .filter_map(|track| Presentation::of(mp4, track));
    presentations
        .map(|presentation| presentation.start_s)
        .fold(f64::INFINITY, f64::min)
}

/// Presentation time in microseconds.
fn time_of(sample: &Sample) -> f64 {
    in_us(sample.composition_timestamp, sample)
}

/// Presentation time of what follows it, in microseconds.
fn end_of(sample: &Sample) -> f64 {
    in_us(
        sample
            .composition_timestamp
            .saturating_add_unsigned(sample.duration),
        sample,
    )
}

fn in_us(time: i64, sample: &Sample) -> f64 {
    (time as f64 * 1e6 / sample.timescale.max(1) as f64).round()
}

/// Walks over the top-level boxes. The media data of a file that was cut short claims more bytes than there are: the
/// index is then read as if they were there, and the frames that are missing are left out later.
fn extent<S: Source>(source: &mut S) -> std::io::Result<Extent> {
    let file_len = source.byte_len();
    let mut found = Extent {
        len: 0,
        index: None,
        has_file_type: false,
        is_cut: false,
    };
    while found.len + 8 <= file_len {
        let start = found.len;
        let head = source.bytes_at(start, (file_len - start).min(16))?;
        let (head_len, size) = match number(&head, 0, 4) {
            0 => (8, file_len - start),
            1 => (16, number(&head, 8, 8)),
            size => (8, size),
        };
        let Some(end) = start.checked_add(size).filter(|_| size >= head_len) else {
            // Not a box any more: what is behind is not read.
            found.is_cut = true;
            return Ok(found);
        };
        let kind = head.get(4..8).unwrap_or_default();
        if end > file_len {
            found.is_cut = true;
            if kind == b"mdat" {
                found.len = end;
            }
            return Ok(found);
        }
        if kind == b"moov" {
            found.index = Some((start + head_len, size - head_len));
        }
        found.has_file_type |= kind == b"ftyp";
        found.len = end;
    }
    Ok(found)
}
