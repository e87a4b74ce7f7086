//! What a conversion costs in the Ledger before and after its events are deleted, and what their deletion takes.

use crate::{figure, growth::Shop, percentile_us, timed};
use signpost::store::{
    log::{
        outbox,
        pruning::{self as rows, Step},
    },
    meta,
    native::NativeSql,
    transaction,
};
use std::{collections::HashMap, time::Duration};

/// Conversions whose events are deleted.
const PRUNED: u64 = 10_000;
/// The time after which events are deleted.
const RETENTION_MS: i64 = 31 * 86_400_000;

/// Writes the log to a map in place of KV, and deletes the events from the table. Returns how long each step took.
fn prune(shop: &Shop) -> Vec<Duration> {
    let (sql, mut kv, mut samples) = (&shop.ledger.sql, HashMap::new(), Vec::new());
    let mut now = shop.ledger.now.plus_ms(RETENTION_MS);
    loop {
        let work = transaction(sql, || outbox::due(sql, now)).unwrap();
        if work.puts.is_empty() {
            break;
        }
        transaction(sql, || outbox::done(sql, &work.ack)).unwrap();
    }
    loop {
        let (took, step) = timed(|| transaction(sql, || rows::next(sql, now)).unwrap());
        match step {
            Step::Write(put) => {
                rows::written(sql, &put, now).unwrap();
                kv.insert(put.key, put.value);
                samples.push(took);
            }
            Step::Prune { key, last } => {
                let text = kv.remove(&key);
                let delete = || transaction(sql, || rows::prune(sql, last, text.as_deref())).unwrap();
                let (deleting, is_deleted) = timed(delete);
                assert!(is_deleted);
                samples.push(took + deleting);
            }
            Step::Nothing => {
                let at = meta::get_int(sql, meta::name::EVENTS_PRUNE_AT).unwrap();
                let Some(ahead) = at.map(|at| at - now.ms()).filter(|ahead| *ahead > 0) else {
                    return samples;
                };
                now = now.plus_ms(ahead);
            }
        }
    }
}

/// The size of a conversion with its events in the table, and with its events in KV only.
pub fn run() {
    let mut shop = Shop::open(NativeSql::in_memory().unwrap());
    shop.sell_until(PRUNED);
    let each = |shop: &Shop| shop.bytes() as f64 / PRUNED as f64;
    let before = each(&shop);
    let mut samples = prune(&shop);
    let after = each(&shop);
    let name = "conversion, events of 30 days ago";
    figure(
        &format!("{name}: size before"),
        before,
        "B",
        None,
        "database ÷ conversions, with its events in the Ledger",
    );
    figure(
        &format!("{name}: size after"),
        after,
        "B",
        None,
        "database ÷ conversions, with its events in KV only",
    );
    figure(&format!("{name}: ratio"), after / before, "×", Some(0.5), "size after ÷ size before");
    let step = percentile_us(&mut samples, 99);
    figure(
        &format!("{name}: p99 of a step"),
        step,
        "µs",
        None,
        "500 events are formatted or deleted; once a second at most",
    );
}
