//! What a secret condition may not decide: everything that others see, and everything that changes the flow.

use super::body::Body;
use super::convert::because;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// What a statement does besides assigning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectKind {
    /// A secret is opened.
    Reveal,
    /// Something is printed.
    Print,
    /// An exception is raised, or a check may raise one.
    Raise,
    /// A list gets longer or shorter.
    Resize,
}

/// An effect and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What happens.
    pub kind: EffectKind,
    /// Where.
    pub span: Span,
}

impl EffectKind {
    const fn text(self) -> &'static str {
        match self {
            EffectKind::Reveal => "`reveal`",
            EffectKind::Print => "`print`",
            EffectKind::Raise => "raising an exception",
            EffectKind::Resize => "changing the length of a list",
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            EffectKind::Reveal => "both arms run, so it would be revealed in any case",
            EffectKind::Print => "both arms run; what is printed would tell the condition",
            EffectKind::Raise => "whether it is raised would tell the condition",
            EffectKind::Resize => "the length is public and would tell the condition",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            EffectKind::Reveal => "assign in the arms, and reveal the selected value after the `if`",
            EffectKind::Print => "assign in the arms, and print after the `if` what may be known",
            EffectKind::Raise => "reveal the condition first if everyone may know it: `if (…).reveal():`",
            EffectKind::Resize => "append in any case, and select what: `xs.append(x if condition else 0)`",
        }
    }
}

impl Body<'_, '_> {
    /// Notes an effect; an error where a secret condition would decide it. True if it is allowed.
    pub fn effect(&mut self, kind: EffectKind, span: Span) -> bool {
        self.effects.get_or_insert(Effect { kind, span });
        let Some(arm) = self.secret.last().cloned() else { return true };
        let message = format!("{} cannot happen in one arm of a secret `if`", kind.text());
        let found = Diagnostic::new(Code::EffectInArm, span, message).label(kind.reason());
        let found = found.note(arm.span, secret_condition(&arm.why)).help(kind.help());
        // One line, one mistake: what is printed is revealed first.
        let inside = |other: &Diagnostic| span.start <= other.span.start && other.span.end <= span.end;
        let same =
            |other: &Diagnostic| other.code == Code::EffectInArm && other.span.file == span.file && inside(other);
        while self.checker.diagnostics.pop_if(|other| same(other)).is_some() {}
        self.report(found);
        false
    }

    /// Notes what a called function does; an error where a secret condition would decide it.
    pub fn called_effect(&mut self, effect: Effect, name: &str, span: Span) {
        if self.effects.is_none() {
            self.effects = Some(effect);
        }
        let Some(arm) = self.secret.last().cloned() else { return };
        let message = format!("`{name}` cannot be called in one arm of a secret `if`");
        let found = Diagnostic::new(Code::EffectInArm, span, message)
            .label(format!("it does this: {}; {}", effect.kind.text(), effect.kind.reason()))
            .note(effect.span, "here")
            .note(arm.span, secret_condition(&arm.why))
            .help(effect.kind.help());
        self.report(found);
    }

    /// An error if a jump would leave an arm of a secret `if` that stands inside `depth` others. True if it is allowed.
    pub fn jump(&mut self, what: &str, depth: usize, span: Span) -> bool {
        let Some(arm) = self.secret.get(depth..).and_then(<[_]>::last).cloned() else { return true };
        let found = Diagnostic::new(Code::JumpInArm, span, format!("`{what}` cannot leave one arm of a secret `if`"))
            .label("both arms run to their ends")
            .note(arm.span, secret_condition(&arm.why))
            .help(instead_of(what));
        self.report(found);
        false
    }

    /// An error that a secret steers something that must be public.
    pub fn secret_error(&mut self, code: Code, span: Span, message: &str, why: &super::value::Why, help: &str) {
        self.report(because(Diagnostic::new(code, span, message), why).help(help));
    }
}

/// What does the same without a jump.
fn instead_of(jump: &str) -> &'static str {
    match jump {
        "break" => "let the loop run on: keep a secret `done`, and let later turns change nothing where it is true",
        "continue" => "put the rest of the turn into an `if` with the opposite condition",
        _ => "assign the result to a variable in each arm, and return it after the `if`",
    }
}

/// Why the condition of an `if` is secret, as a label for it.
pub fn secret_condition(why: &super::value::Why) -> String {
    match why {
        Some(origin) => format!("this condition is secret because {}", origin.text),
        None => "this condition is secret".to_owned(),
    }
}
