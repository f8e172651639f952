//! What an instruction does to what is known. The arms that take more than a line are in the files of their group.

use super::expr::{Atom, Expr, Hidden};
use super::value::{Data, List, Public, Shape, Value, Why};
use super::walk::{Flow, Frame, Group, Halt, Outcome, Walk};
use crate::isa::Instruction;
use crate::operand::{AnyDst, AnySrc, Bank, Dst, Exception, Lists, Public as PublicBank, Reg, Secret, Src};
use crate::types::Kind;

impl Walk<'_> {
    /// Takes the instruction of a frame.
    pub(super) fn step(&mut self, frame: &mut Frame) -> Outcome<Flow> {
        use Instruction as I;
        let program = self.program;
        let Some(instruction) = program.functions[frame.function].code.get(frame.at) else {
            return Err(self.stop("the program runs past its end", frame));
        };
        match instruction {
            I::Jump { to } => return Ok(Flow::To(to.0 as usize)),
            I::JumpIf { cond, to } => return Ok(Flow::Branch(self.truth(frame, *cond)?, to.0 as usize)),
            I::JumpUnless { cond, to } => {
                return Ok(Flow::Branch(self.truth(frame, *cond)?.map(|truth| truth.not()), to.0 as usize));
            }
            I::Call { function, results, args } => {
                let args = args.iter().map(|&arg| self.value(frame, arg)).collect::<Outcome<Vec<_>>>()?;
                let values = self.call(frame, function.0 as usize, args)?;
                results.iter().zip(values).for_each(|(&AnyDst(dst), value)| frame.set(dst, value));
            }
            I::Return { values } => {
                let values = values.iter().map(|&value| self.value(frame, value)).collect::<Outcome<Vec<_>>>()?;
                return Ok(Flow::Return(values));
            }
            I::Raise { exception, .. } => return Err(Halt::Raised(*exception)),
            I::Reraise { class, .. } => return self.reraise(frame, *class),

            I::Const { dst, value } => self.constant(frame, *dst, *value),
            I::Copy { dst, src } => {
                let value = self.value(frame, *src)?;
                frame.set(dst.0, value);
            }
            I::Dim { dst, dim } => {
                let size = self.dims.get(dim.0 as usize).cloned().unwrap_or_else(Expr::too_large);
                frame.set(dst.reg(), Value::int(size));
            }
            I::Param { dst, port } => self.param(frame, *dst, *port),
            I::Unary { op, dst, src } => self.unary(frame, *op, *dst, *src)?,
            I::Binary { op, dst, a, b } => self.binary(frame, *op, *dst, *a, *b)?,
            I::Convert { dst, src } => self.convert(frame, *dst, *src)?,
            I::Scaled { dst, src } => {
                let value = self.value(frame, AnySrc(src.reg()))?;
                frame.set(dst.reg(), value);
            }
            I::Reduce { op, dst, src, axes } => self.reduce(frame, *op, *dst, *src, axes)?,
            I::Choose { dst, cond, a, b } => self.choose(frame, *dst, *cond, *a, *b)?,
            I::Format { dst, .. } => frame.set(dst.reg(), Value::Text(None)),
            I::Print { .. } => {}
            I::Range { dst, start, stop, step } => self.range(frame, *dst, [*start, *stop, *step])?,
            I::Count { dst, start, stop, step } => {
                let count = self.counted(frame, [*start, *stop, *step])?;
                frame.set(dst.reg(), Value::int(count));
            }

            I::Size { dst, src, axis } => {
                let shape = self.shape(frame, src.0)?;
                let size = shape.get(*axis as usize).cloned().ok_or_else(|| raised(Exception::ValueError))?;
                frame.set(dst.reg(), Value::int(size));
            }
            I::Rank { dst, src } => {
                let rank = self.shape(frame, src.0)?.len() as u64;
                frame.set(dst.reg(), Value::int(rank));
            }
            I::Reshape { dst, src, shape } => self.reshape(frame, *dst, *src, shape)?,
            I::Transpose { dst, src, axes } => self.transpose(frame, *dst, *src, axes)?,
            I::Index { dst, src, places } => self.index(frame, *dst, *src, places)?,
            I::Assign { dst, src, places, value } => self.assign(frame, *dst, *src, places, *value)?,
            I::Concat { dst, srcs, axis } => self.concat(frame, *dst, srcs, *axis)?,
            I::Stack { dst, srcs } => self.stack(frame, *dst, srcs)?,
            I::Broadcast { dst, src, shape } => self.broadcast(frame, *dst, *src, shape)?,
            I::Gather { dst, src, at } => self.gather(frame, *dst, *src, *at)?,
            I::Scatter { dst, src, at, value } => self.scatter(frame, *dst, *src, *at, *value)?,
            I::Where { dst, src } => self.positions(frame, *dst, *src)?,

            I::Share { dst, src } => self.keep(frame, *dst, src.reg())?,
            I::Neg { dst, src } | I::ShiftLeft { dst, src, .. } | I::Retype { dst, src } => {
                self.keep(frame, *dst, src.reg())?;
            }
            I::Add { dst, a, b } | I::Sub { dst, a, b } => self.together(frame, *dst, a.reg(), b.reg())?,
            I::AddPublic { dst, a, b } | I::MulPublic { dst, a, b } => self.together(frame, *dst, a.reg(), b.reg())?,
            I::PublicSub { dst, a, b } => self.together(frame, *dst, a.reg(), b.reg())?,
            I::MatmulPublic { dst, a, b } => self.product(frame, *dst, a.reg(), b.reg())?,
            I::PublicMatmul { dst, a, b } => self.product(frame, *dst, a.reg(), b.reg())?,
            I::Sum { dst, src, axes } => {
                let shape = without(&self.shape(frame, src.reg())?, axes);
                frame.set(dst.reg(), Value::Secret(shape));
            }

            I::Mul { batch } => {
                self.communicate(frame, instruction)?;
                batch.iter().try_for_each(|&(dst, a, b)| self.together(frame, dst, a.reg(), b.reg()))?;
            }
            I::Matmul { batch } => {
                self.communicate(frame, instruction)?;
                batch.iter().try_for_each(|&(dst, a, b)| self.product(frame, dst, a.reg(), b.reg()))?;
            }
            I::Square { batch } | I::Trunc { batch, .. } | I::Ltz { batch, .. } | I::Eqz { batch, .. } => {
                self.communicate(frame, instruction)?;
                self.each(frame, batch, &[])?;
            }
            I::Bits { bits, batch } => {
                self.communicate(frame, instruction)?;
                let bits = if *bits == 0 { self.setting.ring } else { *bits };
                self.each(frame, batch, &[Expr::from(u64::from(bits))])?;
            }
            I::Open { batch } => {
                self.communicate(frame, instruction)?;
                let why = Why::Revealed(self.place(frame));
                for (dst, src) in batch {
                    let shape = self.shape(frame, src.reg())?;
                    frame.set(dst.reg(), Value::Public(Public::unknown(shape, why)));
                }
            }
            I::Input { batch } => {
                self.communicate(frame, instruction)?;
                batch.iter().for_each(|&(dst, port)| self.input(frame, dst, port));
            }
            I::Output { .. } => self.communicate(frame, instruction)?,
            I::Together { .. } => {
                let first = frame.at + 1;
                let count = program.functions[frame.function].at_once(frame.at).len();
                self.group = Group { members: (frame.function, first..first + count), works: Vec::new() };
            }

            I::List { dst, items } => {
                let items = items.iter().map(|&item| self.value(frame, item)).collect::<Outcome<Vec<_>>>()?;
                frame.set(dst.reg(), Value::list(items));
            }
            I::Push { dst, src, item } => self.push(frame, *dst, *src, *item)?,
            I::Get { at, .. } | I::Set { at, .. } | I::Pop { at, .. } if self.known(frame, *at)?.is_none() => {
                let why = self.public(frame, *at)?.why();
                self.may_raise(frame, why, Exception::IndexError)?;
                self.item(frame, instruction)?;
            }
            I::Pop { dst, item, src, at } => self.pop(frame, *dst, *item, *src, *at)?,
            I::Get { dst, src, at } => self.take(frame, *dst, *src, *at)?,
            I::Set { dst, src, at, item } => self.put(frame, *dst, *src, *at, *item)?,
            I::Length { dst, src } => {
                let length = self.list(frame, *src)?.length();
                frame.set(dst.reg(), Value::int(length));
            }
            I::Join { dst, a, b } => self.join(frame, *dst, *a, *b)?,
            I::Slice { dst, src, start, stop, step } => self.slice(frame, *dst, *src, [*start, *stop, *step])?,
            I::Repeat { dst, src, times } => self.repeat(frame, *dst, *src, *times)?,
            I::Pack { dst, src } => self.pack(frame, *dst, *src)?,
            I::Unpack { dst, src } => self.unpack(frame, *dst, *src)?,
            I::Drop { regs } => regs.iter().for_each(|&AnyDst(reg)| self.forget(frame, reg)),
        }
        Ok(Flow::Next)
    }

    /// What takes an item of a list.
    fn item(&mut self, frame: &mut Frame, instruction: &Instruction) -> Outcome<()> {
        match instruction {
            Instruction::Get { dst, src, at } => self.take(frame, *dst, *src, *at),
            Instruction::Set { dst, src, at, item } => self.put(frame, *dst, *src, *at, *item),
            Instruction::Pop { dst, item, src, at } => self.pop(frame, *dst, *item, *src, *at),
            _ => Ok(()),
        }
    }

    /// The walk cannot go on.
    pub(super) fn stop(&self, why: &str, frame: &Frame) -> Halt {
        if self.followed.is_empty() { Halt::Stop(why.to_owned(), self.place(frame)) } else { Halt::Unfollowed }
    }

    /// Something is needed that is not known.
    pub(super) fn missing(&self, why: Why, frame: &Frame) -> Halt {
        match why {
            Why::Loop(function, header) => self.lost((function, header), frame),
            Why::Revealed(_) => self.stop("what happens here depends on a revealed value", frame),
            Why::Computed => self.stop("what happens here depends on a value that is not followed", frame),
        }
    }

    fn reraise(&self, frame: &Frame, class: Src<PublicBank>) -> Outcome<Flow> {
        let class = self.public(frame, class)?.value().ok().and_then(|class| class.size());
        match class.and_then(|class| u32::try_from(class).ok()) {
            Some(class) => Err(Halt::Raised(crate::operand::ExceptionId(class))),
            None => Err(self.missing(Why::Computed, frame)),
        }
    }

    pub(super) fn value(&self, frame: &Frame, AnySrc(reg): AnySrc) -> Outcome<Value> {
        match frame.get(reg) {
            Some(value) => Ok(value.clone()),
            None => Err(self.stop("a register is not set", frame)),
        }
    }

    pub(super) fn public(&self, frame: &Frame, src: Src<PublicBank>) -> Outcome<Public> {
        match self.value(frame, AnySrc(src.reg()))? {
            Value::Public(public) => Ok(public),
            Value::Text(_) => Ok(Public::unknown(Vec::new(), Why::Computed)),
            Value::Lost(why) => Err(self.missing(why, frame)),
            Value::Secret(_) | Value::List(_) => Err(self.stop("a register is of another bank", frame)),
        }
    }

    pub(super) fn list(&self, frame: &Frame, src: Src<Lists>) -> Outcome<List> {
        match self.value(frame, AnySrc(src.reg()))? {
            Value::List(list) => Ok(list),
            Value::Lost(why) => Err(self.missing(why, frame)),
            Value::Public(_) | Value::Secret(_) | Value::Text(_) => {
                Err(self.stop("a register is of another bank", frame))
            }
        }
    }

    /// The shape of a tensor.
    pub(super) fn shape(&self, frame: &Frame, reg: Reg) -> Outcome<Shape> {
        match frame.get(reg) {
            Some(value) => self.shape_of(frame, value),
            None => Err(self.stop("a register is not set", frame)),
        }
    }

    pub(super) fn shape_of(&self, frame: &Frame, value: &Value) -> Outcome<Shape> {
        match value {
            Value::Public(public) => Ok(public.shape.clone()),
            Value::Secret(shape) => Ok(shape.clone()),
            Value::Text(_) => Ok(Vec::new()),
            Value::Lost(why) => Err(self.missing(*why, frame)),
            Value::List(_) => Err(self.stop("a list is no tensor", frame)),
        }
    }

    /// A number that sizes depend on.
    pub(super) fn int(&mut self, frame: &Frame, src: Src<PublicBank>) -> Outcome<Expr> {
        let value = self.public(frame, src)?.value();
        self.number_or_hidden(frame, value)
    }

    pub(super) fn number_or_hidden(&mut self, frame: &Frame, value: Result<Expr, Why>) -> Outcome<Expr> {
        match value {
            Ok(value) => Ok(value),
            Err(Why::Loop(function, header)) if !self.setting.symbolic => Err(self.lost((function, header), frame)),
            Err(_) => {
                let place = self.place(frame);
                self.next_number += 1;
                self.decides(place);
                let hidden = || Atom::Hidden(Hidden::Number(place, self.next_number)).into();
                Ok(self.setting.assumed(place).unwrap_or_else(hidden))
            }
        }
    }

    /// A number that matters only if it is known.
    pub(super) fn known(&self, frame: &Frame, src: Src<PublicBank>) -> Outcome<Option<i128>> {
        Ok(self.public(frame, src)?.value().ok().and_then(|value| value.number()))
    }

    fn truth(&self, frame: &Frame, cond: Src<PublicBank>) -> Outcome<Result<Expr, Why>> {
        Ok(self.public(frame, cond)?.value())
    }

    /// Why elements are not known that are computed here.
    pub(super) fn why(&self) -> Why {
        self.followed.last().map_or(Why::Computed, |&(function, header)| Why::Loop(function, header))
    }

    pub(super) fn kind(&self, frame: &Frame, reg: Reg) -> Kind {
        self.program.functions[frame.function].register(reg).map_or(Kind::Int, crate::types::Type::element)
    }

    /// A secret of another register's shape.
    fn keep(&self, frame: &mut Frame, dst: Dst<Secret>, src: Reg) -> Outcome<()> {
        let shape = self.shape(frame, src)?;
        frame.set(dst.reg(), Value::Secret(shape));
        Ok(())
    }

    /// A secret of the shape that two broadcast to.
    fn together(&self, frame: &mut Frame, dst: Dst<Secret>, a: Reg, b: Reg) -> Outcome<()> {
        let (a, b) = (self.shape(frame, a)?, self.shape(frame, b)?);
        let clash =
            |(a, b): (&Expr, &Expr)| a.number().zip(b.number()).is_some_and(|(a, b)| a != b && a != 1 && b != 1);
        if a.iter().rev().zip(b.iter().rev()).any(clash) {
            return Err(raised(Exception::ValueError));
        }
        let shape = crate::cost::broadcast(&a, &b);
        frame.set(dst.reg(), Value::Secret(shape));
        Ok(())
    }

    fn product(&self, frame: &mut Frame, dst: Dst<Secret>, a: Reg, b: Reg) -> Outcome<()> {
        let shape = matrix_product(&self.shape(frame, a)?, &self.shape(frame, b)?);
        frame.set(dst.reg(), Value::Secret(shape));
        Ok(())
    }

    /// Secrets of the shapes of others, with more axes behind.
    fn each(&self, frame: &mut Frame, batch: &[(Dst<Secret>, Src<Secret>)], more: &[Expr]) -> Outcome<()> {
        let shapes = batch.iter().map(|(_, src)| self.shape(frame, src.reg())).collect::<Outcome<Vec<_>>>()?;
        for ((dst, _), shape) in batch.iter().zip(shapes) {
            frame.set(dst.reg(), Value::Secret([&shape[..], more].concat()));
        }
        Ok(())
    }

    fn forget(&self, frame: &mut Frame, reg: Reg) {
        let value = match reg.bank {
            Bank::List => Value::list(Vec::new()),
            Bank::Secret => Value::Secret(Vec::new()),
            Bank::Public if self.kind(frame, reg) == Kind::Str => Value::Text(Some("".into())),
            Bank::Public => Value::int(Expr::ZERO),
        };
        frame.set(reg, value);
    }
}

/// An exception that is surely raised.
pub(super) fn raised(exception: Exception) -> Halt {
    Halt::Raised(exception.into())
}

/// The shape of a matrix product, with vectors as in NumPy.
pub(super) fn matrix_product(a: &[Expr], b: &[Expr]) -> Shape {
    let rows = a.split_last().map_or(&[][..], |(_, rows)| rows);
    let columns = if b.len() < 2 { &[][..] } else { &b[b.len() - 1..] };
    [rows, columns].concat()
}

/// A shape without some axes (none given: without all).
pub(super) fn without(shape: &[Expr], axes: &[u32]) -> Shape {
    let kept = |axis: &usize| !axes.is_empty() && !axes.contains(&(*axis as u32));
    (0..shape.len()).filter(kept).map(|axis| shape[axis].clone()).collect()
}

/// The elements of a tensor with each mapped.
pub(super) fn mapped(public: &Public, mut each: impl FnMut(&Expr) -> Option<Expr>, why: Why) -> Public {
    let data = match &public.data {
        Data::Same(value) => each(value).map(Data::Same),
        Data::Each(elements) => elements.iter().map(each).collect::<Option<_>>().map(Data::Each),
        Data::Unknown(why) => Some(Data::Unknown(*why)),
    };
    Public { shape: public.shape.clone(), data: data.unwrap_or(Data::Unknown(why)) }
}
