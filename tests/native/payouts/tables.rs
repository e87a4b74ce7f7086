//! The tables in `fixtures/ledger/` about payouts: each row is sent through the API, or through the one function that
//! converts currencies.
//!
//! These tests fail if an amount differs by one smallest unit, if a reason differs, or if the books do not balance.

use super::world::World;
use serde_json::json;
use signpost::domain::money::{
    Currency,
    fx::{ExchangeRate, convert},
};
use std::{fs, path::Path};

fn table(name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(Path::new("fixtures/ledger").join(name)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    // The first two are the heading and the rule under it.
    lines.skip(2).map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// A decimal in smallest units, with as many decimals as the currency has.
fn minor(text: &str, currency: &str) -> i64 {
    let places = usize::from(Currency::parse(currency).unwrap().exponent());
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    assert_eq!(decimals.len(), places, "decimals of {text:?} {currency}");
    format!("{whole}{decimals}").parse().unwrap_or_else(|_| panic!("{text:?} is no amount"))
}

#[test]
fn amounts_are_converted_as_in_the_table() {
    let rows = table("fx.txt");
    assert!(rows.len() > 20);
    for row in rows {
        let [amount, from, rate, worth, to] = [0, 1, 2, 3, 4].map(|cell| row[cell].as_str());
        let currency = |code: &str| Currency::parse(code).unwrap();
        let converted =
            convert(minor(amount, from), currency(from), currency(to), ExchangeRate::parse(rate).unwrap());
        assert_eq!(converted, Some(minor(worth, to)), "{row:?}");
        assert_eq!(currency(to).decimal(i128::from(converted.unwrap())), worth, "{row:?}");
    }
}

/// `EUR 100.00` and the like.
fn money(text: &str) -> (String, i64) {
    let (currency, amount) = text.split_once(' ').unwrap_or_else(|| panic!("{text:?} is no amount"));
    (currency.to_owned(), minor(amount, currency))
}

fn each<T>(text: &str, read: impl Fn(&str) -> T) -> Vec<T> {
    if text == "none" { Vec::new() } else { text.split(", ").map(read).collect() }
}

#[test]
fn partners_are_paid_as_in_the_table() {
    let rows = table("payouts.txt");
    assert!(rows.len() > 20);
    for row in rows {
        let [paid_in, open, rates, minimum, comes_to, is, held] =
            [0, 1, 2, 3, 4, 5, 6].map(|cell| row[cell].as_str());
        let mut world = World::new();
        let ada = world.partner("Ada", Some(paid_in));
        // What is negative was paid out before, and taken back since.
        let open = each(open, money);
        let back: Vec<_> = open.iter().filter(|(_, amount)| *amount < 0).collect();
        let mut sold = Vec::new();
        for (currency, amount) in &back {
            sold.push((world.sale(&ada, -amount, currency), -amount));
            world.at("2026-10-16T00:00:00Z");
            world.set_rate("2026-10-15", currency, paid_in, "100");
            let run = world.run(json!({"from": "2026-10-15", "to": "2026-10-15"}));
            for payout in world.payouts(&run, "open") {
                assert_eq!(world.pay(&payout, "before").status, 200);
            }
        }
        for (currency, amount) in open.iter().filter(|(_, amount)| *amount > 0) {
            world.sale(&ada, *amount, currency);
        }
        for (n, (conversion, amount)) in sold.iter().enumerate() {
            world.refund(conversion, &format!("r-{n}"), *amount);
        }
        world.at("2026-11-02T00:00:00Z");
        for rate in each(rates, str::to_owned) {
            let words: Vec<&str> = rate.split(' ').collect();
            assert_eq!(world.set_rate("2026-10-31", words[0], words[1], words[2]).status, 200, "{row:?}");
        }
        let mut body = json!({"period": {"from": "2026-10-01", "to": "2026-10-31"}});
        if minimum != "none" {
            body["minimum"] = json!({"amount": minor(minimum, paid_in), "currency": paid_in});
        }
        let draft = world.make(&body);
        assert_eq!(draft.status, 201, "{row:?}: {}", draft.raw.body);
        let parts: Vec<(String, i64)> = draft.json["held"]
            .as_array()
            .unwrap()
            .iter()
            .map(|held| {
                assert_eq!(held["reason"], "rate_missing");
                (held["currency"].as_str().unwrap().to_owned(), held["amount"].as_i64().unwrap())
            })
            .collect();
        assert_eq!(parts, each(held, money), "{row:?}");
        let status = match is {
            "paid" => "draft",
            "rate_missing" => "held",
            _ => "carried",
        };
        let payout = world
            .payouts(&draft.text("/id"), status)
            .pop()
            .unwrap_or_else(|| panic!("{row:?}: {}", draft.raw.body));
        assert_eq!(payout["amount"], minor(comes_to, paid_in), "{row:?}");
        let reason = if is == "paid" { json!(null) } else { json!(is) };
        assert_eq!(payout["reason"], reason, "{row:?}");
        world.approve(&draft.text("/id"));
        for payout in world.payouts(&draft.text("/id"), "open") {
            assert_eq!(world.pay(&payout, "now").status, 200);
        }
        world.audit();
        // What is held or carried is open as it was; nothing else is.
        for (currency, amount) in each(held, money) {
            assert_eq!(world.balance(&ada.partner, &currency)[1], amount, "{row:?}");
        }
        if is == "paid" && held == "none" {
            for (currency, _) in &open {
                assert_eq!(world.balance(&ada.partner, currency)[1], 0, "{row:?}");
            }
        }
    }
}

#[test]
fn periods_end_as_in_the_table() {
    let rows = table("periods.txt");
    assert!(rows.len() > 10);
    for row in rows {
        let mut world = World::new();
        let ada = world.partner("Ada", None);
        world.at(&row[0]);
        world.sale(&ada, 100, "EUR");
        let (from, to) = row[1].split_once(" - ").unwrap();
        world.at("2028-06-01T00:00:00Z");
        let draft = world.make(&json!({"period": {"from": from, "to": to}}));
        assert_eq!(draft.status, 201, "{row:?}: {}", draft.raw.body);
        assert_eq!(draft.json["counts"]["draft"], i64::from(row[2] == "yes"), "{row:?}");
        assert_eq!(draft.text("/rate_date"), row[3], "{row:?}");
    }
}
