//! `mien analyze`: videos, pictures and folders of frames to per-frame predictions.

mod found_table;
mod output;
pub(crate) mod output_names;
pub(crate) mod recognition;

use std::fs;
use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use shared_model::film_looks::{MOST_STRETCH, STRETCH, Stretches};
use shared_model::model_file::ModelFile;
use shared_model::recognizer::MAX_FRAME_STRIDE;
use shared_model::smoothing::Smoothing;

use crate::device::NamedDevice;
use crate::frame_source::FrameSource;
use crate::input_options::InputOptions;
use crate::known_people::KnownPeople;
use crate::result_format::{Format, video_name};
use crate::shards::manifest::{Done, Manifest, identity};
use crate::shards::shard::{self, ShardChoice};
use crate::smoothing_options::{parse_window, smoothing_parser};
use crate::written_files::WrittenFiles;
use crate::{atomic_file, model_store, stdout};
use output::Written;
use output_names::OutputNames;
use recognition::{Reading, Recognition, Strides};

/// What to analyse and how.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    from: InputOptions,
    /// How labels are made steady
    #[arg(long, default_value = "sliding", value_parser = smoothing_parser())]
    smoothing: Smoothing,
    /// Smoothing window in frames [default: the model's, 30]
    #[arg(long, value_name = "FRAMES", allow_negative_numbers = true, value_parser = parse_window)]
    window: Option<usize>,
    /// Look at every N-th frame only, at most every 16th; the frames between are interpolated
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse_stride)]
    stride: usize,
    /// Frames between the temporal encoder's clips [default: half a clip]
    #[arg(long, value_name = "FRAMES")]
    clip_stride: Option<NonZeroUsize>,
    /// Look for faces in the first and the last of N frames, and between them only where these two differ, at most 32; 1 looks at every
    /// frame. Models with an input of 128 pixels or more look at every frame
    #[arg(long, value_name = "N", default_value_t = STRETCH, value_parser = parse_span)]
    detector_span: usize,
    /// Take the whole picture as the face instead of looking for faces
    #[arg(long)]
    whole_frame: bool,
    /// What to write, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_value = "csv")]
    format: Vec<Format>,
    /// A folder's pictures are no film: no track, clip, window or interpolation joins two of them. A single picture is always
    /// read so, a video never
    #[arg(long, conflicts_with_all = ["stride", "clip_stride"])]
    unrelated: bool,
    /// Pictures a second in a folder of frames
    #[arg(long, default_value_t = 25.0, value_parser = parse_fps)]
    fps: f64,
    /// Who is who, from projects that the page wrote of these inputs: the person's number stands in place of the track's, and
    /// who was left out has no rows
    #[arg(long, value_name = "PROJECT.json")]
    people: Vec<PathBuf>,
    /// Only this share of the inputs, from 0/N to N-1/N, for several machines, or `auto` for that of a Slurm job array's
    /// task, where several inputs need one; `mien merge` puts the results together. 0/1 is all
    #[arg(long, value_name = "I/N|auto")]
    shard: Option<ShardChoice>,
    /// Replace what stands in a result's place also where mien did not write it, or where it was changed since; what a
    /// person reviewed or changed is kept beside, as .bak
    #[arg(long)]
    force: bool,
}

fn parse_stride(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(stride) if (1..=MAX_FRAME_STRIDE).contains(&stride) => Ok(stride),
        _ => Err(format!("expected 1 to {MAX_FRAME_STRIDE} frames")),
    }
}

fn parse_span(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(span) if (1..=MOST_STRETCH).contains(&span) => Ok(span),
        _ => Err(format!("expected 1 to {MOST_STRETCH} frames")),
    }
}

fn parse_fps(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(fps) if fps.is_finite() && fps > 0.0 => Ok(fps),
        _ => Err("expected a number of pictures a second above 0".to_owned()),
    }
}

/// Analyses all inputs, one after the other; one that fails does not keep the others from being
/// done. The paths of the files written go to stdout.
///
/// # Errors
/// When the model, the device or the output folder cannot be used, a file may not be replaced, a job array's task is not told
/// its share, and at the end when an input was not or not wholly analysed.
pub fn run(options: &Options) -> Result<()> {
    let folder = options.from.folder();
    let shard = shard::chosen(options.shard, &options.from.inputs, "inputs")?;
    // Names are given over all inputs, so that those of all shards differ.
    let mut names = OutputNames::new(folder);
    let bases = names.take_all(&options.from.inputs);
    let weights: Vec<u64> = options
        .from
        .inputs
        .iter()
        .map(|input| shard::weight(input))
        .collect();
    let places = shard.map_or_else(|| (0..bases.len()).collect(), |shard| shard.places(&weights));
    if let Some(shard) = shard {
        tracing::info!(
            "shard {shard}: {} of {} inputs",
            places.len(),
            options.from.inputs.len()
        );
    }
    let work: Vec<(&PathBuf, &PathBuf)> = places
        .iter()
        .filter_map(|place| options.from.inputs.get(*place).zip(bases.get(*place)))
        .collect();
    let account = shard.map(|shard| folder.join(Manifest::file_name(shard)));
    let results = work
        .iter()
        .flat_map(|(input, base)| output::paths(input, &options.format, base));
    let out = WrittenFiles::check(results.chain(account), options.force)?;
    let people = KnownPeople::read(&options.people, &options.from.inputs)?;
    // Before the work: a result may replace what they name.
    let settings = shard.map(|_| options.settings()).transpose()?;
    let model = model_store::read(&options.from.model)?;
    let device = options.from.device.open_and_say()?;
    let is_new = !folder.exists();
    atomic_file::make_folder(folder)?;
    let mut done = Vec::new();
    for (input, base) in work {
        match analyze_one(input, options, &people, &model, &device, base, &out) {
            Ok(files) => done.push(Done {
                input: input.clone(),
                files: files
                    .iter()
                    .filter_map(|path| path.file_name())
                    .map(PathBuf::from)
                    .collect(),
            }),
            Err(error) => tracing::error!("{error:#}"),
        }
    }
    let (count, failures) = (places.len(), places.len() - done.len());
    if let Some((shard, settings)) = shard.zip(settings) {
        let mut manifest = Manifest::new(shard, settings, &options.from.inputs);
        manifest.done = done;
        manifest.write(folder, &out)?;
    }
    if failures > 0 {
        if is_new {
            // Where nothing came of it, nothing is left; a folder that holds something stays.
            let _ = fs::remove_dir(folder);
        }
        bail!("{failures} of {count} inputs could not be analysed, or not wholly; the messages are above");
    }
    if count > 1 {
        tracing::info!("all {count} inputs analysed");
    }
    Ok(())
}

impl Options {
    /// What the results of several shards must have in common.
    fn settings(&self) -> Result<serde_json::Value> {
        let formats: Vec<String> = self.format.iter().map(|format| format!("{format:?}")).collect();
        let mut settings = serde_json::json!({
            "model": identity(&self.from.model)?,
            "smoothing": format!("{:?}", self.smoothing),
            "window": self.window,
            "stride": self.stride,
            "clip_stride": self.clip_stride,
            "detector_span": self.detector_span,
            "whole_frame": self.whole_frame,
            "fps": self.fps,
            "format": formats,
        });
        // Not said where it is not asked for, so that shares of older programs still go together with those of this one.
        if let (false, Some(settings)) = (self.people.is_empty(), settings.as_object_mut()) {
            let people: Vec<_> = self
                .people
                .iter()
                .map(|path| identity(path))
                .collect::<Result<_>>()?;
            settings.insert("people".to_owned(), people.into());
        }
        if let (true, Some(settings)) = (self.unrelated, settings.as_object_mut()) {
            settings.insert("unrelated".to_owned(), true.into());
        }
        Ok(settings)
    }
}

/// Gives the files written.
fn analyze_one(
    input: &Path,
    options: &Options,
    people: &KnownPeople,
    model: &ModelFile,
    device: &NamedDevice,
    base: &Path,
    out: &WrittenFiles,
) -> Result<Vec<PathBuf>> {
    let source = FrameSource::open(input, options.fps)?;
    let video = video_name(input);
    let strides = Strides {
        frames: options.stride,
        clips: options.clip_stride.map(NonZeroUsize::get),
        detector: Stretches::of(options.detector_span),
    };
    let unrelated = match &source {
        FrameSource::Pictures { paths, .. } => options.unrelated || paths.len() == 1,
        FrameSource::Video(_) | FrameSource::Animation(_) => false,
    };
    let reading = Reading {
        whole_frame: options.whole_frame,
        strides,
        unrelated,
        keeps_features: false,
    };
    let seen = Recognition::run(source, &video, model, reading, device)?;
    if seen.timeline.frames().is_empty() {
        // The stream ended with an error before its first frame.
        return Err(seen
            .ended_early
            .unwrap_or_else(|| anyhow::anyhow!("{video} holds no frame")));
    }
    let people = people.of(input, &seen.timeline)?.cloned().unwrap_or_default();
    let written = Written {
        video: &video,
        model: &options.from.model,
        smoothing: options.smoothing,
        window: options.window.unwrap_or(model.metadata.window),
        timeline: seen.timeline,
        people,
    };
    tracing::info!(
        "{video}: {} ({:.1} frames/s)",
        written.summary(),
        seen.frames_a_second
    );
    if std::io::stderr().is_terminal() {
        for line in written.found() {
            tracing::info!("{line}");
        }
    }
    let files = written.write(input, &options.format, base, out)?;
    for path in &files {
        stdout::line(format_args!("{}", path.display()));
    }
    for error in &seen.unreadable {
        tracing::warn!("{error:#}; the frame counts as one without a face");
    }
    if let Some(error) = seen.ended_early {
        return Err(error.context("the frames before were analysed and written"));
    }
    if !seen.unreadable.is_empty() {
        bail!("{video}: {} frames could not be read", seen.unreadable.len());
    }
    Ok(files)
}
