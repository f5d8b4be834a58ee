//! A report as text.

use shared_model::expression::Expression;
use shared_model::metrics::Report;

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
    stdout::line(format_args!(
        "\n{:<12}{:>10}{:>10}{:>10}{:>10}",
        "class", "precision", "recall", "F1", "frames"
    ));
    for class in &report.classes {
        stdout::line(format_args!(
            "{:<12}{:>10.4}{:>10.4}{:>10.4}{:>10}",
            class.class, class.precision, class.recall, class.f1, class.support
        ));
    }
    stdout::line(format_args!("\nconfusion (rows: truth, columns: prediction)"));
    let short = |name: &str| name.chars().take(7).collect::<String>();
    stdout::text(format_args!("{:<12}", ""));
    for class in Expression::ALL {
        stdout::text(format_args!("{:>9}", short(class.name())));
    }
    stdout::line(format_args!(""));
    for (class, row) in Expression::ALL.iter().zip(report.confusion.counts) {
        stdout::text(format_args!("{:<12}", class.name()));
        row.iter()
            .for_each(|count| stdout::text(format_args!("{count:>9}")));
        stdout::line(format_args!(""));
    }
}
