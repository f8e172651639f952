//! From texts and numbers to elements of a port's kind: exactly, or not at all.

use super::{Target, quote};
use crate::algebra::Domain;
use crate::fixed::{NotNumber, Rounded, parse_scaled};
use crate::memory::{Public, shape};
use mpc_bytecode::Kind;

enum Column<D> {
    Int(Vec<i64>),
    Fix(Vec<D>),
    Bool(Vec<bool>),
}

/// A value under construction, row-major.
pub(super) struct Builder<'a, D> {
    target: &'a Target,
    column: Column<D>,
}

impl<'a, D: Domain> Builder<'a, D> {
    pub fn new(target: &'a Target) -> Self {
        let column = match target.kind {
            Kind::Fix | Kind::Sfix | Kind::Raw => Column::Fix(Vec::new()),
            Kind::Bool | Kind::Sbool => Column::Bool(Vec::new()),
            Kind::Int | Kind::Sint | Kind::Str => Column::Int(Vec::new()),
        };
        Self { target, column }
    }

    /// Makes room for so many elements.
    pub fn reserve(&mut self, count: usize) -> Result<(), String> {
        let reserved = match &mut self.column {
            Column::Int(column) => column.try_reserve_exact(count),
            Column::Fix(column) => column.try_reserve_exact(count),
            Column::Bool(column) => column.try_reserve_exact(count),
        };
        reserved.map_err(|_| format!("there is no memory for {count} elements"))
    }

    fn not(&self, found: &str, what: &str) -> String {
        format!("{found} is not {what} (expected {})", self.target.kind)
    }

    /// A literal or a cell of a text file.
    pub fn text(&mut self, cell: &str) -> Result<(), String> {
        let cell = cell.trim();
        if cell.is_empty() {
            return Err(format!("the value is missing (expected {})", self.target.kind));
        }
        match self.column {
            Column::Bool(_) => match cell {
                "true" | "True" | "TRUE" | "1" => self.truth(true),
                "false" | "False" | "FALSE" | "0" => self.truth(false),
                _ => Err(self.not(&quote(cell), "true, false, 1 or 0")),
            },
            Column::Int(_) => match self.number(cell, 0)? {
                Rounded::Near { value, exact: true } => self.integer(value),
                Rounded::Near { exact: false, .. } => {
                    Err(format!("{}; round the data, or declare the port `sfix`", self.not(&quote(cell), "an integer")))
                }
                Rounded::TooLarge => Err(self.out_of_range(&quote(cell))),
            },
            Column::Fix(_) => match self.number(cell, self.target.fixed.frac)? {
                Rounded::Near { value, .. } => self.scaled(value, &quote(cell)),
                Rounded::TooLarge => Err(self.out_of_range(&quote(cell))),
            },
        }
    }

    fn number(&self, cell: &str, frac: u32) -> Result<Rounded, String> {
        parse_scaled(cell, frac).map_err(|reason| match reason {
            NotNumber::Malformed => self.not(&quote(cell), "a number"),
            NotNumber::NotFinite => self.not(&quote(cell), "a finite number"),
        })
    }

    fn out_of_range(&self, found: &str) -> String {
        match self.column {
            Column::Fix(_) => format!("{found} is out of range: {}", self.target.fixed.range()),
            Column::Int(_) | Column::Bool(_) => {
                format!(
                    "{found} is out of range: integers have {} bits with their sign here",
                    self.target.int_bits.min(64)
                )
            }
        }
    }

    fn truth(&mut self, value: bool) -> Result<(), String> {
        match &mut self.column {
            Column::Bool(column) => column.push(value),
            Column::Int(column) => column.push(value.into()),
            Column::Fix(column) => column.push(D::from_i128(if value { self.target.fixed.one() } else { 0 })),
        }
        Ok(())
    }

    fn scaled(&mut self, raw: i128, found: &str) -> Result<(), String> {
        if !self.target.fixed.holds(raw) {
            return Err(self.out_of_range(found));
        }
        if let Column::Fix(column) = &mut self.column {
            column.push(D::from_i128(raw));
        }
        Ok(())
    }

    /// An integer of any width.
    pub fn integer(&mut self, value: i128) -> Result<(), String> {
        let bits = self.target.int_bits.clamp(2, 64);
        match &mut self.column {
            Column::Int(column) => {
                match i64::try_from(value).ok().filter(|&value| value >> (bits - 1) == value >> 63) {
                    Some(value) => column.push(value),
                    None => return Err(self.out_of_range(&value.to_string())),
                }
            }
            Column::Fix(_) => {
                let raw = value.checked_mul(self.target.fixed.one()).unwrap_or(i128::MAX);
                return self.scaled(raw, &value.to_string());
            }
            Column::Bool(column) => match value {
                0 | 1 => column.push(value == 1),
                _ => return Err(self.not(&value.to_string(), "0 or 1")),
            },
        }
        Ok(())
    }

    /// A floating-point number, for fixed point alone.
    pub fn float(&mut self, value: f64) -> Result<(), String> {
        if !value.is_finite() {
            return Err(self.not(&value.to_string(), "a finite number"));
        }
        match self.target.fixed.from_f64(value) {
            Some(raw) => self.scaled(raw, &value.to_string()),
            None => Err(self.out_of_range(&value.to_string())),
        }
    }

    /// A truth value of a file that has them.
    pub fn boolean(&mut self, value: bool) -> Result<(), String> {
        self.truth(value)
    }

    /// The value, of a shape whose rank is the port's.
    pub fn finish(self, shape: &[usize]) -> Result<Public<D>, String> {
        if shape.len() != self.target.rank {
            return Err(self.target.wrong_rank(shape.len()));
        }
        let value = match self.column {
            Column::Int(column) => shape::assemble(shape, column).map(Public::Int),
            Column::Fix(column) => shape::assemble(shape, column).map(Public::Fix),
            Column::Bool(column) => shape::assemble(shape, column).map(Public::Bool),
        };
        value.map_err(|raised| raised.message)
    }
}
