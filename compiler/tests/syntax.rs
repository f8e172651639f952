//! What texts parse to, and what is said about those that do not.

use mpcc::diagnostic::{Code, Diagnostic, render};
use mpcc::source::{FileId, Sources};
use mpcc::syntax::{ast, parse};
use proptest::prelude::*;

fn codes(text: &str) -> Vec<&'static str> {
    parse(FileId(0), text).1.iter().map(|found| found.code.id()).collect()
}

/// The tree of a text without mistakes.
fn tree(text: &str) -> String {
    let (module, found) = parse(FileId(0), text);
    assert!(found.is_empty(), "{text}\n{}", shown(text, &found));
    module.to_string().trim_end().to_owned()
}

fn expression(text: &str) -> String {
    let tree = tree(text);
    tree.strip_prefix("(do ").and_then(|rest| rest.strip_suffix(')')).expect("an expression statement").to_owned()
}

fn shown(text: &str, found: &[Diagnostic]) -> String {
    let mut sources = Sources::new();
    sources.add("program.mpc", text);
    render::human(&sources, found, false)
}

#[test]
fn precedence_is_that_of_python() {
    let cases = [
        ("1 + 2 * 3 - 4", "(- (+ 1 (* 2 3)) 4)"),
        ("-a**b", "(- (** a b))"),
        ("a**-b**c", "(** a (- (** b c)))"),
        ("2**3**4", "(** 2 (** 3 4))"),
        ("not a in b", "(not (compare a in b))"),
        ("a not in b", "(compare a not in b)"),
        ("not not a", "(not (not a))"),
        ("a < b <= c != d", "(compare a < b <= c != d)"),
        ("(a < b) < c", "(compare (compare a < b) < c)"),
        ("a or b and not c", "(or a (and b (not c)))"),
        ("a if b else c if d else e", "(if b a (if d c e))"),
        ("x or y if a and b else not c", "(if (and a b) (or x y) (not c))"),
        ("- + ~ -a", "(- (+ (~ (- a))))"),
        ("a | b ^ c & d << e + f", "(| a (^ b (& c (<< d (+ e f)))))"),
        ("a - b - c", "(- (- a b) c)"),
        ("a @ b / c // d % e", "(% (// (/ (@ a b) c) d) e)"),
        ("-a * b", "(* (- a) b)"),
        ("a == b | c", "(compare a == (| b c))"),
        ("-x.f(1)[2]**2", "(- (** (index (call (. x f) 1) 2) 2))"),
        ("a << 1 >> b", "(>> (<< a 1) b)"),
    ];
    for (text, expected) in cases {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn operands() {
    let cases = [
        ("f()", "(call f)"),
        ("f(a, *b, k=1, j=2,)", "(call f a *b k=1 j=2)"),
        ("sum(x * y for x, y in zip(a, b))", "(call sum (generate (* x y) (for (tuple x y) (call zip a b))))"),
        (
            "[x for r in m if r for x in r if x > 0 if y]",
            "(each x (for r m (if r)) (for x r (if (compare x > 0)) (if y)))",
        ),
        ("()", "(tuple)"),
        ("(a,)", "(tuple a)"),
        ("(a)", "a"),
        ("a, *b", "(tuple a (* b))"),
        ("[]", "(list)"),
        ("[1, 2,]", "(list 1 2)"),
        ("a[1:2, ::-1, ..., None, :, i]", "(index a 1:2 ::(- 1) ... newaxis : i)"),
        ("a[-1][b,]", "(index (index a (- 1)) b)"),
        ("'a' \"b\" f'{c}'", "(f \"ab\" {c})"),
        ("0.50 + 1e-3", "(+ 0.50 1e-3)"),
        ("True and None", "(and True None)"),
        ("f(x)(y).z", "(. (call (call f x) y) z)"),
    ];
    for (text, expected) in cases {
        assert_eq!(expression(text), expected, "{text}");
    }
}

#[test]
fn f_strings() {
    assert_eq!(expression("f'a{x + 1!r:>8}b{{{y}}}'"), "(f \"a\" {(+ x 1) !r :\">8\"} \"b{\" {y} \"}\")");
    assert_eq!(expression("f'{ n = }'"), "(f {\" n = \" n})");
    assert_eq!(expression("f'{a[1:2]}{b != c}{f(x=1)}'"), "(f {(index a 1:2)} {(compare b != c)} {(call f x=1)})");
    assert_eq!(expression("f'plain'"), "(f \"plain\")");
    assert_eq!(expression("f'{\"a\" if b else \"c\"}'"), "(f {(if b \"a\" \"c\")})");
}

#[test]
fn spans_of_f_strings_are_those_of_the_file() {
    let text = "y = 1\nx = f'é{ y } and {z.w[0]:3}'";
    let (module, found) = parse(FileId(0), text);
    assert!(found.is_empty());
    let ast::StmtKind::Assign(assign) = &module.body[1].kind else { panic!("an assignment") };
    let mut seen = Vec::new();
    assign.value.kind.each_child(&mut |child| seen.push(&text[child.span.range()]));
    assert_eq!(seen, ["y", "z.w[0]"]);
}

#[test]
fn statements() {
    let cases = [
        ("a = b = c", "(= a b c)"),
        ("a, *b = c", "(= (tuple a (* b)) c)"),
        ("[a, b] = c", "(= (tuple a b) c)"),
        ("a[0].b = 1", "(= (. (index a 0) b) 1)"),
        ("x: sfix[n, m + 1] = e", "(= x : sfix[n, (+ m 1)] e)"),
        ("x: list[tuple[int, sint[_]]]", "(: x list[tuple[int, sint[_]]])"),
        ("x: ml.Linear[(h - k) // s + 1, 2]", "(: x ml.Linear[(+ (// (- h k) s) 1), 2])"),
        ("a //= 2; b **= 3; c @= d", "(//= a 2)\n(**= b 3)\n(@= c d)"),
        ("assert a == b, 'no'", "(assert (compare a == b) \"no\")"),
        ("import a.b as c, d", "(import a.b as c d)"),
        ("from a import (b, c as d,)", "(from a b c as d)"),
        ("from a import *", "(from a *)"),
        ("raise E(1) from e", "(raise (call E 1) from e)"),
        ("role a, b, p[n]", "(role a b p[n])"),
        ("input x: sint[n] from alice", "(input x sint[n] from alice)"),
        ("input x: sint in [0, 9] from p[2] = 5 why=\"w\"", "(input x sint in 0 9 from p[2] = 5 why \"w\")"),
        ("input n: int = 100", "(input n int = 100)"),
        ("output y: sfix to a, p[1] why='w'", "(output y sfix to a p[1] why \"w\")"),
        ("output y: sfix to all", "(output y sfix to all)"),
        ("precision fix(bits=40, frac=2 * 8)", "(precision fix bits=40 frac=(* 2 8))"),
        ("if a: b; c", "(if a)\n  (do b)\n  (do c)"),
    ];
    for (text, expected) in cases {
        assert_eq!(tree(text), expected, "{text}");
    }
}

#[test]
fn words_of_ports_are_names_elsewhere() {
    let text =
        "input = 1\noutput(input)\nrole.to = why\nprecision[0] = input + output\nto, why = role\nfrom_ = to(why=1)\n";
    assert_eq!(tree(text).lines().count(), 6);
    assert_eq!(
        tree("input to: int = 3 why='x'\noutput why: sint to to"),
        "(input to int = 3 why \"x\")\n(output why sint to to)"
    );
}

#[test]
fn blocks() {
    let text = "
def f(a, b: sint = 1, *rest: int, k, j=2) -> tuple[sint, sint]:
    'doc'
    while a:
        if b: break
        elif c:
            continue
        else:
            pass
    return a, b

@test
class P[n](Exception):
    x: sint[n]
    y: int = 2

    def g(self):
        try:
            raise
        except (A, B) as e:
            pass
        except:
            pass
        else:
            pass
        finally:
            pass
for i, (x, y) in enumerate(z): print(i)
else: done
while a: b
else:
    c
";
    let expected = "\
(def f (a, b:sint=1, *rest:int, /k, /j=2) -> tuple[sint, sint])
  (doc \"doc\")
  (while a)
    (if b)
      (break)
    (elif c)
      (continue)
    (else)
      (pass)
  (return (tuple a b))
(@ test)
(class P n : Exception)
  (field x sint[n])
  (field y int = 2)
  (def g (self))
    (try)
      (raise)
    (except A B as e)
      (pass)
    (except)
      (pass)
    (else)
      (pass)
    (finally)
      (pass)
(for (tuple i (tuple x y)) (call enumerate z))
  (do (call print i))
(else)
  (do done)
(while a)
  (do b)
(else)
  (do c)";
    assert_eq!(tree(text), expected);
}

const INNER_PRODUCT: &str = "\
sum = sint(0)
for i in range(3):
    x1 = sint(i)
    x2 = sint(i*2)
    prod = x1 * x2
    sum = sum + prod
print_ln(\"%s\", sum.reveal())
";

const CLASSIFIER: &str = "\
\"\"\"Which digit is it? The model owner learns nothing of the image, the data owner nothing of the model.\"\"\"
from ml import Linear, relu

role model_owner, data_owner

class Mlp:
    fc1: Linear[784, 128]
    fc2: Linear[128, 128]
    fc3: Linear[128, 10]

    def forward(self, x: sfix[b, 784]) -> sfix[b, 10]:
        h = relu(self.fc1(x))
        h = relu(self.fc2(h))
        return self.fc3(h)

input  model: Mlp            from model_owner     # model.safetensors: fc1.weight, fc1.bias, ...
input  image: sfix[b, 784]   from data_owner      # images.npy; b is bound when the data is read
output digit: sint[b]        to   data_owner

digit = argmax(model.forward(image), axis=1)
";

#[test]
fn the_published_inner_product() {
    let expected = "\
(= sum (call sint 0))
(for i (call range 3))
  (= x1 (call sint i))
  (= x2 (call sint (* i 2)))
  (= prod (* x1 x2))
  (= sum (+ sum prod))
(do (call print_ln \"%s\" (call (. sum reveal))))";
    assert_eq!(tree(INNER_PRODUCT), expected);
}

#[test]
fn the_program_of_the_language_page() {
    let tree = tree(CLASSIFIER);
    assert!(tree.starts_with("(doc \"Which digit"), "{tree}");
    assert!(tree.contains("(class Mlp)\n  (field fc1 Linear[784, 128])"), "{tree}");
    assert!(tree.ends_with("(= digit (call argmax (call (. model forward) image) axis=1))"), "{tree}");
}

#[test]
fn one_mistake_is_one_error() {
    let cases = [
        ("if x > 3\n    y = 1\nelse\n    y = 2\n", "E0031 E0031"),
        ("while x = 3:\n    pass", "E0032"),
        ("if x = 3\n    pass", "E0031 E0032"),
        ("else if x:\n    pass", "E0030 E0037"),
        ("if a:\n    pass\nelse if x:\n    pass", "E0030"),
        ("x = foo(1 2)\ny = 3", "E0030"),
        ("x = = 2", "E0030"),
        ("x = (1 +) * 2", "E0030"),
        ("x = a[1 2] + b[3 4]", "E0030 E0030"),
        ("x = y.\nz = 1", "E0030"),
        ("f(a = 1, b)", "E0035"),
        ("f(a=1, a=2)", "E0035"),
        ("f(x for x in y, 2)", "E0035"),
        ("f(**k)", "E0006"),
        ("f(a == b, c.d = 3)", "E0032"),
        ("1 = x", "E0033"),
        ("f(x) = 3", "E0033"),
        ("a + b += 1", "E0033"),
        ("x: 3 + 4 = 5", "E0030"),
        ("x: 3 = 5", "E0034"),
        ("x: sfix[n / 2]", "E0034"),
        ("def f(a, a):\n    pass", "E0036"),
        ("def f(a=1, b):\n    pass", "E0036"),
        ("def f(*, a, *b):\n    pass", "E0036"),
        ("def f(:\n    return 1\ny = 2", "E0020"),
        ("def f(a b):\n    return 1\ny = 2", "E0030"),
        ("x = lambda a: a", "E0006"),
        ("with open(f) as g:\n    x = 1", "E0006"),
        ("global x", "E0006"),
        ("del x", "E0006"),
        ("async def f():\n    return 1", "E0006"),
        ("def f():\n    yield 1", "E0006"),
        ("x = {1: 2}", "E0006"),
        ("if (x := 3):\n    pass", "E0006"),
        ("x is None", "E0006"),
        ("match x:\n    case 1:\n        pass\n    case 2:\n        pass\ny = 1", "E0006"),
        ("if x {\n    y = 1\n}", "E0006"),
        ("return 1", "E0038"),
        ("break", "E0038"),
        ("if x:\n    input a: int = 1", "E0038"),
        ("  x = 1\ny = 2", "E0012"),
        ("x = 1\n    y = 2\nz = 3", "E0012"),
        ("if x:\ny = 1", "E0013"),
        ("if x:\n        y = 1\n    z = 2\n    w = 2\nv = 1", "E0011"),
        ("if x:\n    y = 1\n\tz = 2\n\tw = 3", "E0010"),
        ("x = 'abc\ny = 1", "E0002"),
        ("x = \"\"\"abc\ny = 1", "E0002"),
        ("x = 0x\ny = 012", "E0003 E0003"),
        ("x = $3", "E0001"),
        ("x = f'{a +}'", "E0030"),
        ("x = f'{a'", "E0005"),
        ("x = f'{lambda: 1}'", "E0006"),
        ("try:\n    pass\nx = 1", "E0041"),
        ("except A:\n    pass", "E0037"),
        ("@d\nx = 1", "E0040"),
        ("@d", "E0040"),
        ("class A:\n    print(1)\n    y: int", "E0039"),
        ("class A(B, C):\n    x: int", "E0039"),
        ("output x: sint", "E0042"),
        ("input x: sint to alice", "E0042"),
        ("input x: sint from a from b", "E0042"),
        ("print \"hello\"", "E0030"),
        ("x++", "E0030"),
        ("if a && b:\n    pass", "E0030"),
        ("if !a:\n    pass", "E0001"),
        ("x = (1, 2\ny = 3\nz = 4)", "E0030"),
        ("x = [1, 2)", "E0021"),
        ("pass pass", "E0030"),
        ("x = 3 +\ny = 4 *\nz = 1", "E0030 E0030"),
        ("(x for x in y)", "E0035"),
        ("x = *y", "E0030"),
        ("a[]", "E0030"),
    ];
    let mut wrong = String::new();
    for (text, expected) in cases {
        let (_, found) = parse(FileId(0), text);
        let mut got: Vec<_> = found.iter().map(|found| found.code.id()).collect();
        got.sort_unstable();
        if got.join(" ") != expected {
            wrong += &format!("expected {expected}:\n{text}\n{}\n", shown(text, &found));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_broken_file_reports_every_mistake_and_keeps_what_is_right() {
    let text = "\
role alice bob
input x sint from alice
def f(a:
    return a
if x > 3
    y = f(1 2)
else:
    y = [1, 2
z = y +
for i range(3):
    z = i
print(z)
";
    let (module, found) = parse(FileId(0), text);
    assert_eq!(found.len(), 8, "{}", shown(text, &found));
    assert!(module.to_string().ends_with("(do (call print z))\n"), "{module}");
}

#[test]
fn depth_is_an_error_and_no_overflow() {
    let many = |part: &str, count| part.repeat(count);
    let deep = [
        format!("x = {}1{}", many("(", 5000), many(")", 5000)),
        format!("x = {}1{}", many("[", 300), many("]", 300)),
        format!("x = {}1", many("-", 100_000)),
        format!("x = 1{}", many(" + 1", 100_000)),
        format!("x = 1{}", many(" ** 1", 100_000)),
        format!("x = a{}", many(".b", 100_000)),
        format!("x = a{}", many("(1)", 10_000)),
        format!("x = {}1", many("1 if a else ", 50_000)),
        format!("x = {}1", many("not ", 50_000)),
        format!("x = {}", many("f(", 50_000)),
    ];
    for text in deep {
        let found = codes(&text);
        assert!(found == ["E0014"] || found == ["E0020"], "{found:?} {}", &text[..20]);
    }
    let blocks: String = (0..300).map(|depth| format!("{}if a:\n", " ".repeat(depth))).collect();
    assert!(codes(&blocks).contains(&Code::TooDeep.id()));
    let wide = format!("x = [{}]", many("1, ", 100_000));
    assert!(codes(&wide).is_empty());
    let fields = format!("f'{}'", many("{a:}", 20_000));
    assert!(codes(&fields).is_empty());
    let chain: String = (0..5000).map(|_| "elif b:\n    pass\n").collect();
    assert!(codes(&format!("if a:\n    pass\n{chain}")).is_empty());
}

#[test]
fn messages_as_people_see_them() {
    let cases = [
        (
            "while x > 0\n    x = f(1 2)\n",
            "\
error[E0031]: expected `:` after the condition
   ╭─[ program.mpc:1:12 ]
   │
 1 │ while x > 0
   │ ──┬──      │
   │   ╰────────── this line opens a block
   │            │
   │            ╰─ add `:` here
───╯

error[E0030]: expected `)` or `,`, found `2`
   ╭─[ program.mpc:2:13 ]
   │
 2 │     x = f(1 2)
   │          ┬  ┬
   │          ╰───── inside this bracket
   │             │
   │             ╰── here
   │
   │ Help: put a comma between the two
───╯

2 errors
",
        ),
        (
            "if a:\n    y = 1\n\tz = 2\n",
            "\
error[E0010]: tabs and spaces are mixed in the indentation
   ╭─[ program.mpc:3:1 ]
   │
 2 │     y = 1
   │ ──┬─
   │   ╰─── the first indented line uses spaces
 3 │     z = 2
   │ ┬───
   │ ╰───── here
   │
   │ Help: indent every line of the file with four spaces a level
───╯

1 error
",
        ),
        (
            "with open(f) as g:\n    pass\n",
            "\
error[E0006]: `with` is not part of this language
   ╭─[ program.mpc:1:1 ]
   │
 1 │ with open(f) as g:
   │ ──┬─
   │   ╰─── here
   │
   │ Help: there is nothing to open or close: data comes by `input` and goes by `output`
───╯

1 error
",
        ),
    ];
    for (text, expected) in cases {
        let (_, found) = parse(FileId(0), text);
        let got = shown(text, &found);
        assert!(got == expected, "{got}");
    }
}

#[test]
fn what_was_expected_is_said_in_few_words() {
    let cases = [
        ("x y", "expected an operator or the end of the line, found `y`"),
        ("f(1 2)", "expected `)` or `,`, found `2`"),
        ("x = ", "expected an expression, found the end of the line"),
        ("for i range(3):\n    pass", "expected `in` or `,`, found `range`"),
        ("x = 3 if y", "expected `else`, found the end of the line"),
        ("def (a):\n    pass", "expected a name, found `(`"),
        ("role a b", "expected `,` or the end of the line, found `b`"),
        ("output y: sint alice", "expected `to`, `why` or the end of the line, found `alice`"),
        ("input x sint", "expected `:`, found `sint`"),
        ("x = [1, 2) + 3", "`)` does not close `[`"),
        ("from a import", "expected a name or `(`, found the end of the line"),
        ("x = f'{a + }'", "expected an expression, found the end of the expression"),
        ("class = 3", "expected a name, found `=`"),
    ];
    for (text, expected) in cases {
        let (_, found) = parse(FileId(0), text);
        assert_eq!(found.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), [expected], "{text}");
    }
}

fn check_expression(text: &str, expr: &ast::Expr, within: mpcc::source::Span) {
    assert!(text.get(expr.span.range()).is_some(), "{:?} in {text:?}", expr.span);
    assert!(within.start <= expr.span.start && expr.span.end <= within.end, "{:?} {within:?} {text:?}", expr.span);
    assert!(expr.depth() <= ast::MAX_DEPTH);
    expr.kind.each_child(&mut |child| check_expression(text, child, within));
}

/// Every statement and expression lies in the text, and the inner ones in the outer ones.
fn check_statement(text: &str, statement: &ast::Stmt) {
    assert!(text.get(statement.span.range()).is_some(), "{:?} in {text:?}", statement.span);
    let block = |body: &[ast::Stmt]| {
        for inner in body {
            assert!(statement.span.start <= inner.span.start && inner.span.end <= statement.span.end, "{text:?}");
            check_statement(text, inner);
        }
    };
    match &statement.kind {
        ast::StmtKind::Expr(value) | ast::StmtKind::Return(Some(value)) => {
            check_expression(text, value, statement.span)
        }
        ast::StmtKind::Assign(assign) => check_expression(text, &assign.value, statement.span),
        ast::StmtKind::For { body, iter, otherwise, .. } => {
            check_expression(text, iter, statement.span);
            block(body);
            block(otherwise);
        }
        ast::StmtKind::While { body, test, otherwise } => {
            check_expression(text, test, statement.span);
            block(body);
            block(otherwise);
        }
        ast::StmtKind::If(parts) => {
            parts.arms.iter().for_each(|arm| block(&arm.body));
            block(&parts.otherwise);
        }
        ast::StmtKind::Function(function) => block(&function.body),
        _ => {}
    }
}

#[test]
fn helps_can_be_applied() {
    let cases = [
        ("if a:\n    pass\nesle:\n    pass", "did you mean `else`?"),
        ("fro i in range(3):\n    pass", "did you mean `for`?"),
        ("print 'x'", "`print` is a function: `print(…)`"),
        ("x++", "write `x += 1`"),
        ("a && b", "write `and`"),
        ("x is 3", "compare with `==` or `!=`"),
        ("x = “hello”", "write a text between `\"` and `\"`"),
        ("if a {\n}", "end the line with `:` and indent the block"),
    ];
    for (text, expected) in cases {
        let (_, found) = parse(FileId(0), text);
        assert_eq!(found.iter().flat_map(Diagnostic::advice).collect::<Vec<_>>(), [expected], "{text}");
    }
}

/// Every span of a text's diagnostics lies in it and cuts no character, and all of it renders.
fn check(text: &str) {
    let (module, found) = parse(FileId(0), text);
    assert_eq!(module.span.end as usize, text.len());
    for diagnostic in &found {
        let spans = std::iter::once(diagnostic.span).chain(diagnostic.labels.iter().map(|(span, _)| *span));
        for span in spans {
            assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}: {diagnostic:?}");
        }
    }
    module.body.iter().for_each(|statement| check_statement(text, statement));
    shown(text, &found);
    if module.to_string().contains("(error)") {
        assert!(!found.is_empty(), "an error node without a diagnostic: {text:?}");
    }
}

const WORDS: &[&str] = &[
    "if", "else", "elif", "for", "in", "def", "class", "try", "except", "input", "output", "role", "to", "why", "from",
    "x", "y", "f'{", "}'", "'", "\"\"\"", "(", ")", "[", "]", "{", "}", ":", ",", "=", "==", ".", "...", "+", "-",
    "**", "*", "not", "1", "0.5", "\n", "\n    ", "\n\t", " ", "#", "\\", "@", "lambda", ";", "é", "return", "import",
    "!", "->", "\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_parses(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_words_parse(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        check(&words.join(" "));
        check(&words.concat());
    }

    #[test]
    fn good_programs_with_a_part_cut_or_put_in_parse(
        first in any::<bool>(),
        at in any::<prop::sample::Index>(),
        length in 0..12_usize,
        put in prop::sample::select(WORDS),
    ) {
        let text = if first { CLASSIFIER } else { INNER_PRODUCT };
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        check(&format!("{}{put}{}", &text[..start], &text[end..]));
    }
}
