//! File names in the order a person expects: `2.jpg` before `10.jpg`.

use std::cmp::Ordering;

/// Compares names so that runs of digits count as numbers; equal numbers with other zeros in front
/// and other letter cases are told apart last, so that the order is total.
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        match (left.chars().next(), right.chars().next()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (x, rest_left) = take_number(left);
                let (y, rest_right) = take_number(right);
                let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (rest_left, rest_right);
            }
            (Some(x), Some(y)) => {
                let order = x.to_lowercase().cmp(y.to_lowercase());
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (&left[x.len_utf8()..], &right[y.len_utf8()..]);
            }
        }
    }
}

/// The digits in front without leading zeros, and what follows.
fn take_number(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (digits.trim_start_matches('0'), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = ["f10.png", "f9.png", "F1.png", "f09.png", "f2b.png", "f2.png", "f"];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(
            names,
            ["f", "F1.png", "f2.png", "f2b.png", "f09.png", "f9.png", "f10.png"]
        );
    }

    #[test]
    fn numbers_of_any_length_and_other_scripts() {
        let long = format!("{}1", "9".repeat(40));
        assert_eq!(compare(&long, "10"), Ordering::Greater);
        assert_eq!(compare("é2", "é10"), Ordering::Less);
        assert_eq!(compare("01", "1"), Ordering::Less);
    }
}
