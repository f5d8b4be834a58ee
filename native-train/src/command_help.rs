//! What shells and `man` are told of the program's commands.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::stdout;
use crate::written_files::WrittenFiles;

/// For which shell.
#[derive(Debug, Args)]
pub struct CompletionOptions {
    /// The shell. Put what is printed where it looks for completions, such as
    /// `~/.local/share/bash-completion/completions/mien`
    #[arg(value_enum)]
    shell: Shell,
}

/// Where the pages go.
#[derive(Debug, Args)]
pub struct ManualOptions {
    /// Folder for the pages, such as `~/.local/share/man/man1`
    #[arg(value_name = "DIR")]
    out: PathBuf,
    /// Replace pages also where mien did not write them, or where they were changed since
    #[arg(long)]
    force: bool,
}

/// Prints the completions of `program`.
pub fn print_completions(options: &CompletionOptions, mut program: Command) {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut program, "mien", &mut script);
    stdout::line(format_args!("{}", String::from_utf8_lossy(&script).trim_end()));
}

/// Writes a manual page for `program` and one for each of its commands, and prints their paths.
///
/// # Errors
/// When one cannot be written or may not be replaced.
pub fn write_manual(options: &ManualOptions, program: Command) -> Result<()> {
    let mut pages = vec![("mien.1".to_owned(), page_of(program.clone())?)];
    for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = format!("mien-{}", command.get_name());
        pages.push((format!("{name}.1"), page_of(command.clone().display_name(name))?));
    }
    let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    let files = WrittenFiles::open(&options.out, &names, options.force)?;
    for (name, page) in &pages {
        let path = options.out.join(name);
        files.write(&path, page)?;
        stdout::line(format_args!("{}", path.display()));
    }
    Ok(())
}

fn page_of(command: Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page).context("the manual page")?;
    Ok(page)
}
