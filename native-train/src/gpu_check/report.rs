//! What `mien gpu-check` found, as it is written to disk.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::report_text;
use crate::atomic_file;
use crate::written_files::WrittenFiles;

/// Names a report of this program; only a folder with such a report is written into again.
const FORMAT: &str = "mien gpu-check";
const JSON: &str = "gpu-check.json";
const MARKDOWN: &str = "gpu-check.md";

/// What came of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed,
    /// The machine does not have what the check asks for: no failure.
    NotThere,
    /// A figure that is not judged.
    Measured,
}

/// One line of a section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    pub outcome: Outcome,
    /// For people.
    pub said: String,
    /// For programs; units are in the names.
    #[serde(default)]
    pub figures: Map<String, Value>,
}

impl Check {
    /// A check without figures.
    #[must_use]
    pub fn new(name: impl Into<String>, outcome: Outcome, said: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            outcome,
            said: said.into(),
            figures: Map::new(),
        }
    }

    /// The same with one more figure.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.figures.insert(name.to_owned(), value.into());
        self
    }
}

/// How a section ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Under way when this was written.
    Running,
    /// It came to its end, and no check failed.
    Passed,
    /// A check failed, or the section itself.
    Failed,
    /// Its time was over first.
    Cut,
}

/// A part of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    pub name: String,
    pub title: String,
    pub ending: Ending,
    pub seconds: f64,
    pub limit_seconds: f64,
    /// Why it failed, where it did not come to its end.
    pub reason: Option<String>,
    pub checks: Vec<Check>,
}

/// The device as a section of the program found it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// `cuda`, `vulkan` or `cpu`.
    pub kind: String,
    pub name: String,
    /// Whether a processor stands in for a GPU.
    pub is_software: bool,
    /// The Vulkan driver, where the device is Vulkan's.
    pub driver: Option<String>,
    /// Precisions in which the device convolves, by their names in a config.
    pub precisions: Vec<String>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    format: String,
    pub program: String,
    /// How the program reaches CUDA, Vulkan and the processor.
    pub build: String,
    pub started_unix_seconds: f64,
    pub seconds: f64,
    pub limit_seconds: f64,
    /// Whether networks and pictures are small.
    pub quick: bool,
    pub finished: bool,
    /// Whether it is finished and every section passed.
    pub passed: bool,
    pub device: DeviceFacts,
    /// Driver, compute capability and what else the machine says of itself.
    pub machine: Vec<Check>,
    pub sections: Vec<Section>,
}

impl Report {
    /// A report without sections.
    #[must_use]
    pub fn new(device: DeviceFacts, quick: bool, started_unix_seconds: f64, limit_seconds: f64) -> Self {
        Self {
            format: FORMAT.to_owned(),
            program: concat!("mien ", env!("CARGO_PKG_VERSION")).to_owned(),
            build: build().to_owned(),
            started_unix_seconds,
            seconds: 0.0,
            limit_seconds,
            quick,
            finished: false,
            passed: false,
            device,
            machine: Vec::new(),
            sections: Vec::new(),
        }
    }
}

/// Which compilers and interfaces the program was built with.
fn build() -> &'static str {
    if cfg!(feature = "cuda-offline") {
        "CUDA through NVRTC (feature `cuda-offline`)"
    } else if cfg!(feature = "cuda") {
        "CUDA through LLVM (feature `cuda`)"
    } else if cfg!(feature = "vulkan") {
        "Vulkan through SPIR-V (feature `vulkan`), no CUDA"
    } else if cfg!(feature = "wgpu") {
        "Vulkan through WGSL (feature `wgpu`), no CUDA"
    } else {
        "the processor alone"
    }
}

/// The folder that the report goes into.
#[derive(Debug)]
pub struct ReportFolder {
    path: PathBuf,
    files: WrittenFiles,
}

impl ReportFolder {
    /// Looks at a folder that is absent, empty, or holds an older report; nothing is written yet. `sections` are the names of
    /// those that keep a log.
    ///
    /// # Errors
    /// When it holds anything else, or when a file of the report was changed since: that is somebody's work.
    pub fn look_at<'a>(path: &Path, sections: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let path = std::path::absolute(path).with_context(|| format!("the path {}", path.display()))?;
        match fs::read_dir(&path) {
            Ok(mut entries) => {
                if entries.next().is_some() && !holds_report(&path) {
                    bail!(
                        "{} holds files that gpu-check did not write: name a folder that is empty or not there",
                        path.display()
                    );
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => bail!("{} cannot be used as the output folder: {error}", path.display()),
        }
        let logs = sections.into_iter().map(|section| path.join(log_name(section)));
        let planned: Vec<PathBuf> = logs.chain([path.join(JSON), path.join(MARKDOWN)]).collect();
        Ok(Self {
            files: WrittenFiles::check(planned, false)?,
            path,
        })
    }

    /// Keeps what a section said.
    ///
    /// # Errors
    /// When the file cannot be written, or is not this program's own.
    pub fn write_log(&self, section: &str, log: &[u8]) -> Result<()> {
        self.files.write(&self.path.join(log_name(section)), log)
    }

    /// Writes both files.
    ///
    /// # Errors
    /// When the folder cannot be written, or a file in it is not this program's own.
    pub fn write(&self, report: &Report) -> Result<()> {
        atomic_file::make_folder(&self.path)?;
        let json = serde_json::to_string_pretty(report)?;
        self.files
            .write(&self.path.join(JSON), format!("{json}\n").as_bytes())?;
        self.files.write(
            &self.path.join(MARKDOWN),
            report_text::markdown(report).as_bytes(),
        )
    }

    /// The report for people.
    #[must_use]
    pub fn markdown(&self) -> PathBuf {
        self.path.join(MARKDOWN)
    }
}

fn log_name(section: &str) -> String {
    format!("gpu-check.{section}.log")
}

fn holds_report(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join(JSON)).unwrap_or_default();
    serde_json::from_str::<Report>(&text).is_ok_and(|report| report.format == FORMAT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_else_is_refused_and_an_older_report_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let report = Report::new(
            DeviceFacts {
                kind: "cpu".to_owned(),
                name: "CPU".to_owned(),
                is_software: false,
                driver: None,
                precisions: vec!["f32".to_owned()],
            },
            true,
            0.0,
            1.0,
        );
        let look = || ReportFolder::look_at(&path, ["speed"]);
        look().unwrap().write(&report).unwrap();
        look().unwrap().write_log("speed", b"words").unwrap();
        look().unwrap();
        for file in [MARKDOWN, "gpu-check.speed.log"] {
            let before = fs::read(path.join(file)).unwrap();
            fs::write(path.join(file), "my notes").unwrap();
            let said = look().unwrap_err().to_string();
            assert!(said.contains(file) && said.contains("changed since"), "{said}");
            fs::write(path.join(file), before).unwrap();
        }
        fs::write(path.join(JSON), "{\"format\": \"another\"}").unwrap();
        let said = look().unwrap_err().to_string();
        assert!(said.contains("did not write"), "{said}");
    }
}
