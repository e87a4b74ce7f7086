//! Microsoft: the landing page, and the connection webhook. A test fails if an event counts that Microsoft's API
//! denies, if the response vetoes a change of plans, if a test purchase earns, or if the ledger depends on the order of
//! arrival.

use super::fake_vendor::{DocumentRequest, VendorResult, respond};
use super::{
    TestCallback, World, orders,
    vendor::{self, KEY, OTHER_KEY},
};
use serde_json::{Value as Json, json};
use signpost::{
    marketplace::{
        adapter::CallbackResponse,
        vendor_api::{Document, VendorError, VendorRequest},
    },
    store::Sql,
};

pub(crate) const TENANT: &str = "0b6f1d1e-6c1a-4f0e-9a3b-2f6d1c7e8a90";
pub(crate) const APP: &str = "5f3c2d10-8f0e-4c55-9f3e-7a1b2c3d4e5f";
pub(crate) const PURCHASE: &str = "9d3c1f6e-3f2a-4c0b-8e57-0a1b2c3d4e5f";
const MARKETPLACE: &str = "20e940b3-4c77-4b0b-9a53-9e16a1b010a7";
const SECRET: &str = "entra-client-secret";
const LOGIN: &str =
    "https://login.microsoftonline.com/0b6f1d1e-6c1a-4f0e-9a3b-2f6d1c7e8a90/oauth2/v2.0/token";
const API: &str = "https://marketplaceapi.microsoft.com/api/saas/subscriptions";
const KEYS: &str =
    "https://login.microsoftonline.com/0b6f1d1e-6c1a-4f0e-9a3b-2f6d1c7e8a90/discovery/v2.0/keys";
pub(crate) const QUERY: &str = "?token=ab%2Bcd%2Fef%3D%3D&x=1";
/// The operations of a purchase's lifecycle, by id.
const OPERATIONS: [(&str, &str, &str); 6] = [
    ("00000001-4c1b-4891-827d-eb05fbdc64b0", "Subscribe", "silver"),
    ("00000002-4c1b-4891-827d-eb05fbdc64b0", "ChangePlan", "gold"),
    ("00000003-4c1b-4891-827d-eb05fbdc64b0", "Renew", "gold"),
    ("00000004-4c1b-4891-827d-eb05fbdc64b0", "Unsubscribe", "gold"),
    ("00000005-4c1b-4891-827d-eb05fbdc64b0", "Suspend", "gold"),
    ("00000006-4c1b-4891-827d-eb05fbdc64b0", "Reinstate", "gold"),
];

pub(crate) fn answered(status: u16, body: &Json) -> VendorResult {
    respond(status, body.to_string())
}

pub(crate) fn granted() -> VendorResult {
    answered(200, &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "eyJ.access.token"}))
}

pub(crate) fn publishes(request: &DocumentRequest) -> Document {
    assert_eq!(request.url, KEYS);
    vendor::document(request, Some(vendor::jwks(&[("key-1", KEY)])))
}

/// Microsoft's API, which knows the purchase and all operations.
fn api(request: &VendorRequest) -> VendorResult {
    let bearer = ("authorization", "Bearer eyJ.access.token".to_owned());
    if request.url == LOGIN {
        return granted();
    }
    assert!(request.headers.contains(&bearer), "{request:?}");
    let path = request.url.strip_prefix(API).unwrap().strip_suffix("?api-version=2018-08-31").unwrap();
    if path == "/resolve" {
        let token = ("x-ms-marketplace-token", "ab+cd/ef==".to_owned());
        assert!(request.method == "POST" && request.headers.contains(&token), "{request:?}");
        let subscription = json!({"id": PURCHASE, "planId": "silver", "isTest": false,
            "purchaser": {"emailId": "buyer@fabrikam.example"}, "beneficiary": {"emailId": "user@fabrikam.example"},
            "saasSubscriptionStatus": " PendingFulfillmentStart ", "created": "2026-11-22T11:02:03.365988Z"});
        return answered(
            200,
            &json!({"id": PURCHASE, "planId": "silver", "quantity": 20, "subscription": subscription}),
        );
    }
    let (purchase, id) = path.strip_prefix('/').unwrap().split_once("/operations/").unwrap();
    assert_eq!(purchase, PURCHASE);
    let (_, action, plan) = OPERATIONS.iter().find(|(known, _, _)| *known == id).unwrap();
    let status = if *action == "ChangePlan" { "InProgress" } else { "Succeeded" };
    answered(
        200,
        &json!({"id": id, "subscriptionId": purchase, "action": action, "planId": plan, "quantity": 20,
        "status": status, "timeStamp": "2026-11-22T00:00:00"}),
    )
}

pub(crate) fn world(secrets: &Json) -> World {
    let settings = json!({"tenant_id": TENANT, "client_id": APP});
    let mut world = World::new("microsoft", &settings, secrets);
    world.vendor.publishes = publishes;
    world.vendor.responds = api;
    world
}

pub(crate) fn with_secret() -> World {
    world(&json!({"client_secret": [SECRET, "an-old-secret"]}))
}

pub(crate) fn claims(world: &World) -> Json {
    let now = world.ledger.now.ms() / 1000;
    json!({"aud": APP, "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "tid": TENANT,
           "azp": MARKETPLACE, "iat": now - 60, "nbf": now - 60, "exp": now + 3540, "ver": "2.0"})
}

pub(crate) fn called(token: &str, body: &Json) -> TestCallback {
    let headers = vec![
        ("authorization".to_owned(), format!("Bearer {token}")),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    TestCallback { method: "POST", kind: "webhook", rest: String::new(), headers, body: body.to_string() }
}

/// The body of a webhook about an operation, at this minute of the test hour.
pub(crate) fn body(operation: usize, minute: u32) -> Json {
    let (id, action, plan) = OPERATIONS[operation];
    let status = if matches!(action, "ChangePlan" | "Reinstate") { "InProgress" } else { "Succeeded" };
    json!({
        "id": id, "activityId": id, "publisherId": "contoso", "offerId": "contoso-crm", "planId": plan, "quantity": 10,
        "subscriptionId": PURCHASE, "timeStamp": format!("2026-11-22T11:{minute:02}:58.4449937Z"), "action": action,
        "status": status, "operationRequestSource": "Azure", "purchaseToken": null,
        "subscription": {"id": PURCHASE, "planId": "silver", "quantity": 10, "isFreeTrial": false, "isTest": false,
            "purchaser": {"emailId": "buyer@fabrikam.example"}, "saasSubscriptionStatus": "Subscribed",
            "term": {"startDate": "2026-11-01T00:00:00Z", "endDate": "2026-11-30T00:00:00Z", "termUnit": "P1M"}},
    })
}

pub(crate) fn webhook(world: &World, body: &Json) -> TestCallback {
    called(&vendor::token(KEY, "key-1", &claims(world)), body)
}

pub(crate) fn landing(query: &str) -> TestCallback {
    TestCallback {
        method: "GET",
        kind: "landing",
        rest: query.to_owned(),
        headers: vec![],
        body: String::new(),
    }
}

pub(crate) fn location(answer: &CallbackResponse) -> &str {
    &answer.headers.iter().find(|(name, _)| *name == "location").unwrap().1
}

/// Type, id without the listing, plan and evidence of each conversion, oldest first by the vendor's clock.
pub(crate) fn conversions(world: &mut World) -> Vec<[String; 4]> {
    let mut conversions = world.ledger.get("/v1/conversions").json["data"].take();
    let listing = format!("{}/", world.listing);
    let found = conversions.as_array_mut().unwrap();
    found.sort_by_key(|conversion| conversion["occurred_at"].to_string());
    let text = |value: &Json| value.as_str().unwrap_or("-").to_owned();
    let row = |conversion: &Json| {
        assert_eq!(conversion["customer_id"], format!("microsoft:{PURCHASE}"));
        let metadata = &conversion["metadata"];
        let id = text(&conversion["external_id"]).replace(&listing, "");
        [text(&conversion["type"]), id, text(&metadata["plan"]), text(&metadata["evidence"])]
    };
    found.iter().map(row).collect()
}

/// The status and the plan of the account.
pub(crate) fn account(world: &World) -> String {
    let rows = world.ledger.sql.exec("SELECT status, plan FROM marketplace_accounts", &[]).unwrap();
    rows.iter().map(|row| format!("{} {}", row.text(0).unwrap(), row.text(1).unwrap())).collect()
}

#[test]
fn a_purchase_s_life_ends_in_the_same_ledger_in_whatever_order_it_arrives() {
    let mut expected = None;
    for order in orders(5) {
        let mut world = with_secret();
        world.ledger.wait(-90 * 60_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(90 * 60_000);
        for step in order.iter().chain(&order) {
            if *step == 4 {
                let answer = world.receive(&landing(QUERY));
                assert_eq!(answer.status, 303, "{order:?}");
                let onward = world.go_on(&answer, &format!("sp={click}")).unwrap();
                assert_eq!(onward, format!("https://app.example/start?plan=pro&{}", &QUERY[1..]));
            } else {
                let callback = webhook(&world, &body(*step, 10 + 10 * u32::try_from(*step).unwrap()));
                assert_eq!(world.receive(&callback).status, 200, "{order:?}");
            }
        }
        let outcome = world.outcome();
        let row = |row: [&str; 4]| row.map(str::to_owned);
        let sold = [
            row(["install", &format!("install:{PURCHASE}"), "silver", "api_poll"]),
            row(["sale", &format!("subscribe:{PURCHASE}"), "silver", "api_poll"]),
            row(["sale", &format!("operation:{}", OPERATIONS[2].0), "gold", "api_poll"]),
            row(["uninstall", &format!("unsubscribe:{PURCHASE}"), "gold", "api_poll"]),
        ];
        assert_eq!(conversions(&mut world), sold, "{order:?}");
        assert_eq!(account(&world), "uninstalled gold", "{order:?}");
        for conversion in outcome["conversions"].as_array().unwrap() {
            assert_eq!(conversion["attribution"]["credits"][0]["click_id"], click, "{order:?}");
        }
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
        assert_eq!(world.logged, Vec::<String>::new());
    }
}

#[test]
fn the_landing_page_asks_as_microsoft_documents_and_leads_on() {
    let mut world = with_secret();
    world.receive(&landing(QUERY));
    let [login, resolve] = world.requests.as_slice() else { panic!("{:?}", world.requests) };
    assert_eq!(
        login.body,
        format!(
            "grant_type=client_credentials&client_id={APP}&client_secret={SECRET}\
             &scope=20e940b3-4c77-4b0b-9a53-9e16a1b010a7%2F.default"
        )
    );
    assert_eq!((login.cache_ttl_s, resolve.cache_ttl_s), (600, 0));
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(install["occurred_at"], "2026-11-22T11:02:03.365Z", "when it was bought");
    // A plus sign that is not encoded. Form decoding turns it into a space.
    assert_eq!(world.receive(&landing("?token=ab+cd/ef==&x=1")).status, 303);
    // The buyer returns later to manage the purchase, which is not a new install.
    world.vendor.responds = |request| match request.url.as_str() {
        LOGIN => granted(),
        _ => answered(
            200,
            &json!({"id": PURCHASE, "planId": "gold", "subscription": {"id": PURCHASE,
            "saasSubscriptionStatus": "Subscribed"}}),
        ),
    };
    world.receive(&webhook(&world, &body(1, 30)));
    assert_eq!(world.receive(&landing(QUERY)).status, 303);
    assert_eq!((world.ledger.rows("conversions"), account(&world).as_str()), (1, "installed silver"));
}

#[test]
fn a_visitor_goes_on_where_the_listing_cannot_ask_and_is_refused_where_microsoft_says_no() {
    let onward = format!("https://app.example/start?plan=pro&{}", &QUERY[1..]);
    let mut without = world(&json!({}));
    let answer = without.receive(&landing(QUERY));
    assert_eq!((answer.status, location(&answer)), (302, onward.as_str()));
    let expected = format!(
        "a callback of {}, microsoft landing, tells nothing: the listing has no client_secret",
        without.listing
    );
    assert_eq!(without.logged, [expected]);
    let mut world = with_secret();
    let denied = |_: &VendorRequest| answered(401, &json!({"error": "invalid_client"}));
    let foreign =
        |request: &VendorRequest| if request.url == LOGIN { granted() } else { answered(403, &json!({})) };
    for (case, vendor) in
        [("a wrong secret", denied as fn(&VendorRequest) -> VendorResult), ("another app", foreign)]
    {
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &landing(QUERY)), 302, "{case}");
        assert!(world.logged.pop().unwrap().contains("does not take the listing's tenant_id"), "{case}");
    }
    // Only GUIDs are put into URLs.
    let asked = world.requests.len();
    let path = format!("/v1/listings/{}", world.listing);
    let settings =
        |tenant: &str, client: &str| json!({"settings": {"tenant_id": tenant, "client_id": client}});
    for settings in [settings("../common", APP), settings(TENANT, "app"), json!({"settings": {}})] {
        assert_eq!(world.ledger.patch(&path, &settings).status, 200);
        assert_eq!(world.refused("no GUIDs", &landing(QUERY)), 302, "{settings}");
        assert!(world.logged.pop().unwrap().contains("does not take the listing's tenant_id"), "{settings}");
    }
    assert_eq!(world.requests.len(), asked);
    assert_eq!(world.ledger.patch(&path, &settings(TENANT, APP)).status, 200);
    let says_no =
        |request: &VendorRequest| if request.url == LOGIN { granted() } else { answered(400, &json!({})) };
    let is_down =
        |request: &VendorRequest| if request.url == LOGIN { granted() } else { Err(VendorError::NoResponse) };
    for (case, vendor, query, status) in [
        ("an old token", says_no as fn(&VendorRequest) -> VendorResult, QUERY, 401),
        ("no answer", is_down, QUERY, 503),
        ("no login", |_| Err(VendorError::NoResponse), QUERY, 503),
        ("no purchase", |_| answered(200, &json!({"access_token": "a", "id": "../activate"})), QUERY, 500),
        ("two tokens", api, "?token=a&token=b", 401),
        ("no header's text", api, "?token=a%0D%0Ab", 401),
        ("no token", api, "?x=1", 302),
    ] {
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &landing(query)), status, "{case}");
    }
    let output = format!("{:?} {:?}", world.requests, world.logged);
    assert!(!output.contains(SECRET) && !output.contains("ab+cd"), "{output}");
}

#[test]
fn a_test_purchase_tells_nothing() {
    let mut world = with_secret();
    world.vendor.responds = |request| match request.url.as_str() {
        LOGIN => granted(),
        _ => answered(
            200,
            &json!({"id": PURCHASE, "planId": "silver", "subscription": {"id": PURCHASE, "isTest": true,
            "saasSubscriptionStatus": "PendingFulfillmentStart"}}),
        ),
    };
    assert_eq!(world.refused("landing", &landing(QUERY)), 302);
    world.vendor.responds = api;
    for operation in 0..OPERATIONS.len() {
        let mut message = body(operation, 10);
        message["subscription"]["isTest"] = json!(true);
        assert_eq!(world.refused("webhook", &webhook(&world, &message)), 200);
    }
    assert_eq!(world.logged.len(), 1 + OPERATIONS.len());
    assert!(world.logged.iter().all(|line| line.ends_with("it is a test purchase")), "{:?}", world.logged);
}

#[test]
fn forged_foreign_and_stale_tokens_are_refused_and_new_keys_are_fetched_once() {
    let mut world = with_secret();
    let message = body(2, 30);
    let claim = |world: &World, name: &str, value: Json| {
        let mut claims = claims(world);
        claims[name] = value;
        called(&vendor::token(KEY, "key-1", &claims), &message)
    };
    let now = world.ledger.now.ms() / 1000;
    for (case, callback) in [
        ("no token", TestCallback { headers: vec![], ..webhook(&world, &message) }),
        ("another's signature", called(&vendor::token(OTHER_KEY, "key-1", &claims(&world)), &message)),
        ("another audience", claim(&world, "aud", json!("another-app"))),
        ("another caller", claim(&world, "azp", json!(APP))),
        ("another tenant", claim(&world, "tid", json!(APP))),
        ("an old token", claim(&world, "exp", json!(now - 61))),
    ] {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    assert_eq!(world.requests.len(), 0, "and nobody was asked");
    // The vendor has a new key.
    let fetched = world.documents.len();
    world.vendor.publishes = |request| {
        let keys = [("key-1", KEY), ("key-2", OTHER_KEY)];
        let keys = if request.newer { keys.as_slice() } else { &keys[..1] };
        vendor::document(request, Some(vendor::jwks(keys)))
    };
    let callback = called(&vendor::token(OTHER_KEY, "key-2", &claims(&world)), &message);
    assert_eq!(world.receive(&callback).status, 200);
    let newer: Vec<bool> = world.documents[fetched..].iter().map(|request| request.newer).collect();
    assert_eq!(newer, [false, true]);
    assert_eq!(world.ledger.rows("conversions"), 1);
    let unknown = called(&vendor::token(OTHER_KEY, "key-3", &claims(&world)), &message);
    assert_eq!(world.refused("an unknown key", &unknown), 401);
    world.vendor.publishes = |request| vendor::document(request, None);
    assert_eq!(world.refused("no keys to be had", &webhook(&world, &message)), 503);
    let path = format!("/v1/listings/{}", world.listing);
    assert_eq!(world.ledger.patch(&path, &json!({"settings": {"client_id": APP}})).status, 200);
    assert_eq!(world.refused("no tenant", &webhook(&world, &message)), 401);
}
