//! A place in the video as a person types it.

/// Where to go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PlaceToGo {
    /// To a frame, from 0.
    Frame(usize),
    /// To a time in seconds.
    Time(f64),
}

impl PlaceToGo {
    /// A whole number is a frame; `1:02.5`, `1:00:02`, `2.5` and `62 s` are times. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_whole {
            return text.parse().ok().map(Self::Frame);
        }
        let clock = text.strip_suffix('s').unwrap_or(text).trim_end();
        let parts: Vec<&str> = clock.split(':').collect();
        let (last, rest) = parts.split_last()?;
        if rest.len() > 2 {
            return None;
        }
        let mut seconds = decimal(last)?;
        let mut unit_s = 60.0;
        for part in rest.iter().rev() {
            let is_digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            seconds += is_digits
                .then(|| part.parse::<u32>().ok())
                .flatten()
                .map(f64::from)?
                * unit_s;
            unit_s *= 60.0;
        }
        Some(Self::Time(seconds))
    }
}

/// Digits with at most one point or comma among them.
fn decimal(text: &str) -> Option<f64> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b".,".contains(&byte));
    let number = text.replace(',', ".").parse::<f64>().ok().filter(|_| is_plain)?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn frames_and_times_are_told_apart() {
        let table = [
            ("104", Some(PlaceToGo::Frame(104))),
            (" 0 ", Some(PlaceToGo::Frame(0))),
            ("1:02.5", Some(PlaceToGo::Time(62.5))),
            ("1:00:02", Some(PlaceToGo::Time(3602.0))),
            ("2,5", Some(PlaceToGo::Time(2.5))),
            ("62 s", Some(PlaceToGo::Time(62.0))),
            ("", None),
            ("s", None),
            ("-3", None),
            ("1:", None),
            (":5", None),
            ("1:2:3:4", None),
            ("1.2.3", None),
            ("1e9", None),
            ("nan", None),
            ("five", None),
            ("99999999999999999999999", None),
        ];
        for (text, expected) in table {
            assert_eq!(PlaceToGo::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_the_clock_shows_leads_back_to_it() {
        for hundredths in (0..900_000).step_by(7919) {
            let seconds = f64::from(hundredths) / 100.0;
            let Some(PlaceToGo::Time(found)) = PlaceToGo::parse(&clock::precise(seconds)) else {
                panic!("{seconds} s is no time");
            };
            assert!((found - seconds).abs() < 1e-6);
        }
    }
}
