//! The assembler.

use super::TextError;
use super::item::{read_bracketed, read_extent, read_joined, read_line, read_parties, read_type};
use super::write::RUN;
use crate::isa::Instruction;
use crate::operand::{AnySrc, Bank, ConstId, DimId, ExceptionId, FuncId, Label, Operand, PortId, RoleId, Text};
use crate::program::*;
use crate::types::{Kind, Type};
use std::str::FromStr;

/// Reads a whole text.
pub(super) fn assemble(text: &str) -> Result<Program, TextError> {
    let mut assembler = Assembler::default();
    let mut last = 0;
    for (i, line) in text.lines().enumerate() {
        last = i + 1;
        assembler.line(without_comment(line)).map_err(|message| TextError { line: last, message })?;
    }
    match assembler.versioned {
        true => Ok(assembler.program),
        false => Err(TextError { line: last.max(1), message: "the first line is `mpcb` and the version".into() }),
    }
}

/// The line up to a `;` that does not stand in quotes.
fn without_comment(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    let end = line.bytes().position(|byte| {
        let comment = byte == b';' && !quoted;
        quoted ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && quoted && !escaped;
        comment
    });
    &line[..end.unwrap_or(line.len())]
}

#[derive(Default)]
struct Assembler {
    program: Program,
    versioned: bool,
}

impl Assembler {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let mut input = Text::new(line);
        if input.is_empty() {
            return Ok(());
        }
        if !self.versioned {
            return self.version(&mut input);
        }
        self.item(&mut input)?;
        if input.is_empty() { Ok(()) } else { Err(format!("`{}` is left over", input.shown())) }
    }

    fn version(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        input.expect("mpcb").map_err(|_| "the first line is `mpcb` and the version")?;
        let version: u16 = input.integer()?;
        if version != VERSION {
            return Err(format!("the text has bytecode version {version}, this assembler reads version {VERSION}"));
        }
        self.versioned = true;
        Ok(())
    }

    /// One item, told by its first word. No mnemonic is one of these words.
    fn item(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        let start = *input;
        let word = input.word();
        let name = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let numbered = name.len() < word.len();
        match (name, numbered) {
            ("precision", false) => self.precision(input),
            ("file", false) => self.file(input),
            ("dim", true) => self.dim(&mut start.clone(), input),
            ("role", true) => self.role(&mut start.clone(), input),
            ("port", true) => self.port(&mut start.clone(), input),
            ("k", true) => self.constant(&mut start.clone(), input),
            ("class", true) => self.exception(&mut start.clone(), input),
            ("function", false) => self.function(input),
            ("params", false) => self.params(input),
            ("results", false) => self.results(input),
            ("registers", false) => self.registers(input),
            ("handler", false) => self.handler(input),
            ("inlined", false) => self.inlined(input),
            ("line", false) => self.mark(input),
            ("within", false) => self.chain(input),
            ("disclosure", false) => self.disclosure(input),
            _ => {
                *input = start;
                self.instruction(input)
            }
        }
    }

    fn precision(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        input.expect("int")?;
        self.program.precision.int_bits = input.integer()?;
        input.expect("fix")?;
        self.program.precision.fix_bits = input.integer()?;
        input.expect("frac")?;
        self.program.precision.fix_frac = input.integer()?;
        Ok(())
    }

    fn file(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        in_turn("file", input.integer()?, self.program.files.len())?;
        self.program.files.push(input.quoted()?);
        Ok(())
    }

    fn dim(&mut self, id: &mut Text<'_>, input: &mut Text<'_>) -> Result<(), String> {
        in_turn("dim", DimId::parse(id)?.0, self.program.dims.len())?;
        self.program.dims.push(input.quoted()?);
        Ok(())
    }

    fn role(&mut self, id: &mut Text<'_>, input: &mut Text<'_>) -> Result<(), String> {
        in_turn("role", RoleId::parse(id)?.0, self.program.roles.len())?;
        let name = input.quoted()?;
        let family = if input.eat("family") { Some(DimId::parse(input)?) } else { None };
        self.program.roles.push(Role { name, family });
        Ok(())
    }

    fn port(&mut self, id: &mut Text<'_>, input: &mut Text<'_>) -> Result<(), String> {
        in_turn("port", PortId::parse(id)?.0, self.program.ports.len())?;
        let mut direction = match input.word() {
            "input" => Direction::Input,
            "parameter" => Direction::Parameter { default: None },
            "output" => Direction::Output,
            word => return Err(format!("`{word}` is not `input`, `parameter` or `output`")),
        };
        let (name, kind) = (input.quoted()?, Kind::parse(input)?);
        let shape = read_bracketed(input, read_extent)?;
        let list = input.eat("list");
        if let Direction::Parameter { default } = &mut direction
            && input.eat("default")
        {
            *default = Some(ConstId::parse(input)?);
        }
        input.expect(if direction == Direction::Output { "to" } else { "from" })?;
        let parties = read_parties(input)?;
        input.expect("at")?;
        let line = read_line(input)?;
        self.program.ports.push(Port { name, direction, kind, shape, list, parties, line });
        Ok(())
    }

    fn constant(&mut self, id: &mut Text<'_>, input: &mut Text<'_>) -> Result<(), String> {
        in_turn("k", ConstId::parse(id)?.0, self.program.constants.len())?;
        let constant = match input.word() {
            "int" => Constant::Int(read_shape(input)?, read_values(input)?),
            "fix" => Constant::Fix(read_shape(input)?, read_values(input)?),
            "bool" => Constant::Bool(read_shape(input)?, read_values(input)?),
            "str" => Constant::Str(input.quoted()?),
            word => return Err(format!("`{word}` is not `int`, `fix`, `bool` or `str`")),
        };
        self.program.constants.push(constant);
        Ok(())
    }

    fn exception(&mut self, id: &mut Text<'_>, input: &mut Text<'_>) -> Result<(), String> {
        let id = ExceptionId::parse(id)?.place().unwrap_or(u32::MAX);
        in_turn("class", id, self.program.exceptions.len())?;
        let (name, parent) = (input.quoted()?, ExceptionId::parse(input)?);
        self.program.exceptions.push(ExceptionClass { name, parent });
        Ok(())
    }

    fn function(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        in_turn("f", FuncId::parse(input)?.0, self.program.functions.len())?;
        self.program.functions.push(Function { name: input.quoted()?, ..Function::default() });
        Ok(())
    }

    fn current(&mut self) -> Result<&mut Function, String> {
        self.program.functions.last_mut().ok_or_else(|| "this belongs into a function: `function f0 \"main\"`".into())
    }

    fn params(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        let params = read_joined(input, |input| Ok(AnySrc::parse(input)?.0))?;
        self.current()?.params.extend(params);
        Ok(())
    }

    fn results(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        let results = read_joined(input, read_type)?;
        self.current()?.results.extend(results);
        Ok(())
    }

    fn registers(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        let bank = Bank::ALL.into_iter().find(|bank| input.eat(bank.prefix().encode_utf8(&mut [0; 4])));
        let bank = bank.ok_or_else(|| format!("expected `p`, `s` or `l` at `{}`", input.shown()))?;
        let runs = read_joined(input, read_run)?;
        let types = &mut self.current()?.registers[bank as usize];
        runs.into_iter().for_each(|(count, ty)| types.extend(std::iter::repeat_n(ty, count)));
        Ok(())
    }

    fn handler(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        let (from, to) = (Label::parse(input)?.0, Label::parse(input)?.0);
        input.expect("to")?;
        let target = Label::parse(input)?.0;
        let mut register = || Ok::<_, String>(AnySrc::parse(input)?.0);
        let (class, message, origin) = (register()?, register()?, register()?);
        self.current()?.handlers.push(Handler { from, to, target, class, message, origin });
        Ok(())
    }

    fn inlined(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        let name = input.quoted()?;
        input.expect("at")?;
        let call = read_line(input)?;
        input.expect("in")?;
        let within = input.integer()?;
        self.current()?.inlined.push(Inlined { name, call, within });
        Ok(())
    }

    fn chain(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        let chain = input.integer()?;
        let first = self.first(input)?;
        self.current()?.chains.push((first, chain));
        Ok(())
    }

    fn mark(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        let line = read_line(input)?;
        let first = self.first(input)?;
        self.current()?.lines.push((first, line));
        Ok(())
    }

    /// The instruction at which a run begins: the next one, unless it is named.
    fn first(&mut self, input: &mut Text<'_>) -> Result<u32, String> {
        match input.eat("from") {
            true => Ok(Label::parse(input)?.0),
            false => {
                u32::try_from(self.current()?.code.len()).map_err(|_| "a function has too many instructions".into())
            }
        }
    }

    fn instruction(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        let code = &mut self.current()?.code;
        let target = input.eat("@");
        if target || input.rest().starts_with(|c: char| c.is_ascii_digit()) {
            in_turn("@", input.integer()?, code.len())?;
        }
        code.push(Instruction::parse(input.rest())?);
        *input = Text::new("");
        Ok(())
    }

    fn disclosure(&mut self, input: &mut Text<'_>) -> Result<(), String> {
        let function = FuncId::parse(input)?;
        let at = Label::parse(input)?.0;
        input.expect("entry")?;
        let entry = input.integer()?;
        let port = if input.rest().starts_with("port") { Some(PortId::parse(input)?) } else { None };
        input.expect("to")?;
        let to = read_parties(input)?;
        input.expect("at")?;
        let line = read_line(input)?;
        let expression = input.quoted()?;
        let why = if input.eat("why") { Some(input.quoted()?) } else { None };
        self.program.disclosures.push(Disclosure { function, at, entry, to, port, expression, why, line });
        Ok(())
    }
}

/// Numbers are there for the reader; they must be right.
fn in_turn(what: &str, found: u32, expected: usize) -> Result<(), String> {
    let right = usize::try_from(found) == Ok(expected);
    if right { Ok(()) } else { Err(format!("`{what}{found}` is out of turn: the next one is `{what}{expected}`")) }
}

/// A shape, where there is one.
fn read_shape(input: &mut Text<'_>) -> Result<Vec<u64>, String> {
    if input.rest().starts_with('[') { read_bracketed(input, |input| input.integer()) } else { Ok(Vec::new()) }
}

fn read_values<T: FromStr>(input: &mut Text<'_>) -> Result<Vec<T>, String> {
    let mut values = Vec::new();
    while !input.is_empty() {
        values.push(input.integer()?);
    }
    Ok(values)
}

/// A type, with a count before it where there are several.
fn read_run(input: &mut Text<'_>) -> Result<(usize, Type), String> {
    let counted = input.rest().starts_with(|c: char| c.is_ascii_digit());
    let count = if counted { input.integer()? } else { 1 };
    if count > RUN {
        return Err(format!("a run of registers has at most {RUN}"));
    }
    Ok((count, read_type(input)?))
}
