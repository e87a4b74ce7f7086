//! JSON Web Tokens signed with HMAC-SHA256: JWS compact serialisation (RFC 7515), HS256 (RFC 7518 §3.2), claims
//! (RFC 7519).
//!
//! The algorithm is pinned, never chosen by the token. A token that demands an extension (`crit`) is refused, and so is
//! one without an end (`exp`), or one whose header or claims name anything twice that is read here.

use super::{
    callback::Callback,
    claims,
    encoding::Encoding,
    fields::Fields,
    query,
    refusal::Refusal,
    scheme::Scheme,
    secret::Secrets,
    verified::{Evidence, Payload, Verified},
    window::Unit,
};
use crate::domain::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use url::Url;

/// Where the token stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In this parameter of the query.
    Query(&'static str),
    /// In `Authorization: Bearer …`, else in this parameter of the query.
    BearerOrQuery(&'static str),
}

/// Who must have made the token, and about whom.
#[derive(Debug, Clone, Copy)]
pub(super) enum Parties {
    /// `iss` is `bc`, `sub` is `stores/<hash>` (BigCommerce).
    BigCommerce,
    /// `dest` is `https://<shop>`, and `iss` a URL of the same host (Shopify).
    Shopify,
}

/// A scheme of this kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct JwtRule {
    pub place: Place,
    /// Milliseconds by which `exp` and `nbf` may be off.
    pub leeway_ms: i64,
    pub parties: Parties,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    crit: Present,
}

/// Whether a member is there at all, `null` included.
#[derive(Default)]
pub(super) struct Present(pub bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

/// The claims that are judged here; times are Unix seconds.
#[derive(Deserialize)]
struct Claims {
    aud: Audience,
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
    jti: Option<String>,
    iss: Option<String>,
    sub: Option<String>,
    dest: Option<String>,
}

/// RFC 7519 §4.1.3: one name, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// The token of `Authorization: Bearer`.
pub(super) fn bearer(authorization: &str) -> Result<&str, Refusal> {
    let (scheme, token) = authorization.split_once(' ').ok_or(Refusal::MalformedSignature)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(Refusal::MalformedSignature) }
}

impl JwtRule {
    fn token(&self, callback: &Callback<'_>) -> Result<String, Refusal> {
        match self.place {
            Place::Query(name) => Ok(Fields::of_query(callback)?.required(name)?.to_owned()),
            Place::BearerOrQuery(name) => match callback.header("authorization")? {
                Some(authorization) => Ok(bearer(authorization)?.to_owned()),
                None => Ok(Fields::of_query(callback)?.required(name)?.to_owned()),
            },
        }
    }

    /// Applies the rule.
    pub fn verify<'a>(
        &self,
        scheme: Scheme,
        callback: &Callback<'a>,
        secrets: &Secrets,
        audiences: &[String],
        now: Timestamp,
    ) -> Result<Verified<'a>, Refusal> {
        let token = self.token(callback)?;
        let (signed, tag) = token.rsplit_once('.').ok_or(Refusal::MalformedSignature)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::MalformedSignature)?;
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| Refusal::MalformedSignature)?;
        let header: Header = claims::read(&header).ok_or(Refusal::MalformedSignature)?;
        if header.alg != "HS256" {
            return Err(Refusal::WrongAlgorithm);
        }
        if header.crit.0 {
            return Err(Refusal::UnknownExtension);
        }
        let tag = Encoding::Base64Url.decode(tag.as_bytes())?;
        if !secrets.verify(&[signed.as_bytes()], &[tag]) {
            return Err(Refusal::BadSignature);
        }
        let json = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Refusal::MalformedClaims)?;
        let claims: Claims = claims::read(&json).ok_or(Refusal::MalformedClaims)?;
        let valid_until_ms = self.check_times(&claims, now)?;
        if !claims.aud.names().iter().any(|name| audiences.contains(name)) {
            return Err(Refusal::WrongAudience);
        }
        self.parties.check(&claims)?;
        let signed_at = claims.iat.or(claims.nbf).and_then(|at| Unit::Seconds.at(at));
        let id = claims.jti.as_deref().filter(|jti| !jti.is_empty()).map_or(tag.as_slice(), str::as_bytes);
        let verified = Verified::new(Evidence::Signed, Payload::Json(json));
        Ok(verified.signed_at_time(signed_at).once(scheme, id, valid_until_ms))
    }

    /// `nbf − leeway ≤ now < exp + leeway` (RFC 7519 §4.1.4: on or after `exp` a token is not to be accepted). The end
    /// of the validity, in Unix milliseconds.
    fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<i64, Refusal> {
        let end_ms = claims.exp.saturating_mul(1000).saturating_add(self.leeway_ms);
        if now.ms() >= end_ms {
            return Err(Refusal::Stale);
        }
        let start_ms = claims.nbf.map(|nbf| nbf.saturating_mul(1000).saturating_sub(self.leeway_ms));
        if start_ms.is_some_and(|start_ms| now.ms() < start_ms) {
            return Err(Refusal::Future);
        }
        Ok(end_ms)
    }
}

impl Parties {
    fn check(self, claims: &Claims) -> Result<(), Refusal> {
        match self {
            Self::BigCommerce => {
                if claims.iss.as_deref() != Some("bc") {
                    return Err(Refusal::WrongIssuer);
                }
                let hash = claims.sub.as_deref().and_then(|sub| sub.strip_prefix("stores/"));
                let valid = |hash: &str| {
                    !hash.is_empty()
                        && hash.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                };
                if hash.is_some_and(valid) { Ok(()) } else { Err(Refusal::WrongSubject) }
            }
            Self::Shopify => {
                let shop = claims.dest.as_deref().and_then(|dest| dest.strip_prefix("https://"));
                let shop = shop.filter(|shop| query::is_shop(shop)).ok_or(Refusal::WrongSubject)?;
                let issuer = claims.iss.as_deref().and_then(|iss| Url::parse(iss).ok());
                let host = issuer.as_ref().filter(|iss| iss.scheme() == "https").and_then(Url::host_str);
                if host.is_some_and(|host| host.eq_ignore_ascii_case(shop)) {
                    Ok(())
                } else {
                    Err(Refusal::WrongIssuer)
                }
            }
        }
    }
}
