//! Features on disk: one file a video, in a folder named after what they were computed with.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest as _, Sha256};
use shared_model::backbone::{Architecture, BACKBONE_PREFIX, BackboneShape};
use shared_model::expression::{CLASS_COUNT, ClassScores};
use shared_model::model_file::ModelFile;

use crate::atomic_file;
use crate::backbone_features::crop_reader::{CropReader, labels_of};
use crate::backbone_features::video_features::VideoFeatures;
use crate::datasets::labelled_video::{LabelledFrame, LabelledVideo};
use crate::progress::Progress;

/// Part of every key: raise it when features come to be computed in another way.
const VERSION: &str = "mien features 1";
/// Unreadable crops that are named; the others are counted.
const MOST_NAMED: usize = 10;

/// Where the features of one backbone lie.
#[derive(Debug, Clone)]
pub struct FeatureCache {
    folder: PathBuf,
    key: String,
}

/// What came of reading many videos.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct CacheReport {
    /// Videos whose features were there.
    pub found: usize,
    /// Videos whose features were computed.
    pub computed: usize,
    /// Those of them whose file was there and damaged.
    pub damaged: usize,
    /// Crops that could not be read.
    pub unreadable: usize,
}

/// The hash of all that features follow from: the backbone's weights, its shape and the input. The
/// head and the temporal encoder do not change features, but the per-frame logits are kept too.
#[must_use]
pub fn key_of(model: &ModelFile) -> String {
    let mut hash = Sha256::new();
    let metadata = &model.metadata;
    hash.update(VERSION);
    let BackboneShape {
        architecture,
        blocks,
        width,
    } = &metadata.backbone;
    // As it was before there was a choice of architectures, so that caches of then are found.
    let shape = format!("BackboneShape {{ blocks: {blocks:?}, width: {width} }}");
    hash.update(format!("{:?}{shape}", metadata.input));
    if *architecture != Architecture::default() {
        hash.update(format!("{architecture:?}"));
    }
    let weights = model.weights.iter();
    for (name, weight) in weights.filter(|(name, _)| name.starts_with(BACKBONE_PREFIX)) {
        hash.update(format!("{name}{:?}", weight.shape));
        weight
            .values
            .iter()
            .for_each(|value| hash.update(value.to_le_bytes()));
    }
    let mut key = hex(&hash.finalize());
    key.truncate(16);
    key
}

impl FeatureCache {
    /// The part of the cache in `root` that belongs to the model; the folder is made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Path, model: &ModelFile) -> Result<Self> {
        let key = key_of(model);
        let folder = root.join(&key);
        atomic_file::make_folder(&folder)?;
        Ok(Self { folder, key })
    }

    /// The file of a video's features.
    #[must_use]
    pub fn path_of(&self, video: &str) -> PathBuf {
        self.folder.join(format!("{video}.safetensors"))
    }

    /// The features of all videos: those that are there are read, the others are computed and
    /// written, each as soon as it is done. What was damaged or unreadable is said on stderr.
    ///
    /// # Errors
    /// When the device fails or a file cannot be written.
    pub fn read_all(
        &self,
        videos: &[LabelledVideo],
        reader: &CropReader,
    ) -> Result<(Vec<VideoFeatures>, CacheReport)> {
        let frames: usize = videos.iter().map(|video| video.frames.len()).sum();
        let mut progress = Progress::start("features", "frames", u64::try_from(frames).ok());
        let mut report = CacheReport::default();
        let mut all = Vec::with_capacity(videos.len());
        for video in videos {
            let features = self
                .read_one(video, reader, &mut progress, &mut report)
                .with_context(|| format!("the features of {}", video.name))?;
            report.unreadable += features.unreadable;
            all.push(features);
        }
        progress.finish();
        let CacheReport {
            found,
            computed,
            damaged,
            unreadable,
        } = report;
        tracing::info!(
            "features: {found} videos from the cache {}, {computed} computed ({damaged} in place of a damaged file), \
             {unreadable} crops unreadable",
            self.folder.display()
        );
        Ok((all, report))
    }

    fn read_one(
        &self,
        video: &LabelledVideo,
        reader: &CropReader,
        progress: &mut Progress,
        report: &mut CacheReport,
    ) -> Result<VideoFeatures> {
        let path = self.path_of(&video.name);
        if path.is_file() {
            match self.load(&path, video) {
                Ok(Some(features)) => {
                    report.found += 1;
                    progress.add(video.frames.len() as u64);
                    return Ok(features);
                }
                // The crops are others now.
                Ok(None) => {}
                Err(error) => {
                    report.damaged += 1;
                    tracing::warn!("{} is damaged ({error:#}); it is computed anew", path.display());
                }
            }
        }
        let (features, unreadable) = reader.features(video, progress)?;
        for message in unreadable.iter().take(MOST_NAMED) {
            tracing::warn!("{message}; the frame counts as one without a crop");
        }
        report.computed += 1;
        atomic_file::write(&path, &self.to_bytes(&features, video)?)?;
        Ok(features)
    }

    fn to_bytes(&self, features: &VideoFeatures, video: &LabelledVideo) -> Result<Vec<u8>> {
        let rows = features.logits.len();
        let halves: Vec<u8> = features.features.iter().flat_map(|v| v.to_le_bytes()).collect();
        let logits = features.logits.iter().flatten();
        let logits: Vec<u8> = logits.flat_map(|v| v.to_le_bytes()).collect();
        let seen = features.rows.iter().enumerate();
        let frames: Vec<u8> = seen
            .filter(|(_, row)| row.is_some())
            .flat_map(|(frame, _)| (frame as u32).to_le_bytes())
            .collect();
        let fields = HashMap::from([
            ("key".to_owned(), self.key.clone()),
            ("crops".to_owned(), fingerprint(video)),
            ("unreadable".to_owned(), features.unreadable.to_string()),
            ("sha256".to_owned(), digest(&[&halves, &logits, &frames])),
        ]);
        let views = [
            (
                "features",
                TensorView::new(Dtype::F16, vec![rows, features.feature_len], &halves)?,
            ),
            (
                "logits",
                TensorView::new(Dtype::F32, vec![rows, CLASS_COUNT], &logits)?,
            ),
            ("frames", TensorView::new(Dtype::U32, vec![rows], &frames)?),
        ];
        Ok(safetensors::serialize(views, Some(fields))?)
    }

    /// `None` when the file belongs to other crops.
    fn load(&self, path: &Path, video: &LabelledVideo) -> Result<Option<VideoFeatures>> {
        let bytes = std::fs::read(path)?;
        let (_, header) = SafeTensors::read_metadata(&bytes)?;
        let fields = header.metadata().clone().context("it has no description")?;
        let field = |name: &str| {
            fields
                .get(name)
                .with_context(|| format!("it does not say its {name}"))
        };
        ensure!(*field("key")? == self.key, "it belongs to another model");
        if *field("crops")? != fingerprint(video) {
            return Ok(None);
        }
        let file = SafeTensors::deserialize(&bytes)?;
        let (features, logits, frames) = (
            file.tensor("features")?,
            file.tensor("logits")?,
            file.tensor("frames")?,
        );
        let found = digest(&[features.data(), logits.data(), frames.data()]);
        ensure!(*field("sha256")? == found, "its content is not what was written");
        let [_, feature_len] = features.shape() else {
            anyhow::bail!("its features have shape {:?}", features.shape());
        };
        let mut rows = vec![None; video.frames.len()];
        for (row, frame) in words(frames.data()).map(u32::from_le_bytes).enumerate() {
            *rows
                .get_mut(frame as usize)
                .context("it has more frames than the video")? = Some(row);
        }
        let halves = features.data().as_chunks::<2>().0;
        let values: Vec<f32> = words(logits.data()).map(f32::from_le_bytes).collect();
        let row = |chunk: &[f32; CLASS_COUNT]| -> ClassScores { *chunk };
        Ok(Some(VideoFeatures {
            name: video.name.clone(),
            labels: labels_of(video),
            rows,
            feature_len: *feature_len,
            features: halves.iter().map(|half| f16::from_le_bytes(*half)).collect(),
            logits: values.as_chunks().0.iter().map(row).collect(),
            unreadable: field("unreadable")?.parse()?,
        }))
    }
}

/// Names and lengths of the crops: features of other pictures are no use. Labels are not part of it.
fn fingerprint(video: &LabelledVideo) -> String {
    let mut hash = Sha256::new();
    for (frame, LabelledFrame { picture, .. }) in video.frames.iter().enumerate() {
        if let Some(path) = picture {
            let length = std::fs::metadata(path).map_or(0, |data| data.len());
            hash.update(format!("{frame} {length}\n"));
        }
    }
    hash.update(video.frames.len().to_le_bytes());
    hex(&hash.finalize())
}

fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hex(&hash.finalize())
}

fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> + '_ {
    bytes.as_chunks::<4>().0.iter().copied()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
