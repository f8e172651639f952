//! `--input NAME=SOURCE` and `--output NAME=FILE`.

use std::str::FromStr;

/// A port's name, with a member's number where the port belongs to a family, and what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The port.
    pub name: String,
    /// The member of a family, from 0.
    pub member: Option<usize>,
    /// A literal or a file.
    pub source: String,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (target, source) =
            text.split_once('=').ok_or_else(|| format!("expected NAME=VALUE or NAME=FILE, found `{text}`"))?;
        let target = target.trim();
        let (name, member) = match target.strip_suffix(']').and_then(|target| target.split_once('[')) {
            Some((name, member)) => {
                let member = member.trim().parse();
                (name, Some(member.map_err(|_| format!("expected a member's number in `{target}`"))?))
            }
            None => (target, None),
        };
        if name.is_empty() || source.is_empty() {
            return Err(format!("expected NAME=VALUE or NAME=FILE, found `{text}`"));
        }
        Ok(Assignment { name: name.into(), member, source: source.into() })
    }
}

impl Assignment {
    /// The target as the command line writes it: `rates[2]`.
    pub fn target(&self) -> String {
        match self.member {
            Some(member) => format!("{}[{member}]", self.name),
            None => self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_taken_apart() {
        let parsed: Assignment = "rates[2]=a=b.csv:pay".parse().unwrap();
        assert_eq!((parsed.target().as_str(), parsed.source.as_str()), ("rates[2]", "a=b.csv:pay"));
        let parsed: Assignment = "x=[1,2]".parse().unwrap();
        assert_eq!((parsed.name.as_str(), parsed.member, parsed.source.as_str()), ("x", None, "[1,2]"));
        for text in ["x", "=3", "x=", "x[a]=3"] {
            assert!(text.parse::<Assignment>().is_err(), "{text}");
        }
    }
}
