//! Requests with a valid signature that must be refused, and unusual requests that must be accepted.

use crate::signatures::signer::{NOW_S, SECRET, base64, get, hash, hex, post, verifier, verify_request};
use signpost::marketplace::signature::{
    Evidence, Parameters, Payload, Refusal, Scheme, SecretForm, Verifier,
};
use vectors::vector::Request;

const URL: &str = "https://app.example.com/callbacks";

fn shopify(body: &str) -> Result<(), Refusal> {
    verify_request(Scheme::ShopifyWebhook, &post(URL, &[("X-Shopify-Hmac-Sha256", &base64(body))], body))
}

#[test]
fn a_shopify_webhook_is_a_json_object() {
    for (body, expected) in [
        (r#"{"id":1}"#, Ok(())),
        (" \n{\"id\":1}\n", Ok(())),
        ("", Err(Refusal::EmptyBody)),
        // Other texts that Shopify signs with the same key must not be accepted as a webhook.
        ("code=1&shop=some-shop.myshopify.com&timestamp=1", Err(Refusal::MalformedBody)),
        (r#"[{"id":1}]"#, Err(Refusal::MalformedBody)),
        (r#"{"id":1"#, Err(Refusal::MalformedBody)),
        ("{}{}", Err(Refusal::MalformedBody)),
        ("null", Err(Refusal::MalformedBody)),
    ] {
        assert_eq!(shopify(body), expected, "{body}");
    }
}

#[test]
fn an_empty_webhook_is_refused_where_vendors_send_none() {
    for (scheme, header) in [
        (Scheme::AdobeIoEventsLegacyHmac, "x-adobe-signature"),
        (Scheme::WooSaasBillingWebhook, "X-WC-Webhook-Signature"),
        (Scheme::WoocommerceWebhook, "X-WC-Webhook-Signature"),
    ] {
        assert_eq!(verify_request(scheme, &post(URL, &[(header, &base64(""))], "")), Err(Refusal::EmptyBody));
        assert_eq!(verify_request(scheme, &post(URL, &[(header, &base64("x"))], "x")), Ok(()));
    }
}

/// Verifies `query`, sent with a time and a signature over `canonical`.
fn shopify_query(query: &str, canonical: &str) -> Result<(), Refusal> {
    let url = format!("{URL}?{query}&timestamp={NOW_S}&hmac={}", hex(canonical));
    verify_request(Scheme::ShopifyOauthQuery, &get(&url))
}

#[test]
fn a_shopify_query_is_signed_decoded_escaped_and_sorted() {
    let time = format!("timestamp={NOW_S}");
    let tail = format!("shop=a.myshopify.com&{time}");
    for (query, canonical) in [
        ("shop=a.myshopify.com&code=1", format!("code=1&{tail}")),
        ("code=1&&shop=a.myshopify.com", format!("code=1&{tail}")),
        ("shop=a.myshopify.com&a+b=c+d", format!("a b=c d&{tail}")),
        ("shop=a.myshopify.com&a%3Db=c=d", format!("a%3Db=c=d&{tail}")),
        ("shop=a.myshopify.com&a=1%26b%3D2", format!("a=1%26b=2&{tail}")),
        ("shop=a.myshopify.com&a=50%25", format!("a=50%25&{tail}")),
        ("shop=a.myshopify.com&a=%2526", format!("a=%2526&{tail}")),
        ("shop=a.myshopify.com&a=caf%C3%A9", format!("a=café&{tail}")),
        ("shop=a.myshopify.com&a", format!("a=&{tail}")),
        ("ids[]=2&shop=a.myshopify.com&ids[]=1", format!("ids=[\"2\", \"1\"]&{tail}")),
        ("ids%5B%5D=2&shop=a.myshopify.com", format!("ids=[\"2\"]&{tail}")),
        // The pairs are sorted by their bytes.
        ("shop=a.myshopify.com&b=1&a=2&B=3&a2=4", format!("B=3&a2=4&a=2&b=1&{tail}")),
        // The obsolete signature is not signed.
        ("shop=a.myshopify.com&signature=abc", tail.clone()),
    ] {
        assert_eq!(shopify_query(query, &canonical), Ok(()), "{query}");
    }
}

#[test]
fn a_shopify_query_that_could_be_read_as_another_is_refused() {
    let canonical = format!("shop=a.myshopify.com&timestamp={NOW_S}");
    for (query, refusal) in [
        ("shop=a.myshopify.com&shop=a.myshopify.com", Refusal::DuplicateParameter),
        ("shop=a.myshopify.com&sh%6Fp=b.myshopify.com", Refusal::DuplicateParameter),
        ("shop=a.myshopify.com&timestamp=1", Refusal::DuplicateParameter),
        ("shop=a.myshopify.com&hmac=00", Refusal::DuplicateParameter),
        ("shop=a.myshopify.com&signature=1&signature=2", Refusal::DuplicateParameter),
        ("shop=a.myshopify.com&ids=1&ids[]=2", Refusal::DuplicateParameter),
        ("shop=a.myshopify.com&ids=[%222%22,+%221%22]", Refusal::AmbiguousParameters),
        ("shop=a.myshopify.com&ids[]=2%22,+%221", Refusal::AmbiguousParameters),
        ("shop=a.myshopify.com&ids[]=2%5C", Refusal::AmbiguousParameters),
        ("shop=a.myshopify.com&a=%FF", Refusal::MalformedParameters),
        ("shop=a.myshopify.com&a=b", Refusal::BadSignature),
    ] {
        assert_eq!(shopify_query(query, &canonical), Err(refusal), "{query}");
    }
}

#[test]
fn a_shopify_query_names_a_shop_and_a_time() {
    let signed =
        |text: &str, shop: &str| get(&format!("{URL}?{text}&hmac={}", hex(text))).url.replace("SHOP", shop);
    for (shop, expected) in [
        ("some-shop.myshopify.com", Ok(())),
        ("1.myshopify.com", Ok(())),
        ("Some-Shop.myshopify.com", Ok(())),
        ("some-shop.myshopify.com.evil.example", Err(Refusal::WrongSubject)),
        ("evil.example/some-shop.myshopify.com", Err(Refusal::WrongSubject)),
        ("a.b.myshopify.com", Err(Refusal::WrongSubject)),
        ("-a.myshopify.com", Err(Refusal::WrongSubject)),
        (".myshopify.com", Err(Refusal::WrongSubject)),
        ("a_b.myshopify.com", Err(Refusal::WrongSubject)),
        ("myshopify.com", Err(Refusal::WrongSubject)),
        ("", Err(Refusal::WrongSubject)),
    ] {
        let text = format!("shop={shop}&timestamp={NOW_S}");
        assert_eq!(verify_request(Scheme::ShopifyOauthQuery, &get(&signed(&text, shop))), expected, "{shop}");
    }
    for (text, refusal) in [
        ("shop=a.myshopify.com".to_owned(), Refusal::MissingParameter("timestamp")),
        (format!("timestamp={NOW_S}"), Refusal::MissingParameter("shop")),
        (format!("shop[]=a.myshopify.com&timestamp={NOW_S}"), Refusal::BadSignature),
        ("shop=a.myshopify.com&timestamp=soon".to_owned(), Refusal::MalformedTime),
    ] {
        assert_eq!(
            verify_request(Scheme::ShopifyOauthQuery, &get(&signed(&text, ""))),
            Err(refusal),
            "{text}"
        );
    }
    // Shopify published this query for its libraries. Its signature is valid, but it has no time.
    let published = format!("{URL}?ids[]=2&ids[]=1&shop=some-shop.myshopify.com&hmac=");
    let request =
        get(&format!("{published}b93b9f82996f6f8bf9f1b7bbddec284c8fabacdc4e12dc80550b4705f3003b1e"));
    let verifier = Verifier::new(Scheme::ShopifyOauthQuery, &["hush"], Parameters::default()).unwrap();
    let outcome =
        request.callback(|callback| verifier.verify(callback, crate::signatures::signer::now()).map(drop));
    assert_eq!(outcome, Err(Refusal::MissingParameter("timestamp")));
}

fn hubspot(extra: &[(&str, &str)], version: &str, signature: &str) -> Request {
    let own = [("X-HubSpot-Signature", signature), ("X-HubSpot-Signature-Version", version)];
    post("https://app.example.com/hook", &[&own, extra].concat(), "[]")
}

#[test]
fn beside_hubspots_third_signature_the_first_two_do_not_count() {
    let text = "POSThttps://app.example.com/hook[]";
    let (v1, v2) = (hash("[]"), hash(text));
    assert_eq!(verify_request(Scheme::HubspotV1, &hubspot(&[], "v1", &v1)), Ok(()));
    assert_eq!(verify_request(Scheme::HubspotV2, &hubspot(&[], "v2", &v2)), Ok(()));
    // Each version is accepted only with its own version header.
    assert_eq!(verify_request(Scheme::HubspotV1, &hubspot(&[], "v2", &v1)), Err(Refusal::WrongAlgorithm));
    assert_eq!(verify_request(Scheme::HubspotV2, &hubspot(&[], "v1", &v2)), Err(Refusal::WrongAlgorithm));
    let mut unnamed = hubspot(&[], "v1", &v1);
    unnamed.headers.pop();
    let missing = Refusal::MissingHeader("X-HubSpot-Signature-Version");
    assert_eq!(verify_request(Scheme::HubspotV1, &unnamed), Err(missing));
    let time = (NOW_S * 1000).to_string();
    let right = base64(format!("{text}{time}"));
    for (third, expected) in [
        (right.as_str(), Ok(())),
        ("", Err(Refusal::MalformedSignature)),
        (&base64("x"), Err(Refusal::BadSignature)),
    ] {
        let third = [("x-hubspot-signature-v3", third), ("x-hubspot-request-timestamp", &time)];
        assert_eq!(verify_request(Scheme::HubspotV3, &hubspot(&third, "v1", &v1)), expected);
        for (scheme, version, signature) in [(Scheme::HubspotV1, "v1", &v1), (Scheme::HubspotV2, "v2", &v2)] {
            let outcome = verify_request(scheme, &hubspot(&third, version, signature));
            assert_eq!(outcome, Err(Refusal::StrongerSignature));
        }
    }
}

#[test]
fn hubspots_method_is_in_upper_case_and_its_uri_has_no_fragment() {
    let time = (NOW_S * 1000).to_string();
    let signature = base64(format!("POSThttps://app.example.com/a?b=@%2B{time}"));
    let headers = [("x-hubspot-signature-v3", signature.as_str()), ("x-hubspot-request-timestamp", &time)];
    let mut request = post("https://app.example.com/a?b=%40%2B#c", &headers, "");
    request.method = "post".to_owned();
    assert_eq!(verify_request(Scheme::HubspotV3, &request), Ok(()));
}

#[test]
fn one_of_the_listed_standard_webhook_signatures_must_match() {
    let time = NOW_S.to_string();
    let right = base64(format!("msg_1.{time}.{{}}"));
    let wrong = base64("x");
    let outcome_of = |list: &str| {
        let headers = [("webhook-id", "msg_1"), ("webhook-timestamp", &time), ("webhook-signature", list)];
        verify_request(Scheme::BigcommerceWebhook, &post(URL, &headers, "{}"))
    };
    for (list, expected) in [
        (format!("v1,{right}"), Ok(())),
        (format!("v1,{wrong} v1,{right}"), Ok(())),
        (format!("v1,{right} v1,{wrong}"), Ok(())),
        (format!("v1a,{right} v2,x v1,? v1,{right}"), Ok(())),
        (format!("v1,{wrong}"), Err(Refusal::BadSignature)),
        (format!("v1,{wrong} v1a,{right}"), Err(Refusal::BadSignature)),
        (format!("v1a,{right}"), Err(Refusal::MalformedSignature)),
        (format!("v2,{right}"), Err(Refusal::MalformedSignature)),
        (right.clone(), Err(Refusal::MalformedSignature)),
        (format!("v1,{right},v1,{right}"), Err(Refusal::MalformedSignature)),
        // A long list is cut, so that verifying it stays cheap.
        (format!("{}v1,{right}", format!("v1,{wrong} ").repeat(8)), Err(Refusal::BadSignature)),
    ] {
        assert_eq!(outcome_of(&list), expected, "{list}");
    }
}

#[test]
fn a_standard_webhooks_secret_is_base64_only_if_that_is_configured() {
    // The published example of Standard Webhooks.
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let headers = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let request = post(URL, &headers, "{\"test\": 2432232314}");
    let now = signpost::domain::values::time::Timestamp::from_ms(1_614_265_330_000).unwrap();
    for (secret, secret_form, expected) in [
        (secret, Some(SecretForm::Base64), Ok(())),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Some(SecretForm::Base64), Ok(())),
        (secret, None, Err(Refusal::BadSignature)),
        (secret, Some(SecretForm::Raw), Err(Refusal::BadSignature)),
    ] {
        let parameters = Parameters { secret_form, ..Parameters::default() };
        let verifier = Verifier::new(Scheme::BigcommerceWebhook, &[secret], parameters).unwrap();
        let outcome = request.callback(|callback| verifier.verify(callback, now).map(drop));
        assert_eq!(outcome, expected, "{secret} {secret_form:?}");
    }
}

#[test]
fn a_woocommerce_secret_is_decoded_once() {
    let signature = base64("{}");
    let request = post(URL, &[("X-WC-Webhook-Signature", &signature)], "{}");
    let stored = SECRET.replace('a', "&#0097;");
    for (scheme, secret, expected) in [
        (Scheme::WoocommerceWebhook, SECRET, Ok(())),
        // WordPress does not decode the entity of `a`.
        (Scheme::WoocommerceWebhook, stored.as_str(), Err(Refusal::BadSignature)),
        (Scheme::WooSaasBillingWebhook, SECRET, Ok(())),
    ] {
        let verifier = Verifier::new(scheme, &[secret], Parameters::default()).unwrap();
        let outcome = request
            .callback(|callback| verifier.verify(callback, crate::signatures::signer::now()).map(drop));
        assert_eq!(outcome, expected);
    }
    for (scheme, decoded) in [(Scheme::WoocommerceWebhook, true), (Scheme::WooSaasBillingWebhook, false)] {
        let verifier = |secret: &str| Verifier::new(scheme, &[secret], Parameters::default()).unwrap();
        // From the vector woocommerce_webhook-03.
        let body = r#"{"id":1,"status":"completed"}"#;
        let headers = [("X-WC-Webhook-Signature", "Q68BpXgP/px7aLWDD0mqkn3rWCB/0cc8Fl50ee3kBPk=")];
        let request = post(URL, &headers, body);
        let outcome = request.callback(|callback| {
            verifier("p&amp;ss&quot;w&#039;rd").verify(callback, crate::signatures::signer::now()).is_ok()
        });
        assert_eq!(outcome, decoded);
    }
}

#[test]
fn basic_credentials_are_compared_as_a_whole() {
    let with = |authorization: &str| {
        verify_request(Scheme::DigitaloceanBasicAuth, &post(URL, &[("Authorization", authorization)], "{}"))
    };
    use ::base64::{Engine, engine::general_purpose::STANDARD};
    let encoded = |text: &str| STANDARD.encode(text);
    for (authorization, expected) in [
        (format!("Basic {}", encoded("acme:a secret")), Ok(())),
        (format!("bAsIc   {}", encoded("acme:a secret")), Ok(())),
        (format!("Basic {}", encoded("acme:a secret ")), Err(Refusal::BadSignature)),
        (format!("Basic {}", encoded("acm:ea secret")), Err(Refusal::BadSignature)),
        (format!("Basic {}", encoded(":a secret")), Err(Refusal::BadSignature)),
        (format!("Basic {}", encoded("acme:")), Err(Refusal::BadSignature)),
        (format!("Basic {}", encoded("acme")), Err(Refusal::MalformedSignature)),
        (format!("Bearer {}", encoded("acme:a secret")), Err(Refusal::MalformedSignature)),
        (format!("Basic{}", encoded("acme:a secret")), Err(Refusal::MalformedSignature)),
        ("Basic acme:a secret".to_owned(), Err(Refusal::MalformedSignature)),
        ("Basic ".to_owned(), Err(Refusal::MalformedSignature)),
    ] {
        assert_eq!(with(&authorization), expected, "{authorization}");
    }
}

#[test]
fn a_digitalocean_token_proves_the_resource_and_nothing_else() {
    let token = hex(format!("{NOW_S}:r-1"));
    let form =
        format!("user_id=1&token={token}&resource_uuid=r-1&timestamp={NOW_S}&user_email=a%40b.example");
    let in_body = post(URL, &[], &form);
    let in_query = get(&format!("{URL}?{form}"));
    for request in [in_body, in_query] {
        request.callback(|callback| {
            let verifier = verifier(Scheme::DigitaloceanSso);
            let verified = verifier.verify(callback, crate::signatures::signer::now()).unwrap();
            let proven = [("timestamp", NOW_S.to_string()), ("resource_uuid", "r-1".to_owned())];
            let proven = proven.map(|(name, value)| (name.to_owned(), value)).to_vec();
            assert_eq!(verified.payload(), &Payload::Parameters(proven));
            assert_eq!(verified.signed_at(), Some(crate::signatures::signer::now()));
        });
    }
    // A POST request needs the parameters in the form; the query is not read.
    assert_eq!(
        verify_request(Scheme::DigitaloceanSso, &post(&format!("{URL}?{form}"), &[], "")),
        Err(Refusal::MissingParameter("token"))
    );
    for name in ["timestamp", "resource_uuid"] {
        let without = form.replace(&format!("{name}="), "other=");
        let outcome = verify_request(Scheme::DigitaloceanSso, &post(URL, &[], &without));
        assert_eq!(outcome, Err(Refusal::MissingParameter(name)));
        let twice = format!("{form}&{name}=1");
        let outcome = verify_request(Scheme::DigitaloceanSso, &post(URL, &[], &twice));
        assert_eq!(outcome, Err(Refusal::DuplicateParameter));
    }
}

#[test]
fn a_proof_says_what_it_proves() {
    for case in crate::signatures::cases::valid() {
        case.vector.request.callback(|callback| {
            let verified = case.verifier.verify(callback, case.now).unwrap();
            let evidence = match case.scheme {
                Scheme::DigitaloceanBasicAuth => Evidence::Credentials,
                Scheme::SalesforceOutboundMessage => Evidence::UnsignedBound,
                _ => Evidence::Signed,
            };
            assert_eq!(verified.evidence(), evidence, "{}", case.id);
            match verified.payload() {
                Payload::Body(body) => assert_eq!(*body, case.vector.request.body.as_slice()),
                Payload::Json(json) => assert!(json.starts_with(b"{") && json.ends_with(b"}")),
                Payload::Parameters(parameters) => {
                    assert!(parameters.iter().all(|(name, _)| name != "hmac" && name != "token"));
                    assert!(parameters.iter().any(|(name, _)| name == "shop" || name == "resource_uuid"));
                }
            }
        });
    }
}
