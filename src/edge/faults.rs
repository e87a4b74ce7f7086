//! Faults on demand, for the end-to-end tests: compiled with the feature `faults` alone, which the deployed Worker never has.
#![allow(clippy::panic, reason = "a real panic is what the tests are about")]

use super::{fetch::Exchange, guard, http::Refusal, sql::DurableSql};
use crate::store::Sql;
use js_sys::Reflect;
use std::time::Duration;
use wasm_bindgen::prelude::*;
use worker::{Delay, Response, State};

#[wasm_bindgen]
extern "C" {
    /// Not declared as `catch`, so what it throws crosses the wasm frames.
    #[wasm_bindgen(js_namespace = JSON, js_name = parse)]
    fn parse_json(text: &str) -> JsValue;
}

/// A row that a transaction writes before it panics.
const ROW: &str = "INSERT INTO fault_rows VALUES (1)";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS fault_rows (n INTEGER)";

/// Answers `/fault/…`; `None` for every other path.
pub async fn answer(exchange: &Exchange<'_>, path: &str) -> Option<Result<Response, Refusal>> {
    let fault = path.strip_prefix("/fault/")?;
    Some(fail(exchange, fault, path).await)
}

async fn fail(exchange: &Exchange<'_>, fault: &str, path: &str) -> Result<Response, Refusal> {
    match fault {
        "panic" => panic!("on request"),
        "panic-after-wait" => {
            Delay::from(Duration::from_millis(5)).await;
            panic!("after a wait");
        }
        // Many futures wait for the same microtask turn, and every second one panics in it.
        "turn/panic" => {
            Delay::from(Duration::from_millis(20)).await;
            panic!("among others of its turn");
        }
        "turn/wait" => Delay::from(Duration::from_millis(20)).await,
        "exception" => drop(parse_json("not JSON")),
        "background" => guard::in_background(exchange.context, async {
            Delay::from(Duration::from_millis(5)).await;
            panic!("in the background");
        }),
        "memory" => {
            let pages = core::arch::wasm32::memory_size(0);
            return Ok(Response::ok(pages.to_string())?);
        }
        // Passed on: `in_ledger` answers.
        _ => {
            let url = format!("https://ledger{path}");
            return Ok(exchange
                .stores
                .ledger_response(worker::Request::new(&url, worker::Method::Get)?)
                .await?);
        }
    }
    Ok(Response::ok("")?)
}

/// Faults inside the Ledger.
pub async fn in_ledger(sql: &DurableSql, alarm: &super::objects::Alarm, path: &str) -> Option<Response> {
    match path.strip_prefix("/fault/ledger/")? {
        "panic" => panic!("in the Ledger"),
        "transaction" => {
            sql.script(TABLE).ok()?;
            let outcome = sql.atomically(&mut || {
                drop(sql.exec(ROW, &[]));
                panic!("in a transaction");
            });
            // Not reached: a panic is no refusal of the database's.
            Response::ok(format!("went on with {outcome:?}")).ok()
        }
        "refused-transaction" => {
            sql.script(TABLE).ok()?;
            let outcome = sql.atomically(&mut || {
                drop(sql.exec(ROW, &[]));
                false
            });
            Response::ok(format!("{outcome:?}")).ok()
        }
        "rows" => {
            sql.script(TABLE).ok()?;
            Response::ok(sql.exec("SELECT n FROM fault_rows", &[]).ok()?.len().to_string()).ok()
        }
        "alarm" => {
            Reflect::set(alarm.state().as_raw().as_ref(), &"panics".into(), &JsValue::TRUE).ok()?;
            alarm.failed("a fault is wanted").await.ok()?;
            Response::ok("").ok()
        }
        _ => Response::error("there is no such fault", 404).ok(),
    }
}

/// Panics in the alarm that follows `/fault/ledger/alarm`.
pub fn in_alarm(state: &State) {
    let state: &JsValue = state.as_raw().as_ref();
    if Reflect::get(state, &"panics".into()).is_ok_and(|panics| panics.is_truthy()) {
        drop(Reflect::set(state, &"panics".into(), &JsValue::FALSE));
        panic!("in an alarm");
    }
}
