//! What is given beside the program: sizes, parameters, players.

use super::expr::{Expr, Place};
use crate::operand::RoleId;
use crate::program::{Constant, Direction, Extent, ExtentOp, Parties, Port, Program};
use std::collections::BTreeMap;

/// See the module. What is not given stays a symbol of its own name.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Players that compute.
    pub players: usize,
    /// Bits of the ring.
    pub ring: u32,
    /// Sizes of dimensions, and values of `int` parameters, by name.
    pub sizes: BTreeMap<String, i64>,
    /// Values of other parameters, by name.
    pub params: BTreeMap<String, Constant>,
    /// Shapes of inputs, by name and member.
    pub inputs: BTreeMap<(String, usize), Vec<u64>>,
    /// Whether sizes and `int` parameters of at least 1 stay symbols even where they are known: for formulas.
    pub symbolic: bool,
    /// What a revealed value decides at a place, where that is assumed: how often a loop turns, whether a condition holds or an exception is
    /// raised (1 or 0), or a number.
    pub assumed: BTreeMap<Place, i64>,
    /// Instructions that are walked at most.
    pub most_steps: u64,
}

/// Instructions that are walked at most, unless more is asked for: about a second.
const MOST_STEPS: u64 = 4_000_000;

impl Setting {
    /// Nothing is given but the players and the ring.
    pub fn new(players: usize, ring: u32) -> Self {
        let (sizes, params, inputs, assumed) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { players, ring, sizes, params, inputs, symbolic: false, assumed, most_steps: MOST_STEPS }
    }

    /// The same with symbols for sizes.
    #[must_use]
    pub fn with_symbols(&self) -> Self {
        Self { symbolic: true, ..self.clone() }
    }

    /// The players of each role: single roles are players 0, 1, …; a family is all that no single role is.
    pub fn cast(&self, program: &Program) -> Vec<Vec<usize>> {
        let singles = program.roles.iter().filter(|role| role.family.is_none()).count();
        let mut next = 0;
        let role = |role: &crate::program::Role| {
            if role.family.is_some() {
                return (singles.min(self.players)..self.players).collect();
            }
            next += 1;
            vec![next - 1]
        };
        program.roles.iter().map(role).collect()
    }

    /// Every dimension's size.
    pub fn dimensions(&self, program: &Program) -> Vec<Expr> {
        let cast = self.cast(program);
        let of = |(id, name): (usize, &String)| {
            let family = program.roles.iter().position(|role| role.family.is_some_and(|dim| dim.0 as usize == id));
            if let Some(family) = family {
                return Expr::from(cast[family].len() as u64);
            }
            let param = program.ports.iter().find(|port| &port.name == name && is_parameter(port));
            let known = self.sizes.get(name).copied().or_else(|| default_int(program, param?));
            let found = known.or_else(|| self.bound_by_input(program, id, &cast));
            self.size_or_symbol(name, found)
        };
        program.dims.iter().enumerate().map(of).collect()
    }

    fn size_or_symbol(&self, name: &str, known: Option<i64>) -> Expr {
        match known {
            Some(size) if !self.symbolic || size < 1 => Expr::Num(size.into()),
            Some(_) | None => Expr::symbol(name),
        }
    }

    /// What the shape of an input says.
    fn bound_by_input(&self, program: &Program, dim: usize, cast: &[Vec<usize>]) -> Option<i64> {
        program.ports.iter().find_map(|port| {
            (0..owners(port, cast).len()).find_map(|member| {
                let shape = self.inputs.get(&(port.name.clone(), member))?;
                let axis =
                    port.shape.iter().position(|extent| matches!(extent, Extent::Dim(id) if id.0 as usize == dim))?;
                shape.get(axis).and_then(|&size| i64::try_from(size).ok())
            })
        })
    }

    /// The value of an `int` parameter that is a scalar.
    pub fn integer(&self, program: &Program, port: &Port) -> Expr {
        let known = self.sizes.get(&port.name).copied().or_else(|| default_int(program, port));
        self.size_or_symbol(&port.name, known)
    }

    /// The constant of another parameter, if there is one.
    pub fn constant<'a>(&'a self, program: &'a Program, port: &Port) -> Option<&'a Constant> {
        let Direction::Parameter { default } = port.direction else { return None };
        let default = default.and_then(|id| program.constants.get(id.0 as usize));
        self.params.get(&port.name).or(default)
    }

    /// The shape of a member's part of an input, or of a parameter.
    pub fn shape(&self, program: &Program, dims: &[Expr], port: &Port, member: usize) -> Vec<Expr> {
        let given = self.inputs.get(&(port.name.clone(), member)).filter(|given| given.len() == port.shape.len());
        let family = is_family(program, port);
        let axis = |(axis, extent): (usize, &Extent)| match (extent, given) {
            (Extent::Any, Some(given)) => Expr::from(given[axis]),
            (Extent::Any, None) => {
                let name = if family { format!("{}[{member}]", port.name) } else { port.name.clone() };
                Expr::symbol(&if axis == 0 { format!("len({name})") } else { format!("{name}.shape[{axis}]") })
            }
            (extent, _) => size(extent, dims),
        };
        port.shape.iter().enumerate().map(axis).collect()
    }

    /// What is assumed of what a place decides.
    pub fn assumed(&self, place: Place) -> Option<Expr> {
        self.assumed.get(&place).map(|&number| Expr::Num(number.into()))
    }

    /// Whether no size is a symbol, whatever is asked for: formulas are numbers then.
    pub fn has_no_symbols(&self, program: &Program) -> bool {
        let integer = |port: &Port| is_parameter(port) && port.kind == crate::Kind::Int && port.shape.is_empty();
        program.dims.is_empty() && !program.ports.iter().any(|port| integer(port) || port.shape.contains(&Extent::Any))
    }

    /// How many members the family has that gives an input; nothing for an input of a single player.
    pub fn members(&self, program: &Program, port: &Port) -> Option<usize> {
        is_family(program, port).then(|| owners(port, &self.cast(program)).len())
    }

    /// The shape that a port has by the sizes of dimensions; nothing for an axis whose size is not known.
    pub fn expected(&self, program: &Program, port: &Port) -> Vec<Option<u64>> {
        let dims = Setting { symbolic: false, ..self.clone() }.dimensions(program);
        port.shape.iter().map(|extent| if *extent == Extent::Any { None } else { size(extent, &dims).size() }).collect()
    }

    /// The names of what is still open: dimensions, and `int` parameters without a value.
    pub fn open(&self, program: &Program) -> Vec<String> {
        let bound = Setting { symbolic: false, ..self.clone() };
        let dims = bound.dimensions(program).into_iter().zip(&program.dims);
        let mut open: Vec<String> =
            dims.filter(|(size, _)| size.number().is_none()).map(|(_, name)| name.clone()).collect();
        for port in program.ports.iter().filter(|port| is_parameter(port) && bound.constant(program, port).is_none()) {
            if !bound.sizes.contains_key(&port.name) && !open.contains(&port.name) {
                open.push(port.name.clone());
            }
        }
        open
    }
}

/// A size as an expression in those of the dimensions.
pub fn size(extent: &Extent, dims: &[Expr]) -> Expr {
    match extent {
        Extent::Constant(value) => Expr::from(*value),
        Extent::Dim(id) => dims.get(id.0 as usize).cloned().unwrap_or_else(Expr::too_large),
        Extent::Any => Expr::too_large(),
        Extent::Combined(op, a, b) => {
            let (a, b) = (size(a, dims), size(b, dims));
            match op {
                ExtentOp::Add => a.plus(&b),
                ExtentOp::Sub => a.minus(&b),
                ExtentOp::Mul => a.times(&b),
                ExtentOp::FloorDiv => super::facts::Facts::default().quotient(&a, &b).unwrap_or_else(Expr::too_large),
            }
        }
    }
}

fn is_parameter(port: &Port) -> bool {
    matches!(port.direction, Direction::Parameter { .. })
}

fn default_int(program: &Program, port: &Port) -> Option<i64> {
    let Direction::Parameter { default } = port.direction else { return None };
    match program.constants.get(default?.0 as usize)? {
        Constant::Int(shape, values) if shape.is_empty() => values.first().copied(),
        Constant::Int(..) | Constant::Fix(..) | Constant::Bool(..) | Constant::Str(_) => None,
    }
}

/// Whether a port's value comes from, or goes to, each member of a family.
pub fn is_family(program: &Program, port: &Port) -> bool {
    let family = |role: &RoleId| program.roles.get(role.0 as usize).is_some_and(|role| role.family.is_some());
    match &port.parties {
        Parties::All => false,
        Parties::Roles(roles) => roles.iter().any(family),
    }
}

/// The players that own an input's data, a family's members in order.
pub fn owners<'a>(port: &Port, cast: &'a [Vec<usize>]) -> &'a [usize] {
    match (&port.direction, &port.parties) {
        (Direction::Input, Parties::Roles(roles)) => {
            let role = roles.first().and_then(|role| cast.get(role.0 as usize));
            role.map(Vec::as_slice).unwrap_or_default()
        }
        (Direction::Input, Parties::All) | (Direction::Parameter { .. } | Direction::Output, _) => &[],
    }
}
