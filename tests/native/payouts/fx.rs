//! Exchange rates: supplied, corrected, and fixed once an approved run used them.

use super::world::{World, october};
use serde_json::json;

#[test]
fn a_rate_may_be_corrected_until_an_approved_run_used_it() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 100, "USD");
    world.at("2026-11-02T00:00:00Z");
    let set = world.set_rate("2026-10-31", "USD", "EUR", "00.92310");
    assert_eq!(
        set.json["data"],
        json!([{"date": "2026-10-31", "from": "USD", "to": "EUR", "rate": "0.9231", "used": false,
        "set_at": "2026-11-02T00:00:00.000Z"}])
    );
    assert_eq!(world.set_rate("2026-10-31", "USD", "EUR", "0.9").status, 200);
    world.set_rate("2026-10-31", "EUR", "USD", "1.1");
    let run = world.draft(october());
    assert_eq!(world.set_rate("2026-10-31", "USD", "EUR", "0.91").status, 200);
    let outdated = world.approve(&run);
    assert_eq!(outdated.problem(), (409, "run_outdated".to_owned()));
    assert_eq!(
        outdated.text("/detail"),
        "An exchange rate was corrected since 2026-11-02T00:00:00.000Z; refresh the run, look at \
        it, and approve it then."
    );
    let maker = world.maker.clone();
    world.by(&maker, "POST", &format!("/v1/payouts/runs/{run}/refresh"), &json!({}));
    assert_eq!(world.approve(&run).status, 200);
    let body = json!({"rates": [{"date": "2026-11-01", "from": "USD", "to": "EUR", "rate": "2"},
        {"date": "2026-10-31", "from": "USD", "to": "EUR", "rate": "0.92"}]});
    let refused = world.ledger.unchanged("fixed", |ledger| ledger.put("/v1/fx", &body));
    assert_eq!(refused.problem(), (409, "rate_in_use".to_owned()));
    assert_eq!(refused.text("/errors/0/pointer"), "/rates/1/rate");
    // The same rate again is no correction; another day's, and the other direction's, were not used.
    let again = world.ledger.unchanged("the same", |ledger| {
        ledger.put(
            "/v1/fx",
            &json!({"rates": [{"date": "2026-10-31", "from": "USD", "to": "EUR", "rate": "0.910"}]}),
        )
    });
    assert_eq!((again.status, &again.json["data"][0]["used"]), (200, &json!(true)));
    assert_eq!(world.set_rate("2026-10-31", "EUR", "USD", "1.2").status, 200);
    let listed = world.ledger.get("/v1/fx?date=2026-10-31&from=USD&to=EUR").json;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(world.ledger.get("/v1/fx").json["data"].as_array().unwrap().len(), 2);
    assert_eq!(world.ledger.get("/v1/fx?to=JPY").json["data"], json!([]));
    for (query, status, code) in [
        ("date=2026-02-30", 400, "invalid_parameter"),
        ("from=EURO", 422, "invalid_currency"),
        ("to=x", 422, "invalid_currency"),
    ] {
        assert_eq!(
            world.ledger.get(&format!("/v1/fx?{query}")).problem(),
            (status, code.to_owned()),
            "{query}"
        );
    }
}

#[test]
fn an_invalid_rate_is_refused_and_nothing_is_written() {
    let mut world = World::new();
    let good = json!({"date": "2026-10-31", "from": "USD", "to": "EUR", "rate": "1"});
    let with = |field: &str, value: serde_json::Value| {
        let mut rate = good.clone();
        rate[field] = value;
        json!({"rates": [good.clone(), rate]})
    };
    for (body, code, pointer) in [
        (json!({"rates": []}), "out_of_range", "/rates"),
        (with("date", json!("2026-02-29")), "invalid_date", "/rates/1/date"),
        (with("date", json!("2026-10-31T00:00:00Z")), "invalid_date", "/rates/1/date"),
        (with("from", json!("usd")), "invalid_currency", "/rates/1/from"),
        (with("to", json!("XAU")), "invalid_currency", "/rates/1/to"),
        (with("to", json!("USD")), "invalid_value", "/rates/1/to"),
        (with("rate", json!("2")), "invalid_value", "/rates/1/date"),
        (with("rate", json!("0")), "invalid_rate", "/rates/1/rate"),
        (with("rate", json!("-1")), "invalid_rate", "/rates/1/rate"),
        (with("rate", json!("1e3")), "invalid_rate", "/rates/1/rate"),
        (with("rate", json!("0.00000000001")), "invalid_rate", "/rates/1/rate"),
        (with("rate", json!(0.9)), "wrong_type", "/rates/1/rate"),
        (with("day", json!("x")), "unknown_field", "/rates/1/day"),
    ] {
        let refused = world.ledger.unchanged(pointer, |ledger| ledger.put("/v1/fx", &body));
        assert_eq!(refused.status, 422, "{body}");
        let errors = refused.json["errors"].as_array().unwrap().clone();
        assert!(
            errors.iter().any(|e| e["code"] == code && e["pointer"] == pointer),
            "{body}: {}",
            refused.raw.body
        );
    }
}
