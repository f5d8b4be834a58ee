//! No module needs one that needs it, in any crate: the `use` lines and the paths in the code say which needs which.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly, in their helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

mod module_needs;

use module_needs::{CRATES, Module, needs, siblings};

#[test]
fn no_modules_need_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for source in CRATES {
        let needs = needs(&root.join(source));
        for circle in circles(&needs) {
            found.push(describe(source, &circle, &needs));
        }
        for (parent, circle) in sibling_circles(&needs) {
            found.push(format!("{source}: in `{}`: {circle:?}", parent.join("::")));
        }
    }
    assert!(
        found.is_empty(),
        "modules that need each other:\n{}",
        found.join("\n")
    );
}

/// The table of ARCHITECTURE.md, row by row: each module of the page stands in it once, and needs none of a later row.
#[test]
fn the_layers_of_the_page_are_as_they_are_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let section = text.split_once("## The layers of the page").unwrap().1;
    let section = section.split_once("\n## ").unwrap().0;
    let rows = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.split('|').nth(2).unwrap());
    let mut layers: BTreeMap<String, usize> = BTreeMap::new();
    for (layer, modules) in rows.enumerate() {
        for module in modules.split('`').skip(1).step_by(2) {
            assert_eq!(
                layers.insert(module.to_owned(), layer),
                None,
                "{module} stands twice"
            );
        }
    }
    let needs = needs(&root.join("web-app/src"));
    let top = |module: &Module| module.first().cloned();
    let mut wrong = Vec::new();
    for (module, others) in &needs {
        let Some(own) = top(module).filter(|name| name != "main") else {
            continue;
        };
        let Some(layer) = layers.get(&own) else {
            wrong.push(format!("{own} is in no layer"));
            continue;
        };
        let above = others
            .iter()
            .filter_map(top)
            .filter(|other| layers.get(other) > Some(layer));
        wrong.extend(above.map(|other| format!("{} needs {other}, of a later layer", module.join("::"))));
    }
    for name in layers.keys() {
        if !needs.keys().any(|module| top(module).as_ref() == Some(name)) {
            wrong.push(format!("{name} is no module"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn circles_are_found_through_re_exports_and_between_folders() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a;\nmod b;\nmod c;\n");
    write(
        "a/mod.rs",
        "mod one;\npub mod two;\npub use one::{One, Other as Renamed};\n",
    );
    write(
        "a/one.rs",
        "use crate::c::C;\npub struct One;\n#[cfg(test)]\nmod tests { use crate::b::B; }\n",
    );
    write(
        "a/two.rs",
        "// use crate::b::B;\nfn two() { let text = \"crate::b::B\"; }\n",
    );
    write("b.rs", "use crate::{a::{Renamed, two}, c};\n");
    write("c.rs", "fn c() { two::go(crate::a::two::go()) }\n");
    let found = needs(folder.path());
    assert!(circles(&found).is_empty(), "{found:?}");
    // Folder `a` needs `c` through `one`, and `c` needs `a` through `two`: no module in a circle, and yet the folders are.
    assert_eq!(
        sibling_circles(&found),
        [(Vec::new(), vec!["a".to_owned(), "c".to_owned()])]
    );
    write("c.rs", "use super::b::B;\npub struct C;\n");
    let found = circles(&needs(folder.path()));
    let names: Vec<String> = found[0].iter().map(|module| module.join("::")).collect();
    assert_eq!(
        (found.len(), names),
        (1, vec!["a::one".to_owned(), "b".to_owned(), "c".to_owned()])
    );
}

fn describe(source: &str, circle: &[Module], needs: &BTreeMap<Module, BTreeSet<Module>>) -> String {
    let lines = circle.iter().map(|module| {
        let inside: Vec<String> = needs[module]
            .iter()
            .filter(|other| circle.contains(other))
            .map(|other| other.join("::"))
            .collect();
        format!("    {} needs {}", module.join("::"), inside.join(", "))
    });
    format!("{source}:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// Modules that need each other: what each of them reaches holds all of them.
fn circles<T: Ord + Clone>(needs: &BTreeMap<T, BTreeSet<T>>) -> Vec<Vec<T>> {
    let reached: BTreeMap<&T, BTreeSet<&T>> = needs
        .keys()
        .map(|start| {
            let mut seen = BTreeSet::new();
            let mut waiting: Vec<&T> = needs[start].iter().collect();
            while let Some(next) = waiting.pop() {
                if seen.insert(next) {
                    waiting.extend(needs.get(next).into_iter().flatten());
                }
            }
            (start, seen)
        })
        .collect();
    let mut circles: Vec<Vec<T>> = Vec::new();
    for (module, seen) in &reached {
        let is_in_one = seen.contains(*module) && !circles.iter().any(|circle| circle.contains(module));
        if is_in_one {
            let back = seen
                .iter()
                .filter(|other| reached.get(*other).is_some_and(|seen| seen.contains(*module)));
            circles.push(back.map(|other| (*other).clone()).collect());
        }
    }
    circles
}

/// Folders and files beside each other that need each other, each with all that is in it.
fn sibling_circles(needs: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<(Module, Vec<String>)> {
    let parents: BTreeSet<&[String]> = needs
        .keys()
        .flat_map(|module| (0..module.len()).map(|len| &module[..len]))
        .collect();
    let mut found = Vec::new();
    for parent in parents {
        found.extend(
            circles(&siblings(needs, parent))
                .into_iter()
                .map(|circle| (parent.to_vec(), circle)),
        );
    }
    found
}

#[test]
fn every_crate_is_looked_at() {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = manifest
        .split_once("members = [")
        .unwrap()
        .1
        .split_once(']')
        .unwrap()
        .0;
    for member in members.split('"').skip(1).step_by(2) {
        assert!(CRATES.contains(&format!("{member}/src").as_str()), "{member}");
    }
}
