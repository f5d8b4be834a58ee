//! What stage 1 learns from and is evaluated on.

use serde_json::Value;

use crate::pretrain::face_store::FaceStore;
use crate::pretrain::unlabelled_pictures::UnlabelledPool;

/// The data of a run.
#[derive(Debug)]
pub struct SupervisedData {
    /// Persons to learn from.
    pub training: FaceStore,
    /// Persons to evaluate on.
    pub held_back: FaceStore,
    /// Pictures without labels; empty in a supervised run.
    pub unlabelled: UnlabelledPool,
    /// What the model's description says of the data.
    pub description: Value,
}
