//! Values as another kind, item by item where they are lists.

use super::body::{Body, Value, dst, public, secret, src};
use super::layout::{items, leaves};
use crate::types::ty::Ty;
use mpc_bytecode::operand::{Binary, Lists};
use mpc_bytecode::{AnyDst, AnySrc, Constant, Instruction, Kind, Reg, Type};

impl Body<'_, '_> {
    /// A value as another type of the same form.
    pub fn convert(&mut self, value: Value, from: &Ty, to: &Ty) -> Value {
        if leaves(from).into_iter().map(|leaf| leaf.0).eq(leaves(to).into_iter().map(|leaf| leaf.0)) {
            return value;
        }
        match (from, to) {
            (_, Ty::Tensor(Kind::Str, _)) => vec![self.text_of(&value, from, None)],
            (Ty::List(_), Ty::Tensor(Kind::Bool, _)) => vec![self.is_filled(value[0])],
            (_, Ty::Tensor(kind, _)) => value.into_iter().map(|reg| self.convert_tensor(reg, *kind)).collect(),
            (Ty::Tuple(from), Ty::Tuple(to)) => self.convert_tuple(value, from, to),
            (Ty::Object(from), Ty::Object(to)) => self.convert_tuple(value, &from.fields, &to.fields),
            (Ty::Unknown, _) => self.empty(to),
            (Ty::List(from), _) if **from == Ty::Unknown => self.empty(to),
            (Ty::List(from), Ty::List(to)) => self.convert_list(&value, from, to),
            _ => value,
        }
    }

    fn convert_tuple(&mut self, value: Value, from: &[Ty], to: &[Ty]) -> Value {
        let mut rest = value.into_iter();
        let mut out = Value::new();
        for (from, to) in from.iter().zip(to) {
            let these = rest.by_ref().take(leaves(from).len()).collect();
            out.extend(self.convert(these, from, to));
        }
        out
    }

    fn convert_list(&mut self, value: &[Reg], from: &Ty, to: &Ty) -> Value {
        let out = self.empty(&Ty::List(Box::new(to.clone())));
        let count = self.length(value[0]);
        self.counted(count, |body, at| {
            let from_item = body.items_at(value, at, from);
            let to_item = body.convert(from_item, from, to);
            body.push_all(&out, &to_item);
        });
        out
    }

    /// A value of this type in which every list is empty and every number zero.
    pub fn empty(&mut self, ty: &Ty) -> Value {
        leaves(ty).into_iter().map(|(ty, rank)| self.zero((&ty, rank))).collect()
    }

    /// An empty list, or the scalar zero.
    pub fn zero(&mut self, (ty, rank): (&Type, u32)) -> Reg {
        match ty {
            Type::List(_) => {
                let to = self.leaf((ty.clone(), rank));
                self.emit(Instruction::List { dst: dst(to), items: Vec::new() });
                to
            }
            Type::Tensor(kind) => self.zero_of(*kind),
        }
    }

    fn zero_of(&mut self, kind: Kind) -> Reg {
        match kind {
            Kind::Int => self.int(0),
            Kind::Fix => self.constant(Constant::Fix(Vec::new(), vec![0])),
            Kind::Bool => self.constant(Constant::Bool(Vec::new(), vec![false])),
            Kind::Str => self.constant(Constant::Str(String::new())),
            Kind::Sint | Kind::Sbool | Kind::Sfix | Kind::Raw => {
                let zero = self.zero_of(kind.opened().unwrap_or(Kind::Int));
                let shared = self.share(zero);
                self.retype(shared, kind)
            }
        }
    }

    /// The item at a position of a list whose leaves are `value`.
    pub fn items_at(&mut self, value: &[Reg], at: Reg, inside: &Ty) -> Value {
        let leaves = leaves(inside);
        let get = |(&list, leaf)| {
            let to = self.leaf(leaf);
            self.emit(Instruction::Get { dst: AnyDst(to), src: src::<Lists>(list), at: public(at) });
            to
        };
        value.iter().zip(leaves).map(get).collect()
    }

    /// The leaves of a list's item: those of the value, or one that stands for nothing.
    pub fn padded(&mut self, item: &[Reg]) -> Value {
        if item.is_empty() { vec![self.int(0)] } else { item.to_vec() }
    }

    /// Appends an item to a list, leaf by leaf.
    pub fn push_all(&mut self, lists: &[Reg], item: &[Reg]) {
        for (&list, item) in lists.iter().zip(self.padded(item)) {
            self.push_item(list, item);
        }
    }

    /// Appends an item to one list.
    pub fn push_item(&mut self, list: Reg, item: Reg) {
        self.emit(Instruction::Push { dst: dst(list), src: src(list), item: AnySrc(item) });
    }

    /// A list of what `each` makes of the items of a list.
    pub fn map_list(&mut self, list: Reg, to: Type, mut each: impl FnMut(&mut Self, Reg) -> Reg) -> Reg {
        let out = self.zero((&to, self.rank(list)));
        let Type::List(inside) = self.ty(list).clone() else { return list };
        let count = self.length(list);
        self.counted(count, |body, at| {
            let from = body.leaf((*inside, body.rank(list)));
            body.emit(Instruction::Get { dst: AnyDst(from), src: src::<Lists>(list), at: public(at) });
            let item = each(body, from);
            body.push_item(out, item);
        });
        out
    }

    /// What `each` makes of a list of scalars as one tensor, as a list again; the empty list stays empty.
    pub fn as_tensor(&mut self, list: Reg, kind: Kind, to: Type, each: impl FnOnce(&mut Self, Reg) -> Reg) -> Reg {
        let out = self.zero((&to, self.rank(list)));
        let (filled, done) = (self.block(), self.block());
        let cond = self.is_filled(list);
        self.end(crate::ir::Terminator::Branch { cond, then: filled, otherwise: done });
        self.start(filled);
        let packed = self.pack(list, kind);
        let result = each(self, packed);
        self.emit(Instruction::Unpack { dst: dst(out), src: AnySrc(result) });
        self.fall_into(done);
        out
    }

    /// A list of tensors as one tensor.
    pub fn pack(&mut self, list: Reg, kind: Kind) -> Reg {
        let packed = self.tensor(kind, self.rank(list) + 1);
        self.emit(Instruction::Pack { dst: AnyDst(packed), src: src(list) });
        packed
    }

    fn is_filled(&mut self, list: Reg) -> Reg {
        let (count, zero) = (self.length(list), self.int(0));
        self.scalars(Binary::Gt, count, zero, Kind::Bool)
    }

    /// A tensor as another kind: public ones become secret by a local sharing.
    pub fn convert_tensor(&mut self, reg: Reg, to: Kind) -> Reg {
        let from = self.kind(reg);
        match (from, to) {
            _ if from == to => reg,
            (Kind::Str, Kind::Bool) => {
                let empty = self.constant(Constant::Str(String::new()));
                self.scalars(Binary::Ne, reg, empty, Kind::Bool)
            }
            (Kind::Int | Kind::Fix | Kind::Bool | Kind::Str, Kind::Int | Kind::Fix | Kind::Bool | Kind::Str) => {
                let out = self.tensor(to, self.rank(reg));
                self.emit(Instruction::Convert { dst: dst(out), src: public(reg) });
                out
            }
            (Kind::Int | Kind::Fix | Kind::Bool | Kind::Str, Kind::Sint | Kind::Sfix | Kind::Sbool | Kind::Raw) => {
                let same = self.convert_tensor(reg, to.opened().unwrap_or(Kind::Int));
                let shared = self.share(same);
                self.retype(shared, to)
            }
            (Kind::Sint | Kind::Sbool, Kind::Sfix) => {
                let bits = self.program.tree.precision.fix_frac;
                let scaled = self.tensor(Kind::Sfix, self.rank(reg));
                self.emit(Instruction::ShiftLeft { dst: dst(scaled), src: secret(reg), bits });
                scaled
            }
            (Kind::Sint | Kind::Sfix | Kind::Sbool | Kind::Raw, _) => self.retype(reg, to),
        }
    }

    /// A list literal of items of one type.
    pub fn list_of(&mut self, values: Vec<Value>, inside: &Ty) -> Value {
        let padded: Vec<Value> = values.iter().map(|value| self.padded(value)).collect();
        let leaf = |(at, (ty, rank)): (usize, (Type, u32))| {
            let to = self.leaf((Type::List(Box::new(ty)), rank));
            let items = padded.iter().filter_map(|value| value.get(at).copied().map(AnySrc)).collect();
            self.emit(Instruction::List { dst: dst(to), items });
            to
        };
        items(inside).into_iter().enumerate().map(leaf).collect()
    }
}
