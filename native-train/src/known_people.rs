//! Who is who in videos that a person has looked through before: from the projects that the page writes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use shared_model::file_text;
use shared_model::people::People;
use shared_model::project::Project;
use shared_model::timeline::Timeline;

use crate::result_format::video_name;

/// People by their video.
#[derive(Debug, Default)]
pub struct KnownPeople(Vec<Known>);

/// What a project says.
#[derive(Debug)]
struct Known {
    path: PathBuf,
    video: String,
    people: People,
    seen: Seen,
}

/// Frames and tracks of an analysis: people are told by their numbers.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    frames: usize,
    tracks: BTreeSet<u32>,
}

impl Seen {
    fn of(timeline: &Timeline) -> Self {
        let faces = timeline.frames().iter().flat_map(|frame| &frame.faces);
        Self {
            frames: timeline.frames().len(),
            tracks: faces.map(|face| face.track).collect(),
        }
    }
}

impl KnownPeople {
    /// Reads projects; each must be of one of the inputs, and no two of the same.
    ///
    /// # Errors
    /// When one cannot be read, is no project, or belongs to none of the inputs or, by its name, to several.
    pub fn read(paths: &[PathBuf], inputs: &[PathBuf]) -> Result<Self> {
        let mut known = Self::default();
        for path in paths {
            let fail = || {
                format!(
                    "{}: `--people` needs a project, which the page exports",
                    path.display()
                )
            };
            let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            let project =
                Project::from_json(&file_text::decode(bytes).with_context(fail)?).with_context(fail)?;
            let (shown, video) = (path.display(), project.video);
            match inputs.iter().filter(|input| video_name(input) == video).count() {
                0 => bail!("{shown} is of the video `{video}`, which is none of the inputs"),
                1 => {}
                count => bail!(
                    "{shown} is of the video `{video}`, and {count} inputs have that name: take them one at a time"
                ),
            }
            if known.0.iter().any(|other| other.video == video) {
                bail!("{shown} is the second project of the video `{video}`");
            }
            known.0.push(Known {
                path: path.clone(),
                video,
                people: project.people,
                seen: Seen::of(&project.timeline),
            });
        }
        Ok(known)
    }

    /// Whether a project is of this input.
    #[must_use]
    pub fn has(&self, input: &Path) -> bool {
        self.0.iter().any(|known| known.video == video_name(input))
    }

    /// Who is who in the analysis of this input; `None` where no project is of it.
    ///
    /// # Errors
    /// When the project was made of another analysis: its frames or tracks are others, and its people would be others' faces.
    pub fn of(&self, input: &Path, timeline: &Timeline) -> Result<Option<&People>> {
        let name = video_name(input);
        let Some(known) = self.0.iter().find(|known| known.video == name) else {
            return Ok(None);
        };
        let seen = Seen::of(timeline);
        ensure!(
            seen == known.seen,
            "{} was made of another analysis of {name}, of {} frames and {} tracks, and here are {} and {}: analyse with the model and \
             the options that it was made with",
            known.path.display(),
            known.seen.frames,
            known.seen.tracks.len(),
            seen.frames,
            seen.tracks.len()
        );
        Ok(Some(&known.people))
    }
}
