//! Pictures of a run: losses, F1, and the confusion matrices of the last evaluation.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use shared_model::metrics::Report;

use crate::atomic_file;
use crate::plots::confusion_picture::write_confusion_matrix;
use crate::plots::line_chart::{Line, LineChart};

/// Points of a line at most: of more, neighbours are averaged.
const MOST_POINTS: usize = 500;
/// The figure of an evaluation that is drawn.
const MACRO_F1: &str = "macro_f1_of_8_classes";

/// Writes `loss`, `f1` and `confusion-MODEL`, each as svg and png, and `evaluation.json` into a run's
/// folder, from its log and its last evaluation.
///
/// # Errors
/// When a file cannot be written.
pub fn write(run: &Path, log: &[Value], evaluated: &[(&str, &Report)]) -> Result<()> {
    chart("Losses", "loss", losses(log)).write(&run.join("loss"), &atomic_file::write)?;
    chart("Macro F1 on held-back data", "macro F1", macro_f1(log))
        .write(&run.join("f1"), &atomic_file::write)?;
    let mut all = serde_json::Map::new();
    for (model, report) in evaluated {
        let title = format!("{model}: last evaluation");
        let base = run.join(format!("confusion-{model}"));
        write_confusion_matrix(&base, &title, &report.confusion, &atomic_file::write)?;
        all.insert((*model).to_owned(), json!(report));
    }
    let text = format!("{:#}\n", Value::Object(all));
    atomic_file::write(&run.join("evaluation.json"), text.as_bytes())
}

fn chart(title: &str, y_label: &str, lines: Vec<Line>) -> LineChart {
    LineChart {
        title: title.to_owned(),
        x_label: "step".to_owned(),
        y_label: y_label.to_owned(),
        lines,
    }
}

/// The losses of each step: `loss`, `L_s` and the like.
fn losses(log: &[Value]) -> Vec<Line> {
    lines(log, |entry| {
        let fields = entry.as_object().into_iter().flatten();
        fields
            .filter(|(key, _)| key.starts_with("L_") || key.ends_with("loss"))
            .filter_map(|(key, value)| Some((key.clone(), value.as_f64()?)))
            .collect()
    })
}

fn macro_f1(log: &[Value]) -> Vec<Line> {
    lines(log, |entry| {
        let fields = entry.as_object().into_iter().flatten();
        fields
            .filter_map(|(key, value)| Some((key.clone(), value.get(MACRO_F1)?.as_f64()?)))
            .collect()
    })
}

fn lines(log: &[Value], figures: impl Fn(&Value) -> Vec<(String, f64)>) -> Vec<Line> {
    let mut by_name: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for entry in log {
        let Some(step) = entry.get("step").and_then(Value::as_f64) else {
            continue;
        };
        for (name, value) in figures(entry) {
            by_name.entry(name).or_default().push((step, value));
        }
    }
    let named = by_name.into_iter();
    named
        .map(|(name, points)| Line {
            name,
            points: thinned(&points),
        })
        .collect()
}

/// Means over neighbours, so that few points are left.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let count = points.len().div_ceil(MOST_POINTS).max(1);
    let mean = |part: &[(f64, f64)]| {
        let sum = part.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
        (sum.0 / part.len() as f64, sum.1 / part.len() as f64)
    };
    points.chunks(count).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_the_log() {
        let mut log: Vec<Value> = (1..=1000)
            .map(|step| json!({"step": step, "L_s": step, "student_rate": 0.1, "agreement": null}))
            .collect();
        log.push(json!({"step": 1000, "student": {MACRO_F1: 0.25, "f1": {"Fear": 1.0}}}));
        let losses = losses(&log);
        assert_eq!(losses.len(), 1);
        assert_eq!((losses[0].name.as_str(), losses[0].points.len()), ("L_s", 500));
        assert_eq!(losses[0].points[0], (1.5, 1.5));
        let f1 = macro_f1(&log);
        assert_eq!(
            (f1[0].name.as_str(), &f1[0].points),
            ("student", &vec![(1000.0, 0.25)])
        );
    }
}
