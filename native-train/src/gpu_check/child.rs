//! Child processes that always have an end: a limit of time, and no child of theirs outlives it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Between two looks at a child that says nothing.
const LOOK: Duration = Duration::from_millis(50);
/// How long words of a child that has ended may still be on their way.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Exited(ExitStatus),
    /// Killed, since its time was over.
    TimedOut,
    /// Killed, since the person asked for the end.
    Interrupted,
}

impl End {
    /// Whether it ended by itself, and well.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }
}

/// Runs a program to its end or to the limit, and hands over each line of its standard output as it comes. What it says
/// on stderr goes into `log`. Its standard input stays open for as long as this program lives; see [`end_with_parent`].
///
/// # Errors
/// When it cannot be started or waited for.
pub fn run(
    command: &mut Command,
    log: impl Into<Stdio>,
    limit: Duration,
    is_stopped: &dyn Fn() -> bool,
    on_line: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<End> {
    let started = Instant::now();
    let mut child = Group::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log))?;
    let stdout = child.0.stdout.take().context("the child's output")?;
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    loop {
        let is_over = match lines.recv_timeout(LOOK) {
            Ok(line) => {
                on_line(&line)?;
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(LOOK);
                true
            }
        };
        if let Some(status) = child.0.try_wait().context("waiting for a child")? {
            if !is_over {
                let until = Instant::now() + LAST_WORDS;
                while let Ok(line) = lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    on_line(&line)?;
                }
            }
            return Ok(End::Exited(status));
        }
        if is_stopped() {
            return Ok(End::Interrupted);
        }
        if started.elapsed() >= limit {
            return Ok(End::TimedOut);
        }
    }
}

/// All that a program says on standard output; `None` where it cannot be started, fails, or is still running after the
/// limit.
#[must_use]
pub fn output_within(command: &mut Command, limit: Duration) -> Option<String> {
    let mut text = String::new();
    let end = run(command, Stdio::null(), limit, &|| false, &mut |line| {
        text.push_str(line);
        text.push('\n');
        Ok(())
    });
    end.is_ok_and(End::is_success).then_some(text)
}

/// Ends this process, and those that it has started, once the program that started it is gone. Only for a process that
/// [`run`] has started: the leader of a group of its own, whose standard input stays open.
pub fn end_with_parent() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{Signal, killpg};
        use nix::unistd::{Pid, getpgrp};
        let own = Pid::this();
        if getpgrp() != own {
            return;
        }
        std::thread::spawn(move || {
            let mut nothing = Vec::new();
            let _ = std::io::stdin().read_to_end(&mut nothing);
            let _ = killpg(own, Signal::SIGKILL);
        });
    }
}

/// A child that leads a process group. When this goes, so does the whole group.
struct Group(Child);

impl Group {
    fn spawn(command: &mut Command) -> Result<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            command.process_group(0);
        }
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be started", command.get_program().to_string_lossy()))?;
        Ok(Self(child))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            use nix::sys::signal::{Signal, killpg};
            use nix::unistd::Pid;
            // The group keeps its number for as long as anyone is in it.
            if let Ok(id) = i32::try_from(self.0.id()) {
                let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
            }
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The last error in what a process wrote: that of the program itself, else that of a panic, which stands below the
/// line that says where.
pub(super) fn last_error(log: &str) -> Option<String> {
    let lines = || log.lines().map(str::trim);
    let own = lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .next_back();
    own.map(str::to_owned).or_else(|| {
        let place = lines().position(|line| line.contains("panicked at"))?;
        let words = lines().skip(place + 1).find(|line| !line.is_empty())?;
        Some(format!("it panicked: {words}"))
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn ended(script: &str, limit: Duration) -> (End, Vec<String>) {
        let mut lines = Vec::new();
        let log = tempfile::tempfile().unwrap();
        let end = run(&mut shell(script), log, limit, &|| false, &mut |line| {
            lines.push(line.to_owned());
            Ok(())
        });
        (end.unwrap(), lines)
    }

    #[test]
    fn all_lines_of_a_short_child_come() {
        let (end, lines) = ended("echo one; echo two; exit 3", Duration::from_secs(60));
        assert!(matches!(end, End::Exited(status) if status.code() == Some(3)));
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_child_that_hangs_and_its_own_child_end_with_the_limit() {
        // Both ignore requests to terminate. The inner one says its number.
        let script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; sleep 600' ; sleep 600";
        let (end, lines) = ended(script, Duration::from_secs(1));
        assert_eq!(end, End::TimedOut);
        let inner = lines.first().unwrap();
        let begun = Instant::now();
        while is_running(inner) {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "{inner} is still there"
            );
            std::thread::sleep(LOOK);
        }
    }

    /// Whether the process is there and is no zombie that nobody has asked for yet.
    fn is_running(id: &str) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        status
            .lines()
            .any(|line| line.starts_with("State:") && !line.contains('Z'))
    }

    #[test]
    fn the_reason_is_the_programs_own_error_or_the_panic() {
        let log = "device: CUDA\nerror: first\nwarning: x\nerror: the disk is full\n";
        assert_eq!(last_error(log).unwrap(), "the disk is full");
        let log = "\nthread 'main' (7) panicked at src/x.rs:1:2:\nout of device memory\nnote: run with\n";
        assert_eq!(last_error(log).unwrap(), "it panicked: out of device memory");
        assert_eq!(last_error("nothing\n"), None);
    }
}
