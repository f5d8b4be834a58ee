//! `mien features`: what the backbone makes of each face, for analyses of one's own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use shared_model::film_looks::Stretches;
use shared_model::frame_table;
use shared_model::model_file::ModelFile;
use shared_model::recognizer::FaceFeature;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::FrameRow;

use crate::analyze::output_names::{OutputNames, with_ending};
use crate::analyze::recognition::{Reading, Recognition, Strides};
use crate::device::NamedDevice;
use crate::frame_source::FrameSource;
use crate::input_options::InputOptions;
use crate::result_format::video_name;
use crate::written_files::WrittenFiles;
use crate::{atomic_file, model_store, npy_file, stdout};

/// Whose features, and how they are read.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    from: InputOptions,
    /// Take the whole picture as the face instead of looking for faces
    #[arg(long)]
    whole_frame: bool,
    /// A folder's pictures are no film: none shares a track with another
    #[arg(long)]
    unrelated: bool,
    /// Replace what stands in a result's place also where mien did not write it, or where it was changed since
    #[arg(long)]
    force: bool,
}

/// Writes for each input `NAME.features.npy` (a matrix of 32-bit floats, a row for each face that was seen in a frame) and
/// `NAME.features.csv` (the same faces in the same order, with the columns of `mien analyze`). The paths go to stdout.
///
/// # Errors
/// When the model, the device or the output folder cannot be used, a file may not be replaced, and at the end when an input could not be
/// read, or not wholly.
pub fn run(options: &Options) -> Result<()> {
    let folder = options.from.folder();
    let bases = OutputNames::new(folder).take_all(&options.from.inputs);
    let out = WrittenFiles::check(bases.iter().flat_map(|base| paths(base)), options.force)?;
    let model = model_store::read(&options.from.model)?;
    atomic_file::make_folder(folder)?;
    let device = options.from.device.open_and_say()?;
    let mut failures = 0;
    for (input, base) in options.from.inputs.iter().zip(&bases) {
        if let Err(error) = read_one(input, options, &model, &device, base, &out) {
            tracing::error!("{error:#}");
            failures += 1;
        }
    }
    if failures > 0 {
        let count = options.from.inputs.len();
        bail!("{failures} of {count} inputs could not be read, or not wholly; the messages are above");
    }
    Ok(())
}

/// The matrix and the table.
fn paths(base: &Path) -> [PathBuf; 2] {
    ["features.npy", "features.csv"].map(|ending| with_ending(base, ending))
}

fn read_one(
    input: &Path,
    options: &Options,
    model: &ModelFile,
    device: &NamedDevice,
    base: &Path,
    out: &WrittenFiles,
) -> Result<()> {
    // Times of a folder's pictures matter to no feature.
    let source = FrameSource::open(input, 25.0)?;
    let video = video_name(input);
    let unrelated = match &source {
        FrameSource::Pictures { paths, .. } => options.unrelated || paths.len() == 1,
        FrameSource::Video(_) | FrameSource::Animation(_) => false,
    };
    let reading = Reading {
        whole_frame: options.whole_frame,
        strides: Strides {
            frames: 1,
            clips: None,
            detector: Stretches::default(),
        },
        unrelated,
        keeps_features: true,
    };
    let seen = Recognition::run(source, &video, model, reading, device)?;
    if seen.timeline.frames().is_empty() {
        // The stream ended with an error before its first frame.
        return Err(seen
            .ended_early
            .unwrap_or_else(|| anyhow::anyhow!("{video} holds no frame")));
    }
    let window = model.metadata.window;
    let mut rows = seen.timeline.rows(Smoothing::default(), window);
    rows.retain(|row| row.face_box.is_some());
    let matrix = matrix_of(&rows, &seen.features, model.metadata.backbone.feature_len())
        .with_context(|| format!("the features of {video}"))?;
    let [npy, csv] = paths(base);
    out.write(&npy, &matrix)?;
    out.write(&csv, frame_table::to_string(&video, &rows).as_bytes())?;
    tracing::info!(
        "{video}: {} faces in {} frames",
        rows.len(),
        seen.timeline.frames().len()
    );
    for path in [npy, csv] {
        stdout::line(format_args!("{}", path.display()));
    }
    for error in &seen.unreadable {
        tracing::warn!("{error:#}; the frame counts as one without a face");
    }
    if let Some(error) = seen.ended_early {
        return Err(error.context("the frames before were read and written"));
    }
    if !seen.unreadable.is_empty() {
        bail!("{video}: {} frames could not be read", seen.unreadable.len());
    }
    Ok(())
}

/// The rows' features in their order.
fn matrix_of(rows: &[FrameRow], features: &[FaceFeature], columns: usize) -> Result<Vec<u8>> {
    let mut by_frame: HashMap<usize, Vec<&FaceFeature>> = HashMap::new();
    for feature in features {
        by_frame.entry(feature.frame).or_default().push(feature);
    }
    let of_row = |row: &FrameRow| {
        let there = by_frame.get(&row.frame)?;
        let found = there
            .iter()
            .find(|feature| Some(feature.face_box) == row.face_box)?;
        Some(found.values.as_slice())
    };
    let found: Option<Vec<&[f32]>> = rows.iter().map(of_row).collect();
    let found = found.context("a face has none: please report this")?;
    Ok(npy_file::matrix(found.into_iter(), columns))
}
