//! JSON Web Tokens signed with HMAC-SHA256: JWS compact serialisation (RFC 7515), HS256 (RFC 7518 §3.2), claims
//! (RFC 7519).
//!
//! A token without an expiry (`exp`) is refused, and so is one with a duplicate of a header parameter or claim that
//! is used here.

use super::{
    callback::Callback,
    claims::{self, Audience},
    compact::{self, Compact},
    encoding::Encoding,
    fields::Fields,
    query,
    refusal::Refusal,
    secret::Secrets,
    verified::{Evidence, Payload, Verified},
};
use crate::domain::values::time::Timestamp;
use serde::Deserialize;
use url::Url;

/// The location of the token.
#[derive(Debug, Clone, Copy)]
pub(super) enum TokenLocation {
    /// This parameter of the query.
    Query(&'static str),
    /// `Authorization: Bearer …`, or else this parameter of the query.
    BearerOrQuery(&'static str),
}

/// The rules for issuer and subject.
#[derive(Debug, Clone, Copy)]
pub(super) enum Parties {
    /// `iss` is `bc`, `sub` is `stores/<hash>` (BigCommerce).
    BigCommerce,
    /// `dest` is `https://<shop>`, and `iss` a URL of the same host (Shopify).
    Shopify,
}

/// A scheme with an HS256 token.
#[derive(Debug, Clone, Copy)]
pub(super) struct JwtRule {
    pub location: TokenLocation,
    /// The accepted clock skew for `exp` and `nbf`, in milliseconds.
    pub leeway_ms: i64,
    pub parties: Parties,
}

/// The claims that are checked; times are in Unix seconds.
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

/// The token in the value of an `Authorization: Bearer` header.
pub(super) fn bearer(authorization: &str) -> Result<&str, Refusal> {
    let (scheme, token) = authorization.split_once(' ').ok_or(Refusal::MalformedSignature)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(Refusal::MalformedSignature) }
}

impl JwtRule {
    fn token(&self, callback: &Callback<'_>) -> Result<String, Refusal> {
        match self.location {
            TokenLocation::Query(name) => Ok(Fields::of_query(callback)?.required(name)?.to_owned()),
            TokenLocation::BearerOrQuery(name) => match callback.header("authorization")? {
                Some(authorization) => Ok(bearer(authorization)?.to_owned()),
                None => Ok(Fields::of_query(callback)?.required(name)?.to_owned()),
            },
        }
    }

    /// Applies the rule of the scheme with this name.
    pub fn verify<'a>(
        &self,
        name: &str,
        callback: &Callback<'a>,
        secrets: &Secrets,
        audiences: &[String],
        now: Timestamp,
    ) -> Result<Verified<'a>, Refusal> {
        let token = self.token(callback)?;
        let Compact { signed, payload, signature, .. } = Compact::parse(&token, "HS256")?;
        let tag = Encoding::Base64Url.decode(signature.as_bytes())?;
        if !secrets.verify(&[signed.as_bytes()], &[tag]) {
            return Err(Refusal::BadSignature);
        }
        let json = compact::decode(payload).ok_or(Refusal::MalformedClaims)?;
        let claims: Claims = claims::object(&json).ok_or(Refusal::MalformedClaims)?;
        let valid_until_ms = claims::check_times(claims.exp, claims.nbf, self.leeway_ms, now)?;
        claims.aud.check(audiences)?;
        self.parties.check(&claims)?;
        let signed_at = claims::signed_at(claims.iat, claims.nbf);
        let id = claims.jti.as_deref().filter(|jti| !jti.is_empty()).map_or(tag.as_slice(), str::as_bytes);
        let verified = Verified::new(Evidence::Signed, Payload::Json(json));
        Ok(verified.signed_at_time(signed_at).once(name, id, valid_until_ms))
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
