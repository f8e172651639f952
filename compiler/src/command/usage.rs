//! What is said of a command line that is not understood: clap's words, and its rules made plain where they are not.

use super::{Line, exit};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Error};
use mpcc::names::suggest;

/// Prints what clap has to say, or something plainer, and gives the exit code: help and version are no errors.
pub fn usage(error: &Error) -> u8 {
    let line = Line::command();
    let plain = match error.kind() {
        ErrorKind::ArgumentConflict => unknown_command(&line, error),
        ErrorKind::UnknownArgument => option_of_another(&line, error),
        ErrorKind::ValueValidation => no_number(error),
        _ => None,
    };
    match plain {
        Some(message) => eprintln!("error: {message}\n\nFor more information, try '--help'."),
        // A closed pipe is no reason to fail.
        None => drop(error.print()),
    }
    if error.use_stderr() { exit::USAGE } else { exit::OK }
}

/// Two words without an option: the first was meant to be a command, or the second is one and belongs first.
fn unknown_command(line: &Command, error: &Error) -> Option<String> {
    let Some(ContextValue::String(second)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let first = std::env::args().nth(1)?;
    let known = |word: &str| line.get_subcommands().any(|command| command.get_name() == word);
    if known(second) {
        return Some(format!("the command comes first: `mpcc {second} {first}`"));
    }
    (!known(&first) && !first.starts_with('-')).then(|| no_such_command(line, &first))
}

/// Says that there is no such command, and which there are.
fn no_such_command(line: &Command, given: &str) -> String {
    let names = || line.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
    match suggest::nearest(given, names()) {
        Some(near) => format!("there is no command `{given}`; did you mean `mpcc {near}`?"),
        None => format!("there is no command `{given}`; there are {}", names().collect::<Vec<_>>().join(", ")),
    }
}

/// The command that a single word, which names no file, may have been meant to be.
pub fn meant_command(word: &str) -> Option<String> {
    let line = Line::command();
    let near = suggest::nearest(word, line.get_subcommands().map(Command::get_name))?;
    Some(format!("there is no command and no file `{word}`; did you mean `mpcc {near}`?"))
}

/// An option that another command has.
fn option_of_another(line: &Command, error: &Error) -> Option<String> {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return None };
    if error.get(ContextKind::SuggestedArg).is_some() {
        return None;
    }
    let name = given.strip_prefix("--")?;
    let has = |command: &&Command| command.get_arguments().any(|option| option.get_long() == Some(name));
    let all: Vec<String> =
        line.get_subcommands().filter(has).map(|command| format!("`mpcc {}`", command.get_name())).collect();
    (!all.is_empty()).then(|| format!("`{given}` is an option of {}, not of this command", all.join(", ")))
}

/// A word where a number belongs.
fn no_number(error: &Error) -> Option<String> {
    let why = std::error::Error::source(error)?;
    let number: &std::num::ParseIntError = why.downcast_ref()?;
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (value, option) = (text(ContextKind::InvalidValue)?, text(ContextKind::InvalidArg)?);
    Some(match number.kind() {
        std::num::IntErrorKind::PosOverflow => format!("`{option}`: `{value}` is too large"),
        _ => format!("`{option}`: `{value}` is not a whole number"),
    })
}
