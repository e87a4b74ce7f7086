//! Postmark (<https://postmarkapp.com/developer/api/email-api>). It does not recognise repetitions, but can be asked for the mails
//! of an event.

use super::{
    AddressReport, HeaderOf, Letter, MailProvider, MailReports, ProviderRequest, ReportRefusal,
    ReportedState, SendOutcome, VerifiedReport, without_addresses,
};
use crate::domain::values::{id::EventId, time::Timestamp};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

const BASE_URL: &str = "https://api.postmarkapp.com";
/// The user name of its reports, which is no secret.
pub const USER: &str = "signpost";
/// The streams of a new Postmark server.
const TRANSACTIONAL_STREAM: &str = "outbound";
const BROADCAST_STREAM: &str = "broadcast";

/// A Postmark server.
pub struct Postmark {
    /// The server's API token.
    pub token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Email<'a> {
    from: String,
    to: &'a str,
    subject: &'a str,
    text_body: &'a str,
    html_body: &'a str,
    message_stream: &'static str,
    tag: &'static str,
    metadata: Metadata<'a>,
    headers: Vec<Header>,
    track_opens: bool,
    track_links: &'static str,
}

#[derive(Serialize)]
struct Metadata<'a> {
    sp_event: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Header {
    name: &'static str,
    value: String,
}

/// What both success and failure look like.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    error_code: i64,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    total_count: i64,
}

impl Postmark {
    fn request(&self, method: &'static str, url: String, body: String) -> ProviderRequest {
        let headers = vec![
            ("accept", "application/json".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("x-postmark-server-token", self.token.clone()),
        ];
        ProviderRequest { method, url, headers, body }
    }
}

impl MailProvider for Postmark {
    fn name(&self) -> &'static str {
        "postmark"
    }

    fn send(&self, letter: &Letter<'_>) -> Result<ProviderRequest, serde_json::Error> {
        let is_transactional = letter.kind.is_transactional();
        let headers = letter.unsubscribe_headers().into_iter();
        let email = Email {
            from: letter.from.header(),
            to: letter.to,
            subject: &letter.rendered.subject,
            text_body: &letter.rendered.text,
            html_body: &letter.rendered.html,
            message_stream: if is_transactional { TRANSACTIONAL_STREAM } else { BROADCAST_STREAM },
            tag: letter.kind.as_str(),
            metadata: Metadata { sp_event: letter.event_id.as_str() },
            headers: headers.map(|(name, value)| Header { name, value }).collect(),
            track_opens: false,
            track_links: "None",
        };
        Ok(self.request("POST", format!("{BASE_URL}/email"), serde_json::to_string(&email)?))
    }

    fn outcome(&self, status: u16, body: &str) -> SendOutcome {
        let answer: Option<Answer> = strict_json::from_str(body).ok();
        let code = answer.as_ref().map(|answer| answer.error_code);
        let reason = match &answer {
            Some(answer) => {
                format!("Postmark: {} (error {})", without_addresses(&answer.message), answer.error_code)
            }
            None => format!("Postmark: status {status}"),
        };
        match (status, code) {
            (200, Some(0)) => SendOutcome::Accepted,
            // Error 300 is about any field. One about the sender is for the operator to correct.
            (422, Some(300)) if answer.is_some_and(|answer| answer.message.contains("'From'")) => {
                SendOutcome::NotSent { reason }
            }
            // Inactive recipient; invalid address or field; malformed JSON or fields. The mail itself cannot be sent.
            (422, Some(300 | 402 | 403 | 406 | 411)) | (413 | 415, _) => SendOutcome::Refused { reason },
            // The account, the sender or the stream, or maintenance: later attempts may succeed.
            (400..500, _) => SendOutcome::NotSent { reason },
            _ => SendOutcome::Unknown { reason },
        }
    }

    fn look_up(&self, event_id: &EventId) -> Option<ProviderRequest> {
        let url = format!("{BASE_URL}/messages/outbound?count=1&offset=0&metadata_sp_event={event_id}");
        Some(self.request("GET", url, String::new()))
    }

    fn has(&self, status: u16, body: &str) -> Option<bool> {
        let found: Found = strict_json::from_str(body).ok().filter(|_| status == 200)?;
        Some(found.total_count > 0)
    }
}

/// Reports of Postmark, which come with Basic credentials. Postmark signs nothing.
pub struct PostmarkReports {
    /// The password of the webhook's URL.
    pub password: String,
}

/// A bounce, a complaint, a changed subscription, or something else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    record_type: String,
    email: Option<String>,
    recipient: Option<String>,
    inactive: Option<bool>,
    suppress_sending: Option<bool>,
    suppression_reason: Option<String>,
}

impl MailReports for PostmarkReports {
    fn verify<'a>(
        &self,
        header: HeaderOf<'_>,
        body: &'a [u8],
        _: Timestamp,
    ) -> Result<VerifiedReport<'a>, ReportRefusal> {
        if self.password.is_empty() {
            return Err(ReportRefusal::NotConfigured);
        }
        let sent = header("authorization").ok_or(ReportRefusal::Missing)?;
        let (scheme, sent) = sent.split_once(' ').ok_or(ReportRefusal::Missing)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(ReportRefusal::Missing);
        }
        let expected = STANDARD.encode(format!("{USER}:{}", self.password));
        if bool::from(sent.trim().as_bytes().ct_eq(expected.as_bytes())) {
            Ok(VerifiedReport(body))
        } else {
            Err(ReportRefusal::Forged)
        }
    }

    fn parse(&self, report: &VerifiedReport<'_>) -> Result<Vec<AddressReport>, ReportRefusal> {
        let text = str::from_utf8(report.0).map_err(|_| ReportRefusal::Malformed)?;
        let report: Report = strict_json::from_str(text).map_err(|_| ReportRefusal::Malformed)?;
        let state = match report.record_type.as_str() {
            "Bounce" if report.inactive == Some(true) => ReportedState::Bounced,
            "SpamComplaint" => ReportedState::Complained,
            "SubscriptionChange" => match (report.suppress_sending, report.suppression_reason.as_deref()) {
                (Some(false), _) => ReportedState::Lifted,
                (_, Some("HardBounce")) => ReportedState::Bounced,
                (_, Some("SpamComplaint")) => ReportedState::Complained,
                _ => ReportedState::Unsubscribed,
            },
            _ => return Ok(Vec::new()),
        };
        let address = report.email.or(report.recipient).ok_or(ReportRefusal::Malformed)?;
        Ok(vec![AddressReport { address: address.to_lowercase(), state }])
    }
}
