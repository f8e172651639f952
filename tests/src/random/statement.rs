//! Random statements.

use super::expression::Expr;
use super::program::{Generator, Kind, PUBLIC, SECRET, Stmt, Var};

/// How often the innermost statements may run in all.
const TURNS: i64 = 60;

impl Generator {
    /// One statement, and what it needs before it.
    pub fn statement(&mut self, depth: u32, out: &mut Vec<Stmt>) {
        match self.dice.below(if depth == 0 { 15 } else { 29 }) {
            0..=2 => {
                let kind = self.kind();
                self.declare(kind, out);
            }
            3..=6 => self.assign(out),
            7 => self.augment(out),
            8 => self.exchange(out),
            9..=10 => self.element(out),
            11..=12 => self.print(out),
            13 => self.leave(out),
            14 => self.grow(out),
            15..=18 => self.branch(depth, out),
            19..=20 => self.count(depth, out),
            21 => self.while_loop(depth, out),
            22..=24 => self.attempt(depth, out),
            25 => self.each(depth, out),
            _ => self.nest(out),
        }
    }

    fn kind(&mut self) -> Kind {
        let length = self.dice.number(1..=5) as usize;
        match self.dice.below(10) {
            0..=2 => Kind::Int,
            3..=5 => Kind::Secret,
            6 => self.dice.pick(&[Kind::Bool, Kind::SecretBool]),
            7 => Kind::List(if self.dice.percent(10) { 0 } else { length }),
            8 => Kind::SecretList(length),
            _ => Kind::Tensor(length),
        }
    }

    /// A value of a kind.
    fn value(&mut self, kind: Kind, bound: u128) -> String {
        let elements = |own: &mut Self, length: usize, secret: bool| {
            let all: Vec<String> = (0..length)
                .map(|_| {
                    let e = own.int(secret, 1);
                    own.within(e, bound).text
                })
                .collect();
            format!("[{}]", all.join(", "))
        };
        match kind {
            Kind::Int | Kind::Secret => {
                let e = self.int(kind == Kind::Secret, 3);
                self.within(e, bound).text
            }
            Kind::Bool | Kind::SecretBool => self.truth(kind == Kind::SecretBool, 3).text,
            Kind::List(length) => elements(self, length, false),
            Kind::SecretList(length) => elements(self, length, true),
            Kind::Tensor(length) => self.tensor(length, bound, &elements),
        }
    }

    /// A vector: of elements, or from another.
    fn tensor(&mut self, length: usize, bound: u128, elements: &dyn Fn(&mut Self, usize, bool) -> String) -> String {
        let others = self.seen(|kind| kind == Kind::Tensor(length));
        if others.is_empty() || self.dice.percent(30) {
            return format!("sint({})", elements(self, length, false));
        }
        let (a, b) = (self.choose(&others).name, self.choose(&others).name);
        let e = self.int(true, 1);
        let e = self.within(e, SECRET).text;
        let divisor = self.dice.number(2..=9) * self.dice.pick(&[1, -1]);
        let text = match self.dice.below(9) {
            0 => format!("{a} + {b}"),
            1 => format!("{a} - ({e})"),
            2 => format!("{a} * {b}"),
            3 => format!("({e}) * {a}"),
            4 => format!("-{a}"),
            5 => format!("abs({a})"),
            6 => format!("{a} // {divisor}"),
            7 => format!("where({a} > {b}, {a} + {divisor}, {b})"),
            _ => format!("{a}[::-1]"),
        };
        let modulus = self.dice.number(2..=bound as i64);
        format!("({text}) % {modulus}")
    }

    /// A new variable.
    pub fn declare(&mut self, kind: Kind, out: &mut Vec<Stmt>) {
        let bound = if kind.is_secret() { SECRET } else { PUBLIC };
        let bound = if matches!(kind, Kind::Bool | Kind::SecretBool) { 1 } else { bound };
        let value = match kind {
            Kind::List(length) | Kind::SecretList(length) if length > 0 && self.dice.percent(25) => {
                self.comprehension(length, kind.is_secret(), bound)
            }
            _ => self.value(kind, bound),
        };
        let start = match kind {
            Kind::Int => "a",
            Kind::Secret => "s",
            Kind::Bool => "b",
            Kind::SecretBool => "c",
            Kind::List(_) => "xs",
            Kind::SecretList(_) => "ys",
            Kind::Tensor(_) => "t",
        };
        let name = self.name(start);
        out.push(Stmt::Line(format!("{name} = {value}")));
        self.define(&name, kind, bound);
    }

    fn comprehension(&mut self, length: usize, secret: bool, bound: u128) -> String {
        let known = self.vars.clone();
        let name = self.name("v");
        self.define(&name, Kind::Int, 8);
        let e = self.int(secret, 2);
        let e = self.within(e, bound);
        self.vars = known;
        format!("[{} for {name} in range({length})]", e.text)
    }

    /// Variables that may be assigned here.
    fn free(&self, wanted: impl Fn(Kind) -> bool) -> Vec<Var> {
        let free = |var: &&Var| var.free && wanted(var.kind) && (var.kind.is_secret() || var.arm == self.arm);
        self.vars.iter().filter(free).cloned().collect()
    }

    fn assign(&mut self, out: &mut Vec<Stmt>) {
        let free = self.free(|_| true);
        if free.is_empty() {
            return;
        }
        let var = self.choose(&free);
        let value = self.value(var.kind, var.bound);
        out.push(Stmt::Line(format!("{} = {value}", var.name)));
    }

    fn augment(&mut self, out: &mut Vec<Stmt>) {
        let free = self.free(|kind| matches!(kind, Kind::Int | Kind::Secret));
        if free.is_empty() {
            return;
        }
        let var = self.choose(&free);
        let secret = var.kind == Kind::Secret;
        let (operator, e) = match self.dice.below(4) {
            0 => (self.dice.pick(&["+=", "-="]), self.int(secret, 2)),
            1 => ("*=", Expr::literal(self.dice.number(-50..=50))),
            2 => (self.dice.pick(&["//=", "%=", "//="]), Expr::literal(self.dice.pick(&[2, 3, -3, 7, 10, -1]))),
            _ => (self.dice.pick(&[">>=", "<<="]), Expr::literal(self.dice.number(0..=4))),
        };
        let e = self.within(e, 1 << 50);
        out.push(Stmt::Line(format!("{} {operator} {}", var.name, e.text)));
        let modulus = self.dice.number(100..=var.bound as i64);
        out.push(Stmt::Line(format!("{} %= {modulus}", var.name)));
    }

    /// Two variables at once.
    fn exchange(&mut self, out: &mut Vec<Stmt>) {
        let kind = self.dice.pick(&[Kind::Int, Kind::Secret]);
        let free = self.free(|own| own == kind);
        if free.len() < 2 {
            return;
        }
        let (a, b) = (self.choose(&free), self.choose(&free));
        if a.name == b.name {
            return;
        }
        let (first, second) = if a.bound == b.bound && self.dice.percent(50) {
            (b.name.clone(), a.name.clone())
        } else {
            (self.value(kind, a.bound), self.value(kind, b.bound))
        };
        out.push(Stmt::Line(format!("{}, {} = {first}, {second}", a.name, b.name)));
    }

    /// Elements of a list.
    fn element(&mut self, out: &mut Vec<Stmt>) {
        let free = self.free(|kind| kind.length() > 0);
        if free.is_empty() {
            return;
        }
        let var = self.choose(&free);
        let (length, secret) = (var.kind.length(), var.kind.is_secret());
        let (i, j) = (self.position(length, false, 2), self.position(length, false, 2));
        let name = &var.name;
        let e = self.int(secret, 3);
        let e = self.within(e, var.bound).text;
        out.push(Stmt::Line(match self.dice.below(3) {
            0 => format!("{name}[{i}], {name}[{j}] = {name}[{j}], {name}[{i}]"),
            1 => format!("{name}[{i}], {name}[{j}] = {e}, {name}[{i}]"),
            _ => format!("{name}[{i}] = {e}"),
        }));
    }

    fn print(&mut self, out: &mut Vec<Stmt>) {
        if self.arm > 0 || self.inside {
            return;
        }
        let mut words = Vec::new();
        for _ in 0..self.dice.number(1..=3) {
            words.push(match self.dice.below(5) {
                0 => self.int(false, 3).text,
                1 => self.truth(false, 3).text,
                2 => format!("sint({}).reveal()", self.int(true, 4).text),
                3 => format!("sbool({}).reveal()", self.truth(true, 4).text),
                _ => self.sliced(),
            });
        }
        let text = if self.dice.percent(20) {
            format!("print(f\"{{{}}}\")", words.join("} {"))
        } else {
            format!("print({})", words.join(", "))
        };
        out.push(Stmt::Line(text));
        if self.dice.percent(4) && !self.calm {
            let truth = self.truth(false, 2).text;
            out.push(Stmt::Line(format!("assert {truth}")));
        }
    }

    fn sliced(&mut self) -> String {
        let lists = self.seen(|kind| matches!(kind, Kind::List(_)));
        if lists.is_empty() {
            return self.truth(false, 3).text;
        }
        let mut bound = || if self.dice.percent(30) { String::new() } else { self.dice.number(-7..=7).to_string() };
        let (start, stop) = (bound(), bound());
        let step = self.dice.pick(&["", ":", ":2", ":-1", ":-2", ":3"]);
        format!("{}[{start}:{stop}{step}]", self.choose(&lists).name)
    }

    /// `break`, `continue` or `return`, where a public condition says so.
    fn leave(&mut self, out: &mut Vec<Stmt>) {
        let word = match (self.loops > 0, self.inside && self.arm == 0) {
            (true, _) => self.dice.pick(&["break", "continue"]).to_owned(),
            (false, true) => {
                let e = self.int(false, 2);
                format!("return {}", self.within(e, SECRET).text)
            }
            (false, false) => return,
        };
        let condition = self.truth(false, 2).text;
        out.push(Stmt::Block(vec![(format!("if {condition}:"), vec![Stmt::Line(word)])]));
    }

    /// A list grows or shrinks, outside of loops and conditions.
    fn grow(&mut self, out: &mut Vec<Stmt>) {
        let lists = self.free(|kind| matches!(kind, Kind::List(_) | Kind::SecretList(_)));
        if lists.is_empty() || self.turns > 1 || self.arm > 0 || self.loops > 0 {
            return;
        }
        let var = self.choose(&lists);
        let (length, secret) = (var.kind.length(), var.kind.is_secret());
        let e = self.int(secret, 2);
        let e = self.within(e, var.bound).text;
        let (text, length) = match self.dice.below(4) {
            0 if length > 1 => (format!("{}.pop()", var.name), length - 1),
            1 => (format!("{}.extend([{e}, 0])", var.name), length + 2),
            2 => (format!("{} += [{e}]", var.name), length + 1),
            _ => (format!("{}.append({e})", var.name), length + 1),
        };
        out.push(Stmt::Line(text));
        let kind = if secret { Kind::SecretList(length) } else { Kind::List(length) };
        self.vars.iter_mut().filter(|own| own.name == var.name).for_each(|own| own.kind = kind);
    }

    fn branch(&mut self, depth: u32, out: &mut Vec<Stmt>) {
        let secret = self.dice.percent(55);
        let before = (self.arm, self.calm, self.loops, self.turns);
        let mut arms = Vec::new();
        let mut head = "if";
        for _ in 0..self.dice.number(1..=3) {
            let condition = self.truth(secret, 3).text;
            if secret {
                (self.arm, self.calm, self.loops) = (before.0 + 1, true, 0);
            }
            // A list must not grow in one arm alone.
            self.turns = before.3.max(2);
            arms.push((format!("{head} {condition}:"), self.block(depth - 1)));
            head = "elif";
        }
        if self.dice.percent(60) {
            arms.push(("else:".into(), self.block(depth - 1)));
        }
        (self.arm, self.calm, self.loops, self.turns) = before;
        out.push(Stmt::Block(arms));
    }

    fn count(&mut self, depth: u32, out: &mut Vec<Stmt>) {
        let name = self.name("i");
        let (range, turns, bound) = self.range();
        let before = self.vars.len();
        let known = self.dice.percent(50);
        if known {
            out.push(Stmt::Line(format!("{name} = {}", self.dice.number(-9..=9))));
            self.define(&name, Kind::Int, 1000);
        }
        let Some(body) = self.repeated(turns, |own| {
            if !known {
                own.define(&name, Kind::Int, bound.max(1000));
            }
            own.block(depth - 1)
        }) else {
            return;
        };
        if !known {
            self.vars.truncate(before);
        }
        out.push(Stmt::Block(vec![(format!("for {name} in {range}:"), body)]));
    }

    /// A range, how long it can be, and how large its numbers.
    fn range(&mut self) -> (String, i64, u128) {
        match self.dice.below(5) {
            0 => {
                let e = self.int(false, 2);
                let e = self.within(e, PUBLIC);
                let most = self.dice.number(1..=6);
                (format!("range(abs({}) % {most})", e.text), most - 1, 6)
            }
            1 => {
                let n = self.dice.number(0..=6);
                (format!("range({n})"), n, 6)
            }
            2 => (
                self.dice.pick(&["range(3, -3, -2)", "range(5, 0, -1)", "range(0, 5, -1)", "range(-2, 2)"]).into(),
                5,
                6,
            ),
            _ => {
                let (start, stop) = (self.dice.number(-20..=20), self.dice.number(-20..=20));
                let step = self.dice.number(4..=9) * if start > stop { -1 } else { 1 };
                (format!("range({start}, {stop}, {step})"), 10, 20)
            }
        }
    }

    /// The body of a loop of so many turns; none where that would be too many in all.
    fn repeated(&mut self, turns: i64, make: impl FnOnce(&mut Self) -> Vec<Stmt>) -> Option<Vec<Stmt>> {
        if self.turns * turns.max(2) > TURNS {
            return None;
        }
        let before = (self.turns, self.loops);
        (self.turns, self.loops) = (self.turns * turns.max(2), self.loops + 1);
        let body = make(self);
        (self.turns, self.loops) = before;
        Some(body)
    }

    fn while_loop(&mut self, depth: u32, out: &mut Vec<Stmt>) {
        let name = self.name("k");
        let most = self.dice.number(1..=6);
        let e = self.int(false, 1);
        out.push(Stmt::Line(format!("{name} = abs({}) % {most} + 1", e.text)));
        let before = self.vars.len();
        self.define(&name, Kind::Int, 8);
        self.vars[before].free = false;
        let condition = if self.dice.percent(40) { format!(" and {}", self.conjunct()) } else { String::new() };
        let Some(mut body) = self.repeated(most, |own| own.block(depth - 1)) else { return };
        body.insert(0, Stmt::Line(format!("{name} -= 1")));
        out.push(Stmt::Block(vec![(format!("while {name} > 0{condition}:"), body)]));
    }

    fn conjunct(&mut self) -> String {
        self.truth(false, 2).at(super::expression::level::NOT)
    }

    /// A loop over lists.
    fn each(&mut self, depth: u32, out: &mut Vec<Stmt>) {
        let lists = self.seen(|kind| kind.length() > 0);
        if lists.is_empty() {
            return;
        }
        let (a, b) = (self.choose(&lists), self.choose(&lists));
        let (x, y) = (self.name("x"), self.name("y"));
        let element = |var: &Var| if var.kind.is_secret() { Kind::Secret } else { Kind::Int };
        let (head, second) = match self.dice.below(4) {
            0 => (format!("for {y}, {x} in enumerate({}):", a.name), Some((Kind::Int, 9))),
            1 => (format!("for {x}, {y} in zip({}, {}):", a.name, b.name), Some((element(&b), b.bound))),
            2 => (format!("for {x} in reversed({}):", a.name), None),
            _ => (format!("for {x} in {}:", a.name), None),
        };
        let known = self.vars.clone();
        // What is looped over keeps its elements: Python would see them change.
        self.vars.iter_mut().filter(|var| var.name == a.name || var.name == b.name).for_each(|var| var.free = false);
        let body = self.repeated(a.kind.length() as i64, |own| {
            own.define(&x, element(&a), a.bound);
            if let Some((kind, bound)) = second {
                own.define(&y, kind, bound);
            }
            own.block(depth - 1)
        });
        self.vars = known;
        out.extend(body.map(|body| Stmt::Block(vec![(head, body)])));
    }
}
