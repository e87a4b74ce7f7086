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
    let answer = ledger.unchanged("simulation", |ledger| ledger.post(TARGET, body));
    assert_eq!(answer.status, 200, "{}", answer.raw.body);
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

/// A difference of a partner in EUR.
fn row(partner: &str, before: i64, after: i64) -> Json {
    json!({"partner_id": partner, "currency": "EUR", "before": before, "after": after, "difference": after - before})
}

const BEGAN: &str = "2026-01-01T00:00:00Z";

/// What a simulation of other rules finds is what a Ledger books that had these rules from the start.
#[test]
fn a_simulation_finds_what_would_have_been_booked() {
    let book = |model: &str, simulated: Option<&str>| {
        let mut ledger = Ledger::new();
        let (ada, bob) = (ledger.partner("Ada", None), ledger.partner("Bob", None));
        let listing = ledger.listing("https://shop.example");
        let cleo = ledger.partner("Cleo", None);
        let terms = json!({"attribution": {"model": model}, "hold_days": 0, "plans": [
            {"name": "ada", "effective_from": BEGAN, "applies_to": {"partner_id": ada}, "base": "net", "rate_bp": 1_000,
                "tiers": [{"from_sales": 2, "rate_bp": 2_000}], "tier_mode": "whole_month",
                "flat": [{"event": "sale", "amount": 700, "currency": "EUR"}],
                "caps": [{"per": "month", "amount": 6_000, "currency": "EUR"}],
                "bonuses": [{"from_sales": 3, "amount": 5_000, "currency": "EUR"}]},
            {"name": "all", "effective_from": BEGAN, "rate_bp": 2_000,
                "recurring": [{"months": 1, "rate_bp": 3_000}, {"months": null, "rate_bp": 500}],
                "caps": [{"per": "customer", "amount": 4_000, "currency": "EUR"}]},
        ], "joint_products": [{"name": "shop", "partner_id": cleo, "listing_id": listing, "effective_from": BEGAN,
            "rate_bp": 1_000, "cost_share": {"amount": 2_500, "currency": "EUR"}}]});
        let put = ledger.put("/v1/program", &terms);
        assert_eq!(put.status, 200, "{}", put.raw.body);
        let (_, adas) = ledger.link(&ada, &listing);
        let (_, bobs) = ledger.link(&bob, &listing);
        let mut earlier: Vec<String> = Vec::new();
        for n in 0..6 {
            ledger.wait(DAY);
            let first = ledger.click(if n % 2 == 0 { adas } else { bobs });
            ledger.wait(DAY);
            let click = ledger.click(if n % 2 == 0 { bobs } else { adas });
            ledger.trails.insert(first.clone(), Some(vec![]));
            ledger.trails.insert(click.clone(), Some(vec![first]));
            ledger.wait(1_000);
            let kind = if n < 4 { "sale" } else { "subscription_renewed" };
            let sale = json!({"type": kind, "external_id": format!("o-{n}"), "click_id": click,
                "customer_id": format!("c-{}", n % 3), "amount": 11_900, "tax": 1_900, "currency": "EUR"});
            earlier.push(post(&mut ledger, &sale)["id"].as_str().unwrap().to_owned());
            if n == 3 {
                ledger.wait(1_000);
                let refund = json!({"external_id": "r", "amount": 5_950});
                ledger.post(&format!("/v1/conversions/{}/refunds", earlier[1]), &refund);
            }
        }
        let booked = ledger.get("/v1/balances").json["data"].clone();
        let kept = |row: &Json| {
            let kept = row["pending"].as_i64().unwrap() + row["payable"].as_i64().unwrap();
            (row["partner_id"].clone(), kept)
        };
        let booked: Vec<(Json, i64)> = booked.as_array().unwrap().iter().map(kept).collect();
        let simulated =
            simulated.map(|other| simulate(&mut ledger, &json!({"attribution": {"model": other}})));
        (booked, simulated)
    };
    for (model, other) in [
        ("linear", "first_touch"),
        ("linear", "last_touch"),
        ("first_touch", "linear"),
        ("position", "time_decay"),
        ("time_decay", "position"),
    ] {
        let (before, simulated) = book(model, Some(other));
        let (after, _) = book(other, None);
        let simulated = simulated.unwrap();
        assert_eq!((&simulated["inexact"], &simulated["conversions"]), (&json!(0), &json!(6)), "{simulated}");
        let column = |name: &str| -> Vec<(Json, i64)> {
            let rows = simulated["data"].as_array().unwrap().iter();
            rows.map(|row| (row["partner_id"].clone(), row[name].as_i64().unwrap())).collect()
        };
        assert_eq!((column("before"), column("after")), (before, after), "{model} and {other}");
    }
}

#[test]
fn other_plans_are_simulated_with_their_tiers_and_fixed_amounts() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let bob = ledger.partner("Bob", None);
    let (_, bobs) = ledger.link(&bob, &ada.listing);
    for n in 0..3 {
        ledger.wait(DAY);
        for (name, link) in [("a", ada.link_no), ("b", bobs)] {
            let click = ledger.click(link);
            ledger.sale(&format!("{name}-{n}"), &click, 10_000);
        }
    }
    let plans = json!([
        {"name": "ada", "effective_from": BEGAN, "applies_to": {"partner_id": ada.partner}, "rate_bp": 500,
            "flat": [{"event": "sale", "amount": 50, "currency": "EUR"}]},
        {"name": "all", "effective_from": BEGAN, "rate_bp": 1_000, "tiers": [{"from_sales": 3, "rate_bp": 3_000}],
            "tier_mode": "whole_month"},
    ]);
    let found = simulate(&mut ledger, &json!({"plans": plans}));
    // Ada earns three times 5.00 and 0.50 in place of 10.00; Bob three times 30.00 in place of 20.00.
    let expected = [row(&ada.partner, 3_000, 1_650), row(&bob, 6_000, 9_000)];
    assert_eq!(
        (&found["data"], &found["changed"], &found["inexact"]),
        (&json!(expected), &json!(6), &json!(0))
    );
    // Only the conversions of the period are under the other plans; earlier sales of the month count for tiers.
    let from = ledger.now.to_string();
    let found = simulate(&mut ledger, &json!({"plans": plans, "from": from}));
    assert_eq!(found["data"], json!([row(&ada.partner, 1_000, 550), row(&bob, 2_000, 3_000)]));
    assert_eq!(found["conversions"], 2);
    let nothing = simulate(&mut ledger, &json!({}));
    assert_eq!((&nothing["changed"], &nothing["inexact"]), (&json!(0), &json!(0)), "{nothing}");
}

#[test]
fn a_simulation_lists_the_conversions_for_which_it_is_not_exact() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let settings = |rate: i64| json!({"settings": {"fees": {"rate_bp": rate}}});
    let listing = format!("/v1/listings/{}", ada.listing);
    ledger.patch(&listing, &settings(5_000));
    let plan = json!({"name": "fees", "effective_from": BEGAN, "base": "net_of_fees", "rate_bp": 1_000,
        "applies_to": {"partner_id": ada.partner}});
    ledger.put("/v1/program", &json!({"plans": [plan]}));
    let click = ledger.click(ada.link_no);
    let first = ledger.sale("o-1", &click, 10_000).text("/id");
    ledger.patch(&listing, &settings(1_000));
    let click = ledger.click(ada.link_no);
    let second = ledger.sale("o-2", &click, 10_000).text("/id");
    // The fee was 50 % at the first sale, which is not known any more: it is left as it was booked. The second would earn
    // 10 % of the gross amount; the visitor's earlier clicks were not fetched for it.
    let gross = json!([{"name": "gross", "effective_from": BEGAN, "rate_bp": 1_000, "applies_to": {"partner_id": ada.partner}}]);
    let found = simulate(&mut ledger, &json!({"attribution": {"model": "linear"}, "plans": gross}));
    assert_eq!(found["data"], json!([row(&ada.partner, 500 + 900, 500 + 1_000)]));
    assert_eq!(
        (&found["inexact"], &found["inexact_conversions"]),
        (
            &json!(2),
            &json!([{"conversion_id": first, "reason": "booked_otherwise"},
                {"conversion_id": second, "reason": "trail_unknown"}])
        )
    );
    assert_eq!(found["changed_ids"], json!([second]));
}

#[test]
fn the_latest_conversions_of_a_long_history_are_simulated_from_the_counters_before_them() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let ben = ledger.partner("Ben", None);
    let plans = |rate_bp: i64| {
        json!([{"name": "ada", "effective_from": BEGAN, "applies_to": {"partner_id": ada.partner}, "rate_bp": rate_bp,
            "tiers": [{"from_sales": 3, "rate_bp": 3_000}], "tier_mode": "whole_month",
            "caps": [{"per": "month", "amount": 6_500, "currency": "EUR"}]}])
    };
    let joint = json!([{"name": "shop", "partner_id": ben, "listing_id": ada.listing, "effective_from": BEGAN, "rate_bp": 1_000,
        "cost_share": {"amount": 3_000, "currency": "EUR"}}]);
    ledger.put("/v1/program", &json!({"plans": plans(1_000), "joint_products": joint}));
    let nobodys = json!({"type": "lead", "external_id": "l-0"});
    post(&mut ledger, &nobodys);
    let many = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000) \
                INSERT INTO conversions (no, id, type, external_id, refunded, occurred_at, metadata, created_at, partner_no, \
                link_no, country, device, sent, attribution, answer) SELECT no + n, id || n, type, external_id || n, refunded, \
                occurred_at, metadata, created_at, 0, 0, '', 0, sent, attribution, answer FROM conversions JOIN n ON no = 1";
    ledger.sql.exec(many, &[]).unwrap();
    let sell = |ledger: &mut Ledger, id: &str| {
        ledger.wait(DAY);
        let click = ledger.click(ada.link_no);
        ledger.sale(id, &click, 10_000).text("/id")
    };
    sell(&mut ledger, "o-1");
    ledger.wait(DAY);
    let from = ledger.now.to_string();
    let second = sell(&mut ledger, "o-2");
    let refunds = format!("/v1/conversions/{second}/refunds");
    ledger.post(&refunds, &json!({"external_id": "r", "amount": 5_000}));
    sell(&mut ledger, "o-3");
    sell(&mut ledger, "o-4");
    let found = simulate(&mut ledger, &json!({"plans": plans(2_000), "from": from}));
    // Of 65.00 a month, the sales until the third were booked 10.00, 10.00 and 30.00, and then 15.00 for the lift of the first.
    // At 20 % the second earns 20.00, the third 30.00, and the lift 5.00. Refunds take back half of the second.
    assert_eq!(found["data"][0], row(&ada.partner, 500 + 3_000, 1_000 + 3_000));
    // Of Ben's 10.00 a sale 30.00 are held back; the refund gives back 5.00 of them, so the fourth sale leaves 5.00.
    assert_eq!(found["data"][1], row(&ben, 500, 500));
    assert_eq!(
        (&found["conversions"], &found["changed"], &found["inexact"]),
        (&json!(3), &json!(1), &json!(0))
    );
    let same = simulate(&mut ledger, &json!({"from": from}));
    assert_eq!((&same["changed"], &same["inexact"]), (&json!(0), &json!(0)), "{same}");
}

#[test]
fn a_simulation_that_is_not_possible_is_refused() {
    let mut world = world();
    for (body, code, pointer) in [
        (json!({"attribution": 5}), "wrong_type", "/attribution"),
        (json!({"plans": [{"name": "a"}]}), "missing_field", "/plans/0/effective_from"),
        (
            json!({"plans": [{"name": "a", "effective_from": "2026-01-01T00:00:00Z", "rate_bp": 10_001}]}),
            "out_of_range",
            "/plans/0/rate_bp",
        ),
        (json!({"attribution": {"model": "best"}}), "invalid_value", "/attribution/model"),
        (json!({"attribution": {"window_days": 0}}), "out_of_range", "/attribution/window_days"),
        (json!({"attribution": {"half_life_days": 3_651}}), "out_of_range", "/attribution/half_life_days"),
        (json!({"attribution": {}, "from": "yesterday"}), "invalid_time", "/from"),
        (json!({"attribution": {}, "to": 5}), "wrong_type", "/to"),
        (json!({"attribution": {}, "until": "2026-01-01T00:00:00Z"}), "unknown_field", "/until"),
    ] {
        refuse(&mut world.ledger, ("POST", TARGET, body.to_string().as_bytes()), (422, code, pointer));
    }
    let many = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000) \
                INSERT INTO conversions SELECT no + n + 1000, id || n, type, external_id || n, amount, currency, refunded, click_id, \
                customer_id, coupon, listing_no, occurred_at, metadata, created_at, partner_no, link_no, country, device, sent, \
                attribution, answer, held_reason, tax, discount, shipping, sold_in, counted, uses, qualification FROM conversions JOIN n ON no = 1";
    world.ledger.sql.exec(many, &[]).unwrap();
    let body = json!({"attribution": {}}).to_string();
    refuse(&mut world.ledger, ("POST", TARGET, body.as_bytes()), (422, "too_many_conversions", "-"));
}
