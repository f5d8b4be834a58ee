//! Crops of labelled videos through the backbone, in order.

use anyhow::Result;
use burn::tensor::Device;
use half::f16;
use rayon::prelude::*;
use shared_model::expression::Expression;
use shared_model::face_box::FaceBox;
use shared_model::face_reader::{FaceReader, SeenFace};
use shared_model::frame::Frame;
use shared_model::model_file::ModelFile;

use crate::ahead::ahead;
use crate::backbone_features::video_features::VideoFeatures;
use crate::datasets::labelled_video::{LabelledFrame, LabelledVideo};
use crate::picture;
use crate::progress::Progress;

/// Frames that are decoded together.
const FRAMES_A_BATCH: usize = 64;

/// The app's face reader on whole pictures: datasets give crops.
#[derive(Debug)]
pub struct CropReader {
    reader: FaceReader,
    feature_len: usize,
}

/// A decoded batch: for each frame its crop, `None` where there is none, or why it cannot be read.
type Decoded = Vec<Option<Result<Frame>>>;

impl CropReader {
    /// With the model's backbone, frozen and in evaluation mode.
    ///
    /// # Errors
    /// When the weights do not fit the architecture.
    pub fn new(model: &ModelFile, device: &Device) -> Result<Self> {
        Ok(Self {
            reader: FaceReader::new(model, None, device)?,
            feature_len: model.metadata.backbone.feature_len(),
        })
    }

    /// Gives `take` each frame's face in order, `None` where there is no crop or it cannot be read;
    /// the messages about the latter come back. All faces of a video have the box of its first: a
    /// dataset says that they are one person's, whatever the sizes of the crops are.
    ///
    /// # Errors
    /// When the device fails or `take` does.
    pub fn read(
        &self,
        video: &LabelledVideo,
        progress: &mut Progress,
        mut take: impl FnMut(Option<SeenFace>) -> Result<()>,
    ) -> Result<Vec<String>> {
        let batches: Vec<&[LabelledFrame]> = video.frames.chunks(FRAMES_A_BATCH).collect();
        let mut unreadable = Vec::new();
        let mut first_box: Option<FaceBox> = None;
        std::thread::scope(|scope| -> Result<()> {
            let decode = |batch: u64| Ok(decode(batches.get(batch as usize).copied().unwrap_or_default()));
            for batch in ahead(scope, 0, batches.len() as u64, decode) {
                let batch = batch?;
                let count = batch.len() as u64;
                let mut crops = Vec::new();
                let mut seen = Vec::with_capacity(batch.len());
                for crop in batch {
                    seen.push(matches!(crop, Some(Ok(_))));
                    match crop {
                        Some(Ok(crop)) => crops.push(crop),
                        Some(Err(error)) => unreadable.push(format!("{error:#}")),
                        None => {}
                    }
                }
                let faces = pollster::block_on(self.reader.read(&crops))?;
                let mut faces = faces.into_iter().flatten();
                for seen in seen {
                    let face = if seen { faces.next() } else { None };
                    take(face.map(|face| SeenFace {
                        face_box: *first_box.get_or_insert(face.face_box),
                        // Whatever they look like, too.
                        look: None,
                        ..face
                    }))?;
                }
                progress.add(count);
            }
            Ok(())
        })?;
        Ok(unreadable)
    }

    /// All features of a video, with the messages about crops that cannot be read.
    ///
    /// # Errors
    /// When the device fails.
    pub fn features(
        &self,
        video: &LabelledVideo,
        progress: &mut Progress,
    ) -> Result<(VideoFeatures, Vec<String>)> {
        let mut features = VideoFeatures {
            name: video.name.clone(),
            labels: labels_of(video),
            rows: Vec::with_capacity(video.frames.len()),
            feature_len: self.feature_len,
            features: Vec::new(),
            logits: Vec::new(),
            unreadable: 0,
        };
        let unreadable = self.read(video, progress, |face| {
            let Some(face) = face else {
                features.rows.push(None);
                return Ok(());
            };
            features.rows.push(Some(features.logits.len()));
            features.logits.push(face.logits);
            let halves = face.feature.into_iter().map(f16::from_f32);
            features.features.extend(halves);
            Ok(())
        })?;
        features.unreadable = unreadable.len();
        Ok((features, unreadable))
    }
}

/// The truth of a video, one a frame.
#[must_use]
pub fn labels_of(video: &LabelledVideo) -> Vec<Option<Expression>> {
    video.frames.iter().map(|frame| frame.label).collect()
}

fn decode(frames: &[LabelledFrame]) -> Decoded {
    frames
        .par_iter()
        .map(|frame| frame.picture.as_ref().map(|path| picture::read(path)))
        .collect()
}
