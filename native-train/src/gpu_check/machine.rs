//! What the machine says of its GPU: driver, compute capability, memory.

use std::process::Command;
use std::time::Duration;

use super::child::output_within;
use super::report::{Check, Outcome};

/// NVIDIA's tool answers within a second, unless the driver hangs.
const LIMIT: Duration = Duration::from_secs(20);
/// From this compute capability on tensor cores multiply in bf16 (Ampere); the paper's V100 is 7.0.
const LEAST_FOR_BF16: f64 = 8.0;

/// The first NVIDIA GPU, as `nvidia-smi` describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct NvidiaGpu {
    pub name: String,
    pub driver: String,
    /// Such as 7.0 for a V100 and 9.0 for an H100; not all drivers say it.
    pub compute_capability: Option<f64>,
    pub memory_mib: Option<f64>,
    /// The newest CUDA that the driver serves.
    pub cuda: Option<String>,
}

impl NvidiaGpu {
    /// Asks for the first GPU; `None` where there is no NVIDIA driver.
    #[must_use]
    pub fn find() -> Option<Self> {
        let asked = [
            "name,driver_version,memory.total,compute_cap",
            "name,driver_version,memory.total",
        ];
        let line = asked.iter().find_map(|fields| query(fields))?;
        let mut gpu = Self::parse(&line)?;
        let all = output_within(&mut Command::new("nvidia-smi"), LIMIT);
        gpu.cuda = all.and_then(|text| cuda_version(&text));
        Some(gpu)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(',').map(str::trim);
        Some(Self {
            name: fields.next()?.to_owned(),
            driver: fields.next()?.to_owned(),
            memory_mib: fields.next().and_then(|text| text.parse().ok()),
            compute_capability: fields.next().and_then(|text| text.parse().ok()),
            cuda: None,
        })
    }

    /// Why it does not multiply in bf16, where it does not. CubeCL says of every NVIDIA GPU that it knows bf16 and
    /// computes it by way of 32 bits where it does not.
    #[must_use]
    pub fn lack_of_bf16(&self) -> Option<String> {
        let capability = self.compute_capability?;
        (capability < LEAST_FOR_BF16).then(|| {
            format!("compute capability {capability:.1} has no bf16: it comes with {LEAST_FOR_BF16:.1}")
        })
    }

    /// Lines for the report.
    #[must_use]
    pub fn lines(&self) -> Vec<Check> {
        let capability = self.compute_capability;
        let mut lines = vec![
            measured("NVIDIA GPU", self.name.clone()),
            measured("NVIDIA driver", self.driver.clone()),
            measured(
                "compute capability",
                capability.map_or("the driver does not say it".to_owned(), |value| {
                    format!("{value:.1}")
                }),
            ),
        ];
        if let Some(cuda) = &self.cuda {
            lines.push(measured("newest CUDA of the driver", cuda.clone()));
        }
        if let Some(mib) = self.memory_mib {
            lines.push(
                measured("memory of the GPU", format!("{:.1} GiB", mib / 1024.0)).with("memory_mib", mib),
            );
        }
        lines
    }
}

/// MiB in use on the first GPU, by all programs together.
#[must_use]
pub fn gpu_memory_used_mib() -> Option<f64> {
    query("memory.used")?.trim().parse().ok()
}

/// What the report says of this machine beside the device.
#[must_use]
pub fn lines(gpu: Option<&NvidiaGpu>) -> Vec<Check> {
    let mut lines = match gpu {
        Some(gpu) => gpu.lines(),
        None => vec![Check::new(
            "NVIDIA driver",
            Outcome::NotThere,
            "nvidia-smi is not there or does not answer",
        )],
    };
    lines.push(measured(
        "processor",
        format!("{} threads, {}", rayon::current_num_threads(), processor()),
    ));
    lines
}

fn measured(name: &str, said: String) -> Check {
    Check::new(name, Outcome::Measured, said)
}

fn query(fields: &str) -> Option<String> {
    // CUDA counts the visible GPUs alone, and its first one is what computes here.
    let visible = std::env::var("CUDA_VISIBLE_DEVICES").unwrap_or_default();
    let first = visible
        .split(',')
        .next()
        .map(str::trim)
        .filter(|id| !id.is_empty());
    let mut command = Command::new("nvidia-smi");
    command.arg(format!("--id={}", first.unwrap_or("0")));
    command.arg("--format=csv,noheader,nounits");
    command.arg(format!("--query-gpu={fields}"));
    output_within(&mut command, LIMIT)?
        .lines()
        .next()
        .map(str::to_owned)
}

fn cuda_version(text: &str) -> Option<String> {
    let rest = text.split("CUDA Version:").nth(1)?;
    rest.split_whitespace().next().map(str::to_owned)
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split(':').nth(1));
    name.map_or(std::env::consts::ARCH, str::trim).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_v100_lacks_bf16_and_an_h100_does_not() {
        // As nvidia-smi prints them.
        let v100 = NvidiaGpu::parse("Tesla V100-SXM2-16GB, 535.183.01, 16384, 7.0").unwrap();
        assert!(v100.lack_of_bf16().unwrap().contains("7.0"));
        let h100 = NvidiaGpu::parse("NVIDIA H100 80GB HBM3, 550.54.15, 81559, 9.0").unwrap();
        assert_eq!(h100.lack_of_bf16(), None);
        assert_eq!(h100.memory_mib, Some(81559.0));
        // Drivers before 450 do not know the field.
        assert_eq!(
            NvidiaGpu::parse("Tesla K80, 418.87, 11441")
                .unwrap()
                .compute_capability,
            None
        );
        let header = "| NVIDIA-SMI 550.54.15   Driver Version: 550.54.15   CUDA Version: 12.4     |";
        assert_eq!(cuda_version(header).as_deref(), Some("12.4"));
    }
}
