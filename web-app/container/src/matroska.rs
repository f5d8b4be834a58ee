//! WebM and MKV.

use std::collections::BTreeMap;

use matroska_demuxer::{DemuxError as MatroskaError, Frame, MatroskaFile, TrackEntry};

use crate::codec::{self, Vp9};
use crate::demux_error::DemuxError;
use crate::matroska_track::{self, PictureTrack};
use crate::packet::{Packet, ROUNDING_US};
use crate::patched::Patched;
use crate::source::Source;
use crate::track::{Candidate, VideoTrack, preferred};

const CUT_SHORT: &str = "the file was cut short";

/// Identifiers of the seek head's entries that point behind the clusters: cues, tags, chapters, attachments.
const BACK_ENTRIES: [[u8; 4]; 4] = [
    [0x1C, 0x53, 0xBB, 0x6B],
    [0x12, 0x54, 0xC3, 0x67],
    [0x10, 0x43, 0xA7, 0x70],
    [0x19, 0x41, 0xA4, 0x69],
];

/// Identifier of a further seek head. It may point at itself, and says nothing that is needed.
const SEEK_HEAD: [u8; 4] = [0x11, 0x4D, 0x9B, 0x74];

/// A last byte that makes none of [`BACK_ENTRIES`], nor [`SEEK_HEAD`], a known identifier.
const UNUSED_ID_BYTE: u8 = 0x01;

/// The seek head stands within these first bytes.
const HEAD_LEN: u64 = 4096;

/// Places of the seek head's entries of these kinds. A file that was cut short lacks what stands behind the clusters; the frames
/// before are read without it.
fn entries_of<S: Source>(source: &mut S, kinds: &[[u8; 4]]) -> std::io::Result<Vec<u64>> {
    let head = source.bytes_at(0, source.byte_len().min(HEAD_LEN))?;
    // SeekID (53 AB), its length 4 (84), then the identifier.
    let entries = head.windows(7).enumerate().filter(|(_, bytes)| {
        bytes.starts_with(&[0x53, 0xAB, 0x84]) && kinds.iter().any(|id| bytes.ends_with(id))
    });
    Ok(entries.map(|(place, _)| place as u64 + 6).collect())
}

/// The first blocks of all tracks lie within this time.
const SEARCH_NS: f64 = 1e9;

/// The packets of a WebM's or MKV's picture track.
pub struct MatroskaPackets<S: Source> {
    file: MatroskaFile<Patched<S>>,
    /// Reads the same file from its start.
    source: S,
    /// Places of entries of the seek head that are hidden from the reader.
    replaced: Vec<u64>,
    track: VideoTrack,
    number: u64,
    /// Nanoseconds of a timestamp's unit.
    scale_ns: u64,
    frame: Frame,
    is_first: bool,
}

impl<S: Source> MatroskaPackets<S> {
    /// Reads the file's headers.
    ///
    /// # Errors
    /// When they are damaged or name no video that is known here.
    pub fn open(mut source: S) -> Result<Self, DemuxError> {
        let (file, replaced, is_cut) = open_file(&mut source)?;
        let unknown = |error: std::io::Error| DemuxError::UnknownKind(format!("it cannot be read ({error})"));
        let header = matroska_track::tracks_element(&mut source).map_err(unknown)?;
        let pictures = matroska_track::picture_tracks(&header);
        let Some(picture) = preferred(pictures, candidate) else {
            return Err(DemuxError::Broken("it holds no video".to_owned()));
        };
        let number = picture.number;
        let mut entries = file.tracks().iter();
        let Some(entry) = entries.find(|entry| entry.track_number().get() == number) else {
            return Err(DemuxError::UnknownKind(
                "its video track is not known here".to_owned(),
            ));
        };
        if entry
            .content_encodings()
            .is_some_and(|encodings| !encodings.is_empty())
        {
            return Err(DemuxError::UnknownKind(
                "its video is packed or encrypted".to_owned(),
            ));
        }
        let scale_ns = file.info().timestamp_scale().get();
        let begin = beginning(&source, &replaced, number);
        let (codec, description) = codec(entry, begin.frame.as_deref())?;
        let stated = file
            .info()
            .duration()
            .filter(|duration| *duration > 0.0 && duration.is_finite());
        // What is written as it comes has no length in its head.
        let length = stated.or_else(|| {
            let last = matroska_track::last_time(&mut source, number)? as f64;
            Some(last - begin.first.unwrap_or(0.0))
        });
        let in_us = |time: f64| (time * scale_ns as f64 / 1e3).round();
        let track = VideoTrack {
            codec,
            description,
            width: picture.coded.0,
            height: picture.coded.1,
            orientation: picture.orientation,
            pixel_aspect: picture.pixel_aspect,
            is_hdr: picture.is_hdr,
            duration_s: Some(length.unwrap_or(0.0).max(0.0) * scale_ns as f64 / 1e9)
                .filter(|duration_s| duration_s.is_finite())
                .unwrap_or(0.0),
            frame_count: None,
            ends_early: is_cut.then(|| CUT_SHORT.to_owned()),
            shown_us: f64::NEG_INFINITY..=f64::INFINITY,
            first_us: begin.first.map(in_us),
            origin_us: begin.earliest.map_or(0.0, in_us),
        };
        Ok(Self {
            file,
            source,
            replaced,
            track,
            number,
            scale_ns,
            frame: Frame::default(),
            is_first: true,
        })
    }

    /// What the headers say.
    #[must_use]
    pub fn track(&self) -> &VideoTrack {
        &self.track
    }

    /// See [`crate::Demuxer::go_to`]. Blocks do not say where the key frames are: they are read up to that time, and
    /// then once more up to the key frame.
    ///
    /// # Errors
    /// When the file is damaged, or no key frame stands before that time.
    pub fn go_to(&mut self, time_us: f64) -> Result<(), String> {
        let mut blocks = 0_usize;
        let mut key = None;
        while let Some((found_us, is_key)) = self.next_block()? {
            if is_key && found_us > time_us + ROUNDING_US {
                break;
            }
            if is_key {
                key = Some(blocks);
            }
            blocks += 1;
        }
        let key = key.ok_or("no key frame stands before that time")?;
        let reader = again(&self.source, &self.replaced).map_err(|error| error.to_string())?;
        self.file = MatroskaFile::open(reader).map_err(|error| error.to_string())?;
        self.is_first = true;
        for _ in 0..key {
            self.next_block()?;
        }
        Ok(())
    }

    /// The next block of the video track.
    ///
    /// # Errors
    /// When the file is damaged or ends within a block.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, String> {
        Ok(self.next_block()?.map(|(timestamp_us, is_key)| Packet {
            bytes: std::mem::take(&mut self.frame.data),
            timestamp_us,
            is_key,
        }))
    }

    /// Reads the next block of the video track into `frame`: its time in microseconds, and whether it is a key frame.
    fn next_block(&mut self) -> Result<Option<(f64, bool)>, String> {
        loop {
            let more = self
                .file
                .next_frame(&mut self.frame)
                .map_err(|error| match error {
                    MatroskaError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                        CUT_SHORT.to_owned()
                    }
                    MatroskaError::ElementSizeExceedsStream { .. } => CUT_SHORT.to_owned(),
                    other => format!("a block cannot be read ({other})"),
                })?;
            if !more {
                return Ok(None);
            }
            if self.frame.track != self.number {
                continue;
            }
            let is_key = self.frame.is_keyframe.unwrap_or(self.is_first);
            self.is_first = false;
            let nanoseconds = self.frame.timestamp as f64 * self.scale_ns as f64;
            return Ok(Some(((nanoseconds / 1e3).round(), is_key)));
        }
    }
}

fn candidate(picture: &PictureTrack) -> Candidate {
    Candidate {
        size: picture.coded,
        is_default: picture.is_default,
    }
}

/// A reader of its own of the same file, without the index entries at `replaced`.
fn again<S: Source>(source: &S, replaced: &[u64]) -> std::io::Result<Patched<S>> {
    Patched::with_replaced(source.reopened()?, replaced, UNUSED_ID_BYTE)
}

/// The headers, the places of entries that are hidden from the reader, and whether the file was cut short.
type Headers<S> = (MatroskaFile<Patched<S>>, Vec<u64>, bool);

/// Reads the headers, if need be without an index that the file was cut before.
fn open_file<S: Source>(source: &mut S) -> Result<Headers<S>, DemuxError> {
    let unknown = |error: &dyn std::fmt::Debug| {
        DemuxError::UnknownKind(format!("its headers cannot be read ({error:?})"))
    };
    let mut hidden = entries_of(source, &[SEEK_HEAD]).map_err(|error| unknown(&error))?;
    let whole = again(source, &hidden).map_err(|error| unknown(&error))?;
    let error = match MatroskaFile::open(whole) {
        Ok(file) => return Ok((file, hidden, false)),
        Err(error) => error,
    };
    hidden.extend(entries_of(source, &BACK_ENTRIES).map_err(|_| unknown(&error))?);
    let without = again(source, &hidden).map_err(|_| unknown(&error))?;
    let file = MatroskaFile::open(without).map_err(|_| unknown(&error))?;
    Ok((file, hidden, true))
}

/// What the first blocks tell.
#[derive(Debug, Default)]
struct Beginning {
    /// When the first of all tracks begins, in the file's unit.
    earliest: Option<f64>,
    /// The time of the picture track's first block.
    first: Option<f64>,
    /// That block's bytes.
    frame: Option<Vec<u8>>,
}

/// Reads the first blocks of all tracks; `number` is the picture track's. Blocks lie in the order of their times but for a
/// little: the first second tells.
fn beginning<S: Source>(source: &S, replaced: &[u64], number: u64) -> Beginning {
    let mut found = Beginning::default();
    let Some(mut file) = again(source, replaced)
        .ok()
        .and_then(|reader| MatroskaFile::open(reader).ok())
    else {
        return found;
    };
    let scale_ns = file.info().timestamp_scale().get() as f64;
    // A track's first samples, that a decoder gives before its first sound, come before its blocks' time.
    let mut leads: BTreeMap<u64, f64> = file
        .tracks()
        .iter()
        .map(|track| {
            let delay = track.codec_delay().unwrap_or(0) as f64;
            (track.track_number().get(), (delay / scale_ns).round())
        })
        .collect();
    let mut frame = Frame::default();
    while !leads.is_empty() && file.next_frame(&mut frame).unwrap_or(false) {
        let time = frame.timestamp as f64;
        let is_late = found
            .earliest
            .is_some_and(|earliest| (time - earliest) * scale_ns > SEARCH_NS);
        if is_late && found.first.is_some() {
            break;
        }
        if let Some(lead) = leads.remove(&frame.track)
            && !is_late
        {
            let start = time - lead;
            found.earliest = Some(found.earliest.map_or(start, |earliest| earliest.min(start)));
        }
        if frame.track == number && found.first.is_none() {
            found.first = Some(time);
            found.frame = Some(std::mem::take(&mut frame.data));
        }
    }
    found
}

/// Codec string and decoder configuration of a track whose first block is `frame`.
fn codec(entry: &TrackEntry, frame: Option<&[u8]>) -> Result<(String, Option<Vec<u8>>), DemuxError> {
    let private = entry.codec_private().unwrap_or_default();
    let record = || Some(private.to_vec());
    let known = match entry.codec_id() {
        "V_VP8" => Some(("vp8".to_owned(), None)),
        "V_VP9" => {
            let told = frame.and_then(Vp9::from_key_frame);
            let told = told.or_else(|| Vp9::from_features(private));
            Some((told.unwrap_or(Vp9::USUAL).codec(), None))
        }
        "V_AV1" => Some((codec::av1(private), None)),
        "V_MPEG4/ISO/AVC" => codec::avc("avc1", private).map(|codec| (codec, record())),
        "V_MPEGH/ISO/HEVC" => codec::hevc("hvc1", private).map(|codec| (codec, record())),
        _ => None,
    };
    known.ok_or_else(|| {
        DemuxError::UnknownKind(format!(
            "its video codec ({}) is not known here",
            entry.codec_id()
        ))
    })
}
