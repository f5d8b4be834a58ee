//! `mien gpu-check`: all that training asks of a GPU, checked and measured on this machine, as a report.
//!
//! Each section runs in a process of its own with a limit of time, and speaks in lines of JSON. So a device that hangs,
//! fails or lacks memory costs one section, and the report on disk holds all lines until then.

mod child;
mod closeness;
mod golden;
mod kill_and_resume;
mod machine;
mod memory_use;
mod options;
mod report;
mod report_folder;
mod report_text;
mod speed;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

use crate::device::{DeviceChoice, NamedDevice};
use crate::run_config::precision::Precision;
use crate::stdout;
use crate::training_run::interruption::Interruption;
use crate::training_run::run_folder::seconds_since_1970;
use child::{End, last_error};
use machine::NvidiaGpu;
pub use options::Options;
use options::{Part, word_of};
use report::{Check, DeviceFacts, Ending, Outcome, Report, Section};
use report_folder::ReportFolder;

/// Opening a device compiles a kernel; on a cold machine the driver starts first.
const OPENING_LIMIT: Duration = Duration::from_secs(90);
/// Steps of the training section, and the images that one of them sees at the paper's batch.
const TRAINING_IMAGES: f64 = 200.0 * 64.0;
/// Of its time the training section may spend this share on steps.
const TRAINING_SHARE: f64 = 0.5;

/// The sections in their order, and their shares of the time that is left.
const SECTIONS: [(Part, &str, f64); 4] = [
    (
        Part::Golden,
        "Golden values: the device against the processor",
        2.0,
    ),
    (Part::Speed, "Speed", 3.0),
    (Part::Memory, "Memory of a stage-1 step", 1.5),
    (Part::Training, "200 steps of stage 1, killed and resumed", 3.5),
];

/// Checks, and prints where the report is.
///
/// # Errors
/// When the device is not there, the folder holds files of somebody else, or not all that the machine can do passed.
pub fn run(options: &Options) -> Result<()> {
    if let Some(part) = options.part {
        child::end_with_parent();
        return do_part(options, part);
    }
    let begun = Instant::now();
    let limit = Duration::from_secs(60 * options.minutes);
    let folder = ReportFolder::look_at(&options.out, SECTIONS.map(|(part, ..)| part.name()))?;
    kill_and_resume::look_at(&options.out)?;
    let interruption = Interruption::listen()?;
    let device = find_device(options)?;
    let mut check = GpuCheck {
        report: Report::new(device, options.quick, seconds_since_1970(), limit.as_secs_f64()),
        folder,
        options,
        begun,
        limit,
        interruption,
    };
    check.all()
}

/// A check under way.
struct GpuCheck<'a> {
    report: Report,
    folder: ReportFolder,
    options: &'a Options,
    begun: Instant,
    limit: Duration,
    interruption: Interruption,
}

impl GpuCheck<'_> {
    fn all(&mut self) -> Result<()> {
        let gpu = NvidiaGpu::find();
        self.report.machine = machine::lines(gpu.as_ref());
        self.write()?;
        tracing::info!(
            "device: {}; at most {} minutes",
            self.report.device.name,
            self.options.minutes
        );
        for (at, (part, title, share)) in SECTIONS.into_iter().enumerate() {
            let shares: f64 = SECTIONS.iter().skip(at).map(|(_, _, share)| share).sum();
            let left = self.limit.saturating_sub(self.begun.elapsed());
            self.section(part, title, left.mul_f64(share / shares))?;
            if self.interruption.is_wished() {
                bail!(
                    "interrupted: {} holds what there was until now",
                    self.folder.markdown().display()
                );
            }
        }
        let is_passed = |section: &Section| section.ending == Ending::Passed;
        self.report.passed = self.report.sections.iter().all(is_passed);
        self.report.finished = true;
        self.write()?;
        stdout::line(format_args!("{}", self.folder.markdown().display()));
        let failed = self.report.sections.iter().filter(|section| !is_passed(section));
        let failed: Vec<&str> = failed.map(|section| section.name.as_str()).collect();
        if failed.is_empty() {
            return Ok(());
        }
        bail!("not all passed: {}; the report says what", failed.join(", "))
    }

    fn write(&mut self) -> Result<()> {
        self.report.seconds = self.begun.elapsed().as_secs_f64();
        self.folder.write(&self.report)
    }

    /// Runs a section to its end or to its limit; the report on disk follows each line.
    fn section(&mut self, part: Part, title: &str, limit: Duration) -> Result<()> {
        let size = self.training_size(limit);
        let mut command = self.options.command(part)?;
        command.args(["--device", &self.report.device.kind, "--size", &size.to_string()]);
        let log = tempfile::NamedTempFile::new().context("a temporary file")?;
        let file = log.reopen().context("a temporary file")?;
        self.report.sections.push(Section {
            name: part.name().to_owned(),
            title: title.to_owned(),
            ending: Ending::Running,
            seconds: 0.0,
            limit_seconds: limit.as_secs_f64(),
            reason: None,
            checks: Vec::new(),
        });
        self.write()?;
        let began = Instant::now();
        let interruption = self.interruption.clone();
        let end = child::run(
            &mut command,
            file,
            limit,
            &|| interruption.is_wished(),
            &mut |line| {
                let Ok(check) = serde_json::from_str::<Check>(line) else {
                    return Ok(());
                };
                tracing::info!("{}: {}: {}", part.name(), check.name, check.said);
                if let Some(section) = self.report.sections.last_mut() {
                    section.checks.push(check);
                    section.seconds = began.elapsed().as_secs_f64();
                }
                self.write()
            },
        );
        let log = std::fs::read(log.path()).unwrap_or_default();
        self.folder.write_log(part.name(), &log)?;
        if let Some(section) = self.report.sections.last_mut() {
            section.seconds = began.elapsed().as_secs_f64();
            (section.ending, section.reason) = ending(section, end, &String::from_utf8_lossy(&log));
            if let Some(reason) = &section.reason {
                tracing::info!("{}: {reason}", part.name());
            }
        }
        self.write()
    }

    /// The largest input at which the steps of the training section fit into its time, by what the speed section found.
    fn training_size(&self, limit: Duration) -> usize {
        const SIZES: [usize; 2] = [224, 112];
        let speed = self
            .report
            .sections
            .iter()
            .find(|section| section.name == Part::Speed.name());
        let stage1 = speed.and_then(|speed| {
            let is_it = |check: &&Check| check.figures.get("step") == Some(&Value::from("stage1"));
            speed.checks.iter().find(is_it)
        });
        let rate = stage1.and_then(|check| check.figures.get("images_a_second")?.as_f64());
        let [usual, less] = SIZES;
        match rate {
            Some(rate) if TRAINING_IMAGES / rate <= TRAINING_SHARE * limit.as_secs_f64() => usual,
            _ => less,
        }
    }
}

/// How a section ended, and why where not well.
fn ending(section: &Section, end: Result<End>, log: &str) -> (Ending, Option<String>) {
    let has_failed = section
        .checks
        .iter()
        .any(|check| check.outcome == Outcome::Failed);
    match end {
        Ok(end) if end.is_success() && has_failed => (Ending::Failed, None),
        Ok(end) if end.is_success() => (Ending::Passed, None),
        Ok(End::TimedOut) => {
            let advice = "`--minutes` gives more time, `--quick` asks for less";
            (
                Ending::Cut,
                Some(format!("{:.0} s were over: {advice}", section.limit_seconds)),
            )
        }
        Ok(End::Interrupted) => (Ending::Cut, Some("interrupted".to_owned())),
        Ok(End::Exited(status)) => {
            let said = last_error(log).unwrap_or_else(|| "it gave no reason".to_owned());
            (
                Ending::Failed,
                Some(format!("the section's process ended with {status}: {said}")),
            )
        }
        Err(error) => (Ending::Failed, Some(format!("{error:#}"))),
    }
}

/// Opens the device in a process of its own, so that this one holds nothing on it.
fn find_device(options: &Options) -> Result<DeviceFacts> {
    let mut command = options.command(Part::Device)?;
    command.args(["--device", &word_of(options.device)]);
    let log = tempfile::NamedTempFile::new().context("a temporary file")?;
    let file = log.reopen().context("a temporary file")?;
    let mut facts = None;
    let end = child::run(&mut command, file, OPENING_LIMIT, &|| false, &mut |line| {
        facts = serde_json::from_str::<DeviceFacts>(line).ok().or(facts.take());
        Ok(())
    })?;
    let text = std::fs::read(log.path()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let Some(facts) = facts.filter(|_| end.is_success()) else {
        return Err(match end {
            End::TimedOut => anyhow!("the device gave no answer for {} s", OPENING_LIMIT.as_secs()),
            _ => {
                anyhow!(last_error(&text).unwrap_or_else(|| format!("the device cannot be opened ({end:?})")))
            }
        });
    };
    for warning in text.lines().filter(|line| line.starts_with("warning:")) {
        tracing::info!("{warning}");
    }
    if options.device == DeviceChoice::Auto && word_of(DeviceChoice::Cpu) == facts.kind {
        bail!(
            "there is no GPU here that can be used: install its driver (CUDA needs a program built with `--features cuda`); \
             `--device cpu --quick` checks the processor, `--device vulkan --quick` a software adapter"
        );
    }
    Ok(facts)
}

fn do_part(options: &Options, part: Part) -> Result<()> {
    let mut say = |check: Check| {
        if let Ok(line) = serde_json::to_string(&check) {
            stdout::line(format_args!("{line}"));
        }
    };
    if part == Part::Training {
        // It only starts others: nothing of its own is on the device.
        return kill_and_resume::run(options, &mut say);
    }
    let device = options.device.open()?;
    let gpu = NvidiaGpu::find();
    let gpu = gpu.as_ref();
    match part {
        Part::Device => {
            let facts = facts_of(&device, gpu);
            stdout::line(format_args!("{}", serde_json::to_string(&facts)?));
            Ok(())
        }
        Part::Golden => golden::run(&device, gpu, options.quick, &mut say),
        Part::Speed => speed::run(&device, gpu, options.quick, options.python.as_deref(), &mut say),
        Part::Memory => memory_use::run(options, &device, gpu, &mut say),
        Part::StepMemory => memory_use::step(options, &device),
        Part::Training => Ok(()),
    }
}

fn facts_of(device: &NamedDevice, gpu: Option<&NvidiaGpu>) -> DeviceFacts {
    let is_there = |precision: &Precision| golden::lack_of(*precision, device, gpu).is_none();
    DeviceFacts {
        kind: word_of(device.choice),
        name: device.name.clone(),
        is_software: device.is_software,
        driver: device.driver.clone(),
        precisions: golden::PRECISIONS
            .iter()
            .filter(|precision| is_there(precision))
            .map(|precision| golden::name_of(*precision).to_owned())
            .collect(),
    }
}
