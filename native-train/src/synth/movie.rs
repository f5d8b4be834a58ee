//! Whole scenes as mp4 files, encoded by ffmpeg bit-exactly.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use shared_model::frame::Frame;

use crate::ffmpeg_program;

/// Whether ffmpeg with an H.264 encoder can be started; why not, else.
///
/// # Errors
/// When it cannot; the message says what is missing.
pub fn encoder() -> Result<()> {
    let output = ffmpeg_program::run(ffmpeg_program::command("ffmpeg").args(["-hide_banner", "-encoders"]))
        .context("ffmpeg cannot be started: install it for the whole-frame videos")?;
    let list = String::from_utf8_lossy(&output.stdout);
    ensure!(
        list.contains("libx264"),
        "this ffmpeg has no libx264 for the whole-frame videos"
    );
    Ok(())
}

/// Writes frames of one size as H.264 in mp4.
///
/// # Errors
/// When ffmpeg fails; its message is passed on.
pub fn write(path: &Path, frames: &[Frame], fps: usize) -> Result<()> {
    let first = frames.first().context("a video without frames")?;
    let mut child = ffmpeg_program::command("ffmpeg")
        .args([
            "-hide_banner",
            "-loglevel",
            "error",
            "-nostdin",
            "-y",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
        ])
        .args([
            "-s",
            &format!("{}x{}", first.width(), first.height()),
            "-r",
            &fps.to_string(),
            "-i",
            "pipe:0",
        ])
        // One thread and no encoder tags: the same frames give the same bytes.
        .args([
            "-c:v", "libx264", "-threads", "1", "-crf", "20", "-preset", "medium", "-pix_fmt", "yuv420p",
        ])
        .args([
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
            "-movflags",
            "+faststart",
        ])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("ffmpeg cannot be started")?;
    let mut input = child.stdin.take().context("ffmpeg takes no input")?;
    let fed = frames.iter().try_for_each(|frame| input.write_all(frame.rgb()));
    drop(input);
    let output = child.wait_with_output().context("ffmpeg")?;
    ensure!(
        output.status.success(),
        "ffmpeg cannot write {}: {}",
        path.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    fed.with_context(|| format!("{}: ffmpeg stopped reading", path.display()))
}
