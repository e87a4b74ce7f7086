//! Texts for tests: the files of `locales/`, formatted by the crate `fluent-bundle`. Money and dates are in a neutral form, because
//! only the Worker's engine knows the forms of each language; `tests/e2e/mail_templates.test.mjs` checks those.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use signpost::{
    domain::values::language::Language,
    mail::{Arg, FormatError, Texts},
};

/// The texts of a language.
pub struct FileTexts {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl FileTexts {
    pub fn new(language: Language) -> Self {
        Self::of_source(language, super::source::text(language))
    }

    pub fn of_source(language: Language, source: String) -> Self {
        let mut bundle = FluentBundle::new(vec![language.as_str().parse().unwrap()]);
        bundle.set_use_isolating(false);
        for name in ["MONEY", "PERIOD", "DATETIME", "NUMBER"] {
            bundle
                .add_function(name, |values, _| values.first().cloned().unwrap_or(FluentValue::Error))
                .unwrap();
        }
        // A message with a syntax error is missing, as in the Worker.
        let resource = FluentResource::try_new(source).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource(resource).unwrap();
        Self { language, bundle }
    }
}

impl Texts for FileTexts {
    fn language(&self) -> Language {
        self.language
    }

    fn text(&self, id: &str, args: &[(&str, Arg)]) -> Result<String, FormatError> {
        let failed = |reason: String| FormatError { id: id.to_owned(), language: self.language, reason };
        let (name, attribute) = id.split_once('.').map_or((id, None), |(name, rest)| (name, Some(rest)));
        let message = self.bundle.get_message(name);
        let pattern = message.and_then(|message| match attribute {
            Some(attribute) => message.get_attribute(attribute).map(|found| found.value()),
            None => message.value(),
        });
        let pattern = pattern.ok_or_else(|| failed("there is no such text".to_owned()))?;
        let mut values = FluentArgs::new();
        for (name, arg) in args {
            values.set(name.to_string(), value(arg));
        }
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&values), &mut errors);
        errors.first().map_or(Ok(text.into_owned()), |error| Err(failed(error.to_string())))
    }
}

fn value(arg: &Arg) -> FluentValue<'static> {
    let text = match arg {
        Arg::Text(line) => line.as_str().to_owned(),
        Arg::Number(number) => return FluentValue::from(*number),
        Arg::Money(money) => {
            format!("{} {}", money.currency.decimal(i128::from(money.amount)), money.currency)
        }
        Arg::Day(day) => day.to_string(),
        Arg::Days(first, last) => format!("{first} – {last}"),
        Arg::Time(at, zone) => format!("{at} in {}", zone.as_str()),
    };
    FluentValue::from(text)
}
