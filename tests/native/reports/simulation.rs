//! Simulations of other rules: who would gain or lose, to the cent. Nothing is written.

use crate::conversions::post;
use crate::http::bad_input::{refuse, world};
use crate::support::Ledger;
use serde_json::{Value as Json, json};
use signpost::store::Sql;

const DAY: i64 = 86_400_000;
const TARGET: &str = "/v1/attribution/simulate";

/// The result of a simulation, which must not change any row.
fn simulate(ledger: &mut Ledger, body: &Json) -> Json {
    let changes = "SELECT total_changes()";
    let count = |ledger: &Ledger| ledger.sql.exec(changes, &[]).unwrap()[0].int(0).unwrap();
    let before = count(ledger);
    let answer = ledger.unchanged("simulation", |ledger| ledger.post(TARGET, body));
    assert_eq!(answer.status, 200, "{}", answer.raw.body);
    assert_eq!(count(ledger), before);
    answer.json
}

#[test]
fn a_simulation_reports_gains_and_losses_to_the_cent() {
    let mut ledger = Ledger::new();
    ledger.put("/v1/program", &json!({"attribution": {"model": "linear"}}));
    let listing = ledger.listing("https://shop.example");
    let (ada, bob) = (ledger.partner("Ada", Some(1_000)), ledger.partner("Bob", Some(2_000)));
    let (_, adas) = ledger.link(&ada, &listing);
    let (_, bobs) = ledger.link(&bob, &listing);
    let first = ledger.click(adas);
    ledger.wait(10 * DAY);
    let second = ledger.click(bobs);
    ledger.trails.insert(second.clone(), Some(vec![first]));
    let sale = |id: &str, currency: &str| {
        json!({"type": "sale", "external_id": id, "click_id": second, "amount": 10_000,
        "currency": currency})
    };
    let shared = post(&mut ledger, &sale("o-1", "EUR"))["id"].clone();
    let refunded = post(&mut ledger, &sale("o-2", "JPY"))["id"].as_str().unwrap().to_owned();
    ledger
        .post(&format!("/v1/conversions/{refunded}/refunds"), &json!({"external_id": "r", "amount": 5_000}));
    let alone = ledger.click(bobs);
    ledger.trails.insert(alone.clone(), Some(vec![]));
    ledger.wait(1_000);
    ledger.sale("o-3", &alone, 500);
    // The current rates differ, but each conversion keeps its own.
    ledger.patch(&format!("/v1/partners/{ada}"), &json!({"commission_bp": 5_000}));
    let row = |partner: &str, currency: &str, before: i64, after: i64| {
        json!({"partner_id": partner, "currency": currency, "before": before, "after": after,
            "difference": after - before})
    };
    let first_touch = simulate(&mut ledger, &json!({"attribution": {"model": "first_touch"}}));
    assert_eq!(
        first_touch["data"],
        json!([
            row(&ada, "EUR", 500, 1_000),
            row(&ada, "JPY", 250, 500),
            row(&bob, "EUR", 1_100, 100),
            row(&bob, "JPY", 500, 0),
        ])
    );
    assert_eq!((&first_touch["conversions"], &first_touch["changed"]), (&json!(3), &json!(2)));
    assert_eq!(first_touch["changed_ids"], json!([shared, refunded]));
    // The rules in force produce no difference.
    let same = simulate(&mut ledger, &json!({"attribution": {"model": "linear"}}));
    assert_eq!((&same["changed"], &same["changed_ids"]), (&json!(0), &json!([])));
    assert!(same["data"].as_array().unwrap().iter().all(|row| row["difference"] == 0), "{same}");
    // A window shuts the older click out.
    let window = simulate(&mut ledger, &json!({"attribution": {"model": "linear", "window_days": 9}}));
    assert_eq!(window["data"][2], row(&bob, "EUR", 1_100, 2_100));
    // Part of the time.
    let from = ledger.now.to_string();
    let later = simulate(&mut ledger, &json!({"attribution": {}, "from": from}));
    assert_eq!((&later["conversions"], &later["data"]), (&json!(1), &json!([row(&bob, "EUR", 100, 100)])));
    let earlier = simulate(&mut ledger, &json!({"attribution": {}, "to": from}));
    assert_eq!((&earlier["conversions"], &earlier["changed"]), (&json!(2), &json!(2)));
}

#[test]
fn coupons_customers_and_terminations_are_simulated_as_they_were_recorded() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let bob = ledger.partner("Bob", None);
    let gone = json!({"code": "GONE", "partner_id": bob, "effective_from": "2026-01-01T00:00:00Z",
        "effective_until": "2026-02-01T00:00:00Z"});
    ledger.post("/v1/coupons", &gone);
    ledger.post("/v1/coupons", &json!({"code": "BOB", "partner_id": bob}));
    let click = ledger.click(ada.link_no);
    let sale = |id: &str, coupon: &str| {
        json!({"type": "sale", "external_id": id, "click_id": click, "coupon": coupon,
        "customer_id": "c", "amount": 1_000, "currency": "EUR"})
    };
    post(&mut ledger, &sale("o-1", "BOB"));
    ledger.wait(DAY);
    post(&mut ledger, &sale("o-2", "gone"));
    let clicks = simulate(&mut ledger, &json!({"attribution": {"precedence": "click_first"}}));
    // Both sales are Bob's by his coupon and would be Ada's; the coupon that had ended counts under no rules. Ada had no
    // rate on them, so hers of now holds: 10 %, and Bob's was the programme's 20 %.
    assert_eq!(
        clicks["data"],
        json!([
            {"partner_id": ada.partner, "currency": "EUR", "before": 0, "after": 200, "difference": 200},
            {"partner_id": bob, "currency": "EUR", "before": 400, "after": 0, "difference": -400},
        ])
    );
    let ignore = json!({"attribution": {"repeat_customers": "ignore"}});
    assert_eq!(simulate(&mut ledger, &ignore)["changed"], 0, "what was bound still earns");
    ledger.wait(DAY);
    post(
        &mut ledger,
        &json!({"type": "sale", "external_id": "p-1", "customer_id": "d", "amount": 10, "currency": "EUR"}),
    );
    ledger.wait(DAY);
    let mut again = sale("p-2", "BOB");
    again["customer_id"] = json!("d");
    let again = post(&mut ledger, &again)["id"].clone();
    assert_eq!(simulate(&mut ledger, &ignore)["changed_ids"], json!([again]));
}

#[test]
fn a_simulation_that_is_not_possible_is_refused() {
    let mut world = world();
    for (body, code, pointer) in [
        (json!({}), "missing_field", "/attribution"),
        (json!({"attribution": {"model": "best"}}), "invalid_value", "/attribution/model"),
        (json!({"attribution": {"window_days": 0}}), "out_of_range", "/attribution/window_days"),
        (json!({"attribution": {"half_life_days": 3_651}}), "out_of_range", "/attribution/half_life_days"),
        (json!({"attribution": {}, "from": "yesterday"}), "invalid_time", "/from"),
        (json!({"attribution": {}, "to": 5}), "wrong_type", "/to"),
        (json!({"attribution": {}, "until": "2026-01-01T00:00:00Z"}), "unknown_field", "/until"),
    ] {
        refuse(&mut world.ledger, ("POST", TARGET, body.to_string().as_bytes()), (422, code, pointer));
    }
    let many = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000) \
                INSERT INTO conversions SELECT no + n + 1000, id || n, type, external_id || n, amount, currency, refunded, click_id, \
                customer_id, coupon, listing_no, occurred_at, metadata, created_at, partner_no, link_no, country, device, sent, \
                attribution, answer, held_reason, tax, discount, shipping, sold_in, counted FROM conversions JOIN n ON no = 1";
    world.ledger.sql.exec(many, &[]).unwrap();
    let body = json!({"attribution": {}}).to_string();
    refuse(&mut world.ledger, ("POST", TARGET, body.as_bytes()), (422, "too_many_conversions", "-"));
}
