//! What `mien gpu-check` found.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Names a report of this program.
const FORMAT: &str = "mien gpu-check";

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

    /// Whether this program wrote the report that was read.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.format == FORMAT
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
