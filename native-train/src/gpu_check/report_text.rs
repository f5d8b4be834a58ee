//! The report in Markdown.

use std::fmt::Write as _;

use super::report::{Check, Ending, Outcome, Report, Section};

/// The whole report as one text.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut text = String::new();
    let verdict = match (report.finished, report.passed) {
        (true, true) => "all that this machine can do passed",
        (true, false) => "not all passed",
        (false, _) => "not finished: what stands here is what there was",
    };
    let size = if report.quick {
        ", small sizes (`--quick`)"
    } else {
        ""
    };
    let _ = write!(
        text,
        "# GPU check: {verdict}\n\n{}, {}; {:.0} s of at most {:.0}{size}.\n\n",
        report.program, report.build, report.seconds, report.limit_seconds
    );
    let device = &report.device;
    let _ = write!(
        text,
        "## Device\n\n| | |\n|---|---|\n| device | {} |\n",
        cell(&device.name)
    );
    if device.is_software {
        text.push_str("| kind | a software adapter: its figures are of correctness, not of speed |\n");
    }
    if let Some(driver) = &device.driver {
        let _ = writeln!(text, "| Vulkan driver | {} |", cell(driver));
    }
    let _ = writeln!(text, "| precisions | {} |", device.precisions.join(", "));
    for check in &report.machine {
        let _ = writeln!(text, "| {} | {} |", cell(&check.name), cell(&check.said));
    }
    for section in &report.sections {
        section_text(&mut text, section);
    }
    text
}

fn section_text(text: &mut String, section: &Section) {
    let ending = match section.ending {
        Ending::Running => "under way",
        Ending::Passed => "passed",
        Ending::Failed => "FAILED",
        Ending::Cut => "CUT: its time was over",
    };
    let _ = write!(
        text,
        "\n## {}: {ending}\n\n{:.1} s of at most {:.0}.\n",
        section.title, section.seconds, section.limit_seconds
    );
    if let Some(reason) = &section.reason {
        let _ = write!(text, "\nReason: {}\n", reason.trim());
    }
    if section.checks.is_empty() {
        return;
    }
    text.push_str("\n| | outcome | |\n|---|---|---|\n");
    for check in &section.checks {
        line(text, check);
    }
}

fn line(text: &mut String, check: &Check) {
    let outcome = match check.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "FAILED",
        Outcome::NotThere => "not there",
        Outcome::Measured => "measured",
    };
    let _ = writeln!(
        text,
        "| {} | {outcome} | {} |",
        cell(&check.name),
        cell(&check.said)
    );
}

/// Text that cannot break a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
