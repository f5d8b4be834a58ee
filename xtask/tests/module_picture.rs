//! docs/modules.svg shows the modules of the code as it is. `MIEN_DRAW=1 cargo test -p xtask --test module_picture` draws it anew.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly, in their helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

mod module_needs;

use module_needs::{CRATES, needs, siblings};

const WIDTH: usize = 1180;
const MARGIN: usize = 16;
const BOX_HEIGHT: usize = 20;
/// Between two rows: room for lines.
const ROW_GAP: usize = 26;
const BOX_GAP: usize = 8;
const LETTER: usize = 7;
/// Crates with fewer modules at their root are no house.
const LEAST_MODULES: usize = 6;

/// Left edge, top and width of a module's box.
type Place = (usize, usize, usize);

/// How many modules stand below each other under a module.
fn depths(needs: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, usize> {
    let mut depths: BTreeMap<String, usize> = BTreeMap::new();
    // Without circles, which another test sees to, this ends.
    while depths.len() < needs.len() {
        for (module, below) in needs {
            let known: Option<Vec<usize>> = below.iter().map(|other| depths.get(other).copied()).collect();
            if let Some(known) = known {
                depths.insert(module.clone(), known.into_iter().max().map_or(0, |most| most + 1));
            }
        }
    }
    depths
}

/// What is needed and not already through something else that is needed.
fn direct<'a>(module: &str, needs: &'a BTreeMap<String, BTreeSet<String>>) -> Vec<&'a String> {
    let mut through: BTreeSet<&String> = BTreeSet::new();
    let mut waiting: Vec<&String> = needs[module].iter().flat_map(|other| &needs[other]).collect();
    while let Some(next) = waiting.pop() {
        if through.insert(next) {
            waiting.extend(&needs[next]);
        }
    }
    needs[module]
        .iter()
        .filter(|other| !through.contains(other))
        .collect()
}

/// One crate from `top` on: its drawing, and where it ends.
fn draw(title: &str, needs: &BTreeMap<String, BTreeSet<String>>, top: usize) -> (String, usize) {
    let depths = depths(needs);
    let deepest = depths.values().copied().max().unwrap_or(0);
    let mut places: BTreeMap<&String, Place> = BTreeMap::new();
    let mut y = top + 30;
    for depth in (0..=deepest).rev() {
        let mut x = MARGIN;
        for (module, _) in depths.iter().filter(|(_, own)| **own == depth) {
            let width = module.len() * LETTER + 12;
            if x + width > WIDTH - MARGIN {
                (x, y) = (MARGIN, y + BOX_HEIGHT + BOX_GAP);
            }
            places.insert(module, (x, y, width));
            x += width + BOX_GAP;
        }
        y += BOX_HEIGHT + ROW_GAP;
    }
    let mut text = String::new();
    writeln!(
        text,
        "<text x=\"{MARGIN}\" y=\"{}\" font-weight=\"bold\" font-size=\"14\">{title}</text>",
        top + 14
    )
    .unwrap();
    for module in needs.keys() {
        let (x, y, width) = places[module];
        for other in direct(module, needs) {
            let (to_x, to_y, to_width) = places[other];
            let (from, to) = (x + width / 2, to_x + to_width / 2);
            let (bottom, middle) = (y + BOX_HEIGHT, (y + BOX_HEIGHT + to_y) / 2);
            writeln!(
                text,
                "<path d=\"M{from} {bottom}C{from} {middle} {to} {middle} {to} {to_y}\"/>"
            )
            .unwrap();
        }
    }
    for (module, (x, y, width)) in &places {
        let hue = (depths[*module] * 37) % 360;
        writeln!(
            text,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"4\" fill=\"hsl({hue} 60% 92%)\"/>\
             <text x=\"{}\" y=\"{}\">{module}</text>",
            x + 6,
            y + 14
        )
        .unwrap();
    }
    (text, y)
}

fn picture(root: &Path) -> String {
    let (mut inside, mut top) = (String::new(), MARGIN);
    for source in CRATES {
        let mut modules = siblings(&needs(&root.join(source)), &[]);
        // A program's first file takes its own library by the crate's name.
        modules.remove("main");
        if modules.len() < LEAST_MODULES {
            continue;
        }
        let (text, bottom) = draw(source.trim_end_matches("/src"), &modules, top);
        inside.push_str(&text);
        top = bottom + MARGIN;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" font-family=\"monospace\" font-size=\"11\">\n\
         <style>rect{{stroke:#778}}path{{fill:none;stroke:#99a;stroke-opacity:.6}}</style>\n\
         <rect width=\"{WIDTH}\" height=\"{top}\" fill=\"#fff\" style=\"stroke:none\"/>\n{inside}</svg>\n"
    )
}

#[test]
fn the_picture_of_the_modules_is_the_codes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let file = root.join("docs/modules.svg");
    let drawn = picture(root);
    if std::env::var_os("MIEN_DRAW").is_some() {
        fs::write(&file, &drawn).unwrap();
    }
    assert!(
        fs::read_to_string(&file).is_ok_and(|kept| kept == drawn),
        "docs/modules.svg shows other modules than the code has: MIEN_DRAW=1 cargo test -p xtask --test module_picture"
    );
}

#[test]
fn a_module_stands_above_all_that_it_needs_and_lines_go_to_the_next() {
    let set = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let needs = BTreeMap::from([
        ("a".to_owned(), set(&["b", "c"])),
        ("b".to_owned(), set(&["c"])),
        ("c".to_owned(), set(&[])),
    ]);
    assert_eq!(
        depths(&needs),
        BTreeMap::from([("a".to_owned(), 2), ("b".to_owned(), 1), ("c".to_owned(), 0)])
    );
    assert_eq!(direct("a", &needs), ["b"]);
}
