//! 200 steps of stage 1 on rendered faces, killed in the middle, taken up again, and looked at.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::child::last_error;
use super::options::{Options, word_of};
use super::report::{Check, Outcome};
use crate::device::DeviceChoice;
use crate::synth::{SynthSpec, generate};
use crate::training_run::checkpoint;
use crate::written_files::RECORD;
use crate::{atomic_file, model_store};

const STEPS: u64 = 200;
/// Steps between evaluations, which checkpoints follow: the last before the kill is that of step 100.
const STEPS_AN_EPOCH: u64 = 50;
/// The first step in the log after which the run is killed.
const KILLED_AFTER: u64 = 110;
/// The section's folder in that of the report, and what the section leaves in it, also where it is killed.
const FOLDER: &str = "training";
const OWN_ENTRIES: [&str; 6] = ["faces", "run", "config.toml", "log.jsonl", PRETRAIN_LOG, RECORD];
const PRETRAIN_LOG: &str = "pretrain.log";
const LOOK: Duration = Duration::from_millis(20);

/// What is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Setting {
    /// Pictures a step, of each kind.
    batch: usize,
    /// Input of the network in pixels.
    size: usize,
    /// Whether it is a network of four blocks in the place of ResNet-50.
    is_small: bool,
    /// Labelled and as many unlabelled faces.
    faces: usize,
}

impl Setting {
    fn of(options: &Options) -> Self {
        if options.quick {
            return Self {
                batch: 4,
                size: 32,
                is_small: true,
                faces: 80,
            };
        }
        Self {
            batch: if options.device == DeviceChoice::Cpu {
                8
            } else {
                32
            },
            size: options.size,
            is_small: false,
            faces: 640,
        }
    }

    fn words(&self) -> String {
        let network = if self.is_small {
            "small network"
        } else {
            "ResNet-50"
        };
        let Self { batch, size, .. } = self;
        format!("{network}, {size} pixels, {batch} labelled and {batch} unlabelled pictures a step")
    }

    fn config(&self, faces: &Path, run: &Path) -> String {
        let model = if self.is_small {
            "blocks = [1, 1, 1, 1]\nwidth = 4\n"
        } else {
            ""
        };
        // Paths are quoted as JSON, whose strings are TOML's too.
        let quoted = |path: PathBuf| Value::from(path.to_string_lossy().into_owned());
        format!(
            "mode = \"semi-supervised\"\nrun = {run}\nseed = 1\nnote = \"a check of a device; of no use otherwise\"\n\
             [data]\nlabelled = {labelled}\nunlabelled = {unlabelled}\norigin = \"rendered by mien synth\"\n\
             [model]\ninput_size = {size}\n{model}\
             [training]\nbatch = {batch}\nsteps = {STEPS}\nsteps_an_epoch = {STEPS_AN_EPOCH}\n",
            run = quoted(run.to_path_buf()),
            labelled = quoted(faces.join("labelled.csv")),
            unlabelled = quoted(faces.join("unlabelled.csv")),
            size = self.size,
            batch = self.batch,
        )
    }
}

/// Looks whether the section's folder, which is emptied, holds what this section leaves there and nothing else.
///
/// # Errors
/// When it holds something else, or cannot be read.
pub(super) fn look_at(out: &Path) -> Result<()> {
    let folder = out.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => bail!("{} cannot be read: {error}", folder.display()),
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("{} cannot be read", folder.display()))?;
        let name = entry.file_name();
        let is_own = OWN_ENTRIES.iter().any(|own| name == *own)
            // What a killed renderer or writer had begun.
            || name.to_string_lossy().starts_with(".mien-");
        ensure!(
            is_own,
            "{} was not written by mien, and {} is emptied by this check: move it away, or name another folder with `--out`",
            entry.path().display(),
            folder.display()
        );
    }
    Ok(())
}

/// Renders, trains, kills, resumes and looks.
///
/// # Errors
/// When a part of it cannot be begun.
pub(super) fn run(options: &Options, say: &mut dyn FnMut(Check)) -> Result<()> {
    let setting = Setting::of(options);
    look_at(&options.out)?;
    let folder = std::path::absolute(&options.out)?.join(FOLDER);
    if folder.is_dir() {
        // Of an older report: all that is in it was looked at above.
        fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    atomic_file::make_folder(&folder)?;
    let faces = folder.join("faces");
    say(rendered(&setting, &faces)?);
    let work = Work {
        config: folder.join("config.toml"),
        run: folder.join("run"),
        device: word_of(options.device),
    };
    atomic_file::write(&work.config, setting.config(&faces, &work.run).as_bytes())?;
    let began = Instant::now();
    let killed_at = work.train_and_kill()?;
    say(Check::new(
        "killed",
        Outcome::Passed,
        format!(
            "by SIGKILL, when the log held {killed_at} of {STEPS} steps ({})",
            setting.words()
        ),
    )
    .with("step", killed_at));
    let again = Instant::now();
    work.resume()?;
    let seconds = again.elapsed().as_secs_f64();
    say(work.resumed(&setting, killed_at, seconds)?);
    say(work.learned(began.elapsed().as_secs_f64())?);
    // Pictures and checkpoints have done their part; the log stays.
    fs::copy(work.run.join("log.jsonl"), folder.join("log.jsonl")).context("the run's log cannot be kept")?;
    for gone in [&faces, &work.run] {
        fs::remove_dir_all(gone).with_context(|| format!("removing {}", gone.display()))?;
    }
    Ok(())
}

fn rendered(setting: &Setting, folder: &Path) -> Result<Check> {
    let spec = SynthSpec {
        images: setting.faces,
        unlabelled: setting.faces,
        videos_train: 0,
        videos_validation: 0,
        videos_temporal: 0,
        size: (setting.size * 8).div_ceil(7),
        seed: 7,
        ..SynthSpec::default()
    };
    let began = Instant::now();
    let summary = generate(&spec, folder)?;
    let seconds = began.elapsed().as_secs_f64();
    let said = format!(
        "{} faces of {} pixels in {seconds:.1} s",
        summary.faces, spec.size
    );
    Ok(Check::new("faces rendered", Outcome::Passed, said).with("faces", summary.faces))
}

/// A run in its folder.
struct Work {
    config: PathBuf,
    run: PathBuf,
    device: String,
}

/// A `mien pretrain`, which ends when this goes.
struct Training(Child);

impl Drop for Training {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Work {
    /// In the process group of this section, which has a limit of time.
    fn start(&self, resume: bool) -> Result<Training> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.config.with_file_name(PRETRAIN_LOG))
            .context("the training's log")?;
        let mut command = Command::new(std::env::current_exe().context("this program's own path")?);
        command
            .args(["pretrain", "--device", &self.device, "--config"])
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        if resume {
            command.arg("--resume");
        }
        Ok(Training(
            command.spawn().context("`mien pretrain` cannot be started")?,
        ))
    }

    /// Gives the last step that the log held.
    fn train_and_kill(&self) -> Result<u64> {
        let mut training = self.start(false)?;
        loop {
            // The child is looked at first: what it wrote until then is all.
            let ended = training.0.try_wait().context("waiting for `mien pretrain`")?;
            let step = self.entries().iter().filter_map(step_of).max().unwrap_or(0);
            if step >= KILLED_AFTER && ended.is_none() && checkpoint::path_in(&self.run).is_file() {
                training.0.kill().context("`mien pretrain` cannot be killed")?;
                training.0.wait().context("waiting for `mien pretrain`")?;
                return Ok(step);
            }
            if let Some(status) = ended {
                bail!(
                    "`mien pretrain` ended ({status}) after step {step}, before it was killed: {}",
                    self.words()
                );
            }
            std::thread::sleep(LOOK);
        }
    }

    fn resume(&self) -> Result<()> {
        let mut training = self.start(true)?;
        let status = training
            .0
            .wait()
            .context("waiting for `mien pretrain --resume`")?;
        ensure!(
            status.success(),
            "`mien pretrain --resume` ended with {status}: {}",
            self.words()
        );
        Ok(())
    }

    /// That it went on from a checkpoint and ended with every step once.
    fn resumed(&self, setting: &Setting, killed_at: u64, seconds: f64) -> Result<Check> {
        let text = fs::read_to_string(self.run.join("run.json")).context("the run's run.json")?;
        let about: Value = serde_json::from_str(&text).context("the run's run.json")?;
        let starts = about
            .get("starts")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let from = starts.get(1).and_then(step_of).unwrap_or(0);
        let steps: Vec<u64> = self
            .entries()
            .iter()
            .filter(|entry| is_step(entry))
            .filter_map(step_of)
            .collect();
        let has_all = steps == (1..=STEPS).collect::<Vec<_>>();
        let went_on = starts.len() == 2 && from > 0 && from <= killed_at;
        let rate = (STEPS - from.min(STEPS)) as f64 * 2.0 * setting.batch as f64 / seconds.max(1e-9);
        let said = format!(
            "from the checkpoint of step {from} to step {}; every step stands in the log once: {}; {:.1} s, {rate:.1} images/s \
             with start, evaluations and checkpoints",
            steps.last().unwrap_or(&0),
            if has_all { "yes" } else { "no" },
            seconds
        );
        let outcome = if has_all && went_on {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        Ok(Check::new("resumed", outcome, said)
            .with("from_step", from)
            .with("seconds", seconds)
            .with("images_a_second", rate))
    }

    /// That all figures are numbers, and that the student is a model.
    fn learned(&self, seconds: f64) -> Result<Check> {
        let mut first_and_last: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        let mut are_numbers = true;
        for entry in self.entries().iter().filter(|entry| is_step(entry)) {
            for name in ["L_s", "L_c", "L_f"] {
                let Some(value) = entry.get(name).and_then(Value::as_f64) else {
                    are_numbers = false;
                    continue;
                };
                are_numbers &= value.is_finite();
                first_and_last.entry(name).or_insert((value, value)).1 = value;
            }
        }
        model_store::read(&self.run.join("student.safetensors"))?;
        let losses: Vec<String> = first_and_last
            .iter()
            .map(|(name, (first, last))| format!("{name} {first:.3} to {last:.3}"))
            .collect();
        let said = format!(
            "{}; all of them numbers: {}; the student's file can be read; {seconds:.1} s in all",
            losses.join(", "),
            if are_numbers { "yes" } else { "no" }
        );
        let outcome = if are_numbers {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        Ok(Check::new("losses and model", outcome, said).with("seconds", seconds))
    }

    /// The log's lines; one that is half written is left out.
    fn entries(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.run.join("log.jsonl")).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// The last error of the training itself.
    fn words(&self) -> String {
        let text = fs::read(self.config.with_file_name(PRETRAIN_LOG)).unwrap_or_default();
        last_error(&String::from_utf8_lossy(&text)).unwrap_or_else(|| "it gave no reason".to_owned())
    }
}

fn step_of(entry: &Value) -> Option<u64> {
    entry.get("step").and_then(Value::as_u64)
}

fn is_step(entry: &Value) -> bool {
    entry.get("L_s").is_some()
}
