use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use shared_model::frame_table::COLUMNS;

use super::*;

fn check(folder: &Path, names: &[&str], force: bool) -> Result<WrittenFiles> {
    WrittenFiles::check(names.iter().map(|name| folder.join(name)), force)
}

fn refusal(folder: &Path, names: &[&str], force: bool) -> String {
    check(folder, names, force).unwrap_err().to_string()
}

/// Names in a folder but for the record's, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != RECORD)
        .collect();
    names.sort();
    names
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn table(reviewed: &str) -> String {
    let row = ["a.mp4", "0", "0", "0", "1", "1", "2", "2"];
    let cells: Vec<&str> = row
        .into_iter()
        .chain(["0.125"; 8])
        .chain(["1", "1", "1"])
        .collect();
    format!("{}\n{},{reviewed}\n", COLUMNS.join(","), cells.join(","))
}

/// Whatever a person and the program do in turns, what a person last saved is there or the program was told `force`; and
/// what the program alone has written never stands in its way.
#[test]
fn no_sequence_of_writes_and_edits_loses_an_edit() {
    const NAMES: [&str; 3] = ["a.vtt", "b.csv", "c.json"];
    let mut random = StdRng::seed_from_u64(8);
    let (mut refused, mut replaced) = (0, 0);
    for _ in 0..60 {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        // What a person saved last, by name.
        let mut edits: BTreeMap<&str, String> = BTreeMap::new();
        for step in 0..12 {
            let name = NAMES[random.random_range(0..NAMES.len())];
            let path = folder.join(name);
            match random.random_range(0..4) {
                0 => {
                    let edit = format!("a person's words {step}");
                    fs::write(&path, &edit).unwrap();
                    edits.insert(name, edit);
                }
                1 if path.exists() => {
                    fs::remove_file(&path).unwrap();
                    edits.remove(name);
                }
                // A process that is killed after it has listed a file and before the file is there.
                2 => record::add(
                    folder,
                    name,
                    &Content::of(format!("never there {step}").as_bytes()),
                )
                .unwrap(),
                _ => {
                    let force = random.random_range(0..5) == 0;
                    let found = check(folder, &NAMES, force);
                    assert_eq!(found.is_ok(), force || edits.is_empty(), "{edits:?}");
                    let Ok(files) = found else {
                        refused += 1;
                        continue;
                    };
                    for name in NAMES {
                        files
                            .write(&folder.join(name), format!("result {step}").as_bytes())
                            .unwrap();
                    }
                    replaced += 1;
                    edits.clear();
                }
            }
            for (name, edit) in &edits {
                assert_eq!(text(&folder.join(name)), *edit);
            }
        }
    }
    assert!(refused > 20 && replaced > 20, "{refused} {replaced}");
}

#[test]
fn the_refusal_names_all_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let files = check(folder, &["mine.vtt", "edited.vtt"], false).unwrap();
    files.write(&folder.join("mine.vtt"), b"x").unwrap();
    files.write(&folder.join("edited.vtt"), b"x").unwrap();
    fs::write(folder.join("edited.vtt"), "y").unwrap();
    fs::write(folder.join("own.vtt"), "z").unwrap();
    fs::write(folder.join("labels.csv"), table("4")).unwrap();
    fs::create_dir(folder.join("folder.csv")).unwrap();
    let planned = [
        "mine.vtt",
        "edited.vtt",
        "own.vtt",
        "labels.csv",
        "folder.csv",
        "new.csv",
    ];
    let said = refusal(folder, &planned, false);
    for part in [
        "edited.vtt was changed since mien wrote it",
        "own.vtt was not written by mien",
        "labels.csv holds labels that a person reviewed",
        "folder.csv is no file",
        "`--force`",
    ] {
        assert!(said.contains(part), "`{part}` in {said}");
    }
    assert!(!said.contains("mine.vtt") && !said.contains("new.csv"), "{said}");
    // A folder is not replaced at all.
    let said = refusal(folder, &planned, true);
    assert!(said.contains("folder.csv") && !said.contains("own.vtt"), "{said}");
    let many: Vec<String> = (0..30).map(|number| format!("{number}.txt")).collect();
    for name in &many {
        fs::write(folder.join(name), "").unwrap();
    }
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(refusal(folder, &many, false).contains("and 10 more"));
}

#[test]
fn reviewed_labels_need_force_also_where_mien_wrote_them_and_are_kept_beside() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = folder.join("a.csv");
    // As `mien merge` copies it from a share's folder.
    let files = check(folder, &["a.csv"], false).unwrap();
    files.write(&path, table("4").as_bytes()).unwrap();
    assert!(refusal(folder, &["a.csv"], false).contains("a person reviewed"));
    // The same bytes again replace nothing.
    files.write(&path, table("4").as_bytes()).unwrap();
    let files = check(folder, &["a.csv"], true).unwrap();
    for (new, label) in [("", "4"), ("", "")] {
        fs::write(&path, table(label)).unwrap();
        files.write(&path, table(new).as_bytes()).unwrap();
    }
    fs::write(&path, table("5")).unwrap();
    files.write(&path, b"other").unwrap();
    assert_eq!(names(folder), ["a.csv", "a.csv.bak", "a.csv.bak2"]);
    assert_eq!(text(&folder.join("a.csv.bak")), table("4"));
    assert_eq!(text(&folder.join("a.csv.bak2")), table("5"));
    // Nobody has reviewed anything in a table with an empty column.
    files.write(&path, table("").as_bytes()).unwrap();
    check(folder, &["a.csv"], false).unwrap();
}

#[test]
fn what_a_person_changed_is_kept_beside_whatever_its_format() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // A table as a spreadsheet of another language saves it, and corrected subtitles.
    for (name, edited, said) in [
        ("a.csv", table("4").replace(',', ";"), "a person reviewed"),
        ("a.vtt", "WEBVTT, corrected".to_owned(), "changed since"),
    ] {
        let path = folder.join(name);
        check(folder, &[name], false)
            .unwrap()
            .write(&path, b"first")
            .unwrap();
        fs::write(&path, &edited).unwrap();
        assert!(refusal(folder, &[name], false).contains(said));
        check(folder, &[name], true)
            .unwrap()
            .write(&path, b"second")
            .unwrap();
        assert_eq!(text(&path), "second");
        assert_eq!(text(&folder.join(format!("{name}.bak"))), edited);
    }
}

#[cfg(unix)]
#[test]
fn a_record_that_leads_elsewhere_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.txt");
    fs::write(&own, "mine").unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    std::os::unix::fs::symlink(&own, out.join(RECORD)).unwrap();
    assert!(refusal(&out, &["a.csv"], false).contains("must be a file"));
    assert_eq!(text(&own), "mine");
}

#[test]
fn what_appears_in_the_meantime_stays_and_the_result_is_kept_beside() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = folder.join("a.vtt");
    let files = check(folder, &["a.vtt"], false).unwrap();
    fs::write(&path, "a person's").unwrap();
    let said = files.write(&path, b"result").unwrap_err().to_string();
    assert!(
        said.contains("a.vtt was not written by mien") && said.contains("a.vtt.new"),
        "{said}"
    );
    assert_eq!(
        (text(&path).as_str(), text(&folder.join("a.vtt.new")).as_str()),
        ("a person's", "result")
    );
    // Another process of this program may have written it.
    let other = check(folder, &["b.vtt"], false).unwrap();
    check(folder, &["b.vtt"], false)
        .unwrap()
        .write(&folder.join("b.vtt"), b"1")
        .unwrap();
    other.write(&folder.join("b.vtt"), b"2").unwrap();
    assert_eq!(text(&folder.join("b.vtt")), "2");
}

#[test]
fn many_writers_lose_no_line_of_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let name = |writer: usize, file: usize| format!("{writer}-{file}.csv");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            scope.spawn(move || {
                for file in 0..20 {
                    // Also one name for all of them.
                    for name in [name(writer, file), "common.csv".to_owned()] {
                        let files = check(folder, &[&name], false).unwrap();
                        files
                            .write(&folder.join(&name), format!("{writer}, {file}").as_bytes())
                            .unwrap();
                    }
                }
            });
        }
    });
    let all: Vec<String> = (0..8)
        .flat_map(|writer| (0..20).map(move |file| name(writer, file)))
        .collect();
    let all: Vec<&str> = all.iter().map(String::as_str).chain(["common.csv"]).collect();
    check(folder, &all, false).unwrap();
    assert_eq!(names(folder).len(), all.len());
}

#[test]
fn a_broken_line_of_the_record_loses_itself_only() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let write = |name: &str| {
        check(folder, &[name], false)
            .unwrap()
            .write(&folder.join(name), b"x")
            .unwrap();
    };
    write("a.txt");
    write("b.txt");
    let record = folder.join(RECORD);
    let bytes = fs::read(&record).unwrap();
    fs::write(&record, &bytes[..bytes.len() - 10]).unwrap();
    write("c.txt");
    assert!(
        refusal(folder, &["a.txt", "b.txt", "c.txt"], false)
            .matches("not written by mien")
            .count()
            == 1
    );
    fs::write(&record, [0xff, 0, b'\n', b'{']).unwrap();
    write("d.txt");
    check(folder, &["d.txt"], false).unwrap();
}

#[cfg(unix)]
#[test]
fn links_and_devices_are_not_replaced_unasked() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("target.csv"), table("4")).unwrap();
    symlink("target.csv", folder.join("link.csv")).unwrap();
    symlink("nowhere", folder.join("dangling.csv")).unwrap();
    symlink("/dev/null", folder.join("device.csv")).unwrap();
    let planned = ["link.csv", "dangling.csv", "device.csv"];
    let said = refusal(folder, &planned, false);
    assert!(planned.iter().all(|name| said.contains(name)), "{said}");
    let said = refusal(folder, &planned, true);
    assert!(
        said.contains("device.csv is no file") && !said.contains("link.csv"),
        "{said}"
    );
    let files = check(folder, &planned[..2], true).unwrap();
    files.write(&folder.join("link.csv"), b"x").unwrap();
    assert_eq!(text(&folder.join("target.csv")), table("4"), "only the link goes");
}
