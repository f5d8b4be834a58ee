//! Stage 1 with teacher and student (paper, 3.3).

pub mod batches;
pub mod run;
pub mod step;
pub mod step_terms;
