//! Video files that may come from anywhere: damaged or contradictory ones neither stop the demuxers nor make them take more
//! than the file holds, and what they say of a track holds together.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly, in their helpers too"
)]

mod common;

use std::io::Cursor;
use std::sync::Arc;

use common::{ffmpeg, place_of};
use mutation::Inputs;
use video_container::{Demuxer, Packet};

/// Frames of the inputs.
const FRAMES: usize = 12;

/// Videos with next to no media in them, so that most of their bytes say how it is laid out.
fn videos(endings_and_options: &[(&str, &str)]) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let picture = format!(
        "-f lavfi -i color=size=32x32:rate=25 -f lavfi -i anullsrc=r=8000:cl=mono -frames:v {FRAMES}"
    );
    let codecs = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 5 -x264-params info=0:sei=0";
    endings_and_options
        .iter()
        .map(|(ending, options)| {
            let name = format!("video.{ending}");
            ffmpeg(folder.path(), &format!("{picture} {codecs} {options} {name}"));
            std::fs::read(folder.path().join(name)).unwrap()
        })
        .collect()
}

fn mp4s() -> Vec<Vec<u8>> {
    videos(&[
        ("mp4", "-shortest -c:a aac"),
        ("mp4", "-map 0:v -movflags +faststart"),
        ("mov", "-map 0:v"),
        (
            "mp4",
            "-shortest -c:a aac -movflags +frag_keyframe+empty_moov+default_base_moof",
        ),
        ("mp4", "-map 0:v -movflags +frag_keyframe+empty_moov"),
    ])
}

/// Opens a file and reads it whole; what is accepted must hold what its types say.
fn read(bytes: &[u8]) -> Option<Vec<Packet>> {
    let open = || Demuxer::open(Cursor::new(Arc::<[u8]>::from(bytes)));
    let mut demuxer = open().ok()?;
    let track = demuxer.track().clone();
    let (first, last) = (*track.shown_us.start(), *track.shown_us.end());
    assert!(first <= last, "{first} to {last}");
    assert!(
        track.duration_s >= 0.0 && track.duration_s.is_finite(),
        "{}",
        track.duration_s
    );
    assert!(track.origin_us.is_finite(), "{}", track.origin_us);
    assert!(track.first_us.is_none_or(f64::is_finite));
    assert!(!track.codec.is_empty());
    let mut packets = Vec::new();
    while let Ok(Some(packet)) = demuxer.next_packet() {
        assert!(packet.timestamp_us.is_finite());
        assert!(packet.bytes.len() <= bytes.len());
        packets.push(packet);
        // Samples may share their bytes, so there may be more of them than bytes.
        if packets.len() > bytes.len() {
            break;
        }
    }
    if let Some(middle) = packets.get(packets.len() / 2) {
        let mut again = open().expect("it opened before");
        if again.go_to(middle.timestamp_us).is_ok()
            && let Ok(Some(packet)) = again.next_packet()
        {
            assert!(packet.is_key && packet.timestamp_us <= middle.timestamp_us + 1.0);
        }
    }
    Some(packets)
}

#[test]
fn damaged_mp4s_do_no_harm() {
    Inputs::of("mp4", mp4s()).try_all(|bytes| drop(read(bytes)));
}

#[test]
fn damaged_matroskas_do_no_harm() {
    let seeds = videos(&[
        ("mkv", "-shortest -c:a aac"),
        ("mkv", "-map 0:v -cues_to_front 1"),
        ("mkv", "-map 0:v -live 1"),
        ("webm", "-map 0:v -c:v libvpx"),
    ]);
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign_bytes/matroska");
    Inputs::of("matroska", seeds)
        .and_kept(&kept)
        .try_all(|bytes| drop(read(bytes)));
}

#[test]
fn a_seek_head_that_points_at_itself_ends() {
    let mkv = videos(&[("mkv", "-map 0:v -write_crc32 0")]).swap_remove(0);
    let frames = read(&mkv).unwrap().len();
    // The entry of the segment's information (SeekID, length 4, identifier) names a seek head instead, at the place of this one.
    let entry = place_of(&mkv, &[0x53, 0xAB, 0x84, 0x15, 0x49, 0xA9, 0x66], 0);
    let mut circle = mkv;
    circle[entry + 3..entry + 7].copy_from_slice(&[0x11, 0x4D, 0x9B, 0x74]);
    let position = entry + 7;
    assert_eq!(circle[position..position + 2], [0x53, 0xAC]);
    let len = usize::from(circle[position + 2] & 0x7F);
    circle[position + 3..position + 3 + len].fill(0);
    // It says where nothing stands that is needed: the file is read, or refused.
    assert!(read(&circle).is_none_or(|packets| packets.len() == frames));
}

/// The file with `value` in the bytes that stand `behind` bytes after the start of the name of its first box `kind`.
fn with(mut mp4: Vec<u8>, kind: [u8; 4], behind: usize, value: &[u8]) -> Vec<u8> {
    let place = place_of(&mp4, &kind, 0) + behind;
    mp4[place..place + value.len()].copy_from_slice(value);
    mp4
}

#[test]
fn tables_that_contradict_each_other_give_the_frames_that_all_of_them_know() {
    let plain = || mp4s().swap_remove(2);
    let count = |mp4: Vec<u8>| read(&mp4).map_or(0, |packets| packets.len());
    const MANY: &[u8] = &[0xFF; 4];
    assert_eq!(count(plain()), FRAMES);
    // No line on chunks; no chunk; no place at all.
    assert_eq!(count(with(plain(), *b"stsc", 8, &[0; 4])), 0);
    assert_eq!(count(with(plain(), *b"stco", 8, &[0; 4])), 0);
    assert_eq!(count(with(plain(), *b"stco", 0, b"free")), 0);
    // More samples than there are sizes, more chunks, lines and keys than there are.
    assert_eq!(count(with(plain(), *b"stsz", 12, MANY)), FRAMES);
    assert_eq!(count(with(plain(), *b"stco", 8, MANY)), FRAMES);
    assert_eq!(count(with(plain(), *b"stts", 8, MANY)), FRAMES);
    assert_eq!(count(with(plain(), *b"ctts", 8, MANY)), FRAMES);
    assert_eq!(count(with(plain(), *b"stss", 8, MANY)), FRAMES);
    // A line on durations for one sample alone: the rest goes on like it.
    assert_eq!(count(with(plain(), *b"stts", 12, &[0, 0, 0, 1])), FRAMES);
    // Without any line no time goes by, and the edit list may hide frames.
    assert!((1..=FRAMES).contains(&count(with(plain(), *b"stts", 8, &[0; 4]))));
    // Four billion samples of one size: those that lie in the file.
    let same = with(with(plain(), *b"stsz", 8, &[0, 0, 0, 1]), *b"stsz", 12, MANY);
    let same = with(same, *b"stsc", 16, MANY);
    let there = count(same);
    assert!(there > FRAMES && there <= plain().len(), "{there}");
}

#[test]
fn writers_that_count_their_key_frames_otherwise_are_understood() {
    let plain = || mp4s().swap_remove(2);
    let keys = |mp4: Vec<u8>| -> Vec<usize> {
        let packets = read(&mp4).unwrap_or_default();
        let keys = packets.iter().enumerate().filter(|(_, packet)| packet.is_key);
        keys.map(|(place, _)| place).collect()
    };
    assert_eq!(keys(plain()), [0, 5, 10]);
    // From 0 instead of from 1.
    let mut from_zero = plain();
    for (entry, key) in [0_u32, 5, 10].into_iter().enumerate() {
        from_zero = with(from_zero, *b"stss", 12 + 4 * entry, &key.to_be_bytes());
    }
    assert_eq!(keys(from_zero), [0, 5, 10]);
    // None, though the first one is: ffmpeg reads such files too.
    assert_eq!(keys(with(plain(), *b"stss", 8, &[0; 4])), [0]);
    // A duration below zero, written as a whole number: the frames behind stay near.
    let backwards = with(plain(), *b"stts", 16, &(-512_i32).to_be_bytes());
    let times: Vec<f64> = read(&backwards)
        .unwrap()
        .iter()
        .map(|packet| packet.timestamp_us)
        .collect();
    assert!(times.iter().all(|time| time.abs() < 1e7), "{times:?}");
}

#[test]
fn a_fragment_that_claims_more_samples_than_it_describes_has_those_that_it_describes() {
    let fragments = mp4s().swap_remove(4);
    assert_eq!(read(&fragments).unwrap().len(), FRAMES);
    let claims = with(fragments.clone(), *b"trun", 8, &[0xFF; 4]);
    let found = read(&claims).unwrap();
    assert!((FRAMES..FRAMES + 8).contains(&found.len()), "{}", found.len());
    // An event message with no room for what it must hold.
    let message = [&[0, 0, 0, 12][..], b"emsg", &[0; 4], &fragments].concat();
    assert!(read(&message).is_none_or(|packets| packets.len() <= FRAMES));
}
