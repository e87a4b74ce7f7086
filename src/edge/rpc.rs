//! The stores of a programme: its Durable Objects, called by Workers RPC or `fetch`, and its keys in KV.

use crate::{domain::programme::id::ProgrammeId, store::log::outbox::Put};
use js_sys::{Promise, futures::JsFuture};
use std::time::Duration;
use wasm_bindgen::prelude::*;
use worker::{Env, KvStore, Request, Response, Result};

/// How long a store may take to respond. Calls that time out are retried, which is safe because the stores apply
/// repeated data once.
pub const STORE_TIMEOUT: Duration = Duration::from_secs(10);

#[wasm_bindgen]
extern "C" {
    /// The Ledger's methods (`objects/ledger.rs`).
    pub type LedgerRpc;
    #[wasm_bindgen(method, catch)]
    fn snapshot(this: &LedgerRpc) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn slug(this: &LedgerRpc, slug: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn path(this: &LedgerRpc, link_no: u32) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = applyCounts)]
    fn apply_counts(this: &LedgerRpc, deltas: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = callbackListing)]
    fn callback_listing(this: &LedgerRpc, id: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = listingOfApp)]
    fn listing_of_app(this: &LedgerRpc, app: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn report(this: &LedgerRpc, report: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = callbacksRefused)]
    fn callbacks_refused(this: &LedgerRpc, counts: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn resume(this: &LedgerRpc, id: &str, cookies: &str) -> std::result::Result<Promise, JsValue>;

    /// A ClickLog's methods (`objects/clicklog.rs`).
    pub type ClickLogRpc;
    #[wasm_bindgen(method, catch)]
    fn append(this: &ClickLogRpc, records: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn restore(this: &ClickLogRpc, packed: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn take(this: &ClickLogRpc, by_shard: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn page(this: &ClickLogRpc, query: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn count(this: &ClickLogRpc, query: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn tail(this: &ClickLogRpc, after: f64, limit: u32) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn trail(this: &ClickLogRpc, click_id: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn watermark(this: &ClickLogRpc) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn last(this: &ClickLogRpc) -> std::result::Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn destinations(this: &LedgerRpc) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = logPart)]
    fn log_part(
        this: &LedgerRpc,
        destination: &str,
        after: f64,
        through: Option<f64>,
    ) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn disable(this: &LedgerRpc, destination: &str, reason: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn mail(this: &LedgerRpc, kind: &str, at: f64, data: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = mailReports)]
    fn mail_reports(this: &LedgerRpc, provider: &str, reports: &str)
    -> std::result::Result<Promise, JsValue>;

    /// The relay's methods (`objects/relay.rs`).
    pub type RelayRpc;
    #[wasm_bindgen(method, catch)]
    fn take(this: &RelayRpc, batch: &str) -> std::result::Result<Promise, JsValue>;

    /// The methods of a destination (`objects/destination.rs`).
    pub type DestinationRpc;
    #[wasm_bindgen(method, catch)]
    fn push(this: &DestinationRpc, push: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn execute(this: &DestinationRpc, command: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn attempts(this: &DestinationRpc, query: &str) -> std::result::Result<Promise, JsValue>;

    /// A simulation's methods (`objects/simulation.rs`).
    pub type SimulationRpc;
    #[wasm_bindgen(method, catch)]
    fn open(this: &SimulationRpc) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn load(this: &SimulationRpc, pages: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn run(this: &SimulationRpc, extent: &str, body: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn discard(this: &SimulationRpc) -> std::result::Result<Promise, JsValue>;
}

async fn returned(promise: std::result::Result<Promise, JsValue>) -> Result<JsValue> {
    Ok(JsFuture::from(promise?).await?)
}

/// Returns the result of a method that returns a string or nothing.
async fn text(promise: std::result::Result<Promise, JsValue>) -> Result<Option<String>> {
    Ok(returned(promise).await?.as_string())
}

/// Returns the result of a method that returns a string.
async fn required_text(promise: std::result::Result<Promise, JsValue>) -> Result<String> {
    text(promise)
        .await?
        .ok_or_else(|| worker::Error::RustError("the Durable Object did not return a string".to_owned()))
}

/// Returns the result of a method that returns a number.
async fn required_number(promise: std::result::Result<Promise, JsValue>) -> Result<f64> {
    returned(promise)
        .await?
        .as_f64()
        .ok_or_else(|| worker::Error::RustError("the Durable Object did not return a number".to_owned()))
}

/// The Worker's bindings, for one programme.
#[derive(Clone)]
pub struct Stores {
    env: Env,
    /// The programme.
    pub programme: ProgrammeId,
}

impl Stores {
    /// Returns the stores of a programme.
    pub fn new(env: Env, programme: ProgrammeId) -> Self {
        Self { env, programme }
    }

    /// Returns the Worker's bindings.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// Returns a variable or secret of the Worker, if it is set and not empty.
    pub fn variable(&self, name: &str) -> Option<String> {
        let value = js_sys::Reflect::get(self.env.as_ref(), &JsValue::from_str(name)).ok()?;
        value.as_string().filter(|text| !text.is_empty())
    }

    /// Returns a stub of the Ledger.
    pub fn ledger(&self) -> Result<Ledger> {
        let stub = self.env.durable_object("LEDGER")?.get_by_name(self.programme.ledger_name())?;
        Ok(Ledger(stub.into_rpc()))
    }

    /// Returns the Ledger's response to a request of the API.
    pub async fn ledger_response(&self, request: Request) -> Result<Response> {
        let stub = self.env.durable_object("LEDGER")?.get_by_name(self.programme.ledger_name())?;
        stub.fetch_with_request(request).await
    }

    /// Returns a stub of a ClickLog.
    pub fn click_log(&self, shard: u8) -> Result<ClickLog> {
        let stub = self.env.durable_object("CLICKLOG")?.get_by_name(&self.programme.click_log_name(shard))?;
        Ok(ClickLog(stub.into_rpc()))
    }

    /// Returns a stub of the relay.
    pub fn relay(&self) -> Result<Relay> {
        let stub = self.env.durable_object("RELAY")?.get_by_name(self.programme.relay_name())?;
        Ok(Relay(stub.into_rpc()))
    }

    /// Returns a stub of the object of a destination.
    pub fn destination(&self, id: &str) -> Result<Destination> {
        let stub =
            self.env.durable_object("DESTINATION")?.get_by_name(&self.programme.destination_name(id))?;
        Ok(Destination(stub.into_rpc()))
    }

    /// Returns a stub of the object of a simulation.
    pub fn simulation(&self, id: &str) -> Result<Simulation> {
        let stub = self.env.durable_object("SIMULATION")?.get_by_name(&self.programme.simulation_name(id))?;
        Ok(Simulation(stub.into_rpc()))
    }

    /// Returns the KV store. Its keys must be qualified; see [`Stores::value`] and [`Stores::key`].
    pub fn kv(&self) -> Result<KvStore> {
        self.env.kv("KV")
    }

    /// Returns a KV key of the programme.
    pub fn key(&self, name: &str) -> String {
        self.programme.qualify(name).into_owned()
    }

    /// Writes to KV.
    pub async fn put(&self, put: &Put) -> Result<()> {
        let builder = self.kv()?.put(&self.key(&put.key), put.value.as_str())?;
        let builder = match &put.metadata {
            Some(metadata) => builder.metadata(metadata)?,
            None => builder,
        };
        Ok(builder.execute().await?)
    }

    /// Returns a value from KV.
    pub async fn value(&self, name: &str) -> Result<Option<String>> {
        Ok(self.kv()?.get(&self.key(name)).text().await?)
    }
}

/// A stub of the programme's Ledger.
pub struct Ledger(LedgerRpc);

impl Ledger {
    /// Returns the current snapshot for redirects, JSON.
    pub async fn snapshot(&self) -> Result<String> {
        required_text(self.0.snapshot()).await
    }

    /// Returns the value that KV has, or will have, for a slug. Returns `None` if no link has the slug.
    pub async fn slug(&self, slug: &str) -> Result<Option<String>> {
        text(self.0.slug(slug)).await
    }

    /// Returns the path of a link that has its own.
    pub async fn path(&self, link_no: u32) -> Result<Option<String>> {
        text(self.0.path(link_no)).await
    }

    /// Applies count deltas of a shard. Repeated deltas are applied once.
    pub async fn apply_counts(&self, deltas: &str) -> Result<()> {
        returned(self.0.apply_counts(deltas)).await.map(drop)
    }

    /// Returns a listing for the callback handler: JSON with decrypted secrets.
    pub async fn callback_listing(&self, id: &str) -> Result<Option<String>> {
        text(self.0.callback_listing(id)).await
    }

    /// Returns the id of the App Store listing of an app.
    pub async fn listing_of_app(&self, app: &str) -> Result<Option<String>> {
        text(self.0.listing_of_app(app)).await
    }

    /// Writes the report of a callback and returns the outcome. Both are JSON.
    pub async fn report(&self, report: &str) -> Result<String> {
        required_text(self.0.report(report)).await
    }

    /// Adds numbers of refused callbacks: a JSON array of listing, reason and number.
    pub async fn callbacks_refused(&self, counts: &str) -> Result<()> {
        returned(self.0.callbacks_refused(counts)).await.map(drop)
    }

    /// Binds the clicks of a browser that returned from a top-level redirect. Returns the URL to redirect it to.
    pub async fn resume(&self, id: &str, cookies: &str) -> Result<Option<String>> {
        text(self.0.resume(id, cookies)).await
    }

    /// Returns the active destinations, JSON.
    pub async fn destinations(&self) -> Result<String> {
        required_text(self.0.destinations()).await
    }

    /// Returns a part of the log as a destination receives it, JSON.
    pub async fn log_part(&self, destination: &str, after: i64, through: Option<i64>) -> Result<String> {
        let (after, through) = (super::milliseconds(after), through.map(super::milliseconds));
        required_text(self.0.log_part(destination, after, through)).await
    }

    /// Returns the mail that an event causes, JSON; `None` if there is nobody to send it to.
    pub async fn mail(&self, kind: &str, at: i64, data: &str) -> Result<Option<String>> {
        text(self.0.mail(kind, super::milliseconds(at), data)).await
    }

    /// Records what a mail provider reports about addresses, JSON.
    pub async fn mail_reports(&self, provider: &str, reports: &str) -> Result<()> {
        returned(self.0.mail_reports(provider, reports)).await.map(drop)
    }

    /// Pauses a destination that has stopped to send.
    pub async fn disable(&self, destination: &str, reason: &str) -> Result<()> {
        returned(self.0.disable(destination, reason)).await.map(drop)
    }
}

/// A stub of the programme's relay.
pub struct Relay(RelayRpc);

impl Relay {
    /// Sends a batch of new events to their destinations. JSON.
    pub async fn take(&self, batch: &str) -> Result<()> {
        returned(self.0.take(batch)).await.map(drop)
    }
}

/// A stub of the object of a destination.
pub struct Destination(DestinationRpc);

impl Destination {
    /// Sends new events. Both sides are JSON.
    pub async fn push(&self, push: &str) -> Result<String> {
        required_text(self.0.push(push)).await
    }

    /// Executes a command of the Ledger, JSON.
    pub async fn execute(&self, command: &str) -> Result<()> {
        returned(self.0.execute(command)).await.map(drop)
    }

    /// Returns attempts. Both sides are JSON.
    pub async fn attempts(&self, query: &str) -> Result<String> {
        required_text(self.0.attempts(query)).await
    }
}

/// A stub of one of the programme's ClickLogs.
pub struct ClickLog(ClickLogRpc);

impl ClickLog {
    /// Stores a JSON array of records of the shard.
    pub async fn append(&self, records: &str) -> Result<()> {
        returned(self.0.append(records)).await.map(drop)
    }

    /// Stores packed visits of an export: a JSON array.
    pub async fn restore(&self, packed: &str) -> Result<()> {
        returned(self.0.restore(packed)).await.map(drop)
    }

    /// Stores records of several shards: a JSON object of arrays by shard.
    pub async fn take(&self, by_shard: &str) -> Result<()> {
        returned(self.0.take(by_shard)).await.map(drop)
    }

    /// Returns a page of clicks, newest first. The query and the page are JSON.
    pub async fn page(&self, query: &str) -> Result<String> {
        required_text(self.0.page(query)).await
    }

    /// Returns at most `limit` clicks after position `after` of the shard's log, NDJSON.
    pub async fn tail(&self, after: i64, limit: u32) -> Result<String> {
        required_text(self.0.tail(super::milliseconds(after), limit)).await
    }

    /// Returns the ids of the visitor's clicks before this one, oldest first. Returns `None` if the shard does not have
    /// the click.
    pub async fn trail(&self, click_id: &str) -> Result<Option<Vec<String>>> {
        let trail = text(self.0.trail(click_id)).await?;
        // Click ids are base64url, so a full stop separates them, as in the table.
        Ok(trail.map(|trail| trail.split('.').filter(|id| !id.is_empty()).map(str::to_owned).collect()))
    }

    /// Returns the number of clicks of all pages of a query, JSON.
    pub async fn count(&self, query: &str) -> Result<i64> {
        required_number(self.0.count(query)).await.map(super::whole)
    }

    /// Returns the time before which the Ledger has every click that came to the shard, Unix milliseconds.
    pub async fn watermark(&self) -> Result<f64> {
        required_number(self.0.watermark()).await
    }

    /// Checks that the shard responds.
    pub async fn last(&self) -> Result<()> {
        returned(self.0.last()).await.map(drop)
    }
}

/// A stub of the object of a simulation.
pub struct Simulation(SimulationRpc);

impl Simulation {
    /// Creates the tables of the copy.
    pub async fn open(&self) -> Result<()> {
        returned(self.0.open()).await.map(drop)
    }

    /// Writes pages of the copy: a JSON array.
    pub async fn load(&self, pages: &str) -> Result<()> {
        returned(self.0.load(pages)).await.map(drop)
    }

    /// Runs the simulation of a request on the copy, and deletes the copy. Returns the result as JSON.
    pub async fn run(&self, extent: &str, body: &str) -> Result<String> {
        required_text(self.0.run(extent, body)).await
    }

    /// Deletes the copy.
    pub async fn discard(&self) -> Result<()> {
        returned(self.0.discard()).await.map(drop)
    }
}
