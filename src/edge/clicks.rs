//! Clicks on their way from an instance to the ClickLog objects. Clicks that arrive together travel together: the first
//! request of a batch carries those of the others, because Workers forbids input and output on another request's behalf.

use super::{http::with_timeout, rpc::Stores};
use crate::domain::clicks::click::SHARDS;
use futures_util::future::join_all;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use worker::{Delay, Result};

/// A batch waits so long for more clicks. A call to an object costs as much as several redirects, so company pays; but a
/// click that waits is not stored yet, and is lost if the machine fails.
const GATHERING: Duration = Duration::from_millis(16);
/// A batch of more shards than these goes to one object, which passes it on with later ones (`store/clicklog/intake.rs`).
const DIRECT_SHARDS: usize = 2;
/// Clicks of a batch at most.
const BATCH: usize = 1_000;
/// A batch that its carrier has not picked up by then lost it (the request was ended); the next click finds it another.
const ABANDONED_MS: f64 = 1_000.0;
/// Clicks on their way at most. Beyond that the objects are down, and the isolate's memory is what is at stake.
const ON_THE_WAY: usize = 50_000;
/// An object that has not answered by then is asked again. It takes a repeated click once.
const CLICKLOG_TIMEOUT: Duration = Duration::from_secs(5);
/// Pauses between tries.
const RETRY: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(4)];

/// Records by shard: JSON arrays without their brackets.
#[derive(Default)]
struct Batch {
    count: usize,
    shards: BTreeMap<u8, (String, usize)>,
}

/// The batches that wait for their carriers.
#[derive(Default)]
struct Gathering {
    /// Names the batch that takes clicks in.
    number: u32,
    /// When its carrier was asked for, Unix milliseconds.
    since: f64,
    open: Batch,
    /// Batches that are full, by number.
    full: HashMap<u32, Batch>,
}

thread_local! {
    static BATCHES: RefCell<Gathering> = RefCell::default();
    static CLICKS_ON_THE_WAY: Cell<usize> = const { Cell::new(0) };
    static LOST: Cell<usize> = const { Cell::new(0) };
    /// The object that takes this instance's batches: instances spread over the objects.
    static INTAKE: u8 = {
        let mut byte = [0];
        let [random] = getrandom::fill(&mut byte).map_or([0], |()| byte);
        random.checked_rem(SHARDS).unwrap_or(0)
    };
}

/// Takes a click in, to be stored after the answer; whether somebody must carry the batch.
pub fn record(shard: &str, click: &str, now: f64) -> bool {
    let on_the_way = CLICKS_ON_THE_WAY.get();
    let Some(shard) = shard.parse().ok().filter(|_| on_the_way < ON_THE_WAY) else {
        lose(1, "too many are on their way");
        return false;
    };
    CLICKS_ON_THE_WAY.set(on_the_way.saturating_add(1));
    BATCHES.with_borrow_mut(|batches| {
        let needs_carrier = batches.open.count == 0 || now - batches.since >= ABANDONED_MS;
        if needs_carrier {
            batches.number = batches.number.wrapping_add(1);
            batches.since = now;
        }
        let (records, count) = batches.open.shards.entry(shard).or_default();
        if !records.is_empty() {
            records.push(',');
        }
        records.push_str(click);
        *count = count.saturating_add(1);
        batches.open.count = batches.open.count.saturating_add(1);
        if batches.open.count >= BATCH {
            let full = std::mem::take(&mut batches.open);
            batches.full.insert(batches.number, full);
        }
        needs_carrier
    })
}

/// Names the batch whose carrier is being asked for.
pub fn newest_batch() -> u32 {
    BATCHES.with_borrow(|batches| batches.number)
}

/// The batch, unless another carrier has it.
fn pick_up(number: u32) -> Option<Batch> {
    BATCHES.with_borrow_mut(|batches| match batches.full.remove(&number) {
        Some(batch) => Some(batch),
        None => (batches.number == number).then(|| std::mem::take(&mut batches.open)),
    })
}

fn arrived(count: usize) {
    CLICKS_ON_THE_WAY.set(CLICKS_ON_THE_WAY.get().saturating_sub(count));
}

/// Carries a batch to its objects.
pub async fn carry(stores: &Stores, number: u32) {
    Delay::from(GATHERING).await;
    let Some(Batch { count, shards }) = pick_up(number) else { return };
    if shards.len() > DIRECT_SHARDS && hand_over(stores, &shards).await {
        arrived(count);
        return;
    }
    let deliveries = shards.iter().map(|(shard, (records, count))| deliver(stores, *shard, records, *count));
    join_all(deliveries).await;
}

/// Stores a batch in the instance's object; false if it may not have been stored. A shard takes a repeated click once.
async fn hand_over(stores: &Stores, shards: &BTreeMap<u8, (String, usize)>) -> bool {
    let length = shards.values().map(|(records, _)| records.len().saturating_add(8)).sum();
    let mut by_shard = String::with_capacity(length);
    for (shard, (records, _)) in shards {
        by_shard.push(if by_shard.is_empty() { '{' } else { ',' });
        by_shard.push_str(&format!("\"{shard}\":[{records}]"));
    }
    by_shard.push('}');
    let intake = INTAKE.with(|shard| *shard);
    let taken = async { stores.click_log(intake)?.take(&by_shard).await };
    match with_timeout(CLICKLOG_TIMEOUT, taken).await {
        Ok(()) => true,
        Err(error) => {
            worker::console_warn!("a batch of clicks goes to its shards one by one: {error}");
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

/// Counts what could not be stored. The log gets a line at the first, and at each doubling.
fn lose(count: usize, why: &str) {
    let before = LOST.get();
    let lost = before.saturating_add(count);
    LOST.set(lost);
    if lost.leading_zeros() < before.leading_zeros() {
        worker::console_error!("{lost} clicks of this isolate were not stored so far: {why}");
    }
}
