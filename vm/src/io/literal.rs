//! Literals of the command line: numbers, truth values, nested lists of them.

use super::{Target, quote};
use crate::algebra::Domain;
use crate::memory::{Public, shape::MOST_AXES};

/// A text without the quotes around it.
pub(super) fn unquoted(text: &str) -> &str {
    let inner = |mark: char| text.strip_prefix(mark)?.strip_suffix(mark);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// Reads a literal; a text that looks like a file is said to be none.
pub(super) fn read<D: Domain>(target: &Target, text: &str) -> Result<Public<D>, String> {
    let text = text.trim();
    let mut builder = target.builder();
    let found = nested(text, |cell| builder.text(cell)).and_then(|shape| builder.finish(&shape));
    let file_like =
        text.starts_with(|c: char| c.is_alphabetic() || c == '/' || c == '.') && text.contains(['.', '/', '\\']);
    found.map_err(|message| {
        let kinds = super::file::endings().join(", ");
        let no_file = || format!("{} is neither a number nor a file of a known kind ({kinds})", quote(text));
        if file_like { no_file() } else { message }
    })
}

/// Walks through nested lists, gives each element to `each`, and returns the shape.
fn nested(text: &str, mut each: impl FnMut(&str) -> Result<(), String>) -> Result<Vec<usize>, String> {
    if !text.starts_with('[') {
        each(text)?;
        return Ok(Vec::new());
    }
    let mut walk = Walk { sizes: Vec::new(), counts: Vec::new(), rank: None, after_item: false };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '[' => walk.open()?,
            ']' => walk.close()?,
            ',' => walk.comma()?,
            c if c.is_whitespace() => {}
            _ => {
                let end = rest.find([',', '[', ']']).unwrap_or(rest.len());
                walk.element()?;
                each(&rest[..end]).map_err(|message| format!("{message}, at {}", walk.place()))?;
                rest = &rest[end..];
                continue;
            }
        }
        rest = &rest[c.len_utf8()..];
    }
    if walk.counts.is_empty() {
        Ok(walk.sizes.into_iter().map(|size| size.unwrap_or(0)).collect())
    } else {
        Err("a `]` is missing".into())
    }
}

/// Where a walk through nested lists is.
struct Walk {
    /// The size of each axis, once a list of it has been closed.
    sizes: Vec<Option<usize>>,
    /// How many items each open list has had.
    counts: Vec<usize>,
    /// How deep the elements are.
    rank: Option<usize>,
    after_item: bool,
}

impl Walk {
    fn item(&mut self) -> Result<(), String> {
        if self.after_item {
            return Err(format!("a comma is missing at {}", self.place()));
        }
        if let Some(count) = self.counts.last_mut() {
            *count += 1;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        if self.counts.is_empty() && !self.sizes.is_empty() {
            return Err("something is left over after the list".into());
        }
        if self.rank == Some(self.counts.len()) {
            return Err(format!("a list where a number is needed, at {}", self.next_place()));
        }
        self.item()?;
        self.counts.push(0);
        if self.counts.len() > MOST_AXES {
            return Err("lists are nested too deep".into());
        }
        if self.sizes.len() < self.counts.len() {
            self.sizes.push(None);
        }
        self.after_item = false;
        Ok(())
    }

    fn element(&mut self) -> Result<(), String> {
        let depth = self.counts.len();
        if depth == 0 {
            return Err("something is left over after the list".into());
        }
        if self.rank.is_some_and(|rank| rank != depth) || depth < self.sizes.len() {
            return Err(format!("a number where a list is needed, at {}", self.next_place()));
        }
        self.rank = Some(depth);
        self.item()?;
        self.after_item = true;
        Ok(())
    }

    fn comma(&mut self) -> Result<(), String> {
        if !std::mem::replace(&mut self.after_item, false) || self.counts.is_empty() {
            return Err(format!("a value is missing at {}", self.next_place()));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(count) = self.counts.pop() else { return Err("a `[` is missing".into()) };
        let axis = self.counts.len();
        match self.sizes[axis] {
            Some(size) if size != count => {
                return Err(format!("the rows have different lengths: {size} and {count}"));
            }
            Some(_) => {}
            None => self.sizes[axis] = Some(count),
        }
        self.after_item = true;
        Ok(())
    }

    /// The place of the item that comes next.
    fn next_place(&self) -> String {
        let outer = self.counts.len().saturating_sub(1);
        let index = |(axis, count): (usize, &usize)| if axis == outer { *count } else { count.saturating_sub(1) };
        let at: Vec<String> = self.counts.iter().enumerate().map(|each| index(each).to_string()).collect();
        format!("[{}]", at.join(", "))
    }

    /// The place of the item that was met last.
    fn place(&self) -> String {
        let at: Vec<String> = self.counts.iter().map(|count| count.saturating_sub(1).to_string()).collect();
        format!("[{}]", at.join(", "))
    }
}
