//! Makes a failing program smaller: leaves out statements, or puts blocks in place of what holds them, while it still fails.

use super::program::Stmt;

/// Attempts for one program: each runs processes.
const ATTEMPTS: usize = 400;

/// The smallest program found for which `fails` says why, and that.
pub fn smallest<T>(program: &[Stmt], fails: impl Fn(&[Stmt]) -> Option<T>) -> (Vec<Stmt>, Option<T>) {
    let mut best = (program.to_vec(), None);
    let mut attempts = 0;
    let mut place = 0;
    let mut unchanged = true;
    while attempts < ATTEMPTS {
        let smaller = changes(&best.0, place);
        if smaller.is_empty() {
            if unchanged {
                break;
            }
            (place, unchanged) = (0, true);
            continue;
        }
        attempts += smaller.len();
        match smaller.into_iter().find_map(|one| fails(&one).map(|why| (one, why))) {
            Some((one, why)) => (best, unchanged) = ((one, Some(why)), false),
            None => place += 1,
        }
    }
    best
}

/// What the statement at a place, counted through all blocks, can become.
fn changes(program: &[Stmt], place: usize) -> Vec<Vec<Stmt>> {
    let mut left = place;
    at(program, &mut left).unwrap_or_default()
}

/// The variants of a list of statements; `left` counts down to the place.
fn at(stmts: &[Stmt], left: &mut usize) -> Option<Vec<Vec<Stmt>>> {
    for (index, stmt) in stmts.iter().enumerate() {
        let with = |replacement: Vec<Stmt>| {
            let mut all = stmts[..index].to_vec();
            all.extend(replacement);
            all.extend_from_slice(&stmts[index + 1..]);
            all
        };
        if *left == 0 {
            let mut variants = vec![with(Vec::new())];
            if let Stmt::Block(arms) = stmt {
                variants.extend(arms.iter().map(|(_, body)| with(body.clone())));
                variants.extend((1..arms.len()).map(|count| with(vec![Stmt::Block(arms[..count].to_vec())])));
            }
            return Some(variants);
        }
        *left -= 1;
        let Stmt::Block(arms) = stmt else { continue };
        for (arm, (_, body)) in arms.iter().enumerate() {
            let Some(variants) = at(body, left) else { continue };
            let replace = |body| {
                let mut arms = arms.clone();
                arms[arm].1 = body;
                with(vec![Stmt::Block(arms)])
            };
            return Some(variants.into_iter().map(replace).collect());
        }
    }
    None
}
