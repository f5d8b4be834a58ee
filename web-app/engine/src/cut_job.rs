//! Faces of a video as pictures to train with: the file is read again, frame by frame, and goes into a zip.

use std::iter::Peekable;
use std::slice::Iter;

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use shared_model::face_crop::face_picture;
use shared_model::frame::Frame;
use shared_model::framing::Framing;
use web_messages::{FaceCut, JobId};
use web_sys::{Blob, File};

use crate::animation::{self, Animation, Opened};
use crate::outcome::{Outcome, say};
use crate::progress::{CancelToken, Speed};
use crate::raw_frame::RawFrame;
use crate::video_decoder::{FrameStream, check_support, open};
use crate::zip_blob::ZipBlob;
use crate::{image_frame, picture_job};

/// Of 100; at this one a face's second compression is not seen, and cannot be learned from.
const JPEG_QUALITY: u8 = 95;
/// Seconds by which a frame's time may differ from the labels' (a csv has six digits).
const TIME_TOLERANCE_S: f64 = 1e-3;
/// Frames between two reports.
const REPORT_EVERY: usize = 16;

/// What is cut, frame by frame.
struct Cutting<'a> {
    faces: Peekable<Iter<'a, FaceCut>>,
    framing: &'a Framing,
    zip: ZipBlob,
}

/// Cuts `faces` (in the order of their frames) as `framing` says, and gives the finished zip, with a warning if some are missing. A file
/// that only the browser's player reads gives a zip without pictures.
///
/// # Errors
/// When the file cannot be read or is another one, or the job is stopped.
pub async fn run(
    job: JobId,
    file: &File,
    faces: &[FaceCut],
    framing: &Framing,
    zip: ZipBlob,
    token: &CancelToken,
) -> Result<(Blob, Option<String>), Outcome> {
    let mut cutting = Cutting {
        faces: faces.iter().peekable(),
        framing,
        zip,
    };
    let is_picture = picture_job::is_picture(file).map_err(|error| Outcome::Failed(error.to_string()))?;
    let read = if is_picture {
        cutting.picture(file, token).await
    } else {
        cutting.video(job, file, faces, token).await
    };
    let without = match read {
        Ok(()) => None,
        Err(Outcome::TryVideoElement(reason)) => Some(reason),
        Err(other) => return Err(other),
    };
    let missing = cutting.faces.count();
    let notice = match without {
        Some(reason) => Some(format!(
            "no faces could be cut out, the zip has labels alone ({reason})"
        )),
        None if missing > 0 => Some(format!(
            "{missing} of {} faces could not be cut out, since the file ends before them",
            faces.len()
        )),
        None => None,
    };
    Ok((cutting.zip.finish().map_err(Outcome::Failed)?, notice))
}

impl Cutting<'_> {
    async fn picture(&mut self, file: &File, token: &CancelToken) -> Result<(), Outcome> {
        let opened = token.or(animation::open(file)).await?;
        if let Opened::Film(film) = opened.map_err(|error| Outcome::Failed(error.to_string()))? {
            return self.film(film, token).await;
        }
        let frame = token.or(image_frame::from_blob(file)).await?;
        let frame = frame.and_then(|raw| upright(&raw)).map_err(Outcome::Failed)?;
        self.cut(0, 0.0, &frame)
    }

    async fn film(&mut self, mut film: Animation, token: &CancelToken) -> Result<(), Outcome> {
        let mut number = 0;
        while self.faces.peek().is_some() {
            let Some((raw, time_s)) = token.or(film.next()).await?.map_err(Outcome::Failed)? else {
                break;
            };
            let frame = upright(&raw).map_err(Outcome::Failed)?;
            self.cut(number, time_s, &frame)?;
            number += 1;
        }
        Ok(())
    }

    async fn video(
        &mut self,
        job: JobId,
        file: &File,
        faces: &[FaceCut],
        token: &CancelToken,
    ) -> Result<(), Outcome> {
        let demuxer = open(file)?;
        check_support(demuxer.track())
            .await
            .map_err(Outcome::TryVideoElement)?;
        let mut stream = FrameStream::new(demuxer).map_err(Outcome::Failed)?;
        let mut speed = Speed::starting_at(0);
        let mut first_us = None;
        let count = faces.last().map_or(0, |face| face.frame + 1);
        for number in 0..count {
            let Some((frame, time_us)) = token.or(stream.next()).await? else {
                break;
            };
            let first = *first_us.get_or_insert_with(|| stream.zero_us(time_us));
            if self.faces.peek().is_some_and(|face| face.frame == number) {
                let display = stream.display_of(&frame);
                let raw = RawFrame::from_video_frame(frame, display);
                let raw = token.or(raw).await?.map_err(Outcome::Failed)?;
                let frame = upright(&raw).map_err(Outcome::Failed)?;
                self.cut(number, (time_us - first) / 1e6, &frame)?;
            } else {
                frame.close();
            }
            if (number + 1).is_multiple_of(REPORT_EVERY) {
                say(&speed.message(job, number + 1, (number + 1) as f64 / count as f64));
            }
        }
        Ok(())
    }

    /// Puts the faces of a frame into the zip.
    fn cut(&mut self, number: usize, time_s: f64, frame: &Frame) -> Result<(), Outcome> {
        while let Some(face) = self.faces.next_if(|face| face.frame == number) {
            if (face.time_s - time_s).abs() > TIME_TOLERANCE_S {
                return Err(Outcome::Failed(format!(
                    "frame {number} stands at {time_s:.3} s in the file and at {:.3} s in the labels: it is not the file \
                     that the labels belong to",
                    face.time_s
                )));
            }
            let picture = jpeg(frame, face, self.framing).map_err(Outcome::Failed)?;
            self.zip
                .add_packed(&face.path, &picture)
                .map_err(Outcome::Failed)?;
        }
        Ok(())
    }
}

fn upright(raw: &RawFrame) -> Result<Frame, String> {
    raw.header.frame(raw.bytes.to_vec())
}

fn jpeg(frame: &Frame, face: &FaceCut, framing: &Framing) -> Result<Vec<u8>, String> {
    let picture = face_picture(frame, &face.face_box, framing).map_err(|error| error.to_string())?;
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY)
        .encode(picture.rgb(), width, height, ExtendedColorType::Rgb8)
        .map_err(|error| error.to_string())?;
    Ok(out)
}
