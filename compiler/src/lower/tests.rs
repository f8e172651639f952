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
    let checked = check(&module, &library);
    let Some(tree) = checked.tree else { panic!("{text}\n{:?}", checked.diagnostics.iter().map(|d| (&d.message, sources.position(d.span), d.labels.iter().map(|l| sources.position(l.0)).collect::<Vec<_>>())).collect::<Vec<_>>()) };
    let program = lower_and_emit(&tree, &sources);
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

#[test]
fn scratch() {
    for name in ["inner_product", "meeting_cost", "millionaires", "auction", "stats"] {
        let text = std::fs::read_to_string(format!("{}/../programs/{name}.mpc", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let started = std::time::Instant::now();
        let Ok(program) = std::panic::catch_unwind(|| compile(&text)) else { println!("== {name} FAILED"); continue };
        println!("== {name} {:?} {:?}", started.elapsed(), interactive(&program));
    }
}

#[test]
fn scratch_library() {
    for (op, ty) in [
        ("a // b", "sint"), ("a % b", "sint"), ("a // 7", "sint"), ("a // 8", "sint"), ("a % 8", "sint"), ("7 // a", "sint"), ("a ** 5", "sint"), ("a << 3", "sint"), ("a >> 3", "sint"),
        ("a & b", "sint"), ("a | b", "sint"), ("a ^ 5", "sint"), ("~a", "sint"), ("abs(a)", "sint"), ("min(a, b)", "sint"), ("max(a, b)", "sint"),
        ("a / b", "sfix"), ("a / 3", "sfix"), ("1 / a", "sfix"), ("a // b", "sfix"), ("a % b", "sfix"), ("a ** 3", "sfix"), ("floor(a)", "sfix"), ("sint(a)", "sfix"), ("abs(a)", "sfix"),
        ("min(x)", "sint"), ("max(x)", "sfix"), ("argmax(x)", "sfix"), ("argmin(x)", "sint"), ("prod(x)", "sint"), ("any(x > 3)", "sint"), ("all(x > 3)", "sint"), ("x[a]", "sint"),
        ("max(m, axis=0)", "sint"), ("argmax(m, axis=1)", "sint"), ("m[a]", "sint"), ("x // b", "sint"), ("x / b", "sfix"), ("x % 3", "sint"), ("m / m", "sfix"),
        ("a >> k", "sint"), ("a << k", "sint"), ("a // k", "sint"), ("a ** k", "sint"), ("a / k", "sfix"), ("x >> k", "sint"), ("x & 3", "sint"), ("min(e)", "sint")
    ] {
        let text = format!("role p\ninput a: {ty} from p\ninput b: {ty} from p\ninput x: {ty}[n] from p\ninput m: {ty}[3, 4] from p\ninput e: {ty}[_] from p\ninput k: int = 3\nr = {op}\nprint(r.reveal())\n");
        let started = std::time::Instant::now();
        let r = std::panic::catch_unwind(|| compile(&text));
        match r {
            Ok(program) => println!("== {ty} {op} {:?} size {} interactive {:?}", started.elapsed(), program.functions.iter().map(|f| f.code.len()).sum::<usize>(), interactive(&program).len()),
            Err(_) => println!("== {ty} {op} FAILED"),
        }
    }
}
