//! A valid program, and one way for every rule to break it.

use super::*;
use crate::arbitrary::programs;
use crate::operand::{Bank, DimId, Dst, Label, Public, Reg};
use crate::program::{Extent, ExtentOp, Handler};
use crate::types::{Kind, Type};
use proptest::prelude::*;

/// Every group of instructions, a loop, a call and both kinds of disclosure.
const VALID: &str = r#"
mpcb 2
precision int 64 fix 47 frac 16
file 0 "pay.mpc"
dim0 "n"
dim1 "m"
dim2 "k"
role0 "owner"
role1 "worker" family dim0
port0 input "model" sfix [dim1, (dim1 + 1)] from role0 at 0:1
port1 input "rate" sint [?] from role1 at 0:2
port2 parameter "k" int [] default k0 from all at 0:3
port3 output "total" sint [] to role0, role1 at 0:4
port4 output "rates" sint [] list to all at 0:5
k0 int 3
k1 str "done"
k2 bool [2] true false
k3 fix 65536

function f0 "main"
  registers p 4 int, 2 bool, str, 2 fix
  registers s 4 sint, 4 sfix, 2 sbool, 2 raw
  registers l 2 list[sint], list[int]
  line 0:6
  input [s4 port0, l0 port1]
  const p0 k0
  const p1 k0
  const p7 k3
  dim p2 dim1
  param p3 port2
  line 0:7
  const p4 k2
  const p6 k1
  list l1 []
@9 get s0 l0 p0
  share s1 p0
  call f1 [s1] [s0, s1, p0]
  push l1 l1 s1
  binary sub p0 p0 p1
  binary gt p5 p0 p1
  jump-if p5 @9
  line 0:8
  mul [s2 s0 s1, s10 s4 s4]
  trunc 16 [s5 s10]
  ltz 0 [s8 s5]
  mulp s11 s5 p7
  open [p0 s2, p8 s5]
  reduce sum p1 p0 [0]
  reshape s0 s0 [p0, p1]
  index s0 s0 [p0, p1:.:., new, rest]
  format p6 [k1, p0:.]
  print p6
  output [port3 s2, port4 l0]
  jump-unless p5 @29
  raise ValueError p6
@29 return []

function f1 "scale"
  params s0, s1, p0
  results sint
  registers p int
  registers s 3 sint
  add s2 s0 s1
  mulp s2 s2 p0
  return [s2]

disclosure f0 @20 entry 0 to all at 0:8 "x"
disclosure f0 @20 entry 1 to all at 0:8 "y" why "needed"
disclosure f0 @26 entry 0 port3 to role0, role1 at 0:9 "total"
disclosure f0 @26 entry 1 port4 to all at 0:9 "rates"
"#;

/// A group in place of five instructions of the valid program.
const GROUP: &str = "  together 4
  mul [s2 s0 s1, s10 s4 s4]
  ltz 0 [s8 s4]
  eqz 0 [s9 s4]
  open [p0 s1, p8 s4]
";

fn valid() -> Program {
    Program::from_text(VALID.trim_start()).expect("the text is right")
}

fn fault(program: &Program) -> VerifyError {
    verify(program).expect_err("the program is broken")
}

/// What the verifier says once `from` stands as `to`.
fn broken(from: &str, to: &str) -> String {
    let text = valid().to_text();
    assert!(text.contains(from), "`{from}` is not in\n{text}");
    let program = Program::from_text(&text.replacen(from, to, 1)).expect("the text is still a program");
    fault(&program).message
}

/// What the verifier says once `change` is made.
fn changed(change: impl FnOnce(&mut Program)) -> String {
    let mut program = valid();
    change(&mut program);
    fault(&program).message
}

#[test]
fn the_valid_program_is_valid() {
    assert_eq!(verify(&valid()), Ok(()));
}

#[test]
fn a_fault_has_its_place() {
    let mut program = valid();
    program.functions[0].code[1] =
        Instruction::Const { dst: Dst::<Public>::new(99), value: crate::operand::ConstId(0) };
    let error = fault(&program);
    assert_eq!((error.instruction, error.source.clone()), (Some(1), Some(("pay.mpc".into(), 6))));
    assert_eq!(
        error.to_string(),
        "the program is not valid: function f0 `main`, instruction 1 (pay.mpc:6): const: register p99 does not exist: there are 9"
    );
}

#[test]
fn limits() {
    assert_eq!(broken("int 64 fix", "int 1 fix"), "integers of 1 bits: 2 to 128 are possible");
    assert!(broken("fix 47 frac 16", "fix 16 frac 16").starts_with("fixed point of 16 bits with 16"));
    assert!(broken("fix 47 frac 16", "fix 127 frac 1").starts_with("fixed point of 127 bits with 1"));
    assert!(broken("fix 47 frac 16", "fix 120 frac 16").starts_with("no ring is wide enough"));
    assert_eq!(broken("k0 int 3", "k0 int [2] 3"), "constant k0: its shape [2] has 2 elements, but there are 1");
    assert_eq!(
        broken("k0 int 3", "k0 int [4294967296, 4294967296, 0]"),
        "constant k0: its shape [4294967296, 4294967296, 0] is too large"
    );
    assert_eq!(
        broken("k3 fix 65536", "k3 fix 9223372036854775808"),
        "constant k3: 9223372036854775808 does not fit 64 bits"
    );
    let deep = |c: &mut Program| {
        let nest = |size, _| Extent::Combined(ExtentOp::Add, Box::new(size), Box::new(Extent::Constant(1)));
        c.ports[1].shape = vec![(0..300).fold(Extent::Dim(DimId(0)), nest)];
    };
    assert_eq!(changed(deep), "a size is nested too deep");
    let list = (0..40).fold(Type::Tensor(Kind::Int), |item, _| Type::List(Box::new(item)));
    assert_eq!(changed(|p| p.functions[1].results[0] = list), "there are 40 lists within each other, the limit is 16");
    assert_eq!(changed(|p| p.ports[1].shape = vec![Extent::Any; 33]), "there are 33 axes of a port, the limit is 32");
    assert_eq!(
        changed(|p| p.files[0] = "x".repeat(1 << 17)),
        "there are 131072 bytes in a name or a reason, the limit is 65536"
    );
    assert_eq!(changed(|p| p.dims = vec!["d".into(); 1 << 17]), "there are 131072 dimensions, the limit is 65536");
}

#[test]
fn indices() {
    assert_eq!(changed(|p| p.functions.clear()), "it has no function, not even a top level");
    assert_eq!(broken("const p0 k0", "const p0 k9"), "const: constant k9 does not exist: there are 4");
    assert_eq!(broken("dim p2 dim1", "dim p2 dim3"), "dim: dimension dim3 does not exist: there are 3");
    assert_eq!(broken("param p3 port2", "param p3 port5"), "param: port port5 does not exist: there are 5");
    assert_eq!(broken("call f1", "call f2"), "call: function f2 does not exist: there are 2");
    assert_eq!(broken("jump-if p5 @9", "jump-if p5 @30"), "jump-if: jump target @30 does not exist: there are 30");
    assert_eq!(broken("format p6 [k1", "format p6 [k4"), "format: constant k4 does not exist: there are 4");
    assert_eq!(broken("[k1, p0:.]", "[k1, p0:k4]"), "format: constant k4 does not exist: there are 4");
    assert_eq!(broken("family dim0", "family dim3"), "dimension dim3 does not exist: there are 3");
    assert_eq!(broken("from role1", "from role2"), "port1: role role2 does not exist: there are 2");
    assert_eq!(broken("[dim1, (dim1 + 1)]", "[dim1, (dim7 + 1)]"), "port0: dimension dim7 does not exist: there are 3");
    assert_eq!(broken("default k0", "default k8"), "port2: constant k8 does not exist: there are 4");
    assert_eq!(broken("at 0:3", "at 1:3"), "port2: source file 1 does not exist: there are 1");
    assert_eq!(broken("line 0:7", "line 3:7"), "source file 3 does not exist: there are 1");
    assert_eq!(broken("line 0:7 ", "line 0:7 from @0"), "its line table is not in order at instruction 0");
    assert_eq!(
        changed(|p| p.functions[0].lines.push((30, Default::default()))),
        "its line table names an instruction that is not there: instruction 30 does not exist: there are 30"
    );
    assert_eq!(broken("params s0, s1", "params s0, s7"), "register s7 does not exist: there are 3");
    assert_eq!(broken("params s0, s1", "params s0, s0"), "two parameters go to s0");
    assert_eq!(broken("mul [s2 s0 s1, s10", "mul [s2 s0 s1, s2"), "mul: it writes s2 twice");
    assert_eq!(
        broken("disclosure f0 @20", "disclosure f9 @20"),
        "disclosure 0: function f9 does not exist: there are 2"
    );
    assert_eq!(
        broken("disclosure f0 @20", "disclosure f0 @90"),
        "disclosure 0: instruction 90 does not exist: there are 30"
    );
    assert_eq!(
        broken("port3 to role0, role1 at 0:9", "port8 to role0, role1 at 0:9"),
        "disclosure 2: port port8 does not exist: there are 5"
    );
    assert_eq!(
        broken("port3 to role0, role1 at 0:9", "port3 to role0, role6 at 0:9"),
        "disclosure 2: role role6 does not exist: there are 2"
    );
}

#[test]
fn ports() {
    assert_eq!(broken("\"worker\"", "\"owner\""), "two roles are called `owner`");
    assert_eq!(broken("\"rates\"", "\"total\""), "two ports are called `total`");
    assert_eq!(broken("dim1 \"m\"", "dim1 \"n\""), "two dimensions are called `n`");
    assert_eq!(broken("\"total\"", "\"\""), "a port has no name");
    assert_eq!(
        broken("\"rate\" sint [?]", "\"rate\" sint [?] list"),
        "port `rate` is a list, which only an output can be"
    );
    assert_eq!(
        broken("\"rate\" sint [?]", "\"rate\" str [?]"),
        "port `rate` is a tensor of text, which is always a scalar"
    );
    assert_eq!(
        broken("\"rate\" sint [?]", "\"rate\" sint [(? + 1)]"),
        "port `rate` has a size that is computed from one that is not known"
    );
    assert_eq!(
        broken("\"rate\" sint [?]", "\"rate\" int [?]"),
        "port `rate` is an input of kind int: inputs are sint, sfix or sbool"
    );
    assert_eq!(
        broken("\"rate\" sint [?]", "\"rate\" raw [?]"),
        "port `rate` is an input of kind raw: inputs are sint, sfix or sbool"
    );
    assert_eq!(broken("from role1", "from role1, role0"), "port `rate` is an input of other than one role");
    assert_eq!(broken("from role1", "from all"), "port `rate` is an input of other than one role");
    assert_eq!(broken("\"k\" int", "\"k\" sint"), "port `k` is a parameter of kind sint: parameters are public");
    assert_eq!(
        broken("default k0 from all", "default k0 from role0"),
        "port `k` is a parameter of some: parameters are the same for all"
    );
    assert_eq!(broken("default k0", "default k3"), "port `k` is of kind int, but its default is of kind fix");
    assert_eq!(broken("k0 int 3", "k0 int [1] 3"), "port `k` has a default of another shape: [1]");
    assert_eq!(
        broken("\"total\" sint", "\"total\" raw"),
        "port `total` is an output of kind raw, which has no declared range"
    );
    assert_eq!(broken("to role0, role1", "to nobody"), "port `total` is an output to nobody");
    assert_eq!(broken("to role0, role1", "to role0, role0"), "port `total` is an output to one role twice");
    assert_eq!(broken("dim2 \"k\"", "dim2 \"q\""), "nothing fixes the dimension `q`");
    assert_eq!(broken("[dim1, (dim1 + 1)]", "[(dim1 + 1)]"), "nothing fixes the dimension `m`");
    assert_eq!(broken(" family dim0", ""), "nothing fixes the dimension `n`");
}

#[test]
fn secrets_stay_in_their_bank() {
    let move_to = |bank: Bank, ty: Type| changed(move |p| p.functions[0].registers[bank as usize][0] = ty);
    let out = |reg, ty| format!("{reg} is of type {ty}, which does not belong into its bank");
    assert_eq!(move_to(Bank::Public, Type::Tensor(Kind::Sint)), out("p0", "sint"));
    assert_eq!(move_to(Bank::Secret, Type::Tensor(Kind::Int)), out("s0", "int"));
    assert_eq!(move_to(Bank::List, Type::Tensor(Kind::Sint)), out("l0", "sint"));
    assert_eq!(move_to(Bank::Public, Type::List(Box::new(Type::Tensor(Kind::Int)))), out("p0", "list[int]"));
    assert_eq!(broken("[k1, p0:.]", "[k1, s2:.]"), "format: s2 is sint: a secret does not become text");
    assert_eq!(broken("[k1, p0:.]", "[k1, l0:.]"), "format: l0 is list[sint]: a secret does not become text");
    assert_eq!(broken("get s0 l0 p0", "get p0 l0 p0"), "get: l0 is list[sint], but p0 is int");
    assert_eq!(broken("index s0 s0", "index p0 s0"), "index: p0 is int, but s0 is sint");
    assert_eq!(broken("push l1 l1 s1", "push l2 l1 s1"), "push: l2 is list[int], but l1 is list[sint]");
    assert_eq!(broken("push l1 l1 s1", "copy p0 s1"), "copy: p0 is int, but s1 is sint");
    assert_eq!(broken("push l1 l1 s1", "pack p0 l0"), "pack: l0 is list[sint], but p0 is int");
    assert_eq!(broken("push l1 l1 s1", "unpack l2 s1"), "unpack: l2 is list[int], but s1 is sint");
    assert_eq!(broken("push l1 l1 s1", "assign p0 p0 [] s1"), "assign: p0 is int, but s1 is sint");
    assert_eq!(broken("push l1 l1 s1", "call f1 [p0] [s0, s1, p0]"), "call: result 0, p0, is int, not sint");
}

#[test]
fn kinds() {
    assert_eq!(broken("const p0 k0", "const p0 k1"), "const: p0 is int, not str");
    assert_eq!(broken("dim p2 dim1", "dim p4 dim1"), "dim: p4 is bool, not int");
    assert_eq!(broken("param p3 port2", "param p4 port2"), "param: p4 is bool, not int");
    assert_eq!(broken("param p3 port2", "param p3 port0"), "param: port `model` is not a parameter");
    assert_eq!(broken("binary sub p0 p0 p1", "binary sub p0 p0 p7"), "binary: there is no `sub` of int and fix");
    assert_eq!(broken("binary gt p5", "binary gt p0"), "binary: p0 is int, not bool");
    assert_eq!(broken("push l1 l1 s1", "unary not p0 p0"), "unary: there is no `not` of int");
    assert_eq!(broken("push l1 l1 s1", "choose p0 p0 p0 p0"), "choose: p0 is int, not bool");
    assert_eq!(broken("push l1 l1 s1", "convert p0 p6"), "convert: it does not take str (p6) to int (p0)");
    assert_eq!(broken("push l1 l1 s1", "scaled p0 p1"), "scaled: it does not take int (p1) to int (p0)");
    assert_eq!(broken("push l1 l1 s1", "range p0 p0 p4 p0"), "range: p4 is bool, not int");
    assert_eq!(broken("reduce sum p1 p0 [0]", "reduce any p1 p0 [0]"), "reduce: there is no `any` of int");
    assert_eq!(
        broken("reduce sum p1 p0 [0]", "reduce sum p1 p0 [32]"),
        "reduce: there is no axis 32: tensors have at most 32"
    );
    assert_eq!(broken("reduce sum p1 p0 [0]", "reduce sum p1 p0 [3, 3]"), "reduce: axis 3 stands there twice");
    assert_eq!(broken("reduce sum p1 p0 [0]", "reduce argmax p1 p0 [0, 1]"), "reduce: argmax takes one axis or none");
    assert_eq!(broken("reshape s0 s0 [p0, p1]", "reshape s0 s0 [p0, p4]"), "reshape: p4 is bool, not int");
    assert_eq!(broken("reshape s0 s0 [p0, p1]", "reshape l0 l0 []"), "reshape: l0 is a list, not a tensor");
    assert_eq!(broken("new, rest]", "rest, rest]"), "index: `rest` stands for the axes that are left over, once");
    assert_eq!(broken("p1:.:.", "p4:.:."), "index: p4 is bool, not int");
    assert_eq!(broken("share s1 p0", "share s5 p0"), "share: it does not take int (p0) to sfix (s5)");
    assert_eq!(broken("push l1 l1 s1", "add s0 s0 s4"), "add: it does not take sint (s0) with sfix (s4)");
    assert_eq!(broken("push l1 l1 s1", "add s4 s8 s8"), "add: s4 is sfix, not sint");
    assert_eq!(broken("push l1 l1 s1", "sum s4 s8 []"), "sum: s4 is sfix, not sint");
    assert_eq!(broken("push l1 l1 s1", "addp s4 s4 p0"), "addp: it does not take sfix (s4) with int (p0)");
    assert_eq!(broken("mulp s11 s5 p7", "mulp s10 s5 p6"), "mulp: it does not take sfix (s5) with str (p6)");
    assert_eq!(broken("mul [s2 s0 s1, s10 s4 s4]", "mul [s2 s0 s1, s5 s4 s4]"), "mul: s5 is sfix, not raw");
    assert_eq!(broken("push l1 l1 s1", "shift s4 s0 15"), "shift: it does not take sint (s0) to sfix (s4)");
    assert_eq!(broken("trunc 16 [s5 s10]", "trunc 129 [s5 s10]"), "trunc: 129 bits: the widest ring has 128");
    assert_eq!(broken("trunc 16 [s5 s10]", "trunc 16 [s8 s10]"), "trunc: it does not take raw (s10) to sbool (s8)");
    assert_eq!(broken("ltz 0 [s8 s5]", "ltz 0 [s0 s5]"), "ltz: it does not take sfix (s5) to sint (s0)");
    assert_eq!(broken("open [p0 s2, p8 s5]", "open [p0 s2, p1 s5]"), "open: it does not take sfix (s5) to int (p1)");
    assert_eq!(broken("open [p0 s2, p8 s5]", "open [p0 s2, p8 s10]"), "open: it does not take raw (s10) to fix (p8)");
    assert_eq!(broken("l0 port1]", "s0 port1]"), "input: s0 is sint, but port `rate` is list[sint]");
    assert_eq!(broken("l0 port1]", "l0 port3]"), "input: port `total` is not an input");
    assert_eq!(broken("output [port3 s2", "output [port3 s5"), "output: s5 is sfix, but port `total` is sint");
    assert_eq!(broken("port4 l0]", "port0 s4]"), "output: port `model` is not an output");
    assert_eq!(broken("jump-if p5", "jump-if p0"), "jump-if: p0 is int, not bool");
    assert_eq!(broken("print p6", "print p0"), "print: p0 is int, not str");
    assert_eq!(broken("raise ValueError p6", "raise ValueError p0"), "raise: p0 is int, not str");
    assert_eq!(broken("push l1 l1 s1", "call f0 [] []"), "call: the top level is not called");
    assert_eq!(broken("[s0, s1, p0]", "[s0, s1]"), "call: there are 2 arguments, expected 3");
    assert_eq!(broken("return [s2]", "return []"), "return: there are 0 values, expected 1");
    assert_eq!(broken("return [s2]", "return [p0]"), "return: value 0, p0, is int, not sint");
    assert_eq!(broken("push l1 l1 s1", "slice l1 l1 . p4 ."), "slice: p4 is bool, not int");
}

#[test]
fn flow() {
    assert_eq!(broken("return [s2]", "neg s2 s2"), "its code does not end with return, jump or raise");
    assert_eq!(changed(|p| p.functions[1].code.clear()), "its code does not end with return, jump or raise");
    assert_eq!(broken("params s0, s1, p0", "params s0, s1, s2"), "call: argument 2, p0, is int, not sint");
    assert_eq!(broken("add s2 s0 s1", "add s2 s0 s2"), "add: s2 may be read before it is written");
    assert_eq!(broken("list l1 []", "jump @9"), "push: l1 may be read before it is written");
    assert_eq!(broken("const p6 k1", "jump-if p4 @9"), "push: l1 may be read before it is written");
    assert_eq!(
        changed(|p| p.functions[0].params.push(Reg::new(Bank::Public, 0))),
        "the top level takes or returns something"
    );
    assert_eq!(
        changed(|p| p.functions[0].results.push(Type::Tensor(Kind::Int))),
        "return: there are 0 values, expected 1"
    );
}

#[test]
fn disclosures() {
    let first = "disclosure f0 @20 entry 0 to all at 0:8 \"x\"\n";
    assert_eq!(broken(first, ""), "open: entry 0 is not in the list of disclosures");
    assert_eq!(broken(first, &first.repeat(2)), "the list of disclosures has entry 0 here twice");
    assert_eq!(
        broken(first, &format!("{first}{}", first.replace("@20", "@21"))),
        "the list of disclosures has an entry 0 here, which discloses nothing"
    );
    assert_eq!(
        broken(first, &format!("{first}{}", first.replace("entry 0", "entry 2"))),
        "the list of disclosures has an entry 2 here, which discloses nothing"
    );
    assert_eq!(
        broken(first, &first.replace("to all", "to role0")),
        "open: entry 0 is in the list of disclosures with other recipients"
    );
    assert_eq!(
        broken("port3 to role0, role1 at 0:9", "port3 to role0 at 0:9"),
        "output: entry 0 is in the list of disclosures with other recipients"
    );
    assert_eq!(
        broken("port3 to role0, role1 at 0:9", "port4 to role0, role1 at 0:9"),
        "output: entry 0 is in the list of disclosures with another port"
    );
    assert_eq!(broken("port4 l0]", "port4 l0, port4 l0]"), "output: `rates` is written in two places");
}

/// The valid program with a register of every type at its top level.
fn every_type() -> Program {
    let mut program = valid();
    let tensors = |kinds: &[Kind]| kinds.iter().copied().map(Type::Tensor).collect::<Vec<_>>();
    let list = |ty: Type| Type::List(Box::new(ty));
    let secrets = list(Type::Tensor(Kind::Sint));
    program.functions[0].registers = [
        tensors(&Kind::ALL[..4]),
        tensors(&Kind::ALL[4..]),
        vec![list(Type::Tensor(Kind::Int)), secrets.clone(), list(secrets), list(Type::Tensor(Kind::Sfix))],
    ];
    program.functions[0].lines.clear();
    program.disclosures.clear();
    // Little enough for an arbitrary call to fit.
    program.functions[1].params.truncate(1);
    program.functions[1].results.clear();
    program.functions[1].code = vec![Instruction::Return { values: vec![] }];
    program
}

/// Whether the first instruction reads a secret and writes something public.
fn crosses(function: &Function) -> bool {
    let secret = |reg| function.register(reg).is_some_and(|ty| ty.element().bank() == Bank::Secret);
    let (mut reads_secret, mut writes_public) = (false, false);
    function.code[0].accesses(|access| match access {
        crate::operand::Access::Read(reg) => reads_secret |= secret(reg),
        crate::operand::Access::Write(reg) => writes_public |= !secret(reg),
    });
    reads_secret && writes_public
}

#[test]
fn nothing_but_open_takes_a_secret_to_a_public_register() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut program = every_type();
    let mut passed = std::collections::HashSet::new();
    for _ in 0..5_000 {
        let bytes = prop::collection::vec(0u8..240, 24..48).new_tree(&mut runner).expect("bytes").current();
        for row in crate::isa::table() {
            let made = Instruction::arbitrary(row.opcode, &mut crate::arbitrary::Source::new(&bytes));
            program.functions[0].code = vec![made.expect("a row of the table")];
            if indices::check(&program).and_then(|()| kinds::check(&program)).is_ok() {
                let allowed = ["size", "rank", "length", "open"].contains(&row.mnemonic);
                assert!(allowed || !crosses(&program.functions[0]), "{}", program.functions[0].code[0]);
                passed.insert(row.mnemonic);
            }
        }
    }
    // It says something of every instruction only if each came to pass.
    let never: Vec<_> =
        crate::isa::table().into_iter().map(|row| row.mnemonic).filter(|name| !passed.contains(name)).collect();
    assert!(never.is_empty(), "{never:?}");
}

/// A chain of `blocks` two-way branches over `registers` registers, all written first.
fn ladder(blocks: u32, registers: u32) -> Program {
    let mut program = Program::default();
    program.constants.push(crate::program::Constant::Bool(vec![], vec![true]));
    let mut code: Vec<Instruction> =
        (0..registers).map(|r| Instruction::Const { dst: Dst::new(r), value: crate::operand::ConstId(0) }).collect();
    for block in 0..blocks {
        let to = Label(code.len() as u32 + 2);
        code.push(Instruction::JumpIf { cond: crate::operand::Src::new(block % registers), to });
        code.push(Instruction::Drop { regs: vec![crate::operand::AnyDst(Reg::new(Bank::Public, block % registers))] });
    }
    code.push(Instruction::Return { values: vec![] });
    let registers = [vec![Type::Tensor(Kind::Bool); registers as usize], vec![], vec![]];
    program.functions.push(Function { name: "main".into(), registers, code, ..Function::default() });
    program
}

#[test]
fn large_programs_are_verified() {
    assert_eq!(verify(&ladder(100_000, 5_000)), Ok(()));
    let mut late = ladder(100_000, 5_000);
    late.functions[0].code.remove(4_321);
    late.functions[0].code.iter_mut().for_each(|instruction| instruction.retarget(|to| to - 1));
    assert_eq!(fault(&late).message, "jump-if: p4321 may be read before it is written");
}

proptest! {
    #[test]
    fn no_program_makes_the_verifier_panic(program in programs()) {
        if let Err(error) = verify(&program) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    /// Deeper than arbitrary programs come: one instruction of the valid program is replaced.
    #[test]
    fn no_instruction_makes_the_verifier_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), at in 0usize..30) {
        let mut program = valid();
        program.functions[0].code[at] = crate::arbitrary::Source::new(&bytes).instruction();
        let _ = verify(&program).map_err(|error| error.to_string());
    }

    #[test]
    fn no_bytes_make_the_verifier_panic(mut body in prop::collection::vec(any::<u8>(), 0..400), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let _ = Program::from_bytes(&crate::program::sealed(&body)).map(|program| verify(&program));
        body = valid().to_bytes().split_off(crate::program::HEADER);
        let at = at.index(body.len());
        body[at] = byte;
        let _ = Program::from_bytes(&crate::program::sealed(&body)).map(|program| verify(&program));
    }
}

/// A handler, an exception of the program's own, and an inlined call.
const HANDLED: &str = r#"
mpcb 2
file 0 "t.mpc"
k0 int 3
k1 str "few"
class0 "TooFew" ValueError
class1 "One" class0

function f0 "main"
  registers p 5 int, str
  handler @1 @4 to @6 p3 p5 p4
  inlined "inner" at 0:1 in 0
  const p0 k0
  const p1 k0
  within 1
  binary floordiv p2 p0 p1
  binary floordiv p2 p0 p2
  within 0
  const p5 k1
  raise class1 p5
@6 binary add p0 p1 p3
  reraise p3 p5 p4
"#;

/// What the verifier says of the program with the handler once `from` stands as `to`.
fn misled(from: &str, to: &str) -> String {
    let text = Program::from_text(HANDLED.trim_start()).expect("the text is right").to_text();
    assert!(text.contains(from), "`{from}` is not in\n{text}");
    let program = Program::from_text(&text.replacen(from, to, 1)).expect("the text is still a program");
    fault(&program).message
}

#[test]
fn handlers() {
    assert_eq!(verify(&Program::from_text(HANDLED.trim_start()).expect("the text is right")), Ok(()));
    let handler = "handler @1 @4 to @6 p3 p5 p4";
    let with = |to: &str| misled(handler, to);
    assert_eq!(with("handler @4 @4 to @6 p3 p5 p4"), "the handler of @4 to @4 handles nothing");
    assert_eq!(with("handler @4 @1 to @6 p3 p5 p4"), "the handler of @4 to @1 handles nothing");
    assert_eq!(
        with("handler @1 @9 to @6 p3 p5 p4"),
        "the end of what a handler handles, @8 does not exist: there are 8"
    );
    assert_eq!(with("handler @1 @4 to @8 p3 p5 p4"), "a handler's target @8 does not exist: there are 8");
    assert_eq!(with("handler @1 @4 to @6 p9 p5 p4"), "register p9 does not exist: there are 6");
    assert_eq!(with("handler @1 @4 to @6 p3 p5 p3"), "the handler of @1 to @4 writes p3 twice");
    assert_eq!(with("handler @1 @4 to @6 p5 p3 p4"), "p5 is str, not int");
    assert_eq!(with("handler @1 @4 to @6 s0 p5 p4"), "register s0 does not exist: there are 0");
    let two = format!("{handler}\n  handler @3 @5 to @6 p3 p5 p4");
    assert_eq!(with(&two), "the handlers are not in order, or overlap, at @3");
    let two = format!("handler @4 @5 to @6 p3 p5 p4\n  {handler}");
    assert_eq!(with(&two), "the handlers are not in order, or overlap, at @1");
}

/// Along the way of an exception, what was written before the first instruction that can raise is written, and what the handler is told of.
#[test]
fn handlers_read_what_is_written_on_every_way() {
    let read = "binary add p0 p1 p3";
    let unwritten = |reg: &str| format!("binary: {reg} may be read before it is written");
    // Written by the first that can raise, so perhaps not written.
    assert_eq!(misled(read, "binary add p0 p2 p3"), unwritten("p2"));
    // Not what it is told of in.
    assert_eq!(misled("to @6 p3 p5 p4", "to @6 p2 p5 p4"), unwritten("p3"));
}

#[test]
fn exceptions() {
    assert_eq!(
        misled("class1 \"One\" class0", "class1 \"One\" class1"),
        "class1 derives from class1, which does not come before it"
    );
    assert_eq!(
        misled("class0 \"TooFew\" ValueError", "class0 \"TooFew\" class1"),
        "class0 derives from class1, which does not come before it"
    );
    assert_eq!(misled("\"TooFew\"", "\"\""), "class0 has no name");
    assert_eq!(misled("raise class1", "raise class2"), "raise: exception class2 does not exist: there are 2");
    assert_eq!(misled("reraise p3 p5", "reraise p5 p5"), "reraise: p5 is str, not int");
    assert_eq!(misled("reraise p3 p5", "reraise p3 p3"), "reraise: p3 is int, not str");
}

#[test]
fn inlined_calls() {
    assert_eq!(misled("at 0:1 in 0", "at 0:1 in 1"), "inlined call 1 stands within 1, which is none before it");
    assert_eq!(misled("at 0:1 in 0", "at 4:1 in 0"), "source file 4 does not exist: there are 1");
    assert_eq!(misled("within 1", "within 2"), "inlined call 1 does not exist: there are 1");
    assert_eq!(misled("within 0", "within 0 from @2"), "its table of inlined calls is not in order at instruction 2");
    let beyond =
        "its table of inlined calls names an instruction that is not there: instruction 9 does not exist: there are 8";
    assert_eq!(misled("within 0", "within 0 from @9"), beyond);
}

/// What the verifier says of the valid program with a group in which `from` stands as `to`.
fn broken_group(from: &str, to: &str) -> Option<String> {
    let text = valid().to_text();
    let start = text.find("  mul [").expect("a product");
    let end = text.find("  reduce ").expect("a reduction");
    let text = [&text[..start], &GROUP.replacen(from, to, 1), &text[end..]].concat();
    let program = Program::from_text(&text).expect("the text is a program");
    verify(&program).err().map(|error| error.message)
}

#[test]
fn groups_hold_what_can_run_together() {
    assert_eq!(broken_group("", ""), None);
    let said = |from, to| broken_group(from, to).expect("the group is broken");
    assert!(said("together 4", "together 1").contains("two are the least"));
    assert!(said("together 4", "together 5").contains("`reduce` does not communicate"));
    assert!(said("together 4", "together 90").contains("the code ends before its 90 instructions do"));
    assert!(said("together 4", "together 5000").contains("the limit is 4096"));
    assert!(said("mul [s2 s0 s1, s10 s4 s4]", "together 2").contains("`together` does not communicate"));
    assert!(said("ltz 0 [s8 s4]", "ltz 0 [s8 s10]").contains("`ltz` needs s10, which another of the group writes"));
    assert!(said("open [p0 s1", "open [p0 s2").contains("`open` needs s2"));
    assert!(said("eqz 0 [s9 s4]", "trunc 16 [s10 s4]").contains("`trunc` needs s10"));
}

#[test]
fn groups_are_entered_at_their_beginning() {
    let text = valid().to_text();
    let start = text.find("  mul [").expect("a product");
    let end = text.find("  reduce ").expect("a reduction");
    let with = |change: &dyn Fn(&mut Program)| {
        let text = [&text[..start], GROUP, &text[end..]].concat();
        let mut program = Program::from_text(&text).expect("the text is a program");
        change(&mut program);
        verify(&program).err().map(|error| error.message)
    };
    let entered = "is within a group, which is entered there or not all handled alike";
    let jump = |to: u32| with(&|program| program.functions[0].code[15].retarget(|_| to));
    assert_eq!(jump(16), None);
    assert!((17..=20).all(|to| jump(to) == Some(format!("instruction {to} {entered}"))));
    let handled = |from: u32, to: u32, target: u32| {
        let told = [0, 6, 1].map(|index| Reg::new(Bank::Public, index));
        let [class, message, origin] = told;
        with(&|program| program.functions[0].handlers = vec![Handler { from, to, target, class, message, origin }])
    };
    assert_eq!(handled(16, 21, 29), None);
    assert_eq!(handled(16, 19, 29), Some(format!("instruction 19 {entered}")));
    assert_eq!(handled(20, 21, 29), Some(format!("instruction 20 {entered}")));
    assert_eq!(handled(21, 22, 18), Some(format!("instruction 18 {entered}")));
}

/// An opening that raises undoes what the group wrote before it: a handler must not read that.
#[test]
fn a_handler_does_not_read_what_a_group_writes() {
    let text = |read: &str| {
        format!(
            "mpcb 2\nk0 int 1\nfunction f0 \"main\"\n  registers p 4 int, str, int\n  registers s 3 sint\n  handler @2 @5 to @6 p1 p4 p2\n  \
             const p0 k0\n  share s0 p0\n  together 2\n  mul [s1 s0 s0]\n  open [p3 s0]\n  return []\n  neg s2 {read}\n  return []\n\n\
             disclosure f0 @4 entry 0 to all at 0:0 \"x\"\n"
        )
    };
    let said = |read| verify(&Program::from_text(&text(read)).expect("a program")).err().map(|error| error.message);
    assert_eq!(said("s0"), None);
    assert_eq!(said("s1"), Some("neg: s1 may be read before it is written".into()));
}
