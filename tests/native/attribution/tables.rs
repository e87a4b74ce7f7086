//! Credits for a sale: the table `fixtures/ledger/attribution.txt`, row by row, and random touches under every model.
//!
//! These tests fail if a share, an amount or a reason differs from the table; if shares add up to neither the whole
//! nor nothing; if amounts do not add up to the commission base, or differ from their share by a unit or more; if a
//! touch has no verdict, or one that contradicts its credit; or if the same input gives two results.

use crate::support::random::times;
use signpost::domain::{
    attribution::{
        Attribution, Reason, Source, Touch, TouchOrigin, attribute,
        rules::{Model, Precedence, RepeatCustomers, Rules},
    },
    clicks::click::Class,
    money::{Currency, MAX_AMOUNT_MINOR, WHOLE_BP},
    values::{
        entropy::{Entropy, SeededEntropy},
        id::CouponId,
        time::{DAY_MS, Timestamp},
    },
};
use std::{fs, path::Path};

const SALE_MS: i64 = 1_795_348_800_000;

fn rules(model: &str, said: &str) -> Rules {
    let mut rules = Rules {
        model: Model::parse(model).unwrap(),
        window_days: 30,
        half_life_days: 7,
        precedence: Precedence::CouponFirst,
        repeat_customers: RepeatCustomers::Earn,
    };
    for rule in said.split(", ") {
        match rule.split_once(' ') {
            Some(("window", days)) => rules.window_days = days.parse().unwrap(),
            Some(("half-life", days)) => rules.half_life_days = days.parse().unwrap(),
            Some(("repeat", "ignored")) => rules.repeat_customers = RepeatCustomers::Ignore,
            None if rule == "click_first" => rules.precedence = Precedence::ClickFirst,
            _ => assert!(["-", "bought before"].contains(&rule), "{rule:?} is no rule"),
        }
    }
    rules
}

fn touch(at_ms: i64, source: Source, is_coupon: bool, number: u32) -> Touch {
    let coupon = CouponId::generate(Timestamp::clamped(at_ms), &mut SeededEntropy::new(number.into()));
    Touch {
        origin: if is_coupon {
            TouchOrigin::Coupon { coupon_id: coupon }
        } else {
            TouchOrigin::Click { click_id: format!("click {number}"), link_no: number }
        },
        at: Timestamp::clamped(at_ms),
        partner: Some((number, None)),
        class: Class::Human,
        source,
        window_days: None,
        refused: None,
        is_repeat: false,
    }
}

/// `A 8 d window 60`, `A 400 d bound`, `A coupon`, …; A is partner number 1.
fn read_touch(said: &str, has_bought: bool) -> Touch {
    let words: Vec<&str> = said.split(' ').collect();
    let number = u32::from(words[0].bytes().next().unwrap() - b'A') + 1;
    let (age_ms, rest) = match words[1..] {
        ["coupon"] => (0, &["coupon"][..]),
        [days, "d", ..] => ((days.parse::<f64>().unwrap() * DAY_MS as f64) as i64, &words[3..]),
        _ => panic!("{said:?} is no touch"),
    };
    let (source, is_coupon) = match rest {
        [] | ["window", _] => (Source::Click, false),
        ["bound"] => (Source::Customer, false),
        ["bound-coupon"] => (Source::Customer, true),
        ["coupon"] => (Source::Coupon, true),
        _ => panic!("{said:?} is no touch"),
    };
    let window_days = rest.get(1).map(|days| days.parse().unwrap());
    Touch { window_days, is_repeat: has_bought, ..touch(SALE_MS - age_ms, source, is_coupon, number) }
}

fn decimal(minor: i64, places: usize) -> String {
    let digits = format!("{minor:0>width$}", width = places + 1);
    let (whole, decimals) = digits.split_at(digits.len() - places);
    if places == 0 { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

#[test]
fn decisions_equal_the_table() {
    let text = fs::read_to_string(Path::new("fixtures/ledger/attribution.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let mut rows = 0;
    for line in lines.skip(2) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [model, said, touches, sale, fates] = cells[..] else { panic!("a row has five columns: {line}") };
        let touches: Vec<Touch> =
            touches.split(", ").map(|touch| read_touch(touch, said.contains("bought before"))).collect();
        let (currency, amount) = sale.split_once(' ').unwrap();
        let places = usize::from(Currency::parse(currency).unwrap().exponent());
        let amount: i64 = amount.replace('.', "").parse().unwrap();
        let found = attribute(&touches, Timestamp::clamped(SALE_MS), rules(model, said));
        let parts = found.parts(amount).unwrap_or_default();
        let mut told = Vec::new();
        for (index, touch) in touches.iter().enumerate() {
            let name = char::from(b'@' + u8::try_from(touch.partner.unwrap().0).unwrap());
            let credit = found.credits.iter().zip(&parts).find(|(credit, _)| credit.touch == index);
            told.push(match credit {
                Some((credit, part)) => {
                    format!("{name} {} % {}", decimal(credit.share_bp, 2), decimal(*part, places))
                }
                None => format!("{name} {}", found.verdicts[index].as_str()),
            });
        }
        assert_eq!(told.join(", "), fates, "{line}");
        rows += 1;
    }
    assert!(rows > 60, "{rows} rows");
}

struct Dice(SeededEntropy);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % n
    }

    fn touch(&mut self, number: u32) -> Touch {
        let (source, is_coupon) = match self.below(8) {
            0 => (Source::Coupon, true),
            1 => (Source::Customer, true),
            2 | 3 => (Source::Customer, false),
            4 => (Source::Click, false),
            _ => (Source::Trail, false),
        };
        // The range is small, so that some touches share a millisecond, and a few are too old or later than the sale.
        let days = i64::try_from(self.below(40)).unwrap();
        let mut touch = touch(SALE_MS + DAY_MS - days * DAY_MS, source, is_coupon, number);
        touch.is_repeat = self.below(3) == 0;
        touch.window_days = (self.below(4) == 0).then_some(10);
        touch.refused = (is_coupon && self.below(4) == 0).then_some(Reason::CouponExpired);
        if self.below(10) == 0 {
            touch.partner = None;
        }
        touch
    }
}

fn check(touches: &[Touch], amount: i64, found: &Attribution) {
    let shares: i64 = found.credits.iter().map(|credit| credit.share_bp).sum();
    assert_eq!(found.verdicts.len(), touches.len());
    let parts = found.parts(amount);
    if found.credits.is_empty() {
        assert_eq!((shares, parts.filter(|_| amount > 0)), (0, None));
        assert!(found.verdicts.iter().all(|verdict| !verdict.is_eligible()), "{found:?}");
        return;
    }
    let parts = parts.unwrap();
    assert_eq!((shares, parts.iter().sum::<i64>()), (WHOLE_BP, amount), "{touches:?}");
    for (credit, part) in found.credits.iter().zip(&parts) {
        let exact = i128::from(amount) * i128::from(credit.share_bp);
        let off = (i128::from(*part) * i128::from(WHOLE_BP) - exact).abs();
        assert!(credit.share_bp > 0 && off < i128::from(WHOLE_BP), "{part} of {amount} by {credit:?}");
        assert_eq!(touches[credit.touch].partner.unwrap().0, credit.partner_no);
    }
    let mut newer: Vec<_> = found.credits.iter().map(|credit| credit.newer).collect();
    newer.sort_unstable();
    assert!(newer.into_iter().eq(0..found.credits.len()));
    let main = found.main().unwrap();
    assert!(found.credits.iter().all(|credit| credit.share_bp <= main.share_bp));
    for (index, verdict) in found.verdicts.iter().enumerate() {
        let won = matches!(verdict, Reason::Click | Reason::Customer | Reason::Coupon);
        assert_eq!(won, found.credits.iter().any(|credit| credit.touch == index), "{verdict:?}");
    }
}

#[test]
fn shares_and_parts_of_random_touches_add_up_under_every_model() {
    let mut dice = Dice(SeededEntropy::new(5));
    let mut shared = 0;
    for _ in 0..times(4_000) {
        let number = u32::try_from(dice.below(60)).unwrap();
        let number = if number < 50 { number % 6 } else { number };
        let touches: Vec<Touch> = (1..=number).map(|number| dice.touch(number)).collect();
        let amount = match dice.below(4) {
            0 => i64::try_from(dice.below(12)).unwrap(),
            1 => i64::try_from(dice.below(MAX_AMOUNT_MINOR.unsigned_abs() + 1)).unwrap(),
            2 => i64::MAX,
            _ => i64::try_from(dice.below(20_000)).unwrap(),
        };
        for model in Model::ALL {
            let rules = Rules {
                model: *model,
                window_days: i64::try_from(dice.below(40)).unwrap() + 1,
                half_life_days: i64::try_from(dice.below(20)).unwrap() + 1,
                precedence: Precedence::ALL[usize::try_from(dice.below(2)).unwrap()],
                repeat_customers: RepeatCustomers::ALL[usize::try_from(dice.below(2)).unwrap()],
            };
            let found = attribute(&touches, Timestamp::clamped(SALE_MS), rules);
            check(&touches, amount, &found);
            assert_eq!(found, attribute(&touches, Timestamp::clamped(SALE_MS), rules));
            shared += usize::from(found.credits.len() > 1);
        }
    }
    assert!(shared > 2_000, "{shared}");
}
