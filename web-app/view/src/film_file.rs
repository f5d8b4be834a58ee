//! An MP4 of what encoders give, written piece by piece: the pictures' and the sound's bytes are with whoever writes the file, here is what
//! stands before and behind them.

use std::collections::VecDeque;
use std::num::{NonZeroU16, NonZeroU32};

use shiguredo_mp4::boxes::{
    AudioSampleEntryFields, Avc1Box, AvccBox, DopsBox, OpusBox, SampleEntry, VisualSampleEntryFields,
    Vp09Box, VpccBox,
};
use shiguredo_mp4::mux::{Mp4FileMuxer, Sample};
use shiguredo_mp4::{Decode as _, FixedPointNumber, TrackKind, Uint};
use thiserror::Error;

/// Ticks per second of the pictures' track.
const PICTURE_TICKS: NonZeroU32 = NonZeroU32::MIN.saturating_add(999_999);
/// Ticks per second of the sound's: Opus has no other.
pub const SOUND_RATE: u32 = 48_000;
const SOUND_TICKS: NonZeroU32 = NonZeroU32::MIN.saturating_add(SOUND_RATE - 1);

/// What the pictures are encoded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureCodec {
    /// H.264, which everything plays.
    H264,
    /// VP9, which needs no licence.
    Vp9,
}

/// A size and what the pictures of that size are encoded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureFormat {
    /// What they are encoded as.
    pub codec: PictureCodec,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
}

impl PictureFormat {
    /// The name of codec, profile and level, as browsers and files have it.
    #[must_use]
    pub fn codec_text(self) -> String {
        match self.codec {
            PictureCodec::H264 => {
                let level = least_level(self.pixels(), &[(921_600, 0x1f), (2_097_152, 0x28)], 0x33);
                format!("avc1.6400{level:02x}")
            }
            PictureCodec::Vp9 => format!("vp09.00.{:02}.08", self.vp9_level()),
        }
    }

    fn vp9_level(self) -> u8 {
        // Largest picture of each level (VP9 bitstream specification, annex A).
        let levels = [
            (36_864, 10),
            (73_728, 11),
            (122_880, 20),
            (245_760, 21),
            (552_960, 30),
            (983_040, 31),
            (2_228_224, 41),
        ];
        least_level(self.pixels(), &levels, 51)
    }

    fn pixels(self) -> u32 {
        u32::from(self.width) * u32::from(self.height)
    }

    /// What a player is told of the pictures; `description` is what the encoder says of them, which H.264 needs.
    fn entry(self, description: &[u8]) -> Result<SampleEntry, FilmFileError> {
        let visual = VisualSampleEntryFields {
            data_reference_index: NonZeroU16::MIN,
            width: self.width,
            height: self.height,
            horizresolution: VisualSampleEntryFields::DEFAULT_HORIZRESOLUTION,
            vertresolution: VisualSampleEntryFields::DEFAULT_VERTRESOLUTION,
            frame_count: VisualSampleEntryFields::DEFAULT_FRAME_COUNT,
            compressorname: VisualSampleEntryFields::NULL_COMPRESSORNAME,
            depth: VisualSampleEntryFields::DEFAULT_DEPTH,
        };
        Ok(match self.codec {
            PictureCodec::H264 => SampleEntry::Avc1(Avc1Box {
                visual,
                avcc_box: avc_box(description)?,
                unknown_boxes: Vec::new(),
            }),
            PictureCodec::Vp9 => SampleEntry::Vp09(Vp09Box {
                visual,
                vpcc_box: VpccBox {
                    profile: 0,
                    level: self.vp9_level(),
                    bit_depth: Uint::new(8),
                    // 4:2:0, colocated.
                    chroma_subsampling: Uint::new(1),
                    video_full_range_flag: Uint::new(0),
                    // Not said.
                    colour_primaries: 2,
                    transfer_characteristics: 2,
                    matrix_coefficients: 2,
                    codec_initialization_data: Vec::new(),
                },
                unknown_boxes: Vec::new(),
            }),
        })
    }
}

fn least_level(pixels: u32, levels: &[(u32, u8)], beyond: u8) -> u8 {
    let found = levels.iter().find(|(most, _)| pixels <= *most);
    found.map_or(beyond, |(_, level)| *level)
}

/// The box that holds what an encoder says of its H.264.
fn avc_box(description: &[u8]) -> Result<AvccBox, FilmFileError> {
    let length = u32::try_from(description.len() + 8).map_err(|_| FilmFileError::Description)?;
    let mut text = length.to_be_bytes().to_vec();
    text.extend_from_slice(b"avcC");
    text.extend_from_slice(description);
    let (found, _) = AvccBox::decode(&text).map_err(|_| FilmFileError::Description)?;
    Ok(found)
}

/// Why a film cannot be written.
#[derive(Debug, Error)]
pub enum FilmFileError {
    /// The file's structure.
    #[error("the film cannot be written: {0}")]
    Mux(String),
    /// What the encoder says of its pictures.
    #[error("the browser's encoder does not say how its pictures are to be read")]
    Description,
    /// A picture before another one that came earlier.
    #[error("the browser's encoder gave its pictures in a wrong order")]
    Order,
}

/// A packet of sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundPacket {
    /// As the encoder gave it.
    pub bytes: Vec<u8>,
    /// Its length in samples at [`SOUND_RATE`].
    pub length: u32,
}

/// A whole sound in Opus.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sound {
    /// One or two.
    pub channels: u8,
    /// Samples at the start that are not heard, as the encoder says.
    pub pre_skip: u16,
    /// In their order.
    pub packets: VecDeque<SoundPacket>,
}

impl Sound {
    fn entry(&self) -> SampleEntry {
        SampleEntry::Opus(OpusBox {
            audio: AudioSampleEntryFields {
                data_reference_index: NonZeroU16::MIN,
                channelcount: u16::from(self.channels),
                samplesize: AudioSampleEntryFields::DEFAULT_SAMPLESIZE,
                samplerate: FixedPointNumber::new(SOUND_RATE as u16, 0),
            },
            dops_box: DopsBox {
                output_channel_count: self.channels,
                pre_skip: self.pre_skip,
                input_sample_rate: SOUND_RATE,
                output_gain: 0,
            },
            unknown_boxes: Vec::new(),
        })
    }
}

/// A picture whose length is not known before the next one comes.
struct Waiting {
    time_us: u64,
    bytes: usize,
    is_key: bool,
}

/// The file under way.
pub struct FilmFile {
    muxer: Mp4FileMuxer,
    format: PictureFormat,
    picture_entry: Option<SampleEntry>,
    sound: Sound,
    sound_entry: Option<SampleEntry>,
    /// Ticks of sound that are written.
    sound_at: u64,
    head: Vec<u8>,
    /// Bytes of the file so far.
    length: u64,
    waiting: Option<Waiting>,
    /// Whether a picture has come.
    is_begun: bool,
}

/// What stands around the bytes of pictures and sound.
pub struct Surround {
    /// Before all of them.
    pub head: Vec<u8>,
    /// Behind all of them.
    pub tail: Vec<u8>,
}

impl FilmFile {
    /// An empty one, whose sound is known.
    ///
    /// # Errors
    /// Where its first bytes cannot be made.
    pub fn new(format: PictureFormat, sound: Sound) -> Result<Self, FilmFileError> {
        let muxer = Mp4FileMuxer::new().map_err(mux)?;
        let head = muxer.initial_boxes_bytes().to_vec();
        Ok(Self {
            length: head.len() as u64,
            head,
            muxer,
            format,
            picture_entry: None,
            sound_entry: (sound.channels > 0).then(|| sound.entry()),
            sound,
            sound_at: 0,
            waiting: None,
            is_begun: false,
        })
    }

    /// Notes that a picture of so many bytes follows, shown from `time_us` on; gives the packets of sound that are to be written before it. The
    /// encoder's `description` comes with its first picture.
    ///
    /// # Errors
    /// Where the pictures are in no order, and where nothing is known of how they are to be read.
    pub fn picture(
        &mut self,
        bytes: usize,
        is_key: bool,
        time_us: u64,
        description: Option<&[u8]>,
    ) -> Result<Vec<Vec<u8>>, FilmFileError> {
        if self.picture_entry.is_none() {
            self.picture_entry = Some(self.format.entry(description.unwrap_or_default())?);
        }
        // The first one is there from the start, also where those before it are lost: the sound begins then.
        let time_us = if self.is_begun { time_us } else { 0 };
        self.is_begun = true;
        if let Some(before) = &self.waiting {
            let length_us = time_us.checked_sub(before.time_us).ok_or(FilmFileError::Order)?;
            self.end_waiting(length_us)?;
        }
        let sound = self.sound_until(time_us)?;
        self.waiting = Some(Waiting {
            time_us,
            bytes,
            is_key,
        });
        Ok(sound)
    }

    /// Ends the file; the last picture is shown for `length_us`. Gives the sound that is left, to be written behind the last picture, and what
    /// stands around all.
    ///
    /// # Errors
    /// As [`FilmFile::picture`].
    pub fn finish(mut self, length_us: u64) -> Result<(Vec<Vec<u8>>, Surround), FilmFileError> {
        let end_us = self.waiting.as_ref().map_or(0, |last| last.time_us) + length_us;
        self.end_waiting(length_us)?;
        let sound = self.sound_until(end_us)?;
        let finalized = self.muxer.finalize().map_err(mux)?;
        let mut around = Surround {
            head: self.head,
            tail: Vec::new(),
        };
        for (offset, bytes) in finalized.offset_and_bytes_pairs() {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            match around.head.get_mut(start..start.saturating_add(bytes.len())) {
                Some(place) => place.copy_from_slice(bytes),
                None => around.tail.extend_from_slice(bytes),
            }
        }
        Ok((sound, around))
    }

    fn end_waiting(&mut self, length_us: u64) -> Result<(), FilmFileError> {
        let Some(picture) = self.waiting.take() else {
            return Ok(());
        };
        let sample = Sample {
            track_kind: TrackKind::Video,
            sample_entry: self.picture_entry.clone(),
            keyframe: picture.is_key,
            timescale: PICTURE_TICKS,
            duration: u32::try_from(length_us).unwrap_or(u32::MAX),
            composition_time_offset: None,
            data_offset: self.length,
            data_size: picture.bytes,
        };
        self.append(&sample)
    }

    /// The packets of sound that begin before this time and are not written yet.
    fn sound_until(&mut self, time_us: u64) -> Result<Vec<Vec<u8>>, FilmFileError> {
        let end = time_us.saturating_mul(u64::from(SOUND_RATE)) / 1_000_000;
        let mut found = Vec::new();
        while self.sound_at < end {
            let Some(packet) = self.sound.packets.pop_front() else {
                break;
            };
            let sample = Sample {
                track_kind: TrackKind::Audio,
                sample_entry: self.sound_entry.clone(),
                keyframe: true,
                timescale: SOUND_TICKS,
                duration: packet.length,
                composition_time_offset: None,
                data_offset: self.length,
                data_size: packet.bytes.len(),
            };
            self.append(&sample)?;
            self.sound_at += u64::from(packet.length);
            found.push(packet.bytes);
        }
        Ok(found)
    }

    fn append(&mut self, sample: &Sample) -> Result<(), FilmFileError> {
        self.muxer.append_sample(sample).map_err(mux)?;
        self.length += sample.data_size as u64;
        Ok(())
    }
}

fn mux(error: shiguredo_mp4::mux::MuxError) -> FilmFileError {
    FilmFileError::Mux(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shiguredo_mp4::demux::{Input, Mp4FileDemuxer};

    /// The whole file, with pictures at these times; each picture's bytes are its number over and over.
    fn film(times_us: &[u64], last_us: u64, sound: Sound) -> Vec<u8> {
        let format = PictureFormat {
            codec: PictureCodec::Vp9,
            width: 64,
            height: 48,
        };
        let mut file = FilmFile::new(format, sound).unwrap();
        let mut media = Vec::new();
        for (number, time_us) in times_us.iter().enumerate() {
            let picture = vec![number as u8; 10 + number];
            let before = file.picture(picture.len(), number == 0, *time_us, None).unwrap();
            media.extend(before.into_iter().flatten());
            media.extend(picture);
        }
        let (rest, around) = file.finish(last_us).unwrap();
        media.extend(rest.into_iter().flatten());
        [around.head, media, around.tail].concat()
    }

    #[test]
    fn pictures_and_sound_come_back_at_their_times() {
        let times_us = [0, 41_667, 83_333, 200_000];
        let packet = |number: u8| SoundPacket {
            bytes: vec![100 + number; 7],
            length: 960,
        };
        let sound = Sound {
            channels: 2,
            pre_skip: 312,
            packets: (0..40).map(packet).collect(),
        };
        let bytes = film(&times_us, 50_000, sound);
        let mut demuxer = Mp4FileDemuxer::new();
        demuxer.handle_input(Input {
            position: 0,
            data: &bytes,
        });
        let tracks: Vec<_> = demuxer.tracks().unwrap().iter().map(|track| track.kind).collect();
        assert_eq!(tracks.len(), 2);
        let (mut pictures, mut packets) = (Vec::new(), 0_u8);
        while let Some(sample) = demuxer.next_sample().unwrap() {
            let start = sample.data_offset as usize;
            let found = &bytes[start..start + sample.data_size];
            if sample.track.kind == TrackKind::Video {
                assert!(found.iter().all(|byte| *byte == pictures.len() as u8));
                pictures.push((sample.timestamp, u64::from(sample.duration)));
            } else {
                assert!(
                    found.iter().all(|byte| *byte == 100 + packets),
                    "packet {packets}"
                );
                packets += 1;
            }
        }
        assert_eq!(
            pictures,
            [
                (0, 41_667),
                (41_667, 41_666),
                (83_333, 116_667),
                (200_000, 50_000)
            ]
        );
        // A quarter of a second is 12.5 packets of 20 ms.
        assert_eq!(packets, 13);
    }

    #[test]
    fn a_film_without_sound_has_one_track_and_order_is_kept() {
        let bytes = film(&[0, 40_000], 40_000, Sound::default());
        let mut demuxer = Mp4FileDemuxer::new();
        demuxer.handle_input(Input {
            position: 0,
            data: &bytes,
        });
        assert_eq!(demuxer.tracks().unwrap().len(), 1);
        let format = PictureFormat {
            codec: PictureCodec::H264,
            width: 64,
            height: 48,
        };
        let mut file = FilmFile::new(format, Sound::default()).unwrap();
        assert!(matches!(
            file.picture(9, true, 0, None),
            Err(FilmFileError::Description)
        ));
        let vp9 = PictureFormat {
            codec: PictureCodec::Vp9,
            ..format
        };
        let mut file = FilmFile::new(vp9, Sound::default()).unwrap();
        // Late, for want of those before it.
        file.picture(9, true, 40, None).unwrap();
        file.picture(9, false, 80, None).unwrap();
        assert!(matches!(
            file.picture(9, false, 20, None),
            Err(FilmFileError::Order)
        ));
    }

    #[test]
    fn levels_grow_with_the_picture() {
        let text = |codec, width, height| PictureFormat { codec, width, height }.codec_text();
        assert_eq!(text(PictureCodec::H264, 640, 480), "avc1.64001f");
        assert_eq!(text(PictureCodec::H264, 1920, 1080), "avc1.640028");
        assert_eq!(text(PictureCodec::H264, 3840, 2160), "avc1.640033");
        assert_eq!(text(PictureCodec::Vp9, 480, 360), "vp09.00.21.08");
        assert_eq!(text(PictureCodec::Vp9, 1920, 1080), "vp09.00.41.08");
    }
}
