//! The table of builtins: names, parameters, what they do.

use super::body::Body;
use super::reductions::Reduce;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::suggest;
use crate::source::Span;
use crate::syntax::ast::{self, ArgKind};
use crate::syntax::op::BinaryOp;
use mpc_bytecode::Kind;

macro_rules! builtins {
    ($( $name:ident $text:literal [$($param:literal),*] $doc:literal; )*) => {
        /// A function that is built in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Builtin { $( #[doc = $doc] $name ),* }

        /// Every builtin, in the order of the table.
        pub const ALL: &[Builtin] = &[$(Builtin::$name),*];

        impl Builtin {
            /// Its name.
            pub const fn name(self) -> &'static str { match self { $( Builtin::$name => $text ),* } }
            /// Its parameters: `x` must be given, `x?` may be, `*x` takes any number, and what follows is given by name.
            pub const fn params(self) -> &'static [&'static str] { match self { $( Builtin::$name => &[$($param),*] ),* } }
            /// What it does, in one line.
            pub const fn doc(self) -> &'static str { match self { $( Builtin::$name => $doc ),* } }
        }
    };
}

builtins! {
    Int "int" ["x"] "A public number as `int`, rounded towards zero.";
    Fix "fix" ["x"] "A public number as `fix`.";
    Float "float" ["x"] "A public number as `fix`.";
    Bool "bool" ["x"] "Whether a public value is not zero and not empty.";
    Str "str" ["x"] "A public value as text.";
    Sint "sint" ["x"] "A number, list or tensor as secret integers; an `sfix` is rounded towards zero.";
    Sfix "sfix" ["x"] "A number, list or tensor as secret fixed-point numbers.";
    Sbool "sbool" ["x"] "A truth value, list or tensor as secret truth values.";
    Len "len" ["x"] "The number of items, or the size of the first axis.";
    Range "range" ["start", "stop?", "step?"] "The integers from start to before stop.";
    Arange "arange" ["start", "stop?", "step?"] "The integers from start to before stop, as a vector.";
    Sum "sum" ["x", "axis?"] "The sum of all elements, or along an axis.";
    Prod "prod" ["x", "axis?"] "The product of all elements, or along an axis.";
    Mean "mean" ["x", "axis?"] "The mean of all elements, or along an axis.";
    Min "min" ["*x", "axis?"] "The smallest element, or the smallest of the arguments.";
    Max "max" ["*x", "axis?"] "The largest element, or the largest of the arguments.";
    Argmin "argmin" ["x", "axis?"] "The position of the first smallest element.";
    Argmax "argmax" ["x", "axis?"] "The position of the first largest element.";
    Minimum "minimum" ["a", "b"] "The smaller of two, element by element.";
    Maximum "maximum" ["a", "b"] "The larger of two, element by element.";
    Any "any" ["x"] "Whether one element is true.";
    All "all" ["x"] "Whether all elements are true.";
    Abs "abs" ["x"] "The absolute value.";
    Round "round" ["x", "digits?"] "The nearest integer, or the nearest number with so many decimals; public ties go to even.";
    Floor "floor" ["x"] "The largest integer that is not above.";
    Pow "pow" ["x", "n"] "`x ** n`";
    Divmod "divmod" ["a", "b"] "The pair `a // b, a % b`.";
    Enumerate "enumerate" ["x", "start?"] "Positions and items.";
    Zip "zip" ["*x"] "Items of several sequences, side by side.";
    Reversed "reversed" ["x"] "Items from the last to the first.";
    Repr "repr" ["x"] "The text of a public value as Python writes it in a program.";
    Sorted "sorted" ["x", "reverse?"] "Public items in order.";
    List "list" ["x?"] "The items as a list.";
    Tuple "tuple" ["x"] "The items as a tuple.";
    Print "print" ["*values", "sep?", "end?"] "Prints public values.";
    PrintLn "print_ln" ["format", "*values"] "Prints text with values in the places of `%s`, `%d` and `%f`, and a newline.";
    Zeros "zeros" ["*shape"] "A tensor of zeros: `zeros(3, 4)`.";
    Ones "ones" ["*shape"] "A tensor of ones: `ones(3, 4)`.";
    Full "full" ["shape", "value"] "A tensor that has one value everywhere: `full((3, 4), value)`.";
    Array "array" ["x"] "A tensor of a list of numbers, or of tensors of one shape.";
    Tensor "tensor" ["x"] "A tensor of a list of numbers, or of tensors of one shape.";
    Eye "eye" ["n"] "The identity matrix.";
    Concat "concat" ["xs", "axis?"] "Tensors joined along an axis.";
    Concatenate "concatenate" ["xs", "axis?"] "Tensors joined along an axis.";
    Stack "stack" ["xs"] "Tensors joined along a new first axis.";
    Reshape "reshape" ["x", "*shape"] "The same elements in another shape; one size may be -1.";
    Transpose "transpose" ["x"] "The axes in reverse order.";
    Where "where" ["condition", "a", "b"] "`a` where the condition is true, else `b`, element by element.";
    Select "select" ["condition", "a", "b"] "`a` where the condition is true, else `b`, element by element.";
    Dot "dot" ["a", "b"] "`a @ b`";
    Matmul "matmul" ["a", "b"] "`a @ b`";
}

/// The builtin of that name.
pub fn find(name: &str) -> Option<Builtin> {
    ALL.iter().copied().find(|builtin| builtin.name() == name)
}

/// Arguments by parameter, in the order of the table; those of `*x` apart.
pub type Bound = Vec<Option<Value>>;

/// Arguments as far as the parameters of a builtin have got them.
struct Taken {
    params: &'static [&'static str],
    bound: Bound,
    /// Which have been given; the value of one may be left to the caller.
    given: Vec<bool>,
    /// The parameter that takes the next value by position.
    next: usize,
    /// How many parameters take values by position.
    plain: usize,
    /// What `*x` takes, where there is one.
    rest: Option<Vec<Value>>,
}

impl Taken {
    fn new(params: &'static [&'static str]) -> Self {
        let star = params.iter().position(|param| param.starts_with('*'));
        let (bound, given) = (vec![None; params.len()], vec![false; params.len()]);
        Taken { params, bound, given, next: 0, plain: star.unwrap_or(params.len()), rest: star.map(|_| Vec::new()) }
    }

    /// Takes a value by position; false if no parameter does.
    fn place(&mut self, value: Option<Value>) -> bool {
        if self.next < self.plain {
            (self.given[self.next], self.bound[self.next]) = (true, value);
            self.next += 1;
            return true;
        }
        self.rest.as_mut().map(|rest| rest.extend(value)).is_some()
    }

    /// A parameter that must be given and is not.
    fn missing(&self) -> Option<&'static str> {
        let needed = |param: &str| !param.ends_with('?') && !param.starts_with('*');
        let mut open = self.params.iter().zip(&self.given).filter(|(param, given)| !**given && needed(param));
        open.next().map(|(param, _)| *param)
    }
}

impl<'a> Body<'a, '_> {
    /// The values of the optional and named parameters, with the first argument left to the caller if `skip_first`.
    /// `None` if the arguments do not fit, which is reported.
    pub fn bind_builtin(
        &mut self,
        builtin: Builtin,
        args: &'a [ast::Arg],
        span: Span,
        skip_first: bool,
    ) -> Option<Bound> {
        let (bound, rest) = self.bind_to(builtin.name(), builtin.params(), args, span, skip_first)?;
        debug_assert!(rest.is_empty() || builtin.params().iter().any(|param| param.starts_with('*')));
        Some(bound)
    }

    /// Arguments bound to the parameters of a builtin or method: one for each, and those of `*x`.
    pub fn bind_to(
        &mut self,
        name: &str,
        params: &'static [&'static str],
        args: &'a [ast::Arg],
        span: Span,
        skip_first: bool,
    ) -> Option<(Bound, Vec<Value>)> {
        let mut taken = Taken::new(params);
        let mut fits = true;
        for (index, arg) in args.iter().enumerate() {
            if arg.kind == ArgKind::Star {
                fits &= self.spread_to(&mut taken, name, arg);
                continue;
            }
            let value = (!skip_first || index > 0).then(|| self.expr(&arg.value));
            if let ArgKind::Keyword(keyword) = &arg.kind {
                fits &= self.named_to(&mut taken, name, keyword, value);
            } else if !taken.place(value) {
                let (plain, given) = (taken.plain, args.len());
                let s = if plain == 1 { "" } else { "s" };
                let message = format!("`{name}` takes at most {plain} argument{s} by position, and {given} are given");
                fits = self.bad_builtin(arg.span, message, None);
                break;
            }
        }
        if let (Some(param), true) = (taken.missing(), fits) {
            fits = self.bad_builtin(span, format!("`{name}` needs `{param}`"), None);
        }
        fits.then(|| (taken.bound, taken.rest.unwrap_or_default()))
    }

    /// The values of `*xs`; false if they do not fit, which is reported.
    fn spread_to(&mut self, taken: &mut Taken, name: &str, arg: &'a ast::Arg) -> bool {
        let Some(values) = self.spread(&arg.value, None) else { return false };
        if values.into_iter().all(|value| taken.place(Some(value))) {
            return true;
        }
        let message = format!("`{name}` takes at most {} arguments by position", taken.plain);
        self.bad_builtin(arg.span, message, None)
    }

    /// `keyword=value`; false if there is no such parameter, which is reported.
    fn named_to(&mut self, taken: &mut Taken, name: &str, keyword: &ast::Name, value: Option<Value>) -> bool {
        let takes = |param: &&str| bare(param) == keyword.text && !param.starts_with('*');
        let Some(at) = taken.params.iter().position(takes) else {
            let near = suggest::nearest(&keyword.text, taken.params.iter().map(|param| bare(param)));
            let message = format!("`{name}` has no parameter `{}`", keyword.text);
            return self.bad_builtin(keyword.span, message, near);
        };
        (taken.given[at], taken.bound[at]) = (true, value);
        true
    }

    fn bad_builtin(&mut self, span: Span, message: String, near: Option<&str>) -> bool {
        let found = Diagnostic::new(Code::BadCall, span, message);
        self.report(match near {
            Some(near) => found.meant(span, near),
            None => found,
        });
        false
    }

    /// A call whose arguments have a meaning as they are written; nothing for others.
    fn call_as_written(&mut self, builtin: Builtin, args: &'a [ast::Arg], span: Span) -> Option<Value> {
        Some(match builtin {
            Builtin::Enumerate | Builtin::Zip | Builtin::Reversed => self.items_as_list(builtin, args, span),
            Builtin::List | Builtin::Tuple => self.list_call(builtin, args, span),
            Builtin::Range | Builtin::Arange => self.range_vector(args, span),
            Builtin::Print => self.print(args, span),
            Builtin::PrintLn => self.print_ln(args, span),
            Builtin::Min | Builtin::Max if let [ast::Arg { kind: ArgKind::Star, value, .. }] = args => {
                // `max(*xs)` of any number of items.
                let value = self.expr(value);
                let reduce = if builtin == Builtin::Min { Reduce::Min } else { Reduce::Max };
                if value.is_error() { value } else { self.extreme(reduce, vec![value], None, span) }
            }
            _ => return None,
        })
    }

    /// `divmod(a, b)`
    fn divided(&mut self, a: Value, b: Value, span: Span) -> Value {
        let (a, b) = (self.hold(a, false), self.hold(b, false));
        let whole = self.binary_value(BinaryOp::FloorDiv, a.clone(), b.clone(), span);
        let rest = self.binary_value(BinaryOp::Mod, a, b, span);
        super::sequences::tuple(vec![whole, rest], span)
    }

    /// A call of a builtin.
    pub fn call_builtin(&mut self, builtin: Builtin, args: &'a [ast::Arg], span: Span) -> Value {
        if let Some(value) = self.call_as_written(builtin, args, span) {
            return value;
        }
        let Some((mut bound, rest)) = self.bind_to(builtin.name(), builtin.params(), args, span, false) else {
            return Value::error(span);
        };
        if bound.iter().flatten().chain(&rest).any(Value::is_error) {
            return Value::error(span);
        }
        let mut take = |at: usize| bound.get_mut(at).and_then(Option::take).unwrap_or_else(|| Value::none(span));
        let (first, second, third) = (take(0), take(1), take(2));
        let optional = |value: Value| (*value.ty() != super::ty::Ty::None).then_some(value);
        match builtin {
            Builtin::Int => self.public_number(first, Kind::Int, span),
            Builtin::Fix | Builtin::Float => self.public_number(first, Kind::Fix, span),
            Builtin::Bool => self.public_truth(first, span),
            Builtin::Str => self.text_of_value(first, span),
            Builtin::Sint => self.secret_number(first, Kind::Sint, span),
            Builtin::Sfix => self.secret_number(first, Kind::Sfix, span),
            Builtin::Sbool => self.secret_number(first, Kind::Sbool, span),
            Builtin::Len => self.len(first, span),
            Builtin::Sum if starts_sum(&first, args) => {
                let sum = self.sum(first, None, span);
                self.binary_value(BinaryOp::Add, sum, second, span)
            }
            Builtin::Sum => self.sum(first, optional(second), span),
            Builtin::Mean => self.mean(first, optional(second), span),
            Builtin::Prod => self.reduce(Reduce::Prod, first, optional(second), span),
            Builtin::Any => self.reduce(Reduce::Any, first, None, span),
            Builtin::All => self.reduce(Reduce::All, first, None, span),
            Builtin::Argmin => self.reduce(Reduce::Argmin, first, optional(second), span),
            Builtin::Argmax => self.reduce(Reduce::Argmax, first, optional(second), span),
            Builtin::Min => self.extreme(Reduce::Min, rest, optional(second), span),
            Builtin::Max => self.extreme(Reduce::Max, rest, optional(second), span),
            Builtin::Minimum => self.extreme(Reduce::Min, vec![first, second], None, span),
            Builtin::Maximum => self.extreme(Reduce::Max, vec![first, second], None, span),
            Builtin::Abs => self.abs(first, span),
            Builtin::Round if args.len() > 1 => self.rounded_to(first, second, span),
            Builtin::Round | Builtin::Floor => self.rounded(builtin, first, span),
            Builtin::Pow => self.binary_value(BinaryOp::Pow, first, second, span),
            Builtin::Divmod => self.divided(first, second, span),
            Builtin::Dot | Builtin::Matmul => self.binary_value(BinaryOp::MatMul, first, second, span),
            Builtin::Repr => self.repr(first, span),
            Builtin::Sorted => self.sorted(first, optional(second), span),
            Builtin::Zeros | Builtin::Ones => {
                self.filled(rest, Value::int(i64::from(builtin == Builtin::Ones), span), span)
            }
            Builtin::Full => self.filled(vec![first], second, span),
            Builtin::Array | Builtin::Tensor | Builtin::Stack => self.array(first, span),
            Builtin::Eye => self.eye(first, span),
            Builtin::Concat | Builtin::Concatenate => self.concat(first, optional(second), span),
            Builtin::Reshape => self.reshape(first, rest, span),
            Builtin::Transpose => self.transpose(first, span),
            Builtin::Where | Builtin::Select => self.choose(first, second, third, span),
            Builtin::Enumerate | Builtin::Zip | Builtin::Reversed | Builtin::List => Value::error(span),
            Builtin::Tuple | Builtin::Range | Builtin::Arange | Builtin::Print | Builtin::PrintLn => Value::error(span),
        }
    }
}

fn bare(param: &str) -> &str {
    param.trim_start_matches('*').trim_end_matches('?')
}

/// `sum(list, start)`: of a list, the second argument by position is what the sum starts from, as in Python.
fn starts_sum(first: &Value, args: &[ast::Arg]) -> bool {
    matches!(first.ty(), super::ty::Ty::List(_) | super::ty::Ty::Tuple(_))
        && args.get(1).is_some_and(|arg| arg.kind == ArgKind::Positional)
}
