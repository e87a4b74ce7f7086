//! The providers that send mail: their requests, what their responses mean, and what they report about addresses later. Nothing
//! here uses the network.

mod dev;
pub mod postmark;
pub mod sendgrid;

pub use dev::DevMailbox;
pub use postmark::{Postmark, PostmarkReports};
pub use sendgrid::{SendGrid, SendGridReports};

use super::{notice::MailKind, render::Rendered};
use crate::domain::values::{id::EventId, string_enum::string_enum, time::Timestamp};
use serde::{Deserialize, Serialize};

/// A finished mail to one person.
#[derive(Debug, Clone)]
pub struct Letter<'a> {
    /// The sender.
    pub from: &'a Sender,
    /// The recipient's address.
    pub to: &'a str,
    /// What it says.
    pub rendered: &'a Rendered,
    /// Its kind.
    pub kind: MailKind,
    /// The event that it is about. The provider can be asked for it, and reports name it.
    pub event_id: &'a EventId,
    /// Where the recipient unsubscribes with one request (RFC 8058); for mails that are not transactional.
    pub unsubscribe_url: Option<&'a str>,
}

impl Letter<'_> {
    /// The headers that let mail clients offer to unsubscribe (RFC 2369, RFC 8058).
    fn unsubscribe_headers(&self) -> Vec<(&'static str, String)> {
        let Some(url) = self.unsubscribe_url else { return Vec::new() };
        vec![
            ("List-Unsubscribe", format!("<{url}>")),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ]
    }
}

/// The sender of all mail: a name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name; empty for none.
    pub name: String,
    /// The address.
    pub address: String,
}

impl Sender {
    /// Parses `Name <address>` or an address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", text),
        };
        // A quote or a line break in the name would end it, or begin another header.
        let is_plain = !name.chars().any(|c| c.is_control() || matches!(c, '"' | '<' | '>' | '\\'));
        (is_plain && crate::domain::values::text::is_email(address))
            .then(|| Self { name: name.to_owned(), address: address.to_owned() })
    }

    /// Formats the sender for a header. The name is quoted, so that a comma in it does not begin another address.
    #[must_use]
    pub fn header(&self) -> String {
        let Self { name, address } = self;
        if name.is_empty() { address.clone() } else { format!("\"{name}\" <{address}>") }
    }
}

/// The maximum number of characters of a provider's words that are logged.
const MAX_REASON_CHARS: usize = 200;

/// Returns a provider's words without e-mail addresses, because they are logged: Postmark names the addresses that it refuses.
fn without_addresses(text: &str) -> String {
    let words: Vec<&str> =
        text.split_whitespace().map(|word| if word.contains('@') { "(address)" } else { word }).collect();
    words.join(" ").chars().take(MAX_REASON_CHARS).collect()
}

/// A request to a provider. It contains a secret and must not be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderRequest {
    /// Method.
    pub method: &'static str,
    /// URL.
    pub url: String,
    /// Headers; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Body; empty for none.
    pub body: String,
}

/// What a provider's response says about a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The provider has it.
    Accepted,
    /// The provider refuses it, and would refuse it again.
    Refused {
        /// Why, in the provider's words.
        reason: String,
    },
    /// The provider certainly does not have it. It can be sent later.
    NotSent {
        /// Why, in the provider's words.
        reason: String,
    },
    /// Nobody knows whether the provider has it.
    Unknown {
        /// What happened.
        reason: String,
    },
}

string_enum! {
    /// What a provider reports about an address.
    ReportedState {
        /// It does not exist, or refuses mail for good.
        Bounced = "bounced";
        /// Its owner marked a mail as spam.
        Complained = "complained";
        /// Its owner unsubscribed, or the operator suppressed it at the provider.
        Unsubscribed = "unsubscribed";
        /// Its owner wants mail again.
        Resubscribed = "resubscribed";
        /// The operator lets mail be sent to it again.
        Lifted = "lifted";
    }
}

/// What a provider reports about an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressReport {
    /// The address, in lower case.
    pub address: String,
    /// Its state.
    pub state: ReportedState,
}

/// Why a report of a provider is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportRefusal {
    /// The Worker's secret for it is not set or malformed.
    #[error("the Worker has no key for reports of this provider")]
    NotConfigured,
    /// A header is missing or malformed.
    #[error("the credentials or the signature are missing")]
    Missing,
    /// The credentials or the signature are wrong.
    #[error("the credentials or the signature are wrong")]
    Forged,
    /// The signature is too old, or its time is in the future.
    #[error("the time of the signature is not within the last 25 hours")]
    Stale,
    /// The body is not what the provider sends.
    #[error("the body cannot be read")]
    Malformed,
}

/// A report whose proof was checked.
#[derive(Debug)]
pub struct VerifiedReport<'a>(&'a [u8]);

/// A header of a request, by its name in lower case.
pub type HeaderOf<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A provider that sends mail.
pub trait MailProvider {
    /// The name in logs.
    fn name(&self) -> &'static str;

    /// The request that sends a mail.
    fn send(&self, letter: &Letter<'_>) -> Result<ProviderRequest, serde_json::Error>;

    /// What the response to [`MailProvider::send`] means.
    fn outcome(&self, status: u16, body: &str) -> SendOutcome;

    /// The request that asks for the mail of an event; `None` if the provider cannot be asked.
    fn look_up(&self, event_id: &EventId) -> Option<ProviderRequest>;

    /// Whether the response to [`MailProvider::look_up`] contains the mail; `None` if it does not say.
    fn has(&self, status: u16, body: &str) -> Option<bool>;
}

/// Reports of a provider about addresses, which it posts to `/callbacks/<provider>/mail`.
pub trait MailReports {
    /// Checks the proof of a report.
    fn verify<'a>(
        &self,
        header: HeaderOf<'_>,
        body: &'a [u8],
        now: Timestamp,
    ) -> Result<VerifiedReport<'a>, ReportRefusal>;

    /// Reads a report. What is not about the state of an address is left out.
    fn parse(&self, report: &VerifiedReport<'_>) -> Result<Vec<AddressReport>, ReportRefusal>;
}
