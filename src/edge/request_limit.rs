//! Limits the rate of requests by key, and by the visitor's address while the key is not known to be valid. Otherwise a
//! caller could invent a key for each request and would never be limited.

use super::{
    expiring_cache::{ACCEPTED_KEYS, ExpiringCache},
    http::Refusal,
    rpc::Stores,
};
use crate::api::http::{
    auth::bearer_token,
    problems::{Code, Problem},
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::{
    cell::RefCell,
    net::{IpAddr, Ipv6Addr},
};
use worker::{Headers, Response};

/// The number of requests that a key or an address may make in a window (wrangler.toml, `API_LIMIT`).
const REQUESTS_PER_WINDOW: u32 = 1_000;
/// The length of a window. The platform's windows start at whole minutes.
const WINDOW_SECONDS: u64 = 60;
/// The length of the network that one customer of a provider has in IPv6, in 16-bit segments (RFC 6177).
const NETWORK_SEGMENTS: usize = 4;

thread_local! {
    /// Hashes of the keys that the Ledger has accepted. An instance that has forgotten a key counts the key's next
    /// request against its address too.
    static ACCEPTED: RefCell<ExpiringCache<String, (), ACCEPTED_KEYS>> = RefCell::default();
}

/// The key of a request that was let through. Pass it the result of the request; see [`Key::record`].
#[must_use]
pub struct Key {
    hash: Option<String>,
}

impl Key {
    /// Records whether the Ledger accepted the key. Only a successful response proves that: paths that do not exist and
    /// bodies that are too large are refused before the key is checked.
    pub fn record(&self, result: &Result<Response, Refusal>) {
        let Some(hash) = &self.hash else { return };
        let status = match result {
            Ok(response) => response.status_code(),
            Err(refusal) => refusal.status(),
        };
        ACCEPTED.with_borrow_mut(|accepted| match status {
            200..=399 => accepted.insert(hash.clone(), (), i64::MAX),
            401 => {
                accepted.remove(hash);
            }
            _ => {}
        });
    }
}

/// The counters hold hashes, so that they contain neither keys nor addresses.
fn hash(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// Returns the network of an address: the whole IPv4 address, or the first 64 bits of an IPv6 address, because a
/// customer can send from every address of such a network.
fn network(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
            let mut segments = [0; 8];
            for (network, segment) in segments.iter_mut().zip(v6.segments()).take(NETWORK_SEGMENTS) {
                *network = segment;
            }
            Ipv6Addr::from(segments).to_string()
        }
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => address.to_owned(),
    }
}

/// Counts a request against its key, and against its address unless the key is known to be valid.
pub async fn limit_key(stores: &Stores, headers: &Headers) -> Result<Key, Refusal> {
    let authorization = headers.get("authorization")?.unwrap_or_default();
    let hash = bearer_token(&authorization).map(hash);
    let is_accepted =
        hash.as_ref().is_some_and(|hash| ACCEPTED.with_borrow(|accepted| accepted.get(hash, 0).is_some()));
    if !is_accepted {
        limit_address(stores, headers).await?;
    }
    if let Some(hash) = &hash {
        count(stores, hash, "key").await?;
    }
    Ok(Key { hash })
}

/// Counts a request against the visitor's address.
pub async fn limit_address(stores: &Stores, headers: &Headers) -> Result<(), Refusal> {
    // Only the platform sets this header. It is missing in local development.
    let address = headers.get("cf-connecting-ip")?.unwrap_or_else(|| "local".to_owned());
    count(stores, &format!("address/{}", hash(&network(&address))), "address without a valid key").await
}

/// Counts a request against `counter`. If the limiter fails, requests are not limited.
async fn count(stores: &Stores, counter: &str, subject: &str) -> Result<(), Refusal> {
    if stores.env().get_binding::<worker::RateLimiter>("API_LIMIT").is_err() {
        return Ok(());
    }
    let outcome = async { stores.env().rate_limiter("API_LIMIT")?.limit(stores.key(counter)).await };
    match outcome.await {
        Ok(outcome) if !outcome.success => {
            let second = worker::Date::now().as_millis().checked_div(1_000).unwrap_or(0);
            let elapsed = second.checked_rem(WINDOW_SECONDS).unwrap_or(0);
            let left = WINDOW_SECONDS.saturating_sub(elapsed);
            let detail = format!("{REQUESTS_PER_WINDOW} requests a minute and {subject}; see Retry-After.");
            let headers = vec![
                ("retry-after", left.to_string()),
                ("ratelimit", format!("\"default\";r=0;t={left}")),
                ("ratelimit-policy", format!("\"default\";q={REQUESTS_PER_WINDOW};w={WINDOW_SECONDS}")),
            ];
            Err(Refusal::Problem(Problem::new(Code::RateLimited, detail), headers))
        }
        Ok(_) => Ok(()),
        Err(error) => {
            worker::console_warn!("the rate limiter failed, so requests are not limited: {error}");
            Ok(())
        }
    }
}
