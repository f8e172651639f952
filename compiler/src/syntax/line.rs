//! What the grammar makes of one logical line: the drafts it hands up, and how nodes are made from them.
//!
//! The grammar is loose where a rule of its own would only give a worse message; what it lets through is
//! checked here.

use super::ast::*;
use super::layout::too_deep;
use super::lexer::Token;
use super::literal::Fragment;
use super::op::{BinaryOp, BoolOp, UnaryOp};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use lalrpop_util::{ErrorRecovery, ParseError};
use std::collections::HashMap;

/// What a line is.
#[derive(Debug)]
pub(super) enum LineTree {
    /// Statements with `;` between them.
    Simple(Vec<Stmt>),
    /// The head of a block, its colon, and the statements after it on the same line.
    Header(Header, Span, Option<Vec<Stmt>>),
    /// `@decorator`
    Decorator(Expr),
    /// Not a line: an expression of an f-string.
    Value(Expr),
}

/// The head of a block.
#[derive(Debug)]
pub(super) enum Header {
    If(Expr),
    Elif(Expr),
    Else,
    While(Expr),
    For(Target, Expr),
    Def {
        name: Name,
        params: Vec<Param>,
        returns: Option<TypeExpr>,
    },
    Class {
        name: Name,
        shape: Vec<Name>,
        base: Option<TypeExpr>,
    },
    Try,
    Except(Vec<TypeExpr>, Option<Name>),
    Finally,
    /// A head that could not be parsed; it has been reported.
    Error,
}

/// An argument as it is written.
#[derive(Debug)]
pub(super) enum ArgDraft {
    Positional(Expr),
    Keyword(Name, Expr),
    Star(Expr),
    DoubleStar(Expr),
    Generator(Expr, Vec<Clause>),
}

/// A parameter as it is written.
#[derive(Debug)]
pub(super) enum ParamDraft {
    Named { name: Name, annotation: Option<Expr>, default: Option<Expr> },
    Rest { name: Name, annotation: Option<Expr> },
    Star,
    Keywords,
    Slash,
}

/// What may follow the type of a port.
#[derive(Debug)]
pub(super) enum PortClause {
    Range(Expr, Expr),
    From(RoleRef),
    Default(Expr),
    To(Vec<RoleRef>),
    Why(Text),
}

/// One of several texts side by side.
#[derive(Debug)]
pub(super) enum TextPart {
    Plain(String),
    Formatted(Vec<Fragment>),
}

/// How the parser says what it did not understand.
pub(super) type Misfit = ParseError<u32, Token, ()>;

/// What the grammar's actions write to.
pub(super) struct Context<'t> {
    pub file: FileId,
    pub text: &'t str,
    /// What is wrong, but for what the parser itself did not understand.
    pub found: Vec<Diagnostic>,
    /// What the parser did not understand and stepped over.
    pub misfits: Vec<Misfit>,
    too_deep: bool,
}

impl<'t> Context<'t> {
    pub fn new(file: FileId, text: &'t str) -> Self {
        Context { file, text, found: Vec::new(), misfits: Vec::new(), too_deep: false }
    }

    pub fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end.max(start))
    }

    pub fn report(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        let found = Diagnostic::new(code, span, message);
        self.found.push(if help.is_empty() { found } else { found.help(help) });
    }

    pub fn recover(&mut self, recovery: ErrorRecovery<u32, Token, ()>) {
        self.misfits.push(recovery.error);
    }

    // ---- expressions

    /// A node, unless the tree gets too deep: then that is said once a line, and the part is left out.
    pub fn expr(&mut self, kind: ExprKind, start: u32, end: u32) -> Expr {
        let span = self.span(start, end);
        let expr = Expr::new(kind, span);
        if expr.depth() <= MAX_DEPTH {
            return expr;
        }
        if !self.too_deep {
            self.too_deep = true;
            self.found.push(too_deep(span));
        }
        Expr::new(ExprKind::Error, span)
    }

    pub fn bools(&mut self, op: BoolOp, left: Expr, right: Expr, start: u32, end: u32) -> Expr {
        self.expr(ExprKind::Bools { op, left: left.into(), right: right.into() }, start, end)
    }

    pub fn unary(&mut self, op: UnaryOp, operand: Expr, start: u32, end: u32) -> Expr {
        self.expr(ExprKind::Unary { op, operand: operand.into() }, start, end)
    }

    pub fn binary(&mut self, op: BinaryOp, op_span: Span, left: Expr, right: Expr, start: u32, end: u32) -> Expr {
        self.expr(ExprKind::Binary { op, op_span, left: left.into(), right: right.into() }, start, end)
    }

    /// Expressions with commas between: one without a comma is itself.
    pub fn items(&mut self, first: Expr, rest: Vec<Expr>, comma: bool, start: u32, end: u32) -> Expr {
        if rest.is_empty() && !comma {
            if matches!(first.kind, ExprKind::Star(_)) {
                self.report(Code::UnexpectedToken, first.span, "`*` unpacks into a list or tuple", "");
            }
            return first;
        }
        let mut items = vec![first];
        items.extend(rest);
        self.expr(ExprKind::Tuple(items), start, end)
    }

    /// Parentheses belong to a tuple; around anything else they only group.
    pub fn parenthesized(&mut self, mut inner: Expr, start: u32, end: u32) -> Expr {
        if matches!(inner.kind, ExprKind::Tuple(_)) {
            inner.span = self.span(start, end);
        }
        inner
    }

    pub fn comprehension(
        &mut self,
        element: Expr,
        clauses: Vec<Clause>,
        form: ComprehensionForm,
        start: u32,
        end: u32,
    ) -> Expr {
        self.expr(ExprKind::Comprehension { element: element.into(), clauses, form }, start, end)
    }

    pub fn bare_generator(&mut self, element: Expr, clauses: Vec<Clause>, start: u32, end: u32) -> Expr {
        let span = self.span(start, end);
        let message = "a generator can only be the single argument of a call";
        self.report(Code::BadArguments, span, message, "write `[…]` for a list");
        self.comprehension(element, clauses, ComprehensionForm::List, start, end)
    }

    pub fn call(&mut self, function: Expr, drafts: Vec<(Span, ArgDraft)>, start: u32, end: u32) -> Expr {
        let alone = drafts.len() == 1;
        let mut args: Vec<Arg> = Vec::with_capacity(drafts.len());
        let mut named = Named::default();
        for (span, draft) in drafts {
            let (kind, value) = match draft {
                ArgDraft::Positional(value) => (ArgKind::Positional, value),
                ArgDraft::Keyword(name, value) => (ArgKind::Keyword(name), value),
                ArgDraft::Star(value) => (ArgKind::Star, value),
                ArgDraft::DoubleStar(value) => {
                    let message = "arguments cannot be unpacked by name in this language";
                    self.report(Code::NotInLanguage, span, message, "name each argument: `name=value`");
                    (ArgKind::Positional, Expr::new(ExprKind::Error, value.span))
                }
                ArgDraft::Generator(element, clauses) if alone => {
                    let form = ComprehensionForm::Generator;
                    (ArgKind::Positional, self.comprehension(element, clauses, form, span.start, span.end))
                }
                ArgDraft::Generator(element, clauses) => {
                    (ArgKind::Positional, self.bare_generator(element, clauses, span.start, span.end))
                }
            };
            self.check_order(&mut named, &kind, span);
            args.push(Arg { kind, value, span });
        }
        self.expr(ExprKind::Call { function: function.into(), args }, start, end)
    }

    fn check_order(&mut self, named: &mut Named, kind: &ArgKind, span: Span) {
        match (kind, named.first) {
            (ArgKind::Keyword(name), _) => {
                if let Some(earlier) = named.add(&name.text, span) {
                    let message = format!("the argument `{}` is given twice", name.text);
                    self.found.push(Diagnostic::new(Code::BadArguments, span, message).note(earlier, "given here"));
                }
            }
            (ArgKind::Positional | ArgKind::Star, Some(first)) => {
                let message = "an argument without a name after one with a name";
                let found = Diagnostic::new(Code::BadArguments, span, message).note(first, "this one has a name");
                self.found.push(found.help("put arguments with names last"));
            }
            (ArgKind::Positional | ArgKind::Star, None) => {}
        }
    }

    pub fn index(&mut self, base: Expr, items: Vec<Subscript>, start: u32, end: u32) -> Expr {
        if items.is_empty() {
            let span = self.span(base.span.end.max(start), end);
            self.report(Code::UnexpectedToken, span, "there is no index between these brackets", "");
            return Expr::new(ExprKind::Error, self.span(start, end));
        }
        self.expr(ExprKind::Index { base: base.into(), items }, start, end)
    }

    pub fn subscript(index: Expr) -> SubscriptKind {
        match &index.kind {
            ExprKind::None => SubscriptKind::NewAxis,
            ExprKind::Name(name) if name == "newaxis" => SubscriptKind::NewAxis,
            _ => SubscriptKind::Index(index),
        }
    }

    pub fn slice(start: Option<Expr>, stop: Option<Expr>, step: Option<Expr>) -> SubscriptKind {
        SubscriptKind::Slice { start: start.map(Box::new), stop: stop.map(Box::new), step: step.map(Box::new) }
    }

    /// Texts side by side: an f-string if one of them is.
    pub fn texts(&mut self, parts: Vec<TextPart>, start: u32, end: u32) -> Expr {
        let plain = parts.iter().all(|part| matches!(part, TextPart::Plain(_)));
        let mut pieces: Vec<FPiece> = Vec::new();
        for part in parts {
            match part {
                TextPart::Plain(text) => add_text(&mut pieces, text),
                TextPart::Formatted(fragments) => {
                    fragments.into_iter().for_each(|fragment| self.fragment(fragment, &mut pieces));
                }
            }
        }
        let kind = match pieces.pop() {
            None if plain => ExprKind::Str(String::new()),
            Some(FPiece::Text(text)) if plain => ExprKind::Str(text),
            last => {
                pieces.extend(last);
                ExprKind::FString(pieces)
            }
        };
        self.expr(kind, start, end)
    }

    fn fragment(&mut self, fragment: Fragment, pieces: &mut Vec<FPiece>) {
        match fragment {
            Fragment::Text(text) => add_text(pieces, text),
            Fragment::Value { start, end, label, repr, spec } => {
                let (value, found) = super::value(self.file, self.text, start, end);
                self.found.extend(found);
                let spec = spec.map(|(text, start)| {
                    let span = self.span(start, start + text.len() as u32);
                    Text { text, span }
                });
                pieces.push(FPiece::Value { value: value.into(), label, repr, spec });
            }
        }
    }

    // ---- statements

    pub fn assign(&mut self, first: Expr, mut rest: Vec<Expr>) -> StmtKind {
        let Some(value) = rest.pop() else {
            return StmtKind::Expr(first);
        };
        let mut targets = vec![self.target(first)];
        targets.extend(rest.into_iter().map(|target| self.target(target)));
        StmtKind::Assign(Assign { targets, annotation: None, value })
    }

    pub fn annotated(&mut self, target: Expr, ty: Expr, value: Option<Expr>) -> StmtKind {
        let target = self.target(target);
        if matches!(target.kind, TargetKind::Tuple(_) | TargetKind::Star(_)) {
            let message = "only a single variable can be given a type";
            self.report(Code::BadTarget, target.span, message, "give each variable its type on a line of its own");
        }
        let annotation = self.ty(ty);
        match value {
            Some(value) => StmtKind::Assign(Assign { targets: vec![target], annotation: Some(annotation), value }),
            None => StmtKind::Declare { target, annotation },
        }
    }

    pub fn augmented(&mut self, target: Expr, op: BinaryOp, value: Expr) -> StmtKind {
        let mut target = self.target(target);
        if matches!(target.kind, TargetKind::Tuple(_) | TargetKind::Star(_)) {
            let message = format!("`{op}=` changes one variable, element or field");
            self.report(Code::BadTarget, target.span, message, "");
            target.kind = TargetKind::Error;
        }
        StmtKind::AugAssign { target, op, value }
    }

    pub fn input(&mut self, name: Name, ty: Expr, clauses: Vec<(Span, PortClause)>) -> StmtKind {
        let mut port = InputPort { name, ty: self.ty(ty), range: None, from: None, default: None, why: None };
        for (span, clause) in clauses {
            let (what, twice) = match clause {
                PortClause::Range(low, high) => ("range", port.range.replace((low, high)).is_some()),
                PortClause::From(role) => ("role", port.from.replace(role).is_some()),
                PortClause::Default(value) => ("default", port.default.replace(value).is_some()),
                PortClause::Why(why) => ("reason", port.why.replace(why).is_some()),
                PortClause::To(_) => {
                    self.report(Code::BadPort, span, "an input comes `from` a role", "`output` goes `to` roles");
                    continue;
                }
            };
            self.check_once(twice, what, span);
        }
        StmtKind::Input(Box::new(port))
    }

    fn check_once(&mut self, twice: bool, what: &str, span: Span) {
        if twice {
            self.report(Code::BadPort, span, format!("this port has two of the same kind: a second {what}"), "");
        }
    }

    pub fn output(&mut self, name: Name, ty: Expr, clauses: Vec<(Span, PortClause)>) -> StmtKind {
        let (mut to, mut why) = (None, None);
        let ty = self.ty(ty);
        for (span, clause) in clauses {
            let (what, twice) = match clause {
                PortClause::To(roles) => ("list of roles", to.replace(recipients(roles)).is_some()),
                PortClause::Why(text) => ("reason", why.replace(text).is_some()),
                PortClause::Range(..) | PortClause::From(_) | PortClause::Default(_) => {
                    let message = "an output has a type, the roles it goes `to`, and `why`";
                    self.report(Code::BadPort, span, message, "`output x: sint to alice why=\"…\"`");
                    continue;
                }
            };
            self.check_once(twice, what, span);
        }
        let to = to.unwrap_or_else(|| {
            let message = format!("the output `{}` does not say who learns it", name.text);
            let help = "add `to` and roles, or `to all`";
            self.report(Code::BadPort, name.span.to(ty.span), message, help);
            Recipients::Roles(Vec::new())
        });
        StmtKind::Output(OutputPort { name, ty, to, why })
    }

    pub fn params(&mut self, drafts: Vec<(Span, ParamDraft)>) -> Vec<Param> {
        let mut params: Vec<Param> = Vec::with_capacity(drafts.len());
        let mut star = None;
        let (mut names, mut defaulted) = (Named::default(), None);
        for (span, draft) in drafts {
            let (name, annotation, default, kind) = match draft {
                ParamDraft::Named { name, annotation, default } => {
                    let kind = if star.is_some() { ParamKind::KeywordOnly } else { ParamKind::Plain };
                    (name, annotation, default, kind)
                }
                ParamDraft::Rest { name, annotation } => {
                    self.check_star(star.replace(span), span);
                    (name, annotation, None, ParamKind::Rest)
                }
                ParamDraft::Star => {
                    self.check_star(star.replace(span), span);
                    continue;
                }
                ParamDraft::Keywords | ParamDraft::Slash => {
                    let message = "`**` and `/` are not part of this language's parameters";
                    self.report(Code::NotInLanguage, span, message, "name each parameter");
                    continue;
                }
            };
            let annotation = annotation.map(|ty| self.ty(ty));
            let param = Param { name, annotation, default, kind, span };
            if let Some(earlier) = names.add(&param.name.text, param.name.span) {
                let message = format!("two parameters are called `{}`", param.name.text);
                let found = Diagnostic::new(Code::BadParameters, param.name.span, message);
                self.found.push(found.note(earlier, "the first"));
            }
            self.check_default(&mut defaulted, &param);
            params.push(param);
        }
        params
    }

    fn check_star(&mut self, before: Option<Span>, span: Span) {
        if let Some(before) = before {
            let found = Diagnostic::new(Code::BadParameters, span, "there can be only one `*` among the parameters");
            self.found.push(found.note(before, "the first"));
        }
    }

    fn check_default(&mut self, defaulted: &mut Option<Span>, param: &Param) {
        match (param.kind, &param.default, *defaulted) {
            (ParamKind::Plain, Some(_), None) => *defaulted = Some(param.span),
            (ParamKind::Plain, None, Some(earlier)) => {
                let message = format!("`{}` has no default, but a parameter before it has one", param.name.text);
                let found = Diagnostic::new(Code::BadParameters, param.span, message).note(earlier, "this one");
                self.found.push(found.help("put parameters with defaults last, or give this one a default"));
            }
            (ParamKind::Plain | ParamKind::KeywordOnly | ParamKind::Rest, _, _) => {}
        }
    }

    pub fn base(&mut self, bases: Vec<Expr>) -> Option<TypeExpr> {
        if let Some(second) = bases.get(1) {
            self.report(Code::BadClassBody, second.span, "a class has at most one base", "");
        }
        bases.into_iter().next().map(|base| self.ty(base))
    }

    pub fn exceptions(&mut self, types: Expr) -> Vec<TypeExpr> {
        match types.kind {
            ExprKind::Tuple(items) => items.into_iter().map(|item| self.ty(item)).collect(),
            _ => vec![self.ty(types)],
        }
    }
}

/// Names that were given so far, and where.
#[derive(Default)]
struct Named {
    first: Option<Span>,
    places: HashMap<String, Span>,
}

impl Named {
    /// Adds a name; gives the place of the same name before it.
    fn add(&mut self, name: &str, span: Span) -> Option<Span> {
        self.first.get_or_insert(span);
        match self.places.get(name) {
            Some(earlier) => Some(*earlier),
            None => self.places.insert(name.to_owned(), span),
        }
    }
}

fn add_text(pieces: &mut Vec<FPiece>, text: String) {
    match pieces.last_mut() {
        Some(FPiece::Text(before)) => before.push_str(&text),
        _ => pieces.push(FPiece::Text(text)),
    }
}

fn recipients(roles: Vec<RoleRef>) -> Recipients {
    match &roles[..] {
        [only] if only.name.text == "all" && only.index.is_none() => Recipients::All(only.span),
        _ => Recipients::Roles(roles),
    }
}
