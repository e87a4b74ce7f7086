//! Files for banks and payment providers. Each is compared with its golden copy in `fixtures/payouts`; `UPDATE_FILES=1` rewrites
//! the copies, so review the difference. `tests/e2e/payouts.test.mjs` validates the XML against its schema.

use super::world::{World, october};
use serde_json::json;
use signpost::store::Sql;
use std::path::Path;

/// Compares a file with its golden copy.
pub fn golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/payouts").join(name);
    if std::env::var_os("UPDATE_FILES").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == text, "{name} differs:\n{text}");
}

/// An approved run that pays partners of every method, some with names that need escaping.
pub fn approved() -> (World, String) {
    let mut world = World::new();
    let partners = [
        (
            "Ada",
            "EUR",
            1_234_567,
            json!({"method": "sepa", "legal_name": "Ada Lovelace & Töchter", "iban": "DE02120300000000202051",
            "bic": "BYLADEM1001", "address": {"street": "Straße 1/2", "postal_code": "80331", "city": "München", "country": "DE"},
            "tax_id": "DE987654321", "vat_rate_bp": 1900}),
        ),
        (
            "Bob",
            "EUR",
            1,
            json!({"method": "sepa", "legal_name": "=HYPERLINK(\"x\") <b>Bob</b>", "iban": "NO9386011117947"}),
        ),
        (
            "Cyd",
            "EUR",
            5_050,
            json!({"method": "paypal", "legal_name": "Cyd, \"C\"", "paypal_email": "cyd@example.com"}),
        ),
        (
            "Dee",
            "JPY",
            12_345,
            json!({"method": "wise", "legal_name": "Dee", "wise_email": "dee@example.com"}),
        ),
        (
            "Eve",
            "GBP",
            9_999,
            json!({"method": "wise", "legal_name": "Eve", "iban": "GB29NWBK60161331926819"}),
        ),
        ("Fay", "EUR", 300, json!({"method": "manual", "legal_name": "Fay"})),
    ];
    for (name, currency, amount, details) in partners {
        let partner = world.partner(name, Some(currency));
        world.sale(&partner, amount, currency);
        let target = format!("/v1/partners/{}/payout-details", partner.partner);
        assert_eq!(world.ledger.put(&target, &details).status, 200);
    }
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    (world, run)
}

#[test]
fn each_file_equals_its_golden_copy() {
    let (mut world, run) = approved();
    for (kind, name, media) in [
        ("csv", "run.csv", "text/csv; charset=utf-8; header=present"),
        ("sepa", "sepa.xml", "application/xml"),
        ("paypal", "paypal.csv", "text/csv; charset=utf-8; header=absent"),
        ("wise", "wise.csv", "text/csv; charset=utf-8; header=present"),
    ] {
        let file = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/{kind}"));
        assert_eq!(file.status, 200, "{}", file.raw.body);
        assert_eq!(file.raw.header("content-type"), Some(media));
        assert_eq!(file.raw.header("cache-control"), Some("private, no-store"));
        assert!(
            file.raw
                .header("content-disposition")
                .unwrap()
                .starts_with(&format!("attachment; filename=\"{run}"))
        );
        assert_eq!(file.raw.header("x-signpost-left-out"), None);
        golden(name, &file.raw.body);
    }
    assert_eq!(world.ledger.get(&format!("/v1/payouts/runs/{run}/files/zip")).status, 404);
}

#[test]
fn the_sums_of_a_bank_file_equal_its_transfers() {
    let (mut world, run) = approved();
    let xml =
        world.ledger.get(&format!("/v1/payouts/runs/{run}/files/sepa?execution_date=2026-11-05")).raw.body;
    let values = |name: &str| -> Vec<String> {
        xml.split(&format!("<{name}"))
            .skip(1)
            .map(|rest| rest.split_once('>').unwrap().1.split('<').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(values("InstdAmt "), ["12345.67", "0.01"]);
    assert_eq!(values("CtrlSum"), ["12345.68", "12345.68"]);
    assert_eq!(values("NbOfTxs"), ["2", "2"]);
    assert_eq!(values("Dt>").len() + values("ReqdExctnDt").len(), 2);
    assert!(xml.contains("<Dt>2026-11-05</Dt>"));
    let payouts = world.payouts(&run, "open");
    let ids: Vec<String> = payouts[..2].iter().map(|p| p["id"].as_str().unwrap().replace('_', "-")).collect();
    assert_eq!(values("EndToEndId"), ids);
    assert!(values("MsgId").iter().chain(&ids).all(|id| id.len() <= 35 && !id.contains('_')));
    // A paid payout leaves the bank's file, which then has another message id. It stays in the table.
    world.pay(&payouts[0], "bank-1");
    let later = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/sepa")).raw.body;
    assert!(later.contains("<CtrlSum>0.01</CtrlSum>") && !later.contains(&values("MsgId")[0]));
    let table = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/csv")).raw.body;
    assert!(table.contains(",paid,12345.67,EUR,"), "{table}");
    world.pay(&payouts[1], "bank-1");
    let none = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/sepa"));
    assert_eq!(none.problem(), (409, "nothing_to_pay".to_owned()));
    let bad = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/sepa?execution_date=soon"));
    assert_eq!(bad.problem(), (400, "invalid_parameter".to_owned()));
}

#[test]
fn payouts_are_left_out_of_a_file_only_on_request() {
    let mut world = World::new();
    let (ada, bob, cyd) =
        (world.partner("Ada", None), world.partner("Bob", Some("USD")), world.partner("Cyd", None));
    world.sale(&ada, 100, "EUR");
    world.sale(&bob, 200, "USD");
    world.sale(&cyd, 300, "EUR");
    let target = format!("/v1/partners/{}/payout-details", ada.partner);
    world
        .ledger
        .put(&target, &json!({"method": "sepa", "legal_name": "Ada", "iban": "GB29NWBK60161331926819"}));
    for (scenario, iban) in [(&bob, "NO9386011117947"), (&cyd, "DE02120300000000202051")] {
        let details = json!({"method": "sepa", "legal_name": "X", "iban": iban});
        world.ledger.put(&format!("/v1/partners/{}/payout-details", scenario.partner), &details);
    }
    world.at("2026-11-02T08:00:00Z");
    let run = world.draft(october());
    let target = format!("/v1/payouts/runs/{run}/files/sepa");
    assert_eq!(world.ledger.get(&target).problem(), (409, "run_not_approved".to_owned()));
    world.approve(&run);
    let payouts = world.payouts(&run, "open");
    let id = |n: usize| payouts[n]["id"].as_str().unwrap();
    // An older version approved a payout that had no details.
    let lost = "UPDATE payouts SET details_no = NULL WHERE id = ?1";
    world.ledger.sql.exec(lost, &[id(0).into()]).unwrap();
    let refused = world.ledger.get(&target);
    assert_eq!(refused.problem(), (409, "payouts_left_out".to_owned()));
    let errors: Vec<(String, String)> = refused.json["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["pointer"].as_str().unwrap().to_owned(), e["code"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(
        errors,
        [
            (format!("/payouts/{}", id(0)), "details_missing".to_owned()),
            (format!("/payouts/{}", id(1)), "not_eur".to_owned()),
        ]
    );
    let partial = world.ledger.get(&format!("{target}?partial=true"));
    assert_eq!(partial.status, 200);
    let named = format!("{} details_missing, {} not_eur", id(0), id(1));
    assert_eq!(partial.raw.header("x-signpost-left-out"), Some(named.as_str()));
    assert!(
        partial.raw.body.contains(&format!("<!-- left out: {named} -->"))
            && partial.raw.body.contains("<NbOfTxs>1</NbOfTxs>")
    );
    assert_eq!(
        world.ledger.get(&format!("{target}?partial=1")).problem(),
        (400, "invalid_parameter".to_owned())
    );
    world.ledger.put("/v1/program", &json!({"hold_days": 0}));
    assert_eq!(world.ledger.get(&target).problem(), (409, "payouts_left_out".to_owned()), "it stays");
    world.ledger.put("/v1/program", &json!({"hold_days": 0, "payer": null}));
    assert_eq!(world.ledger.get(&target).problem(), (409, "payer_missing".to_owned()));
}

#[test]
fn files_respect_the_limits_of_the_providers() {
    let mut world = World::new();
    let add = |world: &mut World, currency: &str, details: &serde_json::Value| {
        let scenario = world.partner("P", Some(currency));
        world.sale(&scenario, 100, currency);
        world.ledger.put(&format!("/v1/partners/{}/payout-details", scenario.partner), details);
    };
    let paypal = json!({"method": "paypal", "legal_name": "P", "paypal_email": "p@example.com"});
    add(&mut world, "EUR", &paypal);
    add(&mut world, "USD", &paypal);
    let wise = json!({"method": "wise", "legal_name": "W", "wise_email": "w@example.com"});
    for _ in 0..1_001 {
        add(&mut world, "EUR", &wise);
    }
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    let target = format!("/v1/payouts/runs/{run}/files");
    let several = world.ledger.get(&format!("{target}/paypal"));
    assert_eq!(several.problem(), (409, "several_currencies".to_owned()));
    assert!(several.text("/detail").contains("EUR, USD"));
    assert_eq!(world.ledger.get(&format!("{target}/paypal?currency=USD")).raw.body.lines().count(), 1);
    assert_eq!(
        world.ledger.get(&format!("{target}/paypal?currency=JPY")).problem(),
        (409, "nothing_to_pay".to_owned())
    );
    assert_eq!(world.ledger.get(&format!("{target}/wise")).problem(), (409, "file_too_long".to_owned()));
    let rows = |world: &mut World, part: &str| {
        world.ledger.get(&format!("{target}/wise?part={part}")).raw.body.lines().count()
    };
    assert_eq!((rows(&mut world, "1"), rows(&mut world, "2")), (1_001, 2));
    for part in ["0", "3", "x", "-1"] {
        let refused = world.ledger.get(&format!("{target}/wise?part={part}"));
        assert_eq!(refused.problem(), (400, "invalid_parameter".to_owned()), "{part}");
    }
}
