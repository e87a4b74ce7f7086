//! A line of an import: what it describes, under which id, since when; and the request that creates it.

use crate::{
    api::http::{
        body,
        checks::Checks,
        problems::{Code, Problem},
    },
    domain::{
        import::ImportedObject,
        values::{limits, time::Timestamp},
    },
    store::{SqlError, value::json_text},
};
use serde_json::{Map, Value};

/// The names of the fields that every line has.
const OBJECT: &str = "object";
const EXTERNAL_ID: &str = "external_id";
const CREATED_AT: &str = "created_at";

/// A line of an import.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it describes.
    pub object: ImportedObject,
    /// The caller's own id of it.
    pub external_id: String,
    /// When it was created, or happened.
    pub created_at: Timestamp,
    /// All fields as sent, or with their references resolved.
    pub fields: Map<String, Value>,
}

impl Line {
    /// Parses a line that is imported at `now`.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, Problem> {
        let fields: Map<String, Value> = body::parse(text.as_bytes())?;
        let mut checks = Checks::default();
        let field = |checks: &mut Checks, name: &str, is_required: bool| match fields.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            None | Some(Value::Null) if is_required => {
                checks.refuse(Code::MissingField, name, "Every line of an import needs this field.");
                None
            }
            None | Some(Value::Null) => None,
            Some(_) => {
                checks.refuse(Code::WrongType, name, "Expected a text.");
                None
            }
        };
        let object = field(&mut checks, OBJECT, true);
        let external_id = field(&mut checks, EXTERNAL_ID, true);
        let created_at = field(&mut checks, CREATED_AT, false);
        checks.text(EXTERNAL_ID, external_id.as_deref(), limits::EXTERNAL_ID);
        let parsed = object.as_deref().and_then(ImportedObject::parse);
        if object.is_some() && parsed.is_none() {
            let words: Vec<&str> = ImportedObject::ALL.iter().map(|object| object.as_str()).collect();
            checks.refuse(Code::InvalidValue, OBJECT, format!("Expected one of {}.", words.join(", ")));
        }
        let created_at = checks.time(CREATED_AT, created_at.as_deref());
        if created_at.is_some_and(|at| at > now) {
            let detail = format!("It is {now} here; an import tells what is past.");
            checks.refuse(Code::OutOfRange, CREATED_AT, detail);
        }
        checks.finish()?;
        let (object, external_id) = parsed.zip(external_id).ok_or_else(Problem::not_found)?;
        // A conversion without a time of its own was accepted when it happened.
        let occurred_at = fields.get("occurred_at").and_then(Value::as_str).and_then(Timestamp::parse);
        let occurred_at = occurred_at.filter(|_| object == ImportedObject::Conversion);
        let created_at = created_at.or(occurred_at.map(|at| at.min(now))).unwrap_or(now);
        Ok(Self { object, external_id, created_at, fields })
    }

    /// Whether the request has an external id of its own, which makes it unique without the import's help.
    pub fn is_unique_itself(&self) -> bool {
        matches!(self.object, ImportedObject::Conversion | ImportedObject::Refund)
    }

    /// A field that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// The trail of a click, joined as the click log has it.
    pub fn trail(&self) -> Option<String> {
        let ids = self.fields.get("trail").filter(|_| self.object == ImportedObject::Click)?.as_array()?;
        Some(ids.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("."))
    }

    /// When a link was created, if the line says so.
    pub fn stated_at(&self) -> Option<Timestamp> {
        self.text(CREATED_AT).filter(|_| self.object == ImportedObject::Link).map(|_| self.created_at)
    }

    /// The body of the request that creates the object, and the placeholders of its path.
    pub fn request(&self) -> Result<(String, Vec<String>), Problem> {
        let mut fields = self.fields.clone();
        for name in [OBJECT, CREATED_AT] {
            fields.remove(name);
        }
        // The other requests have this field too, or are the import's own.
        if matches!(self.object, ImportedObject::Listing | ImportedObject::Link | ImportedObject::Coupon) {
            fields.remove(EXTERNAL_ID);
        }
        let mut params = Vec::new();
        if self.object == ImportedObject::Refund {
            match fields.remove("conversion_id") {
                Some(Value::String(id)) => params.push(id),
                _ => {
                    let detail = "Name the conversion: its id, or ext: and its external_id.";
                    return Err(Problem::field(Code::MissingField, "/conversion_id", detail));
                }
            }
        }
        Ok((json_text(&fields).map_err(|error: SqlError| Problem::from(error))?, params))
    }
}

/// A line of an import in the OpenAPI description. Its other fields are those of the request that creates its object.
pub struct ImportLine;

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for ImportLine {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ImportLine".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let limits::Text { min, max, .. } = limits::EXTERNAL_ID;
        schemars::json_schema!({
            "type": "object",
            "required": [OBJECT, EXTERNAL_ID],
            "properties": {
                "object": generator.subschema_for::<ImportedObject>(),
                "external_id": {
                    "type": "string", "minLength": min, "maxLength": max,
                    "description": "Your own id of it: unique among the objects of its kind."
                },
                "created_at": {
                    "type": ["string", "null"], "format": "date-time",
                    "description": "When it was created or happened. If absent: a conversion's `occurred_at`, else now."
                },
            },
            "additionalProperties": true
        })
    }
}
