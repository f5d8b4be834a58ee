//! The graphics adapter: whether there is a real one, its name, and a device on it.

use burn::tensor::Device;
use burn::tensor::wgpu::wgpu;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::worker_scope::{error_text, scope};

/// Parts of names by which adapters that are software are known.
const SOFTWARE_NAMES: [&str; 4] = ["swiftshader", "llvmpipe", "lavapipe", "basic render"];

/// A device on the graphics adapter.
#[derive(Debug)]
pub struct Adapter {
    /// For tensors.
    pub device: Device,
    /// For the person.
    pub name: String,
    raw: wgpu::Device,
}

impl Adapter {
    /// Opens the browser's adapter.
    ///
    /// # Errors
    /// Says why there is none: no WebGPU, no adapter, only software, or the browser refuses a device.
    pub async fn open(software_will_do: bool) -> Result<Self, String> {
        let info = adapter_info().await?;
        let text = |key: &str| {
            let value = Reflect::get(&info, &key.into())
                .ok()
                .and_then(|value| value.as_string());
            value.filter(|text| !text.is_empty())
        };
        let name = [
            text("vendor"),
            text("architecture"),
            text("device"),
            text("description"),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
        let lower = name.to_lowercase();
        let is_software = Reflect::get(&info, &"isFallbackAdapter".into())
            .is_ok_and(|value| value.is_truthy())
            || SOFTWARE_NAMES.iter().any(|part| lower.contains(part));
        if is_software && !software_will_do {
            return Err(format!("the only graphics adapter is software ({name})"));
        }
        let name = if name.is_empty() {
            "unnamed adapter".to_owned()
        } else {
            name
        };
        let (device, setup) = Device::wgpu_options()
            .init_with_setup_async()
            .await
            .map_err(|error| format!("the graphics adapter ({name}) gives no device: {error}"))?;
        Ok(Self {
            device,
            name: if is_software {
                format!("{name}, software")
            } else {
                name
            },
            raw: setup.device,
        })
    }

    /// Destroys the device, as a driver's reset would.
    pub fn lose(&self) {
        self.raw.destroy();
    }
}

/// `GPUAdapterInfo` of the adapter that the browser prefers.
async fn adapter_info() -> Result<JsValue, String> {
    let gpu = Reflect::get(&scope().navigator(), &"gpu".into())
        .ok()
        .filter(JsValue::is_object)
        .ok_or("this browser has no WebGPU")?;
    let text = |error: JsValue| format!("the browser refuses WebGPU: {}", error_text(&error));
    let request: Function = Reflect::get(&gpu, &"requestAdapter".into())
        .and_then(JsCast::dyn_into)
        .map_err(text)?;
    let asking: Promise = request.call0(&gpu).and_then(JsCast::dyn_into).map_err(text)?;
    let adapter = JsFuture::from(asking).await.map_err(text)?;
    if !adapter.is_object() {
        return Err("the browser offers no graphics adapter".to_owned());
    }
    Reflect::get(&adapter, &"info".into()).map_err(text)
}
