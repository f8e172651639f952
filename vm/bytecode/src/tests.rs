//! The table, the codec of every row, and the container.

use crate::arbitrary::{Source, programs};
use crate::isa::{Instruction, table};
use crate::operand::{Access, Reader, Reg};
use crate::program::{HEADER, LoadError, Program, sealed};
use proptest::prelude::*;
use std::collections::HashSet;

/// One instruction of every row, its operands made from `bytes`.
fn every_instruction(bytes: &[u8]) -> Vec<Instruction> {
    let make = |opcode| Instruction::arbitrary(opcode, &mut Source::new(bytes)).expect("a row of the table");
    table().into_iter().map(|row| make(row.opcode)).collect()
}

fn encoded(instruction: &Instruction) -> Vec<u8> {
    let mut out = Vec::new();
    instruction.encode(&mut out);
    out
}

#[test]
fn numbers_and_names_differ() {
    let table = table();
    let numbers: HashSet<u8> = table.iter().map(|row| row.opcode).collect();
    let names: HashSet<&str> = table.iter().map(|row| row.mnemonic).collect();
    assert_eq!((numbers.len(), names.len()), (table.len(), table.len()));
}

#[test]
fn numbers_have_one_form() {
    assert_eq!(Reader::new(&[0xff; 9]).number().ok(), None);
    assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).number(), Ok(u64::MAX));
    assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number().is_err());
    assert!(Reader::new(&[0x80, 0x00]).number().is_err());
}

#[test]
fn foreign_bytes_are_no_program() {
    let versioned = |version: u16| {
        let mut bytes = Program::default().to_bytes();
        bytes[4..6].copy_from_slice(&version.to_le_bytes());
        Program::from_bytes(&bytes)
    };
    assert_eq!(Program::from_bytes(b"\x7fELF and more"), Err(LoadError::Foreign));
    assert_eq!(Program::from_bytes(b""), Err(LoadError::Foreign));
    assert_eq!(versioned(9), Err(LoadError::Version(9)));
    assert!(matches!(Program::from_bytes(&sealed(b"")), Err(LoadError::Body(_))));
}

/// A body whose hash is right but whose numbers are longer than they need to be is another name for the same program.
#[test]
fn a_program_is_written_one_way() {
    let body = Program::default().to_bytes().split_off(HEADER);
    let at = body.iter().rposition(|&byte| byte == 0).expect("an empty list");
    let mut longer = body;
    longer.splice(at..=at, [0x80, 0x00]);
    assert!(
        matches!(Program::from_bytes(&sealed(&longer)), Err(LoadError::Body(message)) if message.contains("one way"))
    );
}

#[test]
fn a_fault_in_the_code_names_the_function() {
    let mut program = Program::default();
    let code = vec![Instruction::Trunc { bits: 0x7d, batch: vec![] }];
    program.functions.push(crate::program::Function { code, ..Default::default() });
    let mut body = program.to_bytes().split_off(HEADER);
    let at = body.windows(2).position(|pair| pair == [0x43, 0x7d]).expect("the instruction");
    body[at] = 0xff;
    let error = Program::from_bytes(&sealed(&body)).expect_err("there is no such instruction");
    assert_eq!(
        error.to_string(),
        "the program's body cannot be read: function f0: there is no instruction with number 0xff"
    );
}

proptest! {
    #[test]
    fn every_instruction_reads_back(bytes in prop::collection::vec(any::<u8>(), 0..96)) {
        for instruction in every_instruction(&bytes) {
            let code = encoded(&instruction);
            let mut reader = Reader::new(&code);
            prop_assert_eq!(Instruction::decode(&mut reader), Ok(instruction.clone()));
            prop_assert!(reader.is_empty());
            prop_assert_eq!(Instruction::parse(&instruction.to_string()), Ok(instruction.clone()));
            for cut in 0..code.len() {
                prop_assert!(Instruction::decode(&mut Reader::new(&code[..cut])).is_err());
            }
        }
    }

    #[test]
    fn renaming_reaches_every_register(bytes in prop::collection::vec(any::<u8>(), 0..96)) {
        for mut instruction in every_instruction(&bytes) {
            let list = |instruction: &Instruction| {
                let mut accesses = Vec::new();
                instruction.accesses(|access| accesses.push(access));
                accesses
            };
            let shift = |reg: Reg| Reg::new(reg.bank, reg.index.wrapping_add(7));
            let expected: Vec<Access> = list(&instruction).into_iter().map(|access| match access {
                Access::Read(reg) => Access::Read(shift(reg)),
                Access::Write(reg) => Access::Write(shift(reg)),
            }).collect();
            instruction.rename(|access| match access {
                Access::Read(reg) | Access::Write(reg) => shift(reg).index,
            });
            prop_assert_eq!(list(&instruction), expected);
        }
    }

    #[test]
    fn arbitrary_bytes_decode_to_what_encodes_to_them(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut reader = Reader::new(&bytes);
        if let Ok(instruction) = Instruction::decode(&mut reader) {
            prop_assert!(bytes.starts_with(&encoded(&instruction)));
        }
    }

    /// A list says how long it is before its items come; nothing is allocated for items that do not.
    #[test]
    fn false_lengths_end_with_the_input(length in any::<[u8; 9]>(), rest in prop::collection::vec(any::<u8>(), 0..8)) {
        let mut bytes = vec![0x40];
        bytes.extend(length.map(|byte| byte | 0x80));
        bytes.push(1);
        bytes.extend(rest);
        prop_assert!(Instruction::decode(&mut Reader::new(&bytes)).is_err());
    }

    #[test]
    fn programs_read_back(program in programs()) {
        let bytes = program.to_bytes();
        prop_assert_eq!(Program::from_bytes(&bytes), Ok(program));
    }

    #[test]
    fn no_truncated_program_reads(program in programs()) {
        let bytes = program.to_bytes();
        for cut in 0..bytes.len() {
            let error = Program::from_bytes(&bytes[..cut]).expect_err("bytes are missing");
            prop_assert!(matches!(error, LoadError::Foreign | LoadError::Length { .. }), "{}", error);
        }
        let longer = Program::from_bytes(&[bytes.as_slice(), &[0]].concat());
        prop_assert!(matches!(longer, Err(LoadError::Length { .. })), "bytes after the end");
    }

    #[test]
    fn no_altered_program_reads(bytes in prop::collection::vec(any::<u8>(), 0..200), flip in 1u8..) {
        let bytes = Source::new(&bytes).program().to_bytes();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= flip;
            prop_assert!(Program::from_bytes(&altered).is_err(), "byte {}", at);
        }
    }

    #[test]
    fn no_body_makes_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let file = sealed(&body);
        if let Ok(program) = Program::from_bytes(&file) {
            prop_assert_eq!(program.to_bytes(), file);
        }
    }
}
