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
        adapter::{
            CallbackContext, CallbackResponse, ParsedCallback, Reply, Unreadable, Verification, VerifyError,
            unreadable,
        },
        event::{Event, EventKind, Evidence},
        money::minor_units,
        payload,
        signature::{Payload, Refusal, Verified, bearer, platforms::aws_answers},
        vendor_api::{MAX_CALLS, VendorApi, VendorResponse},
    },
    api::{self, AGREEMENTS, text},
};
use crate::domain::{money::Currency, values::time::Timestamp};
use json::FromJson;
use serde_json::{Value as Json, json};

/// The secret that the scheduler and the listing share.
pub const SECRET: &str = "poll_secret";

/// Names of responses in the proof.
const AGREEMENT: &str = "agreement";
const ADJUSTMENTS: &str = "adjustments";
const INVOICES: &str = "invoices";

#[derive(FromJson)]
struct PollRequest {
    agreement_id: String,
}

/// The token of a list's next page, if there is one.
fn next_page(body: &str) -> Option<String> {
    let page: Json = json::read(body).ok()?;
    text(&page, "/nextToken").map(str::to_owned)
}

/// Verifies the scheduler, then collects what AWS says of the agreement. The responses are the proof.
pub async fn verify(
    context: &CallbackContext<'_>,
    api: &dyn VendorApi,
) -> Result<Verification<'static>, VerifyError> {
    let credentials = bearer(&context.callback, &context.listing.secret(SECRET))?;
    let PollRequest { agreement_id } = payload::read(&credentials).map_err(|_| Refusal::MalformedBody)?;
    let mut responses = Vec::new();
    let body = json!({ "agreementId": agreement_id });
    let response = ask(context, api, "DescribeAgreement", &body).await?;
    let agreement: Json = json::read(&response.body).map_err(|_| Refusal::MalformedBody)?;
    if text(&agreement, "/agreementId") != Some(&agreement_id) || !api::is_ours(&agreement, context) {
        return Err(Refusal::WrongAudience.into());
    }
    responses.push((AGREEMENT, response));
    let body = json!({ "agreementId": agreement_id, "status": "COMPLETED", "maxResults": 50 });
    responses.push((ADJUSTMENTS, ask(context, api, "ListBillingAdjustmentRequests", &body).await?));
    let mut body = json!({ "agreementId": agreement_id, "groupBy": "INVOICE_ID", "maxResults": 50 });
    loop {
        let response = ask(context, api, "ListAgreementInvoiceLineItems", &body).await?;
        let next = next_page(&response.body);
        responses.push((INVOICES, response));
        match (next, body.as_object_mut()) {
            (Some(next), Some(fields)) if responses.len() < MAX_CALLS => {
                fields.insert("nextToken".to_owned(), next.into());
            }
            _ => break,
        }
    }
    let responses: Vec<_> = responses.iter().map(|(name, response)| (*name, response)).collect();
    Ok(aws_answers(&responses, Evidence::ApiPoll)?.into())
}

/// Asks AWS, and returns the response if it is not an error.
async fn ask(
    context: &CallbackContext<'_>,
    api: &dyn VendorApi,
    operation: &str,
    body: &Json,
) -> Result<VendorResponse, VerifyError> {
    let response = api::call(context.listing, api, &AGREEMENTS, operation, body).await?;
    aws_answers(&[(operation, &response)], Evidence::ApiPoll)?;
    Ok(response)
}

/// Seconds since 1970, with or without a fraction, as AWS writes times.
fn time(seconds: Option<&Json>) -> Option<Timestamp> {
    let seconds = json::text(seconds.filter(|seconds| seconds.is_number())?);
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

/// Parses what AWS billed and refunded.
pub fn parse(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let Payload::Parameters(bodies) = verified.payload() else {
        return Err(unreadable("there are no responses"));
    };
    let agreement: Json = json::read(payload::parameter(verified, AGREEMENT).unwrap_or_default())?;
    let required = |pointer| text(&agreement, pointer).ok_or_else(|| unreadable(format!("no {pointer}")));
    let mut reading = Reading {
        account: required("/acceptor/accountId")?,
        agreement: required("/agreementId")?,
        plan: text(&agreement, "/proposalSummary/offerId"),
        evidence: verified.evidence(),
        events: Vec::new(),
        left_out: 0,
        why: "",
        credit_memos: 0,
        adjustments: 0,
    };
    for (name, body) in bodies.iter().filter(|(name, _)| name != AGREEMENT) {
        let page: Json = json::read(body)?;
        let is_adjustments = name == ADJUSTMENTS;
        let list = if is_adjustments { "items" } else { "agreementInvoiceLineItemGroupSummaries" };
        for entry in page.get(list).and_then(Json::as_array).into_iter().flatten() {
            if is_adjustments { reading.adjustment(entry) } else { reading.invoice(entry) }
        }
    }
    let adjustments = payload::parameter(verified, ADJUSTMENTS).and_then(next_page);
    let invoices = bodies.last().and_then(|(_, body)| next_page(body));
    let is_whole = adjustments.is_none() && invoices.is_none();
    let log = reading.log(is_whole);
    let body = json!({ "told": reading.events.len(), "left_out": reading.left_out, "complete": is_whole });
    let response = CallbackResponse::with_body(200, "application/json", json::text(&body));
    Ok(ParsedCallback { log, ..ParsedCallback::new(reading.events, Reply::Plain(response)) })
}
