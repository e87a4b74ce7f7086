//! Runs simulations on copies: in slices of one conversion, of seven, and in one go. The results must be the same.

use super::TzDatabase;
use signpost::{
    api::{
        self, Environment,
        http::message::{Request, Response},
    },
    ledger::simulation::Scratch,
    store::{
        native::NativeSql,
        schema::{LEDGER, migrate},
        scratch::{self, Cursor, Extent, Page},
        value::json_text,
    },
};

/// The response to a request that needs the simulation of `extent`.
pub fn response(environment: &Environment<'_>, extent: &Extent, request: &Request<'_>) -> Response {
    let [one, seven, all] = [(1, 1), (7, 7), (100_000, 100_000)]
        .map(|(rows, conversions)| result(environment, extent, request, rows, conversions));
    assert_eq!(one, all, "slices of one conversion");
    assert_eq!(seven, all, "slices of seven conversions");
    api::simulated(environment.sql, request, Ok(all))
}

fn result(
    environment: &Environment<'_>,
    extent: &Extent,
    request: &Request<'_>,
    rows: i64,
    conversions: usize,
) -> String {
    let copy = NativeSql::in_memory().unwrap();
    migrate(&copy, LEDGER).unwrap();
    scratch::create(&copy).unwrap();
    let mut cursor = Cursor::default();
    // Most of these tests have few rows before the rerun; reading thousands of them one by one would prove nothing more.
    let rows = if extent.first > 100 { rows.max(500) } else { rows };
    while let Some(page) = scratch::read(environment.sql, extent, &mut cursor, rows).unwrap() {
        let page: Page = serde_json::from_str(&json_text(&page).unwrap()).unwrap();
        scratch::write(&copy, &page).unwrap();
    }
    let extent = serde_json::from_str(&json_text(extent).unwrap()).unwrap();
    let mut simulation = api::simulation(request.body, extent).unwrap();
    let scratch = Scratch { sql: &copy, config: environment.config, zones: &TzDatabase };
    loop {
        if let Some(view) = simulation.advance(&scratch, conversions).unwrap() {
            return json_text(&view).unwrap();
        }
    }
}
