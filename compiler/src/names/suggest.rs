//! "Did you mean": the name that is nearest to a misspelt one.

/// The candidate that differs from `name` by the fewest edits, if it is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let allowed = if length < 2 { 0 } else { (length / 3).clamp(1, 3) };
    candidates
        .into_iter()
        .filter(|other| !other.is_empty() && *other != name && other.len().abs_diff(name.len()) <= 3)
        .map(|other| (distance(name, other), other))
        .filter(|(edits, _)| *edits <= allowed)
        .min()
        .map(|(_, other)| other)
}

/// Edits (insert, delete, replace, exchange of neighbours) between two words, in either case.
fn distance(a: &str, b: &str) -> usize {
    let lower = |text: &str| -> Vec<char> { text.chars().take(64).flat_map(char::to_lowercase).collect() };
    let (a, b) = (lower(a), lower(b));
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("totl", ["print", "total"]), Some("total"));
        assert_eq!(nearest("lne", ["len", "line"]), Some("len"));
        assert_eq!(nearest("x", ["completely"]), None);
    }
}
