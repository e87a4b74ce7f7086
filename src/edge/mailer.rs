//! Sends the mail of an event: asks the Ledger for it, renders it, and passes it to the provider.

use super::{
    http::with_timeout,
    objects::now_ms,
    receiver::retry_after_ms,
    rpc::{STORE_TIMEOUT, Stores},
    sql::DurableSql,
    texts::Locale,
    timestamp,
    vendor_http::{self, Attempt},
};
use crate::{
    delivery::{
        mail::{self, LOOKUP_AFTER_MS, Step},
        queue::AttemptResult,
    },
    domain::values::time::Timestamp,
    ledger::mail::Addressed,
    mail::{
        Brand, Notice, Rendered,
        providers::{
            DevMailbox, Letter, MailProvider, Postmark, ProviderRequest, SendGrid, SendOutcome, Sender,
            sendgrid,
        },
        render,
    },
    marketplace::vendor_api::VendorRequest,
    store::delivery::{
        mails::{MailStatus, SentMail},
        queue::Queued,
    },
};
use wasm_bindgen::JsValue;
use worker::{Headers, Method, Request, RequestInit, Result};

/// The binding of the mailbox that `cargo xtask dev` and tests have. It is a function in the same process, which the platform does
/// not offer, so a deployed Worker cannot have it.
pub const MAILBOX: &str = "DEV_MAILBOX";
/// How long a provider may take. A mail whose response does not come may have been sent.
const TIMEOUT_MS: u32 = 15_000;

/// Who sends mail, and through whom.
pub struct Account {
    from: Sender,
    provider: Box<dyn MailProvider>,
}

/// Returns the account of the Worker; `None` if it has none, or why it cannot be used.
pub fn account(stores: &Stores) -> std::result::Result<Option<Account>, &'static str> {
    let variable = |name| stores.variable(name);
    let is_dev = stores.env().service(MAILBOX).is_ok();
    let provider: Box<dyn MailProvider> = match (variable("POSTMARK_TOKEN"), variable("SENDGRID_KEY")) {
        _ if is_dev => Box::new(DevMailbox),
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err("set either POSTMARK_TOKEN or SENDGRID_KEY, not both"),
        (Some(token), None) => Box::new(Postmark { token }),
        (None, Some(key)) => Box::new(SendGrid { key, base_url: sendgrid_url(variable("SENDGRID_REGION"))? }),
    };
    let from = match variable("MAIL_FROM") {
        None if is_dev => "Signpost <signpost@localhost.example>".to_owned(),
        from => from.unwrap_or_default(),
    };
    let wrong = "MAIL_FROM must be an address that the provider knows, such as `Acme Partners <partners@acme.example>`";
    Ok(Some(Account { from: Sender::parse(&from).ok_or(wrong)?, provider }))
}

fn sendgrid_url(region: Option<String>) -> std::result::Result<&'static str, &'static str> {
    match region.as_deref() {
        None | Some("global") => Ok(sendgrid::GLOBAL_URL),
        Some("eu") => Ok(sendgrid::EU_URL),
        Some(_) => Err("SENDGRID_REGION must be `global` or `eu`"),
    }
}

/// Why a mail was not sent yet.
struct NotYet {
    reason: String,
    retry_after_ms: Option<i64>,
}

impl NotYet {
    fn now(error: impl std::fmt::Display) -> Self {
        Self { reason: error.to_string(), retry_after_ms: None }
    }

    /// The provider is asked for the mail after this time.
    fn until_lookup(reason: String) -> Self {
        Self { reason, retry_after_ms: Some(LOOKUP_AFTER_MS) }
    }
}

/// Sends the mail of an event once.
pub async fn attempt(
    stores: &Stores,
    sql: &DurableSql,
    queued: &Queued,
    began_at: Timestamp,
) -> AttemptResult {
    let sent = Attempted { stores, sql, queued }.run().await;
    let ended_at = timestamp(now_ms());
    let (error, retry_after_ms) = match sent {
        Ok(()) => (None, None),
        Err(NotYet { reason, retry_after_ms }) => {
            worker::console_warn!("mail of {}: not sent yet: {reason}", queued.id);
            (Some(reason), retry_after_ms)
        }
    };
    AttemptResult {
        is_delivered: error.is_none(),
        http_status: None,
        error,
        began_at,
        ended_at,
        response_excerpt: String::new(),
        retry_after_ms,
    }
}

struct Attempted<'a> {
    stores: &'a Stores,
    sql: &'a DurableSql,
    queued: &'a Queued,
}

impl Attempted<'_> {
    async fn run(&self) -> std::result::Result<(), NotYet> {
        let account =
            account(self.stores).map_err(NotYet::now)?.ok_or_else(|| NotYet::now("no provider is set"))?;
        let Some(addressed) = self.addressed().await.map_err(NotYet::now)? else {
            worker::console_log!("mail of {}: there is nobody to send it to", self.queued.id);
            return Ok(());
        };
        let rendered = self.rendered(&addressed).await?;
        let recipient = addressed.to.to_lowercase();
        let id = &self.queued.id;
        let lookup = account.provider.look_up(id);
        let provider = account.provider.name();
        let mut step = mail::begin(self.sql, id, &recipient, provider, lookup.is_some(), timestamp(now_ms()));
        loop {
            step = match (step.map_err(NotYet::now)?, &lookup) {
                (Step::Finished(MailStatus::Unknown), _) => {
                    worker::console_warn!(
                        "mail of {id}: nobody knows whether it was sent; it is not sent again"
                    );
                    return Ok(());
                }
                (Step::Finished(MailStatus::Sent | MailStatus::Refused | MailStatus::Sending), _) => {
                    return Ok(());
                }
                (Step::Wait(ms), _) => {
                    let reason =
                        "The provider did not say whether it has the mail. It will be asked.".to_owned();
                    return Err(NotYet { reason, retry_after_ms: Some(ms) });
                }
                (Step::LookUp(mail), Some(lookup)) => {
                    let is_found = self.look_up(&account, lookup).await?;
                    mail::looked_up(self.sql, mail, is_found, timestamp(now_ms()))
                }
                (Step::LookUp(_), None) => return Err(NotYet::now("the provider cannot be asked")),
                (Step::Send(mail), _) => return self.send(&account, &addressed, &rendered, mail).await,
            };
        }
    }

    /// Asks the Ledger for the mail.
    async fn addressed(&self) -> Result<Option<Addressed>> {
        let Queued { kind, at, data, .. } = self.queued;
        let ask = async { self.stores.ledger()?.mail(kind.as_str(), at.ms(), data).await };
        let addressed = with_timeout(STORE_TIMEOUT, ask).await?;
        let parse = |text: String| {
            strict_json::from_str(&text).map_err(|error| worker::Error::RustError(error.to_string()))
        };
        addressed.map(parse).transpose()
    }

    async fn rendered(&self, addressed: &Addressed) -> std::result::Result<Rendered, NotYet> {
        let locale = Locale::load(self.stores, addressed.language).await.map_err(NotYet::now)?;
        let brand = Brand {
            name: &addressed.programme,
            support_email: addressed.support_email.as_deref(),
            time_zone: &addressed.time_zone,
        };
        render(&addressed.mail, &brand, &locale).map_err(NotYet::now)
    }

    async fn look_up(
        &self,
        account: &Account,
        lookup: &ProviderRequest,
    ) -> std::result::Result<bool, NotYet> {
        let answer = self.call(lookup).await;
        let found = answer.ok().and_then(|answer| account.provider.has(answer.status, &answer.body));
        // The schedule's pause, which grows: the provider may be down for days.
        found.ok_or_else(|| {
            NotYet::now(format!("{} does not say whether it has the mail", account.provider.name()))
        })
    }

    async fn send(
        &self,
        account: &Account,
        addressed: &Addressed,
        rendered: &Rendered,
        mail: SentMail,
    ) -> std::result::Result<(), NotYet> {
        let letter = Letter {
            from: &account.from,
            to: &addressed.to,
            rendered,
            kind: addressed.mail.notice.kind(),
            event_id: &self.queued.id,
            unsubscribe_url: unsubscribe_url(&addressed.mail.notice),
        };
        let request = account.provider.send(&letter).map_err(NotYet::now)?;
        let (outcome, retry_after_ms) = match self.call(&request).await {
            Ok(answer) => {
                let retry_after_ms = retry_after(&answer.headers).filter(|_| answer.status == 429);
                (account.provider.outcome(answer.status, &answer.body), retry_after_ms)
            }
            Err(error) => (SendOutcome::Unknown { reason: vendor_http::failure(&error, TIMEOUT_MS) }, None),
        };
        mail::sent(self.sql, mail, &outcome).map_err(NotYet::now)?;
        match outcome {
            SendOutcome::Accepted => Ok(()),
            SendOutcome::Refused { reason } => {
                worker::console_warn!("mail of {}: refused: {reason}", self.queued.id);
                Ok(())
            }
            SendOutcome::NotSent { reason } => Err(NotYet { reason, retry_after_ms }),
            SendOutcome::Unknown { reason } => Err(NotYet::until_lookup(reason)),
        }
    }

    async fn call(&self, request: &ProviderRequest) -> Result<Attempt> {
        let ProviderRequest { method, url, headers, body } = request.clone();
        let Ok(mailbox) = self.stores.env().service(MAILBOX) else {
            let request = VendorRequest { method, url, headers, body, cache_ttl_s: 0 };
            return vendor_http::attempt(&request, TIMEOUT_MS).await;
        };
        let mut init = RequestInit::new();
        init.with_method(Method::from(method.to_owned()));
        init.with_body((!body.is_empty()).then(|| JsValue::from_str(&body)));
        let mut response = mailbox.fetch_request(Request::new_with_init(&url, &init)?).await?;
        let (status, body) = (response.status_code(), response.text().await?);
        Ok(Attempt { status, body, headers: Headers::new() })
    }
}

/// Returns how long the provider asks to wait, in milliseconds.
fn retry_after(headers: &Headers) -> Option<i64> {
    let now = timestamp(now_ms());
    if let Some(value) = headers.get("retry-after").ok().flatten() {
        return retry_after_ms(&value, now);
    }
    // SendGrid names the second at which its rate limit ends.
    let reset_s: i64 = headers.get("x-ratelimit-reset").ok().flatten()?.parse().ok()?;
    Some(reset_s.saturating_mul(1_000).saturating_sub(now.ms()))
}

fn unsubscribe_url(notice: &Notice) -> Option<&str> {
    match notice {
        Notice::MonthlyStatement(statement) => Some(&statement.unsubscribe_url),
        Notice::Invitation(_)
        | Notice::SignInLink(_)
        | Notice::PayoutSent(_)
        | Notice::PayoutDetailsChanged(_)
        | Notice::WebhookDisabled(_)
        | Notice::ApplicationReceived
        | Notice::ApplicationAccepted(_)
        | Notice::ApplicationDeclined(_) => None,
    }
}
