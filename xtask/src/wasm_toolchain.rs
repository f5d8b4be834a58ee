//! The target of the page and the toolchain that builds for it.

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The toolchain that builds for wasm.
#[derive(Clone, Debug)]
pub struct WasmToolchain {
    /// The value of `RUSTUP_TOOLCHAIN`; `None` is the toolchain in use anyway.
    pub rustup_name: Option<String>,
}
