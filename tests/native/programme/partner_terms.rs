//! The terms that a partner reads.

use crate::support::Ledger;
use serde_json::json;
use signpost::domain::values::time::Timestamp;

#[test]
fn a_partner_reads_the_terms_that_concern_it_and_no_others() {
    let mut ledger = Ledger::new();
    let (ada, bob) = (ledger.partner("Ada", None), ledger.partner("Bob", None));
    ledger.patch(&format!("/v1/partners/{ada}"), &json!({"tier": "gold", "currency": "USD"}));
    let plan = |name: &str, applies_to: serde_json::Value, rate_bp: i64| json!({"name": name, "effective_from": "2026-12-01T00:00:00Z", "applies_to": applies_to, "rate_bp": rate_bp});
    let terms = json!({"commission_bp": 1500, "timezone": "Europe/Berlin", "plans": [
        plan("ada", json!({"partner_id": ada}), 3000),
        plan("bob", json!({"partner_id": bob}), 4000),
        plan("gold", json!({"tier": "gold"}), 2500),
        plan("silver", json!({"tier": "silver"}), 2200),
        plan("all", json!({}), 2000),
    ], "territories": [
        {"name": "south", "partner_id": bob, "countries": ["CL"], "effective_from": "2026-12-01T00:00:00Z", "rate_bp": 500},
        {"name": "north", "partner_id": ada, "countries": ["NO"], "effective_from": "2026-12-01T00:00:00Z", "rate_bp": 600},
    ]});
    assert_eq!(ledger.patch("/v1/program", &terms).status, 200);
    let key = ledger.key(&["read"], Some(&ada));
    let read = |ledger: &mut Ledger, key: &str, partner: &str| {
        ledger.call(key, "GET", &format!("/v1/partners/{partner}/terms"), "", None)
    };
    let shown = read(&mut ledger, &key, &ada).json;
    let names = |list: &serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|terms| terms["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&shown["plans"]), ["ada", "gold", "all"]);
    assert_eq!(names(&shown["territories"]), ["north"]);
    assert_eq!(
        (&shown["currency"], &shown["commission_bp"], &shown["hold_days"], &shown["timezone"]),
        (&json!("USD"), &json!(1500), &json!(30), &json!("Europe/Berlin"))
    );
    assert_eq!(shown["attribution"]["window_days"], json!(30));
    // A rate of its own goes before all plans but its own.
    ledger.patch(&format!("/v1/partners/{ada}"), &json!({"commission_bp": 2750}));
    let shown = read(&mut ledger, &key, &ada).json;
    assert_eq!((names(&shown["plans"]), &shown["commission_bp"]), (vec!["ada".to_owned()], &json!(2750)));
    // What has ended is left out.
    ledger.now = Timestamp::parse("2027-02-01T00:00:00Z").unwrap();
    let mut ended = terms.clone();
    for plan in ended["plans"].as_array_mut().unwrap() {
        plan["effective_until"] = json!("2027-02-02T00:00:00Z");
    }
    ended["territories"][0]["effective_until"] = json!("2027-02-02T00:00:00Z");
    assert_eq!(ledger.patch("/v1/program", &ended).status, 200);
    ledger.now = Timestamp::parse("2027-02-02T00:00:00Z").unwrap();
    let shown = read(&mut ledger, &key, &ada).json;
    assert_eq!(
        (names(&shown["plans"]), names(&shown["territories"])),
        (Vec::<String>::new(), vec!["north".to_owned()])
    );
    assert_eq!(read(&mut ledger, &key, &bob).problem(), (404, "not_found".to_owned()));
}
