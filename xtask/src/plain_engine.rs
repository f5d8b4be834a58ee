//! The engine for browsers without relaxed SIMD, made from the one that has it.
//!
//! The kernels are in the module twice, with relaxed SIMD's fused products and without, and the page says at the start which are run. A browser that
//! does not know the instructions refuses the whole module, so here the functions with them lose their bodies: nothing calls them in such a browser.
//! So one build gives both engines.

use anyhow::{Context, Result, bail};
use wasmparser::{FunctionBody, KnownCustom, Name, Operator, Parser, Payload};

/// What the names of functions have that may hold relaxed SIMD: `pulp`'s choice of instructions is a type.
const MARK: &str = "RelaxedSimd";
/// No variables, `unreachable`, the end.
const EMPTY: &[u8] = &[0, 0, 0x0B];
const CODE_SECTION: u8 = 10;

/// The module without relaxed SIMD.
///
/// # Errors
/// When the bytes are no module, and when a function that is not made for relaxed SIMD uses it: it would be missing.
pub fn without_relaxed_simd(module: &[u8]) -> Result<Vec<u8>> {
    let names = function_names(module)?;
    let (mut imported, mut place) = (0_u32, 0_u32);
    let mut code = Vec::new();
    let mut section = 0..0;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => imported = imported_functions(imports)?,
            Payload::CodeSectionStart {
                count,
                unchecked_range: range,
                ..
            } => {
                section = usize::try_from(range.start)?..usize::try_from(range.end)?;
                put_number(&mut code, count);
            }
            Payload::CodeSectionEntry(body) => {
                let body = if is_relaxed(&body)? {
                    let name = names.get(&(imported + place)).map_or("?", String::as_str);
                    if !name.contains(MARK) {
                        bail!("the function `{name}` uses relaxed SIMD, and is not made for it alone");
                    }
                    EMPTY
                } else {
                    body.as_bytes()
                };
                put_number(&mut code, u32::try_from(body.len())?);
                code.extend_from_slice(body);
                place += 1;
            }
            _ => {}
        }
    }
    let before = start_of_section(module, section.start)?;
    let mut made = module.get(..before).context("the code section")?.to_vec();
    made.push(CODE_SECTION);
    put_number(&mut made, u32::try_from(code.len())?);
    made.extend(code);
    made.extend_from_slice(
        module
            .get(section.end..)
            .context("what follows the code section")?,
    );
    Ok(made)
}

/// Where the code section's own number stands: before the length of its content, which is a number of one to five bytes.
fn start_of_section(module: &[u8], content: usize) -> Result<usize> {
    let numbers = 2..=6;
    let starts = numbers.filter_map(|back| content.checked_sub(back));
    let is_start = |start: &usize| {
        let length = module.get(start + 1..content).unwrap_or_default();
        let last = length.len().saturating_sub(1);
        let goes_on = |(place, byte): (usize, &u8)| (byte & 0x80 != 0) == (place < last);
        module.get(*start) == Some(&CODE_SECTION) && length.iter().enumerate().all(goes_on)
    };
    let mut starts = starts.filter(is_start);
    starts.next().context("the module has no code section")
}

fn imported_functions(imports: wasmparser::ImportSectionReader<'_>) -> Result<u32> {
    let mut count = 0;
    for import in imports.into_imports() {
        if let wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_) = import?.ty {
            count += 1;
        }
    }
    Ok(count)
}

fn function_names(module: &[u8]) -> Result<std::collections::HashMap<u32, String>> {
    let mut names = std::collections::HashMap::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(section) = payload? else {
            continue;
        };
        let KnownCustom::Name(parts) = section.as_known() else {
            continue;
        };
        for part in parts {
            let Name::Function(functions) = part? else {
                continue;
            };
            for naming in functions {
                let naming = naming?;
                names.insert(naming.index, naming.name.to_owned());
            }
        }
    }
    Ok(names)
}

fn is_relaxed(body: &FunctionBody<'_>) -> Result<bool> {
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        if let Operator::F32x4RelaxedMadd
        | Operator::F32x4RelaxedNmadd
        | Operator::F64x2RelaxedMadd
        | Operator::F64x2RelaxedNmadd
        | Operator::F32x4RelaxedMin
        | Operator::F32x4RelaxedMax
        | Operator::F64x2RelaxedMin
        | Operator::F64x2RelaxedMax
        | Operator::I8x16RelaxedSwizzle
        | Operator::I32x4RelaxedTruncF32x4S
        | Operator::I32x4RelaxedTruncF32x4U
        | Operator::I32x4RelaxedTruncF64x2SZero
        | Operator::I32x4RelaxedTruncF64x2UZero
        | Operator::I8x16RelaxedLaneselect
        | Operator::I16x8RelaxedLaneselect
        | Operator::I32x4RelaxedLaneselect
        | Operator::I64x2RelaxedLaneselect
        | Operator::I16x8RelaxedQ15mulrS
        | Operator::I16x8RelaxedDotI8x16I7x16S
        | Operator::I32x4RelaxedDotI8x16I7x16AddS = operators.read()?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Appends an unsigned number in LEB128, as modules have them.
fn put_number(bytes: &mut Vec<u8>, mut number: u32) {
    loop {
        let low = (number & 0x7F) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROS: [u8; 4] = [65, 0, 253, 15];

    /// A module with two functions that give a vector: `plain`, and one of this name with a fused product.
    fn module(name: &str) -> Vec<u8> {
        let section = |id: u8, content: Vec<u8>| {
            let mut bytes = vec![id];
            put_number(&mut bytes, content.len() as u32);
            [bytes, content].concat()
        };
        let body = |operators: Vec<u8>| [vec![operators.len() as u8 + 2, 0], operators, vec![0x0B]].concat();
        let fused = [ZEROS.to_vec(), ZEROS.to_vec(), ZEROS.to_vec(), vec![253, 133, 2]].concat();
        // Long enough for a length of two bytes.
        let plain = [ZEROS.to_vec(), [1_u8; 100].to_vec()].concat();
        let text = |text: &str| [vec![text.len() as u8], text.as_bytes().to_vec()].concat();
        let functions = [vec![2, 0], text("plain"), vec![1], text(name)].concat();
        let names = [text("name"), section(1, functions)].concat();
        [
            b"\0asm\x01\0\0\0".to_vec(),
            section(1, vec![1, 0x60, 0, 1, 0x7B]),
            section(3, vec![2, 0, 0]),
            section(10, [vec![2], body(plain), body(fused)].concat()),
            section(0, names),
        ]
        .concat()
    }

    fn relaxed_functions(module: &[u8]) -> Vec<bool> {
        let bodies = Parser::new(0)
            .parse_all(module)
            .filter_map(|payload| match payload.unwrap() {
                Payload::CodeSectionEntry(body) => Some(is_relaxed(&body).unwrap()),
                _ => None,
            });
        bodies.collect()
    }

    #[test]
    fn functions_with_relaxed_simd_lose_their_bodies_and_all_else_stays() {
        let name = "pulp::vectorize::<RelaxedSimd>";
        let whole = module(name);
        assert_eq!(relaxed_functions(&whole), [false, true]);
        let plain = without_relaxed_simd(&whole).unwrap();
        assert_eq!(relaxed_functions(&plain), [false, false]);
        assert_eq!(function_names(&plain).unwrap()[&1], name);
        assert_eq!(
            without_relaxed_simd(&plain).unwrap(),
            plain,
            "there is nothing left to take away"
        );
        // Its only difference is the one body, and the lengths around it.
        assert_eq!(whole.len() - plain.len(), 17 - EMPTY.len());
    }

    #[test]
    fn a_function_that_other_browsers_need_is_not_emptied_in_silence() {
        let error = without_relaxed_simd(&module("everybody's"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("`everybody's`"), "{error}");
        assert!(without_relaxed_simd(b"no module").is_err());
    }
}
