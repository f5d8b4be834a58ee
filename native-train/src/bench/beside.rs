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
    pub fn start(
        python: &Path,
        script: &Path,
        batch: usize,
        size: usize,
        small: bool,
        device: &str,
    ) -> Result<Self> {
        let threads = rayon::current_num_threads().to_string();
        let mut command = Command::new(python);
        command
            .arg(script)
            .args(["--batch", &batch.to_string(), "--size", &size.to_string()])
            .args(["--threads", &threads, "--device", device])
            .env("OMP_NUM_THREADS", &threads)
            // Threads that wait must not take the other program's time.
            .env("OMP_WAIT_POLICY", "passive")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if small {
            command.arg("--small");
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
        writeln!(self.questions, "{}", step.word())?;
        self.questions.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        line.trim().parse().with_context(|| {
            format!(
                "the other program's answer to `{}`: `{}`",
                step.word(),
                line.trim()
            )
        })
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
