//! Redacts the segments of the event log in KV that earlier versions wrote with the payer's account in the clear. The alarm of a
//! new version does so once, a page of segments at a time.

use crate::{
    edge::{
        http::with_timeout,
        rpc::{STORE_TIMEOUT, Stores},
    },
    store::{
        Sql, SqlError,
        log::{
            outbox::EVENT_SEGMENTS,
            redaction::{self, redact_segment},
        },
    },
};
use std::borrow::Cow;
use worker::Result;

/// The number of segments that are read in one step. Each is at most a few MiB long.
const SEGMENTS_PER_STEP: u64 = 20;

fn failed(error: SqlError) -> worker::Error {
    worker::Error::RustError(error.to_string())
}

/// Redacts the next page of segments. Returns whether all are redacted.
pub async fn redact_segments(stores: &Stores, sql: &dyn Sql) -> Result<bool> {
    let Some(progress) = redaction::progress(sql).map_err(failed)? else { return Ok(true) };
    let kv = stores.kv()?;
    let mut list = kv.list().prefix(stores.key(EVENT_SEGMENTS)).limit(SEGMENTS_PER_STEP);
    if !progress.is_empty() {
        list = list.cursor(progress);
    }
    let page = with_timeout(STORE_TIMEOUT, async { Ok(list.execute().await?) }).await?;
    for key in page.keys {
        let rewrite = async {
            let Some(segment) = kv.get(&key.name).text().await? else { return Ok(()) };
            let Cow::Owned(redacted) = redact_segment(&segment) else { return Ok(()) };
            let mut write = kv.put(&key.name, redacted)?;
            if let Some(metadata) = &key.metadata {
                write = write.metadata(metadata)?;
            }
            Ok(write.execute().await?)
        };
        with_timeout(STORE_TIMEOUT, rewrite).await?;
    }
    let next = page.cursor.filter(|_| !page.list_complete);
    redaction::set_progress(sql, next.as_deref()).map_err(failed)?;
    Ok(next.is_none())
}
