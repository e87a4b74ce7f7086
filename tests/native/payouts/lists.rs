//! Pages of runs, payouts, their commissions and rates: each row appears once, newest first, and each list has its own
//! cursors.

use super::world::{World, october};
use serde_json::{Value as Json, json};

fn walk(world: &mut World, list: &str, name: fn(&Json) -> String) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    let joint = if list.contains('?') { '&' } else { '?' };
    loop {
        let page = world.ledger.get(&format!("{list}{joint}limit=2&cursor={cursor}"));
        assert_eq!(page.status, 200, "{}", page.raw.body);
        let rows = page.json["data"].as_array().unwrap();
        all.extend(rows.iter().map(name));
        let Some(next) = page.json["next_cursor"].as_str() else {
            assert!(!rows.is_empty(), "the last page has a row");
            return all;
        };
        assert_eq!(rows.len(), 2, "a page that another follows is full");
        cursor = next.to_owned();
    }
}

#[test]
fn every_row_is_on_exactly_one_page() {
    let mut world = World::new();
    let partners = ["A", "B", "C", "D", "E"].map(|name| world.partner(name, None));
    for partner in &partners {
        world.sale(partner, 100, "EUR");
    }
    for _ in 0..4 {
        world.sale(&partners[0], 100, "EUR");
    }
    world.at("2026-11-02T08:00:00Z");
    let run = world.draft(october());
    for day in 1..5 {
        world.draft(json!({"from": format!("2026-10-0{day}"), "to": "2026-10-30"}));
        world.set_rate(&format!("2026-10-0{day}"), "USD", "EUR", "1");
    }
    let id = |row: &Json| row["id"].as_str().unwrap().to_owned();
    let first = world.payouts(&run, "draft")[0]["id"].as_str().unwrap().to_owned();
    let items = format!("/v1/payouts/{first}/items");
    let of_run = format!("/v1/payouts?run_id={run}");
    for (list, rows, name) in [
        ("/v1/payouts/runs", 5, id as fn(&Json) -> String),
        ("/v1/payouts", 25, id),
        (of_run.as_str(), 5, id),
        ("/v1/fx", 4, |row| row["date"].as_str().unwrap().to_owned()),
        (items.as_str(), 5, |row| row["commission_id"].as_str().unwrap().to_owned()),
    ] {
        let walked = walk(&mut world, list, name);
        let mut distinct = walked.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((walked.len(), distinct.len()), (rows, rows), "{list}");
    }
    // The items of a draft and of the same run approved are the same, and so are their pages.
    let before = walk(&mut world, &items, |row| row.to_string());
    assert_eq!(world.approve(&run).status, 200);
    assert_eq!(walk(&mut world, &items, |row| row.to_string()), before);
    let cursor = world.ledger.get("/v1/payouts?limit=1").text("/next_cursor");
    for list in ["/v1/payouts/runs", "/v1/fx", &of_run, &items, "/v1/payouts?status=open"] {
        let joint = if list.contains('?') { '&' } else { '?' };
        let refused = world.ledger.get(&format!("{list}{joint}cursor={cursor}"));
        assert_eq!(refused.problem(), (422, "cursor_mismatch".to_owned()), "{list}");
    }
}

#[test]
fn a_run_that_is_requested_again_is_shown_as_it_is_now() {
    let mut world = World::new();
    let ada = world.partner("Ada", None);
    world.sale(&ada, 10_000, "EUR");
    world.at("2026-11-02T08:00:00Z");
    let (maker, text) = (world.maker.clone(), json!({"period": october()}).to_string());
    let send = |world: &mut World, key| world.ledger.call(&maker, "POST", "/v1/payouts/runs", &text, key);
    let draft = send(&mut world, Some("k-1"));
    let run = draft.text("/id");
    assert_eq!((draft.status, draft.text("/status").as_str()), (201, "draft"));
    assert_eq!(world.approve(&run).status, 200);
    for key in [None, Some("k-2")] {
        let again = send(&mut world, key);
        assert_eq!((again.status, again.raw.header("idempotent-replayed")), (200, Some("true")));
        assert_eq!(again.text("/status"), "approved");
        assert_eq!(again.raw.body, world.ledger.get(&format!("/v1/payouts/runs/{run}")).raw.body);
    }
    // A retry of the first request gets the first response.
    let retried = world
        .ledger
        .unchanged("retry", |ledger| ledger.call(&maker, "POST", "/v1/payouts/runs", &text, Some("k-1")));
    assert_eq!((retried.status, &retried.raw.body), (201, &draft.raw.body));
}
