//! The fulfilment URL: a customer's browser posts a token, and AWS resolves it to a customer, which is the install. No
//! other field of the form is read, because the browser controls them.

use super::{
    super::{
        adapter::{
            AccountName, CallbackContext, ParsedCallback, Reply, Unreadable, Verification, VerifyError,
            is_urlencoded, unreadable,
        },
        event::{Event, EventKind, Evidence},
        payload,
        signature::{Refusal, Verified, platforms::aws_answers},
        vendor_api::VendorApi,
    },
    api::{METERING, call, text},
};
use serde_json::{Value as Json, json};

/// The form field with the token.
const TOKEN: &str = "x-amzn-marketplace-token";
/// The name of AWS's response in the proof.
const CUSTOMER: &str = "customer";

/// The raw form, which is put into a header.
fn form<'a>(context: &CallbackContext<'a>) -> Option<&'a str> {
    std::str::from_utf8(context.callback.body).ok().filter(|form| is_urlencoded(form))
}

/// The token, which must occur once.
fn token(form: &str) -> Result<String, Refusal> {
    let mut found = url::form_urlencoded::parse(form.as_bytes()).filter(|(name, _)| name == TOKEN);
    let token = found.next().map(|(_, value)| value.into_owned()).filter(|token| !token.is_empty());
    match found.next() {
        Some(_) => Err(Refusal::DuplicateParameter),
        None => token.ok_or(Refusal::MissingParameter(TOKEN)),
    }
}

/// Resolves the token with AWS. Everything that can be wrong on our side is checked first.
pub async fn verify(
    context: &CallbackContext<'_>,
    api: &dyn VendorApi,
) -> Result<Verification<'static>, VerifyError> {
    let product = context.listing.setting("product_code").filter(|code| !code.is_empty());
    let product = product.ok_or(Refusal::NotConfigured)?;
    let form = form(context).ok_or(Refusal::MalformedParameters)?;
    context.listing.forward_url(form).ok_or(Refusal::NotConfigured)?;
    let body = json!({ "RegistrationToken": token(form)? });
    let response = call(context.listing, api, &METERING, "ResolveCustomer", &body).await?;
    let verified = aws_answers(&[(CUSTOMER, &response)], Evidence::CodeExchange)?;
    let customer = customer(&verified).map_err(|_| Refusal::MalformedBody)?;
    // AWS resolves tokens of all the seller's products.
    if text(&customer, "/ProductCode") != Some(product) {
        return Err(Refusal::WrongAudience.into());
    }
    Ok(verified.into())
}

fn customer(verified: &Verified<'_>) -> Result<Json, Unreadable> {
    Ok(strict_json::from_str(payload::parameter(verified, CUSTOMER).unwrap_or_default())?)
}

/// The last part of a licence's ARN. The documentation and the messages differ in the rest.
pub fn license(arn: &str) -> Option<&str> {
    arn.rsplit(':').next().filter(|id| id.starts_with("l-"))
}

/// Parses the install. The account is the customer's AWS account; its other names are those that events may use
/// instead.
pub fn parse(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let customer = customer(verified)?;
    let legacy = text(&customer, "/CustomerIdentifier").map(str::trim);
    let account = text(&customer, "/CustomerAWSAccountId").or(legacy);
    let account = account.ok_or_else(|| unreadable("AWS names no customer"))?;
    let others =
        [legacy, text(&customer, "/LicenseArn").and_then(license), text(&customer, "/Metadata/AgreementId")];
    let name = |alias: &str| AccountName { alias: alias.to_owned(), account: account.to_owned() };
    let names = others.into_iter().flatten().filter(|other| *other != account).map(name).collect();
    let query = form(context).ok_or_else(|| unreadable("the form is not urlencoded"))?.to_owned();
    let installed =
        Event::new(EventKind::Installed, account, format!("install:{account}"), verified.evidence());
    let reply = Reply::BrowserHandoff { account: account.to_owned(), query };
    Ok(ParsedCallback { names, ..ParsedCallback::new(vec![installed], reply) })
}
