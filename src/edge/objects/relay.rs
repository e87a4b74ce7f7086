//! The relay: it receives each new event from the Ledger once, and sends it to the objects of all destinations. So the Ledger, which
//! every sale needs, does not wait for destinations. What the relay knows is in memory; a destination that it does not reach is
//! noted, and reads the log later.

use super::alarm::{Alarm, now_ms};
use crate::{
    delivery::{
        fan_out::{Batch, FanOut},
        intake::{Push, Pushed},
    },
    domain::programme::id::ProgrammeId,
    edge::{
        failed,
        guard::{call_of, promise, tracked},
        http::with_timeout,
        refusal::thrown,
        rpc::Stores,
        sql::DurableSql,
    },
    store::{
        delivery::unreached,
        schema::{RELAY, migrate},
        transaction,
        value::json_text,
    },
};
use futures_util::future::join_all;
use js_sys::Promise;
use std::{cell::RefCell, rc::Rc, time::Duration};
use wasm_bindgen::prelude::*;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// How long the object of a destination may take. The events of all destinations wait for it.
const PUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// The pause before destinations that were not reached are tried again.
const RETRY_MS: f64 = 5_000.0;
/// The maximum number of these that are tried at once.
const RETRIED_AT_ONCE: i64 = 100;

/// The class that JavaScript extends (`js/objects.mjs`).
#[durable_object(alarm)]
pub struct RelayObject {
    relay: Rc<Relay>,
}

struct Relay {
    stores: Stores,
    alarm: Alarm,
    sql: DurableSql,
    fan_out: RefCell<FanOut>,
    ready: std::result::Result<(), String>,
}

impl Relay {
    /// Sends a batch to its destinations.
    async fn take(&self, batch: &str) -> Result<()> {
        self.ready.as_ref().map_err(failed)?;
        let batch: Batch = strict_json::from_str(batch).map_err(failed)?;
        let lacks = self.fan_out.borrow().lacks(batch.version);
        if lacks {
            let destinations = self.stores.ledger()?.destinations().await?;
            let destinations = strict_json::from_str(&destinations).map_err(failed)?;
            self.fan_out.borrow_mut().set(destinations);
        }
        let pushes = self.fan_out.borrow_mut().pushes(&batch).map_err(failed)?;
        let outcomes = join_all(pushes.into_iter().map(|(id, push)| self.push(id, push))).await;
        let missed: Vec<&str> =
            outcomes.iter().filter(|(_, outcome)| outcome.is_none()).map(|(id, _)| id.as_str()).collect();
        if !missed.is_empty() {
            transaction(&self.sql, || missed.iter().try_for_each(|id| unreached::add(&self.sql, id)))
                .map_err(failed)?;
            self.alarm.schedule(Some(now_ms() + RETRY_MS)).await?;
        }
        self.fan_out.borrow_mut().finish(&batch, &outcomes);
        Ok(())
    }

    /// Sends a push. Returns `None` for the outcome if the destination was not reached.
    async fn push(&self, id: String, push: Push) -> (String, Option<Pushed>) {
        let send = async {
            let pushed = self.stores.destination(&id)?.push(&json_text(&push).map_err(failed)?).await?;
            strict_json::from_str::<Pushed>(&pushed).map_err(failed)
        };
        let outcome = match with_timeout(PUSH_TIMEOUT, send).await {
            Ok(pushed) => Some(pushed),
            Err(error) => {
                worker::console_warn!("relay: {id} was not reached: {error}");
                None
            }
        };
        (id, outcome)
    }

    /// Tells destinations that were not reached to read the log. Returns when to try again.
    async fn retry(&self) -> Result<Option<f64>> {
        let ids = unreached::list(&self.sql, RETRIED_AT_ONCE).map_err(failed)?;
        let outcomes = join_all(ids.into_iter().map(|id| self.push(id, Push::READ_THE_LOG))).await;
        for (id, _) in outcomes.iter().filter(|(_, outcome)| outcome.is_some()) {
            unreached::remove(&self.sql, id).map_err(failed)?;
        }
        let is_done = unreached::list(&self.sql, 1).map_err(failed)?.is_empty();
        Ok((!is_done).then(|| now_ms() + RETRY_MS))
    }
}

impl DurableObject for RelayObject {
    fn new(state: State, env: Env) -> Self {
        let programme =
            state.id().name().and_then(|name| ProgrammeId::of_relay(&name)).unwrap_or(ProgrammeId::MAIN);
        let sql = DurableSql::new(AsRef::<JsValue>::as_ref(state.storage().as_raw()).clone());
        let ready = migrate(&sql, RELAY).map(drop).map_err(|error| error.to_string());
        let (stores, alarm) = (Stores::new(env, programme), Alarm::new(state, "Relay"));
        Self { relay: Rc::new(Relay { stores, alarm, sql, fan_out: RefCell::default(), ready }) }
    }

    /// Responds 404, because the relay is called by RPC only.
    async fn fetch(&self, _: Request) -> Result<Response> {
        Response::error("not found", 404)
    }

    async fn alarm(&self) -> Result<Response> {
        let relay = Rc::clone(&self.relay);
        let call = call_of(relay.alarm.state().as_raw().as_ref());
        tracked(call, async move {
            relay.alarm.started();
            match relay.retry().await {
                Ok(next) => relay.alarm.succeeded(next).await?,
                Err(error) => relay.alarm.failed(&error.to_string()).await?,
            }
            Response::empty()
        })
        .await
    }
}

/// The methods that the class in `js/objects.mjs` calls. They receive the number of the call.
#[wasm_bindgen]
impl RelayObject {
    /// Records that the alarm panicked. It runs in the next instance.
    pub fn alarm_panicked(&self, call: u32, error: String) -> Promise {
        let relay = Rc::clone(&self.relay);
        promise(call, async move {
            relay.alarm.failed(&error).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Sends a batch of new events to their destinations. JSON.
    pub fn take(&self, call: u32, batch: String) -> Promise {
        let relay = Rc::clone(&self.relay);
        promise(call, async move {
            relay.take(&batch).await.map_err(thrown)?;
            Ok(JsValue::UNDEFINED)
        })
    }
}
