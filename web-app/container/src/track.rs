//! What containers say of a picture track.

use std::ops::RangeInclusive;

use shared_model::display::PixelAspect;
use shared_model::orientation::Orientation;

/// Transfer characteristics of ITU-T H.273: PQ (SMPTE ST 2084) and HLG (ARIB STD-B67).
const HDR_TRANSFERS: [u64; 2] = [16, 18];

/// Said of a video whose colours are those of HDR; behind the file's name.
pub const HDR_NOTICE: &str = "colours were not mapped from HDR (PQ): labels may be wrong";

/// What the container says of its picture track.
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
    /// How the picture lies when it is shown.
    pub orientation: Orientation,
    /// The shape of a coded pixel; `None` where only the coded pictures themselves may say it.
    pub pixel_aspect: Option<PixelAspect>,
    /// Whether the file names a transfer of HDR (PQ or HLG).
    pub is_hdr: bool,
    /// Length in seconds; 0 where the file does not say.
    pub duration_s: f64,
    /// Number of frames, where the file says it.
    pub frame_count: Option<usize>,
    /// Set when the file is known to end before its last frame.
    pub ends_early: Option<String>,
    /// Presentation times in microseconds of the first and the last frame that is shown. Others are decoded for their sake
    /// alone.
    pub shown_us: RangeInclusive<f64>,
    /// Presentation time in microseconds of the first frame, whether it can be decoded or not.
    pub first_us: Option<f64>,
    /// Presentation time in microseconds at which the media's own clock stands at 0, where the first of all its tracks
    /// begins.
    pub origin_us: f64,
}

/// Whether a number of ITU-T H.273 names a transfer of HDR.
pub(crate) fn is_hdr_transfer(transfer: u64) -> bool {
    HDR_TRANSFERS.contains(&transfer)
}

/// What the choice between picture tracks goes by.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// Width and height of the coded picture in pixels.
    pub size: (u32, u32),
    /// Whether the file marks it as the one to be shown.
    pub is_default: bool,
}

impl Candidate {
    /// What a mark is worth in pixels, to ffmpeg.
    const DEFAULT_PIXELS: u64 = 5_000_000;

    fn score(self) -> u64 {
        let pixels = u64::from(self.size.0).saturating_mul(u64::from(self.size.1));
        pixels.saturating_add(if self.is_default { Self::DEFAULT_PIXELS } else { 0 })
    }
}

/// The track that ffmpeg takes by itself: the largest, where the file's mark counts much; the first of equal ones.
pub fn preferred<T>(tracks: impl IntoIterator<Item = T>, candidate: impl Fn(&T) -> Candidate) -> Option<T> {
    let mut best: Option<(u64, T)> = None;
    for track in tracks {
        let score = candidate(&track).score();
        if best.as_ref().is_none_or(|(most, _)| score > *most) {
            best = Some((score, track));
        }
    }
    best.map(|(_, track)| track)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_outweighs_size_up_to_five_megapixels() {
        let of = |width, height, is_default| Candidate {
            size: (width, height),
            is_default,
        };
        let choose = |tracks: &[Candidate]| {
            preferred(tracks.iter().enumerate(), |(_, track)| **track).map(|(place, _)| place)
        };
        assert_eq!(choose(&[]), None);
        assert_eq!(choose(&[of(64, 48, false), of(64, 48, false)]), Some(0));
        assert_eq!(choose(&[of(64, 48, false), of(160, 120, false)]), Some(1));
        assert_eq!(choose(&[of(1920, 1080, false), of(64, 48, true)]), Some(1));
        assert_eq!(choose(&[of(3840, 2160, false), of(64, 48, true)]), Some(0));
    }
}
