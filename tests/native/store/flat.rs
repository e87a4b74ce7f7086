//! The Ledger's work does not grow with its data. These tests fail if a conversion, a refund, a partner's report or
//! the alarm runs a statement that scans a whole table, or runs more statements in a larger Ledger. (`cargo xtask
//! bench` measures the same at a million conversions.)

use crate::support::{Ledger, OPERATOR, TzDatabase, simulation};
use serde_json::json;
use signpost::{
    api::{self, Environment, Outcome, http::message::Request},
    domain::{
        event::EventType,
        values::{entropy::SeededEntropy, id::EventId, time::Timestamp},
    },
    ledger::needs::Fetched,
    store::{
        Page, Row, Sql, SqlError, Value,
        conversions::{
            credits,
            list::{Filter, list},
        },
        log::{
            archive::{EventLog, FetchedSegment},
            events::{self, Range},
            outbox::{self, segment_put},
            pruning,
        },
        reports::counts,
        transaction,
    },
};
use std::{cell::RefCell, collections::BTreeMap};

/// A database that records its statements.
struct Watched<'a> {
    sql: &'a dyn Sql,
    seen: RefCell<BTreeMap<String, Vec<Value>>>,
}

impl Sql for Watched<'_> {
    fn exec(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, SqlError> {
        self.seen.borrow_mut().insert(sql.to_owned(), args.to_vec());
        self.sql.exec(sql, args)
    }

    fn atomically(&self, body: &mut dyn FnMut() -> bool) -> Result<(), SqlError> {
        self.sql.atomically(body)
    }

    fn script(&self, sql: &str) -> Result<(), SqlError> {
        self.sql.script(sql)
    }
}

/// Full scans in SQLite's plans, although the statement needs only a part.
fn scans(watched: &Watched<'_>) -> Vec<String> {
    // What waits for KV, a ClickLog or a destination: the statement stops at its limit, and whatever stands there is taken out at the next
    // alarm.
    // Indexes of exactly the rows that are asked for. All listings: redirects must know them all.
    let wanted = [
        "SCAN kv_writes",
        "SCAN click_outbox",
        "SCAN destination_commands",
        "USING INDEX links_revoked",
        "links_revised",
        "partners_inactive",
        "SCAN listings",
    ];
    // Arguments, literal rows and results of subqueries are no tables.
    let no_table = |step: &str| {
        ["VIRTUAL TABLE", "CONSTANT ROW", "VALUES CLAUSE", "SUBQUERY", "(subquery-"]
            .iter()
            .any(|word| step.contains(word))
    };
    let seen = watched.seen.borrow();
    let mut found = Vec::new();
    for (statement, args) in seen.iter() {
        for row in watched.sql.exec(&format!("EXPLAIN QUERY PLAN {statement}"), args).unwrap() {
            let step = row.text(3).unwrap();
            let allowed = no_table(step) || wanted.iter().any(|known| step.contains(known));
            if step.starts_with("SCAN ") && !allowed {
                found.push(format!("{step}: {statement}"));
            }
        }
    }
    found
}

/// Sends a request with `sql` in place of the Ledger's own handle on its database.
fn send(
    (ledger, sql, entropy): (&Ledger, &dyn Sql, &RefCell<SeededEntropy>),
    method: &str,
    target: &str,
    body: &str,
    key: Option<&str>,
) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let authorization = format!("Bearer {OPERATOR}");
    let request = Request {
        method,
        path,
        query,
        authorization: Some(&authorization),
        idempotency_key: key,
        body: body.as_bytes(),
        base_url: "https://go.example.com",
        ..Request::default()
    };
    let fetched = Fetched { trails: ledger.trails.clone(), ..Fetched::nothing() };
    let environment =
        Environment { sql, config: &ledger.config, zones: &TzDatabase, now: ledger.now, fetched: &fetched };
    let answer = match api::handle(&environment, &mut *entropy.borrow_mut(), request) {
        Outcome::Response(answer) => answer,
        Outcome::Needed(need) => panic!("{method} {target} needs {need:?}"),
        // Copying reads whole tables, in pages.
        Outcome::SimulationNeeded(extent) => {
            simulation::response(&Environment { sql: &ledger.sql, ..environment }, &extent, &request)
        }
    };
    assert!(answer.status < 300, "{method} {target}: {}", answer.body);
    answer.body
}

#[test]
fn no_statement_reads_a_whole_table() {
    let mut ledger = Ledger::new();
    let partner = ledger.partner("Ada", None);
    let listing = ledger.listing("https://shop.example/buy");
    let (link, no) = ledger.link(&partner, &listing);
    let click = ledger.click(no);
    let trail = ledger.click(no);
    ledger.wait(1_000);
    let newer = ledger.click(no);
    ledger.trails.insert(newer.clone(), Some(vec![trail]));
    ledger.post("/v1/coupons", &json!({"code": "SPRING", "partner_id": partner}));
    let sale = json!({"type": "sale", "external_id": "o-1", "click_id": click, "customer_id": "c-1",
        "listing_id": listing, "amount": 9_900, "currency": "EUR"});
    let watched = Watched { sql: &ledger.sql, seen: RefCell::default() };
    let entropy = RefCell::new(SeededEntropy::new(99));
    let desk = (&ledger, &watched as &dyn Sql, &entropy);

    let first = send(desk, "POST", "/v1/conversions", &sale.to_string(), Some("key-1"));
    let id = serde_json::from_str::<serde_json::Value>(&first).unwrap()["id"].as_str().unwrap().to_owned();
    send(desk, "POST", "/v1/conversions", &sale.to_string(), Some("key-1"));
    send(desk, "POST", "/v1/conversions", &sale.to_string(), Some("key-2"));
    let refund = r#"{"external_id": "r-1", "amount": 100}"#;
    send(desk, "POST", &format!("/v1/conversions/{id}/refunds"), refund, Some("key-3"));
    for target in [format!("/v1/conversions/{id}"), format!("/v1/conversions/{id}/attribution")] {
        send(desk, "GET", &target, "", None);
    }

    let lead = json!({"type": "lead", "external_id": "l-1", "click_id": click});
    let lead = send(desk, "POST", "/v1/conversions", &lead.to_string(), None);
    let id = serde_json::from_str::<serde_json::Value>(&lead).unwrap()["id"].as_str().unwrap().to_owned();
    for status in ["qualified", "unqualified"] {
        let body = json!({"status": status}).to_string();
        send(desk, "POST", &format!("/v1/conversions/{id}/qualify"), &body, Some(status));
    }

    let rules = json!({"attribution": {"model": "linear", "repeat_customers": "ignore"}});
    send(desk, "PUT", "/v1/program", &rules.to_string(), None);
    let shared = json!({"type": "sale", "external_id": "o-2", "click_id": newer, "customer_id": "c-2",
        "coupon": "spring", "amount": 9_900, "currency": "EUR"});
    let shared = send(desk, "POST", "/v1/conversions", &shared.to_string(), None);
    let id = serde_json::from_str::<serde_json::Value>(&shared).unwrap()["id"].as_str().unwrap().to_owned();
    send(desk, "POST", &format!("/v1/conversions/{id}/refunds"), refund, None);
    send(desk, "GET", "/v1/coupons", "", None);
    send(desk, "POST", "/v1/attribution/simulate", &rules.to_string(), None);
    let own = Filter { partner: Some(1), ..Filter::default() };
    list(&watched, &own, Page::first(50)).unwrap();
    credits::is_shared_by(&watched, 2, 1).unwrap();

    let quarter = ledger.now.quarter();
    let deltas = json!({"shard": 3, "seq": 1, "through_ms": 1, "rows": [[no, quarter, "DE", 2, 0, 7, 5]]});
    transaction(&watched, || counts::apply(&watched, &deltas.to_string())).unwrap();
    let narrowed = [format!("partner_id={partner}"), format!("link_id={link}")];
    for group in ["day", "week", "month", "partner", "listing", "link", "country", "device", "campaign"] {
        for filter in &narrowed {
            let span = "from=2026-09-01T00:00:00Z&to=2026-12-01T00:00:00Z&timezone=Europe/Berlin";
            let target = format!("/v1/attribution?{filter}&{span}&group_by={group}");
            send(desk, "GET", &target, "", None);
        }
    }
    send(desk, "GET", &format!("/v1/balances?partner_id={partner}"), "", None);

    api::end_holds(&watched, ledger.now.plus_ms(40 * 86_400_000), &mut *entropy.borrow_mut()).unwrap();
    outbox::next_due(&watched, ledger.now).unwrap();
    outbox::done(&watched, &outbox::due(&watched, ledger.now.plus_ms(90_000)).unwrap().ack).unwrap();

    read_from_kv(&watched, ledger.now);

    assert!(watched.seen.borrow().len() > 40, "the watch saw too little to mean anything");
    assert_eq!(scans(&watched), Vec::<String>::new());
}

/// Deletes the first two events, as if they filled a segment, and reads them in every way.
fn read_from_kv(sql: &dyn Sql, now: Timestamp) {
    let put = segment_put(&events::after(sql, 0, None, 2).unwrap()).unwrap().unwrap();
    pruning::next(sql, now).unwrap();
    pruning::written(sql, &put, now).unwrap();
    assert!(transaction(sql, || pruning::prune(sql, 2, Some(&put.value))).unwrap());
    let segments = vec![FetchedSegment { first: 1, text: Some(put.value) }];
    let log = EventLog::open(sql, &segments).unwrap();
    let types = [EventType::PartnerCreated];
    for partner in [None, Some(1)] {
        for types in [None, Some(&types[..])] {
            for through in [1, 2, 3] {
                let range = Range { after: 0, through, partner, types };
                log.read(&range, 10, 1_000).unwrap();
                log.count(&range).unwrap();
            }
        }
    }
    log.by_id(&EventId::generate(now, &mut SeededEntropy::new(1))).unwrap();
    log.last_before(now).unwrap();
    log.lines_after(0).unwrap();
}

#[test]
fn a_larger_ledger_needs_no_more_statements() {
    let mut ledger = Ledger::new();
    let listing = ledger.listing("https://shop.example/buy");
    let mut statements = Vec::new();
    let mut sale = 0;
    for partners in [2, 20] {
        for n in 0..partners {
            let partner = ledger.partner(&format!("{n}"), None);
            let (_, no) = ledger.link(&partner, &listing);
            let before = ledger.sql.statements();
            for _ in 0..10 {
                sale += 1;
                let body = json!({"type": "sale", "external_id": format!("o-{sale}"), "click_id": ledger.click(no),
                    "customer_id": format!("c-{sale}"), "amount": 9_900, "currency": "EUR"});
                let key = format!("key-{sale}");
                let answer = ledger.call(OPERATOR, "POST", "/v1/conversions", &body.to_string(), Some(&key));
                assert_eq!(answer.status, 201, "{}", answer.raw.body);
            }
            statements.push(ledger.sql.statements() - before);
        }
    }
    assert_eq!(statements, vec![statements[0]; statements.len()]);
}

/// A search in an index may still read all rows of one status, for example, which the plan does not show.
#[test]
fn a_larger_ledger_needs_no_more_steps() {
    let mut ledger = Ledger::new();
    let listing = ledger.listing("https://shop.example/buy");
    let partner = ledger.partner("Ada", None);
    let (_, no) = ledger.link(&partner, &listing);
    let mut sales = 0;
    let mut sell = |ledger: &mut Ledger| {
        sales += 1;
        let body = json!({"type": "sale", "external_id": format!("o-{sales}"), "click_id": ledger.click(no),
            "customer_id": format!("c-{sales}"), "amount": 9_900, "currency": "EUR"});
        let key = format!("{sales}");
        let answer = ledger.call(OPERATOR, "POST", "/v1/conversions", &body.to_string(), Some(&key));
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        answer.json["id"].as_str().unwrap().to_owned()
    };
    let mut steps_by_size = Vec::new();
    for size in [20, 300] {
        for _ in 0..size {
            sell(&mut ledger);
        }
        // The first refund adds an account.
        let refunded = sell(&mut ledger);
        ledger.post(&format!("/v1/conversions/{refunded}/refunds"), &json!({"external_id": "r-1"}));
        let mut steps = BTreeMap::new();
        let mut start = ledger.sql.steps();
        let mut measured = |ledger: &Ledger, name: &str| {
            steps.insert(name.to_owned(), ledger.sql.steps() - start);
            start = ledger.sql.steps();
        };
        let sale = sell(&mut ledger);
        measured(&ledger, "sale");
        let refund = ledger.post(&format!("/v1/conversions/{sale}/refunds"), &json!({"external_id": "r-1"}));
        assert_eq!(refund.status, 201, "{}", refund.raw.body);
        measured(&ledger, "refund");
        for target in [
            "/v1/conversions/{sale}/attribution",
            "/v1/balances?partner_id={partner}",
            "/v1/conversions?limit=5&status=attributed",
            "/v1/conversions?limit=5&partner_id={partner}&from=2026-01-01T00:00:00Z",
            "/v1/commissions?limit=5&status=pending",
            "/v1/commissions?limit=5&partner_id={partner}",
            "/v1/links?limit=5",
            "/v1/events?limit=5",
        ] {
            let response = ledger.get(&target.replace("{sale}", &sale).replace("{partner}", &partner));
            assert_eq!(response.status, 200, "{target}: {}", response.raw.body);
            measured(&ledger, target);
        }
        outbox::next_due(&ledger.sql, ledger.now).unwrap();
        measured(&ledger, "next alarm");
        api::end_holds(&ledger.sql, ledger.now, &mut SeededEntropy::new(size)).unwrap();
        measured(&ledger, "end of holds");
        steps_by_size.push(steps);
    }
    let [small, large] = steps_by_size.try_into().unwrap();
    assert_eq!(small, large);
}

#[test]
fn a_sale_and_its_refund_compile_no_statement_again() {
    let mut ledger = Ledger::new();
    let listing = ledger.listing("https://shop.example/buy");
    let partner = ledger.partner("Ada", None);
    let (_, no) = ledger.link(&partner, &listing);
    let before = ledger.sql.reprepared();
    for sale in 0..3 {
        let body = json!({"type": "sale", "external_id": format!("o-{sale}"), "click_id": ledger.click(no),
            "customer_id": "c-1", "amount": 9_900, "currency": "EUR"});
        let answer =
            ledger.call(OPERATOR, "POST", "/v1/conversions", &body.to_string(), Some(&format!("{sale}")));
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        let target = format!("/v1/conversions/{}/refunds", answer.json["id"].as_str().unwrap());
        assert_eq!(ledger.post(&target, &json!({"external_id": "r-1", "amount": 100})).status, 201);
    }
    assert_eq!(ledger.sql.reprepared() - before, 0);
}
