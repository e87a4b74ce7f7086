//! Invoices of an agreement. AWS's messages contain no amounts, so the operator's scheduler triggers a query: invoices
//! are charges, and completed billing adjustments are refunds. Repeating a query changes nothing.
//!
//! A credit memo does not name the invoice that it reduces, but the billing adjustment behind it does, so the
//! adjustment counts.
//!
//! Source: AWS Marketplace API reference, `ListAgreementInvoiceLineItems`, `ListBillingAdjustmentRequests`.

use super::{
    super::{
        adapter::{
            CallbackContext, CallbackResponse, ParsedCallback, Reply, Unreadable, Verification, VerifyError,
            unreadable,
        },
        event::{Event, EventKind, Evidence},
        money::{self, Amount},
        payload,
        signature::{Payload, Refusal, Verified, bearer, platforms::aws_answers},
        vendor_api::{MAX_CALLS, VendorApi, VendorResponse},
    },
    api::{self, AGREEMENTS, text},
};
use crate::domain::{money::Currency, values::time::Timestamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// The name of the secret that the scheduler and the listing share.
pub const SECRET: &str = "poll_secret";

/// Names of responses in the proof.
const AGREEMENT: &str = "agreement";
const ADJUSTMENTS: &str = "adjustments";
const INVOICES: &str = "invoices";

#[derive(Deserialize)]
struct PollRequest {
    agreement_id: String,
}

/// The token of a list's next page, if there is one.
fn next_page(body: &str) -> Option<String> {
    let page: Json = strict_json::from_str(body).ok()?;
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
    let agreement: Json = strict_json::from_str(&response.body).map_err(|_| Refusal::MalformedBody)?;
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

/// A time in seconds since 1970, with or without a fraction.
fn time(seconds: Option<&Json>) -> Option<Timestamp> {
    let seconds = seconds.filter(|seconds| seconds.is_number())?.to_string();
    let seconds: i64 = seconds.split('.').next()?.parse().ok()?;
    Timestamp::from_ms(seconds.checked_mul(1000)?)
}

/// A positive amount, or why it is not one.
fn money(text: Option<&str>, currency: Option<&str>) -> Result<(Amount, Currency), &'static str> {
    let currency = currency.and_then(Currency::parse).ok_or("its currency is not an ISO 4217 code")?;
    let amount = text.and_then(|text| money::amount(text, currency)).and_then(Amount::without_sign);
    Ok((amount.ok_or("its amount is not an amount of the currency")?, currency))
}

/// The events of one agreement, while the responses are read.
struct Reading<'p> {
    account: &'p str,
    agreement: &'p str,
    plan: Option<&'p str>,
    evidence: Evidence,
    events: Vec<Event>,
    /// The number of skipped entries, and the reason for the last one.
    skipped: usize,
    why: &'static str,
    credit_memos: usize,
    adjustments: usize,
}

impl Reading<'_> {
    fn skip(&mut self, why: &'static str) {
        self.skipped = self.skipped.saturating_add(1);
        self.why = why;
    }

    /// The name of a charge. An invoice may cover several agreements, each with its share.
    fn invoice_name(&self, invoice: &str) -> String {
        format!("invoice:{}:{invoice}", self.agreement)
    }

    fn push(&mut self, event: Event, money: Result<(Amount, Currency), &'static str>) {
        match money {
            Err(why) => self.skip(why),
            Ok((amount, _)) if amount.minor == 0 => {}
            Ok(_) if self.events.iter().any(|known| known.transaction == event.transaction) => {
                self.skip("its id occurs twice");
            }
            Ok((amount, currency)) => {
                let plan = self.plan.map(str::to_owned);
                self.events.push(Event { plan, ..event }.with_amount(amount, currency));
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
            _ => return self.skip("it is not an invoice"),
        }
        let Some(id) = text(entry, "/invoiceId") else { return self.skip("it has no id") };
        let amount = text(entry, "/pricingCurrencyAmount/amount");
        let money = money(amount, text(entry, "/pricingCurrencyAmount/currencyCode"));
        let name = self.invoice_name(id);
        let event = Event {
            occurred_at: time(entry.get("issuedTime")),
            ..Event::new(EventKind::Charged, self.account, name, self.evidence)
        };
        self.push(event, money);
    }

    fn adjustment(&mut self, entry: &Json) {
        if text(entry, "/status") != Some("COMPLETED") {
            return;
        }
        self.adjustments = self.adjustments.saturating_add(1);
        let ids = text(entry, "/billingAdjustmentRequestId").zip(text(entry, "/originalInvoiceId"));
        let Some((id, invoice)) = ids else { return self.skip("it has no id") };
        let money = money(text(entry, "/adjustmentAmount"), text(entry, "/currencyCode"));
        let event = Event {
            charge: Some(self.invoice_name(invoice)),
            occurred_at: time(entry.get("updatedAt")),
            ..Event::new(EventKind::Refunded, self.account, format!("adjustment:{id}"), self.evidence)
        };
        self.push(event, money);
    }

    /// A line for the operator's log, if something was skipped.
    fn log(&self, is_whole: bool) -> Option<String> {
        let unexplained = self.credit_memos.saturating_sub(self.adjustments);
        if is_whole && unexplained == 0 && self.skipped == 0 {
            return None;
        }
        let last = if self.skipped > 0 { format!(" (the last: {})", self.why) } else { String::new() };
        let rest = if is_whole { "" } else { ", and there is more than was asked for" };
        Some(format!(
            "{} entries do not count{last}, {unexplained} credit memos come from no billing adjustment{rest}",
            self.skipped
        ))
    }
}

/// Parses what AWS billed and refunded.
pub fn parse(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let Payload::Parameters(bodies) = verified.payload() else {
        return Err(unreadable("there are no responses"));
    };
    let agreement: Json = strict_json::from_str(payload::parameter(verified, AGREEMENT).unwrap_or_default())?;
    let required = |pointer| text(&agreement, pointer).ok_or_else(|| unreadable(format!("no {pointer}")));
    let mut reading = Reading {
        account: required("/acceptor/accountId")?,
        agreement: required("/agreementId")?,
        plan: text(&agreement, "/proposalSummary/offerId"),
        evidence: verified.evidence(),
        events: Vec::new(),
        skipped: 0,
        why: "",
        credit_memos: 0,
        adjustments: 0,
    };
    for (name, body) in bodies.iter().filter(|(name, _)| name != AGREEMENT) {
        let page: Json = strict_json::from_str(body)?;
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
    let body = json!({ "told": reading.events.len(), "left_out": reading.skipped, "complete": is_whole });
    let response = CallbackResponse::with_body(200, "application/json", body.to_string());
    // What is missing otherwise is there for the next call. An entry that cannot be read stays so.
    let (unprocessed, log) = if reading.skipped > 0 { (log, None) } else { (None, log) };
    Ok(ParsedCallback { log, unprocessed, ..ParsedCallback::new(reading.events, Reply::Plain(response)) })
}
