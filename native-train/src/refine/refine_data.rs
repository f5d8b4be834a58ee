//! All that stage 2 learns from.

use shared_model::model_file::ModelFile;

use crate::backbone_features::video_features::VideoFeatures;

/// All that stage 2 learns from.
#[derive(Debug)]
pub struct RefineData {
    /// The stage-1 model.
    pub start: ModelFile,
    /// The training videos' features.
    pub training: Vec<VideoFeatures>,
    /// The validation videos' features.
    pub validation: Vec<VideoFeatures>,
}
