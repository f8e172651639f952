//! What differs between two texts, as a unified diff.

/// Lines shown around a change.
const CONTEXT: usize = 2;

/// The most lines that are shown.
const MAX_SHOWN: usize = 80;

/// The most lines that may differ for the smallest difference to be looked for; beyond, the whole is shown as replaced.
const MAX_CHANGES: usize = 1000;

/// What a line of the diff is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    Keep,
    Remove,
    Add,
}

/// The difference from `old` to `new` as a unified diff of the file `name`; empty for equal texts. A long one is cut, and says so.
pub fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let edits = edits(&a, &b);
    let mut body = String::new();
    for hunk in hunks(&edits) {
        show(&mut body, &edits, hunk, &a, &b);
    }
    let count = body.lines().count();
    let mut out = format!("--- {name}\n+++ {name}\n");
    for line in body.lines().take(MAX_SHOWN) {
        out.push_str(line);
        out.push('\n');
    }
    if count > MAX_SHOWN {
        out += &format!("… and {} more lines\n", count - MAX_SHOWN);
    }
    out
}

/// The shortest way from `a` to `b`, line by line. E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986).
fn edits(a: &[&str], b: &[&str]) -> Vec<Edit> {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[same..], &b[same..]);
    let end = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (middle_a, middle_b) = (&rest_a[..rest_a.len() - end], &rest_b[..rest_b.len() - end]);
    let mut edits = vec![Edit::Keep; same];
    edits.extend(shortest(middle_a, middle_b).unwrap_or_else(|| {
        let removed = std::iter::repeat_n(Edit::Remove, middle_a.len());
        removed.chain(std::iter::repeat_n(Edit::Add, middle_b.len())).collect()
    }));
    edits.extend(std::iter::repeat_n(Edit::Keep, end));
    edits
}

/// The middle part; `None` if more than [`MAX_CHANGES`] lines differ.
fn shortest(a: &[&str], b: &[&str]) -> Option<Vec<Edit>> {
    let most = (a.len() + b.len()).min(MAX_CHANGES) as isize;
    // The furthest line of `a` on each diagonal `x - y` from `-most - 1` to `most + 1`, and what it was after each number of changes.
    let mut furthest = vec![0_usize; 2 * most as usize + 3];
    let mut history: Vec<Vec<usize>> = Vec::new();
    for changes in 0..=most {
        history.push(furthest[(most - changes) as usize..=(most + changes + 2) as usize].to_vec());
        for diagonal in (-changes..=changes).step_by(2) {
            let at = (diagonal + most + 1) as usize;
            let mut x = if adds(&furthest, at, diagonal, changes) { furthest[at + 1] } else { furthest[at - 1] + 1 };
            let mut y = (x as isize - diagonal) as usize;
            while x < a.len() && y < b.len() && a[x] == b[y] {
                (x, y) = (x + 1, y + 1);
            }
            furthest[at] = x;
            if x >= a.len() && y >= b.len() {
                return Some(walked(a.len(), b.len(), &history));
            }
        }
    }
    None
}

/// Whether the best way to a diagonal is to add a line, not to remove one.
fn adds(furthest: &[usize], at: usize, diagonal: isize, changes: isize) -> bool {
    diagonal == -changes || diagonal != changes && furthest[at - 1] < furthest[at + 1]
}

/// The way that was taken to the end, found from its end.
fn walked(mut x: usize, mut y: usize, history: &[Vec<usize>]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (changes, furthest) in history.iter().enumerate().rev() {
        let diagonal = x as isize - y as isize;
        let at = (diagonal + changes as isize + 1) as usize;
        let add = adds(furthest, at, diagonal, changes as isize);
        let (from_x, from_diagonal) =
            if add { (furthest[at + 1], diagonal + 1) } else { (furthest[at - 1], diagonal - 1) };
        let from_y = from_x as isize - from_diagonal;
        let kept = if changes == 0 { x } else { x - from_x - usize::from(!add) };
        edits.extend(std::iter::repeat_n(Edit::Keep, kept));
        if changes > 0 {
            edits.push(if add { Edit::Add } else { Edit::Remove });
            (x, y) = (from_x, from_y as usize);
        }
    }
    edits.reverse();
    edits
}

/// The ranges of edits that are shown together.
fn hunks(edits: &[Edit]) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in edits.iter().enumerate().filter(|(_, edit)| **edit != Edit::Keep) {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + 1 + CONTEXT).min(edits.len()));
        match found.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => found.push(start..end),
        }
    }
    found
}

fn show(out: &mut String, edits: &[Edit], hunk: std::ops::Range<usize>, a: &[&str], b: &[&str]) {
    let count = |part: &[Edit], without: Edit| part.iter().filter(|edit| **edit != without).count();
    let (before, inside) = (&edits[..hunk.start], &edits[hunk]);
    let (mut x, mut y) = (count(before, Edit::Add), count(before, Edit::Remove));
    let (old, new) = (count(inside, Edit::Add), count(inside, Edit::Remove));
    let first = |at: usize, length: usize| if length == 0 { at } else { at + 1 };
    *out += &format!("@@ -{},{old} +{},{new} @@\n", first(x, old), first(y, new));
    for edit in inside {
        let (sign, line) = match edit {
            Edit::Keep => (' ', a[x]),
            Edit::Remove => ('-', a[x]),
            Edit::Add => ('+', b[y]),
        };
        x += usize::from(*edit != Edit::Add);
        y += usize::from(*edit != Edit::Remove);
        *out += &format!("{sign}{}\n", line.trim_end_matches(['\n', '\r']));
        if !line.ends_with('\n') {
            *out += "\\ no line end at the end of the file\n";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_what_changes() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "a\nb\nC\nd\ne\nf\ng\nh\ni";
        let expected = "\
--- x.mpc
+++ x.mpc
@@ -1,5 +1,5 @@
 a
 b
-c
+C
 d
 e
@@ -7,2 +7,3 @@
 g
 h
+i
\\ no line end at the end of the file
";
        assert_eq!(unified("x.mpc", old, new), expected);
        assert_eq!(unified("x.mpc", old, old), "");
    }

    #[test]
    fn a_long_diff_is_cut() {
        let shown = unified("x", &"a\n".repeat(300), &"b\n".repeat(5000));
        assert_eq!(shown.lines().count(), MAX_SHOWN + 3);
        assert!(shown.ends_with("… and 5221 more lines\n"), "{shown}");
    }

    /// The edits make `b` of `a`, and are as few as a table of all ways finds.
    #[test]
    fn edits_are_right_and_few() {
        let mut state = 7_u64;
        let mut dice = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..300 {
            let letters = ["a", "b", "c"];
            let mut text = || (0..dice(9)).map(|_| letters[dice(3) as usize]).collect::<Vec<_>>();
            let (a, b) = (text(), text());
            let edits = edits(&a, &b);
            let (mut x, mut made) = (0, Vec::new());
            for edit in &edits {
                match edit {
                    Edit::Keep => made.push(a[x]),
                    Edit::Add => made.push(b[made.len()]),
                    Edit::Remove => {}
                }
                x += usize::from(*edit != Edit::Add);
            }
            assert_eq!((x, &made), (a.len(), &b));
            let changes = edits.iter().filter(|edit| **edit != Edit::Keep).count();
            assert_eq!(changes, least(&a, &b), "{a:?} {b:?}");
        }
    }

    fn least(a: &[&str], b: &[&str]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([x, a @ ..], [y, b @ ..]) if x == y => least(a, b),
            ([_, rest_a @ ..], [_, rest_b @ ..]) => 1 + least(rest_a, b).min(least(a, rest_b)),
        }
    }
}
