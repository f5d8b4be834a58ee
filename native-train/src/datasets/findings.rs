//! What is not as it should be in a dataset: counted, with the first examples.

use std::collections::BTreeMap;

use serde::Serialize;

/// Examples of each finding.
const MOST_EXAMPLES: usize = 3;

/// Findings by what they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(BTreeMap<&'static str, Finding>);

/// One kind of finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How often.
    pub count: u64,
    /// The first few.
    pub examples: Vec<String>,
}

impl Findings {
    /// Counts one more.
    pub fn add(&mut self, what: &'static str, example: impl FnOnce() -> String) {
        self.add_many(what, 1, example);
    }

    /// Counts `count` more of which one is named.
    pub fn add_many(&mut self, what: &'static str, count: u64, example: impl FnOnce() -> String) {
        if count == 0 {
            return;
        }
        let finding = self.0.entry(what).or_default();
        finding.count += count;
        if finding.examples.len() < MOST_EXAMPLES {
            finding.examples.push(example());
        }
    }

    /// How often something was found.
    #[must_use]
    pub fn count(&self, what: &str) -> u64 {
        self.0.get(what).map_or(0, |finding| finding.count)
    }

    /// A line for each.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|(what, finding)| {
            let more = if finding.count > finding.examples.len() as u64 {
                ", ..."
            } else {
                ""
            };
            format!("{} {what}: {}{more}", finding.count, finding.examples.join(", "))
        })
    }
}
