//! A video's frames, handed to the page one by one as they are decoded.

use std::pin::pin;

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt as _;
use web_messages::{FromEngine, JobId};
use web_sys::{File, VideoFrame};

use crate::outcome::Outcome;
use crate::progress::CancelToken;
use crate::video_decoder::{FrameStream, check_support, open};
use crate::worker_scope::give;

/// Frames that the page has at once: decoders have few.
const AHEAD: usize = 3;

/// Hands out all frames of a video, never more than the page has room for; gives a warning where some are missing.
///
/// # Errors
/// When the file gives no frames, or the job is stopped.
pub async fn run(
    job: JobId,
    file: &File,
    taken: UnboundedReceiver<()>,
    token: &CancelToken,
) -> Result<Option<String>, Outcome> {
    let demuxer = open(file)?;
    check_support(demuxer.track())
        .await
        .map_err(Outcome::TryVideoElement)?;
    let mut stream = FrameStream::new(demuxer).map_err(Outcome::TryVideoElement)?;
    let mut taken = pin!(taken);
    let mut first_us = None;
    let mut number = 0;
    while let Some((frame, time_us)) = token.or(stream.next()).await? {
        let first = *first_us.get_or_insert_with(|| stream.zero_us(time_us));
        hand_out(job, number, (time_us - first) / 1e6, &stream, frame);
        number += 1;
        if number >= AHEAD {
            // Nobody takes frames of a job that is over.
            token.or(taken.next()).await?.ok_or(Outcome::Stopped)?;
        }
    }
    if number == 0 {
        let reason = stream.ended_early().unwrap_or("no frame of it could be decoded");
        return Err(Outcome::TryVideoElement(reason.to_owned()));
    }
    Ok(stream.ended_early().map(str::to_owned))
}

fn hand_out(job: JobId, number: usize, time_s: f64, stream: &FrameStream, frame: VideoFrame) {
    let coded = frame.visible_rect().map_or((0, 0), |visible| {
        (visible.width() as usize, visible.height() as usize)
    });
    let display = stream.display_of(&frame);
    let (width, height) = display.size_of(coded);
    let message = FromEngine::Frame {
        job,
        number,
        time_s,
        orientation: display.orientation,
        width: width as u32,
        height: height as u32,
    };
    give(&message, frame);
}
