//! Numbers as they are written.

/// With three digits behind the point. What rounds to nothing has no sign.
#[must_use]
pub fn three(value: f64) -> String {
    let text = format!("{value:.3}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|sign| matches!(sign, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::three;

    #[test]
    fn nothing_has_no_sign_and_everything_else_keeps_its_own() {
        for (value, text) in [
            (-0.0, "0.000"),
            (-0.000_4, "0.000"),
            (-0.000_6, "-0.001"),
            (-0.25, "-0.250"),
            (0.666_66, "0.667"),
            (1.0, "1.000"),
        ] {
            assert_eq!(three(value), text);
        }
    }
}
