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
    // A paid payout leaves the bank's file, which keeps its message id. It stays in the table.
    world.pay(&payouts[0], "bank-1");
    let later = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/sepa")).raw.body;
    assert!(later.contains("<CtrlSum>0.01</CtrlSum>") && later.contains(&values("MsgId")[0]));
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

/// The text of the first element with this name.
fn element(xml: &str, name: &str) -> String {
    xml.split(&format!("<{name}>")).nth(1).unwrap().split('<').next().unwrap().to_owned()
}

#[test]
fn a_bank_file_that_was_handed_out_is_only_replaced_under_its_message_id() {
    let mut world = World::new();
    let ibans = ["DE02120300000000202051", "NO9386011117947", "GB29NWBK60161331926819"];
    for iban in ibans {
        let partner = world.partner("P", None);
        world.sale(&partner, 1_000, "EUR");
        let details = json!({"method": "sepa", "legal_name": "P", "iban": iban});
        world.ledger.put(&format!("/v1/partners/{}/payout-details", partner.partner), &details);
    }
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    let target = format!("/v1/payouts/runs/{run}/files/sepa");
    let first = world.ledger.get(&target);
    assert_eq!((first.status, first.raw.header("x-signpost-replaces")), (200, None));
    let id = element(&first.raw.body, "MsgId");

    // Days later one payment has failed. The others may have been made by the first file, so they are in no new one.
    let payouts = world.payouts(&run, "open");
    world.at("2026-11-05T08:00:00Z");
    world.fail(&payouts[1], "closed");
    let second = world.ledger.unchanged("again", |ledger| ledger.get(&target));
    assert_eq!((second.status, second.raw.header("x-signpost-replaces")), (200, Some(id.as_str())));
    let xml = &second.raw.body;
    assert!(
        xml.contains(
            "<!-- replaces the file with this message id that was handed out on 2026-11-02T08:00:00.000Z -->"
        ),
        "{xml}"
    );
    assert_eq!(element(xml, "MsgId"), id);
    assert_eq!(element(xml, "PmtInfId"), id);
    for name in ["CreDtTm", "Dt"] {
        assert_eq!(element(xml, name), element(&first.raw.body, name), "{name}");
    }
    assert_eq!(element(xml, "NbOfTxs"), "2");
    assert!(xml.contains(ibans[0]) && !xml.contains(ibans[1]) && xml.contains(ibans[2]));
    // The log tells who was handed what.
    let events = world.ledger.get("/v1/events?limit=200").json;
    let handed: Vec<_> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"] == "payout_run.file_created")
        .map(|event| event["data"].clone())
        .collect();
    assert_eq!(
        handed,
        [json!({"run_id": run, "number": 1, "method": "sepa", "message_id": id, "payouts": 3,
            "execution_date": "2026-11-02", "created_at": "2026-11-02T08:00:00.000Z"})]
    );

    // What failed is payable again. The next run pays it in a file of its own.
    let body = json!({"period": {"from": "2026-10-02", "to": "2026-10-31"}});
    let next = world.make(&body).text("/id");
    assert_eq!(world.approve(&next).status, 200);
    let other = world.ledger.get(&format!("/v1/payouts/runs/{next}/files/sepa")).raw.body;
    assert_ne!(element(&other, "MsgId"), id);
    assert!(!other.contains(ibans[0]) && other.contains(ibans[1]) && !other.contains(ibans[2]));
}

#[test]
fn a_second_file_contains_only_what_was_not_in_the_first() {
    let mut world = World::new();
    for currency in ["EUR", "EUR", "USD"] {
        let partner = world.partner("P", Some(currency));
        world.sale(&partner, 1_000, currency);
        let details = json!({"method": "paypal", "legal_name": "P", "paypal_email": "p@example.com"});
        world.ledger.put(&format!("/v1/partners/{}/payout-details", partner.partner), &details);
    }
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    let target = format!("/v1/payouts/runs/{run}/files/paypal");
    let euros = world.ledger.get(&format!("{target}?currency=EUR"));
    assert_eq!((euros.raw.body.lines().count(), euros.raw.header("x-signpost-replaces")), (2, None));
    let dollars = world.ledger.get(&format!("{target}?currency=USD"));
    assert_eq!((dollars.raw.body.lines().count(), dollars.raw.header("x-signpost-replaces")), (1, None));
    // Each can be read again by its number.
    for (file, first) in [(1, &euros), (2, &dollars)] {
        let again = world.ledger.unchanged("again", |ledger| ledger.get(&format!("{target}?file={file}")));
        assert_eq!(again.raw.body, first.raw.body);
        let id = format!("{}-{}", run.replace('_', "-"), format_args!("n{file}"));
        assert_eq!(again.raw.header("x-signpost-replaces"), Some(id.as_str()));
    }
    for (file, code) in [("3", "invalid_parameter"), ("0", "invalid_parameter"), ("x", "invalid_parameter")] {
        let refused = world.ledger.unchanged(file, |ledger| ledger.get(&format!("{target}?file={file}")));
        assert_eq!(refused.problem(), (400, code.to_owned()), "{file}");
    }
    let other = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/wise?file=1"));
    assert_eq!(other.problem(), (400, "invalid_parameter".to_owned()), "it is PayPal's");
}

#[test]
fn the_parts_of_a_file_do_not_move_when_a_payout_ends() {
    let mut world = World::new();
    for n in 0..1_001 {
        let partner = world.partner("W", None);
        world.sale(&partner, 100, "EUR");
        let email = format!("w{n}@example.com");
        let details = json!({"method": "wise", "legal_name": "W", "wise_email": email});
        world.ledger.put(&format!("/v1/partners/{}/payout-details", partner.partner), &details);
    }
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    let target = format!("/v1/payouts/runs/{run}/files/wise");
    let first = world.ledger.get(&format!("{target}?part=1")).raw.body;
    assert_eq!(first.lines().count(), 1 + 1_000);
    let payouts = world.ledger.get(&format!("/v1/payouts?run_id={run}&limit=1")).json;
    let last = &payouts["data"][0];
    // Once one of the first part has ended, the second part is still the last payout alone.
    let oldest = first.lines().nth(1).unwrap().to_owned();
    let statement = "SELECT id FROM payouts ORDER BY no LIMIT 1";
    let id = world.ledger.sql.exec(statement, &[]).unwrap()[0].text(0).unwrap().to_owned();
    world.fail(&json!({"id": id}), "closed");
    let second = world.ledger.get(&format!("{target}?part=2")).raw.body;
    assert_eq!(second.lines().count(), 1 + 1);
    assert!(second.contains(last["invoice_number"].as_str().unwrap()), "{second}");
    let again = world.ledger.get(&format!("{target}?part=1")).raw.body;
    assert_eq!(again.lines().count(), 1 + 999);
    assert!(!again.contains(&oldest));
}

/// A programme with one partner that is paid 100 units, by these details; and the run that does so.
fn paid_by(currency: &str, amount: i64, details: &serde_json::Value) -> (World, String) {
    let mut world = World::new();
    let partner = world.partner("P", Some(currency));
    world.sale(&partner, amount, currency);
    let set = world.ledger.put(&format!("/v1/partners/{}/payout-details", partner.partner), details);
    assert_eq!(set.status, 200, "{}", set.raw.body);
    world.at("2026-11-02T08:00:00Z");
    let run = world.run(october());
    (world, run)
}

#[test]
fn names_of_every_european_script_are_written_as_banks_read_them() {
    for (name, written) in [
        ("Γεώργιος Παπαδόπουλος", "Georgios Papadopoylos"),
        ("Георги Иванов", "Georgi Ivanov"),
        ("Jose\u{301}", "Jose"),
        ("Nguyễn", "Nguyen"),
    ] {
        let details = json!({"method": "sepa", "legal_name": name, "iban": "NO9386011117947"});
        let (mut world, run) = paid_by("EUR", 100, &details);
        let xml = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/sepa")).raw.body;
        assert!(xml.contains(&format!("<Cdtr>\n          <Nm>{written}</Nm>")), "{name}: {xml}");
    }
}

#[test]
fn paypal_gets_whole_units_where_it_takes_no_decimals() {
    let details = json!({"method": "paypal", "legal_name": "P", "paypal_email": "-dash@example.com"});
    for (currency, amount, row) in [
        ("HUF", 12_300, Ok("123,HUF")),
        ("TWD", 100, Ok("1,TWD")),
        ("JPY", 123, Ok("123,JPY")),
        ("EUR", 123, Ok("1.23,EUR")),
        ("HUF", 12_345, Err("not_whole_units")),
        ("TWD", 1, Err("not_whole_units")),
        ("KWD", 1_000, Err("currency_not_taken")),
    ] {
        let (mut world, run) = paid_by(currency, amount, &details);
        let file = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/paypal"));
        match row {
            // The address is not escaped for spreadsheets: PayPal reads it as it is.
            Ok(row) => assert!(
                file.raw.body.starts_with(&format!("-dash@example.com,{row},pay_")),
                "{}",
                file.raw.body
            ),
            Err(code) => {
                assert_eq!(file.problem(), (409, "payouts_left_out".to_owned()), "{currency} {amount}");
                assert_eq!(file.text("/errors/0/code"), code, "{currency} {amount}");
            }
        }
    }
}

#[test]
fn files_for_machines_hold_texts_as_they_are() {
    let details = json!({"method": "wise", "legal_name": "=Ada", "wise_email": "+w@example.com"});
    let (mut world, run) = paid_by("EUR", 100, &details);
    let wise = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/wise")).raw.body;
    assert!(wise.contains("\r\n=Ada,+w@example.com,SB-000001,"), "{wise}");
    // People open the table in a spreadsheet.
    let table = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/csv")).raw.body;
    assert!(table.contains(",'=Ada,") && table.contains(",'+w@example.com,"), "{table}");
}

#[test]
fn a_bank_is_asked_to_pay_on_a_day_that_banks_are_open() {
    let details = json!({"method": "sepa", "legal_name": "P", "iban": "NO9386011117947"});
    for (now, asked, date) in [
        ("2026-11-06T08:00:00Z", "", "2026-11-06"),
        ("2026-11-07T08:00:00Z", "", "2026-11-09"),
        ("2026-11-06T08:00:00Z", "?execution_date=2026-11-08", "2026-11-09"),
        ("2026-11-06T08:00:00Z", "?execution_date=2026-12-25", "2026-12-28"),
        ("2026-11-06T08:00:00Z", "?execution_date=2027-01-01", "2027-01-04"),
        ("2026-11-06T08:00:00Z", "?execution_date=2027-03-26", "2027-03-30"),
    ] {
        let (mut world, run) = paid_by("EUR", 100, &details);
        world.at(now);
        let xml = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/sepa{asked}")).raw.body;
        assert_eq!(element(&xml, "Dt"), date, "{now} {asked}");
    }
}

#[test]
fn details_that_an_older_version_accepted_are_left_out_of_a_bank_file() {
    // They are sealed, so the test seals other ones under the same partner.
    for (name, iban, code) in [
        ("P", "TR330006100519786457841326", "iban_outside_sepa"),
        ("李明", "NO9386011117947", "name_not_writable"),
    ] {
        let details = json!({"method": "sepa", "legal_name": "P", "iban": "NO9386011117947"});
        let (mut world, run) = paid_by("EUR", 100, &details);
        let partner = world.payouts(&run, "open")[0]["partner_id"].as_str().unwrap().to_owned();
        let older = json!({"method": "sepa", "legal_name": name, "address": null, "iban": iban, "bic": null,
            "paypal_email": null, "wise_email": null, "tax_id": null, "vat_rate_bp": null});
        let sealed = {
            let ledger = &mut world.ledger;
            ledger.config.sealer.seal(&older.to_string(), &partner, &mut ledger.entropy).unwrap()
        };
        world.ledger.sql.exec("UPDATE payout_details SET sealed = ?1", &[sealed.into()]).unwrap();
        let refused = world.ledger.get(&format!("/v1/payouts/runs/{run}/files/sepa"));
        assert_eq!(refused.problem(), (409, "payouts_left_out".to_owned()));
        assert_eq!(refused.text("/errors/0/code"), code);
    }
}
