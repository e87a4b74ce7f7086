//! Amazon EventBridge's API destinations. Nothing is signed: the connection adds one header that the operator chose
//! (EventBridge user guide, "Authorization for API destinations"), so whoever learns it can post anything, at any time. A
//! clock would prove nothing. `PutEvents` takes no source that starts with `aws.`, so within EventBridge the source holds.

use super::{named, object};
use crate::marketplace::signature::{
    callback::Callback,
    refusal::Refusal,
    secret::{Credentials, SecretError, SecretForm},
    verified::{Evidence, Payload, Verified},
};
use serde::Deserialize;

/// The source of AWS Marketplace's events.
pub const AGREEMENT_SOURCE: &str = "aws.agreement-marketplace";

/// What the refusal calls a header whose name is the operator's choice.
const HEADER: &str = "of the API destination";

/// What the operator configured.
#[derive(Debug, Clone)]
pub struct ApiDestination {
    header: String,
    values: Credentials,
    sources: Vec<String>,
    accounts: Vec<String>,
}

#[derive(Deserialize)]
struct Event {
    source: String,
    account: String,
}

impl ApiDestination {
    /// Takes the header `header` with any of `values`, the current one first, and events of these sources
    /// ([`AGREEMENT_SOURCE`]) and accounts.
    pub fn new(
        header: &str,
        values: &[&str],
        sources: Vec<String>,
        accounts: Vec<String>,
    ) -> Result<Self, SecretError> {
        let values = Credentials::new(values, SecretForm::Raw)?;
        Ok(Self { header: header.to_owned(), values, sources, accounts })
    }

    fn presented<'a>(&self, callback: &Callback<'a>) -> Result<&'a str, Refusal> {
        let mut found = callback.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&self.header));
        let (_, value) = found.next().ok_or(Refusal::MissingHeader(HEADER))?;
        if found.next().is_some() {
            return Err(Refusal::DuplicateHeader(HEADER));
        }
        // RFC 9110 §5.5: white space around a value is no part of it.
        Ok(value.trim_matches([' ', '\t']))
    }

    pub(super) fn verify<'a>(&self, callback: &Callback<'a>) -> Result<Verified<'a>, Refusal> {
        if self.header.is_empty() || !named(&self.sources) || !named(&self.accounts) {
            return Err(Refusal::NotConfigured);
        }
        if !self.values.contain(self.presented(callback)?.as_bytes()) {
            return Err(Refusal::BadSignature);
        }
        let event: Event = object(callback.body)?;
        if !self.sources.contains(&event.source) {
            return Err(Refusal::WrongIssuer);
        }
        if !self.accounts.contains(&event.account) {
            return Err(Refusal::WrongAudience);
        }
        Ok(Verified::new(Evidence::TransportOnly, Payload::Body(callback.body)))
    }
}
