//! A merchant connects a store to the operator's app: the app asks for the URL to send the browser to (`connect`), the
//! store sends its keys (`auth`), which is the install, and the app fetches them (`token`). The app redirects the
//! browser, so that Signpost never redirects to a host that a visitor entered.
//!
//! Source: woocommerce/woocommerce `class-wc-auth.php`.

use super::super::{
    adapter::{
        CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Reply, TokenHandoff,
        Unreadable, Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind},
    oauth, payload, public_host,
    signature::{Connection, Payload, Refusal, StoreKeys, Verified, bearer},
    vendor_api::VendorApi,
};
use crate::domain::clicks::click::CLICK_ID_LENGTH;
use serde::Deserialize;

/// Where the app requests the authorization URL of a store.
pub const CONNECT: Kind = Kind { name: "connect", methods: &["POST"], origin: CallbackOrigin::App };
/// Where the store sends its keys.
pub const AUTH: Kind = Kind { name: "auth", methods: &["POST"], origin: CallbackOrigin::Server };

/// The secret that the app and the listing share. It also signs the `user_id` that the store returns.
const SECRET: &str = "connect_secret";

/// The app's request.
#[derive(Deserialize)]
struct ConnectRequest {
    shop: String,
    return_url: String,
    click_id: Option<String>,
}

/// The app's name, and what its keys may do. Write-only keys cannot be tried, so that scope is not accepted.
fn terms<'a>(context: &CallbackContext<'a>) -> Option<(&'a str, &'a str)> {
    let app_name = context.listing.setting("app_name").filter(|name| !name.is_empty())?;
    let scope = context.listing.setting("scope").unwrap_or("read");
    matches!(scope, "read" | "read_write").then_some((app_name, scope))
}

/// Verifies a callback of one of these kinds.
pub async fn verify<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let secrets = context.listing.secret(SECRET);
    if context.kind == oauth::TOKEN {
        return Ok(oauth::verify_token_request(context, SECRET)?.into());
    }
    if context.kind == CONNECT {
        let verified = bearer(&context.callback, &secrets)?;
        terms(context).ok_or(Refusal::NotConfigured)?;
        return Ok(verified.into());
    }
    let keys = StoreKeys::read(&context.callback, &context.listing.id, &secrets, context.now)?;
    let response = api.send(&keys.request()).await?;
    Ok(keys.confirm(&response)?.into())
}

fn answer(status: u16, body: &serde_json::Value) -> ParsedCallback {
    let mut answer = CallbackResponse::with_body(status, "application/json", body.to_string());
    answer.headers.push(("cache-control", "no-store".to_owned()));
    ParsedCallback::new(Vec::new(), Reply::Plain(answer))
}

fn invalid(what: &str) -> ParsedCallback {
    answer(400, &serde_json::json!({ "error": "invalid_request", "error_description": what }))
}

/// Returns the authorization URL.
pub fn connect(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let Ok(request) = strict_json::from_str::<ConnectRequest>(payload::text(verified)?) else {
        return Ok(invalid("The body is a JSON object with `shop`, `return_url` and, if known, `click_id`."));
    };
    let Some(store) = public_host::address(&request.shop) else {
        return Ok(invalid(
            "`shop` is an address such as https://shop.example or https://shop.example/store.",
        ));
    };
    if !request.return_url.starts_with("https://") {
        return Ok(invalid("`return_url` is an address of the app, with https."));
    }
    let here = context.address().0.trim_end_matches('/');
    let Some(base) = here.strip_suffix(CONNECT.name) else {
        return Ok(invalid("Nothing follows `connect` in the address."));
    };
    // The visitor controls this value. A malformed click id must not prevent a merchant from connecting.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let click_id = request.click_id.filter(|id| id.len() == CLICK_ID_LENGTH && id.bytes().all(plain));
    let connection = Connection { store: &store, click_id: click_id.as_deref().unwrap_or_default() };
    let sealed = connection.seal(&context.listing.id, &context.listing.secret(SECRET), context.now);
    let ((app_name, scope), sealed) =
        terms(context).zip(sealed).ok_or_else(|| unreadable("the listing is not set up"))?;
    let callback_url = format!("{base}{}", AUTH.name);
    let fields = [
        ("app_name", app_name),
        ("scope", scope),
        ("user_id", &sealed),
        ("return_url", &request.return_url),
        ("callback_url", &callback_url),
    ];
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let authorize_url = format!("{store}/wc-auth/v1/authorize?{query}");
    Ok(answer(200, &serde_json::json!({ "authorize_url": authorize_url, "user_id": sealed })))
}

/// Parses the keys: the install. WooCommerce deletes the keys unless the response is 200.
pub fn authorized(
    verified: &Verified<'_>,
    context: &CallbackContext<'_>,
) -> Result<ParsedCallback, Unreadable> {
    let Payload::Parameters(proven) = verified.payload() else { return Err(unreadable("there are no keys")) };
    let [(_, store), (_, click_id), (_, key), (_, secret), (_, permissions), (_, user_id)] =
        proven.as_slice()
    else {
        return Err(unreadable("there are no keys"));
    };
    let installed = Event {
        occurred_at: Some(context.now),
        clicks: Some(click_id.clone()).into_iter().filter(|id| !id.is_empty()).collect(),
        ..Event::new(EventKind::Installed, store, format!("install:{store}"), verified.evidence())
    };
    let body = serde_json::json!({
        "shop": store, "consumer_key": key, "consumer_secret": secret, "key_permissions": permissions,
        "user_id": user_id,
    });
    let token_handoff = Some(TokenHandoff { code: user_id.clone(), body: body.to_string() });
    Ok(ParsedCallback {
        token_handoff,
        ..ParsedCallback::new(vec![installed], Reply::Plain(CallbackResponse::empty(200)))
    })
}
