//! All rows of a database as text, to check that a request left nothing behind.

use signpost::store::Sql;
use std::collections::BTreeMap;

/// Rows by table, in the order of their keys; `quote()` keeps 1, 1.0 and '1' apart.
pub type Rows = BTreeMap<String, Vec<String>>;

/// Every row of every table.
pub fn rows(sql: &dyn Sql) -> Rows {
    let texts = |statement: &str| -> Vec<String> {
        let rows = sql.exec(statement, &[]).unwrap();
        rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
    };
    let tables = texts("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    let rows_of = |table: String| {
        let columns = texts(&format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')"));
        let rows = texts(&format!("SELECT {} FROM {table}", columns.join(" || ' | ' || ")));
        (table, rows)
    };
    tables.into_iter().map(rows_of).collect()
}

/// The rows that only one of the two has, by table; empty if they are equal. `listing_calls` is left out: each accepted callback
/// changes it, also one that is delivered again, and a rebuilt Ledger does not have it.
pub fn difference(before: &Rows, after: &Rows) -> Vec<String> {
    let mut lines = Vec::new();
    for (table, rows) in after {
        let old = before.get(table).cloned().unwrap_or_default();
        if *rows == old || table == "listing_calls" {
            continue;
        }
        lines.extend(rows.iter().filter(|row| !old.contains(row)).map(|row| format!("+ {table}: {row}")));
        lines.extend(old.iter().filter(|row| !rows.contains(row)).map(|row| format!("- {table}: {row}")));
    }
    lines
}
