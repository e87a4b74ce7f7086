//! Query parameters.

use super::{
    schemas::{Schemas, schema_of},
    wire_types::ReportDimension,
};
use crate::{
    domain::{
        attribution::AttributionStatus,
        callback::CallbackStatus,
        clicks::bucket::Bucket,
        conversions::{CommissionStatus, ConversionType, HeldReason},
        event::EventType,
        money::Currency,
        payouts::PayoutStatus,
        programme::partner::{PartnerKind, PartnerStatus},
        values::{
            date::Date,
            id::{ConversionId, LinkId, ListingId, PartnerId, RunId},
        },
    },
    store::{delivery::attempts::AttemptStatus, reports::Group},
};
use serde_json::{Value, json};

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub struct QueryParameter {
    pub name: &'static str,
    pub description: &'static str,
    pub schema: QuerySchema,
}

/// The type of a query parameter.
#[derive(Debug, Clone, Copy)]
pub enum QuerySchema {
    /// The number of rows per page.
    Limit,
    /// Opaque text.
    Opaque,
    /// `true` or `false`.
    Flag,
    /// An RFC 3339 time.
    Time,
    /// An IANA time zone.
    TimeZone,
    Groups,
    /// A day or an RFC 3339 time.
    DateOrTime,
    /// The word `names`.
    Names,
    HeldReason,
    CommissionStatus,
    CallbackStatus,
    Partner,
    Listing,
    Link,
    /// A day.
    Date,
    Currency,
    Run,
    PayoutStatus,
    /// A whole number from 1.
    Part,
    Conversion,
    ConversionType,
    AttributionStatus,
    PartnerStatus,
    PartnerKind,
    Country,
    EventType,
    Bucket,
    AttemptStatus,
}

impl QueryParameter {
    /// The parameter as an OpenAPI object.
    pub fn object(&self, schemas: &mut Schemas) -> Value {
        let schema = match self.schema {
            QuerySchema::Limit => json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }),
            QuerySchema::Opaque => json!({ "type": "string" }),
            QuerySchema::Flag => json!({ "type": "boolean" }),
            QuerySchema::Time => json!({ "type": "string", "format": "date-time" }),
            QuerySchema::TimeZone => {
                json!({ "type": "string", "default": "UTC", "examples": ["Europe/Berlin"] })
            }
            QuerySchema::HeldReason => schemas.request(schema_of::<HeldReason>()),
            QuerySchema::CommissionStatus => schemas.request(schema_of::<CommissionStatus>()),
            QuerySchema::CallbackStatus => schemas.request(schema_of::<CallbackStatus>()),
            QuerySchema::Partner => schemas.request(schema_of::<PartnerId>()),
            QuerySchema::Listing => schemas.request(schema_of::<ListingId>()),
            QuerySchema::Link => schemas.request(schema_of::<LinkId>()),
            QuerySchema::Date => schemas.request(schema_of::<Date>()),
            QuerySchema::Currency => schemas.request(schema_of::<Currency>()),
            QuerySchema::Run => schemas.request(schema_of::<RunId>()),
            QuerySchema::PayoutStatus => schemas.request(schema_of::<PayoutStatus>()),
            QuerySchema::Part => json!({ "type": "integer", "minimum": 1 }),
            QuerySchema::Conversion => schemas.request(schema_of::<ConversionId>()),
            QuerySchema::ConversionType => schemas.request(schema_of::<ConversionType>()),
            QuerySchema::AttributionStatus => schemas.request(schema_of::<AttributionStatus>()),
            QuerySchema::PartnerStatus => schemas.request(schema_of::<PartnerStatus>()),
            QuerySchema::PartnerKind => schemas.request(schema_of::<PartnerKind>()),
            QuerySchema::Country => json!({ "type": "string", "pattern": "^[A-Z]{2}$" }),
            QuerySchema::EventType => schemas.request(schema_of::<EventType>()),
            QuerySchema::AttemptStatus => schemas.request(schema_of::<AttemptStatus>()),
            QuerySchema::Bucket => schemas.request(schema_of::<Bucket>()),
            QuerySchema::DateOrTime => json!({
                "type": "string", "anyOf": [{ "format": "date" }, { "format": "date-time" }],
            }),
            QuerySchema::Names => json!({ "type": "string", "enum": ["names"] }),
            QuerySchema::Groups => {
                let all: Vec<&str> = Group::ALL.iter().map(|group| group.as_str()).collect();
                let words = all.join("|");
                let two = json!({ "type": "string", "pattern": format!("^({words}),({words})$") });
                json!({ "anyOf": [schemas.request(schema_of::<ReportDimension>()), two], "default": Group::Day.as_str() })
            }
        };
        json!({
            "name": self.name, "in": "query", "required": false, "description": self.description, "schema": schema,
        })
    }
}
