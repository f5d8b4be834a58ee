//! WebM and MKV.

use std::collections::BTreeMap;

use matroska_demuxer::{DemuxError as MatroskaError, Frame, MatroskaFile, TrackEntry, TrackType};

use super::{DemuxError, Packet, ROUNDING_US, VideoTrack};
use crate::blob_reader::BlobReader;

const CUT_SHORT: &str = "the file was cut short";

/// Identifiers of the seek head's entries that point behind the clusters: cues, tags, chapters, attachments.
const BACK_ENTRIES: [[u8; 4]; 4] = [
    [0x1C, 0x53, 0xBB, 0x6B],
    [0x12, 0x54, 0xC3, 0x67],
    [0x10, 0x43, 0xA7, 0x70],
    [0x19, 0x41, 0xA4, 0x69],
];

/// A last byte that makes none of [`BACK_ENTRIES`] a known identifier.
const UNUSED_ID_BYTE: u8 = 0x01;

/// The seek head stands within these first bytes.
const HEAD_LEN: u64 = 4096;

/// Places of the seek head's entries that point behind the clusters. A file that was cut short lacks what they point
/// to; the frames before are read without them.
fn index_entries(reader: &BlobReader) -> std::io::Result<Vec<u64>> {
    let head = reader.bytes_at(0, reader.file_len().min(HEAD_LEN))?.to_vec();
    // SeekID (53 AB), its length 4 (84), then the identifier.
    let entries = head.windows(7).enumerate().filter(|(_, bytes)| {
        bytes.starts_with(&[0x53, 0xAB, 0x84]) && BACK_ENTRIES.iter().any(|id| bytes.ends_with(id))
    });
    Ok(entries.map(|(place, _)| place as u64 + 6).collect())
}

/// The first blocks of all tracks lie within this time.
const SEARCH_NS: f64 = 1e9;

/// The packets of a WebM's or MKV's first video track.
pub struct MatroskaPackets {
    file: MatroskaFile<BlobReader>,
    /// Reads the same file from its start.
    source: BlobReader,
    /// Places of index entries that point behind the end of a file that was cut.
    replaced: Vec<u64>,
    track: VideoTrack,
    number: u64,
    /// Nanoseconds of a timestamp's unit.
    scale_ns: u64,
    frame: Frame,
    is_first: bool,
}

impl MatroskaPackets {
    /// Reads the file's headers.
    ///
    /// # Errors
    /// When they are damaged or name no video that is known here.
    pub fn open(reader: BlobReader) -> Result<Self, DemuxError> {
        let broken = |error: &dyn std::fmt::Debug| {
            DemuxError::Broken(format!("its headers cannot be read ({error:?})"))
        };
        let whole = reader.with_replaced(&[], 0).map_err(|error| broken(&error))?;
        let (file, is_cut, replaced) = match MatroskaFile::open(whole) {
            Ok(file) => (file, false, Vec::new()),
            Err(error) => {
                let places = index_entries(&reader).map_err(|_| broken(&error))?;
                let without = reader
                    .with_replaced(&places, UNUSED_ID_BYTE)
                    .map_err(|_| broken(&error))?;
                let file = MatroskaFile::open(without).map_err(|_| broken(&error))?;
                (file, true, places)
            }
        };
        let video = file
            .tracks()
            .iter()
            .find(|track| track.track_type() == TrackType::Video);
        let Some(entry) = video else {
            return Err(DemuxError::Broken("it holds no video".to_owned()));
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
        let size = entry.video().map_or((0, 0), |video| {
            (video.pixel_width().get(), video.pixel_height().get())
        });
        let (codec, description) = codec(entry)?;
        let track = VideoTrack {
            codec,
            description,
            width: u32::try_from(size.0).unwrap_or(0),
            height: u32::try_from(size.1).unwrap_or(0),
            rotation: 0,
            duration_s: file.info().duration().unwrap_or(0.0) * scale_ns as f64 / 1e9,
            frame_count: None,
            ends_early: is_cut.then(|| CUT_SHORT.to_owned()),
            shown_us: f64::NEG_INFINITY..=f64::INFINITY,
            origin_us: earliest_start_us(&reader, &replaced).unwrap_or(0.0),
        };
        let number = entry.track_number().get();
        Ok(Self {
            file,
            source: reader,
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

    /// See [`super::Demuxer::go_to`]. Blocks do not say where the key frames are: they are read up to that time, and
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
        let reader = self.source.with_replaced(&self.replaced, UNUSED_ID_BYTE);
        let reader = reader.map_err(|error| error.to_string())?;
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
            bytes: js_sys::Uint8Array::from(self.frame.data.as_slice()),
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

/// When the first of all tracks begins, in microseconds; `None` where no block can be read. Blocks lie in the order of their
/// times but for a little: the first second tells.
fn earliest_start_us(reader: &BlobReader, replaced: &[u64]) -> Option<f64> {
    let reader = reader.with_replaced(replaced, UNUSED_ID_BYTE).ok()?;
    let mut file = MatroskaFile::open(reader).ok()?;
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
    let mut earliest: Option<f64> = None;
    let mut frame = Frame::default();
    while !leads.is_empty() && file.next_frame(&mut frame).unwrap_or(false) {
        let time = frame.timestamp as f64;
        if earliest.is_some_and(|earliest| (time - earliest) * scale_ns > SEARCH_NS) {
            break;
        }
        if let Some(lead) = leads.remove(&frame.track) {
            let start = time - lead;
            earliest = Some(earliest.map_or(start, |earliest| earliest.min(start)));
        }
    }
    earliest.map(|time| (time * scale_ns / 1e3).round())
}

/// Codec string and decoder configuration of a track.
fn codec(entry: &TrackEntry) -> Result<(String, Option<Vec<u8>>), DemuxError> {
    let private = entry.codec_private().unwrap_or_default();
    let byte = |place: usize| private.get(place).copied().unwrap_or(0);
    Ok(match entry.codec_id() {
        "V_VP8" => ("vp8".to_owned(), None),
        "V_VP9" => ("vp09.00.10.08".to_owned(), None),
        "V_AV1" => {
            // av1C: marker, profile (3 bits) and level (5), then tier, high bit depth, twelve bits.
            let (second, third) = (byte(1), byte(2));
            let tier = if third & 0x80 == 0 { 'M' } else { 'H' };
            let depth = match (third & 0x40 != 0, third & 0x20 != 0) {
                (false, _) => 8,
                (true, false) => 10,
                (true, true) => 12,
            };
            (
                format!("av01.{}.{:02}{tier}.{depth:02}", second >> 5, second & 0x1F),
                None,
            )
        }
        "V_MPEG4/ISO/AVC" => {
            let codec = format!("avc1.{:02X}{:02X}{:02X}", byte(1), byte(2), byte(3));
            (codec, Some(private.to_vec()))
        }
        // Profile and level matter little: few browsers take any of it.
        "V_MPEGH/ISO/HEVC" => ("hvc1.1.6.L93.B0".to_owned(), Some(private.to_vec())),
        other => {
            return Err(DemuxError::UnknownKind(format!(
                "its video codec ({other}) is not known here"
            )));
        }
    })
}
