//! What was billed under an agreement. AWS's messages tell no amounts, so the operator's scheduler says when to look: what
//! the invoices of the agreement say is charged, and what completed billing adjustments say is refunded. Asking again
//! changes nothing.
//!
//! A credit memo among the invoices does not say which invoice it takes back; the billing adjustment that it comes from
//! does, so that one counts.
//!
//! Source: AWS Marketplace API reference, `ListAgreementInvoiceLineItems`, `ListBillingAdjustmentRequests`.

use super::{
    super::{
        adapter::{Answer, Arrival, Proof, Reply, Told, Unreadable, unreadable},
        event::{Event, EventKind, Evidence},
        money::minor_units,
        outgoing::Answered,
        proven,
        signature::{Payload, Refusal, Verified, bearer, platforms::aws_answers},
    },
    api::{self, AGREEMENTS, text},
};
use crate::domain::{money::Currency, values::time::Timestamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// The secret that the scheduler and the listing share.
pub const SECRET: &str = "poll_secret";

/// Answers that one callback may ask for.
const MAX_ANSWERS: usize = 6;

#[derive(Deserialize)]
struct Wanted {
    agreement_id: String,
}

/// What an answer is, by its place.
fn name(place: usize) -> &'static str {
    match place {
        0 => "agreement",
        1 => "adjustments",
        _ => "invoices",
    }
}

/// Where an answer's list goes on.
fn next(answered: Option<&Answered>) -> Option<String> {
    let page: Json = strict_json::from_str(&answered?.body).ok()?;
    text(&page, "/nextToken").map(str::to_owned)
}

/// The next question, or nothing if all is answered.
fn question(agreement_id: &str, answers: &[Answered]) -> Option<(&'static str, Json)> {
    let mut pages = json!({ "agreementId": agreement_id, "groupBy": "INVOICE_ID", "maxResults": 50 });
    match answers.len() {
        0 => Some(("DescribeAgreement", json!({ "agreementId": agreement_id }))),
        1 => {
            let body = json!({ "agreementId": agreement_id, "status": "COMPLETED", "maxResults": 50 });
            Some(("ListBillingAdjustmentRequests", body))
        }
        2 => Some(("ListAgreementInvoiceLineItems", pages)),
        asked => {
            let token = next(answers.last()).filter(|_| asked < MAX_ANSWERS)?;
            pages.as_object_mut()?.insert("nextToken".to_owned(), token.into());
            Some(("ListAgreementInvoiceLineItems", pages))
        }
    }
}

/// The scheduler proves itself; then AWS is asked, and its answers are the proof.
pub fn verify(arrival: &Arrival<'_>) -> Result<Proof<'static>, Refusal> {
    let asked = bearer(&arrival.callback, &arrival.listing.secret(SECRET))?;
    let Wanted { agreement_id } = proven::read(&asked).map_err(|_| Refusal::MalformedBody)?;
    let answers: Vec<_> = arrival.answers.iter().enumerate().map(|(at, it)| (name(at), it)).collect();
    let proof = aws_answers(&answers, Evidence::ApiPoll)?;
    if let Some(agreement) = arrival.answers.first() {
        let agreement: Json = strict_json::from_str(&agreement.body).map_err(|_| Refusal::MalformedBody)?;
        if text(&agreement, "/agreementId") != Some(&agreement_id) || !api::is_ours(&agreement, arrival) {
            return Err(Refusal::WrongAudience);
        }
    }
    match question(&agreement_id, arrival.answers) {
        Some((operation, body)) => api::request(arrival, &AGREEMENTS, operation, &body).map(Proof::Ask),
        None => Ok(Proof::Verified(proof)),
    }
}

/// Seconds since 1970, with or without a fraction, as AWS writes times.
fn time(seconds: Option<&Json>) -> Option<Timestamp> {
    let seconds = seconds.filter(|seconds| seconds.is_number())?.to_string();
    let seconds: i64 = seconds.split('.').next()?.parse().ok()?;
    Timestamp::from_ms(seconds.checked_mul(1000)?)
}

/// An amount above zero; or why it is none.
fn money(amount: Option<&str>, currency: Option<&str>) -> Result<(i64, Currency), &'static str> {
    let currency = currency.and_then(Currency::parse).ok_or("its currency is no ISO 4217 code")?;
    match amount.and_then(|amount| minor_units(amount, currency)) {
        Some((amount, false)) => Ok((amount, currency)),
        Some((_, true)) | None => Err("its amount is no amount of the currency"),
    }
}

/// What one agreement's answers tell, as it is read.
struct Reading<'p> {
    account: &'p str,
    agreement: &'p str,
    plan: Option<&'p str>,
    evidence: Evidence,
    events: Vec<Event>,
    /// Entries that do not count, and why the last one does not.
    left_out: usize,
    why: &'static str,
    credit_memos: usize,
    adjustments: usize,
}

impl Reading<'_> {
    fn leave_out(&mut self, why: &'static str) {
        self.left_out = self.left_out.saturating_add(1);
        self.why = why;
    }

    /// An invoice may be about several agreements, each with its part.
    fn invoice_name(&self, invoice: &str) -> String {
        format!("invoice:{}:{invoice}", self.agreement)
    }

    fn tell(&mut self, event: Event, money: Result<(i64, Currency), &'static str>) {
        match money {
            Err(why) => self.leave_out(why),
            Ok((0, _)) => {}
            Ok(_) if self.events.iter().any(|told| told.transaction == event.transaction) => {
                self.leave_out("its id stands there twice");
            }
            Ok((amount, currency)) => {
                let plan = self.plan.map(str::to_owned);
                let currency = Some(currency.code().to_owned());
                self.events.push(Event { amount: Some(amount), currency, plan, ..event });
            }
        }
    }

    fn invoice(&mut self, entry: &Json) {
        match text(entry, "/invoiceType") {
            Some("INVOICE") => {}
            Some("CREDIT_MEMO") => {
                self.credit_memos = self.credit_memos.saturating_add(1);
                return;
            }
            _ => return self.leave_out("it is no invoice"),
        }
        let Some(id) = text(entry, "/invoiceId") else { return self.leave_out("it has no id") };
        let amount = text(entry, "/pricingCurrencyAmount/amount");
        let money = money(amount, text(entry, "/pricingCurrencyAmount/currencyCode"));
        let name = self.invoice_name(id);
        let event = Event {
            occurred_at: time(entry.get("issuedTime")),
            ..Event::new(EventKind::Charged, self.account, name, self.evidence)
        };
        self.tell(event, money);
    }

    fn adjustment(&mut self, entry: &Json) {
        if text(entry, "/status") != Some("COMPLETED") {
            return;
        }
        self.adjustments = self.adjustments.saturating_add(1);
        let ids = text(entry, "/billingAdjustmentRequestId").zip(text(entry, "/originalInvoiceId"));
        let Some((id, invoice)) = ids else { return self.leave_out("it has no id") };
        let money = money(text(entry, "/adjustmentAmount"), text(entry, "/currencyCode"));
        let event = Event {
            charge: Some(self.invoice_name(invoice)),
            occurred_at: time(entry.get("updatedAt")),
            ..Event::new(EventKind::Refunded, self.account, format!("adjustment:{id}"), self.evidence)
        };
        self.tell(event, money);
    }

    /// What the operator should know.
    fn log(&self, is_whole: bool) -> Option<String> {
        let unexplained = self.credit_memos.saturating_sub(self.adjustments);
        if is_whole && unexplained == 0 && self.left_out == 0 {
            return None;
        }
        let last = if self.left_out > 0 { format!(" (the last: {})", self.why) } else { String::new() };
        let rest = if is_whole { "" } else { ", and there is more than was asked for" };
        Some(format!(
            "{} entries do not count{last}, {unexplained} credit memos come from no billing adjustment{rest}",
            self.left_out
        ))
    }
}

/// What AWS billed, and gave back.
pub fn parse(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let Payload::Parameters(bodies) = proof.payload() else { return Err(unreadable("there are no answers")) };
    let agreement: Json = strict_json::from_str(proven::parameter(proof, name(0)).unwrap_or_default())?;
    let required = |pointer| text(&agreement, pointer).ok_or_else(|| unreadable(format!("no {pointer}")));
    let mut reading = Reading {
        account: required("/acceptor/accountId")?,
        agreement: required("/agreementId")?,
        plan: text(&agreement, "/proposalSummary/offerId"),
        evidence: proof.evidence(),
        events: Vec::new(),
        left_out: 0,
        why: "",
        credit_memos: 0,
        adjustments: 0,
    };
    for (place, (_, body)) in bodies.iter().enumerate().skip(1) {
        let page: Json = strict_json::from_str(body)?;
        let list = if place == 1 { "items" } else { "agreementInvoiceLineItemGroupSummaries" };
        for entry in page.get(list).and_then(Json::as_array).into_iter().flatten() {
            if place == 1 { reading.adjustment(entry) } else { reading.invoice(entry) }
        }
    }
    let is_whole = next(arrival.answers.last()).is_none() && next(arrival.answers.get(1)).is_none();
    let log = reading.log(is_whole);
    let answer = json!({ "told": reading.events.len(), "left_out": reading.left_out, "complete": is_whole });
    let answer = Answer::with_body(200, "application/json", answer.to_string());
    Ok(Told { log, ..Told::new(reading.events, Reply::Plain(answer)) })
}
