//! The files of `locales/`, parsed.

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey},
    parser::parse,
};
use signpost::domain::values::language::Language;
use std::{collections::BTreeMap, path::Path};

/// The plural categories, of which each language has its own.
const CATEGORIES: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// The text of a language's file.
pub fn text(language: Language) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(language.as_str()).join("mail.ftl");
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What a message or an attribute consists of.
#[derive(Default)]
pub struct Parts {
    /// Its words, in all variants.
    pub texts: Vec<String>,
    /// Variables, functions, variants and messages that it needs, sorted.
    pub needs: Vec<String>,
}

impl Parts {
    /// All words, in lower case.
    pub fn words(&self) -> String {
        self.texts.join(" ").to_lowercase()
    }

    fn add_pattern(&mut self, pattern: &Pattern<String>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.texts.push(value.trim().to_owned()),
                PatternElement::Placeable { expression } => self.add_expression(expression),
            }
        }
    }

    fn add_expression(&mut self, expression: &Expression<String>) {
        match expression {
            Expression::Inline(inline) => self.add_inline(inline),
            Expression::Select { selector, variants } => {
                self.add_inline(selector);
                for variant in variants {
                    let (VariantKey::Identifier { name } | VariantKey::NumberLiteral { value: name }) =
                        &variant.key;
                    if !CATEGORIES.contains(&name.as_str()) {
                        self.needs.push(format!("[{name}]"));
                    }
                    self.add_pattern(&variant.value);
                }
            }
        }
    }

    fn add_inline(&mut self, inline: &InlineExpression<String>) {
        match inline {
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
            InlineExpression::FunctionReference { id, arguments } => {
                self.needs.push(format!("{}()", id.name));
                for argument in &arguments.positional {
                    self.add_inline(argument);
                }
            }
            InlineExpression::MessageReference { id, .. } => self.needs.push(id.name.clone()),
            InlineExpression::TermReference { id, .. } => self.needs.push(format!("-{}", id.name)),
            InlineExpression::VariableReference { id } => self.needs.push(format!("${}", id.name)),
            InlineExpression::Placeable { expression } => self.add_expression(expression),
        }
    }
}

/// Parses a file into its messages and attributes, by id: `greeting`, `payout_sent.subject`. Returns what cannot be parsed or
/// occurs twice.
pub fn parts(source: &str) -> (BTreeMap<String, Parts>, Vec<String>) {
    let (resource, mut offences) = match parse(source.to_owned()) {
        Ok(resource) => (resource, Vec::new()),
        Err((resource, errors)) => (resource, errors.iter().map(ToString::to_string).collect()),
    };
    let mut found: BTreeMap<String, Parts> = BTreeMap::new();
    let mut add = |id: String, pattern: &Pattern<String>| {
        let mut parts = Parts::default();
        parts.add_pattern(pattern);
        parts.needs.sort();
        parts.needs.dedup();
        if found.insert(id.clone(), parts).is_some() {
            offences.push(format!("{id} occurs twice"));
        }
    };
    for entry in &resource.body {
        match entry {
            Entry::Message(message) => {
                let id = &message.id.name;
                if let Some(value) = &message.value {
                    add(id.clone(), value);
                }
                for attribute in &message.attributes {
                    add(format!("{id}.{}", attribute.id.name), &attribute.value);
                }
            }
            Entry::Term(term) => add(format!("-{}", term.id.name), &term.value),
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) | Entry::Junk { .. } => {}
        }
    }
    (found, offences)
}

/// The messages and attributes of a language, which must parse.
pub fn messages(language: Language) -> BTreeMap<String, Parts> {
    let (found, offences) = parts(&text(language));
    assert_eq!(offences, [""; 0], "{}", language.as_str());
    found
}
