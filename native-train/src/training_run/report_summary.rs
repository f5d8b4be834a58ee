//! Figures in the words of a model's description.

use serde_json::{Value, json};
use shared_model::metrics::Report;

/// A report in the words of a model's description: macro F1 over all eight classes with absent ones
/// as 0, the mean over the classes that are there, and F1 and count of each class.
#[must_use]
pub fn summary(report: &Report) -> Value {
    let there = || report.classes.iter().filter(|class| class.support > 0);
    let f1: serde_json::Map<String, Value> = there()
        .map(|class| (class.class.to_owned(), rounded(class.f1)))
        .collect();
    let pictures: serde_json::Map<String, Value> = there()
        .map(|class| (class.class.to_owned(), class.support.into()))
        .collect();
    let count = there().count().max(1) as f64;
    json!({
        "macro_f1_of_8_classes": rounded(report.macro_f1),
        "mean_f1_of_present_classes": rounded(there().map(|class| class.f1).sum::<f64>() / count),
        "accuracy": rounded(report.accuracy),
        "f1": f1,
        "frames": pictures,
    })
}

/// Four places behind the point.
#[must_use]
pub fn rounded(value: f64) -> Value {
    ((value * 1e4).round() / 1e4).into()
}
