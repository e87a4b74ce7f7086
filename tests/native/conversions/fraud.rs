//! Fraud rules hold suspicious commissions. Each rule is tested just below its limit, at it and above it. These tests
//! fail if a commission is held for another reason or is not held, if the sale itself is refused or not counted, or if
//! a held commission becomes payable before an operator releases it.

use crate::support::{Answer, Ledger, OPERATOR, Scenario};
use serde_json::{Value as Json, json};

const DAY: i64 = 86_400_000;

/// A programme with these fraud rules, and a partner whose external id a customer may share.
fn world(fraud: &Json) -> (Ledger, Scenario) {
    let mut ledger = Ledger::new();
    let set = ledger.put("/v1/program", &json!({"name": "P", "hold_days": 1, "fraud": fraud}));
    assert_eq!(set.status, 200, "{}", set.raw.body);
    let scenario = ledger.scenario(1_000);
    let names = json!({"email": "Ada@Acme.example", "external_id": "CRM-7"});
    assert_eq!(ledger.patch(&format!("/v1/partners/{}", scenario.partner), &names).status, 200);
    (ledger, scenario)
}

/// A conversion of EUR 50.00 through a click made now, with additional fields.
fn convert(ledger: &mut Ledger, scenario: &Scenario, external_id: &str, fields: &Json) -> Answer {
    let click = ledger.click(scenario.link_no);
    let mut body = json!({"type": "sale", "external_id": external_id, "click_id": click, "amount": 5_000,
        "currency": "EUR"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let answer = ledger.post("/v1/conversions", &body);
    assert_eq!(answer.status, 201, "{}", answer.raw.body);
    answer
}

/// The first reason for the hold of its commission, and its flags.
fn held(answer: &Answer) -> (Option<String>, Vec<String>) {
    let commission = &answer.json["commissions"][0];
    assert_eq!((&commission["amount"], &commission["status"]), (&json!(500), &json!("pending")));
    let flags = commission["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap().to_owned());
    (commission["held_reason"].as_str().map(str::to_owned), flags.collect())
}

fn for_reason(reason: &str) -> (Option<String>, Vec<String>) {
    (Some(reason.to_owned()), vec![format!("held_{reason}")])
}

fn free() -> (Option<String>, Vec<String>) {
    (None, Vec::new())
}

#[test]
fn a_self_referral_is_held_and_still_counted() {
    let (mut ledger, scenario) = world(&json!({}));
    for (n, fields) in [
        json!({"customer_id": "ada@acme.EXAMPLE"}),
        json!({"customer_id": " crm-7 "}),
        json!({"customer_id": scenario.partner.to_uppercase()}),
        json!({"customer_id": "c-1", "metadata": {"email": "ADA@acme.example"}}),
        json!({"metadata": {"customer_email": "ada@acme.example"}}),
        json!({"customer_id": "ada+shop@acme.example"}),
        json!({"metadata": {"email": " Ada+x+y@acme.example"}}),
    ]
    .iter()
    .enumerate()
    {
        let made = convert(&mut ledger, &scenario, &format!("o-{n}"), fields);
        assert_eq!(held(&made), for_reason("self_referral"), "{fields}");
        assert_eq!(made.json["attribution"]["status"], "attributed");
    }
    for (n, fields) in [
        json!({"customer_id": "crm-77"}),
        json!({"customer_id": "c-2", "metadata": {"e-mail": "ada@acme.example", "email": ""}}),
        json!({"coupon": "CRM-7"}),
        json!({"metadata": {"email": "a.da@acme.example"}}),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(held(&convert(&mut ledger, &scenario, &format!("p-{n}"), fields)), free(), "{fields}");
    }
    let totals = ledger.get("/v1/attribution").json["totals"].take();
    assert_eq!(totals["commission"], json!([{"amount": 5_500, "currency": "EUR"}]));
    ledger.wait(400 * DAY);
    let balance = ledger.get("/v1/balances").json["data"][0].take();
    assert_eq!((&balance["pending"], &balance["payable"]), (&json!(3_500), &json!(2_000)));
    ledger.audit();
}

#[test]
fn names_of_other_partners_or_of_nobody_cause_no_hold() {
    let (mut ledger, scenario) = world(&json!({}));
    let other = ledger.partner("Grace", None);
    assert_eq!(held(&convert(&mut ledger, &scenario, "o-1", &json!({"customer_id": other}))), free());
    // A partner with a blank external id does not match every customer without a name.
    let blank = json!({"external_id": " ", "email": null});
    assert_eq!(ledger.patch(&format!("/v1/partners/{}", scenario.partner), &blank).status, 200);
    assert_eq!(held(&convert(&mut ledger, &scenario, "o-2", &json!({"customer_id": " "}))), free());
}

#[test]
fn disabled_rules_hold_nothing() {
    let (mut ledger, scenario) = world(&json!({"self_referral": false, "duplicate_customer": false}));
    for n in 0..3 {
        let fields = json!({"type": "install", "customer_id": "crm-7"});
        assert_eq!(held(&convert(&mut ledger, &scenario, &format!("i-{n}"), &fields)), free());
    }
}

#[test]
fn conversions_beyond_a_partners_hourly_limit_are_held() {
    let (mut ledger, scenario) = world(&json!({"velocity_per_hour": 3}));
    let grace = ledger.scenario(1_000);
    for n in 0..3 {
        assert_eq!(held(&convert(&mut ledger, &scenario, &format!("o-{n}"), &json!({}))), free(), "{n}");
        // An uninstall, another partner's conversion and an unattributed one do not count towards a partner's velocity.
        convert_uncounted(&mut ledger, &scenario, n);
        ledger.wait(60_000);
    }
    let fourth = convert(&mut ledger, &scenario, "o-3", &json!({}));
    assert_eq!(held(&fourth), for_reason("velocity"));
    assert_eq!(held(&convert(&mut ledger, &grace, "g-1", &json!({}))), free());
    // 3 minutes after the first. When the first is an hour old, the second, third and fourth are three.
    ledger.wait(57 * 60_000 - 1);
    assert_eq!(held(&convert(&mut ledger, &scenario, "o-4", &json!({}))), for_reason("velocity"));
    ledger.wait(2 * 60_000);
    // The third, the fourth and the fifth.
    assert_eq!(held(&convert(&mut ledger, &scenario, "o-5", &json!({}))), for_reason("velocity"));
    ledger.wait(60_000 + 1);
    // The fourth is an hour old, so the fifth and the sixth remain. Held ones count too.
    assert_eq!(held(&convert(&mut ledger, &scenario, "o-6", &json!({}))), free());
    assert_eq!(held(&convert(&mut ledger, &scenario, "o-7", &json!({}))), for_reason("velocity"));
}

fn convert_uncounted(ledger: &mut Ledger, scenario: &Scenario, n: u32) {
    let click = ledger.click(scenario.link_no);
    let uninstall = json!({"type": "uninstall", "external_id": format!("u-{n}"), "click_id": click});
    assert_eq!(ledger.post("/v1/conversions", &uninstall).json["attribution"]["status"], "attributed");
    let nobody = json!({"type": "sale", "external_id": format!("n-{n}"), "amount": 1, "currency": "EUR"});
    assert_eq!(ledger.post("/v1/conversions", &nobody).json["attribution"]["status"], "unattributed");
}

#[test]
fn the_hour_of_the_velocity_rule_ends_to_the_millisecond() {
    for (ms, expected) in [(3_599_999, for_reason("velocity")), (3_600_000, free()), (3_600_001, free())] {
        let (mut ledger, scenario) = world(&json!({"velocity_per_hour": 1}));
        assert_eq!(held(&convert(&mut ledger, &scenario, "o-1", &json!({}))), free());
        ledger.wait(ms);
        assert_eq!(held(&convert(&mut ledger, &scenario, "o-2", &json!({}))), expected, "{ms}");
    }
}

#[test]
fn a_conversion_too_soon_after_its_click_is_held() {
    let rules = json!({"min_seconds_from_click": 3});
    for (kind, ms, is_held) in [
        ("sale", 2_999, true),
        ("sale", 3_000, false),
        ("sale", 3_001, false),
        ("install", 2_999, true),
        ("install", 3_000, false),
        ("subscription_started", 0, true),
        ("lead", 0, false),
        ("lead", -1, true),
        ("sale", -1, true),
    ] {
        let (mut ledger, scenario) = world(&rules);
        let at = ledger.now.plus_ms(ms).to_string();
        let made = convert(&mut ledger, &scenario, "o-1", &json!({"type": kind, "occurred_at": at}));
        let expected = if is_held { for_reason("impossible_time") } else { free() };
        assert_eq!(held(&made), expected, "{kind} after {ms} ms");
    }
    let (mut ledger, scenario) = world(&json!({"min_seconds_from_click": null}));
    let at = ledger.now.plus_ms(-1).to_string();
    assert_eq!(held(&convert(&mut ledger, &scenario, "o-1", &json!({"occurred_at": at}))), free());
}

#[test]
fn a_second_first_event_of_a_customer_is_held() {
    for kind in ["lead", "install", "subscription_started"] {
        let (mut ledger, scenario) = world(&json!({}));
        let fields = |customer: &str| json!({"type": kind, "customer_id": customer});
        assert_eq!(held(&convert(&mut ledger, &scenario, "a", &fields("c-1"))), free(), "{kind}");
        assert_eq!(held(&convert(&mut ledger, &scenario, "b", &fields("c-2"))), free(), "{kind}");
        let again = convert(&mut ledger, &scenario, "c", &fields("c-1"));
        assert_eq!(held(&again), for_reason("duplicate_customer"), "{kind}");
        // Without a customer id there is no earlier conversion of the same customer.
        for id in ["d", "e"] {
            assert_eq!(held(&convert(&mut ledger, &scenario, id, &json!({"type": kind}))), free(), "{kind}");
        }
        // A conversion on another listing does not count.
        let listing = ledger.listing("https://two.example");
        let (_, link_no) = ledger.link(&scenario.partner, &listing);
        let elsewhere = Scenario { link_no, listing, ..scenario };
        assert_eq!(held(&convert(&mut ledger, &elsewhere, "f", &fields("c-1"))), free(), "{kind}");
        let again = convert(&mut ledger, &elsewhere, "g", &fields("c-1"));
        assert_eq!(held(&again), for_reason("duplicate_customer"), "{kind}");
    }
}

#[test]
fn sales_may_repeat_and_an_unattributed_event_is_no_repeat() {
    let (mut ledger, scenario) = world(&json!({}));
    for kind in ["sale", "subscription_renewed"] {
        for n in 0..3 {
            let fields = json!({"type": kind, "customer_id": "c-1"});
            assert_eq!(held(&convert(&mut ledger, &scenario, &format!("o-{n}"), &fields)), free());
        }
    }
    let organic = json!({"type": "install", "external_id": "i-0", "customer_id": "c-9", "amount": 1,
        "currency": "EUR", "listing_id": scenario.listing});
    assert_eq!(ledger.post("/v1/conversions", &organic).json["attribution"]["status"], "unattributed");
    let install = json!({"type": "install", "customer_id": "c-9"});
    assert_eq!(held(&convert(&mut ledger, &scenario, "i-1", &install)), free());
    // Another type does not count, and a retry returns the first response.
    let lead = json!({"type": "lead", "customer_id": "c-9"});
    assert_eq!(held(&convert(&mut ledger, &scenario, "i-1", &lead)), free());
}

#[test]
fn flags_list_all_reasons_and_a_release_ends_them_all() {
    let (mut ledger, scenario) = world(&json!({"velocity_per_hour": 1, "min_seconds_from_click": 3}));
    let install = json!({"type": "install", "customer_id": "crm-7"});
    let first = convert(&mut ledger, &scenario, "i-1", &install);
    let both = vec!["held_self_referral".to_owned(), "held_impossible_time".to_owned()];
    assert_eq!(held(&first), (Some("self_referral".to_owned()), both));
    let second = convert(&mut ledger, &scenario, "i-2", &install);
    let (reason, flags) = held(&second);
    let all =
        ["held_self_referral", "held_velocity", "held_impossible_time", "held_duplicate_customer"].as_slice();
    assert_eq!(
        (reason.as_deref(), flags),
        (Some("self_referral"), all.iter().map(|f| f.to_string()).collect())
    );

    // The partner sees that its commission is under review, not why, and cannot release it.
    let id = second.text("/commissions/0/id");
    let (target, note) = (format!("/v1/commissions/{id}"), json!({"note": "her own shop, agreed"}));
    let key = ledger.key(&["admin", "read"], Some(&scenario.partner));
    let seen = ledger.call(&key, "GET", &target, "", None).json;
    assert_eq!((&seen["held_reason"], &seen["flags"]), (&json!(null), &json!(["under_review"])));
    for action in ["release", "reject"] {
        let refused = ledger.unchanged(action, |ledger| {
            ledger.call(&key, "POST", &format!("{target}/{action}"), &note.to_string(), None)
        });
        assert_eq!(refused.problem(), (404, "not_found".to_owned()), "{action}");
    }
    let released = ledger.call(OPERATOR, "POST", &format!("{target}/release"), &note.to_string(), None);
    assert_eq!((&released.json["held_reason"], &released.json["flags"]), (&Json::Null, &json!(all)));
    ledger.wait(DAY);
    let balance = ledger.get("/v1/balances").json["data"][0].take();
    assert_eq!((&balance["pending"], &balance["payable"]), (&json!(500), &json!(500)));
    ledger.audit();
}

#[test]
fn the_list_filters_by_reason_and_status() {
    let (mut ledger, scenario) = world(&json!({"min_seconds_from_click": 3}));
    let now = ledger.now.to_string();
    for (id, fields) in [
        ("own", json!({"customer_id": "crm-7"})),
        ("soon", json!({"occurred_at": now})),
        ("both", json!({"customer_id": "crm-7", "occurred_at": now})),
        ("free", json!({"customer_id": "c-1"})),
    ] {
        let later = ledger.now.plus_ms(60_000).to_string();
        let mut all = json!({"occurred_at": later, "metadata": {"n": id}});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        convert(&mut ledger, &scenario, id, &all);
    }
    let ids = |ledger: &mut Ledger, query: &str| -> Vec<String> {
        let page = ledger.get(&format!("/v1/commissions?{query}")).json;
        let shown = page["data"].as_array().unwrap_or_else(|| panic!("{query}: {page}")).clone();
        let mut of =
            |id: &Json| ledger.get(&format!("/v1/conversions/{}", id.as_str().unwrap())).text("/external_id");
        shown.iter().map(|commission| of(&commission["conversion_id"])).collect()
    };
    assert_eq!(ids(&mut ledger, "held_reason=self_referral"), ["both", "own"]);
    assert_eq!(ids(&mut ledger, "held_reason=impossible_time"), ["soon"]);
    assert_eq!(ids(&mut ledger, "held_reason=velocity"), [""; 0]);
    assert_eq!(ids(&mut ledger, "held=false&held_reason=self_referral"), [""; 0]);
    assert_eq!(ids(&mut ledger, "held=true&held_reason=self_referral&status=pending"), ["both", "own"]);
    ledger.wait(2 * DAY);
    assert_eq!(ids(&mut ledger, "status=payable"), ["free"]);
    assert_eq!(ids(&mut ledger, "status=pending"), ["both", "soon", "own"]);
    assert_eq!(ids(&mut ledger, "status=reversed"), [""; 0]);

    let page = ledger.get("/v1/commissions?held_reason=self_referral&limit=1");
    let cursor = page.text("/next_cursor");
    assert_eq!(ids(&mut ledger, &format!("held_reason=self_referral&limit=1&cursor={cursor}")), ["own"]);
    for other in ["held_reason=velocity", "held=true", "held_reason=self_referral&status=pending"] {
        let refused = ledger.get(&format!("/v1/commissions?{other}&cursor={cursor}"));
        assert_eq!(refused.problem(), (422, "cursor_mismatch".to_owned()), "{other}");
    }
    for (wrong, words) in [
        (
            "held_reason=",
            "transport_only, self_referral, not_navigation, velocity, impossible_time, duplicate_customer, coupon_leakage, rate_missing",
        ),
        (
            "held_reason=SELF_REFERRAL",
            "transport_only, self_referral, not_navigation, velocity, impossible_time, duplicate_customer, coupon_leakage, rate_missing",
        ),
        ("status=held", "pending, payable, paid, reversed"),
    ] {
        let refused = ledger.get(&format!("/v1/commissions?{wrong}"));
        assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{wrong}");
        let name = wrong.split('=').next().unwrap();
        assert_eq!(refused.text("/detail"), format!("{name:?} must be one of: {words}."));
    }
}

#[test]
fn a_leaked_coupon_is_held_from_the_first_customer_beyond_the_limit() {
    let (mut ledger, scenario) = world(&json!({"coupon_uses_per_day": 2}));
    let coupon = json!({"code": "ADA", "partner_id": scenario.partner});
    assert_eq!(ledger.post("/v1/coupons", &coupon).status, 201);
    let use_it = |ledger: &mut Ledger, n: usize, fields: &Json| {
        let mut body = json!({"type": "sale", "external_id": format!("o-{n}"), "coupon": "ada", "amount": 5_000,
            "currency": "EUR"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let answer = ledger.post("/v1/conversions", &body);
        assert_eq!(answer.json["attribution"]["reason"], "coupon", "{}", answer.raw.body);
        held(&answer)
    };
    let customer = |id: &str| json!({"customer_id": id});
    // The same customer counts once.
    for (n, id) in ["c-1", "c-2", "c-1"].into_iter().enumerate() {
        assert_eq!(use_it(&mut ledger, n, &customer(id)), free(), "{id}");
    }
    assert_eq!(use_it(&mut ledger, 3, &customer("c-3")), for_reason("coupon_leakage"));
    assert_eq!(use_it(&mut ledger, 4, &json!({})), for_reason("coupon_leakage"));
    // A customer who also came through the partner's own link did not find the code on a coupon site.
    let click = ledger.click(scenario.link_no);
    ledger.wait(1);
    assert_eq!(use_it(&mut ledger, 5, &json!({"customer_id": "c-5", "click_id": click})), free());
    ledger.wait(DAY);
    assert_eq!(use_it(&mut ledger, 6, &customer("c-6")), free());
    ledger.audit();
}
