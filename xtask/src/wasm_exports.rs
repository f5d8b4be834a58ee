//! Looks at what the exports of a linked module do first.

use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use wasmparser::{ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef};

/// Functions that the bindings are made from, and that are gone in the page. They begin with a call of their own.
const DESCRIPTION: &str = "__wbindgen_describe";

/// Refuses a module most of whose exports begin with a call of the same function. Where no code calls the static
/// constructors, the linker takes the module for a program that is called once, and puts a call of all of them in front of
/// every export: each message, promise and timer of the page would run them again. To be called with what the linker made:
/// later steps wrap exports in their turn.
///
/// # Errors
/// When most exports begin with the same call, or the file cannot be read.
pub fn check(wasm: &Path) -> Result<()> {
    let bytes = std::fs::read(wasm).with_context(|| format!("reading {}", wasm.display()))?;
    let begun = beginnings(&bytes).with_context(|| format!("reading {}", wasm.display()))?;
    let mut by_function: BTreeMap<u32, usize> = BTreeMap::new();
    for function in begun.iter().flatten() {
        *by_function.entry(*function).or_default() += 1;
    }
    let most = by_function.into_iter().max_by_key(|(_, exports)| *exports);
    if let Some((function, exports)) = most
        && exports > 1
        && exports * 2 > begun.len()
    {
        bail!(
            "{}: {exports} of {} exports begin with a call of the same function ({function}). The linker puts the static \
             constructors there, which then run on every call from JavaScript: call `__wasm_call_ctors` once at the start",
            wasm.display(),
            begun.len(),
        );
    }
    Ok(())
}

/// Of each exported function the one that it calls before it does anything else; `None` where it begins otherwise. Functions
/// that are exported twice count once.
fn beginnings(bytes: &[u8]) -> Result<Vec<Option<u32>>> {
    let mut imported = 0;
    let mut exported = BTreeSet::new();
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
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ExternalKind::Func && !export.name.starts_with(DESCRIPTION) {
                        exported.insert(usize::try_from(export.index)?);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body),
            _ => {}
        }
    }
    // An import that is handed on has no body here.
    let exported = exported
        .into_iter()
        .filter_map(|index| index.checked_sub(imported));
    let exported = exported.filter_map(|place| bodies.get(place));
    exported.map(first_call).collect()
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
        assert!(
            refused.contains("2 of 2 exports begin with a call of the same function (1)"),
            "{refused}"
        );
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
    fn a_few_exports_may_share_a_beginning() {
        let bodies: [(u8, &[&[u8]]); 5] = [
            (0, &[NOP]),
            (0, &[CALL_1, NOP]),
            (0, &[CALL_1]),
            (0, &[NOP]),
            (0, &[NOP, NOP]),
        ];
        let few = module(&bodies, &[("start", 2), ("again", 3), ("run", 4), ("stop", 5)]);
        check_bytes("few.wasm", &few).unwrap();
        let most = module(&bodies, &[("start", 2), ("again", 3), ("run", 4)]);
        check_bytes("most.wasm", &most).unwrap_err();
        let described = module(
            &bodies,
            &[
                ("__wbindgen_describe_a", 2),
                ("__wbindgen_describe_b", 3),
                ("run", 4),
            ],
        );
        check_bytes("described.wasm", &described).unwrap();
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let whole = module(&[(0, &[NOP])], &[("run", 1)]);
        check_bytes("whole.wasm", &whole).unwrap();
        check_bytes("cut.wasm", &whole[..whole.len() - 3]).unwrap_err();
        check_bytes("letter.wasm", b"Dear reader").unwrap_err();
    }
}
