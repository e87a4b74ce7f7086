//! Schema versions: an older Ledger opens under newer code, a newer one is refused, and each migration is applied as a
//! whole or not at all.

use crate::support::{Ledger, rows};
use serde_json::json;
use signpost::store::{
    Sql,
    native::NativeSql,
    programme::partner_words,
    schema::{CUSTOMERS_OF_SHOPS, LEDGER, MigrateError, Step, migrate},
    transaction,
};
use std::{fs, path::PathBuf};

/// A file for one test, removed when the value is dropped.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let path =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.sqlite", std::process::id()));
        drop(fs::remove_file(&path));
        Self(path)
    }

    fn open(&self) -> NativeSql {
        NativeSql::open(&self.0).unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

fn newest() -> i64 {
    LEDGER.last().unwrap().version
}

/// A Ledger as version 1 left it, written without this code's `migrate`.
fn version_1(file: &File) {
    let connection = rusqlite::Connection::open(&file.0).unwrap();
    connection.execute_batch(LEDGER[0].script).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE schema_version (version INTEGER PRIMARY KEY) WITHOUT ROWID;
             INSERT INTO schema_version VALUES (1);
             INSERT INTO partners (no, id, name, kind, status, commission_bp, metadata, created_at, updated_at) VALUES
               (1, 'ptn_00000000000000000000000000', 'Ada', 'creator', 'active', 1500, '{}', 0, 0);
             INSERT INTO conversions (no, id, type, external_id, amount, currency, refunded, occurred_at, metadata,
               created_at, partner_no, link_no, country, device, sent, attribution, answer) VALUES
               (1, 'cnv_00000000000000000000000000', 'sale', 'o-0', 500, 'EUR', 0, 0, '{}', 0, 1, 0, '', 0, '{}', '{}', '');
             INSERT INTO commissions (no, id, conversion_no, partner_no, link_no, share_bp, rate_bp, amount, reversed,
               currency, status, flags, matures_at, created_at) VALUES
               (1, 'com_00000000000000000000000000', 1, 1, 0, 10000, 1500, 75, 0, 'EUR', 'pending', '[]', 0, 0);
             INSERT INTO transfers (no, id, partner_no, debit, credit, amount, currency, kind, commission_no, created_at)
               VALUES (1, 'trf_00000000000000000000000000', 1, 'earned', 'pending', 75, 'EUR', 'commission', 1, 0);
             INSERT INTO accounts (partner_no, currency, account, debits, credits) VALUES
               (1, 'EUR', 'earned', 75, 0), (1, 'EUR', 'pending', 0, 75);",
        )
        .unwrap();
}

#[test]
fn migrations_are_numbered_from_one_without_a_gap() {
    let versions: Vec<i64> = LEDGER.iter().map(|step| step.version).collect();
    assert_eq!(versions, (1..=newest()).collect::<Vec<_>>());
}

#[test]
fn a_ledger_of_version_1_opens_under_current_code_with_all_its_data() {
    let file = File::new("version-1");
    version_1(&file);
    let mut ledger = Ledger::over(file.open());
    let partners = ledger.get("/v1/partners");
    assert_eq!((partners.status, &partners.json["data"][0]["name"]), (200, &json!("Ada")));
    let found = |ledger: &mut Ledger| ledger.get("/v1/partners?q=ad").json["data"].as_array().unwrap().len();
    assert_eq!(found(&mut ledger), 0);
    for _ in 0..2 {
        transaction(&ledger.sql, || partner_words::complete(&ledger.sql)).unwrap();
        assert_eq!(found(&mut ledger), 1, "its words are added when the Ledger opens");
    }
    // Commissions from before holds existed are not held.
    let earned = ledger.get("/v1/commissions").json["data"][0].take();
    assert_eq!((&earned["held_reason"], &earned["status"]), (&json!(null), &json!("payable")));
    assert_eq!(ledger.get("/v1/balances").json["data"][0]["payable"], 75);
    let listing = ledger.listing("https://shop.example");
    let (_, no) = ledger.link("ptn_00000000000000000000000000", &listing);
    let click = ledger.click(no);
    assert_eq!(ledger.sale("o-1", &click, 1_000).json["commissions"][0]["amount"], 150);
    ledger.audit();
    drop(ledger);
    // Opened again, nothing is migrated twice and nothing is lost.
    let sql = file.open();
    let before = rows::rows(&sql);
    assert_eq!(migrate(&sql, LEDGER).unwrap(), newest());
    assert_eq!(rows::difference(&before, &rows::rows(&sql)), Vec::<String>::new());
    assert_eq!(Ledger::over(sql).get("/v1/commissions").json["data"][0]["amount"], 150);
}

#[test]
fn plans_of_accounts_are_known_from_the_time_they_were_reported() {
    let sql = NativeSql::in_memory().unwrap();
    migrate(&sql, &LEDGER[..3]).unwrap();
    sql.script(
        "INSERT INTO marketplace_accounts (listing_no, account, status, plan, changed_at, plan_at) VALUES
           (1, 'a-1', 'activated', 'gold', 9, 5), (1, 'a-2', 'installed', NULL, 9, NULL);",
    )
    .unwrap();
    migrate(&sql, LEDGER).unwrap();
    assert_eq!(rows::rows(&sql)["account_plans"], ["1 | 'a-1' | 5 | 'gold'"]);
}

/// Two shops, an instance of Magento and a listing without callbacks, with customers under their old names.
const SHOPS: &str = "
    INSERT INTO listings (no, id, name, marketplace, url, settings, secret_names, created_at, updated_at) VALUES
      (1, 'lst_one', 'One', 'woocommerce', 'https://one.example', '{}', '[]', 0, 0),
      (2, 'lst_two', 'Two', 'woocommerce', 'https://two.example', '{}', '[]', 0, 0),
      (3, 'lst_three', 'Three', 'magento', 'https://three.example', '{}', '[]', 0, 0),
      (4, 'lst_four', 'Four', 'apple', 'https://four.example', '{}', '[]', 0, 0);
    INSERT INTO partners (no, id, name, kind, status, commission_bp, metadata, created_at, updated_at) VALUES
      (1, 'ptn_1', 'Ada', 'creator', 'active', 1500, '{}', 0, 0);
    INSERT INTO links (no, id, partner_no, listing_no, token, metadata, created_at) VALUES
      (7, 'lnk_7', 1, 2, 'seven', '{}', 0), (8, 'lnk_8', 1, 4, 'eight', '{}', 0);
    INSERT INTO conversions (no, id, type, external_id, amount, currency, refunded, customer_id, listing_no, occurred_at,
      metadata, created_at, partner_no, link_no, country, device, sent, attribution, answer) VALUES
      (1, 'c1', 'sale', 'lst_one/order:1', 5, 'EUR', 0, 'woocommerce:customer:26', 1, 0, '{}', 0, 0, 0, '', 0, '', '', ''),
      (2, 'c2', 'sale', 'lst_two/order:1', 5, 'EUR', 0, 'woocommerce:customer:26', 2, 0, '{}', 0, 0, 0, '', 0, '', '', ''),
      (3, 'c3', 'sale', 'lst_one/order:2', 5, 'EUR', 0, 'woocommerce:order:2', 1, 0, '{}', 0, 0, 0, '', 0, '', '', ''),
      (4, 'c4', 'sale', 'lst_three/order:1', 5, 'EUR', 0, 'magento:customer:x y', 3, 0, '{}', 0, 0, 0, '', 0, '', '', ''),
      (5, 'c5', 'sale', 'lst_one/order:3', 5, 'EUR', 0, 'woocommerce:guest:ab', 1, 0, '{}', 0, 0, 0, '', 0, '', '', ''),
      (6, 'c6', 'sale', 'lst_four/t:1', 5, 'EUR', 0, 'apple:customer:26', 4, 0, '{}', 0, 0, 0, '', 0, '', '', ''),
      (7, 'c7', 'lead', 'lead-1', NULL, NULL, 0, 'woocommerce:customer:26', NULL, 0, '{}', 0, 0, 0, '', 0, '', '', ''),
      (8, 'c8', 'lead', 'lead-2', NULL, NULL, 0, 'woocommerce:customer:26', 1, 0, '{}', 0, 0, 0, '', 0, '', '', '');
    INSERT INTO customer_touches (customer_id, click_id, link_no, clicked_at, class, country, device, bound_by) VALUES
      ('woocommerce:customer:26', 'by one', 7, 1, 0, '', 0, 1), ('woocommerce:customer:26', 'by two', 7, 2, 0, '', 0, 2),
      ('woocommerce:customer:26', 'to two', 7, 3, 0, '', 0, 0), ('woocommerce:customer:26', 'to four', 8, 4, 0, '', 0, 0),
      ('magento:customer:x y', 'the only one', 8, 5, 0, '', 0, 0), ('apple:customer:26', 'apple', 8, 6, 0, '', 0, 6),
      ('woocommerce:customer:26', 'by the lead', 7, 7, 0, '', 0, 7);
    INSERT INTO uses (key, used) VALUES ('cap p 1 EUR customer woocommerce:customer:26', 9), ('cap p 1 EUR 2026-11', 30),
      ('cap p 1 EUR customer apple:customer:26', 4);";

#[test]
fn customers_of_shops_are_named_with_their_listing() {
    let sql = NativeSql::in_memory().unwrap();
    migrate(&sql, &LEDGER[..9]).unwrap();
    sql.script(SHOPS).unwrap();
    migrate(&sql, LEDGER).unwrap();
    let texts = |statement: &str| -> Vec<String> {
        let rows = sql.exec(statement, &[]).unwrap();
        rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
    };
    assert_eq!(
        texts("SELECT customer_id FROM conversions ORDER BY no"),
        [
            "woocommerce:lst_one/customer:26",
            "woocommerce:lst_two/customer:26",
            "woocommerce:lst_one/order:2",
            "magento:lst_three/customer:x y",
            "woocommerce:guest:ab",
            "apple:customer:26",
            "woocommerce:customer:26",
            "woocommerce:customer:26",
        ]
    );
    assert_eq!(
        texts("SELECT click_id || ': ' || customer_id FROM customer_touches ORDER BY clicked_at"),
        [
            "by one: woocommerce:lst_one/customer:26",
            "by two: woocommerce:lst_two/customer:26",
            "to two: woocommerce:lst_two/customer:26",
            // Nobody knows whose it is.
            "to four: woocommerce:customer:26",
            "the only one: magento:lst_three/customer:x y",
            "apple: apple:customer:26",
            "by the lead: woocommerce:customer:26",
        ]
    );
    assert_eq!(
        texts("SELECT key || ' = ' || used FROM uses ORDER BY 1"),
        [
            "cap p 1 EUR 2026-11 = 30",
            "cap p 1 EUR customer apple:customer:26 = 4",
            "cap p 1 EUR customer woocommerce:lst_one/customer:26 = 9",
            "cap p 1 EUR customer woocommerce:lst_two/customer:26 = 9",
        ]
    );
    // A second time, as at the end of a replay, it changes nothing.
    let before = rows::rows(&sql);
    sql.script(CUSTOMERS_OF_SHOPS).unwrap();
    assert_eq!(rows::difference(&before, &rows::rows(&sql)), Vec::<String>::new());
}

#[test]
fn a_newer_ledger_is_refused_and_left_alone() {
    let sql = NativeSql::in_memory().unwrap();
    migrate(&sql, LEDGER).unwrap();
    let future = newest() + 1;
    sql.exec("INSERT INTO schema_version (version) VALUES (?1)", &[future.into()]).unwrap();
    let before = rows::rows(&sql);
    let refused = migrate(&sql, LEDGER).unwrap_err();
    assert!(matches!(refused, MigrateError::TooNew { found, known } if (found, known) == (future, newest())));
    let known = newest();
    assert_eq!(
        refused.to_string(),
        format!(
            "the database has schema version {future}, this code knows {known}: deploy a version at least as new"
        )
    );
    assert_eq!(rows::difference(&before, &rows::rows(&sql)), Vec::<String>::new());
}

const FIRST: Step = Step { version: 1, script: "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);" };
const SECOND: Step =
    Step { version: 2, script: "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;" };
const THIRD: Step = Step { version: 3, script: "CREATE TABLE b (x INTEGER); INSERT INTO b SELECT y FROM a;" };

fn number(sql: &dyn Sql, statement: &str) -> i64 {
    sql.exec(statement, &[]).unwrap()[0].int(0).unwrap()
}

#[test]
fn only_missing_migrations_are_applied_and_in_order() {
    let sql = NativeSql::in_memory().unwrap();
    assert_eq!(migrate(&sql, &[FIRST]).unwrap(), 1);
    sql.exec("INSERT INTO a VALUES (10)", &[]).unwrap();
    assert_eq!(migrate(&sql, &[FIRST, SECOND, THIRD]).unwrap(), 3);
    assert_eq!(migrate(&sql, &[FIRST, SECOND, THIRD]).unwrap(), 3);
    assert_eq!(number(&sql, "SELECT sum(x) FROM b"), 13);
    assert_eq!(number(&sql, "SELECT count(*) FROM schema_version"), 3);
}

#[test]
fn a_failed_migration_leaves_no_trace() {
    // The second migration fails at its end, after it added a table, a column and rows.
    let broken = Step {
        version: 2,
        script: "CREATE TABLE c (x INTEGER); ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = 5; DELETE FROM a; \
                 INSERT INTO nowhere VALUES (1);",
    };
    let sql = NativeSql::in_memory().unwrap();
    let refused = migrate(&sql, &[FIRST, broken, THIRD]).unwrap_err();
    assert_eq!(refused.to_string(), "the database refused a statement: no such table: nowhere");
    // The first migration is applied, the second is rolled back, and the third was not tried.
    let mut expected = rows::Rows::new();
    expected.insert("a".to_owned(), vec!["1".to_owned()]);
    expected.insert("schema_version".to_owned(), vec!["1".to_owned()]);
    assert_eq!(rows::rows(&sql), expected);
    // Once it is repaired, migration continues from there.
    assert_eq!(migrate(&sql, &[FIRST, SECOND, THIRD]).unwrap(), 3);
    assert_eq!(number(&sql, "SELECT x FROM b"), 2);
}
