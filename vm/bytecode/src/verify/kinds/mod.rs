//! Every register is in the bank of its type, and every instruction's operands have kinds that it takes.
//!
//! Secrecy is airtight because banks are: an instruction that writes a public register reads secrets only for their shape (`size`,
//! `rank`), or opens them (`open`). Kinds guard sense. The rules, in which the level (public, secret) is left out where the bank
//! decides it:
//!
//! | | |
//! |---|---|
//! | sum, difference | int and bool with int and bool give int; fix with fix gives fix; `raw` with `raw`, `int` or `fix` gives `raw` |
//! | negation, sum along axes | the same; bool gives int |
//! | product | bool with anything gives that; int with int gives int; int with fix gives fix; fix with fix, and `raw` with any, give `raw` |
//! | matrix product | the same, but bool with bool gives int |
//!
//! Where the rule gives int, the result may be declared bool and the other way round: the compiler knows that `1 − b` is 0 or 1, and `plain`
//! holds it to that. A product may also be kept as `raw`, as it stands in the ring.
//!
//! What a `raw` is worth, its scale and its range, is the compiler's affair: `retype` and `trunc` enter and leave it.

mod rules;

pub use rules::{binary, converts, matrix_product, product, reduction, shares, shifts, sum, total, truncates, unary};

use super::limits::{AXES, RING_BITS};
use super::{VerifyError, each_instruction, functions};
use crate::isa::Instruction;
use crate::operand::{
    AnyDst, AnySrc, Bank, ConstId, Dst, FixedBank, FuncId, Piece, Place, PortId, Public, Reduction, Reg, Secret, Src,
};
use crate::program::{Direction, Function, Handler, Parties, Port, Program};
use crate::types::{Kind, Type};

/// See the module.
pub(super) fn check(program: &Program) -> Result<(), VerifyError> {
    for (id, function) in functions(program) {
        banks(function).map_err(|message| VerifyError::function(id, function, message))?;
    }
    for (id, function) in functions(program) {
        let scope = Scope { program, function };
        let check = || function.handlers.iter().try_for_each(|handler| scope.handler(handler));
        check().map_err(|message| VerifyError::function(id, function, message))?;
    }
    each_instruction(program, |id, _, instruction| Scope::new(program, id)?.check(instruction))
}

/// A register's type is of the bank that the register is in.
fn banks(function: &Function) -> Result<(), String> {
    for bank in Bank::ALL {
        let wrong = function.registers[bank as usize].iter().enumerate().find(|(_, ty)| ty.bank() != bank);
        if let Some((index, ty)) = wrong {
            return Err(format!("{}{index} is of type {ty}, which does not belong into its bank", bank.prefix()));
        }
    }
    Ok(())
}

type Checked = Result<(), String>;

/// Where an instruction stands.
struct Scope<'a> {
    program: &'a Program,
    function: &'a Function,
}

/// A register operand, whatever its form.
trait Register: Copy {
    fn reg(self) -> Reg;
}
impl<B: FixedBank> Register for Src<B> {
    fn reg(self) -> Reg {
        Src::reg(self)
    }
}
impl<B: FixedBank> Register for Dst<B> {
    fn reg(self) -> Reg {
        Dst::reg(self)
    }
}
impl Register for AnySrc {
    fn reg(self) -> Reg {
        self.0
    }
}
impl Register for AnyDst {
    fn reg(self) -> Reg {
        self.0
    }
}

impl<'a> Scope<'a> {
    fn new(program: &'a Program, id: FuncId) -> Result<Self, String> {
        let function = program.functions.get(id.0 as usize).ok_or_else(|| format!("there is no function {id}"))?;
        Ok(Self { program, function })
    }

    /// A handler is told of an exception in public registers.
    fn handler(&self, handler: &Handler) -> Checked {
        let expected = [Kind::Int, Kind::Str, Kind::Int];
        handler.told().into_iter().zip(expected).try_for_each(|(reg, kind)| self.is(AnySrc(reg), kind))
    }

    /// The rule of every instruction.
    fn check(&self, instruction: &Instruction) -> Checked {
        use Instruction as I;
        use Kind::*;
        match instruction {
            I::Const { dst, value } => self.is(*dst, self.constant(*value)?),
            I::Copy { dst, src } => self.same(*dst, *src),
            I::Dim { dst, .. } => self.is(*dst, Int),
            I::Param { dst, port } => self.param(*dst, *port),
            I::Unary { op, dst, src } => self.yields(*dst, op.text(), &[*src], |k| unary(*op, k[0])),
            I::Binary { op, dst, a, b } => self.yields(*dst, op.text(), &[*a, *b], |k| binary(*op, k[0], k[1])),
            I::Convert { dst, src } => self.turns(*dst, *src, converts),
            I::Scaled { dst, src } => self.turns(*dst, *src, |from, to| matches!((from, to), (Fix, Int) | (Int, Fix))),
            I::Reduce { op, dst, src, axes: list } => axes(list)
                .and_then(|()| argument_axes(*op, list))
                .and_then(|()| self.yields(*dst, op.text(), &[*src], |k| reduction(*op, k[0]))),
            I::Choose { dst, cond, a, b } => self.is(*cond, Bool).and_then(|()| self.all_same(*dst, &[*a, *b])),
            I::Format { dst, pieces } => {
                self.is(*dst, Str).and_then(|()| pieces.iter().try_for_each(|piece| self.piece(piece)))
            }
            I::Print { src } => self.is(*src, Str),
            I::Range { dst, start, stop, step } | I::Count { dst, start, stop, step } => {
                self.is(*dst, Int).and_then(|()| self.all_are(&[*start, *stop, *step], Int))
            }

            I::Size { dst, src, axis } => {
                axes(&[*axis]).and_then(|()| self.is(*dst, Int)).and_then(|()| self.tensor(*src).map(drop))
            }
            I::Rank { dst, src } => self.is(*dst, Int).and_then(|()| self.tensor(*src).map(drop)),
            I::Reshape { dst, src, shape } | I::Broadcast { dst, src, shape } => {
                self.moves(*dst, &[*src]).and_then(|()| self.all_are(shape, Int))
            }
            I::Transpose { dst, src, axes: list } => axes(list).and_then(|()| self.moves(*dst, &[*src])),
            I::Index { dst, src, places } => self.moves(*dst, &[*src]).and_then(|()| self.places(places)),
            I::Assign { dst, src, places, value } => {
                self.moves(*dst, &[*src, *value]).and_then(|()| self.places(places))
            }
            I::Concat { dst, srcs, axis } => axes(&[*axis]).and_then(|()| self.moves(*dst, srcs)),
            I::Stack { dst, srcs } => self.moves(*dst, srcs),
            I::Gather { dst, src, at } => self.moves(*dst, &[*src]).and_then(|()| self.is(*at, Int)),
            I::Scatter { dst, src, at, value } => self.moves(*dst, &[*src, *value]).and_then(|()| self.is(*at, Int)),
            I::Where { dst, src } => self.is(*dst, Int).and_then(|()| self.is(*src, Bool)),

            I::Share { dst, src } => self.turns(*dst, *src, shares),
            I::Add { dst, a, b } | I::Sub { dst, a, b } => self.combines(*dst, *a, *b, sum),
            I::Neg { dst, src } => self.yields(*dst, "the negation", &[*src], |k| Some(total(k[0]))),
            I::AddPublic { dst, a, b } => self.combines(*dst, *a, *b, sum),
            I::PublicSub { dst, a, b } => self.combines(*dst, *a, *b, sum),
            I::MulPublic { dst, a, b } => self.multiplies(*dst, *a, *b, product),
            I::MatmulPublic { dst, a, b } => self.multiplies(*dst, *a, *b, matrix_product),
            I::PublicMatmul { dst, a, b } => self.multiplies(*dst, *a, *b, matrix_product),
            I::Sum { dst, src, axes: list } => {
                axes(list).and_then(|()| self.yields(*dst, "the sum", &[*src], |k| Some(total(k[0]))))
            }
            I::ShiftLeft { dst, src, bits } => {
                let frac = self.program.precision.fix_frac;
                width(*bits).and_then(|()| self.turns(*dst, *src, |from, to| shifts(from, to, *bits, frac)))
            }
            // Between registers of the secret bank, whatever their kinds.
            I::Retype { dst, src } => self.turns(*dst, *src, |_, _| true),

            I::Mul { batch } => batch.iter().try_for_each(|&(dst, a, b)| self.multiplies(dst, a, b, product)),
            I::Square { batch } => batch.iter().try_for_each(|&(dst, src)| self.multiplies(dst, src, src, product)),
            I::Matmul { batch } => batch.iter().try_for_each(|&(dst, a, b)| self.multiplies(dst, a, b, matrix_product)),
            I::Trunc { bits, batch } => {
                width(*bits).and_then(|()| batch.iter().try_for_each(|&(dst, src)| self.turns(dst, src, truncates)))
            }
            I::Ltz { bits, batch } | I::Eqz { bits, batch } | I::Bits { bits, batch } => width(*bits)
                .and_then(|()| batch.iter().try_for_each(|&(dst, src)| self.turns(dst, src, |_, to| to == Sbool))),
            I::Open { batch } => {
                batch.iter().try_for_each(|&(dst, src)| self.turns(dst, src, |from, to| from.opened() == Some(to)))
            }
            I::Input { batch } => batch.iter().try_for_each(|&(dst, port)| self.input(dst, port)),
            I::Output { batch } => batch.iter().try_for_each(|&(port, src)| self.output(port, src)),

            I::Together { .. } | I::Jump { .. } => Ok(()),
            I::JumpIf { cond, .. } | I::JumpUnless { cond, .. } => self.is(*cond, Bool),
            I::Call { function, results, args } => self.call(*function, results, args),
            I::Return { values } => self.types("value", values, self.function.results.iter()),
            I::Raise { message, .. } => self.is(*message, Str),
            I::Reraise { class, message, origin } => {
                self.all_are(&[*class, *origin], Int).and_then(|()| self.is(*message, Str))
            }

            I::List { dst, items } => items.iter().try_for_each(|item| self.item(*dst, *item)),
            I::Push { dst, src, item } => self.same(*dst, *src).and_then(|()| self.item(*dst, *item)),
            I::Pop { dst, item, src, at } => {
                self.same(*dst, *src).and_then(|()| self.item(*src, *item)).and_then(|()| self.is(*at, Int))
            }
            I::Get { dst, src, at } => self.item(*src, *dst).and_then(|()| self.is(*at, Int)),
            I::Set { dst, src, at, item } => {
                self.same(*dst, *src).and_then(|()| self.item(*dst, *item)).and_then(|()| self.is(*at, Int))
            }
            I::Length { dst, .. } => self.is(*dst, Int),
            I::Join { dst, a, b } => self.same(*dst, *a).and_then(|()| self.same(*dst, *b)),
            I::Slice { dst, src, start, stop, step } => {
                self.same(*dst, *src).and_then(|()| self.bounds(&[*start, *stop, *step]))
            }
            I::Repeat { dst, src, times } => self.same(*dst, *src).and_then(|()| self.is(*times, Int)),
            I::Pack { dst, src } => self.tensor(*dst).and_then(|_| self.item(*src, *dst)),
            I::Unpack { dst, src } => self.tensor(*src).and_then(|_| self.item(*dst, *src)),
            // What a register holds afterwards is of its own type.
            I::Drop { .. } => Ok(()),
        }
    }

    fn ty(&self, reg: Reg) -> Result<&'a Type, String> {
        self.function.register(reg).ok_or_else(|| format!("there is no register {reg}"))
    }

    /// The kind of a register that holds a tensor.
    fn tensor(&self, register: impl Register) -> Result<Kind, String> {
        match self.ty(register.reg())? {
            Type::Tensor(kind) => Ok(*kind),
            Type::List(_) => Err(format!("{} is a list, not a tensor", register.reg())),
        }
    }

    fn is(&self, register: impl Register, expected: Kind) -> Checked {
        let found = self.ty(register.reg())?;
        if *found == Type::Tensor(expected) {
            Ok(())
        } else {
            Err(format!("{} is {found}, not {expected}", register.reg()))
        }
    }

    /// As `is`, but an int may be declared bool and the other way round.
    fn holds_result(&self, dst: impl Register, expected: Kind) -> Checked {
        let integer = |kind: Kind| matches!(kind, Kind::Sint | Kind::Sbool);
        if integer(expected) && integer(self.tensor(dst)?) { Ok(()) } else { self.is(dst, expected) }
    }

    fn all_are(&self, registers: &[impl Register], expected: Kind) -> Checked {
        registers.iter().try_for_each(|register| self.is(*register, expected))
    }

    fn bounds(&self, bounds: &[Option<Src<Public>>]) -> Checked {
        bounds.iter().flatten().try_for_each(|bound| self.is(*bound, Kind::Int))
    }

    /// One type, and one bank with it.
    fn same(&self, dst: impl Register, src: impl Register) -> Checked {
        let (to, from) = (self.ty(dst.reg())?, self.ty(src.reg())?);
        if to == from { Ok(()) } else { Err(format!("{} is {to}, but {} is {from}", dst.reg(), src.reg())) }
    }

    fn all_same(&self, dst: impl Register, srcs: &[impl Register]) -> Checked {
        srcs.iter().try_for_each(|src| self.same(dst, *src))
    }

    /// The elements of tensors go to a tensor of their own kind.
    fn moves(&self, dst: AnyDst, srcs: &[AnySrc]) -> Checked {
        self.tensor(dst).and_then(|_| self.all_same(dst, srcs))
    }

    /// `dst` has the kind that `rule` gives for the kinds of `srcs`.
    fn yields(
        &self,
        dst: impl Register,
        what: &str,
        srcs: &[impl Register],
        rule: impl Fn(&[Kind]) -> Option<Kind>,
    ) -> Checked {
        let kinds = srcs.iter().map(|src| self.tensor(*src)).collect::<Result<Vec<_>, _>>()?;
        let listed = || kinds.iter().map(|kind| kind.text()).collect::<Vec<_>>().join(" and ");
        let expected = rule(&kinds).ok_or_else(|| format!("there is no `{what}` of {}", listed()))?;
        self.holds_result(dst, expected)
    }

    /// `rule` lets the kind of `src` become the kind of `dst`.
    fn turns(&self, dst: impl Register, src: impl Register, rule: impl Fn(Kind, Kind) -> bool) -> Checked {
        let (to, from) = (self.tensor(dst)?, self.tensor(src)?);
        if rule(from, to) {
            Ok(())
        } else {
            Err(format!("it does not take {from} ({}) to {to} ({})", src.reg(), dst.reg()))
        }
    }

    fn combines(
        &self,
        dst: Dst<Secret>,
        a: impl Register,
        b: impl Register,
        rule: fn(Kind, Kind) -> Option<Kind>,
    ) -> Checked {
        let (left, right) = (self.tensor(a)?, self.tensor(b)?);
        let expected = rule(left, right)
            .ok_or_else(|| format!("it does not take {left} ({}) with {right} ({})", a.reg(), b.reg()))?;
        self.holds_result(dst, expected)
    }

    /// As `combines`; a product may also be kept as it stands in the ring.
    fn multiplies(
        &self,
        dst: Dst<Secret>,
        a: impl Register,
        b: impl Register,
        rule: fn(Kind, Kind) -> Option<Kind>,
    ) -> Checked {
        match self.tensor(dst)? {
            Kind::Raw => self.combines(dst, a, b, |a, b| product(a, b).and(Some(Kind::Raw))),
            Kind::Sint | Kind::Sfix | Kind::Sbool | Kind::Int | Kind::Fix | Kind::Bool | Kind::Str => {
                self.combines(dst, a, b, rule)
            }
        }
    }

    /// `item` is what `list` is a list of.
    fn item(&self, list: impl Register, item: impl Register) -> Checked {
        let (list_type, item_type) = (self.ty(list.reg())?, self.ty(item.reg())?);
        let fits = matches!(list_type, Type::List(inner) if **inner == *item_type);
        if fits { Ok(()) } else { Err(format!("{} is {list_type}, but {} is {item_type}", list.reg(), item.reg())) }
    }

    fn places(&self, places: &[Place]) -> Checked {
        if places.iter().filter(|place| **place == Place::Rest).count() > 1 {
            return Err("`rest` stands for the axes that are left over, once".into());
        }
        if places.len() > AXES {
            return Err(format!("there are {} places, the limit is {AXES}", places.len()));
        }
        places.iter().try_for_each(|place| match place {
            Place::At(at) => self.is(*at, Kind::Int),
            Place::Range(start, stop, step) => self.bounds(&[*start, *stop, *step]),
            Place::NewAxis | Place::Rest => Ok(()),
        })
    }

    /// Text is made of public values alone, be they in lists.
    fn piece(&self, piece: &Piece) -> Checked {
        match piece {
            Piece::Text(text) => self.text(*text),
            Piece::Value(value, spec) => {
                let ty = self.ty(value.reg())?;
                if ty.element().bank() != Bank::Public {
                    return Err(format!("{} is {ty}: a secret does not become text", value.reg()));
                }
                spec.map_or(Ok(()), |spec| self.text(spec))
            }
        }
    }

    fn constant(&self, id: ConstId) -> Result<Kind, String> {
        let constant = self.program.constants.get(id.0 as usize);
        constant.map(crate::program::Constant::kind).ok_or_else(|| format!("there is no constant {id}"))
    }

    fn text(&self, id: ConstId) -> Checked {
        let kind = self.constant(id)?;
        if kind == Kind::Str { Ok(()) } else { Err(format!("{id} is {kind}, not text")) }
    }

    fn port(&self, id: PortId) -> Result<&'a Port, String> {
        self.program.ports.get(id.0 as usize).ok_or_else(|| format!("there is no port {id}"))
    }

    fn param(&self, dst: Dst<Public>, id: PortId) -> Checked {
        let port = self.port(id)?;
        match port.direction {
            Direction::Parameter { .. } => self.is(dst, port.kind),
            Direction::Input | Direction::Output => {
                Err(format!("port `{}` is not a parameter", port.name.escape_debug()))
            }
        }
    }

    fn input(&self, dst: AnyDst, id: PortId) -> Checked {
        let port = self.port(id)?;
        if port.direction != Direction::Input {
            return Err(format!("port `{}` is not an input", port.name.escape_debug()));
        }
        self.holds(dst, port, self.is_family(port))
    }

    fn output(&self, id: PortId, src: AnySrc) -> Checked {
        let port = self.port(id)?;
        if port.direction != Direction::Output {
            return Err(format!("port `{}` is not an output", port.name.escape_debug()));
        }
        self.holds(src, port, port.list)
    }

    fn holds(&self, register: impl Register, port: &Port, list: bool) -> Checked {
        let tensor = Type::Tensor(port.kind);
        let expected = if list { Type::List(Box::new(tensor)) } else { tensor };
        let found = self.ty(register.reg())?;
        let wrong = || format!("{} is {found}, but port `{}` is {expected}", register.reg(), port.name.escape_debug());
        if *found == expected { Ok(()) } else { Err(wrong()) }
    }

    /// Whether a port's value comes from each member of a family.
    fn is_family(&self, port: &Port) -> bool {
        let family = |role: &crate::operand::RoleId| {
            self.program.roles.get(role.0 as usize).is_some_and(|role| role.family.is_some())
        };
        match &port.parties {
            Parties::All => false,
            Parties::Roles(roles) => roles.iter().any(family),
        }
    }

    fn call(&self, id: FuncId, results: &[AnyDst], args: &[AnySrc]) -> Checked {
        if id == FuncId(0) {
            return Err("the top level is not called".into());
        }
        let callee = Scope::new(self.program, id)?;
        let params = callee.function.params.iter().map(|&reg| callee.ty(reg)).collect::<Result<Vec<_>, _>>()?;
        self.types("argument", args, params.into_iter())?;
        self.types("result", results, callee.function.results.iter())
    }

    /// Registers have these types, one each.
    fn types<'t>(
        &self,
        what: &str,
        registers: &[impl Register],
        types: impl ExactSizeIterator<Item = &'t Type>,
    ) -> Checked {
        if registers.len() != types.len() {
            return Err(format!("there are {} {what}s, expected {}", registers.len(), types.len()));
        }
        registers.iter().zip(types).enumerate().try_for_each(|(i, (register, expected))| {
            let found = self.ty(register.reg())?;
            let wrong = || format!("{what} {i}, {}, is {found}, not {expected}", register.reg());
            if found == expected { Ok(()) } else { Err(wrong()) }
        })
    }
}

/// Axes that a tensor can have, each once.
fn axes(axes: &[u32]) -> Checked {
    if let Some(axis) = axes.iter().find(|axis| **axis as usize >= AXES) {
        return Err(format!("there is no axis {axis}: tensors have at most {AXES}"));
    }
    let mut seen = 0u64;
    for axis in axes {
        if seen >> axis & 1 == 1 {
            return Err(format!("axis {axis} stands there twice"));
        }
        seen |= 1 << axis;
    }
    Ok(())
}

/// The position of an extreme is along one axis, or in the whole tensor.
fn argument_axes(op: Reduction, axes: &[u32]) -> Checked {
    match op {
        Reduction::Argmin | Reduction::Argmax if axes.len() > 1 => Err(format!("{op} takes one axis or none")),
        Reduction::Argmin
        | Reduction::Argmax
        | Reduction::Sum
        | Reduction::Prod
        | Reduction::Min
        | Reduction::Max
        | Reduction::Any
        | Reduction::All => Ok(()),
    }
}

/// Bits that a ring can have.
fn width(bits: u32) -> Checked {
    if bits <= RING_BITS { Ok(()) } else { Err(format!("{bits} bits: the widest ring has {RING_BITS}")) }
}
