//! Calls under way and their registers.

use super::error::{Outcome, Stop, broken};
use crate::algebra::Domain;
use crate::memory::{List, Public, Value};
use crate::protocol::Share;
use mpc_bytecode::operand::{AnyDst, AnySrc, Bank, Dst, FixedBank, Lists, Public as PublicBank, Reg, Secret, Src};
use mpc_bytecode::{Function, Instruction};

/// The deepest calls may be nested.
pub(super) const MOST_CALLS: usize = 1000;

/// A function under way.
#[derive(Clone)]
pub struct Frame<'p, D: Domain> {
    pub(super) function: &'p Function,
    /// The instruction being executed.
    pub(super) at: usize,
    public: Vec<Option<Public<D>>>,
    secret: Vec<Option<Share<D>>>,
    lists: Vec<Option<List<D>>>,
    /// The caller's registers that receive what the function returns.
    pub(super) results: &'p [AnyDst],
}

/// All frames: a snapshot of the program's state, cheap to clone.
#[derive(Clone)]
pub struct State<'p, D: Domain> {
    pub(super) frame: Frame<'p, D>,
    pub(super) callers: Vec<Frame<'p, D>>,
}

impl<'p, D: Domain> State<'p, D> {
    pub(super) fn new(top: &'p Function) -> Self {
        Self { frame: Frame::new(top, &[]), callers: Vec::new() }
    }
}

fn unset<T>(register: Option<&Option<T>>, bank: Bank, index: u32) -> Stop {
    let register_name = Reg::new(bank, index);
    match register {
        Some(_) => Stop::Broken(format!("register {register_name} is read before it is written")),
        None => Stop::Broken(format!("there is no register {register_name}")),
    }
}

/// Reads a register of a bank.
fn read<T>(bank: &[Option<T>], which: Bank, index: u32) -> Outcome<&T> {
    match bank.get(index as usize) {
        Some(Some(value)) => Ok(value),
        register => Err(unset(register, which, index)),
    }
}

/// Writes a register of a bank.
fn write<T>(bank: &mut [Option<T>], which: Bank, index: u32, value: T) -> Outcome<()> {
    match bank.get_mut(index as usize) {
        Some(register) => *register = Some(value),
        None => return broken(format!("there is no register {}", Reg::new(which, index))),
    }
    Ok(())
}

/// Takes a register's value where it is about to be overwritten, so that it can be changed in place; else a clone.
fn take<T: Clone>(bank: &mut [Option<T>], which: Bank, dst: u32, src: u32) -> Outcome<T> {
    if dst == src
        && let Some(value) = bank.get_mut(src as usize).and_then(Option::take)
    {
        return Ok(value);
    }
    read(bank, which, src).cloned()
}

fn empty<T>(count: usize) -> Vec<Option<T>> {
    std::iter::repeat_with(|| None).take(count).collect()
}

impl<'p, D: Domain> Frame<'p, D> {
    /// A frame at a function's beginning, its registers unset.
    pub(super) fn new(function: &'p Function, results: &'p [AnyDst]) -> Self {
        let [public, secret, lists] = &function.registers;
        let (public, secret, lists) = (empty(public.len()), empty(secret.len()), empty(lists.len()));
        Self { function, at: 0, public, secret, lists, results }
    }

    /// The instruction being executed.
    pub(super) fn instruction(&self) -> Outcome<&'p Instruction> {
        match self.function.code.get(self.at) {
            Some(instruction) => Ok(instruction),
            None => broken(format!("function {} runs past its end", self.function.name)),
        }
    }

    #[inline]
    pub(super) fn public(&self, src: Src<PublicBank>) -> Outcome<&Public<D>> {
        read(&self.public, Bank::Public, src.0)
    }

    pub(super) fn secret(&self, src: Src<Secret>) -> Outcome<&Share<D>> {
        read(&self.secret, Bank::Secret, src.0)
    }

    pub(super) fn list(&self, src: Src<Lists>) -> Outcome<&List<D>> {
        read(&self.lists, Bank::List, src.0)
    }

    /// A copy of any register.
    pub(super) fn value(&self, AnySrc(reg): AnySrc) -> Outcome<Value<D>> {
        Ok(match reg.bank {
            Bank::Public => Value::Public(self.public(Src::new(reg.index))?.clone()),
            Bank::Secret => Value::Secret(Box::new(self.secret(Src::new(reg.index))?.clone())),
            Bank::List => Value::List(self.list(Src::new(reg.index))?.clone()),
        })
    }

    #[inline]
    pub(super) fn set_public(&mut self, dst: Dst<PublicBank>, value: Public<D>) -> Outcome<()> {
        write(&mut self.public, Bank::Public, dst.0, value)
    }

    pub(super) fn set_secret(&mut self, dst: Dst<Secret>, value: Share<D>) -> Outcome<()> {
        write(&mut self.secret, Bank::Secret, dst.0, value)
    }

    pub(super) fn set_list(&mut self, dst: Dst<Lists>, value: List<D>) -> Outcome<()> {
        write(&mut self.lists, Bank::List, dst.0, value)
    }

    /// Writes any register; the value must be of its bank.
    pub(super) fn set_value(&mut self, AnyDst(reg): AnyDst, value: Value<D>) -> Outcome<()> {
        match (reg.bank, value) {
            (Bank::Public, Value::Public(value)) => self.set_public(Dst::new(reg.index), value),
            (Bank::Secret, Value::Secret(value)) => self.set_secret(Dst::new(reg.index), *value),
            (Bank::List, Value::List(value)) => self.set_list(Dst::new(reg.index), value),
            (Bank::Public | Bank::Secret | Bank::List, _) => {
                broken(format!("register {reg} gets a value of another bank"))
            }
        }
    }

    pub(super) fn take_public(&mut self, dst: u32, src: u32) -> Outcome<Public<D>> {
        take(&mut self.public, Bank::Public, dst, src)
    }

    pub(super) fn take_secret(&mut self, dst: u32, src: u32) -> Outcome<Share<D>> {
        take(&mut self.secret, Bank::Secret, dst, src)
    }

    pub(super) fn take_list(&mut self, dst: Dst<Lists>, src: Src<Lists>) -> Outcome<List<D>> {
        take(&mut self.lists, Bank::List, dst.0, src.0)
    }

    /// An `int` scalar.
    #[inline]
    pub(super) fn int(&self, src: Src<PublicBank>) -> Outcome<i64> {
        match self.public(src)? {
            Public::Int(x) => match x.scalar() {
                Some(value) => Ok(value),
                None => broken(format!("register p{} is a tensor where a scalar is needed", src.0)),
            },
            other => broken(format!("register p{} holds {} where int is needed", src.0, other.kind())),
        }
    }

    /// A `bool` scalar.
    #[inline]
    pub(super) fn truth(&self, src: Src<PublicBank>) -> Outcome<bool> {
        match self.public(src)? {
            Public::Bool(x) => match x.scalar() {
                Some(value) => Ok(value),
                None => broken(format!("register p{} is a tensor where a scalar is needed", src.0)),
            },
            other => broken(format!("register p{} holds {} where bool is needed", src.0, other.kind())),
        }
    }

    /// An optional `int` scalar.
    pub(super) fn optional_int(&self, src: Option<Src<PublicBank>>) -> Outcome<Option<i64>> {
        src.map(|src| self.int(src)).transpose()
    }

    /// The kind of the elements a register is declared to hold.
    pub(super) fn kind<B: FixedBank>(&self, dst: Dst<B>) -> Outcome<mpc_bytecode::Kind> {
        match self.function.register(dst.reg()) {
            Some(ty) => Ok(ty.element()),
            None => broken(format!("there is no register {}", dst.reg())),
        }
    }
}
