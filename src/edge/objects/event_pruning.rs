//! The part of the Ledger's alarm that deletes old events. One step is done at most once a second, so that it delays no request.

use super::alarm::now_ms;
use crate::{
    edge::{
        failed,
        http::with_timeout,
        rpc::{STORE_TIMEOUT, Stores},
        sql::DurableSql,
        timestamp,
    },
    store::{
        log::pruning::{Step, next, prune, written},
        transaction,
    },
};
use worker::Result;

/// Does the next step, if one is due. A step that fails is repeated: it writes the same segment, or deletes nothing.
pub async fn prune_events(stores: &Stores, sql: &DurableSql) -> Result<()> {
    let now = timestamp(now_ms());
    match transaction(sql, || next(sql, now)).map_err(failed)? {
        Step::Nothing => Ok(()),
        Step::Write(put) => {
            with_timeout(STORE_TIMEOUT, stores.put(&put)).await?;
            written(sql, &put, timestamp(now_ms())).map_err(failed)
        }
        Step::Prune { key, last } => {
            let text = with_timeout(STORE_TIMEOUT, stores.value(&key)).await?;
            if !transaction(sql, || prune(sql, last, text.as_deref())).map_err(failed)? {
                worker::console_warn!(
                    "ledger: {key} is not in KV as it was written; it will be written again"
                );
            }
            Ok(())
        }
    }
}
