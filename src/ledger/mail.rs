//! Which mail an event causes, to whom, and the destination that sends it.

use super::{
    payouts::details::{self, DestinationView, SetBy},
    terms,
    tx::Tx,
    webhooks as destinations,
};
use crate::{
    domain::{
        delivery::endpoint::{ApiVersion, EndpointStatus, EventFilter, Filters, PauseReason, Receiver},
        event::EventType,
        money::Money,
        payouts::{
            PayoutStatus,
            iban::mask,
            invoice_number,
            payer::{PayoutDetails, PayoutMethod, held_until},
        },
        programme::{Program, partner::Partner},
        values::{
            date::Date,
            id::{PartnerId, PayoutId, WebhookId},
            language::Language,
            time::Timestamp,
        },
    },
    mail::{
        Mail, Notice,
        notice::{PayoutDetailsChanged, PayoutSent, WebhookDisabled},
        providers::{AddressReport, ReportedState},
    },
    store::{
        Sql, SqlError,
        log::events,
        payouts,
        programme::partners,
        suppressions::{self, SuppressionReason},
        webhooks::{self, Webhook},
    },
};
use serde::{Deserialize, Serialize};

/// A mail and the person that it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressed {
    /// The recipient's address.
    pub to: String,
    /// The language in which the mail is written.
    pub language: Language,
    /// The programme's name.
    pub programme: String,
    /// The address that people write to with questions.
    pub support_email: Option<String>,
    /// The IANA time zone in which times are shown.
    pub time_zone: String,
    /// What the mail says.
    pub mail: Mail,
}

/// The types of events that cause mail.
pub const EVENTS: [EventType; 3] =
    [EventType::PayoutPaid, EventType::PayoutDetailsUpdated, EventType::WebhookDisabled];

/// Makes the destination that sends mail when the Worker can send, and deletes it when the Worker can no longer. One that is made
/// again starts anew, so that nobody gets mail about what happened meanwhile. Returns whether nothing is left to do.
pub fn follow_configuration(tx: &Tx<'_>, can_send: bool) -> Result<bool, SqlError> {
    let filter = EventFilter::Types(EVENTS.to_vec());
    let last = events::last_seq(tx.sql)?;
    match webhooks::mail(tx.sql)? {
        Some(destination) if !can_send => destinations::discard(tx, &destination)?,
        Some(destination) if destination.events.current != filter => {
            let mut changed = destination;
            changed.events.change(filter, last);
            destinations::put(tx.sql, &changed)?;
        }
        // Before the first event there is nothing to restore and nobody to write to, and a restore writes the mails' events again.
        None if can_send && last > 0 => {
            let made = Webhook {
                no: webhooks::next_no(tx.sql)?,
                id: tx.new_id(WebhookId::generate),
                receiver: Receiver::Mail,
                partner_no: None,
                url: String::new(),
                events: Filters::new(filter),
                description: None,
                status: EndpointStatus::Active,
                pause_reason: None,
                paused_at: None,
                api_version: ApiVersion::NEWEST,
                secrets: String::new(),
                start_seq: last,
                created_by: String::new(),
                created_at: tx.now,
                updated_at: tx.now,
            };
            destinations::put(tx.sql, &made)?;
        }
        None => return Ok(!can_send),
        Some(_) => {}
    }
    Ok(true)
}

/// What events say of the partner that they are about.
#[derive(Deserialize)]
struct About {
    id: Option<String>,
    partner_id: Option<PartnerId>,
    pause_reason: Option<PauseReason>,
    paused_at: Option<Timestamp>,
    url: Option<String>,
    method: Option<PayoutMethod>,
    set_by: Option<SetBy>,
}

/// Returns the mail that an event causes; `None` if there is nobody to send it to.
pub fn of_event(
    tx: &Tx<'_>,
    kind: EventType,
    at: Timestamp,
    data: &str,
) -> Result<Option<Addressed>, SqlError> {
    let about: About = strict_json::from_str(data).map_err(|error| SqlError::Engine(error.to_string()))?;
    let program = terms::current(tx)?;
    let partner = about.partner_id.as_ref().map(|id| partners::by_id(tx.sql, id)).transpose()?.flatten();
    if about.partner_id.is_some() && partner.is_none() {
        return Ok(None);
    }
    let notice = if kind == EventType::PayoutPaid {
        payout_sent(tx, &about)?
    } else if kind == EventType::PayoutDetailsUpdated {
        partner.as_ref().map(|partner| details_changed(tx, &about, partner, at)).transpose()?.flatten()
    } else if kind == EventType::WebhookDisabled {
        webhook_disabled(&about, at)
    } else {
        None
    };
    notice.map_or(Ok(None), |notice| addressed(tx.sql, &program, partner.as_ref(), notice))
}

fn addressed(
    sql: &dyn Sql,
    program: &Program,
    partner: Option<&Partner>,
    notice: Notice,
) -> Result<Option<Addressed>, SqlError> {
    let to = match partner {
        Some(partner) => partner.email.clone(),
        None => program.contact_email.clone(),
    };
    let Some(to) = to else { return Ok(None) };
    match suppressions::reason(sql, &to.to_lowercase())? {
        Some(SuppressionReason::Bounced | SuppressionReason::Complained) => return Ok(None),
        // Whoever does not want a newsletter must still learn that somebody changed the account.
        Some(SuppressionReason::Unsubscribed) if !notice.kind().is_transactional() => return Ok(None),
        Some(SuppressionReason::Unsubscribed) | None => {}
    }
    let country = partner.and_then(|partner| partner.country.as_deref());
    Ok(Some(Addressed {
        to,
        language: country.map_or(Language::English, Language::of_country),
        programme: program.name.clone(),
        support_email: program.contact_email.clone(),
        time_zone: program.zone().to_owned(),
        mail: Mail { recipient_name: partner.map(|partner| partner.name.clone()), notice },
    }))
}

/// Returns the shown end of a bank account without the dots before it. The end of another account is that of an e-mail address, which
/// says nothing.
fn account_end(method: PayoutMethod, masked: Option<String>) -> Option<String> {
    let masked = masked.filter(|_| method == PayoutMethod::Sepa)?;
    Some(masked.trim_start_matches('•').to_owned()).filter(|end| !end.is_empty())
}

fn payout_sent(tx: &Tx<'_>, about: &About) -> Result<Option<Notice>, SqlError> {
    let id = about.id.as_deref().and_then(PayoutId::parse);
    let Some(payout) = id.map(|id| payouts::by_id(tx.sql, &id)).transpose()?.flatten() else {
        return Ok(None);
    };
    // It may have come back since. Whoever made a payout elsewhere has told the partner.
    if payout.status != PayoutStatus::Paid || payouts::imported::is_imported(tx.sql, payout.run_no)? {
        return Ok(None);
    }
    let run = payouts::runs::by_no(tx.sql, payout.run_no)?
        .ok_or(SqlError::Shape { column: 0, expected: "a run" })?;
    let destination = details::destination_of(tx, &payout)?;
    let (method, ends_with) = match destination {
        Some(DestinationView { method, ends_with, .. }) => (method, ends_with),
        None => (PayoutMethod::Manual, None),
    };
    Ok(Some(Notice::PayoutSent(PayoutSent {
        amount: Money { amount: payout.amount, currency: payout.currency },
        paid_on: Date::of(payout.ended_at.unwrap_or(tx.now)),
        from: run.terms.from,
        to: run.terms.to,
        method,
        account_end: account_end(method, ends_with),
        reference: payout.reference,
        statement_number: payout.invoice_no.map(invoice_number),
        statement_url: None,
    })))
}

fn details_changed(
    tx: &Tx<'_>,
    about: &About,
    partner: &Partner,
    at: Timestamp,
) -> Result<Option<Notice>, SqlError> {
    let (Some(method), Some(set_by)) = (about.method, about.set_by) else { return Ok(None) };
    // If they were changed again since, the account is another one's.
    let stored = payouts::details::newest(tx.sql, partner.no)?.filter(|stored| stored.set_at == at);
    let opened = match stored.map(|stored| details::open(tx, &partner.id, &stored)).transpose() {
        Err(SqlError::KeyGone) => None,
        opened => opened?.flatten(),
    };
    let by_partner = set_by == SetBy::Partner;
    Ok(Some(Notice::PayoutDetailsChanged(PayoutDetailsChanged {
        changed_at: at,
        by_partner,
        method,
        account_end: account_end(method, opened.as_ref().and_then(PayoutDetails::destination).map(mask)),
        held_until: by_partner.then(|| held_until(at)),
        url: None,
    })))
}

fn webhook_disabled(about: &About, at: Timestamp) -> Option<Notice> {
    let host = url::Url::parse(about.url.as_deref()?).ok()?.host_str()?.to_owned();
    Some(Notice::WebhookDisabled(WebhookDisabled {
        endpoint_id: about.id.clone()?,
        host,
        reason: about.pause_reason?,
        disabled_at: about.paused_at.unwrap_or(at),
        url: None,
    }))
}

/// Records what a provider reports about addresses.
pub fn record_reports(tx: &Tx<'_>, provider: &str, reports: &[AddressReport]) -> Result<(), SqlError> {
    for AddressReport { address, state } in reports {
        let reason = match state {
            ReportedState::Lifted => {
                suppressions::lift(tx.sql, address, None, provider)?;
                continue;
            }
            ReportedState::Resubscribed => {
                suppressions::lift(tx.sql, address, Some(SuppressionReason::Unsubscribed), provider)?;
                continue;
            }
            ReportedState::Bounced => SuppressionReason::Bounced,
            ReportedState::Complained => SuppressionReason::Complained,
            ReportedState::Unsubscribed => SuppressionReason::Unsubscribed,
        };
        suppressions::add(tx.sql, address, reason, provider, tx.now)?;
    }
    Ok(())
}
