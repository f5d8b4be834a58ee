//! Which module of a crate needs which others: read as text, without a compiler. What stands in tests counts for nothing, and a path
//! that goes through a re-export counts for the module that has the item.
#![allow(dead_code, reason = "each test takes what it needs of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The parts of a module's path in its crate; none is the crate's root.
pub type Module = Vec<String>;

/// Sources of the crates, from the repository's root on.
pub const CRATES: [&str; 11] = [
    "shared-model/src",
    "shared-model/cpu-inference/src",
    "native-train/src",
    "web-app/src",
    "web-app/container/src",
    "web-app/engine/src",
    "web-app/messages/src",
    "web-app/view/src",
    "tests/golden/src",
    "tests/mutation/src",
    "xtask/src",
];

/// Which module needs which, of one crate.
pub fn needs(source: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut texts = BTreeMap::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                texts.insert(
                    module_of(source, &path),
                    code_of(&fs::read_to_string(&path).unwrap()),
                );
            }
        }
    }
    let paths: BTreeMap<&Module, Vec<UsedPath>> = texts
        .iter()
        .map(|(module, text)| (module, used_paths(text)))
        .collect();
    let mut exported: BTreeMap<Module, Module> = BTreeMap::new();
    for (module, paths) in &paths {
        for path in paths.iter().filter(|path| path.is_exported) {
            if let Some(target) = absolute(module, &path.parts, &texts) {
                exported.insert(
                    [module.as_slice(), std::slice::from_ref(&path.name)].concat(),
                    target,
                );
            }
        }
    }
    let mut needs: BTreeMap<Module, BTreeSet<Module>> = texts
        .keys()
        .map(|module| (module.clone(), BTreeSet::new()))
        .collect();
    for (module, paths) in &paths {
        for path in paths {
            let Some(target) = absolute(module, &path.parts, &texts) else {
                continue;
            };
            let target = defining_module(&target, &texts, &exported);
            // A module that hands on what is inside of it does not need it.
            let hands_on = path.is_exported && target.starts_with(module);
            if target != **module && !hands_on {
                needs.get_mut(*module).unwrap().insert(target);
            }
        }
    }
    needs
}

fn module_of(source: &Path, file: &Path) -> Module {
    let mut parts: Module = file
        .strip_prefix(source)
        .unwrap()
        .with_extension("")
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

/// The text without comments, strings, visibilities and what stands behind the first module of tests.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(inside) = rest.strip_prefix("r#\"") {
            3 + inside.find("\"#").map_or(inside.len(), |end| end + 2)
        } else if let Some(inside) = rest.strip_prefix('"') {
            let mut is_escaped = false;
            let end = inside.find(|letter| {
                let ends = letter == '"' && !is_escaped;
                is_escaped = letter == '\\' && !is_escaped;
                ends
            });
            1 + end.map_or(inside.len(), |end| end + 1)
        } else if rest.starts_with("'\"'") {
            3
        } else if rest.starts_with("pub(") {
            code.push_str("pub");
            rest.find(')').map_or(rest.len(), |end| end + 1)
        } else {
            code.push(next);
            next.len_utf8()
        };
        rest = &rest[skipped..];
    }
    let tests = code.match_indices("#[cfg(").find(|(place, _)| {
        let (condition, behind) = code[*place..].split_once(")]").unwrap_or_default();
        let is_test = condition
            .trim_start_matches("#[cfg(")
            .trim_start_matches("all(")
            .starts_with("test");
        // Other attributes may stand between.
        let module = behind
            .split_once("mod ")
            .filter(|(before, _)| !before.contains(['{', ';']));
        is_test
            && module
                .is_some_and(|(_, rest)| rest.find('{').is_some_and(|brace| !rest[..brace].contains(';')))
    });
    if let Some((place, _)) = tests {
        code.truncate(place);
    }
    code
}

/// A path that stands in the code.
struct UsedPath {
    parts: Module,
    /// What its last part is called here.
    name: String,
    is_exported: bool,
}

fn used_paths(code: &str) -> Vec<UsedPath> {
    let mut paths = Vec::new();
    let mut body = String::new();
    for statement in code.split_inclusive(';') {
        // The statement's own beginning is behind whatever block stands before.
        let begin = ["pub use ", "use "].iter().find_map(|word| {
            let places = statement.match_indices(word).map(|(place, _)| place);
            places.into_iter().find(|place| {
                statement[..*place]
                    .lines()
                    .next_back()
                    .is_none_or(|line| line.trim().is_empty())
            })
        });
        let Some(begin) = begin else {
            body.push_str(statement);
            continue;
        };
        body.push_str(&statement[..begin]);
        let (is_exported, tree) = match statement[begin..].strip_prefix("pub use ") {
            Some(tree) => (true, tree),
            None => (false, &statement[begin + 4..]),
        };
        let mut leaves = Vec::new();
        leaves_of("", tree.trim_end_matches(';').trim(), &mut leaves);
        paths.extend(leaves.into_iter().map(|leaf| {
            let (path, alias) = leaf
                .split_once(" as ")
                .map_or((leaf.as_str(), None), |(path, alias)| (path, Some(alias)));
            let mut parts: Module = path.split("::").map(|part| part.trim().to_owned()).collect();
            if parts.len() > 1 && parts.last().is_some_and(|part| part == "self") {
                parts.pop();
            }
            let name = alias.map_or_else(
                || parts.last().cloned().unwrap_or_default(),
                |alias| alias.trim().to_owned(),
            );
            UsedPath {
                parts,
                name,
                is_exported,
            }
        }));
    }
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    for word in body
        .split(|letter| !is_part(letter))
        .filter(|word| word.contains("::"))
    {
        let parts: Module = word.split("::").map(str::to_owned).collect();
        if parts.iter().all(|part| !part.is_empty()) {
            let name = parts.last().cloned().unwrap_or_default();
            paths.push(UsedPath {
                parts,
                name,
                is_exported: false,
            });
        }
    }
    paths
}

/// The paths of a tree such as `a::{b, c::{self, d}}`.
fn leaves_of(before: &str, tree: &str, leaves: &mut Vec<String>) {
    let Some((head, inside)) = tree.split_once('{') else {
        if !tree.is_empty() {
            leaves.push(format!("{before}{tree}"));
        }
        return;
    };
    let before = format!("{before}{}", head.trim());
    let inside = inside.trim_end().strip_suffix('}').unwrap_or(inside);
    let (mut depth, mut start) = (0_usize, 0);
    for (place, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                leaves_of(&before, inside[start..place].trim(), leaves);
                start = place + 1;
            }
            _ => {}
        }
    }
    leaves_of(&before, inside[start..].trim(), leaves);
}

/// The path from the crate's root on; `None` for what is of another crate, or no path of modules.
fn absolute(module: &Module, parts: &[String], texts: &BTreeMap<Module, String>) -> Option<Module> {
    let first = parts.first()?;
    if first == "crate" {
        return Some(parts[1..].to_vec());
    }
    let ups = parts.iter().take_while(|part| *part == "super").count();
    if ups > 0 || first == "self" {
        let base = &module[..module.len().checked_sub(ups)?];
        let rest = parts
            .iter()
            .skip_while(|part| *part == "super" || *part == "self");
        return Some(base.iter().chain(rest).cloned().collect());
    }
    let child = [module.as_slice(), &parts[..1]].concat();
    texts
        .contains_key(&child)
        .then(|| [module.as_slice(), parts].concat())
}

/// The module that has an item, through whatever re-exports.
fn defining_module(
    path: &[String],
    texts: &BTreeMap<Module, String>,
    exported: &BTreeMap<Module, Module>,
) -> Module {
    let mut path = path.to_vec();
    for _ in 0..8 {
        let step = (1..=path.len())
            .rev()
            .find(|len| texts.contains_key(&path[..*len]) || exported.contains_key(&path[..*len]));
        match step {
            Some(len) if !texts.contains_key(&path[..len]) => {
                path = [exported[&path[..len]].as_slice(), &path[len..]].concat();
            }
            Some(len) => return path[..len].to_vec(),
            None => break,
        }
    }
    Vec::new()
}

/// Modules and folders beside each other in `parent`, and which of them need which, each with all that is in it.
pub fn siblings(
    needs: &BTreeMap<Module, BTreeSet<Module>>,
    parent: &[String],
) -> BTreeMap<String, BTreeSet<String>> {
    let mut siblings: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, others) in needs {
        let Some(own) = module.strip_prefix(parent).and_then(<[String]>::first) else {
            continue;
        };
        let needed = siblings.entry(own.clone()).or_default();
        let theirs = others
            .iter()
            .filter_map(|other| other.strip_prefix(parent)?.first());
        needed.extend(theirs.filter(|other| *other != own).cloned());
    }
    siblings
}
