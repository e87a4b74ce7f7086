//! Attribution by last touch: the newest click within its window earns, and customers are bound to their touches.

use crate::conversions::{post, verdict};
use crate::support::{Ledger, Scenario};
use serde_json::json;
use signpost::domain::{clicks::click::Class, values::time::Timestamp};

const DAY: i64 = 86_400_000;
const MINUTE: i64 = 60_000;

#[test]
fn a_click_earns_within_its_window_and_not_a_millisecond_longer() {
    for (occurred_after, expected) in [
        (-5 * MINUTE - 1, "after_conversion"),
        // Clocks of shops differ, and many cut times to whole minutes.
        (-5 * MINUTE, "click"),
        (0, "click"),
        (30 * DAY, "click"),
        (30 * DAY + 1, "window_expired"),
    ] {
        let mut ledger = Ledger::new();
        let scenario = ledger.scenario(1_000);
        let click = ledger.click(scenario.link_no);
        let at = ledger.now.plus_ms(occurred_after);
        ledger.wait(31 * DAY);
        let body = json!({"type": "sale", "external_id": "o", "click_id": click, "amount": 100, "currency": "EUR",
            "occurred_at": at.to_string()});
        let made = post(&mut ledger, &body);
        let earns = expected == "click";
        assert_eq!(verdict(&made), (earns.then_some(click.as_str()), expected), "{occurred_after}");
        assert_eq!(ledger.rows("transfers"), i64::from(earns));
        let target = format!("/v1/conversions/{}/attribution", made["id"].as_str().unwrap());
        let touch = &ledger.get(&target).json["touches"][0];
        assert_eq!(
            (&touch["reason"], &touch["outcome"]),
            (&json!(expected), &json!(if earns { "won" } else { "lost" }))
        );
    }
}

#[test]
fn clicks_of_bots_and_prefetches_earn_and_are_flagged() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    for (class, name, flags) in [
        (Class::Human, "human", json!([])),
        (Class::Bot, "bot", json!(["bot_click"])),
        (Class::Prefetch, "prefetch", json!(["prefetch_click"])),
        (Class::Embedded, "not_navigation", json!(["held_not_navigation"])),
    ] {
        let click = ledger.click_of(scenario.link_no, class);
        let made = ledger.sale(name, &click, 100).json;
        assert_eq!(verdict(&made), (Some(click.as_str()), "click"));
        assert_eq!(made["commissions"][0]["flags"], flags);
        let held = if class == Class::Embedded { json!("not_navigation") } else { json!(null) };
        assert_eq!(made["commissions"][0]["held_reason"], held);
        let target = format!("/v1/conversions/{}/attribution", made["id"].as_str().unwrap());
        assert_eq!(ledger.get(&target).json["touches"][0]["class"], name);
    }
    let listed = ledger.get("/v1/commissions").json;
    assert_eq!(
        (&listed["data"][1]["flags"], &listed["data"][2]["flags"]),
        (&json!(["prefetch_click"]), &json!(["bot_click"]))
    );
}

/// A link of a second partner to the same listing.
fn rival(ledger: &mut Ledger, scenario: &Scenario) -> (String, u32) {
    let partner = ledger.partner("Bob", Some(1_000));
    let (_, no) = ledger.link(&partner, &scenario.listing);
    (partner, no)
}

#[test]
fn a_customer_is_bound_to_its_click_and_a_newer_click_competes() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let (bob, bobs_no) = rival(&mut ledger, &ada);
    let first = ledger.click(ada.link_no);
    ledger.wait(DAY);
    let bound = post(
        &mut ledger,
        &json!({"type": "lead", "external_id": "l", "click_id": first, "customer_id": "c"}),
    );
    assert_eq!(verdict(&bound), (Some(first.as_str()), "click"));
    // This is long after the window, which was checked when the customer was bound.
    ledger.wait(200 * DAY);
    let renewal = |id: &str| json!({"type": "subscription_renewed", "external_id": id, "customer_id": "c", "amount": 1_000, "currency": "EUR"});
    let made = post(&mut ledger, &renewal("r-1"));
    assert_eq!(verdict(&made), (Some(first.as_str()), "customer"));
    assert_eq!(made["commissions"][0]["partner_id"], json!(ada.partner));
    // The same old click, sent again, keeps its place.
    let mut with_click = renewal("r-2");
    with_click["click_id"] = json!(first);
    let made = post(&mut ledger, &with_click);
    assert_eq!(verdict(&made), (Some(first.as_str()), "customer"));
    let target = format!("/v1/conversions/{}/attribution", made["id"].as_str().unwrap());
    assert_eq!(ledger.get(&target).json["touches"].as_array().unwrap().len(), 1, "one click is one touch");
    // A newer click of another partner wins by last touch, and later conversions need not name it.
    let second = ledger.click(bobs_no);
    ledger.wait(DAY);
    let mut with_click = renewal("r-3");
    with_click["click_id"] = json!(second);
    let made = post(&mut ledger, &with_click);
    assert_eq!(verdict(&made), (Some(second.as_str()), "click"));
    assert_eq!(made["commissions"][0]["partner_id"], json!(bob));
    let target = format!("/v1/conversions/{}/attribution", made["id"].as_str().unwrap());
    let why = ledger.get(&target).json;
    let told: Vec<_> = why["touches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|touch| json!([touch["click_id"], touch["source"], touch["outcome"], touch["reason"]]))
        .collect();
    assert_eq!(
        told,
        [json!([first, "customer", "lost", "newer_touch"]), json!([second, "click", "won", "click"])]
    );
    assert_eq!(verdict(&post(&mut ledger, &renewal("r-4"))), (Some(second.as_str()), "customer"));
    // A click outside its own window neither wins nor binds.
    let stale = ledger.click(ada.link_no);
    ledger.wait(30 * DAY + 1);
    let mut with_click = renewal("r-5");
    with_click["click_id"] = json!(stale);
    assert_eq!(verdict(&post(&mut ledger, &with_click)), (Some(second.as_str()), "customer"));
    assert_eq!(verdict(&post(&mut ledger, &renewal("r-6"))), (Some(second.as_str()), "customer"));
    // A conversion from before the newer click is credited to the older one.
    let mut earlier = renewal("r-7");
    earlier["occurred_at"] = json!("2026-12-24T00:00:00Z");
    assert_eq!(verdict(&post(&mut ledger, &earlier)), (Some(first.as_str()), "customer"));
    // An invalid click id does not take a known customer from their partner.
    let mut with_junk = renewal("r-8");
    with_junk["click_id"] = json!("junk");
    assert_eq!(verdict(&post(&mut ledger, &with_junk)), (Some(second.as_str()), "customer"));
    // Another customer has no touches.
    let mut other = renewal("r-9");
    other["customer_id"] = json!("C");
    assert_eq!(verdict(&post(&mut ledger, &other)), (None, "no_touch"));
    assert_eq!(ledger.rows("customer_touches"), 2);
    ledger.audit();
}

#[test]
fn an_older_click_than_the_bound_one_loses_and_is_recorded() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let (_, bobs_no) = rival(&mut ledger, &ada);
    let older = ledger.click(bobs_no);
    ledger.wait(1);
    let newer = ledger.click(ada.link_no);
    let lead = |id: &str, click: &str| json!({"type": "lead", "external_id": id, "click_id": click, "customer_id": "c"});
    post(&mut ledger, &lead("l-1", &newer));
    let made = post(&mut ledger, &lead("l-2", &older));
    assert_eq!(verdict(&made), (Some(newer.as_str()), "customer"));
    assert_eq!(ledger.rows("customer_touches"), 2);
}

#[test]
fn only_the_newest_fifty_touches_of_a_customer_are_considered() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let mut last = String::new();
    for n in 0..60 {
        ledger.wait(1_000);
        last = ledger.click(scenario.link_no);
        post(
            &mut ledger,
            &json!({"type": "lead", "external_id": format!("l-{n}"), "click_id": last, "customer_id": "guest"}),
        );
    }
    let before = ledger.sql.statements();
    let made = post(&mut ledger, &json!({"type": "lead", "external_id": "x", "customer_id": "guest"}));
    assert!(ledger.sql.statements() - before < 30);
    assert_eq!(verdict(&made), (Some(last.as_str()), "customer"));
    let target = format!("/v1/conversions/{}/attribution", made["id"].as_str().unwrap());
    assert_eq!(ledger.get(&target).json["touches"].as_array().unwrap().len(), 50);
}

#[test]
fn revoked_and_paused_still_earn_from_earlier_clicks_and_terminated_do_not() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let (_, bobs_no) = rival(&mut ledger, &ada);
    let older = ledger.click(bobs_no);
    ledger.wait(1_000);
    let click = ledger.click(ada.link_no);
    ledger.wait(1_000);
    ledger.post(&format!("/v1/links/{}/revoke", ada.link), &json!({}));
    assert_eq!(verdict(&ledger.sale("revoked", &click, 100).json), (Some(click.as_str()), "click"));
    let target = format!("/v1/partners/{}", ada.partner);
    ledger.patch(&target, &json!({"status": "paused"}));
    assert_eq!(verdict(&ledger.sale("paused", &click, 100).json), (Some(click.as_str()), "click"));
    post(&mut ledger, &json!({"type": "lead", "external_id": "b", "click_id": older, "customer_id": "c"}));
    post(&mut ledger, &json!({"type": "lead", "external_id": "a", "click_id": click, "customer_id": "c"}));
    ledger.wait(1_000);
    ledger.patch(&target, &json!({"status": "terminated"}));
    let ended = ledger.now;
    ledger.wait(1_000);
    let sale = |id: &str, at: Timestamp, customer: Option<&str>| {
        json!({"type": "sale", "external_id": id, "click_id": click, "customer_id": customer, "amount": 100,
            "currency": "EUR", "occurred_at": at.to_string()})
    };
    // The partner earns conversions from before the termination, however late they are reported.
    assert_eq!(verdict(&post(&mut ledger, &sale("until", ended, None))), (Some(click.as_str()), "click"));
    assert_eq!(
        verdict(&post(&mut ledger, &sale("after", ended.plus_ms(1), None))),
        (None, "partner_terminated")
    );
    // The next of the customer's touches earns.
    let made = post(&mut ledger, &sale("next", ended.plus_ms(1), Some("c")));
    assert_eq!(verdict(&made), (Some(older.as_str()), "customer"));
    // Earlier commissions remain.
    ledger.wait(40 * DAY);
    let owed = ledger.get(&format!("/v1/balances?partner_id={}", ada.partner)).json;
    assert_eq!(owed["data"][0]["payable"], 30);
    ledger.audit();
}

#[test]
fn a_partners_own_rate_precedes_the_programmes_and_applies_from_its_change() {
    let mut ledger = Ledger::new();
    ledger.put("/v1/program", &json!({"commission_bp": 500, "hold_days": 10}));
    let partner = ledger.partner("Ada", None);
    let listing = ledger.listing("https://shop.example");
    let (_, no) = ledger.link(&partner, &listing);
    let click = ledger.click(no);
    let first = ledger.sale("o-1", &click, 10_000).json;
    assert_eq!(
        (&first["commissions"][0]["amount"], &first["commissions"][0]["rate_bp"]),
        (&json!(500), &json!(500))
    );
    assert_eq!(first["commissions"][0]["payable_at"], "2026-12-02T12:00:00.000Z");
    ledger.patch(&format!("/v1/partners/{partner}"), &json!({"commission_bp": 0}));
    ledger.put("/v1/program", &json!({"commission_bp": 700, "hold_days": 0}));
    let none = ledger.sale("o-2", &click, 10_000).json;
    assert_eq!(
        (&none["commissions"][0]["amount"], &none["commissions"][0]["rate_bp"]),
        (&json!(0), &json!(0))
    );
    ledger.patch(&format!("/v1/partners/{partner}"), &json!({"commission_bp": null}));
    let third = ledger.sale("o-3", &click, 10_000).json;
    assert_eq!(third["commissions"][0]["amount"], 700);
    // The first keeps its terms. The third has no hold, so the next request makes it payable.
    let balance = &ledger.get("/v1/balances").json["data"][0];
    assert_eq!((&balance["pending"], &balance["payable"]), (&json!(500), &json!(700)));
    ledger.audit();
}
