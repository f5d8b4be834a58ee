//! Pictures that move: animated GIF, PNG and WebP as frames with their times.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context as _, Result, anyhow, bail};
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder as _, Frames};
use shared_model::frame::Frame;
use shared_model::picture_file::{animation_type, durations, shown_s};

use crate::picture;

/// Frames that are decoded ahead.
const AHEAD: usize = 2;

/// An animation's frames, decoded by a thread of its own as they are asked for.
#[derive(Debug)]
pub struct Animation {
    path: PathBuf,
    /// What each frame says of its length.
    durations_s: Vec<f64>,
    /// Frames that were looked at to see whether there are several.
    first: VecDeque<Decoded>,
    rest: Receiver<Decoded>,
    time_s: f64,
    frames: usize,
}

#[derive(Debug)]
enum Decoded {
    Frame(Frame),
    Broken(anyhow::Error),
    End,
}

impl Animation {
    /// Opens an animation; `None` where the file is of another kind, shows one picture only, or its first one cannot be read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let head = picture::head_of(path)?;
        let Some(kind) = animation_type(&head) else {
            return Ok(None);
        };
        let fail = || format!("{} cannot be read", path.display());
        let durations_s =
            durations(&mut BufReader::new(File::open(path).with_context(fail)?)).with_context(fail)?;
        if durations_s.len() < 2 {
            return Ok(None);
        }
        let (sender, rest) = sync_channel(AHEAD);
        let file = path.to_owned();
        thread::Builder::new()
            .name("animation".to_owned())
            .spawn(move || decode(&file, kind, &sender))
            .context("no thread could be started")?;
        let mut first = VecDeque::new();
        for decoded in rest.iter().take(2) {
            first.push_back(decoded);
        }
        let is_animated = matches!(first.front(), Some(Decoded::Frame(_)))
            && matches!(first.get(1), Some(Decoded::Frame(_) | Decoded::Broken(_)));
        Ok(is_animated.then(|| Self {
            path: path.to_owned(),
            durations_s,
            first,
            rest,
            time_s: 0.0,
            frames: 0,
        }))
    }

    /// Frames that the file holds.
    #[must_use]
    pub fn frame_count(&self) -> u64 {
        self.durations_s.len() as u64
    }

    /// The next frame, on white, with its time in seconds; `None` after the last.
    ///
    /// # Errors
    /// When the file is damaged or ends early; all frames that could be decoded have come before.
    pub fn next_frame(&mut self) -> Result<Option<(f64, Frame)>> {
        let next = self.first.pop_front().or_else(|| self.rest.recv().ok());
        match next {
            Some(Decoded::Frame(frame)) => {
                let time_s = self.time_s;
                self.time_s += shown_s(self.durations_s.get(self.frames).copied().unwrap_or_default());
                self.frames += 1;
                Ok(Some((time_s, frame)))
            }
            Some(Decoded::End) => Ok(None),
            Some(Decoded::Broken(error)) => Err(error).with_context(|| {
                let (path, frames) = (self.path.display(), self.frames);
                format!("{path} is damaged or ends early: {frames} frames could be decoded")
            }),
            None => bail!("{}: its decoder stopped over it", self.path.display()),
        }
    }
}

/// Decodes until the end, or until nobody listens any more.
fn decode(path: &Path, kind: &str, sender: &SyncSender<Decoded>) {
    let frames = match frames_of(path, kind) {
        Ok(Some(frames)) => frames,
        Ok(None) => {
            let _ = sender.send(Decoded::End);
            return;
        }
        Err(error) => {
            let _ = sender.send(Decoded::Broken(error));
            return;
        }
    };
    for frame in frames {
        let decoded = match frame {
            Ok(frame) => shown(frame),
            Err(error) => Decoded::Broken(error.into()),
        };
        let is_last = matches!(decoded, Decoded::Broken(_));
        if sender.send(decoded).is_err() || is_last {
            return;
        }
    }
    let _ = sender.send(Decoded::End);
}

/// `None` where the file cannot hold several pictures.
fn frames_of(path: &Path, kind: &str) -> Result<Option<Frames<'static>>> {
    let file = BufReader::new(File::open(path)?);
    Ok(match kind {
        "image/gif" => Some(GifDecoder::new(file)?.into_frames()),
        "image/png" => {
            let decoder = PngDecoder::new(file)?;
            let is_animated = decoder.is_apng()?;
            is_animated
                .then(|| decoder.apng().map(image::AnimationDecoder::into_frames))
                .transpose()?
        }
        "image/webp" => {
            let mut decoder = WebPDecoder::new(file)?;
            let is_animated = decoder.has_animation();
            // Browsers leave the background that a file wishes for aside.
            if is_animated {
                decoder.set_background_color(image::Rgba([0; 4]))?;
            }
            is_animated.then(|| decoder.into_frames())
        }
        _ => None,
    })
}

fn shown(frame: image::Frame) -> Decoded {
    let rgba = frame.into_buffer();
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
    match Frame::from_rgba(width, height, &rgba) {
        Ok(frame) => Decoded::Frame(frame),
        Err(error) => Decoded::Broken(anyhow!(error)),
    }
}
