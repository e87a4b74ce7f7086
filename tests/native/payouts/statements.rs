//! Statements: each format is compared with its golden copy.

use super::files::golden;
use super::world::{World, october};
use serde_json::json;

/// A partner with sales in three currencies, a refund, a balance from before, and a name that contains a script.
fn paid() -> (World, String) {
    let mut world = World::new();
    world.at("2026-09-20T10:00:00Z");
    let ada = world.partner("Ada", Some("EUR"));
    world.sale(&ada, 1_500, "EUR");
    world.at("2026-10-05T10:00:00Z");
    let refunded = world.sale(&ada, 10_000, "EUR");
    world.sale(&ada, 5_000, "USD");
    world.sale(&ada, 7_700, "JPY");
    world.refund(&refunded, "r-1", 2_500);
    let details = json!({"method": "sepa", "legal_name": "</title><script>alert(1)</script> & \"Co\"", "iban": "DE02120300000000202051",
        "address": {"street": "<i>1</i>", "postal_code": "1", "city": "Wien", "country": "AT"}, "tax_id": "ATU1", "vat_rate_bp": 2000});
    world.ledger.put(&format!("/v1/partners/{}/payout-details", ada.partner), &details);
    world.at("2026-11-02T08:00:00Z");
    world.set_rate("2026-10-31", "USD", "EUR", "0.9231");
    world.set_rate("2026-10-31", "JPY", "EUR", "0.0061");
    let run = world.run(october());
    let payout = world.payouts(&run, "open").remove(0);
    world.pay(&payout, "bank-2026-11");
    (world, payout["id"].as_str().unwrap().to_owned())
}

#[test]
fn a_statement_shows_what_was_paid_to_the_cent() {
    let (mut world, payout) = paid();
    let target = format!("/v1/payouts/{payout}/statement");
    let shown = world.ledger.get(&format!("{target}.json"));
    assert_eq!(shown.status, 200, "{}", shown.raw.body);
    golden("statement.json", &format!("{}\n", serde_json::to_string_pretty(&shown.json).unwrap()));
    golden("statement.csv", &world.ledger.get(&format!("{target}.csv")).raw.body);
    let page = world.ledger.get(&format!("{target}.html"));
    golden("statement.html", &page.raw.body);
    assert_eq!(page.raw.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.raw.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    for form in ["html", "csv", "json"] {
        let statement = world.ledger.get(&format!("{target}.{form}"));
        assert_eq!(statement.raw.header("x-content-type-options"), Some("nosniff"), "{form}");
    }
    assert!(
        !page.raw.body.contains("<script")
            && !page.raw.body.contains("<i>")
            && page.raw.body.contains("&lt;script&gt;")
    );

    // The parts add up: the opening balance and the movements equal the amount, so do the lines, and the exchanged parts equal
    // the total.
    let number = |value: &serde_json::Value| value.as_i64().unwrap();
    let parts = shown.json["parts"].as_array().unwrap();
    for part in parts {
        assert_eq!(number(&part["opening_balance"]) + number(&part["movements"]), number(&part["amount"]));
        let lines = shown.json["lines"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["currency"] == part["currency"]);
        assert_eq!(lines.map(|line| number(&line["amount"])).sum::<i64>(), number(&part["amount"]));
    }
    assert_eq!(
        parts.iter().map(|part| number(&part["converted"])).sum::<i64>(),
        number(&shown.json["total"])
    );
    assert_eq!(shown.json["total"], 1_500 + 7_500 + 4_616 + 4_697);
    assert_eq!(
        number(&shown.json["vat"]["net"]) + number(&shown.json["vat"]["vat"]),
        number(&shown.json["total"])
    );
    // A later refund or another name does not change an issued statement.
    let conversion = world.ledger.get("/v1/conversions").text("/data/0/id");
    world.refund(&conversion, "later", 100);
    world.ledger.put("/v1/program", &json!({"name": "Other", "hold_days": 0}));
    assert_eq!(world.ledger.get(&format!("{target}.json")).raw.body, shown.raw.body);
}

#[test]
fn invoices_are_numbered_without_gaps_at_approval() {
    let mut world = World::new();
    let partners = ["Ada", "Bob", "Cyd"].map(|name| world.partner(name, None));
    let mut numbers = Vec::new();
    for (month, year_month) in ["2026-10", "2026-11"].iter().enumerate() {
        world.at(&format!("{year_month}-15T00:00:00Z"));
        for partner in &partners {
            world.sale(partner, 1_000, "EUR");
        }
        world.at(&format!("2026-{}-02T00:00:00Z", 11 + month));
        let end = ["2026-10-31", "2026-11-30"][month];
        // A cancelled draft uses no number.
        let draft = world.draft(json!({"from": format!("{year_month}-01"), "to": end}));
        world.ledger.post(&format!("/v1/payouts/runs/{draft}/cancel"), &json!({}));
        let run = world.draft(json!({"from": format!("{year_month}-01"), "to": end}));
        let drafted = world.payouts(&run, "draft").remove(0);
        assert_eq!(drafted["invoice_number"], json!(null));
        let target = format!("/v1/payouts/{}/statement.json", drafted["id"].as_str().unwrap());
        assert_eq!(world.ledger.get(&target).problem(), (409, "run_not_approved".to_owned()));
        world.approve(&run);
        let payouts = world.payouts(&run, "open");
        numbers.extend(payouts.iter().map(|payout| payout["invoice_number"].as_str().unwrap().to_owned()));
        world.fail(&payouts[1], "closed");
        world.pay(&payouts[0], "b");
        world.pay(&payouts[2], "b");
    }
    assert_eq!(numbers, ["SB-000001", "SB-000002", "SB-000003", "SB-000004", "SB-000005", "SB-000006"]);
}

#[test]
fn a_carried_payout_has_no_statement() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 100, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let draft =
        world.make(&json!({"period": october(), "minimum": {"amount": 101, "currency": "EUR"}})).text("/id");
    world.approve(&draft);
    let carried = world.payouts(&draft, "carried").remove(0);
    let target = format!("/v1/payouts/{}/statement.html", carried["id"].as_str().unwrap());
    assert_eq!(world.ledger.get(&target).problem(), (409, "payout_not_open".to_owned()));
}
