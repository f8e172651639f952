//! The container that is written to a `.mpcb` file.
//!
//! ```text
//! "MPCB"  version: u16  length of body: u64  SHA-256 of body: 32 bytes  body
//! ```
//! All numbers are little-endian; the body is postcard, and the hash of the [disclosures](crate::disclose). The hash is the program's name among players: those who run a program
//! compare it before anything secret moves.

use crate::isa::Instruction;
use crate::operand::{ConstId, DecodeError, DimId, ExceptionId, FuncId, PortId, Reader, Reg, RoleId};
use crate::types::{Kind, Type};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;

/// First bytes of every program.
pub const MAGIC: [u8; 4] = *b"MPCB";
/// Version of the format and of the instruction set.
pub const VERSION: u16 = 2;
/// Bytes before the body.
pub const HEADER: usize = 4 + 2 + 8 + 32;

/// Widths of numbers, for the whole program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Precision {
    /// Bits of a `sint`, with its sign.
    pub int_bits: u32,
    /// Bits of an `sfix` or `fix`, with its sign and its fractional bits.
    pub fix_bits: u32,
    /// Fractional bits.
    pub fix_frac: u32,
}

impl Default for Precision {
    /// 64-bit integers; fixed point with |x| < 2^30 in steps of 2^-16: the widest range in which every product whose
    /// result is in range can be truncated in the ring 2^64 (47 + 16 < 64).
    fn default() -> Self {
        Self { int_bits: 64, fix_bits: 47, fix_frac: 16 }
    }
}

impl Precision {
    /// The smallest ring, in bits, in which products of these numbers can be truncated: 64 or 128; `None` if no ring is wide enough.
    pub fn ring_bits(&self) -> Option<u32> {
        let fits = |ring: u32| self.int_bits <= ring && self.fix_bits + self.fix_frac < ring;
        [64, 128].into_iter().find(|&ring| fits(ring))
    }
}

/// A role, or a family of roles whose size link binds to a dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The name in the source.
    pub name: String,
    /// For a family (`role participant[n]`): the dimension that counts its members.
    pub family: Option<DimId>,
}

/// A size that link can evaluate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "Vec<ExtentToken>", try_from = "Vec<ExtentToken>")]
pub enum Extent {
    /// A number.
    Constant(u64),
    /// A symbolic dimension.
    Dim(DimId),
    /// Whatever the data has.
    Any,
    /// Two sizes combined.
    Combined(ExtentOp, Box<Extent>, Box<Extent>),
}

/// An extent as it stands in a file: postfix, so that no file can make the reader recurse.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum ExtentToken {
    Constant(u64),
    Dim(DimId),
    Any,
    Combine(ExtentOp),
}

/// The deepest extent that a file may hold; evaluation recurses this deep at most.
pub(crate) const EXTENT_DEPTH: usize = 256;

impl From<Extent> for Vec<ExtentToken> {
    fn from(extent: Extent) -> Self {
        match extent {
            Extent::Constant(value) => vec![ExtentToken::Constant(value)],
            Extent::Dim(dim) => vec![ExtentToken::Dim(dim)],
            Extent::Any => vec![ExtentToken::Any],
            Extent::Combined(op, a, b) => {
                let mut tokens = Vec::from(*a);
                tokens.extend(Vec::from(*b));
                tokens.push(ExtentToken::Combine(op));
                tokens
            }
        }
    }
}

impl TryFrom<Vec<ExtentToken>> for Extent {
    type Error = &'static str;

    fn try_from(tokens: Vec<ExtentToken>) -> Result<Self, Self::Error> {
        let mut stack: Vec<(Extent, usize)> = Vec::new();
        for token in tokens {
            let item = match token {
                ExtentToken::Constant(value) => (Extent::Constant(value), 0),
                ExtentToken::Dim(dim) => (Extent::Dim(dim), 0),
                ExtentToken::Any => (Extent::Any, 0),
                ExtentToken::Combine(op) => {
                    let (Some((b, deep_b)), Some((a, deep_a))) = (stack.pop(), stack.pop()) else {
                        return Err("a size lacks an operand");
                    };
                    (Extent::Combined(op, Box::new(a), Box::new(b)), deep_a.max(deep_b) + 1)
                }
            };
            if item.1 > EXTENT_DEPTH {
                return Err("a size is nested too deep");
            }
            stack.push(item);
        }
        match (stack.pop(), stack.is_empty()) {
            (Some((extent, _)), true) => Ok(extent),
            _ => Err("a size is not one expression"),
        }
    }
}

impl ExtentOp {
    /// Every operation.
    pub const ALL: [ExtentOp; 4] = [ExtentOp::Add, ExtentOp::Sub, ExtentOp::Mul, ExtentOp::FloorDiv];

    /// The spelling in text, as in the language.
    pub const fn text(self) -> &'static str {
        match self {
            ExtentOp::Add => "+",
            ExtentOp::Sub => "-",
            ExtentOp::Mul => "*",
            ExtentOp::FloorDiv => "//",
        }
    }
}

/// How two sizes are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ExtentOp {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient rounded towards minus infinity.
    FloorDiv,
}

/// Who provides or receives a port's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Parties {
    /// Every player.
    All,
    /// These roles; an input has exactly one.
    Roles(Vec<RoleId>),
}

/// What a port is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Secret data of one role. For a family of roles the value is a list with an item for each member.
    Input,
    /// A public parameter, the same at every player.
    Parameter {
        /// Its value if none is given.
        default: Option<ConstId>,
    },
    /// A value that is disclosed to the port's parties.
    Output,
}

/// The program's typed interface, one entry a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The name in the source.
    pub name: String,
    /// What it is for.
    pub direction: Direction,
    /// The kind of its elements.
    pub kind: Kind,
    /// One extent an axis; empty for a scalar.
    pub shape: Vec<Extent>,
    /// True for an output of a list.
    pub list: bool,
    /// Who provides or receives it.
    pub parties: Parties,
    /// Where it stands in the source.
    pub line: Line,
}

impl Port {
    /// Whether it is one field of an object of that name: `model.fc1.weight` of `model`, and of `model.fc1`.
    pub fn is_field_of(&self, object: &str) -> bool {
        self.name.strip_prefix(object).is_some_and(|rest| rest.starts_with('.'))
    }

    /// The name that the source declares: of a field, its object's.
    pub fn declared_name(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }
}

/// A constant. Fixed-point numbers are scaled by 2^frac.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Constant {
    /// Integers, row-major, with their shape.
    Int(Vec<u64>, Vec<i64>),
    /// Fixed-point numbers, row-major, with their shape.
    Fix(Vec<u64>, Vec<i128>),
    /// Truth values, row-major, with their shape.
    Bool(Vec<u64>, Vec<bool>),
    /// Text.
    Str(String),
}

impl Constant {
    /// The kind of its elements.
    pub const fn kind(&self) -> Kind {
        match self {
            Constant::Int(..) => Kind::Int,
            Constant::Fix(..) => Kind::Fix,
            Constant::Bool(..) => Kind::Bool,
            Constant::Str(_) => Kind::Str,
        }
    }
}

/// A place in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Line {
    /// Which of the program's files.
    pub file: u32,
    /// Line, from 1; 0 where nothing in the source corresponds.
    pub line: u32,
}

/// A function. Function 0 is the program's top level; it takes and returns nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// The name in the source.
    pub name: String,
    /// The registers that receive the arguments.
    pub params: Vec<Reg>,
    /// The types of what it returns.
    pub results: Vec<Type>,
    /// The type of each public, secret and list register.
    pub registers: [Vec<Type>; 3],
    /// The code.
    pub code: Vec<Instruction>,
    /// Where exceptions go: runs of instructions that do not overlap, in order.
    pub handlers: Vec<Handler>,
    /// For runs of instructions, the first one's index and the place in the source.
    pub lines: Vec<(u32, Line)>,
    /// The calls in whose place the callee's code stands.
    pub inlined: Vec<Inlined>,
    /// For runs of instructions, the first one's index and the innermost inlined call around them, counted from one; 0 for none.
    pub chains: Vec<(u32, u32)>,
}

/// What happens when one of a run of instructions raises an exception: the registers are written, and the function goes on elsewhere.
/// Instructions for which [`Instruction::can_raise`] is false are not handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handler {
    /// The first instruction.
    pub from: u32,
    /// The first one behind.
    pub to: u32,
    /// Where the function goes on.
    pub target: u32,
    /// An `int` that gets the class's number.
    pub class: Reg,
    /// A `str` that gets the message.
    pub message: Reg,
    /// An `int` that gets a number for the place, which `reraise` takes.
    pub origin: Reg,
}

impl Handler {
    /// The registers that are written.
    pub const fn told(&self) -> [Reg; 3] {
        [self.class, self.message, self.origin]
    }
}

/// A call in whose place the callee's code stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inlined {
    /// The callee's name in the source.
    pub name: String,
    /// Where the call stands.
    pub call: Line,
    /// The inlined call around that, an earlier one counted from one; 0 for none.
    pub within: u32,
}

/// One of the program's own exceptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionClass {
    /// The name in the source.
    pub name: String,
    /// What it derives from: a class that every program has, or an earlier one.
    pub parent: ExceptionId,
}

impl Function {
    /// The type of a register, if there is one.
    pub fn register(&self, reg: Reg) -> Option<&Type> {
        self.registers[reg.bank as usize].get(reg.index as usize)
    }

    /// What runs at once from instruction `at` on: that instruction, or the members of the group that it begins.
    pub fn at_once(&self, at: usize) -> &[Instruction] {
        let code = self.code.get(at..).unwrap_or_default();
        match code {
            [Instruction::Together { count }, members @ ..] => &members[..members.len().min(*count as usize)],
            _ => &code[..code.len().min(1)],
        }
    }

    /// The place in the source that instruction `at` comes from.
    pub fn line(&self, at: usize) -> Line {
        let after = self.lines.partition_point(|&(first, _)| first as usize <= at);
        after.checked_sub(1).map_or(Line::default(), |i| self.lines[i].1)
    }

    /// The functions of the source that instruction `at` belongs to, innermost first, each with its name and the line reached in it:
    /// its own, then the calls that were inlined.
    pub fn places(&self, at: usize) -> impl Iterator<Item = (&str, Line)> {
        let after = self.chains.partition_point(|&(first, _)| first as usize <= at);
        let chain = after.checked_sub(1).map_or(0, |i| self.chains[i].1);
        let mut next = Some((chain, self.line(at)));
        std::iter::from_fn(move || {
            let (chain, line) = next.take()?;
            let inlined = chain.checked_sub(1).and_then(|chain| self.inlined.get(chain as usize));
            // Each stands within an earlier one: the way ends, whatever the table says.
            next = inlined.filter(|inlined| inlined.within < chain).map(|inlined| (inlined.within, inlined.call));
            Some((inlined.map_or(self.name.as_str(), |inlined| inlined.name.as_str()), line))
        })
    }

    /// The handler of instruction `at`, if it has one.
    pub fn handler(&self, at: usize) -> Option<&Handler> {
        let behind = self.handlers.partition_point(|handler| handler.to as usize <= at);
        self.handlers.get(behind).filter(|handler| handler.from as usize <= at)
    }
}

/// One place where a secret becomes known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// The function with the `open` or `output`.
    pub function: FuncId,
    /// The index of that instruction.
    pub at: u32,
    /// The entry of its batch.
    pub entry: u32,
    /// Who learns it.
    pub to: Parties,
    /// The port, for an output.
    pub port: Option<PortId>,
    /// The expression in the source.
    pub expression: String,
    /// The reason that the source gives.
    pub why: Option<String>,
    /// Where it stands in the source.
    pub line: Line,
}

/// A whole program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Widths of numbers.
    pub precision: Precision,
    /// Names of the source files, the entry first, without directories.
    pub files: Vec<String>,
    /// Names of the symbolic dimensions.
    pub dims: Vec<String>,
    /// The logical parties.
    pub roles: Vec<Role>,
    /// The interface.
    pub ports: Vec<Port>,
    /// The constant pool.
    pub constants: Vec<Constant>,
    /// The functions; the first is the top level.
    pub functions: Vec<Function>,
    /// Every place where a secret becomes known.
    pub disclosures: Vec<Disclosure>,
    /// Its own exceptions.
    pub exceptions: Vec<ExceptionClass>,
}

impl Program {
    /// The name of a class of exceptions; empty if there is none.
    pub fn exception_name(&self, id: ExceptionId) -> &str {
        match id.place() {
            None => id.built_in().map_or("", crate::operand::Exception::text),
            Some(place) => self.exceptions.get(place as usize).map_or("", |class| class.name.as_str()),
        }
    }
}

/// Why bytes are not a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The first bytes are others.
    #[error("this is not a compiled program: it does not begin with `MPCB`")]
    Foreign,
    /// Another version of the format.
    #[error("the program has bytecode version {0}, this machine reads version {VERSION}; compile it again")]
    Version(u16),
    /// Fewer or more bytes than the header says.
    #[error("the program is truncated or has bytes after its end: {found} bytes, expected {expected}")]
    Length {
        /// Bytes in all.
        found: u64,
        /// What the header says; where it is cut short itself, its own length.
        expected: u64,
    },
    /// The hash does not match.
    #[error("the program was altered: its contents do not match its hash")]
    Altered,
    /// The body is not a program.
    #[error("the program's body cannot be read: {0}")]
    Body(String),
}

/// A program's hash: SHA-256 of its body.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProgramHash(pub [u8; 32]);

impl fmt::Display for ProgramHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for ProgramHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A body behind its header: the bytes of a `.mpcb` file. What is read back from them is checked as any file is.
pub fn sealed(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + body.len());
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    out.extend((body.len() as u64).to_le_bytes());
    out.extend(Sha256::digest(body));
    out.extend(body);
    out
}

impl Program {
    fn body(&self) -> Vec<u8> {
        let mut body = postcard::to_allocvec(self).expect("a program in memory has no unserialisable part");
        body.extend(crate::disclose::hash(self).0);
        body
    }

    /// The program's hash.
    pub fn hash(&self) -> ProgramHash {
        ProgramHash(Sha256::digest(self.body()).into())
    }

    /// The bytes of a `.mpcb` file.
    pub fn to_bytes(&self) -> Vec<u8> {
        sealed(&self.body())
    }

    /// Reads a `.mpcb` file. The program is well formed but not yet verified: see `verify`.
    ///
    /// # Errors
    /// When the bytes are foreign, of another version, truncated or altered.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LoadError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(LoadError::Foreign)?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or(LoadError::Foreign)?;
        let version = u16::from_le_bytes(*version);
        if version != VERSION {
            return Err(LoadError::Version(version));
        }
        let found = bytes.len() as u64;
        let short = LoadError::Length { found, expected: HEADER as u64 };
        let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(|| short.clone())?;
        let (hash, body) = rest.split_first_chunk::<32>().ok_or(short)?;
        let expected = (HEADER as u64).saturating_add(u64::from_le_bytes(*length));
        if found != expected {
            return Err(LoadError::Length { found, expected });
        }
        if Sha256::digest(body)[..] != hash[..] {
            return Err(LoadError::Altered);
        }
        let stored = postcard::take_from_bytes::<StoredProgram>(body);
        let (stored, rest) = stored.map_err(|error| LoadError::Body(error.to_string()))?;
        if rest.len() != 32 {
            return Err(LoadError::Body(format!("{} bytes are left over, not the 32 of a hash", rest.len())));
        }
        let program = stored.decode()?;
        if crate::disclose::hash(&program).0[..] != *rest {
            return Err(LoadError::Body("its hash of disclosures is not that of what it discloses".into()));
        }
        // One program, one hash: numbers could be written with more bytes than they need.
        if program.body() != body {
            return Err(LoadError::Body("it is not written the one way that a program is written".into()));
        }
        Ok(program)
    }
}

/// A function as it stands in the file: the code as bytes of the instruction table's own codec.
#[derive(Serialize, Deserialize)]
struct StoredFunction {
    name: String,
    params: Vec<Reg>,
    results: Vec<Type>,
    registers: [Vec<Type>; 3],
    code: Vec<u8>,
    handlers: Vec<Handler>,
    lines: Vec<(u32, Line)>,
    inlined: Vec<Inlined>,
    chains: Vec<(u32, u32)>,
}

impl Serialize for Function {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut code = Vec::new();
        self.code.iter().for_each(|instruction| instruction.encode(&mut code));
        let stored = StoredFunction {
            name: self.name.clone(),
            params: self.params.clone(),
            results: self.results.clone(),
            registers: self.registers.clone(),
            code,
            handlers: self.handlers.clone(),
            lines: self.lines.clone(),
            inlined: self.inlined.clone(),
            chains: self.chains.clone(),
        };
        stored.serialize(serializer)
    }
}

/// A program as it stands in the file. [`Program`] is written with the same fields.
#[derive(Deserialize)]
struct StoredProgram {
    precision: Precision,
    files: Vec<String>,
    dims: Vec<String>,
    roles: Vec<Role>,
    ports: Vec<Port>,
    constants: Vec<Constant>,
    functions: Vec<StoredFunction>,
    disclosures: Vec<Disclosure>,
    exceptions: Vec<ExceptionClass>,
}

impl StoredProgram {
    fn decode(self) -> Result<Program, LoadError> {
        let Self { precision, files, dims, roles, ports, constants, functions, disclosures, exceptions } = self;
        let functions = functions.into_iter().enumerate().map(|(i, stored)| {
            let StoredFunction { name, params, results, registers, code, handlers, lines, inlined, chains } = stored;
            let code = decode_all(&code).map_err(|error| LoadError::Body(format!("function f{i}: {error}")))?;
            Ok(Function { name, params, results, registers, code, handlers, lines, inlined, chains })
        });
        let functions = functions.collect::<Result<_, LoadError>>()?;
        Ok(Program { precision, files, dims, roles, ports, constants, functions, disclosures, exceptions })
    }
}

fn decode_all(bytes: &[u8]) -> Result<Vec<Instruction>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut code = Vec::new();
    while !reader.is_empty() {
        code.push(Instruction::decode(&mut reader)?);
    }
    Ok(code)
}
