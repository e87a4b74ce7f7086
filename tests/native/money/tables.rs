//! The tables in `fixtures/ledger/`: the commissions that sales earn and refunds take back, in figures that a finance
//! person can check by hand. Each row is sent through the API.
//!
//! These tests fail if a commission, a reversal or a remainder differs by one smallest unit, if balances or a report
//! differ from the rows, or if the books do not balance.

use crate::support::{
    Ledger,
    figures::{basis_points, minor},
};
use serde_json::json;
use signpost::domain::money::Currency;
use std::{fs, path::Path};

struct Row {
    line: String,
    currency: Currency,
    amount: i64,
    rate_bp: i64,
    commission: i64,
    /// The amount, and the commission that it takes back.
    refunds: Vec<(i64, i64)>,
    taken_back: i64,
    left: i64,
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [currency, amount, rate, commission, refunds, taken_back, left] = cells[..] else {
        panic!("a row has seven columns: {line}")
    };
    let currency = Currency::parse(currency).unwrap();
    let minor = |text: &str| minor(text, currency.exponent());
    let refund = |text: &str| {
        let (amount, takes) = text.split_once(" > ").unwrap();
        (minor(amount), minor(takes))
    };
    Row {
        line: line.to_owned(),
        currency,
        amount: minor(amount),
        rate_bp: basis_points(rate),
        commission: minor(commission),
        refunds: if refunds == "none" { Vec::new() } else { refunds.split(", ").map(refund).collect() },
        taken_back: minor(taken_back),
        left: minor(left),
    }
}

fn table(name: &str) -> Vec<Row> {
    let text = fs::read_to_string(Path::new("fixtures/ledger").join(name)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    // The first two lines are the heading and its underline.
    lines.skip(2).map(row).collect()
}

fn run(ledger: &mut Ledger, number: usize, row: &Row) {
    let said = &row.line;
    let scenario = ledger.scenario(row.rate_bp);
    let click = ledger.click(scenario.link_no);
    let sale = ledger.post(
        "/v1/conversions",
        &json!({
            "type": "sale", "external_id": format!("o-{number}"), "click_id": click, "amount": row.amount,
            "currency": row.currency.code()
        }),
    );
    assert_eq!(sale.status, 201, "{said}: {}", sale.raw.body);
    assert_eq!(sale.json["commissions"][0]["amount"], row.commission, "{said}");
    let target = format!("/v1/conversions/{}/refunds", sale.text("/id"));
    let mut left = row.commission;
    for (n, (amount, takes)) in row.refunds.iter().enumerate() {
        let refund = ledger.post(&target, &json!({"external_id": format!("r-{n}"), "amount": amount}));
        assert_eq!(refund.status, 201, "{said}: {}", refund.raw.body);
        left -= takes;
        let commission = &refund.json["commissions"][0];
        assert_eq!(
            (&commission["reversed"], &commission["remaining"]),
            (&json!(takes), &json!(left)),
            "{said}"
        );
    }
    assert_eq!((row.commission - left, left), (row.taken_back, row.left), "{said}: the row does not add up");
    let balances = ledger.get(&format!("/v1/balances?partner_id={}", scenario.partner)).json;
    let balance = &balances["data"][0];
    if row.commission == 0 {
        assert_eq!(balances["data"], json!([]), "{said}");
    } else {
        assert_eq!(
            (&balance["pending"], &balance["reversed"]),
            (&json!(left), &json!(row.taken_back)),
            "{said}"
        );
    }
    let report = ledger.get(&format!("/v1/attribution?partner_id={}", scenario.partner)).json;
    let refunded: i64 = row.refunds.iter().map(|(amount, _)| amount).sum();
    let money = |amount: i64| json!([{"amount": amount, "currency": row.currency.code()}]);
    assert_eq!(report["totals"]["revenue"], money(row.amount), "{said}");
    assert_eq!(report["totals"]["refunds"], money(refunded), "{said}");
    assert_eq!(report["totals"]["commission"], money(left), "{said}");
    if refunded == row.amount {
        assert_eq!(left, 0, "{said}: a sale wholly refunded leaves nothing");
    }
}

#[test]
fn every_row_of_every_table_has_the_expected_amounts() {
    let names = ["commissions.txt", "currencies.txt", "refunds.txt"];
    let mut ledger = Ledger::new();
    let mut number = 0;
    for name in names {
        let rows = table(name);
        assert!(rows.len() >= 10, "{name} has {} rows", rows.len());
        for row in rows {
            run(&mut ledger, number, &row);
            number += 1;
        }
    }
    ledger.audit();
}
