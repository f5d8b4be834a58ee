//! Inference alone.

use serde::Serialize;

use super::beside::Beside;
use super::{Measured, Network, Options};
use crate::run_config::precision::Precision;
use crate::stdout;

/// Milliseconds a batch.
#[derive(Debug, Serialize)]
pub(super) struct ForwardFigures {
    device: String,
    threads: usize,
    network: &'static str,
    input_size: usize,
    batch: usize,
    precision: Precision,
    /// Median.
    ms: f64,
    /// The other program, where there was one.
    beside: Option<ForwardBeside>,
}

/// The other program's median, and its time over ours: above 1 we are faster.
#[derive(Debug, Serialize)]
struct ForwardBeside {
    program: String,
    threads: usize,
    ms: f64,
    ratio: f64,
}

impl ForwardFigures {
    /// Of what was measured, on the device of this name.
    pub(super) fn of(
        options: &Options,
        network: &Network,
        device: String,
        forward: &Measured,
        beside: Option<&Beside>,
    ) -> Self {
        Self {
            device,
            threads: rayon::current_num_threads(),
            network: network.name,
            input_size: network.size,
            batch: options.batch.get(),
            precision: options.precision,
            ms: 1000.0 * forward.ours,
            beside: beside.map(|beside| ForwardBeside {
                program: beside.introduction.program.clone(),
                threads: beside.introduction.threads,
                ms: 1000.0 * forward.theirs,
                ratio: forward.ratio,
            }),
        }
    }

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
