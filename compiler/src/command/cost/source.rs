//! A program with its text, where that is there.

use crate::command::{Failure, build};
use mpc_bytecode::Program;
use mpcc::source::Sources;
use std::path::Path;

/// A program with the texts it was made from; bytecode comes without.
pub struct Source {
    /// The verified program.
    pub program: Program,
    sources: Option<Sources>,
}

impl Source {
    /// Compiles or loads a file.
    pub fn of(file: &Path) -> Result<Self, Failure> {
        if build::is_bytecode(file) {
            return Ok(Self { program: build::load(file)?, sources: None });
        }
        let (program, compilation) = build::compile(file)?;
        Ok(Self { program, sources: Some(compilation.sources) })
    }

    /// A line of the program's text, without the space around it.
    pub fn line(&self, (file, line): (u32, u32)) -> Option<&str> {
        let name = self.program.files.get(file as usize)?;
        let sources = self.sources.as_ref()?;
        let text = sources.iter().find(|(_, source)| source.path.ends_with(name)).map(|(_, source)| &source.text)?;
        text.lines().nth(line.checked_sub(1)? as usize).map(str::trim)
    }
}
