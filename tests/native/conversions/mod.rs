//! Conversions: each external id is recorded once, is counted by its type, and is refused for any invalid field except
//! the click id.

mod fraud;
mod holds;
mod installs;
mod qualification;
mod refunds;
mod rejections;

use crate::support::{Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::domain::links::keyring::KeyRing;

const DAY: i64 = 86_400_000;

pub fn post(ledger: &mut Ledger, body: &Json) -> Json {
    let answer = ledger.post("/v1/conversions", body);
    assert_eq!(answer.status, 201, "{}", answer.raw.body);
    answer.json
}

/// The credited click, and the reason.
pub fn verdict(conversion: &Json) -> (Option<&str>, &str) {
    let attribution = &conversion["attribution"];
    let reason = attribution["reason"].as_str().unwrap();
    let click = attribution["credits"][0]["click_id"].as_str();
    let status = if click.is_some() { "attributed" } else { "unattributed" };
    assert_eq!((&attribution["status"], &attribution["model"]), (&json!(status), &json!("last_touch")));
    (click, reason)
}

#[test]
fn a_reused_external_id_is_refused_and_the_differing_field_is_named() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let other = ledger.listing("https://two.example");
    let click = ledger.click(scenario.link_no);
    let sale = json!({
        "type": "sale", "external_id": "o-1", "click_id": click, "customer_id": "c-1", "coupon": "SPRING",
        "amount": 999, "currency": "EUR", "occurred_at": "2026-11-22T12:00:00Z", "listing_id": scenario.listing,
        "metadata": {"plan": "pro"}
    });
    let first = ledger.post("/v1/conversions", &sale);
    assert_eq!(first.status, 201, "{}", first.raw.body);
    for (field, value) in sale.as_object().unwrap() {
        let value = if field == "occurred_at" { json!("2026-11-22T12:00:00.000Z") } else { value.clone() };
        assert_eq!(first.json[field], value, "{field}");
    }
    let location = format!("/v1/conversions/{}", first.text("/id"));
    assert_eq!(first.raw.header("location"), Some(location.as_str()));
    assert_eq!(ledger.get(&location).json, first.json);
    ledger.wait(400 * DAY);
    // The same instant in another notation is the same content, and so is another order of fields.
    let mut same = sale.clone();
    same["occurred_at"] = json!("2026-11-22T13:00:00.000+01:00");
    ledger.get("/v1/balances");
    let again = ledger.unchanged("replay", |ledger| ledger.post("/v1/conversions", &same));
    assert_eq!((again.status, again.raw.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.raw.body, first.raw.body);
    for (field, value) in [
        ("click_id", json!("other")),
        ("click_id", Json::Null),
        ("customer_id", json!("c-2")),
        ("coupon", json!("spring")),
        ("amount", json!(998)),
        ("currency", json!("USD")),
        ("occurred_at", json!("2026-11-22T12:00:00.001Z")),
        ("occurred_at", Json::Null),
        ("listing_id", json!(other)),
        ("listing_id", Json::Null),
        ("metadata", json!({"plan": "free"})),
        ("metadata", json!({})),
    ] {
        let mut body = sale.clone();
        body[field] = value;
        let refused = ledger.unchanged(field, |ledger| ledger.post("/v1/conversions", &body));
        assert_eq!(refused.problem(), (409, "conversion_conflict".to_owned()), "{field}");
        assert_eq!(refused.text("/errors/0/pointer"), format!("/{field}"));
    }
    // The type is part of the key.
    let mut renewal = sale.clone();
    renewal["type"] = json!("subscription_renewed");
    assert_eq!(ledger.post("/v1/conversions", &renewal).status, 201);
    assert_eq!((ledger.rows("conversions"), ledger.rows("commissions")), (2, 2));
}

#[test]
fn idempotency_key_and_external_id_together_return_the_first_response() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let click = ledger.click(scenario.link_no);
    let body = json!({"type": "lead", "external_id": "l-1", "click_id": click}).to_string();
    let first = ledger.call(OPERATOR, "POST", "/v1/conversions", &body, Some("k-1"));
    let by_key = ledger
        .unchanged("key", |ledger| ledger.call(OPERATOR, "POST", "/v1/conversions", &body, Some("k-1")));
    assert_eq!((by_key.status, by_key.raw.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(by_key.raw.body, first.raw.body);
    // A new idempotency key with the old business key: the original response, which is stored under the new key too.
    for _ in 0..2 {
        let by_id = ledger.call(OPERATOR, "POST", "/v1/conversions", &body, Some("k-2"));
        assert_eq!((by_id.status, by_id.raw.header("idempotent-replayed")), (200, Some("true")));
        assert_eq!(by_id.raw.body, first.raw.body);
    }
    assert_eq!(ledger.rows("conversions"), 1);
    let other = ledger.unchanged("conflict", |ledger| {
        let body = json!({"type": "lead", "external_id": "l-2"}).to_string();
        ledger.call(OPERATOR, "POST", "/v1/conversions", &body, Some("k-1"))
    });
    assert_eq!(other.problem(), (409, "idempotency_conflict".to_owned()));
}

#[test]
fn each_type_is_counted_as_the_contract_defines() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let click = ledger.click(scenario.link_no);
    for (kind, amount, commissions, counted) in [
        ("lead", None, 0, [1, 0, 0]),
        ("install", None, 0, [1, 1, 0]),
        ("uninstall", None, 0, [1, 1, 0]),
        ("sale", Some(0), 1, [1, 1, 1]),
        ("subscription_started", Some(1_000), 1, [1, 1, 2]),
        ("subscription_renewed", Some(1_000), 1, [1, 1, 3]),
        ("lead", Some(500), 1, [2, 1, 3]),
        ("uninstall", Some(700), 0, [2, 1, 3]),
    ] {
        let id = format!("{kind}-{amount:?}");
        let currency = amount.map(|_| "EUR");
        let body = json!({"type": kind, "external_id": id, "click_id": click, "amount": amount, "currency": currency});
        let made = post(&mut ledger, &body);
        assert_eq!(made["commissions"].as_array().unwrap().len(), commissions, "{id}");
        let totals = ledger.get("/v1/attribution").json["totals"].clone();
        assert_eq!(json!([totals["leads"], totals["installs"], totals["sales"]]), json!(counted), "{id}");
    }
    // The amount of an uninstall is no revenue.
    let totals = ledger.get("/v1/attribution").json["totals"].clone();
    assert_eq!(totals["revenue"], json!([{"amount": 2_500, "currency": "EUR"}]));
    assert_eq!(totals["commission"], json!([{"amount": 250, "currency": "EUR"}]));
    for kind in ["sale", "subscription_started", "subscription_renewed"] {
        for (body, pointers) in [
            (json!({"type": kind, "external_id": "x"}), vec!["/amount", "/currency"]),
            (json!({"type": kind, "external_id": "x", "amount": 1}), vec!["/currency"]),
            (json!({"type": kind, "external_id": "x", "currency": "EUR"}), vec!["/amount"]),
        ] {
            let refused = ledger.unchanged(kind, |ledger| ledger.post("/v1/conversions", &body));
            assert_eq!(refused.problem(), (422, "missing_field".to_owned()));
            let errors = refused.json["errors"].as_array().unwrap();
            assert_eq!(
                errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect::<Vec<_>>(),
                pointers
            );
        }
    }
}

#[test]
fn the_largest_amount_is_accepted_and_one_more_is_refused() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(10_000);
    let click = ledger.click(scenario.link_no);
    let most = 1_000_000_000_000_i64;
    for n in 0..3 {
        let sale = ledger.sale(&format!("o-{n}"), &click, most);
        assert_eq!(sale.json["commissions"][0]["amount"], most);
    }
    let too_much = json!({"type": "sale", "external_id": "o-9", "amount": most + 1, "currency": "EUR"});
    let refused = ledger.unchanged("too much", |ledger| ledger.post("/v1/conversions", &too_much));
    assert_eq!(refused.problem(), (422, "amount_out_of_range".to_owned()));
    assert_eq!(ledger.get("/v1/balances").json["data"][0]["pending"], 3 * most);
    assert_eq!(ledger.get("/v1/attribution").json["totals"]["revenue"][0]["amount"], 3 * most);
    ledger.audit();
}

#[test]
fn sums_beyond_two_to_the_53rd_stay_exact() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(10_000);
    let click = ledger.click(scenario.link_no);
    let first = ledger.sale("o-0", &click, 999_999_999_999).text("/id");
    // This stands for nine thousand such sales: the test is about the sums, not the number of sales.
    use signpost::store::Sql;
    let sum = 9_007_199_254_740_993_i64 - 999_999_999_999;
    for statement in [
        format!("UPDATE accounts SET debits = debits + CAST('{sum}' AS INTEGER) WHERE account = 'earned'"),
        format!("UPDATE accounts SET credits = credits + CAST('{sum}' AS INTEGER) WHERE account = 'pending'"),
        format!("UPDATE conversion_counts SET revenue = revenue + CAST('{sum}' AS INTEGER)"),
    ] {
        ledger.sql.exec(&statement, &[]).unwrap();
    }
    assert!(ledger.get("/v1/balances").raw.body.contains("\"pending\":9007199254740993,"));
    assert!(ledger.get("/v1/attribution").raw.body.contains("\"revenue\":[{\"amount\":9007199254740993,"));
    ledger.sale("o-1", &click, 4);
    ledger.post(&format!("/v1/conversions/{first}/refunds"), &json!({"external_id": "r", "amount": 1}));
    assert!(ledger.get("/v1/balances").raw.body.contains("\"pending\":9007199254740996,"));
    assert!(ledger.get("/v1/attribution").raw.body.contains("\"revenue\":[{\"amount\":9007199254740997,"));
    // The engine's own limit is an error that changes nothing, not a wrong sum.
    let rest = i64::MAX - 9_007_199_254_740_997;
    ledger
        .sql
        .exec(
            &format!(
                "UPDATE accounts SET debits = debits + CAST('{rest}' AS INTEGER) WHERE account = 'earned'"
            ),
            &[],
        )
        .unwrap();
    let body =
        json!({"type": "sale", "external_id": "o-2", "click_id": click, "amount": 1, "currency": "EUR"});
    let overflow = ledger.unchanged("overflow", |ledger| ledger.post("/v1/conversions", &body));
    assert_eq!(overflow.problem(), (500, "internal_error".to_owned()));
    assert_eq!(overflow.raw.log.as_deref(), Some("arithmetic overflow in the sum of an account"));
}

#[test]
fn clocks_may_differ_by_a_day_ahead() {
    let mut ledger = Ledger::new();
    let lead = |id: &str, at: &str| json!({"type": "lead", "external_id": id, "occurred_at": at});
    let accepted = post(&mut ledger, &lead("l-1", "2026-11-23T12:00:00.000Z"));
    assert_eq!(accepted["occurred_at"], "2026-11-23T12:00:00.000Z");
    let refused = ledger.unchanged("ahead", |ledger| {
        ledger.post("/v1/conversions", &lead("l-2", "2026-11-23T12:00:00.001Z"))
    });
    assert_eq!(refused.problem(), (422, "occurred_in_future".to_owned()));
    assert_eq!(refused.text("/errors/0/pointer"), "/occurred_at");
    assert_eq!(
        post(&mut ledger, &lead("l-3", "1970-01-01T00:00:00Z"))["occurred_at"],
        "1970-01-01T00:00:00.000Z"
    );
    assert_eq!(
        post(&mut ledger, &json!({"type": "lead", "external_id": "l-4"}))["occurred_at"],
        "2026-11-22T12:00:00.000Z"
    );
}

#[test]
fn an_invalid_click_id_never_refuses_the_sale() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let good = ledger.click(scenario.link_no);
    let foreign = {
        let mut entropy = signpost::domain::values::entropy::SeededEntropy::new(99);
        let ring = signpost::domain::links::keyring::with_new_key(None, &mut entropy).unwrap();
        let ours = std::mem::replace(&mut ledger.ring, KeyRing::parse(&ring).unwrap());
        let click = ledger.click(scenario.link_no);
        ledger.ring = ours;
        click
    };
    let mut tampered = good.clone().into_bytes();
    tampered[9] = if tampered[9] == b'A' { b'B' } else { b'A' };
    let link_token = ledger.get("/v1/links").text("/data/0/url").rsplit('/').next().unwrap().to_owned();
    let junk = [
        String::new(),
        "x".into(),
        "' OR 1=1 --".into(),
        format!("{good} "),
        format!("{good}="),
        good[1..].to_owned(),
        String::from_utf8(tampered).unwrap(),
        foreign,
        link_token,
        "a\u{0}b\n".into(),
        "🦀".repeat(5_000),
    ];
    for (n, click_id) in junk.iter().enumerate() {
        let body = json!({"type": "sale", "external_id": format!("o-{n}"), "click_id": click_id, "amount": 100, "currency": "EUR"});
        let made = post(&mut ledger, &body);
        assert_eq!(verdict(&made), (None, "click_invalid"), "{click_id}");
        assert_eq!(made["commissions"], json!([]));
        let again = ledger.unchanged("again", |ledger| ledger.post("/v1/conversions", &body));
        assert_eq!(again.status, 200);
        assert!(made["click_id"].as_str().unwrap().chars().count() <= 255);
    }
    let unknown = ledger.click(77);
    let made = post(&mut ledger, &json!({"type": "lead", "external_id": "l-1", "click_id": unknown}));
    assert_eq!(verdict(&made), (None, "link_unknown"));
    let made = post(&mut ledger, &json!({"type": "lead", "external_id": "l-2"}));
    assert_eq!(verdict(&made), (None, "no_touch"));
    let made = post(&mut ledger, &json!({"type": "lead", "external_id": "l-3", "customer_id": "nobody"}));
    assert_eq!(verdict(&made), (None, "no_touch"));
    assert_eq!(ledger.rows("customer_touches"), 0);
}
