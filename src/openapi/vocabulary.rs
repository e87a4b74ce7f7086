//! Limits of request fields. A field's name means the same in every request, so its limits stand here once; the
//! checks that enforce them are in `body.rs` and beside each noun, and the fuzz test holds the two together.

use crate::{
    api::{
        conversions::installs::MAX_SECONDS,
        programme::{
            listing_settings::MAX_PLANS,
            term_checks::{MOST, MOST_ENTRIES, MOST_MONTHS, MOST_SALES},
        },
    },
    domain::{
        conversions::fraud::Rules,
        links::destination::MAX_PATH_BYTES,
        money::{Currency, WHOLE_BP, amount::Amount},
        values::{
            id::{LinkId, ListingId, PartnerId, PayoutId},
            text::MAX_URL_BYTES,
            time::Timestamp,
        },
    },
};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Limits of the request field `name`; `None` if there are none besides its type.
#[must_use]
pub fn limits_of(name: &str) -> Option<Value> {
    let text = |max: usize| json!({ "minLength": 1, "maxLength": max });
    Some(match name {
        "name" => text(200),
        "external_id" | "customer_id" => text(255),
        "campaign" | "coupon" => text(100),
        "note" => text(500),
        "email" => json!({ "format": "email", "maxLength": 254 }),
        "country" => json!({ "pattern": "^[A-Z]{2}$" }),
        "currency" => inline::<Currency>(),
        "url" | "landing_url" | "forward_to" => {
            json!({ "format": "uri", "pattern": "^[hH][tT][tT][pP][sS]?://", "maxLength": MAX_URL_BYTES })
        }
        "path" => json!({ "pattern": "^/([^/\\\\?#]|$)", "maxLength": MAX_PATH_BYTES }),
        "slug" => json!({ "pattern": "^[a-z0-9][a-z0-9-]{2,39}$" }),
        "click_param" => json!({ "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,31}$" }),
        "expires_at" | "occurred_at" | "effective_from" | "effective_until" => inline::<Timestamp>(),
        "partner_id" => inline::<PartnerId>(),
        "listing_id" => inline::<ListingId>(),
        "link_id" => inline::<LinkId>(),
        "commission_bp" => json!({ "minimum": 0, "maximum": WHOLE_BP }),
        "code" => json!({ "minLength": 3, "maxLength": 100 }),
        "window_days" | "half_life_days" => json!({ "minimum": 1, "maximum": 3650 }),
        "hold_days" => json!({ "minimum": 0, "maximum": 3650 }),
        "velocity_per_hour" => json!({ "minimum": 1, "maximum": Rules::MAX_VELOCITY }),
        "min_seconds_from_click" => json!({ "minimum": 0, "maximum": Rules::MAX_SECONDS_FROM_CLICK }),
        "coupon_uses_per_day" => json!({ "minimum": 1, "maximum": Rules::MAX_COUPON_USES }),
        "install_id" => text(200),
        "referrer" => text(4096),
        "package_name" => text(255),
        "obfuscated_account_id" => text(64),
        "install_version" => text(100),
        "referrer_click_timestamp_seconds"
        | "install_begin_timestamp_seconds"
        | "referrer_click_timestamp_server_seconds"
        | "install_begin_timestamp_server_seconds" => json!({ "minimum": 0, "maximum": MAX_SECONDS }),
        "metadata" => json!({
            "maxProperties": 50,
            "propertyNames": text(40),
            "additionalProperties": { "type": "string", "maxLength": 500 },
        }),
        "settings" => json!({ "properties": { "plans": plans(), "fees": fees() } }),
        "amount" => inline::<Amount>(),
        "title" => text(200),
        "tier" => text(40),
        "timezone" => text(64),
        "version" => json!({ "minimum": 0 }),
        "published_at" => inline::<Timestamp>(),
        "rate_bp" => json!({ "minimum": 0, "maximum": WHOLE_BP }),
        "target_roi_bp" => json!({ "minimum": 1, "maximum": 1_000_000 }),
        "months" => json!({ "minimum": 1, "maximum": MOST_MONTHS }),
        "from_sales" => json!({ "minimum": 1, "maximum": MOST_SALES }),
        "referred_by" => inline::<PartnerId>(),
        "plans" | "territories" | "joint_products" => json!({ "maxItems": MOST }),
        "flat" | "tiers" | "recurring" | "caps" | "bonuses" => json!({ "maxItems": MOST_ENTRIES }),
        "countries" => {
            json!({ "minItems": 1, "maxItems": MOST, "items": { "type": "string", "pattern": "^[A-Z]{2}$" } })
        }
        "secrets" => json!({ "propertyNames": text(40), "writeOnly": true }),
        "scopes" => json!({ "minItems": 1 }),
        "links" => json!({ "minItems": 1, "maxItems": 100 }),
        "legal_name" => text(70),
        "tax_id" => text(50),
        "street" => text(70),
        "postal_code" => text(16),
        "city" => text(35),
        "iban" => json!({ "pattern": "^ *([A-Za-z0-9] *){15,34}$" }),
        "bic" => json!({ "pattern": "^[A-Za-z0-9]{4}[A-Za-z]{2}[A-Za-z0-9]{2}([A-Za-z0-9]{3})?$" }),
        "paypal_email" | "wise_email" => json!({ "format": "email", "maxLength": 254 }),
        "vat_rate_bp" => json!({ "minimum": 0, "maximum": WHOLE_BP }),
        "rate" => json!({ "pattern": "^[0-9]{1,9}([.][0-9]{1,10})?$" }),
        "rates" | "results" => json!({ "minItems": 1, "maxItems": 1000 }),
        "reference" => text(200),
        "reason" => text(500),
        "payout_id" => inline::<PayoutId>(),
        _ => return None,
    })
}

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
                "type": ["integer", "null"], "minimum": 0, "maximum": WHOLE_BP,
                "description": "Basis points of each sale's net amount.",
            },
            "monthly": {
                "type": ["object", "null"],
                "description": "What is due a month besides; the month's first sales bear it.",
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

/// One text, or up to 5 while it is being rotated.
fn limit_secret(schema: &mut Value) {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": 8192 });
    let Some(Value::Array(forms)) = schema.get_mut("anyOf") else { return };
    for form in forms.iter_mut().filter_map(Value::as_object_mut) {
        let several = form.get("type").is_some_and(|kind| kind == "array");
        let limits: Map<String, Value> = if several {
            [
                ("items".to_owned(), text.clone()),
                ("minItems".to_owned(), json!(1)),
                ("maxItems".to_owned(), json!(5)),
            ]
            .into_iter()
            .collect()
        } else {
            text.as_object().cloned().unwrap_or_default()
        };
        form.extend(limits);
    }
}
