//! Looks at what the exports of a built module do first.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;
use wasmparser::{ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef};

/// Exports by the function that each calls before it does anything else.
type FirstCalls = BTreeMap<u32, Vec<String>>;

/// Refuses a module whose exports begin with the same call. Where no code calls the static constructors, the linker takes
/// the module for a program that is called once, and puts a call of all of them in front of every export: each message,
/// promise and timer of the page would run them again.
///
/// # Errors
/// When exports begin with the same call, or the file cannot be read.
pub fn check(wasm: &Path) -> Result<()> {
    let bytes = std::fs::read(wasm).with_context(|| format!("reading {}", wasm.display()))?;
    let first_calls = first_calls(&bytes).with_context(|| format!("reading {}", wasm.display()))?;
    for (function, exports) in first_calls {
        if exports.len() > 1 {
            bail!(
                "{}: {} exports begin with a call of the same function ({function}), as {} does. The linker puts the static \
                 constructors there, which then run on every call from JavaScript: call `__wasm_call_ctors` once at the start",
                wasm.display(),
                exports.len(),
                exports.first().map_or("", String::as_str),
            );
        }
    }
    Ok(())
}

/// The exported functions that begin with a call. Those that are exported twice count once.
fn first_calls(bytes: &[u8]) -> Result<FirstCalls> {
    let mut imported = 0;
    let mut exports = BTreeMap::new();
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if let TypeRef::Func(_) | TypeRef::FuncExact(_) = import?.ty {
                        imported += 1;
                    }
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        exports.insert(export.index, export.name.to_owned());
                    }
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body),
            _ => {}
        }
    }
    let mut found = FirstCalls::new();
    for (index, name) in exports {
        let place = usize::try_from(index)?.checked_sub(imported);
        // An import that is handed on has no body here.
        let Some(body) = place.and_then(|place| bodies.get(place)) else {
            continue;
        };
        if let Some(function) = first_call(body)? {
            found.entry(function).or_default().push(name);
        }
    }
    Ok(found)
}

fn first_call(body: &FunctionBody<'_>) -> Result<Option<u32>> {
    Ok(match body.get_operators_reader()?.read()? {
        Operator::Call { function_index } => Some(function_index),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL_1: &[u8] = &[0x10, 1];
    const CALL_2: &[u8] = &[0x10, 2];
    const NOP: &[u8] = &[0x01];

    /// A module with one imported function (number 0) and these bodies (numbers 1, 2, ...) of functions without parameters;
    /// each body's local variables (0 or 1) come first. `exports` are names and numbers.
    fn module(bodies: &[(u8, &[&[u8]])], exports: &[(&str, u8)]) -> Vec<u8> {
        let section = |id: u8, content: Vec<u8>| [vec![id, content.len() as u8], content].concat();
        let text = |text: &str| [vec![text.len() as u8], text.as_bytes().to_vec()].concat();
        let code = bodies.iter().flat_map(|(locals, operators)| {
            let locals = if *locals > 0 {
                vec![1, *locals, 0x7F]
            } else {
                vec![0]
            };
            let body = [locals, operators.concat(), vec![0x0B]].concat();
            [vec![body.len() as u8], body].concat()
        });
        let exported = exports
            .iter()
            .flat_map(|(name, number)| [text(name), vec![0, *number]].concat());
        let count = bodies.len() as u8;
        [
            b"\0asm\x01\0\0\0".to_vec(),
            section(1, vec![1, 0x60, 0, 0]),
            section(2, [vec![1], text("js"), text("log"), vec![0, 0]].concat()),
            section(3, [vec![count], vec![0; bodies.len()]].concat()),
            section(7, [vec![exports.len() as u8], exported.collect()].concat()),
            section(10, [vec![count], code.collect()].concat()),
        ]
        .concat()
    }

    fn check_bytes(name: &str, bytes: &[u8]) -> Result<()> {
        let folder = std::env::temp_dir().join(format!("mien-wasm-exports-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        let outcome = check(&file);
        std::fs::remove_file(&file).unwrap();
        outcome
    }

    #[test]
    fn wrappers_around_the_constructors_are_refused() {
        // What the linker makes of exports `run` and `stop`: constructors 1, then what they are, 2 and 3.
        let wrapped = module(
            &[
                (0, &[NOP]),
                (1, &[NOP]),
                (0, &[NOP]),
                (0, &[CALL_1, CALL_2]),
                (0, &[CALL_1, &[0x10, 3]]),
            ],
            &[("run", 4), ("stop", 5)],
        );
        let refused = check_bytes("wrapped.wasm", &wrapped).unwrap_err().to_string();
        assert!(refused.contains("2 exports begin with a call"), "{refused}");
        assert!(refused.contains("(1), as run does"), "{refused}");
    }

    #[test]
    fn exports_that_begin_each_in_their_own_way_pass() {
        let own = module(
            &[
                (0, &[CALL_2]),
                (1, &[NOP, CALL_1]),
                (0, &[NOP, CALL_1]),
                (0, &[CALL_1]),
            ],
            &[
                ("log", 0),
                ("run", 1),
                ("stop", 2),
                ("again", 3),
                ("start", 4),
                ("begin", 4),
            ],
        );
        check_bytes("own.wasm", &own).unwrap();
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let whole = module(&[(0, &[NOP])], &[("run", 1)]);
        check_bytes("whole.wasm", &whole).unwrap();
        check_bytes("cut.wasm", &whole[..whole.len() - 3]).unwrap_err();
        check_bytes("letter.wasm", b"Dear reader").unwrap_err();
    }
}
