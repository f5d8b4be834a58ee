//! From a file to the packets of its first video track.

mod matroska;
mod mp4;
mod mp4_presentation;

use std::ops::RangeInclusive;

use js_sys::Uint8Array;
use thiserror::Error;
use web_sys::Blob;

use crate::blob_reader::BlobReader;

/// A file gives no video packets.
#[derive(Debug, Error)]
pub enum DemuxError {
    /// Another reader may know better.
    #[error("{0}")]
    UnknownKind(String),
    /// No reader can help.
    #[error("{0}")]
    Broken(String),
}

/// Time stamps are rounded to microseconds.
const ROUNDING_US: f64 = 1.0;

/// What the container says of its video track.
#[derive(Debug, Clone)]
pub struct VideoTrack {
    /// Codec string of the WebCodecs registry.
    pub codec: String,
    /// Decoder configuration record, for the codecs that have one.
    pub description: Option<Vec<u8>>,
    /// Width of the coded picture in pixels.
    pub width: u32,
    /// Height of the coded picture in pixels.
    pub height: u32,
    /// Clockwise turn in degrees that makes the picture upright.
    pub rotation: u32,
    /// Length in seconds; 0 where the file does not say.
    pub duration_s: f64,
    /// Number of frames, where the file says it.
    pub frame_count: Option<usize>,
    /// Set when the file is known to end before its last frame.
    pub ends_early: Option<String>,
    /// Presentation times in microseconds of the first and the last frame that is shown. Others are decoded for their sake
    /// alone.
    pub shown_us: RangeInclusive<f64>,
    /// Presentation time in microseconds at which the media's own clock stands at 0, where the first of all its tracks
    /// begins.
    pub origin_us: f64,
}

/// One coded frame.
#[derive(Debug)]
pub struct Packet {
    /// Coded bytes.
    pub bytes: Uint8Array,
    /// Presentation time in microseconds.
    pub timestamp_us: f64,
    /// Whether decoding can begin here.
    pub is_key: bool,
}

/// The packets of a file's first video track, in decoding order.
pub enum Demuxer {
    /// MP4, MOV, M4V.
    Mp4(mp4::Mp4Packets),
    /// WebM, MKV.
    Matroska(Box<matroska::MatroskaPackets>),
}

impl Demuxer {
    /// Opens a file by its first bytes, whatever its name.
    ///
    /// # Errors
    /// When it is of another kind, damaged, or has no video.
    pub fn open(blob: &Blob) -> Result<Self, DemuxError> {
        let broken = |error: std::io::Error| DemuxError::Broken(error.to_string());
        let reader = BlobReader::new(blob).map_err(broken)?;
        if reader.file_len() == 0 {
            return Err(DemuxError::Broken("the file is empty".to_owned()));
        }
        let magic = reader
            .bytes_at(0, reader.file_len().min(12))
            .map_err(broken)?
            .to_vec();
        if magic.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
            return matroska::MatroskaPackets::open(reader).map(|packets| Self::Matroska(Box::new(packets)));
        }
        let kind = magic.get(4..8).unwrap_or_default();
        if [b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"]
            .contains(&kind.try_into().unwrap_or(b"none"))
        {
            return mp4::Mp4Packets::open(reader).map(Self::Mp4);
        }
        Err(DemuxError::UnknownKind(
            "it is no MP4, MOV, WebM or MKV file, whatever its name says".to_owned(),
        ))
    }

    /// What the container says of the track.
    #[must_use]
    pub fn track(&self) -> &VideoTrack {
        match self {
            Self::Mp4(packets) => packets.track(),
            Self::Matroska(packets) => packets.track(),
        }
    }

    /// Goes to the last place at or before `time_us` (a presentation time in microseconds) where decoding can begin.
    /// To be called before the first packet.
    ///
    /// # Errors
    /// When the file cannot be read, or no frame stands there.
    pub fn go_to(&mut self, time_us: f64) -> Result<(), String> {
        match self {
            Self::Mp4(packets) => packets.go_to(time_us),
            Self::Matroska(packets) => packets.go_to(time_us),
        }
    }

    /// The next packet, `None` at the end.
    ///
    /// # Errors
    /// When the file ends within a packet or cannot be read any more.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, String> {
        match self {
            Self::Mp4(packets) => packets.next_packet(),
            Self::Matroska(packets) => packets.next_packet(),
        }
    }
}
