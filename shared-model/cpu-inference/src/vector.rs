//! Vectors of values, and what is left at an end.

use pulp::{Simd, WithSimd};

/// Values a vector on this machine.
pub(crate) struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// At most one vector's values; missing ones are 0. Whole vectors take no mask, whose stores are slow on some processors.
#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    match S::as_simd_f32s(values).0.first() {
        Some(vector) => *vector,
        None => simd.partial_load_f32s(values),
    }
}

/// As many values of the vector as there is room for.
#[inline(always)]
pub(crate) fn store<S: Simd>(simd: S, target: &mut [f32], vector: S::f32s) {
    if let Some(target) = S::as_mut_simd_f32s(target).0.first_mut() {
        *target = vector;
    } else {
        simd.partial_store_f32s(target, vector);
    }
}
