//! The Ledger object: the API over the object's SQLite, and an alarm that writes to KV. A request is planned, what it needs
//! from other stores is fetched, and then it runs in one synchronous transaction. Nothing is awaited inside the
//! transaction.

use super::{
    alarm::{Alarm, STEPS_PER_ALARM, now_ms},
    event_pruning::prune_events,
    event_relay::{self, relay_events, send_commands},
    log_redaction::redact_segments,
};
use crate::{
    api::{
        self, Environment, Outcome,
        http::{
            message::{Request as ApiRequest, Response as ApiResponse},
            problems::{Code, Problem},
        },
    },
    domain::{
        delivery::{endpoint::PauseReason, receiver_url::Reach},
        event::EventType,
        programme::id::ProgrammeId,
        values::{id::WebhookId, time::Timestamp},
    },
    edge::{
        failed,
        guard::{call_of, promise, tracked},
        http::{base_url, query, read_body, respond, with_timeout},
        mailer,
        random::CryptoEntropy,
        receiver::LOOPBACK,
        refusal::thrown,
        rpc::{STORE_TIMEOUT, Stores},
        simulations,
        sql::DurableSql,
        timestamp,
        turns::{Turn, Turns},
        whole,
        zones::IntlZones,
    },
    ledger::{
        callbacks::{calls, report::Reported},
        config::Config,
        needs::{Fetched, NOTHING_FETCHED, Need},
        payer::seal_migrated,
        resealing::reseal_all,
        trails::TrailRequest,
    },
    marketplace::receive::Report,
    store::{
        callbacks::{self as rows, kept, refusals},
        commissions, imports, links,
        log::{
            apply,
            archive::{FetchedSegment, LogError},
            idempotency, outbox, redaction,
        },
        programme::{coupons, listings, partner_words},
        reports::counts,
        schema::{LEDGER, migrate},
        scratch::Extent,
        transaction,
    },
};
use futures_util::future::join_all;
use js_sys::Promise;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use wasm_bindgen::prelude::*;
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, durable_object};

/// How long a ClickLog may take to return a visitor's trail. After that, the conversion is processed without it.
const TRAIL_TIMEOUT: Duration = Duration::from_millis(500);
/// The maximum number of old idempotency records that one step of an alarm deletes.
const EXPIRED_PER_STEP: i64 = 500;

/// The class that JavaScript extends (`js/objects.mjs`).
#[durable_object(alarm)]
pub struct LedgerObject {
    ledger: Rc<Ledger>,
}

/// How often a simulation that waits for its turn asks for it.
const TURN_POLL: Duration = Duration::from_millis(100);

struct Ledger {
    stores: Stores,
    alarm: Alarm,
    sql: DurableSql,
    turns: RefCell<Turns>,
    /// Whether segments of the log in KV are still to be redacted.
    is_redacting: Cell<bool>,
    /// Whether the destination that sends mail is as the Worker's variables say.
    has_followed_mail: Cell<bool>,
    // The error is kept for responses, because a constructor that throws would make every call to the object fail.
    config: std::result::Result<Config, String>,
}

/// Returns the keys of the programme, or what is missing.
pub fn config(stores: &Stores) -> std::result::Result<Config, String> {
    let secret = |name| {
        let missing =
            "OPERATOR_KEY, SIGNING_KEYS and DATA_KEY must be set: create them with `cargo xtask keygen`";
        stores.variable(name).ok_or_else(|| missing.to_owned())
    };
    let (operator_key, signing_keys, data_key) =
        (secret("OPERATOR_KEY")?, secret("SIGNING_KEYS")?, secret("DATA_KEY")?);
    let reach = match stores.env().service(LOOPBACK) {
        Ok(_) => Reach::PublicOrLoopback,
        Err(_) => Reach::Public,
    };
    Config::of_programme(&stores.programme, &operator_key, &signing_keys, &data_key)
        .map(|config| config.reaching(reach))
        .map_err(|error| error.to_string())
}

/// The outcome of an attempt. With `Needs`, it wrote nothing.
enum Attempt<T> {
    Completed(T),
    Needs(Need),
}

/// What became of a request that has what it needs.
enum Handled {
    Response(ApiResponse),
    /// Its response is the result of a simulation of this part of history.
    SimulationNeeded(Extent),
}

impl Ledger {
    fn environment<'a>(
        &'a self,
        zones: &'a IntlZones,
        fetched: &'a Fetched,
    ) -> std::result::Result<Environment<'a>, JsValue> {
        let config = self.config.as_ref().map_err(thrown)?;
        Ok(Environment { sql: &self.sql, config, zones, now: timestamp(now_ms()), fetched })
    }

    /// Repeats an attempt until it has what it needs.
    async fn with_fetched<T>(
        &self,
        attempt: impl Fn(&Fetched) -> std::result::Result<Attempt<T>, JsValue>,
    ) -> std::result::Result<T, JsValue> {
        let mut fetched = Fetched::nothing();
        loop {
            match attempt(&fetched)? {
                Attempt::Completed(result) => return Ok(result),
                Attempt::Needs(need) => self.fetch_need(need, &mut fetched).await?,
            }
        }
    }

    async fn fetch_need(&self, need: Need, fetched: &mut Fetched) -> std::result::Result<(), JsValue> {
        let is_repeated = match need {
            Need::Trail(TrailRequest { shard, click_id }) => {
                let trail = self.trail(shard, &click_id).await;
                fetched.trails.insert(click_id, trail).is_some()
            }
            Need::Segment(first) => {
                let is_repeated = fetched.segments.iter().any(|segment| segment.first == first);
                let text = self.segment(first).await;
                fetched.segments.push(FetchedSegment { first, text });
                is_repeated
            }
        };
        if is_repeated { Err(thrown("the same trail or segment was requested twice")) } else { Ok(()) }
    }

    /// Returns a segment of the log of events. Returns `None` if KV does not return it in time.
    async fn segment(&self, first: i64) -> Option<String> {
        let key = outbox::segment_key(first);
        let value = with_timeout(STORE_TIMEOUT, self.stores.value(&key)).await;
        value.unwrap_or_else(|error| {
            worker::console_error!("ledger: {key} was not read: {error}");
            None
        })
    }

    /// Returns the ids of the visitor's clicks before this one. Returns `None` if the ClickLog does not return them in
    /// time.
    async fn trail(&self, shard: u8, click_id: &str) -> Option<Vec<String>> {
        let trail = async { self.stores.click_log(shard)?.trail(click_id).await };
        match with_timeout(TRAIL_TIMEOUT, trail).await {
            Ok(trail) => trail,
            Err(error) => {
                worker::console_error!(
                    "Ledger: no trail of a click, its conversion is processed without: {error}"
                );
                None
            }
        }
    }

    /// Handles a request of the API.
    async fn handle(&self, request: ApiRequest<'_>) -> Result<ApiResponse> {
        if let Err(cause) = &self.config {
            let detail = "The Ledger is not set up; its log says what is missing.";
            worker::console_error!("ledger: {cause}");
            return Ok(Problem::new(Code::Unavailable, detail).response());
        }
        self.follow_mail()?;
        let response = match self.outcome(request).await? {
            Handled::Response(response) => response,
            Handled::SimulationNeeded(_) => self.simulate(request).await?,
        };
        if let Some(line) = &response.log {
            worker::console_error!("ledger: {line}");
        }
        self.schedule_alarm().await?;
        Ok(response)
    }

    async fn outcome(&self, request: ApiRequest<'_>) -> Result<Handled> {
        let handled = self.with_fetched(|fetched| {
            let zones = IntlZones::default();
            let environment = self.environment(&zones, fetched)?;
            Ok(match api::handle(&environment, &mut CryptoEntropy::default(), request) {
                Outcome::Response(response) => Attempt::Completed(Handled::Response(response)),
                Outcome::Needed(need) => Attempt::Needs(need),
                Outcome::SimulationNeeded(extent) => Attempt::Completed(Handled::SimulationNeeded(extent)),
            })
        });
        Ok(handled.await?)
    }

    /// Runs the simulation of a request when it is its turn.
    async fn simulate(&self, request: ApiRequest<'_>) -> Result<ApiResponse> {
        let requested = timestamp(now_ms()).ms();
        let since = loop {
            let now = timestamp(now_ms()).ms();
            let turn = self.turns.borrow_mut().ask(requested, now);
            match turn {
                Turn::Now => break now,
                Turn::Later => Delay::from(TURN_POLL).await,
                Turn::Never(seconds) => {
                    let detail = "Other simulations are running. Try again later.";
                    let refused = Problem::new(Code::Busy, detail).response();
                    let refused = refused.with_header("retry-after", seconds.to_string());
                    return Ok(api::simulated(&self.sql, &request, Err(refused)));
                }
            }
        };
        let response = self.simulate_now(request).await;
        self.turns.borrow_mut().end(since);
        response
    }

    async fn simulate_now(&self, request: ApiRequest<'_>) -> Result<ApiResponse> {
        // The Ledger may have changed while the request waited.
        let extent = match self.outcome(request).await? {
            Handled::Response(response) => return Ok(response),
            Handled::SimulationNeeded(extent) => extent,
        };
        let body = str::from_utf8(request.body).map_err(failed)?;
        let result = simulations::run(&self.stores, &self.sql, &extent, body).await.map_err(|error| {
            let detail = "The simulation was interrupted. Nothing was changed. Try again.";
            let log = Some(format!("a simulation failed: {error}"));
            Problem { log, ..Problem::new(Code::Unavailable, detail) }.response()
        });
        Ok(api::simulated(&self.sql, &request, result))
    }

    /// Makes sure that the alarm runs when work is due. It is cheap enough to be called after every request.
    async fn schedule_alarm(&self) -> Result<()> {
        let now = timestamp(now_ms());
        let next = if self.is_redacting.get() {
            Some(now.ms())
        } else {
            outbox::next_due(&self.sql, now).map_err(failed)?
        };
        self.alarm.schedule(next.map(crate::edge::milliseconds)).await
    }

    async fn report(&self, report: &Report) -> std::result::Result<Reported, JsValue> {
        let reported = self.with_fetched(|fetched| {
            let zones = IntlZones::default();
            let environment = self.environment(&zones, fetched)?;
            Ok(match api::report(&environment, &mut CryptoEntropy::default(), report).map_err(thrown)? {
                Reported::TrailNeeded(trail) => Attempt::Needs(Need::Trail(trail)),
                reported => Attempt::Completed(reported),
            })
        });
        let reported = reported.await?;
        self.schedule_alarm().await?;
        Ok(reported)
    }

    async fn resume(&self, id: &str, cookies: &str) -> std::result::Result<Option<String>, JsValue> {
        let zones = IntlZones::default();
        let environment = self.environment(&zones, &NOTHING_FETCHED)?;
        let location =
            api::resume(&environment, &mut CryptoEntropy::default(), id, cookies).map_err(thrown)?;
        self.schedule_alarm().await?;
        Ok(location)
    }

    /// Records which listings have become silent.
    fn watch_listings(&self, now: Timestamp) -> Result<()> {
        let zones = IntlZones::default();
        let watched = match self.environment(&zones, &NOTHING_FETCHED) {
            Ok(environment) => api::watch_listings(&environment, &mut CryptoEntropy::default()),
            Err(_) => calls::put_off(&self.sql, now),
        };
        watched.map_err(failed)
    }

    /// Ends holds, finds silent listings and deletes expired rows. Returns the writes to KV that are due.
    fn prepare_work(&self) -> Result<outbox::Work> {
        let now = timestamp(now_ms());
        api::end_holds(&self.sql, now, &mut CryptoEntropy::default()).map_err(failed)?;
        self.watch_listings(now)?;
        idempotency::expire(&self.sql, now, EXPIRED_PER_STEP).map_err(failed)?;
        let mut work = transaction(&self.sql, || outbox::due(&self.sql, now)).map_err(failed)?;
        let matures_at = commissions::next_maturity(&self.sql).map_err(failed)?.map(Timestamp::ms);
        let expires_at = rows::delete_expired_responses(&self.sql, now).map_err(failed)?;
        kept::expire(&self.sql, now, EXPIRED_PER_STEP).map_err(failed)?;
        let kept_until = kept::next_expiry(&self.sql).map_err(failed)?;
        for at in [matures_at, expires_at, kept_until].into_iter().flatten() {
            let at = at.max(now.ms());
            work.next_at_ms = Some(work.next_at_ms.map_or(at, |next| next.min(at)));
        }
        Ok(work)
    }

    /// Sends queued clicks of imports and exports to their ClickLogs. A ClickLog stores each click once, so sending again is harmless.
    async fn send_clicks(&self) -> Result<()> {
        let sends = imports::queued_clicks(&self.sql).map_err(failed)?.into_iter().map(|queued| async move {
            let send = async {
                let click_log = self.stores.click_log(queued.shard)?;
                if queued.is_restored {
                    click_log.restore(&queued.records).await
                } else {
                    click_log.append(&queued.records).await
                }
            };
            with_timeout(STORE_TIMEOUT, send).await?;
            imports::clicks_sent(&self.sql, &queued).map_err(failed)
        });
        join_all(sends).await.into_iter().collect()
    }

    async fn redact_segments(&self) -> Result<()> {
        if self.is_redacting.get() {
            let is_complete = redact_segments(&self.stores, &self.sql).await?;
            self.is_redacting.set(!is_complete);
        }
        Ok(())
    }

    /// Makes or deletes the destination that sends mail. Before every request, because what happens before it is made causes no
    /// mail.
    fn follow_mail(&self) -> Result<()> {
        if self.has_followed_mail.get() {
            return Ok(());
        }
        match mailer::account(&self.stores) {
            Ok(account) => {
                let zones = IntlZones::default();
                let Ok(environment) = self.environment(&zones, &NOTHING_FETCHED) else { return Ok(()) };
                let entropy = &mut CryptoEntropy::default();
                let is_done = api::follow_mail(&environment, entropy, account.is_some()).map_err(failed)?;
                self.has_followed_mail.set(is_done);
            }
            // Nothing is changed: what happens until it is corrected is sent later, within two weeks.
            Err(cause) => {
                worker::console_error!("ledger: no mail is sent: {cause}");
                self.has_followed_mail.set(true);
            }
        }
        Ok(())
    }

    /// Runs the work that is due. Returns when work is due again (Unix milliseconds).
    async fn work(&self) -> Result<Option<f64>> {
        // Destinations come first, because KV is slower.
        let commanded = send_commands(&self.stores, &self.sql).await;
        let relayed = relay_events(&self.stores, &self.sql).await;
        let written = self.write().await;
        // Segments from before they are redacted differ from the rows.
        let pruned =
            if self.is_redacting.get() { Ok(()) } else { prune_events(&self.stores, &self.sql).await };
        commanded?;
        relayed?;
        pruned?;
        let more_at = outbox::next_due(&self.sql, timestamp(now_ms())).map_err(failed)?;
        Ok([written?, more_at.map(crate::edge::milliseconds)].into_iter().flatten().min_by(f64::total_cmp))
    }

    /// Ends holds and writes to KV. Returns when this is due again (Unix milliseconds).
    async fn write(&self) -> Result<Option<f64>> {
        for _ in 0..STEPS_PER_ALARM {
            // An error is returned only after the writes to KV, so that a ClickLog that fails does not stop them.
            let sent = self.send_clicks().await;
            let redacted = self.redact_segments().await;
            let work = self.prepare_work()?;
            if work.puts.is_empty() {
                sent.and(redacted)?;
                if self.is_redacting.get() {
                    continue;
                }
                return Ok(work.next_at_ms.map(crate::edge::milliseconds));
            }
            let puts = work.puts.iter().map(|put| with_timeout(STORE_TIMEOUT, self.stores.put(put)));
            // All writes complete before an error is returned, so that one failure does not stop the other writes.
            for outcome in join_all(puts).await {
                outcome?;
            }
            transaction(&self.sql, || outbox::done(&self.sql, &work.ack)).map_err(failed)?;
            sent.and(redacted)?;
        }
        Ok(Some(now_ms()))
    }
}

/// Logs the slugs that an earlier version accepted and that now belong to the Worker. Their links work under `/r/`.
fn warn_of_reserved_slugs(sql: &DurableSql) {
    match links::reserved_slugs(sql) {
        Ok(slugs) if slugs.is_empty() => {}
        Ok(slugs) => worker::console_warn!(
            "ledger: these slugs are reserved now and no longer lead to their links, which work under /r/: {}",
            slugs.join(", ")
        ),
        Err(error) => worker::console_error!("ledger: reserved slugs were not looked up: {error}"),
    }
}

impl DurableObject for LedgerObject {
    fn new(state: State, env: Env) -> Self {
        let name = state.id().name().unwrap_or_default();
        let programme = ProgrammeId::of_ledger(&name).unwrap_or(ProgrammeId::MAIN);
        let stores = Stores::new(env, programme);
        let sql = DurableSql::new(AsRef::<JsValue>::as_ref(state.storage().as_raw()).clone());
        let config = match migrate(&sql, LEDGER) {
            Ok(_) => config(&stores).and_then(|config| {
                let mut entropy = CryptoEntropy::default();
                let completed = transaction(&sql, || {
                    seal_migrated(&sql, &config.sealer, &mut entropy)?;
                    reseal_all(&sql, &config.sealer, &mut entropy)?;
                    coupons::refold(&sql)?;
                    partner_words::complete(&sql)
                });
                completed.map(|()| config).map_err(|error| error.to_string())
            }),
            Err(error) => Err(error.to_string()),
        };
        match &config {
            Err(cause) => worker::console_error!("ledger: not ready: {cause}"),
            Ok(_) => warn_of_reserved_slugs(&sql),
        }
        let (alarm, turns) = (Alarm::new(state, "Ledger"), RefCell::default());
        // If the database cannot be read, the alarm finds out.
        let is_redacting = Cell::new(!matches!(redaction::progress(&sql), Ok(None)));
        let has_followed_mail = Cell::new(false);
        Self {
            ledger: Rc::new(Ledger { stores, alarm, sql, turns, is_redacting, has_followed_mail, config }),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let call = call_of(request.inner().as_ref());
        let ledger = Rc::clone(&self.ledger);
        tracked(call, async move {
            #[cfg(feature = "faults")]
            if let Some(response) =
                crate::edge::faults::handle_in_ledger(&ledger.sql, &ledger.alarm, &request.path()).await
            {
                return Ok(response);
            }
            let body = match read_body(&mut request).await {
                Ok(body) => body,
                Err(refusal) => return refusal.response("in the Ledger"),
            };
            let (url, path, headers) = (request.inner().url(), request.path(), request.headers());
            let header = |name| headers.get(name);
            let (authorization, idempotency_key) = (header("authorization")?, header("idempotency-key")?);
            let (origin, if_none_match) = (header("origin")?, header("if-none-match")?);
            let (content_type, accept) = (header("content-type")?, header("accept")?);
            let method = request.inner().method();
            let base_url = base_url(&ledger.stores, &url);
            let response = ledger.handle(ApiRequest {
                method: if method == "HEAD" { "GET" } else { &method },
                path: &path,
                query: query(&url),
                authorization: authorization.as_deref(),
                origin: origin.as_deref(),
                idempotency_key: idempotency_key.as_deref(),
                if_none_match: if_none_match.as_deref(),
                content_type: content_type.as_deref(),
                accept: accept.as_deref(),
                body: &body,
                base_url: &base_url,
            });
            respond(response.await?)
        })
        .await
    }

    async fn alarm(&self) -> Result<Response> {
        let ledger = Rc::clone(&self.ledger);
        let call = call_of(ledger.alarm.state().as_raw().as_ref());
        tracked(call, async move {
            ledger.alarm.started();
            #[cfg(feature = "faults")]
            crate::edge::faults::panic_in_alarm(ledger.alarm.state());
            match ledger.work().await {
                Ok(next) => ledger.alarm.succeeded(next).await?,
                Err(error) => ledger.alarm.failed(&error.to_string()).await?,
            }
            Response::empty()
        })
        .await
    }
}

/// The methods that the class in `js/objects.mjs` calls. Asynchronous methods receive the number of the call.
#[wasm_bindgen]
impl LedgerObject {
    /// Records that the alarm panicked. It runs in the next instance.
    pub fn alarm_panicked(&self, call: u32, error: String) -> Promise {
        let ledger = Rc::clone(&self.ledger);
        promise(call, async move {
            ledger.alarm.failed(&error).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Writes the report of a callback and returns the outcome. Both are JSON.
    pub fn report(&self, call: u32, report: String) -> Promise {
        let ledger = Rc::clone(&self.ledger);
        promise(call, async move {
            let report: Report = strict_json::from_str(&report).map_err(thrown)?;
            let reported = ledger.report(&report).await?;
            serde_json::to_string(&reported).map(JsValue::from).map_err(thrown)
        })
    }

    /// Binds the clicks of a browser that returned from a top-level redirect. Returns the URL to redirect it to, or
    /// `None` if its id is unknown.
    pub fn resume(&self, call: u32, id: String, cookies: String) -> Promise {
        let ledger = Rc::clone(&self.ledger);
        promise(call, async move { Ok(ledger.resume(&id, &cookies).await?.into()) })
    }

    /// Adds numbers of refused callbacks, JSON.
    pub fn callbacks_refused(&self, counts: &str) -> std::result::Result<(), JsValue> {
        let counts: Vec<(u16, String, u32)> = strict_json::from_str(counts).map_err(thrown)?;
        let (sql, now) = (&self.ledger.sql, timestamp(now_ms()));
        transaction(sql, || refusals::add(sql, &counts, now)).map_err(thrown)
    }

    /// Returns a listing for the callback handler: JSON with decrypted secrets. Returns `None` if it does not exist.
    pub fn callback_listing(&self, id: &str) -> std::result::Result<Option<String>, JsValue> {
        let zones = IntlZones::default();
        let environment = self.ledger.environment(&zones, &NOTHING_FETCHED)?;
        api::callback_listing(&environment, &mut CryptoEntropy::default(), id).map_err(thrown)
    }

    /// Returns the id of the App Store listing of an app, if there is one.
    pub fn listing_of_app(&self, app: &str) -> std::result::Result<Option<String>, JsValue> {
        listings::of_app(&self.ledger.sql, app).map_err(thrown)
    }

    /// Returns the current snapshot for redirects, JSON.
    pub fn snapshot(&self) -> std::result::Result<String, JsValue> {
        outbox::snapshot(&self.ledger.sql).map_err(thrown)
    }

    /// Returns the path and query of a link as stores keep them.
    pub fn path(&self, link_no: u32) -> std::result::Result<Option<String>, JsValue> {
        Ok(links::by_no(&self.ledger.sql, link_no).map_err(thrown)?.map(|link| link.own_destination()))
    }

    /// Returns the KV value of a slug, if a link has the slug.
    pub fn slug(&self, slug: &str) -> std::result::Result<Option<String>, JsValue> {
        let link = links::by_slug(&self.ledger.sql, slug).map_err(thrown)?;
        link.map(|link| apply::slug_value(&link.token)).transpose().map_err(thrown)
    }

    /// Returns the active destinations, JSON.
    pub fn destinations(&self) -> std::result::Result<String, JsValue> {
        event_relay::destinations(&self.ledger.sql).map_err(thrown)
    }

    /// Returns a part of the log as a destination receives it, JSON.
    pub fn log_part(&self, call: u32, destination: String, after: f64, through: Option<f64>) -> Promise {
        let ledger = Rc::clone(&self.ledger);
        let (after, through) = (whole(after), through.map(whole));
        promise(call, async move {
            let part = ledger.with_fetched(|fetched| {
                let read =
                    event_relay::log_part(&ledger.sql, &fetched.segments, &destination, after, through);
                match read {
                    Ok(part) => Ok(Attempt::Completed(part)),
                    Err(LogError::SegmentNeeded(first)) => Ok(Attempt::Needs(Need::Segment(first))),
                    Err(error) => Err(thrown(error)),
                }
            });
            Ok(part.await?.into())
        })
    }

    /// Pauses a destination that has stopped to send.
    pub fn disable(&self, call: u32, destination: String, reason: String) -> Promise {
        let ledger = Rc::clone(&self.ledger);
        promise(call, async move {
            let zones = IntlZones::default();
            let environment = ledger.environment(&zones, &NOTHING_FETCHED)?;
            if let (Some(id), Some(reason)) = (WebhookId::parse(&destination), PauseReason::parse(&reason)) {
                api::disable_webhook(&environment, &mut CryptoEntropy::default(), &id, reason)
                    .map_err(thrown)?;
            }
            ledger.schedule_alarm().await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Returns the mail that an event causes, JSON; `None` if there is nobody to send it to.
    pub fn mail(&self, kind: &str, at: f64, data: &str) -> std::result::Result<Option<String>, JsValue> {
        let kind = EventType::parse(kind).ok_or_else(|| thrown("an unknown type of event"))?;
        let zones = IntlZones::default();
        let environment = self.ledger.environment(&zones, &NOTHING_FETCHED)?;
        let entropy = &mut CryptoEntropy::default();
        api::mail_of_event(&environment, entropy, kind, timestamp(at), data).map_err(thrown)
    }

    /// Records what a mail provider reports about addresses, JSON.
    pub fn mail_reports(&self, provider: &str, reports: &str) -> std::result::Result<(), JsValue> {
        let zones = IntlZones::default();
        let environment = self.ledger.environment(&zones, &NOTHING_FETCHED)?;
        let entropy = &mut CryptoEntropy::default();
        api::record_mail_reports(&environment, entropy, provider, reports).map_err(thrown)
    }

    /// Applies count deltas of a shard. Repeated deltas are applied once.
    pub fn apply_counts(&self, deltas: &str) -> std::result::Result<(), JsValue> {
        let sql = &self.ledger.sql;
        transaction(sql, || counts::apply(sql, deltas)).map(drop).map_err(thrown)
    }
}
