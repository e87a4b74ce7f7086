//! Where a payout goes: a partner without payout details is held, the approver sees the account that was drafted, and what was
//! approved goes nowhere else.

use super::world::{World, october};
use crate::support::rows;
use serde_json::{Value as Json, json};
use signpost::store::{
    Sql,
    log::{apply::apply_change, change::Change},
};

const IBAN: &str = "GB29NWBK60161331926819";
const OTHER_IBAN: &str = "NO9386011117947";

fn sepa(iban: &str) -> Json {
    json!({"method": "sepa", "legal_name": "Ada", "iban": iban})
}

fn set(world: &mut World, partner: &str, details: &Json) {
    let answer = world.ledger.put(&format!("/v1/partners/{partner}/payout-details"), details);
    assert_eq!(answer.status, 200, "{}", answer.raw.body);
}

/// The data of the events of a type that a key sees.
fn events(world: &mut World, key: &str, kind: &str) -> Vec<Json> {
    let all = world.by(key, "GET", "/v1/events?limit=200", &json!({})).json;
    let all = all["data"].as_array().unwrap().iter();
    all.filter(|event| event["type"] == kind).map(|event| event["data"].clone()).collect()
}

#[test]
fn a_partner_without_payout_details_is_held_and_told() {
    let mut world = World::new();
    let ada = world.partner_without_details("Ada", None);
    let bob = world.partner("Bob", None);
    world.sale(&ada, 10_000, "EUR");
    world.sale(&bob, 2_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let draft = world.make(&json!({"period": october()}));
    let run = draft.text("/id");
    assert_eq!(
        draft.json["totals"],
        json!([{"currency": "EUR", "amount": 2_000, "payouts": 1, "commissions": 1}])
    );
    let held = world.payouts(&run, "held").remove(0);
    assert_eq!(
        (&held["reason"], &held["amount"], &held["destination"]),
        (&json!("details_missing"), &json!(10_000), &json!(null))
    );
    assert_eq!(
        draft.json["held"],
        json!([{"partner_id": ada.partner, "payout_id": held["id"], "currency": "EUR", "amount": 10_000,
            "reason": "details_missing",
            "remedy": "Set the payout details with PUT /v1/partners/{id}/payout-details, then refresh the run."}])
    );
    assert_eq!(draft.json["counts"]["held"], 1);
    // The partner learns of it once, however often the draft is computed.
    let adas = world.ledger.key(&["read"], Some(&ada.partner));
    let bobs = world.ledger.key(&["read"], Some(&bob.partner));
    let told = [json!({"partner_id": ada.partner, "run_id": run, "currency": "EUR", "amount": 10_000,
        "reason": "details_missing"})];
    assert_eq!(events(&mut world, &adas, "payout.held"), told);
    assert_eq!(events(&mut world, &bobs, "payout.held"), Vec::<Json>::new());
    let maker = world.maker.clone();
    let refresh = format!("/v1/payouts/runs/{run}/refresh");
    assert_eq!(world.by(&maker, "POST", &refresh, &json!({})).status, 200);
    assert_eq!(events(&mut world, &adas, "payout.held"), told);

    // Approved without her, the next run pays her once she has an account.
    assert_eq!(world.approve(&run).status, 200);
    assert_eq!(world.balance(&ada.partner, "EUR"), [0, 10_000, 0, 0, 0]);
    world.audit();
    let payouts = world.payouts(&run, "open");
    assert_eq!((payouts.len(), &payouts[0]["partner_id"]), (1, &json!(bob.partner)));
    set(&mut world, &ada.partner, &sepa(IBAN));
    let body = json!({"period": {"from": "2026-10-02", "to": "2026-10-31"}});
    let next = world.make(&body).text("/id");
    assert_eq!(world.approve(&next).status, 200);
    assert_eq!(world.payouts(&next, "open")[0]["amount"], 10_000);
    world.audit();
}

#[test]
fn what_would_not_be_paid_anyway_is_not_held_for_its_account() {
    let mut world = World::new();
    let ada = world.partner_without_details("Ada", None);
    world.sale(&ada, 100, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let body = json!({"period": october(), "minimum": {"amount": 101, "currency": "EUR"}});
    let draft = world.make(&body);
    assert_eq!((&draft.json["counts"]["carried"], &draft.json["counts"]["held"]), (&json!(1), &json!(0)));
    assert_eq!(draft.text("/carried/0/reason"), "below_minimum");
}

#[test]
fn a_draft_shows_the_account_and_since_when_it_is_set() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    world.at("2026-10-20T07:00:00Z");
    set(&mut world, &ada.partner, &sepa(IBAN));
    world.at("2026-11-02T08:00:00Z");
    let run = world.draft(october());
    let shown = json!({"method": "sepa", "ends_with": "••••6819", "set_at": "2026-10-20T07:00:00.000Z"});
    assert_eq!(world.payouts(&run, "draft")[0]["destination"], shown);

    // Somebody redirects the payout before the approval: the approver is told, and sees the new account.
    world.at("2026-11-02T09:00:00Z");
    set(&mut world, &ada.partner, &sepa(OTHER_IBAN));
    let checker = world.checker.clone();
    let target = format!("/v1/payouts/runs/{run}/approve");
    let refused =
        world.ledger.unchanged("redirected", |ledger| ledger.call(&checker, "POST", &target, "", None));
    assert_eq!(refused.problem(), (409, "run_outdated".to_owned()));
    assert_eq!(
        refused.text("/detail"),
        "A partner's payout details were set since 2026-11-02T08:00:00.000Z; refresh the run, look at it, and approve \
         it then."
    );
    assert_eq!(world.payouts(&run, "draft")[0]["destination"], shown, "what was drafted");
    let maker = world.maker.clone();
    assert_eq!(world.by(&maker, "POST", &format!("/v1/payouts/runs/{run}/refresh"), &json!({})).status, 200);
    let shown = json!({"method": "sepa", "ends_with": "••••7947", "set_at": "2026-11-02T09:00:00.000Z"});
    assert_eq!(world.payouts(&run, "draft")[0]["destination"], shown);
    assert_eq!(world.approve(&run).status, 200);

    // Once approved, it goes there whatever is set later.
    set(&mut world, &ada.partner, &sepa(IBAN));
    assert_eq!(world.payouts(&run, "open")[0]["destination"], shown);
    let file = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/sepa")).raw.body;
    assert!(file.contains(OTHER_IBAN) && !file.contains(IBAN), "{file}");
    // No event and no row shows any of the accounts.
    let all = format!("{:?}", rows::rows(&world.ledger.sql));
    for secret in [IBAN, OTHER_IBAN, "6819", "7947"] {
        assert!(!all.contains(secret), "{secret} is stored in the clear");
    }
}

#[test]
fn details_that_a_rebuilt_ledger_lost_are_not_approved() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let run = world.draft(october());
    world.ledger.sql.exec("UPDATE payout_details SET sealed = NULL", &[]).unwrap();
    assert_eq!(world.payouts(&run, "draft")[0]["destination"]["ends_with"], json!(null));
    let refused = world.approve(&run);
    assert_eq!(refused.problem(), (409, "run_outdated".to_owned()));
    assert_eq!(
        refused.text("/detail"),
        "The payout details of a partner are lost since this Ledger was rebuilt: set them again; refresh the run, look \
         at it, and approve it then."
    );
}

#[test]
fn a_payout_that_was_approved_without_details_is_in_no_file() {
    // Approved by an older version, which did not hold it.
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    world.ledger.sql.exec("UPDATE payouts SET details_no = NULL", &[]).unwrap();
    set(&mut world, &ada.partner, &sepa(IBAN));
    let target = format!("/v1/payouts/runs/{run}/files/sepa");
    let refused = world.ledger.get(&target);
    assert_eq!(refused.problem(), (409, "payouts_left_out".to_owned()));
    assert_eq!(refused.text("/errors/0/code"), "details_missing");
    assert_eq!(
        refused.text("/errors/0/detail"),
        "It was approved without payout details, or the Ledger was rebuilt without them. Report it as failed; the next run pays it."
    );
    let empty = world.ledger.get(&format!("{target}?partial=true"));
    assert_eq!(empty.problem(), (409, "nothing_to_pay".to_owned()));
}

#[test]
fn a_run_in_an_older_log_pays_partners_without_details() {
    let mut world = World::new();
    let ada = world.partner_without_details("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let id = "run_00000000000000000000000000";
    let logged = json!({"run": {"no": 1, "id": id, "from": "2026-10-01", "to": "2026-10-31", "currency": null,
        "minimum": null, "rate_date": "2026-10-31", "maker": "key_1"}});
    let refreshed = json!({"run_refreshed": {"run_no": 1, "by": "key_1"}});
    for change in [logged, refreshed] {
        let change: Change = serde_json::from_value(change).unwrap();
        apply_change(&world.ledger.sql, &change, "{}", world.ledger.now).unwrap();
        let payout = world.payouts(id, "draft").remove(0);
        assert_eq!((&payout["amount"], &payout["destination"]), (&json!(10_000), &json!(null)));
    }
    // It was not approved then, so it is not approved now.
    assert_eq!(world.approve(id).problem(), (409, "run_outdated".to_owned()));
}
