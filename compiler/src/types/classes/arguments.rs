//! The arguments of a construction: a value for each field, by position or by name.

use super::super::body::Body;
use super::super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::suggest;
use crate::source::Span;
use crate::syntax::ast::{self, ArgKind};

impl<'a> Body<'a, '_> {
    /// What is given for each field; `None` if the arguments do not fit the fields, which is reported.
    pub(super) fn field_arguments(
        &mut self,
        class: &'a ast::ClassDef,
        args: &'a [ast::Arg],
        span: Span,
    ) -> Option<Vec<Option<Value>>> {
        let mut given: Vec<Option<Value>> = vec![None; class.fields.len()];
        let place = |arg: &ast::Arg| match &arg.kind {
            ArgKind::Keyword(name) => class.fields.iter().position(|field| field.name.text == name.text),
            ArgKind::Positional | ArgKind::Star => None,
        };
        let otherwise = !args.iter().filter_map(place).is_sorted();
        let (mut next, mut fits) = (0, true);
        for arg in args {
            let mut value = self.expr(&arg.value);
            if otherwise {
                value = self.hold(value, false);
            }
            let at = match &arg.kind {
                ArgKind::Positional => {
                    next += 1;
                    Some(next - 1)
                }
                ArgKind::Keyword(_) => place(arg),
                ArgKind::Star => {
                    self.not_yet(arg.span, "`*` before an argument", "write the arguments one by one");
                    fits = false;
                    continue;
                }
            };
            match at.and_then(|at| given.get_mut(at)) {
                Some(slot @ None) => *slot = Some(value),
                Some(Some(_)) => fits &= self.given_twice(class, arg),
                None => fits &= self.no_field_for(class, arg, next),
            }
        }
        (fits && self.all_given(class, &given, span)).then_some(given)
    }

    fn given_twice(&mut self, class: &ast::ClassDef, arg: &ast::Arg) -> bool {
        let name = match &arg.kind {
            ArgKind::Keyword(name) => name.text.as_str(),
            ArgKind::Positional | ArgKind::Star => "a field",
        };
        let found = Diagnostic::new(Code::BadCall, arg.span, format!("`{name}` is given twice"));
        self.report(found.note(class.header, "declared here"));
        false
    }

    fn no_field_for(&mut self, class: &ast::ClassDef, arg: &ast::Arg, given: usize) -> bool {
        let (class_name, fields) = (&class.name.text, class.fields.len());
        let found = match &arg.kind {
            ArgKind::Keyword(name) => {
                let found =
                    Diagnostic::new(Code::BadCall, name.span, format!("`{class_name}` has no field `{}`", name.text));
                let found = found.note(class.header, "declared here");
                let names = class.fields.iter().map(|field| field.name.text.as_str());
                if class.constants.iter().any(|constant| constant.name.text == name.text) {
                    found.help(format!("it is a constant of the class; a field has a type: `{}: … = …`", name.text))
                } else if let Some(near) = suggest::nearest(&name.text, names) {
                    found.help(format!("did you mean `{near}`?"))
                } else {
                    found
                }
            }
            ArgKind::Positional | ArgKind::Star => {
                let fields = if fields == 1 { "1 field".to_owned() } else { format!("{fields} fields") };
                let message = format!("`{class_name}` has {fields}, {given} values are given");
                Diagnostic::new(Code::BadCall, arg.span, message).note(class.header, "declared here")
            }
        };
        self.report(found);
        false
    }

    fn all_given(&mut self, class: &ast::ClassDef, given: &[Option<Value>], span: Span) -> bool {
        let missing = |(field, value): (&ast::Field, &Option<Value>)| {
            (value.is_none() && field.default.is_none()).then(|| format!("`{}`", field.name.text))
        };
        let missing: Vec<String> = class.fields.iter().zip(given).filter_map(missing).collect();
        if missing.is_empty() {
            return true;
        }
        let message = format!("`{}` needs {}", class.name.text, missing.join(" and "));
        let found = Diagnostic::new(Code::BadCall, span, message).note(class.header, "declared here");
        self.report(found);
        false
    }
}
