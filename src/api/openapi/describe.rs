//! What the document says of an operation beyond its route.

use super::{super::problem::Code, schemas::Schemas};
use crate::{
    domain::{
        conversions::{CommissionStatus, HeldReason},
        money::Currency,
        payouts::PayoutStatus,
        values::{
            date::Date,
            id::{LinkId, ListingId, PartnerId, RunId},
        },
    },
    store::reports::Group,
};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Makes the schema of a type.
pub type Schema = fn(&mut SchemaGenerator) -> schemars::Schema;

/// The schema of `T`.
pub fn of<T: JsonSchema>() -> Schema {
    |generator| generator.subschema_for::<T>()
}

/// Where an operation stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    Programme,
    Keys,
    Partners,
    Listings,
    Links,
    Coupons,
    Conversions,
    Payouts,
    Reading,
    Visitors,
    Callbacks,
    Worker,
}

impl Tag {
    /// In the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::Programme,
        Self::Keys,
        Self::Partners,
        Self::Listings,
        Self::Links,
        Self::Coupons,
        Self::Conversions,
        Self::Payouts,
        Self::Reading,
        Self::Visitors,
        Self::Callbacks,
        Self::Worker,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Programme => "Programme",
            Self::Keys => "Keys",
            Self::Partners => "Partners",
            Self::Listings => "Listings",
            Self::Links => "Links",
            Self::Coupons => "Coupons",
            Self::Conversions => "Conversions",
            Self::Payouts => "Payouts",
            Self::Reading => "Reading",
            Self::Visitors => "Visitors",
            Self::Callbacks => "Callbacks",
            Self::Worker => "Worker",
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Self::Programme => "The terms that hold for everybody. One Worker serves one programme.",
            Self::Keys => "Who may call this API.",
            Self::Partners => "Who refers: influencers, agencies, resellers, marketplaces, affiliate media.",
            Self::Listings => {
                "Where the product is sold: its page on a marketplace, or the operator's own site."
            }
            Self::Links => {
                "Signed links that partners share. A link leads to its listing's own host, always."
            }
            Self::Coupons => "Codes that partners say where nobody can click.",
            Self::Conversions => "What visitors did in the end, who earned it, and what refunds took back.",
            Self::Payouts => {
                "Runs that one key asks for and another approves, files for banks and providers, statements, and how it ended."
            }
            Self::Reading => "Reports, balances, and every change for syncing.",
            Self::Callbacks => {
                "What marketplaces call. `docs/marketplaces.md` says which addresses each has, and how each is proven."
            }
            Self::Visitors => "What visitors meet. No key is needed, and nothing here waits for a store.",
            Self::Worker => "Health, and this documentation.",
        }
    }
}

/// The body of an answer.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    Nothing,
    Json(Schema),
    /// NDJSON: lines of this schema.
    Lines(Schema),
    /// Text of this media type.
    Text(&'static str),
    /// A JSON object of a form that is defined elsewhere.
    Object,
}

/// Headers of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    RequestId,
    Location,
    Replayed,
    ETag,
    CacheControl,
    SetCookie,
    ReferrerPolicy,
    RetryAfter,
    RateLimit,
    RateLimitPolicy,
    Challenge,
}

impl Header {
    pub const ALL: &'static [Self] = &[
        Self::RequestId,
        Self::Location,
        Self::Replayed,
        Self::ETag,
        Self::CacheControl,
        Self::SetCookie,
        Self::ReferrerPolicy,
        Self::RetryAfter,
        Self::RateLimit,
        Self::RateLimitPolicy,
        Self::Challenge,
    ];

    /// Its name among the components.
    pub fn component(self) -> &'static str {
        match self {
            Self::RequestId => "RequestId",
            Self::Location => "Location",
            Self::Replayed => "IdempotentReplayed",
            Self::ETag => "ETag",
            Self::CacheControl => "CacheControl",
            Self::SetCookie => "SetCookie",
            Self::ReferrerPolicy => "ReferrerPolicy",
            Self::RetryAfter => "RetryAfter",
            Self::RateLimit => "RateLimit",
            Self::RateLimitPolicy => "RateLimitPolicy",
            Self::Challenge => "WwwAuthenticate",
        }
    }

    fn wire(self) -> &'static str {
        match self {
            Self::RequestId => "x-request-id",
            Self::Location => "Location",
            Self::Replayed => "idempotent-replayed",
            Self::ETag => "ETag",
            Self::CacheControl => "Cache-Control",
            Self::SetCookie => "Set-Cookie",
            Self::ReferrerPolicy => "Referrer-Policy",
            Self::RetryAfter => "Retry-After",
            Self::RateLimit => "RateLimit",
            Self::RateLimitPolicy => "RateLimit-Policy",
            Self::Challenge => "WWW-Authenticate",
        }
    }

    /// The header itself.
    pub fn object(self) -> Value {
        let text = |says: &str| json!({ "description": says, "schema": { "type": "string" } });
        match self {
            Self::RequestId => text("Names this request; quote it when you ask for help."),
            Self::Location => {
                text("Where it is: the new thing's path, or the address that a visitor is sent to.")
            }
            Self::Replayed => json!({
                "description": "Only on a replay: this is the first answer again, and nothing was changed.",
                "schema": { "type": "string", "const": "true" },
            }),
            Self::ETag => text("Changes with the data and with nothing else: equal data are equal bytes."),
            Self::CacheControl => text("Who may keep the answer."),
            Self::SetCookie => text(
                "Two: `sp` (`SameSite=Lax`) and `sp_x` (`SameSite=None`), both `Secure`, `HttpOnly`, `Path=/`, 400 days: the \
                 visitor's last 8 click ids, joined by dots. None under Global Privacy Control.",
            ),
            Self::ReferrerPolicy => {
                text("`no-referrer-when-downgrade`: the shop may see where the visitor came from.")
            }
            Self::RetryAfter => json!({
                "description": "Seconds until the minute ends.",
                "schema": { "type": "integer", "minimum": 1, "maximum": 60 },
            }),
            Self::RateLimit => text("What is left in this minute: `r=0`."),
            Self::RateLimitPolicy => text("The limit and its window."),
            Self::Challenge => json!({
                "description": "The scheme to authenticate with.",
                "schema": { "type": "string", "const": "Bearer" },
            }),
        }
    }

    /// References to headers, by their names on the wire.
    pub fn references<'a>(headers: impl IntoIterator<Item = &'a Self>) -> Map<String, Value> {
        let reference =
            |header: &Self| json!({ "$ref": format!("#/components/headers/{}", header.component()) });
        headers.into_iter().map(|header| (header.wire().to_owned(), reference(header))).collect()
    }
}

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    pub name: &'static str,
    pub says: &'static str,
    pub schema: QuerySchema,
}

/// What a query parameter may be.
#[derive(Debug, Clone, Copy)]
pub enum QuerySchema {
    Limit,
    /// Opaque text.
    Opaque,
    /// `true` or `false`.
    Flag,
    /// An RFC 3339 time.
    Time,
    /// An IANA time zone.
    Zone,
    Group,
    HeldReason,
    CommissionStatus,
    Partner,
    Listing,
    Link,
    /// A day.
    Date,
    Currency,
    Run,
    /// Where a payout stands.
    Standing,
    /// A whole number from 1 on.
    Part,
}

impl Query {
    pub fn object(&self, schemas: &mut Schemas) -> Value {
        let schema = match self.schema {
            QuerySchema::Limit => json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }),
            QuerySchema::Opaque => json!({ "type": "string" }),
            QuerySchema::Flag => json!({ "type": "boolean" }),
            QuerySchema::Time => json!({ "type": "string", "format": "date-time" }),
            QuerySchema::Zone => json!({ "type": "string", "default": "UTC", "examples": ["Europe/Berlin"] }),
            QuerySchema::HeldReason => schemas.request(of::<HeldReason>()),
            QuerySchema::CommissionStatus => schemas.request(of::<CommissionStatus>()),
            QuerySchema::Partner => schemas.request(of::<PartnerId>()),
            QuerySchema::Listing => schemas.request(of::<ListingId>()),
            QuerySchema::Link => schemas.request(of::<LinkId>()),
            QuerySchema::Date => schemas.request(of::<Date>()),
            QuerySchema::Currency => schemas.request(of::<Currency>()),
            QuerySchema::Run => schemas.request(of::<RunId>()),
            QuerySchema::Standing => schemas.request(of::<PayoutStatus>()),
            QuerySchema::Part => json!({ "type": "integer", "minimum": 1 }),
            QuerySchema::Group => {
                let words: Vec<&str> = Group::ALL.iter().map(|group| group.as_str()).collect();
                json!({ "type": "string", "enum": words, "default": Group::Day.as_str() })
            }
        };
        json!({ "name": self.name, "in": "query", "required": false, "description": self.says, "schema": schema })
    }
}

/// A success.
pub struct Answer {
    pub status: u16,
    pub says: &'static str,
    pub content: Content,
    pub headers: &'static [Header],
}

/// What the document says of an operation beyond its route.
pub struct Description {
    pub tag: Tag,
    pub about: &'static str,
    /// The path's placeholder, and what to say of it.
    /// Parameters of the path, in its order.
    pub path: Vec<(Schema, &'static str)>,
    pub query: Vec<Query>,
    pub request: Option<Schema>,
    /// It takes `If-None-Match`.
    pub conditional: bool,
    pub answers: Vec<Answer>,
    /// Codes of problems, besides those that follow from the route (see `problems`).
    pub refuses: Vec<Code>,
}

impl Description {
    pub fn new(tag: Tag, about: &'static str) -> Self {
        Self {
            tag,
            about,
            path: Vec::new(),
            query: Vec::new(),
            request: None,
            conditional: false,
            answers: Vec::new(),
            refuses: Vec::new(),
        }
    }

    /// Its path names a `T`.
    pub fn names<T: JsonSchema>(mut self, says: &'static str) -> Self {
        self.path.push((of::<T>(), says));
        self
    }

    /// Its body is a `T`.
    pub fn takes<T: JsonSchema>(mut self) -> Self {
        self.request = Some(of::<T>());
        self
    }

    /// It takes query parameters.
    pub fn query(mut self, query: impl IntoIterator<Item = Query>) -> Self {
        self.query.extend(query);
        self
    }

    /// It takes `If-None-Match`.
    pub fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }

    /// It answers a `T`.
    pub fn answers<T: JsonSchema>(self, status: u16, says: &'static str) -> Self {
        self.gives(status, says, Content::Json(of::<T>()), &[])
    }

    /// It answers something, with headers.
    pub fn gives(
        mut self,
        status: u16,
        says: &'static str,
        content: Content,
        headers: &'static [Header],
    ) -> Self {
        self.answers.push(Answer { status, says, content, headers });
        self
    }

    /// It has these problems of its own.
    pub fn refuses(mut self, codes: &[Code]) -> Self {
        self.refuses.extend(codes);
        self
    }
}
