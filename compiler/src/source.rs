//! Where text comes from and where in it something stands: files, spans, lines and columns.
//!
//! Spans are byte offsets; lines and columns are only made for people, by [`Source::position`].
//! [`Disk`] is the only place of the compiler's core that touches the file system.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// A file of one compilation, as an index into its [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A stretch of text: bytes `start..end` of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// Bytes `start..end` of `file`.
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Span { file, start, end }
    }

    /// The smallest span that holds both; `self` where they are of different files.
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span just after this one, where something is missing.
    pub fn after(self) -> Span {
        Span { start: self.end, ..self }
    }

    /// True for a span of no bytes.
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// True when `offset` lies in the span or touches its end, as an editor's cursor does.
    pub fn touches(self, offset: u32) -> bool {
        self.start <= offset && offset <= self.end
    }

    /// The bytes as a range, for slicing the text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place for people: line and column count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Where each line of a text begins.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Finds the lines of `text`; `\n`, `\r\n` and a lone `\r` each end one.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends_line = |at: usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let starts = (0..bytes.len()).filter(|&at| ends_line(at)).map(|at| at as u32 + 1);
        LineIndex { starts: std::iter::once(0).chain(starts).collect() }
    }

    /// How many lines there are; the empty text has one.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The line that holds byte `offset`, from 1.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|&start| start <= offset) as u32
    }

    /// Offset of the first byte of `line` (from 1); the last line's for a line past the end.
    pub fn start(&self, line: u32) -> u32 {
        let index = (line.max(1) as usize - 1).min(self.starts.len() - 1);
        self.starts[index]
    }
}

/// One file's name, text and lines.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as it is shown to people.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
    /// Its lines.
    pub lines: LineIndex,
}

impl Source {
    /// A source with its lines found.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let text = text.into();
        Source { path: path.into(), lines: LineIndex::new(&text), text }
    }

    /// Line and column of byte `offset`; an offset past the end gives the end.
    pub fn position(&self, offset: u32) -> Position {
        let offset = (offset as usize).min(self.text.len()) as u32;
        let line = self.lines.line(offset);
        let before = self.text.get(self.lines.start(line) as usize..offset as usize).unwrap_or_default();
        Position { line, column: before.chars().count() as u32 + 1 }
    }

    /// The text under a span; empty for a span that does not fit this text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }
}

/// The files of one compilation, by [`FileId`].
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and gives it its number.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        self.files.push(Source::new(path, text));
        FileId(self.files.len() as u32 - 1)
    }

    /// The file of that number, if it is of this compilation.
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(file.0 as usize)
    }

    /// The file of that path, if it has been added.
    pub fn find(&self, path: &Path) -> Option<FileId> {
        self.files.iter().position(|source| source.path == path).map(|index| FileId(index as u32))
    }

    /// All files in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.files.iter().enumerate().map(|(index, source)| (FileId(index as u32), source))
    }

    /// Where a span begins, for people; `None` if its file is not of this compilation.
    pub fn position(&self, span: Span) -> Option<Position> {
        self.get(span.file).map(|source| source.position(span.start))
    }
}

/// How a path is called from a folder, with `/` between names: `pkg/a.mpc`, `../a.mpc`. Of a path that cannot be reached from there,
/// the last name alone: folders of the machine are nobody's business.
pub fn relative(path: &Path, folder: &Path) -> String {
    let (path, folder): (Vec<Component<'_>>, Vec<Component<'_>>) = (parts(path), parts(folder));
    let shared = path.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let reachable = folder[shared..].iter().all(|part| matches!(part, Component::Normal(_)));
    let named = path[shared..].iter().all(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    let from = if reachable && named { shared } else { path.len().saturating_sub(1) };
    let up = if reachable && named { folder.len() - shared } else { 0 };
    let names = path[from..].iter().map(|part| part.as_os_str().to_string_lossy());
    std::iter::repeat_n("..".into(), up).chain(names).collect::<Vec<_>>().join("/")
}

fn parts(path: &Path) -> Vec<Component<'_>> {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// Where the compiler reads files: the disk, memory, or an editor's unsaved buffers over the disk.
pub trait Files {
    /// The text of the file at `path`.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// Whether there is such a file, for finding what an import names.
    fn exists(&self, path: &Path) -> bool;

    /// The names of what a folder holds, in any order; `None` if there is no such folder. The empty path is the current folder.
    fn list(&self, folder: &Path) -> Option<Vec<String>>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    #[allow(clippy::disallowed_methods, reason = "this is the one place of the core that reads files")]
    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn exists(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn list(&self, folder: &Path) -> Option<Vec<String>> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let entries = std::fs::read_dir(folder).ok()?;
        Some(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
    }
}

/// Files held in memory: for tests, and for what an editor has not saved yet.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<PathBuf, String>,
}

impl Memory {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts or replaces the file at `path`.
    pub fn insert(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
        self.files.insert(path.into(), text.into());
    }

    /// Forgets the file at `path`.
    pub fn remove(&mut self, path: &Path) {
        self.files.remove(path);
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    fn list(&self, folder: &Path) -> Option<Vec<String>> {
        let below = self.files.keys().filter_map(|path| path.strip_prefix(folder).ok());
        let names = below.filter_map(|path| path.components().next());
        let mut names: Vec<String> = names.map(|name| name.as_os_str().to_string_lossy().into_owned()).collect();
        names.dedup();
        (!names.is_empty()).then_some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("a.mpc", "ab\r\nçd\re\n");
        let place = |offset| (source.position(offset).line, source.position(offset).column);
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(4), (2, 1));
        assert_eq!(place(6), (2, 2));
        assert_eq!(place(8), (3, 1));
        assert_eq!(place(10), (4, 1));
        assert_eq!(place(99), (4, 1));
        assert_eq!(source.lines.count(), 4);
    }

    #[test]
    fn spans_join_within_one_file_only() {
        let (a, b) = (Span::new(FileId(0), 3, 5), Span::new(FileId(0), 1, 2));
        assert_eq!(a.to(b), Span::new(FileId(0), 1, 5));
        assert_eq!(a.to(Span::new(FileId(1), 0, 9)), a);
    }

    #[test]
    fn files_are_called_from_the_folder_of_the_program() {
        let called = |path: &str, folder: &str| relative(Path::new(path), Path::new(folder));
        assert_eq!(called("a.mpc", ""), "a.mpc");
        assert_eq!(called("./p/b/a.mpc", "p"), "b/a.mpc");
        assert_eq!(called("/x/q/a.mpc", "/x/p/r"), "../../q/a.mpc");
        assert_eq!(called("../a.mpc", ""), "../a.mpc");
        assert_eq!(called("<library>/stats.mpc", ""), "<library>/stats.mpc");
        assert_eq!(called("/x/a.mpc", "p"), "a.mpc");
        assert_eq!(called("a.mpc", "../p"), "a.mpc");
    }

    #[test]
    fn memory_answers_like_a_disk() {
        let mut files = Memory::new();
        files.insert("x.mpc", "pass");
        assert!(files.exists(Path::new("x.mpc")));
        assert_eq!(files.read(Path::new("y.mpc")).map_err(|error| error.kind()), Err(io::ErrorKind::NotFound));
    }
}
