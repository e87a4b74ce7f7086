//! Postbacks of Apple's AdAttributionKit: a JWS (RFC 7515) with ES256 in the member `jws-string`. Source: Apple,
//! "Verifying a postback" (AdAttributionKit).
//!
//! Only the JWS is signed: `conversion-value`, `coarse-conversion-value`, `country-code` and `ad-interaction-type`
//! are outside of it and are not. The payload of the proof is the payload of the JWS. A postback has no signed time;
//! its `postback-identifier` makes it unique. Apple's development keys sign test postbacks of any developer's device.

use super::{allowed::Allowed, skadnetwork::APPLE_KEY};
use crate::marketplace::signature::{
    callback::Callback,
    jws::{Jws, JwsAlgorithm},
    key_set::Keys,
    refusal::Refusal,
    verified::{Evidence, Payload, Verified},
};
use serde::Deserialize;

/// Apple's production key: its id and its SubjectPublicKeyInfo in base64. SKAdNetwork has the same key.
pub const PRODUCTION_KEY: (&str, &str) = ("apple-cas-identifier/0", APPLE_KEY);
/// Apple's keys for tests on a device. Use them only for endpoints that move no money.
pub const DEVELOPMENT_KEYS: [(&str, &str); 2] = [
    (
        "apple-development-identifier/0",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELeEDzpJEP+/qRSE5hJVC1p1J0ssUnQGMzBBbvnACBok8OVGGLgxL0myrKiy6lvRtSlLRsWit87i+vftD8AEqeQ==",
    ),
    (
        "apple-development-identifier/1",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YzdO7eM97s/IJ25kdW5CZ3A14USE5IJ5Ha/vhWaxI6UBI1ZxCEvjrKxVluVGe6qWwF1BDFq+QHqKfH5u+wxHQ==",
    ),
];

/// The operator's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdAttributionKit {
    /// The accepted keys with their ids; in production only [`PRODUCTION_KEY`].
    pub keys: Keys,
    /// The allowed apps, by their ids in the App Store.
    pub apps: Allowed,
    /// The allowed ad networks.
    pub networks: Allowed,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Postback {
    jws_string: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Claims {
    advertised_item_identifier: Option<u64>,
    ad_network_identifier: Option<String>,
}

impl AdAttributionKit {
    pub(super) fn verify<'a>(&self, callback: &Callback<'a>) -> Result<Verified<'a>, Refusal> {
        let postback: Postback = callback.json_object()?;
        let jws = postback.jws_string.ok_or(Refusal::MissingParameter("jws-string"))?;
        let signed = Jws::parse(&jws, JwsAlgorithm::Es256)?.verify_with(&self.keys)?;
        let claims: Claims = signed.claims()?;
        if !self.networks.allows(&claims.ad_network_identifier.unwrap_or_default()) {
            return Err(Refusal::WrongIssuer);
        }
        let app = claims.advertised_item_identifier.map(|app| app.to_string());
        if !self.apps.allows(&app.unwrap_or_default()) {
            return Err(Refusal::WrongAudience);
        }
        Ok(Verified::new(Evidence::Signed, Payload::Json(signed.json)))
    }
}
