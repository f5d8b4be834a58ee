//! Where the report of `mien gpu-check` is kept.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::report::Report;
use super::report_text;
use crate::atomic_file;
use crate::written_files::WrittenFiles;

const JSON: &str = "gpu-check.json";
const MARKDOWN: &str = "gpu-check.md";

/// The folder that the report goes into.
#[derive(Debug)]
pub struct ReportFolder {
    path: PathBuf,
    files: WrittenFiles,
}

impl ReportFolder {
    /// Looks at a folder that is absent, empty, or holds an older report; nothing is written yet. `sections` are the names of
    /// those that keep a log.
    ///
    /// # Errors
    /// When it holds anything else, or when a file of the report was changed since: that is somebody's work.
    pub fn look_at<'a>(path: &Path, sections: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let path = std::path::absolute(path).with_context(|| format!("the path {}", path.display()))?;
        match fs::read_dir(&path) {
            Ok(mut entries) => {
                if entries.next().is_some() && !holds_report(&path) {
                    bail!(
                        "{} holds files that gpu-check did not write: name a folder that is empty or not there",
                        path.display()
                    );
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => bail!("{} cannot be used as the output folder: {error}", path.display()),
        }
        let logs = sections.into_iter().map(|section| path.join(log_name(section)));
        let planned: Vec<PathBuf> = logs.chain([path.join(JSON), path.join(MARKDOWN)]).collect();
        Ok(Self {
            files: WrittenFiles::check(planned, false)?,
            path,
        })
    }

    /// Keeps what a section said.
    ///
    /// # Errors
    /// When the file cannot be written, or is not this program's own.
    pub fn write_log(&self, section: &str, log: &[u8]) -> Result<()> {
        self.files.write(&self.path.join(log_name(section)), log)
    }

    /// Writes both files.
    ///
    /// # Errors
    /// When the folder cannot be written, or a file in it is not this program's own.
    pub fn write(&self, report: &Report) -> Result<()> {
        atomic_file::make_folder(&self.path)?;
        let json = serde_json::to_string_pretty(report)?;
        self.files
            .write(&self.path.join(JSON), format!("{json}\n").as_bytes())?;
        self.files.write(
            &self.path.join(MARKDOWN),
            report_text::markdown(report).as_bytes(),
        )
    }

    /// The report for people.
    #[must_use]
    pub fn markdown(&self) -> PathBuf {
        self.path.join(MARKDOWN)
    }
}

fn log_name(section: &str) -> String {
    format!("gpu-check.{section}.log")
}

fn holds_report(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join(JSON)).unwrap_or_default();
    serde_json::from_str::<Report>(&text).is_ok_and(|report| report.is_own())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu_check::report::DeviceFacts;

    #[test]
    fn a_folder_of_somebody_else_is_refused_and_an_older_report_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let report = Report::new(
            DeviceFacts {
                kind: "cpu".to_owned(),
                name: "CPU".to_owned(),
                is_software: false,
                driver: None,
                precisions: vec!["f32".to_owned()],
            },
            true,
            0.0,
            1.0,
        );
        let look = || ReportFolder::look_at(&path, ["speed"]);
        look().unwrap().write(&report).unwrap();
        look().unwrap().write_log("speed", b"words").unwrap();
        look().unwrap();
        for file in [MARKDOWN, "gpu-check.speed.log"] {
            let before = fs::read(path.join(file)).unwrap();
            fs::write(path.join(file), "my notes").unwrap();
            let said = look().unwrap_err().to_string();
            assert!(said.contains(file) && said.contains("changed since"), "{said}");
            fs::write(path.join(file), before).unwrap();
        }
        fs::write(path.join(JSON), "{\"format\": \"another\"}").unwrap();
        let said = look().unwrap_err().to_string();
        assert!(said.contains("did not write"), "{said}");
    }
}
