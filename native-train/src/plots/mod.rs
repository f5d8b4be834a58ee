//! Pictures of figures: each is written as `.svg` and `.png`, and needs no font of the system.

mod canvas;

pub use canvas::{WriteFile, paths};

pub mod confusion_picture;
pub mod line_chart;
