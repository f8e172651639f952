//! The table is whole, and formulas behave.

use super::*;
use crate::arbitrary::Source;
use crate::isa::{Instruction, Locality, table};
use crate::operand::{PortId, Reg};
use proptest::prelude::*;

/// Every tensor is a matrix of six elements; there are three players.
struct Fixed;

impl Sizes<u64> for Fixed {
    fn shape(&self, _: Reg) -> Vec<u64> {
        vec![2, 3]
    }
    fn owners(&self, port: PortId) -> Vec<(usize, u64)> {
        vec![(port.0 as usize % 3, 5)]
    }
    fn parts(&self, port: PortId, reg: Reg) -> Vec<Part<u64>> {
        let all = self.shape(reg).iter().product();
        match port.0 {
            0 => vec![(None, all)],
            // Dealt out: an item for each member of a family.
            9 => (1..3).map(|player| (Some(vec![player]), all / 2)).collect(),
            _ => vec![(Some(vec![0]), all)],
        }
    }
}

/// Every primitive on `elements` elements.
fn primitives(elements: u64) -> Vec<Work> {
    vec![
        Work::Input { elements },
        Work::Open { elements, to: None },
        Work::Open { elements, to: Some(vec![1]) },
        Work::Mul { elements },
        Work::Square { elements },
        Work::Matmul { products: vec![Product { m: elements, k: 1, n: elements }] },
        Work::Trunc { elements, bits: 16 },
        Work::Ltz { elements, bits: 0 },
        Work::Eqz { elements, bits: 64 },
        Work::Bits { elements, bits: 8 },
    ]
}

#[test]
fn plain_is_free() {
    assert!(primitives(1000).iter().all(|work| cost(work, Scheme::Plain, 8) == Cost::ZERO));
}

#[test]
fn messages_are_cut_into_frames() {
    assert_eq!(message(0, 64), 0);
    assert_eq!(message(1, 64), 24 + 8);
    assert_eq!(message(BLOCK, 64), 24 + BLOCK * 8);
    assert_eq!(message(BLOCK + 1, 64), 24 + BLOCK * 8 + 24 + 8);
    assert_eq!(message(9, 1), 24 + 2);
    assert_eq!(message(u64::MAX, 128), u64::MAX);
}

#[test]
fn products_take_vectors_as_numpy_does() {
    assert_eq!(Product::of(&[2, 3], &[3, 4]), Product { m: 2, k: 3, n: 4 });
    assert_eq!(Product::of(&[3], &[3, 4]), Product { m: 1, k: 3, n: 4 });
    assert_eq!(Product::of(&[2, 3], &[3]), Product { m: 2, k: 3, n: 1 });
    assert_eq!(Product::of(&[3], &[3]), Product { m: 1, k: 3, n: 1 });
}

#[test]
fn products_broadcast() {
    assert_eq!(broadcast(&[2, 3], &[2, 3]), [2, 3]);
    assert_eq!(broadcast(&[], &[2, 3]), [2, 3]);
    assert_eq!(broadcast(&[4, 1], &[3]), [4, 3]);
    assert_eq!(broadcast(&[1], &[0]), [0]);
}

#[test]
fn inputs_go_by_owner_and_outputs_by_recipients() {
    let parse = |text| Instruction::parse(text).expect("an instruction");
    let inputs = works(&parse("input [s0 port0, s1 port1, s2 port3]"), &Fixed);
    assert_eq!(inputs, [Work::Input { elements: 10 }, Work::Input { elements: 5 }]);
    let outputs = works(&parse("output [port0 s0, port1 s1, port2 s2, port3 p0]"), &Fixed);
    let open = |elements, to| Work::Open { elements, to };
    assert_eq!(outputs, [open(6, None), open(12, Some(vec![0]))]);
}

#[test]
fn outputs_dealt_out_are_an_opening_each() {
    let outputs = works(&Instruction::parse("output [port1 s0, port9 l0, port0 s2]").expect("an instruction"), &Fixed);
    let open = |elements, to| Work::Open { elements, to };
    assert_eq!(outputs, [open(6, Some(vec![0])), open(3, Some(vec![1])), open(3, Some(vec![2])), open(6, None)]);
}

#[test]
fn a_recipient_sends_nothing_to_itself() {
    let scheme = Scheme::Additive { players: 3 };
    let open = Work::Open { elements: 2, to: Some(vec![0, 2]) };
    assert_eq!([0, 1, 2].map(|player| sent(&open, scheme, 8, player)), [40, 80, 40]);
    assert_eq!(cost(&open, scheme, 8).bytes, 80);
    assert_eq!([0, 1, 2].map(|player| sent_before(scheme, player)), [112, 56, 0]);
}

#[test]
fn calls_together_take_the_rounds_of_the_longest_and_all_bytes() {
    let scheme = Scheme::Additive { players: 2 };
    let works = [Work::Mul { elements: 3 }, Work::Ltz { elements: 2, bits: 0 }, Work::Eqz { elements: 5, bits: 9 }];
    let beside = |at: usize| Work::Beside { work: works[at].clone().into(), others: works[..at].to_vec() };
    let found: Vec<Cost> = (0..works.len()).map(|at| cost(&beside(at), scheme, 8)).collect();
    assert_eq!(found.iter().map(|cost| cost.rounds).collect::<Vec<_>>(), [1, 3, 0]);
    let apart: Cost = works.iter().map(|work| cost(work, scheme, 8)).sum();
    let together: Cost = found.into_iter().sum();
    assert_eq!((together.rounds, together.bytes, together.dealer_bytes), (4, apart.bytes, apart.dealer_bytes));
    assert_eq!(used(&beside(1), scheme, 8), used(&works[1], scheme, 8));
}

#[test]
fn what_is_empty_is_free_and_more_costs_more() {
    let scheme = Scheme::Additive { players: 3 };
    let costs = |elements| primitives(elements).into_iter().map(|work| cost(&work, scheme, 8)).collect::<Vec<_>>();
    for ((none, one), many) in costs(0).into_iter().zip(costs(1)).zip(costs(BLOCK + 1)) {
        assert_eq!(none.bytes, 0, "{one:?}");
        assert!(one.bytes <= many.bytes && one.dealer_bytes <= many.dealer_bytes);
        assert_eq!(one.rounds, many.rounds, "rounds do not depend on sizes");
    }
}

proptest! {
    #[test]
    fn exactly_interactive_instructions_have_work(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for row in table() {
            let instruction = Instruction::arbitrary(row.opcode, &mut Source::new(&bytes)).expect("a row of the table");
            let empty = matches!(&instruction, Instruction::Input { batch } if batch.is_empty())
                || matches!(&instruction, Instruction::Output { batch } if batch.iter().all(|(_, src)| src.0.bank == crate::operand::Bank::Public));
            let interactive = instruction.locality() == Locality::Interactive;
            prop_assert_eq!(!works(&instruction, &Fixed).is_empty(), interactive && !empty, "{}", instruction);
        }
    }
}
