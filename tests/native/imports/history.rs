//! What an import books, and when.

use super::{click, import, imported, partner, programme, sale};
use crate::support::{Ledger, rows};
use serde_json::{Value as Json, json};
use signpost::{
    domain::clicks::{
        click::{Class, ClickId, Country, Device},
        visit::ClickRecord,
    },
    replay::{replay, totals},
    store::{
        imports,
        log::{events, outbox, outbox::event_line},
        native::NativeSql,
        schema::{LEDGER, migrate},
    },
};

/// Two months of a partner: 75.00 and 7.00 are paid out for August, 3.00 are payable since.
fn months() -> Vec<Json> {
    let mut lines = partner();
    lines.extend([
        json!({"object": "opening_balance", "external_id": "b-1", "created_at": "2026-08-02T10:00:00Z",
            "partner_id": "ext:p-1", "amount": {"amount": 700, "currency": "EUR"}}),
        click("c-1", "2026-08-20T10:00:00Z"),
        sale("o-1", "2026-08-20T11:00:00Z", "ext:c-1"),
        json!({"object": "refund", "external_id": "r-1", "created_at": "2026-08-25T11:00:00Z",
            "conversion_id": "ext:o-1", "amount": 2_500}),
        json!({"object": "payout", "external_id": "y-1", "created_at": "2026-09-03T08:00:00Z", "partner_id": "ext:p-1",
            "period": {"from": "2026-08-01", "to": "2026-08-31"}, "reference": "bank-8"}),
        json!({"object": "commission", "external_id": "m-1", "created_at": "2026-09-10T08:00:00Z",
            "partner_id": "ext:p-1", "amount": {"amount": 800, "currency": "EUR"}}),
        json!({"object": "refund", "external_id": "r-2", "created_at": "2026-09-12T11:00:00Z",
            "conversion_id": "ext:o-1", "amount": 5_000}),
    ]);
    lines
}

fn balance(ledger: &mut Ledger, query: &str) -> [i64; 4] {
    let answer = ledger.get(&format!("/v1/balances?{query}"));
    let row = &answer.json["data"][0];
    ["pending", "payable", "paid", "reversed"].map(|part| row[part].as_i64().unwrap())
}

#[test]
fn a_history_has_the_balances_of_each_of_its_days() {
    let mut ledger = programme();
    imported(&mut ledger, &months());
    for (at, expected) in [
        ("2026-08-02T10:00:00Z", [0, 700, 0, 0]),
        ("2026-08-20T11:00:00Z", [1_000, 700, 0, 0]),
        ("2026-08-25T11:00:00Z", [750, 700, 0, 250]),
        // The hold of ten days is over.
        ("2026-08-30T11:00:00Z", [0, 1_450, 0, 250]),
        ("2026-09-03T08:00:00Z", [0, 0, 1_450, 250]),
        ("2026-09-10T08:00:00Z", [800, 0, 1_450, 250]),
        ("2026-09-12T11:00:00Z", [800, -500, 1_450, 750]),
        ("2026-09-20T08:00:00Z", [0, 300, 1_450, 750]),
    ] {
        assert_eq!(balance(&mut ledger, &format!("at={at}")), expected, "{at}");
    }
    assert_eq!(balance(&mut ledger, ""), [0, 300, 1_450, 750]);
    ledger.audit();
    let runs = ledger.get("/v1/payouts/runs").json["data"].take();
    assert_eq!((&runs[0]["status"], &runs[0]["period"]["to"]), (&json!("settled"), &json!("2026-08-31")));
    let payout = ledger.get("/v1/payouts").json["data"][0].take();
    assert_eq!(
        (&payout["amount"], &payout["reference"], &payout["invoice_number"], &payout["ended_at"]),
        (&json!(1_450), &json!("bank-8"), &json!(null), &json!("2026-09-03T08:00:00.000Z"))
    );
    let report = ledger.get("/v1/attribution?group_by=month").json["data"].take();
    let august = &report[0];
    assert_eq!((&august["key"], &august["sales"]), (&json!("2026-08"), &json!(1)), "{report}");
    assert_eq!(august["refunds"], json!([{"amount": 7_500, "currency": "EUR"}]));
    // The opening balance of August, and what is left of the sale.
    assert_eq!(august["commission"], json!([{"amount": 950, "currency": "EUR"}]));
}

#[test]
fn the_months_that_were_paid_elsewhere_leave_the_rest_to_the_next_run() {
    let mut ledger = programme();
    imported(&mut ledger, &months());
    let partner = ledger.get("/v1/partners").text("/data/0/id");
    let details = json!({"method": "manual", "legal_name": "Ada"});
    assert_eq!(ledger.put(&format!("/v1/partners/{partner}/payout-details"), &details).status, 200);
    // August has a run of payouts that were made elsewhere, and can still have one of its own.
    let august = json!({"period": {"from": "2026-08-01", "to": "2026-08-31"}});
    let run = ledger.post("/v1/payouts/runs", &august);
    assert_eq!((run.status, &run.json["totals"]), (201, &json!([])), "{}", run.raw.body);
    let october = json!({"period": {"from": "2026-10-01", "to": "2026-10-31"}});
    let run = ledger.post("/v1/payouts/runs", &october);
    let expected = json!([{"currency": "EUR", "amount": 300, "payouts": 1, "commissions": 2}]);
    assert_eq!((run.status, &run.json["totals"]), (201, &expected), "{}", run.raw.body);
    let checker = ledger.key(&["payouts:write"], None);
    let path = format!("/v1/payouts/runs/{}/approve", run.text("/id"));
    // The operator's key asked for the run, so it may not approve it, nor may a key that it made.
    assert_eq!(ledger.call(&checker, "POST", &path, "", None).problem().1, "own_run");
}

#[test]
fn a_payment_in_part_leaves_the_newest_commissions_open() {
    let mut ledger = programme();
    let mut lines = months();
    lines.truncate(7);
    lines.push(json!({"object": "payout", "external_id": "y-1", "created_at": "2026-09-03T08:00:00Z",
        "partner_id": "ext:p-1", "period": {"from": "2026-08-01", "to": "2026-08-31"},
        "amount": {"amount": 1_000, "currency": "EUR"}}));
    imported(&mut ledger, &lines);
    assert_eq!(balance(&mut ledger, ""), [0, 450, 1_000, 250]);
    let payout = ledger.get("/v1/payouts").json["data"][0].take();
    assert_eq!((&payout["amount"], &payout["reference"]), (&json!(1_000), &json!("y-1")));
    let items = ledger.get(&format!("/v1/payouts/{}/items", payout["id"].as_str().unwrap()));
    let amounts: Vec<_> = items.json["data"].as_array().unwrap().iter().map(|item| &item["amount"]).collect();
    assert_eq!(amounts, [&json!(300), &json!(700)], "newest first");
    ledger.audit();
    let more = json!({"object": "payout", "external_id": "y-2", "created_at": "2026-09-04T08:00:00Z",
        "partner_id": "ext:p-1", "period": {"from": "2026-08-01", "to": "2026-08-31"},
        "amount": {"amount": 451, "currency": "EUR"}});
    let refused = import(&mut ledger, std::slice::from_ref(&more));
    assert_eq!(refused.problem(), (422, "payout_exceeds_balance".to_owned()));
    assert_eq!(
        refused.text("/detail"),
        "Line 1: /amount: 450 EUR (minor units) are payable by the end of the period."
    );
    let mut rest = more;
    rest["amount"]["amount"] = json!(450);
    imported(&mut ledger, &[rest]);
    assert_eq!((balance(&mut ledger, ""), ledger.rows("payout_runs")), ([0, 0, 1_450, 250], 1));
}

#[test]
fn the_same_lines_again_change_nothing() {
    let mut ledger = programme();
    let first = imported(&mut ledger, &months());
    ledger.wait(1_000);
    let again = ledger.unchanged("the same lines", |ledger| import(ledger, &months()));
    assert_eq!((again.status, again.raw.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!((&again.json["created"], &again.json["unchanged"]), (&json!(0), &json!(10)));
    let ids = again.json["data"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap());
    assert_eq!(ids.collect::<Vec<_>>(), first);
    // New lines may stand between known ones, and refer to them.
    let mut lines = months();
    lines.insert(3, click("c-2", "2026-08-21T10:00:00Z"));
    lines.push(sale("o-2", "2026-10-21T10:00:00Z", "ext:c-2"));
    let mixed = import(&mut ledger, &lines);
    assert_eq!((&mixed.json["created"], &mixed.json["unchanged"]), (&json!(2), &json!(10)));
    let created = mixed.json["data"].as_array().unwrap().iter().map(|line| line["created"] == true);
    assert_eq!(
        created.enumerate().filter(|(_, created)| *created).map(|(n, _)| n).collect::<Vec<_>>(),
        [3, 11]
    );
}

#[test]
fn imported_clicks_wait_for_their_shards_with_ids_that_conversions_can_name() {
    let mut ledger = programme();
    let mut lines = partner();
    lines.push(click("c-1", "2026-08-20T10:00:00Z"));
    let mut second = click("c-2", "2026-08-20T12:00:00Z");
    second["trail"] = json!(["ext:c-1"]);
    second["class"] = json!("bot");
    lines.push(second);
    let ids = imported(&mut ledger, &lines);
    let (first, second) = (&ids[3], &ids[4]);
    let decoded = ClickId::verify(second, &ledger.ring).unwrap();
    assert_eq!(
        (decoded.at.to_string(), decoded.link_no, decoded.class, decoded.device, decoded.country),
        ("2026-08-20T12:00:00.000Z".to_owned(), 1, Class::Bot, Device::Mobile, Country::parse("DE"))
    );
    let queued = imports::queued_clicks(&ledger.sql).unwrap();
    // Both are of one visitor and one day, so they are in one shard.
    assert_eq!(queued.len(), 1);
    let records = ClickRecord::parse_batch(&queued[0].records).unwrap();
    assert_eq!(records.iter().map(|record| record.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!((records[1].trail, queued[0].shard), (first.as_str(), decoded.shard));
    assert_eq!(records[0].visitor, records[1].visitor);
    assert!(!queued[0].records.contains("visitor-1"), "only a hash of the day is stored");
    let now = ledger.now;
    assert_eq!(outbox::next_due(&ledger.sql, now).unwrap(), Some(now.ms()));
    imports::clicks_sent(&ledger.sql, &queued[0]).unwrap();
    assert!(!imports::has_queued_clicks(&ledger.sql).unwrap());
    // A live sale names one of them.
    let sold = ledger.sale("o-live", first, 10_000);
    assert_eq!(sold.json["attribution"]["reason"], "window_expired", "{}", sold.raw.body);
}

#[test]
fn several_imported_clicks_share_a_sale_by_the_model() {
    let mut ledger = programme();
    let terms = json!({"attribution": {"model": "linear"}});
    assert_eq!(ledger.patch("/v1/program", &terms).status, 200);
    let mut lines = partner();
    lines.extend(partner().into_iter().filter(|line| line["object"] != "listing").map(|mut line| {
        line["external_id"] = json!(line["external_id"].as_str().unwrap().replace("-1", "-2"));
        if line["object"] == "link" {
            line["partner_id"] = json!("ext:p-2");
            line["slug"] = json!("grace");
        }
        line
    }));
    lines.push(click("c-1", "2026-08-20T10:00:00Z"));
    let mut second = click("c-2", "2026-08-20T10:30:00Z");
    second["link_id"] = json!("ext:k-2");
    second["trail"] = json!(["ext:c-1"]);
    lines.push(second);
    lines.push(sale("o-1", "2026-08-20T11:00:00Z", "ext:c-2"));
    imported(&mut ledger, &lines);
    let shares = |ledger: &mut Ledger| {
        let sold = ledger.get("/v1/conversions").json["data"][0].take();
        let credits = sold["attribution"]["credits"].as_array().unwrap();
        credits.iter().map(|credit| credit["share_bp"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(shares(&mut ledger), [5_000, 5_000]);
    // The next call knows the trail too.
    imported(&mut ledger, &[sale("o-2", "2026-08-20T11:30:00Z", "ext:c-2")]);
    assert_eq!(shares(&mut ledger), [5_000, 5_000]);
}

#[test]
fn a_customer_earns_for_the_partner_that_brought_them() {
    let mut ledger = programme();
    let mut lines = partner();
    lines.push(json!({"object": "customer", "external_id": "cus-1", "created_at": "2026-08-20T10:00:00Z",
        "link_id": "ext:k-1"}));
    imported(&mut ledger, &lines);
    let renewal = json!({"type": "subscription_renewed", "external_id": "s-1", "customer_id": "cus-1", "amount": 5_000,
        "currency": "EUR"});
    let renewed = ledger.post("/v1/conversions", &renewal);
    assert_eq!(renewed.json["commissions"][0]["amount"], 500, "{}", renewed.raw.body);
    assert!(!imports::has_queued_clicks(&ledger.sql).unwrap(), "the visit that brought them is not counted");
}

/// Velocity counts by the times of the lines, whatever their order, and not by the time of the import.
#[test]
fn an_import_is_not_held_for_being_one() {
    let mut ledger = programme();
    let fraud = json!({"fraud": {"velocity_per_hour": 2}});
    assert_eq!(ledger.patch("/v1/program", &fraud).status, 200);
    let mut lines = partner();
    lines.push(click("c-1", "2026-08-20T10:00:00Z"));
    // Newest first: five sales, each two hours apart.
    for hour in (0..5).rev() {
        lines.push(sale(&format!("slow-{hour}"), &format!("2026-08-21T{:02}:00:00Z", hour * 2), "ext:c-1"));
    }
    for minute in 0..3 {
        lines.push(sale(&format!("fast-{minute}"), &format!("2026-08-22T10:{minute:02}:00Z"), "ext:c-1"));
    }
    imported(&mut ledger, &lines);
    let held = ledger.get("/v1/commissions?held=true").json["data"].take();
    let reasons: Vec<_> = held.as_array().unwrap().iter().map(|row| &row["held_reason"]).collect();
    assert_eq!(reasons, [&json!("velocity")], "only the third sale within an hour");
}

#[test]
fn a_ledger_is_rebuilt_with_what_was_imported() {
    let mut ledger = programme();
    imported(&mut ledger, &months());
    imported(&mut ledger, &[sale("o-2", "2026-08-20T12:00:00Z", "ext:c-1")]);
    let lines = events::after(&ledger.sql, 0, None, 1_000).unwrap();
    let lines: Vec<String> = lines.iter().map(|event| event_line(event).unwrap()).collect();
    let end =
        json!({"end": true, "lines": 0, "next_cursor": null, "totals": totals(&ledger.sql, None).unwrap()});
    let rebuilt = NativeSql::in_memory().unwrap();
    migrate(&rebuilt, LEDGER).unwrap();
    let found = replay(format!("{}\n{end}\n", lines.join("\n")).as_bytes(), &rebuilt).unwrap();
    assert_eq!(Some(&found.rebuilt), found.original.as_ref());
    // Clicks on their way and a copy of the snapshot's state are no part of the log.
    let mut different = rows::difference(&rows::rows(&ledger.sql), &rows::rows(&rebuilt));
    different.retain(|line| {
        !["click_outbox", "meta", "kv_writes"].iter().any(|table| line[2..].starts_with(table))
    });
    assert_eq!(different, Vec::<String>::new());
}
