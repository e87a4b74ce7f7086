//! Runs simulations without delaying other requests. The Ledger copies rows to an object of the simulation's own, a page at a
//! time, and the copy is rerun a few conversions at a time. Between two slices, whoever waits for the thread gets it. The
//! platform's clock stands still while code runs, so a slice is bounded by its work.

use super::{failed, rpc::Stores, sql::DurableSql};
use crate::{
    domain::values::entropy::Entropy,
    edge::random::CryptoEntropy,
    ledger::simulation::{Scratch, Simulation},
    store::{
        SqlError,
        scratch::{self, Cursor, Extent},
        value::json_text,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::time::Duration;
use worker::{Delay, Result};

/// The rows of the Ledger that are read at once.
const ROWS_PER_SLICE: i64 = 20;
/// The conversions that are rerun at once.
const CONVERSIONS_PER_SLICE: usize = 2;
/// The length from which pages are sent.
const BATCH_LENGTH: usize = 16 * 1024;
/// The shortest time that can be awaited.
const TICK: Duration = Duration::from_millis(1);

/// Lets other requests run.
pub async fn pause() {
    Delay::from(TICK).await;
}

/// Copies `extent` and runs the simulation of a request on the copy. Returns the result as JSON.
pub async fn run(stores: &Stores, sql: &DurableSql, extent: &Extent, body: &str) -> Result<String> {
    let mut id = [0; 12];
    CryptoEntropy::default().fill(&mut id);
    let copy = stores.simulation(&URL_SAFE_NO_PAD.encode(id))?;
    let result = async {
        copy.open().await?;
        let (mut cursor, mut pages, mut length) = (Cursor::default(), Vec::new(), 0usize);
        while let Some(page) = scratch::read(sql, extent, &mut cursor, ROWS_PER_SLICE).map_err(failed)? {
            if !page.is_empty() {
                length = length.saturating_add(page.len());
                pages.push(page);
            }
            if length >= BATCH_LENGTH {
                copy.load(&json_text(&pages).map_err(failed)?).await?;
                pages.clear();
                length = 0;
            }
            pause().await;
        }
        copy.load(&json_text(&pages).map_err(failed)?).await?;
        copy.run(&json_text(extent).map_err(failed)?, body).await
    };
    let result = result.await;
    if result.is_err()
        && let Err(error) = copy.discard().await
    {
        worker::console_warn!("a copy of a failed simulation is deleted by its alarm: {error}");
    }
    result
}

/// Runs a simulation in its copy to the end. Returns the result as JSON.
pub async fn rerun(scratch: &Scratch<'_>, mut simulation: Simulation) -> Result<String> {
    loop {
        if let Some(view) = simulation.advance(scratch, CONVERSIONS_PER_SLICE).map_err(failed)? {
            return json_text(&view).map_err(|error: SqlError| failed(error));
        }
        pause().await;
    }
}
