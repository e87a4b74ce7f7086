//! Limits of request fields as keywords of JSON Schema. Bounds are those of `domain::values::limits`, which the checks of
//! requests use too; forms (patterns, formats) stand here, and the fuzz test compares them with the checks.

use crate::api::programme::listing_settings::{MAX_PLANS, all_secrets, all_settings};
use crate::domain::{
    links::destination::{MAX_PATH_BYTES, MAX_QUERY_BYTES},
    money::{Currency, amount::Amount},
    programme::listing::CLICK_ID_IN,
    values::{
        id::{LinkId, ListingId, PartnerId, PayoutId},
        limits::{
            self, Count, Limit, MAX_SECRET_BYTES, METADATA_KEY, METADATA_KEYS, METADATA_VALUE, RATE_BP,
            Range, SECRET_VALUES, Text,
        },
        text::{BRAILLE_BLANK, IGNORABLE, MAX_EMAIL_BYTES, MAX_URL_BYTES},
        time::Timestamp,
    },
};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::ops::RangeInclusive;

/// Limits of the request field `name`, as keywords of JSON Schema; `None` if there are none besides its type.
#[must_use]
pub fn limits_of(name: &str) -> Option<Value> {
    let limit = limits::of(name);
    let mut keywords = limit.map(keywords).unwrap_or_default();
    if let Some(Limit::Text(Text { is_name: true, .. })) = limit {
        keywords.insert("pattern".to_owned(), json!(visible_character()));
    }
    if let Some(Value::Object(form)) = form_of(name) {
        keywords.extend(form);
    }
    (!keywords.is_empty()).then_some(Value::Object(keywords))
}

/// The keywords of a length, a range or a number of items.
fn keywords(limit: Limit) -> Map<String, Value> {
    let (min_keyword, max_keyword, min, max) = match limit {
        Limit::Text(Text { min, max, .. }) => ("minLength", "maxLength", Some(json!(min)), Some(json!(max))),
        Limit::Range(Range { min, max }) => {
            ("minimum", "maximum", Some(json!(min)), (max < i64::MAX).then(|| json!(max)))
        }
        Limit::Count(Count { min, max }) => {
            ("minItems", "maxItems", (min > 0).then(|| json!(min)), (max < usize::MAX).then(|| json!(max)))
        }
    };
    let all = [(min_keyword, min), (max_keyword, max)];
    all.into_iter().filter_map(|(keyword, bound)| Some((keyword.to_owned(), bound?))).collect()
}

/// A pattern that finds a visible character in a name. It leaves out the ignorable characters beyond U+FFFF, because
/// the regular expressions of several languages cannot name them.
fn visible_character() -> String {
    format!("[^\\s\\u{:04x}{}]", u32::from(BRAILLE_BLANK), ignorable())
}

/// A pattern that finds three characters that are shown, of which the first and the last are no blanks: the shortest code.
fn shown_code() -> String {
    let (ignorable, any) = (ignorable(), "[\\s\\S]*");
    format!("[^\\s{ignorable}]{any}[^{ignorable}]{any}[^\\s{ignorable}]")
}

/// The characters that are not shown, as members of a character class.
fn ignorable() -> String {
    let in_plane_0 = |range: &&RangeInclusive<char>| u32::from(*range.end()) <= 0xffff;
    let escaped = |range: &RangeInclusive<char>| {
        format!("\\u{:04x}-\\u{:04x}", u32::from(*range.start()), u32::from(*range.end()))
    };
    IGNORABLE.iter().filter(in_plane_0).map(escaped).collect()
}

/// The form of the request field `name`: a pattern, a format, or the limits of what it contains.
fn form_of(name: &str) -> Option<Value> {
    let text = |limit| Value::Object(keywords(Limit::Text(limit)));
    Some(match name {
        "email" | "contact_email" | "paypal_email" | "wise_email" => {
            json!({ "format": "email", "maxLength": MAX_EMAIL_BYTES })
        }
        "country" => json!({ "pattern": COUNTRY }),
        "countries" => json!({ "items": { "type": "string", "pattern": COUNTRY } }),
        "currency" => inline::<Currency>(),
        "url" | "landing_url" | "forward_to" => {
            json!({ "format": "uri", "pattern": "^[hH][tT][tT][pP][sS]?://", "maxLength": MAX_URL_BYTES })
        }
        "path" => json!({ "pattern": "^/([^/\\\\?#]|$)", "maxLength": MAX_PATH_BYTES }),
        "query" => {
            json!({ "pattern": "^[A-Za-z0-9._~!$&'()*+,;=:@/?%-]+$", "minLength": 1, "maxLength": MAX_QUERY_BYTES })
        }
        "code" => json!({ "pattern": shown_code() }),
        "slug" => json!({ "pattern": "^[a-z0-9][a-z0-9-]{2,39}$" }),
        "click_param" => json!({ "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,31}$" }),
        "expires_at" | "occurred_at" | "effective_from" | "effective_until" | "published_at" => {
            inline::<Timestamp>()
        }
        "origin" => json!({ "format": "uri", "pattern": ORIGIN }),
        "origins" | "cors_origins" => {
            json!({ "items": { "type": "string", "format": "uri", "pattern": ORIGIN } })
        }
        "partner_id" | "referred_by" => inline::<PartnerId>(),
        "listing_id" => inline::<ListingId>(),
        "link_id" => inline::<LinkId>(),
        "payout_id" => inline::<PayoutId>(),
        "amount" => inline::<Amount>(),
        "metadata" => json!({
            "maxProperties": METADATA_KEYS,
            "propertyNames": text(METADATA_KEY),
            "additionalProperties": { "type": "string", "maxLength": METADATA_VALUE.max },
        }),
        "settings" => json!({
            "properties": {
                "plans": plans(),
                "fees": fees(),
                CLICK_ID_IN: { "type": ["string", "null"], "enum": ["query", "fragment", null] },
            },
            "propertyNames": { "enum": all_settings() },
        }),
        "secrets" => json!({ "propertyNames": { "enum": all_secrets() }, "writeOnly": true }),
        "iban" => json!({ "pattern": "^ *([A-Za-z0-9] *){15,34}$" }),
        "bic" => json!({ "pattern": "^[A-Za-z0-9]{4}[A-Za-z]{2}[A-Za-z0-9]{2}([A-Za-z0-9]{3})?$" }),
        "rate" => json!({ "pattern": "^[0-9]{1,9}([.][0-9]{1,10})?$" }),
        _ => return None,
    })
}

/// Scheme, host and port; http for the developer's own machine only.
const ORIGIN: &str = "^https?://[^/?#@]+$";

/// Two upper-case letters.
const COUNTRY: &str = "^[A-Z]{2}$";

/// What the marketplace keeps.
fn fees() -> Value {
    let mut generator = SchemaGenerator::default();
    let (amount, currency) = (Amount::json_schema(&mut generator), Currency::json_schema(&mut generator));
    json!({
        "type": ["object", "null"],
        "description": "What the marketplace keeps of the listing's sales, for plans whose base is `net_of_fees`.",
        "additionalProperties": false,
        "properties": {
            "rate_bp": {
                "type": ["integer", "null"], "minimum": RATE_BP.min, "maximum": RATE_BP.max,
                "description": "Basis points of each sale's net amount.",
            },
            "monthly": {
                "type": ["object", "null"],
                "description": "A monthly fee on top; it is deducted from the month's first sales.",
                "additionalProperties": false,
                "required": ["amount", "currency"],
                "properties": { "amount": amount, "currency": currency },
            },
        },
    })
}

/// What plans cost.
fn plans() -> Value {
    let mut generator = SchemaGenerator::default();
    let (amount, currency) = (Amount::json_schema(&mut generator), Currency::json_schema(&mut generator));
    json!({
        "type": ["object", "null"],
        "description": "What a charge costs whose amount the marketplace does not tell, by the vendor's word for the plan.",
        "maxProperties": MAX_PLANS,
        "additionalProperties": {
            "type": "object",
            "additionalProperties": false,
            "required": ["amount", "currency"],
            "properties": { "amount": amount, "currency": currency },
        },
    })
}

/// A type's own schema, to be merged into a field's.
fn inline<T: JsonSchema>() -> Value {
    let schema = T::json_schema(&mut SchemaGenerator::default()).to_value();
    // The field says itself what it is, and whether it may be null.
    let Value::Object(schema) = schema else { return json!({}) };
    schema.into_iter().filter(|(keyword, _)| keyword != "type" && keyword != "description").collect()
}

/// Writes the limits into the schema of a request body.
pub fn limit(name: &str, schema: &mut Value) {
    if name == "Secret" {
        return limit_secret(schema);
    }
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        if let (Some(Value::Object(limits)), Some(property)) = (limits_of(name), property.as_object_mut()) {
            property.extend(limits);
        }
    }
}

/// One text, or several while it is being rotated.
fn limit_secret(schema: &mut Value) {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": MAX_SECRET_BYTES });
    let Some(Value::Array(forms)) = schema.get_mut("anyOf") else { return };
    for form in forms.iter_mut().filter_map(Value::as_object_mut) {
        let several = form.get("type").is_some_and(|kind| kind == "array");
        let limits: Map<String, Value> = if several {
            [
                ("items".to_owned(), text.clone()),
                ("minItems".to_owned(), json!(SECRET_VALUES.min)),
                ("maxItems".to_owned(), json!(SECRET_VALUES.max)),
            ]
            .into_iter()
            .collect()
        } else {
            text.as_object().cloned().unwrap_or_default()
        };
        form.extend(limits);
    }
}
