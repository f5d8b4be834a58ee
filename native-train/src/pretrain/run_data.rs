//! The pictures of a run, as its `[data]` table composes them.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Result, ensure};
use burn::tensor::Device;
use serde_json::{Value, json};
use shared_model::expression::Expression;

use crate::datasets::catalogue::{Catalogue, Source};
use crate::datasets::config::{DataConfig, FaceSource};
use crate::datasets::selection::Selection;
use crate::detectors;
use crate::pretrain::face_search::FaceSearch;
use crate::pretrain::face_store::{Checked, FaceStore};
use crate::pretrain::labelled_pictures::gathered;
use crate::pretrain::picture_looks;
use crate::pretrain::supervised_data::SupervisedData;
use crate::pretrain::unlabelled_pictures::UnlabelledPool;
use crate::run_config::{Mode, RunConfig};

/// Unreadable pictures that are named; the others are counted.
const MOST_NAMED: usize = 10;

/// Reads the sources, splits them by person (or takes the validation sources), draws each class'
/// quota, and looks at the labelled pictures; those that cannot be read are reported and left out.
///
/// # Errors
/// When a source is not as it should be, or a side of the split has no picture.
pub fn read_data(config: &RunConfig, device: &Device) -> Result<SupervisedData> {
    let data = &config.data;
    let catalogue = Arc::new(Catalogue::read(data)?);
    for source in catalogue.sources() {
        for line in source.set.findings.lines() {
            tracing::info!("{}: {line}", source.config.title());
        }
    }
    let mut selection = Selection::new(&catalogue, data, config.seed)?;
    if config.mode == Mode::Supervised {
        selection.unlabelled.clear();
    }
    ensure!(
        config.mode == Mode::Supervised || !selection.unlabelled.is_empty(),
        "`mode = \"semi-supervised\"` needs pictures without labels, and the labelled sources have none left over: name \
         a folder or a csv in `data.unlabelled`, or a `[[data.source]]` with `use = \"unlabelled\"`"
    );
    say_quota(&selection, data.quota);
    say_short(&selection);
    let framing = config.model.framing;
    let detector = detectors::open(framing.detector, device)?;
    let most_bytes = data.cache_mib << 20;
    let load = |name: &str, numbers: &[u32]| -> Result<Checked> {
        let pictures = gathered(&catalogue, numbers.iter().copied());
        // Data that is read for no run, as `ablate` does for several, has no folder to keep anything in.
        let looks = if config.run.is_dir() {
            let kept = config.run.join(format!("looks-{name}.json"));
            picture_looks::look_once(&kept, &pictures, (framing.detector, &detector), device)?
        } else {
            picture_looks::look(&pictures, &detector, device)?
        };
        let checked = FaceStore::of_looks(&pictures, looks, framing, &config.input(), most_bytes);
        report(name, &checked);
        ensure!(
            !checked.store.pictures().is_empty(),
            "no picture is left for {name}: change `held_back` (of `[data]` or of a source) or `seed`, name a source with \
             `use = \"validation\"`, or check the paths"
        );
        Ok(checked)
    };
    let training = load("training", &selection.training)?;
    let held_back = load("evaluation", &selection.held_back)?;
    warn_of_missing_classes(&training, &held_back);
    let is_searched = |number: &u32| catalogue.is_searched(*number);
    let is_pool_searched = selection.unlabelled.iter().any(is_searched);
    let mut pool = UnlabelledPool::new(
        Arc::clone(&catalogue),
        selection.unlabelled,
        config.input().resized(),
        framing,
        most_bytes,
    );
    if is_pool_searched {
        pool = pool.with_search(FaceSearch::new(framing.detector)?);
    }
    if !pool.is_empty() {
        tracing::info!("unlabelled: {} pictures", pool.len());
    }
    let validation = catalogue
        .sources()
        .iter()
        .any(|source| source.config.role == crate::datasets::config::SourceUse::Validation);
    let description = json!({
        "unlabelled_pictures": pool.len(),
        "sources": catalogue.sources().iter().map(|source| title_of(source, data)).collect::<Vec<_>>(),
        "origin": data.origin,
        "framing": framing,
        "quota": data.quota,
        "split": if validation {
            "validation sources of their own".to_owned()
        } else {
            split_title(data)
        },
        "training": describe(&training),
        "held_back": describe(&held_back),
    });
    Ok(SupervisedData {
        training: training.store.repeated(),
        held_back: held_back.store,
        unlabelled: pool,
        description,
    })
}

/// Says which classes cannot be learned, and which of them are evaluated all the same.
fn warn_of_missing_classes(training: &Checked, held_back: &Checked) {
    let shows = |checked: &Checked, class: Expression| {
        let mut pictures = checked.store.pictures().iter();
        pictures.any(|picture| picture.label == class)
    };
    let named = |classes: &[Expression]| {
        let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
        names.join(", ")
    };
    let mut missing = Expression::ALL.to_vec();
    missing.retain(|class| !shows(training, *class));
    if missing.is_empty() {
        return;
    }
    tracing::warn!(
        "no training picture shows {}: that cannot be learned",
        named(&missing)
    );
    missing.retain(|class| shows(held_back, *class));
    if !missing.is_empty() {
        tracing::warn!("{} is evaluated all the same", named(&missing));
    }
}

/// A source, and how its faces are found.
fn title_of(source: &Source, data: &DataConfig) -> String {
    let faces = match source.config.faces(data.faces) {
        FaceSource::Whole => "whole pictures",
        FaceSource::Detect => "faces as the detector finds them",
        FaceSource::Box => "faces by the source's boxes",
    };
    let often = match source.config.repeat {
        1 => String::new(),
        repeat => format!(", each {repeat} times"),
    };
    format!("{}, {faces}{often}", source.config.file_title())
}

/// What share of whose persons is held back.
fn split_title(data: &DataConfig) -> String {
    let own = data.all_sources().into_iter().filter_map(|source| {
        let share = source.held_back?;
        Some(format!(
            ", {:.0}% of those of {}",
            100.0 * share,
            source.file_title()
        ))
    });
    let own: String = own.collect();
    format!(
        "by person: {:.0}% of the persons held back{own}",
        100.0 * data.held_back
    )
}

/// Says which classes have fewer pictures in a source than its own quota.
fn say_short(selection: &Selection) {
    for short in &selection.short {
        let (source, class) = (&short.source, short.class.name());
        tracing::info!(
            "{source}: {} pictures of {class}, fewer than its quota of {}",
            short.pictures,
            short.quota
        );
    }
}

/// Says which classes have fewer pictures than their quota.
fn say_quota(selection: &Selection, quota: usize) {
    let few: Vec<String> = Expression::ALL
        .iter()
        .zip(selection.before_quota)
        .filter(|(_, count)| *count > 0 && *count < quota)
        .map(|(class, count)| format!("{} {count}", class.name()))
        .collect();
    if !few.is_empty() {
        tracing::info!(
            "fewer than the quota of {quota} pictures, so drawn with replacement until the classes are equal: {}",
            few.join(", ")
        );
    }
}

fn report(name: &str, checked: &Checked) {
    for message in checked.unreadable.iter().take(MOST_NAMED) {
        tracing::warn!("{message}");
    }
    let count = checked.unreadable.len();
    if count > 0 {
        tracing::warn!("{count} pictures for {name} cannot be read and are left out");
    }
    let described = describe(checked);
    tracing::info!("{name}: {described}");
}

fn describe(checked: &Checked) -> Value {
    let pictures = checked.store.pictures();
    let persons: HashSet<&str> = pictures.iter().map(|picture| picture.person.as_str()).collect();
    let by_class: serde_json::Map<String, Value> = Expression::ALL
        .iter()
        .map(|class| {
            let count = pictures.iter().filter(|picture| picture.label == *class).count();
            (class.name().to_owned(), count.into())
        })
        .collect();
    let shared = pictures.iter().filter(|picture| !picture.target.is_certain());
    json!({
        "persons": persons.len(),
        "pictures": by_class,
        "labels_shared_between_classes": shared.count(),
        "unreadable": checked.unreadable.len(),
        "taken_whole_for_want_of_a_detected_face": checked.without_face,
    })
}
