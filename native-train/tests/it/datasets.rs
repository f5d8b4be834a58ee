//! Readers of datasets, and what a run makes of them.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::path::Path;

use crate::common::dataset_files::{affwild2_video, jpeg, ms1mv2, payload, record, table, write};
use native_train::datasets::catalogue::Catalogue;
use native_train::datasets::class_numbers::ClassNumbers;
use native_train::datasets::layout::Key;
use native_train::datasets::picture_ref::Place;
use native_train::datasets::record_file::RecordFile;
use native_train::datasets::source_kind::SourceKind;
use native_train::datasets::{
    affectnet_2017, affectnet_2021, affwild2, expw, list_csv, ms1mv2, record_payload,
};
use native_train::run_config::RunConfig;
use shared_model::expression::Expression;
use shared_model::framing::Framing;

#[test]
fn affwild2_counts_what_is_missing_on_either_side() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    // Frame 2 has no crop, frame 3 no label, frame 5 is beyond the annotation.
    affwild2_video(root, "video1", &[4, 4, -1, 7], &[1, 3, 4, 5]);
    affwild2_video(root, "video2_left", &[0], &[]);
    write(&root.join("crops/of_another_track/00001.jpg"), jpeg([9; 3]));
    let (crops, annotations) = (root.join("crops"), root.join("annotations"));
    let videos = affwild2::read_videos(&crops, &annotations).unwrap();
    assert_eq!(
        videos.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(),
        ["video1", "video2_left"]
    );
    let frames = &videos[0].frames;
    assert_eq!(
        frames
            .iter()
            .map(|f| (f.picture.is_some(), f.label.map(Expression::index)))
            .collect::<Vec<_>>(),
        [(true, Some(4)), (false, Some(4)), (true, None), (true, Some(7))]
    );
    let set = affwild2::read_pictures(&crops, &annotations).unwrap();
    assert_eq!(set.len(), 3);
    assert_eq!(
        (0..3).map(|place| set.label(place)).collect::<Vec<_>>(),
        [Some(Expression::Happiness), None, Some(Expression::Other)]
    );
    let file = Place::File(crops.join("video1/00004.jpg"));
    assert_eq!(set.picture(2).unwrap().place, file);
    for (what, count) in [
        ("annotated frames without a crop", 2),
        ("frames that are not annotated (-1)", 1),
        ("crops beyond the annotation's last line (left out)", 1),
        ("folders of crops without an annotation (left out)", 1),
        ("videos without any crop", 1),
    ] {
        assert_eq!(set.findings.count(what), count, "{what}: {:?}", set.findings);
    }
    affwild2_video(root, "video3", &[1, 8], &[]);
    let error = format!("{:#}", affwild2::read_pictures(&crops, &annotations).unwrap_err());
    assert!(
        error.contains("video3.txt") && error.contains("line 3: `8`"),
        "{error}"
    );
}

const AFFECTNET: &str = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal\n";

#[test]
fn affectnets_codes_become_our_classes() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("training.csv");
    // The documented order of AffectNet's expressions.
    let names = [
        "neutral",
        "happy",
        "sad",
        "surprise",
        "fear",
        "disgust",
        "anger",
        "contempt",
        "none",
        "uncertain",
        "no face",
    ];
    let mut text = AFFECTNET.to_owned();
    for code in 0..names.len() {
        text.push_str(&format!("{code}/a.jpg,10,20,30,40,1.5;2.5,{code},0.1,-0.2\n"));
    }
    write(&list, &text);
    let set = affectnet_2017::read(folder.path(), &list).unwrap();
    for (code, name) in names.iter().enumerate() {
        assert_eq!(set.label(code), Expression::parse(name), "{name}");
    }
    let face = set.picture(0).unwrap().face.unwrap();
    assert_eq!((face.x, face.y, face.w, face.h), (10.0, 20.0, 30.0, 40.0));
    let fails = |row: &str| {
        write(&list, format!("{text}{row}\n"));
        format!("{:#}", affectnet_2017::read(folder.path(), &list).unwrap_err())
    };
    let error = fails("b.jpg,1,2,3,4,,-1,0,0");
    assert!(error.contains("line 13") && error.contains("-1"), "{error}");
    let error = fails("0/a.jpg,10,20,30,40,,3,0,0");
    assert!(error.contains("line 2 ") && error.contains("line 13"), "{error}");
}

/// numpy's format 1.0 (numpy.lib.format's documentation).
fn npy(descr: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn affectnet_of_2021_reads_numbers_and_digits() {
    let folder = tempfile::tempdir().unwrap();
    let annotation = |id: &str, bytes: Vec<u8>| {
        write(&folder.path().join(format!("annotations/{id}_exp.npy")), bytes);
    };
    annotation("0", npy("<U1", &u32::from('6').to_le_bytes()));
    annotation("1", npy("<i8", &4_i64.to_le_bytes()));
    annotation("2", npy("<f4", &7.0_f32.to_le_bytes()));
    annotation("10", npy("|u1", &[3]));
    annotation("11", npy("|u1", &[3]));
    for id in ["0", "1", "2", "10", "12"] {
        write(&folder.path().join(format!("images/{id}.jpg")), jpeg([1; 3]));
    }
    let set = affectnet_2021::read(folder.path()).unwrap();
    assert_eq!(
        (0..set.len()).map(|place| set.label(place)).collect::<Vec<_>>(),
        [
            Some(Expression::Anger),
            Some(Expression::Fear),
            None,
            Some(Expression::Surprise)
        ]
    );
    assert_eq!(set.findings.count("annotations without a picture (left out)"), 1);
    assert_eq!(set.findings.count("pictures without an annotation (left out)"), 1);
    annotation("1", b"not numpy".to_vec());
    let error = format!("{:#}", affectnet_2021::read(folder.path()).unwrap_err());
    assert!(error.contains("1_exp.npy"), "{error}");
}

#[test]
fn expw_takes_the_faces_that_its_boxes_show() {
    let folder = tempfile::tempdir().unwrap();
    // Two faces, red at the left and blue at the right, on green.
    let picture = image::RgbImage::from_fn(120, 60, |x, y| match (x, y) {
        (10..40, 15..45) => image::Rgb([250, 0, 0]),
        (80..110, 15..45) => image::Rgb([0, 0, 250]),
        _ => image::Rgb([0, 250, 0]),
    });
    picture.save(folder.path().join("two faces.png")).unwrap();
    let list = folder.path().join("label.lst");
    let mut text = String::new();
    // The documented order of ExpW's labels.
    let names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
    for label in 0..names.len() {
        let (left, right) = if label % 2 == 0 { (10, 40) } else { (80, 110) };
        text.push_str(&format!(
            "two faces.png {label} 15 {left} {right} 45 60.5 {label}\n"
        ));
    }
    write(&list, &text);
    let set = expw::read(folder.path(), &list).unwrap();
    for (label, name) in names.iter().enumerate() {
        assert_eq!(set.label(label), Expression::parse(name), "{name}");
    }
    for (place, colour) in [(0, [250, 0, 0]), (1, [0, 0, 250])] {
        let face = set
            .picture(place)
            .unwrap()
            .read_face(&Framing::default(), 39)
            .unwrap();
        let middle = 3 * (19 * 39 + 19);
        assert_eq!(face.rgb()[middle..middle + 3], colour);
        // The method's margin of 1.3 shows a little of what is around.
        assert_eq!(face.rgb()[..3], [0, 250, 0]);
    }
    let fails = |row: &str| {
        write(&list, format!("{text}{row}\n"));
        format!("{:#}", expw::read(folder.path(), &list).unwrap_err())
    };
    let error = fails("two faces.png 9 15 10 40 45 60 7");
    assert!(error.contains("line 8") && error.contains("`7`"), "{error}");
    let error = fails("two faces.png 0 15 10 40 45 60 1");
    assert!(error.contains("line 1 ") && error.contains("line 8"), "{error}");
    assert!(fails("a.png 1 2").contains("3 columns"));
}

#[test]
fn a_source_says_how_its_faces_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let picture = image::RgbImage::from_pixel(60, 60, image::Rgb([9, 9, 9]));
    picture.save(root.join("a.png")).unwrap();
    write(&root.join("label.lst"), "a.png 0 15 10 40 45 60.5 3\n");
    write(&root.join("list.csv"), "path,label\na.png,4\n");
    // Of both sources: whether there is a box, and whether the detector looks.
    let found = |faces: &str, of_boxes: &str, of_list: &str| {
        let text = format!(
            "faces = \"{faces}\"\n[[source]]\nkind = \"expw\"\nuse = \"labelled\"\npictures = \"DIR\"\n\
             annotations = \"DIR/label.lst\"\n{of_boxes}\n[[source]]\nkind = \"csv\"\nuse = \"labelled\"\n\
             path = \"DIR/list.csv\"\n{of_list}\n"
        );
        let catalogue = Catalogue::read(&table(root, &text)).unwrap();
        [0, 1].map(|number| {
            let has_box = catalogue.picture(number).unwrap().face.is_some();
            (has_box, catalogue.is_searched(number))
        })
    };
    let (by_box, whole, searched) = ((true, false), (false, false), (false, true));
    assert_eq!(found("whole", "", ""), [by_box, whole]);
    assert_eq!(found("detect", "", ""), [by_box, searched]);
    assert_eq!(
        found("detect", "faces = \"whole\"", "faces = \"whole\""),
        [whole, whole]
    );
    // The box then says which of the faces is meant.
    assert_eq!(
        found("whole", "faces = \"detect\"", "faces = \"detect\""),
        [(true, true), searched]
    );
    let refused = |more: &str| {
        let config = root.join("config.toml");
        write(
            &config,
            format!(
                "mode = \"supervised\"\nrun = \"r\"\n[[data.source]]\nkind = \"csv\"\nuse = \"labelled\"\npath = \"l.csv\"\n{more}\n"
            ),
        );
        format!("{:#}", RunConfig::read(&config).unwrap_err())
    };
    assert!(refused("faces = \"box\"").contains("needs boxes"));
    assert!(refused("repeat = 0").contains("`repeat` is 0"));
    assert!(refused("faces = \"boxes\"").contains("did you mean `box`"));
}

#[test]
fn ms1mv2_is_read_in_place_and_every_third_picture_alone() {
    let folder = tempfile::tempdir().unwrap();
    let shades: Vec<u8> = (0..10).map(|n| 20 * n + 10).collect();
    let pictures: Vec<_> = shades.iter().map(|shade| jpeg([*shade; 3])).collect();
    ms1mv2(folder.path(), &pictures);
    let text = "labelled = \"none.csv\"\n[[source]]\nkind = \"ms1mv2\"\nuse = \"unlabelled\"\npath = \"DIR/train.rec\"\nevery = 3\n";
    let mut catalogue = Catalogue::default();
    catalogue
        .add(table(folder.path(), text).sources.remove(0))
        .unwrap();
    assert_eq!(catalogue.len(), 4);
    for (number, shade) in (0..).zip(shades.iter().step_by(3)) {
        let frame = catalogue.picture(number).unwrap().read().unwrap();
        assert!(frame.rgb()[0].abs_diff(*shade) <= 1, "{}", frame.rgb()[0]);
    }
}

#[test]
fn a_truncated_record_file_loses_its_end_alone_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let pictures: Vec<_> = (0..6).map(|n| jpeg([n * 30; 3])).collect();
    let offsets = ms1mv2(folder.path(), &pictures);
    let path = folder.path().join("train.rec");
    let bytes = std::fs::read(&path).unwrap();
    // In the middle of the fifth picture.
    write(&path, &bytes[..offsets[4] + 50]);
    let set = ms1mv2::read(&path).unwrap();
    assert_eq!(set.len(), 4);
    let lines: Vec<String> = set.findings.lines().collect();
    assert!(lines[0].starts_with("2 records that cannot be read"), "{lines:?}");
    let place = format!("byte {} of", offsets[4]);
    let end = format!("the file ends at byte {}", offsets[4] + 50);
    assert!(lines[0].contains(&place) && lines[0].contains(&end), "{lines:?}");
    // A damaged record in the middle is found when it is read.
    let mut damaged = bytes;
    damaged[offsets[1]] ^= 1;
    write(&path, damaged);
    std::fs::write(path.with_extension("idx"), format!("1\t{}\n", offsets[1])).unwrap();
    let error = format!("{:#}", ms1mv2::read(&path).unwrap_err());
    assert!(error.contains("none of the pictures"), "{error}");
    let file = RecordFile::open(&path).unwrap();
    let error = format!("{:#}", file.record(offsets[1] as u64).unwrap_err());
    assert!(error.contains("expected the magic 0xCED7230A"), "{error}");
    std::fs::remove_file(path.with_extension("idx")).unwrap();
    assert!(format!("{:#}", ms1mv2::read(&path).unwrap_err()).contains("train.idx"));
}

#[test]
fn a_record_with_the_magic_inside_is_joined() {
    let folder = tempfile::tempdir().unwrap();
    // dmlc's writer cuts a payload at each aligned magic, leaves it out, and flags the parts 1, 2, 3.
    let magic = 0xCED7_230A_u32.to_le_bytes();
    let parts = [b"abcdefgh".to_vec(), b"ijkl".to_vec(), b"mno".to_vec()];
    let mut bytes = record(0, b"before");
    let start = bytes.len() as u64;
    for (flag, part) in (1..).zip(&parts) {
        bytes.extend(record(flag, part));
    }
    let path = folder.path().join("a.rec");
    write(&path, &bytes);
    let file = RecordFile::open(&path).unwrap();
    assert_eq!(*file.record(start).unwrap(), *parts.join(&magic[..]));
    assert_eq!(*file.record(0).unwrap(), *b"before");
    let middle = start + record(1, &parts[0]).len() as u64;
    assert!(format!("{:#}", file.record(middle).unwrap_err()).contains("part 2"));
    write(&path, &bytes[..bytes.len() - 4]);
    let file = RecordFile::open(&path).unwrap();
    assert!(format!("{:#}", file.record(start).unwrap_err()).contains("cut off"));
    assert!(record_payload::jpeg(&payload(&[1.0; 3], b"")).is_err());
}

#[test]
fn a_list_made_elsewhere_is_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    std::fs::create_dir(folder.path().join("faces")).unwrap();
    write(&folder.path().join("faces/a.jpg"), "");
    write(&folder.path().join("faces/b.jpg"), "");
    let read = |text: &[u8]| {
        write(&list, text);
        let set = list_csv::read(&list, None, true, ClassNumbers::default()).unwrap();
        let of = |place: usize| {
            (
                set.name(place).unwrap().to_owned(),
                set.label(place),
                set.person(place).map(str::to_owned),
            )
        };
        (0..set.len()).map(of).collect::<Vec<_>>()
    };
    let expected = read(b"path,label,person\nfaces/a.jpg,3,7\nfaces/b.jpg,-1,\n");
    assert_eq!(expected[0].1, Some(Expression::Fear));
    for text in [
        &b"path,label,person\nfaces/a.jpg,3.0,7\nfaces/b.jpg,-1.0,NaN\n"[..],
        b"\xEF\xBB\xBFsep=;\r\npath;label;person\r\nfaces\\a.jpg;3,0;7\r\nfaces\\b.jpg;-1;\r\n;;\r\n",
        b"path\tlabel\tperson\nfaces\\a.jpg\tFear\t7\nfaces\\b.jpg\t-1\t\n",
    ] {
        assert_eq!(read(text), expected, "{}", String::from_utf8_lossy(text));
    }
    // A name with a backslash, as Linux allows it, is taken as it is.
    if cfg!(unix) {
        write(&folder.path().join("faces\\a.jpg"), "");
        assert_eq!(read(b"path,label\nfaces\\a.jpg,3\n")[0].0, "faces\\a.jpg");
    }
}

#[test]
fn a_csv_that_contradicts_itself_is_refused_and_repetitions_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    write(&list, "path,label\na.png,3\nb.png,happy\na.png,Fear\nc.png,-1\n");
    let set = list_csv::read(&list, None, true, ClassNumbers::default()).unwrap();
    assert_eq!(set.len(), 3);
    let said: Vec<String> = set.findings.lines().collect();
    assert!(said[0].contains("a.png (lines 2 and 4)"), "{said:?}");
    for (row, expected) in [
        ("a.png,4", "Fear in line 2 and Happiness in line 6"),
        ("d.png,9", "line 6: `9`"),
        ("d.png,", "line 6 has no label"),
    ] {
        write(
            &list,
            format!("path,label\na.png,3\nb.png,happy\na.png,Fear\nc.png,-1\n{row}\n"),
        );
        let error = format!(
            "{:#}",
            list_csv::read(&list, None, true, ClassNumbers::default()).unwrap_err()
        );
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_papers_composition_is_a_config_that_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/affwild2.toml");
    let config = RunConfig::read(&path).unwrap();
    // Paper, 4.1 and 4.2.
    assert_eq!(
        (config.data.quota, config.training.batch, config.training.steps),
        (8000, 32, 100_000)
    );
    assert_eq!(
        (config.training.rate, config.semi_supervised.student_rate),
        (1e-2, 1e-3)
    );
    let thirds: Vec<usize> = config.data.sources.iter().map(|source| source.every).collect();
    assert_eq!(thirds, [1, 1, 1, 3, 10]);
}

/// docs/datasets.md says of each layout what the layout says of itself.
#[test]
fn the_table_of_layouts_is_the_codes() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/datasets.md");
    let text = std::fs::read_to_string(docs).unwrap();
    let named = |keys: &[Key], between: &str| -> String {
        let keys: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name())).collect();
        keys.join(between)
    };
    for kind in SourceKind::ALL {
        let more = if kind.takes.is_empty() {
            String::new()
        } else {
            format!(", perhaps {}", named(kind.takes, " and "))
        };
        let keys = format!("{}{more}", named(kind.needs, ", "));
        let row = format!("| `{}` | {keys} | {} |\n", kind.name, kind.files);
        assert!(text.contains(&row), "docs/datasets.md lacks the line:\n{row}");
    }
}
