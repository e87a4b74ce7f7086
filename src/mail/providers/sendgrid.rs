//! SendGrid (<https://www.twilio.com/docs/sendgrid/api-reference/mail-send>). It neither recognises repetitions nor can be asked for
//! a mail.

use super::{
    AddressReport, HeaderOf, Letter, MailProvider, MailReports, ProviderRequest, ReportRefusal,
    ReportedState, SendOutcome, VerifiedReport, without_addresses,
};
use crate::domain::values::{id::EventId, time::Timestamp};
use base64::{Engine, engine::general_purpose::STANDARD};
use public_key::{Algorithm, PublicKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where SendGrid keeps the data of an account.
pub const GLOBAL_URL: &str = "https://api.sendgrid.com";
/// The same for subusers in the European Union.
pub const EU_URL: &str = "https://api.eu.sendgrid.com";
/// How old the signature of a report may be: SendGrid repeats it for 24 hours, and does not say whether it signs it anew.
const MAX_AGE_S: i64 = 25 * 3_600;
/// How far its clock may be ahead.
const MAX_AHEAD_S: i64 = 300;

/// A SendGrid account.
pub struct SendGrid {
    /// An API key that may send mail.
    pub key: String,
    /// [`GLOBAL_URL`] or [`EU_URL`].
    pub base_url: &'static str,
}

#[derive(Serialize)]
struct Mail<'a> {
    personalizations: [Personalization<'a>; 1],
    from: Address<'a>,
    subject: &'a str,
    content: [Content<'a>; 2],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'static str, String>,
    categories: [&'static str; 2],
    tracking_settings: Tracking,
}

#[derive(Serialize)]
struct Personalization<'a> {
    to: [Address<'a>; 1],
    custom_args: CustomArgs<'a>,
}

#[derive(Serialize)]
struct CustomArgs<'a> {
    sp_event: &'a str,
}

#[derive(Serialize)]
struct Address<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(rename = "type")]
    media_type: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
struct Tracking {
    click_tracking: Switch,
    open_tracking: Switch,
}

#[derive(Serialize)]
struct Switch {
    enable: bool,
}

#[derive(Deserialize)]
struct Answer {
    errors: Vec<AnswerError>,
}

#[derive(Deserialize)]
struct AnswerError {
    message: String,
    #[serde(default)]
    field: Option<String>,
}

impl MailProvider for SendGrid {
    fn name(&self) -> &'static str {
        "sendgrid"
    }

    fn send(&self, letter: &Letter<'_>) -> Result<ProviderRequest, serde_json::Error> {
        let off = || Switch { enable: false };
        let mail = Mail {
            personalizations: [Personalization {
                to: [Address { email: letter.to, name: "" }],
                custom_args: CustomArgs { sp_event: letter.event_id.as_str() },
            }],
            from: Address { email: &letter.from.address, name: &letter.from.name },
            subject: &letter.rendered.subject,
            content: [
                Content { media_type: "text/plain", value: &letter.rendered.text },
                Content { media_type: "text/html", value: &letter.rendered.html },
            ],
            headers: letter.unsubscribe_headers().into_iter().collect(),
            categories: ["signpost", letter.kind.as_str()],
            tracking_settings: Tracking { click_tracking: off(), open_tracking: off() },
        };
        let headers = vec![
            ("authorization", format!("Bearer {}", self.key)),
            ("content-type", "application/json".to_owned()),
        ];
        let url = format!("{}/v3/mail/send", self.base_url);
        Ok(ProviderRequest { method: "POST", url, headers, body: serde_json::to_string(&mail)? })
    }

    fn outcome(&self, status: u16, body: &str) -> SendOutcome {
        let answer: Option<Answer> = strict_json::from_str(body).ok();
        let error = answer.and_then(|answer| answer.errors.into_iter().next());
        let is_about_sender = error
            .as_ref()
            .and_then(|error| error.field.as_deref())
            .is_some_and(|field| field.split('.').next() == Some("from"));
        let reason = match error.map(|error| error.message) {
            Some(message) => format!("SendGrid: {} (status {status})", without_addresses(&message)),
            None => format!("SendGrid: status {status}"),
        };
        match status {
            202 => SendOutcome::Accepted,
            400 if is_about_sender => SendOutcome::NotSent { reason },
            400 | 413 => SendOutcome::Refused { reason },
            // The key, the credits, the sender, or the rate: later attempts may succeed.
            300..500 => SendOutcome::NotSent { reason },
            _ => SendOutcome::Unknown { reason },
        }
    }

    fn look_up(&self, _: &EventId) -> Option<ProviderRequest> {
        None
    }

    fn has(&self, _: u16, _: &str) -> Option<bool> {
        None
    }
}

/// Reports of SendGrid's signed event webhook.
pub struct SendGridReports {
    /// The webhook's public key, as SendGrid shows it: base64 of its SPKI.
    pub public_key: String,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    email: String,
    #[serde(default)]
    event: String,
    #[serde(default)]
    reason: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Event {
    fn state(&self) -> Option<ReportedState> {
        match self.event.as_str() {
            // A blocked mail says nothing about the next one.
            "bounce" if self.kind.as_deref() != Some("blocked") => Some(ReportedState::Bounced),
            "dropped" => match self.reason.as_str() {
                "Unsubscribed Address" => Some(ReportedState::Unsubscribed),
                "Spam Reporting Address" => Some(ReportedState::Complained),
                "Bounced Address" | "Invalid" => Some(ReportedState::Bounced),
                _ => None,
            },
            "spamreport" => Some(ReportedState::Complained),
            "unsubscribe" | "group_unsubscribe" => Some(ReportedState::Unsubscribed),
            "group_resubscribe" => Some(ReportedState::Resubscribed),
            _ => None,
        }
    }
}

impl MailReports for SendGridReports {
    fn verify<'a>(
        &self,
        header: HeaderOf<'_>,
        body: &'a [u8],
        now: Timestamp,
    ) -> Result<VerifiedReport<'a>, ReportRefusal> {
        let key = STANDARD.decode(self.public_key.trim()).map_err(|_| ReportRefusal::NotConfigured)?;
        let key = PublicKey::from_spki(&key).map_err(|_| ReportRefusal::NotConfigured)?;
        let signature = header("x-twilio-email-event-webhook-signature").ok_or(ReportRefusal::Missing)?;
        let time = header("x-twilio-email-event-webhook-timestamp").ok_or(ReportRefusal::Missing)?;
        let signature = STANDARD.decode(signature).map_err(|_| ReportRefusal::Missing)?;
        let signed = [time.as_bytes(), body].concat();
        key.verify(Algorithm::P256Sha256Der, &signed, &signature).map_err(|_| ReportRefusal::Forged)?;
        let signed_at: i64 = time.parse().map_err(|_| ReportRefusal::Missing)?;
        let age = now.ms().div_euclid(1_000).saturating_sub(signed_at);
        if (-MAX_AHEAD_S..=MAX_AGE_S).contains(&age) {
            Ok(VerifiedReport(body))
        } else {
            Err(ReportRefusal::Stale)
        }
    }

    fn parse(&self, report: &VerifiedReport<'_>) -> Result<Vec<AddressReport>, ReportRefusal> {
        let text = str::from_utf8(report.0).map_err(|_| ReportRefusal::Malformed)?;
        let events: Vec<Event> = strict_json::from_str(text).map_err(|_| ReportRefusal::Malformed)?;
        let reported = events.iter().filter_map(|event| {
            let state = event.state()?;
            (!event.email.is_empty()).then(|| AddressReport { address: event.email.to_lowercase(), state })
        });
        Ok(reported.collect())
    }
}
