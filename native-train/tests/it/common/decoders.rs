//! The ffmpegs with which the tests of videos decode: the one on the `PATH`, and a second one of another generation.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use native_train::ffmpeg_program::Ffmpeg;
use native_train::video_frames::VideoFrames;
use tempfile::TempDir;

use super::stderr;

/// Names a second ffmpeg; `cargo xtask test` sets it. One of the two is below 7.0, the other is not.
const SECOND: &str = "MIEN_SECOND_FFMPEG";

/// One of them.
pub struct Decoder {
    program: PathBuf,
    /// Holds it under the name `ffmpeg`, in front of the `PATH`.
    folder: Option<TempDir>,
}

impl Decoder {
    /// Both, or the first with a printed reason.
    pub fn all() -> Vec<Self> {
        let first = Self {
            program: PathBuf::from("ffmpeg"),
            folder: None,
        };
        let Some(second) = std::env::var_os(SECOND).filter(|name| !name.is_empty()) else {
            println!("skipped: {SECOND} names no second ffmpeg");
            return vec![first];
        };
        let both = vec![first, Self::from_program(Path::new(&second))];
        let major = |decoder: &Self| -> u32 {
            let ffmpeg = Ffmpeg::at(&decoder.program).unwrap();
            println!("decoding with ffmpeg {}", ffmpeg.version());
            // Builds without a number are newer than any release here.
            let text = ffmpeg.version().split('.').next().unwrap();
            text.parse().unwrap_or(u32::MAX)
        };
        let mut majors: Vec<u32> = both.iter().map(major).collect();
        majors.sort_unstable();
        assert!(majors[0] < 7 && majors[1] >= 7, "{majors:?}");
        both
    }

    /// A program of any name.
    pub fn from_program(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let link = folder
            .path()
            .join(format!("ffmpeg{}", std::env::consts::EXE_SUFFIX));
        #[cfg(unix)]
        std::os::unix::fs::symlink(program, &link).unwrap();
        #[cfg(not(unix))]
        std::fs::copy(program, &link).unwrap();
        Self {
            program: link,
            folder: Some(folder),
        }
    }

    /// A shell script in the place of `name`, which is `ffmpeg` or `ffprobe`. What it calls by `$REAL` is the system's.
    #[cfg(unix)]
    pub fn from_script(name: &str, script: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        let real = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|folder| folder.join(name))
            .find(|program| program.is_file())
            .unwrap();
        std::fs::write(&file, format!("#!/bin/sh\nREAL='{}'\n{script}\n", real.display())).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            program: file,
            folder: Some(folder),
        }
    }

    /// Opens a video.
    pub fn open(&self, video: &Path) -> VideoFrames {
        VideoFrames::open_with(Ffmpeg::at(&self.program).unwrap(), video).unwrap()
    }

    /// `mien` in `folder`, which finds this ffmpeg.
    pub fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mien"));
        command.current_dir(folder).args(arguments).stdin(Stdio::null());
        if let Some(own) = &self.folder {
            command.env("PATH", in_front_of_path(own.path()));
        }
        command
    }

    pub fn mien(&self, folder: &Path, arguments: &[&str]) -> Output {
        self.command(folder, arguments).output().unwrap()
    }

    /// As `mien_ok`.
    pub fn mien_ok(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.mien(folder, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// As `mien_fails`, with status 1.
    pub fn mien_fails(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.mien(folder, arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        said
    }
}

fn in_front_of_path(folder: &Path) -> OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&rest));
    std::env::join_paths(folders).unwrap()
}
