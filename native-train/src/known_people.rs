//! Who is who in videos that a person has looked through before: from the projects that the page writes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use shared_model::people::People;
use shared_model::project::Project;

use crate::result_format::video_name;

/// People by the name of their video.
#[derive(Debug, Default)]
pub struct KnownPeople(Vec<(String, People)>);

impl KnownPeople {
    /// Reads projects; each must be of one of the inputs, and no two of the same.
    ///
    /// # Errors
    /// When one cannot be read, is no project, or belongs to none of the inputs.
    pub fn read(paths: &[PathBuf], inputs: &[PathBuf]) -> Result<Self> {
        let mut known = Self::default();
        for path in paths {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            let project = Project::from_json(&text).with_context(|| {
                format!(
                    "{}: who is who is read from a project of the page",
                    path.display()
                )
            })?;
            let is_of = |input: &PathBuf| video_name(input) == project.video;
            if !inputs.iter().any(is_of) {
                bail!(
                    "{} is of the video `{}`, which is none of the inputs",
                    path.display(),
                    project.video
                );
            }
            if known.0.iter().any(|(video, _)| *video == project.video) {
                bail!(
                    "{} is the second project of the video `{}`",
                    path.display(),
                    project.video
                );
            }
            known.0.push((project.video, project.people));
        }
        Ok(known)
    }

    /// Who is who in this input; `None` where no project is of it.
    #[must_use]
    pub fn of(&self, input: &Path) -> Option<&People> {
        let name = video_name(input);
        self.0
            .iter()
            .find(|(video, _)| *video == name)
            .map(|(_, people)| people)
    }
}
