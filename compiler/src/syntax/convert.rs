//! What is parsed as an expression and is none: targets of assignments, types, dimensions.
//!
//! The grammar cannot tell them apart before it has read past them; and an expression that is not a type is
//! a better message than a token that was not expected.

use super::ast::*;
use super::line::Context;
use super::op::{BinaryOp, UnaryOp};
use crate::diagnostic::Code;
use crate::source::Span;

impl Context<'_> {
    /// The expression as something to assign to.
    pub fn target(&mut self, expr: Expr) -> Target {
        let span = expr.span;
        let kind = match expr.kind {
            ExprKind::Name(text) => TargetKind::Name(Name { text, span }),
            ExprKind::Tuple(items) | ExprKind::List(items) => self.tuple_target(items, span),
            ExprKind::Star(inner) => TargetKind::Star(self.target(*inner).into()),
            ExprKind::Index { base, items } => TargetKind::Index { base: *base, items },
            ExprKind::Attribute { base, name } => TargetKind::Attribute { base: *base, name },
            ExprKind::Error => TargetKind::Error,
            other => {
                let message = format!("{} cannot be assigned to", described(&other));
                let help = match other {
                    ExprKind::Compare { .. } => "`=` assigns, `==` compares",
                    ExprKind::Int(_) | ExprKind::Decimal(_) | ExprKind::Str(_) => "the variable stands on the left",
                    ExprKind::Call { .. } => "assign to a variable, an element `a[i]` or a field `a.b`",
                    _ => "",
                };
                self.report(Code::BadTarget, span, message, help);
                TargetKind::Error
            }
        };
        Target { kind, span }
    }

    fn tuple_target(&mut self, items: Vec<Expr>, span: Span) -> TargetKind {
        if items.is_empty() {
            self.report(Code::BadTarget, span, "there is nothing here to assign to", "");
            return TargetKind::Error;
        }
        let targets: Vec<Target> = items.into_iter().map(|item| self.target(item)).collect();
        let mut stars = targets.iter().filter(|target| matches!(target.kind, TargetKind::Star(_)));
        if let (Some(_), Some(second)) = (stars.next(), stars.next()) {
            self.report(Code::BadTarget, second.span, "only one part of an assignment can have a `*`", "");
        }
        TargetKind::Tuple(targets)
    }

    /// The expression as a type.
    pub fn ty(&mut self, expr: Expr) -> TypeExpr {
        let span = expr.span;
        let kind = match expr.kind {
            ExprKind::None => TypeKind::None,
            ExprKind::Error => TypeKind::Error,
            ExprKind::Index { base, items } => self.applied(*base, items),
            kind => self.bare(Expr::new(kind, span)),
        };
        TypeExpr { kind, span }
    }

    fn bare(&mut self, expr: Expr) -> TypeKind {
        match type_name(expr) {
            Ok((None, name)) if name.text == "list" => TypeKind::List(None),
            Ok((None, name)) if name.text == "tuple" => TypeKind::Tuple(None),
            Ok((module, name)) => TypeKind::Named { module, name, dims: None },
            Err(expr) => self.not_a_type(&expr),
        }
    }

    fn applied(&mut self, base: Expr, items: Vec<Subscript>) -> TypeKind {
        let (module, name) = match type_name(base) {
            Ok(path) => path,
            Err(expr) => return self.not_a_type(&expr),
        };
        let span = name.span;
        let inner: Vec<Expr> = items.into_iter().map(|item| self.plain_index(item)).collect();
        match (module, name.text.as_str()) {
            (None, "list") => {
                if let Some(second) = inner.get(1) {
                    let help = "a `tuple[A, B]` has elements of several types";
                    self.report(Code::BadType, span.to(second.span), "a list has elements of one type", help);
                }
                TypeKind::List(inner.into_iter().next().map(|element| self.ty(element).into()))
            }
            (None, "tuple") => TypeKind::Tuple(Some(inner.into_iter().map(|element| self.ty(element)).collect())),
            (module, _) => {
                let dims = Some(inner.into_iter().map(|dim| self.dim(dim)).collect());
                TypeKind::Named { module, name, dims }
            }
        }
    }

    fn plain_index(&mut self, item: Subscript) -> Expr {
        match item.kind {
            SubscriptKind::Index(index) => index,
            SubscriptKind::Slice { .. } | SubscriptKind::Ellipsis | SubscriptKind::NewAxis => {
                let message = "a slice is not part of a type";
                self.report(Code::BadType, item.span, message, "write `_` for a dimension of any size");
                Expr::new(ExprKind::Error, item.span)
            }
        }
    }

    fn not_a_type(&mut self, expr: &Expr) -> TypeKind {
        if matches!(expr.kind, ExprKind::Error) {
            return TypeKind::Error;
        }
        let message = format!("expected a type, found {}", described(&expr.kind));
        let help = "types are `int`, `fix`, `bool`, `str`, `sint`, `sfix`, `sbool`, `T[n, m]`, `list[T]`, `tuple[A, B]` and classes";
        self.report(Code::BadType, expr.span, message, help);
        TypeKind::Error
    }

    /// The expression as a dimension.
    pub fn dim(&mut self, expr: Expr) -> Dim {
        let span = expr.span;
        let kind = match expr.kind {
            ExprKind::Int(value) => u64::try_from(value).map(DimKind::Int).unwrap_or_else(|_| {
                self.report(Code::BadType, span, "this dimension is too large", "");
                DimKind::Error
            }),
            ExprKind::Name(name) if name == "_" => DimKind::Any,
            ExprKind::Name(name) => DimKind::Name(name),
            ExprKind::Binary { op, op_span, left, right } => match dim_op(op) {
                Some(op) => DimKind::Binary { op, left: self.dim(*left).into(), right: self.dim(*right).into() },
                None => {
                    let message = format!("`{op}` is not an operator of dimensions");
                    self.report(Code::BadType, op_span, message, "dimensions know `+`, `-`, `*` and `//`");
                    DimKind::Error
                }
            },
            ExprKind::Error => DimKind::Error,
            other => {
                let message = match &other {
                    ExprKind::Unary { op: UnaryOp::Neg, .. } => "a dimension cannot be negative".to_owned(),
                    other => format!("expected a dimension, found {}", described(other)),
                };
                let help =
                    "a dimension is a number, a name, `_` for any size, or made of them by `+`, `-`, `*` and `//`";
                self.report(Code::BadType, span, message, help);
                DimKind::Error
            }
        };
        Dim { kind, span }
    }
}

/// `name` or `module.name`.
fn type_name(expr: Expr) -> Result<(Option<Name>, Name), Expr> {
    let span = expr.span;
    match expr.kind {
        ExprKind::Name(text) => Ok((None, Name { text, span })),
        ExprKind::Attribute { base, name } => match base.kind {
            ExprKind::Name(module) => Ok((Some(Name { text: module, span: base.span }), name)),
            _ => Err(Expr::new(ExprKind::Attribute { base, name }, span)),
        },
        kind => Err(Expr::new(kind, span)),
    }
}

fn dim_op(op: BinaryOp) -> Option<DimOp> {
    match op {
        BinaryOp::Add => Some(DimOp::Add),
        BinaryOp::Sub => Some(DimOp::Sub),
        BinaryOp::Mul => Some(DimOp::Mul),
        BinaryOp::FloorDiv => Some(DimOp::FloorDiv),
        BinaryOp::Div | BinaryOp::Mod | BinaryOp::Pow | BinaryOp::MatMul => None,
        BinaryOp::BitOr | BinaryOp::BitXor | BinaryOp::BitAnd | BinaryOp::Shl | BinaryOp::Shr => None,
    }
}

/// An expression's kind, as a message names it.
fn described(kind: &ExprKind) -> &'static str {
    match kind {
        ExprKind::Name(_) => "a name",
        ExprKind::Int(_) | ExprKind::Decimal(_) => "a number",
        ExprKind::Bool(_) => "a truth value",
        ExprKind::None => "`None`",
        ExprKind::Str(_) => "a text",
        ExprKind::FString(_) => "an f-string",
        ExprKind::List(_) => "a list",
        ExprKind::Tuple(_) => "a tuple",
        ExprKind::Star(_) => "an unpacking",
        ExprKind::Comprehension { .. } => "a comprehension",
        ExprKind::Call { .. } => "a call",
        ExprKind::Index { .. } => "an element",
        ExprKind::Attribute { .. } => "an attribute",
        ExprKind::Unary { .. } | ExprKind::Binary { .. } | ExprKind::Bools { .. } => "the result of an operator",
        ExprKind::Compare { .. } => "a comparison",
        ExprKind::Conditional { .. } => "a conditional expression",
        ExprKind::Error => "a mistake",
    }
}
