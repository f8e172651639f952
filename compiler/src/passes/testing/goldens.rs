//! The passes that have cases: a row names the file and runs the pass.

use super::check;
use crate::ir::{Constants, Function, Module};
use crate::passes::{coalesce, constants, dead, flow, inline, registers, rounds, unset, values};

/// Runs a pass over every function.
fn each(module: &mut Module, pass: impl Fn(&mut Function, &mut Constants)) -> Vec<String> {
    module.functions.iter_mut().for_each(|function| pass(function, &mut module.constants));
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
    values |module| {
        let frac = module.frac;
        each(module, |function, constants| values::number_values(function, constants, frac))
    };
    dead |module| each(module, |function, _| dead::remove_dead(function));
    constants |module| each(module, |function, _| constants::hoist_constants(function));
    inline |module| {
        inline::inline(module);
        Vec::new()
    };
    rounds |module| each(module, |function, _| rounds::merge_rounds(function, false));
    unset |module| each(module, unset::set_unset);
    registers |module| each(module, |function, _| registers::allocate(function));
}
