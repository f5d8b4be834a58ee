//! What a Matroska's header says of its tracks, beyond what the reader of its blocks tells.

use std::io::Result;

use shared_model::display::PixelAspect;
use shared_model::orientation::Orientation;

use crate::bytes::{ElementHead, element, element_head, elements, float, number, unsigned};
use crate::source::Source;
use crate::track::is_hdr_transfer;

const SEGMENT: u32 = 0x1853_8067;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_NUMBER: u32 = 0xD7;
const TRACK_TYPE: u32 = 0x83;
const FLAG_DEFAULT: u32 = 0x88;
const VIDEO: u32 = 0xE0;
const PIXEL_WIDTH: u32 = 0xB0;
const PIXEL_HEIGHT: u32 = 0xBA;
const DISPLAY_WIDTH: u32 = 0x54B0;
const DISPLAY_HEIGHT: u32 = 0x54BA;
const DISPLAY_UNIT: u32 = 0x54B2;
const COLOUR: u32 = 0x55B0;
const TRANSFER: u32 = 0x55BA;
const PROJECTION: u32 = 0x7670;
const PROJECTION_TYPE: u32 = 0x7671;
const POSE_YAW: u32 = 0x7673;
const POSE_PITCH: u32 = 0x7674;
const POSE_ROLL: u32 = 0x7675;

const CLUSTER: u32 = 0x1F43_B675;
const CLUSTER_TIME: u32 = 0xE7;
const SIMPLE_BLOCK: u32 = 0xA3;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;

/// Kinds of tracks that ffmpeg makes streams of: picture, sound, subtitles, metadata.
const STREAM_TYPES: [u64; 4] = [1, 2, 17, 33];

/// Units in which the shown size has a meaning: pixels, centimetres, inches, or a ratio.
const LAST_DISPLAY_UNIT: u64 = 3;

/// The longest list of tracks that is read, in bytes.
const MOST_TRACKS_LEN: u64 = 16 << 20;

/// How much of a file's end is looked at for its last block, step by step.
const END_LENGTHS: [u64; 3] = [1 << 18, 1 << 22, 1 << 26];

/// One picture track.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PictureTrack {
    /// The number that its blocks bear.
    pub(crate) number: u64,
    /// Width and height of the coded picture in pixels.
    pub(crate) coded: (u32, u32),
    pub(crate) orientation: Orientation,
    /// Of a coded pixel, where the header says it.
    pub(crate) pixel_aspect: Option<PixelAspect>,
    pub(crate) is_hdr: bool,
    pub(crate) is_default: bool,
}

/// The content of the list of tracks; empty where none is found.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn tracks_element<S: Source>(source: &mut S) -> Result<Vec<u8>> {
    let file_len = source.byte_len();
    let mut place = 0;
    while place < file_len {
        let bytes = source.bytes_at(place, (file_len - place).min(12))?;
        let Some(ElementHead { id, head, len }) = element_head(&bytes) else {
            break;
        };
        let content = place + head as u64;
        match (id, len) {
            (TRACKS, Some(len)) if len <= MOST_TRACKS_LEN => {
                let len = len.min(file_len.saturating_sub(content));
                return source.bytes_at(content, len);
            }
            // Its parts follow.
            (SEGMENT, _) => place = content,
            (_, None) => break,
            (_, Some(len)) => place = content.saturating_add(len),
        }
    }
    Ok(Vec::new())
}

/// The picture tracks of a list of tracks, in its order.
pub(crate) fn picture_tracks(tracks: &[u8]) -> Vec<PictureTrack> {
    entries(tracks).filter_map(read).collect()
}

/// How the picture of a stream lies, counted as ffmpeg counts; `None` where the header does not say.
pub(crate) fn orientation_of(tracks: &[u8], stream: usize) -> Option<Orientation> {
    let is_stream = |entry: &&[u8]| STREAM_TYPES.contains(&value(entry, TRACK_TYPE).unwrap_or(0));
    let entry = entries(tracks).filter(is_stream).nth(stream)?;
    orientation(element(entry, VIDEO)?)
}

fn entries(tracks: &[u8]) -> impl Iterator<Item = &[u8]> {
    elements(tracks)
        .filter(|(id, _)| *id == TRACK_ENTRY)
        .map(|(_, entry)| entry)
}

fn value(bytes: &[u8], id: u32) -> Option<u64> {
    unsigned(element(bytes, id)?)
}

fn read(entry: &[u8]) -> Option<PictureTrack> {
    if value(entry, TRACK_TYPE) != Some(1) {
        return None;
    }
    let video = element(entry, VIDEO)?;
    let (width, height) = (value(video, PIXEL_WIDTH)?, value(video, PIXEL_HEIGHT)?);
    let transfer = element(video, COLOUR).and_then(|colour| value(colour, TRANSFER));
    Some(PictureTrack {
        number: value(entry, TRACK_NUMBER)?,
        coded: (u32::try_from(width).ok()?, u32::try_from(height).ok()?),
        orientation: orientation(video).unwrap_or_default(),
        pixel_aspect: pixel_aspect(video, (width, height)),
        is_hdr: transfer.is_some_and(is_hdr_transfer),
        is_default: value(entry, FLAG_DEFAULT) != Some(0),
    })
}

/// A shown size that is left out is the coded one: its pixels are square then, whatever the coded pictures say.
fn pixel_aspect(video: &[u8], (width, height): (u64, u64)) -> Option<PixelAspect> {
    if value(video, DISPLAY_UNIT).unwrap_or(0) > LAST_DISPLAY_UNIT {
        return None;
    }
    let shown = |id, coded| value(video, id).filter(|shown| *shown > 0).unwrap_or(coded);
    let (shown_width, shown_height) = (shown(DISPLAY_WIDTH, width), shown(DISPLAY_HEIGHT, height));
    PixelAspect::new(shown_width.checked_mul(height)?, shown_height.checked_mul(width)?)
}

/// A roll turns counter-clockwise; a yaw of half a turn mirrors left to right, after it.
fn orientation(video: &[u8]) -> Option<Orientation> {
    let projection = element(video, PROJECTION)?;
    let angle = |id| element(projection, id).map_or(Some(0.0), float);
    let (yaw, pitch, roll) = (angle(POSE_YAW)?, angle(POSE_PITCH)?, angle(POSE_ROLL)?);
    let is_flat = value(projection, PROJECTION_TYPE).unwrap_or(0) == 0 && pitch == 0.0;
    if !is_flat || !roll.is_finite() {
        return None;
    }
    if yaw == 0.0 {
        Some(Orientation::clockwise(-roll))
    } else if yaw.abs() == 180.0 {
        // Mirrored first, a turn goes the other way.
        Some(Orientation::new(true, -roll))
    } else {
        None
    }
}

/// The last time of a track's blocks, in the file's unit, by the end of the file alone: for streams whose header was written
/// before their length was known.
pub(crate) fn last_time<S: Source>(source: &mut S, track: u64) -> Option<u64> {
    let file_len = source.byte_len();
    let mut is_whole = false;
    END_LENGTHS.iter().find_map(|len| {
        if is_whole {
            return None;
        }
        is_whole = *len >= file_len;
        let len = (*len).min(file_len);
        let end = source.bytes_at(file_len - len, len).ok()?;
        let marker = CLUSTER.to_be_bytes();
        let mut places: Vec<usize> = end
            .windows(4)
            .enumerate()
            .filter(|(_, bytes)| *bytes == marker)
            .map(|(place, _)| place)
            .collect();
        // The last cluster may hold sound alone, and a marker may be a picture's bytes.
        places.reverse();
        places
            .iter()
            .find_map(|place| last_time_of_cluster(end.get(*place..)?, track))
    })
}

fn last_time_of_cluster(bytes: &[u8], track: u64) -> Option<u64> {
    let (_, cluster) = elements(bytes).next()?;
    let start = value(cluster, CLUSTER_TIME)?;
    let blocks = elements(cluster).filter_map(|(id, content)| match id {
        SIMPLE_BLOCK => Some(content),
        BLOCK_GROUP => element(content, BLOCK),
        _ => None,
    });
    blocks
        .filter_map(|block| {
            let head = block_head(block)?;
            (head.0 == track).then_some(head.1)
        })
        .map(|offset| start.saturating_add_signed(i64::from(offset)))
        .max()
}

/// A block's track number, and its time from its cluster's.
fn block_head(block: &[u8]) -> Option<(u64, i16)> {
    let len = block.first()?.leading_zeros() as usize + 1;
    if len > 8 || block.len() < len + 2 {
        return None;
    }
    let track = number(block, 0, len) & ((1 << (7 * len as u32)) - 1);
    Some((track, (number(block, len, 2) as u16).cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(projection: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x76, 0x70, 0x80 | projection.len() as u8];
        bytes.extend_from_slice(projection);
        bytes
    }

    fn angle(id: u32, degrees: f32) -> Vec<u8> {
        let mut bytes = id.to_be_bytes()[2..].to_vec();
        bytes.push(0x84);
        bytes.extend(degrees.to_bits().to_be_bytes());
        bytes
    }

    #[test]
    fn a_roll_turns_counter_clockwise_and_half_a_yaw_mirrors() {
        let of = |yaw, roll| orientation(&video(&[angle(POSE_YAW, yaw), angle(POSE_ROLL, roll)].concat()));
        assert_eq!(of(0.0, -90.0), Some(Orientation::clockwise(90.0)));
        assert_eq!(of(0.0, 180.0), Some(Orientation::clockwise(180.0)));
        assert_eq!(of(180.0, 0.0), Orientation::from_matrix([-1.0, 0.0, 0.0, 1.0]));
        // What ffmpeg makes of it: turned counter-clockwise by the negated roll, then mirrored.
        assert_eq!(of(180.0, 90.0), Orientation::from_matrix([0.0, 1.0, 1.0, 0.0]));
        assert_eq!(of(30.0, 0.0), None);
        assert_eq!(orientation(&video(&angle(POSE_PITCH, 90.0))), None);
        assert_eq!(orientation(&[]), None);
    }
}
