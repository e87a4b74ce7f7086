//! The table `fixtures/ledger/holds.txt`: which commissions the rules of `domain::conversions::fraud` hold, and why.
//!
//! A row fails if its reasons differ, or if they are in another order.

use signpost::domain::{
    conversions::{
        ConversionType, HeldReason,
        fraud::{CouponUse, Facts, Rules, hold_reasons},
    },
    values::time::Timestamp,
};
use std::fs;

/// `2.999 s` in milliseconds.
fn milliseconds(text: &str) -> i64 {
    let seconds = text.strip_suffix(" s").unwrap_or_else(|| panic!("{text:?} is no time"));
    let (sign, seconds) = seconds.strip_prefix('-').map_or((1, seconds), |rest| (-1, rest));
    let (whole, decimals) = seconds.split_once('.').unwrap_or((seconds, ""));
    sign * format!("{whole}{decimals:0<3}").parse::<i64>().unwrap()
}

/// A number, or `None` where the rule is off.
fn limit(text: &str) -> Option<i64> {
    (text != "off").then(|| text.strip_suffix(" s").unwrap_or(text).parse().unwrap())
}

/// Names, or none; a dot stands for a blank.
fn names(text: &str) -> Vec<String> {
    if text == "nobody" { Vec::new() } else { text.split(", ").map(|name| name.replace('·', " ")).collect() }
}

fn coupon(text: &str) -> Option<CouponUse> {
    let (customers, has_click) = match text.strip_suffix(", clicked") {
        Some(customers) => (customers, true),
        None => (text.strip_suffix(" customers").unwrap_or(text), false),
    };
    (text != "unknown").then(|| CouponUse { has_click, customers_in_day: customers.parse().unwrap() })
}

fn holds(line: &str) -> HeldReason {
    HeldReason::parse(line).unwrap_or_else(|| panic!("{line:?} is no reason"))
}

#[test]
fn every_row_is_held_for_the_stated_reasons() {
    let text = fs::read_to_string("fixtures/ledger/holds.txt").unwrap();
    let rows: Vec<&str> =
        text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).skip(2).collect();
    assert!(rows.len() >= 40, "{}", rows.len());
    let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [what, on, customer, partner, after, least, hourly, most, before, used, uses, held] = cells[..]
        else {
            panic!("a row has twelve columns: {row}")
        };
        let rules = Rules {
            self_referral: on.contains("self"),
            duplicate_customer: on.contains("twice"),
            velocity_per_hour: limit(most),
            min_seconds_from_click: limit(least),
            coupon_uses_per_day: limit(uses),
        };
        let (customer, partner) = (names(customer), names(partner));
        let facts = Facts {
            kind: ConversionType::parse(what).unwrap(),
            has_partners_email: false,
            customer: customer.iter().map(String::as_str).collect(),
            partner: partner.iter().map(String::as_str).collect(),
            occurred_at: now,
            clicked_at: (after != "no click").then(|| now.plus_ms(-milliseconds(after))),
            is_embedded: false,
            conversions_in_last_hour: hourly.parse().unwrap(),
            is_repeat: before == "yes",
            coupon: coupon(used),
        };
        let expected: Vec<HeldReason> =
            if held == "nothing" { Vec::new() } else { held.split(", ").map(holds).collect() };
        assert_eq!(hold_reasons(&facts, &rules), expected, "{row}");
    }
}
