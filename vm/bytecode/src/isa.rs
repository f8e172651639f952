//! The instruction set, defined once. Everything else is derived from the table.

use crate::operand::*;
use crate::types::Kind;
use std::fmt;

/// Whether an instruction talks to other players.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locality {
    /// It does not.
    Local,
    /// It does; `cost` says how much.
    Interactive,
}

macro_rules! instructions {
    ($( $(#[doc = $doc:literal])+ $op:literal $locality:ident $mnemonic:literal = $name:ident { $($field:ident: $ty:ty),* $(,)? } )*) => {
        /// One instruction.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Instruction { $(
            $(#[doc = $doc])+
            #[allow(missing_docs, reason = "the operands are explained by the instruction")]
            $name { $($field: $ty),* },
        )* }

        impl Instruction {
            /// The number in the bytecode.
            pub const fn opcode(&self) -> u8 { match self { $( Self::$name { .. } => $op, )* } }
            /// The name in text.
            pub const fn mnemonic(&self) -> &'static str { match self { $( Self::$name { .. } => $mnemonic, )* } }
            /// Whether it talks to other players.
            pub const fn locality(&self) -> Locality { match self { $( Self::$name { .. } => Locality::$locality, )* } }
            /// Appends the bytes.
            pub fn encode(&self, out: &mut Vec<u8>) {
                match self { $( Self::$name { $($field),* } => { out.push($op); $( $field.encode(out); )* } )* }
            }
            /// Reads one instruction.
            ///
            /// # Errors
            /// When the bytes are not an instruction.
            pub fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                match input.byte()? {
                    $( $op => Ok(Self::$name { $($field: Operand::decode(input)?),* }), )*
                    unknown => Err(DecodeError::UnknownOpcode(unknown)),
                }
            }
            /// Reads one instruction's text, as [`fmt::Display`] writes it.
            ///
            /// # Errors
            /// What was expected and what was found.
            pub fn parse(line: &str) -> Result<Self, String> {
                let mut input = Text::new(line);
                let instruction = match input.word() {
                    $( $mnemonic => Self::$name { $($field: Operand::parse(&mut input)?),* }, )*
                    unknown => return Err(format!("there is no instruction `{unknown}`")),
                };
                if input.is_empty() { Ok(instruction) } else { Err(format!("`{}` is left over", input.shown())) }
            }
            /// Every register read or written, in operand order.
            pub fn accesses(&self, mut visit: impl FnMut(Access)) {
                let visit: &mut dyn FnMut(Access) = &mut visit;
                match self { $( Self::$name { $($field),* } => { $( $field.visit(visit); )* } )* }
                let _ = visit;
            }
            /// Everything else that is named: constants, dimensions, ports, functions and jump targets, in operand order.
            pub fn references(&self, mut refer: impl FnMut(Reference)) {
                let refer: &mut dyn FnMut(Reference) = &mut refer;
                match self { $( Self::$name { $($field),* } => { $( $field.refer(refer); )* } )* }
                let _ = refer;
            }
            /// The instruction with number `opcode`, its operands made from the bytes of `source`.
            #[cfg(test)]
            pub fn arbitrary(opcode: u8, source: &mut crate::arbitrary::Source<'_>) -> Option<Self> {
                match opcode { $( $op => Some(Self::$name { $($field: Operand::arbitrary(source)),* }), )* _ => None }
            }
            /// Replaces every register's number.
            pub fn rename(&mut self, mut rename: impl FnMut(Access) -> u32) {
                let rename: &mut dyn FnMut(Access) -> u32 = &mut rename;
                match self { $( Self::$name { $($field),* } => { $( $field.rename(rename); )* } )* }
                let _ = rename;
            }
            /// Replaces every jump target.
            pub fn retarget(&mut self, mut target: impl FnMut(u32) -> u32) {
                let target: &mut dyn FnMut(u32) -> u32 = &mut target;
                match self { $( Self::$name { $($field),* } => { $( $field.retarget(target); )* } )* }
                let _ = target;
            }
        }

        impl fmt::Display for Instruction {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $( Self::$name { $($field),* } => {
                    f.write_str($mnemonic)?;
                    $( f.write_str(" ")?; $field.print(f)?; )*
                    Ok(())
                } )* }
            }
        }

        /// One row of the reference page.
        #[derive(Clone, Debug)]
        pub struct Row {
            /// The number in the bytecode.
            pub opcode: u8,
            /// The name in text.
            pub mnemonic: &'static str,
            /// Each operand: its name and its notation.
            pub operands: Vec<(&'static str, String)>,
            /// Whether it talks to other players.
            pub locality: Locality,
            /// What it does.
            pub doc: &'static str,
        }

        /// The whole table, for the reference page and for tests that go over every instruction.
        pub fn table() -> Vec<Row> {
            vec![$( Row {
                opcode: $op,
                mnemonic: $mnemonic,
                operands: vec![$( (stringify!($field), <$ty as Operand>::notation()) ),*],
                locality: Locality::$locality,
                doc: concat!($($doc),+),
            } ),*]
        }
    };
}

instructions! {
    // Public values.

    /// Loads a constant.
    0x01 Local "const" = Const { dst: Dst<Public>, value: ConstId }
    /// Copies a value of any bank; kinds must be equal.
    0x02 Local "copy" = Copy { dst: AnyDst, src: AnySrc }
    /// Loads the size that link bound to a symbolic dimension.
    0x03 Local "dim" = Dim { dst: Dst<Public>, dim: DimId }
    /// Loads the value of a public parameter.
    0x04 Local "param" = Param { dst: Dst<Public>, port: PortId }
    /// One operand, elementwise.
    0x05 Local "unary" = Unary { op: Unary, dst: Dst<Public>, src: Src<Public> }
    /// Two operands of one kind, broadcast.
    0x06 Local "binary" = Binary { op: Binary, dst: Dst<Public>, a: Src<Public>, b: Src<Public> }
    /// Converts to the kind of `dst`: `bool`→`int`→`fix` exactly or OverflowError, `fix`→`int` towards zero, anything to `bool` (is it not zero), a scalar to `str`.
    0x07 Local "convert" = Convert { dst: Dst<Public>, src: Src<Public> }
    /// Reduces along the given axes (none: all of them).
    0x08 Local "reduce" = Reduce { op: Reduction, dst: Dst<Public>, src: Src<Public>, axes: Vec<u32> }
    /// Takes `a` where `cond` is true and `b` elsewhere, broadcast.
    0x09 Local "choose" = Choose { dst: Dst<Public>, cond: Src<Public>, a: Src<Public>, b: Src<Public> }
    /// Puts text together from pieces.
    0x0a Local "format" = Format { dst: Dst<Public>, pieces: Vec<Piece> }
    /// Prints text as it is, at every player.
    0x0b Local "print" = Print { src: Src<Public> }
    /// The integers from `start` to before `stop` by `step`, as a vector.
    0x0c Local "range" = Range { dst: Dst<Public>, start: Src<Public>, stop: Src<Public>, step: Src<Public> }
    /// The number of integers in that range, without making them.
    0x0d Local "count" = Count { dst: Dst<Public>, start: Src<Public>, stop: Src<Public>, step: Src<Public> }
    /// The scaled integer behind a `fix`, or the `fix` of a scaled integer, by the kind of `dst`; OverflowError where it does not fit.
    0x0e Local "scaled" = Scaled { dst: Dst<Public>, src: Src<Public> }

    // Structure, of any bank but lists.

    /// The size of one axis.
    0x10 Local "size" = Size { dst: Dst<Public>, src: AnySrc, axis: u32 }
    /// The number of axes.
    0x11 Local "rank" = Rank { dst: Dst<Public>, src: AnySrc }
    /// The same elements in another shape; one size may be -1.
    0x12 Local "reshape" = Reshape { dst: AnyDst, src: AnySrc, shape: Vec<Src<Public>> }
    /// Axes in another order (none given: reversed).
    0x13 Local "transpose" = Transpose { dst: AnyDst, src: AnySrc, axes: Vec<u32> }
    /// `src[places]`.
    0x14 Local "index" = Index { dst: AnyDst, src: AnySrc, places: Vec<Place> }
    /// `src` with `src[places]` replaced by `value`, broadcast; in place where `dst` is `src`.
    0x15 Local "assign" = Assign { dst: AnyDst, src: AnySrc, places: Vec<Place>, value: AnySrc }
    /// Joins along an existing axis.
    0x16 Local "concat" = Concat { dst: AnyDst, srcs: Vec<AnySrc>, axis: u32 }
    /// Joins along a new first axis.
    0x17 Local "stack" = Stack { dst: AnyDst, srcs: Vec<AnySrc> }
    /// Broadcasts to a shape.
    0x18 Local "broadcast" = Broadcast { dst: AnyDst, src: AnySrc, shape: Vec<Src<Public>> }
    /// Takes the entries of the first axis that an `int` tensor names; the result has the tensor's shape in place of that axis.
    0x19 Local "gather" = Gather { dst: AnyDst, src: AnySrc, at: Src<Public> }
    /// `src` with the entries of the first axis that an `int` tensor names replaced by those of `value`, broadcast to what `gather` would give; of two for one place the later stays. In place where `dst` is `src`.
    0x1a Local "scatter" = Scatter { dst: AnyDst, src: AnySrc, at: Src<Public>, value: AnySrc }
    /// The positions, counted through all axes, at which a `bool` tensor is true, as a vector.
    0x1b Local "where" = Where { dst: Dst<Public>, src: Src<Public> }

    // Secret values, without communication.

    /// A public value as a sharing of itself.
    0x20 Local "share" = Share { dst: Dst<Secret>, src: Src<Public> }
    /// Sum of two secrets, broadcast.
    0x21 Local "add" = Add { dst: Dst<Secret>, a: Src<Secret>, b: Src<Secret> }
    /// Difference of two secrets, broadcast.
    0x22 Local "sub" = Sub { dst: Dst<Secret>, a: Src<Secret>, b: Src<Secret> }
    /// Negation.
    0x23 Local "neg" = Neg { dst: Dst<Secret>, src: Src<Secret> }
    /// Secret plus public of the same scale, broadcast.
    0x24 Local "addp" = AddPublic { dst: Dst<Secret>, a: Src<Secret>, b: Src<Public> }
    /// Public minus secret of the same scale, broadcast.
    0x25 Local "psub" = PublicSub { dst: Dst<Secret>, a: Src<Public>, b: Src<Secret> }
    /// Secret times public in the ring, broadcast; scales add up.
    0x26 Local "mulp" = MulPublic { dst: Dst<Secret>, a: Src<Secret>, b: Src<Public> }
    /// Secret matrix times public matrix in the ring.
    0x27 Local "matmulp" = MatmulPublic { dst: Dst<Secret>, a: Src<Secret>, b: Src<Public> }
    /// Public matrix times secret matrix in the ring.
    0x28 Local "pmatmul" = PublicMatmul { dst: Dst<Secret>, a: Src<Public>, b: Src<Secret> }
    /// Sum along the given axes (none: all of them).
    0x29 Local "sum" = Sum { dst: Dst<Secret>, src: Src<Secret>, axes: Vec<u32> }
    /// Times 2^bits in the ring.
    0x2a Local "shift" = ShiftLeft { dst: Dst<Secret>, src: Src<Secret>, bits: u32 }
    /// The same ring element under another secret kind.
    0x2b Local "retype" = Retype { dst: Dst<Secret>, src: Src<Secret> }

    // Secret values, with communication. Each is a batch: one entry or a thousand take the same rounds.

    /// Products, elementwise, of equal shapes (the compiler broadcasts first).
    0x40 Interactive "mul" = Mul { batch: Vec<(Dst<Secret>, Src<Secret>, Src<Secret>)> }
    /// Squares.
    0x41 Interactive "square" = Square { batch: Vec<(Dst<Secret>, Src<Secret>)> }
    /// Matrix products (m,k)@(k,n); vectors as in NumPy.
    0x42 Interactive "matmul" = Matmul { batch: Vec<(Dst<Secret>, Src<Secret>, Src<Secret>)> }
    /// Division by 2^bits, rounded to one of the two nearest integers; exact for multiples. For |x| < 2^(ring bits - 2).
    0x43 Interactive "trunc" = Trunc { bits: u32, batch: Vec<(Dst<Secret>, Src<Secret>)> }
    /// Whether a number of at most `bits` bits (with its sign) is negative, as 0 or 1; `bits` 0 stands for the ring's width.
    0x44 Interactive "ltz" = Ltz { bits: u32, batch: Vec<(Dst<Secret>, Src<Secret>)> }
    /// Whether a number is zero, as 0 or 1; `bits` as for `ltz`.
    0x45 Interactive "eqz" = Eqz { bits: u32, batch: Vec<(Dst<Secret>, Src<Secret>)> }
    /// The lowest `bits` bits of the two's complement, least significant first, on a new last axis.
    0x46 Interactive "bits" = Bits { bits: u32, batch: Vec<(Dst<Secret>, Src<Secret>)> }
    /// Opens to every player. Each one stands in the list of disclosures.
    0x47 Interactive "open" = Open { batch: Vec<(Dst<Public>, Src<Secret>)> }
    /// Shares input ports; a port of a family of roles gives a list.
    0x48 Interactive "input" = Input { batch: Vec<(AnyDst, PortId)> }
    /// Discloses values to the roles of output ports. Each one stands in the list of disclosures.
    0x49 Interactive "output" = Output { batch: Vec<(PortId, AnySrc)> }
    /// The next `count` instructions, all of which communicate, run together: in as many rounds as the longest of them. None reads or writes what one before it writes, and nothing jumps between them. All operands are read first; if one raises an exception, none has written anything.
    0x4a Local "together" = Together { count: u32 }

    // Control.

    /// Goes on elsewhere.
    0x60 Local "jump" = Jump { to: Label }
    /// Goes on elsewhere if a `bool` scalar is true.
    0x61 Local "jump-if" = JumpIf { cond: Src<Public>, to: Label }
    /// Goes on elsewhere if a `bool` scalar is false.
    0x62 Local "jump-unless" = JumpUnless { cond: Src<Public>, to: Label }
    /// Calls a function: its `params` get `args`, what it returns goes to `results`.
    0x63 Local "call" = Call { function: FuncId, results: Vec<AnyDst>, args: Vec<AnySrc> }
    /// Ends the function.
    0x64 Local "return" = Return { values: Vec<AnySrc> }
    /// Raises an exception with a message.
    0x65 Local "raise" = Raise { exception: ExceptionId, message: Src<Public> }
    /// Raises the exception that a handler was told of once more, from where it came: its class, its message and its origin.
    0x66 Local "reraise" = Reraise { class: Src<Public>, message: Src<Public>, origin: Src<Public> }

    // Lists.

    /// A list of the given values.
    0x70 Local "list" = List { dst: Dst<Lists>, items: Vec<AnySrc> }
    /// `src` with `item` at its end; in place where `dst` is `src`.
    0x71 Local "push" = Push { dst: Dst<Lists>, src: Src<Lists>, item: AnySrc }
    /// Removes the item at `at`: the rest to `dst`, the item to `item`.
    0x72 Local "pop" = Pop { dst: Dst<Lists>, item: AnyDst, src: Src<Lists>, at: Src<Public> }
    /// The item at `at`; negative counts from the end.
    0x73 Local "get" = Get { dst: AnyDst, src: Src<Lists>, at: Src<Public> }
    /// `src` with the item at `at` replaced; in place where `dst` is `src`.
    0x74 Local "set" = Set { dst: Dst<Lists>, src: Src<Lists>, at: Src<Public>, item: AnySrc }
    /// The number of items.
    0x75 Local "length" = Length { dst: Dst<Public>, src: Src<Lists> }
    /// One list after the other.
    0x76 Local "join" = Join { dst: Dst<Lists>, a: Src<Lists>, b: Src<Lists> }
    /// `src[start:stop:step]`, with Python's defaults and clipping.
    0x77 Local "slice" = Slice { dst: Dst<Lists>, src: Src<Lists>, start: Option<Src<Public>>, stop: Option<Src<Public>>, step: Option<Src<Public>> }
    /// The list `times` times over.
    0x78 Local "repeat" = Repeat { dst: Dst<Lists>, src: Src<Lists>, times: Src<Public> }
    /// A list of tensors of one shape as one tensor with a new first axis.
    0x79 Local "pack" = Pack { dst: AnyDst, src: Src<Lists> }
    /// The entries of a tensor's first axis as a list.
    0x7a Local "unpack" = Unpack { dst: Dst<Lists>, src: AnySrc }
    /// Lets go of values that are not needed any more, so that their memory is free and others may be changed in place: a tensor becomes the scalar zero (of `str`, the empty text), a list becomes empty.
    0x7b Local "drop" = Drop { regs: Vec<AnyDst> }
}

/// What an instruction does besides writing registers; such instructions keep their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it may be moved, merged or dropped if its results are not used.
    None,
    /// It may raise an exception: it may be dropped only where that is wanted.
    Raises,
    /// It prints, discloses, reads a port, changes the flow or says how what follows runs.
    Visible,
}

impl Instruction {
    /// What it does besides writing registers.
    pub const fn effect(&self) -> Effect {
        use Instruction::*;
        match self {
            Const { .. }
            | Copy { .. }
            | Dim { .. }
            | Param { .. }
            | Size { .. }
            | Rank { .. }
            | Neg { .. }
            | Share { .. }
            | Sum { .. }
            | ShiftLeft { .. }
            | Retype { .. }
            | Mul { .. }
            | Square { .. }
            | Trunc { .. }
            | Ltz { .. }
            | Eqz { .. }
            | Bits { .. }
            | List { .. }
            | Push { .. }
            | Length { .. }
            | Where { .. }
            | Join { .. } => Effect::None,
            Unary { .. }
            | Binary { .. }
            | Convert { .. }
            | Scaled { .. }
            | Reduce { .. }
            | Range { .. }
            | Count { .. }
            | Reshape { .. }
            | Transpose { .. }
            | Index { .. }
            | Assign { .. }
            | Concat { .. }
            | Stack { .. }
            | Broadcast { .. }
            | Gather { .. }
            | Scatter { .. }
            | Add { .. }
            | Sub { .. }
            | AddPublic { .. }
            | PublicSub { .. }
            | MulPublic { .. }
            | MatmulPublic { .. }
            | PublicMatmul { .. }
            | Matmul { .. }
            | Pop { .. }
            | Get { .. }
            | Set { .. }
            | Pack { .. }
            | Slice { .. }
            | Drop { .. }
            | Repeat { .. }
            | Unpack { .. }
            | Format { .. }
            | Choose { .. } => Effect::Raises,
            Print { .. }
            | Open { .. }
            | Input { .. }
            | Output { .. }
            | Together { .. }
            | Jump { .. }
            | JumpIf { .. }
            | JumpUnless { .. }
            | Call { .. }
            | Return { .. }
            | Raise { .. }
            | Reraise { .. } => Effect::Visible,
        }
    }
}

impl Instruction {
    /// True if a handler may see an exception of this instruction. Of any other, an exception ends the program.
    pub const fn can_raise(&self) -> bool {
        use Instruction::*;
        match self.effect() {
            Effect::None => false,
            Effect::Raises => !matches!(self, Drop { .. }),
            Effect::Visible => {
                matches!(self, Open { .. } | Output { .. } | Call { .. } | Raise { .. } | Reraise { .. })
            }
        }
    }
}

impl Kind {
    /// True for kinds whose elements carry the program's fixed-point scale.
    pub const fn is_scaled(self) -> bool {
        matches!(self, Kind::Fix | Kind::Sfix)
    }
}
