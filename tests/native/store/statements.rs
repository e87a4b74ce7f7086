//! Which tables the statements of a whole working day scan from end to end.
//!
//! A statement fails if it scans a table and is not listed below with a reason.

use crate::support::{Ledger, OPERATOR, double_bound::DoubleBound, event};
use serde_json::json;
use signpost::{
    api::{
        http::auth::Access,
        routes::{ROUTES, Route},
    },
    domain::values::time::Timestamp,
    store::{imports, log::outbox, reports::counts, transaction},
};

/// Whether a partner's key may read a target. A literal segment of a route takes precedence over a parameter.
fn partners_may_read(target: &str) -> bool {
    let path: Vec<&str> = target.split('?').next().unwrap().split('/').collect();
    let fits = |route: &&Route| {
        let segments: Vec<&str> = route.path.split('/').collect();
        let same = |(segment, name): (&&str, &&str)| segment.starts_with('{') || segment == name;
        route.method == "GET" && segments.len() == path.len() && segments.iter().zip(&path).all(same)
    };
    let parameters = |route: &&Route| route.path.matches('{').count();
    ROUTES.iter().filter(fits).min_by_key(parameters).unwrap().access == Access::Partner
}

/// Every statement of the API: each route by the operator and by a partner, with and without filters.
fn a_working_day() -> Ledger<DoubleBound> {
    let mut ledger = Ledger::over(DoubleBound::in_memory());
    let fraud = json!({"velocity_per_hour": 2, "min_seconds_from_click": 3});
    ledger.put("/v1/program", &json!({"name": "P", "hold_days": 1, "fraud": fraud}));
    let scenario = ledger.scenario(1_000);
    ledger.post("/v1/partners", &json!({"name": "B", "kind": "media", "external_id": "b"}));
    let target = format!("/v1/listings/{}", scenario.listing);
    ledger.patch(&target, &json!({"slug": "acme-app"}));
    let link =
        json!({"partner_id": scenario.partner, "listing_id": scenario.listing, "slug": "ada", "path": "/x"});
    ledger.call(OPERATOR, "POST", "/v1/links", &link.to_string(), Some("k"));
    let email = json!({"email": "ada@acme.example"});
    assert_eq!(ledger.patch(&format!("/v1/partners/{}", scenario.partner), &email).status, 200);
    let email = json!({"account": "a-1", "email": "ada@acme.example"});
    ledger.reported(&json!({"listing_no": 1, "events": [], "emails": [email]}));
    let click = ledger.click(scenario.link_no);
    let sale = json!({"type": "sale", "external_id": "o", "click_id": click, "customer_id": "c", "amount": 100, "currency": "EUR"});
    let conversion = ledger.post("/v1/conversions", &sale).text("/id");
    ledger.post("/v1/conversions", &sale);
    ledger.post(&format!("/v1/conversions/{conversion}/refunds"), &json!({"external_id": "r", "amount": 50}));
    let lead = json!({"type": "lead", "external_id": "l", "click_id": click});
    let lead = ledger.post("/v1/conversions", &lead).text("/id");
    for status in ["qualified", "unqualified"] {
        let target = format!("/v1/conversions/{lead}/qualify");
        assert_eq!(ledger.post(&target, &json!({"status": status, "reason": "r"})).status, 200);
    }
    assert_eq!(ledger.put("/v1/program", &json!({"currency": "USD"})).status, 409);
    let held = json!({"amount": 900, "currency": "EUR", "evidence": "transport_only", "clicks": [click]});
    let rows = json!([[1, Timestamp::parse("2026-11-22T12:00:00Z").unwrap().quarter(), "DE", 1, 0, 1, 1]]);
    let deltas = json!({"shard": 0, "seq": 1, "through_ms": 1, "rows": rows}).to_string();
    transaction(&ledger.sql, || counts::apply(&ledger.sql, &deltas)).unwrap();
    ledger.told(1, &["1", "2"].map(|n| event("charged", n, &held)));
    ledger.wait(2 * 86_400_000);
    let commission = ledger.get("/v1/commissions").text("/data/0/id");
    let held = ledger.get("/v1/commissions?held=true").text("/data/0/id");
    ledger.post(&format!("/v1/commissions/{held}/release"), &json!({}));
    for n in ["i-1", "i-2"] {
        let install =
            json!({"type": "install", "external_id": n, "customer_id": "c", "amount": 1, "currency": "EUR"});
        assert_eq!(ledger.post("/v1/conversions", &install).status, 201);
    }
    let repeated = ledger.get("/v1/commissions?held_reason=duplicate_customer").text("/data/0/id");
    let note = json!({"note": "installed twice"});
    assert_eq!(ledger.post(&format!("/v1/commissions/{repeated}/reject"), &note).status, 200);
    ledger.told(
        1,
        &[event("charged", "1", &json!({"amount": 900, "currency": "EUR", "evidence": "api_poll"}))],
    );
    ledger.post(&format!("/v1/links/{}/revoke", scenario.link), &json!({}));
    let (run, payout) = a_month_that_is_paid(&mut ledger, &scenario.partner);
    let partner = ledger.key(&["admin"], Some(&scenario.partner));
    for other in ["", "&type=sale", "&from=2026-11-01T00:00:00Z"] {
        assert_eq!(ledger.get(&format!("/v1/conversions?customer_id=c{other}")).status, 200);
    }
    let mut others = Vec::new();
    for key in [OPERATOR, &partner] {
        for target in [
            "/v1/program".to_owned(),
            "/v1/keys".to_owned(),
            "/v1/partners".to_owned(),
            format!("/v1/partners/{}", scenario.partner),
            "/v1/listings".to_owned(),
            format!("/v1/listings/{}", scenario.listing),
            "/v1/links".to_owned(),
            format!("/v1/links/{}", scenario.link),
            "/v1/conversions".to_owned(),
            format!("/v1/conversions/{conversion}"),
            format!("/v1/conversions/{conversion}/attribution"),
            "/v1/balances".to_owned(),
            format!("/v1/balances?partner_id={}", scenario.partner),
            "/v1/commissions".to_owned(),
            "/v1/commissions?held=true".to_owned(),
            "/v1/commissions?held=false".to_owned(),
            "/v1/commissions?held_reason=velocity".to_owned(),
            "/v1/commissions?held=true&held_reason=velocity&status=pending".to_owned(),
            "/v1/commissions?status=reversed".to_owned(),
            format!("/v1/commissions/{commission}"),
            "/v1/events".to_owned(),
            "/v1/events?type=link.created".to_owned(),
            "/v1/partners?q=ada+lo".to_owned(),
            "/v1/partners?status=active".to_owned(),
            "/v1/partners?kind=media&country=DE".to_owned(),
            "/v1/partners?country=DE&q=a".to_owned(),
            "/v1/links?campaign=spring".to_owned(),
            "/v1/links?slug=ada".to_owned(),
            format!("/v1/links?listing_id={}", scenario.listing),
            format!("/v1/links?listing_id={0}&partner_id={1}&campaign=x", scenario.listing, scenario.partner),
            format!("/v1/commissions?conversion_id={conversion}"),
            "/v1/commissions?plan=p&status=pending".to_owned(),
            "/v1/commissions?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z".to_owned(),
            "/v1/commissions?plan=p&from=2026-11-01T00:00:00Z".to_owned(),
            format!("/v1/balances?partner_id={}&at=2026-12-01T00:00:00Z", scenario.partner),
            format!("/v1/commissions/{commission}/history"),
            "/v1/ledger/trial-balance".to_owned(),
            "/v1/fx".to_owned(),
            "/v1/fx?date=2026-11-30&from=USD&to=EUR".to_owned(),
            format!("/v1/partners/{}/payout-details", scenario.partner),
            "/v1/payouts/runs".to_owned(),
            format!("/v1/payouts/runs/{run}"),
            format!("/v1/payouts/runs/{run}/files/csv"),
            "/v1/payouts".to_owned(),
            "/v1/payouts?status=open".to_owned(),
            format!("/v1/payouts/{payout}"),
            format!("/v1/payouts/{payout}/items"),
            format!("/v1/payouts/{payout}/statement.json"),
        ] {
            let expected = match key == OPERATOR {
                true => 200,
                // Partners do not see why a commission is held, and cannot ask for it.
                false if target.contains("held_reason") => 400,
                false if partners_may_read(&target) => 200,
                false => 404,
            };
            let found = ledger.call(key, "GET", &target, "", None).status;
            if found != expected {
                others.push(format!("{target}: {found}"));
            }
        }
        for one in [
            "external_id=o".to_owned(),
            "type=sale".to_owned(),
            "status=attributed".to_owned(),
            "status=unattributed".to_owned(),
            "coupon=c".to_owned(),
            format!("partner_id={}", scenario.partner),
            format!("listing_id={}", scenario.listing),
            format!("link_id={}", scenario.link),
        ] {
            for other in ["", "&from=2026-11-01T00:00:00Z"] {
                let target = format!("/v1/conversions?{one}{other}");
                assert_eq!(ledger.call(key, "GET", &target, "", None).status, 200, "{target}");
            }
        }
        for group in ["day", "partner", "listing", "link", "campaign"] {
            for filter in [
                String::new(),
                format!("&partner_id={}", scenario.partner),
                format!("&link_id={}", scenario.link),
                format!("&listing_id={}", scenario.listing),
            ] {
                let target = format!("/v1/attribution?group_by={group}{filter}");
                assert_eq!(ledger.call(key, "GET", &target, "", None).status, 200);
            }
        }
    }
    assert_eq!(others, Vec::<String>::new());
    let now = ledger.now;
    let work = transaction(&ledger.sql, || outbox::due(&ledger.sql, now)).unwrap();
    transaction(&ledger.sql, || outbox::done(&ledger.sql, &work.ack)).unwrap();
    ledger.patch(&format!("/v1/partners/{}", scenario.partner), &json!({"status": "terminated"}));
    let key = ledger.get("/v1/keys").text("/data/0/id");
    ledger.delete(&format!("/v1/keys/{key}"));
    an_import(&mut ledger, &scenario.link);
    ledger
}

/// A line of each kind that has statements of its own, and the clicks on their way to their shards.
fn an_import(ledger: &mut Ledger<DoubleBound>, link: &str) {
    let money = json!({"amount": 100, "currency": "EUR"});
    let lines = [
        json!({"object": "partner", "external_id": "x", "name": "X", "kind": "media"}),
        json!({"object": "opening_balance", "external_id": "x", "created_at": "2026-10-01T00:00:00Z",
            "partner_id": "ext:x", "amount": money}),
        json!({"object": "payout", "external_id": "x", "partner_id": "ext:x",
            "period": {"from": "2026-10-01", "to": "2026-10-31"}}),
        json!({"object": "click", "external_id": "x", "link_id": link}),
        json!({"object": "conversion", "type": "sale", "external_id": "x", "click_id": "ext:x", "amount": 5,
            "currency": "EUR"}),
        json!({"object": "refund", "external_id": "x", "conversion_id": "ext:x"}),
        json!({"object": "customer", "external_id": "x", "click_id": "ext:x"}),
    ];
    let body = lines.map(|line| line.to_string()).join("\n");
    for status in [201, 200] {
        let answer = ledger.call(OPERATOR, "POST", "/v1/import", &body, None);
        assert_eq!(answer.status, status, "{}", answer.raw.body);
    }
    for queued in imports::queued_clicks(&ledger.sql).unwrap() {
        imports::clicks_sent(&ledger.sql, &queued).unwrap();
    }
}

/// A run that is drafted, refreshed and approved; one failed payout, one paid payout, and a write-off.
fn a_month_that_is_paid(ledger: &mut Ledger<DoubleBound>, partner: &str) -> (String, String) {
    let rate = json!({"rates": [{"date": "2026-11-30", "from": "USD", "to": "EUR", "rate": "0.9"}]});
    assert_eq!(ledger.put("/v1/fx", &rate).status, 200);
    let details = json!({"method": "manual", "legal_name": "Ada"});
    assert_eq!(ledger.put(&format!("/v1/partners/{partner}/payout-details"), &details).status, 200);
    let now = ledger.now;
    ledger.now = Timestamp::parse("2026-12-02T00:00:00Z").unwrap();
    let maker = ledger.key(&["payouts:write"], None);
    let run_of = |ledger: &mut Ledger<DoubleBound>, from: &str| {
        let body = json!({"period": {"from": from, "to": "2026-11-30"}}).to_string();
        let run = ledger.call(&maker, "POST", "/v1/payouts/runs", &body, None).text("/id");
        let path = format!("/v1/payouts/runs/{run}");
        assert_eq!(ledger.call(&maker, "POST", &format!("{path}/refresh"), "", None).status, 200);
        assert_eq!(ledger.post(&format!("{path}/approve"), &json!({})).status, 200);
        let payout = ledger.get(&format!("/v1/payouts?run_id={run}&status=open")).text("/data/0/id");
        (run, payout)
    };
    let (_, failed) = run_of(ledger, "2026-11-01");
    assert_eq!(
        ledger.post(&format!("/v1/payouts/{failed}/failed"), &json!({"reason": "closed"})).status,
        200
    );
    let (run, payout) = run_of(ledger, "2026-11-02");
    let results = json!({"results": [{"payout_id": payout, "status": "paid", "reference": "b-1"}]});
    assert_eq!(ledger.post(&format!("/v1/payouts/runs/{run}/results"), &results).status, 200);
    let conversion = ledger.get("/v1/commissions?status=paid").text("/data/0/conversion_id");
    let refund = json!({"external_id": "after"});
    assert_eq!(ledger.post(&format!("/v1/conversions/{conversion}/refunds"), &refund).status, 201);
    let target = format!("/v1/partners/{partner}/write-off");
    assert_eq!(ledger.post(&target, &json!({"currency": "EUR"})).status, 201);
    let cancelled = json!({"period": {"from": "2026-11-03", "to": "2026-11-30"}});
    let cancelled = ledger.post("/v1/payouts/runs", &cancelled).text("/id");
    assert_eq!(ledger.post(&format!("/v1/payouts/runs/{cancelled}/cancel"), &json!({})).status, 200);
    ledger.now = now;
    (run, payout)
}

/// Whether a scan is intended, with the reason.
fn is_meant(table: &str, sql: &str) -> bool {
    let one_partner = sql.contains("partner_no = ");
    // A page of the conversions of a partner or a link: those it earns alone and those it shares, each half no more than the
    // page holds.
    let of_one = sql.contains("k.partner_no = ") || sql.contains("k.link_no = ");
    if sql.contains("FROM conversion_credits") && of_one && sql.contains("DESC LIMIT CAST(?") {
        return table.starts_with("(subquery-") || table == "a sort";
    }
    // A period within the rows of one filter, which has an index of its own; the conversions with one external id, of which
    // there is at most one of each type.
    let is_timed = sql.contains("ORDER BY c.occurred_at DESC") || sql.contains("ORDER BY m.created_at DESC");
    if table == "a sort" && ((is_timed && sql.contains(" INDEXED BY ")) || sql.contains("c.external_id = ")) {
        return true;
    }
    // As many events as are written or exported at once, with the sums of their lengths.
    if sql.contains(" FROM events WHERE seq > ?1 ORDER BY seq LIMIT CAST(?2 AS INTEGER))") {
        return table.starts_with("(subquery-") || table == "a sort";
    }
    match table {
        // Values from the statement itself, which are no table of the Ledger.
        "CONSTANT ROW" | "2-ROW VALUES CLAUSE" | "json_each VIRTUAL TABLE INDEX 1:" => true,
        // A payout run reads what is not paid, from the index that holds nothing else; drafts are few.
        "commissions USING INDEX commissions_open"
        | "commissions USING COVERING INDEX commissions_open"
        | "s" => sql.contains("INDEXED BY commissions_open"),
        // Rows that the statement itself made: the transfers and the numbers of one run.
        "r" | "f" | "(subquery-2)" | "(subquery-3)" | "(subquery-4)" | "(subquery-5)" | "(subquery-6)" => {
            sql.contains("y.status = 'draft'") || sql.contains("y.no = ?1") || sql.contains("no > ?1")
        }
        // One partner's, one commission's or one run's.
        "sides" => sql.contains("partner_no = ?2"),
        // The operator's reports and balances cover all partners.
        "c" | "accounts" => !one_partner,
        // The snapshot holds every listing, and what is blocked: the indices hold nothing else.
        "listings" => {
            sql == "SELECT id FROM listings ORDER BY no"
                || sql.starts_with("SELECT no, url, marketplace, iif(json_valid(settings)")
        }
        "partners USING COVERING INDEX partners_inactive" => true,
        "partners USING INDEX partners_inactive" => true,
        "links USING INDEX links_revised" => true,
        "links USING INDEX links_revoked" | "links USING COVERING INDEX links_revoked" => true,
        // The snapshot's ranges need the blocked numbers in order; a batch of counts is merged within itself.
        "a sort" => {
            let of_one = ["conversion_no = ?1", "f.partner_no = ?1", "y.run_no = ?1", "y.no = ?1"];
            sql.contains("revoked_at IS NOT NULL")
                || sql.contains("json_each(?1)")
                || of_one.iter().any(|one| sql.contains(one))
        }
        // Queues, from which finished work is removed.
        "kv_writes" | "click_outbox" | "destination_commands" => true,
        // As many of them as are sent at once.
        "(subquery-1)" if sql.contains("FROM click_outbox ORDER BY place LIMIT CAST(?1 AS INTEGER)") => true,
        // A partner's newest conversions, up to its hourly limit.
        "(subquery-1)" => one_partner && sql.contains("ORDER BY no DESC LIMIT CAST(?3 AS INTEGER)"),
        // Whether there is any at all: one row is read.
        "transfers USING COVERING INDEX sqlite_autoindex_transfers_1"
        | "transfers USING COVERING INDEX transfers_by_commission" => {
            sql == "SELECT 1 FROM transfers LIMIT 1"
        }
        _ => false,
    }
}

#[test]
fn no_statement_reads_a_growing_table_from_end_to_end() {
    let ledger = a_working_day();
    let scans = ledger.sql.scans();
    let unmeant: Vec<_> = scans.iter().filter(|(table, sql)| !is_meant(table, sql)).collect();
    assert!(unmeant.is_empty(), "{unmeant:#?}");
    // At least one plan was read.
    assert!(scans.iter().any(|(table, _)| table == "accounts"));
}
