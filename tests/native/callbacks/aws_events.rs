//! AWS Marketplace's messages: over SNS with its handshakes, from AWS's older topics, and from an API destination,
//! whose events the Agreement API confirms.

use super::fake_vendor::respond;
use super::{
    TestCallback, World,
    aws::{
        AGREEMENT, BUYER, CERTIFICATE, PRODUCT, PRODUCT_ID, SELLER, TOPIC, VendorCase, described, error,
        event, notification, ok, secrets, settings, sns, sns_signed, world_with,
    },
    signer,
};
use serde_json::{Value as Json, json};
use signpost::marketplace::vendor_api::{Document, VendorError, VendorResponse};
use signpost::store::Sql;

const NOW: &str = "2026-11-22T11:59:57.204Z";

/// A listing without an access key, so AWS is not called.
pub(crate) fn world() -> World {
    let mut world = world_with(&settings(), &json!({"eventbridge_secret": "b7f9c2e1d4a84f5e"}));
    world.vendor.responds = |request| panic!("nobody asks {request:?}");
    world
}

pub(crate) fn destination(event: &Json, secret: &str) -> TestCallback {
    let headers = vec![("x-acme-eventbridge-key".to_owned(), secret.to_owned())];
    TestCallback {
        method: "POST",
        kind: "eventbridge",
        rest: String::new(),
        headers,
        body: event.to_string(),
    }
}

pub(crate) fn from_destination(event: &Json) -> TestCallback {
    destination(event, "b7f9c2e1d4a84f5e")
}

fn accounts(world: &World) -> Vec<(String, String)> {
    let rows = world.ledger.sql.exec("SELECT account, status FROM marketplace_accounts ORDER BY 1", &[]);
    let account =
        |row: &signpost::store::Row| (row.text(0).unwrap().to_owned(), row.text(1).unwrap().to_owned());
    rows.unwrap().iter().map(account).collect()
}

fn account(world: &World) -> String {
    let accounts = accounts(world);
    let [(name, status)] = accounts.as_slice() else { panic!("{accounts:?}") };
    assert_eq!(name, BUYER);
    status.clone()
}

fn evidence(world: &mut World) -> Json {
    world.ledger.get("/v1/conversions").json["data"][0]["metadata"]["evidence"].take()
}

#[test]
fn a_subscription_is_confirmed_where_sns_is_and_nowhere_else() {
    let mut world = world();
    world.vendor.responds = |_| ok(&json!({}));
    assert_eq!(world.refused("told nothing", &sns("SubscriptionConfirmation", "m", NOW, "Confirm.")), 200);
    let [asked] = world.requests.as_slice() else { panic!("{:?}", world.requests) };
    let topic = TOPIC.replace(':', "%3A");
    let expected = format!(
        "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token=2336412f37"
    );
    assert_eq!((asked.method, asked.url.as_str(), asked.headers.len()), ("GET", expected.as_str(), 0));
    for status in [0, 403, 500] {
        world.vendor.responds = match status {
            0 => |_| Err(VendorError::NoResponse),
            403 => |_| respond(403, ""),
            _ => |_| respond(500, ""),
        };
        assert_eq!(
            world.refused("not confirmed", &sns("SubscriptionConfirmation", "m", NOW, "Confirm.")),
            503
        );
    }
    world.logged.clear();
    assert_eq!(world.refused("told nothing", &sns("UnsubscribeConfirmation", "m", NOW, "Bye.")), 200);
    let case = format!(
        "a callback of {}, aws sns, was taken in part: SNS sends no more messages of this topic here",
        world.listing
    );
    assert_eq!(world.logged, [case]);
}

#[test]
fn a_foreign_forged_or_old_message_is_refused_and_nothing_is_confirmed() {
    let mut world = world();
    let created =
        event("Purchase Agreement Created - Proposer", "2026-11-22T11:59:50Z", &json!({"intent": "NEW"}));
    let good = notification("m-1", &created);
    let swap = |callback: &TestCallback, from: &str, to: &str| {
        assert!(callback.body.contains(from));
        TestCallback { body: callback.body.replace(from, to), ..callback.clone() }
    };
    let confirmation = sns("SubscriptionConfirmation", "m", NOW, "Confirm.");
    let unsigned = TestCallback { body: created.to_string(), ..good.clone() };
    for (case, callback) in [
        ("another customer", swap(&good, BUYER, "782858285007")),
        ("another topic", swap(&good, TOPIC, "arn:aws:sns:us-east-1:993604559884:another")),
        ("confirm another topic", swap(&confirmation, TOPIC, "arn:aws:sns:us-east-1:111111111111:another")),
        ("a certificate of elsewhere", swap(&good, CERTIFICATE, "https://sns.us-east-1.amazonaws.com/x.pem")),
        ("raw delivery", unsigned),
        ("an old one", sns("Notification", "m", "2026-11-22T10:54:59Z", &created.to_string())),
        ("one of years ago", sns("Notification", "m", "2020-01-01T00:00:00Z", &created.to_string())),
    ] {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
        // Only what could be a message of the topic makes us load a certificate.
        let loaded = usize::from(case == "another customer");
        assert_eq!(world.documents.drain(..).count(), loaded, "{case}");
    }
    // Correctly signed, but from somebody else's topic.
    let path = format!("/v1/listings/{}", world.listing);
    let mut other = settings();
    other["topic_arns"] = json!("arn:aws:sns:us-east-1:993604559884:another");
    assert_eq!(world.ledger.patch(&path, &json!({"settings": other})).status, 200);
    assert_eq!(world.refused("a foreign topic", &good), 401);
    assert_eq!(world.refused("a foreign topic", &confirmation), 401);
    assert_eq!(world.documents.len(), 0);
    other["topic_arns"] = json!([]);
    assert_eq!(world.ledger.patch(&path, &json!({"settings": other})).status, 200);
    assert_eq!(world.refused("no topic", &good), 401);
    // SNS's certificate cannot be loaded, so SNS retries.
    let mut down = self::world();
    down.vendor.publishes = |_| Document { text: None, absent: false, newest: true };
    assert_eq!(down.refused("no certificate", &good), 503);
    let mut rotated = self::world();
    rotated.vendor.publishes = |_| {
        let text = Some(signer::OTHER_CERTIFICATE.to_owned());
        Document { text, absent: false, newest: true }
    };
    assert_eq!(rotated.refused("another key", &good), 401);
}

#[test]
fn a_window_of_ones_own_takes_what_lay_in_a_dead_letter_queue() {
    let mut settings = settings();
    settings["window_seconds"] = json!(86_400);
    let mut world = world_with(&settings, &secrets());
    let ended =
        event("Purchase Agreement Ended - Proposer", "2026-11-22T01:00:00Z", &json!({"status": "EXPIRED"}));
    let old = sns("Notification", "m", "2026-11-22T01:00:01Z", &ended.to_string());
    assert_eq!(world.receive(&old).status, 200);
    assert_eq!(account(&world), "uninstalled");
    assert_eq!(evidence(&mut world), "signed");
}

#[test]
fn each_message_means_what_it_says_and_others_tell_nothing() {
    let at = "2026-11-22T11:59:50Z";
    let agreement = |what: &str, named: Json| event(what, at, &named);
    for (message, status) in [
        (agreement("Purchase Agreement Created - Proposer", json!({"intent": "NEW"})), "activated"),
        (agreement("Purchase Agreement Created - Manufacturer", json!({"intent": "RENEW"})), "activated"),
        (agreement("Purchase Agreement Created - Proposer", json!({"intent": "REPLACE"})), "plan_changed"),
        (agreement("Purchase Agreement Amended - Proposer", json!({"intent": "AMEND"})), "plan_changed"),
        (agreement("Purchase Agreement Ended - Proposer", json!({"status": "CANCELLED"})), "uninstalled"),
        (agreement("Purchase Agreement Ended - Proposer", json!({"status": "EXPIRED"})), "uninstalled"),
        (agreement("Purchase Agreement Ended - Proposer", json!({"status": "TERMINATED"})), "uninstalled"),
        (agreement("Purchase Agreement Ended - Proposer", json!({"status": "ROLLED_BACK"})), "uninstalled"),
        (agreement("License Updated - Manufacturer", json!({})), "activated"),
        (agreement("License Deprovisioned - Manufacturer", json!({})), "uninstalled"),
    ] {
        let mut world = world();
        assert_eq!(world.receive(&notification("m", &message)).status, 200);
        assert_eq!(account(&world), status, "{message}");
        // The agreement and the licence are names of the account.
        let names = if message["detail"]["license"].is_null() { 1 } else { 2 };
        assert_eq!(world.ledger.rows("account_aliases"), names, "{message}");
    }
    let with = |pointer: &str, to: &str| {
        let mut message = agreement("License Deprovisioned - Manufacturer", json!({}));
        *message.pointer_mut(pointer).unwrap() = to.into();
        message
    };
    let mut world = world();
    for message in [
        agreement("Purchase Agreement Ended - Proposer", json!({"status": "RENEWED"})),
        agreement("Purchase Agreement Ended - Proposer", json!({"status": "REPLACED"})),
        agreement("Purchase Agreement Ended - Proposer", json!({"status": "SUPERSEDED"})),
    ] {
        assert_eq!(world.receive(&notification("m", &message)).status, 200);
        assert_eq!(accounts(&world), [], "{message}");
    }
    for message in [
        // The operator is the buyer.
        agreement("Purchase Agreement Created - Acceptor", json!({"intent": "NEW"})),
        agreement("Agreement Cancellation Request Approved - Proposer", json!({})),
        with("/source", "com.example.mine"),
        with("/account", "111111111111"),
        with("/detail/product/code", "another"),
    ] {
        assert_eq!(world.refused("none of our business", &notification("m", &message)), 200, "{message}");
    }
    assert_eq!(world.ledger.rows("kept_callbacks"), 0);
    assert_eq!(world.refused("a test", &sns("Notification", "m", NOW, "hello")), 200);
    assert!(world.logged.iter().all(|line| line.ends_with("was taken in part: the message is no JSON")));
    assert_eq!(world.logged.len(), 1);
    for message in [
        agreement("Purchase Agreement Ended - Proposer", json!({"status": "DANCING"})),
        agreement("Purchase Agreement Ended - Proposer", json!({})),
        with("/time", "yesterday"),
        with("/detail/acceptor/accountId", ""),
    ] {
        assert_eq!(world.refused("cannot be read", &notification("m", &message)), 500, "{message}");
    }
}

#[test]
fn the_end_of_a_licence_is_no_end_where_another_agreement_goes_on() {
    let at = "2026-11-22T11:59:50Z";
    let callback = notification("m", &event("License Deprovisioned - Manufacturer", at, &json!({})));
    let cases: [VendorCase; 9] = [
        ("renewed", |_| described("RENEWED"), 0),
        ("replaced", |_| described("REPLACED"), 0),
        ("superseded", |_| described("SUPERSEDED"), 0),
        ("cancelled", |_| described("CANCELLED"), 1),
        ("the licence alone", |_| described("ACTIVE"), 1),
        // A channel partner's agreement, or a key without permission: the signature is sufficient.
        ("unknown", |_| error("ResourceNotFoundException"), 1),
        ("not ours to see", |_| error("AccessDeniedException"), 1),
        (
            "of another customer",
            |_| ok(&json!({"agreementId": AGREEMENT, "acceptor": {"accountId": "1"}})),
            1,
        ),
        ("no JSON", |_| respond(200, ""), 1),
    ];
    for (case, vendor, ends) in cases {
        let mut world = world_with(&settings(), &secrets());
        world.vendor.responds = vendor;
        assert_eq!(world.receive(&callback).status, 200, "{case}");
        assert_eq!(world.ledger.rows("conversions"), i64::from(ends), "{case}");
        assert_eq!(accounts(&world).len(), usize::from(ends), "{case}");
    }
    let mut down = world_with(&settings(), &secrets());
    down.vendor.responds = |_| Err(VendorError::NoResponse);
    assert_eq!(down.refused("nothing", &callback), 503);
}

#[test]
fn the_older_topics_know_a_customer_by_another_name() {
    let message = |action: &str, product: &str| {
        json!({"action": action, "customer-identifier": " X01EXAMPLEX", "product-code": product,
               "offer-identifier": "offer-1", "isFreeTrialTermPresent": "false"})
        .to_string()
    };
    let callback =
        |action: &str, id: &str, at: &str| sns_signed("Notification", id, at, &message(action, PRODUCT), "1");
    let mut world = world_with(&settings(), &secrets());
    world.vendor.responds = |_| {
        ok(
            &json!({"ProductCode": PRODUCT, "CustomerAWSAccountId": BUYER, "CustomerIdentifier": "X01EXAMPLEX"}),
        )
    };
    let registration = TestCallback {
        method: "POST",
        kind: "register",
        rest: String::new(),
        headers: vec![],
        body: "x-amzn-marketplace-token=t".to_owned(),
    };
    assert_eq!(world.receive(&registration).status, 303);
    world.ledger.wait(600_000);
    for (action, id, at, status) in [
        ("subscribe-success", "m-1", "2026-11-22T12:01:00Z", "activated"),
        ("subscribe-fail", "m-2", "2026-11-22T12:02:00Z", "activated"),
        ("entitlement-updated", "m-3", "2026-11-22T12:03:00Z", "plan_changed"),
        ("unsubscribe-pending", "m-4", "2026-11-22T12:04:00Z", "plan_changed"),
        ("unsubscribe-success", "m-5", "2026-11-22T12:05:00Z", "uninstalled"),
        ("unsubscribe-success", "m-5", "2026-11-22T12:05:00Z", "uninstalled"),
        ("subscribe-success", "m-1", "2026-11-22T12:01:00Z", "uninstalled"),
    ] {
        assert_eq!(world.receive(&callback(action, id, at)).status, 200);
        assert_eq!(account(&world), status, "{action}");
    }
    assert_eq!(world.ledger.rows("conversions"), 2);
    let other = sns("Notification", "m-9", NOW, &message("unsubscribe-success", "another"));
    assert_eq!(world.refused("another product", &other), 200);
}

#[test]
fn an_api_destinations_event_is_what_the_agreement_api_confirms() {
    let at = "2026-11-22T11:59:50Z";
    let ended = event("Purchase Agreement Ended - Proposer", at, &json!({"status": "CANCELLED"}));
    let deprovisioned = event("License Deprovisioned - Manufacturer", at, &json!({}));
    let mut world = world();
    assert_eq!(world.refused("a wrong secret", &destination(&ended, "b7f9c2e1d4a84f5f")), 401);
    let other = Json::clone(&ended).to_string().replace(SELLER, "111111111111");
    let other: Json = serde_json::from_str(&other).unwrap();
    assert_eq!(world.refused("another seller", &from_destination(&other)), 401);
    let ignored = event("Purchase Agreement Ending - Proposer", at, &json!({}));
    assert_eq!(world.refused("none of our business", &from_destination(&ignored)), 200);
    for callback in [&ended, &deprovisioned] {
        let mut world = world_with(&settings(), &secrets());
        world.vendor.responds = |_| described("CANCELLED");
        assert_eq!(world.receive(&from_destination(callback)).status, 200);
        assert_eq!((account(&world).as_str(), evidence(&mut world)), ("uninstalled", json!("api_poll")));
        let [asked] = world.requests.as_slice() else { panic!("{:?}", world.requests) };
        assert_eq!(asked.url, "https://agreement-marketplace.us-east-1.amazonaws.com/");
        assert_eq!(asked.body, format!(r#"{{"agreementId":"{AGREEMENT}"}}"#));
        let target = ("x-amz-target", "AWSMPCommerceService_v20200301.DescribeAgreement".to_owned());
        assert!(asked.headers.contains(&target), "{:?}", asked.headers);
        // The API's status of the agreement takes precedence over the message.
        let mut world = world_with(&settings(), &secrets());
        world.vendor.responds = |_| described("REPLACED");
        assert_eq!(world.receive(&from_destination(callback)).status, 200);
        assert_eq!(accounts(&world), []);
        let denials: [VendorCase; 6] = [
            ("it goes on", |_| described("ACTIVE"), 401),
            ("no such agreement", |_| error("ResourceNotFoundException"), 401),
            (
                "of another customer",
                |_| ok(&json!({"agreementId": AGREEMENT, "acceptor": {"accountId": "1"}})),
                401,
            ),
            ("another one", |_| ok(&json!({"agreementId": "agmt-1", "acceptor": {"accountId": BUYER}})), 401),
            ("too many", |_| error("ThrottlingException"), 503),
            ("nothing", |_| Err(VendorError::NoResponse), 503),
        ];
        for (case, vendor, status) in denials {
            let mut world = world_with(&settings(), &secrets());
            world.vendor.responds = vendor;
            assert_eq!(world.refused(case, &from_destination(callback)), status, "{case}");
        }
    }
}

#[test]
fn without_a_key_that_may_ask_an_api_destinations_event_is_a_hint() {
    let at = "2026-11-22T11:59:50Z";
    let ended = event("Purchase Agreement Ended - Proposer", at, &json!({"status": "CANCELLED"}));
    let header = json!({"eventbridge_secret": "b7f9c2e1d4a84f5e"});
    let mut world = world_with(&settings(), &header);
    world.vendor.responds = |request| panic!("nobody asks {request:?}");
    assert_eq!(world.receive(&from_destination(&ended)).status, 200);
    assert_eq!((account(&world).as_str(), evidence(&mut world)), ("uninstalled", json!("transport_only")));
    assert_eq!(world.logged, [""; 0]);
    let mut world = world_with(&settings(), &secrets());
    world.vendor.responds = |_| error("AccessDeniedException");
    assert_eq!(world.receive(&from_destination(&ended)).status, 200);
    assert_eq!(evidence(&mut world), "transport_only");
    let case = "was taken in part: nobody confirmed it: the access key may not ask";
    assert!(world.logged[0].ends_with(case), "{:?}", world.logged);
}

#[test]
fn where_the_seller_has_several_products_agreements_are_looked_up() {
    let at = "2026-11-22T11:59:50Z";
    let created = event("Purchase Agreement Created - Proposer", at, &json!({"intent": "NEW"}));
    let licensed = event("License Updated - Manufacturer", at, &json!({}));
    let mut settings = settings();
    settings["product_id"] = json!(PRODUCT_ID);
    let world = |vendor| {
        let mut world = world_with(&settings, &secrets());
        world.vendor.responds = vendor;
        world
    };
    for callback in [notification("m", &created), from_destination(&created)] {
        let mut ours = world(|_| described("ACTIVE"));
        assert_eq!(ours.receive(&callback).status, 200);
        assert_eq!(account(&ours), "activated");
        let mut other = world(|_| {
            let described = described("ACTIVE");
            described.map(|it| VendorResponse { body: it.body.replace(PRODUCT_ID, "prod-another"), ..it })
        });
        assert_eq!(other.refused("another product", &callback), 200);
        let mut denied = world(|_| error("AccessDeniedException"));
        assert_eq!(denied.refused("nobody says which product", &callback), 401);
        let mut down = world(|_| Err(VendorError::NoResponse));
        assert_eq!(down.refused("nothing", &callback), 503);
    }
    // A licence names its product.
    let mut signed = world(|request| panic!("nobody asks {request:?}"));
    assert_eq!(signed.receive(&notification("m", &licensed)).status, 200);
    assert_eq!(account(&signed), "activated");
    let mut hint = world(|_| error("AccessDeniedException"));
    assert_eq!(hint.receive(&from_destination(&licensed)).status, 200);
    assert_eq!(account(&hint), "activated");
}
