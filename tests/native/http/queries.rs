//! Query parameters that are refused: words outside of a closed list, and dates that do not exist.

use crate::support::Ledger;
use serde_json::{Value as Json, json};

/// The words that a parameter may have; `None` if it has no closed list of them.
fn words(schemas: &Json, schema: &Json) -> Option<Vec<String>> {
    if let Some(path) = schema["$ref"].as_str() {
        return words(schemas, &schemas[path.rsplit('/').next().unwrap()]);
    }
    let one = |schema: &Json| schema["const"].as_str().or(schema["enum"][0].as_str()).map(str::to_owned);
    match (schema["enum"].as_array(), schema["oneOf"].as_array()) {
        (Some(all), _) => Some(all.iter().map(|word| word.as_str().unwrap().to_owned()).collect()),
        (None, Some(all)) => all.iter().map(one).collect(),
        (None, None) => None,
    }
}

#[test]
fn an_unknown_word_is_refused_alike_everywhere() {
    let document = signpost::openapi::document();
    let schemas = &document["components"]["schemas"];
    let mut ledger = Ledger::new();
    let mut seen = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for parameter in operations["get"]["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let Some(words) = words(schemas, &parameter["schema"]).filter(|_| parameter["in"] == "query")
            else {
                continue;
            };
            // The attempts of an endpoint are in an object of its own (tests/native/delivery/endpoints.rs).
            if path.ends_with("/deliveries") {
                continue;
            }
            // The Ledger answers the Worker at another path.
            let target = if path == "/v1/clicks" { "/internal/clicks" } else { path };
            for word in ["no-such-word", "", &words[0].to_uppercase()] {
                let refused = ledger.get(&format!("{target}?{name}={word}"));
                assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{path}?{name}={word}");
                let expected = format!("{name:?} must be");
                let detail = refused.text("/detail");
                assert!(detail.starts_with(&expected) && detail.contains(&words[0]), "{detail}");
            }
            assert_eq!(ledger.get(&format!("{target}?{name}={}", words[0])).status, 200, "{path} {name}");
            seen.push(format!("{} {name}", path.trim_start_matches("/v1/")));
        }
    }
    assert_eq!(
        seen,
        [
            "attribution expand",
            "attribution.csv expand",
            "callbacks status",
            "clicks bucket",
            "commissions status",
            "commissions held_reason",
            "conversions type",
            "conversions status",
            "events type",
            "partners status",
            "partners kind",
            "payouts status",
        ]
    );
    for target in ["/v1/fx?from=EURO", "/v1/fx?to=eur"] {
        assert_eq!(ledger.get(target).problem(), (422, "invalid_currency".to_owned()), "{target}");
    }
}

#[test]
fn a_date_that_does_not_exist_is_named_with_the_forms_that_are_accepted() {
    let mut ledger = Ledger::new();
    let time = "an RFC 3339 time such as 2026-11-22T10:00:00.000Z or 2026-11-22T12:00:00+02:00";
    let bound = "a day such as 2026-11-22, or an RFC 3339 time such as 2026-11-22T10:15:00.000Z";
    let day = "a day such as 2026-11-22";
    let impossible = |day: &str| format!(": {day} is not a date that exists (from 1970 on)");
    for (target, name, forms, reason) in [
        ("/v1/attribution?from=2026-13-01", "from", bound, impossible("2026-13-01")),
        ("/v1/attribution?to=2026-02-30T10:00:00Z", "to", bound, impossible("2026-02-30")),
        ("/v1/attribution?to=1969-12-31", "to", bound, impossible("1969-12-31")),
        ("/v1/attribution?from=yesterday", "from", bound, String::new()),
        ("/v1/conversions?from=2026-13-01", "from", time, impossible("2026-13-01")),
        ("/v1/conversions?from=2026-12-01", "from", time, String::new()),
        ("/v1/conversions?to=2026-12-01T25:00:00Z", "to", time, String::new()),
        ("/v1/balances?at=2026-00-10T00:00:00Z", "at", time, impossible("2026-00-10")),
        ("/v1/fx?date=2026-02-29", "date", day, impossible("2026-02-29")),
        ("/v1/fx?date=29.02.2028", "date", day, String::new()),
    ] {
        let refused = ledger.get(target);
        assert_eq!(refused.problem(), (400, "invalid_parameter".to_owned()), "{target}");
        assert_eq!(refused.text("/detail"), format!("{name:?} must be {forms}{reason}."), "{target}");
    }
    let s = ledger.scenario(1_000);
    let link =
        json!({"partner_id": s.partner, "listing_id": s.listing, "expires_at": "2027-02-29T00:00:00Z"});
    assert_eq!(
        ledger.post("/v1/links", &link).text("/errors/0/detail"),
        "Expected RFC 3339 such as 2026-11-22T10:00:00.000Z; 2027-02-29 is not a date that exists (from 1970 on)."
    );
    let run = json!({"period": {"from": "2026-10-01", "to": "2026-10-32"}});
    assert_eq!(
        ledger.post("/v1/payouts/runs", &run).text("/errors/0/detail"),
        "Expected a day that exists, such as 2026-10-31."
    );
}
