//! Which pictures a run learns from, is measured on, and sees without their labels.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::collections::HashSet;
use std::path::Path;

use crate::common::dataset_files::{affwild2_video, table, write};
use native_train::datasets::catalogue::Catalogue;
use native_train::datasets::selection::Selection;
use shared_model::expression::Expression;

/// A list of `count` pictures of each class; each person has `a_person` of them.
fn write_list(path: &Path, classes: &[usize], count: usize, a_person: usize) {
    let mut text = "path,label,person\n".to_owned();
    for class in classes {
        for number in 0..count {
            text.push_str(&format!("{class}-{number}.png,{class},p{}\n", number / a_person));
        }
    }
    write(path, text);
}

#[test]
fn the_quota_is_drawn_and_the_rest_joins_the_pool() {
    let folder = tempfile::tempdir().unwrap();
    write_list(&folder.path().join("a/list.csv"), &[0, 4, 7], 60, 1);
    write_list(&folder.path().join("b/list.csv"), &[4, 5], 10, 1);
    affwild2_video(folder.path(), "v", &[7, 7, 4, -1], &[1, 2, 3, 4]);
    let text = "labelled = \"DIR/a/list.csv\"\nquota = 20\nheld_back = 0.2\n\
        [[source]]\nkind = \"csv\"\nuse = \"labelled\"\npath = \"DIR/b/list.csv\"\n\
        [[source]]\nkind = \"affwild2\"\nuse = \"labelled\"\npictures = \"DIR/crops\"\nannotations = \"DIR/annotations\"\nclasses = [\"Other\"]\n";
    let data = table(folder.path(), text);
    let catalogue = Catalogue::read(&data).unwrap();
    // A seed with which the one video is not held back.
    let selection = (0..)
        .map(|seed| Selection::new(&catalogue, &data, seed).unwrap())
        .find(|selection| selection.before_quota[7] == 2)
        .unwrap();
    let count = |numbers: &[u32], class: Expression| {
        numbers
            .iter()
            .filter(|n| catalogue.label(**n) == Some(class))
            .count()
    };
    assert_eq!(count(&selection.training, Expression::Neutral), 20);
    assert_eq!(count(&selection.training, Expression::Happiness), 20);
    // From Aff-Wild2 alone: 60 pictures of `Other` in the list are left over.
    assert_eq!(count(&selection.training, Expression::Other), 2);
    // Nobody is on two sides, and nothing is lost.
    let all: HashSet<u32> = [&selection.training, &selection.held_back, &selection.unlabelled]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    let listed = selection.training.len() + selection.held_back.len() + selection.unlabelled.len();
    assert_eq!(all.len(), listed);
    assert_eq!(listed + selection.hidden, catalogue.len() as usize);
    let persons = |numbers: &[u32]| -> HashSet<String> {
        numbers
            .iter()
            .map(|n| catalogue.person(*n).unwrap().to_owned())
            .collect()
    };
    let seen: HashSet<String> = &persons(&selection.training) | &persons(&selection.unlabelled);
    assert!(seen.is_disjoint(&persons(&selection.held_back)));
    // Every picture is as likely: over seeds, all of a class are drawn at some time.
    let ever: HashSet<u32> = (0..40)
        .flat_map(|seed| Selection::new(&catalogue, &data, seed).unwrap().training)
        .filter(|n| catalogue.label(*n) == Some(Expression::Neutral))
        .collect();
    assert_eq!(ever.len(), 60);
    let mut all = data.clone();
    (all.quota, all.other_from_affwild2) = (0, false);
    let selection = Selection::new(&catalogue, &all, 0).unwrap();
    assert!(selection.before_quota[7] > 40);
    assert_eq!(
        selection.training.len(),
        selection.before_quota.iter().sum::<usize>()
    );
}

#[test]
fn a_source_has_a_quota_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    write_list(&folder.path().join("a/list.csv"), &[0, 4], 60, 1);
    write_list(&folder.path().join("b/list.csv"), &[0, 5], 30, 1);
    let text = "quota = 0\nheld_back = 0.2\n\
        [[source]]\nkind = \"csv\"\nuse = \"labelled\"\npath = \"DIR/a/list.csv\"\nquota = 7\n\
        [[source]]\nkind = \"csv\"\nuse = \"labelled\"\npath = \"DIR/b/list.csv\"\n";
    let data = table(folder.path(), text);
    let catalogue = Catalogue::read(&data).unwrap();
    let selection = Selection::new(&catalogue, &data, 3).unwrap();
    let of = |numbers: &[u32], source: usize, class: Expression| {
        let sources = catalogue.sources();
        let end = sources.get(source + 1).map_or(catalogue.len(), |next| next.first);
        let is_here = |number: &&u32| (sources[source].first..end).contains(*number);
        let numbers = numbers.iter().filter(is_here);
        numbers.filter(|n| catalogue.label(**n) == Some(class)).count()
    };
    for class in [Expression::Neutral, Expression::Happiness] {
        assert_eq!(of(&selection.training, 0, class), 7);
    }
    // The other source keeps all of the same class: those of persons who are not held back.
    let held = of(&selection.held_back, 1, Expression::Neutral);
    assert_eq!(of(&selection.training, 1, Expression::Neutral), 30 - held);
    // What is over the quota is unlabelled, and nothing is lost.
    let held = selection.held_back.len();
    assert_eq!(selection.training.len() + selection.unlabelled.len() + held, 180);
    assert!(of(&selection.unlabelled, 0, Expression::Happiness) > 30);
    assert_eq!(of(&selection.unlabelled, 1, Expression::Neutral), 0);
    // Classes that the source lacks are named, others are not.
    let short: Vec<(Expression, usize)> = selection
        .short
        .iter()
        .map(|short| (short.class, short.pictures))
        .collect();
    assert_eq!(short.len(), 6);
    assert!(short.contains(&(Expression::Sadness, 0)) && short.contains(&(Expression::Other, 0)));
    // Another seed draws others, from persons whom `split_seed` alone decides.
    let mut split = data.clone();
    split.split_seed = Some(11);
    let drawn = |seed: u64| Selection::new(&catalogue, &split, seed).unwrap();
    assert_eq!(drawn(1).held_back, drawn(2).held_back);
    assert_ne!(drawn(1).training, drawn(2).training);
    assert_eq!(
        drawn(1).held_back,
        Selection::new(&catalogue, &data, 11).unwrap().held_back
    );
}

#[test]
fn validation_sources_take_the_place_of_held_back_persons() {
    let folder = tempfile::tempdir().unwrap();
    write_list(&folder.path().join("list.csv"), &[0, 4], 20, 2);
    affwild2_video(folder.path(), "v", &[7, -1], &[1, 2]);
    let validation = "[[source]]\nkind = \"affwild2\"\nuse = \"validation\"\npictures = \"DIR/crops\"\nannotations = \"DIR/annotations\"\n";
    let data = table(
        folder.path(),
        &format!("labelled = \"DIR/list.csv\"\n{validation}"),
    );
    let catalogue = Catalogue::read(&data).unwrap();
    let selection = Selection::new(&catalogue, &data, 3).unwrap();
    assert_eq!(selection.training.len(), 40);
    assert_eq!(selection.held_back, [40]);
    assert_eq!((selection.hidden, selection.unlabelled.len()), (1, 0));
    // The same video for both is a mistake.
    let both = format!("{}{validation}", validation.replace("validation", "labelled"));
    let data = table(folder.path(), &both);
    let error = Selection::new(&Catalogue::read(&data).unwrap(), &data, 3)
        .unwrap_err()
        .to_string();
    assert!(error.contains("`v`") && error.contains("one side"), "{error}");
}

#[test]
fn a_source_may_have_its_own_share_of_held_back_persons() {
    let folder = tempfile::tempdir().unwrap();
    write_list(&folder.path().join("real/list.csv"), &[0, 4], 60, 1);
    write_list(&folder.path().join("rendered/list.csv"), &[0, 4], 60, 1);
    let of = |own: &str| {
        let text = format!(
            "labelled = \"DIR/real/list.csv\"\nheld_back = 0.3\n[[source]]\nkind = \"csv\"\nuse = \"labelled\"\n\
             path = \"DIR/rendered/list.csv\"\n{own}"
        );
        let data = table(folder.path(), &text);
        let catalogue = Catalogue::read(&data).unwrap();
        // The first 120 numbers are the first source's.
        let held_back = Selection::new(&catalogue, &data, 5).unwrap().held_back;
        let (real, rendered): (Vec<u32>, Vec<u32>) = held_back.iter().partition(|n| **n < 120);
        (real, rendered.len())
    };
    let (real, rendered) = of("");
    assert!(real.len() > 10 && rendered > 10);
    // The other source's split does not depend on it.
    assert_eq!(of("held_back = 0.0\n"), (real.clone(), 0));
    let (same, more) = of("held_back = 0.9\n");
    assert_eq!(same, real);
    assert!(more > rendered);
}

#[test]
fn unlabelled_pictures_of_held_back_persons_are_seen_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    write_list(&folder.path().join("faces/list.csv"), &[0, 4], 60, 2);
    // Other pictures of persons p0 to p29, and ten of strangers.
    let mut text = "path,person\n".to_owned();
    for number in 0..40 {
        text.push_str(&format!("more-{number}.png,p{number}\n"));
    }
    write(&folder.path().join("faces/more.csv"), text);
    let text = "labelled = \"DIR/faces/list.csv\"\nunlabelled = \"DIR/faces/more.csv\"\nheld_back = 0.4\n";
    let data = table(folder.path(), text);
    let catalogue = Catalogue::read(&data).unwrap();
    let selection = Selection::new(&catalogue, &data, 2).unwrap();
    let persons = |numbers: &[u32]| -> HashSet<&str> {
        numbers.iter().map(|n| catalogue.person(*n).unwrap()).collect()
    };
    let held = persons(&selection.held_back);
    assert!(held.len() > 5);
    assert!(persons(&selection.unlabelled).is_disjoint(&held));
    assert_eq!(selection.hidden, held.len());
    assert_eq!(selection.unlabelled.len(), 40 - held.len());
}

#[test]
fn both_faces_of_a_recording_stand_on_one_side() {
    let folder = tempfile::tempdir().unwrap();
    for video in 0..30 {
        for side in ["left", "right"] {
            affwild2_video(folder.path(), &format!("v{video}_{side}"), &[0], &[1]);
        }
    }
    let text = "held_back = 0.5\n[[source]]\nkind = \"affwild2\"\nuse = \"labelled\"\npictures = \"DIR/crops\"\nannotations = \"DIR/annotations\"\n";
    let data = table(folder.path(), text);
    let catalogue = Catalogue::read(&data).unwrap();
    let selection = Selection::new(&catalogue, &data, 1).unwrap();
    assert!(selection.held_back.len() > 10 && selection.training.len() > 10);
    for pair in selection.training.chunks(2) {
        assert_eq!(pair[0] + 1, pair[1]);
        assert_eq!(pair[0] % 2, 0);
    }
}
