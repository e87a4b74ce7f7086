//! Invalid input for every route: invalid JSON or UTF-8, a body that is too large, unknown fields. A refused request
//! changes no row of any table.

use crate::reports::month::{Month, month};
use crate::support::{Answer, Ledger, OPERATOR, Scenario, event};
use serde_json::{Value as Json, json};
use signpost::api::{http::message::Request, routes::ROUTES};

pub struct World {
    pub ledger: Ledger,
    pub scenario: Scenario,
    pub sale: String,
    pub lead: String,
    pub held: String,
    pub app: String,
    pub webhook: String,
    pub month: Month,
}

pub fn world() -> World {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_500);
    let click = ledger.click(scenario.link_no);
    let sale = ledger.sale("o-1", &click, 10_000).text("/id");
    let unsigned = json!({"amount": 900, "currency": "EUR", "evidence": "transport_only", "clicks": [click]});
    ledger.told(1, &[event("charged", "o-2", &unsigned)]);
    let held = ledger.get("/v1/commissions?held=true").text("/data/0/id");
    let month = month(&mut ledger, &scenario.partner, scenario.link_no);
    let app = json!({"name": "App", "marketplace": "google-play", "url": "https://play.google.com/"});
    let app = ledger.post("/v1/listings", &app).text("/id");
    let webhook = json!({"url": "https://hooks.example.com/", "events": ["*"]});
    let webhook = ledger.post("/v1/webhooks", &webhook).text("/id");
    let lead = json!({"type": "lead", "external_id": "lead-1", "click_id": click});
    let lead = ledger.post("/v1/conversions", &lead).text("/id");
    World { ledger, scenario, sale, lead, held, app, webhook, month }
}

/// Whether a request creates something, so that its success is 201.
fn creates(method: &str, target: &str) -> bool {
    method == "POST"
        && !["/release", "/reject", "/qualify", "/simulate", "/results", "/paid", "/failed", "/replay"]
            .iter()
            .any(|action| target.ends_with(action))
}

/// Sends arbitrary bytes.
fn send(ledger: &mut Ledger, method: &str, target: &str, body: &[u8]) -> Answer {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let authorization = format!("Bearer {OPERATOR}");
    ledger.send(Request {
        method,
        path,
        query,
        authorization: Some(&authorization),
        idempotency_key: Some("a-key-that-must-not-be-kept"),
        body,
        base_url: "https://go.example.com",
        ..Request::default()
    })
}

/// Asserts that a request is refused as expected and writes nothing.
pub fn refuse(
    ledger: &mut Ledger,
    (method, target, body): (&str, &str, &[u8]),
    (status, code, pointer): (u16, &str, &str),
) {
    let shown: String = String::from_utf8_lossy(body).chars().take(200).collect();
    let said = format!("{method} {target} {shown}");
    let answer = ledger.unchanged(&said, |ledger| send(ledger, method, target, body));
    assert_eq!(answer.problem(), (status, code.to_owned()), "{said}: {}", answer.raw.body);
    assert_eq!(answer.json["status"], status);
    assert_eq!(answer.json["type"], format!("urn:signpost:problem:{code}"));
    let first = answer.json.pointer("/errors/0/pointer").and_then(Json::as_str).unwrap_or("-");
    assert_eq!(first, pointer, "{said}: {}", answer.raw.body);
    assert!(answer.raw.body.len() < 4_096, "{said}: an answer of {} bytes", answer.raw.body.len());
    assert_eq!(answer.raw.log, None, "{said}: the caller's mistakes are no business of the operator's log");
}

/// Every route that reads a body, with a body that it accepts.
fn bodies(world: &World) -> Vec<(&'static str, String, Json)> {
    let World { scenario, sale, lead, held, app, webhook, month, .. } = world;
    let link = json!({"partner_id": scenario.partner, "listing_id": scenario.listing});
    let bodies = vec![
        ("PUT", "/v1/program".to_owned(), json!({"name": "P"})),
        ("POST", "/v1/keys".to_owned(), json!({"name": "K", "scopes": ["read"]})),
        (
            "POST",
            "/v1/tokens".to_owned(),
            json!({"partner_id": scenario.partner, "scopes": ["read"], "ttl_seconds": 60}),
        ),
        ("POST", "/v1/partners".to_owned(), json!({"name": "A", "kind": "media"})),
        ("PATCH", format!("/v1/partners/{}", scenario.partner), json!({"name": "A"})),
        (
            "POST",
            "/v1/listings".to_owned(),
            json!({"name": "L", "marketplace": "web", "url": "https://a.example"}),
        ),
        ("PATCH", format!("/v1/listings/{}", scenario.listing), json!({"name": "A"})),
        ("POST", "/v1/links".to_owned(), link.clone()),
        ("POST", "/v1/links/bulk".to_owned(), json!({"links": [link]})),
        ("PATCH", format!("/v1/links/{}", scenario.link), json!({"campaign": "c"})),
        ("POST", "/v1/conversions".to_owned(), json!({"type": "lead", "external_id": "l-9"})),
        (
            "POST",
            "/v1/installs/google-play".to_owned(),
            json!({"listing_id": app, "install_id": "i-9", "referrer": "utm_source=google-play"}),
        ),
        ("POST", format!("/v1/conversions/{sale}/refunds"), json!({"external_id": "r-9"})),
        ("POST", format!("/v1/conversions/{lead}/qualify"), json!({"status": "qualified"})),
        (
            "POST",
            "/v1/placements".to_owned(),
            json!({"partner_id": scenario.partner, "kind": "post", "title": "T", "external_id": "p-9",
                "fee": {"amount": 1, "currency": "EUR"}}),
        ),
        ("POST", format!("/v1/commissions/{held}/release"), json!({"note": "N"})),
        ("POST", format!("/v1/commissions/{held}/reject"), json!({"note": "N"})),
        ("PATCH", "/v1/program".to_owned(), json!({"hold_days": 30})),
        ("POST", "/v1/webhooks".to_owned(), json!({"url": "https://hooks.example.com/", "events": ["*"]})),
        ("PATCH", format!("/v1/webhooks/{webhook}"), json!({"description": "D"})),
        ("POST", format!("/v1/webhooks/{webhook}/replay"), json!({"from": "2026-01-01T00:00:00Z"})),
        ("POST", "/v1/coupons".to_owned(), json!({"code": "ADA", "partner_id": scenario.partner})),
        ("POST", "/v1/attribution/simulate".to_owned(), json!({"attribution": {"model": "linear"}})),
        ("POST", format!("/v1/partners/{}/write-off", month.debtor), json!({"currency": "EUR"})),
        (
            "PUT",
            "/v1/fx".to_owned(),
            json!({"rates": [{"date": "2026-10-31", "from": "USD", "to": "EUR", "rate": "1"}]}),
        ),
        (
            "PUT",
            format!("/v1/partners/{}/payout-details", scenario.partner),
            json!({"method": "manual", "legal_name": "A"}),
        ),
        (
            "POST",
            "/v1/payouts/runs".to_owned(),
            json!({"period": {"from": "2026-09-01", "to": "2026-09-30"}}),
        ),
        (
            "POST",
            format!("/v1/payouts/runs/{}/results", month.approved),
            json!({"results": [{"payout_id": month.payout, "status": "paid", "reference": "b"}]}),
        ),
        ("POST", format!("/v1/payouts/{}/paid", month.payout), json!({"reference": "b"})),
        ("POST", format!("/v1/payouts/{}/failed", month.payout), json!({"reason": "closed"})),
        (
            "POST",
            "/v1/import".to_owned(),
            json!({"object": "partner", "external_id": "x-9", "name": "A", "kind": "media"}),
        ),
    ];
    // The body of a restore is no JSON object (tests/native/restore.rs). Some writes have no body: deleting a key or a webhook, revoking a link or a coupon, trying a
    // callback again, a webhook's new secret and its test, and three steps of a draft.
    let writes = ROUTES.iter().filter(|route| route.method != "GET").count();
    assert_eq!(bodies.len() + 11, writes, "a route is missing here");
    bodies
}

#[test]
fn every_body_must_be_a_json_object_in_utf_8() {
    let mut others = Vec::new();
    let mut world = world();
    for (method, target, good) in bodies(&world) {
        let text = good.to_string();
        let half = &text.as_bytes()[..text.len() - 1];
        let huge = format!("{}{}", text, " ".repeat(1024 * 1024 + 1 - text.len()));
        let deep = format!("{{\"metadata\":{}", "[".repeat(100_000));
        let twice = format!("{text}{text}");
        for (body, expected) in [
            (&b""[..], (400, "malformed_json", "-")),
            (b"   ", (400, "malformed_json", "-")),
            (half, (400, "malformed_json", "-")),
            (twice.as_bytes(), (400, "malformed_json", "-")),
            (b"{\"name\":}", (400, "malformed_json", "-")),
            (b"{'name':1}", (400, "malformed_json", "-")),
            (b"{\"name\":1,}", (400, "malformed_json", "-")),
            (b"{\"name\":\"a\nb\"}", (400, "malformed_json", "-")),
            (b"{\"name\":01}", (400, "malformed_json", "-")),
            (b"{\"name\":NaN}", (400, "malformed_json", "-")),
            (b"\xef\xbb\xbf{}", (400, "malformed_json", "-")),
            (deep.as_bytes(), (400, "malformed_json", "-")),
            (b"{\"name\":\"\xff\"}", (400, "invalid_utf8", "-")),
            (b"\xff\xfe{\x00}\x00", (400, "invalid_utf8", "-")),
            (b"{\"name\":\"\xed\xa0\x80\"}", (400, "invalid_utf8", "-")),
            (b"{\"name\":\"\xc0\xaf\"}", (400, "invalid_utf8", "-")),
            (huge.as_bytes(), (413, "body_too_large", "-")),
            (b"null", (422, "wrong_type", "")),
            (b"[]", (422, "wrong_type", "")),
            (b"[{}]", (422, "wrong_type", "")),
            (b"\"{}\"", (422, "wrong_type", "")),
            (b"0", (422, "wrong_type", "")),
            (b"true", (422, "wrong_type", "")),
        ] {
            // A line of an import that is no JSON is in `errors`, with its number.
            let is_line = target == "/v1/import" && !body.trim_ascii().is_empty();
            let expected = match expected {
                (400, "malformed_json", _) if is_line => (400, "malformed_json", ""),
                other => other,
            };
            refuse(&mut world.ledger, (method, &target, body), expected);
        }
        // Exactly 1 MiB is accepted.
        let full = format!("{}{}", text, " ".repeat(1024 * 1024 - text.len()));
        let accepted = send(&mut self::world().ledger, method, &target, full.as_bytes());
        let expected = match () {
            () if creates(method, &target) => 201,
            () if target.ends_with("/replay") => 202,
            () => 200,
        };
        if accepted.status != expected {
            others.push(format!("{method} {target}: {}, {}", accepted.status, accepted.raw.body));
        }
    }
    assert_eq!(others, Vec::<String>::new());
}

#[test]
fn every_body_refuses_unknown_fields() {
    let mut world = world();
    for (method, target, good) in bodies(&world) {
        for (name, pointer) in [
            ("surprise", "/surprise"),
            ("Name", "/Name"),
            ("", "/"),
            ("a/b~c", "/a~1b~0c"),
            ("__proto__", "/__proto__"),
            ("na`me", "/na`me"),
        ] {
            let mut body = good.clone();
            body[name] = json!(1);
            refuse(
                &mut world.ledger,
                (method, &target, body.to_string().as_bytes()),
                (422, "unknown_field", pointer),
            );
        }
        let mut query = good.to_string();
        refuse(
            &mut world.ledger,
            (method, &format!("{target}?dry_run=true"), query.as_bytes()),
            (400, "unknown_parameter", "-"),
        );
        query.insert_str(1, "\"x\":1,");
        refuse(&mut world.ledger, (method, &target, query.as_bytes()), (422, "unknown_field", "/x"));
    }
}

#[test]
fn a_large_body_is_refused_on_every_route() {
    let mut world = world();
    let huge = vec![b' '; 1024 * 1024 + 1];
    let revoke = format!("/v1/links/{}/revoke", world.scenario.link);
    for (method, target) in [("GET", "/v1/partners"), ("POST", revoke.as_str()), ("DELETE", "/v1/keys/x")] {
        refuse(&mut world.ledger, (method, target, &huge), (413, "body_too_large", "-"));
    }
    // A caller without a valid key learns nothing else.
    let answer = world.ledger.call("nobody", "GET", "/v1/partners", &" ".repeat(1024 * 1024 + 1), None);
    assert_eq!(answer.status, 401);
}

#[test]
fn unknown_and_invalid_query_parameters_are_refused() {
    let mut world = world();
    let report = |query: &str| format!("/v1/attribution?{query}");
    for (target, status, code) in [
        (report("group_by=year"), 422, "invalid_value"),
        (report("group_by="), 422, "invalid_value"),
        (report("group_by=day%00"), 422, "invalid_value"),
        (report("timezone=Berlin"), 422, "unknown_timezone"),
        (report("timezone="), 422, "unknown_timezone"),
        (report("timezone=Europe/Berlin'--&group_by=link"), 422, "unknown_timezone"),
        (report("from=2026-11-22T10:05:00Z"), 422, "unaligned_time"),
        (report("to=2026-11-22T10:00:00.001Z"), 422, "unaligned_time"),
        (report("from=2026-11-22T11:00:00Z&to=2026-11-22T10:00:00Z"), 422, "out_of_range"),
        (report("from=yesterday"), 400, "invalid_parameter"),
        (report("from="), 400, "invalid_parameter"),
        (report("to=1969-12-31T00:00:00Z"), 400, "invalid_parameter"),
        (report("partner_id=ptn_x"), 404, "not_found"),
        (report("partner_id="), 404, "not_found"),
        (report("partner_id=1%20OR%201=1"), 404, "not_found"),
        (report("link_id=lnk_00000000000000000000000000"), 404, "not_found"),
        (report("listing_id=lst_00000000000000000000000000"), 404, "not_found"),
        (report("limit=5"), 400, "unknown_parameter"),
        (report("group_by=day&group_by=day"), 400, "invalid_parameter"),
        (report("group_by=%ff"), 400, "invalid_parameter"),
        (report("group_by=%"), 400, "invalid_parameter"),
        (report("group_by=day%2"), 400, "invalid_parameter"),
        (report("group_by=day%zz"), 400, "invalid_parameter"),
        ("/v1/balances?partner_id=".to_owned(), 404, "not_found"),
        ("/v1/balances?partner=x".to_owned(), 400, "unknown_parameter"),
        ("/v1/program?x".to_owned(), 400, "unknown_parameter"),
        ("/v1/partners?offset=5".to_owned(), 400, "unknown_parameter"),
        ("/v1/partners?limit=5&limit=6".to_owned(), 400, "invalid_parameter"),
        ("/v1/events?after=x".to_owned(), 400, "invalid_cursor"),
        (format!("/v1/conversions/{}?x=1", world.sale), 400, "unknown_parameter"),
    ] {
        refuse(&mut world.ledger, ("GET", &target, b""), (status, code, "-"));
    }
    let revoke = format!("/v1/links/{}/revoke?force=1", world.scenario.link);
    refuse(&mut world.ledger, ("POST", &revoke, b""), (400, "unknown_parameter", "-"));
}

#[test]
fn a_name_is_given_once_and_an_unknown_one_is_not_echoed_in_full() {
    let mut world = world();
    let cut = format!("/{}…", "x".repeat(40));
    let metadata = |entries: &str| format!(r#"{{"name":"A","kind":"media","metadata":{{{entries}}}}}"#);
    let long = "x".repeat(500_000);
    for (body, code, pointer) in [
        (metadata(r#""a":"1","a":"2""#), "duplicate_field", "/metadata/a"),
        (metadata(r#""a":"1","\u0061":"1""#), "duplicate_field", "/metadata/a"),
        (metadata(&format!(r#""{long}":1"#)), "wrong_type", format!("/metadata{cut}").as_str()),
        (format!(r#"{{"name":"A","kind":"media","{long}":1}}"#), "unknown_field", cut.as_str()),
    ] {
        let made = world
            .ledger
            .unchanged(code, |ledger| ledger.call(OPERATOR, "POST", "/v1/partners", &body, Some("once")));
        assert_eq!(
            (made.problem(), made.text("/errors/0/pointer").as_str()),
            ((422, code.to_owned()), pointer)
        );
        assert!(made.raw.body.len() < 600, "{} bytes", made.raw.body.len());
    }
}

#[test]
fn text_that_looks_like_sql_is_stored_as_text() {
    let mut world = world();
    let evil = "'); DROP TABLE partners; --\" OR '1'='1' ? ?1 :x @x $x %s \\";
    let partner = world.ledger.post(
        "/v1/partners",
        &json!({"name": evil, "kind": "media", "external_id": evil, "metadata": {evil[..40].to_owned(): evil}}),
    );
    assert_eq!((partner.status, partner.text("/name")), (201, evil.to_owned()));
    let sale =
        json!({"type": "lead", "external_id": evil, "customer_id": evil, "click_id": evil, "coupon": evil});
    let made = world.ledger.post("/v1/conversions", &sale);
    assert_eq!((made.status, made.text("/external_id")), (201, evil.to_owned()));
    assert_eq!(world.ledger.post("/v1/conversions", &sale).status, 200);
    assert_eq!(world.ledger.get(&format!("/v1/conversions/{}", made.text("/id"))).text("/coupon"), evil);
    let links =
        json!({"partner_id": world.scenario.partner, "listing_id": world.scenario.listing, "campaign": evil});
    assert_eq!(world.ledger.post("/v1/links", &links).status, 201);
    assert_eq!(world.ledger.rows("partners"), 5);
}
