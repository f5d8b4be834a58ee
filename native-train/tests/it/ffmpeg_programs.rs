//! `mien analyze` with ffmpegs and ffprobes as people have them: in environments that change what they print, of other
//! versions, in wrappers, stuck, killed. It says what is wrong, and never waits without an end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;
use std::process::Output;

use crate::common::decoders::Decoder;
use crate::common::{ffmpeg, stderr, write_random_model};
use shared_model::frame_table;

const PATIENCE: &str = "MIEN_FFMPEG_PATIENCE_S";
/// As a real one answers.
const VERSION: &str = "[ \"$1\" = -version ] && printf 'ffmpeg version 6.1 Copyright\\nlibavcodec 60. 31.102 / 60. 31.102\\n' && exit";
const ARGUMENTS: [&str; 7] = [
    "analyze",
    "a.mp4",
    "--model",
    "model.safetensors",
    "--device",
    "cpu",
    "--whole-frame",
];

/// A folder with a model and a video of 50 frames, of more bytes than pipes hold.
fn folder() -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    write_random_model(folder.path());
    let make = "-f lavfi -i testsrc=size=320x240:rate=25:duration=2 -c:v libx264 a.mp4";
    ffmpeg(folder.path(), make).then_some(folder)
}

fn row_count(folder: &Path) -> usize {
    let csv = std::fs::File::open(folder.join("a.csv")).unwrap();
    frame_table::read(csv).unwrap().len()
}

/// Analyses with a script in the place of `name`, waiting for at most `patience_s` seconds.
fn analyze_with(folder: &Path, name: &str, script: &str, patience_s: u32) -> Output {
    Decoder::from_script(name, script)
        .command(folder, &ARGUMENTS)
        .env(PATIENCE, patience_s.to_string())
        .output()
        .unwrap()
}

/// The same, which must fail; gives standard error.
fn fails_with(folder: &Path, name: &str, script: &str, patience_s: u32) -> String {
    let output = analyze_with(folder, name, script, patience_s);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{script}: {said}");
    said
}

#[test]
fn the_environment_changes_nothing() {
    let Some(folder) = folder() else { return };
    for decoder in Decoder::all() {
        decoder.mien_ok(folder.path(), &ARGUMENTS);
        let plain = std::fs::read(folder.path().join("a.csv")).unwrap();
        for (name, value) in [
            ("AV_LOG_FORCE_COLOR", "1"),
            ("AV_LOG_FORCE_256COLOR", "1"),
            ("AV_LOG_FORCE_NOCOLOR", "1"),
            ("NO_COLOR", "1"),
            ("FFREPORT", "file=report.log:level=56"),
            ("LC_ALL", "de_DE.UTF-8"),
            ("LANG", "tr_TR.UTF-8"),
            ("GCONV_PATH", "/nowhere"),
        ] {
            let output = decoder
                .command(folder.path(), &ARGUMENTS)
                .env("TERM", "xterm-256color")
                .env(name, value)
                .output()
                .unwrap();
            assert!(output.status.success(), "{name}: {}", stderr(&output));
            let csv = std::fs::read(folder.path().join("a.csv")).unwrap();
            assert!(csv == plain, "{name}");
            assert!(!folder.path().join("report.log").exists());
        }
    }
}

#[test]
fn a_wrapper_that_asks_for_colours_gets_none() {
    let Some(folder) = folder() else { return };
    let script = "export AV_LOG_FORCE_COLOR=1 TERM=xterm-256color\nexec \"$REAL\" \"$@\"";
    for name in ["ffmpeg", "ffprobe"] {
        let output = analyze_with(folder.path(), name, script, 60);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(row_count(folder.path()), 50);
    }
}

#[test]
fn versions_that_are_too_old_and_programs_that_are_none_are_named() {
    let Some(folder) = folder() else { return };
    let old = "printf 'ffmpeg version 3.4.11-0ubuntu0.1 Copyright\\nlibavcodec 57.107.100 / 57.107.100\\n'";
    let said = fails_with(folder.path(), "ffmpeg", old, 60);
    assert!(
        said.contains("ffmpeg 4.2 or newer is needed") && said.contains("is version 3.4.11-0ubuntu0.1"),
        "{said}"
    );
    let said = fails_with(folder.path(), "ffmpeg", "echo welcome; exit 3", 60);
    assert!(
        said.contains("no ffmpeg that can be used") && said.contains("welcome"),
        "{said}"
    );
    assert!(!folder.path().join("a.csv").exists());
}

#[test]
fn a_size_that_changes_needs_a_newer_ffmpeg_than_4_2() {
    let Some(folder) = folder() else { return };
    let make = "-f lavfi -i testsrc=size=96x80:rate=25:duration=1 -c:v libx264 b.h264";
    assert!(ffmpeg(folder.path(), make));
    assert!(ffmpeg(folder.path(), "-i a.mp4 -c copy a.h264"));
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    std::fs::write(
        folder.path().join("a.mp4"),
        [read("a.h264"), read("b.h264")].concat(),
    )
    .unwrap();
    // The system's, which takes itself for 4.2 and is asked as one.
    let old = "[ \"$1\" = -version ] && printf 'ffmpeg version 4.2.7 Copyright\\nlibavcodec 58. 54.100 / 58. 54.100\\n' && exit\n\
               exec \"$REAL\" \"$@\"";
    let said = fails_with(folder.path(), "ffmpeg", old, 60);
    assert!(
        said.contains("changes its size at frame 50; that needs ffmpeg 4.4 or newer"),
        "{said}"
    );
    assert_eq!(row_count(folder.path()), 50);
}

#[test]
fn a_child_that_gives_nothing_is_not_waited_for_without_an_end() {
    let Some(folder) = folder() else { return };
    let mute = "exec sleep 600".to_owned();
    for (name, script) in [
        ("ffmpeg", mute.clone()),
        ("ffprobe", mute),
        ("ffmpeg", format!("{VERSION}\nexec sleep 600")),
        // Complaints without an end are no frames.
        ("ffmpeg", format!("{VERSION}\nexec yes '[error] no' >&2")),
        ("ffprobe", "exec yes '[error] no' >&2".to_owned()),
    ] {
        let said = fails_with(folder.path(), name, &script, 5);
        assert!(said.contains("gave nothing for 5 s and was stopped"), "{said}");
        assert!(said.contains(PATIENCE), "{said}");
    }
    let said = fails_with(folder.path(), "ffprobe", "exec yes", 60);
    assert!(said.contains("prints without an end"), "{said}");
    let said = fails_with(folder.path(), "ffmpeg", "exec yes", 0);
    assert!(said.contains("must be a number of seconds above 0"), "{said}");
    assert!(!folder.path().join("a.csv").exists());
}

#[test]
fn frames_without_an_announcement_are_an_error() {
    let Some(folder) = folder() else { return };
    for hidden in ["2>/dev/null", "2>&1 | cat"] {
        let script = format!("{VERSION}\n\"$REAL\" \"$@\" {hidden}");
        let said = fails_with(folder.path(), "ffmpeg", &script, 60);
        assert!(
            said.contains("frame 0 comes without its time and size") && said.contains("ffmpeg 6.1"),
            "{said}"
        );
    }
    let said = fails_with(
        folder.path(),
        "ffmpeg",
        &format!("{VERSION}\nexec cat /dev/zero"),
        5,
    );
    assert!(said.contains("comes without its time and size"), "{said}");
}

#[test]
fn frames_before_the_trouble_are_kept() {
    let Some(folder) = folder() else { return };
    // All frames, and then no end.
    let script = "\"$REAL\" \"$@\"\n[ \"$1\" = -version ] && exit\nexec sleep 600 >&- 2>&-";
    let said = fails_with(folder.path(), "ffmpeg", script, 20);
    assert!(
        said.contains("after 50 frames: ") && said.contains("gave nothing for 20 s"),
        "{said}"
    );
    assert_eq!(row_count(folder.path()), 50);
    // Killed in its eleventh frame of 320x240.
    let script =
        "[ \"$1\" = -version ] && exec \"$REAL\" \"$@\"\n\"$REAL\" \"$@\" | head -c 1200000\nkill -9 $$";
    let said = fails_with(folder.path(), "ffmpeg", script, 60);
    for part in [
        "40 frames lost: 40 at the end, after frame 9 (0.360 s)",
        "10 frames could be decoded",
        "signal: 9",
    ] {
        assert!(said.contains(part), "`{part}` in {said}");
    }
    assert_eq!(row_count(folder.path()), 10);
}
