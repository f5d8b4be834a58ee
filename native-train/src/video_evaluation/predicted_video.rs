//! A labelled video as the recogniser sees it.

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use shared_model::expression::{ClassScores, Expression};
use shared_model::face_reader::SeenFace;
use shared_model::film_predictor::FilmPredictor;
use shared_model::model_file::ModelFile;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::{FrameRow, Prediction, Timeline, TimelineFrame, TrackedFace};

use crate::backbone_features::crop_reader::{CropReader, labels_of};
use crate::backbone_features::video_features::VideoFeatures;
use crate::datasets::labelled_video::LabelledVideo;
use crate::progress::Progress;

/// Pictures a second that times in the per-frame csv are made of, as for folders in `mien analyze`:
/// crops have no times.
const FRAMES_A_SECOND: f64 = 25.0;

/// The truth and all that the recogniser said, through the same tracks, clips and interpolation as
/// in the app.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictedVideo {
    /// The video's name.
    pub name: String,
    /// The truth, one a frame; `None` where the frame is not annotated.
    pub truth: Vec<Option<Expression>>,
    /// One frame for each line of the annotation.
    pub timeline: Timeline,
    /// Why crops could not be read; their frames count as frames without a crop.
    pub unreadable: Vec<String>,
}

/// The app's way from faces to a timeline.
struct Player {
    predictor: FilmPredictor,
    timeline: Timeline,
}

impl Player {
    fn new(model: &ModelFile, device: &Device) -> Result<Self> {
        Ok(Self {
            predictor: FilmPredictor::new(model, device)?,
            timeline: Timeline::new(),
        })
    }

    fn push(&mut self, face: Option<SeenFace>) -> Result<()> {
        let time_s = self.predictor.next_frame() as f64 / FRAMES_A_SECOND;
        let faces = face.into_iter().collect();
        let predictions = pollster::block_on(self.predictor.take(time_s, faces))?;
        self.timeline.extend(predictions);
        Ok(())
    }

    fn finish(mut self) -> Result<Timeline> {
        self.timeline.extend(pollster::block_on(self.predictor.finish())?);
        Ok(self.timeline)
    }
}

impl PredictedVideo {
    /// From the video's crops.
    ///
    /// # Errors
    /// When the model does not fit or the device fails.
    pub fn of_crops(
        video: &LabelledVideo,
        model: &ModelFile,
        reader: &CropReader,
        device: &Device,
        progress: &mut Progress,
    ) -> Result<Self> {
        let mut player = Player::new(model, device)?;
        let unreadable = reader
            .read(video, progress, |face| player.push(face))
            .with_context(|| format!("the video {}", video.name))?;
        Ok(Self {
            name: video.name.clone(),
            truth: labels_of(video),
            timeline: player.finish()?,
            unreadable,
        })
    }

    /// From features that are there already.
    ///
    /// # Errors
    /// As [`PredictedVideo::of_crops`].
    pub fn of_features(video: &VideoFeatures, model: &ModelFile, device: &Device) -> Result<Self> {
        let mut player = Player::new(model, device)?;
        for face in video.faces() {
            player.push(face)?;
        }
        Ok(Self {
            name: video.name.clone(),
            truth: video.labels.clone(),
            timeline: player.finish()?,
            unreadable: Vec::new(),
        })
    }

    /// Labels of the per-frame head, one a frame; its probabilities are interpolated where there is
    /// no crop. `None` everywhere if the video has no crop at all.
    #[must_use]
    pub fn raw(&self) -> Vec<Option<Expression>> {
        let mut alone = Timeline::new();
        for (frame, seen) in self.timeline.frames().iter().enumerate() {
            let faces = seen.faces.iter();
            alone.push(Prediction::Seen {
                frame,
                time_s: seen.time_s,
                faces: faces
                    .map(|face| TrackedFace {
                        temporal: None,
                        ..*face
                    })
                    .collect(),
            });
        }
        labels(&alone.rows(Smoothing::NONE, 1))
    }

    /// Labels of the temporal encoder (of the head, where the model has none) before smoothing.
    #[must_use]
    pub fn refined(&self) -> Vec<Option<Expression>> {
        self.smoothed(Smoothing::NONE, 1)
    }

    /// Logarithms of the temporal probabilities, as logits, and the truth, of each annotated frame of which the encoder spoke.
    /// Where clips overlap, theirs is the mean of both.
    #[must_use]
    pub fn temporal_answers(&self) -> Vec<(ClassScores, Expression)> {
        let frames = self.timeline.frames().iter().zip(&self.truth);
        let answer = |(frame, truth): (&TimelineFrame, &Option<Expression>)| {
            let temporal = frame.faces.first()?.temporal?;
            // Of what rounds to 0 the logarithm is still a number.
            Some((temporal.map(|p| p.max(f32::MIN_POSITIVE).ln()), (*truth)?))
        };
        frames.filter_map(answer).collect()
    }

    /// Labels after smoothing.
    #[must_use]
    pub fn smoothed(&self, smoothing: Smoothing, window: usize) -> Vec<Option<Expression>> {
        labels(&self.timeline.rows(smoothing, window))
    }

    /// Frames without a readable crop.
    #[must_use]
    pub fn frames_without_crop(&self) -> usize {
        let frames = self.timeline.frames().iter();
        frames.filter(|frame| frame.faces.is_empty()).count()
    }

    /// Whether no frame has a readable crop, so that nothing can be predicted.
    #[must_use]
    pub fn has_no_crop(&self) -> bool {
        self.frames_without_crop() == self.timeline.frames().len()
    }

    /// Whether the temporal encoder spoke.
    #[must_use]
    pub fn has_temporal(&self) -> bool {
        let mut faces = self.timeline.frames().iter().flat_map(|frame| &frame.faces);
        faces.any(|face| face.temporal.is_some())
    }
}

/// One label a frame: a video of crops has at most one face in each.
fn labels(rows: &[FrameRow]) -> Vec<Option<Expression>> {
    rows.iter().map(|row| row.smoothed).collect()
}
