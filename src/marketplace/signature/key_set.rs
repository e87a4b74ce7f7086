//! Key sets that vendors publish. Tokens name one of the keys by its id (`kid`). A key set is an argument: the
//! address that it was fetched from comes from the configuration, never from a token.

use super::{
    pem,
    public_key::{KeyError, PublicKey},
    refusal::Refusal,
    x509::Certificate,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Public keys with their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys(Vec<(String, PublicKey)>);

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// RFC 7517 §4, RFC 7518 §6.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// The key, if it is for RS256 or ES256. Other keys are ignored (RFC 7517 §5).
    fn key(&self) -> Option<PublicKey> {
        if self.r#use.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let number = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        match (self.kty.as_str(), self.alg.as_deref()) {
            ("RSA", None | Some("RS256")) => {
                PublicKey::from_rsa_numbers(&number(&self.n)?, &number(&self.e)?).ok()
            }
            ("EC", None | Some("ES256")) if self.crv.as_deref() == Some("P-256") => {
                let (x, y) = (number(&self.x)?.try_into().ok()?, number(&self.y)?.try_into().ok()?);
                PublicKey::from_p256_coordinates(&x, &y).ok()
            }
            _ => None,
        }
    }
}

impl Keys {
    /// A key set with these ids and keys.
    #[must_use]
    pub fn new(keys: Vec<(String, PublicKey)>) -> Self {
        Self(keys)
    }

    /// Parses a JWK set (RFC 7517 §5).
    pub fn from_jwks(json: &str) -> Result<Self, KeyError> {
        let Jwks { keys } = strict_json::from_str(json).map_err(|_| KeyError)?;
        let named = |jwk: Jwk| {
            let key = jwk.key()?;
            Some((jwk.kid?, key))
        };
        Ok(Self(keys.into_iter().filter_map(named).collect()))
    }

    /// Parses a JSON object of key ids and X.509 certificates in PEM, as Google publishes it at
    /// <https://www.googleapis.com/robot/v1/metadata/x509/>. Only the keys are used. The certificates are not
    /// verified: they are trusted because of the address that they were fetched from.
    pub fn from_certificates(json: &str) -> Result<Self, KeyError> {
        let texts: BTreeMap<String, String> = strict_json::from_str(json).map_err(|_| KeyError)?;
        let mut keys = Vec::new();
        for (kid, pem) in texts {
            let der = pem::decode(&pem, "CERTIFICATE").ok_or(KeyError)?;
            let key = Certificate::from_der(&der).and_then(|certificate| certificate.key());
            keys.push((kid, key.map_err(|_| KeyError)?));
        }
        Ok(Self(keys))
    }

    /// The key that a token names. A token without a key id is refused, even if there is only one key: trying all
    /// keys could accept a key that the vendor uses for another purpose.
    pub(super) fn find(&self, kid: Option<&str>) -> Result<&PublicKey, Refusal> {
        let kid = kid.ok_or(Refusal::UnknownKey)?;
        self.0.iter().find(|(known, _)| known == kid).map(|(_, key)| key).ok_or(Refusal::UnknownKey)
    }
}
