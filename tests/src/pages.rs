//! The programs in the pages of `docs/` and in the README: all of them compile, and do what the page says.
//!
//! ```text
//! mpc                       a program of its own; it compiles
//! mpc more                  goes on where the program before it ends
//! mpc net/layers.mpc        a file beside the programs that follow; also `csv data.csv` and the like
//! console                   commands on the program before it, `$ mpcc run NAME.mpc …`, and what each prints; `…` is any lines
//!
//! print(7 // 2)             # prints 3
//! x: int = a                # error E0201, and anything after it
//! x = table[a]              # warning W0330
//! ```
//! The pages of `docs/errors/` have a test of their own in the compiler.

use crate::binaries::{command, root};
use crate::expectation::words;
use libtest_mimic::{Failed, Trial};
use mpcc::diagnostic::{Diagnostic, render};
use mpcc::source::{Memory, Sources};
use mpcc::types::builtins;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What programs are compiled as.
const NAME: &str = "program.mpc";

/// What may stand after the fence of a block that is no program and no file.
const OTHERS: [&str; 5] = ["", "text", "toml", "json", "bash"];

/// A file that lies beside a program: name and text.
type File = (String, String);

/// One trial for each block that can be tried.
pub fn trials() -> Vec<Trial> {
    let mut pages = vec![root().join("README.md")];
    find(&root().join("docs"), &mut pages);
    pages.sort();
    let names = Trial::test("pages::the_reference_names_every_builtin", every_builtin);
    let links = Trial::test("pages::links_lead_somewhere", links);
    let files = Trial::test("pages::files_to_change_exist", files_to_change);
    pages.iter().flat_map(|page| of_page(page)).chain([names, links, files]).collect()
}

fn every_builtin() -> Result<(), Failed> {
    let page = fs::read_to_string(root().join("docs/language/builtins.md"))?;
    let missing = |name: &&str| !page.contains(&format!("`{name}(")) && !page.contains(&format!("`{name}`"));
    let missing: Vec<&str> = builtins::ALL.iter().map(|builtin| builtin.name()).filter(missing).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("docs/language/builtins.md lacks {missing:?}").into()) }
}

/// Every file and folder that `docs/adding.md` names.
fn files_to_change() -> Result<(), Failed> {
    let page = fs::read_to_string(root().join("docs/adding.md"))?;
    let tops = ["compiler/", "vm/", "stdlib/", "tests/", "docs/"];
    let named = page.split('`').skip(1).step_by(2).filter(|name| tops.iter().any(|top| name.starts_with(top)));
    let missing: Vec<&str> = named
        .filter(|name| !name.contains(['*', ' ']) && !name.contains("CODE") && !root().join(name).exists())
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("docs/adding.md names {missing:?}, which do not exist").into())
    }
}

/// Every link to a file of the checkout, and to a heading in it.
fn links() -> Result<(), Failed> {
    let mut pages = vec![root().join("README.md")];
    find(&root().join("docs"), &mut pages);
    let mut broken = Vec::new();
    for page in &pages {
        // What stands between fences is no text; neither is what stands between backquotes.
        let text = fs::read_to_string(page)?;
        let prose: String = text.split("```").step_by(2).flat_map(|part| part.split('`').step_by(2)).collect();
        let links = prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        for link in links.filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            let found = if heading.is_empty() { target.exists() } else { has_heading(&target, heading) };
            if !found {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n").into()) }
}

/// Whether a page has a heading of that anchor: in small letters, without marks, `-` between words.
fn has_heading(page: &Path, anchor: &str) -> bool {
    let letter = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let anchor_of = |line: &str| -> String {
        line.trim_start_matches('#').trim().to_lowercase().chars().filter(letter).collect::<String>().replace(' ', "-")
    };
    let text = fs::read_to_string(page).unwrap_or_default();
    text.lines().any(|line| line.starts_with('#') && anchor_of(line) == anchor)
}

fn find(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the checkout has pages").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("errors") {
            find(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

/// A block: the line of its fence, what stands there, and the lines of the block.
struct Block {
    line: usize,
    info: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let (mut found, mut open): (Vec<Block>, bool) = (Vec::new(), false);
    for (number, line) in page.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(info) => {
                found.push(Block { line: number + 1, info: info.trim().to_owned(), text: String::new() });
                open = true;
            }
            None if open => found.iter_mut().next_back().into_iter().for_each(|block| {
                block.text.push_str(line);
                block.text.push('\n');
            }),
            None => {}
        }
    }
    found
}

/// A program and what lies beside it.
#[derive(Clone, Default)]
struct Program {
    text: String,
    files: Vec<File>,
}

fn of_page(page: &Path) -> Vec<Trial> {
    let name = page.strip_prefix(root()).unwrap_or(page).display().to_string();
    let text = fs::read_to_string(page).expect("a page is readable text");
    let (mut trials, mut program) = (Vec::new(), Program::default());
    for block in blocks(&text) {
        let title = format!("pages::{name}::line_{}", block.line);
        let mut add = |trial: Box<dyn FnOnce() -> Result<(), String> + Send>| {
            let place = format!("{name}, line {}", block.line);
            trials.push(Trial::test(title.clone(), move || {
                trial().map_err(|why| Failed::from(format!("{place}: {why}")))
            }));
        };
        match block.info.split_once(' ') {
            None if block.info == "mpc" => {
                program.text = block.text;
                let program = Arc::new(program.clone());
                add(Box::new(move || program.check()));
            }
            Some(("mpc", "more")) => {
                program.text.push_str(&block.text);
                let program = Arc::new(program.clone());
                add(Box::new(move || program.check()));
            }
            Some((_, file)) if file.contains('.') => {
                program.files.retain(|(name, _)| name != file);
                program.files.push((file.to_owned(), block.text));
            }
            None if block.info == "console" => {
                let program = program.clone();
                add(Box::new(move || program.console(&block.text)));
            }
            _ if OTHERS.contains(&block.info.as_str()) => {}
            _ => add(Box::new(move || Err(format!("no block is called `{}`", block.info)))),
        }
    }
    trials
}

impl Program {
    /// Compiles it, and runs it where it says what it prints or has tests.
    fn check(&self) -> Result<(), String> {
        let mut files = Memory::new();
        self.files.iter().for_each(|(name, text)| files.insert(name, text.as_str()));
        files.insert(NAME, self.text.as_str());
        let found = mpcc::compile(&files, Path::new(NAME)).map_err(|error| error.to_string())?;
        let shown = || render::human(&found.sources, &found.diagnostics, false);
        let expected = expected_codes(&self.text);
        let codes = |wanted: fn(&Diagnostic) -> bool| -> BTreeSet<(usize, String)> {
            found.diagnostics.iter().filter(|one| wanted(one)).map(|one| place(&found.sources, one)).collect()
        };
        let (errors, all) = (codes(Diagnostic::is_error), codes(|_| true));
        if !errors.is_subset(&expected) || !expected.is_subset(&all) {
            return Err(format!("expected {expected:?}, found:\n{}", shown()));
        }
        let out: Vec<&str> =
            self.text.lines().filter_map(|line| line.split_once("# prints ")).map(|(_, out)| out.trim_end()).collect();
        if !out.is_empty() {
            self.without_errors().command(&format!("mpcc run {NAME} --plain"), &out)?;
        }
        if self.text.contains("@test") && expected.is_empty() {
            self.command(&format!("mpcc test {NAME}"), &["…"])?;
        }
        Ok(())
    }

    /// The program without the lines that are wrong.
    fn without_errors(&self) -> Program {
        let kept = |line: &&str| !line.contains("# error ");
        let text = self.text.split_inclusive('\n').filter(kept).collect();
        Program { text, files: self.files.clone() }
    }

    /// Runs the commands of a block.
    fn console(&self, text: &str) -> Result<(), String> {
        let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in text.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command, Vec::new())),
                (None, Some((_, out))) => out.push(line),
                (None, None) => return Err("what is printed stands after a command, `$ mpcc …`".into()),
            }
        }
        commands.iter().try_for_each(|(line, out)| self.command(line, out))
    }

    /// Runs one command in a folder with the program and the files.
    fn command(&self, line: &str, expected: &[&str]) -> Result<(), String> {
        let mut words = words(line);
        let binary = if words.is_empty() { String::new() } else { words.remove(0) };
        if binary != "mpcc" {
            return Err(format!("`{line}` is no command of `mpcc`"));
        }
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let own = words.iter().find(|word| word.ends_with(".mpc")).cloned().unwrap_or_else(|| NAME.to_owned());
        for (name, text) in self.files.iter().chain([&(own, self.text.clone())]) {
            write(&folder.path().join(name), text).map_err(|error| format!("{name}: {error}"))?;
        }
        let output =
            command("mpcc").args(&words).current_dir(folder.path()).output().map_err(|error| error.to_string())?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let failed = !output.status.success();
        let said = if failed { format!("{out}{err}") } else { out.into_owned() };
        let lines: Vec<&str> = said.lines().map(str::trim_end).collect();
        // A failure is expected only where something of it is shown.
        if same(&lines, expected) && (!failed || expected.iter().any(|line| *line != "…")) {
            return Ok(());
        }
        Err(format!("`{line}` ({})\n-- expected:\n{}\n-- found:\n{said}", output.status, expected.join("\n")))
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, text)
}

/// Whether lines are those expected, where `…` stands for any.
fn same(lines: &[&str], expected: &[&str]) -> bool {
    match (lines, expected) {
        (_, ["…", rest @ ..]) => (0..=lines.len()).any(|skipped| same(&lines[skipped..], rest)),
        ([line, lines @ ..], [wanted, expected @ ..]) => line == &wanted.trim_end() && same(lines, expected),
        ([], []) => true,
        _ => false,
    }
}

/// The lines that say a code, and the code.
fn expected_codes(text: &str) -> BTreeSet<(usize, String)> {
    let of_line = |(number, line): (usize, &str)| {
        let said = ["# error ", "# warning "].iter().find_map(|mark| Some(line.split_once(mark)?.1));
        let code = said.map(|said| said.chars().take_while(char::is_ascii_alphanumeric).collect());
        code.map(|code| (number + 1, code))
    };
    text.lines().enumerate().filter_map(of_line).collect()
}

fn place(sources: &Sources, found: &Diagnostic) -> (usize, String) {
    let line = sources.get(found.span.file).map_or(0, |source| source.position(found.span.start).line);
    (line as usize, found.code.id().to_owned())
}
