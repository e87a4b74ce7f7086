//! Commercial terms: which are refused, with which pointer and nothing written, and which may change once the
//! programme has begun.

use crate::support::{Ledger, Scenario};
use serde_json::{Value as Json, json};

/// A plan that is valid from 2026; the clock is in November 2026.
fn plan(name: &str, fields: &Json) -> Json {
    let mut plan = json!({"name": name, "effective_from": "2026-01-01T00:00:00.000Z", "rate_bp": 1_000});
    plan.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    plan
}

fn refused(ledger: &mut Ledger, body: &Json) -> (u16, Vec<(String, String)>) {
    let answer = ledger.unchanged(&body.to_string(), |ledger| ledger.put("/v1/program", body));
    let (status, code) = answer.problem();
    let errors = answer.json["errors"].as_array().unwrap();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let errors: Vec<_> = errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect();
    assert_eq!(errors[0].1, code);
    (status, errors)
}

fn one(pointer: &str, code: &str) -> (u16, Vec<(String, String)>) {
    (422, vec![(pointer.to_owned(), code.to_owned())])
}

#[test]
fn bad_plans_are_refused_with_a_pointer_and_nothing_is_written() {
    let mut ledger = Ledger::new();
    let Scenario { partner, listing, .. } = ledger.scenario(1_000);
    let nobody = partner.replace(|c: char| c.is_ascii_digit(), "0");
    let nothing = listing.replace(|c: char| c.is_ascii_digit(), "0");
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    for (fields, pointer, code) in [
        (json!({"rate_bp": 10_001}), "/rate_bp", "out_of_range"),
        (json!({"rate_bp": -1}), "/rate_bp", "out_of_range"),
        (json!({"rate_bp": 12.5}), "/rate_bp", "wrong_type"),
        (json!({"rate": 1}), "/rate", "unknown_field"),
        (json!({"name": ""}), "/name", "invalid_text"),
        (json!({"effective_until": "2026-01-01T00:00:00Z"}), "/effective_until", "ends_before_start"),
        (json!({"effective_until": "2025-12-31T00:00:00Z"}), "/effective_until", "ends_before_start"),
        (json!({"base": "margin"}), "/base", "invalid_value"),
        (json!({"applies_to": {"partner_id": nobody}}), "/applies_to/partner_id", "unknown_partner"),
        (json!({"applies_to": {"listing_id": nothing}}), "/applies_to/listing_id", "unknown_listing"),
        (json!({"applies_to": {"kind": "friend"}}), "/applies_to/kind", "invalid_value"),
        (json!({"applies_to": {"tier": ""}}), "/applies_to/tier", "invalid_text"),
        (
            json!({"flat": [{"event": "uninstall", "amount": 1, "currency": "EUR"}]}),
            "/flat/0/event",
            "contradictory_terms",
        ),
        (
            json!({"flat": [{"event": "lead", "amount": 1, "currency": "eur"}]}),
            "/flat/0/currency",
            "invalid_currency",
        ),
        (json!({"tiers": [{"from_sales": 0, "rate_bp": 1}]}), "/tiers/0/from_sales", "out_of_range"),
        (json!({"tiers": [{"from_sales": 5, "rate_bp": 10_001}]}), "/tiers/0/rate_bp", "out_of_range"),
        (
            json!({"tiers": [{"from_sales": 5, "rate_bp": 1}, {"from_sales": 5, "rate_bp": 2}]}),
            "/tiers/1/from_sales",
            "contradictory_terms",
        ),
        (json!({"recurring": [{"months": 0, "rate_bp": 1}]}), "/recurring/0/months", "out_of_range"),
        (json!({"recurring": [{"months": 601, "rate_bp": 1}]}), "/recurring/0/months", "out_of_range"),
        (
            json!({"recurring": [{"months": null, "rate_bp": 1}, {"months": 1, "rate_bp": 1}]}),
            "/recurring/0/months",
            "contradictory_terms",
        ),
        (
            json!({"caps": [{"per": "month", "amount": 1_000_000_000_001i64, "currency": "EUR"}]}),
            "/caps/0/amount",
            "amount_out_of_range",
        ),
        (
            json!({"caps": [{"per": "month", "amount": 1, "currency": "EUR"}, {"per": "month", "amount": 2, "currency": "EUR"}]}),
            "/caps/1",
            "contradictory_terms",
        ),
        (json!({"bonuses": [{"amount": 1, "currency": "EUR"}]}), "/bonuses/0", "contradictory_terms"),
        (
            json!({"bonuses": [{"amount": 1, "currency": "EUR", "from_sales": 1, "from_revenue": eur(1)}]}),
            "/bonuses/0",
            "contradictory_terms",
        ),
        (
            json!({"bonuses": [{"amount": 1, "currency": "EUR", "from_revenue": eur(-1)}]}),
            "/bonuses/0/from_revenue/amount",
            "amount_out_of_range",
        ),
    ] {
        let body = json!({"plans": [plan("p", &fields)]});
        assert_eq!(refused(&mut ledger, &body), one(&format!("/plans/0{pointer}"), code), "{fields}");
    }
}

#[test]
fn plans_with_the_same_target_may_not_overlap() {
    let mut ledger = Ledger::new();
    let until = |at: &str| json!({"effective_until": at});
    let from = |at: &str| json!({"effective_from": at});
    let both = |one: &Json, other: &Json| json!({"plans": [plan("a", one), plan("b", other)]});
    let overlap = one("/plans/1/effective_from", "plans_overlap");
    let change = "2026-06-01T00:00:00Z";
    assert_eq!(refused(&mut ledger, &both(&json!({}), &json!({}))), overlap);
    assert_eq!(refused(&mut ledger, &both(&until("2026-06-01T00:00:00.001Z"), &from(change))), overlap);
    assert_eq!(refused(&mut ledger, &both(&from(change), &until("2026-06-01T00:00:00.001Z"))), overlap);
    let kind = |kind: &str| json!({"applies_to": {"kind": kind}});
    assert_eq!(refused(&mut ledger, &both(&kind("media"), &kind("media"))), overlap);
    let twins = json!({"plans": [plan("a", &kind("media")), plan("a", &kind("agency"))]});
    assert_eq!(refused(&mut ledger, &twins), one("/plans/1/name", "duplicate_name"));
    assert_eq!(ledger.put("/v1/program", &both(&until(change), &from(change))).status, 200);
}

#[test]
fn agreements_are_checked_as_plans_are() {
    let mut ledger = Ledger::new();
    let Scenario { partner, listing, .. } = ledger.scenario(1_000);
    let other = ledger.partner("Ben", None);
    let territory = |name: &str, partner: &str, fields: &Json| {
        plan(name, &json!({"partner_id": partner, "countries": ["DE"]}))
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .chain(fields.as_object().unwrap().clone())
            .collect::<serde_json::Map<_, _>>()
    };
    for (fields, pointer, code) in [
        (json!({"countries": []}), "/countries", "out_of_range"),
        (json!({"countries": ["DE", "Germany"]}), "/countries/1", "invalid_country"),
        (json!({"rate_bp": 10_001}), "/rate_bp", "out_of_range"),
        (json!({"others_earn": "half"}), "/others_earn", "invalid_value"),
    ] {
        let body = json!({"territories": [territory("t", &partner, &fields)]});
        assert_eq!(refused(&mut ledger, &body), one(&format!("/territories/0{pointer}"), code), "{fields}");
    }
    let shared = json!({"countries": ["AT", "DE"]});
    let body =
        json!({"territories": [territory("t", &partner, &json!({})), territory("u", &other, &shared)]});
    assert_eq!(refused(&mut ledger, &body), one("/territories/1/effective_from", "plans_overlap"));
    let product = |name: &str, partner: &str| {
        plan(
            name,
            &json!({"partner_id": partner, "listing_id": listing, "cost_share": {"amount": 1, "currency": "EUR"}}),
        )
    };
    let twice = json!({"joint_products": [product("a", &partner), product("b", &partner)]});
    assert_eq!(refused(&mut ledger, &twice), one("/joint_products/1/effective_from", "plans_overlap"));
    let free = json!({"joint_products": [plan("a", &json!({"partner_id": partner, "listing_id": listing,
        "cost_share": {"amount": -1, "currency": "EUR"}}))]});
    assert_eq!(
        refused(&mut ledger, &free),
        one("/joint_products/0/cost_share/amount", "amount_out_of_range")
    );
    // Two makers of one product are no conflict.
    let makers = json!({"joint_products": [product("a", &partner), product("b", &other)]});
    assert_eq!(ledger.put("/v1/program", &makers).status, 200);
    let referral = json!({"referral": {"rate_bp": 10_001, "months": 0}});
    let expected = vec![
        ("/referral/rate_bp".to_owned(), "out_of_range".to_owned()),
        ("/referral/months".to_owned(), "out_of_range".to_owned()),
    ];
    assert_eq!(refused(&mut ledger, &referral), (422, expected));
    assert_eq!(refused(&mut ledger, &json!({"timezone": "Berlin"})), one("/timezone", "unknown_timezone"));
}

#[test]
fn a_plan_that_has_begun_may_only_end() {
    let mut ledger = Ledger::new();
    let old = plan("old", &json!({}));
    let future = plan(
        "future",
        &json!({"effective_from": "2027-01-01T00:00:00.000Z", "applies_to": {"kind": "media"}}),
    );
    let put = |ledger: &mut Ledger, plans: &[&Json]| ledger.put("/v1/program", &json!({"plans": plans}));
    assert_eq!(put(&mut ledger, &[&old, &future]).status, 200);
    // Omitted fields stay.
    assert_eq!(ledger.put("/v1/program", &json!({"hold_days": 1})).json["plans"][0]["name"], "old");
    let in_force = |pointer: &str| (409, vec![(pointer.to_owned(), "plan_in_force".to_owned())]);
    assert_eq!(refused(&mut ledger, &json!({"plans": []})), in_force("/plans"));
    let changed = plan("old", &json!({"rate_bp": 2_000}));
    assert_eq!(refused(&mut ledger, &json!({"plans": [future, changed]})), in_force("/plans/1"));
    // The clock of the test stands at noon of 22 November 2026.
    let ended_before = plan("old", &json!({"effective_until": "2026-11-22T11:59:59.999Z"}));
    assert_eq!(refused(&mut ledger, &json!({"plans": [ended_before]})), in_force("/plans/0/effective_until"));
    // A plan that has not begun may change or be deleted, and one that has begun may end now.
    let ends_now = plan("old", &json!({"effective_until": "2026-11-22T12:00:00.000Z"}));
    assert_eq!(put(&mut ledger, &[&ends_now]).status, 200);
    // A plan that has ended does not change.
    ledger.wait(1);
    let revived = json!({"plans": [plan("old", &json!({}))]});
    assert_eq!(refused(&mut ledger, &revived), in_force("/plans/0/effective_until"));
}

#[test]
fn terms_based_on_an_outdated_version_are_refused() {
    let mut ledger = Ledger::new();
    let terms = ledger.put("/v1/program", &json!({"name": "A"})).json;
    assert_eq!(terms["version"], 1);
    // A response can be sent back unchanged.
    assert_eq!(ledger.put("/v1/program", &terms).json["version"], 2);
    let stale = (409, vec![("/version".to_owned(), "program_changed".to_owned())]);
    assert_eq!(refused(&mut ledger, &terms), stale);
}

#[test]
fn a_conversion_keeps_the_plan_that_was_in_force() {
    let mut ledger = Ledger::new();
    let partner = ledger.partner("Ada", None);
    let listing = ledger.listing("https://shop.example");
    let (_, link_no) = ledger.link(&partner, &listing);
    let click = ledger.click(link_no);
    let first = plan("first", &json!({}));
    assert_eq!(ledger.put("/v1/program", &json!({"plans": [first]})).status, 200);
    let sale = ledger.sale("o-1", &click, 10_000);
    assert_eq!(
        (&sale.json["commissions"][0]["amount"], &sale.json["commissions"][0]["plan"]),
        (&json!(1_000), &json!("first"))
    );
    ledger.wait(86_400_000);
    let until = plan("first", &json!({"effective_until": ledger.now}));
    let second = plan("second", &json!({"effective_from": ledger.now, "rate_bp": 5_000}));
    assert_eq!(ledger.put("/v1/program", &json!({"plans": [until, second]})).status, 200);
    assert_eq!(ledger.sale("o-2", &click, 10_000).json["commissions"][0]["plan"], "second");
    // A late report of an earlier sale uses the plan of that time, and so does the refund of the first sale.
    let late = json!({"type": "sale", "external_id": "o-3", "click_id": click, "amount": 10_000, "currency": "EUR",
        "occurred_at": "2026-11-22T12:30:00Z"});
    assert_eq!(ledger.post("/v1/conversions", &late).json["commissions"][0]["amount"], 1_000);
    let refund =
        ledger.post(&format!("/v1/conversions/{}/refunds", sale.text("/id")), &json!({"external_id": "r"}));
    assert_eq!(refund.json["commissions"][0]["reversed"], 1_000);
    ledger.audit();
}

#[test]
fn parts_of_an_amount_may_not_exceed_it() {
    let mut ledger = Ledger::new();
    let body = json!({"type": "sale", "external_id": "o", "amount": 100, "currency": "EUR", "tax": 60, "discount": 41});
    let answer = ledger.unchanged("parts", |ledger| ledger.post("/v1/conversions", &body));
    assert_eq!(answer.problem(), (422, "part_exceeds_amount".to_owned()));
    assert_eq!(answer.text("/errors/0/pointer"), "/discount");
    let lead = json!({"type": "lead", "external_id": "l", "tax": 1});
    let answer = ledger.unchanged("lead", |ledger| ledger.post("/v1/conversions", &lead));
    assert_eq!(answer.text("/errors/0/pointer"), "/tax");
    let body = json!({"type": "sale", "external_id": "o", "amount": 100, "currency": "EUR", "tax": 60, "shipping": 40});
    assert_eq!(ledger.post("/v1/conversions", &body).status, 201);
    // They are part of what was sent.
    let other = json!({"type": "sale", "external_id": "o", "amount": 100, "currency": "EUR", "tax": 60, "shipping": 39});
    let answer = ledger.post("/v1/conversions", &other);
    assert_eq!(
        (answer.problem().1, answer.text("/errors/0/pointer")),
        ("conversion_conflict".to_owned(), "/shipping".to_owned())
    );
}

#[test]
fn partners_refer_partners_and_never_each_other() {
    let mut ledger = Ledger::new();
    let ada = ledger.partner("Ada", None);
    let body = json!({"name": "Ben", "kind": "media", "referred_by": ada, "tier": "gold"});
    let ben = ledger.post("/v1/partners", &body);
    assert_eq!((&ben.json["referred_by"], &ben.json["tier"]), (&json!(ada), &json!("gold")));
    for (target, by) in [(&ada, ben.text("/id")), (&ada, ada.clone()), (&ada, "ptn_x".to_owned())] {
        let answer = ledger.unchanged("referred_by", |ledger| {
            ledger.patch(&format!("/v1/partners/{target}"), &json!({"referred_by": by}))
        });
        assert_eq!((answer.status, answer.text("/errors/0/pointer")), (422, "/referred_by".to_owned()));
    }
    let cleared = ledger
        .patch(&format!("/v1/partners/{}", ben.text("/id")), &json!({"referred_by": null, "tier": null}));
    assert_eq!((&cleared.json["referred_by"], &cleared.json["tier"]), (&Json::Null, &Json::Null));
}
