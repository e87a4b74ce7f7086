//! Verified callbacks that cannot be read. A test fails if one is lost, answered before it is kept, kept twice, shown or
//! stored in clear text, or if trying it again counts anything twice.

use super::{TestCallback, World, magento, woocommerce};
use crate::support::{OPERATOR, rows};
use serde_json::{Value as Json, json};
use signpost::store::Sql;

const DAY_MS: i64 = 86_400_000;

fn list(world: &mut World, query: &str) -> Vec<Json> {
    let mut found = world.ledger.get(&format!("/v1/callbacks{query}")).json["data"].take();
    found.as_array_mut().unwrap().iter_mut().map(Json::take).collect()
}

fn events(world: &mut World, kind: &str) -> Vec<Json> {
    let events = world.ledger.get("/v1/events?limit=200").json["data"].take();
    let found = events.as_array().unwrap().iter().filter(|event| event["type"] == kind);
    found.map(|event| event["data"].clone()).collect()
}

fn retry(world: &mut World, id: &Json) -> Json {
    let answer = world.ledger.post(&format!("/v1/callbacks/{}/retry", id.as_str().unwrap()), &Json::Null);
    assert_eq!(answer.status, 200, "{}", answer.raw.body);
    answer.json
}

/// An order of a store whose total nobody can read.
fn odd(id: u64) -> TestCallback {
    let billing = json!({"email": "ann@example.com"});
    woocommerce::order(json!({"id": id, "total": "29,35", "billing": billing, "customer_id": 0}))
}

#[test]
fn it_is_kept_sealed_before_the_vendor_is_answered_and_an_event_reports_it() {
    let mut world = woocommerce::world();
    assert_eq!(world.kept("an odd order", &odd(727)), 200);
    let line = "is kept unprocessed: a verified callback is not of its documented form: /total is not an amount of the currency";
    assert!(world.logged[0].ends_with(line), "{:?}", world.logged);
    let [kept] = list(&mut world, "?status=unprocessed").try_into().unwrap();
    let expected = json!({
        "id": kept["id"], "listing_id": world.listing, "marketplace": "woocommerce", "kind": "orders",
        "status": "unprocessed", "reason": "/total is not an amount of the currency", "tries": 0,
        "created_at": "2026-11-22T12:00:00.000Z", "tried_at": null, "expires_at": "2027-02-20T12:00:00.000Z",
    });
    assert_eq!(kept, expected);
    assert_eq!(events(&mut world, "callback.unprocessed"), [expected]);
    // What the vendor sent is nowhere in clear text.
    let rows = format!("{:?}", rows::rows(&world.ledger.sql));
    assert!(!rows.contains("ann@example") && !rows.contains("29,35") && !rows.contains("YW5uQGV4"), "{rows}");
    // It comes again, and is the same.
    assert_eq!(world.refused("again", &odd(727)), 200);
    assert_eq!(world.kept("another one", &odd(728)), 200);
    assert_eq!(list(&mut world, "").len(), 2);
}

#[test]
fn what_cannot_be_kept_is_not_acknowledged() {
    let mut world = woocommerce::world();
    world.ledger.sql.exec("DROP TABLE kept_callbacks", &[]).unwrap();
    let outcome = world.judge(&odd(727));
    let signpost::marketplace::receive::Outcome::Report { report, responses, .. } = outcome else {
        panic!("{outcome:?}")
    };
    // The Worker answers an error of the Ledger, and an older Ledger, with 503.
    assert!(world.write(&report).is_err());
    assert_eq!(responses.written.status, 503);
    // There is no room for more than 10,000 of a listing.
    let mut world = woocommerce::world();
    let statement = "INSERT INTO kept_callbacks (id, listing_no, kind, status, reason, digest, sealed, tries, received_at, \
        expires_at) WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 10000) \
        SELECT 'cbk_' || x, 1, 'orders', 'unprocessed', '', x, '', 0, 0, 9007199254740991 FROM n";
    world.ledger.sql.exec(statement, &[]).unwrap();
    let outcome = world.judge(&odd(727));
    let signpost::marketplace::receive::Outcome::Report { report, .. } = outcome else {
        panic!("{outcome:?}")
    };
    let before = rows::rows(&world.ledger.sql);
    let error = world.write(&report).unwrap_err().to_string();
    assert!(error.contains("no room for an unprocessed callback"), "{error}");
    assert_eq!(rows::difference(&before, &rows::rows(&world.ledger.sql)), Vec::<String>::new());
}

#[test]
fn after_a_fix_it_is_tried_again_and_counts_once() {
    // Until the operator says which amounts count, no order can be read.
    let mut world =
        magento::world_with(&json!({"client_id": magento::CLIENT, "amounts": "both"}), &json!({}));
    assert_eq!(world.kept("under a wrong setting", &magento::paid_order()), 200);
    let id = list(&mut world, "")[0]["id"].take();
    world.ledger.wait(DAY_MS);
    let still = retry(&mut world, &id);
    assert_eq!(
        (&still["status"], &still["reason"], &still["tries"], &still["tried_at"]),
        (
            &json!("unprocessed"),
            &json!("the setting amounts is neither base nor order"),
            &json!(1),
            &json!("2026-11-23T12:00:00.000Z")
        )
    );
    assert_eq!(world.ledger.rows("conversions"), 0);
    let target = format!("/v1/listings/{}", world.listing);
    let settings = json!({"settings": {"client_id": magento::CLIENT, "amounts": "base"}});
    assert_eq!(world.ledger.patch(&target, &settings).status, 200);
    let done = retry(&mut world, &id);
    assert_eq!((&done["status"], &done["tries"]), (&json!("processed"), &json!(2)));
    assert_eq!(magento::sales(&mut world), [(40_960, "USD".to_owned(), 0)]);
    assert_eq!(events(&mut world, "callback.processed"), std::slice::from_ref(&done));
    // The message is gone, and another try changes nothing.
    let sealed = world.ledger.sql.exec("SELECT count(sealed) FROM kept_callbacks", &[]).unwrap();
    assert_eq!(sealed[0].int(0).unwrap(), 0);
    let before = rows::rows(&world.ledger.sql);
    assert_eq!(retry(&mut world, &id), done);
    assert_eq!(rows::difference(&before, &rows::rows(&world.ledger.sql)), Vec::<String>::new());
    assert_eq!(list(&mut world, "?status=processed").len(), 1);
    world.ledger.audit();
}

#[test]
fn a_repetition_that_can_be_read_by_then_ends_it() {
    let mut world =
        magento::world_with(&json!({"client_id": magento::CLIENT, "amounts": "both"}), &json!({}));
    let order = magento::paid_order();
    assert_eq!(world.kept("under a wrong setting", &order), 200);
    let target = format!("/v1/listings/{}", world.listing);
    let settings = json!({"settings": {"client_id": magento::CLIENT}});
    assert_eq!(world.ledger.patch(&target, &settings).status, 200);
    assert_eq!(world.receive(&order).status, 200);
    let [kept] = list(&mut world, "").try_into().unwrap();
    assert_eq!((&kept["status"], &kept["reason"]), (&json!("processed"), &json!("it was sent again")));
    assert_eq!(magento::sales(&mut world).len(), 1);
}

#[test]
fn the_part_that_can_be_read_counts_at_once_and_the_message_is_kept_for_the_rest() {
    let mut world = woocommerce::world();
    let refunds = json!([{"id": 751, "total": "-10.00"}, {"id": 752}]);
    let callback = woocommerce::order(json!({"refunds": refunds}));
    assert_eq!(world.receive(&callback).status, 200);
    assert_eq!(magento::sales(&mut world), [(2_935, "EUR".to_owned(), 1_000)]);
    let [kept] = list(&mut world, "").try_into().unwrap();
    assert_eq!(kept["reason"], "/refunds/1: a refund's total is not an amount");
    assert!(world.logged[0].ends_with("was taken in part: /refunds/1: a refund's total is not an amount"));
    assert_eq!(world.refused("again", &callback), 200);
    let still = retry(&mut world, &kept["id"]);
    assert_eq!((&still["status"], &still["reason"]), (&json!("unprocessed"), &kept["reason"]));
    assert_eq!(magento::sales(&mut world), [(2_935, "EUR".to_owned(), 1_000)]);
    world.ledger.audit();
}

#[test]
fn the_list_is_paged_filtered_and_of_the_programme_only() {
    let mut world = woocommerce::world();
    for id in 1..=3 {
        assert_eq!(world.kept("an odd order", &odd(id)), 200);
    }
    let first = world.ledger.get("/v1/callbacks?limit=2&status=unprocessed").json;
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world.ledger.get(&format!("/v1/callbacks?limit=2&status=unprocessed&cursor={cursor}")).json;
    assert_eq!((second["data"].as_array().unwrap().len(), &second["next_cursor"]), (1, &Json::Null));
    assert_ne!(first["data"][0]["id"], first["data"][1]["id"]);
    let other = format!("/v1/callbacks?status=processed&cursor={cursor}");
    assert_eq!(world.ledger.get(&other).problem(), (422, "cursor_mismatch".to_owned()));
    let listing = world.listing.clone();
    assert_eq!(list(&mut world, &format!("?listing_id={listing}")).len(), 3);
    assert_eq!(list(&mut world, &format!("?listing_id={listing}&status=refused")).len(), 0);
    assert_eq!(world.ledger.get("/v1/callbacks?status=lost").problem(), (422, "invalid_value".to_owned()));
    assert_eq!(world.ledger.get("/v1/callbacks?listing_id=lst_1").problem(), (404, "not_found".to_owned()));
    let absent = world.ledger.post("/v1/callbacks/cbk_00000000000000000000000000/retry", &Json::Null);
    assert_eq!(absent.problem(), (404, "not_found".to_owned()));
    let partners = world.ledger.key(&["read"], Some(&world.partner));
    let refused = world.ledger.call(&partners, "GET", "/v1/callbacks", "", None);
    assert_eq!(refused.problem(), (404, "not_found".to_owned()));
    let events = world.ledger.call(&partners, "GET", "/v1/events?limit=200", "", None).json;
    assert!(!events.to_string().contains("callback."), "{events}");
    assert_eq!(world.ledger.call(OPERATOR, "GET", "/v1/callbacks", "", None).status, 200);
}

#[test]
fn it_is_deleted_after_ninety_days() {
    let mut world = woocommerce::world();
    assert_eq!(world.kept("an odd order", &odd(1)), 200);
    world.ledger.wait(90 * DAY_MS);
    assert_eq!(world.kept("on the last day", &odd(2)), 200);
    world.ledger.wait(1);
    world.receive(&odd(3));
    assert_eq!(list(&mut world, "").len(), 2);
}
