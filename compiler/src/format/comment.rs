//! What a comment looks like.

use std::borrow::Cow;

/// A comment with a blank after its `#` and none at its end. Rows of signs (`####`, `#!`, `#:`) stay together.
pub(super) fn tidy(text: &str) -> Cow<'_, str> {
    let text = text.trim_end();
    match text.strip_prefix('#').and_then(|rest| rest.chars().next().map(|first| (first, rest))) {
        Some((first, rest)) if first.is_alphanumeric() || first.is_ascii_punctuation() && !"#!:".contains(first) => {
            Cow::Owned(format!("# {rest}"))
        }
        Some(_) | None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn a_blank_after_the_sign() {
        let cases = [
            ("#x", "# x"),
            ("# x  ", "# x"),
            ("#", "#"),
            ("#### title", "#### title"),
            ("#!run", "#!run"),
            ("#: doc", "#: doc"),
            ("#  two", "#  two"),
            ("#(a)", "# (a)"),
            ("#é", "# é"),
        ];
        for (text, expected) in cases {
            assert_eq!(tidy(text), expected);
        }
    }
}
