//! Child processes: found, shown, run, and listened to.

use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// The program's path, if `PATH` has it.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|candidate| candidate.is_file())
}

/// `PATH` with `folder` in front.
pub fn path_with(folder: &Path) -> Result<OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_path_buf()).chain(env::split_paths(&rest));
    env::join_paths(folders).context("PATH holds a folder whose name cannot be joined")
}

/// The command line as one would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs to the end with the terminal's own output.
///
/// # Errors
/// When it does not start or does not exit with 0.
pub fn run(command: &mut Command) -> Result<()> {
    println!("  $ {}", shown(command));
    let status = command
        .status()
        .with_context(|| format!("`{}` does not start", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs quietly and returns the trimmed standard output; `None` when it fails or does not start.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What a child said, and whether it exited with 0.
pub struct Heard {
    pub success: bool,
    pub lines: Vec<String>,
}

/// Runs to the end, passing each line on as it comes and keeping it.
///
/// # Errors
/// When it does not start.
pub fn run_and_listen(command: &mut Command) -> Result<Heard> {
    println!("  $ {}", shown(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{}` does not start", shown(command)))?;
    let stderr = child.stderr.take();
    let stdout = child.stdout.take();
    let from_stderr = thread::spawn(move || stderr.map(|pipe| pass_on(pipe, |line| eprintln!("{line}"))));
    let mut lines = stdout
        .map(|pipe| pass_on(pipe, |line| println!("{line}")))
        .unwrap_or_default();
    let status = child
        .wait()
        .with_context(|| format!("waiting for `{}`", shown(command)))?;
    if let Ok(Some(more)) = from_stderr.join() {
        lines.extend(more);
    }
    Ok(Heard {
        success: status.success(),
        lines,
    })
}

fn pass_on(pipe: impl Read, print: impl Fn(&str)) -> Vec<String> {
    let mut reader = BufReader::new(pipe);
    let mut lines = Vec::new();
    let mut bytes = Vec::new();
    // Bytes and not `lines()`: a child's output need not be UTF-8.
    while matches!(reader.read_until(b'\n', &mut bytes), Ok(count) if count > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        print(&line);
        lines.push(line);
        bytes.clear();
    }
    lines
}
