//! Who stands before the camera.

use crate::synth::identity::Identity;
use crate::synth::skin::SkinTexture;

/// A person with the skin painted.
#[derive(Debug)]
pub struct Model {
    pub identity: Identity,
    pub skin: SkinTexture,
}
