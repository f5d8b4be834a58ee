//! The project's own commands: set-up, demo, test and bench.

mod bench;
mod browser_tests;
mod cargo_call;
mod cuda_offline;
mod demo;
mod folders;
mod fused_opcodes;
mod older_glibc;
mod packing;
mod page_headers;
mod paths;
mod plain_engine;
mod precache;
mod process;
mod python_checks;
mod release;
mod sample;
mod serve;
mod setup;
mod test_count;
mod test_suite;
mod wasm_exports;
mod wasm_toolchain;
mod web_build;
mod webgpu_pack;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Mien's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the demo or the tests need; what is there already is left alone
    Setup {
        #[arg(long = "for", value_enum, default_value = "demo")]
        purpose: setup::Purpose,
    },
    /// Build the page in release mode and serve it
    Demo(demo::DemoOptions),
    /// Speed, size and memory of the page, measured and printed
    Bench(bench::BenchOptions),
    /// Build the program for CUDA where LLVM's bundle cannot be downloaded
    CudaOffline(cuda_offline::CudaOfflineOptions),
    /// Make what one downloads: the program as one file, and the page as a zip
    Release(release::ReleaseOptions),
    /// Read the page's sample film with its model, and keep the result
    Sample,
    /// Format, lints, unit tests, the wasm build, golden checks and the browser tests
    Test(test_suite::TestOptions),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Setup { purpose } => setup::run(purpose).map(|()| ExitCode::SUCCESS),
        Command::Demo(options) => demo::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Bench(options) => bench::run(&options).map(|()| ExitCode::SUCCESS),
        Command::CudaOffline(options) => cuda_offline::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Release(options) => release::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Sample => sample::run().map(|()| ExitCode::SUCCESS),
        Command::Test(options) => test_suite::run(options),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
