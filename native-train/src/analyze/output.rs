//! The files that an analysis leaves.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use shared_model::decisions::Decisions;
use shared_model::people::People;
use shared_model::project::{PROJECT_VERSION, Project};
use shared_model::remark::Remarks;
use shared_model::smoothing::Smoothing;
use shared_model::timeline::{FrameRow, Timeline};

use super::found_table;
use super::output_names::with_ending;
use crate::result_format::Format;
use crate::written_files::WrittenFiles;

/// The files of an input's results, in the order of the formats. `base` is their path without extension.
pub(super) fn paths(input: &Path, formats: &[Format], base: &Path) -> Vec<PathBuf> {
    let folder = base.parent().unwrap_or(Path::new("."));
    let ending = |format: &Format| match format {
        Format::Csv => "csv",
        Format::Json => "json",
        Format::Affwild2 => annotation_ending(input, folder),
        Format::Vtt => "vtt",
        Format::Eaf => "eaf",
    };
    formats
        .iter()
        .map(|format| with_ending(base, ending(format)))
        .collect()
}

/// An analysis with its settings, ready to be written.
#[derive(Debug)]
pub(super) struct Written<'a> {
    pub(super) video: &'a str,
    pub(super) model: &'a Path,
    pub(super) smoothing: Smoothing,
    pub(super) window: usize,
    pub(super) timeline: Timeline,
    /// Who is who.
    pub(super) people: People,
}

impl Written<'_> {
    /// Frames, faces and frames without a face, in words.
    pub(super) fn summary(&self) -> String {
        let frames = self.timeline.frames();
        let tracks: HashSet<u32> = frames.iter().flat_map(|f| &f.faces).map(|f| f.track).collect();
        let without = frames.iter().filter(|frame| frame.faces.is_empty()).count();
        let (count, faces) = (frames.len(), tracks.len());
        if self.timeline.is_unrelated() {
            return format!("{count} unrelated pictures, {faces} faces, {without} pictures without a face");
        }
        format!("{count} frames, {faces} face tracks, {without} frames without a face")
    }

    /// What each face shows, in lines for a terminal.
    pub(super) fn found(&self) -> Vec<String> {
        found_table::lines(&self.rows())
    }

    fn rows(&self) -> Vec<FrameRow> {
        self.timeline
            .rows_of_people(&self.people, self.smoothing, self.window)
    }

    /// Writes the files and gives their paths.
    ///
    /// # Errors
    /// When one cannot be written or may not be replaced.
    pub(super) fn write(
        self,
        input: &Path,
        formats: &[Format],
        base: &Path,
        out: &WrittenFiles,
    ) -> Result<Vec<PathBuf>> {
        let rows = self.rows();
        let (mut project, mut texts) = (None, Vec::new());
        for (format, path) in formats.iter().zip(paths(input, formats, base)) {
            match format.text(self.video, &rows, &self.timeline) {
                Some(text) => texts.push((path, text)),
                // Made last, since it takes the timeline.
                None => project = Some(path),
            }
        }
        if let Some(path) = project {
            texts.push((path, self.into_project().to_json().context("the project")?));
        }
        let (mut files, mut failures) = (Vec::new(), Vec::new());
        for (path, text) in texts {
            let was_there = path.exists();
            match out.write(&path, text.as_bytes()) {
                Ok(()) if was_there => {
                    tracing::info!("note: {} was there already and was replaced", path.display());
                }
                Ok(()) => {}
                // The other files are written all the same.
                Err(error) => failures.push(format!("{error:#}")),
            }
            files.push(path);
        }
        ensure!(failures.is_empty(), "{}", failures.join("\n"));
        Ok(files)
    }

    fn into_project(self) -> Project {
        let model = self
            .model
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        Project {
            version: PROJECT_VERSION,
            fingerprint: None,
            reviewed: Vec::new(),
            people: self.people,
            remarks: Remarks::default(),
            decisions: Decisions::default(),
            video: self.video.to_owned(),
            model: model.unwrap_or_default(),
            smoothing: self.smoothing,
            window: self.window,
            timeline: self.timeline,
        }
    }
}

/// Beside the video itself, `<video>.txt` is where its hand-made annotation lies: it stays.
fn annotation_ending(input: &Path, folder: &Path) -> &'static str {
    let beside = input
        .canonicalize()
        .ok()
        .zip(folder.canonicalize().ok())
        .is_some_and(|(input, folder)| input.parent() == Some(&folder));
    if beside { "predicted.txt" } else { "txt" }
}
