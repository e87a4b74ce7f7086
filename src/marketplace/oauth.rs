//! Installs by OAuth (RFC 6749 §4.1). The vendor redirects the browser here with a code. The vendor's token endpoint
//! accepts the code and names the account, which proves the install. A code is accepted once, so the app cannot
//! exchange it again: it requests the vendor's response here, at the kind `token`, as it would from the vendor.

use super::{
    adapter::{
        CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Reply, TokenHandoff,
        Unreadable, VerifyError, unreadable,
    },
    payload,
    signature::{Refusal, TokenEndpoint, Verified, accepted_code, client_secret_post},
    vendor_api::{VendorApi, VendorResponse},
};

/// Where the app fetches the vendor's token response.
pub const TOKEN: Kind = Kind { name: "token", methods: &["POST"], origin: CallbackOrigin::App };

/// Its description for the operator.
#[cfg(not(target_arch = "wasm32"))]
pub const ABOUT_TOKEN: &str = "the app's token URL for codes, in place of the vendor's (refresh tokens still go to the \
            vendor): a request with `code` and `client_secret`, as a form or as JSON, returns the vendor's token \
            response for ten minutes after the install";

/// A query parameter, which must not occur twice. Its value is not proven.
pub fn parameter(context: &CallbackContext<'_>, name: &str) -> Result<Option<String>, Refusal> {
    let mut values =
        url::form_urlencoded::parse(context.address().1.as_bytes()).filter(|(known, _)| known == name);
    let first = values.next().map(|(_, value)| value.into_owned());
    match values.next() {
        Some(_) => Err(Refusal::DuplicateParameter),
        None => Ok(first.filter(|value| !value.is_empty())),
    }
}

/// Exchanges the code of a browser's callback with the listing's `client_id` and `client_secret`. Returns the proof and
/// the vendor's response.
pub async fn exchange_code(
    context: &CallbackContext<'_>,
    api: &dyn VendorApi,
    endpoint: TokenEndpoint,
    more: &[(&str, &str)],
) -> Result<(Verified<'static>, VendorResponse), VerifyError> {
    let code = parameter(context, "code")?.ok_or(Refusal::MissingParameter("code"))?;
    let client_id = context.listing.setting("client_id").filter(|id| !id.is_empty());
    let client_id = client_id.ok_or(Refusal::NotConfigured)?;
    let secrets = context.listing.secret("client_secret");
    let secret = secrets.first().filter(|secret| !secret.is_empty()).ok_or(Refusal::NotConfigured)?;
    let parameters = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("client_secret", secret),
        ("code", &code),
        // The URL of this callback is the one that is registered with the vendor.
        ("redirect_uri", context.address().0),
    ];
    let response = api.send(&endpoint.request(&[parameters.as_slice(), more].concat())).await?;
    Ok((accepted_code(&response)?, response))
}

/// Keeps the vendor's token response for the app.
pub fn token_handoff(response_body: &str, context: &CallbackContext<'_>) -> Result<TokenHandoff, Unreadable> {
    let code = parameter(context, "code").ok().flatten();
    let code = code.ok_or_else(|| unreadable("there is no code"))?;
    Ok(TokenHandoff { code, body: response_body.to_owned() })
}

/// Verifies the app's request for a token response: its `client_secret` must be the listing's secret of this name.
pub fn verify_token_request(
    context: &CallbackContext<'_>,
    secret: &str,
) -> Result<Verified<'static>, Refusal> {
    client_secret_post(&context.callback, &context.listing.secret(secret))
}

/// Parses the app's request for a token response.
pub fn parse_token_request(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let code = payload::parameter(verified, "code").ok_or_else(|| unreadable("there is no code"))?.to_owned();
    Ok(ParsedCallback::new(Vec::new(), Reply::TokenHandoff { code }))
}

/// The response that carries a stored token response as its body (RFC 6749 §5.1).
#[must_use]
pub fn token_response() -> CallbackResponse {
    let mut response = CallbackResponse::with_body(200, "application/json", "");
    response.headers.extend([("cache-control", "no-store".to_owned()), ("pragma", "no-cache".to_owned())]);
    response
}

/// The response for a code that is unknown or expired (RFC 6749 §5.2).
#[must_use]
pub fn invalid_grant() -> CallbackResponse {
    CallbackResponse::with_body(400, "application/json", r#"{"error":"invalid_grant"}"#)
}
