//! Times as people read them.

/// `M:SS.cc`, with hours where there are any.
#[must_use]
pub fn precise(seconds: f64) -> String {
    let hundredths = (seconds.max(0.0) * 100.0).round() as u64;
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    format!("{}.{rest:02}", whole_seconds(whole))
}

/// `M:SS`, with hours where there are any.
#[must_use]
pub fn coarse(seconds: f64) -> String {
    whole_seconds(seconds.max(0.0).round() as u64)
}

/// A mark of the ruler; fractions where the step needs them.
#[must_use]
pub fn mark(seconds: f64, step_s: f64) -> String {
    if step_s >= 1.0 {
        coarse(seconds)
    } else {
        precise(seconds)
    }
}

/// Time left, in one unit: nobody needs the seconds of an hour.
#[must_use]
pub fn left(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{} s left", seconds.max(1.0).round())
    } else if seconds < 5400.0 {
        format!("{} min left", (seconds / 60.0).round())
    } else {
        format!("{:.1} h left", seconds / 3600.0)
    }
}

fn whole_seconds(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_over() {
        assert_eq!(precise(59.999), "1:00.00");
        assert_eq!(precise(3661.5), "1:01:01.50");
        assert_eq!(coarse(59.4), "0:59");
        assert_eq!(mark(2.5, 0.5), "0:02.50");
        assert_eq!(left(100.0), "2 min left");
    }
}
