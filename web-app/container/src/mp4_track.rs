//! What an MP4's index says of its picture tracks: which one is meant, how it is coded and how it is shown.

use shared_model::display::PixelAspect;
use shared_model::orientation::Orientation;

use crate::bytes::{boxes, child, descendant, number, signed};
use crate::codec::{self, Vp9};
use crate::track::{Candidate, is_hdr_transfer, preferred};

/// A picture sample entry's bytes before its boxes.
const ENTRY_HEAD: usize = 78;

/// A track's header says that it takes part in the presentation.
const ENABLED: u64 = 1;

/// One picture track.
#[derive(Debug, Clone)]
pub(crate) struct PictureTrack {
    /// Its number in the file.
    pub(crate) id: u32,
    /// Width and height of the coded picture in pixels.
    pub(crate) coded: (u32, u32),
    pub(crate) orientation: Orientation,
    /// Of a coded pixel, where the file says it.
    pub(crate) pixel_aspect: Option<PixelAspect>,
    pub(crate) is_hdr: bool,
    /// Codec string and the record that the decoder is configured with; `None` for a codec that is not known here.
    pub(crate) codec: Option<(String, Option<Vec<u8>>)>,
    /// Name of the sample entry.
    pub(crate) entry: String,
    is_enabled: bool,
}

/// The picture track of a `moov` box's content that ffmpeg would take; `None` where there is none.
pub(crate) fn picture_track(moov: &[u8]) -> Option<PictureTrack> {
    let traks = || {
        boxes(moov)
            .filter(|(kind, _)| kind == b"trak")
            .map(|(_, trak)| trak)
    };
    // Pictures of chapters are no film.
    let chapters: Vec<u64> = traks()
        .filter_map(|trak| descendant(trak, &[*b"tref", *b"chap"]))
        .flat_map(|ids| ids.chunks_exact(4).map(|id| number(id, 0, 4)))
        .collect();
    let movie_matrix = child(moov, *b"mvhd").map_or([1.0, 0.0, 0.0, 1.0], |header| {
        matrix_at(header, if is_long(header) { 48 } else { 36 })
    });
    let tracks: Vec<PictureTrack> = traks()
        .filter_map(|trak| read(trak, movie_matrix))
        .filter(|track| !chapters.contains(&u64::from(track.id)))
        .collect();
    preferred(tracks, |track| Candidate {
        size: track.coded,
        is_default: track.is_enabled,
    })
}

/// Whether a `moov` box's content names a track of sound.
pub(crate) fn has_sound(moov: &[u8]) -> bool {
    boxes(moov).any(|(kind, trak)| kind == *b"trak" && handler(trak) == Some(b"soun"))
}

fn handler(trak: &[u8]) -> Option<&[u8]> {
    descendant(trak, &[*b"mdia", *b"hdlr"])?.get(8..12)
}

fn read(trak: &[u8], movie_matrix: [f64; 4]) -> Option<PictureTrack> {
    if handler(trak) != Some(b"vide") {
        return None;
    }
    let header = child(trak, *b"tkhd")?;
    // Times and duration have 4 bytes or 8.
    let (id_place, matrix_place) = if is_long(header) { (20, 52) } else { (12, 40) };
    let matrix = product(matrix_at(header, matrix_place), movie_matrix);
    let entries = descendant(trak, &[*b"mdia", *b"minf", *b"stbl", *b"stsd"])?.get(8..)?;
    let (name, entry) = boxes(entries).next()?;
    let coded = (number(entry, 24, 2), number(entry, 26, 2));
    // Whole pixels of numbers with 16 bits behind the point.
    let shown = (
        number(header, matrix_place + 36, 2),
        number(header, matrix_place + 40, 2),
    );
    let inside = entry.get(ENTRY_HEAD..).unwrap_or_default();
    let is_hdr = boxes(inside)
        .filter(|(kind, colour)| kind == b"colr" && colour.starts_with(b"ncl"))
        .any(|(_, colour)| is_hdr_transfer(number(colour, 6, 2)));
    Some(PictureTrack {
        id: number(header, id_place, 4) as u32,
        coded: (coded.0 as u32, coded.1 as u32),
        orientation: Orientation::from_matrix(matrix).unwrap_or_default(),
        pixel_aspect: pixel_aspect(inside, coded, shown),
        is_hdr,
        codec: codec(name, inside),
        entry: String::from_utf8_lossy(&name).into_owned(),
        is_enabled: number(header, 1, 3) & ENABLED != 0,
    })
}

/// What a `pasp` box says, else what the shown size makes of the coded one.
fn pixel_aspect(inside: &[u8], coded: (u64, u64), shown: (u64, u64)) -> Option<PixelAspect> {
    let stated =
        child(inside, *b"pasp").and_then(|pasp| PixelAspect::new(number(pasp, 0, 4), number(pasp, 4, 4)));
    let by_size = || PixelAspect::new(coded.1 * shown.0, coded.0 * shown.1);
    stated.or_else(|| if coded == shown { None } else { by_size() })
}

fn codec(name: [u8; 4], inside: &[u8]) -> Option<(String, Option<Vec<u8>>)> {
    let record = |kind: [u8; 4]| child(inside, kind);
    let entry = std::str::from_utf8(&name).ok()?;
    Some(match &name {
        b"avc1" | b"avc3" => {
            let record = record(*b"avcC")?;
            (codec::avc(entry, record)?, Some(record.to_vec()))
        }
        b"hvc1" | b"hev1" => {
            let record = record(*b"hvcC")?;
            (codec::hevc(entry, record)?, Some(record.to_vec()))
        }
        b"av01" => {
            let record = record(*b"av1C")?;
            (codec::av1(record), Some(record.to_vec()))
        }
        // Decoders of these take no record.
        b"vp08" => ("vp8".to_owned(), None),
        b"vp09" => {
            let told = record(*b"vpcC").and_then(Vp9::from_vpcc);
            (told.unwrap_or(Vp9::USUAL).codec(), None)
        }
        _ => return None,
    })
}

fn is_long(header: &[u8]) -> bool {
    header.first() == Some(&1)
}

/// The 2x2 part of the matrix that stands at `place`.
fn matrix_at(header: &[u8], place: usize) -> [f64; 4] {
    [0, 4, 12, 16].map(|offset| f64::from(signed(header, place + offset)))
}

/// The matrix that does what `first` does and then what `second` does.
fn product([a, b, c, d]: [f64; 4], second: [f64; 4]) -> [f64; 4] {
    let [e, f, g, h] = second;
    [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h]
}
