//! ffmpeg and ffprobe as child processes: which ffmpeg it is, an environment that leaves their output alone, and waits that end.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};

/// Names another number of seconds for [`patience_s`].
const PATIENCE_VARIABLE: &str = "MIEN_FFMPEG_PATIENCE_S";
/// Long enough for a file that a cluster first fetches from its archive, in most cases.
const DEFAULT_PATIENCE_S: u32 = 300;
/// Seconds for what comes at once unless something is wrong: a line that was printed before the bytes that have arrived.
pub(crate) const GRACE_S: u32 = 10;

/// Variables that change what ffmpeg, ffprobe or their libraries print, or where. A name that begins so is not passed on.
const CHANGES_OUTPUT: [&str; 10] = [
    "AV_LOG_",
    "FFREPORT",
    "FFMPEG_DATADIR",
    "AVCONV_DATADIR",
    "NO_COLOR",
    "CLICOLOR",
    "LC_",
    "LANG",
    "SVT_LOG",
    "LD_DEBUG",
];

/// Bytes of an answer that is kept whole; ffprobe's are some kilobytes.
const MOST_ANSWER_BYTES: u64 = 64 << 20;

/// libavcodec's version in the oldest ffmpeg that is known to work: 4.2.
const OLDEST: (u32, u32) = (58, 54);
/// The same of ffmpeg 4.4, which can leave each frame its own size.
const KEEPS_SIZES: (u32, u32) = (58, 134);
/// The same of ffmpeg 5.1, where `-vsync` got its new name.
const NAMES_FPS_MODE: (u32, u32) = (59, 37);

/// An ffmpeg that can be used.
#[derive(Debug, Clone)]
pub struct Ffmpeg {
    program: OsString,
    version: String,
    /// Builds from between two releases have a date or a commit as their version, and always this.
    libavcodec: (u32, u32),
}

impl Ffmpeg {
    /// The first `ffmpeg` on the `PATH`; it is asked for its version once.
    ///
    /// # Errors
    /// When there is none, it is too old, or it is something else of that name.
    pub fn on_path() -> Result<Self> {
        static FOUND: OnceLock<Result<Ffmpeg, String>> = OnceLock::new();
        let found = FOUND.get_or_init(|| Self::at("ffmpeg").map_err(|error| format!("{error:#}")));
        found.clone().map_err(|message| anyhow!(message))
    }

    /// This program.
    ///
    /// # Errors
    /// As [`Self::on_path`].
    pub fn at(program: impl Into<OsString>) -> Result<Self> {
        let program = program.into();
        let shown = program.to_string_lossy();
        let answer = run(command(&program).arg("-version"))?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let Some((version, libavcodec)) = versions(&text) else {
            let first = text.lines().next().unwrap_or("nothing");
            let first: String = first.chars().take(100).collect();
            bail!(
                "`{shown}` is no ffmpeg that can be used: asked for its version it says \"{first}\" and ends with {}",
                answer.status
            );
        };
        if libavcodec < OLDEST {
            bail!(
                "ffmpeg 4.2 or newer is needed to decode videos, and `{shown}` is version {version}: install a newer one"
            );
        }
        let version = version.to_owned();
        Ok(Self {
            program,
            version,
            libavcodec,
        })
    }

    /// As it calls itself: `7.1.1`, `5.1.9-0+deb12u1`, `N-118451-g5d2ba5e6c3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn command(&self) -> Command {
        command(&self.program)
    }

    /// Whether frames can keep sizes of their own.
    pub(crate) fn keeps_sizes(&self) -> bool {
        self.libavcodec >= KEEPS_SIZES
    }

    /// Options of an output whose frames are neither dropped nor doubled, and keep their sizes where that is possible.
    pub(crate) fn passthrough(&self) -> Vec<&'static str> {
        let mut options = if self.libavcodec >= NAMES_FPS_MODE {
            vec!["-fps_mode", "passthrough"]
        } else {
            vec!["-vsync", "passthrough"]
        };
        if self.keeps_sizes() {
            options.push("-noautoscale");
        }
        options
    }
}

/// ffmpeg's own version and that of libavcodec in the answer to `-version`.
fn versions(answer: &str) -> Option<(&str, (u32, u32))> {
    let version = answer
        .lines()
        .find_map(|line| line.strip_prefix("ffmpeg version "))?;
    let version = version.split_whitespace().next()?;
    let library = answer.lines().find_map(|line| line.strip_prefix("libavcodec"))?;
    let mut numbers = library.split(['.', '/']).map(|part| part.trim().parse().ok());
    Some((version, (numbers.next()??, numbers.next()??)))
}

/// Seconds for which a child may give nothing while it is waited for.
///
/// # Errors
/// When the variable that sets it holds no such number.
pub(crate) fn patience_s() -> Result<u32> {
    let Some(text) = std::env::var_os(PATIENCE_VARIABLE) else {
        return Ok(DEFAULT_PATIENCE_S);
    };
    match text.to_str().map(str::parse) {
        Some(Ok(seconds)) if seconds > 0 => Ok(seconds),
        _ => bail!(
            "{PATIENCE_VARIABLE} is {}: it must be a number of seconds above 0",
            text.display()
        ),
    }
}

/// The message when a child was given up.
pub(crate) fn silent(program: &str, seconds: u32) -> String {
    format!(
        "{program} gave nothing for {seconds} s and was stopped: the disk or the network that holds the file may hang; \
         {PATIENCE_VARIABLE} sets another number of seconds"
    )
}

/// A program of ffmpeg's, without standard input and without what changes its output.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_uppercase();
        if CHANGES_OUTPUT.iter().any(|start| text.starts_with(start)) {
            command.env_remove(name);
        }
    }
    command
        .env("LC_ALL", "C")
        .env("AV_LOG_FORCE_NOCOLOR", "1")
        .stdin(Stdio::null());
    // Statically linked builds crash on MPEG-TS where glibc loads the system's character sets through its cache, which it
    // leaves alone if this is set, even to nothing.
    if std::env::var_os("GCONV_PATH").is_none() {
        command.env("GCONV_PATH", "");
    }
    command
}

/// The message when a program of ffmpeg's does not start.
fn not_started(program: &str, error: &std::io::Error) -> anyhow::Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        anyhow!(
            "`{program}` is not installed, and videos are decoded with it: install ffmpeg (Debian and Ubuntu: \
             `apt install ffmpeg`, macOS: `brew install ffmpeg`, Windows: `winget install ffmpeg`)"
        )
    } else {
        anyhow!("`{program}` cannot be started: {error}")
    }
}

/// A child that is stopped when it is no longer wanted.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    program: String,
    patience_s: u32,
}

impl Running {
    /// # Errors
    /// When the program is not there or cannot be started, in words for its user.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let patience_s = patience_s()?;
        let child = command.spawn().map_err(|error| not_started(&program, &error))?;
        Ok(Self {
            child,
            program,
            patience_s,
        })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(crate) fn patience_s(&self) -> u32 {
        self.patience_s
    }

    /// Waits for the end of a child whose output has ended.
    ///
    /// # Errors
    /// When it goes on all the same; it is stopped then.
    pub(crate) fn end(&mut self) -> Result<ExitStatus> {
        let seconds = self.patience_s;
        let ended = ended_within(&mut self.child, seconds)?;
        ended.ok_or_else(|| {
            self.stop();
            anyhow!("{}", silent(&self.program, seconds))
        })
    }

    fn stop(&mut self) {
        // It may have ended already; then both do nothing. One that hangs inside the kernel does not even end now.
        let _ = self.child.kill();
        let _ = ended_within(&mut self.child, GRACE_S);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn ended_within(child: &mut Child, seconds: u32) -> Result<Option<ExitStatus>> {
    const PAUSES_A_SECOND: u32 = 200;
    for _ in 0..=seconds.saturating_mul(PAUSES_A_SECOND) {
        if let Some(status) = child.try_wait().context("a child cannot be waited for")? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_secs(1) / PAUSES_A_SECOND);
    }
    Ok(None)
}

/// What came of a wait.
pub(crate) enum Waited<T> {
    Got(T),
    /// The other side is gone.
    Closed,
    /// Nothing came in time.
    Silent,
}

/// Waits for at most so many seconds. They are counted one by one, so that a process that was halted (Ctrl-Z) and goes on
/// does not find all of them gone.
pub(crate) fn wait_for<T>(receiver: &Receiver<T>, seconds: u32) -> Waited<T> {
    for _ in 0..seconds {
        match receiver.recv_timeout(Duration::from_secs(1)) {
            Ok(got) => return Waited::Got(got),
            Err(RecvTimeoutError::Disconnected) => return Waited::Closed,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    Waited::Silent
}

/// What a child said that ran to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs a child to its end.
///
/// # Errors
/// When it cannot be started, or neither answers nor ends.
pub(crate) fn run(command: &mut Command) -> Result<Answer> {
    let mut running = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let seconds = running.patience_s;
    let stdout = read_aside(running.child.stdout.take());
    let stderr = read_aside(running.child.stderr.take());
    let stdout = match wait_for(&stdout, seconds) {
        Waited::Got(Ok(bytes)) => bytes,
        Waited::Got(Err(TooLong)) => bail!("{} prints without an end", running.program),
        Waited::Closed | Waited::Silent => bail!(silent(&running.program, seconds)),
    };
    let status = running.end()?;
    // Another process may hold it open.
    let stderr = match wait_for(&stderr, GRACE_S) {
        Waited::Got(Ok(bytes)) => bytes,
        _ => Vec::new(),
    };
    Ok(Answer {
        status,
        stdout,
        stderr,
    })
}

struct TooLong;

/// Reads on a thread of its own, so that the child never waits for a reader.
fn read_aside(pipe: Option<impl Read + Send + 'static>) -> Receiver<Result<Vec<u8>, TooLong>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let Some(mut pipe) = pipe else { return };
        // What cannot be read any more ends where it stands.
        let _ = pipe.by_ref().take(MOST_ANSWER_BYTES).read_to_end(&mut bytes);
        let is_whole = u64::try_from(bytes.len()).is_ok_and(|length| length < MOST_ANSWER_BYTES);
        // The receiver is gone when the child was given up.
        let _ = sender.send(if is_whole { Ok(bytes) } else { Err(TooLong) });
        if !is_whole {
            // A closed pipe would end a child that is to be stopped by who waits for it, and said to hang.
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_and_builds_between_them_say_which_they_are() {
        let release = "ffmpeg version 7.0.2-static https://x/  Copyright (c) 2000-2024\nlibavutil 59.  8.100 / 59.  8.100\n\
                       libavcodec     61.  3.100 / 61.  3.100\n";
        assert_eq!(versions(release), Some(("7.0.2-static", (61, 3))));
        let snapshot =
            "ffmpeg version N-118451-g5d2ba5e6c3 Copyright\nlibavcodec     61. 31.100 / 61. 31.100\n";
        assert_eq!(versions(snapshot), Some(("N-118451-g5d2ba5e6c3", (61, 31))));
        assert_eq!(versions("hello\n"), None);
    }
}
