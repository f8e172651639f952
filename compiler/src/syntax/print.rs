//! The tree as S-expressions: what precedence and blocks came to, for tests and for looking at.
//!
//! Expressions and types print on one line; a block prints its statements indented, one a line.

use super::ast::*;
use std::fmt::{self, Display, Formatter, Result};

/// Prints each item with a blank before it.
fn each<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> Result {
    items.iter().try_for_each(|item| write!(f, " {item}"))
}

/// Prints items with commas between.
fn listed<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> Result {
    items.iter().enumerate().try_for_each(|(at, item)| write!(f, "{}{item}", if at == 0 { "" } else { ", " }))
}

fn optional<T: Display>(f: &mut Formatter<'_>, before: &str, item: Option<&T>) -> Result {
    item.map_or(Ok(()), |item| write!(f, "{before}{item}"))
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&self.text)
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{:?}", self.text)
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            ExprKind::Name(name) => f.write_str(name),
            ExprKind::Int(value) => write!(f, "{value}"),
            ExprKind::Decimal(value) => f.write_str(&value.text),
            ExprKind::Bool(value) => f.write_str(if *value { "True" } else { "False" }),
            ExprKind::None => f.write_str("None"),
            ExprKind::Str(text) => write!(f, "{text:?}"),
            ExprKind::FString(pieces) => list(f, "f", pieces),
            ExprKind::List(items) => list(f, "list", items),
            ExprKind::Tuple(items) => list(f, "tuple", items),
            ExprKind::Star(value) => write!(f, "(* {value})"),
            ExprKind::Comprehension { element, clauses, form } => {
                let form = match form {
                    ComprehensionForm::List => "each",
                    ComprehensionForm::Generator => "generate",
                };
                list(f, &format!("{form} {element}"), clauses)
            }
            ExprKind::Call { function, args } => list(f, &format!("call {function}"), args),
            ExprKind::Index { base, items } => list(f, &format!("index {base}"), items),
            ExprKind::Attribute { base, name } => write!(f, "(. {base} {name})"),
            ExprKind::Unary { op, operand } => write!(f, "({op} {operand})"),
            ExprKind::Binary { op, left, right, .. } => write!(f, "({op} {left} {right})"),
            ExprKind::Bools { op, left, right } => write!(f, "({op} {left} {right})"),
            ExprKind::Compare { first, rest } => {
                write!(f, "(compare {first}")?;
                rest.iter().try_for_each(|(op, _, operand)| write!(f, " {op} {operand}"))?;
                f.write_str(")")
            }
            ExprKind::Conditional { test, then, otherwise } => write!(f, "(if {test} {then} {otherwise})"),
            ExprKind::Error => f.write_str("(error)"),
        }
    }
}

fn list<T: Display>(f: &mut Formatter<'_>, head: &str, items: &[T]) -> Result {
    write!(f, "({head}")?;
    each(f, items)?;
    f.write_str(")")
}

impl Display for FPiece {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            FPiece::Text(text) => write!(f, "{text:?}"),
            FPiece::Value { value, label, repr, spec } => {
                f.write_str("{")?;
                label.as_ref().map_or(Ok(()), |label| write!(f, "{label:?} "))?;
                write!(f, "{value}{}", if *repr { " !r" } else { "" })?;
                optional(f, " :", spec.as_ref())?;
                f.write_str("}")
            }
        }
    }
}

impl Display for Clause {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "(for {} {}", self.target, self.iter)?;
        self.conditions.iter().try_for_each(|condition| write!(f, " (if {condition})"))?;
        f.write_str(")")
    }
}

impl Display for Arg {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            ArgKind::Positional => write!(f, "{}", self.value),
            ArgKind::Keyword(name) => write!(f, "{name}={}", self.value),
            ArgKind::Star => write!(f, "*{}", self.value),
        }
    }
}

impl Display for Subscript {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            SubscriptKind::Index(index) => write!(f, "{index}"),
            SubscriptKind::Slice { start, stop, step } => {
                optional(f, "", start.as_ref())?;
                f.write_str(":")?;
                optional(f, "", stop.as_ref())?;
                optional(f, ":", step.as_ref())
            }
            SubscriptKind::Ellipsis => f.write_str("..."),
            SubscriptKind::NewAxis => f.write_str("newaxis"),
        }
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            TargetKind::Name(name) => write!(f, "{name}"),
            TargetKind::Tuple(items) => list(f, "tuple", items),
            TargetKind::Star(inner) => write!(f, "(* {inner})"),
            TargetKind::Index { base, items } => list(f, &format!("index {base}"), items),
            TargetKind::Attribute { base, name } => write!(f, "(. {base} {name})"),
            TargetKind::Error => f.write_str("(error)"),
        }
    }
}

impl Display for TypeExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            TypeKind::Named { module, name, dims } => {
                module.as_ref().map_or(Ok(()), |module| write!(f, "{module}."))?;
                write!(f, "{name}")?;
                dims.as_ref().map_or(Ok(()), |dims| bracketed(f, dims))
            }
            TypeKind::List(None) => f.write_str("list"),
            TypeKind::List(Some(element)) => write!(f, "list[{element}]"),
            TypeKind::Tuple(None) => f.write_str("tuple"),
            TypeKind::Tuple(Some(elements)) => {
                f.write_str("tuple")?;
                bracketed(f, elements)
            }
            TypeKind::None => f.write_str("None"),
            TypeKind::Error => f.write_str("(error)"),
        }
    }
}

fn bracketed<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> Result {
    f.write_str("[")?;
    listed(f, items)?;
    f.write_str("]")
}

impl Display for Dim {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            DimKind::Int(value) => write!(f, "{value}"),
            DimKind::Name(name) => f.write_str(name),
            DimKind::Any => f.write_str("_"),
            DimKind::Binary { op, left, right } => write!(f, "({} {left} {right})", op.text()),
            DimKind::Error => f.write_str("(error)"),
        }
    }
}

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(text) = &self.docstring {
            writeln!(f, "(doc {text})")?;
        }
        self.body.iter().try_for_each(|statement| statement.print(f, 0))
    }
}

impl Display for Stmt {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.print(f, 0)
    }
}

/// A line at a depth.
fn line(f: &mut Formatter<'_>, depth: usize, text: fmt::Arguments<'_>) -> Result {
    writeln!(f, "{:width$}{text}", "", width = 2 * depth)
}

fn block(f: &mut Formatter<'_>, depth: usize, head: fmt::Arguments<'_>, body: &[Stmt]) -> Result {
    line(f, depth, head)?;
    body.iter().try_for_each(|statement| statement.print(f, depth + 1))
}

/// A block that prints nothing where there is none.
fn clause(f: &mut Formatter<'_>, depth: usize, head: &str, body: &[Stmt]) -> Result {
    if body.is_empty() { Ok(()) } else { block(f, depth, format_args!("{head}"), body) }
}

impl Stmt {
    fn print(&self, f: &mut Formatter<'_>, depth: usize) -> Result {
        match &self.kind {
            StmtKind::If(parts) => {
                let arms = parts.arms.iter().enumerate();
                arms.map(|(at, arm)| (if at == 0 { "if" } else { "elif" }, arm))
                    .try_for_each(|(word, arm)| block(f, depth, format_args!("({word} {})", arm.test), &arm.body))?;
                clause(f, depth, "(else)", &parts.otherwise)
            }
            StmtKind::For { target, iter, body, otherwise } => {
                block(f, depth, format_args!("(for {target} {iter})"), body)?;
                clause(f, depth, "(else)", otherwise)
            }
            StmtKind::While { test, body, otherwise } => {
                block(f, depth, format_args!("(while {test})"), body)?;
                clause(f, depth, "(else)", otherwise)
            }
            StmtKind::Function(function) => function.print(f, depth),
            StmtKind::Class(class) => class.print(f, depth),
            StmtKind::Try(parts) => {
                block(f, depth, format_args!("(try)"), &parts.body)?;
                for handler in &parts.handlers {
                    block(f, depth, format_args!("{}", fmt::from_fn(|f| handler.head(f))), &handler.body)?;
                }
                clause(f, depth, "(else)", &parts.otherwise)?;
                clause(f, depth, "(finally)", &parts.finally)
            }
            kind => line(f, depth, format_args!("({})", fmt::from_fn(|f| kind.simple(f)))),
        }
    }
}

impl StmtKind {
    /// A statement of one line, without its parentheses.
    fn simple(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            StmtKind::Role(roles) => {
                f.write_str("role")?;
                roles.iter().try_for_each(|role| indexed(f, &role.name, role.count.as_ref()))
            }
            StmtKind::Input(port) => port.print(f),
            StmtKind::Output(port) => port.print(f),
            StmtKind::Precision(precision) => {
                write!(f, "precision {}", precision.of)?;
                precision.settings.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
            }
            StmtKind::Expr(value) => write!(f, "do {value}"),
            StmtKind::Assign(assign) => {
                f.write_str("=")?;
                each(f, &assign.targets)?;
                optional(f, " : ", assign.annotation.as_ref())?;
                write!(f, " {}", assign.value)
            }
            StmtKind::Declare { target, annotation } => write!(f, ": {target} {annotation}"),
            StmtKind::AugAssign { target, op, value } => write!(f, "{op}= {target} {value}"),
            StmtKind::Break => f.write_str("break"),
            StmtKind::Continue => f.write_str("continue"),
            StmtKind::Pass => f.write_str("pass"),
            StmtKind::Return(value) => {
                f.write_str("return")?;
                optional(f, " ", value.as_ref())
            }
            StmtKind::Assert { test, message } => {
                write!(f, "assert {test}")?;
                optional(f, " ", message.as_ref())
            }
            StmtKind::Import(items) => {
                f.write_str("import")?;
                items.iter().try_for_each(|item| aliased(f, &item.path, item.alias.as_ref()))
            }
            StmtKind::FromImport(import) => {
                write!(f, "from {}", import.path)?;
                match &import.names {
                    ImportNames::All(_) => f.write_str(" *"),
                    ImportNames::Names(names) => {
                        names.iter().try_for_each(|(name, alias)| aliased(f, name, alias.as_ref()))
                    }
                }
            }
            StmtKind::Raise { value, cause } => {
                f.write_str("raise")?;
                optional(f, " ", value.as_ref())?;
                optional(f, " from ", cause.as_ref())
            }
            StmtKind::Error => f.write_str("error"),
            StmtKind::If(_) | StmtKind::For { .. } | StmtKind::While { .. } => Ok(()),
            StmtKind::Function(_) | StmtKind::Class(_) | StmtKind::Try(_) => Ok(()),
        }
    }
}

fn indexed(f: &mut Formatter<'_>, name: &Name, index: Option<&Dim>) -> Result {
    write!(f, " {name}")?;
    index.map_or(Ok(()), |index| write!(f, "[{index}]"))
}

fn aliased<T: Display>(f: &mut Formatter<'_>, what: &T, alias: Option<&Name>) -> Result {
    write!(f, " {what}")?;
    optional(f, " as ", alias)
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let parts: Vec<&str> = self.parts.iter().map(|part| part.text.as_str()).collect();
        write!(f, "{}{}", ".".repeat(self.level), parts.join("."))
    }
}

impl InputPort {
    fn print(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "input {} {}", self.name, self.ty)?;
        self.range.as_ref().map_or(Ok(()), |(low, high)| write!(f, " in {low} {high}"))?;
        if let Some(role) = &self.from {
            f.write_str(" from")?;
            indexed(f, &role.name, role.index.as_ref())?;
        }
        optional(f, " = ", self.default.as_ref())?;
        optional(f, " why ", self.why.as_ref())
    }
}

impl OutputPort {
    fn print(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "output {} {} to", self.name, self.ty)?;
        match &self.to {
            Recipients::All(_) => f.write_str(" all"),
            Recipients::Roles(roles) => roles.iter().try_for_each(|role| indexed(f, &role.name, role.index.as_ref())),
        }?;
        optional(f, " why ", self.why.as_ref())
    }
}

impl Handler {
    fn head(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("(except")?;
        each(f, &self.types)?;
        optional(f, " as ", self.name.as_ref())?;
        f.write_str(")")
    }
}

impl Display for Param {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let before = match self.kind {
            ParamKind::Plain => "",
            ParamKind::KeywordOnly => "/",
            ParamKind::Rest => "*",
        };
        write!(f, "{before}{}", self.name)?;
        optional(f, ":", self.annotation.as_ref())?;
        optional(f, "=", self.default.as_ref())
    }
}

impl FunctionDef {
    fn print(&self, f: &mut Formatter<'_>, depth: usize) -> Result {
        self.decorators.iter().try_for_each(|decorator| line(f, depth, format_args!("(@ {decorator})")))?;
        let head = fmt::from_fn(|f| {
            write!(f, "(def {} (", self.name)?;
            listed(f, &self.params)?;
            f.write_str(")")?;
            optional(f, " -> ", self.returns.as_ref())?;
            f.write_str(")")
        });
        line(f, depth, format_args!("{head}"))?;
        self.docstring.as_ref().map_or(Ok(()), |text| line(f, depth + 1, format_args!("(doc {text})")))?;
        self.body.iter().try_for_each(|statement| statement.print(f, depth + 1))
    }
}

impl ClassDef {
    fn print(&self, f: &mut Formatter<'_>, depth: usize) -> Result {
        self.decorators.iter().try_for_each(|decorator| line(f, depth, format_args!("(@ {decorator})")))?;
        let head = fmt::from_fn(|f| {
            write!(f, "(class {}", self.name)?;
            each(f, &self.shape)?;
            optional(f, " : ", self.base.as_ref())?;
            f.write_str(")")
        });
        line(f, depth, format_args!("{head}"))?;
        self.docstring.as_ref().map_or(Ok(()), |text| line(f, depth + 1, format_args!("(doc {text})")))?;
        for field in &self.fields {
            let default = fmt::from_fn(|f| optional(f, " = ", field.default.as_ref()));
            line(f, depth + 1, format_args!("(field {} {}{default})", field.name, field.ty))?;
        }
        for constant in &self.constants {
            line(f, depth + 1, format_args!("(constant {} {})", constant.name, constant.value))?;
        }
        self.methods.iter().try_for_each(|method| method.function.print(f, depth + 1))
    }
}
