//! Salesforce: outbound messages of the License Management Org, and the Canvas app in its frame, in every order.

use super::{TestCallback, World, orders};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use signpost::marketplace::adapter::CallbackResponse;

const PATH_SECRET: &str = "w8Jc0q1rV3m5t7y9";
const CONSUMER_SECRET: &str = "4F2A9D0C7B1E48E2A6D5C3B8F90E1D2C";
/// The License Management Org.
pub(crate) const OURS: &str = "00Dxx0000001gPLEAY";
/// The customer, as a licence names it; a signed request adds three characters.
const CUSTOMER: &str = "00Dyy0000009ZZZ";
const ACKNOWLEDGED: &str = r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>"#;
const MINUTE: i64 = 60_000;

pub(crate) fn world() -> World {
    // The list contains the id with 15 characters, the message with 18.
    let settings = json!({"organization_id": ["00Daa0000001xyz", "00Dxx0000001gPL"]});
    let secrets =
        json!({"path_secret": ["new-path-secret", PATH_SECRET], "consumer_secret": CONSUMER_SECRET});
    World::new("salesforce", &settings, &secrets)
}

/// A notification about the customer's licence, which was created two hours ago and changed that many minutes ago.
pub(crate) fn licence(world: &World, id: &str, status: &str, minutes_ago: i64) -> String {
    let created_at = world.ledger.now.plus_ms(-120 * MINUTE);
    let modified_at = world.ledger.now.plus_ms(-minutes_ago * MINUTE);
    format!(
        r#"<Notification><Id>{id}</Id>
         <sObject xsi:type="sf:sfLma__License__c" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
          <sf:Id>a0Fxx000000Abc1EAC</sf:Id><sf:CreatedDate>{created_at}</sf:CreatedDate>
          <sf:LastModifiedDate>{modified_at}</sf:LastModifiedDate><sf:sfLma__Seats__c>25.0</sf:sfLma__Seats__c>
          <sf:sfLma__Status__c>{status}</sf:sfLma__Status__c>
          <sf:sfLma__Subscriber_Org_ID__c>{CUSTOMER}</sf:sfLma__Subscriber_Org_ID__c>
          <sf:sfLma__Version_Number__c>3.1</sf:sfLma__Version_Number__c></sObject></Notification>"#
    )
}

pub(crate) fn message(organization: &str, notifications: &str) -> TestCallback {
    let body = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>{organization}</OrganizationId>
<ActionId>04kxx0000004CDrAAM</ActionId><SessionId xsi:nil="true"/>{notifications}</notifications></soapenv:Body></soapenv:Envelope>"#
    );
    let headers = vec![("content-type".to_owned(), "text/xml; charset=UTF-8".to_owned())];
    TestCallback { method: "POST", kind: "license", rest: PATH_SECRET.to_owned(), headers, body }
}

fn signed(secret: &str, envelope: &Json) -> TestCallback {
    let json = STANDARD.encode(envelope.to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(json.as_bytes());
    let request = format!("{}.{json}", STANDARD.encode(mac.finalize().into_bytes()));
    let body =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("signed_request", &request).finish();
    let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    TestCallback { method: "POST", kind: "canvas", rest: String::new(), headers, body }
}

fn envelope(token: &str) -> Json {
    json!({
        "algorithm": "HMACSHA256", "issuedAt": -1_882_588_807, "userId": "005yy000001SwiUAAS",
        "client": {"oauthToken": token, "instanceUrl": "https://fabrikam.my.salesforce.com"},
        "context": {
            "user": {"userName": "admin@fabrikam.example"},
            "organization": {"organizationId": format!("{CUSTOMER}MAW"), "name": "Fabrikam"},
        },
    })
}

fn canvas(token: &str) -> TestCallback {
    signed(CONSUMER_SECRET, &envelope(token))
}

fn header<'a>(answer: &'a CallbackResponse, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

/// The visitor follows the page's link to the top of the window.
fn follow(world: &mut World, page: &CallbackResponse, cookies: &str) -> Option<String> {
    let (_, link) = page.body.split_once("<a href=\"").unwrap();
    let (link, rest) = link.split_once('"').unwrap();
    assert!(rest.starts_with(" target=\"_top\">Continue</a>"), "{rest}");
    let location =
        CallbackResponse { headers: vec![("location", link.to_owned())], ..CallbackResponse::empty(303) };
    world.go_on(&location, cookies)
}

#[test]
fn a_licence_s_life_ends_in_the_same_ledger_in_whatever_order_it_arrives() {
    let mut expected = None;
    for order in orders(5) {
        let mut world = world();
        world.ledger.wait(-180 * MINUTE);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(180 * MINUTE);
        let trial = licence(&world, "04lxx000000Cf21AAS", "Trial", 120);
        // Suspended, and active again, in one message.
        let pause = [
            licence(&world, "04lxx000000Cf23AAS", "Suspended", 60),
            licence(&world, "04lxx000000Cf24AAS", "Active", 30),
        ];
        let life = [
            message(OURS, &trial),
            message(OURS, &licence(&world, "04lxx000000Cf22AAS", "Active", 90)),
            message(OURS, &pause.concat()),
            canvas("00Dyy!first"),
            // Their clock is a minute ahead of ours.
            message(OURS, &licence(&world, "04lxx000000Cf25AAS", "Uninstalled", -1)),
        ];
        for index in &order {
            let answer = world.receive(&life[*index]);
            assert_eq!(answer.status, 200, "{order:?}");
            if *index == 3 {
                let location = follow(&mut world, &answer, &format!("sp={click}")).unwrap();
                assert_eq!(location, "https://app.example/start?plan=pro");
            }
        }
        let outcome = world.outcome();
        assert_eq!(outcome["report"]["totals"]["installs"], 1, "{order:?}");
        let conversions = outcome["conversions"].as_array().unwrap();
        let types: Vec<&Json> = conversions.iter().map(|conversion| &conversion["type"]).collect();
        assert_eq!(types, ["install", "uninstall"], "{order:?}");
        for conversion in conversions {
            assert_eq!(conversion["attribution"]["credits"][0]["partner_id"], world.partner, "{order:?}");
            assert_eq!(conversion["customer_id"], format!("salesforce:{CUSTOMER}"));
            assert_eq!(
                conversion["metadata"],
                json!({"marketplace": "salesforce", "evidence": "unsigned_bound", "plan": "3.1"})
            );
        }
        assert_eq!(conversions[0]["occurred_at"], world.ledger.now.plus_ms(-120 * MINUTE).to_string());
        let licence = format!("{}/license:a0Fxx000000Abc1EAC", world.listing);
        assert_eq!(conversions[0]["external_id"], format!("{licence}:installed"));
        assert_eq!(conversions[1]["external_id"], format!("{licence}:uninstalled"));
        let accounts = outcome["accounts"].as_str().unwrap();
        assert!(accounts.contains("uninstalled") && accounts.contains("3.1"), "{order:?}: {accounts}");
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
        for (index, callback) in life.iter().enumerate() {
            let status = if index == 3 { 401 } else { 200 };
            assert_eq!(world.refused(&format!("{order:?}: {index} again"), callback), status);
        }
    }
}

#[test]
fn each_status_is_told_by_itself_and_acknowledged() {
    // Intermediate states may never be seen.
    for (status, account, conversions) in [
        ("Trial", "installed", &["install"][..]),
        ("Active", "activated", &["install"]),
        ("Suspended", "suspended", &[]),
        ("Uninstalled", "uninstalled", &["uninstall"]),
    ] {
        let mut world = world();
        // Created and changed at the same time: the install does not replace the later status.
        let callback = message(OURS, &licence(&world, "04lxx000000Cf21AAS", status, 120));
        let answer = world.receive(&callback);
        assert_eq!((answer.status, answer.body.as_str()), (200, ACKNOWLEDGED), "{status}");
        assert_eq!(answer.headers, [("content-type", "text/xml".to_owned())]);
        assert_eq!(world.refused(status, &callback), 200);
        let outcome = world.outcome();
        assert!(outcome["accounts"].as_str().unwrap().contains(&format!("\"{account}\"")), "{status}");
        let found: Vec<&Json> =
            outcome["conversions"].as_array().unwrap().iter().map(|conversion| &conversion["type"]).collect();
        assert_eq!(found, conversions, "{status}");
    }
    let mut world = world();
    let frozen = message(OURS, &licence(&world, "04lxx000000Cf21AAS", "Frozen", 120));
    assert_eq!(world.refused("a status of the operator's own", &frozen), 200);
    let lead = frozen.body.replace("sfLma__License__c", "Lead");
    assert_eq!(world.refused("a lead", &TestCallback { body: lead, ..frozen.clone() }), 200);
    assert_eq!(world.refused("no notification", &message(OURS, "")), 200);
    // Another version of the License Management App: other names, the partner namespace, and no creation time.
    let other = message(OURS, &licence(&world, "04lxx000000Cf21AAS", "Trial", 60));
    let body = other.body.replace("sfLma__Status__c", "sfLma__License_Status__c");
    let body = body.replace("CreatedDate", "Other").replace("enterprise", "partner");
    assert_eq!(world.receive(&TestCallback { body, ..other }).status, 200);
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(install["occurred_at"], world.ledger.now.plus_ms(-60 * MINUTE).to_string());
}

#[test]
fn what_cannot_be_read_holds_up_nothing_else() {
    let mut world = world();
    let good = |world: &World| licence(world, "04lxx000000Cf21AAS", "Trial", 120);
    let bad = licence(&world, "04lxx000000Cf22AAS", "Active", 90);
    let broken = [
        ("no licence id", bad.replace("<sf:Id>a0Fxx000000Abc1EAC</sf:Id>", "")),
        ("no time", bad.replace("LastModifiedDate", "Other")),
        ("another time", bad.replace("<sf:LastModifiedDate>2", "<sf:LastModifiedDate>x2")),
        ("another time of making", bad.replace("<sf:CreatedDate>2", "<sf:CreatedDate>x2")),
        ("no status", bad.replace("sfLma__Status__c", "Other")),
        ("no organisation", bad.replace(CUSTOMER, "")),
        ("half an organisation", bad.replace(CUSTOMER, "00Dyy")),
        ("an organisation of other letters", bad.replace(CUSTOMER, "00Dyy0000009ZZ/")),
        ("a comment inside", bad.replace(">Active<", ">Act<!-- -->ive<")),
        ("an element inside", bad.replace(">Active<", "><b>Active</b><")),
        ("two statuses", bad.replace("<sf:sfLma__Status__c>", "<sf:sfLma__Status__c/><sf:sfLma__Status__c>")),
        ("no record", "<Notification><Id>04lxx000000Cf22AAS</Id></Notification>".to_owned()),
        ("no id", bad.replace("<Id>04lxx000000Cf22AAS</Id>", "")),
    ];
    for (case, bad) in &broken {
        assert_eq!(world.refused(case, &message(OURS, bad)), 500, "{case}");
    }
    let all: String = broken.into_iter().map(|(_, bad)| bad).collect();
    let half = all.len() / 2;
    let middle = all.get(half..).and_then(|rest| rest.find("<Notification>")).unwrap() + half;
    let batch = format!("{}{}{}", &all[..middle], good(&world), &all[middle..]);
    world.logged.clear();
    assert_eq!(world.receive(&message(OURS, &batch)).body, ACKNOWLEDGED);
    let [line] = world.logged.as_slice() else { panic!("{:?}", world.logged) };
    let reason = "salesforce license, was taken in part: 13 notifications cannot be read, the last \
                  because Id is missing: select it in the outbound message";
    assert_eq!(*line, format!("a callback of {}, {reason}", world.listing));
    let conversions = &world.ledger.get("/v1/conversions").json["data"];
    assert_eq!((conversions.as_array().unwrap().len(), &conversions[0]["type"]), (1, &json!("install")));
}

#[test]
fn forgeries_of_either_kind_change_nothing() {
    let mut world = world();
    let genuine = message(OURS, &licence(&world, "04lxx000000Cf21AAS", "Active", 90));
    let at = |rest: &str| TestCallback { rest: rest.to_owned(), ..genuine.clone() };
    let entity = genuine.body.replace("?>\n", "?>\n<!DOCTYPE x [<!ENTITY e \"Active\">]>\n");
    assert_ne!(entity, genuine.body);
    let request = canvas("00Dyy!first");
    let other = envelope("00Dyy!first").to_string().replace(CUSTOMER, "00Dzz0000009ZZZ");
    let (mac, _) = request.body.split_once('.').unwrap();
    let other = percent(&STANDARD.encode(other));
    let mut weak = envelope("00Dyy!first");
    weak["algorithm"] = json!("HMACSHA1");
    for (case, callback) in [
        ("no path secret", at("")),
        ("another path secret", at("guess")),
        ("the secret before the end", at(&format!("{PATH_SECRET}/x"))),
        ("another organisation", message("00Dxx0000001gPMEAY", &licence(&world, "04l", "Active", 90))),
        ("another case", message("00Dxx0000001gplEAY", &licence(&world, "04l", "Active", 90))),
        ("a document type", TestCallback { body: entity, ..genuine.clone() }),
        ("no body", TestCallback { body: String::new(), ..genuine.clone() }),
        ("no XML", TestCallback { body: "<".to_owned(), ..genuine.clone() }),
        ("another method", TestCallback { method: "GET", ..genuine.clone() }),
        ("the other kind", TestCallback { kind: "canvas", ..genuine.clone() }),
        ("another consumer secret", signed("another", &envelope("00Dyy!first"))),
        (
            "another organisation under the MAC",
            TestCallback { body: format!("{mac}.{other}"), ..request.clone() },
        ),
        ("another algorithm", signed(CONSUMER_SECRET, &weak)),
        ("no signed request", TestCallback { body: "a=b".to_owned(), ..request.clone() }),
        ("a user who must approve", TestCallback { method: "GET", body: String::new(), ..request.clone() }),
    ] {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    let nowhere = signed(CONSUMER_SECRET, &json!({"algorithm": "HMACSHA256", "context": {}}));
    assert_eq!(world.refused("an open of no organisation", &nowhere), 500);
    assert_eq!(world.receive(&request).status, 200);
    assert_eq!(world.refused("the same request again", &request), 401);
    world.ledger.wait(400 * 24 * 60 * MINUTE);
    assert_eq!(world.refused("the same request a year later", &request), 401);
    for settings in [json!({}), json!({"organization_id": []}), json!({"organization_id": 7})] {
        let listing = format!("/v1/listings/{}", world.listing);
        assert_eq!(world.ledger.patch(&listing, &json!({"settings": settings})).status, 200);
        assert_eq!(world.refused("no organisation is set", &genuine), 401);
    }
}

fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn the_page_in_the_frame_leads_to_the_top_once_and_tells_nothing() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let page = world.receive(&canvas("00Dyy!first"));
    assert_eq!((page.status, header(&page, "content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = "frame-ancestors https://*.salesforce.com https://*.force.com https://*.lightning.force.com; \
                  default-src 'none'; style-src 'unsafe-inline'";
    assert_eq!(header(&page, "content-security-policy"), Some(policy));
    assert_eq!(header(&page, "cache-control"), Some("no-store"));
    assert_eq!(header(&page, "referrer-policy"), Some("no-referrer"));
    assert_eq!(header(&page, "x-content-type-options"), Some("nosniff"));
    assert_eq!(header(&page, "x-frame-options"), None);
    let case = format!("{:?}{}", page.headers, page.body);
    for secret in [CUSTOMER, "005yy", "Fabrikam", "fabrikam", "00Dyy!", "app.example"] {
        assert!(!case.contains(secret), "{secret}: {case}");
    }
    let (_, link) = page.body.split_once("/callbacks/continue/").unwrap();
    assert!(link[..32].bytes().all(|byte| byte.is_ascii_hexdigit()) && &link[32..33] == "\"", "{link}");
    assert!(follow(&mut world, &page, &format!("sp={click}")).is_some());
    assert_eq!(follow(&mut world, &page, &format!("sp={click}")), None, "used");
    // The app was opened but not installed: the account is known, without a conversion.
    assert_eq!(world.ledger.get("/v1/conversions").json["data"], json!([]));
    let outcome = world.outcome();
    assert!(outcome["accounts"].as_str().unwrap().contains("\"activated\""), "{outcome}");
    // A listing without `forward_to`.
    let listing = format!("/v1/listings/{}", world.listing);
    assert_eq!(world.ledger.patch(&listing, &json!({"forward_to": null})).status, 200);
    let plain = world.receive(&canvas("00Dyy!second"));
    assert_eq!((plain.status, &plain.headers), (200, &page.headers));
    assert!(plain.body.contains("<p>The product is connected.</p>") && !plain.body.contains("href"));
    assert_eq!(world.ledger.rows("relays"), 0);
}
