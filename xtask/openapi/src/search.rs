//! The index of the search: operations, types, enumerations with their words, and sections of the guides. `search.js` loads
//! it when a reader begins to search.

use crate::{
    markdown::{Section, sections},
    reference::{self, Operation},
    site::{REFERENCE, Site},
};
use serde_json::{Map, Value, json};

/// The index as a JavaScript module.
pub fn index(site: &Site) -> String {
    let entries: Vec<Value> =
        [operations(site), enumerations(site), introduction(site), guides(site), types(site)]
            .into_iter()
            .flatten()
            .collect();
    format!("// Made by `cargo xtask openapi`.\nexport default {};\n", Value::from(entries))
}

/// Markdown without markup.
fn plain(text: &str) -> String {
    sections(text).into_iter().map(|section| section.text).collect::<Vec<_>>().join(" ")
}

fn operations(site: &Site) -> Vec<Value> {
    let document = &site.document;
    let entry = |operation: &Operation<'_>| {
        let (id, value) = (operation.text("operationId"), operation.value);
        let parameters = value.get("parameters").and_then(Value::as_array);
        let parameters: Vec<&Value> =
            parameters.into_iter().flatten().filter_map(|parameter| parameter.get("name")).collect();
        let responses = value.get("responses").and_then(Value::as_object);
        let successes: Vec<&Value> = responses
            .into_iter()
            .flatten()
            .filter(|(status, _)| status.as_str() < "400")
            .map(|(_, value)| value)
            .collect();
        json!({
            "kind": "operation", "title": operation.text("summary"), "method": operation.method.to_uppercase(),
            "path": operation.path, "url": format!("{REFERENCE}#{id}"), "text": plain(operation.text("description")),
            "names": {
                "parameter": parameters,
                "request field": fields(document, value.get("requestBody").into_iter()),
                "response field": fields(document, successes.into_iter()),
            },
        })
    };
    reference::operations(document).iter().map(entry).collect()
}

fn types(site: &Site) -> Vec<Value> {
    let all = site.document.pointer("/components/schemas").and_then(Value::as_object);
    let entry = |(name, schema): (&String, &Value)| {
        let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let fields: Vec<&String> =
            schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys).collect();
        json!({
            "kind": "type", "title": name, "url": format!("{REFERENCE}#schema-{name}"), "text": plain(about),
            "names": { "field": fields },
        })
    };
    all.into_iter().flatten().filter(|(name, _)| site.enumeration(name).is_none()).map(entry).collect()
}

fn enumerations(site: &Site) -> Vec<Value> {
    let mut entries = Vec::new();
    for enumeration in &site.enumerations {
        entries.push(json!({
            "kind": "enumeration", "title": enumeration.title(), "of": enumeration.name, "url": enumeration.address(),
            "text": plain(&enumeration.about),
        }));
        entries.extend(enumeration.words.iter().map(|word| {
            json!({
                "kind": "word", "title": word.word, "of": enumeration.title(),
                "url": enumeration.address_of(&word.word), "text": plain(&word.meaning),
            })
        }));
    }
    entries
}

fn introduction(site: &Site) -> Vec<Value> {
    let text = site.document.pointer("/info/description").and_then(Value::as_str).unwrap_or_default();
    sections(text).into_iter().filter_map(|section| part(section, REFERENCE, "Reference")).collect()
}

fn guides(site: &Site) -> Vec<Value> {
    let mut entries = Vec::new();
    for guide in &site.guides {
        let (address, sections) = (guide.address(), sections(&guide.source));
        entries.extend(sections.into_iter().filter_map(|section| part(section, &address, &guide.title)));
    }
    entries
}

/// A section of a guide; nothing if it has no heading.
fn part(section: Section, page: &str, guide: &str) -> Option<Value> {
    let Section { title, anchor, text } = section;
    let url = format!("{page}#{anchor}");
    (!title.is_empty())
        .then(|| json!({ "kind": "guide", "title": title, "of": guide, "url": url, "text": text }))
}

/// The names of all fields in schemas, also of the types that they refer to.
fn fields<'a>(document: &'a Value, schemas: impl Iterator<Item = &'a Value>) -> Vec<&'a str> {
    let mut found = Fields { document, names: Vec::new(), seen: Vec::new() };
    schemas.for_each(|schema| found.add(schema));
    found.names
}

struct Fields<'a> {
    document: &'a Value,
    names: Vec<&'a str>,
    seen: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    fn add(&mut self, schema: &'a Value) {
        match schema {
            Value::Array(schemas) => schemas.iter().for_each(|schema| self.add(schema)),
            Value::Object(keywords) => {
                for (keyword, value) in keywords {
                    match keyword.as_str() {
                        "$ref" => self.follow(value),
                        "properties" => self.properties(value),
                        "content" => value
                            .as_object()
                            .into_iter()
                            .for_each(|media| media.values().for_each(|media| self.add(media))),
                        "schema" | "items" | "anyOf" | "oneOf" | "allOf" | "additionalProperties" => {
                            self.add(value)
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn follow(&mut self, target: &'a Value) {
        let Some(target) = target.as_str().and_then(|target| target.strip_prefix('#')) else { return };
        if self.seen.contains(&target) {
            return;
        }
        self.seen.push(target);
        if let Some(schema) = self.document.pointer(target) {
            self.add(schema);
        }
    }

    fn properties(&mut self, properties: &'a Value) {
        for (name, schema) in properties.as_object().into_iter().flatten() {
            if !self.names.contains(&name.as_str()) {
                self.names.push(name);
            }
            self.add(schema);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{guides, operations};
    use crate::site::Site;
    use serde_json::Value;

    fn names<'a>(entry: &'a Value, kind: &str) -> Vec<&'a str> {
        entry["names"][kind].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
    }

    #[test]
    fn an_operation_is_found_by_its_parameters_and_by_fields_of_its_types() {
        let entries = operations(&Site::read(&Site::root()).unwrap());
        let entry = |url: &str| entries.iter().find(|entry| entry["url"] == url).unwrap();
        let list = entry("/docs#listCommissions");
        assert_eq!((&list["method"], &list["path"]), (&Value::from("GET"), &Value::from("/v1/commissions")));
        assert!(names(list, "parameter").contains(&"held_reason"), "{list}");
        assert!(
            names(list, "response field").contains(&"held_reason"),
            "a field of the type of the list's items: {list}"
        );
        let create = entry("/docs#createConversion");
        assert!(names(create, "request field").contains(&"external_id"), "{create}");
    }

    #[test]
    fn a_guide_is_found_by_its_sections() {
        let entries = guides(&Site::read(&Site::root()).unwrap());
        let amounts = entries.iter().find(|entry| entry["url"] == "/docs/guides/terms#amounts").unwrap();
        assert_eq!((&amounts["title"], &amounts["of"]), (&Value::from("Amounts"), &Value::from("Terms")));
        assert!(amounts["text"].as_str().unwrap().starts_with("Amounts are whole minor units."), "{amounts}");
    }
}
