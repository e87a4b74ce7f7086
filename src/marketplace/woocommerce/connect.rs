//! A merchant connects a store to the operator's app: the app asks here where to send the browser (`connect`), the store
//! hands its keys over here (`auth`), which is the install, and the app fetches them (`token`). It is the app that sends
//! the browser, so that nothing of ours leads to a host that a visitor typed.
//!
//! Source: woocommerce/woocommerce `class-wc-auth.php`.

use super::super::{
    adapter::{Answer, Arrival, Kind, Proof, Reply, Told, Unreadable, Way, unreadable},
    event::{Event, EventKind},
    oauth::{self, HandOver},
    proven, public_host,
    signature::{Connection, Exchange, Payload, Refusal, Verified, bearer, store_keys},
};
use crate::domain::clicks::click::CLICK_ID_LENGTH;
use serde::Deserialize;

/// Where the app asks for the way to a store.
pub const CONNECT: Kind = Kind { name: "connect", methods: &["POST"], way: Way::App };
/// Where the store hands its keys over.
pub const AUTH: Kind = Kind { name: "auth", methods: &["POST"], way: Way::Server };

/// What the app and the listing share. It also seals what comes back from the store.
const SECRET: &str = "connect_secret";

/// What the app asks.
#[derive(Deserialize)]
struct Wanted {
    shop: String,
    return_url: String,
    click_id: Option<String>,
}

/// What the operator set up: the app's name, and what its keys may do. Keys that only write cannot be tried.
fn terms<'a>(arrival: &Arrival<'a>) -> Option<(&'a str, &'a str)> {
    let app_name = arrival.listing.setting("app_name").filter(|name| !name.is_empty())?;
    let scope = arrival.listing.setting("scope").unwrap_or("read");
    matches!(scope, "read" | "read_write").then_some((app_name, scope))
}

/// Proves what comes to these kinds.
pub fn verify<'a>(arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
    let secrets = arrival.listing.secret(SECRET);
    if arrival.kind == oauth::TOKEN {
        return oauth::verify_token(arrival, SECRET);
    }
    if arrival.kind == CONNECT {
        let proof = bearer(&arrival.callback, &secrets)?;
        return terms(arrival).map(|_| Proof::Verified(proof)).ok_or(Refusal::NotConfigured);
    }
    let (id, answered) = (&arrival.listing.id, arrival.answers.first());
    Ok(match store_keys(&arrival.callback, id, &secrets, answered, arrival.now)? {
        Exchange::Ask(request) => Proof::Ask(request),
        Exchange::Proven(proof) => Proof::Verified(proof),
    })
}

fn answer(status: u16, body: &serde_json::Value) -> Told {
    let mut answer = Answer::with_body(status, "application/json", body.to_string());
    answer.headers.push(("cache-control", "no-store".to_owned()));
    Told::new(Vec::new(), Reply::Plain(answer))
}

fn invalid(what: &str) -> Told {
    answer(400, &serde_json::json!({ "error": "invalid_request", "error_description": what }))
}

/// Where the app sends the browser.
pub fn connect(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let Ok(wanted) = strict_json::from_str::<Wanted>(proven::text(proof)?) else {
        return Ok(invalid("The body is a JSON object with `shop`, `return_url` and, if known, `click_id`."));
    };
    let Some(store) = public_host::address(&wanted.shop) else {
        return Ok(invalid(
            "`shop` is an address such as https://shop.example or https://shop.example/store.",
        ));
    };
    if !wanted.return_url.starts_with("https://") {
        return Ok(invalid("`return_url` is an address of the app, with https."));
    }
    let here = arrival.address().0.trim_end_matches('/');
    let Some(base) = here.strip_suffix(CONNECT.name) else {
        return Ok(invalid("Nothing follows `connect` in the address."));
    };
    // It comes from a visitor by way of the app: what is no click id must not keep a merchant from connecting.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let click_id = wanted.click_id.filter(|id| id.len() == CLICK_ID_LENGTH && id.bytes().all(plain));
    let connection = Connection { store: &store, click_id: click_id.as_deref().unwrap_or_default() };
    let sealed = connection.seal(&arrival.listing.id, &arrival.listing.secret(SECRET), arrival.now);
    let ((app_name, scope), sealed) =
        terms(arrival).zip(sealed).ok_or_else(|| unreadable("the listing is not set up"))?;
    let callback_url = format!("{base}{}", AUTH.name);
    let fields = [
        ("app_name", app_name),
        ("scope", scope),
        ("user_id", &sealed),
        ("return_url", &wanted.return_url),
        ("callback_url", &callback_url),
    ];
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let authorize_url = format!("{store}/wc-auth/v1/authorize?{query}");
    Ok(answer(200, &serde_json::json!({ "authorize_url": authorize_url, "user_id": sealed })))
}

/// The install, with the keys for the app. WooCommerce deletes the keys unless it is answered 200.
pub fn authorised(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let Payload::Parameters(proven) = proof.payload() else { return Err(unreadable("there are no keys")) };
    let [(_, store), (_, click_id), (_, key), (_, secret), (_, permissions), (_, user_id)] =
        proven.as_slice()
    else {
        return Err(unreadable("there are no keys"));
    };
    let installed = Event {
        occurred_at: Some(arrival.now),
        clicks: Some(click_id.clone()).into_iter().filter(|id| !id.is_empty()).collect(),
        ..Event::new(EventKind::Installed, store, format!("install:{store}"), proof.evidence())
    };
    let body = serde_json::json!({
        "shop": store, "consumer_key": key, "consumer_secret": secret, "key_permissions": permissions,
        "user_id": user_id,
    });
    let hand_over = Some(HandOver { code: user_id.clone(), body: body.to_string() });
    Ok(Told { hand_over, ..Told::new(vec![installed], Reply::Plain(Answer::empty(200))) })
}
