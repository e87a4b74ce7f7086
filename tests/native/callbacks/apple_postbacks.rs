//! Apple's advertising postbacks: anonymous installs, each once. Postbacks of another app, of another network, or
//! signed by a test device are refused.

use super::{TestCallback, World, apple::APPLE, signer};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use signpost::marketplace::apple::postback_app;

/// The public key of [`signer::ec_der`]'s and [`signer::ec_fixed`]'s key 1.
pub(crate) const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEb/A7lJJBzh2t1DUZ5pYOCoW0GmmgXDKBA6orzhWUyhY8T3U6Vb8B3FP2wLDH7ueLQMb/fSWpbiKCuYnO9xwUSg==";

fn settings() -> Json {
    json!({"app_apple_id": 525_463_029, "ad_network_ids": ["com.example", "example123.skadnetwork"]})
}

fn world_with(settings: &Json) -> World {
    let mut world = World::new("apple", settings, &json!({}));
    world.adapter = Some(&APPLE);
    world
}

fn callback(kind: &'static str, body: &Json) -> TestCallback {
    TestCallback { method: "POST", kind, rest: String::new(), headers: vec![], body: body.to_string() }
}

/// Printed in Apple's documentation, with Apple's own signature.
fn published() -> Json {
    json!({"version": "4.0", "ad-network-id": "com.example", "source-identifier": "5239", "app-id": 525_463_029,
        "transaction-id": "6aafb7a5-0170-41b5-bbe4-fe71dedf1e30", "redownload": false, "source-domain": "example.com",
        "fidelity-type": 1, "did-win": true, "conversion-value": 63, "postback-sequence-index": 0,
        "attribution-signature": "MEUCIGRmSMrqedNu6uaHyhVcifs118R5z/AB6cvRaKrRRHWRAiEAv96ne3dKQ5kJpbsfk4eYiePmrZUU6sQmo+7zfP/1Bxo="})
}

/// The same, of a postback that did not win.
fn published_of_another() -> Json {
    json!({"version": "3.0", "ad-network-id": "example123.skadnetwork", "campaign-id": 42, "app-id": 525_463_029,
        "transaction-id": "f9ac267a-a889-44ce-b5f7-0166d11461f0", "redownload": true, "fidelity-type": 1, "did-win": false,
        "attribution-signature": "MEUCIQDDetUtkyc/MiQvVJ5I6HIO1E7l598572Wljot2Onzd4wIgVJLzVcyAV+TXksGNoa0DTMXEPgNPeHCmD4fw1ABXX0g="})
}

fn installs(world: &mut World) -> Vec<String> {
    let found = world.ledger.get("/v1/conversions").json["data"].take();
    found
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            assert_eq!(
                (&it["type"], &it["attribution"]["status"]),
                (&json!("install"), &json!("unattributed"))
            );
            assert_eq!(it["metadata"], json!({"marketplace": "apple", "evidence": "signed"}));
            it["customer_id"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn a_winning_skadnetwork_postback_is_an_install_of_nobody_in_particular() {
    let mut world = world_with(&settings());
    world.adapter = None;
    let won = callback("skadnetwork", &published());
    assert_eq!(world.receive(&won).status, 200);
    assert_eq!(installs(&mut world), ["apple:skadnetwork:6aafb7a5-0170-41b5-bbe4-fe71dedf1e30"]);
    assert_eq!(world.refused("again", &won), 200);
    // Unsigned members are not read.
    let mut other = published();
    other["conversion-value"] = json!(1);
    other["country-code"] = json!("US");
    assert_eq!(world.refused("with other values beside it", &callback("skadnetwork", &other)), 200);
    assert_eq!(world.refused("did not win", &callback("skadnetwork", &published_of_another())), 200);
    assert_eq!(world.logged, [""; 0]);
}

#[test]
fn a_skadnetwork_postback_of_elsewhere_is_refused() {
    let mut world = world_with(&settings());
    world.adapter = None;
    for (member, to) in [
        ("did-win", json!(false)),
        ("transaction-id", json!("6aafb7a5-0170-41b5-bbe4-fe71dedf1e31")),
        ("app-id", json!(525_463_028)),
        ("version", json!("2.0")),
        ("attribution-signature", json!("MEUC")),
    ] {
        let mut changed = published();
        changed[member] = to;
        assert_eq!(world.refused(member, &callback("skadnetwork", &changed)), 401, "{member}");
    }
    let genuine = callback("skadnetwork", &published());
    for (case, settings) in [
        ("another app's", json!({"app_apple_id": 1, "ad_network_ids": ["com.example"]})),
        ("another network's", json!({"app_apple_id": 525_463_029, "ad_network_ids": ["com.other"]})),
        ("no app", json!({"ad_network_ids": ["com.example"]})),
        ("no network", json!({"app_apple_id": 525_463_029, "ad_network_ids": []})),
    ] {
        let mut world = world_with(&settings);
        world.adapter = None;
        assert_eq!(world.refused(case, &genuine), 401, "{case}");
        let is_set_up = !world.logged[0].contains("the listing is not set up for this callback");
        assert_eq!(is_set_up, !case.starts_with("no "), "{case}");
    }
}

/// A postback of SKAdNetwork 4.0, signed with the test key.
fn postback(id: &str, index: u32) -> TestCallback {
    let (network, app) = ("com.example", "525463029");
    let values =
        ["4.0", network, "0042", app, id, "true", "7", "1", "true", &index.to_string()].join("\u{2063}");
    let tag = signer::base64(signer::ec_der(1, values.as_bytes()));
    let body = json!({"version": "4.0", "ad-network-id": network, "source-identifier": "0042", "app-id": 525_463_029,
        "transaction-id": id, "redownload": true, "source-app-id": 7, "fidelity-type": 1, "did-win": true,
        "postback-sequence-index": index, "attribution-signature": tag});
    callback("skadnetwork", &body)
}

#[test]
fn of_the_postbacks_of_an_install_the_first_is_the_install() {
    let mut world = world_with(&settings());
    for (id, index) in [("t-1", 2), ("t-2", 1)] {
        assert_eq!(world.refused("a later one", &postback(id, index)), 200);
    }
    assert_eq!(world.receive(&postback("t-1", 0)).status, 200);
    assert_eq!(installs(&mut world), ["apple:skadnetwork:t-1"]);
    assert_eq!(world.refused("without an id", &postback("", 0)), 500);
}

/// A postback of AdAttributionKit, signed with the test key.
fn kit(kid: &str, key: u8, more: &Json) -> TestCallback {
    let mut claims = json!({"advertised-item-identifier": 525_463_029, "conversion-type": "download",
        "marketplace-identifier": "com.apple.AppStore", "ad-network-identifier": "com.example", "did-win": true,
        "impression-type": "app-impression", "postback-sequence-index": 0, "source-identifier": "0042",
        "postback-identifier": "3f50fe57-29ae-4861-8c0b-ac6adddff72c", "publisher-item-identifier": 5_838_492});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let header = json!({"kid": kid, "alg": "ES256"}).to_string().replace('/', "\\/");
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let jws = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signer::ec_fixed(key, signed.as_bytes())));
    callback(
        "adattributionkit",
        &json!({"jws-string": jws, "conversion-value": 63, "ad-interaction-type": "click"}),
    )
}

const PRODUCTION: &str = "apple-cas-identifier/0";

#[test]
fn a_winning_adattributionkit_postback_is_an_install_too() {
    let mut world = world_with(&settings());
    let won = kit(PRODUCTION, 1, &json!({}));
    assert_eq!(world.receive(&won).status, 200);
    assert_eq!(installs(&mut world), ["apple:adattributionkit:3f50fe57-29ae-4861-8c0b-ac6adddff72c"]);
    assert_eq!(world.refused("again", &won), 200);
    for more in [
        json!({"postback-identifier": "p", "did-win": false}),
        json!({"postback-identifier": "p", "did-win": null}),
        json!({"postback-identifier": "p", "postback-sequence-index": 1}),
        json!({"postback-identifier": "p", "conversion-type": "re-engagement"}),
        json!({"postback-identifier": "p", "conversion-type": null}),
    ] {
        assert_eq!(world.refused("no install", &kit(PRODUCTION, 1, &more)), 200, "{more}");
    }
    let again = json!({"postback-identifier": "q", "conversion-type": "redownload"});
    assert_eq!(world.receive(&kit(PRODUCTION, 1, &again)).status, 200);
    assert_eq!(installs(&mut world).len(), 2);
    assert_eq!(world.refused("no id", &kit(PRODUCTION, 1, &json!({"postback-identifier": null}))), 500);
}

/// Printed in Apple's documentation, with the signature of a test device.
const PUBLISHED: &str = "eyJraWQiOiJhcHBsZS1kZXZlbG9wbWVudC1pZGVudGlmaWVyXC8xIiwiYWxnIjoiRVMyNTYifQ.\
    eyJwb3N0YmFjay1pZGVudGlmaWVyIjoiODU1NDZFQjctRkQzOS00NEJDLTg5OTAtQzk4QTRBQzM2QTQ5IiwicHVibGlzaGVyLWl0ZW0taWRlbnRpZmll\
    ciI6MCwibWFya2V0cGxhY2UtaWRlbnRpZmllciI6ImNvbS5hcHBsZS5BcHBTdG9yZSIsImltcHJlc3Npb24tdHlwZSI6ImFwcC1pbXByZXNzaW9uIiwi\
    YWQtbmV0d29yay1pZGVudGlmaWVyIjoiZGV2ZWxvcG1lbnQuYWRhdHRyaWJ1dGlvbmtpdCIsImRpZC13aW4iOnRydWUsInBvc3RiYWNrLXNlcXVlbmNl\
    LWluZGV4IjowLCJjb252ZXJzaW9uLXR5cGUiOiJyZS1lbmdhZ2VtZW50Iiwic291cmNlLWlkZW50aWZpZXIiOiIxMjM0IiwiYWR2ZXJ0aXNlZC1pdGVt\
    LWlkZW50aWZpZXIiOjEwNzM4MDI3NzU2fQ.\
    bAdNwKd6OfHK9tofvjjua4X_JPcFTxXPQSspD9gZkinw97pY7R1aI-LSjl-oxZZF3_K2H5JK5TSEBee4_1U4oQ";

#[test]
fn what_a_device_for_tests_signs_counts_in_the_sandbox_alone() {
    let of = |environment: &str| {
        let settings = json!({"app_apple_id": 10_738_027_756_u64, "environment": environment,
            "ad_network_ids": "development.adattributionkit"});
        let mut world = world_with(&settings);
        world.adapter = None;
        world.refused("a re-engagement", &callback("adattributionkit", &json!({"jws-string": PUBLISHED})))
    };
    assert_eq!((of("Sandbox"), of("Production")), (200, 401));
}

#[test]
fn development_keys_count_in_the_sandbox_alone() {
    let reason = |settings: &Json, callback: &TestCallback| {
        let mut world = world_with(settings);
        assert_eq!(world.refused("refused", callback), 401);
        world.logged.pop().unwrap().rsplit(": ").next().unwrap().to_owned()
    };
    let mut sandbox = settings();
    sandbox["environment"] = json!("Sandbox");
    let (unknown, wrong) = ("the key id is not in the vendor's key set", "the signature does not match");
    for kid in ["apple-development-identifier/0", "apple-development-identifier/1"] {
        // Only Apple can sign with its development keys, so a test can only observe that they are tried.
        assert_eq!(reason(&settings(), &kit(kid, 1, &json!({}))), unknown);
        assert_eq!(reason(&sandbox, &kit(kid, 1, &json!({}))), wrong);
    }
    assert_eq!(reason(&sandbox, &kit("apple-development-identifier/2", 1, &json!({}))), unknown);
    assert_eq!(reason(&settings(), &kit(PRODUCTION, 2, &json!({}))), wrong);
    assert_eq!(
        reason(&settings(), &kit(PRODUCTION, 1, &json!({"advertised-item-identifier": 1}))),
        "the audience is not ours"
    );
    let other = json!({"ad-network-identifier": "com.other"});
    assert_eq!(reason(&settings(), &kit(PRODUCTION, 1, &other)), "the issuer is not the expected one");
    let mut neither = settings();
    neither["environment"] = json!("Xcode");
    let not_set_up = "the listing is not set up for this callback: a secret or a setting is missing";
    let mut world = world_with(&neither);
    assert_eq!(world.refused("no environment", &kit(PRODUCTION, 1, &json!({}))), 401);
    assert!(world.logged[0].ends_with(not_set_up), "{:?}", world.logged);
    let mut genuine = world_with(&settings());
    genuine.adapter = None;
    assert_eq!(genuine.refused("another authority's", &kit(PRODUCTION, 1, &json!({}))), 401);
}

#[test]
fn only_a_postback_that_apple_signed_names_an_app() {
    let app = |kind: &str, body: &Json| postback_app(kind, body.to_string().as_bytes());
    for body in [published(), published_of_another()] {
        assert_eq!(app("skadnetwork", &body).as_deref(), Some("525463029"));
        assert_eq!(app("adattributionkit", &body), None);
        let mut forged = body.clone();
        forged["app-id"] = json!(1);
        assert_eq!(app("skadnetwork", &forged), None);
    }
    let payload = URL_SAFE_NO_PAD.encode(r#"{"advertised-item-identifier":525463029}"#);
    assert_eq!(app("adattributionkit", &json!({"jws-string": format!("a.{payload}.c")})), None);
}
