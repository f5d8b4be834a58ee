//! Sentences about projects that are kept in the browser, and about lists of videos.

use page_view::batch::ItemState;
use page_view::kept_analysis::KeptProject;

pub const PROJECTS: &str = "Projects";
pub const PROJECTS_HINT: &str =
    "Results and labels that this browser keeps. Videos are not kept: the page asks for the file again.";
pub const NO_PROJECTS: &str = "Nothing is kept yet.";
pub const PROJECT_OPEN: &str = "Open";
pub const PROJECT_EXPORT: &str = "Export";
pub const PROJECT_DELETE: &str = "Delete";
pub const PROJECT_IMPORT: &str = "Import a project";
pub const PROJECT_REPLACE: &str = "Replace it";
pub const PROJECT_KEEP: &str = "Keep it";
pub const PROJECT_IN_USE: &str = "It is open in this or another tab: close it there first.";
pub const FREE_SPACE: &str = "Show the projects";
pub const ATTACH_ANYWAY: &str = "Use this file";
pub const ATTACH_NOT: &str = "Choose another";
pub const BATCH: &str = "Videos";
pub const BATCH_GO_ON: &str = "Read the rest";
pub const BATCH_ZIP: &str = "All results (zip)";
pub const BATCH_CLEAR: &str = "Close the list";
pub const BATCH_NOTHING: &str = "No video of the list has been read yet.";

/// A file that is still being read gives way to another one.
#[must_use]
pub fn reading_stopped(name: &str, percent: u32, is_kept: bool) -> String {
    if is_kept {
        format!("{name}: reading stopped at {percent} %, kept; open it again to go on.")
    } else {
        format!("{name}: reading stopped at {percent} %; open it again to read it.")
    }
}

/// What is read while another video is on the stage.
#[must_use]
pub fn reads_behind(name: &str) -> String {
    format!("reading {name} meanwhile")
}

pub const OPEN_PREDICTIONS: &str = "Open predictions";

#[must_use]
pub fn smoothed_anew(rows: usize) -> String {
    format!(
        "The file does not say how its labels were smoothed; {rows} smoothed labels differ from the file's."
    )
}

#[must_use]
pub fn results_back(frames: usize) -> String {
    format!("{frames} frames read before came back from this browser's storage.")
}

#[must_use]
pub fn part_back(frames: usize) -> String {
    format!("{frames} frames read before the page was closed came back; the rest is read now.")
}

/// What was worked on last, and how far it is.
#[must_use]
pub fn go_on_with(project: &KeptProject) -> String {
    let done = project.reviewed;
    match project.segments {
        0 => format!("Continue {} ({done} reviewed)", project.video),
        all => format!(
            "Continue {} ({done} of {} reviewed)",
            project.video,
            all.max(done)
        ),
    }
}

#[must_use]
pub fn project_facts(project: &KeptProject) -> String {
    let part = if project.is_whole { "" } else { " so far" };
    format!(
        "{} frames{part}, {} segments reviewed, {}",
        project.frames,
        project.reviewed,
        size(project.bytes)
    )
}

fn size(bytes: usize) -> String {
    let kilo = bytes as f64 / 1000.0;
    if kilo < 1000.0 {
        format!("{} kB", kilo.ceil())
    } else {
        format!("{:.1} MB", kilo / 1000.0)
    }
}

#[must_use]
pub fn delete_project(project: &KeptProject) -> String {
    format!(
        "Delete what is kept of {} ({})? This cannot be taken back.",
        project.video,
        project_facts(project)
    )
}

#[must_use]
pub fn replace_project(video: &str) -> String {
    format!("A project of {video} is kept already. Replace it with the imported one?")
}

#[must_use]
pub fn project_imported(video: &str) -> String {
    format!("The project of {video} is kept now.")
}

#[must_use]
pub fn other_file(file: &str, video: &str) -> String {
    format!(
        "{file} is not the file that this project was made with ({video}): its content differs. Its frames may not fit the labels."
    )
}

#[must_use]
pub fn storage_full(cause: &str) -> String {
    format!(
        "The browser's storage is full ({}). What was changed last is not kept: delete projects that are no longer needed, \
         or export this one.",
        cause.trim_end_matches('.')
    )
}

#[must_use]
pub fn item_state(state: ItemState) -> &'static str {
    match state {
        ItemState::Waiting => "waits",
        ItemState::Reading => "being read",
        ItemState::Done => "done",
        ItemState::Failed => "not read",
    }
}

#[must_use]
pub fn not_let_in(video: &str) -> String {
    format!("The browser was not let to open {video} again. Choose it with \u{201c}Show the video\u{201d}.")
}

#[must_use]
pub fn file_moved(video: &str) -> String {
    format!("{video} is not where it was. Choose it where it is now.")
}
