//! Schemas of the code's types as components of the document.

use crate::openapi::{describe::Schema, vocabulary};
use schemars::{
    SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value};

const COMPONENTS: &str = "#/components/schemas/";

/// Collects schemas. What is read and what is written differ (an optional field may be left out of a body, but
/// stands as `null` in an answer), so there are two generators.
pub struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let generator = |contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Self { requests: generator(Contract::Deserialize), answers: generator(Contract::Serialize) }
    }
}

impl Schemas {
    /// The schema of a type that is read.
    pub fn request(&mut self, schema: Schema) -> Value {
        public(schema(&mut self.requests).to_value())
    }

    /// The schema of a type that is written.
    pub fn answer(&mut self, schema: Schema) -> Value {
        public(schema(&mut self.answers).to_value())
    }

    /// All components.
    pub fn finish(&mut self) -> Map<String, Value> {
        let mut all = Map::new();
        for (name, mut schema) in self.requests.take_definitions(true) {
            vocabulary::limit(&name, &mut schema);
            all.insert(public_name(&name), public(schema));
        }
        for (name, schema) in self.answers.take_definitions(true) {
            // Ids and words look the same in both directions.
            all.entry(public_name(&name)).or_insert_with(|| public(schema));
        }
        if let Some(problem) = all.get_mut("Problem") {
            crate::openapi::problems::complete(problem);
        }
        if let Some(error) = all.get_mut("FieldError") {
            crate::openapi::problems::complete(error);
        }
        all
    }
}

/// Types that show things are called views in the code; a caller knows the things only.
fn public_name(name: &str) -> String {
    match name.strip_suffix("ViewList") {
        Some(thing) => format!("{thing}List"),
        None => name.strip_suffix("View").unwrap_or(name).to_owned(),
    }
}

/// The schema with public names in its references, and without what only Rust knows (integer widths, defaults).
fn public(schema: Value) -> Value {
    match schema {
        Value::Array(items) => items.into_iter().map(public).collect(),
        Value::Object(mut fields) => {
            // A choice of one is none: a word that has one value so far.
            if let Some(Value::Array(choices)) = fields.get_mut("oneOf")
                && choices.len() == 1
                && let Some(Value::Object(only)) = choices.pop()
            {
                fields.remove("oneOf");
                for (name, value) in only {
                    fields.entry(name).or_insert(value);
                }
            }
            fields.into_iter().filter_map(public_field).collect()
        }
        other => other,
    }
}

fn public_field((name, value): (String, Value)) -> Option<(String, Value)> {
    let value = match (name.as_str(), value) {
        ("$ref", Value::String(target)) => {
            let component = target.strip_prefix(COMPONENTS).unwrap_or(&target);
            Value::String(format!("{COMPONENTS}{}", public_name(component)))
        }
        ("format", Value::String(format))
            if format != "date-time" && format != "email" && format != "uri" =>
        {
            return None;
        }
        // serde's default of a field that tells "absent" from "null": it is not what absence means.
        ("default", Value::Null) => return None,
        (_, value) => public(value),
    };
    Some((name, value))
}
