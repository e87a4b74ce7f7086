//! The Ledger object: the API over its own SQLite, and what it passes on to KV. Every call is synchronous, so that an
//! object never holds a half-done promise of a wasm instance that may die.

use super::{
    instance::{log, thrown},
    random::CryptoEntropy,
    sql::DurableSql,
    zones::IntlZones,
};
use crate::{
    api::{
        self, Environment, Outcome,
        http::{
            message::{Request, Response},
            problems::{Code, Problem},
        },
    },
    domain::values::time::Timestamp,
    marketplace::receive::Report,
    store::{
        SqlError, callbacks as rows, commissions, links,
        log::{idempotency, outbox},
        programme::listings,
        reports::counts,
        schema::{LEDGER, migrate},
        transaction,
    },
};
use serde::Deserialize;
use wasm_bindgen::prelude::*;

/// The trail that a request needs, `<shard> <click id>`; the object's JavaScript fetches it and hands the request in again.
const TRAIL_HEADER: &str = "x-signpost-trail";

/// The Worker's secrets as the entry hands them over.
#[derive(Deserialize)]
struct Secrets {
    operator_key: String,
    signing_keys: String,
    data_key: String,
}

fn config(json: &str) -> Result<Config, String> {
    let missing = "OPERATOR_KEY, SIGNING_KEYS and DATA_KEY must be set: `cargo xtask keygen` makes them";
    let secrets: Secrets = strict_json::from_str(json).map_err(|_| missing.to_owned())?;
    Config::new(&secrets.operator_key, &secrets.signing_keys, &secrets.data_key)
        .map_err(|error| error.to_string())
}

/// One Ledger object.
#[wasm_bindgen]
pub struct LedgerHandle {
    sql: DurableSql,
    // A constructor that fails would make the object crash at every start; a note of the cause can be answered.
    ready: Result<Config, String>,
}

/// The headers of a request that the Ledger reads, and what the Worker knows of it.
#[derive(Deserialize)]
struct Head {
    method: String,
    path: String,
    query: String,
    authorization: Option<String>,
    idempotency_key: Option<String>,
    if_none_match: Option<String>,
    base_url: String,
}

/// An answer on its way to JavaScript.
#[wasm_bindgen]
pub struct LedgerAnswer {
    status: u16,
    headers: String,
    body: String,
}

#[wasm_bindgen]
impl LedgerAnswer {
    /// HTTP status.
    #[wasm_bindgen(getter)]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Headers, JSON: `[["name","value"],…]`.
    #[wasm_bindgen(getter)]
    pub fn headers_json(&self) -> String {
        self.headers.clone()
    }

    /// Body.
    #[wasm_bindgen(getter)]
    pub fn body(&self) -> String {
        self.body.clone()
    }
}

impl From<Response> for LedgerAnswer {
    fn from(response: Response) -> Self {
        if let Some(line) = &response.log {
            log(&format!("ledger: {line}"));
        }
        let headers = serde_json::to_string(&response.headers).unwrap_or_else(|_| "[]".to_owned());
        Self { status: response.status, headers, body: response.body }
    }
}

fn now(ms: f64) -> Timestamp {
    super::timestamp(ms)
}

#[wasm_bindgen]
impl LedgerHandle {
    /// Opens the object's database and brings its schema up to date.
    pub fn open(storage: JsValue, secrets_json: &str) -> Self {
        let sql = DurableSql::new(storage);
        let ready = match migrate(&sql, LEDGER) {
            Ok(_) => config(secrets_json),
            Err(error) => Err(error.to_string()),
        };
        if let Err(cause) = &ready {
            log(&format!("ledger: not ready: {cause}"));
        }
        Self { sql, ready }
    }

    /// Answers a request of the API; `head_json` is a [`Head`], `trails_json` are [`Trails`].
    pub fn handle(&self, head_json: &str, body: &[u8], trails_json: &str, now_ms: f64) -> LedgerAnswer {
        let config = match &self.ready {
            Ok(config) => config,
            Err(cause) => {
                let detail = "The Ledger is not set up; its log says what is missing.";
                let log = Some(cause.clone());
                return Problem { log, ..Problem::new(Code::Unavailable, detail) }.response().into();
            }
        };
        let (Ok(head), Ok(trails)) =
            (strict_json::from_str::<Head>(head_json), strict_json::from_str::<Trails>(trails_json))
        else {
            return Problem::from(SqlError::Engine("the Worker sent no head".to_owned())).response().into();
        };
        let request = Request {
            method: &head.method,
            path: &head.path,
            query: &head.query,
            authorization: head.authorization.as_deref(),
            idempotency_key: head.idempotency_key.as_deref(),
            if_none_match: head.if_none_match.as_deref(),
            body,
            base_url: &head.base_url,
        };
        let zones = IntlZones::default();
        let environment =
            Environment { sql: &self.sql, config, zones: &zones, now: now(now_ms), trails: &trails };
        match api::handle(&environment, &mut CryptoEntropy::default(), request) {
            Outcome::Response(response) => response.into(),
            Outcome::TrailNeeded(trail) => Response::json(503, "{}".to_owned())
                .with_header(TRAIL_HEADER, format!("{} {}", trail.shard, trail.click_id))
                .into(),
        }
    }

    /// A listing as the callback handler needs it, JSON, with its secrets opened; nothing if there is none.
    pub fn callback_listing(&self, id: &str, now_ms: f64) -> Result<Option<String>, JsValue> {
        let zones = IntlZones::default();
        let environment = self.environment(&zones, now_ms)?;
        api::callback_listing(&environment, &mut CryptoEntropy::default(), id).map_err(thrown)
    }

    /// The id of the App Store listing of an app; nothing if there is none.
    pub fn listing_of_app(&self, app: &str) -> Result<Option<String>, JsValue> {
        listings::of_app(&self.sql, app).map_err(thrown)
    }

    /// Writes what a callback reports; `report_json` is a [`Report`]. Returns a `Reported` as JSON.
    pub fn report(&self, report_json: &str, trails_json: &str, now_ms: f64) -> Result<String, JsValue> {
        let report: Report = strict_json::from_str(report_json).map_err(thrown)?;
        let trails: Trails = strict_json::from_str(trails_json).map_err(thrown)?;
        let zones = IntlZones::default();
        let environment = Environment { trails: &trails, ..self.environment(&zones, now_ms)? };
        let reported = api::report(&environment, &mut CryptoEntropy::default(), &report);
        serde_json::to_string(&reported.map_err(thrown)?).map_err(thrown)
    }

    /// Binds the clicks of a browser that comes back, and says where it goes on to; nothing if it is none of ours.
    pub fn resume(&self, id: &str, cookies: &str, now_ms: f64) -> Result<Option<String>, JsValue> {
        let zones = IntlZones::default();
        let environment = self.environment(&zones, now_ms)?;
        api::resume(&environment, &mut CryptoEntropy::default(), id, cookies).map_err(thrown)
    }

    fn environment<'a>(&'a self, zones: &'a IntlZones, now_ms: f64) -> Result<Environment<'a>, JsValue> {
        let config = self.ready.as_ref().map_err(thrown)?;
        Ok(Environment { sql: &self.sql, config, zones, now: now(now_ms), trails: &NO_TRAILS })
    }

    /// The snapshot for redirects as of now.
    pub fn snapshot(&self) -> Result<String, JsValue> {
        outbox::snapshot(&self.sql).map_err(thrown)
    }

    /// The path of a link, if it has one of its own.
    pub fn path(&self, link_no: u32) -> Result<Option<String>, JsValue> {
        Ok(links::by_no(&self.sql, link_no).map_err(thrown)?.and_then(|link| link.path))
    }

    /// The KV value of a slug, if a link has it.
    pub fn slug(&self, slug: &str) -> Result<Option<String>, JsValue> {
        let link = links::by_slug(&self.sql, slug).map_err(thrown)?;
        link.map(|link| crate::store::log::apply::slug_value(&link.token)).transpose().map_err(thrown)
    }

    /// Applies count deltas of a shard, each once however often it comes: `{"applied_seq":n}`.
    pub fn apply_counts(&self, deltas_json: &str) -> Result<String, JsValue> {
        let applied = transaction(&self.sql, || counts::apply(&self.sql, deltas_json)).map_err(thrown)?;
        Ok(format!("{{\"applied_seq\":{applied}}}"))
    }

    /// What is to be written to KV now: see [`outbox::Work`]. Ends holds, and forgets what is
    /// too old, on the way.
    pub fn due(&self, now_ms: f64) -> Result<String, JsValue> {
        let now = now(now_ms);
        api::end_holds(&self.sql, now, &mut CryptoEntropy::default()).map_err(thrown)?;
        idempotency::expire(&self.sql, now, 500).map_err(thrown)?;
        let mut work = transaction(&self.sql, || outbox::due(&self.sql, now)).map_err(thrown)?;
        let matures_at = commissions::next_maturity(&self.sql).map_err(thrown)?.map(Timestamp::ms);
        let forgets_at = rows::delete_expired_responses(&self.sql, now).map_err(thrown)?;
        for at in [matures_at, forgets_at].into_iter().flatten() {
            let at = at.max(now.ms());
            work.next_at_ms = Some(work.next_at_ms.map_or(at, |next| next.min(at)));
        }
        serde_json::to_string(&work).map_err(thrown)
    }

    /// Notes that the writes of `due` have been made.
    pub fn done(&self, ack: &str) -> Result<(), JsValue> {
        transaction(&self.sql, || outbox::done(&self.sql, ack)).map_err(thrown)
    }

    /// When there may be something due, Unix milliseconds; nothing if never. Cheap: asked after every request.
    pub fn next_due(&self, now_ms: f64) -> Result<Option<f64>, JsValue> {
        let next = outbox::next_due(&self.sql, now(now_ms)).map_err(thrown)?;
        Ok(next.map(super::milliseconds))
    }
}
