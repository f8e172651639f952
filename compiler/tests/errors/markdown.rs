//! Cases in Markdown: sections with fenced blocks.

use mpcc::Compilation;
use mpcc::source::Memory;
use std::path::{Path, PathBuf};

/// The root of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the checkout")
}

/// Whether what is expected shall be written anew.
pub fn bless() -> bool {
    std::env::var_os("MPC_BLESS").is_some()
}

/// A fenced block.
pub struct Block {
    /// What stands after the opening fence.
    pub info: String,
    /// The lines between the fences.
    pub text: String,
    /// Where these lines are in the whole text.
    pub range: std::ops::Range<usize>,
}

/// The fenced blocks of a text, in order.
pub fn blocks(text: &str) -> Vec<Block> {
    let (mut found, mut open, mut at) = (Vec::new(), None, 0);
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        match (line.strip_prefix("```"), &open) {
            (Some(info), None) => open = Some((info.trim().to_owned(), next)),
            (Some(_), Some((info, start))) => {
                let range = *start..at;
                found.push(Block { info: info.clone(), text: text[range.clone()].to_owned(), range });
                open = None;
            }
            (None, _) => {}
        }
        at = next;
    }
    assert!(open.is_none(), "a block that is never closed:\n{text}");
    found
}

/// Compiles the text as `program.mpc`, beside other files it may import.
pub fn compile(text: &str, others: &[(&str, &str)]) -> Compilation {
    let mut files = Memory::new();
    others.iter().for_each(|(name, text)| files.insert(*name, *text));
    files.insert("program.mpc", text);
    mpcc::compile(&files, Path::new("program.mpc")).expect("a file in memory")
}

/// The files of a folder whose names end so, sorted.
pub fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == end));
    paths.sort();
    paths
}

/// Compares a file with what it should be, or writes it.
pub fn expect(path: &Path, wanted: &str) {
    let found = std::fs::read_to_string(path).unwrap_or_default();
    if found == wanted {
        return;
    }
    if bless() {
        std::fs::write(path, wanted).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let line = found.lines().zip(wanted.lines()).take_while(|(found, wanted)| found == wanted).count();
    let from = |text: &str| text.lines().skip(line.saturating_sub(2)).take(12).collect::<Vec<_>>().join("\n");
    panic!(
        "{} differs from line {} on; MPC_BLESS=1 writes it anew\n--- is\n{}\n--- would be\n{}",
        path.display(),
        line + 1,
        from(&found),
        from(wanted)
    );
}
