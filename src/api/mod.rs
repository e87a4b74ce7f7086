//! The Ledger's API as synchronous functions over a database: the HTTP contract ([`handle`]), verified callbacks
//! ([`callback_listing`], [`report`], [`resume`]), and the alarm ([`end_holds`], [`watch_listings`]). It runs inside the Ledger
//! object, one call at a time, and natively in tests.
//!
//! [`handle`] finds the route, authenticates, looks for the first response to the idempotency key, and runs the handler in
//! one transaction. Whatever fails, nothing remains written. An operation that needs something of another store writes nothing and
//! returns what it needs; the runner fetches it and calls again with it in [`Environment::fetched`].

pub mod callbacks;
pub mod conversions;
pub mod health;
pub mod http;
pub mod import;
pub mod links;
pub mod operation;
pub mod payouts;
pub mod programme;
pub mod reports;
pub mod restore;
pub mod routes;
pub mod webhooks;

use crate::{
    domain::{
        delivery::endpoint::PauseReason,
        event::EventType,
        values::{digest::sha256_hex, entropy::Entropy, id::WebhookId, time::Timestamp, zone::Zones},
    },
    ledger::{
        callbacks::{calls, handoff, listing, report as callback_report, report::Reported},
        config::Config,
        error::LedgerError,
        mail, maturity,
        needs::{Fetched, Need},
        simulation::Simulation,
        tx::Tx,
        webhooks as ledger_webhooks,
    },
    mail::providers::AddressReport,
    marketplace::receive::Report,
    store::{
        Sql, SqlError,
        log::{idempotency, outbox, restored},
        scratch::Extent,
        transaction,
        value::json_text,
    },
};
use http::{
    auth::{self, Credential},
    body,
    call::Call,
    cors,
    failure::Failure,
    message::{Request, Response},
    problems::{Code, Problem},
};
use routes::Route;

/// The routes that the Worker answers itself, with the help of others.
const WORKER_ROUTES: [&str; 2] = ["/v1/clicks", "/v1/export"];

/// Tells the isolate that forwarded a request that redirects must learn of a change; it never leaves the Worker.
pub const SNAPSHOT_HEADER: &str = "x-signpost-snapshot";

/// What an operation depends on besides its arguments and randomness.
pub struct Environment<'a> {
    /// The database.
    pub sql: &'a dyn Sql,
    /// Keys.
    pub config: &'a Config,
    /// Time zones.
    pub zones: &'a dyn Zones,
    /// The time.
    pub now: Timestamp,
    /// What was fetched from other stores; see [`crate::ledger::needs`].
    pub fetched: &'a Fetched,
}

impl<'a> Environment<'a> {
    fn tx(&self, entropy: &'a mut dyn Entropy) -> Tx<'a> {
        Tx::new(self.sql, self.config, self.zones, self.now, &self.fetched.trails, entropy)
    }
}

/// What became of a request.
#[derive(Debug)]
pub enum Outcome {
    /// The response.
    Response(Response),
    /// Nothing is written: fetch this, then hand the request in again with it.
    Needed(Need),
    /// Nothing is written: copy this part of history ([`crate::store::scratch`]), run [`simulation`] on the copy, then pass its
    /// result to [`simulated`].
    SimulationNeeded(Extent),
}

/// Handles an HTTP request.
pub fn handle(environment: &Environment<'_>, entropy: &mut dyn Entropy, request: Request<'_>) -> Outcome {
    let response = match respond(environment, entropy, request) {
        Ok(response) => response,
        Err(Failure::Problem(problem)) => problem.response(),
        Err(Failure::Needed(need)) => return Outcome::Needed(need),
        Err(Failure::SimulationNeeded(extent)) => return Outcome::SimulationNeeded(extent),
    };
    Outcome::Response(exposed(environment.sql, &request, response))
}

fn exposed(sql: &dyn Sql, request: &Request<'_>, response: Response) -> Response {
    cors::expose(sql, request, response).unwrap_or_else(|error| Problem::from(error).response())
}

/// The simulation of a request that ended with [`Outcome::SimulationNeeded`].
pub fn simulation(body: &[u8], extent: Extent) -> Result<Simulation, SqlError> {
    reports::simulation::begin(body, extent)
}

/// The response to a request whose simulation had this result, or was refused with a problem.
pub fn simulated(sql: &dyn Sql, request: &Request<'_>, result: Result<String, Response>) -> Response {
    exposed(sql, request, result.map_or_else(|refused| refused, |json| Response::json(200, json)))
}

/// The listing with this id as the callback handler needs it, JSON, with its secrets opened; `None` if there is none.
pub fn callback_listing(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    id: &str,
) -> Result<Option<String>, SqlError> {
    listing::opened(&environment.tx(entropy), id)
}

/// Writes what a verified callback reports, all or nothing.
pub fn report(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    report: &Report,
) -> Result<Reported, LedgerError> {
    refuse_while_restoring(environment.sql)?;
    callback_report::write(&environment.tx(entropy), report)
}

/// Binds the clicks of a browser that comes back from a marketplace to its account, and returns where it goes on to; `None`
/// if the id is unknown, too old, or was used before.
pub fn resume(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    id: &str,
    cookies: &str,
) -> Result<Option<String>, LedgerError> {
    refuse_while_restoring(environment.sql)?;
    handoff::resume(&environment.tx(entropy), id, cookies)
}

/// Pauses an endpoint whose object has stopped to send.
pub fn disable_webhook(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    id: &WebhookId,
    reason: PauseReason,
) -> Result<(), SqlError> {
    let tx = environment.tx(entropy);
    transaction(tx.sql, || ledger_webhooks::disable(&tx, id, reason))
}

/// Makes or deletes the destination that sends mail, as the Worker can send mail or not. Returns whether nothing is left to do.
pub fn follow_mail(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    can_send: bool,
) -> Result<bool, SqlError> {
    if restored::is_running(environment.sql)? {
        return Ok(false);
    }
    let tx = environment.tx(entropy);
    transaction(tx.sql, || mail::follow_configuration(&tx, can_send))
}

/// Returns the mail that an event causes, JSON; `None` if there is nobody to send it to.
pub fn mail_of_event(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    kind: EventType,
    at: Timestamp,
    data: &str,
) -> Result<Option<String>, SqlError> {
    mail::of_event(&environment.tx(entropy), kind, at, data)?.as_ref().map(json_text).transpose()
}

/// Records what a mail provider reports about addresses, JSON.
pub fn record_mail_reports(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    provider: &str,
    reports: &str,
) -> Result<(), SqlError> {
    let reports: Vec<AddressReport> =
        strict_json::from_str(reports).map_err(|error| SqlError::Engine(error.to_string()))?;
    let tx = environment.tx(entropy);
    transaction(tx.sql, || mail::record_reports(&tx, provider, &reports))
}

/// Vendors get an error while the Ledger is being restored, and send their messages again.
fn refuse_while_restoring(sql: &dyn Sql) -> Result<(), SqlError> {
    if restored::is_running(sql)? {
        return Err(SqlError::Engine("the Ledger is being restored".to_owned()));
    }
    Ok(())
}

/// Makes commissions payable whose hold has ended. The alarm calls it, even while the Worker's secrets are missing.
pub fn end_holds(sql: &dyn Sql, now: Timestamp, entropy: &mut dyn Entropy) -> Result<(), SqlError> {
    maturity::sweep(sql, now, entropy)
}

/// Records which listings have become silent. The alarm calls it.
pub fn watch_listings(environment: &Environment<'_>, entropy: &mut dyn Entropy) -> Result<(), SqlError> {
    calls::sweep(&environment.tx(entropy))
}

fn respond(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    request: Request<'_>,
) -> Result<Response, Failure> {
    let (route, params) = match routes::find(request.method, request.path) {
        routes::Found::Route(route, params) => (route, params),
        routes::Found::OtherMethods(allow) if request.method == "OPTIONS" => {
            return Ok(cors::preflight(environment.sql, &request, &allow)?);
        }
        routes::Found::Nothing if request.method == "OPTIONS" && WORKER_ROUTES.contains(&request.path) => {
            return Ok(cors::preflight(environment.sql, &request, "GET")?);
        }
        routes::Found::OtherMethods(allow) => {
            let problem = Problem::new(Code::MethodNotAllowed, format!("Allowed here: {allow}."));
            return Ok(problem.response().with_header("allow", allow));
        }
        routes::Found::Nothing => return Err(Problem::not_found().into()),
    };
    let token = auth::token_of(request.query);
    let caller = auth::authenticate(environment.sql, environment.config, environment.now, &request, token)?;
    // The token of an address is no parameter of the operation.
    let query;
    let request = if caller.credential == Credential::Token && request.authorization.is_none() {
        query = auth::without_token(request.query);
        Request { query: &query, ..request }
    } else {
        request
    };
    auth::authorise(&caller, route.scope, route.access)?;
    if request.body.len() > body::limit_of(request.path) {
        return Err(body::too_large(request.path).into());
    }
    if route.changes_data() && restored::is_running(environment.sql)? {
        let detail = "Wait until the last page of the export is restored. Reading is possible already.";
        return Err(Problem::new(Code::Restoring, detail).into());
    }
    maturity::sweep(environment.sql, environment.now, entropy)?;
    let tx = environment.tx(entropy);
    let call = Call { tx: &tx, request, caller, params, segments: &environment.fetched.segments };
    let response = if route.records {
        transaction(tx.sql, || (route.handler)(&call))?
    } else if route.method == "GET" {
        (route.handler)(&call)?
    } else if route.is_simulation {
        call.query(&[])?;
        (route.handler)(&call)?
    } else {
        transaction(tx.sql, || write(&call, route))?
    };
    if tx.is_snapshot_touched() {
        let version = outbox::snapshot_version(tx.sql)?;
        return Ok(response.with_header(SNAPSHOT_HEADER, version.to_string()));
    }
    Ok(response)
}

/// Runs a handler that writes, or returns the first response to the same idempotency key.
fn write(call: &Call<'_>, route: &Route) -> Result<Response, Failure> {
    // A caller who sends a parameter that writes ignore, such as `?dry_run=true`, expects it to have an effect.
    if route.path.starts_with("/v1/") {
        call.query(&[])?;
    }
    let Some(key) = call.request.idempotency_key.filter(|_| route.creates) else {
        return (route.handler)(call);
    };
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        let detail =
            "Idempotency-Key must have 1 to 255 printable ASCII characters; a UUID is a good choice.";
        return Err(Problem::new(Code::InvalidIdempotencyKey, detail).into());
    }
    // Fetch joins two headers of one name by a comma. A client whose library and whose proxy each add a key would retry under a
    // key that no other of its requests has.
    if key.contains(',') {
        let detail = "Send one Idempotency-Key: this request has several of them, or one with a comma.";
        return Err(Problem::new(Code::InvalidIdempotencyKey, detail).into());
    }
    let scope = format!("{} {} {key}", call.caller.id, call.request.path);
    let body_hash = sha256_hex(call.request.body);
    if let Some(first) = idempotency::find(call.tx.sql, &scope, call.tx.now)? {
        if first.body_hash != body_hash {
            let detail =
                "This Idempotency-Key came with another body before; use a new key for a new request.";
            return Err(Problem::new(Code::IdempotencyConflict, detail).into());
        }
        return Ok(Response::json(first.status, first.answer).with_header("idempotent-replayed", "true"));
    }
    let response = (route.handler)(call)?;
    let answer = (route.kept)(&response.body);
    let record = idempotency::Record { body_hash, status: response.status, answer };
    idempotency::put(call.tx.sql, &scope, &record, call.tx.now)?;
    idempotency::expire(call.tx.sql, call.tx.now, 2)?;
    Ok(response)
}
