//! Random loops over tensors: nests, prints, exceptions and what turns hand on, as people write them.

use super::program::{Generator, Kind, Stmt};

/// What a loop works on.
struct Names {
    a: String,
    b: String,
    c: String,
    sum: String,
    best: String,
    count: String,
    last: String,
    length: i64,
}

impl Generator {
    /// A loop over tensors, and what comes of it.
    pub fn nest(&mut self, out: &mut Vec<Stmt>) {
        if self.arm > 0 || self.inside || self.turns > 6 {
            return;
        }
        let length = self.dice.number(2..=4);
        let before = self.vars.clone();
        let mut tensor = |own: &mut Self| {
            own.declare(Kind::Tensor(length as usize), out);
            own.vars.last().map(|var| var.name.clone()).unwrap_or_default()
        };
        let (a, b, c) = (tensor(self), tensor(self), tensor(self));
        self.vars = before;
        let [sum, best, count, last] = ["s", "s", "a", "s"].map(|start| self.name(start));
        for (name, value) in [(&sum, "sint(0)"), (&best, "sint(-5)"), (&count, "0"), (&last, "sint(1)")] {
            out.push(Stmt::Line(format!("{name} = {value}")));
        }
        let names = Names { a, b, c, sum, best, count, last, length };
        let outside = i64::from(!self.calm && self.dice.percent(12));
        let i = self.name("i");
        let range = match self.dice.below(4) {
            0 => format!("range({}, -1, -1)", length - 1),
            1 => format!("range(1, {})", length + outside),
            _ => format!("range({})", length + outside),
        };
        let body = self.nest_turn(&names, &i, 2);
        let turns = Stmt::Block(vec![(format!("for {i} in {range}:"), body)]);
        if !self.calm && self.dice.percent(40) {
            let caught = vec![Stmt::Line(format!("print(\"caught\", {})", names.count))];
            let classes = self.dice.pick(&["IndexError", "ZeroDivisionError", "(IndexError, E1)", "Exception"]);
            out.push(Stmt::Block(vec![("try:".into(), vec![turns]), (format!("except {classes}:"), caught)]));
        } else {
            out.push(turns);
        }
        let Names { c, sum, best, count, last, .. } = &names;
        out.push(Stmt::Line(format!(
            "print({c}.reveal(), sint({sum}).reveal(), sint({best}).reveal(), {count}, sint({last}).reveal())"
        )));
    }

    fn nest_turn(&mut self, names: &Names, i: &str, depth: u32) -> Vec<Stmt> {
        let mut out = Vec::new();
        for _ in 0..self.dice.number(1..=4) {
            self.nest_step(names, i, depth, &mut out);
        }
        out
    }

    fn nest_step(&mut self, names: &Names, i: &str, depth: u32, out: &mut Vec<Stmt>) {
        let Names { a, b, c, sum, best, count, last, length } = names;
        let value = self.nest_value(names, i);
        let line = match self.dice.below(if depth == 0 { 8 } else { 14 }) {
            0 | 1 => format!("{c}[{i}] = {value}"),
            2 => format!("{sum} += {value}"),
            3 => format!("{best} = max({best}, {value})"),
            4 => format!("{count} += {}", self.dice.pick(&["1", "2"])),
            5 => format!("print({i}, {count}, sint({value}).reveal())"),
            6 => format!("{last} = {a}[{i}] * 2 - {last}"),
            7 => format!("{last} = ({last} * {a}[{i}] + {i}) % 1009"),
            8 => {
                let condition = self.dice.pick(&["% 2 == 0", "> 0", "!= 1", "< 1"]);
                let mut arms = vec![(format!("if {i} {condition}:"), self.nest_turn(names, i, depth - 1))];
                if self.dice.percent(30) {
                    arms.push(("else:".into(), self.nest_turn(names, i, depth - 1)));
                }
                return out.push(Stmt::Block(arms));
            }
            9 => {
                let arm = vec![Stmt::Line(format!("{c}[{i}] = {value}")), Stmt::Line(format!("{sum} += {a}[{i}]"))];
                return out.push(Stmt::Block(vec![(format!("if {a}[{i}] > {b}[{i}]:"), arm)]));
            }
            10 | 11 => {
                let j = self.name("j");
                let range = match self.dice.below(4) {
                    0 => format!("range({length})"),
                    1 => format!("range({i})"),
                    2 => format!("range({i} + 1, {length})"),
                    _ => "range(2)".into(),
                };
                let mut body = vec![Stmt::Line(match self.dice.below(4) {
                    0 => format!("{sum} += {a}[{i}] * {b}[{j}]"),
                    1 => format!("{c}[{i}] += {a}[{j}]"),
                    2 => format!("{best} = max({best}, {a}[{i}] - {b}[{j}])"),
                    _ => format!("{sum} += {a}[{i}] < {b}[{j}]"),
                })];
                if self.dice.percent(30) {
                    self.nest_step(names, &j, 0, &mut body);
                }
                return out.push(Stmt::Block(vec![(format!("for {j} in {range}:"), body)]));
            }
            12 if !self.calm => format!("{sum} += {a}[{i}] * (60 // ({i} - {}))", self.dice.number(0..=4)),
            13 if !self.calm => {
                let turn = self.dice.number(0..=5);
                let raise = vec![Stmt::Line("raise E1(\"odd\")".into())];
                return out.push(Stmt::Block(vec![(format!("if {i} == {turn}:"), raise)]));
            }
            _ => format!("{c}[{i}] = {c}[{i}] + {value}"),
        };
        out.push(Stmt::Line(line));
    }

    /// A secret of a turn.
    fn nest_value(&mut self, names: &Names, i: &str) -> String {
        let Names { a, b, c, count, last, .. } = names;
        match self.dice.below(6) {
            0 | 1 => format!("{a}[{i}] * {b}[{i}]"),
            2 => format!("{a}[{i}] * 2 - {b}[{i}]"),
            3 => format!("({a}[{i}] > {b}[{i}]) * {a}[{i}]"),
            4 => format!("{a}[{i}] + {count}"),
            _ => format!("({c}[{i}] + {last}) % 1013"),
        }
    }
}
