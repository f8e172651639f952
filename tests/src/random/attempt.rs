//! Random `try` statements.

use super::program::{Generator, Kind, Stmt};

/// The program's own exceptions, each with what it derives from.
const OWN: [(&str, &str); 3] = [("E1", "Exception"), ("E2", "ValueError"), ("E3", "E2")];

/// What a handler may name, and whether its message is one of the program's own.
const CAUGHT: [(&str, bool); 10] = [
    ("E1", true),
    ("E2", true),
    ("E3", true),
    ("ValueError", false),
    ("ZeroDivisionError", false),
    ("ArithmeticError", false),
    ("IndexError", false),
    ("LookupError", false),
    ("(IndexError, E1)", false),
    ("(E3, ZeroDivisionError)", false),
];

/// The definitions of the program's own exceptions.
pub fn definitions() -> Vec<Stmt> {
    let body = || vec![Stmt::Line("pass".into())];
    OWN.iter().map(|(name, base)| Stmt::Block(vec![(format!("class {name}({base}):"), body())])).collect()
}

impl Generator {
    /// `try` with some of `except`, `else` and `finally`. Where nothing may raise, it catches everything.
    pub fn attempt(&mut self, depth: u32, out: &mut Vec<Stmt>) {
        let before = (self.calm, self.turns);
        // A list must not grow on one way alone.
        self.turns = before.1.max(2);
        self.calm = false;
        let mut body = self.block(depth - 1);
        self.raise(&mut body);
        self.calm = before.0;
        let mut arms = vec![("try:".to_owned(), body)];
        let finally = !self.calm && self.dice.percent(35);
        let handlers = if finally && self.dice.percent(40) { 0 } else { self.dice.number(1..=3) };
        for _ in 0..handlers {
            let (class, own) = self.dice.pick(&CAUGHT);
            arms.push(self.handler(class, own, depth));
        }
        if self.calm || (handlers > 0 && self.dice.percent(25)) {
            let class = self.dice.pick(&["except Exception:", "except:"]);
            arms.push((class.to_owned(), self.block(depth - 1)));
        }
        if arms.len() > 1 && self.dice.percent(30) {
            arms.push(("else:".to_owned(), self.block(depth - 1)));
        }
        if finally || arms.len() == 1 {
            arms.push(("finally:".to_owned(), self.block(depth - 1)));
        }
        self.turns = before.1;
        out.push(Stmt::Block(arms));
    }

    fn handler(&mut self, class: &str, own: bool, depth: u32) -> (String, Vec<Stmt>) {
        let loud = self.arm == 0 && !self.inside;
        let name = (own && loud && self.dice.percent(60)).then(|| self.name("e"));
        let mut body = self.block(depth - 1);
        if let Some(name) = &name {
            body.insert(0, Stmt::Line(format!("print(\"caught\", {name}, f\"{{{name}}}\")")));
        }
        // What a secret decides may handle an exception, and raise none.
        if self.arm == 0 && !self.inside && self.dice.percent(15) {
            body.push(Stmt::Line("raise".into()));
        }
        let name = name.map_or_else(String::new, |name| format!(" as {name}"));
        (format!("except {class}{name}:"), body)
    }

    /// Something that raises where a public condition says so, at some place of the body.
    fn raise(&mut self, body: &mut Vec<Stmt>) {
        if self.dice.percent(25) {
            return;
        }
        let zero = self.seen(|kind| kind == Kind::Int);
        let line = match self.dice.below(3) {
            0 if self.arm == 0 && !self.inside => {
                let (class, _) = self.dice.pick(&OWN);
                let number = self.int(false, 1).text;
                let condition = self.truth(false, 2).text;
                let raise = Stmt::Line(format!("raise {class}(f\"{{{number}}} is wrong\")"));
                Stmt::Block(vec![(format!("if {condition}:"), vec![raise])])
            }
            1 if !zero.is_empty() => {
                let (divisor, modulus) = (self.choose(&zero).name, self.dice.number(1..=3));
                let name = self.name("q");
                Stmt::Line(format!("{name} = 100 // ({divisor} % {modulus})"))
            }
            _ => {
                let (number, name) = (self.int(false, 1).text, self.name("q"));
                Stmt::Line(format!("{name} = [5, 6][({number}) % 3]"))
            }
        };
        let at = self.dice.number(0..=body.len() as i64) as usize;
        body.insert(at, line);
    }
}
