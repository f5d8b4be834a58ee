//! How fast the video plays.

/// The speeds that are offered.
pub const SPEEDS: [f64; 10] = [0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0];

/// The next speed up or down; the last one of its kind stays.
#[must_use]
pub fn next(speed: f64, faster: bool) -> f64 {
    let found = if faster {
        SPEEDS.into_iter().find(|other| *other > speed + 1e-9)
    } else {
        SPEEDS.into_iter().rev().find(|other| *other < speed - 1e-9)
    };
    found.unwrap_or(speed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_go_up_and_down_and_end() {
        let mut speed = 0.1;
        for expected in SPEEDS.into_iter().skip(1) {
            speed = next(speed, true);
            assert!((speed - expected).abs() < 1e-12);
        }
        assert!((next(speed, true) - 4.0).abs() < 1e-12);
        assert!((next(0.1, false) - 0.1).abs() < 1e-12);
        assert!((next(1.1, false) - 1.0).abs() < 1e-12);
    }
}
