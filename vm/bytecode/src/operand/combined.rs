//! Operands made of operands: batches, tuples and what may be left out.

use super::{Access, DecodeError, Operand, Reader, Reference, Text, write_number};
use std::fmt::{self, Write as _};

/// A batch: one round of communication serves every element.
impl<T: Operand> Operand for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_number(self.len() as u64, out);
        self.iter().for_each(|item| item.encode(out));
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // No capacity is taken from the file: every item costs at least a byte, so a false length ends as `Truncated`.
        let length = input.number()?;
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(T::decode(input)?);
        }
        Ok(items)
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (i, item) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            item.print(f)?;
        }
        f.write_char(']')
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        input.expect("[")?;
        let mut items = Vec::new();
        while !input.eat("]") {
            if !items.is_empty() {
                input.expect(",")?;
            }
            items.push(T::parse(input)?);
        }
        Ok(items)
    }
    fn visit(&self, visit: &mut dyn FnMut(Access)) {
        self.iter().for_each(|item| item.visit(visit));
    }
    fn refer(&self, refer: &mut dyn FnMut(Reference)) {
        self.iter().for_each(|item| item.refer(refer));
    }
    fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
        self.iter_mut().for_each(|item| item.rename(rename));
    }
    fn notation() -> String {
        format!("[{}, …]", T::notation())
    }
    #[cfg(test)]
    fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
        (0..source.length(4)).map(|_| T::arbitrary(source)).collect()
    }
}

/// An operand that may be left out.
impl<T: Operand> Operand for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.is_some().into());
        if let Some(item) = self {
            item.encode(out);
        }
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.byte()? {
            0 => Ok(None),
            1 => Ok(Some(T::decode(input)?)),
            code => Err(DecodeError::UnknownCode { what: "mark of an optional operand", code: code.into() }),
        }
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Some(item) => item.print(f),
            None => f.write_char('.'),
        }
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        if input.eat(".") { Ok(None) } else { Ok(Some(T::parse(input)?)) }
    }
    fn visit(&self, visit: &mut dyn FnMut(Access)) {
        self.iter().for_each(|item| item.visit(visit));
    }
    fn refer(&self, refer: &mut dyn FnMut(Reference)) {
        self.iter().for_each(|item| item.refer(refer));
    }
    fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
        self.iter_mut().for_each(|item| item.rename(rename));
    }
    fn notation() -> String {
        format!("{}?", T::notation())
    }
    #[cfg(test)]
    fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
        source.flag().then(|| T::arbitrary(source))
    }
}

macro_rules! tuple_operand {
    ($first:ident $($name:ident)*) => {
        #[allow(non_snake_case, reason = "the type's name is the variable's")]
        impl<$first: Operand, $($name: Operand),*> Operand for ($first, $($name,)*) {
            fn encode(&self, out: &mut Vec<u8>) {
                let ($first, $($name,)*) = self;
                $first.encode(out);
                $( $name.encode(out); )*
            }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(($first::decode(input)?, $($name::decode(input)?,)*))
            }
            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let ($first, $($name,)*) = self;
                $first.print(f)?;
                $( f.write_char(' ')?; $name.print(f)?; )*
                Ok(())
            }
            fn parse(input: &mut Text<'_>) -> Result<Self, String> {
                Ok(($first::parse(input)?, $($name::parse(input)?,)*))
            }
            fn visit(&self, visit: &mut dyn FnMut(Access)) {
                let ($first, $($name,)*) = self;
                $first.visit(visit);
                $( $name.visit(visit); )*
            }
            fn refer(&self, refer: &mut dyn FnMut(Reference)) {
                let ($first, $($name,)*) = self;
                $first.refer(refer);
                $( $name.refer(refer); )*
            }
            fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
                let ($first, $($name,)*) = self;
                $first.rename(rename);
                $( $name.rename(rename); )*
            }
            fn notation() -> String {
                [$first::notation(), $($name::notation()),*].join(" ")
            }
            #[cfg(test)]
            fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
                ($first::arbitrary(source), $($name::arbitrary(source),)*)
            }
        }
    };
}
tuple_operand!(A B);
tuple_operand!(A B C);
