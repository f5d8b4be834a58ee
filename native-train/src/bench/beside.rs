//! Another program that takes the same steps in turns, so that both meet the same load of the machine.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::steps::Step;

/// A running program that answers each step's name with its seconds.
pub struct Beside {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// What it says of itself.
    pub introduction: Introduction,
}

/// What the other program is to do.
pub struct Wish<'a> {
    /// The Python that runs it.
    pub python: &'a Path,
    pub script: &'a Path,
    /// Pictures a batch.
    pub batch: usize,
    /// Side of the pictures in pixels.
    pub size: usize,
    /// Whether the small network is meant.
    pub is_small: bool,
    /// PyTorch's name of a device.
    pub device: &'a str,
    /// For scripts that know more than one.
    pub precision: Option<&'a str>,
}

/// First line of the other program.
#[derive(Debug, Clone, Deserialize)]
pub struct Introduction {
    /// Name and version.
    pub program: String,
    /// Threads it computes with.
    pub threads: usize,
}

impl Beside {
    /// Starts the script with the same batch, size and threads.
    ///
    /// # Errors
    /// When it cannot be started, or does not introduce itself.
    pub fn start(wish: &Wish<'_>) -> Result<Self> {
        let Wish { python, script, .. } = wish;
        let threads = rayon::current_num_threads().to_string();
        let mut command = Command::new(python);
        command
            .arg(script)
            .args([
                "--batch",
                &wish.batch.to_string(),
                "--size",
                &wish.size.to_string(),
            ])
            .args(["--threads", &threads, "--device", wish.device])
            .env("OMP_NUM_THREADS", &threads)
            // Threads that wait must not take the other program's time.
            .env("OMP_WAIT_POLICY", "passive")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if wish.is_small {
            command.arg("--small");
        }
        if let Some(precision) = wish.precision {
            command.args(["--precision", precision]);
        }
        let mut child = command.spawn().with_context(|| {
            format!(
                "{} {} cannot be started (see `--python`)",
                python.display(),
                script.display()
            )
        })?;
        let questions = child.stdin.take().context("the other program's input")?;
        let mut answers = BufReader::new(child.stdout.take().context("the other program's output")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let introduction = serde_json::from_str(&line)
            .with_context(|| format!("{} ended early; its own words are above", script.display()))?;
        Ok(Self {
            child,
            questions,
            answers,
            introduction,
        })
    }

    /// Lets it take a step and gives its seconds.
    ///
    /// # Errors
    /// When it ends or answers something else.
    pub fn seconds(&mut self, step: Step) -> Result<f64> {
        self.answer(step.word())
    }

    /// Its answer to a word.
    ///
    /// # Errors
    /// When it ends or answers something else than a number.
    pub fn answer(&mut self, word: &str) -> Result<f64> {
        writeln!(self.questions, "{word}")?;
        self.questions.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        line.trim()
            .parse()
            .with_context(|| format!("the other program's answer to `{word}`: `{}`", line.trim()))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
