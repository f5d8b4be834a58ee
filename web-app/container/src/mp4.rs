//! MP4, MOV and M4V, also fragmented.

use crate::bytes::{boxes, number};
use crate::demux_error::DemuxError;
use crate::mp4_presentation::{Presentation, start_s_of};
use crate::mp4_samples::{Fragment, Sample, track_id};
use crate::mp4_track::{self, PictureTrack};
use crate::packet::{Packet, ROUNDING_US};
use crate::source::Source;
use crate::track::VideoTrack;

/// The packets of an MP4's picture track.
pub struct Mp4Packets<S> {
    source: S,
    track: VideoTrack,
    samples: std::vec::IntoIter<Sample>,
    /// Units of the samples' times per second.
    timescale: u64,
}

/// The longest index that is read, in bytes.
const MOST_INDEX_LEN: u64 = 1 << 30;

/// Where index and fragments stand among the top-level boxes, and whether the file ends before its last box does.
#[derive(Default)]
struct Layout {
    /// Place and length of the index's content.
    index: Option<(u64, u64)>,
    /// Places of the fragments' boxes, and place and length of their content.
    fragments: Vec<(u64, u64, u64)>,
    is_cut: bool,
}

impl<S: Source> Mp4Packets<S> {
    /// Reads the index of the file.
    ///
    /// # Errors
    /// When the index is missing or damaged, there is no video in it, or only another reader can follow its edit list.
    pub fn open(mut source: S) -> Result<Self, DemuxError> {
        let broken = |error: std::io::Error| DemuxError::Broken(error.to_string());
        let layout = layout(&mut source).map_err(broken)?;
        let Some((place, len)) = layout.index else {
            return Err(DemuxError::Broken(
                "its index (the `moov` box) is missing: the file was cut short, or its recording was not finished"
                    .to_owned(),
            ));
        };
        let index = source.bytes_at(place, len.min(MOST_INDEX_LEN)).map_err(broken)?;
        let picture = picture_of(&index)?;
        let mut fragments = Vec::with_capacity(layout.fragments.len());
        for (start, place, len) in layout.fragments {
            let content = source.bytes_at(place, len.min(MOST_INDEX_LEN)).map_err(broken)?;
            fragments.push(Fragment { start, content });
        }
        let (track, presentation) = contents(&index, &fragments, picture, source.byte_len(), layout.is_cut)?;
        let first_us = *track.shown_us.start();
        let mut packets = Self {
            source,
            track,
            samples: presentation.samples.into_iter(),
            timescale: presentation.timescale,
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
        let key = (self.samples.as_slice().iter())
            .rposition(|sample| sample.is_key && in_us(sample.time, self.timescale) <= time_us + ROUNDING_US)
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
            timestamp_us: in_us(sample.time, self.timescale),
            is_key: sample.is_key,
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

/// What is to be known of the track, and its samples up to the last one that is shown.
fn contents(
    index: &[u8],
    fragments: &[Fragment],
    picture: PictureTrack,
    file_len: u64,
    is_cut: bool,
) -> Result<(VideoTrack, Presentation), DemuxError> {
    let mut start_s = f64::INFINITY;
    let mut own = None;
    for (_, trak) in boxes(index).filter(|(kind, _)| kind == b"trak") {
        let start = if own.is_none() && track_id(trak) == Some(picture.id) {
            own = Presentation::of(index, trak, fragments);
            own.as_ref().map(|own| own.start_s)
        } else {
            start_s_of(index, trak, fragments)
        };
        start_s = start_s.min(start.unwrap_or(f64::INFINITY));
    }
    let Some(mut presentation) = own else {
        return Err(DemuxError::Broken("its video track has no frames".to_owned()));
    };
    if let Some(reason) = presentation.unfollowed {
        return Err(DemuxError::UnknownKind(reason.to_owned()));
    }
    let mut samples = std::mem::take(&mut presentation.samples);
    let is_shown = |sample: &&Sample| presentation.shows(sample);
    let stated = samples.iter().filter(is_shown).count();
    samples.retain(|sample| sample.offset.saturating_add(sample.size) <= file_len);
    // What is decoded behind the last frame that is shown is decoded in vain.
    let last = samples.iter().rposition(|sample| presentation.shows(sample));
    samples.truncate(last.map_or(0, |last| last + 1));
    let shown = || samples.iter().filter(is_shown);
    let there = shown().count();
    if there == 0 {
        return Err(DemuxError::Broken(
            "the file was cut short before its first frame".to_owned(),
        ));
    }
    let timescale = presentation.timescale;
    let (first_us, last_us) = shown().map(|sample| in_us(sample.time, timescale)).fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(first, last): (f64, f64), time| (first.min(time), last.max(time)),
    );
    let end_us = shown()
        .map(|sample| {
            in_us(
                sample.time.saturating_add_unsigned(sample.duration.into()),
                timescale,
            )
        })
        .fold(last_us, f64::max);
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
        ends_early: (there < stated || is_cut)
            .then(|| format!("the file was cut short: {there} of {stated} frames are there")),
        shown_us: first_us..=last_us,
        first_us: Some(first_us),
        origin_us: first_us - (presentation.start_s - start_s) * 1e6,
    };
    presentation.samples = samples;
    Ok((track, presentation))
}

/// A time of a clock with `timescale` units per second, in microseconds.
fn in_us(time: i64, timescale: u64) -> f64 {
    (time as f64 * 1e6 / timescale as f64).round()
}

/// Walks over the top-level boxes. The media data of a file that was cut short claims more bytes than there are; frames that
/// are missing are left out later.
fn layout<S: Source>(source: &mut S) -> std::io::Result<Layout> {
    let file_len = source.byte_len();
    let mut found = Layout::default();
    let mut start = 0;
    while start + 8 <= file_len {
        let head = source.bytes_at(start, (file_len - start).min(16))?;
        let (head_len, size) = match number(&head, 0, 4) {
            0 => (8, file_len - start),
            1 => (16, number(&head, 8, 8)),
            size => (8, size),
        };
        let end = start.checked_add(size).filter(|_| size >= head_len);
        let Some(end) = end.filter(|end| *end <= file_len) else {
            // Cut off, or not a box any more: what is behind is not read.
            found.is_cut = true;
            return Ok(found);
        };
        let (place, len) = (start + head_len, size - head_len);
        match head.get(4..8).unwrap_or_default() {
            b"moov" => found.index = Some((place, len)),
            b"moof" => found.fragments.push((start, place, len)),
            _ => {}
        }
        start = end;
    }
    Ok(found)
}
