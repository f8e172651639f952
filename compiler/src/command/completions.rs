//! `mpcc completions`: what a shell needs to complete the command line.

use super::{Failure, Line, exit, print};
use clap::CommandFactory;
use clap_complete::Shell;

/// `mpcc completions SHELL`: prints the script.
pub fn completions(shell: Shell) -> Result<u8, Failure> {
    print(&script(shell))?;
    Ok(exit::OK)
}

fn script(shell: Shell) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Line::command(), "mpcc", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_learns_every_command() {
        for shell in Shell::value_variants() {
            let script = script(*shell);
            for command in Line::command().get_subcommands().filter(|command| !command.is_hide_set()) {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
