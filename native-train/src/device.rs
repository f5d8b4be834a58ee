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
        eprintln!("device: {}", opened.name);
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
    }
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<NamedDevice> {
    // The driver is loaded at run time; without one the runtime panics instead of returning an error.
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let opened = std::panic::catch_unwind(|| {
        let device = Device::cuda(0);
        burn::tensor::Tensor::<1>::ones([1], &device)
            .try_into_data()
            .map(|_| device)
    });
    std::panic::set_hook(silent);
    match opened {
        Ok(Ok(device)) => Ok(NamedDevice {
            device,
            name: "CUDA - device 0".to_owned(),
        }),
        _ => anyhow::bail!(
            "no CUDA device can be used: install the NVIDIA driver, or choose `--device vulkan` or `--device cpu`"
        ),
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
        eprintln!(
            "warning: `{}` is a software adapter and slower than `--device cpu`",
            info.name
        );
    }
    Ok(NamedDevice {
        device,
        name: format!("Vulkan - {}", info.name),
    })
}

#[cfg(not(any(feature = "wgpu", feature = "vulkan")))]
fn vulkan(_software_too: bool) -> Result<NamedDevice> {
    anyhow::bail!(
        "this program was built without Vulkan: build it with `--features wgpu`, or choose `--device cpu`"
    )
}
