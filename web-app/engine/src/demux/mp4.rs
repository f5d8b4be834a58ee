//! MP4, MOV and M4V, also fragmented.

use re_mp4::{Mp4, Sample, TkhdBox, Track, TrackKind};

use super::mp4_presentation::Presentation;
use super::{DemuxError, Packet, ROUNDING_US, VideoTrack};
use crate::blob_reader::BlobReader;

/// The packets of an MP4's first video track.
pub struct Mp4Packets {
    reader: BlobReader,
    track: VideoTrack,
    samples: std::vec::IntoIter<Sample>,
}

/// Where the top-level boxes end, and whether the file ends before.
struct Extent {
    /// Length to read boxes up to; behind the file's end if media data is cut.
    len: u64,
    has_index: bool,
    is_cut: bool,
}

impl Mp4Packets {
    /// Reads the index of the file.
    ///
    /// # Errors
    /// When the index is missing or damaged, or there is no video in it.
    pub fn open(reader: BlobReader) -> Result<Self, DemuxError> {
        let extent = extent(&reader).map_err(|error| DemuxError::Broken(error.to_string()))?;
        if !extent.has_index {
            return Err(DemuxError::Broken(
                "its index (the `moov` box) is missing: the file was cut short, or its recording was not finished"
                    .to_owned(),
            ));
        }
        let file_len = reader.file_len();
        let mut reader = reader;
        let mp4 = Mp4::read(&mut reader, extent.len)
            .map_err(|error| DemuxError::Broken(format!("its index cannot be read ({error})")))?;
        let video = video_of(&mp4)?;
        let Some(codec) = video.codec_string(&mp4) else {
            return Err(DemuxError::UnknownKind(
                "its video codec is not known here".to_owned(),
            ));
        };
        let Some(presentation) = Presentation::of(&mp4, video) else {
            return Err(DemuxError::Broken("its video track has no frames".to_owned()));
        };
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
        let ends_early = (there < stated || extent.is_cut)
            .then(|| format!("the file was cut short: {there} of {stated} frames are there"));
        let end_us = shown().map(end_of).fold(last_us, f64::max);
        let track = VideoTrack {
            // VP8 and VP9 take no record; for the others it is the box's content.
            description: if codec.starts_with("vp") {
                None
            } else {
                video.raw_codec_config(&mp4)
            },
            codec,
            width: u32::from(video.width),
            height: u32::from(video.height),
            rotation: rotation(&video.trak(&mp4).tkhd),
            duration_s: (end_us - first_us) / 1e6,
            frame_count: Some(there),
            ends_early,
            shown_us: first_us..=last_us,
            origin_us: first_us - (presentation.start_s - earliest_start_s(&mp4)) * 1e6,
        };
        let mut packets = Self {
            reader,
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

    /// See [`super::Demuxer::go_to`]. Nothing but the index is looked at.
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
            .reader
            .bytes_at(sample.offset, sample.size)
            .map_err(|error| error.to_string())?;
        Ok(Some(Packet {
            bytes,
            timestamp_us: time_of(&sample),
            is_key: sample.is_sync,
        }))
    }
}

/// The first video track.
fn video_of(mp4: &Mp4) -> Result<&Track, DemuxError> {
    let is_of = |kind: TrackKind| move |track: &&Track| track.kind == Some(kind);
    let mut tracks = mp4.tracks().values();
    if let Some(video) = tracks.clone().find(is_of(TrackKind::Video)) {
        return Ok(video);
    }
    Err(if tracks.any(|track| track.kind == Some(TrackKind::Audio)) {
        DemuxError::Broken("it holds sound but no video".to_owned())
    } else {
        DemuxError::UnknownKind("its index names no video of a kind that is known here".to_owned())
    })
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
fn extent(reader: &BlobReader) -> std::io::Result<Extent> {
    let file_len = reader.file_len();
    let mut found = Extent {
        len: 0,
        has_index: false,
        is_cut: false,
    };
    while found.len + 8 <= file_len {
        let start = found.len;
        let head = reader.bytes_at(start, (file_len - start).min(16))?.to_vec();
        let number = |from: usize, to: usize| {
            let bytes = head.get(from..to).unwrap_or_default();
            bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let size = match number(0, 4) {
            0 => file_len - start,
            1 => number(8, 16),
            size => size,
        };
        let Some(end) = start.checked_add(size).filter(|_| size >= 8) else {
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
        found.has_index |= kind == b"moov";
        found.len = end;
    }
    Ok(found)
}

/// Clockwise degrees of a track's display matrix; other turns than quarters count as none.
fn rotation(header: &TkhdBox) -> u32 {
    let matrix = &header.matrix;
    match (
        matrix.a.signum(),
        matrix.b.signum(),
        matrix.c.signum(),
        matrix.d.signum(),
    ) {
        (0, 1, -1, 0) => 90,
        (-1, 0, 0, -1) => 180,
        (0, -1, 1, 0) => 270,
        _ => 0,
    }
}
