//! Refused requests about payouts: each has its code and pointer, and writes no row.

use super::world::{World, october};
use crate::support::OPERATOR;
use serde_json::{Value as Json, json};
use signpost::store::Sql;

/// A programme with one payable partner, and a draft of October.
fn drafted() -> (World, String, String) {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let run = world.draft(october());
    (world, run, ada.partner)
}

#[test]
fn an_impossible_run_is_refused() {
    let mut world = World::new();
    world.at("2026-10-31T23:59:59.999Z");
    for (body, code, pointer) in [
        (json!({"period": october()}), "period_not_over", "/period/to"),
        (json!({"period": {"from": "2026-10-02", "to": "2026-10-01"}}), "invalid_period", "/period/to"),
        (json!({"period": {"from": "2026-02-30", "to": "2026-10-01"}}), "invalid_date", "/period/from"),
        (json!({"period": {"from": "2026-10-01"}}), "missing_field", "/period/to"),
        (json!({}), "missing_field", "/period"),
        (
            json!({"period": {"from": "2026-09-01", "to": "2026-09-30"}, "currency": "XXX"}),
            "invalid_currency",
            "/currency",
        ),
        (
            json!({"period": {"from": "2026-09-01", "to": "2026-09-30"}, "minimum": {"amount": -1, "currency": "EUR"}}),
            "amount_out_of_range",
            "/minimum/amount",
        ),
        (
            json!({"period": {"from": "2026-09-01", "to": "2026-09-30"}, "minimum": {"amount": 1, "currency": "eur"}}),
            "invalid_currency",
            "/minimum/currency",
        ),
        (
            json!({"period": {"from": "2026-09-01", "to": "2026-09-30"}, "currency": "USD", "minimum": {"amount": 1, "currency": "EUR"}}),
            "currency_mismatch",
            "/minimum/currency",
        ),
        (
            json!({"period": {"from": "2026-09-01", "to": "2026-09-30"}, "rate_date": "x"}),
            "invalid_date",
            "/rate_date",
        ),
        (
            json!({"period": {"from": "2026-09-01", "to": "2026-09-30"}, "dry_run": true}),
            "unknown_field",
            "/dry_run",
        ),
    ] {
        let refused = world.ledger.unchanged(code, |ledger| ledger.post("/v1/payouts/runs", &body));
        assert_eq!(refused.problem(), (422, code.to_owned()), "{body}");
        assert_eq!(refused.text("/errors/0/pointer"), pointer, "{body}");
    }
    // The period is over with its last millisecond.
    world.at("2026-11-01T00:00:00Z");
    assert_eq!(world.make(&json!({"period": october()})).status, 201);
}

#[test]
fn a_key_cannot_approve_its_own_run() {
    let (mut world, run, _) = drafted();
    let (maker, checker) = (world.maker.clone(), world.checker.clone());
    let target = format!("/v1/payouts/runs/{run}");
    let approve = format!("{target}/approve");
    let own = world.ledger.unchanged("own", |ledger| ledger.call(&maker, "POST", &approve, "", None));
    assert_eq!(own.problem(), (403, "own_run".to_owned()));
    // Who computed it last has made it, too.
    assert_eq!(world.by(&checker, "POST", &format!("{target}/refresh"), &json!({})).status, 200);
    let refreshed =
        world.ledger.unchanged("refreshed", |ledger| ledger.call(&checker, "POST", &approve, "", None));
    assert_eq!(refreshed.problem(), (403, "own_run".to_owned()));
    assert_eq!(world.ledger.post(&approve, &json!({})).text("/approver"), "operator");

    // The operator's key is no exception.
    let body = json!({"period": {"from": "2026-10-01", "to": "2026-10-30"}});
    let run = world.ledger.post("/v1/payouts/runs", &body).text("/id");
    let target = format!("/v1/payouts/runs/{run}/approve");
    let own = world.ledger.unchanged("operator", |ledger| ledger.post(&target, &json!({})));
    assert_eq!(own.problem(), (403, "own_run".to_owned()));
}

#[test]
fn a_key_that_the_maker_made_does_not_approve() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let make_key = |world: &mut World, by: &str, scope: &str| {
        let made = world.by(by, "POST", "/v1/keys", &json!({"name": "K", "scopes": [scope]}));
        assert_eq!(made.status, 201, "{}", made.raw.body);
        (made.text("/id"), made.text("/key"))
    };
    let (admin_id, admin) = make_key(&mut world, OPERATOR, "admin");
    let (_, other_admin) = make_key(&mut world, OPERATOR, "admin");
    let (child_id, child) = make_key(&mut world, &admin, "admin");
    let (_, grandchild) = make_key(&mut world, &child, "payouts:write");
    let (_, cousin) = make_key(&mut world, &other_admin, "payouts:write");
    let keys = world.ledger.get("/v1/keys").json;
    let maker_of = |id: &str| {
        keys["data"].as_array().unwrap().iter().find(|key| key["id"] == id).unwrap()["created_by"].clone()
    };
    assert_eq!((maker_of(&admin_id), maker_of(&child_id)), (json!("operator"), json!(admin_id)));

    let run = world.by(&admin, "POST", "/v1/payouts/runs", &json!({"period": october()})).text("/id");
    let approve = format!("/v1/payouts/runs/{run}/approve");
    // Removing the key in between changes nothing.
    assert_eq!(world.ledger.delete(&format!("/v1/keys/{child_id}")).status, 204);
    let refused =
        world.ledger.unchanged("own", |ledger| ledger.call(&grandchild, "POST", &approve, "", None));
    assert_eq!(refused.problem(), (403, "own_run".to_owned()));
    assert_eq!(
        refused.text("/detail"),
        "This key, or a key that led to it, asked for the run or computed it last: a key of another person has to approve it."
    );
    // The same goes for the key that computed the run last.
    let refresh = format!("/v1/payouts/runs/{run}/refresh");
    assert_eq!(world.by(&other_admin, "POST", &refresh, &json!({})).status, 200);
    let refused = world.ledger.unchanged("own", |ledger| ledger.call(&cousin, "POST", &approve, "", None));
    assert_eq!(refused.problem(), (403, "own_run".to_owned()));
    // Keys from before their makers were recorded, and keys of others, approve.
    world.ledger.sql.exec("UPDATE api_keys SET created_by = NULL", &[]).unwrap();
    assert_eq!(world.by(&cousin, "POST", &approve, &json!({})).status, 200);
}

#[test]
fn an_approved_run_is_immutable() {
    let (mut world, run, _) = drafted();
    let approved = world.approve(&run);
    assert_eq!(approved.status, 200);
    let checker = world.checker.clone();
    let target = format!("/v1/payouts/runs/{run}");
    for step in ["refresh", "cancel", "approve"] {
        let target = format!("{target}/{step}");
        let refused = world.ledger.unchanged(step, |ledger| ledger.post(&target, &json!({})));
        assert_eq!(refused.problem(), (409, "run_immutable".to_owned()), "{step}");
    }
    // Whoever approved it may ask again, as after a lost answer.
    let target = format!("{target}/approve");
    let again = world.ledger.unchanged("again", |ledger| ledger.call(&checker, "POST", &target, "", None));
    assert_eq!((again.status, again.raw.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.raw.body, approved.raw.body);
    for (method, path) in
        [("PATCH", "/v1/payouts/runs/{id}"), ("DELETE", "/v1/payouts/runs/{id}"), ("PUT", "/v1/payouts/{id}")]
    {
        let path = path.replace("{id}", &run);
        assert_eq!(world.ledger.call(&checker, method, &path, "{}", None).status, 405);
    }
}

#[test]
fn an_outdated_draft_is_not_approved() {
    type Change = fn(&mut World, &str);
    let refund: Change = |world, _| {
        let sale = world.ledger.get("/v1/conversions").text("/data/0/id");
        world.refund(&sale, "r-1", 1);
    };
    let moved: Change = |world, partner| {
        world.ledger.patch(&format!("/v1/partners/{partner}"), &json!({"currency": "USD"}));
    };
    for (change, said) in [
        (refund, "What is open of a commission changed"),
        (moved, "A partner is to be paid in another currency"),
    ] {
        let (mut world, run, partner) = drafted();
        change(&mut world, &partner);
        let checker = world.checker.clone();
        let target = format!("/v1/payouts/runs/{run}/approve");
        let refused = world.ledger.unchanged(said, |ledger| ledger.call(&checker, "POST", &target, "", None));
        assert_eq!(refused.problem(), (409, "run_outdated".to_owned()));
        assert!(refused.text("/detail").starts_with(said), "{}", refused.raw.body);
        assert!(refused.text("/detail").ends_with("refresh the run, look at it, and approve it then."));
        let target = format!("/v1/payouts/runs/{run}/refresh");
        let maker = world.maker.clone();
        assert_eq!(world.by(&maker, "POST", &target, &json!({})).status, 200);
        assert_eq!(world.approve(&run).status, 200, "{said}");
        world.audit();
    }
    // What became payable after the period is none of the run's.
    let (mut world, run, _) = drafted();
    let bob = world.partner("Bob", None);
    world.sale(&bob, 500, "EUR");
    assert_eq!(world.approve(&run).status, 200);
}

#[test]
fn a_payout_is_settled_once() {
    let (mut world, run, partner) = drafted();
    let draft = world.payouts(&run, "draft").remove(0);
    let target = format!("/v1/payouts/{}", draft["id"].as_str().unwrap());
    let refused = world
        .ledger
        .unchanged("draft", |ledger| ledger.post(&format!("{target}/paid"), &json!({"reference": "b"})));
    assert_eq!(refused.problem(), (409, "payout_not_open".to_owned()));
    world.approve(&run);
    for (step, body, code, pointer) in [
        ("paid", json!({}), "missing_field", "/reference"),
        ("paid", json!({"reference": ""}), "invalid_text", "/reference"),
        ("paid", json!({"reference": "x".repeat(201)}), "invalid_text", "/reference"),
        ("failed", json!({}), "missing_field", "/reason"),
        ("failed", json!({"reason": "a\u{0}b"}), "invalid_text", "/reason"),
    ] {
        let target = format!("{target}/{step}");
        let refused = world.ledger.unchanged(code, |ledger| ledger.post(&target, &body));
        assert_eq!(
            (refused.status, refused.text("/code").as_str(), refused.text("/errors/0/pointer").as_str()),
            (422, code, pointer)
        );
    }
    let first = world.pay(&draft, "bank-7");
    assert_eq!(first.status, 200);
    let again = world
        .ledger
        .unchanged("again", |ledger| ledger.post(&format!("{target}/paid"), &json!({"reference": "bank-7"})));
    assert_eq!((again.status, again.raw.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.raw.body, first.raw.body);
    let other = json!({"reference": "bank-8"});
    let refused = world.ledger.unchanged("other", |ledger| ledger.post(&format!("{target}/paid"), &other));
    assert_eq!(refused.problem(), (409, "payout_ended".to_owned()));
    let target = format!("/v1/partners/{partner}/write-off");
    for (body, status, code) in [
        (json!({"currency": "EUR"}), 409, "nothing_owed_back"),
        (json!({"currency": "USD"}), 409, "nothing_owed_back"),
        (json!({"currency": "EURO"}), 422, "invalid_currency"),
        (json!({}), 422, "missing_field"),
        (json!({"currency": "EUR", "note": "x".repeat(501)}), 422, "invalid_text"),
    ] {
        let refused = world.ledger.unchanged(code, |ledger| ledger.post(&target, &body));
        assert_eq!(refused.problem(), (status, code.to_owned()));
    }
}

#[test]
fn a_partners_key_sees_its_own_payouts_of_approved_runs() {
    let mut world = World::new();
    let (ada, bob) = (world.partner("Ada", None), world.partner("Bob", None));
    world.sale(&ada, 10_000, "EUR");
    world.sale(&bob, 20_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let run = world.draft(october());
    let adas = world.ledger.key(&["admin"], Some(&ada.partner));
    let payouts = world.payouts(&run, "draft");
    let id = |payout: &Json| payout["id"].as_str().unwrap().to_owned();
    let (own, other) = (id(&payouts[0]), id(&payouts[1]));
    let paths = ["", "/items", "/statement.json", "/statement.csv", "/statement.html"];
    let get = |world: &mut World, target: &str| world.by(&adas, "GET", target, &json!({}));
    for path in paths {
        assert_eq!(get(&mut world, &format!("/v1/payouts/{own}{path}")).status, 404, "of a draft: {path}");
    }
    assert_eq!(get(&mut world, "/v1/payouts").json["data"], json!([]));
    assert_eq!(get(&mut world, &format!("/v1/payouts?run_id={run}")).status, 404);
    world.approve(&run);
    for path in paths {
        assert_eq!(get(&mut world, &format!("/v1/payouts/{own}{path}")).status, 200, "{path}");
        assert_eq!(get(&mut world, &format!("/v1/payouts/{other}{path}")).status, 404, "{path}");
    }
    for target in
        ["/v1/payouts".to_owned(), format!("/v1/payouts?run_id={run}"), "/v1/payouts?status=open".to_owned()]
    {
        let listed = get(&mut world, &target).json;
        let ids: Vec<&str> =
            listed["data"].as_array().unwrap().iter().map(|payout| payout["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [own.as_str()], "{target}");
    }
    for (method, target) in [
        ("GET", "/v1/payouts/runs".to_owned()),
        ("GET", format!("/v1/payouts/runs/{run}")),
        ("GET", format!("/v1/payouts/runs/{run}/files/csv")),
        ("POST", "/v1/payouts/runs".to_owned()),
        ("POST", format!("/v1/payouts/runs/{run}/approve")),
        ("POST", format!("/v1/payouts/{own}/paid")),
        ("POST", format!("/v1/partners/{}/write-off", ada.partner)),
        ("PUT", format!("/v1/partners/{}/payout-details", bob.partner)),
        ("GET", format!("/v1/partners/{}/payout-details", bob.partner)),
        ("GET", "/v1/fx".to_owned()),
        ("GET", "/v1/ledger/trial-balance".to_owned()),
    ] {
        assert_eq!(
            world.by(&adas, method, &target, &json!({})).problem(),
            (404, "not_found".to_owned()),
            "{method} {target}"
        );
    }
    let events = get(&mut world, "/v1/events?limit=200").json;
    assert!(!events.to_string().contains("payout_run"));
    assert_eq!(world.ledger.get("/v1/payouts?status=lost").problem(), (422, "invalid_value".to_owned()));
    assert_eq!(world.ledger.get("/v1/payouts?run_id=run_x").problem(), (404, "not_found".to_owned()));
}
