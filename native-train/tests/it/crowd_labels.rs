//! FER+ and FER2013, RAF-DB, and labels that are shared between classes, from list to batch.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::{Path, PathBuf};

use crate::common::dataset_files::{grey_png, jpeg, write};
use burn::tensor::Device;
use native_train::datasets::catalogue::Catalogue;
use native_train::datasets::class_numbers::ClassNumbers;
use native_train::datasets::config::{DataConfig, FaceSource, SourceConfig};
use native_train::datasets::ferplus;
use native_train::datasets::label_form::LabelForm;
use native_train::datasets::picture_set::PictureSet;
use native_train::datasets::selection::Selection;
use native_train::datasets::usage::Usage;
use native_train::datasets::{list_csv, rafdb};
use native_train::pretrain::batch_loader::BatchLoader;
use native_train::pretrain::read_data;
use native_train::run_config::RunConfig;
use shared_model::expression::{CLASS_COUNT, Expression};

const HEADER: &str =
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n";

/// Usage, name, votes; a shade for each row. The fifth has no name, the seventh is the second again with
/// other votes.
const ROWS: [(&str, &str, &str); 10] = [
    ("Training", "fer0000000.png", "4,0,0,1,3,2,0,0,0,0"),
    ("Training", "fer0000001.png", "0,9,1,0,0,0,0,0,0,0"),
    ("Training", "fer0000002.png", "1,0,0,0,0,0,0,8,0,1"),
    ("Training", "fer0000003.png", "0,0,5,0,0,0,5,0,0,0"),
    ("Training", "", "0,0,0,0,0,0,0,0,0,10"),
    ("Training", "fer0000004.png", "2,0,0,2,0,0,0,0,6,0"),
    ("Training", "fer0000001.png", "9,0,0,0,0,0,0,0,0,1"),
    ("PublicTest", "fer0000005.png", "0,0,0,1,0,8,1,0,0,0"),
    ("PublicTest", "fer0000006.png", "0,0,0,5,5,0,0,0,0,0"),
    ("PrivateTest", "fer0000007.png", "0,0,0,0,0,0,10,0,0,0"),
];

fn shade(row: usize) -> u8 {
    (row * 20) as u8
}

fn write_votes(folder: &Path) {
    let rows: String = ROWS
        .iter()
        .map(|(usage, name, votes)| format!("{usage},{name},{votes}\n"))
        .collect();
    write(&folder.join("fer2013new.csv"), format!("{HEADER}{rows}"));
}

fn write_folders(folder: &Path) {
    write_votes(folder);
    for (row, (usage, name, _)) in ROWS.iter().enumerate() {
        let part = match *usage {
            "Training" => "FER2013Train",
            "PublicTest" => "FER2013Valid",
            _ => "FER2013Test",
        };
        let path = folder.join(part).join(name);
        if !name.is_empty() && !path.exists() {
            write(&path, grey_png(shade(row), 48));
        }
    }
}

/// Kaggle's file: the first pixel of a row is its shade, the others get darker from there.
fn write_pixels(folder: &Path) -> PathBuf {
    let mut text = "emotion,pixels,Usage\n".to_owned();
    for (row, (usage, ..)) in ROWS.iter().enumerate() {
        let pixels: Vec<String> = (0..48 * 48)
            .map(|place| (usize::from(shade(row)) + place % 48).to_string())
            .collect();
        text.push_str(&format!("{},{},{usage}\n", row % 7, pixels.join(" ")));
    }
    let path = folder.join("fer2013.csv");
    write(&path, text);
    path
}

fn labels(set: &PictureSet) -> Vec<Option<Expression>> {
    (0..set.len()).map(|place| set.label(place)).collect()
}

fn shares(set: &PictureSet, place: usize) -> Option<[f32; CLASS_COUNT]> {
    set.target(place).map(|target| *target.probabilities())
}

const MAJORITIES: [Option<Expression>; 5] = [
    None,
    Some(Expression::Happiness),
    Some(Expression::Other),
    None,
    None,
];

#[test]
fn ferplus_follows_the_published_protocol() {
    let folder = tempfile::tempdir().unwrap();
    write_folders(folder.path());
    let read = |usage, form| ferplus::read(folder.path(), usage, Some(form)).unwrap();
    let set = read(Usage::Train, LabelForm::Majority);
    assert_eq!(labels(&set), MAJORITIES);
    assert_eq!(set.findings.count("rows without a name (left out)"), 1);
    assert_eq!(
        set.findings
            .count("names that stand twice (the first row counts)"),
        1
    );
    assert_eq!(set.findings.count("pictures whose votes give no label"), 3);
    assert_eq!(shares(&set, 0), None);
    assert_eq!(set.picture(1).unwrap().read().unwrap().rgb()[..3], [shade(1); 3]);
    let set = read(Usage::Valid, LabelForm::Votes);
    assert_eq!(labels(&set), [Some(Expression::Disgust), None]);
    assert_eq!(
        labels(&read(Usage::Test, LabelForm::Majority)),
        [Some(Expression::Fear)]
    );
    // What is wrong in the list is named with its line, and a part that is not there as well.
    let list = folder.path().join("fer2013new.csv");
    for (from, to, expected) in [
        ("NF", "nothing", "no column `NF`"),
        ("4,0,0,1", "4,x,0,1", "line 2: `x` is no number of votes"),
        ("PrivateTest", "Private", "line 11: `Private` is no part"),
    ] {
        let text = std::fs::read_to_string(&list).unwrap().replace(from, to);
        write(&list, text);
        let error = format!(
            "{:#}",
            ferplus::read(folder.path(), Usage::Train, None).unwrap_err()
        );
        assert!(error.contains(expected), "{error}");
        write_votes(folder.path());
    }
    std::fs::remove_dir_all(folder.path().join("FER2013Test")).unwrap();
    let error = format!(
        "{:#}",
        ferplus::read(folder.path(), Usage::Test, None).unwrap_err()
    );
    assert!(
        error.contains("FER2013Test") && error.contains("fer2013.csv"),
        "{error}"
    );
}

#[test]
fn votes_become_shares_of_the_classes() {
    let folder = tempfile::tempdir().unwrap();
    write_folders(folder.path());
    let set = ferplus::read(folder.path(), Usage::Train, None).unwrap();
    // What is measured is the same; what is learned from are the votes but for single ones.
    assert_eq!(labels(&set), MAJORITIES);
    let expected = |pairs: &[(Expression, f32)]| {
        let mut row = [0.0; CLASS_COUNT];
        pairs
            .iter()
            .for_each(|(class, share)| row[class.index()] = *share);
        Some(row)
    };
    let ninths = |votes: f32| votes / 9.0;
    assert_eq!(
        shares(&set, 0),
        expected(&[
            (Expression::Neutral, ninths(4.0)),
            (Expression::Anger, ninths(3.0)),
            (Expression::Disgust, ninths(2.0))
        ])
    );
    assert_eq!(shares(&set, 1), expected(&[(Expression::Happiness, 1.0)]));
    assert_eq!(shares(&set, 2), expected(&[(Expression::Other, 1.0)]));
    assert_eq!(
        shares(&set, 3),
        expected(&[(Expression::Surprise, 0.5), (Expression::Fear, 0.5)])
    );
    assert_eq!(shares(&set, 4), None);
    let undecided = "pictures without a majority (learned from, not measured on)";
    assert_eq!(set.findings.count(undecided), 2);
    // Thinned, each picture keeps its own.
    let thinned = set.clone().thinned(3);
    for (place, before) in [(0, 0), (1, 3)] {
        assert_eq!(shares(&thinned, place), shares(&set, before));
        assert_eq!(thinned.name(place), set.name(before));
    }
}

#[test]
fn kaggles_pixels_are_the_pictures_of_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let pixels = write_pixels(folder.path());
    // Alone: the dataset's own labels, 0 anger to 6 neutral.
    let own = ferplus::read(&pixels, Usage::Train, None).unwrap();
    let names = [
        "anger",
        "disgust",
        "fear",
        "happiness",
        "sadness",
        "surprise",
        "neutral",
    ];
    let expected: Vec<_> = names.iter().map(|name| Expression::parse(name)).collect();
    assert_eq!(labels(&own), expected);
    assert!(own.findings.lines().any(|line| line.contains("own labels")));
    assert_eq!(
        labels(&ferplus::read(folder.path(), Usage::Test, None).unwrap()).len(),
        1
    );
    let error = ferplus::read(&pixels, Usage::Train, Some(LabelForm::Votes)).unwrap_err();
    assert!(error.to_string().contains("fer2013new.csv"), "{error}");
    // With the votes beside it: FER+'s labels, under FER+'s names, so that a split is the same.
    write_votes(folder.path());
    let set = ferplus::read(&pixels, Usage::Train, None).unwrap();
    let folders = tempfile::tempdir().unwrap();
    write_folders(folders.path());
    let same = ferplus::read(folders.path(), Usage::Train, None).unwrap();
    assert_eq!(labels(&set), labels(&same));
    for place in 0..set.len() {
        assert_eq!(set.name(place), same.name(place));
        assert_eq!(shares(&set, place), shares(&same, place));
    }
    for (place, row) in [(0, 0), (3, 3), (4, 5)] {
        let picture = set.picture(place).unwrap().read().unwrap();
        assert_eq!((picture.width(), picture.height()), (48, 48));
        assert_eq!(
            picture.rgb()[..6],
            [
                shade(row),
                shade(row),
                shade(row),
                shade(row) + 1,
                shade(row) + 1,
                shade(row) + 1
            ]
        );
    }
    assert_eq!(set.clone().thinned(2).picture(1), set.picture(2));
    // Lines that end as on Windows, and quoted pixels.
    let text = std::fs::read_to_string(&pixels).unwrap();
    write(
        &pixels,
        text.replace(",PublicTest", "\",PublicTest")
            .replace("\n0,140", "\n0,\"140")
            .replace("\n1,160", "\n1,\"160")
            .replace('\n', "\r\n"),
    );
    let windows = ferplus::read(&pixels, Usage::Train, None).unwrap();
    let valid = ferplus::read(&pixels, Usage::Valid, None).unwrap();
    for (set, place, row) in [(&windows, 0, 0), (&windows, 3, 3), (&valid, 0, 7), (&valid, 1, 8)] {
        let picture = set.picture(place).unwrap().read().unwrap();
        assert_eq!(picture.rgb()[..3], [shade(row); 3]);
    }
    write(&pixels, text);
    // Rows that do not belong together.
    let text = std::fs::read_to_string(folder.path().join("fer2013new.csv")).unwrap();
    let fails = |text: String| {
        write(&folder.path().join("fer2013new.csv"), text);
        format!("{:#}", ferplus::read(&pixels, Usage::Train, None).unwrap_err())
    };
    let short = text.trim_end().rsplit_once('\n').unwrap().0.to_owned();
    assert!(fails(short).contains("10 and 9 rows"));
    let moved = fails(text.replace("PublicTest,fer0000005", "Training,fer0000005"));
    assert!(
        moved.contains("line 9 is of part `valid`") && moved.contains("`train`"),
        "{moved}"
    );
    // Pixels that are none.
    let broken = std::fs::read_to_string(&pixels)
        .unwrap()
        .replacen("0 1 2", "0 256 2", 1);
    write(&pixels, broken.replacen("\n1,20 21 22 ", "\n1,", 1));
    write_votes(folder.path());
    let set = ferplus::read(&pixels, Usage::Train, None).unwrap();
    for (place, expected) in [(0, "`256` is no pixel"), (1, "2301 pixels, expected 48x48")] {
        let error = format!("{:#}", set.picture(place).unwrap().read().unwrap_err());
        assert!(
            error.contains(expected) && error.contains("fer2013.csv"),
            "{error}"
        );
    }
}

#[test]
fn the_published_numbers_of_ferplus_pictures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/faces/ferplus");
    if !folder.is_dir() {
        eprintln!("skipped: there is no FER+ in {}", folder.display());
        return;
    }
    // By the protocol, in the classes' order (tests/golden/check_datasets.py counts them by itself).
    for (usage, expected) in [
        (Usage::Train, [8739, 2099, 119, 532, 7287, 3013, 3149, 119]),
        (Usage::Valid, [1182, 287, 24, 62, 865, 351, 415, 13]),
    ] {
        for form in [LabelForm::Majority, LabelForm::Votes] {
            let set = ferplus::read(&folder, usage, Some(form)).unwrap();
            let mut counts = [0; CLASS_COUNT];
            labels(&set)
                .into_iter()
                .flatten()
                .for_each(|class| counts[class.index()] += 1);
            assert_eq!(counts, expected, "{usage:?}, {form:?}");
        }
    }
}

#[test]
fn rafdb_reads_its_parts_and_order() {
    let folder = tempfile::tempdir().unwrap();
    let order = ["surprise", "fear", "disgust", "happy", "sad", "anger", "neutral"];
    let mut list = String::new();
    for (number, label) in (1..).zip(1..=7) {
        list.push_str(&format!("train_{number:05}.jpg {label}\n"));
        let path = format!("Image/aligned/train_{number:05}_aligned.jpg");
        write(&folder.path().join(path), jpeg([number * 30; 3]));
    }
    list.push_str("test_0001.jpg 4\n");
    write(&folder.path().join("EmoLabel/list_patition_label.txt"), &list);
    let set = rafdb::read(folder.path(), Usage::Train).unwrap();
    let expected: Vec<_> = order.iter().map(|name| Expression::parse(name)).collect();
    assert_eq!(labels(&set), expected);
    let third = set.picture(2).unwrap().read().unwrap();
    assert!(third.rgb()[0].abs_diff(90) < 3);
    let test = rafdb::read(folder.path(), Usage::Test).unwrap();
    assert_eq!(labels(&test), [Some(Expression::Happiness)]);
    assert_eq!(test.name(0), Some("Image/aligned/test_0001_aligned.jpg"));
    // Both in one folder.
    let flat = tempfile::tempdir().unwrap();
    write(&flat.path().join("list_patition_label.txt"), &list);
    write(
        &flat.path().join("aligned/train_00001_aligned.jpg"),
        jpeg([30; 3]),
    );
    let same = rafdb::read(flat.path(), Usage::Train).unwrap();
    assert_eq!(
        (same.len(), same.name(0)),
        (7, Some("aligned/train_00001_aligned.jpg"))
    );
    for (row, expected) in [
        (
            "train_00009.jpg 8",
            "line 9: `8` is no expression, expected 1 to 7",
        ),
        ("train_00009.jpg 0", "line 9: `0` is no expression"),
        ("valid_1.jpg 3", "begins neither"),
        ("train_00001.jpg 2", "Surprise in line 1 and Fear in line 9"),
        ("train_00009.jpg", "1 columns"),
    ] {
        write(
            &folder.path().join("EmoLabel/list_patition_label.txt"),
            format!("{list}{row}\n"),
        );
        let error = format!("{:#}", rafdb::read(folder.path(), Usage::Train).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
    let error = format!(
        "{:#}",
        rafdb::read(flat.path().join("aligned").as_path(), Usage::Train).unwrap_err()
    );
    assert!(error.contains("list_patition_label.txt"), "{error}");
}

#[test]
fn a_csv_may_share_labels_between_classes() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    let columns = "share_neutral,share_anger,share_disgust,share_fear,share_happiness,share_sadness,share_surprise,share_other";
    let read = |text: &str| {
        write(&list, text);
        list_csv::read(&list, None, true, ClassNumbers::default())
    };
    let set = read(&format!(
        "path,{columns}\na.png,0.5,0,0,0,0.25,0,0.25,0\nb.png,0,0.5,0,0.5,0,0,0,0\nc.png,0,0,0,0,0,0,0,1.001\n\
         a.png,0.5,0,0,0,0.25,0,0.25,0\n"
    ))
    .unwrap();
    assert_eq!(
        labels(&set),
        [Some(Expression::Neutral), None, Some(Expression::Other)]
    );
    assert_eq!(
        shares(&set, 0).unwrap(),
        [0.5, 0.0, 0.0, 0.0, 0.25, 0.0, 0.25, 0.0]
    );
    assert_eq!(shares(&set, 2).unwrap()[7], 1.0);
    // A label beside them is what is measured; it may be any of the most probable ones.
    let set = read(&format!(
        "path,label,{columns}\na.png,Fear,0,0.5,0,0.5,0,0,0,0\nb.png,-1,1,0,0,0,0,0,0,0\nc.png,Sad,,,,,,,,\n"
    ))
    .unwrap();
    assert_eq!(
        labels(&set),
        [Some(Expression::Fear), None, Some(Expression::Sadness)]
    );
    assert_eq!(set.target(1).unwrap().top(), Expression::Neutral);
    for (text, expected) in [
        (
            format!("path,{columns}\na.png,0.5,0,0,0,0.2,0,0.1,0\n"),
            "line 2: the probabilities",
        ),
        (
            format!("path,{columns}\na.png,1.5,-0.5,0,0,0,0,0,0\n"),
            "none below 0",
        ),
        (
            format!("path,{columns}\na.png,1,,0,0,0,0,0,0\n"),
            "`` is no probability",
        ),
        (
            format!("path,label,{columns}\na.png,Fear,0.6,0,0,0.4,0,0,0,0\n"),
            "the label is Fear, and Neutral is more probable",
        ),
        (
            format!("path,{columns}\na.png,1,0,0,0,0,0,0,0\na.png,0.9,0.1,0,0,0,0,0,0\n"),
            "in line 2 and in line 3",
        ),
        (
            "path,share_neutral\na.png,1\n".to_owned(),
            "share_anger, share_disgust",
        ),
        ("path\na.png\n".to_owned(), "no column `label`"),
    ] {
        let error = format!("{:#}", read(&text).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn numbers_that_may_be_another_datasets_are_doubted_and_can_be_said() {
    let folder = tempfile::tempdir().unwrap();
    for class in 1..=7 {
        write(&folder.path().join(format!("{class}/a.jpg")), jpeg([class; 3]));
    }
    let data = |more: &str| -> DataConfig {
        let text = format!(
            "[[source]]\nkind = \"folder\"\nuse = \"labelled\"\npath = \"{}\"\n{more}",
            folder.path().display()
        );
        toml::from_str(&text).unwrap()
    };
    let read = |more: &str| Catalogue::read(&data(more)).unwrap().sources()[0].set.clone();
    let ours = read("");
    assert_eq!(ours.label(0), Some(Expression::Anger));
    let said: Vec<String> = ours.findings.lines().collect();
    assert!(
        said[0].contains("1 Surprise") && said[0].contains("`numbers = \"rafdb\"`"),
        "{said:?}"
    );
    let theirs = read("numbers = \"rafdb\"\n");
    assert_eq!(
        (theirs.label(0), theirs.label(6)),
        (Some(Expression::Surprise), Some(Expression::Neutral))
    );
    assert_eq!(theirs.findings.lines().count(), 0);
    // In a list as well; with a 0, or without one of them, there is nothing to doubt.
    let list = folder.path().join("list.csv");
    let doubts = |numbers: &[u8]| {
        let rows: String = numbers
            .iter()
            .map(|number| format!("{number}.jpg,{number}\n"))
            .collect();
        write(&list, format!("path,label\n{rows}"));
        let set = list_csv::read(&list, None, true, ClassNumbers::default()).unwrap();
        set.findings.count("doubt about class numbers")
    };
    assert_eq!(doubts(&[1, 2, 3, 4, 5, 6, 7]), 1);
    assert_eq!(doubts(&[0, 1, 2, 3, 4, 5, 6, 7]), 0);
    assert_eq!(doubts(&[1, 2, 3, 4, 5, 6]), 0);
    write(&list, "path,label\na.jpg,7\nb.jpg,8\n");
    let read = |numbers| list_csv::read(&list, None, true, numbers);
    assert_eq!(labels(&read(ClassNumbers::AffectNet).unwrap()), [None, None]);
    let error = format!("{:#}", read(ClassNumbers::RafDb).unwrap_err());
    assert!(error.contains("line 3") && error.contains("1 to 7"), "{error}");
}

/// A config over FER+ in `folder`.
fn config(folder: &Path, more: &str) -> RunConfig {
    let text = format!(
        "mode = \"supervised\"\nrun = \"run\"\n[data]\nquota = 0\n\
         [[data.source]]\nkind = \"ferplus\"\nuse = \"labelled\"\npath = \"{0}\"\nusage = \"train\"\n\
         [[data.source]]\nkind = \"ferplus\"\nuse = \"validation\"\npath = \"{0}\"\nusage = \"valid\"\n\
         [model]\ninput_size = 32\nblocks = [1, 1, 1, 1]\nwidth = 4\n[training]\nbatch = 64\n{more}",
        folder.display()
    );
    write(&folder.join("c.toml"), text);
    RunConfig::read(&folder.join("c.toml")).unwrap()
}

#[test]
fn votes_reach_the_batches_and_only_majorities_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    write_folders(folder.path());
    let config = config(folder.path(), "");
    let catalogue = Catalogue::read(&config.data).unwrap();
    let selection = Selection::new(&catalogue, &config.data, 0).unwrap();
    // The picture whose votes give no label is left over.
    assert_eq!(
        (selection.training.as_slice(), selection.unlabelled.as_slice()),
        (&[0, 1, 2, 3][..], &[4][..])
    );
    assert_eq!((selection.held_back.as_slice(), selection.hidden), (&[5][..], 1));
    // Neutral, Happiness, Other, and the first of Surprise and Fear.
    assert_eq!(selection.before_quota, [1, 0, 0, 1, 1, 0, 0, 1]);
    let data = read_data(&config, &Device::flex()).unwrap();
    assert_eq!(data.held_back.pictures().len(), 1);
    let input = config.input();
    let batch = BatchLoader::of(&config, &data.training, &input).batch(0).unwrap();
    let mut seen: Vec<_> = batch.targets.clone();
    seen.sort_by(|a, b| a.partial_cmp(b).unwrap());
    seen.dedup();
    let mut expected: Vec<_> = (0..4)
        .map(|number| *catalogue.target(number).unwrap().probabilities())
        .collect();
    expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
    // 64 draws of seven classes show all four pictures.
    assert_eq!(seen, expected);
}

#[test]
fn a_source_may_stand_twice_and_its_pictures_several_times() {
    let folder = tempfile::tempdir().unwrap();
    write_folders(folder.path());
    let twice = config(folder.path(), "");
    let mut more = twice.clone();
    let training = more.data.sources.remove(0);
    let source = |faces: FaceSource, repeat: usize| SourceConfig {
        faces: Some(faces),
        repeat,
        ..training.clone()
    };
    more.data.sources.insert(0, source(FaceSource::Whole, 1));
    more.data.sources.insert(1, source(FaceSource::Detect, 3));
    let (once, data) = (
        read_data(&twice, &Device::flex()).unwrap(),
        read_data(&more, &Device::flex()).unwrap(),
    );
    let count = once.training.pictures().len();
    assert_eq!(data.training.pictures().len(), count * (1 + 3));
    assert_eq!(data.held_back.pictures().len(), once.held_back.pictures().len());
    // The description counts pictures, not how often they stand in the list, and says what was done.
    let of_classes = data.description["training"]["pictures"].as_object().unwrap();
    let described: u64 = of_classes.values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(described, 2 * count as u64);
    let sources = data.description["sources"].to_string();
    assert!(
        sources.contains("whole pictures") && sources.contains("each 3 times"),
        "{sources}"
    );
}

#[test]
fn a_source_without_persons_is_split_by_picture_and_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = String::new();
    for number in 0..300 {
        rows.push_str(&format!("Training,fer{number:07}.png,9,0,0,0,0,0,0,0,0,1\n"));
    }
    std::fs::create_dir(folder.path().join("FER2013Train")).unwrap();
    let held = |rows: &str, seed: u64| -> Vec<String> {
        write(&folder.path().join("fer2013new.csv"), format!("{HEADER}{rows}"));
        let text = format!(
            "held_back = 0.2\nquota = 0\n[[source]]\nkind = \"ferplus\"\nuse = \"labelled\"\npath = \"{}\"\n\
             usage = \"train\"\nlabels = \"majority\"\n",
            folder.path().display()
        );
        let data: DataConfig = toml::from_str(&text).unwrap();
        let catalogue = Catalogue::read(&data).unwrap();
        let selection = Selection::new(&catalogue, &data, seed).unwrap();
        let names = selection.held_back.iter();
        names
            .map(|number| catalogue.person(*number).unwrap().to_owned())
            .collect()
    };
    let all = held(&rows, 3);
    // A fifth of 300, five standard deviations either way.
    assert!((26..=94).contains(&all.len()), "{}", all.len());
    assert_ne!(all, held(&rows, 4));
    // A picture's side does not depend on what else is there.
    let half: String = rows.lines().step_by(2).map(|row| format!("{row}\n")).collect();
    let of_half = held(&half, 3);
    assert!(of_half.iter().all(|name| all.contains(name)));
    assert!(of_half.len() > 5);
}
