//! What a server says with each of the page's files.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

const PAGE: &str = "index.html";
/// Hosts such as Cloudflare Pages and Netlify read it beside the page.
const FILE: &str = "_headers";
const POLICY_TAG: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"";

/// Names and values for all files of the built page in `root`.
///
/// # Errors
/// When there is a page that cannot be read.
pub fn of(root: &Path) -> Result<Vec<(&'static str, String)>> {
    let mut headers = vec![
        // A rebuilt page must not mix with files of the one before.
        ("Cache-Control", "no-cache".to_owned()),
        // Both together give the page shared memory and exact clocks.
        ("Cross-Origin-Opener-Policy", "same-origin".to_owned()),
        ("Cross-Origin-Embedder-Policy", "require-corp".to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
    ];
    let page = root.join(PAGE);
    if page.is_file() {
        let text = fs::read_to_string(&page).with_context(|| format!("reading {}", page.display()))?;
        // Workers take theirs from here: the page's own tag does not reach them.
        headers.extend(policy_of(&text).map(|policy| ("Content-Security-Policy", policy.to_owned())));
    }
    Ok(headers)
}

/// Writes them beside the page, for hosts that read such a file.
///
/// # Errors
/// When the page cannot be read, or the file not be written.
pub fn write(dist: &Path) -> Result<()> {
    let lines = of(dist)?
        .into_iter()
        .map(|(name, value)| format!("  {name}: {value}\n"));
    let text: String = std::iter::once("/*\n".to_owned()).chain(lines).collect();
    fs::write(dist.join(FILE), text).with_context(|| format!("writing {FILE}"))
}

/// Whether a file is of hosts, and not of the page.
pub fn is_of_hosts(name: &str) -> bool {
    name == FILE
}

fn policy_of(page: &str) -> Option<&str> {
    page.split_once(POLICY_TAG)?
        .1
        .split_once('"')
        .map(|(policy, _)| policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_the_pages_own() {
        let page = fs::read_to_string(crate::paths::repository().unwrap().join("www/index.html")).unwrap();
        let policy = policy_of(&page).unwrap();
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.ends_with("form-action 'none'"),
            "{policy}"
        );
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(PAGE), &page).unwrap();
        write(folder.path()).unwrap();
        let written = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(
            written.starts_with("/*\n  Cache-Control: no-cache\n"),
            "{written}"
        );
        assert!(
            written.ends_with(&format!("  Content-Security-Policy: {policy}\n")),
            "{written}"
        );
    }
}
