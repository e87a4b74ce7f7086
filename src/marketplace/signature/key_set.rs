//! Sets of keys that vendors publish and that tokens name by `kid`. A set comes in as an argument: which address it was
//! read from is said by the configuration, never by a token.

use super::{
    pem,
    public_key::{KeyError, PublicKey},
    refusal::Refusal,
    x509::Certificate,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Keys by their ids.
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
    /// The key, if it is one that signs RS256 or ES256. Others are passed over (RFC 7517 §5).
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
                PublicKey::from_p256_numbers(&x, &y).ok()
            }
            _ => None,
        }
    }
}

impl Keys {
    /// Keys with their ids.
    #[must_use]
    pub fn new(keys: Vec<(String, PublicKey)>) -> Self {
        Self(keys)
    }

    /// A JWK set (RFC 7517 §5).
    pub fn from_jwks(json: &str) -> Result<Self, KeyError> {
        let Jwks { keys } = strict_json::from_str(json).map_err(|_| KeyError)?;
        let named = |jwk: Jwk| {
            let key = jwk.key()?;
            Some((jwk.kid?, key))
        };
        Ok(Self(keys.into_iter().filter_map(named).collect()))
    }

    /// A JSON object of ids and X.509 certificates in PEM, as Google publishes it at
    /// <https://www.googleapis.com/robot/v1/metadata/x509/>. Only their keys count: what makes a certificate Google's is the
    /// address that it came from.
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

    /// The key that a token names. One that names none is refused, however few there are: trying each would make a key
    /// count that the vendor meant for something else.
    pub(super) fn find(&self, kid: Option<&str>) -> Result<&PublicKey, Refusal> {
        let kid = kid.ok_or(Refusal::UnknownKey)?;
        self.0.iter().find(|(known, _)| known == kid).map(|(_, key)| key).ok_or(Refusal::UnknownKey)
    }
}
