//! Keys and certificates that vendors publish. Which document a callback needs is said here, by address: a constant, or
//! made of a setting, or one that a message names and that the vendor's own allow-list holds. It is fetched and kept by
//! src/published.mjs, and the step is taken again with it.
//!
//! Whatever is wrong with a callback but for its key is found out before anybody fetches. A key that the document at hand
//! does not have may be a new one: the document is asked for anew, unless it is as new as it can be had.

use super::{
    adapter::{Arrival, Proof},
    signature::{
        Expected, Refusal, TokenScheme, Trust, Verified,
        platforms::{FetchedDocuments, PlatformVerifier},
    },
};
use serde::{Deserialize, Serialize};

/// A document that is to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// Where: HTTPS.
    pub url: String,
    /// The one at hand is not enough: a newer one, if there is any.
    pub newer: bool,
}

/// A document as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Document {
    /// Where it was fetched.
    pub url: String,
    /// Its text; nothing if it could not be had.
    pub text: Option<String>,
    /// The vendor says that there is no such document.
    pub absent: bool,
    /// A newer one cannot be had now: it was asked for a moment ago, or the vendor does not answer.
    pub newest: bool,
}

fn wanted<'a>(url: &str, newer: bool) -> Proof<'a> {
    Proof::Fetch(vec![Wanted { url: url.to_owned(), newer }])
}

impl<'a> Arrival<'a> {
    fn document(&self, url: &str) -> Option<&'a Document> {
        self.documents.iter().find(|document| document.url == url)
    }

    /// Verifies the callback under a scheme with keys that the vendor publishes.
    pub fn verify_token(&self, scheme: TokenScheme, expected: &Expected) -> Result<Proof<'a>, Refusal> {
        let verify = |trust: &Trust| scheme.verify(&self.callback, trust, expected, self.now);
        self.with_keys(scheme, expected, &verify)
    }

    /// The same for whatever else is verified with the scheme's keys.
    pub fn with_keys(
        &self,
        scheme: TokenScheme,
        expected: &Expected,
        verify: &dyn Fn(&Trust) -> Result<Verified<'a>, Refusal>,
    ) -> Result<Proof<'a>, Refusal> {
        let Some(url) = scheme.key_address(expected) else {
            return verify(&Trust::apple()).map(Proof::Verified);
        };
        let Some(document) = self.document(&url) else {
            return match verify(&Trust::default()) {
                Err(Refusal::UnknownKey) => Ok(wanted(&url, false)),
                judged => judged.map(Proof::Verified),
            };
        };
        let trust = document.text.as_deref().and_then(|text| scheme.trust(text));
        match trust.map(|trust| verify(&trust)) {
            None | Some(Err(Refusal::UnknownKey)) if !document.newest => Ok(wanted(&url, true)),
            None => Err(Refusal::Unanswered),
            Some(judged) => judged.map(Proof::Verified),
        }
    }

    /// Verifies the callback under a platform's scheme, whose messages name the address of their key.
    pub fn verify_platform(&self, verifier: &PlatformVerifier) -> Result<Proof<'a>, Refusal> {
        let addresses = verifier.addresses(&self.callback)?;
        let missing: Vec<Wanted> = addresses
            .iter()
            .filter(|url| self.document(url).is_none())
            .map(|url| Wanted { url: url.clone(), newer: false })
            .collect();
        if !missing.is_empty() {
            return Ok(Proof::Fetch(missing));
        }
        let known = |document: &'a Document| Some((document.url.as_str(), document.text.as_deref()?));
        let documents: Vec<_> = self.documents.iter().filter_map(known).collect();
        let judged = verifier.verify(&self.callback, FetchedDocuments(&documents), self.now);
        // A key that the vendor says does not exist is nobody's: there is nothing to wait for.
        let exists = |document: &Document| document.text.is_some() || !document.absent;
        match judged {
            Err(Refusal::Unanswered) if !self.documents.iter().any(exists) => Err(Refusal::UnknownKey),
            judged => judged.map(Proof::Verified),
        }
    }
}
