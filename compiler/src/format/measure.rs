//! How wide the words of a row are, and what stands by them: counted once, so that any part is known at once.

use super::row::Word;
use super::space::spaces;
use std::ops::Range;

/// How wide words are.
pub(super) struct Measures {
    /// Whether a blank stands before each word.
    pub space: Vec<bool>,
    /// The columns before each word and after the last, all on one line.
    columns: Vec<usize>,
    /// How many words before each hold ends of lines.
    pub tall: Vec<u32>,
    /// How many comments stand above the words before each, and after them.
    pub above: Vec<u32>,
    pub after: Vec<u32>,
}

impl Measures {
    /// Measures words, which are given the blanks between them.
    pub fn new(words: &[Word]) -> Self {
        let space = spaces(words);
        let count = words.len() + 1;
        let (mut columns, mut tall) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut above, mut after) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut column, mut lines, mut over, mut behind) = (0, 0, 0, 0);
        for (word, space) in words.iter().zip(&space) {
            columns.push(column);
            tall.push(lines);
            above.push(over);
            after.push(behind);
            column += width(&word.text) + usize::from(*space);
            lines += u32::from(word.text.contains('\n'));
            over += word.above.len() as u32;
            behind += u32::from(word.after.is_some());
        }
        columns.push(column);
        tall.push(lines);
        above.push(over);
        after.push(behind);
        Measures { space, columns, tall, above, after }
    }

    /// How many there are in a range.
    pub fn count(counts: &[u32], range: Range<usize>) -> u32 {
        if range.is_empty() { 0 } else { counts[range.end] - counts[range.start] }
    }

    /// The columns of a range on one line.
    pub fn width(&self, range: &Range<usize>) -> usize {
        if range.is_empty() {
            return 0;
        }
        self.columns[range.end] - self.columns[range.start] - usize::from(self.space[range.start])
    }
}

/// The columns of a text.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}
