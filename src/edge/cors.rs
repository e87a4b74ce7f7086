//! Refusals that pages of other origins may read. The Ledger decides which origins are registered; what the edge refuses
//! itself, such as a request beyond the rate limit, never reaches it. An isolate therefore remembers the origins that the
//! Ledger has let read a response. Without the headers, a page would see a failed network and not `Retry-After`.

use super::{
    expiring_cache::{ExpiringCache, ORIGINS},
    http::Refusal,
    objects::now_ms,
    timestamp,
};
use crate::api::http::cors::{ALLOW_ORIGIN, exposing};
use std::cell::RefCell;
use worker::Response;

/// How long an origin is remembered. A page of one that was removed can read refusals of the edge until then, and no data.
const KEPT_MS: i64 = 600_000;

thread_local! {
    static REGISTERED: RefCell<ExpiringCache<String, (), ORIGINS>> = RefCell::default();
}

/// Adds the headers that let a page of a remembered origin read a refusal, and remembers the origin of a response that the
/// Ledger lets a page read.
pub fn exposed(
    result: std::result::Result<Response, Refusal>,
    origin: Option<String>,
) -> std::result::Result<Response, Refusal> {
    let Some(origin) = origin else { return result };
    let now = timestamp(now_ms()).ms();
    match result {
        Ok(response) => {
            if response.headers().has(ALLOW_ORIGIN)? {
                let until = now.saturating_add(KEPT_MS);
                REGISTERED.with_borrow_mut(|origins| origins.insert(origin, (), until));
            }
            Ok(response)
        }
        Err(Refusal::Problem(problem, mut headers)) => {
            if REGISTERED.with_borrow(|origins| origins.get(&origin, now).is_some()) {
                headers.extend(exposing(&origin));
            }
            Err(Refusal::Problem(problem, headers))
        }
        Err(Refusal::Failed(error)) => Err(Refusal::Failed(error)),
    }
}
