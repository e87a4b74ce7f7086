//! The payer's account: it is sealed, and only its last characters are shown, even of accounts that were set before.

use crate::support::{Ledger, rows};
use serde_json::{Value as Json, json};
use signpost::{
    api::reports::export::{Position, cut},
    domain::values::entropy::SeededEntropy,
    ledger::payer,
    replay::replay,
    store::{
        Sql,
        log::{events, outbox::event_line},
        native::NativeSql,
        schema::{LEDGER, migrate},
    },
};

const IBAN: &str = "DE89370400440532013000";
const MASKED: &str = "••••3000";

fn payer(iban: &Json) -> Json {
    json!({"payer": {"legal_name": "Acme GmbH", "iban": iban, "bic": "COBADEFFXXX"}})
}

/// The account in a bank file, or the code of the refusal.
fn account<S: Sql>(ledger: &Ledger<S>) -> Option<String> {
    payer::account(&ledger.sql, &ledger.config.sealer).unwrap()
}

#[test]
fn the_account_is_sealed_and_only_its_ends_are_shown() {
    let mut ledger = Ledger::new();
    let put = ledger.put("/v1/program", &payer(&json!("de89 3704 0044 0532 0130 00")));
    let shown = json!({"legal_name": "Acme GmbH", "iban": MASKED, "bic": "COBADEFFXXX"});
    assert_eq!((put.status, &put.json["payer"]), (200, &shown));
    assert_eq!(ledger.get("/v1/program").json["payer"], shown);
    let event = ledger.get("/v1/events").json["data"][0].clone();
    assert_eq!((&event["type"], &event["data"]["payer"]), (&json!("program.updated"), &shown));
    assert_eq!(account(&ledger), Some(IBAN.to_owned()));
    let all = format!("{:?}", rows::rows(&ledger.sql));
    assert!(!all.contains(IBAN) && !all.contains("370400440532013"), "the account is stored in the clear");

    // What was read can be sent back, and a payer without an account keeps the one it has.
    for kept in [payer(&json!(MASKED)), json!({"payer": {"legal_name": "Acme AG"}}), json!({"name": "Acme"})]
    {
        assert_eq!(ledger.put("/v1/program", &kept).status, 200, "{kept}");
        assert_eq!(ledger.get("/v1/program").json["payer"]["iban"], MASKED, "{kept}");
        assert_eq!(account(&ledger), Some(IBAN.to_owned()), "{kept}");
    }
    let other = ledger.put("/v1/program", &payer(&json!("GB29NWBK60161331926819")));
    assert_eq!(other.json["payer"]["iban"], "••••6819");
    assert_eq!(account(&ledger), Some("GB29NWBK60161331926819".to_owned()));
    assert_eq!(ledger.put("/v1/program", &json!({"payer": null})).json["payer"], json!(null));
    assert_eq!(account(&ledger), None);
    for (body, code) in [
        (json!({"payer": {"legal_name": "Acme GmbH"}}), "missing_field"),
        (payer(&json!(MASKED)), "invalid_iban"),
        (payer(&json!("DE89370400440532013001")), "invalid_iban"),
        (payer(&json!("TR330006100519786457841326")), "iban_outside_sepa"),
        (payer(&json!(7)), "wrong_type"),
    ] {
        let refused = ledger.unchanged(code, |ledger| ledger.put("/v1/program", &body));
        assert_eq!(refused.problem(), (422, code.to_owned()), "{body}");
        assert_eq!(refused.text("/errors/0/pointer"), "/payer/iban", "{body}");
    }
    let named = json!({"payer": {"legal_name": "李明", "iban": IBAN}});
    let refused = ledger.put("/v1/program", &named);
    assert_eq!(refused.problem(), (422, "name_not_writable".to_owned()));
    assert_eq!(refused.text("/errors/0/pointer"), "/payer/legal_name");
}

/// The rows of a programme with a payer as version 9 stored them: in the clear.
fn version_9() -> (NativeSql, String) {
    let mut ledger = Ledger::new();
    assert_eq!(ledger.put("/v1/program", &payer(&json!(IBAN))).status, 200);
    let event = events::after(&ledger.sql, 0, None, 10).unwrap().remove(0);
    let clear = |text: &str| text.replace(MASKED, IBAN);
    let stored = ledger.sql.exec("SELECT value FROM meta WHERE name = 'program'", &[]).unwrap();
    let sql = NativeSql::in_memory().unwrap();
    migrate(&sql, &LEDGER[..9]).unwrap();
    let program = clear(stored[0].text(0).unwrap());
    sql.exec("INSERT INTO meta (name, value) VALUES ('program', ?1)", &[program.into()]).unwrap();
    let (data, change) = (clear(&event.data), clear(event.ledger.as_deref().unwrap()));
    let statement = "INSERT INTO events (seq, id, type, partner_no, created_at, data, ledger) \
                     VALUES (1, ?1, 'program.updated', 0, 0, ?2, ?3)";
    sql.exec(statement, &[event.id.as_str().into(), data.into(), change.into()]).unwrap();
    let run = "INSERT INTO payout_runs (no, id, period_from, period_to, currency, rate_date, status, maker, transfers_seen, \
               last_payout_no, answer, created_at, computed_at, payer) VALUES (1, 'run_00000000000000000000000000', \
               '2026-10-01', '2026-10-31', '', '2026-10-31', 'settled', 'operator', 0, 0, '', 0, 0, ?1)";
    let named = json!(["Acme", {"legal_name": "Acme GmbH", "iban": IBAN}]).to_string();
    sql.exec(run, &[named.into()]).unwrap();
    let line = clear(&event_line(&event).unwrap());
    assert_eq!(line.matches(IBAN).count(), 2, "in the data and in the change");
    (sql, line)
}

#[test]
fn an_upgrade_seals_the_account_and_redacts_what_was_written() {
    let (sql, _) = version_9();
    let mut ledger = Ledger::over(sql);
    payer::seal_migrated(&ledger.sql, &ledger.config.sealer, &mut SeededEntropy::new(3)).unwrap();
    let all = format!("{:?}", rows::rows(&ledger.sql));
    assert!(!all.contains(IBAN), "the account is stored in the clear: {all}");
    assert_eq!(account(&ledger), Some(IBAN.to_owned()));
    assert_eq!(ledger.get("/v1/program").json["payer"]["iban"], MASKED);
    assert_eq!(ledger.get("/v1/events").json["data"][0]["data"]["payer"]["iban"], MASKED);
    assert_eq!(ledger.get("/v1/payouts/runs").json["data"][0]["status"], "settled");
    // Later starts change nothing.
    ledger.unchanged("sealed", |ledger| {
        payer::seal_migrated(&ledger.sql, &ledger.config.sealer, &mut SeededEntropy::new(4)).unwrap();
    });
}

#[test]
fn an_older_log_is_exported_and_replayed_without_the_account() {
    let (_, line) = version_9();
    let position = Position { stage: 0, after: 0, from_ms: 0, to_ms: i64::MAX };
    let exported = cut(&line, &position).unwrap().text;
    assert_eq!((exported.matches(IBAN).count(), exported.matches(MASKED).count()), (0, 2), "{exported}");
    // An export that was saved before the upgrade has it in the clear, and the rebuilt Ledger does not.
    let end = json!({"end": true, "lines": 1, "next_cursor": null, "totals": null});
    let sql = NativeSql::in_memory().unwrap();
    migrate(&sql, LEDGER).unwrap();
    replay(format!("{line}\n{end}\n").as_bytes(), &sql).unwrap();
    assert!(!format!("{:?}", rows::rows(&sql)).contains(IBAN));
    let mut rebuilt = Ledger::over(sql);
    assert_eq!(rebuilt.get("/v1/program").json["payer"]["iban"], MASKED);
    assert_eq!(account(&rebuilt), None);
}
