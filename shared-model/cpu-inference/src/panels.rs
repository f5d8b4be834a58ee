//! The matrix product: tiles of rows that lie anywhere in the input, with panels of packed weights.

use pulp::{Arch, Simd, WithSimd};

use crate::vector::Lanes;

/// Vectors of outputs that a tile computes together. In the page a row's value is costly to spread over a vector, and vectors
/// are short: fewer rows and more vectors were measured to be the quickest there.
pub(crate) const VECTORS: usize = if cfg!(target_arch = "wasm32") { 4 } else { 2 };
/// Rows that a tile has at most, on any machine.
pub(crate) const MOST_ROWS: usize = 12;

/// A matrix of weights, `VECTORS` vectors of outputs at a time: for each element of a row, their weights.
#[derive(Debug, Clone)]
pub(crate) struct Panels {
    /// Elements of a row of the left side.
    elements: usize,
    /// Outputs a panel.
    width: usize,
    values: Vec<f32>,
}

impl Panels {
    /// Packs the weight of each element and output; the last panel is filled up with zeros.
    pub(crate) fn new(elements: usize, outputs: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        let width = VECTORS * Arch::new().dispatch(Lanes);
        let mut values = vec![0.0; outputs.next_multiple_of(width) * elements];
        for (panel, target) in values.chunks_exact_mut(width * elements).enumerate() {
            for (element, target) in target.chunks_exact_mut(width).enumerate() {
                for (output, target) in (panel * width..outputs).zip(target) {
                    *target = weight(element, output);
                }
            }
        }
        Self {
            elements,
            width,
            values,
        }
    }

    /// Outputs a panel.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The panels, a row of weights for each element.
    #[inline(always)]
    pub(crate) fn iter<S: Simd>(&self) -> impl Iterator<Item = &[[S::f32s; VECTORS]]> {
        let panels = self.values.chunks_exact((self.elements * self.width).max(1));
        panels.map(|panel| S::as_simd_f32s(panel).0.as_chunks::<VECTORS>().0)
    }
}

/// Work on tiles, whose number of rows is the machine's.
pub(crate) trait Tiled {
    fn run<S: Simd, const ROWS: usize>(self, simd: S);
}

/// Runs it with as many rows as the registers hold sums of, beside a panel's vectors and an input value.
pub(crate) fn run(work: impl Tiled) {
    Arch::new().dispatch(Choice(work));
}

struct Choice<T>(T);

impl<T: Tiled> WithSimd for Choice<T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Browsers' compilers have 16 registers on most machines, and keep some.
        if cfg!(target_arch = "wasm32") {
            self.0.run::<S, 2>(simd);
        } else if S::REGISTER_COUNT >= 32 {
            self.0.run::<S, MOST_ROWS>(simd);
        } else {
            self.0.run::<S, 6>(simd);
        }
    }
}

/// The sums of a tile: of each of its rows with each output of the panel, on top of `first`. A row is made of runs of `run_len`
/// elements, which begin at `runs` from the row's own place.
#[inline(always)]
pub(crate) fn sums<S: Simd, const ROWS: usize>(
    simd: S,
    input: &[f32],
    rows: &[usize; ROWS],
    runs: &[usize],
    run_len: usize,
    panel: &[[S::f32s; VECTORS]],
    first: [S::f32s; VECTORS],
) -> [[S::f32s; VECTORS]; ROWS] {
    let mut sums = [first; ROWS];
    for (run, weights) in runs.iter().zip(panel.chunks_exact(run_len)) {
        let mut lines = [&input[..0]; ROWS];
        for (line, row) in lines.iter_mut().zip(rows) {
            *line = &input[row + run..][..run_len];
        }
        for (element, weights) in weights.iter().enumerate() {
            for row in 0..ROWS {
                let value = simd.splat_f32s(lines[row][element]);
                for vector in 0..VECTORS {
                    sums[row][vector] = simd.mul_add_e_f32s(value, weights[vector], sums[row][vector]);
                }
            }
        }
    }
    sums
}

/// At most `ROWS` places as a whole tile: the last one again and again where some are missing.
#[inline(always)]
pub(crate) fn tile<const ROWS: usize>(places: &[usize]) -> [usize; ROWS] {
    let mut tile = [places.last().copied().unwrap_or(0); ROWS];
    tile.iter_mut()
        .zip(places)
        .for_each(|(target, place)| *target = *place);
    tile
}
