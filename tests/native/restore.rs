//! Restores: an empty Ledger is filled from the pages of an export, in order, once however often they are sent.

use crate::support::{Answer, Ledger, OPERATOR, rows};
use serde_json::{Value as Json, json};
use signpost::{
    domain::{clicks::visit::ClickRecord, values::entropy::SeededEntropy},
    replay::totals,
    store::{
        Sql,
        clicks::{ClickLog, PackedClick},
        imports,
        log::{events, outbox::event_line},
        native::NativeSql,
    },
};

/// A Ledger with a partner, a sale, payout details, a payer, secrets of a shop, and their log in three pages.
fn original() -> (Ledger, Vec<String>) {
    let mut ledger = Ledger::new();
    let payer = json!({"legal_name": "Acme GmbH", "iban": "DE89370400440532013000"});
    let terms =
        json!({"name": "Acme", "hold_days": 1, "landing_url": "https://acme.example", "payer": payer});
    assert_eq!(ledger.put("/v1/program", &terms).status, 200);
    let scenario = ledger.scenario(1_500);
    let shop = json!({"name": "Store", "marketplace": "woocommerce", "url": "https://store.example",
        "secrets": {"webhook_secret": "s3cret"}});
    assert_eq!(ledger.post("/v1/listings", &shop).status, 201);
    let details = json!({"method": "manual", "legal_name": "Ada Lovelace"});
    let target = format!("/v1/partners/{}/payout-details", scenario.partner);
    assert_eq!(ledger.put(&target, &details).status, 200);
    let click = ledger.click(scenario.link_no);
    let first = ledger.sale("o-1", &click, 10_000).text("/id");
    ledger.sale("o-2", &click, 5_000);
    let refund = json!({"external_id": "r-1", "amount": 2_000});
    assert_eq!(ledger.post(&format!("/v1/conversions/{first}/refunds"), &refund).status, 201);
    let events = events::after(&ledger.sql, 0, None, 1_000).unwrap();
    let lines: Vec<String> = events.iter().map(|event| event_line(event).unwrap()).collect();
    let (one, two) = lines.split_at(lines.len() / 2);
    let clicks =
        [logged(3, 1, Some(&click), "human"), logged(3, 2, None, "invalid"), logged(9, 1, None, "expired")];
    let end = json!({"end": true, "lines": 3, "totals": totals(&ledger.sql, None).unwrap(),
        "included": {"events": lines.len(), "clicks": [[3, 2], [9, 1]]}});
    let next = |lines: usize| json!({"end": false, "lines": lines, "next_cursor": "x"}).to_string();
    let pages =
        vec![page(one, &next(one.len())), page(two, &next(two.len())), page(&clicks, &end.to_string())];
    (ledger, pages)
}

fn page(lines: &[String], end: &str) -> String {
    lines.iter().map(|line| format!("{line}\n")).chain([format!("{end}\n")]).collect()
}

/// A click as a line of an export.
fn logged(shard: u8, seq: i64, id: Option<&str>, bucket: &str) -> String {
    json!({"kind": "click", "id": id, "at": "2026-11-22T12:00:00.000Z", "link_no": u8::from(id.is_some()),
        "shard": shard, "seq": seq, "visitor": id.map(|_| "0123456789abcdef"), "country": id.map(|_| "DE"),
        "device": "mobile", "bucket": bucket, "unique": id.is_some(), "trail": []})
    .to_string()
}

/// A Ledger with the keys of the original and nothing else. Its ids differ from the original's.
fn fresh() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.entropy = SeededEntropy::new(8);
    ledger
}

fn send(ledger: &mut Ledger, page: &str) -> Answer {
    ledger.call(OPERATOR, "POST", "/v1/restore", page, None)
}

#[test]
fn a_restored_ledger_equals_the_original() {
    let (original, pages) = original();
    let mut restored = fresh();
    for (index, page) in pages.iter().enumerate() {
        let answer = send(&mut restored, page);
        assert_eq!(answer.status, 200, "{}", answer.raw.body);
        assert_eq!(
            (&answer.json["pages"], &answer.json["is_complete"]),
            (&json!(index + 1), &json!(index == 2))
        );
    }
    let answer = restored.get("/v1/restore");
    assert_eq!(
        (&answer.json["clicks"], &answer.json["clicks_on_their_way"], &answer.json["different_balances"]),
        (&json!(3), &json!(3), &json!([]))
    );
    // Clicks on their way, sealed secrets, API keys and the state of KV are no part of the log.
    let mut different = rows::difference(&rows::rows(&original.sql), &rows::rows(&restored.sql));
    different.retain(|line| {
        let tables = [
            "click_outbox",
            "restored_pages",
            "meta",
            "kv_writes",
            "idempotency",
            "listings",
            "payout_details",
        ];
        !tables.iter().any(|table| line[2..].starts_with(table))
    });
    assert_eq!(different, Vec::<String>::new());
    restored.audit();
    let missing = &answer.json["missing"];
    assert_eq!(missing["listing_secrets"][0]["secrets"], json!(["webhook_secret"]));
    assert_eq!(missing["payout_details"][0]["fields"], json!(["legal_name"]));
    assert_eq!((&missing["payer_account"], &missing["signing_key"]), (&json!(true), &json!(false)));
    // Once they are set again, they are not missing.
    let partner = missing["payout_details"][0]["partner_id"].as_str().unwrap().to_owned();
    let details = json!({"method": "manual", "legal_name": "Ada Lovelace"});
    assert_eq!(restored.put(&format!("/v1/partners/{partner}/payout-details"), &details).status, 200);
    assert_eq!(restored.get("/v1/restore").json["missing"]["payout_details"], json!([]));
}

#[test]
fn a_page_that_is_sent_again_changes_nothing() {
    let (_, pages) = original();
    let mut restored = fresh();
    for (index, page) in pages.iter().enumerate() {
        assert_eq!(send(&mut restored, page).status, 200);
        for again in &pages[..=index] {
            let answer = restored.unchanged("a page again", |ledger| send(ledger, again));
            assert_eq!((answer.status, answer.raw.header("idempotent-replayed")), (200, Some("true")));
        }
    }
}

#[test]
fn pages_come_in_their_order_into_an_empty_ledger() {
    let (mut original, pages) = original();
    let refused = original.unchanged("not empty", |ledger| send(ledger, &pages[0]));
    assert_eq!(refused.problem(), (409, "not_empty".to_owned()));
    let mut restored = fresh();
    let refused = restored.unchanged("second first", |ledger| send(ledger, &pages[1]));
    assert_eq!(refused.problem(), (409, "page_out_of_order".to_owned()));
    assert_eq!(
        refused.text("/detail"),
        "Line 1 should be event 1, before all clicks. Send the pages in their order."
    );
    assert_eq!(send(&mut restored, &pages[0]).status, 200);
    let cut: String = pages[1].lines().take(2).map(|line| format!("{line}\n")).collect();
    let refused = restored.unchanged("cut off", |ledger| send(ledger, &cut));
    assert_eq!(refused.problem(), (422, "invalid_page".to_owned()));
    let detail = "Line 2: the last line of a page says how many lines precede it; it was cut off.";
    assert_eq!(refused.text("/detail"), detail);
    let forged =
        page(&[logged(3, 1, Some("a\"],["), "human")], &json!({"end": false, "lines": 1}).to_string());
    let refused = restored.unchanged("forged", |ledger| send(ledger, &forged));
    assert_eq!(refused.text("/detail"), "Line 1: malformed click record.");
    let holed = page(&[logged(3, 2, None, "invalid")], &json!({"end": false, "lines": 1}).to_string());
    let refused = restored.unchanged("a click is missing", |ledger| send(ledger, &holed));
    assert_eq!(
        refused.text("/detail"),
        "Line 1 should be click 1 of shard 3. Send the pages in their order."
    );
    assert_eq!(send(&mut restored, &pages[1]).status, 200);
    assert_eq!(send(&mut restored, &pages[2]).status, 200);
    let other = page(&[], &json!({"end": true, "lines": 0}).to_string());
    assert_eq!(send(&mut restored, &other).problem(), (409, "not_empty".to_owned()));
}

#[test]
fn nothing_else_is_written_until_the_last_page() {
    let (_, pages) = original();
    let mut restored = fresh();
    assert_eq!(send(&mut restored, &pages[0]).status, 200);
    assert_eq!(send(&mut restored, &pages[1]).status, 200);
    // The hold of a day ends meanwhile, which the log may have told in a later page.
    restored.wait(3 * 86_400_000);
    restored.unchanged("writes", |ledger| {
        let partner = json!({"name": "Eve", "kind": "media"});
        let refused = ledger.post("/v1/partners", &partner);
        assert_eq!(refused.problem(), (409, "restoring".to_owned()));
        let detail = "Wait until the last page of the export is restored. Reading is possible already.";
        assert_eq!(refused.text("/detail"), detail);
        assert_eq!(ledger.delete("/v1/keys/key_x").problem().1, "restoring");
        assert_eq!(ledger.get("/v1/balances").json["data"][0]["payable"], 0);
    });
    assert_eq!(send(&mut restored, &pages[2]).status, 200);
    assert_eq!(restored.post("/v1/partners", &json!({"name": "Eve", "kind": "media"})).status, 201);
    assert_eq!(restored.get("/v1/balances").json["data"][0]["payable"], 1_950);
}

#[test]
fn a_difference_from_the_original_is_reported() {
    let (_, pages) = original();
    let mut restored = fresh();
    send(&mut restored, &pages[0]);
    send(&mut restored, &pages[1]);
    let tampered = pages[2].replace("\"1950\"", "\"1951\"");
    assert_ne!(tampered, pages[2]);
    assert_eq!(send(&mut restored, &tampered).json["different_balances"], json!(["1 EUR"]));
}

#[test]
fn a_page_has_at_most_eight_mebibytes() {
    let mut restored = fresh();
    let refused = send(&mut restored, &" ".repeat(8 * 1024 * 1024 + 1));
    assert_eq!(refused.problem(), (413, "body_too_large".to_owned()));
    assert_eq!(refused.text("/detail"), "Send at most 8388608 bytes.");
    assert_eq!(send(&mut restored, &" ".repeat(8 * 1024 * 1024)).problem().1, "invalid_page");
}

#[test]
fn restored_clicks_keep_their_class_in_their_shard() {
    let (_, pages) = original();
    let mut restored = fresh();
    for page in &pages {
        send(&mut restored, page);
    }
    let queued = imports::queued_clicks(&restored.sql).unwrap();
    assert_eq!(
        queued.iter().map(|queued| (queued.shard, queued.is_restored)).collect::<Vec<_>>(),
        [(3, true), (9, true)]
    );
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    // A visit that the new shard has recorded already.
    let stray = r#"[["stray-visit-of-today-1",1795348800000,1,null,"",0,2,""]]"#;
    assert!(ClickRecord::parse_batch(stray).is_ok());
    log.append(stray).unwrap();
    for _ in 0..2 {
        log.restore(&queued[0].records).unwrap();
    }
    assert_eq!(log.last_position().unwrap(), 3);
    let stored: Vec<Json> = log
        .tail(0, 10)
        .unwrap()
        .lines()
        .map(|line| {
            let click = PackedClick::parse(line).unwrap();
            serde_json::to_value(click.unpack(3)).unwrap()
        })
        .collect();
    let of = |field: &str| stored.iter().map(|click| click[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("bucket"), [json!("bot"), json!("human"), json!("invalid")]);
    assert_eq!(of("unique"), [json!(false), json!(true), json!(false)]);
    imports::clicks_sent(&restored.sql, &queued[0]).unwrap();
    assert_eq!(imports::queued_clicks(&restored.sql).unwrap().len(), 1);
    assert!(!restored.sql.exec("SELECT 1 FROM restored_pages", &[]).unwrap().is_empty());
}
