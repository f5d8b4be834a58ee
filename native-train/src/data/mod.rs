//! `mien data`: what a config's `[data]` table finds, before anything is trained.

mod class_sums;
mod contact_sheet;
mod inspection;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared_model::expression::{CLASS_COUNT, Expression};

use crate::datasets::catalogue::Catalogue;
use crate::datasets::config::SourceUse;
use crate::datasets::label_distribution::LabelDistribution;
use crate::datasets::selection::Selection;
use crate::run_config::RunConfig;
use crate::written_files::WrittenFiles;
use crate::{atomic_file, stdout};

use class_sums::ClassSums;
use inspection::SourceReport;

/// What to look at.
#[derive(Debug, Args)]
pub struct Options {
    /// The run's config (.toml)
    #[arg(long, value_name = "F.toml")]
    config: PathBuf,
    /// Write a picture of each augmentation here, and `contact-sheet.html` that shows them all
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Open only this many pictures of each source, spread evenly (without it all are opened)
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Replace what stands in a result's place also where mien did not write it, or where it was changed since
    #[arg(long)]
    force: bool,
}

/// Everything that is printed.
#[derive(Debug, Serialize)]
struct Report {
    sources: Vec<SourceReport>,
    sampling: Sampling,
}

/// What a run makes of the sources. Counts are by class, in the classes' order.
#[derive(Debug, Serialize)]
struct Sampling {
    classes: [&'static str; CLASS_COUNT],
    quota: usize,
    /// Labelled pictures that are not held back, each counted for its most probable class, as the quota does.
    before: [usize; CLASS_COUNT],
    /// What is drawn of these. A label that is shared between classes counts for each by its share.
    training: ClassSums,
    /// Classes that have fewer pictures than the quota, and are drawn with replacement.
    with_replacement: Vec<&'static str>,
    /// Classes without any training picture.
    empty: Vec<&'static str>,
    held_back: ClassSums,
    unlabelled: usize,
    /// Unlabelled pictures of held-back persons, which nobody sees.
    hidden: usize,
}

/// Prints counts, missing files and unreadable pictures, and draws the augmentations.
///
/// # Errors
/// When the config or a list is not as it should be; pictures that cannot be read are reported only. When a file cannot be
/// written or replaced.
pub fn run(options: &Options) -> Result<()> {
    let config = RunConfig::read(&options.config)?;
    let names = contact_sheet::file_names();
    let planned = options
        .out
        .iter()
        .flat_map(|out| names.iter().map(|name| out.join(name)));
    let files = WrittenFiles::check(planned, options.force)?;
    let catalogue = Catalogue::read(&config.data)?;
    let selection = Selection::new(&catalogue, &config.data, config.seed)?;
    let report = Report {
        sources: catalogue
            .sources()
            .iter()
            .map(|source| inspection::inspect(source, options.sample))
            .collect(),
        sampling: sampling(&catalogue, &selection, config.data.quota),
    };
    if options.json {
        stdout::line(format_args!("{}", serde_json::to_string(&report)?));
    } else {
        print(&report);
    }
    if let Some(out) = &options.out {
        atomic_file::make_folder(out)?;
        let sheet = contact_sheet::write(out, &catalogue, &selection, &config, &files)?;
        tracing::info!("wrote {}", sheet.display());
    }
    Ok(())
}

fn sampling(catalogue: &Catalogue, selection: &Selection, quota: usize) -> Sampling {
    let training = ClassSums::of(
        selection
            .training
            .iter()
            .filter_map(|number| catalogue.target(*number)),
    );
    let held_back = selection
        .held_back
        .iter()
        .filter_map(|number| catalogue.label(*number));
    let named = |wanted: &dyn Fn(Expression, usize) -> bool| {
        let classes = Expression::ALL.iter().zip(selection.before_quota);
        classes
            .filter(|(class, count)| wanted(**class, *count))
            .map(|(class, _)| class.name())
            .collect()
    };
    Sampling {
        classes: Expression::ALL.map(Expression::name),
        quota,
        before: selection.before_quota,
        training,
        with_replacement: named(&|_, count| count > 0 && count < quota),
        empty: named(&|class, _| training.of_class(class).is_zero()),
        held_back: ClassSums::of(held_back.map(LabelDistribution::certain)),
        unlabelled: selection.unlabelled.len(),
        hidden: selection.hidden,
    }
}

fn print(report: &Report) {
    for source in &report.sources {
        let role = match source.role {
            SourceUse::Labelled => "labelled",
            SourceUse::Unlabelled => "unlabelled",
            SourceUse::Validation => "validation",
        };
        stdout::line(format_args!(
            "{} ({role}): {} pictures",
            source.source, source.pictures
        ));
        let labels = Expression::ALL
            .iter()
            .map(|class| (class, source.classes.of_class(*class)))
            .filter(|(_, count)| !count.is_zero());
        let labels: Vec<String> = labels
            .map(|(class, count)| format!("{} {count}", class.name()))
            .collect();
        stdout::line(format_args!(
            "  labels: {}; without a label: {}",
            if labels.is_empty() {
                "none".to_owned()
            } else {
                labels.join(", ")
            },
            source.without_label
        ));
        if source.shared_labels > 0 {
            stdout::line(format_args!(
                "  labels shared between classes, counted by their shares: {}; without a single most probable class, not \
                 measured on: {}",
                source.shared_labels, source.without_single_class
            ));
        }
        for line in source.findings.lines() {
            stdout::line(format_args!("  {line}"));
        }
        stdout::line(format_args!("  opened {} pictures", source.opened));
    }
    let sampling = &report.sampling;
    stdout::line(format_args!("\nclass       found  training  held back"));
    for (class, before) in Expression::ALL.into_iter().zip(sampling.before) {
        stdout::line(format_args!(
            "{:<9} {before:>7}  {:>8}  {:>9}",
            class.name(),
            sampling.training.of_class(class),
            sampling.held_back.of_class(class)
        ));
    }
    stdout::line(format_args!(
        "quota {} a class; unlabelled pool {}; seen by nobody {}",
        sampling.quota, sampling.unlabelled, sampling.hidden
    ));
    if !sampling.with_replacement.is_empty() {
        stdout::line(format_args!(
            "fewer than the quota, drawn with replacement: {}",
            sampling.with_replacement.join(", ")
        ));
    }
    if !sampling.empty.is_empty() {
        stdout::line(format_args!(
            "no training picture, cannot be learned: {}",
            sampling.empty.join(", ")
        ));
    }
}
