//! Marks of the time axis.

/// Steps in seconds that read well.
const STEPS: [f64; 18] = [
    0.04, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0,
    7200.0,
];

/// Seconds between two labelled marks, such that they are at least `min_px` pixels apart.
#[must_use]
pub fn step_s(span_s: f64, width: f64, min_px: f64) -> f64 {
    let least = span_s * min_px / width.max(1.0);
    STEPS
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(least.max(7200.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_keep_their_distance() {
        for span in [0.2, 3.0, 47.0, 600.0, 7200.0, 100_000.0] {
            assert!(step_s(span, 900.0, 70.0) / span * 900.0 >= 69.9);
        }
        assert!((step_s(60.0, 900.0, 70.0) - 5.0).abs() < 1e-9);
    }
}
