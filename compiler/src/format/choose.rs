//! Which brackets of a row, or of a part of what a bracket holds, are opened, so that each line fits.
//!
//! As few as will do are opened. What is preferred is said by [`Group`] for what may stand in parentheses, after black: parentheses
//! for operators, but the brackets of a single call or list that begins or ends it. The choice for a text that has been laid out is
//! the choice that laid it out: what is opened is a smallest set, so what a comma keeps open since then is in it, and alone is not
//! enough.

use super::INDENT;
use super::delimiter::Rank;
use super::layout::Layout;
use crate::syntax::lexer::{Keyword, Token};
use std::ops::Range;

/// A bracket that is opened, or parentheses that are put: what it holds goes on lines of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// What it holds.
    pub body: Range<usize>,
    /// What is put before it; empty where the brackets are there.
    pub put: &'static str,
}

/// What is written on one line: words, and what stands before and after them.
pub(super) struct Line<'l> {
    pub before: &'l str,
    pub words: Range<usize>,
    pub after: &'l str,
}

/// Words that are laid out, the column where each of their lines begins, and what follows the last.
#[derive(Clone, Debug)]
pub(super) struct Place<'l> {
    pub range: Range<usize>,
    pub indent: usize,
    pub after: &'l str,
}

/// A part that may stand in parentheses, and what of it may be opened.
#[derive(Clone, Debug)]
struct Group {
    range: Range<usize>,
    /// Brackets of it, best first.
    brackets: Vec<Opening>,
    /// Whether only one of the brackets may be opened.
    single: bool,
    /// Parentheses around it, where they would help.
    put: Option<Opening>,
    /// Whether parentheses are put and not brackets opened.
    puts: bool,
}

impl Group {
    /// What may be opened, best first.
    fn candidates(&self) -> &[Opening] {
        if self.puts { self.put.as_slice() } else { &self.brackets }
    }

    fn holds(&self, opening: &Opening) -> bool {
        self.range.start <= opening.body.start && opening.body.end <= self.range.end
    }
}

impl Layout<'_, '_> {
    /// What to open of something that does not fit on one line, in order. `rest` is what may be opened outside the groups, best first.
    pub(super) fn chosen(&self, place: &Place, groups: &[Range<usize>], rest: Vec<Opening>) -> Vec<Opening> {
        let mut forced = self.brackets(&place.range);
        forced.retain(|opening| self.must_open(opening.body.start - 1));
        let mut groups: Vec<Group> =
            groups.iter().rev().map(|group| self.group(group, &forced, place.indent)).collect();
        let rest: Vec<Opening> = rest.into_iter().filter(|one| !groups.iter().any(|group| group.holds(one))).collect();
        let start = groups.clone();
        loop {
            let found = self.fewest(place, &forced, &groups, &rest);
            let crowded = |group: &Group| {
                let open = found.iter().flatten().filter(|one| one.put.is_empty() && group.holds(one)).count();
                group.put.is_some() && !group.puts && (found.is_none() || group.single && open > 1)
            };
            match groups.iter().position(crowded) {
                Some(at) => groups[at].puts = true,
                None => return found.unwrap_or_else(|| self.fallback(&forced, &start, &rest)),
            }
        }
    }

    /// The fewest openings with which every line fits: all that may be, less those that need not, the least good first.
    fn fewest(&self, place: &Place, forced: &[Opening], groups: &[Group], rest: &[Opening]) -> Option<Vec<Opening>> {
        let fixed = self.fixed(forced, groups);
        let mut free: Vec<&Opening> = groups.iter().flat_map(Group::candidates).chain(rest).collect();
        free.retain(|one| !fixed.contains(one));
        let set = |free: &[&Opening]| ordered(fixed.iter().chain(free.iter().copied()));
        if !self.all_fit(place, &set(&free)) {
            return None;
        }
        for at in (0..free.len()).rev() {
            let without = free.remove(at);
            if !self.all_fit(place, &set(&free)) {
                free.insert(at, without);
            }
        }
        Some(set(&free))
    }

    /// What is opened in any case: brackets that must be, or the parentheses around them.
    fn fixed(&self, forced: &[Opening], groups: &[Group]) -> Vec<Opening> {
        let put = |one: &&Opening| groups.iter().any(|group| group.puts && group.holds(one));
        let mut fixed: Vec<Opening> = forced.iter().filter(|one| !put(one)).cloned().collect();
        for group in groups.iter().filter(|group| group.puts) {
            if self.must_split(&group.range) || forced.iter().any(|one| group.holds(one)) {
                fixed.extend(group.put.clone());
            }
        }
        fixed
    }

    /// Where some line is too long whatever is opened: the best of each group.
    fn fallback(&self, forced: &[Opening], groups: &[Group], rest: &[Opening]) -> Vec<Opening> {
        let mut set = self.fixed(forced, groups);
        let mut best: Vec<&Opening> = groups.iter().filter_map(|group| group.candidates().first()).collect();
        if best.is_empty() {
            best.extend(rest.first());
        }
        best.retain(|one| !set.contains(one));
        set.extend(best.into_iter().cloned());
        ordered(set.iter())
    }

    fn all_fit(&self, place: &Place, openings: &[Opening]) -> bool {
        lines(&place.range, place.after, openings).iter().all(|line| self.fits(line, place.indent))
    }

    fn group(&self, range: &Range<usize>, forced: &[Opening], indent: usize) -> Group {
        let imports = self.words[range.start - 1].keyword() == Some(Keyword::Import);
        let (first, last) = (range.start, range.end - 1);
        let wrapped = self.is_open(first) && self.close[first] == last;
        let delimiters = self.delimiters(range);
        let brackets = match &delimiters {
            None if imports && !wrapped => Vec::new(),
            None => self.candidates(range),
            Some(delimiters) if delimiters.rank == Rank::Comma || delimiters.starts.len() > 1 => Vec::new(),
            Some(_) => {
                let ends = [self.close[last], first].into_iter().filter(|open| self.is_open(*open));
                ends.map(|open| self.opening(open)).filter(|opening| opening.body.len() > 1).collect()
            }
        };
        let splits = delimiters.is_some() || brackets.is_empty() && !self.candidates(range).is_empty();
        let helps = !wrapped && (splits || self.fits_flat(range.clone(), indent + INDENT, ""));
        let put = if self.measures.space[first] { " (" } else { "(" };
        let put = helps.then(|| Opening { body: range.clone(), put });
        let single = delimiters.is_some();
        let mut group = Group { range: range.clone(), brackets, single, put, puts: false };
        let other = |one: &Opening| group.holds(one) && !group.brackets.contains(one);
        let puts = group.brackets.is_empty() || self.must_split(range) || single && forced.iter().any(other);
        group.puts = puts && group.put.is_some();
        group
    }

    /// Whether a group is split whatever its length: for its comments, or as a tuple of several items with a comma after the last.
    pub(super) fn must_split(&self, group: &Range<usize>) -> bool {
        let last = group.end - 1;
        let ends = self.words[last].token == Token::Comma;
        let tuple = || self.delimiters(&(group.start..last)).is_some_and(|found| found.rank == Rank::Comma);
        ends && tuple() || !self.is_quiet(group) && self.has_comment(group)
    }

    /// Whether a comment stands inside a range and outside its brackets.
    fn has_comment(&self, range: &Range<usize>) -> bool {
        let mut at = range.start;
        while at < range.end {
            let close = self.close[at].max(at);
            let above = at > range.start && !self.words[at].above.is_empty();
            if above || close + 1 < range.end && self.words[close].after.is_some() {
                return true;
            }
            at = close + 1;
        }
        false
    }

    // ---- brackets

    fn is_open(&self, at: usize) -> bool {
        matches!(self.words[at].token, Token::Open(_))
    }

    fn opening(&self, open: usize) -> Opening {
        Opening { body: open + 1..self.close[open], put: "" }
    }

    /// The brackets of a range that are in no other, in order.
    fn brackets(&self, range: &Range<usize>) -> Vec<Opening> {
        let mut found = Vec::new();
        let mut at = range.start;
        while at < range.end {
            if self.is_open(at) {
                found.push(self.opening(at));
                at = self.close[at];
            }
            at += 1;
        }
        found
    }

    /// The brackets of a range that can be opened, best first: the last first, those that hold a single word after the others.
    pub(super) fn candidates(&self, range: &Range<usize>) -> Vec<Opening> {
        let mut found = self.brackets(range);
        found.retain(|opening| !opening.body.is_empty());
        found.reverse();
        found.sort_by_key(|opening| opening.body.len() == 1);
        found
    }

    /// The brackets of a row that can be opened, best first.
    pub(super) fn brackets_of_row(&self) -> Vec<Opening> {
        let end = self.words.len();
        match self.words.first().and_then(|word| word.keyword()) {
            // Types and ranges of ports stay together; a default may be split.
            Some(Keyword::Input | Keyword::Output | Keyword::Role) => {
                self.candidates(&(self.words.iter().position(|word| word.token == Token::Assign).unwrap_or(end)..end))
            }
            Some(Keyword::Def) => {
                let mut found = self.candidates(&(0..end));
                found.sort_by_key(|opening| opening.body.start);
                found
            }
            _ => self.candidates(&(0..end)),
        }
    }
}

/// Openings in the order of the text.
fn ordered<'o>(openings: impl Iterator<Item = &'o Opening>) -> Vec<Opening> {
    let mut openings: Vec<Opening> = openings.cloned().collect();
    openings.sort_by_key(|opening| opening.body.start);
    openings
}

/// The lines outside the openings.
pub(super) fn lines<'l>(range: &Range<usize>, after: &'l str, openings: &[Opening]) -> Vec<Line<'l>> {
    let mut found = Vec::with_capacity(openings.len() + 1);
    let (mut start, mut before) = (range.start, "");
    for opening in openings {
        found.push(Line { before, words: start..opening.body.start, after: opening.put });
        (start, before) = (opening.body.end, if opening.put.is_empty() { "" } else { ")" });
    }
    found.push(Line { before, words: start..range.end, after });
    found
}
