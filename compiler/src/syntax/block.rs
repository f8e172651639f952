//! From lines to statements: what belongs to which block, and which clause to which statement.

use super::ast::*;
use super::foreign::is_match;
use super::layout::{Item, Line};
use super::lexer::{Class, Keyword, Token};
use super::line::{Header, LineTree};
use super::parse_line;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// Puts the lines of a file together.
pub(super) fn blocks(file: FileId, text: &str, items: Vec<Item>) -> (Vec<Stmt>, Vec<Diagnostic>) {
    let items = items.into_iter().peekable();
    let mut builder = Builder { file, text, items, found: Vec::new(), decorators: Vec::new(), end: 0 };
    let place = Place { top: true, function: false, repeated: false, tried: false };
    let body = builder.block(place);
    (body, builder.found)
}

/// Takes a text off the front of a block.
pub(super) fn docstring(mut body: Vec<Stmt>) -> (Option<Text>, Vec<Stmt>) {
    let text = match body.first() {
        Some(Stmt { kind: StmtKind::Expr(Expr { kind: ExprKind::Str(text), span, .. }), .. }) => {
            Some(Text { text: text.clone(), span: *span })
        }
        _ => None,
    };
    if text.is_some() {
        body.remove(0);
    }
    (text, body)
}

/// What may stand in a block.
#[derive(Clone, Copy)]
struct Place {
    /// Not inside any other statement.
    top: bool,
    /// Inside a function, so that `return` may stand.
    function: bool,
    /// Inside a loop, so that `break` and `continue` may stand.
    repeated: bool,
    /// Inside the body of a `try`.
    tried: bool,
}

impl Place {
    /// Where something is read only for its mistakes, and no statement is out of place.
    const ANYWHERE: Place = Place { top: true, function: true, repeated: true, tried: false };

    fn inner(self) -> Place {
        Place { top: false, ..self }
    }

    fn in_try(self) -> Place {
        Place { top: false, tried: true, ..self }
    }

    fn in_loop(self) -> Place {
        Place { top: false, repeated: true, ..self }
    }

    fn in_function(self) -> Place {
        Place { top: false, function: true, repeated: false, tried: false }
    }

    fn in_class(self) -> Place {
        Place { top: false, function: false, repeated: false, tried: false }
    }
}

struct Builder<'t> {
    file: FileId,
    text: &'t str,
    items: std::iter::Peekable<std::vec::IntoIter<Item>>,
    found: Vec<Diagnostic>,
    /// Decorators whose function has not come yet.
    decorators: Vec<Expr>,
    /// Where the last line that was read ends.
    end: u32,
}

impl Builder<'_> {
    fn report(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        let found = Diagnostic::new(code, span, message);
        self.found.push(if help.is_empty() { found } else { found.help(help) });
    }

    fn to_end(&self, start: Span) -> Span {
        Span { end: self.end.max(start.end), ..start }
    }

    /// Statements up to the end of the block, which is taken too.
    fn block(&mut self, place: Place) -> Vec<Stmt> {
        let mut body = Vec::new();
        while let Some(item) = self.items.next() {
            match item {
                Item::Line(line) => self.statement(line, place, &mut body),
                Item::Indent => self.unexpected_block(place, &mut body),
                Item::Dedent => break,
            }
        }
        self.no_decorators();
        body
    }

    fn unexpected_block(&mut self, place: Place, body: &mut Vec<Stmt>) {
        if let Some(Item::Line(line)) = self.items.peek() {
            let span = line.span;
            let message = "this line is indented, but the line before it opens no block";
            self.report(Code::UnexpectedIndent, span, message, "give it the indentation of the line before");
        }
        body.extend(self.block(place));
    }

    /// Decorators that nothing took.
    fn no_decorators(&mut self) {
        if let Some(first) = std::mem::take(&mut self.decorators).first() {
            let message = "a decorator stands above a function or a class";
            self.report(Code::BadDecorator, first.span, message, "");
        }
    }

    /// Parses a line; `None` if it has been reported as something that could not be.
    fn parse(&mut self, line: &Line) -> Option<LineTree> {
        self.end = line.span.end;
        if line.broken {
            return None;
        }
        let (tree, found) = parse_line(self.file, self.text, line.lexemes.clone());
        self.found.extend(found);
        tree
    }

    fn statement(&mut self, line: Line, place: Place, body: &mut Vec<Stmt>) {
        let keyword = first_keyword(&line);
        match self.parse(&line) {
            Some(LineTree::Simple(statements)) => {
                self.no_decorators();
                statements.iter().for_each(|statement| self.check_place(statement, place));
                body.extend(statements);
            }
            Some(LineTree::Header(header, colon, suite)) => {
                let head = Head { span: line.span, word: keyword, header: line.span.to(colon), suite, broken: false };
                let head = Head { header: Span { end: colon.end, ..head.header }, ..head };
                let kind = self.compound(header, head, place);
                body.push(Stmt { kind, span: self.to_end(line.span) });
            }
            Some(LineTree::Decorator(decorator)) => self.decorators.push(decorator),
            Some(LineTree::Value(_)) | None => self.broken(line, keyword, place, body),
        }
    }

    /// A line that did not parse: its block is read all the same.
    fn broken(&mut self, line: Line, keyword: Option<Keyword>, place: Place, body: &mut Vec<Stmt>) {
        let block_follows = matches!(self.items.peek(), Some(Item::Indent));
        if let Some(header) = keyword.and_then(|keyword| assumed(keyword, line.span)) {
            let head = Head { span: line.span, word: keyword, header: line.span, suite: None, broken: true };
            let kind = self.compound(header, head, place);
            body.push(Stmt { kind, span: self.to_end(line.span) });
            return;
        }
        self.decorators.clear();
        body.push(Stmt { kind: StmtKind::Error, span: line.span });
        if block_follows && is_match(self.file, &line.lexemes) {
            self.skip_block();
        } else if block_follows {
            self.items.next();
            body.extend(self.block(Place::ANYWHERE));
        }
    }

    fn skip_block(&mut self) {
        let mut depth = 0_usize;
        for item in self.items.by_ref() {
            match item {
                Item::Indent => depth += 1,
                Item::Dedent => depth -= 1,
                Item::Line(line) => self.end = line.span.end,
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// The block under a head, or what stands after its colon.
    fn suite(&mut self, head: &mut Head, place: Place) -> Vec<Stmt> {
        if let Some(statements) = head.suite.take() {
            statements.iter().for_each(|statement| self.check_place(statement, place));
            return statements;
        }
        if matches!(self.items.peek(), Some(Item::Indent)) {
            self.items.next();
            return self.block(place);
        }
        if !head.broken {
            let word = head.word.map_or("this line", Keyword::text);
            let message = format!("expected an indented block after `{word}`");
            let help = "indent the lines that belong to it by four spaces; `pass` is a block that does nothing";
            self.report(Code::MissingBlock, head.header, message, help);
        }
        Vec::new()
    }

    /// The next line, if it begins with one of `keywords`.
    fn clause(&mut self, keywords: &[Keyword]) -> Option<(Option<Header>, Head)> {
        let wanted = |item: &Item| match item {
            Item::Line(line) => first_keyword(line).is_some_and(|keyword| keywords.contains(&keyword)),
            Item::Indent | Item::Dedent => false,
        };
        let Some(Item::Line(line)) = self.items.next_if(wanted) else {
            return None;
        };
        let word = first_keyword(&line);
        let (header, suite, broken) = match self.parse(&line) {
            Some(LineTree::Header(header, _, suite)) => (Some(header), suite, false),
            Some(LineTree::Simple(_) | LineTree::Decorator(_) | LineTree::Value(_)) | None => {
                (word.and_then(|word| assumed(word, line.span)), None, true)
            }
        };
        Some((header, Head { span: line.span, word, header: line.span, suite, broken }))
    }

    fn compound(&mut self, header: Header, mut head: Head, place: Place) -> StmtKind {
        if !matches!(header, Header::Def { .. } | Header::Class { .. }) {
            self.no_decorators();
        }
        match header {
            Header::If(test) => self.finish_if(test, head, place),
            Header::While(test) => {
                let body = self.suite(&mut head, place.in_loop());
                let otherwise = self.loop_else(place);
                StmtKind::While { test, body, otherwise }
            }
            Header::For(target, iter) => {
                let body = self.suite(&mut head, place.in_loop());
                let otherwise = self.loop_else(place);
                StmtKind::For { target, iter, body, otherwise }
            }
            Header::Def { name, params, returns } => {
                let decorators = std::mem::take(&mut self.decorators);
                let (docstring, body) = docstring(self.suite(&mut head, place.in_function()));
                let header = head.header;
                StmtKind::Function(FunctionDef { decorators, name, params, returns, docstring, body, header })
            }
            Header::Class { name, shape, base } => {
                let decorators = std::mem::take(&mut self.decorators);
                let (docstring, body) = docstring(self.suite(&mut head, place.in_class()));
                let Members { fields, constants, methods } = self.members(body);
                let header = head.header;
                StmtKind::Class(ClassDef {
                    decorators,
                    name,
                    shape,
                    base,
                    docstring,
                    fields,
                    constants,
                    methods,
                    header,
                })
            }
            Header::Try => self.finish_try(head, place),
            Header::Elif(_) | Header::Else | Header::Except(..) | Header::Finally => {
                self.stray(&mut head);
                StmtKind::Error
            }
            Header::Error => {
                self.suite(&mut head, Place::ANYWHERE);
                StmtKind::Error
            }
        }
    }

    fn finish_if(&mut self, test: Expr, mut head: Head, place: Place) -> StmtKind {
        let body = self.suite(&mut head, place.inner());
        let mut arms = vec![Arm { test, body, span: self.to_end(head.span) }];
        while let Some((header, mut head)) = self.clause(&[Keyword::Elif, Keyword::Else]) {
            let body = self.suite(&mut head, place.inner());
            match header {
                Some(Header::Elif(test)) => arms.push(Arm { test, body, span: self.to_end(head.span) }),
                _ => {
                    self.after_else(&head, place);
                    return StmtKind::If(If { arms, otherwise: body });
                }
            }
        }
        StmtKind::If(If { arms, otherwise: Vec::new() })
    }

    /// An `elif` or `else` that comes too late; its block is read.
    fn after_else(&mut self, first: &Head, place: Place) {
        while let Some((_, mut late)) = self.clause(&[Keyword::Elif, Keyword::Else]) {
            if !late.broken {
                let word = late.word.map_or("else", Keyword::text);
                let found = Diagnostic::new(
                    Code::MisplacedClause,
                    late.span,
                    format!("this `{word}` comes after the `else`, which takes what is left"),
                );
                let help =
                    if late.word == Some(Keyword::Elif) { "put it before the `else`" } else { "make it an `elif`" };
                self.found.push(found.note(first.span, "the `else`").help(help));
            }
            self.suite(&mut late, place.inner());
        }
    }

    fn finish_try(&mut self, mut head: Head, place: Place) -> StmtKind {
        let span = head.span;
        let mut parts = Try {
            body: self.suite(&mut head, place.in_try()),
            handlers: Vec::new(),
            otherwise: Vec::new(),
            finally: Vec::new(),
        };
        let mut finished = false;
        while let Some((header, mut head)) = self.clause(&[Keyword::Except]) {
            let body = self.suite(&mut head, place.inner());
            let (types, name) = match header {
                Some(Header::Except(types, name)) => (types, name),
                _ => (Vec::new(), None),
            };
            parts.handlers.push(Handler { types, name, body, span: self.to_end(head.span) });
        }
        let handled = !parts.handlers.is_empty();
        if handled && let Some((_, mut head)) = self.clause(&[Keyword::Else]) {
            parts.otherwise = self.suite(&mut head, place.inner());
        }
        if let Some((_, mut head)) = self.clause(&[Keyword::Finally]) {
            parts.finally = self.suite(&mut head, place.inner());
            finished = true;
        }
        if !handled && !finished {
            let message = "`try` needs an `except` or a `finally`";
            self.report(Code::IncompleteTry, span, message, "add `except Exception as error:` and a block");
        }
        StmtKind::Try(parts)
    }

    /// The `else` of a loop, which is not inside of it.
    fn loop_else(&mut self, place: Place) -> Vec<Stmt> {
        match self.clause(&[Keyword::Else]) {
            Some((_, mut head)) => self.suite(&mut head, place.inner()),
            None => Vec::new(),
        }
    }

    fn stray(&mut self, head: &mut Head) {
        let word = head.word.map_or("else", Keyword::text);
        if !head.broken {
            let before = match head.word {
                Some(Keyword::Except | Keyword::Finally) => "`try`",
                Some(Keyword::Elif) => "`if`",
                _ => "`if` or `try`",
            };
            let message = format!("this `{word}` belongs to no {before}");
            let help = format!("it stands right after the block of the {before}, with the same indentation");
            self.report(Code::MisplacedClause, head.span, message, &help);
        }
        self.suite(head, Place::ANYWHERE);
    }

    /// Sorts the block of a class.
    fn members(&mut self, body: Vec<Stmt>) -> Members {
        let mut members = Members::default();
        for statement in body {
            let span = statement.span;
            match statement.kind {
                StmtKind::Function(function) => members.methods.push(Method { function, span }),
                StmtKind::Declare { target: Target { kind: TargetKind::Name(name), .. }, annotation } => {
                    members.fields.push(Field { name, ty: annotation, default: None, span });
                }
                StmtKind::Assign(assign) => match (<[Target; 1]>::try_from(assign.targets), assign.annotation) {
                    (Ok([Target { kind: TargetKind::Name(name), .. }]), Some(ty)) => {
                        members.fields.push(Field { name, ty, default: Some(assign.value), span });
                    }
                    (Ok([Target { kind: TargetKind::Name(name), .. }]), None) => {
                        members.constants.push(ClassConstant { name, value: assign.value, span });
                    }
                    _ => self.not_a_member(span),
                },
                StmtKind::Pass | StmtKind::Error => {}
                _ => self.not_a_member(span),
            }
        }
        members
    }

    fn not_a_member(&mut self, span: Span) {
        let message = "a class holds fields and methods";
        self.report(
            Code::BadClassBody,
            span,
            message,
            "a field is written `name: type` or `name: type = default`, a constant `name = value`",
        );
    }

    fn check_place(&mut self, statement: &Stmt, place: Place) {
        let outside = "roles and ports stand outside all blocks, not indented";
        let announced = "data that are missing or do not fit end the program before its first statement: put the port outside of the `try`";
        let (what, allowed, help) = match &statement.kind {
            StmtKind::Return(_) => (
                "`return` outside a function",
                place.function,
                "a script ends with its last line, and gives by outputs",
            ),
            StmtKind::Break => ("`break` outside a loop", place.repeated, "it ends a `for` or `while`"),
            StmtKind::Continue => ("`continue` outside a loop", place.repeated, "it goes on with a `for` or `while`"),
            StmtKind::Role(_) => ("`role` inside a block", place.top, outside),
            StmtKind::Input(_) if place.tried => ("`input` inside `try`", place.top, announced),
            StmtKind::Input(_) => ("`input` inside a block", place.top, outside),
            StmtKind::Output(_) => ("`output` inside a block", place.top, outside),
            StmtKind::Precision(_) => ("`precision` inside a block", place.top, "it stands at the top of the file"),
            _ => return,
        };
        if !allowed {
            self.report(Code::MisplacedStatement, statement.span, what, help);
        }
    }
}

/// What stands in a class.
#[derive(Default)]
struct Members {
    fields: Vec<Field>,
    constants: Vec<ClassConstant>,
    methods: Vec<Method>,
}

/// What is known of a line that opens a block.
struct Head {
    /// The line.
    span: Span,
    /// Its first word.
    word: Option<Keyword>,
    /// From the first word to the colon.
    header: Span,
    /// The statements after the colon.
    suite: Option<Vec<Stmt>>,
    /// Whether the line has been reported.
    broken: bool,
}

fn first_keyword(line: &Line) -> Option<Keyword> {
    match line.lexemes.first()?.token {
        Token::Keyword(keyword) => Some(keyword),
        _ => None,
    }
}

/// What a line that did not parse is taken for, by its first word.
fn assumed(keyword: Keyword, span: Span) -> Option<Header> {
    let unknown = || Expr::new(ExprKind::Error, span);
    match keyword {
        Keyword::If => Some(Header::If(unknown())),
        Keyword::Elif => Some(Header::Elif(unknown())),
        Keyword::Else => Some(Header::Else),
        Keyword::While => Some(Header::While(unknown())),
        Keyword::For => Some(Header::For(Target { kind: TargetKind::Error, span }, unknown())),
        Keyword::Try => Some(Header::Try),
        Keyword::Except => Some(Header::Except(Vec::new(), None)),
        Keyword::Finally => Some(Header::Finally),
        other if other.class() == Class::Block => Some(Header::Error),
        _ => None,
    }
}
