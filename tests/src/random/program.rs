//! Random programs that mean the same in Python and here, but for the names of what is secret.
//!
//! Nothing that a secret decides raises, prints or leaves a loop; every loop ends; every variable keeps to its bound.

use super::dice::Dice;
use super::expression::Expr;

/// What a variable holds; a secret one may hold public values too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A public integer.
    Int,
    /// A public truth value.
    Bool,
    /// A secret integer.
    Secret,
    /// A secret truth value.
    SecretBool,
    /// A list of so many public integers.
    List(usize),
    /// A list of so many integers, some of them secret.
    SecretList(usize),
    /// A vector of so many secret integers.
    Tensor(usize),
}

impl Kind {
    /// Of a sequence.
    pub fn length(self) -> usize {
        match self {
            Kind::List(length) | Kind::SecretList(length) | Kind::Tensor(length) => length,
            Kind::Int | Kind::Bool | Kind::Secret | Kind::SecretBool => 0,
        }
    }

    /// True when a secret condition may decide what is assigned.
    pub fn is_secret(self) -> bool {
        matches!(self, Kind::Secret | Kind::SecretBool | Kind::SecretList(_) | Kind::Tensor(_))
    }
}

/// A variable.
#[derive(Debug, Clone)]
pub struct Var {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// No value, or element, is larger.
    pub bound: u128,
    /// False for what steers a loop.
    pub free: bool,
    /// The number of secret conditions around its definition.
    pub arm: u32,
}

impl Var {
    /// The variable as an expression.
    pub fn expr(&self) -> Expr {
        Expr::atom(self.name.clone(), self.bound)
    }
}

/// A function of the program.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// For each parameter whether it may be secret, and its bound.
    pub parameters: Vec<(bool, u128)>,
    /// How many have no default.
    pub required: usize,
    /// Whether the result may be secret.
    pub secret: bool,
    /// The bound of the result.
    pub bound: u128,
}

/// A statement.
#[derive(Debug, Clone)]
pub enum Stmt {
    /// One line.
    Line(String),
    /// Heads with their blocks: one, or `if`, `elif`, `else`.
    Block(Vec<(String, Vec<Stmt>)>),
}

/// The text of statements.
pub fn text(stmts: &[Stmt]) -> String {
    let mut out = String::new();
    write(stmts, 0, &mut out);
    out
}

fn write(stmts: &[Stmt], depth: usize, out: &mut String) {
    let mut line = |text: &str| out.extend(["    ".repeat(depth).as_str(), text, "\n"]);
    if stmts.is_empty() {
        line("pass");
    }
    for stmt in stmts {
        match stmt {
            Stmt::Line(text) => out.extend(["    ".repeat(depth).as_str(), text, "\n"]),
            Stmt::Block(arms) => arms.iter().for_each(|(head, body)| {
                out.extend(["    ".repeat(depth).as_str(), head, "\n"]);
                write(body, depth + 1, out);
            }),
        }
    }
}

/// The bound of public variables.
pub const PUBLIC: u128 = 1_000_000_000;
/// The bound of secret variables.
pub const SECRET: u128 = 1_000_000;

/// Makes a program.
#[derive(Debug)]
pub struct Generator {
    /// Chance.
    pub dice: Dice,
    /// Variables in sight.
    pub vars: Vec<Var>,
    /// Functions in sight.
    pub functions: Vec<Function>,
    /// Nothing may raise here.
    pub calm: bool,
    /// Secret conditions around.
    pub arm: u32,
    /// Loops around, inside the innermost secret condition.
    pub loops: u32,
    /// How often this place may be passed.
    pub turns: i64,
    /// Inside a function: nothing is printed.
    pub inside: bool,
    names: u32,
}

impl Generator {
    /// A program of so many statements at the top.
    pub fn program(seed: u64, size: i64) -> Vec<Stmt> {
        let mut own = Generator {
            dice: Dice::new(seed),
            vars: Vec::new(),
            functions: Vec::new(),
            calm: false,
            arm: 0,
            loops: 0,
            turns: 1,
            inside: false,
            names: 0,
        };
        let mut out = super::attempt::definitions();
        for _ in 0..own.dice.number(0..=2) {
            let function = if own.dice.percent(30) { own.recursive() } else { own.function() };
            out.push(function);
        }
        for kind in [Kind::Int, Kind::Secret] {
            own.declare(kind, &mut out);
        }
        for _ in 0..size {
            own.statement(3, &mut out);
        }
        for var in own.vars.clone() {
            out.push(Stmt::Line(format!("print({})", own.shown(&var))));
        }
        out
    }

    /// A name that is new.
    pub fn name(&mut self, start: &str) -> String {
        self.names += 1;
        format!("{start}{}", self.names)
    }

    /// Makes a variable known.
    pub fn define(&mut self, name: &str, kind: Kind, bound: u128) {
        self.vars.push(Var { name: name.to_owned(), kind, bound, free: true, arm: self.arm });
    }

    /// Statements whose variables end with them.
    pub fn block(&mut self, depth: u32) -> Vec<Stmt> {
        let known = self.vars.clone();
        let mut out = Vec::new();
        for _ in 0..self.dice.number(1..=3) {
            self.statement(depth, &mut out);
        }
        self.vars = known;
        out
    }

    /// What prints a variable.
    fn shown(&self, var: &Var) -> String {
        let name = &var.name;
        match var.kind {
            Kind::Int | Kind::Bool | Kind::List(_) => name.clone(),
            Kind::Secret => format!("sint({name}).reveal()"),
            Kind::SecretBool => format!("sbool({name}).reveal()"),
            Kind::SecretList(_) => format!("[sint(v).reveal() for v in {name}]"),
            Kind::Tensor(_) => format!("{name}.reveal()"),
        }
    }

    /// A function of one to three parameters.
    fn function(&mut self) -> Stmt {
        let name = self.name("f");
        let secret = self.dice.percent(60);
        let count = self.dice.number(1..=3) as usize;
        let bound = if secret { SECRET } else { PUBLIC };
        let required = self.dice.number(1..=count as i64) as usize;
        let parameters: Vec<(bool, u128)> = (0..count).map(|_| (secret && self.dice.percent(70), bound)).collect();
        let mut words = Vec::new();
        for index in 0..count {
            let default = self.dice.number(-9..=9);
            words.push(if index < required { format!("p{index}") } else { format!("p{index}={default}") });
        }
        let body = self.inside_function(&parameters, |own| {
            let mut body = Vec::new();
            for _ in 0..own.dice.number(0..=4) {
                own.statement(2, &mut body);
            }
            let result = own.int(secret, 3);
            let result = own.within(result, bound);
            body.push(Stmt::Line(format!("return {}", result.text)));
            body
        });
        self.functions.push(Function { name: name.clone(), parameters, required, secret, bound });
        Stmt::Block(vec![(format!("def {name}({}):", words.join(", ")), body)])
    }

    /// A function that calls itself a few times.
    fn recursive(&mut self) -> Stmt {
        let name = self.name("f");
        let secret = self.dice.percent(50);
        let (kind, bound) = if secret { ("sint", SECRET) } else { ("int", PUBLIC) };
        let parameters = vec![(false, 5), (secret, bound)];
        let body = self.inside_function(&parameters, |own| {
            let stop = Stmt::Block(vec![("if p0 <= 0:".into(), vec![Stmt::Line("return p1".into())])]);
            let mut body = vec![stop];
            for _ in 0..own.dice.number(0..=2) {
                own.statement(1, &mut body);
            }
            let next = own.int(secret, 3);
            let next = own.within(next, bound);
            let less = own.dice.number(1..=2);
            body.push(Stmt::Line(format!("return {name}(p0 - {less}, {})", next.text)));
            body
        });
        self.functions.push(Function { name: name.clone(), parameters, required: 2, secret, bound });
        Stmt::Block(vec![(format!("def {name}(p0: int, p1: {kind}) -> {kind}:"), body)])
    }

    fn inside_function(&mut self, parameters: &[(bool, u128)], make: impl FnOnce(&mut Self) -> Vec<Stmt>) -> Vec<Stmt> {
        let known = std::mem::take(&mut self.vars);
        (self.inside, self.calm) = (true, true);
        for (index, &(secret, bound)) in parameters.iter().enumerate() {
            self.define(&format!("p{index}"), if secret { Kind::Secret } else { Kind::Int }, bound);
        }
        // The depth of a recursion is not to be changed on the way.
        self.vars[0].free = false;
        let body = make(self);
        (self.inside, self.calm) = (false, false);
        self.vars = known;
        body
    }
}
