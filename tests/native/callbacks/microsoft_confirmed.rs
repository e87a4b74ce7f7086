//! Microsoft's API confirms webhooks, whose body is not signed. A test fails if an event counts that the API denies, if
//! an authentic webhook is lost or answered with 4xx, or if a term is charged twice.

use super::fake_vendor::VendorResult;
use super::{
    World,
    microsoft::{PURCHASE, account, answered, body, conversions, granted, webhook, world},
};
use serde_json::{Value as Json, json};
use signpost::marketplace::vendor_api::{VendorError, VendorRequest};

const CHANGE_PLAN: usize = 1;
const RENEW: usize = 2;
const UNSUBSCRIBE: usize = 3;
const SUSPEND: usize = 4;
const REINSTATE: usize = 5;

fn asked(secrets: &Json, vendor: fn(&VendorRequest) -> VendorResult) -> World {
    let mut world = world(secrets);
    world.vendor.responds = vendor;
    world
}

fn with_secret(vendor: fn(&VendorRequest) -> VendorResult) -> World {
    asked(&json!({"client_secret": "entra-client-secret"}), vendor)
}

/// There is no operation, and the purchase has this state.
fn purchase(request: &VendorRequest, fields: &Json) -> VendorResult {
    if request.url.contains("/oauth2/") {
        return granted();
    }
    if request.url.contains("/operations/") {
        return answered(404, &json!({}));
    }
    let mut purchase = json!({"id": PURCHASE.to_uppercase(), "planId": "gold", "isTest": false,
        "saasSubscriptionStatus": "Subscribed", "term": {"startDate": "2026-11-01T00:00:00Z"}});
    purchase.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    answered(200, &purchase)
}

/// The operation of a renewal, with one member replaced.
fn renewal(request: &VendorRequest, name: &str, value: Json) -> VendorResult {
    if request.url.contains("/oauth2/") {
        return granted();
    }
    let mut operation = json!({"id": body(RENEW, 1)["id"], "subscriptionId": PURCHASE, "action": "Renew",
        "planId": "gold", "status": "Succeeded"});
    operation[name] = value;
    answered(200, &operation)
}

/// The operation of a change of plans in this state.
fn change(request: &VendorRequest, status: &str) -> VendorResult {
    if request.url.contains("/oauth2/") {
        return granted();
    }
    answered(200, &json!({"action": "ChangePlan", "planId": "gold", "status": status}))
}

fn row(kind: &str, id: &str, plan: &str, evidence: &str) -> [String; 4] {
    [kind.to_owned(), id.to_owned(), plan.to_owned(), evidence.to_owned()]
}

#[test]
fn an_operation_that_microsoft_knows_otherwise_tells_nothing() {
    for (case, vendor, rows) in [
        ("as told", (|asked| renewal(asked, "quantity", json!(1))) as fn(&VendorRequest) -> VendorResult, 1),
        ("of another action", |asked| renewal(asked, "action", json!("Suspend")), 0),
        ("of no action", |asked| renewal(asked, "action", Json::Null), 0),
        ("of another plan", |asked| renewal(asked, "planId", json!("free")), 0),
        ("of another purchase", |asked| renewal(asked, "subscriptionId", json!("x")), 0),
        ("of another id", |asked| renewal(asked, "id", json!("x")), 0),
        ("failed", |asked| renewal(asked, "status", json!("Failed")), 0),
        ("in conflict", |asked| renewal(asked, "status", json!("Conflict")), 0),
    ] {
        let mut world = with_secret(vendor);
        assert_eq!(world.receive(&webhook(&world, &body(RENEW, 30))).status, 200, "{case}");
        assert_eq!(world.ledger.rows("conversions"), rows, "{case}");
        assert_eq!(world.logged.is_empty(), rows == 1, "{case}");
    }
}

#[test]
fn where_there_is_no_operation_the_purchase_confirms_what_agrees_with_it() {
    for (operation, fields, expected) in [
        (
            CHANGE_PLAN,
            (|asked| purchase(asked, &json!({}))) as fn(&VendorRequest) -> VendorResult,
            "plan_changed gold",
        ),
        (CHANGE_PLAN, |asked| purchase(asked, &json!({"planId": "silver"})), ""),
        (
            SUSPEND,
            |asked| purchase(asked, &json!({"saasSubscriptionStatus": " Suspended "})),
            "suspended gold",
        ),
        (SUSPEND, |asked| purchase(asked, &json!({})), ""),
        (REINSTATE, |asked| purchase(asked, &json!({})), "reinstated gold"),
        (REINSTATE, |asked| purchase(asked, &json!({"saasSubscriptionStatus": "Suspended"})), ""),
        (
            UNSUBSCRIBE,
            |asked| purchase(asked, &json!({"saasSubscriptionStatus": "Unsubscribed"})),
            "uninstalled gold",
        ),
        (UNSUBSCRIBE, |asked| purchase(asked, &json!({})), ""),
        (
            UNSUBSCRIBE,
            |asked| purchase(asked, &json!({"saasSubscriptionStatus": "Unsubscribed", "id": "x"})),
            "",
        ),
        (
            UNSUBSCRIBE,
            |asked| purchase(asked, &json!({"saasSubscriptionStatus": "Unsubscribed", "isTest": true})),
            "",
        ),
    ] {
        let mut world = with_secret(fields);
        assert_eq!(world.receive(&webhook(&world, &body(operation, 30))).status, 200);
        assert_eq!(account(&world), expected, "{operation} {:?}", world.logged);
        let urls: Vec<&str> = world.requests.iter().map(|request| request.url.as_str()).collect();
        let id = body(operation, 1)["id"].as_str().unwrap().to_owned();
        let base = format!("https://marketplaceapi.microsoft.com/api/saas/subscriptions/{PURCHASE}");
        let version = "?api-version=2018-08-31";
        assert_eq!(urls[1..], [format!("{base}/operations/{id}{version}"), format!("{base}{version}")]);
    }
}

#[test]
fn a_renewal_that_the_purchase_confirms_is_charged_once_a_term_and_another_is_held() {
    let mut world = with_secret(|asked| purchase(asked, &json!({})));
    let message = body(RENEW, 30);
    assert_eq!(world.receive(&webhook(&world, &message)).status, 200);
    // An attacker with a token invents another operation. The term is charged already.
    let mut again = message.clone();
    again["id"] = json!("00000099-4c1b-4891-827d-eb05fbdc64b0");
    assert_eq!(world.refused("the term again", &webhook(&world, &again)), 200);
    let confirmed = row("sale", &format!("renew:{PURCHASE}:2026-11-01T00:00:00Z"), "gold", "api_poll");
    assert_eq!((conversions(&mut world), world.logged.len()), (vec![confirmed.clone()], 0));
    // A renewal of another term is not confirmed.
    again["subscription"]["term"]["startDate"] = json!("2026-10-01T00:00:00Z");
    again["timeStamp"] = json!("2026-11-22T11:40:00+00:00");
    assert_eq!(world.receive(&webhook(&world, &again)).status, 200);
    let held = row("sale", &format!("renew:{PURCHASE}:2026-10-01T00:00:00Z"), "gold", "transport_only");
    assert_eq!(conversions(&mut world), [confirmed, held]);
    assert!(world.logged.pop().unwrap().ends_with("the purchase stands otherwise at Microsoft"));
    // The purchase has ended since, but the term may have been paid.
    let mut world = with_secret(|asked| purchase(asked, &json!({"saasSubscriptionStatus": "Unsubscribed"})));
    assert_eq!(world.receive(&webhook(&world, &message)).status, 200);
    assert_eq!(conversions(&mut world)[0][3], "transport_only");
}

#[test]
fn without_a_secret_nobody_is_asked_and_what_is_told_is_held() {
    let mut world = asked(&json!({}), |_| panic!("nobody is asked"));
    for (operation, minute) in [(0, 10), (RENEW, 20), (UNSUBSCRIBE, 30)] {
        assert_eq!(world.receive(&webhook(&world, &body(operation, minute))).status, 200);
    }
    let id = body(RENEW, 1)["id"].as_str().unwrap().to_owned();
    let expected = [
        row("sale", &format!("subscribe:{PURCHASE}"), "silver", "transport_only"),
        row("sale", &format!("operation:{id}"), "gold", "transport_only"),
        row("uninstall", &format!("unsubscribe:{PURCHASE}"), "gold", "transport_only"),
    ];
    assert_eq!(conversions(&mut world), expected);
    assert_eq!(world.logged, Vec::<String>::new());
    // A secret that Microsoft rejects is like none, but the operator is told.
    let mut world = with_secret(|_| answered(401, &json!({"error": "invalid_client"})));
    assert_eq!(world.receive(&webhook(&world, &body(RENEW, 20))).status, 200);
    assert_eq!(conversions(&mut world)[0][3], "transport_only");
    assert!(world.logged[0].ends_with("does not take the listing's tenant_id, client_id and client_secret"));
}

#[test]
fn a_vendor_that_is_down_sends_it_again_and_one_that_knows_nothing_is_believed() {
    for (case, vendor) in [
        ("no login", (|_| Err(VendorError::NoResponse)) as fn(&VendorRequest) -> VendorResult),
        ("no operations", |asked| match asked.url.contains("/oauth2/") {
            true => granted(),
            false => answered(500, &json!({})),
        }),
        ("no purchases", |asked| {
            match asked.url.contains("/operations/") || asked.url.contains("/oauth2/") {
                true => purchase(asked, &json!({})),
                false => answered(429, &json!({})),
            }
        }),
    ] {
        let mut world = with_secret(vendor);
        assert_eq!(world.refused(case, &webhook(&world, &body(RENEW, 30))), 503, "{case}");
    }
    let mut world = with_secret(|asked| match asked.url.contains("/oauth2/") {
        true => granted(),
        false => answered(404, &json!({})),
    });
    assert_eq!(world.refused("no such purchase", &webhook(&world, &body(RENEW, 30))), 200);
    assert!(world.logged[0].ends_with("Microsoft knows no such purchase"), "{:?}", world.logged);
}

#[test]
fn what_is_none_of_our_business_is_answered_and_asks_nobody() {
    let mut world = with_secret(|_| panic!("nobody is asked"));
    for (case, name, value, lines) in [
        ("a transfer", "action", json!("Transfer"), 0),
        ("an action of tomorrow, which is kept", "action", json!("Freeze"), 1),
        ("no action", "action", Json::Null, 1),
        ("not begun", "status", json!("NotStarted"), 0),
        ("in progress", "status", json!("InProgress"), 0),
        ("failed", "status", json!("Failed"), 0),
        ("no id", "id", Json::Null, 1),
        ("a way out", "id", json!("../../../activate?x=00000000000000000"), 1),
        ("another purchase's", "subscriptionId", json!("9d3c1f6e3f2a4c0b8e570a1b2c3d4e5f"), 1),
    ] {
        let mut message = body(RENEW, 30);
        message[name] = value;
        let before = world.logged.len();
        assert_eq!(world.refused(case, &webhook(&world, &message)), 200, "{case}");
        assert_eq!(world.logged.len() - before, lines, "{case}");
    }
    let mut free = body(RENEW, 30);
    free["subscription"]["isFreeTrial"] = json!(true);
    world.vendor.responds = |asked| renewal(asked, "quantity", json!(1));
    assert_eq!(world.refused("a free trial", &webhook(&world, &free)), 200);
    let callback = super::TestCallback { body: "[]".to_owned(), ..webhook(&world, &free) };
    assert_eq!(world.kept("no object", &callback), 200, "an error would be a veto");
}

#[test]
fn a_change_of_plans_that_failed_sets_the_plan_back_in_whatever_order() {
    let mut failed = body(CHANGE_PLAN, 40);
    failed["status"] = json!("Failed");
    for order in [[0, 1], [1, 0]] {
        let mut world = asked(&json!({}), |_| panic!("nobody is asked"));
        for step in order {
            let message = if step == 0 { body(CHANGE_PLAN, 30) } else { failed.clone() };
            assert_eq!(world.receive(&webhook(&world, &message)).status, 200);
        }
        assert_eq!(account(&world), "plan_changed silver", "{order:?}");
    }
    let mut world = with_secret(|_| unreachable!());
    for (case, status, message, stands) in [
        ("nobody knows of a failure", "InProgress", &failed, ""),
        ("it failed meanwhile", "Failed", &body(CHANGE_PLAN, 30), ""),
        ("it failed", "Failed", &failed, "plan_changed silver"),
    ] {
        world.vendor.responds = match status {
            "Failed" => |asked| change(asked, "Failed"),
            _ => |asked| change(asked, "InProgress"),
        };
        assert_eq!(world.receive(&webhook(&world, message)).status, 200, "{case}");
        assert_eq!(account(&world), stands, "{case}");
    }
}
