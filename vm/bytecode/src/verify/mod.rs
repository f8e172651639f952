//! The security border: a program that passes [`verify`] cannot make the machine read what is not there, and cannot make a
//! secret public except where its list of disclosures says so.
//!
//! The passes stand in order; each may rely on those before it. Shapes are not checked here: they are known at link and by each
//! instruction. A program that passes can still raise exceptions and run for ever.

mod disclosures;
mod flow;
mod groups;
mod indices;
pub mod kinds;
pub mod limits;
mod ports;

use crate::isa::Instruction;
use crate::operand::FuncId;
use crate::program::{Function, Program};
use std::fmt;

/// The passes: what each holds for the ones after it, and its code.
const PASSES: &[Pass] = &[
    // Counts, nesting, sizes and precision stay within bounds that the machine was built for.
    limits::check,
    // Everything that is named by a number exists: registers, constants, dimensions, ports, functions, roles, files, jump targets.
    indices::check,
    // Groups hold instructions that can run together, and are entered at their beginning only.
    groups::check,
    // Names are there and differ; every port has the parties, kind and default of its direction; every dimension is fixed by something.
    ports::check,
    // Every register is in the bank of its type, and every instruction's operands have kinds that it takes: secrets stay secret.
    kinds::check,
    // No function falls off its end, and none reads a register that it may not have written.
    flow::check,
    // Every opening and every output is in the list of disclosures, once and with its recipients, and nothing else is.
    disclosures::check,
];

type Pass = fn(&Program) -> Result<(), VerifyError>;

/// Why a program must not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// The function and its name, where the fault is in one.
    pub function: Option<(FuncId, String)>,
    /// The index of the instruction, where the fault is in one.
    pub instruction: Option<usize>,
    /// The source file and line that the instruction comes from, where that is known.
    pub source: Option<(String, u32)>,
    /// What was found, in words.
    pub message: String,
}

impl VerifyError {
    /// A fault outside the functions.
    fn program(message: impl Into<String>) -> Self {
        Self { function: None, instruction: None, source: None, message: message.into() }
    }

    /// A fault in a function, but in none of its instructions.
    fn function(id: FuncId, function: &Function, message: impl Into<String>) -> Self {
        Self { function: Some((id, function.name.clone())), ..Self::program(message) }
    }

    /// A fault in instruction `at` of function `id`.
    fn instruction(program: &Program, id: FuncId, at: usize, message: impl Into<String>) -> Self {
        let Some(function) = program.functions.get(id.0 as usize) else { return Self::program(message) };
        let line = function.line(at);
        let file = program.files.get(line.file as usize).filter(|_| line.line > 0);
        Self {
            instruction: Some(at),
            source: file.map(|file| (file.clone(), line.line)),
            ..Self::function(id, function, message)
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the program is not valid: ")?;
        if let Some((id, name)) = &self.function {
            write!(f, "function {id} `{}`", name.escape_debug())?;
            if let Some(at) = self.instruction {
                write!(f, ", instruction {at}")?;
            }
            if let Some((file, line)) = &self.source {
                write!(f, " ({}:{line})", file.escape_debug())?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}
impl std::error::Error for VerifyError {}

/// Checks that a program may run. Time is linear in its size but for the flow pass, which takes registers 64 at a time.
///
/// # Errors
/// The first fault found, with its place.
pub fn verify(program: &Program) -> Result<(), VerifyError> {
    PASSES.iter().try_for_each(|pass| pass(program))
}

/// Every function with its number.
fn functions(program: &Program) -> impl Iterator<Item = (FuncId, &Function)> {
    (0..).map(FuncId).zip(&program.functions)
}

/// Runs `check` on every instruction and adds the place to what it says.
fn each_instruction(
    program: &Program,
    mut check: impl FnMut(FuncId, usize, &Instruction) -> Result<(), String>,
) -> Result<(), VerifyError> {
    for (id, function) in functions(program) {
        for (at, instruction) in function.code.iter().enumerate() {
            check(id, at, instruction).map_err(|message| {
                VerifyError::instruction(program, id, at, format!("{}: {message}", instruction.mnemonic()))
            })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
