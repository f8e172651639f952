//! Programs from source to verified bytecode, read as text.

use crate::emit::lower_and_emit;
use crate::source::Sources;
use crate::types::{Library, check};
use mpc_bytecode::{Instruction, Locality, Program};

/// Compiles a text that has no errors; what is emitted passes the verifier.
pub fn compile(text: &str) -> Program {
    let mut sources = Sources::new();
    let file = sources.add("test.mpc", text);
    let library = Library::load(&mut sources);
    let (module, _) = crate::syntax::parse(file, text);
    let checked = check(&crate::names::Modules::single(file, module), &library);
    let Some(tree) = checked.tree else {
        panic!(
            "{text}\n{:?}",
            checked
                .diagnostics
                .iter()
                .map(|d| (
                    &d.message,
                    sources.position(d.span),
                    d.labels.iter().map(|l| sources.position(l.0)).collect::<Vec<_>>()
                ))
                .collect::<Vec<_>>()
        )
    };
    let program = lower_and_emit(&tree, &sources, &mut Vec::new()).program;
    if let Err(error) = mpc_bytecode::verify::verify(&program) {
        panic!("{error}\n{text}\n{}", code(&program));
    }
    program
}

/// The code of all functions, one instruction a line.
pub fn code(program: &Program) -> String {
    let mut out = String::new();
    for function in &program.functions {
        out += &format!("{}\n", function.name);
        for (at, instruction) in function.code.iter().enumerate() {
            out += &format!("  @{at} {instruction}\n");
        }
    }
    out
}

/// The mnemonics of the interactive instructions, in order.
fn interactive(program: &Program) -> Vec<&'static str> {
    let code = program.functions.iter().flat_map(|function| &function.code);
    code.filter(|op| op.locality() == Locality::Interactive).map(Instruction::mnemonic).collect()
}

/// The first function's code without the register table.
fn top(text: &str) -> String {
    let program = compile(text);
    let code = program.functions[0].code.iter().enumerate();
    code.map(|(at, instruction)| format!("@{at} {instruction}\n")).collect()
}

#[test]
fn a_loop_over_a_range_stays_a_loop() {
    let text =
        "total = sint(0)\nfor i in range({n}):\n    total = total + sint(i) * sint(i + 1)\nprint(total.reveal())\n";
    let of = |n: &str| compile(&text.replace("{n}", n)).functions[0].code.len();
    assert_eq!(of("3"), of("1000000"));
}

#[test]
fn the_last_turn_steps_over_nothing() {
    let code = top("for i in range(9223372036854775800, 9223372036854775807, 3):\n    print(i)\n");
    let (test, step) = (code.find("jump-unless"), code.rfind("binary add"));
    assert!(test < step, "the step is taken only where a turn follows:\n{code}");
}

#[test]
fn independent_products_share_a_round() {
    let text = "role p\ninput a: sfix from p\ninput b: sfix from p\nx = a * b\ny = (a + 1) * (b - 1)\nprint((x + y).reveal())\n";
    assert_eq!(interactive(&compile(text)), ["input", "mul", "trunc", "open"]);
}

#[test]
fn calls_do_not_keep_rounds_apart() {
    let text = "role p\ninput a: sfix from p\ninput b: sfix from p\ndef f(x, y):\n    return x * y + 1\nprint((f(a, b) + f(a, a)).reveal())\n";
    let program = compile(text);
    assert_eq!(program.functions.len(), 1, "{}", code(&program));
    assert_eq!(interactive(&program), ["input", "mul", "trunc", "open"]);
}

#[test]
fn disclosures_name_the_expression_and_the_reason() {
    let text = "role p\ninput a: sint from p\noutput o: sint to p  why=\"the answer\"\nprint((a\n  + 1).reveal(why=\"a test\"))\no = a\n";
    let program = compile(text);
    let found: Vec<_> =
        program.disclosures.iter().map(|d| (d.expression.as_str(), d.why.as_deref(), d.line.line)).collect();
    assert_eq!(found, [("a + 1", Some("a test"), 4), ("o", Some("the answer"), 3)]);
}

#[test]
fn a_square_opens_one_operand() {
    let text = "role p\ninput a: sint from p\nprint((a * a).reveal())\n";
    assert_eq!(interactive(&compile(text)), ["input", "square", "open"]);
}

#[test]
fn comparisons_are_as_wide_as_their_operands() {
    let width = |head: &str, ty: &str| {
        let code = top(&format!("{head}role p\ninput a: {ty} from p\nprint((a < 1).reveal())\n"));
        code.split("ltz ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default().to_owned()
    };
    assert_eq!(width("", "sfix"), "48");
    assert_eq!(width("", "sint"), "0");
    assert_eq!(width("precision int(bits=32)\n", "sint"), "33");
}

#[test]
fn what_is_changed_inside_a_list_is_taken_out_first() {
    let code = top("xs = [[1, 2], [3]]\nfor i in range(2):\n    xs[i][0] = 7\nprint(xs)\n");
    let order: Vec<&str> = ["get ", "set ", "set ", "set "].into_iter().filter(|op| code.contains(op)).collect();
    assert_eq!(order.len(), 4);
    assert_eq!(code.matches(" set ").count(), 3, "{code}");
}

#[test]
fn a_secret_if_runs_both_arms_and_selects() {
    let text = "role p\ninput a: sint from p\nif a > 3:\n    r = a + 1\nelse:\n    r = 5 - a\nprint(r.reveal())\n";
    let program = compile(text);
    assert_eq!(interactive(&program), ["input", "ltz", "mul", "open"]);
    assert!(!code(&program).contains("jump"));
}

#[test]
fn prints_stay_behind_what_may_raise_and_openings_meet() {
    let text = "role p\ninput a: sint from p\ninput b: sint from p\nprint(a.reveal())\nprint(b.reveal())\n";
    assert_eq!(interactive(&compile(text)), ["input", "open"]);
    let text = "role p\ninput a: sint from p\ninput b: sint from p\nprint(a.reveal() + 1)\nprint(b.reveal())\n";
    assert_eq!(interactive(&compile(text)), ["input", "open", "open"], "the sum may overflow: then b is not opened");
}

#[test]
fn constants_are_computed_and_loaded_once() {
    let code = top("x = 2 * 3 + 4\nprint(f\"{x} is {x > 3}\")\n");
    assert_eq!(code, "@0 const p0 k0\n@1 print p0\n@2 return []\n");
}

#[test]
fn large_values_are_dropped_where_they_end() {
    let text = "role p\ninput a: sint[n] from p\nprint(len(a))\nprint(1)\n";
    let code = top(text);
    let (size, drop, end) = (code.find("size"), code.find("drop"), code.rfind("print"));
    assert!(size < drop && drop < end, "{code}");
}

#[test]
fn every_operator_of_the_library_compiles_and_verifies() {
    let integers = "a // b|a % b|a // 7|a // 8|a % 8|7 // a|a ** 5|a << 3|a >> 3|a & b|a | b|a ^ 5|~a|abs(a)|min(a, b)|max(a, b)\
        |min(x)|argmin(x)|prod(x)|any(x > 3)|all(x > 3)|x[a]|max(m, axis=0)|argmax(m, axis=1)|m[a]|x // b|x % 3\
        |a >> k|a << k|a // k|a ** k|x >> k|x & 3|min(e)";
    let fixed =
        "a / b|a / 3|1 / a|a // b|a % b|a ** 3|floor(a)|sint(a)|abs(a)|max(x)|argmax(x)|x / b|m / m|a / k|m @ m[0]";
    for (ty, expressions) in [("sint", integers), ("sfix", fixed)] {
        for expression in expressions.split('|') {
            compile(&format!(
                "role p\ninput a: {ty} from p\ninput b: {ty} from p\ninput x: {ty}[n] from p\ninput m: {ty}[4, 4] from p\n\
                 input e: {ty}[_] from p\ninput k: int = 3\nr = {expression}\nprint(r.reveal())\n"
            ));
        }
    }
}

#[test]
fn the_library_answers_for_the_line_of_the_call() {
    let program = compile("role p\ninput a: sint from p\n\nprint((a // 3).reveal())\n");
    assert_eq!(program.files, ["test.mpc"]);
    assert!(program.functions[0].lines.iter().all(|(_, line)| line.line <= 4));
}
