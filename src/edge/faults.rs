//! Fault injection for the end-to-end tests. It is compiled only with the feature `faults`, which is off in the
//! deployed Worker.
#![allow(clippy::panic, reason = "the tests need real panics")]

use super::{exchange::Exchange, guard, http::Refusal, objects::Alarm, published, sql::DurableSql};
use crate::store::Sql;
use js_sys::Reflect;
use std::time::Duration;
use wasm_bindgen::prelude::*;
use worker::{Delay, Method, Request, Response, State};

#[wasm_bindgen]
extern "C" {
    /// This is not declared as `catch`, so its exceptions cross the wasm frames.
    #[wasm_bindgen(js_namespace = JSON, js_name = parse)]
    fn parse_json(text: &str) -> JsValue;
}

/// How long a request waits while other requests fail.
const WAIT: Duration = Duration::from_millis(500);
/// A delay that makes a future pend once.
const SHORT_WAIT: Duration = Duration::from_millis(5);
/// The number of futures that are polled in one microtask turn. Every second one panics.
const FUTURES_PER_TURN: usize = 20;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS fault_rows (n INTEGER)";
const ROW: &str = "INSERT INTO fault_rows VALUES (1)";

/// Handles `/fault/…`. Returns `None` for every other path.
pub async fn handle(exchange: &Exchange<'_>, request: &Request) -> Option<Result<Response, Refusal>> {
    let path = request.path();
    let fault = path.strip_prefix("/fault/")?;
    Some(if fault.starts_with("ledger/") {
        let url = format!("https://ledger{path}");
        let forwarded = async { exchange.stores.ledger_response(Request::new(&url, Method::Get)?).await };
        forwarded.await.map_err(Refusal::from)
    } else {
        fail(exchange, request, fault).await.map_err(Refusal::from)
    })
}

async fn fail(exchange: &Exchange<'_>, request: &Request, fault: &str) -> worker::Result<Response> {
    match fault {
        "wait" => Delay::from(WAIT).await,
        "panic" => panic!("on request"),
        "panic-later" => {
            Delay::from(SHORT_WAIT).await;
            panic!("after a wait");
        }
        "exception" => drop(parse_json("not JSON")),
        "background" => guard::in_background(exchange.context, async {
            Delay::from(SHORT_WAIT).await;
            panic!("in the background");
        }),
        "turn" => (0..FUTURES_PER_TURN).for_each(|number| {
            guard::in_background(exchange.context, async move {
                assert!(number % 2 == 0, "among others of its turn");
                worker::console_log!("future {number} of the turn completed");
            });
        }),
        "memory" => return Response::ok(core::arch::wasm32::memory_size(0).to_string()),
        "document" => return document(exchange, request).await,
        _ => return Response::error("there is no such fault", 404),
    }
    Response::ok("")
}

/// Responds with the document at `?url=`, for the listing `?listing=`, as `published.rs` returns it.
async fn document(exchange: &Exchange<'_>, request: &Request) -> worker::Result<Response> {
    let url = request.url()?;
    let query = |name: &str| url.query_pairs().find(|(known, _)| known == name);
    let address = query("url").map(|(_, address)| address.into_owned()).unwrap_or_default();
    let listing = query("listing").map(|(_, id)| id.into_owned()).unwrap_or_default();
    let document = published::document(exchange, &listing, &address, query("newer").is_some()).await;
    Response::from_json(&serde_json::json!({
        "text": document.text, "absent": document.absent, "newest": document.newest,
    }))
}

/// Handles `/fault/ledger/…` inside the Ledger. Returns `None` for every other path.
pub async fn handle_in_ledger(sql: &DurableSql, alarm: &Alarm, path: &str) -> Option<Response> {
    let fault = path.strip_prefix("/fault/ledger/")?;
    sql.script(TABLE).ok()?;
    let write = |commit: bool| {
        sql.atomically(&mut || {
            drop(sql.exec(ROW, &[]));
            commit
        })
    };
    let body = match fault {
        "panic" => panic!("in the Ledger"),
        "transaction" => {
            let outcome = sql.atomically(&mut || {
                drop(sql.exec(ROW, &[]));
                panic!("in a transaction");
            });
            format!("continued with {outcome:?}")
        }
        "commit" => format!("{:?}", write(true)),
        "refuse" => format!("{:?}", write(false)),
        "rows" => sql.exec("SELECT n FROM fault_rows", &[]).ok()?.len().to_string(),
        "alarm" => {
            Reflect::set(alarm.state().as_raw().as_ref(), &"panics".into(), &JsValue::TRUE).ok()?;
            alarm.schedule(Some(js_sys::Date::now())).await.ok()?;
            String::new()
        }
        _ => return Response::error("there is no such fault", 404).ok(),
    };
    Response::ok(body).ok()
}

/// Panics in the first alarm after `/fault/ledger/alarm`.
pub fn panic_in_alarm(state: &State) {
    let state: &JsValue = state.as_raw().as_ref();
    if Reflect::get(state, &"panics".into()).is_ok_and(|panics| panics.is_truthy()) {
        drop(Reflect::set(state, &"panics".into(), &JsValue::FALSE));
        panic!("in an alarm");
    }
}
