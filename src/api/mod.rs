//! The HTTP contract as a synchronous function: request in, answer out, over a database. It runs inside the Ledger
//! object, one request at a time, and natively in tests.
//!
//! Five steps: find the route, authenticate, look for the first answer of an idempotency key, carry out in one
//! transaction, answer. Whatever goes wrong, nothing remains written.

pub mod auth;
mod balances;
pub mod body;
mod call;
pub mod callbacks;
pub mod clicks;
mod commissions;
mod conversions;
mod coupons;
mod cursor;
mod events;
pub mod export;
mod fx;
pub mod health;
mod history;
pub mod http;
pub mod installs;
mod keys;
mod ledger;
mod links;
mod listings;
mod maturity;
#[cfg(not(target_arch = "wasm32"))]
pub mod openapi;
pub mod operation;
mod partners;
mod payouts;
mod placements;
mod plans;
pub mod problem;
mod programme;
mod query;
mod refunds;
mod report;
pub mod routes;
mod rules;
pub mod sealing;
mod simulation;
mod terms;
pub mod trails;
mod views;

pub use auth::{Caller, Config, ConfigError};
pub use call::Call;

use crate::{
    domain::values::{digest::sha256_hex, entropy::Entropy, time::Timestamp, zone::Zones},
    store::{Sql, log::idempotency, transaction},
};
use http::{Request, Response};
use problem::{Code, Problem};
use routes::Route;
use std::cell::{Cell, RefCell};
use trails::{TRAIL_HEADER, TrailWish, Trails};

/// Tells the isolate that forwarded a request that redirects must learn of a change; never leaves the Worker.
pub const SNAPSHOT_HEADER: &str = "x-signpost-snapshot";

/// Everything an answer depends on besides the request.
pub struct Environment<'a> {
    /// The database.
    pub sql: &'a dyn Sql,
    /// Keys.
    pub config: &'a Config,
    /// Time zones.
    pub zones: &'a dyn Zones,
    /// The time.
    pub now: Timestamp,
    /// Visitors' trails that were asked for; see [`trails`].
    pub trails: &'a Trails,
}

/// Makes commissions payable whose hold has ended; for the Ledger's alarm.
pub fn end_holds(sql: &dyn Sql, now: Timestamp, entropy: &mut dyn Entropy) -> Result<(), Problem> {
    maturity::sweep(sql, now, entropy)
}

/// Answers a request.
pub fn handle(environment: &Environment<'_>, entropy: &mut dyn Entropy, request: Request<'_>) -> Response {
    answer(environment, entropy, request).unwrap_or_else(|problem| problem.response())
}

fn answer(
    environment: &Environment<'_>,
    entropy: &mut dyn Entropy,
    request: Request<'_>,
) -> Result<Response, Problem> {
    let (route, params) = match routes::find(request.method, request.path) {
        routes::Found::Route(route, params) => (route, params),
        routes::Found::OtherMethods(allow) => {
            let problem = Problem::new(Code::MethodNotAllowed, format!("Allowed here: {allow}."));
            return Ok(problem.response().with_header("allow", allow));
        }
        routes::Found::Nothing => return Err(Problem::not_found()),
    };
    let caller = auth::authenticate(environment, request.authorization)?;
    auth::authorise(&caller, route)?;
    if request.body.len() > body::MAX_BODY_BYTES {
        return Err(Problem::new(Code::BodyTooLarge, "Send at most 1,048,576 bytes."));
    }
    maturity::sweep(environment.sql, environment.now, entropy)?;
    let call = Call {
        sql: environment.sql,
        config: environment.config,
        zones: environment.zones,
        now: environment.now,
        entropy: RefCell::new(entropy),
        request,
        caller,
        params,
        snapshot_touched: Cell::new(false),
        trails: environment.trails,
        trail_wish: RefCell::new(None),
    };
    let outcome = if route.method == "GET" {
        (route.handler)(&call)
    } else {
        transaction(call.sql, || write(&call, route))
    };
    if let Some(TrailWish { shard, click_id }) = call.trail_wish.take() {
        return Ok(
            Response::json(503, "{}".to_owned()).with_header(TRAIL_HEADER, format!("{shard} {click_id}"))
        );
    }
    let mut response = outcome?;
    if call.snapshot_touched.get() {
        let version = crate::store::log::outbox::snapshot_version(call.sql)?;
        response = response.with_header(SNAPSHOT_HEADER, version.to_string());
    }
    Ok(response)
}

/// Carries out a write, or answers what the same idempotency key was answered first.
fn write(call: &Call<'_>, route: &Route) -> Result<Response, Problem> {
    // A parameter that a write would ignore (`?dry_run=true`) means something to whoever sent it.
    if route.path.starts_with("/v1/") {
        call.query(&[])?;
    }
    let Some(key) = call.request.idempotency_key.filter(|_| route.creates) else {
        return (route.handler)(call);
    };
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        let detail =
            "Idempotency-Key must have 1 to 255 printable ASCII characters; a UUID is a good choice.";
        return Err(Problem::new(Code::InvalidIdempotencyKey, detail));
    }
    let scope = format!("{} {} {key}", call.caller.id, call.request.path);
    let body_hash = sha256_hex(call.request.body);
    if let Some(first) = idempotency::find(call.sql, &scope, call.now)? {
        if first.body_hash != body_hash {
            let detail =
                "This Idempotency-Key came with another body before; use a new key for a new request.";
            return Err(Problem::new(Code::IdempotencyConflict, detail));
        }
        return Ok(Response::json(first.status, first.answer).with_header("idempotent-replayed", "true"));
    }
    let response = (route.handler)(call)?;
    let answer = (route.kept)(&response.body);
    let record = idempotency::Record { body_hash, status: response.status, answer };
    idempotency::keep(call.sql, &scope, &record, call.now)?;
    idempotency::expire(call.sql, call.now, 2)?;
    Ok(response)
}
