//! Random expressions, with just the brackets that Python's precedence needs.
//!
//! Each knows a bound of its absolute value, so that nothing leaves 64 bits, not even what a secret condition discards.

use super::program::{Generator, Kind, Var};

/// How tightly an expression binds, in Python's order.
pub mod level {
    pub const CONDITIONAL: u8 = 0;
    pub const OR: u8 = 1;
    pub const AND: u8 = 2;
    pub const NOT: u8 = 3;
    pub const COMPARE: u8 = 4;
    pub const BIT_OR: u8 = 5;
    pub const BIT_XOR: u8 = 6;
    pub const BIT_AND: u8 = 7;
    pub const SHIFT: u8 = 8;
    pub const ADD: u8 = 9;
    pub const MULTIPLY: u8 = 10;
    pub const UNARY: u8 = 11;
    pub const POWER: u8 = 12;
    pub const ATOM: u8 = 13;
}

/// No value is larger: two may still be subtracted, as comparisons of secrets do.
const CAP: u128 = 1 << 60;

/// An expression of either language.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Its text.
    pub text: String,
    level: u8,
    /// Its absolute value is not above this; 1 for truth values.
    pub bound: u128,
}

impl Expr {
    fn new(text: String, level: u8, bound: u128) -> Self {
        Expr { text, level, bound }
    }

    /// An integer literal.
    pub fn literal(value: i64) -> Self {
        Expr::new(
            value.to_string(),
            if value < 0 { level::UNARY } else { level::ATOM },
            u128::from(value.unsigned_abs()),
        )
    }

    /// A name, call or element: what needs no brackets.
    pub fn atom(text: String, bound: u128) -> Self {
        Expr::new(text, level::ATOM, bound)
    }

    /// The text, in brackets where it binds less tightly than `level`.
    pub fn at(&self, level: u8) -> String {
        if self.level < level { format!("({})", self.text) } else { self.text.clone() }
    }

    fn infix(left: &Expr, operator: &str, right: &Expr, level: u8, bound: u128) -> Expr {
        Expr::new(format!("{} {operator} {}", left.at(level), right.at(level + 1)), level, bound)
    }
}

impl Generator {
    /// An integer; `secret` says that it may be one.
    pub fn int(&mut self, secret: bool, depth: u32) -> Expr {
        if depth == 0 || self.dice.percent(15) {
            return self.leaf(secret);
        }
        match self.dice.below(17) {
            0..=2 => self.sum(secret, depth),
            3..=4 => self.product(secret, depth),
            5..=7 => self.division(secret, depth),
            8 => self.shift(secret, depth),
            9 => self.bits(secret, depth),
            10 => self.power(secret, depth),
            11 => self.unary(secret, depth),
            12 => self.extreme(secret, depth),
            13 => self.conditional(secret, depth),
            14 => self.call(secret, depth),
            15 => self.of_list(secret, depth),
            _ => self.counted(secret, depth),
        }
    }

    /// A truth value; `secret` says that it may be one.
    pub fn truth(&mut self, secret: bool, depth: u32) -> Expr {
        if depth == 0 || self.dice.percent(10) {
            return self.truth_leaf(secret);
        }
        match self.dice.below(10) {
            0..=3 => self.comparison(secret, depth),
            4 => self.chain(secret, depth),
            5 => {
                let (a, b) =
                    (self.truth(secret, depth - 1), self.after_condition(secret, |own| own.truth(secret, depth - 1)));
                Expr::infix(&a, "and", &b, level::AND, 1)
            }
            6 => {
                let (a, b) =
                    (self.truth(secret, depth - 1), self.after_condition(secret, |own| own.truth(secret, depth - 1)));
                Expr::infix(&a, "or", &b, level::OR, 1)
            }
            7 => {
                let a = self.truth(secret, depth - 1);
                Expr::new(format!("not {}", a.at(level::NOT)), level::NOT, 1)
            }
            8 => {
                let (operator, level) =
                    self.dice.pick(&[("&", level::BIT_AND), ("|", level::BIT_OR), ("^", level::BIT_XOR)]);
                let (a, b) = (self.truth(secret, depth - 1), self.truth(secret, depth - 1));
                Expr::infix(&a, operator, &b, level, 1)
            }
            _ => {
                let c = self.truth(secret, depth - 1);
                let a = self.after_condition(secret, |own| own.truth(secret, depth - 1));
                let b = self.after_condition(secret, |own| own.truth(secret, depth - 1));
                conditional(&a, &c, &b)
            }
        }
    }

    /// What both evaluate that a condition decides about, where it may be secret: nothing there may raise.
    fn after_condition<T>(&mut self, secret: bool, make: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.calm;
        self.calm |= secret;
        let made = make(self);
        self.calm = before;
        made
    }

    fn leaf(&mut self, secret: bool) -> Expr {
        let names = self.seen(|kind| kind == Kind::Int || (secret && kind == Kind::Secret));
        if !names.is_empty() && self.dice.percent(70) {
            return self.choose(&names).expr();
        }
        let literal = match self.dice.below(12) {
            0 => self.dice.number(-1_000_000_000..=1_000_000_000),
            1 => self.dice.number(-(1 << 59)..=1 << 59),
            2 => self.dice.pick(&[0, 1, -1, 2, -2, 255, 256, -256, 65_535, 65_536, 1 << 31, -(1 << 31), 1 << 32]),
            _ => self.dice.number(-12..=12),
        };
        let literal = Expr::literal(literal);
        if secret && self.dice.percent(30) {
            return Expr::atom(format!("sint({})", literal.text), literal.bound);
        }
        literal
    }

    fn truth_leaf(&mut self, secret: bool) -> Expr {
        let names = self.seen(|kind| kind == Kind::Bool || (secret && kind == Kind::SecretBool));
        if !names.is_empty() && self.dice.percent(75) {
            return self.choose(&names).expr();
        }
        let literal = self.dice.pick(&["True", "False"]);
        let text = if secret && self.dice.percent(40) { format!("sbool({literal})") } else { literal.to_owned() };
        Expr::atom(text, 1)
    }

    /// The expression itself, or its remainder by something small where it is too large.
    pub fn within(&mut self, expr: Expr, bound: u128) -> Expr {
        if expr.bound <= bound {
            return expr;
        }
        let most = i64::try_from(bound).unwrap_or(i64::MAX).min(1 << 40);
        let modulus = self.dice.number(2..=most) * self.dice.pick(&[1, 1, 1, -1]);
        let modulus = Expr::literal(if self.dice.percent(40) {
            modulus.signum() * (modulus.abs() % 200 + 2).min(most)
        } else {
            modulus
        });
        Expr::infix(&expr, "%", &modulus, level::MULTIPLY, modulus.bound)
    }

    fn sum(&mut self, secret: bool, depth: u32) -> Expr {
        let (a, b) = (self.int(secret, depth - 1), self.int(secret, depth - 1));
        let (a, b) = (self.within(a, CAP / 2), self.within(b, CAP / 2));
        let operator = self.dice.pick(&["+", "-"]);
        Expr::infix(&a, operator, &b, level::ADD, a.bound + b.bound)
    }

    fn product(&mut self, secret: bool, depth: u32) -> Expr {
        let (mut a, mut b) = (self.int(secret, depth - 1), self.int(secret, depth - 1));
        if a.bound * b.bound > CAP {
            (a, b) = (self.within(a, 1 << 20), self.within(b, 1 << 30));
        }
        Expr::infix(&a, "*", &b, level::MULTIPLY, a.bound * b.bound)
    }

    fn division(&mut self, secret: bool, depth: u32) -> Expr {
        let a = self.int(secret, depth - 1);
        let b = self.divisor(secret, depth);
        if self.dice.percent(50) {
            Expr::infix(&a, "//", &b, level::MULTIPLY, a.bound + 1)
        } else {
            Expr::infix(&a, "%", &b, level::MULTIPLY, b.bound)
        }
    }

    /// What to divide by: not zero, except where a program may raise.
    fn divisor(&mut self, secret: bool, depth: u32) -> Expr {
        if !self.calm && self.dice.percent(3) {
            return self.int(false, depth - 1);
        }
        if self.dice.percent(70) {
            let size = self.dice.pick(&[5, 5, 20, 100, 1 << 20, 1 << 40]);
            let size = if self.dice.percent(20) { 1 << self.dice.number(0..=30) } else { self.dice.number(1..=size) };
            return Expr::literal(size * self.dice.pick(&[1, 1, -1]));
        }
        let secret = secret && self.dice.percent(25);
        let e = self.int(secret, depth.min(2) - 1);
        let (modulus, sign) = (self.dice.number(2..=40), self.dice.pick(&["", "-"]));
        let level = if sign.is_empty() { level::ADD } else { level::UNARY };
        let text = format!("abs({}) % {modulus} + 1", e.text);
        let text = if sign.is_empty() { text } else { format!("-({text})") };
        Expr::new(text, level, modulus.unsigned_abs().into())
    }

    fn shift(&mut self, secret: bool, depth: u32) -> Expr {
        let a = self.int(secret, depth - 1);
        let (width, most) = self.small(depth);
        if self.dice.percent(50) {
            return Expr::infix(&a, ">>", &width, level::SHIFT, a.bound);
        }
        let a = self.within(a, CAP >> most);
        Expr::infix(&a, "<<", &width, level::SHIFT, a.bound << most)
    }

    /// A public number that is small and not negative, and the most that it can be.
    fn small(&mut self, depth: u32) -> (Expr, u32) {
        if self.dice.percent(70) {
            let width = self.dice.below(9) as u32;
            return (Expr::literal(width.into()), width);
        }
        let e = self.int(false, depth - 1);
        let modulus = 1 + self.dice.below(7) as u32;
        (Expr::infix(&e, "%", &Expr::literal(modulus.into()), level::MULTIPLY, u128::from(modulus)), modulus - 1)
    }

    fn bits(&mut self, secret: bool, depth: u32) -> Expr {
        let secret = secret && self.dice.percent(40);
        let (a, b) = (self.int(secret, depth - 1), self.int(secret, depth - 1));
        let (a, b) = (self.within(a, CAP / 4), self.within(b, CAP / 4));
        let (operator, level) = self.dice.pick(&[("&", level::BIT_AND), ("|", level::BIT_OR), ("^", level::BIT_XOR)]);
        let bound = a.bound.max(b.bound) * 2 + 1;
        Expr::infix(&a, operator, &b, level, bound)
    }

    fn power(&mut self, secret: bool, depth: u32) -> Expr {
        let (exponent, most) = if self.dice.percent(75) {
            let exponent = self.dice.below(5) as u32;
            (Expr::literal(exponent.into()), exponent)
        } else {
            let e = self.int(false, depth - 1);
            (Expr::infix(&e, "%", &Expr::literal(4), level::MULTIPLY, 3), 3)
        };
        let base = self.int(secret, depth - 1);
        let base = self.within(base, 1 << (60 / most.max(1)).min(59));
        let text = format!("{} ** {}", base.at(level::ATOM), exponent.at(level::UNARY));
        Expr::new(text, level::POWER, base.bound.pow(most).max(1))
    }

    fn unary(&mut self, secret: bool, depth: u32) -> Expr {
        let a = self.int(secret, depth - 1);
        if self.dice.percent(35) {
            return Expr::atom(format!("abs({})", a.text), a.bound);
        }
        let operator = self.dice.pick(&["-", "~", "+", "-"]);
        let a = self.within(a, CAP - 1);
        Expr::new(format!("{operator}{}", a.at(level::UNARY)), level::UNARY, a.bound + 1)
    }

    fn extreme(&mut self, secret: bool, depth: u32) -> Expr {
        let all: Vec<Expr> = (0..self.dice.number(2..=3)).map(|_| self.int(secret, depth - 1)).collect();
        let bound = all.iter().map(|one| one.bound).max().unwrap_or(0);
        let texts: Vec<String> = all.into_iter().map(|one| one.text).collect();
        Expr::atom(format!("{}({})", self.dice.pick(&["min", "max"]), texts.join(", ")), bound)
    }

    fn conditional(&mut self, secret: bool, depth: u32) -> Expr {
        let c = self.truth(secret, depth - 1);
        let a = self.after_condition(secret, |own| own.int(secret, depth - 1));
        let b = self.after_condition(secret, |own| own.int(secret, depth - 1));
        conditional(&a, &c, &b)
    }

    /// A truth value as a number.
    fn counted(&mut self, secret: bool, depth: u32) -> Expr {
        let (c, a) = (self.truth(secret, depth - 1), self.int(secret, depth - 1));
        match self.dice.below(3) {
            0 => Expr::infix(&c, "*", &a, level::MULTIPLY, a.bound),
            1 => {
                let a = self.within(a, CAP - 1);
                Expr::infix(&a, "+", &c, level::ADD, a.bound + 1)
            }
            _ if secret => Expr::atom(format!("sint({})", c.text), 1),
            _ => Expr::atom(format!("int({})", c.text), 1),
        }
    }

    fn comparison(&mut self, secret: bool, depth: u32) -> Expr {
        let (a, b) = (self.int(secret, depth - 1), self.int(secret, depth - 1));
        let operator = self.dice.pick(&["<", "<=", ">", ">=", "==", "!="]);
        Expr::new(format!("{} {operator} {}", a.at(level::BIT_OR), b.at(level::BIT_OR)), level::COMPARE, 1)
    }

    fn chain(&mut self, secret: bool, depth: u32) -> Expr {
        let first = self.int(secret, depth - 1);
        let mut text = first.at(level::BIT_OR);
        for _ in 0..self.dice.number(2..=3) {
            let next = self.after_condition(secret, |own| own.int(secret, depth - 1));
            let operator = self.dice.pick(&["<", "<=", ">", ">=", "==", "!="]);
            text = format!("{text} {operator} {}", next.at(level::BIT_OR));
        }
        Expr::new(text, level::COMPARE, 1)
    }

    fn of_list(&mut self, secret: bool, depth: u32) -> Expr {
        let is_list = |kind| {
            matches!(kind, Kind::List(1..)) || (secret && matches!(kind, Kind::SecretList(1..) | Kind::Tensor(1..)))
        };
        let lists = self.seen(is_list);
        if lists.is_empty() {
            return self.leaf(secret);
        }
        let list = self.choose(&lists);
        let length = list.kind.length();
        match self.dice.below(6) {
            0 if list.bound * length as u128 <= CAP => {
                Expr::atom(format!("sum({})", list.name), list.bound * length as u128)
            }
            1 => Expr::atom(format!("{}({})", self.dice.pick(&["min", "max"]), list.name), list.bound),
            2 => Expr::atom(format!("len({})", list.name), length as u128),
            _ => {
                let position = self.position(length, secret && !matches!(list.kind, Kind::Tensor(_)), depth);
                Expr::atom(format!("{}[{position}]", list.name), list.bound)
            }
        }
    }

    /// A position in a list of this length; beyond it rarely, where a program may raise.
    pub fn position(&mut self, length: usize, secret: bool, depth: u32) -> String {
        let length = length as i64;
        if !self.calm && self.dice.percent(1) {
            return self.dice.number(-length - 2..=length + 1).to_string();
        }
        if self.dice.percent(60) || depth == 0 {
            return self.dice.number(-length..=length - 1).to_string();
        }
        let secret = secret && self.dice.percent(20);
        let e = self.int(secret, depth - 1);
        format!("{} % {length}", e.at(level::MULTIPLY))
    }

    /// A call of a function of the program.
    fn call(&mut self, secret: bool, depth: u32) -> Expr {
        let choices: Vec<_> = self.functions.iter().filter(|f| secret || !f.secret).cloned().collect();
        if choices.is_empty() {
            return self.sum(secret, depth);
        }
        let function = choices[self.dice.below(choices.len())].clone();
        let mut words = Vec::new();
        for (index, &(secret, bound)) in function.parameters.iter().enumerate() {
            if index >= function.required && self.dice.percent(40) {
                break;
            }
            let e = self.int(secret, depth - 1);
            let e = self.within(e, bound);
            let keyword = index >= function.required && self.dice.percent(30);
            words.push(if keyword { format!("p{index}={}", e.text) } else { e.text });
            if keyword {
                break;
            }
        }
        Expr::atom(format!("{}({})", function.name, words.join(", ")), function.bound)
    }

    /// Variables in sight of such a kind.
    pub fn seen(&self, wanted: impl Fn(Kind) -> bool) -> Vec<Var> {
        self.vars.iter().filter(|var| wanted(var.kind)).cloned().collect()
    }

    /// One of these, which are not none.
    pub fn choose(&mut self, from: &[Var]) -> Var {
        from[self.dice.below(from.len())].clone()
    }
}

fn conditional(a: &Expr, c: &Expr, b: &Expr) -> Expr {
    let text = format!("{} if {} else {}", a.at(level::OR), c.at(level::OR), b.at(level::CONDITIONAL));
    Expr::new(text, level::CONDITIONAL, a.bound.max(b.bound))
}
