//! The cost of drafting and approving a payout run of a large programme, and the memory that they need in addition to
//! the database. Partners and commissions are inserted with SQL; the run is created and approved through the API.

use super::{
    figure,
    support::{Ledger, OPERATOR},
    timed,
};
use serde_json::json;
use signpost::store::{Sql, native::NativeSql};
use std::path::PathBuf;

const PARTNERS: i64 = 10_000;
const COMMISSIONS: i64 = 1_000_000;

/// Inserts partners with a hundred payable commissions each from October, in three currencies.
fn programme(sql: &NativeSql) {
    let partners = format!(
        "WITH RECURSIVE n (no) AS (SELECT 1 UNION ALL SELECT no + 1 FROM n WHERE no < {PARTNERS}) \
         INSERT INTO partners (no, id, name, kind, status, currency, metadata, created_at, updated_at) \
         SELECT no, 'ptn_' || printf('%026d', no), 'P', 'media', 'active', iif(no % 5 = 0, 'USD', NULL), '{{}}', 0, 0 FROM n"
    );
    sql.script(&partners).unwrap();
    let details = "INSERT INTO payout_details (no, partner_no, method, fields, sealed, set_at) \
                   SELECT no, no, 'manual', '[\"legal_name\"]', 'x', 0 FROM partners";
    sql.script(details).unwrap();
    let commissions = format!(
        "WITH RECURSIVE n (no) AS (SELECT 1 UNION ALL SELECT no + 1 FROM n WHERE no < {COMMISSIONS}) \
         INSERT INTO commissions (no, id, conversion_no, partner_no, link_no, share_bp, rate_bp, amount, reversed, currency, \
         status, flags, matures_at, created_at, source, base, settled, written_off) \
         SELECT no, 'com_' || printf('%026d', no), NULL, 1 + no * 7919 % {PARTNERS}, 1, 10000, 2000, 100 + no % 9900, 0, \
         iif(no % 10 = 0, 'USD', iif(no % 17 = 0, 'JPY', 'EUR')), 'payable', '[]', 1792000000000 + no, 1792000000000, 'conversion', \
         NULL, 0, 0 FROM n"
    );
    sql.script(&commissions).unwrap();
    let accounts = "INSERT INTO accounts SELECT partner_no, currency, 'payable', 0, sum(amount) FROM commissions \
                    GROUP BY partner_no, currency; \
                    INSERT INTO accounts SELECT partner_no, currency, 'earned', sum(amount), 0 FROM commissions \
                    GROUP BY partner_no, currency;";
    sql.script(accounts).unwrap();
}

/// Returns the peak memory of the process since the counter was last reset, in MiB.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
    kib / 1024.0
}

pub fn run() {
    let file: PathBuf = std::env::temp_dir().join(format!("signpost-payouts-{}.sqlite", std::process::id()));
    eprintln!("payouts: {PARTNERS} partners, {COMMISSIONS} commissions");
    let mut ledger = Ledger::over(NativeSql::open(&file).unwrap());
    // Like workerd, use a write-ahead log; do not wait for the disk, whose speed is not part of the figure.
    ledger.sql.exec("PRAGMA journal_mode = WAL", &[]).unwrap();
    ledger.sql.exec("PRAGMA synchronous = OFF", &[]).unwrap();
    ledger.put("/v1/program", &json!({"name": "P", "currency": "EUR"}));
    programme(&ledger.sql);
    let rates = ["USD EUR 0.9231", "JPY EUR 0.0061", "EUR USD 1.0833", "JPY USD 0.0066"].map(|rate| {
        let words: Vec<&str> = rate.split(' ').collect();
        json!({"date": "2026-10-31", "from": words[0], "to": words[1], "rate": words[2]})
    });
    assert_eq!(ledger.put("/v1/fx", &json!({ "rates": rates })).status, 200);
    let maker = ledger.key(&["payouts:write"], None);
    let body = json!({"period": {"from": "2026-10-01", "to": "2026-10-31"}}).to_string();
    drop(std::fs::write("/proc/self/clear_refs", "5"));
    let before = peak_mib();
    let (drafting, draft) = timed(|| ledger.call(&maker, "POST", "/v1/payouts/runs", &body, None));
    assert_eq!(draft.status, 201, "{}", draft.raw.body);
    let target = format!("/v1/payouts/runs/{}/approve", draft.text("/id"));
    let (approving, approved) = timed(|| ledger.call(OPERATOR, "POST", &target, "", None));
    assert_eq!(approved.status, 200, "{}", approved.raw.body);
    let memory = peak_mib() - before;
    assert_eq!(approved.json["counts"]["open"], PARTNERS, "{}", approved.raw.body);
    assert_eq!(ledger.rows("payout_items"), COMMISSIONS);
    let compares = "native, 10^4 partners, 10^6 commissions in three currencies, database in a file";
    figure("payout run, draft", drafting.as_secs_f64(), "s", None, compares);
    figure("payout run, approve", approving.as_secs_f64(), "s", None, compares);
    figure("payout run, draft and approve", (drafting + approving).as_secs_f64(), "s", Some(2.0), compares);
    figure("payout run, memory beside the database", memory, "MiB", Some(128.0), compares);
    for end in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{end}", file.display())));
    }
}
