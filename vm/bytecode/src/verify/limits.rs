//! Counts, nesting, sizes and precision stay within bounds.

use super::{VerifyError, functions};
use crate::operand::FuncId;
use crate::program::{Constant, EXTENT_DEPTH, Extent, Function, Precision, Program};
use crate::types::Type;

/// Source files, dimensions, roles, ports, functions or classes of exceptions in a program.
pub const NAMES: usize = 1 << 16;
/// Constants in a program, disclosures in a program; instructions, handlers or inlined calls in a function.
pub const ITEMS: usize = 1 << 24;
/// Registers in a bank of a function.
pub const REGISTERS: usize = 1 << 20;
/// Parameters or results of a function.
pub const PARAMETERS: usize = 1 << 12;
/// Instructions in a group.
pub const MEMBERS: usize = 1 << 12;
/// Axes of a tensor.
pub const AXES: usize = 32;
/// Bytes of a name, an expression or a reason.
pub const TEXT: usize = 1 << 16;
/// Bits of the widest ring.
pub const RING_BITS: u32 = 128;
/// Bits of the widest fixed-point number: two bits of the widest ring are needed to truncate.
pub const FIX_BITS: u32 = 126;

/// See the module.
pub(super) fn check(program: &Program) -> Result<(), VerifyError> {
    precision(program.precision).map_err(VerifyError::program)?;
    counts(program).map_err(VerifyError::program)?;
    names(program).map_err(VerifyError::program)?;
    for port in &program.ports {
        at_most("axes of a port", port.shape.len(), AXES).map_err(VerifyError::program)?;
        port.shape.iter().try_for_each(nesting).map_err(VerifyError::program)?;
    }
    for (i, value) in program.constants.iter().enumerate() {
        constant(value, program.precision)
            .map_err(|message| VerifyError::program(format!("constant k{i}: {message}")))?;
    }
    functions(program).try_for_each(|(id, function)| check_function(id, function))
}

pub(super) fn at_most(what: &str, found: usize, limit: usize) -> Result<(), String> {
    if found <= limit { Ok(()) } else { Err(format!("there are {found} {what}, the limit is {limit}")) }
}

fn precision(precision: Precision) -> Result<(), String> {
    let Precision { int_bits, fix_bits, fix_frac } = precision;
    if !(2..=RING_BITS).contains(&int_bits) {
        return Err(format!("integers of {int_bits} bits: 2 to {RING_BITS} are possible"));
    }
    if fix_frac >= fix_bits || fix_bits > FIX_BITS {
        return Err(format!(
            "fixed point of {fix_bits} bits with {fix_frac} fractional ones: at most {FIX_BITS} are possible, and fewer fractional ones"
        ));
    }
    match precision.ring_bits() {
        Some(_) => Ok(()),
        None => Err(format!("no ring is wide enough for products of {fix_bits} bits with {fix_frac} fractional ones")),
    }
}

fn counts(program: &Program) -> Result<(), String> {
    at_most("source files", program.files.len(), NAMES)?;
    at_most("dimensions", program.dims.len(), NAMES)?;
    at_most("roles", program.roles.len(), NAMES)?;
    at_most("ports", program.ports.len(), NAMES)?;
    at_most("functions", program.functions.len(), NAMES)?;
    at_most("classes of exceptions", program.exceptions.len(), NAMES)?;
    at_most("constants", program.constants.len(), ITEMS)?;
    at_most("disclosures", program.disclosures.len(), ITEMS)
}

fn names(program: &Program) -> Result<(), String> {
    let texts = program.files.iter().chain(&program.dims);
    let texts = texts.chain(program.roles.iter().map(|role| &role.name));
    let texts = texts.chain(program.ports.iter().map(|port| &port.name));
    let texts = texts.chain(program.functions.iter().map(|function| &function.name));
    let texts = texts.chain(program.exceptions.iter().map(|class| &class.name));
    let inlined = program.functions.iter().flat_map(|function| &function.inlined);
    let texts = texts.chain(inlined.map(|inlined| &inlined.name));
    let reasons =
        program.disclosures.iter().flat_map(|disclosure| [Some(&disclosure.expression), disclosure.why.as_ref()]);
    let mut lengths = texts.chain(reasons.flatten()).map(String::len);
    lengths.try_for_each(|length| at_most("bytes in a name or a reason", length, TEXT))
}

/// An extent is evaluated by recursion, so its nesting is bounded.
fn nesting(extent: &Extent) -> Result<(), String> {
    let mut open = vec![(extent, 0)];
    while let Some((extent, depth)) = open.pop() {
        if depth > EXTENT_DEPTH {
            return Err("a size is nested too deep".into());
        }
        if let Extent::Combined(_, a, b) = extent {
            open.extend([(a.as_ref(), depth + 1), (b.as_ref(), depth + 1)]);
        }
    }
    Ok(())
}

fn constant(constant: &Constant, precision: Precision) -> Result<(), String> {
    match constant {
        Constant::Int(shape, values) => elements(shape, values.len()),
        Constant::Fix(shape, values) => {
            elements(shape, values.len())?;
            // The public bank holds what the ring's signed width holds.
            let width = precision.ring_bits().unwrap_or(RING_BITS);
            let fits = |value: i128| (value << (128 - width)) >> (128 - width) == value;
            match values.iter().find(|value| !fits(**value)) {
                Some(value) => Err(format!("{value} does not fit {width} bits")),
                None => Ok(()),
            }
        }
        Constant::Bool(shape, values) => elements(shape, values.len()),
        Constant::Str(_) => Ok(()),
    }
}

/// A constant has as many elements as its shape says.
fn elements(shape: &[u64], found: usize) -> Result<(), String> {
    at_most("axes", shape.len(), AXES)?;
    // A size of zero empties the tensor, but the others must still be sizes that can be multiplied.
    let sizes = shape.iter().filter(|size| **size > 0);
    let bound = sizes.copied().try_fold(1u64, u64::checked_mul).filter(|&n| n <= i64::MAX as u64);
    let expected = if shape.contains(&0) { bound.map(|_| 0) } else { bound };
    match expected {
        Some(expected) if expected == found as u64 => Ok(()),
        Some(expected) => Err(format!("its shape {shape:?} has {expected} elements, but there are {found}")),
        None => Err(format!("its shape {shape:?} is too large")),
    }
}

fn check_function(id: FuncId, function: &Function) -> Result<(), VerifyError> {
    let check = || {
        at_most("instructions", function.code.len(), ITEMS)?;
        at_most("handlers", function.handlers.len(), ITEMS)?;
        at_most("entries in the line table", function.lines.len(), ITEMS)?;
        at_most("inlined calls", function.inlined.len(), ITEMS)?;
        at_most("entries in the table of inlined calls", function.chains.len(), ITEMS)?;
        at_most("parameters", function.params.len(), PARAMETERS)?;
        at_most("results", function.results.len(), PARAMETERS)?;
        for types in &function.registers {
            at_most("registers in a bank", types.len(), REGISTERS)?;
        }
        let types = function.registers.iter().flatten().chain(&function.results);
        let deepest = types.map(Type::depth).max().unwrap_or(0);
        at_most("lists within each other", deepest, Type::MAX_DEPTH)
    };
    check().map_err(|message| VerifyError::function(id, function, message))
}
