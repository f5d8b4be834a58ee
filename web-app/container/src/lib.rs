//! From a video file to the packets of its picture track, and how its pictures are shown.
//!
//! The page reads its videos with this crate alone; the native program leaves reading to ffmpeg and asks here for what older
//! ffprobes do not tell. All of it works on [`Source`]s, so it is tested natively.

mod bytes;
mod codec;
mod demux_error;
mod matroska;
mod matroska_track;
mod mp4;
mod mp4_presentation;
mod mp4_samples;
mod mp4_track;
mod packet;
mod patched;
mod source;
mod track;

use shared_model::orientation::Orientation;

pub use demux_error::DemuxError;
pub use packet::Packet;
pub use source::{DiskFile, Source, check_end};
pub use track::{Candidate, HDR_NOTICE, VideoTrack, preferred};

/// The first bytes of WebM and MKV.
const EBML_MAGIC: [u8; 4] = [0x1A, 0x45, 0xDF, 0xA3];

/// What an MP4 or MOV begins with; those before `ftyp` was thought of begin with anything.
const MP4_STARTS: [&[u8; 4]; 7] = [b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip", b"pnot"];

/// The packets of a file's picture track, in decoding order. Of several the one is taken that ffmpeg takes.
pub enum Demuxer<S: Source> {
    /// MP4, MOV, M4V.
    Mp4(Box<mp4::Mp4Packets<S>>),
    /// WebM, MKV.
    Matroska(Box<matroska::MatroskaPackets<S>>),
}

impl<S: Source> Demuxer<S> {
    /// Opens a file by its first bytes, whatever its name.
    ///
    /// # Errors
    /// When it is of another kind, damaged, or has no video.
    pub fn open(mut source: S) -> Result<Self, DemuxError> {
        if source.byte_len() == 0 {
            return Err(DemuxError::Broken("the file is empty".to_owned()));
        }
        let magic = source
            .bytes_at(0, source.byte_len().min(12))
            .map_err(|error| DemuxError::Broken(error.to_string()))?;
        if magic.starts_with(&EBML_MAGIC) {
            return matroska::MatroskaPackets::open(source).map(|packets| Self::Matroska(Box::new(packets)));
        }
        let kind = magic.get(4..8).unwrap_or_default();
        if MP4_STARTS.iter().any(|start| kind == *start) {
            return mp4::Mp4Packets::open(source).map(|packets| Self::Mp4(Box::new(packets)));
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

/// How the picture of a Matroska's stream lies, as its header says it; `stream` counts as ffmpeg counts. `None` where the
/// header says nothing, and for other files.
///
/// # Errors
/// When the file cannot be read.
pub fn matroska_orientation<S: Source>(mut source: S, stream: usize) -> std::io::Result<Option<Orientation>> {
    let tracks = matroska_track::tracks_element(&mut source)?;
    Ok(matroska_track::orientation_of(&tracks, stream))
}
