//! What the results of each input are called.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::result_format::video_name;

/// Gives each input file names of its own.
#[derive(Debug)]
pub(crate) struct OutputNames {
    folder: PathBuf,
    taken: HashSet<String>,
}

impl OutputNames {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            taken: HashSet::new(),
        }
    }

    /// The paths without extension of all inputs.
    pub(crate) fn take_all(&mut self, inputs: &[PathBuf]) -> Vec<PathBuf> {
        let take = |input: &PathBuf| self.take(&video_name(input), input);
        inputs.iter().map(take).collect()
    }

    /// The path without extension for an input: its own name, with a number behind it where an
    /// earlier input has the same.
    fn take(&mut self, video: &str, input: &Path) -> PathBuf {
        let stem = if input.is_dir() {
            video
        } else {
            Path::new(video)
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or(video)
        };
        // Some file systems take `A.csv` and `a.csv` for one file.
        let free = (1..)
            .map(|n| {
                if n == 1 {
                    stem.to_owned()
                } else {
                    format!("{stem}-{n}")
                }
            })
            .find(|name| !self.taken.contains(&name.to_lowercase()));
        let name = free.unwrap_or_else(|| stem.to_owned());
        if name != stem {
            tracing::info!("note: results of {} are named {name}", input.display());
        }
        self.taken.insert(name.to_lowercase());
        self.folder.join(name)
    }
}

/// `name.ending`, also where the name has a dot in it.
pub(crate) fn with_ending(base: &Path, ending: &str) -> PathBuf {
    let mut path = base.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    PathBuf::from(path)
}
