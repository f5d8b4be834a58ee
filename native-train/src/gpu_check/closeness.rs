//! How near two lists of numbers are to each other.

/// Nearness of what a device computed to what is right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closeness {
    /// Cosine of the angle between both, 1 where they point the same way; not a number where one of them holds such.
    pub cosine: f64,
    /// The largest difference of two values.
    pub largest_difference: f64,
    /// The same as a share of the largest value that is right.
    pub relative_difference: f64,
}

/// What is near enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Least cosine.
    pub cosine: f64,
    /// Largest difference as a share of the largest value.
    pub relative_difference: f64,
}

impl Closeness {
    /// Of `found` to `expected`. Differences are shares of the largest value, or of `least_scale` where all are smaller.
    /// Lists of different lengths are not near at all.
    #[must_use]
    pub fn of(expected: &[f32], found: &[f32], least_scale: f64) -> Self {
        let pairs = || {
            expected
                .iter()
                .zip(found)
                .map(|(a, b)| (f64::from(*a), f64::from(*b)))
        };
        let dot: f64 = pairs().map(|(a, b)| a * b).sum();
        let norms: f64 = pairs().map(|(a, _)| a * a).sum::<f64>() * pairs().map(|(_, b)| b * b).sum::<f64>();
        let largest = pairs().map(|(a, _)| a.abs()).fold(0.0, f64::max);
        // `max` would pass over what is not a number.
        let is_whole = expected.len() == found.len() && pairs().all(|(a, b)| a.is_finite() && b.is_finite());
        let difference = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if !is_whole {
            return Self {
                cosine: f64::NAN,
                largest_difference: f64::NAN,
                relative_difference: f64::NAN,
            };
        }
        Self {
            cosine: if norms > 0.0 {
                dot / norms.sqrt()
            } else if difference > 0.0 {
                0.0
            } else {
                1.0
            },
            largest_difference: difference,
            relative_difference: difference / largest.max(least_scale).max(f64::MIN_POSITIVE),
        }
    }

    /// Whether it is within a tolerance.
    #[must_use]
    pub fn is_within(&self, tolerance: Tolerance) -> bool {
        self.cosine >= tolerance.cosine && self.relative_difference <= tolerance.relative_difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Tolerance = Tolerance {
        cosine: 0.999,
        relative_difference: 0.01,
    };

    #[test]
    fn what_is_not_a_number_or_missing_is_never_near() {
        let right = [1.0, -2.0, 3.0];
        for found in [vec![1.0, f32::NAN, 3.0], vec![1.0, -2.0], vec![f32::INFINITY; 3]] {
            assert!(!Closeness::of(&right, &found, 0.0).is_within(STRICT), "{found:?}");
        }
    }

    #[test]
    fn one_wrong_value_among_many_is_seen_by_the_difference_and_a_turn_by_the_cosine() {
        let right: Vec<f32> = (0..1000).map(|i| (i as f32 * 0.7).sin()).collect();
        let mut spike = right.clone();
        spike[500] += 0.5;
        let near = Closeness::of(&right, &spike, 0.0);
        assert!(near.cosine > 0.999 && !near.is_within(STRICT), "{near:?}");
        assert!((near.largest_difference - 0.5).abs() < 1e-6);
        let turned: Vec<f32> = right.iter().map(|value| -value).collect();
        assert!((Closeness::of(&right, &turned, 0.0).cosine + 1.0).abs() < 1e-9);
        assert!(Closeness::of(&right, &right, 0.0).is_within(Tolerance {
            cosine: 1.0 - 1e-12,
            relative_difference: 0.0
        }));
    }
}
