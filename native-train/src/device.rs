//! Which device computes, and the words that name it.

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use clap::ValueEnum;

/// Devices that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DeviceChoice {
    /// CUDA if a driver loads, else a hardware Vulkan adapter, else the CPU.
    #[default]
    Auto,
    /// An NVIDIA GPU through CUDA.
    Cuda,
    /// A GPU through wgpu on Vulkan.
    Vulkan,
    /// All cores of the processor.
    Cpu,
}

/// A device and how it is called.
#[derive(Debug, Clone)]
pub struct NamedDevice {
    /// The device, without autodiff.
    pub device: Device,
    /// Kind and name, such as `Vulkan - <adapter>` or `CPU - 8 threads`.
    pub name: String,
    /// What it is: never [`DeviceChoice::Auto`].
    pub choice: DeviceChoice,
    /// Whether a processor stands in for a GPU.
    pub is_software: bool,
    /// The driver's name and version, where the device is Vulkan's.
    pub driver: Option<String>,
}

impl DeviceChoice {
    /// Opens the device. `auto` never takes a software adapter; one that was asked for is named in
    /// a warning on stderr.
    ///
    /// # Errors
    /// When the device that was asked for is not there, or the program was built without it.
    pub fn open(self) -> Result<NamedDevice> {
        match self {
            Self::Cpu => Ok(cpu()),
            Self::Cuda => cuda(),
            Self::Vulkan => vulkan(true),
            Self::Auto => Ok(auto()),
        }
    }

    /// As [`DeviceChoice::open`], and says on stderr which device it is.
    ///
    /// # Errors
    /// As [`DeviceChoice::open`].
    pub fn open_and_say(self) -> Result<NamedDevice> {
        let opened = self.open()?;
        tracing::info!("device: {}", opened.name);
        Ok(opened)
    }
}

fn auto() -> NamedDevice {
    let found = cuda().or_else(|_| vulkan(false));
    found.unwrap_or_else(|_| cpu())
}

fn cpu() -> NamedDevice {
    NamedDevice {
        device: Device::flex(),
        name: format!("CPU - {} threads", rayon::current_num_threads()),
        choice: DeviceChoice::Cpu,
        is_software: false,
        driver: None,
    }
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<NamedDevice> {
    use std::sync::{Arc, Mutex, PoisonError};

    // The driver is loaded at run time; without one the runtime panics instead of returning an error, and not always in
    // this thread.
    let said = Arc::new(Mutex::new(String::new()));
    let noted = Arc::clone(&said);
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.is_empty() {
            *noted = panic.to_string();
        }
    }));
    let opened = std::panic::catch_unwind(|| {
        let device = Device::cuda(0);
        burn::tensor::Tensor::<1>::ones([1], &device)
            .try_into_data()
            .map(|_| device)
            .map_err(|error| error.to_string())
    });
    std::panic::set_hook(loud);
    let said = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match opened {
        Ok(Ok(device)) => Ok(NamedDevice {
            device,
            name: "CUDA - device 0".to_owned(),
            choice: DeviceChoice::Cuda,
            is_software: false,
            driver: None,
        }),
        Ok(Err(error)) if said.is_empty() => anyhow::bail!("{}", no_cuda(&error)),
        _ => anyhow::bail!("{}", no_cuda(&said)),
    }
}

/// Why CUDA cannot be used, from what cudarc and cubecl said when they gave up, and what to do.
#[cfg_attr(not(feature = "cuda"), allow(dead_code, reason = "its test runs everywhere"))]
fn no_cuda(said: &str) -> String {
    const ELSE: &str = "or choose `--device vulkan` or `--device cpu`";
    let lower = said.to_lowercase();
    let missing = |library: &str| lower.contains(&format!("load the \"{library}\" shared library"));
    if missing("cuda") {
        format!(
            "no CUDA device can be used: the NVIDIA driver is missing (its library libcuda.so.1 was not found): install \
             the driver, {ELSE}"
        )
    } else if missing("nvrtc") {
        format!(
            "no CUDA device can be used: NVRTC is missing (libnvrtc.so of the CUDA toolkit was not found): put its folder \
             into LD_LIBRARY_PATH, {ELSE}"
        )
    } else if lower.contains("cuda installation not found") {
        format!(
            "no CUDA device can be used: the headers of the CUDA toolkit are missing: let CUDA_PATH name the folder that \
             holds `include`, {ELSE}"
        )
    } else {
        // The message stands below the line that says where it panicked; what follows is a backtrace.
        let cause = said
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with("panicked at"));
        format!(
            "no CUDA device can be used ({}): look whether `nvidia-smi` works, {ELSE}",
            cause.unwrap_or("it gives no reason")
        )
    }
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<NamedDevice> {
    anyhow::bail!(
        "this program was built without CUDA: build it with `--features cuda`, or choose `--device vulkan` or `--device cpu`"
    )
}

#[cfg(any(feature = "wgpu", feature = "vulkan"))]
fn vulkan(software_too: bool) -> Result<NamedDevice> {
    use burn::tensor::wgpu::{WgpuBackend, wgpu};

    const ADVICE: &str = "install the GPU's Vulkan driver, or choose `--device cpu`";
    let instance = wgpu::Instance::default();
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::VULKAN));
    let is_hardware = |adapter: &wgpu::Adapter| adapter.get_info().device_type != wgpu::DeviceType::Cpu;
    if !adapters
        .iter()
        .any(|adapter| software_too || is_hardware(adapter))
    {
        anyhow::bail!("no Vulkan adapter was found: {ADVICE}");
    }
    let (device, setup) = Device::wgpu_options()
        .graphics_api(WgpuBackend::Vulkan)
        .init_with_setup()
        .map_err(|error| anyhow::anyhow!("{error:?}"))
        .with_context(|| format!("the Vulkan adapter cannot be used ({ADVICE})"))?;
    let info = setup.adapter.get_info();
    if info.device_type == wgpu::DeviceType::Cpu {
        anyhow::ensure!(software_too, "only a software Vulkan adapter was found: {ADVICE}");
        tracing::warn!(
            "`{}` is a software adapter and slower than `--device cpu`",
            info.name
        );
    }
    Ok(NamedDevice {
        device,
        name: format!("Vulkan - {}", info.name),
        choice: DeviceChoice::Vulkan,
        is_software: info.device_type == wgpu::DeviceType::Cpu,
        driver: Some(format!("{} {}", info.driver, info.driver_info).trim().to_owned()),
    })
}

#[cfg(not(any(feature = "wgpu", feature = "vulkan")))]
fn vulkan(_software_too: bool) -> Result<NamedDevice> {
    anyhow::bail!(
        "this program was built without Vulkan: build it with `--features wgpu`, or choose `--device cpu`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cuda_lacks_is_named_with_what_to_do() {
        // As cudarc 0.19.10 and cubecl-cuda 0.11.3 say it.
        let cases = [
            (
                "panicked at cudarc/src/lib.rs:200:5:\nUnable to dynamically load the \"cuda\" shared library - searched for \
                 library names: [\"libcuda.so\"].",
                "NVIDIA driver is missing",
            ),
            (
                "panicked at cudarc/src/lib.rs:200:5:\nUnable to dynamically load the \"nvrtc\" shared library - searched for",
                "NVRTC is missing",
            ),
            (
                "panicked at cubecl-cuda/src/lib.rs:18:34:\n\n        CUDA installation not found.\n        Please ensure",
                "CUDA_PATH",
            ),
            (
                "panicked at cubecl-cuda/src/runtime.rs:70:45:\ncalled `Result::unwrap()` on an `Err` value: \
                 DriverError(CUDA_ERROR_NO_DEVICE, \"no CUDA-capable device is detected\")",
                "no CUDA-capable device is detected",
            ),
        ];
        for (said, part) in cases {
            let message = no_cuda(said);
            assert!(
                message.contains(part) && message.contains("--device cpu"),
                "{message}"
            );
            assert!(!message.contains("panicked"), "{message}");
        }
    }
}
