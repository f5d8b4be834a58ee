//! A report as text.

use shared_model::expression::{CLASS_COUNT, Expression};
use shared_model::metrics::{ClassReport, ConfusionMatrix, Report};

use crate::stdout;

/// Prints the figures, the table of classes and the confusion matrix.
pub fn print(report: &Report) {
    stdout::line(format_args!(
        "macro F1   {:.4}  (mean over all 8 classes)",
        report.macro_f1
    ));
    stdout::line(format_args!("accuracy   {:.4}", report.accuracy));
    stdout::line(format_args!("kappa      {:.4}", report.kappa));
    stdout::line(format_args!("frames     {}", report.frames));
    if !report.absent.is_empty() {
        stdout::line(format_args!(
            "absent     {} (count as 0)",
            report.absent.join(", ")
        ));
    }
    stdout::line(format_args!(""));
    print_classes(&report.classes, "frames");
    print_confusion(&report.confusion, report.missed);
}

/// Prints a line a class; `unit` is what they are counted in.
pub fn print_classes(classes: &[ClassReport], unit: &str) {
    stdout::line(format_args!(
        "{:<12}{:>10}{:>10}{:>10}{:>10}",
        "class", "precision", "recall", "F1", unit
    ));
    for class in classes {
        stdout::line(format_args!(
            "{:<12}{:>10.4}{:>10.4}{:>10.4}{:>10}",
            class.class, class.precision, class.recall, class.f1, class.support
        ));
    }
}

/// Prints the confusion matrix, with a column for what nothing was predicted for, if there is such.
pub fn print_confusion(confusion: &ConfusionMatrix, missed: [u64; CLASS_COUNT]) {
    let has_misses = missed.iter().any(|count| *count > 0);
    stdout::line(format_args!("\nconfusion (rows: truth, columns: prediction)"));
    let short = |name: &str| name.chars().take(7).collect::<String>();
    stdout::text(format_args!("{:<12}", ""));
    for class in Expression::ALL {
        stdout::text(format_args!("{:>9}", short(class.name())));
    }
    if has_misses {
        stdout::text(format_args!("{:>9}", "no face"));
    }
    stdout::line(format_args!(""));
    for ((class, row), missed) in Expression::ALL.iter().zip(confusion.counts).zip(missed) {
        stdout::text(format_args!("{:<12}", class.name()));
        let missed = has_misses.then_some(missed);
        row.into_iter()
            .chain(missed)
            .for_each(|count| stdout::text(format_args!("{count:>9}")));
        stdout::line(format_args!(""));
    }
}
