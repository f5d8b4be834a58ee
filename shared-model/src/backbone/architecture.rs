//! Which architectures there are.

use serde::{Deserialize, Serialize};

/// How a backbone's layers follow each other; a model's header and a training config name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// `ResNet` with bottleneck blocks (He et al. 2015), in torchvision's layout v1.5: the stride stands in the 3x3 convolution.
    /// Files from before there was a choice are of it.
    #[default]
    ResnetBottleneck,
}
