//! Random requests: none is accepted and none causes a panic.

use crate::signatures::{
    cases::{Case, valid},
    signer::verifier,
};
use crate::support::random::times;
use proptest::{collection::vec, prelude::*, sample::select};
use signpost::{domain::values::time::Timestamp, marketplace::signature::Scheme};
use vectors::vector::Request;

/// Texts that the rules look for, and similar ones.
const WORDS: &[&str] = &[
    "",
    "authorization",
    "Basic ",
    "Bearer ",
    "x-adobe-signature",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "v1,",
    "X-HubSpot-Signature",
    "X-HubSpot-Signature-Version",
    "v1",
    "v2",
    "X-HubSpot-Signature-v3",
    "X-HubSpot-Request-Timestamp",
    "X-Shopify-Hmac-Sha256",
    "X-WC-Webhook-Signature",
    "hmac=",
    "token=",
    "timestamp=",
    "resource_uuid=",
    "signed_request=",
    "signed_payload=",
    "signed_payload_jwt=",
    "id_token=",
    "shop=",
    "ids[]=",
    "a.myshopify.com",
    "&",
    "=",
    ".",
    "?",
    "/",
    "#",
    "%",
    "%4",
    "%40",
    "+",
    "\u{e9}",
    "1793491200",
    "99999999999999999999",
    "eyJhbGciOiJIUzI1NiJ9",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "<a>",
    "<!DOCTYPE a>",
    "{\"alg\":\"HS256\"}",
    "a secret of the tests",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![vec(select(WORDS), 0..8).prop_map(|words| words.concat()), any::<String>()]
}

fn request() -> impl Strategy<Value = Request> {
    let header = (prop_oneof![select(WORDS).prop_map(str::to_owned), any::<String>()], text());
    let method = prop_oneof![Just("GET".to_owned()), Just("POST".to_owned()), any::<String>()];
    let url = prop_oneof![text().prop_map(|tail| format!("https://app.example.com/a?{tail}")), text()];
    let body = prop_oneof![text().prop_map(String::into_bytes), vec(any::<u8>(), 0..200)];
    (method, url, vec(header, 0..5), body).prop_map(|(method, url, headers, body)| Request {
        method,
        url,
        headers,
        body,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(times(2000)) })]

    #[test]
    fn whatever_comes_in_is_refused_and_nothing_panics(request in request(), now in any::<i64>()) {
        for scheme in Scheme::ALL {
            let now = Timestamp::clamped(now);
            let outcome = request.callback(|callback| verifier(*scheme).verify(callback, now).map(drop));
            prop_assert!(outcome.is_err(), "{} accepted {request:?}", scheme.name());
        }
    }

    #[test]
    fn a_valid_request_with_a_piece_replaced_never_panics(
        at in any::<prop::sample::Index>(),
        part in 0..4usize,
        cut in 0..6usize,
        piece in prop_oneof![select(WORDS).prop_map(str::to_owned), any::<String>()],
        now in any::<i64>(),
    ) {
        for case in valid() {
            let Case { vector, verifier, .. } = case;
            let mut request = vector.request;
            match part {
                0 => splice(&mut request.url, at, cut, &piece),
                1 => {
                    let mut body = String::from_utf8(request.body).unwrap();
                    splice(&mut body, at, cut, &piece);
                    request.body = body.into_bytes();
                }
                _ if request.headers.is_empty() => splice(&mut request.method, at, cut, &piece),
                _ => {
                    let header = at.index(request.headers.len());
                    let (name, value) = &mut request.headers[header];
                    splice(if part == 2 { value } else { name }, at, cut, &piece);
                }
            }
            for now in [case.now, Timestamp::clamped(now)] {
                // The outcome is not asserted, because the replaced piece may be unsigned.
                request.callback(|callback| verifier.verify(callback, now).is_ok());
            }
        }
    }
}

/// Replaces `cut` characters of `text` by `piece`.
fn splice(text: &mut String, at: prop::sample::Index, cut: usize, piece: &str) {
    let mut characters: Vec<char> = text.chars().collect();
    let start = at.index(characters.len() + 1);
    let end = (start + cut).min(characters.len());
    characters.splice(start..end, piece.chars());
    *text = characters.into_iter().collect();
}
