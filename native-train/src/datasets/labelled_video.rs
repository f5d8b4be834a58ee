//! A video as training and evaluation see it: face crops in order, with a label a frame.

use std::path::PathBuf;

use shared_model::expression::Expression;

/// The frames of one person's face in one video, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledVideo {
    /// The annotation's file name without its ending, which is the name of the crops' folder too.
    pub name: String,
    /// One for each data line of the annotation.
    pub frames: Vec<LabelledFrame>,
}

/// A frame of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledFrame {
    /// The face's crop; `None` where the dataset has none. Such a frame still needs a prediction.
    pub picture: Option<PathBuf>,
    /// `None` where the frame is not annotated (-1).
    pub label: Option<Expression>,
}
