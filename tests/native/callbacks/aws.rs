//! AWS Marketplace: the registration, and a complete lifecycle over signed SNS, in every order.

use super::fake_vendor::{DocumentRequest, VendorResult, respond};
use super::{TestCallback, World, orders, signer};
use serde_json::{Value as Json, json};
use signpost::marketplace::vendor_api::{Document, VendorError, VendorRequest};

pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:993604559884:aws-marketplace-agreement-events";
pub(crate) const CERTIFICATE: &str =
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem";
pub(crate) const SELLER: &str = "993604559884";
pub(crate) const BUYER: &str = "782858285006";
pub(crate) const AGREEMENT: &str = "agmt-2nehijlqfz9g7f2v6imgyjhmu";
pub(crate) const PRODUCT: &str = "74az0btybm649octamy0sktos";
pub(crate) const PRODUCT_ID: &str = "prod-qtwveexampleid";
const LICENSE: &str = "l-e52ca6f38bf84d0fafb8802ca15ac11f";
/// The token and the keys of the vector `sigv4-resolve-customer`.
const TOKEN: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..opaque";
const KEY_ID: &str = "AKIDEXAMPLE";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

pub(crate) fn settings() -> Json {
    json!({"product_code": PRODUCT, "topic_arns": [TOPIC], "account_id": SELLER,
           "eventbridge_header": "X-Acme-EventBridge-Key"})
}

pub(crate) fn secrets() -> Json {
    json!({"access_key_id": KEY_ID, "secret_access_key": KEY, "eventbridge_secret": "b7f9c2e1d4a84f5e",
           "poll_secret": "poll-secret-0001"})
}

pub(crate) fn world_with(settings: &Json, secrets: &Json) -> World {
    let mut world = World::new("aws", settings, secrets);
    world.vendor.publishes = |request: &DocumentRequest| {
        assert_eq!((request.url.as_str(), request.newer), (CERTIFICATE, false));
        let text = Some(signer::CERTIFICATE.to_owned());
        Document { text, absent: false, newest: true }
    };
    world.vendor.responds = |_| customer(&json!({}));
    world
}

/// A description, AWS's response, and the expected status.
pub(crate) type VendorCase = (&'static str, fn(&VendorRequest) -> VendorResult, u16);

fn world() -> World {
    world_with(&settings(), &secrets())
}

pub(crate) fn ok(body: &Json) -> VendorResult {
    respond(200, body.to_string())
}

/// An AWS error. Its status is always 400.
pub(crate) fn error(name: &str) -> VendorResult {
    respond(400, json!({"__type": name, "message": "secret detail"}).to_string())
}

/// The response of `ResolveCustomer`, with replaced members.
fn customer(other: &Json) -> VendorResult {
    let mut customer = json!({"ProductCode": PRODUCT, "CustomerAWSAccountId": BUYER, "CustomerIdentifier": "X01EXAMPLEX",
        "LicenseArn": format!("arn:aws:license-manager::294406891311:license:{LICENSE}"),
        "Metadata": {"AgreementId": AGREEMENT}});
    customer.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    ok(&customer)
}

/// The response of `DescribeAgreement`.
pub(crate) fn described(status: &str) -> VendorResult {
    ok(&json!({"agreementId": AGREEMENT, "acceptor": {"accountId": BUYER}, "status": status,
        "proposalSummary": {"offerId": "offer-uovnpk2f6jq7s", "resources": [{"id": PRODUCT_ID, "type": "SaaSProduct"}]}}))
}

fn form(body: &str) -> TestCallback {
    let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    TestCallback { method: "POST", kind: "register", rest: String::new(), headers, body: body.to_owned() }
}

fn registration() -> TestCallback {
    form(&format!("x-amzn-marketplace-token={TOKEN}&x-amzn-marketplace-offer-type=free-trial"))
}

/// A signed SNS message.
pub(crate) fn sns(kind: &str, id: &str, at: &str, message: &str) -> TestCallback {
    sns_signed(kind, id, at, message, "2")
}

pub(crate) fn sns_signed(kind: &str, id: &str, at: &str, message: &str, version: &str) -> TestCallback {
    let (token, url) = ("2336412f37", "https://evil.example/?Action=ConfirmSubscription");
    let mut members = vec![("Message", message), ("MessageId", id)];
    if kind != "Notification" {
        members.push(("SubscribeURL", url));
    }
    members.push(("Timestamp", at));
    if kind != "Notification" {
        members.push(("Token", token));
    }
    members.extend([("TopicArn", TOPIC), ("Type", kind)]);
    let text: String = members.iter().map(|(name, value)| format!("{name}\n{value}\n")).collect();
    let tag = if version == "1" { signer::sha1(text.as_bytes()) } else { signer::sha256(text.as_bytes()) };
    let tag = signer::base64(tag);
    members.extend([("SignatureVersion", version), ("Signature", &tag), ("SigningCertURL", CERTIFICATE)]);
    let body: serde_json::Map<String, Json> =
        members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let headers = vec![("content-type".to_owned(), "text/plain; charset=UTF-8".to_owned())];
    let body = Json::Object(body).to_string();
    TestCallback { method: "POST", kind: "sns", rest: String::new(), headers, body }
}

/// An EventBridge event.
pub(crate) fn event(detail_type: &str, at: &str, agreement: &Json) -> Json {
    let mut named = json!({"id": AGREEMENT});
    named.as_object_mut().unwrap().extend(agreement.as_object().unwrap().clone());
    let mut detail = json!({"requestId": "40d82a8d", "catalog": "AWSMarketplace", "agreement": named,
        "acceptor": {"accountId": BUYER}, "proposer": {"accountId": SELLER}, "offer": {"id": "offer-uovnpk2f6jq7s"}});
    if detail_type.starts_with("License") {
        detail["product"] = json!({"id": PRODUCT_ID, "code": PRODUCT});
        detail["license"] = json!({"arn": format!("aws:license-manager:us-east-1:123456789012:{LICENSE}")});
    }
    json!({"version": "0", "id": "84a4f48b-44a8-0b77-c2a7-6448b8e6de3d", "detail-type": detail_type,
        "source": "aws.agreement-marketplace", "account": SELLER, "time": at, "region": "us-east-1",
        "resources": [], "detail": detail})
}

pub(crate) fn notification(id: &str, event: &Json) -> TestCallback {
    sns("Notification", id, "2026-11-22T11:59:57.204Z", &event.to_string())
}

#[test]
fn a_whole_life_ends_the_same_in_whatever_order_it_arrives_and_however_often() {
    let new = json!({"intent": "NEW", "status": "ACTIVE"});
    let gone = json!({"status": "CANCELLED"});
    let at = |minute: u32| format!("2026-11-22T11:{minute:02}:00Z");
    let steps: [Vec<TestCallback>; 4] = [
        vec![notification("m-0", &event("Purchase Agreement Created - Proposer", &at(0), &new))],
        vec![
            notification("m-1", &event("Purchase Agreement Created - Manufacturer", &at(0), &new)),
            notification("m-2", &event("License Updated - Manufacturer", &at(1), &json!({}))),
        ],
        vec![notification(
            "m-3",
            &event("Purchase Agreement Amended - Proposer", &at(20), &json!({"intent": "AMEND"})),
        )],
        vec![
            notification("m-4", &event("Purchase Agreement Ended - Proposer", &at(50), &gone)),
            notification("m-5", &event("Purchase Agreement Ended - Manufacturer", &at(50), &gone)),
            notification("m-6", &event("License Deprovisioned - Manufacturer", &at(50), &json!({}))),
        ],
    ];
    let mut expected = None;
    for order in orders(5) {
        let mut world = world();
        world.vendor.responds = |request| match request.body.contains("agreementId") {
            true => described("CANCELLED"),
            false => customer(&json!({})),
        };
        world.ledger.wait(-7_200_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(7_200_000);
        for step in order.iter().chain(&order) {
            match step {
                0 => {
                    let answer = world.receive(&registration());
                    assert_eq!(answer.status, 303, "{order:?}");
                    let location = world.go_on(&answer, &format!("sp={click}")).unwrap();
                    let query = registration().body;
                    assert_eq!(location, format!("https://app.example/start?plan=pro&{query}"));
                }
                step => {
                    for callback in &steps[step - 1] {
                        assert_eq!(world.receive(callback).status, 200, "{order:?}");
                    }
                }
            }
        }
        let outcome = world.outcome();
        let conversions = outcome["conversions"].as_array().unwrap();
        let found: Vec<_> =
            conversions.iter().map(|it| (it["type"].as_str().unwrap(), &it["external_id"])).collect();
        let named = |name: &str| json!(format!("{}/{name}", world.listing));
        let (ended, install) = (named(&format!("ended:{AGREEMENT}")), named(&format!("install:{BUYER}")));
        assert_eq!(found, [("uninstall", &ended), ("install", &install)], "{order:?}");
        for conversion in conversions {
            assert_eq!(conversion["customer_id"], format!("aws:{BUYER}"));
            assert_eq!(conversion["attribution"]["credits"][0]["click_id"], click, "{order:?}");
        }
        let end = json!({"marketplace": "aws", "evidence": "signed"});
        assert_eq!(conversions[1]["metadata"], json!({"marketplace": "aws", "evidence": "code_exchange"}));
        assert_eq!(conversions[0]["metadata"]["evidence"], end["evidence"]);
        let accounts = outcome["accounts"].as_str().unwrap();
        assert!(accounts.contains(BUYER) && accounts.contains("offer-uovnpk2f6jq7s"), "{accounts}");
        assert_eq!(world.ledger.rows("marketplace_accounts"), 1);
        assert_eq!(
            world.ledger.rows("account_aliases"),
            3,
            "the licence, the agreement, the older identifier"
        );
        let mut outcome = outcome;
        // The registration has our own time, so it decides the account's status. Of the three ends, the first one
        // counts.
        for conversion in outcome["conversions"].as_array_mut().unwrap() {
            conversion["metadata"].take();
        }
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
    }
}

#[test]
fn a_registration_is_resolved_with_a_signature_that_aws_libraries_make_too() {
    let mut world = world();
    assert_eq!(world.receive(&registration()).status, 303);
    let [asked] = world.requests.as_slice() else { panic!("{:?}", world.requests) };
    let headers: Vec<(&str, &str)> =
        asked.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // The vector `sigv4-resolve-customer`. botocore, aws4fetch and @smithy/signature-v4 all produce this signature.
    assert_eq!(
        headers,
        [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AWSMPMeteringService.ResolveCustomer"),
            ("x-amz-date", "20261122T120000Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/aws-marketplace/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
                 Signature=3bc1b6d14a4d633f960952d1aeec4a6816cb7f04ae82e905a4d93b8c071410ee"
            ),
        ]
    );
    assert_eq!(asked.url, "https://metering.marketplace.us-east-1.amazonaws.com/");
    assert_eq!(
        (asked.method, asked.body.as_str()),
        ("POST", &*format!(r#"{{"RegistrationToken":"{TOKEN}"}}"#))
    );
    // A plus sign and a slash are preserved.
    assert_eq!(world.receive(&form("x-amzn-marketplace-token=a%2Bb%2Fc%3D%3D")).status, 303);
    assert_eq!(world.requests[1].body, r#"{"RegistrationToken":"a+b/c=="}"#);
    assert_eq!(world.ledger.rows("conversions"), 1, "the same customer");
}

#[test]
fn a_customer_without_an_aws_account_is_known_by_the_older_identifier() {
    let mut world = world();
    world.vendor.responds =
        |_| customer(&json!({"CustomerAWSAccountId": null, "LicenseArn": null, "Metadata": null}));
    assert_eq!(world.receive(&registration()).status, 303);
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(install["customer_id"], "aws:X01EXAMPLEX");
    assert_eq!(world.ledger.rows("account_aliases"), 0);
}

#[test]
fn what_aws_says_to_a_token_decides_who_must_act() {
    let cases: [VendorCase; 12] = [
        ("a made-up token", |_| error("InvalidTokenException"), 401),
        ("an old token", |_| error("ExpiredTokenException"), 401),
        ("too many", |_| error("ThrottlingException"), 503),
        ("too many, with a namespace", |_| error("com.amazonaws.metering#ThrottlingException"), 503),
        ("a key that may not", |_| error("AccessDeniedException"), 401),
        ("a wrong key", |_| error("UnrecognizedClientException"), 401),
        ("a page of somebody's", |_| respond(403, "<html>"), 503),
        ("a failure", |_| respond(500, ""), 503),
        ("nothing", |_| Err(VendorError::NoResponse), 503),
        ("no JSON", |_| respond(200, "yes"), 401),
        ("another product", |_| customer(&json!({"ProductCode": "another"})), 401),
        ("nobody", |_| customer(&json!({"CustomerAWSAccountId": "", "CustomerIdentifier": ""})), 500),
    ];
    for (case, vendor, status) in cases {
        let mut world = world();
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &registration()), status, "{case}");
        let logged = world.logged.join("\n");
        assert!(!logged.contains("secret detail") && !logged.contains(TOKEN), "{logged}");
    }
}

#[test]
fn nobody_asks_aws_for_what_cannot_be_a_registration() {
    let mut world = world();
    world.vendor.responds = |request| panic!("nobody asks {request:?}");
    for (case, body) in [
        ("nothing", ""),
        ("no token", "x-amzn-marketplace-agreement-id=agmt-1"),
        ("an empty token", "x-amzn-marketplace-token="),
        ("two tokens", "x-amzn-marketplace-token=a&x-amzn-marketplace-token=b"),
        ("no form", "x-amzn-marketplace-token=a b\r\nset-cookie: c"),
    ] {
        assert_eq!(world.refused(case, &form(body)), 401, "{case}");
    }
    let path = format!("/v1/listings/{}", world.listing);
    for (case, change) in [
        ("no key", json!({"secrets": {"access_key_id": null}})),
        ("no product", json!({"settings": {}, "secrets": {"access_key_id": KEY_ID}})),
        ("nowhere to go on to", json!({"settings": settings(), "forward_to": null})),
    ] {
        assert_eq!(world.ledger.patch(&path, &change).status, 200);
        assert_eq!(world.refused(case, &registration()), 401, "{case}");
    }
}
