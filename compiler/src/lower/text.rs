//! Text put together from values.

use super::body::{Body, dst, public};
use super::layout::leaves;
use crate::types::tree::Piece;
use crate::types::ty::{Object, Ty};
use mpc_bytecode::operand::{self, Binary, ConstId};
use mpc_bytecode::{AnySrc, Constant, Instruction, Kind, Reg};

impl Body<'_, '_> {
    /// Formatted text: all values are evaluated, then put together.
    pub fn format(&mut self, pieces: &[Piece]) -> Reg {
        let exprs = pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Value(expr, _) => Some(expr),
        });
        let mut values = self.operands(exprs).into_iter();
        let mut out = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push(self.literal(text)),
                Piece::Value(expr, spec) => {
                    let spec = spec.as_ref().map(|spec| self.text_constant(spec));
                    let value = values.next().unwrap_or_default();
                    self.pieces_of(&value, &expr.ty, spec, &mut out);
                }
            }
        }
        self.put_together(out)
    }

    /// A value as text.
    pub fn text_of(&mut self, value: &[Reg], ty: &Ty, spec: Option<ConstId>) -> Reg {
        let mut pieces = Vec::new();
        self.pieces_of(value, ty, spec, &mut pieces);
        self.put_together(pieces)
    }

    fn text_constant(&mut self, text: &str) -> ConstId {
        self.program.constants.intern(Constant::Str(text.into()))
    }

    fn literal(&mut self, text: &str) -> operand::Piece {
        operand::Piece::Text(self.text_constant(text))
    }

    fn put_together(&mut self, pieces: Vec<operand::Piece>) -> Reg {
        let to = self.scalar(Kind::Str);
        self.emit(Instruction::Format { dst: dst(to), pieces });
        to
    }

    /// The pieces that show a value as Python does. The machine shows tensors and lists of them; tuples exist only here.
    fn pieces_of(&mut self, value: &[Reg], ty: &Ty, spec: Option<ConstId>, out: &mut Vec<operand::Piece>) {
        match ty {
            Ty::Tuple(components) => self.tuple_pieces(value, components, out),
            Ty::Object(object) => self.object_pieces(value, object, out),
            Ty::List(inside) if has_tuple(inside) => {
                let text = self.list_text(value, inside);
                out.push(operand::Piece::Value(AnySrc(text), None));
            }
            Ty::None => out.push(self.literal("None")),
            Ty::Tensor(..) | Ty::List(_) | Ty::Unknown | Ty::Error => {
                out.extend(value.first().map(|&reg| operand::Piece::Value(AnySrc(reg), spec)));
            }
        }
    }

    fn tuple_pieces(&mut self, value: &[Reg], components: &[Ty], out: &mut Vec<operand::Piece>) {
        out.push(self.literal("("));
        let mut rest = value;
        for (at, component) in components.iter().enumerate() {
            if at > 0 {
                out.push(self.literal(", "));
            }
            let (these, others) = rest.split_at(leaves(component).len().min(rest.len()));
            rest = others;
            self.quoted_pieces(these, component, out);
        }
        out.push(self.literal(if components.len() == 1 { ",)" } else { ")" }));
    }

    /// As Python shows a dataclass: `Point(x=1, y=2)`.
    fn object_pieces(&mut self, value: &[Reg], object: &Object, out: &mut Vec<operand::Piece>) {
        let mut rest = value;
        for (at, (name, field)) in object.class.fields.iter().zip(&object.fields).enumerate() {
            let before = if at == 0 { format!("{}({name}=", object.class.name) } else { format!(", {name}=") };
            out.push(self.literal(&before));
            let (these, others) = rest.split_at(leaves(field).len().min(rest.len()));
            rest = others;
            self.quoted_pieces(these, field, out);
        }
        let end = if object.fields.is_empty() { format!("{}()", object.class.name) } else { ")".to_owned() };
        out.push(self.literal(&end));
    }

    /// Text inside of a container stands in quotes.
    fn quoted_pieces(&mut self, value: &[Reg], ty: &Ty, out: &mut Vec<operand::Piece>) {
        let is_text = ty.is_scalar(Kind::Str);
        if is_text {
            out.push(self.literal("'"));
        }
        self.pieces_of(value, ty, None, out);
        if is_text {
            out.push(self.literal("'"));
        }
    }

    /// A list of tuples, or of lists of them, item by item.
    fn list_text(&mut self, value: &[Reg], inside: &Ty) -> Reg {
        let text = self.scalar(Kind::Str);
        let open = self.constant(Constant::Str("[".into()));
        self.copy(text, open);
        let separator = self.scalar(Kind::Str);
        let none = self.constant(Constant::Str(String::new()));
        self.copy(separator, none);
        let count = match value.first() {
            Some(&list) => self.length(list),
            None => self.int(0),
        };
        self.counted(count, |body, at| {
            let item = body.items_at(value, at, inside);
            let mut pieces = vec![operand::Piece::Value(AnySrc(separator), None)];
            body.quoted_pieces(&item, inside, &mut pieces);
            let shown = body.put_together(pieces);
            body.emit(Instruction::Binary { op: Binary::Add, dst: dst(text), a: public(text), b: public(shown) });
            let comma = body.constant(Constant::Str(", ".into()));
            body.copy(separator, comma);
        });
        let close = self.constant(Constant::Str("]".into()));
        self.scalars(Binary::Add, text, close, Kind::Str)
    }
}

fn has_tuple(ty: &Ty) -> bool {
    match ty {
        Ty::Tuple(_) | Ty::Object(_) | Ty::None => true,
        Ty::List(inside) => has_tuple(inside),
        Ty::Tensor(..) | Ty::Unknown | Ty::Error => false,
    }
}
