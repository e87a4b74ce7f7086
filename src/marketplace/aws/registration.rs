//! The fulfilment URL: a customer's browser posts a token here, AWS says whose it is, and that is the install. Nothing else
//! in the form is read: the browser could write anything there.

use super::{
    super::{
        adapter::{AccountName, Arrival, Proof, Reply, Told, Unreadable, is_urlencoded, unreadable},
        event::{Event, EventKind, Evidence},
        proven,
        signature::{Refusal, Verified, platforms::aws_answers},
    },
    api::{METERING, request, text},
};
use serde_json::{Value as Json, json};

/// The form's field with the token.
const TOKEN: &str = "x-amzn-marketplace-token";
/// What AWS answered, in the proof.
const CUSTOMER: &str = "customer";

/// The form as it came. It goes into a header so.
fn form<'a>(arrival: &Arrival<'a>) -> Option<&'a str> {
    std::str::from_utf8(arrival.callback.body).ok().filter(|form| is_urlencoded(form))
}

/// The token, which must stand there once.
fn token(form: &str) -> Result<String, Refusal> {
    let mut found = url::form_urlencoded::parse(form.as_bytes()).filter(|(name, _)| name == TOKEN);
    let token = found.next().map(|(_, value)| value.into_owned()).filter(|token| !token.is_empty());
    match found.next() {
        Some(_) => Err(Refusal::DuplicateParameter),
        None => token.ok_or(Refusal::MissingParameter(TOKEN)),
    }
}

/// Has AWS resolve the token. All that can be wrong on our side is wrong before it is asked.
pub fn verify(arrival: &Arrival<'_>) -> Result<Proof<'static>, Refusal> {
    let product = arrival.listing.setting("product_code").filter(|code| !code.is_empty());
    let product = product.ok_or(Refusal::NotConfigured)?;
    let form = form(arrival).ok_or(Refusal::MalformedParameters)?;
    arrival.listing.onward(form).ok_or(Refusal::NotConfigured)?;
    let token = token(form)?;
    let Some(answered) = arrival.answers.first() else {
        let body = json!({ "RegistrationToken": token });
        return request(arrival, &METERING, "ResolveCustomer", &body).map(Proof::Ask);
    };
    let proof = aws_answers(&[(CUSTOMER, answered)], Evidence::CodeExchange)?;
    let customer = customer(&proof).map_err(|_| Refusal::MalformedBody)?;
    // AWS takes the tokens of all products of the seller.
    if text(&customer, "/ProductCode") != Some(product) {
        return Err(Refusal::WrongAudience);
    }
    Ok(Proof::Verified(proof))
}

fn customer(proof: &Verified<'_>) -> Result<Json, Unreadable> {
    Ok(strict_json::from_str(proven::parameter(proof, CUSTOMER).unwrap_or_default())?)
}

/// The end of a licence's ARN: documentation and messages write the rest of it in different ways.
pub fn license(arn: &str) -> Option<&str> {
    arn.rsplit(':').next().filter(|id| id.starts_with("l-"))
}

/// The install. The account is the customer's AWS account; what events may name instead leads to it.
pub fn parse(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let customer = customer(proof)?;
    let legacy = text(&customer, "/CustomerIdentifier").map(str::trim);
    let account = text(&customer, "/CustomerAWSAccountId").or(legacy);
    let account = account.ok_or_else(|| unreadable("AWS names no customer"))?;
    let others =
        [legacy, text(&customer, "/LicenseArn").and_then(license), text(&customer, "/Metadata/AgreementId")];
    let name = |alias: &str| AccountName { alias: alias.to_owned(), account: account.to_owned() };
    let names = others.into_iter().flatten().filter(|other| *other != account).map(name).collect();
    let query = form(arrival).ok_or_else(|| unreadable("the form is not urlencoded"))?.to_owned();
    let installed = Event::new(EventKind::Installed, account, format!("install:{account}"), proof.evidence());
    let reply = Reply::Relay { account: account.to_owned(), query };
    Ok(Told { names, ..Told::new(vec![installed], reply) })
}
