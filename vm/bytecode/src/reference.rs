//! The reference page `docs/bytecode.md`, made from the tables.

use crate::cost::{BLOCK, FRAME_HEADER, Product, Scheme, Work, cost};
use crate::isa::{Locality, Row, table};
use crate::operand::{Bank, Binary, Exception, Reduction, Unary};
use crate::program::{MAGIC, VERSION};
use crate::types::Kind;
use crate::verify::{kinds, limits};
use std::fmt::Write as _;

/// The whole page, in Markdown.
pub fn reference() -> String {
    let sections = [
        introduction(),
        container(),
        banks(),
        operands(),
        instructions(),
        words("Unary operations", "unary", Unary::ALL.iter().map(|word| (word.text(), word.doc()))),
        words("Binary operations", "binary", Binary::ALL.iter().map(|word| (word.text(), word.doc()))),
        words("Reductions", "reduction", Reduction::ALL.iter().map(|word| (word.text(), word.doc()))),
        words("Exceptions", "exception", Exception::ALL.iter().map(|word| (word.text(), word.doc()))),
        handlers(),
        secret_arithmetic(),
        checks(),
        disclosures(),
        costs(),
    ];
    sections.join("\n")
}

fn introduction() -> String {
    "# Bytecode\n\n\
     This page is generated from the tables of `vm/bytecode`; after a change, `MPC_BLESS=1 cargo test -p mpc-bytecode` writes it anew.\n\n\
     A program is compiled once and runs under any sharing scheme, in any ring that its precision fits. Instructions work on whole tensors; \
     those that communicate take batches, and a batch takes as many rounds as one entry. `mpcc dis` prints a program in the notation \
     of this page, and the assembler reads that back to the same bytes.\n"
        .into()
}

fn container() -> String {
    format!(
        "## Container\n\n\
         A `.mpcb` file is little-endian:\n\n\
         | bytes | contents |\n|---|---|\n\
         | 4 | `{}` |\n\
         | 2 | version: {VERSION} |\n\
         | 8 | length of the body |\n\
         | 32 | SHA-256 of the body, which is the program's name among players |\n\
         | … | the body, in [postcard](https://postcard.jamesmunns.com) |\n\
         | 32 | the hash of the disclosures, the end of the body |\n\n\
         The body holds, in this order:\n\n\
         | part | contents |\n|---|---|\n\
         | precision | bits of integers; bits and fractional bits of fixed-point numbers |\n\
         | files | names of the source files, the entry first |\n\
         | dimensions | names of the sizes that are bound when the program is loaded |\n\
         | roles | name; for a family, the dimension that counts its members |\n\
         | ports | name, direction (input, parameter with its default, output), kind, size of each axis, whether it is a list, parties, line |\n\
         | constants | shape and elements, or text |\n\
         | functions | name, parameters, results, types of the registers of each bank, code, handlers, line table, inlined calls and where they stand; the first is the top level |\n\
         | disclosures | for every entry of an `open` or `output`: function, instruction, entry, recipients, port, expression, reason, line |\n\
         | exceptions | the program's own: name, and the class it derives from |\n\n\
         Code is a string of bytes: for each instruction its number and its operands. A number is LEB128 in the shortest form, a word one byte, a list its \
         length and its items, an optional operand 0 or 1 and the operand. A register of a fixed bank is its number, any other is three \
         times its number plus the number of its bank. There is one way to write a program.\n",
        String::from_utf8_lossy(&MAGIC)
    )
}

fn banks() -> String {
    let mut out = String::from("## Banks and kinds\n\n| bank | registers | |\n|---|---|---|\n");
    for bank in Bank::ALL {
        let what = match bank {
            Bank::Public => "tensors that every player knows",
            Bank::Secret => "tensors that are shared",
            Bank::List => "lists of public length, of tensors of either bank or of lists",
        };
        let _ = writeln!(out, "| {} | `{}N` | {what} |", bank as u8, bank.prefix());
    }
    out.push_str("\n| number | kind | bank | |\n|---|---|---|---|\n");
    for kind in Kind::ALL {
        let _ = writeln!(out, "| {} | `{kind}` | `{}` | {} |", *kind as u8, kind.bank().prefix(), kind.doc().trim());
    }
    out
}

fn operands() -> String {
    "## Operands\n\n\
     | notation | |\n|---|---|\n\
     | `p` `s` `l` | a register of that bank, as `p3` |\n\
     | `r` | a register of any bank |\n\
     | `kN` `dimN` `portN` `fN` `roleN` | a constant, dimension, port, function, role |\n\
     | `exception` | a class of exceptions: a word of the table below, or `classN`, one of the program's own |\n\
     | `@N` | the instruction with that index in the same function |\n\
     | `N` | a number |\n\
     | `[…]` | a list; in a batch, each entry is written `dst src …` |\n\
     | `x?` | may be left out: `.` |\n\
     | `place` | of an index: `p3` (one position), `p1:p2:.` (start, stop, step), `new` (a new axis), `rest` (all other axes) |\n\
     | `piece` | of a text: `k3` (as it stands), `p3:.` or `p3:k4` (a value, with a format) |\n\n\
     Destinations stand before sources. All sources of an instruction are read before a destination is written, and none is written twice.\n\n\
     Rounds add up, but for the instructions of a group (`together`): what they send travels together, so the group takes as many rounds \
     as the longest of them, and all their bytes. Each keeps its place in the line table and in the list of disclosures.\n"
        .into()
}

fn instructions() -> String {
    let mut out = String::from(
        "## Instructions\n\nThose marked ⇄ communicate.\n\n| number | instruction | | |\n|---|---|---|---|\n",
    );
    for Row { opcode, mnemonic, operands, locality, doc } in table() {
        let operands: String = operands.iter().map(|(name, notation)| format!(" {name}:{notation}")).collect();
        let mark = match locality {
            Locality::Local => "",
            Locality::Interactive => "⇄",
        };
        let _ = writeln!(out, "| `{opcode:02x}` | `{mnemonic}{operands}` | {mark} | {} |", cell(doc));
    }
    out
}

/// Text as it may stand in a table.
fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|")
}

fn words<'a>(title: &str, operand: &str, words: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = format!("## {title}\n\nOperand `{operand}`.\n\n| number | word | |\n|---|---|---|\n");
    for (number, (text, doc)) in words.enumerate() {
        let _ = writeln!(out, "| {number} | `{text}` | {} |", cell(doc));
    }
    out
}

/// The classes' parents, and what a handler does.
fn handlers() -> String {
    let mut out = String::from("| class | derives from |\n|---|---|\n");
    for class in Exception::ALL {
        let _ = writeln!(out, "| `{class}` | {} |", class.parent().map_or("", Exception::text));
    }
    let can_raise = "The program's own classes have the numbers after these. A handler, `handler @FROM @TO to @TARGET class message origin`, \
         stands for the instructions from FROM to before TO, and no instruction has two. When one of them raises, or a function that it calls \
         does and handles nothing itself, the calls in between end, the handler's registers get the number of the class, the message and a number \
         that stands for the place, and the function goes on at TARGET. An instruction that raises has written nothing. \
         What every player does not see alike is handled by none: a lost player, a limit of one machine's memory, an \
         overflow of a secret, which only a run in the clear can notice. RecursionError is the same everywhere, and is handled.\n";
    let _ = write!(out, "\n{can_raise}");
    out
}

/// Sums and products of every pair of kinds of which one is secret.
fn secret_arithmetic() -> String {
    let mut out = String::from(
        "## Kinds of secret sums and products\n\n\
         A product may also be kept as `raw`, as it stands in the ring; a result of kind `sint` may be declared `sbool` and the other way round. `—`: the verifier does not let it pass.\n\n\
         | | | sum, difference | product | matrix product |\n|---|---|---|---|---|\n",
    );
    let text = |kind: Option<Kind>| kind.map_or("—".into(), |kind| format!("`{kind}`"));
    let secret = |kind: &Kind| kind.bank() == Bank::Secret;
    for a in Kind::ALL.iter().filter(|kind| secret(kind)) {
        for b in Kind::ALL.iter().filter(|kind| **kind != Kind::Str) {
            let (sum, product) = (text(kinds::sum(*a, *b)), text(kinds::product(*a, *b)));
            let _ = writeln!(out, "| `{a}` | `{b}` | {sum} | {product} | {} |", text(kinds::matrix_product(*a, *b)));
        }
    }
    out
}

fn checks() -> String {
    let mut out = String::from(
        "## What a machine checks before it runs a program\n\n\
         1. Limits, below.\n\
         2. Everything that is named by a number exists; line tables are in order; no instruction writes a register twice.\n\
         3. Names of roles, ports and dimensions are there and differ. An input is secret data of one role, a parameter is public, an output has recipients. \
         Every dimension is the size of an axis of an input or parameter, the number of members of a family, or the value of a scalar `int` parameter of its name.\n\
         4. Registers are in the bank of their type and every instruction's operands have kinds that it takes. No instruction but `open` takes the elements of a \
         secret to a public register, and `output` alone gives them to a port.\n\
         5. Code ends with `return`, `jump` or `raise`, and no path reads a register that it did not write.\n\
         6. Every entry of an `open` or `output` is in the list of disclosures, once and with its recipients, and nothing else is; an output is written in one place.\n\n\
         | limit | |\n|---|---|\n",
    );
    let rows = [
        ("source files, dimensions, roles, ports, functions", limits::NAMES),
        ("constants; disclosures; instructions of a function", limits::ITEMS),
        ("registers of a bank", limits::REGISTERS),
        ("parameters or results of a function", limits::PARAMETERS),
        ("axes", limits::AXES),
        ("lists within each other", crate::types::Type::MAX_DEPTH),
        ("bytes of a name, expression or reason", limits::TEXT),
        ("bits of a ring", limits::RING_BITS as usize),
        ("bits of a fixed-point number", limits::FIX_BITS as usize),
    ];
    for (what, limit) in rows {
        let _ = writeln!(out, "| {what} | {limit} |");
    }
    out
}

/// The primitives, each on as many values as said.
fn primitives(elements: u64) -> [(&'static str, Work); 9] {
    [
        ("input", Work::Input { elements }),
        ("open", Work::Open { elements, to: None }),
        ("mul", Work::Mul { elements }),
        ("square", Work::Square { elements }),
        ("matmul (m,1)@(1,1)", Work::Matmul { products: vec![Product { m: elements, k: 1, n: 1 }] }),
        ("trunc 16", Work::Trunc { elements, bits: 16 }),
        ("ltz", Work::Ltz { elements, bits: 0 }),
        ("eqz", Work::Eqz { elements, bits: 0 }),
        ("bits 8", Work::Bits { elements, bits: 8 }),
    ]
}

fn disclosures() -> String {
    "## Disclosures\n\n\
     A program is known among players by the hash of its body; what it discloses, by a hash of its own, so that people can agree to \
     that and need not do so again for every change of the program. It is SHA-256 over `mpc disclosures 1` and, each once and in order, an entry \
     for every disclosure, in postcard: the roles that learn it (or `all`), the output port if it is one, the expression and the \
     reason in the source, the inputs whose values can change it, the inputs that can decide through what was revealed before whether it \
     happens, and whether it may happen more than once. The inputs follow from the code, by the flow of data and of control, and are not taken from the file.\n\n\
     No part of it are lines, sizes, and how a value is computed from its inputs: `mpcc audit` shows the first two, and for the \
     last there is the hash of the whole program. The machine computes the hash from the code when it reads a program, and compares it with the one in \
     the file and with the one that its player has approved.\n"
        .into()
}

fn costs() -> String {
    const MANY: u64 = 1_000_000;
    let mut out = format!(
        "## Costs\n\n\
         Rounds; bytes that the most burdened player sends and that the dealer sends, headers of {FRAME_HEADER} bytes a frame of at most {BLOCK} elements included. Under \
         `plain` everything is free. Here, `additive` in the ring 2^64, for one value and for a million, bytes of the latter a value:\n\n\
         | | players | rounds | bytes, one | dealer, one | bytes, each of 10⁶ | dealer, each of 10⁶ |\n|---|---|---|---|---|---|---|\n"
    );
    for ((name, one), (_, many)) in primitives(1).into_iter().zip(primitives(MANY)) {
        for players in [2, 3] {
            let scheme = Scheme::Additive { players };
            let (one, many) = (cost(&one, scheme, 8), cost(&many, scheme, 8));
            let each = |bytes: u64| format!("{:.2}", bytes as f64 / MANY as f64);
            let _ = writeln!(
                out,
                "| `{name}` | {players} | {} | {} | {} | {} | {} |",
                one.rounds,
                one.bytes,
                one.dealer_bytes,
                each(many.bytes),
                each(many.dealer_bytes)
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_tables_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/bytecode.md");
        if std::env::var_os("MPC_BLESS").is_some() {
            std::fs::write(path, reference()).expect("the page can be written");
        }
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            page == reference(),
            "docs/bytecode.md is not what the tables say: run the tests again with MPC_BLESS=1"
        );
    }

    #[test]
    fn every_instruction_and_word_is_explained() {
        let page = reference();
        for row in table() {
            assert!(page.contains(&format!("| `{:02x}` | `{}", row.opcode, row.mnemonic)), "{}", row.mnemonic);
            assert!(row.doc.trim().len() > 4, "{}", row.mnemonic);
        }
    }
}
