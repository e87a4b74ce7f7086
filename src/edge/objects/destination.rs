//! The object of one destination: its queue, the attempts to deliver, and their log. A destination that is slow or dead occupies
//! only its own object. Deliveries run in the alarm, which the platform repeats after a crash.

use super::{
    alarm::{Alarm, now_ms},
    ledger::config as ledger_config,
};
use crate::{
    api::webhooks::deliveries::find,
    delivery::{
        intake::{self, LogPart, Push, Pushed, Reading},
        payload,
        queue::{AttemptResult, DeliveryQueue, prune},
    },
    domain::{
        delivery::{endpoint::Receiver, signature},
        programme::id::ProgrammeId,
        values::{id::WebhookId, time::Timestamp},
    },
    edge::{
        failed,
        guard::{call_of, promise, tracked},
        http::with_timeout,
        mailer,
        random::CryptoEntropy,
        receiver::{self, Delivery},
        refusal::thrown,
        rpc::{STORE_TIMEOUT, Stores},
        sql::DurableSql,
        timestamp,
    },
    ledger::{config::Config, webhooks::signing_secrets},
    store::{
        delivery::{command::Command, config, queue::Queued},
        schema::{DESTINATION, migrate},
        value::json_text,
    },
};
use futures_channel::mpsc;
use futures_util::{
    FutureExt, StreamExt,
    future::{Either, LocalBoxFuture, select},
    stream::FuturesUnordered,
};
use js_sys::Promise;
use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
    time::Duration,
};
use wasm_bindgen::prelude::*;
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, durable_object};

/// The attempts that run at the same time. The platform allows an object six connections that wait for a response.
const CONCURRENT_ATTEMPTS: usize = 6;
/// The attempts of one alarm. The platform limits the subrequests of an alarm.
const ATTEMPTS_PER_ALARM: usize = 500;
/// How long one alarm begins new attempts. The platform ends an alarm after 15 minutes.
const ALARM_MS: f64 = 300_000.0;
/// The pause before the log is read again after a failure.
const READ_RETRY_MS: f64 = 5_000.0;

/// The class that JavaScript extends (`js/objects.mjs`).
#[durable_object(alarm)]
pub struct DestinationObject {
    destination: Rc<Destination>,
}

struct Destination {
    id: String,
    stores: Stores,
    alarm: Alarm,
    sql: DurableSql,
    /// The Worker's secrets, which open the signing secrets.
    config: std::result::Result<Config, String>,
    queue: std::result::Result<RefCell<DeliveryQueue>, String>,
    /// Wakes the alarm that is running.
    wake: RefCell<Option<mpsc::Sender<()>>>,
    /// The log is not read before this time.
    read_not_before: Cell<f64>,
    /// Whether the destination was deleted, and its rows with it.
    is_discarded: Cell<bool>,
}

/// Something that the running alarm has waited for.
enum Done {
    Attempt(Queued, AttemptResult),
    Read(Reading, Result<LogPart>),
    Reported(Result<()>),
}

/// Returns how long it is until a time, Unix milliseconds.
fn until(at: i64) -> Duration {
    let ms = at.saturating_sub(timestamp(now_ms()).ms());
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

impl Destination {
    fn queue(&self) -> Result<&RefCell<DeliveryQueue>> {
        self.queue.as_ref().map_err(failed)
    }

    fn now() -> Timestamp {
        timestamp(now_ms())
    }

    /// Makes sure that what is in the queue is attempted.
    async fn wake(&self) -> Result<()> {
        if let Some(sender) = self.wake.borrow_mut().as_mut() {
            // If it is full, the alarm is woken already.
            if sender.try_send(()).is_ok() || !sender.is_closed() {
                return Ok(());
            }
        }
        self.alarm.schedule(Some(now_ms())).await
    }

    async fn push(&self, push: &str) -> Result<String> {
        let push: Push = strict_json::from_str(push).map_err(failed)?;
        let pushed =
            intake::push(&mut self.queue()?.borrow_mut(), &self.sql, &push, Self::now()).map_err(failed)?;
        if pushed != Pushed::Full {
            self.wake().await?;
        }
        json_text(&pushed).map_err(failed)
    }

    async fn execute(&self, command: &str) -> Result<()> {
        let command: Command = strict_json::from_str(command).map_err(failed)?;
        intake::execute(&mut self.queue()?.borrow_mut(), &self.sql, &command, Self::now()).map_err(failed)?;
        self.wake().await
    }

    /// Runs the alarm. Returns when it must run again.
    async fn run(&self) -> Result<Option<f64>> {
        let (sender, woken) = mpsc::channel(1);
        self.wake.replace(Some(sender));
        let delivered = self.deliver(woken).await;
        self.wake.replace(None);
        if self.is_discarded.get() {
            return Ok(None);
        }
        delivered?;
        self.report().await?;
        self.next_at()
    }

    /// Deletes old attempts, and returns when work is due.
    fn next_at(&self) -> Result<Option<f64>> {
        let queue = self.queue()?.borrow();
        if config::disabled(&self.sql).map_err(failed)?.is_some() {
            return Ok(Some(now_ms()));
        }
        let pruned_at = prune(&self.sql, Self::now()).map_err(failed)?.map(Timestamp::ms);
        if !config::is_active(&self.sql).map_err(failed)? {
            return Ok(pruned_at.map(crate::edge::milliseconds));
        }
        let reading = intake::next_reading(&queue, &self.sql).map_err(failed)?;
        let reading_at = reading.map(|_| self.read_not_before.get().max(now_ms()));
        let others = [queue.next_at(), pruned_at].into_iter().flatten().map(crate::edge::milliseconds);
        Ok(reading_at.into_iter().chain(others).min_by(f64::total_cmp))
    }

    /// Tells the Ledger that the destination was disabled.
    async fn report(&self) -> Result<()> {
        let Some(reason) = config::disabled(&self.sql).map_err(failed)? else { return Ok(()) };
        let report = async { self.stores.ledger()?.disable(&self.id, reason.as_str()).await };
        with_timeout(STORE_TIMEOUT, report).await?;
        // Somebody may have activated it meanwhile.
        if config::disabled(&self.sql).map_err(failed)?.is_none() {
            return Ok(());
        }
        // The Ledger's command is on its way. Until then, nothing is sent.
        let stored = config::config(&self.sql).map_err(failed)?;
        stored.map_or(Ok(()), |stored| config::pause(&self.sql, stored).map_err(failed))
    }

    /// Attempts what is due, and reads the log while there is room.
    async fn deliver(&self, mut woken: mpsc::Receiver<()>) -> Result<()> {
        let started = now_ms();
        let mut running: FuturesUnordered<LocalBoxFuture<'_, Done>> = FuturesUnordered::new();
        let (mut attempts, mut attempting, mut is_reading) = (0usize, 0usize, false);
        loop {
            let may_begin = attempts < ATTEMPTS_PER_ALARM && now_ms() - started < ALARM_MS;
            let is_active = config::is_active(&self.sql).map_err(failed)?;
            while may_begin && is_active && attempting < CONCURRENT_ATTEMPTS {
                let taken = self.queue()?.borrow_mut().take(&self.sql, Self::now()).map_err(failed)?;
                let Some(queued) = taken else { break };
                attempts = attempts.saturating_add(1);
                attempting = attempting.saturating_add(1);
                running.push(self.attempt(queued).boxed_local());
            }
            let may_read = may_begin && !is_reading && self.read_not_before.get() <= now_ms();
            let reading = intake::next_reading(&self.queue()?.borrow(), &self.sql).map_err(failed)?;
            if let Some(reading) = reading.filter(|_| may_read) {
                is_reading = true;
                running.push(self.read(reading).boxed_local());
            }
            if running.is_empty() {
                return Ok(());
            }
            let done = {
                let may_attempt = may_begin && is_active && attempting < CONCURRENT_ATTEMPTS;
                let next_at = self.queue()?.borrow().next_at().filter(|_| may_attempt);
                let due = async {
                    match next_at {
                        Some(next_at) => Delay::from(until(next_at)).await,
                        None => std::future::pending().await,
                    }
                };
                match select(running.next(), select(woken.next(), pin!(due))).await {
                    Either::Left((done, _)) => done,
                    Either::Right(_) => None,
                }
            };
            if self.is_discarded.get() {
                return Ok(());
            }
            let Some(done) = done else { continue };
            match done {
                Done::Attempt(queued, result) => {
                    attempting = attempting.saturating_sub(1);
                    let mut queue = self.queue()?.borrow_mut();
                    let disabled = queue.finish(&self.sql, &queued, &result, &mut CryptoEntropy::default());
                    let disabled = disabled.map_err(failed)?;
                    if !result.is_delivered && !queue.contains(&queued) {
                        worker::console_error!("destination {}: {} was given up", self.id, queued.id);
                    }
                    if let Some(reason) = disabled {
                        worker::console_warn!("destination {}: disabled: {}", self.id, reason.as_str());
                        running.push(async { Done::Reported(self.report().await) }.boxed_local());
                    }
                }
                Done::Reported(Ok(())) => {}
                // It is reported again when the alarm ends.
                Done::Reported(Err(error)) => {
                    worker::console_warn!("destination {}: not reported as disabled: {error}", self.id);
                }
                Done::Read(reading, part) => {
                    is_reading = false;
                    match part {
                        Ok(part) => {
                            let mut queue = self.queue()?.borrow_mut();
                            intake::append_read(&mut queue, &self.sql, reading, &part, Self::now())
                                .map_err(failed)?;
                        }
                        Err(error) => {
                            worker::console_warn!("destination {}: the log was not read: {error}", self.id);
                            self.read_not_before.set(now_ms() + READ_RETRY_MS);
                        }
                    }
                }
            }
        }
    }

    async fn read(&self, reading: Reading) -> Done {
        let (after, through) = match reading {
            Reading::Log { after, .. } => (after, None),
            Reading::Replay(replay) => (replay.after, Some(replay.through)),
        };
        let read = async { self.stores.ledger()?.log_part(&self.id, after, through).await };
        let part = with_timeout(STORE_TIMEOUT, read).await;
        Done::Read(reading, part.and_then(|part| strict_json::from_str(&part).map_err(failed)))
    }

    async fn attempt(&self, queued: Queued) -> Done {
        let began_at = Self::now();
        let receiver = config::config(&self.sql).ok().flatten().map(|config| config.receiver);
        if receiver == Some(Receiver::Mail) {
            let result = mailer::attempt(&self.stores, &self.sql, &queued, began_at).await;
            return Done::Attempt(queued, result);
        }
        let result = match self.signed(&queued, began_at) {
            Ok(delivery) => receiver::send(&self.stores, &delivery, began_at).await,
            Err(error) => AttemptResult {
                is_delivered: false,
                http_status: None,
                error: Some(error),
                began_at,
                ended_at: began_at,
                response_excerpt: String::new(),
                retry_after_ms: None,
            },
        };
        Done::Attempt(queued, result)
    }

    /// Returns a signed delivery, or why there is none.
    fn signed(&self, queued: &Queued, now: Timestamp) -> std::result::Result<Delivery, String> {
        let text = |error: crate::store::SqlError| error.to_string();
        let stored = config::config(&self.sql).map_err(text)?.ok_or("The endpoint is not configured.")?;
        let body = payload::body(queued, stored.api_version).map_err(text)?;
        let sealer = &self.config.as_ref().map_err(Clone::clone)?.sealer;
        let id = WebhookId::parse(&self.id).ok_or("The id of the endpoint is malformed.")?;
        let secrets = signing_secrets(sealer, &id, &stored.secrets, now)
            .map_err(|_| "The signing secret cannot be opened: DATA_KEY lacks its key. Rotate the secret.")?;
        let timestamp_s = now.ms().div_euclid(1_000);
        let headers = vec![
            ("webhook-id", queued.id.to_string()),
            ("webhook-timestamp", timestamp_s.to_string()),
            ("webhook-signature", signature::header(&secrets, queued.id.as_str(), timestamp_s, &body)),
        ];
        Ok(Delivery { url: stored.url, headers, body })
    }

    fn attempts(&self, query: &str) -> Result<String> {
        let query = strict_json::from_str(query).map_err(failed)?;
        json_text(&find(&self.sql, &query).map_err(failed)?).map_err(failed)
    }
}

impl DurableObject for DestinationObject {
    fn new(state: State, env: Env) -> Self {
        let name = state.id().name().unwrap_or_default();
        let (programme, id) = ProgrammeId::of_destination(&name).unwrap_or((ProgrammeId::MAIN, ""));
        let (id, stores) = (id.to_owned(), Stores::new(env, programme));
        let sql = DurableSql::new(AsRef::<JsValue>::as_ref(state.storage().as_raw()).clone());
        let queue = migrate(&sql, DESTINATION).map_err(|error| error.to_string());
        let queue = queue.and_then(|_| DeliveryQueue::load(&sql).map_err(|error| error.to_string()));
        let config = ledger_config(&stores);
        Self {
            destination: Rc::new(Destination {
                id,
                stores,
                alarm: Alarm::new(state, "Destination"),
                sql,
                config,
                queue: queue.map(RefCell::new),
                wake: RefCell::default(),
                read_not_before: Cell::new(0.0),
                is_discarded: Cell::new(false),
            }),
        }
    }

    /// Responds 404, because destinations are called by RPC only.
    async fn fetch(&self, _: Request) -> Result<Response> {
        Response::error("not found", 404)
    }

    async fn alarm(&self) -> Result<Response> {
        let destination = Rc::clone(&self.destination);
        let call = call_of(destination.alarm.state().as_raw().as_ref());
        tracked(call, async move {
            destination.alarm.started();
            match destination.run().await {
                Ok(next) => destination.alarm.succeeded(next).await?,
                Err(error) => destination.alarm.failed(&error.to_string()).await?,
            }
            Response::empty()
        })
        .await
    }
}

/// The methods that the class in `js/objects.mjs` calls. Asynchronous methods receive the number of the call.
#[wasm_bindgen]
impl DestinationObject {
    /// Records that the alarm panicked. It runs in the next instance.
    pub fn alarm_panicked(&self, call: u32, error: String) -> Promise {
        let destination = Rc::clone(&self.destination);
        promise(call, async move {
            destination.alarm.failed(&error).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Takes new events. Both sides are JSON.
    pub fn push(&self, call: u32, push: String) -> Promise {
        let destination = Rc::clone(&self.destination);
        promise(call, async move { Ok(destination.push(&push).await.map_err(thrown)?.into()) })
    }

    /// Executes a command of the Ledger, JSON.
    pub fn execute(&self, call: u32, command: String) -> Promise {
        let destination = Rc::clone(&self.destination);
        promise(call, async move {
            destination.execute(&command).await.map_err(thrown)?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Returns whether a command deletes the object. If it does, a running alarm does not touch its rows any more.
    pub fn is_discard(&self, command: &str) -> bool {
        let is_discard = matches!(strict_json::from_str(command), Ok(Command::Discard));
        if is_discard {
            self.destination.is_discarded.set(true);
        }
        is_discard
    }

    /// Returns attempts. Both sides are JSON.
    pub fn attempts(&self, query: &str) -> std::result::Result<String, JsValue> {
        self.destination.attempts(query).map_err(thrown)
    }
}
