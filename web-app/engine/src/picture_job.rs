//! A picture as a video of one frame; one that moves is a film of its own.

use shared_model::picture_file::{HEAD_BYTES, HighEfficiency, animation_type};
use video_container::Source as _;
use web_messages::{FromEngine, JobId};
use web_sys::File;

use crate::animation::{self, Opened};
use crate::blob_reader::BlobReader;
use crate::compute_pool::ComputePool;
use crate::loaded_model::LoadedModel;
use crate::outcome::{Outcome, say};
use crate::progress::CancelToken;
use crate::{animation_job, image_frame};

/// Whether a file is a picture, by its type or its first bytes.
///
/// # Errors
/// When it cannot be read.
pub fn is_picture(file: &File) -> std::io::Result<bool> {
    let mut reader = BlobReader::new(file)?;
    let length = reader.byte_len().min(HEAD_BYTES as u64);
    let magic = reader.bytes_at(0, length)?;
    Ok(file.type_().starts_with("image/")
        || magic.starts_with(&[0xFF, 0xD8, 0xFF])
        || magic.starts_with(b"BM")
        || animation_type(&magic).is_some()
        || HighEfficiency::of(&magic).is_some())
}

/// Recognises the faces of a picture file.
///
/// # Errors
/// When it cannot be decoded, or the job is stopped.
pub async fn run(
    job: JobId,
    file: &File,
    pool: &ComputePool,
    model: &LoadedModel,
    token: &CancelToken,
) -> Result<Option<String>, Outcome> {
    let opened = token.or(animation::open(file)).await?;
    let notice = match opened.map_err(|error| Outcome::Failed(error.to_string()))? {
        Opened::Film(film) => return animation_job::run(job, film, pool, model, token).await,
        Opened::FirstOnly => Some(
            "it is an animation, of which this browser gives the first picture only: open it in a current Chromium or Firefox, \
             or use the program"
                .to_owned(),
        ),
        Opened::Single => None,
    };
    let frame = token
        .or(image_frame::from_blob(file))
        .await?
        .map_err(Outcome::Failed)?;
    say(&FromEngine::Opened {
        job,
        width: frame.header.width as u32,
        height: frame.header.height as u32,
        duration_s: 0.0,
        start_s: 0.0,
        frame_count: Some(1),
        notice,
    });
    let faces = token
        .or(pool.submit(vec![frame], None))
        .await?
        .unwrap_or_else(|_| Err("the computation was ended".to_owned()))
        .map_err(Outcome::Failed)?;
    // A picture shows nothing over time.
    let mut predictor = model
        .film_predictor()
        .map_err(Outcome::Failed)?
        .with_unrelated_frames();
    let mut predictions = Vec::new();
    for faces in faces {
        let more = predictor.take(0.0, faces).await;
        predictions.extend(more.map_err(|error| Outcome::Failed(error.to_string()))?);
    }
    let last = predictor.finish().await;
    predictions.extend(last.map_err(|error| Outcome::Failed(error.to_string()))?);
    say(&FromEngine::Predictions { job, predictions });
    Ok(None)
}
