//! The passes that have cases: a row names the file and runs the pass.

use super::check;
use crate::ir::{Constants, Function, Module};
use crate::passes::{
    coalesce, constants, dead, flow, inline, invariants, registers, rounds, sums, unset, values, vectorize,
};

/// Runs a pass over every function.
fn each(module: &mut Module, pass: impl Fn(&mut Function, &mut Constants)) -> Vec<String> {
    module.functions.iter_mut().for_each(|function| pass(function, &mut module.constants));
    Vec::new()
}

/// Runs a pass that needs the module over every function.
fn whole(module: &mut Module, pass: impl Fn(&mut Function, &mut Module)) -> Vec<String> {
    for at in 0..module.functions.len() {
        let mut function = std::mem::take(&mut module.functions[at]);
        pass(&mut function, module);
        module.functions[at] = function;
    }
    Vec::new()
}

macro_rules! goldens {
    ($( $name:ident $pass:expr; )*) => {
        $( #[test] fn $name() { check(stringify!($name), $pass) } )*

        #[test]
        fn every_file_has_its_row() {
            let rows = [$( concat!(stringify!($name), ".txt") ),*];
            let folder = super::path("").with_file_name("");
            for entry in std::fs::read_dir(folder).expect("the cases stand there") {
                let name = entry.expect("it can be read").file_name();
                assert!(rows.iter().any(|row| name == **row), "{}", name.display());
            }
        }
    };
}

goldens! {
    flow |module| each(module, |function, _| flow::tidy(function));
    coalesce |module| each(module, |function, _| coalesce::coalesce(function));
    values |module| whole(module, values::number_values);
    dead |module| {
        let mut said = Vec::new();
        for function in &mut module.functions {
            let unused = dead::remove_dead(function, &module.constants);
            said.extend(unused.iter().map(|unused| format!("line {}: {} rounds", unused.span.start, unused.rounds)));
        }
        said
    };
    constants |module| each(module, |function, _| constants::hoist_constants(function));
    invariants |module| each(module, |function, _| {
        if invariants::rotate(function) {
            flow::tidy(function);
        }
        invariants::hoist_invariants(function);
        flow::tidy(function);
    });
    inline |module| {
        inline::inline(module);
        Vec::new()
    };
    rounds |module| each(module, |function, _| rounds::merge_rounds(function, false));
    sums |module| each(module, |function, constants| sums::contract_sums(function, constants));
    vectorize |module| {
        let mut said = Vec::new();
        for function in &mut module.functions {
            let mut refused = Vec::new();
            if vectorize::vectorize(function, &mut module.constants, &mut refused, false) {
                flow::tidy(function);
            }
            said.extend(refused.iter().map(|one| format!("line {}: {} rounds a turn", one.span.start, one.rounds)));
        }
        said
    };
    unset |module| each(module, unset::set_unset);
    registers |module| each(module, |function, _| registers::allocate(function));
}
