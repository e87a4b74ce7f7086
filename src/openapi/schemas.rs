//! Schemas of the code's types as components of the document.

use super::vocabulary;
use schemars::{
    JsonSchema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value};

/// Creates the schema of a type.
pub type Schema = fn(&mut SchemaGenerator) -> schemars::Schema;

/// The schema of `T`.
pub fn schema_of<T: JsonSchema>() -> Schema {
    |generator| generator.subschema_for::<T>()
}

const COMPONENTS: &str = "#/components/schemas/";

/// Collects schemas. Requests and responses need a generator each, because an optional field may be absent from a request
/// but is `null` in a response.
pub struct Schemas {
    requests: SchemaGenerator,
    responses: SchemaGenerator,
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
        Self { requests: generator(Contract::Deserialize), responses: generator(Contract::Serialize) }
    }
}

impl Schemas {
    /// The schema of a type in requests.
    pub fn request(&mut self, schema: Schema) -> Value {
        public(schema(&mut self.requests).to_value())
    }

    /// The schema of a type in responses.
    pub fn response(&mut self, schema: Schema) -> Value {
        public(schema(&mut self.responses).to_value())
    }

    /// All components.
    pub fn components(&mut self) -> Map<String, Value> {
        let mut all = Map::new();
        for (name, mut schema) in self.requests.take_definitions(true) {
            vocabulary::limit(&name, &mut schema);
            all.insert(public_name(&name), public(schema));
        }
        for (name, schema) in self.responses.take_definitions(true) {
            // Types that occur in both, such as ids, have the same schema in both.
            all.entry(public_name(&name)).or_insert_with(|| public(schema));
        }
        all
    }
}

/// The name of a component. The code calls the types of responses views; the API does not.
fn public_name(name: &str) -> String {
    match name.strip_suffix("ViewList") {
        Some(base) => format!("{base}List"),
        None => name.strip_suffix("View").unwrap_or(name).to_owned(),
    }
}

/// The schema with public names in its references and without keywords that matter to Rust only, such as integer widths.
fn public(schema: Value) -> Value {
    match schema {
        Value::Array(items) => items.into_iter().map(public).collect(),
        Value::Object(mut fields) => {
            // An enumeration that has only one value so far is not a choice.
            if let Some(Value::Array(alternatives)) = fields.get_mut("oneOf")
                && alternatives.len() == 1
                && let Some(Value::Object(only)) = alternatives.pop()
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
        // A field that distinguishes "absent" from "null" has this default in serde only.
        ("default", Value::Null) => return None,
        (_, value) => public(value),
    };
    Some((name, value))
}
