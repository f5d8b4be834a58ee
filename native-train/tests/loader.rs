//! The loader: batches depend on the seed and the step alone, and no broken picture ends a run.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, in their helpers too")]

#[path = "common/dataset_files.rs"]
mod dataset_files;

use std::path::Path;

use burn::tensor::Device;
use dataset_files::{jpeg, ms1mv2, write};
use native_train::pretrain::config::PretrainConfig;
use native_train::pretrain::read_data;
use native_train::pretrain::semi_supervised::batches::{PairedBatch, PairedLoader};
use native_train::pretrain::supervised::SupervisedData;

/// Labelled pictures of two classes, and a pool of records and of what a quota leaves over. Nothing is
/// kept in memory, so that each picture is read whenever it is needed.
fn write_data(folder: &Path) -> PretrainConfig {
    let mut list = "path,label,person\n".to_owned();
    for number in 0..40_u8 {
        let name = format!("faces/{number}.jpg");
        write(&folder.join(&name), jpeg([number * 6, 250 - number * 6, 90]));
        list.push_str(&format!(
            "{name},{},p{number}\n",
            if number % 2 == 0 { 0 } else { 4 }
        ));
    }
    write(&folder.join("list.csv"), list);
    let mut records: Vec<_> = (0..30).map(|n| jpeg([n * 8, 40, n * 8])).collect();
    // A picture in the middle that is none.
    records[13] = b"\xff\xd8 no JPEG".to_vec();
    ms1mv2(folder, &records);
    let text = format!(
        "mode = \"semi-supervised\"\nrun = \"run\"\nseed = 5\n[data]\nlabelled = \"{0}/list.csv\"\nquota = 10\ncache_mib = 0\n\
         [[data.source]]\nkind = \"ms1mv2\"\nuse = \"unlabelled\"\npath = \"{0}/train.rec\"\n\
         [model]\ninput_size = 32\nblocks = [1, 1, 1, 1]\nwidth = 4\n[training]\nbatch = 5\n\
         [semi_supervised]\nunlabelled_ratio = 2\n",
        folder.display()
    );
    write(&folder.join("c.toml"), text);
    PretrainConfig::read(&folder.join("c.toml")).unwrap()
}

fn batches(config: &PretrainConfig, data: &SupervisedData, threads: usize, first: u64) -> Vec<PairedBatch> {
    let input = config.input();
    let loader = PairedLoader::of(config, data, &input);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| (first..12).map(|step| loader.batch(step).unwrap()).collect())
}

#[test]
fn the_same_seed_gives_the_same_batches_whatever_the_threads_and_what_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_data(folder.path());
    let data = read_data(&config, &Device::flex()).unwrap();
    let sound = batches(&config, &data, 2, 0);
    // Pictures break in the middle of a run: one is cut short, one is gone.
    let pictures = data.training.pictures();
    for (place, bytes) in [(1, Some(&jpeg([1; 3])[..60])), (4, None)] {
        let path = folder.path().join(format!(
            "faces/{}.jpg",
            pictures[place].person.trim_start_matches('p')
        ));
        match bytes {
            Some(bytes) => write(&path, bytes),
            None => std::fs::remove_file(path).unwrap(),
        }
    }
    let one = batches(&config, &data, 1, 0);
    assert!(data.training.lost() > 0);
    assert!(data.unlabelled.unreadable() > 0);
    for threads in [2, 7] {
        assert!(one == batches(&config, &data, threads, 0), "{threads} threads");
    }
    // What is replaced is another picture of the class; nothing else changes.
    assert!(one != sound);
    for (now, before) in one.iter().zip(&sound) {
        assert_eq!(now.labelled.labels, before.labelled.labels);
        assert_eq!(now.weak, before.weak);
    }
    let picture = 3 * 32 * 32;
    let pairs = || {
        one.iter().zip(&sound).flat_map(|(now, before)| {
            now.labelled
                .pictures
                .chunks(picture)
                .zip(before.labelled.pictures.chunks(picture))
        })
    };
    let changed = pairs().filter(|(now, before)| now != before).count();
    assert!(changed > 0 && changed < pairs().count() / 2, "{changed}");
}

#[test]
fn batches_from_the_middle_are_those_of_an_uninterrupted_run() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_data(folder.path());
    let data = read_data(&config, &Device::flex()).unwrap();
    let whole = batches(&config, &data, 2, 0);
    // A pool of some 40 pictures, 10 a step: the order is taken up within and between its rounds.
    for first in [1, 3, 4, 9] {
        assert!(
            batches(&config, &data, 2, first) == whole[first as usize..],
            "from step {first}"
        );
    }
    // As a run gets them: ahead, through the bounded queue, after the data was read anew.
    let again = read_data(&config, &Device::flex()).unwrap();
    let input = config.input();
    let loader = PairedLoader::of(&config, &again, &input);
    std::thread::scope(|scope| {
        let stream = loader.stream(scope, 5, 12);
        assert!(
            stream
                .into_iter()
                .map(Result::unwrap)
                .eq(whole[5..].iter().cloned())
        );
        // A receiver that leaves early does not hold the thread up.
        drop(loader.stream(scope, 0, u64::MAX));
    });
}

#[test]
fn a_pool_that_cannot_be_read_at_all_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = write_data(folder.path());
    ms1mv2(folder.path(), &vec![b"none".to_vec(); 30]);
    config.data.quota = 0;
    let data = read_data(&config, &Device::flex()).unwrap();
    let input = config.input();
    let error = format!(
        "{:#}",
        PairedLoader::of(&config, &data, &input).batch(0).unwrap_err()
    );
    assert!(error.contains("the unlabelled pictures of step 0"), "{error}");
    assert!(error.contains("train.rec") && error.contains("[data]"), "{error}");
}
