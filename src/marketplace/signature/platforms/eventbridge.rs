//! Amazon EventBridge's API destinations. Nothing is signed: the connection adds one header that the operator chose
//! (EventBridge user guide, "Authorization for API destinations"), so anybody who knows the header can send any
//! message at any time, and checking a time would prove nothing. `PutEvents` refuses sources that start with `aws.`,
//! so within EventBridge the source is reliable.

use crate::marketplace::signature::{
    callback::Callback,
    refusal::Refusal,
    secret::{Credentials, SecretError, SecretForm},
    verified::{Evidence, Payload, Verified},
    verifier::has_names,
};
use serde::Deserialize;

/// The source of AWS Marketplace's events.
pub const AGREEMENT_SOURCE: &str = "aws.agreement-marketplace";

/// What refusals call the header. The operator chooses its name, and refusals contain only constant names.
const HEADER: &str = "of the API destination";

/// The operator's configuration.
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
    /// Accepts the header `header` with any of `values`, the current one first, and events of these sources
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
        // RFC 9110 §5.5: surrounding white space is not part of the value.
        Ok(value.trim_matches([' ', '\t']))
    }

    pub(super) fn verify<'a>(&self, callback: &Callback<'a>) -> Result<Verified<'a>, Refusal> {
        if self.header.is_empty() || !has_names(&self.sources) || !has_names(&self.accounts) {
            return Err(Refusal::NotConfigured);
        }
        if !self.values.matches(self.presented(callback)?.as_bytes()) {
            return Err(Refusal::BadSignature);
        }
        let event: Event = callback.json_object()?;
        if !self.sources.contains(&event.source) {
            return Err(Refusal::WrongIssuer);
        }
        if !self.accounts.contains(&event.account) {
            return Err(Refusal::WrongAudience);
        }
        Ok(Verified::new(Evidence::TransportOnly, Payload::Body(callback.body)))
    }
}
