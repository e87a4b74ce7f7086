//! Detached MACs: a tag in a header or a parameter, over parts of the request.

use super::{
    callback::Callback,
    encoding::Encoding,
    fields::Fields,
    query,
    refusal::Refusal,
    secret::{Secrets, Tag},
    uri,
    verified::{Evidence, FOREVER, Payload, Verified},
    window::{Unit, Window},
};
use crate::domain::values::time::Timestamp;
use std::borrow::Cow;

/// The location of the signature.
#[derive(Debug, Clone, Copy)]
pub(super) enum TagLocation {
    /// The first of these headers that is present.
    Header(&'static [&'static str]),
    /// A header that lists signatures of several versions, separated by spaces (Standard Webhooks). Only the entries
    /// that start with this version are used.
    List { header: &'static str, version: &'static str },
    /// A parameter of the query.
    Query(&'static str),
    /// A field of the form, or of the query if the method is GET.
    Field(&'static str),
}

/// A part of the signed text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// The raw body.
    Body,
    /// The method in upper case.
    Method,
    /// The URI as requested.
    Uri,
    /// The URI with HubSpot's twelve escapes decoded.
    DecodedUri,
    /// The query as Shopify signs it.
    ShopifyQuery,
    /// A value of the request.
    Value(ValueLocation),
    /// A constant text.
    Text(&'static str),
}

/// The location of a value in the request.
#[derive(Debug, Clone, Copy)]
pub(super) enum ValueLocation {
    /// A header.
    Header(&'static str),
    /// A decoded parameter of the query or field of the form, whichever contains the signature.
    Field(&'static str),
}

/// The location and unit of the signed time, and how old it may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub location: ValueLocation,
    pub unit: Unit,
    pub window: Window,
}

/// Requirements on the body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    /// Any body, including an empty one.
    Any,
    /// Not empty.
    Present,
    /// A JSON object. The vendor signs other texts than bodies with the same key, and those are not JSON objects.
    JsonObject,
}

/// What the signature proves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Proves {
    /// The raw body.
    Body(Body),
    /// The query, which must name a Shopify shop.
    ShopifyQuery,
    /// These fields of the form. The token may be used once.
    FieldsOnce(&'static [&'static str]),
}

/// A scheme with a detached MAC.
#[derive(Debug, Clone, Copy)]
pub(super) struct MacRule {
    pub location: TagLocation,
    pub encoding: Encoding,
    pub signed: &'static [Part],
    /// The header with the scheme's version, and the required version.
    pub version: Option<(&'static str, &'static str)>,
    /// The header of a stronger signature. A request with that header is refused, to prevent a downgrade.
    pub stronger: Option<&'static str>,
    pub clock: Option<Clock>,
    pub proves: Proves,
}

impl MacRule {
    /// The presented signatures. Only a list has more than one.
    fn presented(&self, callback: &Callback<'_>, fields: &Fields<'_>) -> Result<Vec<Tag>, Refusal> {
        let text = match self.location {
            TagLocation::Header(names) => {
                let mut first = None;
                for name in names {
                    first = first.or(callback.header(name)?);
                }
                first.ok_or(Refusal::MissingHeader(names.first().copied().unwrap_or_default()))?
            }
            TagLocation::List { header, version } => {
                let entries = callback.required_header(header)?.split(' ');
                // Entries of other versions or with another encoding are ignored.
                let tags = entries
                    .filter_map(|entry| self.encoding.decode(entry.strip_prefix(version)?.as_bytes()).ok());
                let tags: Vec<Tag> = tags.take(MAX_ENTRIES).collect();
                return if tags.is_empty() { Err(Refusal::MalformedSignature) } else { Ok(tags) };
            }
            TagLocation::Query(name) | TagLocation::Field(name) => fields.required(name)?,
        };
        Ok(vec![self.encoding.decode(text.as_bytes())?])
    }

    fn fields<'a>(&self, callback: &Callback<'a>) -> Result<Fields<'a>, Refusal> {
        match self.location {
            TagLocation::Header(_) | TagLocation::List { .. } => Ok(Fields::default()),
            TagLocation::Query(_) => Fields::of_query(callback),
            TagLocation::Field(_) => Fields::of(callback),
        }
    }

    /// Applies the rule of the scheme with this name. `past_ms` replaces the maximum age of the scheme's own window.
    pub fn verify<'a>(
        &self,
        name: &str,
        callback: &Callback<'a>,
        secrets: &Secrets,
        past_ms: Option<i64>,
        now: Timestamp,
    ) -> Result<Verified<'a>, Refusal> {
        if let Some(stronger) = self.stronger
            && callback.header(stronger)?.is_some()
        {
            return Err(Refusal::StrongerSignature);
        }
        let fields = self.fields(callback)?;
        let presented = self.presented(callback, &fields)?;
        if let Some((header, version)) = self.version
            && callback.required_header(header)? != version
        {
            return Err(Refusal::WrongAlgorithm);
        }
        let parts = self.signed.iter().map(|part| part.read(callback, &fields));
        let parts: Vec<Cow<'_, [u8]>> = parts.collect::<Result<_, _>>()?;
        let signed_at = match self.clock {
            Some(clock) => Some((clock, clock.unit.parse(clock.location.read(callback, &fields)?)?)),
            None => None,
        };
        let parts: Vec<&[u8]> = parts.iter().map(Cow::as_ref).collect();
        if !secrets.verify(&parts, &presented) {
            return Err(Refusal::BadSignature);
        }
        let mut valid_until_ms = FOREVER;
        if let Some((clock, at)) = signed_at {
            let window = past_ms.map_or(clock.window, |ms| clock.window.resized(ms));
            window.check(at, now)?;
            valid_until_ms = at.ms().saturating_add(window.past_ms);
        }
        let verified = match self.proves {
            Proves::Body(body) => {
                body.check(callback.body)?;
                Verified::new(Evidence::Signed, Payload::Body(callback.body))
            }
            Proves::ShopifyQuery => {
                if !query::is_shop(fields.required("shop")?) {
                    return Err(Refusal::WrongSubject);
                }
                let parameters = Payload::Parameters(query::signed_parameters(&fields));
                let token = presented.first().copied().unwrap_or_default();
                Verified::new(Evidence::Signed, parameters).once(name, &token, valid_until_ms)
            }
            Proves::FieldsOnce(names) => {
                let proven =
                    names.iter().map(|name| Ok(((*name).to_owned(), fields.required(name)?.to_owned())));
                let parameters = Payload::Parameters(proven.collect::<Result<_, Refusal>>()?);
                let token = presented.first().copied().unwrap_or_default();
                Verified::new(Evidence::Signed, parameters).once(name, &token, valid_until_ms)
            }
        };
        Ok(verified.signed_at_time(signed_at.map(|(_, at)| at)))
    }
}

/// How many signatures of a list are compared. Vendors send one, or two while a secret is rotated.
const MAX_ENTRIES: usize = 8;

impl Part {
    /// The bytes of this part; a missing required value is refused.
    fn read<'c>(&self, callback: &Callback<'c>, fields: &'c Fields<'_>) -> Result<Cow<'c, [u8]>, Refusal> {
        Ok(match *self {
            Self::Body => Cow::Borrowed(callback.body),
            Self::Method => Cow::Owned(callback.method.to_ascii_uppercase().into_bytes()),
            Self::Uri => Cow::Borrowed(callback.uri().as_bytes()),
            Self::DecodedUri => Cow::Owned(uri::decode(callback.uri())),
            Self::ShopifyQuery => Cow::Owned(query::signed_text(fields)?.into_bytes()),
            Self::Value(location) => Cow::Borrowed(location.read(callback, fields)?.as_bytes()),
            Self::Text(text) => Cow::Borrowed(text.as_bytes()),
        })
    }
}

impl ValueLocation {
    fn read<'c>(self, callback: &Callback<'c>, fields: &'c Fields<'_>) -> Result<&'c str, Refusal> {
        match self {
            Self::Header(name) => callback.required_header(name),
            Self::Field(name) => fields.required(name),
        }
    }
}

impl Body {
    fn check(self, body: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Any => Ok(()),
            Self::Present | Self::JsonObject if body.is_empty() => Err(Refusal::EmptyBody),
            Self::Present => Ok(()),
            Self::JsonObject => {
                let object = body.trim_ascii_start().first() == Some(&b'{');
                let json =
                    serde_json::from_str::<serde::de::IgnoredAny>(&String::from_utf8_lossy(body)).is_ok();
                if object && json { Ok(()) } else { Err(Refusal::MalformedBody) }
            }
        }
    }
}
