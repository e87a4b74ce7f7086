//! The response headers of the API.

use serde_json::{Map, Value, json};

/// A response header.
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
    CompleteThrough,
    NextCursor,
    Total,
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
        Self::CompleteThrough,
        Self::NextCursor,
        Self::Total,
    ];

    /// The name of its component.
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
            Self::CompleteThrough => "CompleteThrough",
            Self::NextCursor => "NextCursor",
            Self::Total => "Total",
        }
    }

    /// Its name in HTTP.
    fn name(self) -> &'static str {
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
            Self::CompleteThrough => "signpost-complete-through",
            Self::NextCursor => "signpost-next-cursor",
            Self::Total => "signpost-total",
        }
    }

    /// The header as an OpenAPI object.
    pub fn object(self) -> Value {
        let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
        match self {
            Self::RequestId => text("The id of this request. Quote it when you ask for support."),
            Self::Location => {
                text("The path of the created object, or the address that the visitor is redirected to.")
            }
            Self::Replayed => json!({
                "description": "Present only on a replay: nothing was changed. This is the first response again, except where the operation \
                     says that it is the present state.",
                "schema": { "type": "string", "const": "true" },
            }),
            Self::ETag => text("Changes if and only if the data change: equal data give equal bytes."),
            Self::CacheControl => text("Which caches may store the response."),
            Self::SetCookie => text(
                "Two cookies, `sp` (`SameSite=Lax`) and `sp_x` (`SameSite=None`), both `Secure`, `HttpOnly`, `Path=/` and \
                 valid for 400 days. They hold the visitor's last 8 click ids, joined by dots. No cookie is set under \
                 Global Privacy Control.",
            ),
            Self::ReferrerPolicy => {
                text("`no-referrer-when-downgrade`: the shop may see which page the visitor came from.")
            }
            Self::RetryAfter => json!({
                "description": "Seconds until the end of the minute.",
                "schema": { "type": "integer", "minimum": 1, "maximum": 60 },
            }),
            Self::CompleteThrough => text(
                "The watermark: no click that arrives later can change figures before this time. It advances even if no clicks \
                 come, at least a minute behind the clock, because clicks take up to a minute to be stored when objects fail. \
                 Absent while a shard of the click log has never responded.",
            ),
            Self::NextCursor => text("In CSV only: the `cursor` of the next page; absent on the last."),
            Self::Total => text("In CSV only, with `count=true`: the number of rows of all pages."),
            Self::RateLimit => text("The requests left in this minute: `r=0`."),
            Self::RateLimitPolicy => text("The limit and its window."),
            Self::Challenge => json!({
                "description": "The authentication scheme.",
                "schema": { "type": "string", "const": "Bearer" },
            }),
        }
    }

    /// References to headers, by their names in HTTP.
    pub fn references<'a>(headers: impl IntoIterator<Item = &'a Self>) -> Map<String, Value> {
        let reference =
            |header: &Self| json!({ "$ref": format!("#/components/headers/{}", header.component()) });
        headers.into_iter().map(|header| (header.name().to_owned(), reference(header))).collect()
    }
}
