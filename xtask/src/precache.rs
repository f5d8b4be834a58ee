//! The list of the built page's files, by which its service worker keeps them.

use crate::page_headers;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const WORKER: &str = "service-worker.js";
const LIST: &str = "precache.json";
/// What the worker's source holds in place of the version.
const UNBUILT: &str = "const VERSION = \"unbuilt\";";

/// Folders whose files are kept once they are used: whoever needs one model need not load all of them.
const ON_USE: [&str; 4] = ["models/", "sample/", "package/", "package.json"];
/// But these, which say what there is.
const LISTS: [&str; 1] = ["models/models.json"];

/// Writes `precache.json` into the built page and its version into the service worker. The list has the SHA-256 of each file, by
/// which the worker knows that a copy is of this version.
///
/// # Errors
/// When a file cannot be read or written, or the worker does not name its version.
pub fn write(dist: &Path) -> Result<()> {
    let worker = dist.join(WORKER);
    let script = fs::read_to_string(&worker).with_context(|| format!("reading {}", worker.display()))?;
    if !script.contains(UNBUILT) {
        bail!(
            "{} has no line `{UNBUILT}` to put the version into",
            worker.display()
        );
    }
    let mut files = Vec::new();
    list_files(dist, dist, &mut files)?;
    files.sort();
    let (mut always, mut on_use) = (Vec::new(), Vec::new());
    let mut all = Sha256::new();
    all.update(&script);
    for file in &files {
        let bytes = fs::read(dist.join(file)).with_context(|| format!("reading {file}"))?;
        let line = format!("{file:?}:\"{}\"", hex(&Sha256::digest(&bytes)));
        all.update(&line);
        let waits = ON_USE.iter().any(|folder| file.starts_with(folder)) && !LISTS.contains(&file.as_str());
        if waits { &mut on_use } else { &mut always }.push(line);
    }
    let version: String = hex(&all.finalize()).chars().take(16).collect();
    let list = format!(
        "{{\"version\":\"{version}\",\"files\":{{{}}},\"on_use\":{{{}}}}}\n",
        always.join(","),
        on_use.join(",")
    );
    fs::write(dist.join(LIST), list).context("writing the list of files")?;
    let script = script.replace(UNBUILT, &format!("const VERSION = \"{version}\";"));
    fs::write(&worker, script).with_context(|| format!("writing {}", worker.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Nothing can fail in writing to a text.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Paths relative to the page, with `/`, without what the service worker must not keep.
fn list_files(folder: &Path, dist: &Path, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            list_files(&path, dist, files)?;
            continue;
        }
        let relative = path.strip_prefix(dist).unwrap_or(&path);
        let parts: Vec<_> = relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        let name = parts.join("/");
        // What is packed is the same file once more.
        if name != WORKER && name != LIST && !name.ends_with(".br") && !page_headers::is_of_hosts(&name) {
            files.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_in(dist: &Path) -> String {
        let list = fs::read_to_string(dist.join(LIST)).unwrap();
        list.split('"').nth(3).unwrap().to_owned()
    }

    #[test]
    fn any_changed_file_changes_the_version_and_the_worker() {
        let dist = std::env::temp_dir().join(format!("mien-precache-{}", std::process::id()));
        fs::create_dir_all(dist.join("engine")).unwrap();
        let build = |content: &str| {
            fs::write(dist.join(WORKER), format!("{UNBUILT}\n")).unwrap();
            fs::write(dist.join("engine/a.js"), content).unwrap();
            write(&dist).unwrap();
            version_in(&dist)
        };
        let (first, same, other) = (build("1"), build("1"), build("2"));
        assert_eq!(first, same);
        assert_ne!(first, other);
        let list = fs::read_to_string(dist.join(LIST)).unwrap();
        // What `sha256sum` gives of the text `2`.
        let sum = "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35";
        assert!(
            list.contains(&format!("\"files\":{{\"engine/a.js\":\"{sum}\"}}")),
            "{list}"
        );
        fs::create_dir_all(dist.join("models")).unwrap();
        fs::write(dist.join("models/a.safetensors"), "2").unwrap();
        fs::write(dist.join("engine/a.js.br"), "packed").unwrap();
        assert_ne!(build("2"), other);
        let list = fs::read_to_string(dist.join(LIST)).unwrap();
        let on_use = format!("\"on_use\":{{\"models/a.safetensors\":\"{sum}\"}}");
        assert!(list.contains(&on_use) && !list.contains(".br"), "{list}");
        let other = version_in(&dist);
        assert!(fs::read_to_string(dist.join(WORKER)).unwrap().contains(&other));
        // A worker without the line would keep old files for good.
        assert!(write(&dist).is_err());
        fs::remove_dir_all(dist).unwrap();
    }
}
