//! Numbers of relaxed SIMD's fused products, for a wasm-opt that knows the proposal's first ones alone (108, which Debian has).
//!
//! Such a wasm-opt is given a module with the old numbers, and what it makes gets the final ones again. It knows the order of the operands otherwise
//! (`a + b * c`), which does not matter: it never computes these instructions, and keeps their operands where they are.

use anyhow::{Context, Result, bail};
use wasmparser::{Operator, Parser, Payload};

/// What all vector instructions begin with.
const PREFIX: u8 = 0xFD;

/// An instruction's final number, and its first one.
struct Opcode {
    last: u32,
    first: u8,
}

/// `f32x4` and `f64x2`, `relaxed_madd` and `relaxed_nmadd` (`relaxed_fma` and `relaxed_fms` at first).
const OPCODES: [Opcode; 4] = [
    Opcode {
        last: 0x105,
        first: 0xAF,
    },
    Opcode {
        last: 0x106,
        first: 0xB0,
    },
    Opcode {
        last: 0x107,
        first: 0xCF,
    },
    Opcode {
        last: 0x108,
        first: 0xD0,
    },
];

impl Opcode {
    /// In the three bytes that the final number takes.
    fn last_bytes(&self) -> [u8; 3] {
        [PREFIX, (self.last & 0x7F) as u8 | 0x80, (self.last >> 7) as u8]
    }

    fn first_bytes(&self) -> [u8; 3] {
        [PREFIX, self.first, 1]
    }
}

/// A module with the first numbers.
///
/// # Errors
/// When the bytes are no module.
pub fn with_first_numbers(module: &[u8]) -> Result<Vec<u8>> {
    let mut made = module.to_vec();
    for (start, end) in bodies(module)? {
        let mut operators = operators(module, start, end)?;
        while !operators.eof() {
            let (operator, at) = operators.read_with_offset()?;
            let place = match operator {
                Operator::F32x4RelaxedMadd => 0,
                Operator::F32x4RelaxedNmadd => 1,
                Operator::F64x2RelaxedMadd => 2,
                Operator::F64x2RelaxedNmadd => 3,
                _ => continue,
            };
            if let Some(opcode) = OPCODES.get(place) {
                put(&mut made, usize::try_from(at)?, opcode.first_bytes())?;
            }
        }
    }
    Ok(made)
}

/// A module with the final numbers, from one with the first ones.
///
/// # Errors
/// When the bytes are no module, or have an instruction that is neither known nor of these.
pub fn with_final_numbers(module: &[u8]) -> Result<Vec<u8>> {
    let mut made = module.to_vec();
    for (start, end) in bodies(module)? {
        // The reader stops at the first of them that is left.
        while let Some(at) = first_unknown(&made, start, end)? {
            let bytes = made.get(at..at + 3).unwrap_or_default();
            let Some(opcode) = OPCODES.iter().find(|opcode| opcode.first_bytes() == bytes) else {
                bail!("an unknown instruction at byte {at}: {bytes:02x?}");
            };
            put(&mut made, at, opcode.last_bytes())?;
        }
    }
    Ok(made)
}

fn put(module: &mut [u8], at: usize, bytes: [u8; 3]) -> Result<()> {
    let place = module
        .get_mut(at..at + 3)
        .context("an instruction beyond the end")?;
    place.copy_from_slice(&bytes);
    Ok(())
}

/// Where the functions' bodies begin and end.
fn bodies(module: &[u8]) -> Result<Vec<(usize, usize)>> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionEntry(body) = payload? {
            let range = body.range();
            found.push((usize::try_from(range.start)?, usize::try_from(range.end)?));
        }
    }
    Ok(found)
}

fn operators(module: &[u8], start: usize, end: usize) -> Result<wasmparser::OperatorsReader<'_>> {
    let body = module.get(start..end).context("a function beyond the end")?;
    let reader = wasmparser::BinaryReader::new(body, start as u64);
    Ok(wasmparser::FunctionBody::new(reader).get_operators_reader()?)
}

/// Where the first instruction stands that the reader does not know.
fn first_unknown(module: &[u8], start: usize, end: usize) -> Result<Option<usize>> {
    let mut operators = operators(module, start, end)?;
    while !operators.eof() {
        let at = usize::try_from(operators.original_position())?;
        if operators.read().is_err() {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROS: [u8; 4] = [65, 0, PREFIX, 15];

    /// A module with one function that gives a vector; the instructions, of three vectors each, follow one another.
    fn module(opcodes: &[[u8; 3]]) -> Vec<u8> {
        let mut body = vec![0];
        for opcode in opcodes {
            for _ in 0..3 {
                body.extend(ZEROS);
            }
            body.extend(opcode);
            // drop
            body.push(0x1A);
        }
        body.extend(ZEROS);
        body.push(0x0B);
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend([1, 5, 1, 0x60, 0, 1, 0x7B, 3, 2, 1, 0]);
        bytes.extend([10, body.len() as u8 + 2, 1, body.len() as u8]);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn numbers_go_and_come_back() {
        let last = module(&OPCODES.map(|opcode| opcode.last_bytes()));
        let first = module(&OPCODES.map(|opcode| opcode.first_bytes()));
        assert_eq!(with_first_numbers(&last).unwrap(), first);
        assert_eq!(with_final_numbers(&first).unwrap(), last);
        assert_eq!(with_final_numbers(&last).unwrap(), last);
    }

    #[test]
    fn an_instruction_that_nobody_knows_is_refused() {
        let error = with_final_numbers(&module(&[[PREFIX, 0xA2, 1]]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("fd, a2, 01"), "{error}");
    }
}
