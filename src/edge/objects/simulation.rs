//! A Simulation object: the copy of Ledger rows that one simulation reruns. It holds the rows while the simulation runs; its class
//! in `js/objects.mjs` deletes them, whatever happens.

use super::ledger::config;
use crate::{
    api,
    domain::programme::id::ProgrammeId,
    edge::{
        failed,
        guard::promise,
        refusal::thrown,
        rpc::Stores,
        simulations::{self, pause},
        sql::DurableSql,
        zones::IntlZones,
    },
    ledger::{config::Config, simulation::Scratch},
    store::{
        schema::{LEDGER, migrate},
        scratch::{self, Page},
    },
};
use js_sys::Promise;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The class that JavaScript extends (`js/objects.mjs`).
#[durable_object]
pub struct SimulationObject {
    copy: Rc<Copy>,
}

struct Copy {
    sql: DurableSql,
    config: std::result::Result<Config, String>,
}

impl DurableObject for SimulationObject {
    fn new(state: State, env: Env) -> Self {
        let name = state.id().name().unwrap_or_default();
        let sql = DurableSql::new(AsRef::<JsValue>::as_ref(state.storage().as_raw()).clone());
        let config = match ProgrammeId::of_simulation(&name) {
            Some(programme) => config(&Stores::new(env, programme)),
            None => Err(format!("{name:?} is not the name of a simulation")),
        };
        Self { copy: Rc::new(Copy { sql, config }) }
    }

    /// Responds 404, because simulations are called by RPC only.
    async fn fetch(&self, _: Request) -> Result<Response> {
        Response::error("not found", 404)
    }
}

impl Copy {
    /// Creates the tables, one version of the schema at a time.
    async fn open(&self) -> Result<()> {
        for count in 1..=LEDGER.len() {
            migrate(&self.sql, LEDGER.get(..count).unwrap_or(LEDGER)).map_err(failed)?;
            pause().await;
        }
        scratch::create(&self.sql).map_err(failed)
    }

    async fn load(&self, pages: &str) -> Result<()> {
        let pages: Vec<Page> = strict_json::from_str(pages).map_err(failed)?;
        for page in pages {
            scratch::write(&self.sql, &page).map_err(failed)?;
            pause().await;
        }
        Ok(())
    }

    async fn run(&self, extent: &str, body: &str) -> Result<String> {
        let extent = strict_json::from_str(extent).map_err(failed)?;
        let simulation = api::simulation(body.as_bytes(), extent).map_err(failed)?;
        let config = self.config.as_ref().map_err(failed)?;
        let zones = IntlZones::default();
        simulations::rerun(&Scratch { sql: &self.sql, config, zones: &zones }, simulation).await
    }
}

/// The methods that the class in `js/objects.mjs` calls. They receive the number of the call.
#[wasm_bindgen]
impl SimulationObject {
    /// Creates the tables of the copy.
    pub fn open(&self, call: u32) -> Promise {
        let copy = Rc::clone(&self.copy);
        promise(call, async move {
            copy.open().await.map_err(thrown)?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Writes pages of the copy: a JSON array.
    pub fn load(&self, call: u32, pages: String) -> Promise {
        let copy = Rc::clone(&self.copy);
        promise(call, async move {
            copy.load(&pages).await.map_err(thrown)?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Runs the simulation of a request. Returns the result as JSON.
    pub fn run(&self, call: u32, extent: String, body: String) -> Promise {
        let copy = Rc::clone(&self.copy);
        promise(call, async move { Ok(copy.run(&extent, &body).await.map_err(thrown)?.into()) })
    }
}
