//! A Ledger rebuilt from its log equals the original: same rows, same balances, same counts.

use crate::support::{Ledger, event};
use serde_json::json;
use signpost::{
    api::reports::export::{Position, cut},
    replay::{Lag, ReplayError, replay, totals},
    store::{
        Sql, Value,
        log::{events, outbox::event_line},
        native::NativeSql,
        reports::counts,
        schema::{LEDGER, migrate},
    },
};

/// Tables that a replay restores, each with the columns that it cannot know left out.
const RESTORED: &[(&str, &str)] = &[
    ("partners", "*"),
    (
        "listings",
        "no, id, name, marketplace, url, slug, forward_to, settings, secret_names, created_at, updated_at, \
         window_days",
    ),
    ("links", "*"),
    ("coupons", "*"),
    ("conversions", "*"),
    ("conversion_credits", "*"),
    ("customer_touches", "*"),
    ("customer_emails", "customer_id, digest, digest"),
    ("account_aliases", "*"),
    ("commissions", "*"),
    ("refunds", "*"),
    ("marketplace_accounts", "*"),
    ("account_plans", "*"),
    ("waiting_refunds", "*"),
    ("transfers", "*"),
    ("accounts", "*"),
    ("click_counts", "*"),
    ("conversion_counts", "*"),
    ("events", "*"),
];

fn dump(sql: &NativeSql, table: &str, columns: &str) -> Vec<Vec<Value>> {
    let statement = format!("SELECT {columns} FROM {table} ORDER BY 1, 2, 3");
    sql.exec(&statement, &[]).unwrap().into_iter().map(|row| row.0).collect()
}

/// A programme's history with one of everything.
pub fn history() -> Ledger {
    let mut ledger = Ledger::new();
    let terms =
        json!({"name": "Acme", "currency": "EUR", "landing_url": "https://acme.example", "hold_days": 1});
    assert_eq!(ledger.put("/v1/program", &terms).status, 200);
    let ada = ledger.partner("Ada", Some(1_500));
    let grace = ledger.partner("Grace", None);
    let listing = ledger.listing("https://shop.example/buy");
    let (_, first) = ledger.link(&ada, &listing);
    let (second_id, second) = ledger.link(&grace, &listing);
    let sale = |n: u32, click: &str, customer: &str| {
        json!({"type": "sale", "external_id": format!("o-{n}"), "click_id": click, "customer_id": customer,
               "amount": 9_999, "currency": "EUR", "metadata": {"cart": "7"}})
    };
    let click = ledger.click(first);
    let sold = ledger.post("/v1/conversions", &sale(1, &click, "c-1"));
    ledger.wait(2 * 86_400_000);
    let click = ledger.click(second);
    assert_eq!(ledger.post("/v1/conversions", &sale(2, &click, "c-1")).status, 201);
    let lead = ledger.post("/v1/conversions", &json!({"type": "lead", "external_id": "l-1"})).text("/id");
    qualify(&mut ledger, &lead, "qualified");
    qualify(&mut ledger, &lead, "unqualified");
    let target = format!("/v1/conversions/{}/refunds", sold.text("/id"));
    assert_eq!(ledger.post(&target, &json!({"external_id": "r-1", "amount": 3_333})).status, 201);
    told_by_a_marketplace(&mut ledger, second);
    held_and_released(&mut ledger);
    rejected(&mut ledger, second);
    shared_by_several(&mut ledger, &ada, first, second);
    plans(&mut ledger);
    assert_eq!(ledger.patch(&format!("/v1/partners/{ada}"), &json!({"status": "terminated"})).status, 200);
    assert_eq!(ledger.post(&format!("/v1/links/{second_id}/revoke"), &json!({})).status, 200);
    ledger.wait(2 * 86_400_000);
    assert_eq!(ledger.get("/v1/balances").status, 200);
    ledger
}

fn qualify(ledger: &mut Ledger, lead: &str, status: &str) {
    let target = format!("/v1/conversions/{lead}/qualify");
    assert_eq!(ledger.post(&target, &json!({"status": status, "reason": "by phone"})).status, 200);
}

/// An unattributed charge and its refund, a refund that waits for its charge, and a later click that is credited.
fn told_by_a_marketplace(ledger: &mut Ledger, link_no: u32) {
    let click = ledger.click(link_no);
    let refund = |n: u32, charge: &str, amount: u32| {
        let fields = json!({"charge": charge, "amount": amount, "currency": "EUR"});
        event("refunded", &format!("refund:{n}"), &fields)
    };
    let charge = event("charged", "order:1", &json!({"amount": 5_000, "currency": "EUR"}));
    ledger.told(1, &[charge, refund(1, "order:1", 1_000), refund(2, "order:2", 70)]);
    ledger.told(1, &[event("installed", "install:1", &json!({"plan": "pro", "clicks": [click]}))]);
    assert_eq!(events_of(ledger, "conversion.credited"), 1);
    let email = json!({"account": "a-1", "email": "ann@example.com"});
    ledger.reported(&json!({"listing_no": 1, "events": [], "emails": [email, email]}));
    assert_eq!((events_of(ledger, "customer.email_learned"), ledger.rows("customer_emails")), (1, 1));
    assert_eq!((ledger.rows("waiting_refunds"), ledger.rows("marketplace_accounts")), (1, 1));
}

/// A sale that two clicks share, refunded in part; one that a coupon earns; a charge that two clicks share late.
fn shared_by_several(ledger: &mut Ledger, ada: &str, first: u32, second: u32) {
    let terms = |model: &str| json!({"landing_url": "https://acme.example", "hold_days": 1, "attribution": {"model": model, "window_days": 20}});
    assert_eq!(ledger.put("/v1/program", &terms("linear")).status, 200);
    let coupon = ledger.post("/v1/coupons", &json!({"code": "ADA", "partner_id": ada})).text("/id");
    let older = ledger.click(first);
    ledger.wait(1_000);
    let newer = ledger.click(second);
    ledger.trails.insert(newer.clone(), Some(vec![older.clone()]));
    let sale = json!({"type": "sale", "external_id": "o-3", "click_id": newer, "customer_id": "c-3", "amount": 9_999,
        "currency": "EUR"});
    let sold = ledger.post("/v1/conversions", &sale);
    assert_eq!(sold.json["attribution"]["credits"].as_array().unwrap().len(), 2);
    let target = format!("/v1/conversions/{}/refunds", sold.text("/id"));
    assert_eq!(ledger.post(&target, &json!({"external_id": "r-3", "amount": 1_001})).status, 201);
    let lead = json!({"type": "lead", "external_id": "l-3", "click_id": newer, "customer_id": "c-3"});
    let lead = ledger.post("/v1/conversions", &lead);
    assert_eq!(lead.json["attribution"]["credits"].as_array().unwrap().len(), 2);
    qualify(ledger, &lead.text("/id"), "qualified");
    let sale = json!({"type": "sale", "external_id": "o-4", "coupon": "ada", "customer_id": "c-4", "amount": 77,
        "currency": "EUR"});
    assert_eq!(ledger.post("/v1/conversions", &sale).json["attribution"]["reason"], "coupon");
    assert_eq!(ledger.post(&format!("/v1/coupons/{coupon}/revoke"), &json!({})).status, 200);
    let of = |fields| {
        let mut fields: serde_json::Value = fields;
        fields["account"] = json!("a-19");
        fields
    };
    let charge = event("charged", "order:9", &of(json!({"amount": 1_001, "currency": "EUR"})));
    let fields = of(json!({"charge": "order:9", "amount": 100, "currency": "EUR"}));
    ledger.told(1, &[charge, event("refunded", "refund:9", &fields)]);
    ledger.trails.insert(newer.clone(), None);
    ledger.told(1, &[event("installed", "install:9", &of(json!({"clicks": [older, newer]})))]);
    // The sale, the lead, the install and the charge.
    assert_eq!(ledger.rows("conversion_credits"), 8);
    assert_eq!(ledger.put("/v1/program", &terms("last_touch")).status, 200);
}

/// Commissions that are held: one that is confirmed, one that is released, one that stays.
fn held_and_released(ledger: &mut Ledger) {
    let charge = |n: u32, evidence: &str| {
        let fields = json!({"amount": 700, "currency": "EUR", "evidence": evidence});
        event("charged", &format!("held:{n}"), &fields)
    };
    ledger.told(1, &[charge(1, "transport_only"), charge(2, "transport_only"), charge(3, "transport_only")]);
    ledger.told(1, &[charge(1, "api_poll")]);
    let held = ledger.get("/v1/commissions?held=true").text("/data/0/id");
    let target = format!("/v1/commissions/{held}/release");
    assert_eq!(ledger.post(&target, &json!({"note": "paid by wire"})).status, 200);
    assert_eq!(events_of(ledger, "conversion.confirmed"), 1);
    assert_eq!(events_of(ledger, "commission.released"), 2);
}

/// A commission that is held for two reasons, of which evidence ends one, and is rejected; then a refund of its sale, which
/// takes nothing more.
fn rejected(ledger: &mut Ledger, link_no: u32) {
    let terms = json!({"hold_days": 1, "fraud": {"min_seconds_from_click": 3}});
    assert_eq!(ledger.put("/v1/program", &terms).status, 200);
    let click = ledger.click(link_no);
    let charge = |evidence: &str| {
        let fields = json!({"account": "a-9", "amount": 900, "currency": "EUR", "clicks": [click], "evidence": evidence});
        event("charged", "fast:1", &fields)
    };
    ledger.told(1, &[charge("transport_only")]);
    let both = ledger.get("/v1/commissions?held_reason=transport_only").json["data"][0]["flags"].take();
    assert_eq!(both, json!(["held_transport_only", "held_impossible_time"]));
    ledger.told(1, &[charge("api_poll")]);
    let held = ledger.get("/v1/commissions?held_reason=impossible_time").json["data"][0].take();
    assert_eq!(held["flags"], json!(["held_impossible_time"]));
    let target = format!("/v1/commissions/{}/reject", held["id"].as_str().unwrap());
    assert_eq!(ledger.post(&target, &json!({"note": "a script"})).json["reversed"], 180);
    let fields = json!({"charge": "fast:1", "amount": 450, "currency": "EUR"});
    ledger.told(1, &[event("refunded", "refund:9", &fields)]);
    assert_eq!((events_of(ledger, "commission.held"), events_of(ledger, "commission.rejected")), (1, 1));
}

/// Plans of an account, of which the earlier is reported late.
fn plans(ledger: &mut Ledger) {
    for (kind, plan, at) in [("plan_changed", "silver", "2026-11-02"), ("activated", "gold", "2026-11-01")] {
        let fields = json!({"account": "a-2", "plan": plan, "occurred_at": format!("{at}T00:00:00.000Z")});
        ledger.told(1, &[event(kind, &format!("{kind}:2"), &fields)]);
    }
    assert_eq!((events_of(ledger, "account.plan_learned"), ledger.rows("account_plans")), (1, 3));
}

/// The number of events of a type.
fn events_of(ledger: &Ledger, kind: &str) -> i64 {
    let count = "SELECT count(*) FROM events WHERE type = ?1";
    ledger.sql.exec(count, &[kind.into()]).unwrap()[0].int(0).unwrap()
}

/// A shard's log from this place on.
fn position() -> Position {
    Position { stage: 4, after: 0, from_ms: 0, to_ms: i64::MAX }
}

/// Clicks as the export writes them, and the same as the deltas that the Ledger was sent.
fn clicks(ledger: &Ledger) -> String {
    let at = 1_795_349_220_000_i64;
    let line = |seq: u32, link_no: u32, bucket: u8, unique: u8| {
        json!([seq, unique, ["Pz8", at, link_no, null, "DE", 2, bucket, ""]]).to_string()
    };
    let quarter = signpost::domain::values::time::Timestamp::parse("2026-11-22T12:07:00Z").unwrap().quarter();
    let deltas = json!({"shard": 3, "seq": 1, "through_ms": 1_795_349_220_000_i64, "rows": [
        [1, quarter, "DE", 2, 0, 1, 1], [1, quarter, "DE", 2, 1, 1, 0], [2, quarter, "DE", 2, 2, 1, 0], [99, quarter, "DE", 2, 6, 1, 0]
    ]});
    assert_eq!(counts::apply(&ledger.sql, &deltas.to_string()).unwrap(), 1);
    let lines = [line(1, 1, 0, 1), line(2, 1, 1, 0), line(3, 2, 2, 0), line(4, 99, 6, 0)].join("\n");
    cut(&lines, &position()).unwrap().text
}

#[test]
fn an_export_contains_clicks_in_full_in_every_log_format() {
    let full = |seq: i64, ms: u32, id: &str, trail: &str| {
        format!(
            r#"{{"kind":"click","id":{id},"at":"2026-11-22T12:07:00.{ms:03}Z","link_no":7,"shard":3,"seq":{seq},"visitor":"00000000000000ff","country":null,"device":"tablet","bucket":"{}","unique":false,"trail":{trail}}}"#,
            if id == "null" { "expired" } else { "human" }
        )
    };
    let packed = |seq: i64, ms: i64, bucket: u8, trail: &str| {
        format!(
            r#"[{seq},0,["Pz8",{},7,"00000000000000ff","",3,{bucket},"{trail}"]]"#,
            1_795_349_220_000 + ms
        )
    };
    let log = [full(1, 1, "\"Pz8\"", "[]"), packed(2, 2, 0, "a.b"), packed(3, 3, 5, ""), packed(4, 4, 0, "")]
        .join("\n");
    let wanted =
        [full(1, 1, "\"Pz8\"", "[]"), full(2, 2, "\"Pz8\"", r#"["a","b"]"#), full(3, 3, "null", "[]")];
    let to_ms = 1_795_349_220_004;
    let found = cut(&log, &Position { to_ms, ..position() }).unwrap();
    assert_eq!(found.text.lines().collect::<Vec<_>>(), wanted);
    assert_eq!((found.lines, found.read, found.last), (3, 4, Some(4)));
    let later = cut(&log, &Position { after: 2, ..position() }).unwrap();
    assert_eq!((later.lines, later.last), (2, Some(4)));
    let error = cut("[1,0,[\"Pz8\"]]", &position()).unwrap_err();
    assert_eq!(error.to_string(), "malformed click record");
}

fn event_lines(ledger: &Ledger) -> Vec<String> {
    let events = events::after(&ledger.sql, 0, None, 10_000).unwrap();
    events.iter().map(|event| event_line(event).unwrap()).collect()
}

fn end_line(ledger: &Ledger) -> String {
    json!({"end": true, "lines": 0, "next_cursor": null, "totals": totals(&ledger.sql, None).unwrap()})
        .to_string()
}

#[test]
fn a_replayed_ledger_equals_the_original() {
    let ledger = history();
    let clicks = clicks(&ledger);
    let export = format!("{}\n{clicks}{}\n", event_lines(&ledger).join("\n"), end_line(&ledger));
    let rebuilt = NativeSql::in_memory().unwrap();
    migrate(&rebuilt, LEDGER).unwrap();
    let found = replay(export.as_bytes(), &rebuilt).unwrap();
    assert_eq!(found.clicks, 4);
    assert_eq!(found.discrepancies, Vec::<String>::new());
    assert_eq!(Some(&found.rebuilt), found.original.as_ref());
    assert_eq!(found.rebuilt.counts["clicks"], "1");
    assert_eq!((&*found.rebuilt.counts["leads"], &*found.rebuilt.counts["qualified_leads"]), ("2", "1"));
    assert_eq!(found.rebuilt.balances["1 EUR"], ["2337", "0", "1755", "0", "582", "0", "0", "0"]);
    for (table, columns) in RESTORED {
        assert_eq!(dump(&rebuilt, table, columns), dump(&ledger.sql, table, columns), "{table}");
    }
}

#[test]
fn a_log_from_before_customers_were_named_with_their_shop_is_replayed() {
    let mut ledger = Ledger::new();
    let terms = json!({"name": "Acme", "landing_url": "https://acme.example"});
    assert_eq!(ledger.put("/v1/program", &terms).status, 200);
    let ada = ledger.partner("Ada", Some(1_500));
    for no in [1, 2] {
        let body = json!({"name": "Store", "marketplace": "woocommerce", "url": "https://store.example",
            "secrets": {"webhook_secret": "s3cret"}});
        let shop = ledger.post("/v1/listings", &body).text("/id");
        let (_, link_no) = ledger.link(&ada, &shop);
        let click = ledger.click(link_no);
        let charge = |name: &str, clicks: &[&str]| {
            let account = format!("{shop}/customer:26");
            let fields = json!({"account": account, "amount": 700, "currency": "EUR", "clicks": clicks});
            event("charged", name, &fields)
        };
        ledger.told(no, &[charge("order:1", &[]), charge("order:2", &[&click])]);
        ledger.wait(1_000);
        let later = ledger.click(link_no);
        ledger.told(no, &[charge("order:2", &[&later])]);
    }
    assert_eq!(events_of(&ledger, "customer.bound"), 2);
    let now = format!("{}\n{}\n", event_lines(&ledger).join("\n"), end_line(&ledger));
    let listings = ledger.get("/v1/listings").json["data"].take();
    let ids = listings.as_array().unwrap().iter().map(|listing| listing["id"].as_str().unwrap());
    let before = ids.fold(now.clone(), |log, id| log.replace(&format!("{id}/customer:26"), "customer:26"));
    assert!(!before.contains("/customer:26") && before.contains("woocommerce:customer:26"));
    let rebuilt = NativeSql::in_memory().unwrap();
    migrate(&rebuilt, LEDGER).unwrap();
    replay(before.as_bytes(), &rebuilt).unwrap();
    for (table, columns) in [("conversions", "no, customer_id"), ("customer_touches", "*"), ("uses", "*")] {
        let rows =
            |sql: &NativeSql| sql.exec(&format!("SELECT {columns} FROM {table} ORDER BY 1, 2"), &[]).unwrap();
        assert_eq!(rows(&rebuilt), rows(&ledger.sql), "{table}");
    }
}

#[test]
fn a_log_from_before_holds_is_replayed() {
    let ledger = history();
    let now = format!("{}\n{}\n", event_lines(&ledger).join("\n"), end_line(&ledger));
    let before = now.replace(r#","held_reason":null"#, "");
    assert_ne!(before, now);
    // There was no programme with fraud rules either.
    let rules = r#","fraud":{"self_referral":true,"duplicate_customer":true,"velocity_per_hour":null,"min_seconds_from_click":null,"coupon_uses_per_day":null}"#;
    assert_eq!(before.matches(rules).count(), 6, "the data and the change of each of three events");
    let before = before.replace(rules, "");
    let rebuilt = NativeSql::in_memory().unwrap();
    migrate(&rebuilt, LEDGER).unwrap();
    replay(before.as_bytes(), &rebuilt).unwrap();
    for (table, columns) in
        [("commissions", "*"), ("conversions", "no, held_reason, metadata"), ("accounts", "*")]
    {
        assert_eq!(dump(&rebuilt, table, columns), dump(&ledger.sql, table, columns), "{table}");
    }
}

#[test]
fn a_lost_event_and_a_missing_page_are_reported() {
    let ledger = history();
    let (lines, end) = (event_lines(&ledger), end_line(&ledger));
    let fresh = || {
        let sql = NativeSql::in_memory().unwrap();
        migrate(&sql, LEDGER).unwrap();
        sql
    };
    let holed = format!("{}\n{}\n{end}\n", lines[0], lines[2]);
    let error = replay(holed.as_bytes(), &fresh()).unwrap_err();
    assert_eq!(error.to_string(), "line 2: event 3 follows event 1; the export is incomplete");
    let cut = format!("{}\n{}\n", lines.join("\n"), r#"{"end":false,"lines":9,"next_cursor":"abc"}"#);
    assert!(matches!(replay(cut.as_bytes(), &fresh()), Err(ReplayError::Unfinished)));
    // Older versions ended each page with `true`.
    let older = cut.replace("\"end\":false", "\"end\":true");
    assert!(matches!(replay(older.as_bytes(), &fresh()), Err(ReplayError::Unfinished)));
}

#[test]
fn clicks_that_are_on_their_way_to_the_counts_are_told_apart_from_a_difference() {
    let click = |shard: u8, seq: i64| {
        json!({"kind": "click", "id": null, "at": "2026-11-22T12:00:00Z", "link_no": 0, "shard": shard, "seq": seq,
            "visitor": null, "country": null, "device": "unknown", "bucket": "invalid", "unique": false, "trail": []})
        .to_string()
    };
    let end = |clicks: serde_json::Value, events: i64| {
        json!({"end": true, "lines": 3, "totals": {"balances": {}, "counts": {}},
            "included": {"events": events, "clicks": clicks}})
        .to_string()
    };
    let lag = |clicks, events| {
        let rebuilt = NativeSql::in_memory().unwrap();
        migrate(&rebuilt, LEDGER).unwrap();
        let export = [click(0, 1), click(0, 2), click(7, 1), end(clicks, events)].join("\n");
        replay(export.as_bytes(), &rebuilt).unwrap().lag
    };
    assert_eq!(lag(json!([[0, 2], [7, 1]]), 0), Lag::default());
    assert_eq!(lag(json!([[0, 1]]), 0), Lag { on_their_way: 2, ..Lag::default() });
    let mixed = Lag { on_their_way: 1, newer_clicks: 8, newer_events: 3 };
    assert_eq!(lag(json!([[0, 5], [9, 5]]), 3), mixed);
}
