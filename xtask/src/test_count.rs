//! How many tests passed and failed, read from what test programs print.

use crate::process::Heard;
use std::fmt;
use std::iter::Sum;
use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TestCount {
    pub passed: u64,
    pub failed: u64,
}

impl TestCount {
    pub const PASSED: Self = Self { passed: 1, failed: 0 };
    pub const FAILED: Self = Self { passed: 0, failed: 1 };

    /// A check that only says yes or no counts as one test.
    pub fn of_check(success: bool) -> Self {
        if success { Self::PASSED } else { Self::FAILED }
    }

    /// From `cargo test` or `cargo nextest`. No tests at all is no failure; a failed run without a failed test, such as
    /// one that does not compile, is.
    pub fn of_cargo(heard: &Heard) -> Self {
        let mut count = Self::default();
        for line in &heard.lines {
            let line = line.trim();
            let is_summary = line.starts_with("test result:")
                || (line.starts_with("Summary") && (line.contains(" run:") || line.contains(" passed")));
            if is_summary {
                count += Self::of_line(line);
            }
        }
        count.with_status(heard.success)
    }

    /// From a program that ends with a line `N passed, N failed`; saying nothing is a failure.
    pub fn of_reporting_program(heard: &Heard) -> Self {
        let report = heard
            .lines
            .iter()
            .rev()
            .find(|line| line.contains(" passed") && line.contains(" failed"));
        match report {
            Some(line) => Self::of_line(line).with_status(heard.success),
            None => Self::FAILED,
        }
    }

    fn with_status(mut self, success: bool) -> Self {
        if !success && self.failed == 0 {
            self.failed = 1;
        }
        self
    }

    /// Sums the numbers before `passed`, `failed` and `timed out`.
    fn of_line(line: &str) -> Self {
        let words: Vec<&str> = line
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
            .collect();
        let mut count = Self::default();
        for pair in words.windows(2) {
            let [number, noun] = pair else { continue };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match *noun {
                "passed" => count.passed += number,
                "failed" | "timed" => count.failed += number,
                _ => {}
            }
        }
        count
    }
}

/// What a part of the tests came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub count: TestCount,
    /// The lines that name what failed, so that they can be said once more at the end.
    pub failures: Vec<String>,
}

impl Outcome {
    /// Of `cargo test` or `cargo nextest`.
    pub fn of_cargo(heard: &Heard) -> Self {
        Self {
            count: TestCount::of_cargo(heard),
            failures: failures(heard),
        }
    }

    /// Of a program that ends with a line `N passed, N failed`.
    pub fn of_reporting_program(heard: &Heard) -> Self {
        Self {
            count: TestCount::of_reporting_program(heard),
            failures: failures(heard),
        }
    }
}

impl From<TestCount> for Outcome {
    fn from(count: TestCount) -> Self {
        Self {
            count,
            failures: Vec::new(),
        }
    }
}

impl Sum for Outcome {
    fn sum<I: Iterator<Item = Self>>(outcomes: I) -> Self {
        outcomes.fold(Self::default(), |mut sum, outcome| {
            sum.count += outcome.count;
            sum.failures.extend(outcome.failures);
            sum
        })
    }
}

/// Lines by which a test program, nextest (`FAIL [ 0.1s] ...`) or `cargo test` (`test ... FAILED`) names a failed test, each once.
fn failures(heard: &Heard) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in heard.lines.iter().map(|line| line.trim()) {
        let names_one = line.starts_with("FAILED ")
            || line.starts_with("FAIL [")
            || line.starts_with("TIMEOUT [")
            || (line.starts_with("test ") && line.ends_with(" FAILED"));
        if names_one && !found.iter().any(|known| known == line) {
            found.push(line.to_owned());
        }
    }
    found
}

impl AddAssign for TestCount {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for TestCount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(success: bool, lines: &[&str]) -> Heard {
        Heard {
            success,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        }
    }

    #[test]
    fn cargo_test_results_are_summed() {
        let lines = [
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ];
        assert_eq!(
            TestCount::of_cargo(&heard(false, &lines)),
            TestCount { passed: 7, failed: 3 }
        );
    }

    #[test]
    fn nextest_summary_is_read() {
        let lines =
            ["     Summary [   0.1s] 12 tests run: 9 passed (1 slow), 2 failed, 1 timed out, 3 skipped"];
        assert_eq!(
            TestCount::of_cargo(&heard(false, &lines)),
            TestCount { passed: 9, failed: 3 }
        );
    }

    #[test]
    fn what_does_not_compile_is_one_failure() {
        assert_eq!(
            TestCount::of_cargo(&heard(false, &["error: no"])),
            TestCount::FAILED
        );
    }

    #[test]
    fn what_failed_is_named_once() {
        let lines = [
            "ok     a crop: 0.1",
            "FAILED a gradient: 0.2 (limit 0.1)",
            "        FAIL [   0.1s] (3/9) native-train::it score::a_table",
            "        FAIL [   0.1s] (3/9) native-train::it score::a_table",
            "test fails ... FAILED",
            "9 passed, 1 failed",
        ];
        let outcome = Outcome::of_reporting_program(&heard(false, &lines));
        assert_eq!(outcome.count, TestCount { passed: 9, failed: 1 });
        assert_eq!(outcome.failures.len(), 3);
        let both: Outcome = [outcome.clone(), outcome].into_iter().sum();
        assert_eq!((both.count.failed, both.failures.len()), (2, 6));
    }

    #[test]
    fn silent_reporter_fails() {
        assert_eq!(
            TestCount::of_reporting_program(&heard(true, &["all is well"])),
            TestCount::FAILED
        );
        let reported =
            TestCount::of_reporting_program(&heard(true, &["1 passed, 1 failed", "4 passed, 0 failed"]));
        assert_eq!(reported, TestCount { passed: 4, failed: 0 });
    }
}
