//! Readers of datasets, checkpoints and pictures: none panics on damaged bytes.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::path::{Path, PathBuf};

use crate::common::dataset_files::{grey_png, jpeg, payload, record};
use mutation::Inputs;
use native_train::datasets::class_numbers::ClassNumbers;
use native_train::datasets::usage::Usage;
use native_train::datasets::{
    affectnet_2017, expw, fer2013, ferplus, list_csv, ms1mv2, record_file, record_payload,
};
use native_train::{picture, torch_file};
use tempfile::TempDir;

/// A file that is written anew for every input.
struct Slot {
    folder: TempDir,
    name: &'static str,
}

impl Slot {
    fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, name }
    }

    fn with(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(self.name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

#[test]
fn checkpoints_of_torch() {
    // Written by torch.save, in the zip and the older format, by itself and inside a trainer's wrapper.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/foreign_bytes/checkpoints");
    let slot = Slot::new("a.pth");
    Inputs::of("checkpoint", Vec::<Vec<u8>>::new())
        .and_kept(&folder)
        .try_all(|bytes| {
            if let Ok(weights) = torch_file::read(&slot.with(bytes)) {
                assert!(
                    weights
                        .values()
                        .flat_map(|weight| &weight.values)
                        .all(|value| value.is_finite())
                );
            }
        });
}

#[test]
fn records_and_their_index() {
    let mut records = record(0, &payload(&[3.0], &[]));
    let second = records.len();
    records.extend(record(0, &payload(&[], &jpeg([9, 80, 200]))));
    let index = format!("0\t0\n1\t{second}\n");
    let (rec, idx) = (Slot::new("a.rec"), Slot::new("a.idx"));
    Inputs::of("records", [records.clone()]).try_all(|bytes| {
        let path = rec.with(bytes);
        let Ok(file) = record_file::RecordFile::open(&path) else {
            return;
        };
        for offset in [0, 4, second as u64, u64::MAX] {
            if let Ok(payload) = file.record(offset) {
                let _ = record_payload::jpeg(&payload);
            }
        }
    });
    let beside = idx.folder.path().join("a.rec");
    std::fs::write(&beside, &records).unwrap();
    Inputs::of("record-index", [index]).try_all(|bytes| {
        idx.with(bytes);
        let _ = ms1mv2::read(&beside);
    });
}

#[test]
fn lists_of_pictures() {
    let slot = Slot::new("list.csv");
    let folder = slot.folder.path().to_owned();
    let shares = "path,label,person,share_neutral,share_anger,share_disgust,share_fear,share_happiness,share_sadness,share_surprise,share_other\n\
                  a.jpg,0,p,0.9,0.1,0,0,0,0,0,0\nb.jpg,4,q,0,0,0,0,1,0,0,0\n";
    Inputs::of(
        "list",
        [
            "path,label,video,frame,person\na.jpg,Fear,v,1,p\n\"b,c.jpg\",3,v,2,\n",
            shares,
        ],
    )
    .try_all(|bytes| {
        let path = slot.with(bytes);
        let _ = list_csv::read(&path, None, true, ClassNumbers::default());
        let _ = list_csv::read(&path, Some(&folder), false, ClassNumbers::default());
    });
    let votes = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n\
                 Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0\nPublicTest,,0,0,0,0,0,0,0,0,0,10\n";
    let crowd = Slot::new("fer2013new.csv");
    let picture = crowd.folder.path().join("FER2013Train/fer0000000.png");
    crate::common::dataset_files::write(&picture, grey_png(90, 48));
    Inputs::of("votes", [votes]).try_all(|bytes| {
        crowd.with(bytes);
        let _ = ferplus::read(crowd.folder.path(), Usage::Train, None);
    });
    let pixels = "emotion,pixels,Usage\n0,1 2 3 4,Training\n6,255 0 17 9,PrivateTest\n";
    Inputs::of("pixels", [pixels]).try_all(|bytes| {
        if let Ok((file, rows)) = fer2013::PixelFile::open(&slot.with(bytes)) {
            for row in rows {
                let _ = file.picture(row.offset);
            }
        }
    });
    let affectnet = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal\n\
                     1/a.jpg,1,2,30,40,1;2,3,0.5,0.25\n";
    Inputs::of("affectnet", [affectnet]).try_all(|bytes| {
        let _ = affectnet_2017::read(&folder, &slot.with(bytes));
    });
    Inputs::of("expw", ["a.jpg 0 10 20 110 120 87.5 4\nb.jpg 1 1 2 30 40 50 6\n"]).try_all(|bytes| {
        let _ = expw::read(&folder, &slot.with(bytes));
    });
}

#[test]
fn pictures() {
    Inputs::of("picture", [jpeg([200, 90, 10]), grey_png(77, 24)]).try_all(|bytes| {
        if let Ok(frame) = picture::decode(bytes) {
            assert_eq!(frame.rgb().len(), 3 * frame.width() * frame.height());
        }
    });
}
