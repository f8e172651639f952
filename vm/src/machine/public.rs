//! Public values, and the flow of control they decide.

use super::error::{Outcome, Stop, Thrown, broken};
use super::frame::{Frame, MOST_CALLS};
use super::{Flow, Machine, format, integer, operators, reduce};
use crate::memory::{Public, Raised, Value, shape, text};
use crate::protocol::Protocol;
use mpc_bytecode::Kind;
use mpc_bytecode::operand::{
    AnyDst, AnySrc, Binary, ConstId, DimId, Dst, Exception, ExceptionId, FuncId, Label, Piece, PortId,
    Public as PublicBank, Reduction, Src, Unary,
};

type To = Dst<PublicBank>;
type From = Src<PublicBank>;

impl<'p, P: Protocol> Machine<'p, P> {
    pub(super) fn constant(&mut self, dst: To, value: ConstId) -> Outcome<()> {
        match self.constants.get(value.0 as usize) {
            Some(constant) => self.state.frame.set_public(dst, constant.clone()),
            None => broken(format!("there is no constant {value}")),
        }
    }

    pub(super) fn copy(&mut self, dst: AnyDst, src: AnySrc) -> Outcome<()> {
        let value = self.state.frame.value(src)?;
        self.state.frame.set_value(dst, value)
    }

    pub(super) fn dim(&mut self, dst: To, dim: DimId) -> Outcome<()> {
        match self.linked.dims.get(dim.0 as usize).and_then(|&size| i64::try_from(size).ok()) {
            Some(size) => self.state.frame.set_public(dst, Public::int(size)),
            None => broken(format!("there is no dimension {dim}")),
        }
    }

    pub(super) fn param(&mut self, dst: To, port: PortId) -> Outcome<()> {
        match self.linked.params.get(&port.0) {
            Some(value) => self.state.frame.set_public(dst, value.clone()),
            None => broken(format!("{port} is not a parameter")),
        }
    }

    pub(super) fn unary(&mut self, op: Unary, dst: To, src: From) -> Outcome<()> {
        let value = operators::unary(op, self.state.frame.public(src)?, self.fixed)?;
        self.state.frame.set_public(dst, value)
    }

    #[inline]
    pub(super) fn binary(&mut self, op: Binary, dst: To, a: From, b: From) -> Outcome<()> {
        let frame = &self.state.frame;
        let value = operators::binary(op, frame.public(a)?, frame.public(b)?, self.fixed)?;
        self.state.frame.set_public(dst, value)
    }

    pub(super) fn convert(&mut self, dst: To, src: From) -> Outcome<()> {
        let fixed = self.fixed;
        let value = match (self.state.frame.public(src)?, self.state.frame.kind(dst)?) {
            (value, kind) if value.kind() == kind => value.clone(),
            (Public::Bool(x), Kind::Int) => Public::Int(x.map(|x| Ok(i64::from(x)))?),
            (Public::Bool(x), Kind::Fix) => Public::Fix(x.map(|x| fixed.from_int(x.into()).map(into_ring::<P>))?),
            (Public::Int(x), Kind::Fix) => Public::Fix(x.map(|x| fixed.from_int(x).map(into_ring::<P>))?),
            (Public::Fix(x), Kind::Int) => Public::Int(x.map(|x| to_int(fixed.truncate(signed::<P>(x))))?),
            (Public::Int(x), Kind::Bool) => Public::Bool(x.map(|x| Ok(x != 0))?),
            (Public::Fix(x), Kind::Bool) => Public::Bool(x.map(|x| Ok(signed::<P>(x) != 0))?),
            (Public::Str(x), Kind::Bool) => Public::bool(!x.is_empty()),
            (value, Kind::Str) => Public::Str(text(&Value::Public(value.clone()), fixed).into()),
            (value, kind) => return broken(format!("`convert` of {} to {kind}", value.kind())),
        };
        self.state.frame.set_public(dst, value)
    }

    pub(super) fn scaled(&mut self, dst: To, src: From) -> Outcome<()> {
        let fixed = self.fixed;
        let value = match (self.state.frame.public(src)?, self.state.frame.kind(dst)?) {
            (Public::Fix(x), Kind::Int) => Public::Int(x.map(|x| to_int(signed::<P>(x)))?),
            (Public::Int(x), Kind::Fix) => Public::Fix(x.map(|x| fixed.check(Some(x.into())).map(into_ring::<P>))?),
            (value, kind) => return broken(format!("`scaled` of {} to {kind}", value.kind())),
        };
        self.state.frame.set_public(dst, value)
    }

    pub(super) fn reduce(&mut self, op: Reduction, dst: To, src: From, axes: &[u32]) -> Outcome<()> {
        let value = reduce::reduce(op, self.state.frame.public(src)?, axes, self.fixed)?;
        self.state.frame.set_public(dst, value)
    }

    pub(super) fn choose(&mut self, dst: To, cond: From, a: From, b: From) -> Outcome<()> {
        let frame = &self.state.frame;
        let value = match frame.public(cond)? {
            Public::Bool(cond) => operators::choose(cond, frame.public(a)?, frame.public(b)?)?,
            other => return broken(format!("`choose` by {}", other.kind())),
        };
        self.state.frame.set_public(dst, value)
    }

    pub(super) fn format(&mut self, dst: To, pieces: &[Piece]) -> Outcome<()> {
        let mut out = String::new();
        for piece in pieces {
            match *piece {
                Piece::Text(text) => out.push_str(self.text_constant(text)?),
                Piece::Value(value, None) => out.push_str(&text(&self.state.frame.value(value)?, self.fixed)),
                Piece::Value(value, Some(spec)) => {
                    let (value, spec) = (self.state.frame.value(value)?, self.text_constant(spec)?);
                    out.push_str(&format::format(&value, spec, self.fixed)?);
                }
            }
        }
        self.state.frame.set_public(dst, Public::Str(out.into()))
    }

    fn text_constant(&self, id: ConstId) -> Outcome<&str> {
        match self.constants.get(id.0 as usize) {
            Some(Public::Str(text)) => Ok(text),
            Some(_) | None => broken(format!("constant {id} is not text")),
        }
    }

    fn text_of(&self, src: From) -> Outcome<&str> {
        match self.state.frame.public(src)? {
            Public::Str(text) => Ok(text),
            other => broken(format!("register p{} holds {} where str is needed", src.0, other.kind())),
        }
    }

    pub(super) fn print(&mut self, src: From) -> Outcome<()> {
        match self.state.frame.public(src)? {
            Public::Str(text) => self.console.print(text).map_err(Stop::Output),
            other => broken(format!("`print` of {}", other.kind())),
        }
    }

    pub(super) fn range(&mut self, dst: To, start: From, stop: From, step: From) -> Outcome<()> {
        let frame = &self.state.frame;
        let (start, stop, step) = (frame.int(start)?, frame.int(stop)?, frame.int(step)?);
        let count = usize::try_from(integer::count(start, stop, step)?).unwrap_or(usize::MAX);
        let mut out = shape::allocate(&[count])?;
        // In 128 bits: the step past the last one may leave 64.
        out.extend((0..count as i128).map(|at| (i128::from(start) + at * i128::from(step)) as i64));
        self.state.frame.set_public(dst, Public::Int(shape::assemble(&[count], out)?))
    }

    pub(super) fn count(&mut self, dst: To, start: From, stop: From, step: From) -> Outcome<()> {
        let frame = &self.state.frame;
        let count = integer::count(frame.int(start)?, frame.int(stop)?, frame.int(step)?)?;
        self.state.frame.set_public(dst, Public::int(count))
    }

    #[inline]
    pub(super) fn jump_where(&mut self, cond: From, wanted: bool, to: Label) -> Outcome<Flow> {
        Ok(if self.state.frame.truth(cond)? == wanted { Flow::Jump(to.0) } else { Flow::Next })
    }

    pub(super) fn call(&mut self, function: FuncId, results: &'p [AnyDst], args: &[AnySrc]) -> Outcome<Flow> {
        if self.state.callers.len() + 1 >= MOST_CALLS {
            let deep = format!("calls are nested more than {MOST_CALLS} deep");
            return Err(Raised::new(Exception::RecursionError, deep).into());
        }
        let function = self.function(function.0)?;
        if function.params.len() != args.len() {
            return broken(format!("{} takes {} arguments, not {}", function.name, function.params.len(), args.len()));
        }
        let mut frame = Frame::new(function, results);
        for (&param, &arg) in function.params.iter().zip(args) {
            frame.set_value(AnyDst(param), self.state.frame.value(arg)?)?;
        }
        let caller = std::mem::replace(&mut self.state.frame, frame);
        self.state.callers.push(caller);
        Ok(Flow::Entered)
    }

    pub(super) fn give_back(&mut self, values: &[AnySrc]) -> Outcome<Flow> {
        let results = self.state.frame.results;
        if results.len() != values.len() {
            return broken(format!("{} values are returned where {} are expected", values.len(), results.len()));
        }
        let values = values.iter().map(|&src| self.state.frame.value(src)).collect::<Outcome<Vec<_>>>()?;
        let Some(caller) = self.state.callers.pop() else { return Ok(Flow::Finished) };
        self.state.frame = caller;
        for (&dst, value) in results.iter().zip(values) {
            self.state.frame.set_value(dst, value)?;
        }
        self.state.frame.at += 1;
        Ok(Flow::Entered)
    }

    pub(super) fn raise(&mut self, exception: ExceptionId, message: From) -> Outcome<Flow> {
        self.throw(exception, message, None)
    }

    pub(super) fn raise_again(&mut self, class: From, message: From, origin: From) -> Outcome<Flow> {
        let (class, origin) = (self.state.frame.int(class)?, self.state.frame.int(origin)?);
        match u32::try_from(class) {
            Ok(class) => self.throw(ExceptionId(class), message, usize::try_from(origin).ok()),
            Err(_) => broken(format!("there is no class {class} of exceptions")),
        }
    }

    fn throw(&mut self, class: ExceptionId, message: From, origin: Option<usize>) -> Outcome<Flow> {
        let name = self.program.exception_name(class).to_owned();
        if name.is_empty() {
            return broken(format!("there is no class {} of exceptions", class.0));
        }
        let message = self.text_of(message)?.to_owned();
        Err(Stop::Thrown(Box::new(Thrown { class, name, message, origin })))
    }
}

fn signed<P: Protocol>(x: P::Domain) -> i128 {
    crate::algebra::Domain::to_i128(x)
}

fn into_ring<P: Protocol>(x: i128) -> P::Domain {
    crate::algebra::Domain::from_i128(x)
}

fn to_int(value: i128) -> Result<i64, Raised> {
    i64::try_from(value).map_err(|_| Raised::overflow("the number does not fit an integer of 64 bits"))
}
