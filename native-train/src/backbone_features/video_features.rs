//! What the frozen backbone says about a labelled video.

use half::f16;
use shared_model::expression::{ClassScores, Expression};
use shared_model::face_box::FaceBox;
use shared_model::face_reader::SeenFace;

/// Features and per-frame logits of a video's crops. Features are kept in 16 bits: 4 KB a frame of
/// the full ResNet-50, in memory and on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoFeatures {
    /// The video's name.
    pub name: String,
    /// The truth, one a frame; `None` where the frame is not annotated.
    pub labels: Vec<Option<Expression>>,
    /// For each frame its row in `features` and `logits`; `None` where there is no crop.
    pub rows: Vec<Option<usize>>,
    /// Values of a feature.
    pub feature_len: usize,
    /// `[rows, feature_len]`.
    pub features: Vec<f16>,
    /// `[rows]`.
    pub logits: Vec<ClassScores>,
    /// Crops that are there and could not be read; their frames count as frames without a crop.
    pub unreadable: usize,
}

impl VideoFeatures {
    /// Number of frames.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no frame.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A frame's feature, `None` where there is no crop, and beyond the end.
    #[must_use]
    pub fn feature(&self, frame: usize) -> Option<&[f16]> {
        let row = (*self.rows.get(frame)?)?;
        self.features
            .get(row * self.feature_len..(row + 1) * self.feature_len)
    }

    /// A frame's label, if it is annotated and has a crop: what training can learn from.
    #[must_use]
    pub fn learnable(&self, frame: usize) -> Option<Expression> {
        self.feature(frame)?;
        *self.labels.get(frame)?
    }

    /// The faces of all frames, as the recogniser would have seen them (but for the 16 bits).
    pub fn faces(&self) -> impl Iterator<Item = Option<SeenFace>> + '_ {
        self.rows.iter().enumerate().map(|(frame, row)| {
            let logits = *self.logits.get((*row)?)?;
            let feature = self.feature(frame)?.iter().map(|value| value.to_f32());
            Some(SeenFace {
                face_box: FaceBox::whole(1, 1),
                logits,
                feature: feature.collect(),
                look: None,
            })
        })
    }
}
