//! Sales that nobody was credited with when they were accepted, and are credited when their click becomes known.
//!
//! These tests fail if the maker of a joint product or the holder of a territory earns such a sale twice, or if the sale
//! bears a marketplace's monthly fee twice.

use crate::support::{Ledger, event};
use serde_json::{Value as Json, json};

const BEGAN: &str = "2026-01-01T00:00:00Z";

/// The source and amount of each commission, oldest first.
fn earned(ledger: &mut Ledger) -> Vec<(String, i64)> {
    let page = ledger.get("/v1/commissions").json;
    let shown = |row: &Json| (row["source"].as_str().unwrap().to_owned(), row["amount"].as_i64().unwrap());
    page["data"].as_array().unwrap().iter().rev().map(shown).collect()
}

#[test]
fn a_late_credit_pays_makers_and_fees_once() {
    let mut ledger = Ledger::new();
    let (ada, ben, cleo) =
        (ledger.partner("Ada", None), ledger.partner("Ben", None), ledger.partner("Cleo", None));
    let listing = json!({"name": "App", "marketplace": "bigcommerce", "url": "https://app.example",
        "settings": {"fees": {"monthly": {"amount": 3_000, "currency": "EUR"}}}});
    let listing = ledger.post("/v1/listings", &listing).text("/id");
    let (_, link) = ledger.link(&ada, &listing);
    let terms = json!({
        "joint_products": [{"name": "app", "partner_id": ben, "listing_id": listing, "effective_from": BEGAN,
            "rate_bp": 5_000, "cost_share": {"amount": 1_000, "currency": "EUR"}}],
        "territories": [{"name": "de", "partner_id": cleo, "countries": ["DE"], "effective_from": BEGAN, "rate_bp": 500}],
        "plans": [{"name": "fees", "effective_from": BEGAN, "base": "net_of_fees", "rate_bp": 1_000}],
    });
    let put = ledger.put("/v1/program", &terms);
    assert_eq!(put.status, 200, "{}", put.raw.body);
    let click = ledger.click(link);
    ledger.wait(1_000);
    let charge = |id: &str, account: &str| {
        event("charged", id, &json!({"account": account, "amount": 10_000, "currency": "EUR"}))
    };
    ledger.told(1, &[charge("o-1", "a-1")]);
    let maker = [("joint_product".to_owned(), 4_000)];
    assert_eq!(earned(&mut ledger), maker);
    // Half of it is refunded before the click becomes known.
    let refund = json!({"charge": "o-1", "amount": 5_000, "currency": "EUR"});
    ledger.told(1, &[event("refunded", "r-1", &refund)]);
    ledger.told(1, &[event("installed", "i-1", &json!({"clicks": [click]}))]);
    // Ada earns 10 % of 100.00 less the fee of 30.00, and the click says that the sale was in Cleo's territory.
    let credited = [("conversion".to_owned(), 700), ("territory".to_owned(), 500)];
    assert_eq!(earned(&mut ledger), [&maker[..], &credited[..]].concat());
    let balances = ledger.get("/v1/balances").json["data"].clone();
    let pending = |index: usize| balances[index]["pending"].as_i64().unwrap();
    assert_eq!([pending(0), pending(1), pending(2)], [350, 2_000, 250]);
    // The refund gave back 15.00 of the fee and 5.00 of the cost, once.
    ledger.told(1, &[charge("o-2", "a-2")]);
    let page = ledger.get("/v1/commissions").json;
    assert_eq!(page["data"][0]["amount"], 4_500, "{page}");
    let sale = json!({"type": "sale", "external_id": "s-1", "click_id": click, "listing_id": listing,
        "amount": 10_000, "currency": "EUR"});
    let sold = ledger.post("/v1/conversions", &sale);
    assert_eq!(
        sold.json["commissions"][0]["amount"], 1_000,
        "o-2 bore the rest of the fee: {}",
        sold.raw.body
    );
    ledger.audit();
}
