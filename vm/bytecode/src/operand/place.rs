//! Places of an index expression and pieces of a formatted text.

use super::{Access, AnySrc, ConstId, DecodeError, Operand, Public, Reader, Reference, Src, Text};
use std::fmt::{self, Write as _};

/// One place of an index expression, as between the brackets of `x[…]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// One position (an `int` scalar; negative counts from the end); the axis disappears.
    At(Src<Public>),
    /// `start:stop:step`, with Python's defaults and clipping.
    Range(Option<Src<Public>>, Option<Src<Public>>, Option<Src<Public>>),
    /// A new axis of length one.
    NewAxis,
    /// As many whole axes as are left over; at most once.
    Rest,
}

impl Operand for Place {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Place::At(at) => {
                out.push(0);
                at.encode(out);
            }
            Place::Range(start, stop, step) => {
                out.push(1);
                start.encode(out);
                stop.encode(out);
                step.encode(out);
            }
            Place::NewAxis => out.push(2),
            Place::Rest => out.push(3),
        }
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match input.byte()? {
            0 => Place::At(Operand::decode(input)?),
            1 => Place::Range(Operand::decode(input)?, Operand::decode(input)?, Operand::decode(input)?),
            2 => Place::NewAxis,
            3 => Place::Rest,
            code => return Err(DecodeError::UnknownCode { what: "place of an index", code: code.into() }),
        })
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::At(at) => at.print(f),
            Place::Range(start, stop, step) => {
                start.print(f)?;
                f.write_char(':')?;
                stop.print(f)?;
                f.write_char(':')?;
                step.print(f)
            }
            Place::NewAxis => f.write_str("new"),
            Place::Rest => f.write_str("rest"),
        }
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        if input.eat("new") {
            return Ok(Place::NewAxis);
        }
        if input.eat("rest") {
            return Ok(Place::Rest);
        }
        let first: Option<Src<Public>> = Operand::parse(input)?;
        if input.eat(":") {
            let stop = Operand::parse(input)?;
            input.expect(":")?;
            return Ok(Place::Range(first, stop, Operand::parse(input)?));
        }
        first.map(Place::At).ok_or_else(|| "expected a register or a range".into())
    }
    fn visit(&self, visit: &mut dyn FnMut(Access)) {
        match self {
            Place::At(at) => at.visit(visit),
            Place::Range(start, stop, step) => [start, stop, step].into_iter().for_each(|src| src.visit(visit)),
            Place::NewAxis | Place::Rest => {}
        }
    }
    fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
        match self {
            Place::At(at) => at.rename(rename),
            Place::Range(start, stop, step) => [start, stop, step].into_iter().for_each(|src| src.rename(rename)),
            Place::NewAxis | Place::Rest => {}
        }
    }
    fn notation() -> String {
        "place".into()
    }
    #[cfg(test)]
    fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
        match source.below(4) {
            0 => Place::At(Operand::arbitrary(source)),
            1 => Place::Range(Operand::arbitrary(source), Operand::arbitrary(source), Operand::arbitrary(source)),
            2 => Place::NewAxis,
            _ => Place::Rest,
        }
    }
}

/// One piece of a formatted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands (a `str` constant).
    Text(ConstId),
    /// A value, with Python's format specification (a `str` constant) if there is one.
    Value(AnySrc, Option<ConstId>),
}

impl Operand for Piece {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Piece::Text(text) => {
                out.push(0);
                text.encode(out);
            }
            Piece::Value(value, spec) => {
                out.push(1);
                value.encode(out);
                spec.encode(out);
            }
        }
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match input.byte()? {
            0 => Piece::Text(Operand::decode(input)?),
            1 => Piece::Value(Operand::decode(input)?, Operand::decode(input)?),
            code => return Err(DecodeError::UnknownCode { what: "piece of a text", code: code.into() }),
        })
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Piece::Text(text) => text.print(f),
            Piece::Value(value, spec) => {
                value.print(f)?;
                f.write_char(':')?;
                spec.print(f)
            }
        }
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        if input.rest().starts_with('k') {
            return Ok(Piece::Text(Operand::parse(input)?));
        }
        let value = Operand::parse(input)?;
        input.expect(":")?;
        Ok(Piece::Value(value, Operand::parse(input)?))
    }
    fn visit(&self, visit: &mut dyn FnMut(Access)) {
        match self {
            Piece::Text(_) => {}
            Piece::Value(value, _) => value.visit(visit),
        }
    }
    fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
        match self {
            Piece::Text(_) => {}
            Piece::Value(value, _) => value.rename(rename),
        }
    }
    fn refer(&self, refer: &mut dyn FnMut(Reference)) {
        match self {
            Piece::Text(text) => text.refer(refer),
            Piece::Value(_, spec) => spec.refer(refer),
        }
    }
    fn notation() -> String {
        "piece".into()
    }
    #[cfg(test)]
    fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
        match source.below(2) {
            0 => Piece::Text(Operand::arbitrary(source)),
            _ => Piece::Value(Operand::arbitrary(source), Operand::arbitrary(source)),
        }
    }
}
