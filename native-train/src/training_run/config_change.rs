//! What a config says otherwise than the one that a run was begun with.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use serde_json::Value;

/// A key with another value.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The key with its tables, such as `training.batch`.
    pub key: String,
    /// What the run was begun with.
    pub begun: Value,
    /// What the config says now.
    pub now: Value,
}

/// The keys of `now` that `begun` has otherwise, in alphabetic order; either may lack some.
#[must_use]
pub fn changes(begun: &Value, now: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", begun, now, &mut found);
    found
}

/// Says on stderr which of the keys that may change have changed.
///
/// # Errors
/// As [`allowed`].
pub fn check(begun: &Value, now: &Value, may_change: &[&str]) -> Result<()> {
    for change in allowed(begun, now, may_change)? {
        tracing::info!("note: from here on {}", change.in_words());
    }
    Ok(())
}

/// The keys that have changed and may.
///
/// # Errors
/// When another key has changed: the message names it with both values.
pub fn allowed(begun: &Value, now: &Value, may_change: &[&str]) -> Result<Vec<Change>> {
    // What was begun went through text, which may change the last bit of a number.
    let now = serde_json::from_str(&now.to_string())?;
    let (allowed, refused): (Vec<Change>, Vec<Change>) = changes(begun, &now)
        .into_iter()
        .partition(|change| may_change.contains(&change.key.as_str()) && change.keeps_the_start());
    if !refused.is_empty() {
        let listed: Vec<String> = refused.iter().map(Change::in_words).collect();
        bail!(
            "it was begun with another config: {}; use the one it was begun with, or another `run` folder",
            listed.join(", ")
        );
    }
    Ok(allowed)
}

/// The file that a network begins with.
const START: &str = "model.start";

impl Change {
    /// A start may lie elsewhere than at the beginning; a run without one was begun without one.
    fn keeps_the_start(&self) -> bool {
        self.key != START || self.begun.is_string() == self.now.is_string()
    }

    fn in_words(&self) -> String {
        format!("`{}` is {}, before it was {}", self.key, self.now, self.begun)
    }
}

fn compare(key: &str, begun: &Value, now: &Value, found: &mut Vec<Change>) {
    if begun == now {
        return;
    }
    if let (Value::Object(a), Value::Object(b)) = (begun, now) {
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for name in names {
            let inner = if key.is_empty() {
                name.clone()
            } else {
                format!("{key}.{name}")
            };
            let of = |table: &serde_json::Map<String, Value>| table.get(name).cloned().unwrap_or(Value::Null);
            compare(&inner, &of(a), &of(b), found);
        }
        return;
    }
    found.push(Change {
        key: key.to_owned(),
        begun: begun.clone(),
        now: now.clone(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changed_keys_are_named_with_both_values() {
        let begun = json!({"seed": 1, "model": {"width": 64, "start": null}, "training": {"batch": 32}});
        let now = json!({"seed": 1, "model": {"width": 16}, "training": {"batch": 16}});
        let keys: Vec<String> = changes(&begun, &now).into_iter().map(|c| c.key).collect();
        assert_eq!(keys, ["model.width", "training.batch"]);
        let error = check(&begun, &now, &["training.batch"]).unwrap_err().to_string();
        assert!(
            error.contains("`model.width` is 16, before it was 64") && !error.contains("batch"),
            "{error}"
        );
        assert!(check(&begun, &begun, &[]).is_ok());
        let of_start = |start: Value| json!({"model": {"start": start}});
        let moved = |from: Value, to: Value| check(&of_start(from), &of_start(to), &[START]);
        assert!(moved(json!("a.safetensors"), json!("b/a.safetensors")).is_ok());
        assert!(moved(json!(null), json!("a.safetensors")).is_err());
        assert!(moved(json!("a.safetensors"), json!(null)).is_err());
    }
}
