//! The list of the built page's files, by which its service worker keeps them.

use anyhow::{Context, Result, bail};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

const WORKER: &str = "service-worker.js";
const LIST: &str = "precache.json";
/// What the worker's source holds in place of the version.
const UNBUILT: &str = "const VERSION = \"unbuilt\";";

/// Writes `precache.json` into the built page and its version into the service worker.
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
    let mut hasher = DefaultHasher::new();
    script.hash(&mut hasher);
    for file in &files {
        let bytes = fs::read(dist.join(file)).with_context(|| format!("reading {file}"))?;
        (file, bytes).hash(&mut hasher);
    }
    let version = format!("{:016x}", hasher.finish());
    let names: Vec<String> = files.iter().map(|file| format!("{file:?}")).collect();
    let list = format!("{{\"version\":\"{version}\",\"files\":[{}]}}\n", names.join(","));
    fs::write(dist.join(LIST), list).context("writing the list of files")?;
    let script = script.replace(UNBUILT, &format!("const VERSION = \"{version}\";"));
    fs::write(&worker, script).with_context(|| format!("writing {}", worker.display()))
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
        if name != WORKER && name != LIST {
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
        assert!(list.contains("\"files\":[\"engine/a.js\"]"), "{list}");
        assert!(fs::read_to_string(dist.join(WORKER)).unwrap().contains(&other));
        // A worker without the line would keep old files for good.
        assert!(write(&dist).is_err());
        fs::remove_dir_all(dist).unwrap();
    }
}
