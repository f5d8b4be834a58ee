//! A picture as a video of one frame.

use video_container::Source as _;
use web_messages::{FromEngine, JobId};
use web_sys::File;

use crate::blob_reader::BlobReader;
use crate::compute_pool::ComputePool;
use crate::coordinator::{Outcome, say};
use crate::image_frame;
use crate::loaded_model::LoadedModel;
use crate::progress::CancelToken;

/// Whether a file is a picture, by its type or its first bytes.
///
/// # Errors
/// When it cannot be read.
pub fn is_picture(file: &File) -> std::io::Result<bool> {
    let mut reader = BlobReader::new(file)?;
    let magic = reader.bytes_at(0, reader.byte_len().min(12))?;
    Ok(file.type_().starts_with("image/")
        || magic.starts_with(&[0xFF, 0xD8, 0xFF])
        || magic.starts_with(b"\x89PNG")
        || magic.starts_with(b"GIF8")
        || magic.starts_with(b"BM")
        || (magic.starts_with(b"RIFF") && magic.get(8..12) == Some(b"WEBP"))
        || magic.get(4..12) == Some(b"ftypavif"))
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
        notice: None,
    });
    let faces = token
        .or(pool.submit(vec![frame]))
        .await?
        .unwrap_or_else(|_| Err("the computation was ended".to_owned()))
        .map_err(Outcome::Failed)?;
    // A picture shows nothing over time.
    let mut refiner = model
        .track_refiner()
        .map_err(Outcome::Failed)?
        .with_unrelated_frames();
    let mut predictions = Vec::new();
    for faces in faces {
        let more = refiner.push(0, 0.0, faces).await;
        predictions.extend(more.map_err(|error| Outcome::Failed(error.to_string()))?);
    }
    let last = refiner.finish().await;
    predictions.extend(last.map_err(|error| Outcome::Failed(error.to_string()))?);
    say(&FromEngine::Predictions { job, predictions });
    Ok(None)
}
