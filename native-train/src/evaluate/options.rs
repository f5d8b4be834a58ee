//! The options of `mien evaluate`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use shared_model::smoothing::Smoothing;

use crate::device::DeviceChoice;
use crate::shards::shard::ShardChoice;
use crate::smoothing_options::{parse_window, smoothing_parser};
use crate::written_files::WrittenFiles;

/// What to evaluate on what.
#[derive(Debug, Args)]
pub struct Options {
    /// The model file
    #[arg(long, value_name = "M.safetensors")]
    pub(super) model: PathBuf,
    /// A config (.toml): its validation videos, and the pictures of its validation sources, else of the persons that it
    /// holds back. A folder in Aff-Wild2's layout: `cropped_aligned` or `cropped`, and `annotations` with `Validation_Set` in
    /// it. Labelled pictures: a csv `path,label[,person]`, or a folder with a folder a class
    #[arg(long, value_name = "F.toml|DIR|F.csv", required_unless_present = "crops")]
    pub(super) data: Option<PathBuf>,
    /// Folder with a folder of crops for each video
    #[arg(long, value_name = "DIR", requires = "annotations", conflicts_with = "data")]
    pub(super) crops: Option<PathBuf>,
    /// Folder with an annotation (.txt) for each video
    #[arg(long, value_name = "DIR", requires = "crops")]
    pub(super) annotations: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    pub(super) device: DeviceChoice,
    /// How labels are made steady
    #[arg(long, default_value = "sliding", value_parser = smoothing_parser())]
    pub(super) smoothing: Smoothing,
    /// Smoothing window in frames [default: the model's, 30]
    #[arg(long, value_name = "FRAMES", allow_negative_numbers = true, value_parser = parse_window)]
    pub(super) window: Option<usize>,
    /// Compare all ways of smoothing over many windows
    #[arg(long)]
    pub(super) sweep: bool,
    /// Take whole pictures as the faces instead of looking for faces in them; videos are of crops, which always are
    #[arg(long)]
    pub(super) whole_frame: bool,
    /// Make pictures grey first
    #[arg(long)]
    pub(super) grey: bool,
    /// Print one JSON object. Figures of pictures stand in it under `pictures` where there are videos as well
    #[arg(long)]
    pub(super) json: bool,
    /// Folder for predictions (csv, and Aff-Wild2 of videos), the figures as JSON, confusion matrices and plots. A single
    /// file where `--submission` is given
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Write `--out` as an ABAW submission with exactly the rows of this example file, in its order; annotations are
    /// not needed then
    #[arg(long, value_name = "EXAMPLE.txt", requires = "out", conflicts_with_all = ["sweep", "json", "annotations", "shard"])]
    pub(super) submission: Option<PathBuf>,
    /// Only this share of the videos, from 0/N to N-1/N, for several machines, or `auto` for that of a Slurm job array's
    /// task, where several videos need one; `mien merge` gives the figures over all. 0/1 is all
    #[arg(long, value_name = "I/N|auto")]
    pub(super) shard: Option<ShardChoice>,
    /// Replace what stands in a result's place also where mien did not write it, or where it was changed since
    #[arg(long)]
    pub(super) force: bool,
}

impl Options {
    /// The files that will be written in `--out`, looked at before the work begins.
    pub(super) fn written_files(&self, names: &[PathBuf]) -> Result<WrittenFiles> {
        let folder = self.out.iter();
        let paths = folder.flat_map(|folder| names.iter().map(|name| folder.join(name)));
        WrittenFiles::check(paths, self.force)
    }
}
