//! Standard output, whose reader may leave early: `mien info M | head`.

use std::fmt::Arguments;
use std::io::Write as _;

/// Writes text. That nobody listens any more is no failure: the files of a command are its result.
pub fn text(text: Arguments<'_>) {
    let _ = std::io::stdout().write_fmt(text);
}

/// Writes a line, as [`text`].
pub fn line(line: Arguments<'_>) {
    text(format_args!("{line}\n"));
}
