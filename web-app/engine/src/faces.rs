//! What workers answer.

use shared_model::face_reader::SeenFace;

/// The answer to some frames: the faces of each, or why there is none.
pub type Faces = Result<Vec<Vec<SeenFace>>, String>;
