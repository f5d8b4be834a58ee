//! Shares of an analysis and their merge: the same files as from one machine, or a clear refusal.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use shared_model::frame_table;
use shared_model::project::Project;

use crate::common::{mien, mien_fails, mien_ok, write_random_model, write_video, write_videos};

const NAMES: [&str; 5] = ["a.png", "b.png", "c.png", "d.png", "e.png"];

/// Five pictures of different sizes, two of one stem, and a model.
fn pictures(folder: &Path) -> Vec<String> {
    write_random_model(folder);
    fs::create_dir(folder.join("other")).unwrap();
    let mut inputs = Vec::new();
    for (number, name) in (1..).zip(NAMES.iter().copied().chain(["other/a.png"])) {
        let picture = image::RgbImage::from_fn(20 + 9 * number, 30, |x, y| {
            image::Rgb([(x * 7) as u8, (y * number) as u8, number as u8])
        });
        picture.save(folder.join(name)).unwrap();
        inputs.push(name.to_owned());
    }
    inputs
}

fn arguments<'a>(inputs: &'a [String], out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["analyze"];
    arguments.extend(inputs.iter().map(String::as_str));
    arguments.extend([
        "--model",
        "model.safetensors",
        "--device",
        "cpu",
        "--whole-frame",
        "--out",
        out,
    ]);
    arguments.extend(["--format", "csv,vtt"]);
    arguments.extend(more);
    arguments
}

fn shards(folder: &Path, inputs: &[String], count: usize) -> Vec<String> {
    (0..count)
        .map(|index| {
            let out = format!("part-{index}");
            mien_ok(
                folder,
                &arguments(inputs, &out, &["--shard", &format!("{index}/{count}")]),
            );
            out
        })
        .collect()
}

#[test]
fn shards_merge_to_what_one_machine_writes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let inputs = pictures(folder);
    mien_ok(folder, &arguments(&inputs, "whole", &[]));
    let mut merge = vec!["merge".to_owned()];
    merge.extend(shards(folder, &inputs, 3));
    merge.extend(["--out", "merged", "--csv", "all.csv"].map(str::to_owned));
    let merge: Vec<&str> = merge.iter().map(String::as_str).collect();
    mien_ok(folder, &merge);
    let listing = |name: &str| {
        let mut files: Vec<_> = fs::read_dir(folder.join(name))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        files.sort();
        files
    };
    assert_eq!(listing("merged"), listing("whole"));
    // The record of what was written is one more.
    assert_eq!(listing("whole").len(), 2 * inputs.len() + 1);
    for name in listing("whole") {
        let (one, many) = (
            folder.join("whole").join(&name),
            folder.join("merged").join(&name),
        );
        assert_eq!(fs::read(one).unwrap(), fs::read(many).unwrap(), "{name:?}");
    }
    let all = fs::read_to_string(folder.join("all.csv")).unwrap();
    let videos: Vec<&str> = all
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    let expected: Vec<&str> = NAMES.iter().copied().chain(["a.png"]).collect();
    assert_eq!(videos, expected, "in the order of the inputs, under one header");
}

#[test]
fn people_told_at_the_merge_give_what_one_machine_writes_that_knew_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Those whose names differ: a project is of the input of its name.
    let inputs = pictures(folder)[..NAMES.len()].to_vec();
    let with_json = ["--format", "json"];
    mien_ok(folder, &arguments(&inputs, "plain", &with_json));
    let kept = fs::read_to_string(folder.join("plain/c.json")).unwrap();
    let mut project = Project::from_json(&kept).unwrap();
    project.people.split(0, 0, 3);
    fs::write(folder.join("who.json"), project.to_json().unwrap()).unwrap();
    let people = ["--people", "who.json"];
    mien_ok(
        folder,
        &arguments(&inputs, "whole", &[&with_json[..], &people].concat()),
    );

    for (name, formats) in [("part", &with_json[..]), ("bare", &[])] {
        for index in ["0/2", "1/2"] {
            let out = format!("{name}-{}", &index[..1]);
            mien_ok(
                folder,
                &arguments(&inputs, &out, &[formats, &["--shard", index]].concat()),
            );
        }
    }
    mien_ok(
        folder,
        &[
            "merge", "part-0", "part-1", "--out", "merged", "--csv", "all.csv", "--people", "who.json",
        ],
    );
    for name in ["a.csv", "c.csv", "c.vtt", "c.json"] {
        let [one, many] = ["whole", "merged"].map(|from| fs::read(folder.join(from).join(name)).unwrap());
        assert_eq!(one, many, "{name}");
    }
    let rows = frame_table::read(fs::File::open(folder.join("all.csv")).unwrap()).unwrap();
    let track_of = |video: &str| rows.iter().find(|named| named.video == video).unwrap().row.track;
    assert_eq!((track_of("b.png"), track_of("c.png")), (Some(0), Some(3)));
    let refused = mien_fails(
        folder,
        1,
        &[
            "merge", "bare-0", "bare-1", "--out", "other", "--people", "who.json",
        ],
    );
    assert!(refused.contains("c.png has no json"), "{refused}");
}

/// A share whose program did not know the columns behind the twentieth yet.
#[test]
fn tables_of_an_older_program_go_by_the_names_in_their_header() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut inputs = pictures(folder);
    // A table of its own name each.
    inputs.truncate(NAMES.len());
    let parts = shards(folder, &inputs, 2);
    let rewrite = |path: &Path, change: &dyn Fn(&str) -> String| {
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<String> = text.lines().map(change).collect();
        fs::write(path, format!("{}\n", lines.join("\n"))).unwrap();
    };
    let first = fs::read_dir(folder.join(&parts[0]))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "csv"))
        .unwrap();
    let merge = ["merge", &parts[0], &parts[1], "--csv", "all.csv"];
    mien_ok(folder, &merge);
    let all = fs::read_to_string(folder.join("all.csv")).unwrap();
    let name = fs::read_to_string(&first).unwrap();
    let name = name.lines().nth(1).unwrap().to_owned();
    rewrite(&first, &|line| {
        line.split(',')
            .take(frame_table::FIRST_COLUMNS)
            .collect::<Vec<_>>()
            .join(",")
    });
    mien_ok(folder, &merge);
    let mixed = fs::read_to_string(folder.join("all.csv")).unwrap();
    assert_eq!(mixed.lines().count(), all.lines().count());
    for (before, after) in all.lines().zip(mixed.lines()) {
        let (before, after): (Vec<&str>, Vec<&str>) =
            (before.split(',').collect(), after.split(',').collect());
        assert_eq!(after.len(), frame_table::COLUMNS.len());
        if before.join(",") == name {
            assert_eq!(
                after[..frame_table::FIRST_COLUMNS],
                before[..frame_table::FIRST_COLUMNS]
            );
            assert!(
                after[frame_table::FIRST_COLUMNS..]
                    .iter()
                    .all(|cell| cell.is_empty())
            );
        } else {
            assert_eq!(after, before);
        }
    }
    // Readers take it, too.
    assert_eq!(frame_table::read(mixed.as_bytes()).unwrap().len(), inputs.len());
    // A column that the others do not have has no place.
    rewrite(&first, &|line| format!("{line},more"));
    let said = mien_fails(folder, 1, &merge);
    assert!(said.contains("`more`"), "{said}");
}

/// Task 2 of a job array's 1 and 2.
const TASK: [(&str, &str); 3] = [
    ("SLURM_ARRAY_TASK_ID", "2"),
    ("SLURM_ARRAY_TASK_COUNT", "2"),
    ("SLURM_ARRAY_TASK_MIN", "1"),
];

/// Runs `mien` as a task of a job array; gives exit status, standard output and standard error.
fn as_task(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mien"));
    let output = command
        .current_dir(folder)
        .args(arguments)
        .envs(TASK)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_job_array_needs_a_word_about_several_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let inputs = pictures(folder);
    let run = |inputs: &[String], out: &str, more: &[&str]| as_task(folder, &arguments(inputs, out, more));
    let (status, _, said) = run(&inputs, "part", &[]);
    assert_eq!(status, Some(2), "{said}");
    assert!(
        said.contains("`--shard auto`") && said.contains("`--shard 0/1`"),
        "{said}"
    );
    assert!(!folder.join("part").exists());
    let (status, _, said) = run(&inputs, "part", &["--shard", "auto"]);
    assert!(status == Some(0) && said.contains("shard 1/2: "), "{said}");
    let (status, _, said) = run(&inputs, "fifth", &["--shard", "4/5"]);
    assert!(status == Some(0) && said.contains("shard 4/5: "), "{said}");
    let (status, printed, _) = run(&inputs, "all", &["--shard", "0/1"]);
    assert_eq!((status, printed.lines().count()), (Some(0), 2 * inputs.len()));
    assert!(folder.join("all/shard-0-of-1.json").is_file());
    // One input a task, as `talk_$SLURM_ARRAY_TASK_ID.mp4` gives it, is analysed wholly.
    let (status, printed, _) = run(&inputs[2..3], "one", &[]);
    assert_eq!((status, printed.as_str()), (Some(0), "one/c.csv\none/c.vtt\n"));
    assert!(folder.join("one/c.csv").is_file() && !folder.join("one/shard-1-of-2.json").exists());
    // Outside of an array there is no such share.
    let said = mien_fails(folder, 2, &arguments(&inputs, "none", &["--shard", "auto"]));
    assert!(said.contains("SLURM_ARRAY_TASK_ID"), "{said}");
    let twice = [inputs.clone(), inputs].concat();
    let said = mien_fails(folder, 2, &arguments(&twice, "none", &["--shard", "0/2"]));
    assert!(said.contains("a.png is given twice"), "{said}");
    assert!(!folder.join("none").exists());
}

#[test]
fn an_evaluation_in_a_job_array_needs_a_word_about_several_videos() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    videos(folder);
    write_video(folder, "single", "alone", &[0, 4, 1], &[Some(0), Some(4), None]);
    let run = |more: &[&str]| as_task(folder, &[&EVALUATE[..], more].concat());
    let (status, _, said) = run(&[]);
    assert_eq!(status, Some(2), "{said}");
    assert!(
        said.contains("5 videos") && said.contains("`--shard auto`") && said.contains("`--shard 0/1`"),
        "{said}"
    );
    // All of them are what they are without an array, and account for themselves as well.
    let whole = mien_ok(folder, &[&EVALUATE[..], &["--out", "whole"]].concat());
    let (status, printed, _) = run(&["--shard", "0/1", "--out", "all"]);
    assert_eq!((status, &printed), (Some(0), &whole));
    assert!(mien_ok(folder, &["merge", "all", "--out", "merged"]) == whole);
    assert!(tree(&folder.join("merged")) == tree(&folder.join("whole")));
    let (status, printed, _) = run(&["--shard", "0/1", "--json"]);
    assert!(status == Some(0) && printed.starts_with('{'), "{printed}");
    let (status, _, said) = run(&["--shard", "auto", "--out", "part"]);
    assert!(status == Some(0) && said.contains("shard 1/2: "), "{said}");
    assert!(!folder.join("part/evaluation.json").exists());
    for wrong in [
        &["--shard", "auto"][..],
        &["--shard", "auto", "--out", "x", "--json"],
    ] {
        assert_eq!(run(wrong).0, Some(2), "{wrong:?}");
    }
    let single = EVALUATE.map(|argument| if argument == "train" { "single" } else { argument });
    let (status, printed, said) = as_task(folder, &single);
    assert!(status == Some(0) && printed.contains("1 videos"), "{said}");
}

#[test]
fn the_script_of_the_docs_does_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("videos")).unwrap();
    for (name, seconds) in [("a", 1), ("b", 2), ("c", 1)] {
        let make = format!("-f lavfi -i testsrc=size=64x48:rate=10:duration={seconds} videos/{name}.mp4");
        if !crate::common::ffmpeg(folder, &make) {
            return;
        }
    }
    write_random_model(folder);
    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cluster.md")).unwrap();
    let mut blocks = docs
        .split("```bash\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let (script, merge) = (blocks.next().unwrap(), blocks.next().unwrap());
    assert!(script.contains("#SBATCH --array"), "{script}");
    let bash = |script: &str, task: usize| {
        let programs = Path::new(env!("CARGO_BIN_EXE_mien")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let output = Command::new("bash")
            .current_dir(folder)
            .args(["-ec", script])
            .env("PATH", path)
            .env("SLURM_CPUS_PER_TASK", "1")
            .env("SLURM_ARRAY_TASK_ID", task.to_string())
            .env("SLURM_ARRAY_TASK_COUNT", "2")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", crate::common::stderr(&output));
    };
    bash(script, 0);
    bash(script, 1);
    bash(merge, 0);
    let rows = frame_table::read(fs::File::open(folder.join("all.csv")).unwrap()).unwrap();
    assert_eq!(rows.len(), 40);
    assert_eq!(
        (rows[0].video.as_str(), rows[39].video.as_str()),
        ("a.mp4", "c.mp4")
    );
}

#[test]
fn merged_results_replace_nothing_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let inputs = pictures(folder);
    shards(folder, &inputs, 2);
    fs::create_dir(folder.join("merged")).unwrap();
    fs::write(folder.join("merged/b.vtt"), "mine").unwrap();
    fs::write(folder.join("all.csv"), "mine").unwrap();
    let merge = ["merge", "part-0", "part-1", "--out", "merged", "--csv", "all.csv"];
    let said = mien_fails(folder, 1, &merge);
    assert!(
        said.contains("merged/b.vtt") && said.contains("all.csv"),
        "{said}"
    );
    assert_eq!(fs::read(folder.join("merged/b.vtt")).unwrap(), b"mine");
    assert!(!folder.join("merged/a.csv").exists());
    mien_ok(folder, &[&merge[..], &["--force"]].concat());
    mien_ok(folder, &merge);
    // A share's own result is no place for the table.
    let result = ["part-0/a.csv", "part-1/a.csv"]
        .into_iter()
        .find(|path| folder.join(path).exists())
        .unwrap();
    let before = fs::read(folder.join(result)).unwrap();
    mien_fails(
        folder,
        2,
        &["merge", "part-0", "part-1", "--csv", result, "--force"],
    );
    assert_eq!(fs::read(folder.join(result)).unwrap(), before);
    // Nor is one of the files that `--out` gets, which is not there yet.
    let twice = [
        "merge",
        "part-0",
        "part-1",
        "--out",
        "fresh",
        "--csv",
        "fresh/a.csv",
    ];
    let said = mien_fails(folder, 2, &twice);
    assert!(said.contains("`--out` writes too"), "{said}");
    assert!(!folder.join("fresh").exists());
    // Into the shares' common folder: the results stay where they are.
    for shard in ["0/2", "1/2"] {
        mien_ok(folder, &arguments(&inputs, "common", &["--shard", shard]));
    }
    mien_ok(folder, &["merge", "common", "--out", "common"]);
}

#[test]
fn an_input_that_never_works_does_not_keep_the_others_from_being_merged() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let inputs = pictures(folder);
    fs::write(folder.join("c.png"), "no picture").unwrap();
    let mut failures = 0;
    for index in 0..2 {
        let out = format!("part-{index}");
        let output = mien(
            folder,
            &arguments(&inputs, &out, &["--shard", &format!("{index}/2")]),
        );
        failures += i32::from(!output.status.success());
    }
    assert!(failures > 0);
    let said = mien_fails(folder, 1, &["merge", "part-0", "part-1", "--out", "merged"]);
    assert!(said.contains("c.png") && said.contains("--partial"), "{said}");
    assert!(!folder.join("merged").exists());
    mien_ok(
        folder,
        &["merge", "part-0", "part-1", "--out", "merged", "--partial"],
    );
    assert!(folder.join("merged/a.csv").is_file() && !folder.join("merged/c.csv").exists());
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let inputs = pictures(folder);
    shards(folder, &inputs, 2);
    let refused = |parts: &[&str]| {
        let mut merge = vec!["merge"];
        merge.extend(parts);
        merge.extend(["--csv", "all.csv"]);
        let message = mien_fails(folder, 1, &merge);
        assert!(!folder.join("all.csv").exists());
        message
    };
    assert!(refused(&["part-0"]).contains("missing: 1"));
    assert!(refused(&["part-0", "part-0"]).contains("shard 0 is in"));
    assert!(refused(&["other"]).contains("holds no shard"));
    // The same shard with other options.
    mien_ok(
        folder,
        &arguments(&inputs, "odd", &["--shard", "1/2", "--window", "3"]),
    );
    assert!(refused(&["part-0", "odd"]).contains("options differ"));
    // An input that failed is missing in the account of its shard.
    fs::write(folder.join("c.png"), "no picture").unwrap();
    for shard in ["0/2", "1/2"] {
        mien(folder, &arguments(&inputs, "broken", &["--shard", shard]));
    }
    let message = refused(&["broken"]);
    assert!(
        message.contains("1 of 6 inputs") && message.contains("c.png"),
        "{message}"
    );
    fs::remove_file(folder.join("part-0").join("a.csv")).ok();
    fs::remove_file(folder.join("part-1").join("a.csv")).ok();
    assert!(refused(&["part-0", "part-1"]).contains("is gone"));
}

/// Files below `folder` but for the shards' accounts, with their bytes.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if path.is_dir() {
                open.push(path);
            } else if !name.starts_with("shard-") {
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

/// Videos of different lengths, one without a crop, and one without a label.
fn videos(folder: &Path) {
    write_random_model(folder);
    write_videos(folder);
    write_video(folder, "train", "unseen", &[3; 25], &[None; 25]);
    write_video(folder, "train", "unlabelled", &[-1; 20], &[Some(2); 20]);
}

const EVALUATE: [&str; 10] = [
    "evaluate",
    "--model",
    "model.safetensors",
    "--device",
    "cpu",
    "--crops",
    "crops",
    "--annotations",
    "train",
    "--sweep",
];

#[test]
fn shares_of_an_evaluation_merge_to_the_figures_of_one_machine() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    videos(folder);
    let evaluate = |more: &[&str]| mien_ok(folder, &[&EVALUATE[..], more].concat());
    let printed = evaluate(&["--out", "whole"]);
    let whole = tree(&folder.join("whole"));
    for name in [
        "evaluation.json",
        "sweep.csv",
        "confusion-temporal.svg",
        "predictions/c.csv",
    ] {
        assert!(whole.contains_key(name), "{name}");
    }
    // More shares than videos as well, and all of them in one folder.
    for (count, common) in [(2, false), (3, true), (7, false)] {
        let mut merge = vec!["merge".to_owned()];
        for index in 0..count {
            let out = if common {
                format!("of-{count}")
            } else {
                format!("of-{count}-{index}")
            };
            evaluate(&["--out", &out, "--shard", &format!("{index}/{count}")]);
            if !merge.contains(&out) {
                merge.push(out);
            }
        }
        let out = format!("merged-{count}");
        merge.extend(["--out", &out, "--csv", "all.csv"].map(str::to_owned));
        let merge: Vec<&str> = merge.iter().map(String::as_str).collect();
        assert_eq!(mien_ok(folder, &merge), printed, "{count} shares");
        assert!(tree(&folder.join(&out)) == whole, "{count} shares");
    }
    let all = fs::read_to_string(folder.join("all.csv")).unwrap();
    // Frames of all five videos, under one header.
    assert_eq!(all.lines().count(), 1 + 90 + 40 + 150 + 25 + 20);
}

#[test]
fn shares_of_different_evaluations_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    videos(folder);
    let evaluate = |more: &[&str]| mien_ok(folder, &[&EVALUATE[..], more].concat());
    evaluate(&["--out", "first", "--shard", "0/2"]);
    let refused = |parts: &[&str]| {
        let arguments = [&["merge"], parts, &["--out", "merged"]].concat();
        let said = mien_fails(folder, 1, &arguments);
        assert!(!folder.join("merged").exists());
        said
    };
    evaluate(&["--out", "window", "--shard", "1/2", "--window", "3"]);
    assert!(refused(&["first", "window"]).contains("options differ"));
    // Another model of the same name and size.
    let mut model = crate::common::random_model(true);
    model
        .weights
        .values_mut()
        .for_each(|weight| weight.values.reverse());
    fs::write(folder.join("model.safetensors"), model.to_bytes().unwrap()).unwrap();
    evaluate(&["--out", "other", "--shard", "1/2"]);
    assert!(refused(&["first", "other"]).contains("model or options differ"));
    assert!(refused(&["first"]).contains("missing: 1"));
    // A result outside of the share's folder is not followed.
    let path = folder.join("first/shard-0-of-2.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("predictions/", "../predictions/")).unwrap();
    assert!(refused(&["first"]).contains("not inside of its folder"));
    // A share needs a folder.
    let arguments = [&EVALUATE[..], &["--shard", "0/2"]].concat();
    mien_fails(folder, 2, &arguments);
}
