//! Clicks on their way from an instance to the ClickLog objects. Clicks that arrive within a few milliseconds are sent as
//! one batch. The first request of a batch carries the clicks of the others, because Workers forbid input and output on
//! behalf of another request.

use super::{http::with_timeout, objects::now_ms, rpc::Stores};
use crate::domain::clicks::{click::SHARDS, visit::Visit};
use futures_util::future::join_all;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use worker::{Delay, Result};

/// How long a batch waits for more clicks. A call to an object costs as much as several redirects, so batches are cheaper;
/// but a click that waits is not stored yet, and is lost if the machine fails.
const GATHERING: Duration = Duration::from_millis(16);
/// A batch for more shards than this is sent to one object, which forwards it together with later ones
/// (`store/clicks/forwarding.rs`).
const DIRECT_SHARDS: usize = 2;
/// The maximum number of clicks in a batch.
const BATCH: usize = 1_000;
/// A batch that is not picked up within this time has lost its carrier, because the request was ended. The next click gets
/// a new carrier for it.
const ABANDONED_MS: f64 = 1_000.0;
/// A batch that no carrier picked up within this time is lost. Together with the attempts below, it bounds how late a click
/// can be stored (`store/clicks/watermark.rs`).
const LOST_MS: f64 = 15_000.0;
/// The maximum number of clicks on their way. If there are more, the objects are down, and the limit protects the memory of
/// the isolate.
const ON_THE_WAY: usize = 50_000;
/// The time after which a call to an object is repeated. An object stores a repeated click once.
const CLICKLOG_TIMEOUT: Duration = Duration::from_secs(5);
/// The pauses between attempts.
const RETRY: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(4)];

/// Records by shard: JSON arrays without their brackets.
#[derive(Default)]
struct Batch {
    count: usize,
    /// When its first click was added, Unix milliseconds.
    opened_at: f64,
    shards: BTreeMap<u8, (String, usize)>,
}

/// The batches that wait for their carriers.
#[derive(Default)]
struct Gathering {
    /// The number of the open batch.
    number: u32,
    /// When a carrier was requested for the open batch, Unix milliseconds.
    since: f64,
    /// The batch that new clicks are added to.
    open: Batch,
    /// Full batches by number.
    full: HashMap<u32, Batch>,
}

thread_local! {
    static BATCHES: RefCell<Gathering> = RefCell::default();
    static CLICKS_ON_THE_WAY: Cell<usize> = const { Cell::new(0) };
    static LOST: Cell<usize> = const { Cell::new(0) };
    /// The shard that this instance sends mixed batches to. It is random, so that instances spread over the shards.
    static INTAKE: u8 = {
        let mut byte = [0];
        let [random] = getrandom::fill(&mut byte).map_or([0], |()| byte);
        random.checked_rem(SHARDS).unwrap_or(0)
    };
}

/// Queues a click, to be stored after the response. Returns whether the batch needs a carrier.
pub fn record(shard: u8, visit: &Visit, now: f64) -> bool {
    let on_the_way = CLICKS_ON_THE_WAY.get();
    if on_the_way >= ON_THE_WAY {
        lose(1, "too many are on their way");
        return false;
    }
    CLICKS_ON_THE_WAY.set(on_the_way.saturating_add(1));
    BATCHES.with_borrow_mut(|batches| {
        let needs_carrier = batches.open.count == 0 || now - batches.since >= ABANDONED_MS;
        if needs_carrier {
            batches.number = batches.number.wrapping_add(1);
            batches.since = now;
        }
        if batches.open.count == 0 {
            batches.open.opened_at = now;
        }
        let (records, count) = batches.open.shards.entry(shard).or_default();
        if !records.is_empty() {
            records.push(',');
        }
        visit.write_json(records);
        *count = count.saturating_add(1);
        batches.open.count = batches.open.count.saturating_add(1);
        if batches.open.count >= BATCH {
            let full = std::mem::take(&mut batches.open);
            batches.full.insert(batches.number, full);
        }
        needs_carrier
    })
}

/// Returns the number of the batch that needs a carrier.
pub fn newest_batch() -> u32 {
    BATCHES.with_borrow(|batches| batches.number)
}

/// Removes and returns the batch, unless another carrier has it.
fn pick_up(number: u32) -> Option<Batch> {
    BATCHES.with_borrow_mut(|batches| match batches.full.remove(&number) {
        Some(batch) => Some(batch),
        None => (batches.number == number).then(|| std::mem::take(&mut batches.open)),
    })
}

fn arrived(count: usize) {
    CLICKS_ON_THE_WAY.set(CLICKS_ON_THE_WAY.get().saturating_sub(count));
}

/// Sends a batch to its objects.
pub async fn carry(stores: &Stores, number: u32) {
    Delay::from(GATHERING).await;
    let Some(Batch { count, opened_at, shards }) = pick_up(number) else { return };
    if now_ms() - opened_at > LOST_MS {
        lose(count, "the request that carried them was ended");
        arrived(count);
        return;
    }
    if shards.len() > DIRECT_SHARDS && hand_over(stores, &shards).await {
        arrived(count);
        return;
    }
    let deliveries = shards.iter().map(|(shard, (records, count))| deliver(stores, *shard, records, *count));
    join_all(deliveries).await;
}

/// Sends a batch to one object, which forwards it. Returns `false` if the batch may not have been stored.
async fn hand_over(stores: &Stores, shards: &BTreeMap<u8, (String, usize)>) -> bool {
    let length = shards.values().map(|(records, _)| records.len().saturating_add(8)).sum();
    let mut by_shard = String::with_capacity(length);
    for (shard, (records, _)) in shards {
        by_shard.push(if by_shard.is_empty() { '{' } else { ',' });
        for part in ["\"", shard.to_string().as_str(), "\":[", records, "]"] {
            by_shard.push_str(part);
        }
    }
    by_shard.push('}');
    let intake = INTAKE.with(|shard| *shard);
    let taken = async { stores.click_log(intake)?.take(&by_shard).await };
    match with_timeout(CLICKLOG_TIMEOUT, taken).await {
        Ok(()) => true,
        Err(error) => {
            worker::console_warn!("a batch of clicks is sent to its shards one by one: {error}");
            false
        }
    }
}

async fn deliver(stores: &Stores, shard: u8, records: &str, count: usize) {
    let records = format!("[{records}]");
    let attempt = || async {
        let appended = async { stores.click_log(shard)?.append(&records).await };
        with_timeout(CLICKLOG_TIMEOUT, appended).await
    };
    let mut result: Result<()> = attempt().await;
    for pause in RETRY {
        if result.is_ok() {
            break;
        }
        Delay::from(pause).await;
        result = attempt().await;
    }
    if let Err(error) = result {
        lose(count, &error.to_string());
    }
    arrived(count);
}

/// Counts clicks that could not be stored. Logs the first loss, and each doubling of the total.
fn lose(count: usize, why: &str) {
    let before = LOST.get();
    let lost = before.saturating_add(count);
    LOST.set(lost);
    if lost.leading_zeros() < before.leading_zeros() {
        worker::console_error!("{lost} clicks of this isolate were not stored so far: {why}");
    }
}
