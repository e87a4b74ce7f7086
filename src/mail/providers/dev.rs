//! The mailbox of `cargo xtask dev` and of tests, which sends nothing. Its page is `/dev/mail`.

use super::{Letter, MailProvider, ProviderRequest, SendOutcome};
use crate::domain::values::id::EventId;
use serde::{Deserialize, Serialize};

/// The address under which the Worker calls it. No network is involved.
const BASE_URL: &str = "http://mailbox";

/// The mailbox.
pub struct DevMailbox;

#[derive(Serialize)]
struct Delivered<'a> {
    event_id: &'a EventId,
    kind: &'static str,
    from: String,
    to: &'a str,
    subject: &'a str,
    text: &'a str,
    html: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribe_url: Option<&'a str>,
}

#[derive(Deserialize)]
struct Found {
    found: bool,
}

impl MailProvider for DevMailbox {
    fn name(&self) -> &'static str {
        "dev"
    }

    fn send(&self, letter: &Letter<'_>) -> Result<ProviderRequest, serde_json::Error> {
        let delivered = Delivered {
            event_id: letter.event_id,
            kind: letter.kind.as_str(),
            from: letter.from.header(),
            to: letter.to,
            subject: &letter.rendered.subject,
            text: &letter.rendered.text,
            html: &letter.rendered.html,
            unsubscribe_url: letter.unsubscribe_url,
        };
        let headers = vec![("content-type", "application/json".to_owned())];
        let url = format!("{BASE_URL}/dev/mail");
        Ok(ProviderRequest { method: "POST", url, headers, body: serde_json::to_string(&delivered)? })
    }

    fn outcome(&self, status: u16, _: &str) -> SendOutcome {
        match status {
            202 => SendOutcome::Accepted,
            _ => SendOutcome::Unknown { reason: format!("the mailbox: status {status}") },
        }
    }

    fn look_up(&self, event_id: &EventId) -> Option<ProviderRequest> {
        let url = format!("{BASE_URL}/dev/mail/events/{event_id}");
        Some(ProviderRequest { method: "GET", url, headers: Vec::new(), body: String::new() })
    }

    fn has(&self, status: u16, body: &str) -> Option<bool> {
        let found: Found = strict_json::from_str(body).ok().filter(|_| status == 200)?;
        Some(found.found)
    }
}
