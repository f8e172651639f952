//! Files of several arrays by name, and what is read from them: one array, or all of an object's fields.

use super::element::Dtype;
use super::{Target, quote};
use crate::algebra::Domain;
use crate::memory::{Public, shape};

/// An open file of arrays.
pub(super) trait Archive<D> {
    /// The names of all arrays.
    fn names(&self) -> Vec<String>;

    /// The shape of an array, where that is known before it is read.
    fn shape(&mut self, name: &str) -> Option<Vec<usize>>;

    /// One array as a port's value.
    fn read(&mut self, target: &Target, name: &str) -> Result<Public<D>, String>;
}

/// Reads one array: the one that is selected, else the one called like the port, else the only one.
pub(super) fn one<D: Domain>(
    archive: &mut dyn Archive<D>,
    target: &Target,
    selection: Option<&str>,
    ending: &str,
) -> Result<Public<D>, String> {
    let name = choose(target, &archive.names(), selection, ending)?;
    archive.read(target, &name).map_err(|message| format!("array {}: {message}", quote(&name)))
}

fn choose(target: &Target, names: &[String], selection: Option<&str>, ending: &str) -> Result<String, String> {
    let find = |wanted: &str| names.iter().find(|name| *name == wanted).cloned();
    match (selection, names) {
        (Some(wanted), _) => find(wanted)
            .ok_or_else(|| format!("there is no array {}; the arrays are {}", quote(wanted), quote(&names.join(", ")))),
        (None, []) => Err("the archive is empty".into()),
        (None, [only]) => Ok(only.clone()),
        (None, [first, ..]) => find(&target.name).ok_or_else(|| {
            let all = quote(&names.join(", "));
            format!("which of the arrays {all} is meant? Select one: `file{ending}:{first}`")
        }),
    }
}

/// Reads an object: an array for each target, by its key, and no others. All that is missing, too much or does not fit is said.
pub(super) fn all<D: Domain>(
    archive: &mut dyn Archive<D>,
    targets: &[(String, Target)],
) -> Result<Vec<Public<D>>, String> {
    let names = archive.names();
    let missing: Vec<String> = targets
        .iter()
        .filter(|(key, _)| !names.contains(key))
        .map(|(key, target)| format!("{} ({})", quote(key), target.ty))
        .collect();
    let known = |name: &&String| !targets.iter().any(|(key, _)| key == *name);
    let mut extra = Vec::new();
    for name in names.iter().filter(known) {
        let shape = archive.shape(name).map_or_else(String::new, |found| format!(" of shape {}", shape::show(&found)));
        extra.push(format!("{}{shape}", quote(name)));
    }
    let mut wrong = Vec::new();
    wrong.extend((!missing.is_empty()).then(|| format!("missing: {}", listed(&missing))));
    wrong.extend((!extra.is_empty()).then(|| format!("not in the class: {}", listed(&extra))));
    let mut values = Vec::with_capacity(targets.len());
    for (key, target) in targets.iter().filter(|(key, _)| names.contains(key)) {
        match archive.read(target, key) {
            Ok(value) if target.fits(value.shape()) => values.push(value),
            Ok(value) => wrong.push(format!(
                "tensor {} has shape {}, expected {}",
                quote(key),
                shape::show(value.shape()),
                target.ty
            )),
            Err(message) => wrong.push(format!("tensor {}: {message}", quote(key))),
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong.join("\n  ")) }
}

/// Names in a message: not more than a reader can take in.
fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    let mut shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        shown.push_str(&format!(" and {} more", names.len() - MOST));
    }
    shown
}

impl Target {
    /// Whether an array of that type and shape can be this port's value.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn takes(&self, dtype: &Dtype, shape: &[usize], what: &str, convert: &str) -> Result<(), String> {
        if shape.len() != self.rank {
            return Err(self.wrong_rank(shape.len()));
        }
        let floats = matches!(self.kind, mpc_bytecode::Kind::Fix | mpc_bytecode::Kind::Sfix | mpc_bytecode::Kind::Raw);
        if dtype.is_float() && !floats {
            return Err(format!(
                "the {what} is {}, but the port is {}: convert it with `{convert}`, or declare the port `sfix`",
                dtype.name, self.ty
            ));
        }
        Ok(())
    }

    /// Whether a shape fits the sizes that are numbers.
    pub(super) fn fits(&self, found: &[usize]) -> bool {
        found.len() == self.sizes.len()
            && self.sizes.iter().zip(found).all(|(size, found)| size.is_none_or(|size| size == *found as u64))
    }
}
