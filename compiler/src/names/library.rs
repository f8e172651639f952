//! The standard library's files: part of the compiler, in the language itself. The table that imports look in.

/// The folder under which the library's files are shown.
pub const FOLDER: &str = "<library>";

/// What operators and builtins are made of: path and text. No program imports it.
pub const PRELUDE: (&str, &str) = ("<library>/prelude.mpc", include_str!("../../../stdlib/prelude.mpc"));

/// What programs can import: name, path and text.
pub const MODULES: &[(&str, &str, &str)] =
    &[("stats", "<library>/stats.mpc", include_str!("../../../stdlib/stats.mpc"))];

/// The path and the text of the library's module of that name.
pub fn module(name: &str) -> Option<(&'static str, &'static str)> {
    MODULES.iter().find(|(known, _, _)| *known == name).map(|(_, path, text)| (*path, *text))
}
