//! `cargo xtask demo`: the page, built and served.

use crate::serve::Server;
use crate::{paths, process, setup, web_build};
use anyhow::Result;
use clap::Args;
use std::process::Command;

#[derive(Args)]
pub struct DemoOptions {
    /// Port on this machine
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Only build, into web-app/dist
    #[arg(long)]
    no_serve: bool,
    /// Open the page in the default browser
    #[arg(long)]
    open: bool,
}

pub fn run(options: &DemoOptions) -> Result<()> {
    setup::run(setup::Purpose::Demo)?;
    web_build::run()?;
    let dist = paths::dist()?;
    if options.no_serve {
        println!("the page is in {}", dist.display());
        return Ok(());
    }
    let server = Server::start(&dist, options.port)?;
    println!("serving the page at {} (Ctrl-C ends it)", server.address());
    if options.open && process::run(Command::new("xdg-open").arg(server.address())).is_err() {
        eprintln!("no browser could be opened: open {} yourself", server.address());
    }
    server.wait();
    Ok(())
}
