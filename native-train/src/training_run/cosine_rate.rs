//! The learning rate along a run.

/// The rate at `step` of `steps`: half a cosine from `rate` to 0, and 0 ever after.
#[must_use]
pub fn cosine_rate(rate: f64, step: u64, steps: u64) -> f64 {
    let part = (step as f64 / steps.max(1) as f64).min(1.0);
    rate * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_to_zero_and_stays_there() {
        assert!((cosine_rate(0.1, 0, 100) - 0.1).abs() < 1e-12);
        assert!((cosine_rate(0.1, 50, 100) - 0.05).abs() < 1e-12);
        assert!(cosine_rate(0.1, 100, 100).abs() < 1e-12);
        assert!(cosine_rate(0.1, 150, 100).abs() < 1e-12);
    }
}
