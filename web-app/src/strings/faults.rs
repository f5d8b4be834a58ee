//! Sentences about what did not work.

#[must_use]
pub fn unknown_backend(value: &str) -> String {
    format!("`?backend={value}` is not known: use webgpu, cpu or auto. The page chooses by itself.")
}

#[must_use]
pub fn bad_model_name(value: &str) -> String {
    format!("`?model={value}` is not a name of a shipped model. The page takes the usual one.")
}

/// `reason` with the file's name in front, unless it names it already.
#[must_use]
pub fn named(name: &str, reason: &str) -> String {
    let reason = reason.trim_end_matches('.');
    if reason.contains(name) {
        reason.to_owned()
    } else {
        format!("{name}: {reason}")
    }
}

#[must_use]
pub fn not_playable(name: &str, reason: &str, player: &str) -> String {
    let said = format!(
        "{}. The browser's player cannot show it either ({player})",
        named(name, reason)
    );
    // The engine may have said what to do already.
    if reason.contains("convert") {
        format!("{said}.")
    } else {
        format!("{said}: convert it, for instance to MP4 with H.264.")
    }
}

#[must_use]
pub fn approximate(name: &str, reason: &str) -> String {
    let reason = named(name, reason);
    format!("{reason}. The browser's player steps through it instead, so frame times are approximate.")
}

#[must_use]
pub fn not_readable(name: &str, cause: &str) -> String {
    format!("{name} cannot be read: {cause}")
}

#[must_use]
pub fn sample_missing(cause: &str) -> String {
    format!("The sample film could not be loaded ({cause}). It needs the network once.")
}

#[must_use]
pub fn labels_refused(name: &str, cause: &str) -> String {
    format!("{name} is no label file: {cause}")
}

#[must_use]
pub fn file_ignored(name: &str) -> String {
    format!("{name} was left out: one video or picture at a time.")
}

#[must_use]
pub fn unexpected_message(cause: &str) -> String {
    format!("An answer of the computing part could not be read ({cause}); reload the page.")
}

#[must_use]
pub fn webcam_failed(cause: &str) -> String {
    format!("The webcam cannot be opened: {cause}")
}

#[must_use]
pub fn export_failed(cause: &str) -> String {
    format!("The file could not be written: {cause}")
}
