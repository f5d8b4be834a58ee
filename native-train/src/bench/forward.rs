//! Inference alone.

use serde::Serialize;

use crate::run_config::precision::Precision;
use crate::stdout;

/// Milliseconds a batch.
#[derive(Debug, Serialize)]
pub(super) struct ForwardFigures {
    pub(super) device: String,
    pub(super) threads: usize,
    pub(super) network: &'static str,
    pub(super) input_size: usize,
    pub(super) batch: usize,
    pub(super) precision: Precision,
    /// Median.
    pub(super) ms: f64,
    /// The other program, where there was one.
    pub(super) beside: Option<ForwardBeside>,
}

/// The other program's median, and its time over ours: above 1 we are faster.
#[derive(Debug, Serialize)]
pub(super) struct ForwardBeside {
    pub(super) program: String,
    pub(super) threads: usize,
    pub(super) ms: f64,
    pub(super) ratio: f64,
}

impl ForwardFigures {
    /// A line each.
    pub(super) fn print(&self) {
        stdout::line(format_args!(
            "{} ({} threads on the processor), {}, {size}x{size} pixels, batch {}, {:?}: {:.1} ms",
            self.device,
            self.threads,
            self.network,
            self.batch,
            self.precision,
            self.ms,
            size = self.input_size
        ));
        if let Some(beside) = &self.beside {
            stdout::line(format_args!(
                "beside {} ({} threads), in turns: {:.1} ms; ours is {:.2} times as fast",
                beside.program, beside.threads, beside.ms, beside.ratio
            ));
        }
    }
}
