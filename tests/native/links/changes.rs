//! Changes of links: where they take effect, which of them need a new token, and what they leave alone.

use super::{queued, stored, token};
use crate::support::{Ledger, OPERATOR, Scenario};
use serde_json::{Value as Json, json};
use signpost::{
    domain::{
        clicks::visitor::VisitorSecret,
        links::{
            engine::RedirectEngine,
            line::RedirectLine,
            redirect::{LinkPath, RedirectDecision},
            snapshot::Snapshot,
            token::LinkToken,
        },
        values::time::Timestamp,
    },
    store::log::outbox,
};

fn patch(ledger: &mut Ledger, link: &str, change: &Json) -> Json {
    let answer = ledger.patch(&format!("/v1/links/{link}"), change);
    assert_eq!(answer.status, 200, "{change}: {}", answer.raw.body);
    assert_eq!(ledger.get(&format!("/v1/links/{link}")).json, answer.json, "{change}");
    answer.json
}

/// Where a visitor of a token is sent at `now`, with the newest snapshot and what KV will hold.
fn visit(ledger: &mut Ledger, token: &str, now: &str) -> String {
    let snapshot = strict_json::from_str(&outbox::snapshot(&ledger.sql).unwrap()).unwrap();
    let secret = VisitorSecret::parse(&"A".repeat(43)).unwrap();
    let mut engine = RedirectEngine::new(ledger.ring.clone(), secret, Snapshot::new(snapshot));
    let now = Timestamp::parse(now).unwrap().ms();
    let text = format!("{now}\n\n{token}\nUS\n192.0.2.1\n\nFirefox\n\nown=visitor");
    let line = RedirectLine::parse(&text).unwrap();
    let mut decision = engine.handle(&line, LinkPath::Unknown, true, &mut ledger.entropy);
    if let RedirectDecision::NeedPath(no, revision) = decision {
        let key = outbox::path_key(no, revision);
        let value =
            queued(ledger).into_iter().find(|(name, _)| *name == key).unwrap_or_else(|| panic!("no {key}")).1;
        if revision > 0 {
            // What was looked up before the newest change is neither used nor kept.
            let outdated = LinkPath::Known { value: "/outdated", revision: revision - 1 };
            let again = engine.handle(&line, outdated, true, &mut ledger.entropy);
            assert_eq!(again, RedirectDecision::NeedPath(no, revision));
            assert_eq!(engine.handle(&line, LinkPath::Unknown, true, &mut ledger.entropy), again);
        }
        let known = LinkPath::Known { value: &value, revision };
        decision = engine.handle(&line, known, true, &mut ledger.entropy);
    }
    let RedirectDecision::Respond(response) = decision else { panic!("{decision:?}") };
    let location = response.location.unwrap_or_else(|| "nowhere".to_owned());
    location.split("&sp_click=").next().unwrap().to_owned()
}

const NOW: &str = "2026-11-22T13:00:00Z";

#[test]
fn a_changed_destination_takes_effect_under_the_same_url() {
    let mut ledger = Ledger::new();
    let Scenario { link, link_no, .. } = ledger.scenario(1_000);
    let url = ledger.get(&format!("/v1/links/{link}")).text("/url");
    let first = token(&json!({"url": url}));
    assert_eq!(visit(&mut ledger, &first, NOW), "https://shop.example/buy?lang=de&own=visitor");
    for (change, expected) in [
        (json!({"path": "/plans/team"}), "https://shop.example/plans/team?lang=de&own=visitor"),
        (
            json!({"query": "utm_source=ana&q=%C3%A4"}),
            "https://shop.example/plans/team?lang=de&utm_source=ana&q=%C3%A4&own=visitor",
        ),
        (json!({"path": null}), "https://shop.example/buy?lang=de&utm_source=ana&q=%C3%A4&own=visitor"),
        (json!({"query": null}), "https://shop.example/buy?lang=de&own=visitor"),
    ] {
        let before = outbox::snapshot_version(&ledger.sql).unwrap();
        let view = patch(&mut ledger, &link, &change);
        assert_eq!(view["url"], json!(url), "{change}");
        assert_eq!(visit(&mut ledger, &first, NOW), expected, "{change}");
        assert_eq!(outbox::snapshot_version(&ledger.sql).unwrap(), before + 1);
    }
    assert_eq!(stored(&ledger, link_no).revision, 4);
    // What redirects do not depend on leaves the snapshot alone, and the same again writes nothing.
    let before = outbox::snapshot_version(&ledger.sql).unwrap();
    patch(&mut ledger, &link, &json!({"campaign": "autumn", "metadata": {"a": "b"}}));
    ledger.unchanged("again", |ledger| patch(ledger, &link, &json!({"campaign": "autumn", "path": null})));
    assert_eq!(outbox::snapshot_version(&ledger.sql).unwrap(), before);
    let events = ledger.get("/v1/events?type=link.updated").json["data"].as_array().unwrap().len();
    assert_eq!(events, 5);
}

#[test]
fn a_link_is_created_with_a_query() {
    let mut ledger = Ledger::new();
    let Scenario { partner, listing, .. } = ledger.scenario(1_000);
    for (body, expected) in [
        (json!({"query": "utm_source=ana"}), "https://shop.example/buy?lang=de&utm_source=ana&own=visitor"),
        (json!({"query": "a=1", "path": "/x"}), "https://shop.example/x?lang=de&a=1&own=visitor"),
        // The visitor's consent is not passed on, whoever puts it there.
        (json!({"query": "sp_consent=1&a=2"}), "https://shop.example/buy?lang=de&a=2&own=visitor"),
    ] {
        let mut body = body;
        body["partner_id"] = json!(partner);
        body["listing_id"] = json!(listing);
        let made = ledger.post("/v1/links", &body);
        assert_eq!((made.status, &made.json["query"]), (201, &body["query"]));
        assert_eq!(visit(&mut ledger, &token(&made.json), NOW), expected);
    }
    let long = "a".repeat(1_025);
    for query in [
        "",
        "?a=1",
        "a=1#b",
        "a b",
        "a=%zz",
        "a=%4",
        "a\\b",
        "a=1\n",
        "sp_click=x",
        "a=é",
        "a=[1]",
        "b=1&%73p_click=x",
        &long,
    ] {
        let body = json!({"partner_id": partner, "listing_id": listing, "query": query});
        let refused = ledger.unchanged(query, |ledger| ledger.post("/v1/links", &body));
        assert_eq!(refused.problem(), (422, "invalid_query".to_owned()), "{query}");
        assert_eq!(refused.text("/errors/0/pointer"), "/query");
    }
}

#[test]
fn an_earlier_expiry_keeps_the_url_and_a_later_one_needs_another() {
    let mut ledger = Ledger::new();
    assert_eq!(ledger.patch("/v1/program", &json!({"landing_url": "https://landing.example/"})).status, 200);
    let Scenario { link, .. } = ledger.scenario(1_000);
    patch(&mut ledger, &link, &json!({"slug": "ada"}));
    let first = token(&ledger.get(&format!("/v1/links/{link}")).json);
    let shop = "https://shop.example/buy?lang=de&own=visitor";
    // Without an expiry, any end is earlier.
    let view = patch(&mut ledger, &link, &json!({"expires_at": "2026-12-01T00:00:00.900Z"}));
    assert_eq!((token(&view), &view["expires_at"]), (first.clone(), &json!("2026-12-01T00:00:00.000Z")));
    assert_eq!(visit(&mut ledger, &first, "2026-11-30T23:59:59Z"), shop);
    assert_eq!(visit(&mut ledger, &first, "2026-12-01T00:00:00Z"), "https://landing.example/");
    // The token has no end of its own, so a later one, or none, fits it again.
    for at in [json!("2027-01-01T00:00:00Z"), Json::Null] {
        let view = patch(&mut ledger, &link, &json!({"expires_at": at}));
        assert_eq!(token(&view), first);
        assert_eq!(visit(&mut ledger, &first, "2026-12-31T00:00:00Z"), shop);
    }
    // A link that was made with an end.
    let body = json!({"partner_id": ledger.get("/v1/partners").text("/data/0/id"), "slug": "short",
        "listing_id": ledger.get("/v1/listings").text("/data/0/id"), "expires_at": "2026-12-01T00:00:00Z"});
    let made = ledger.post("/v1/links", &body);
    let (id, old) = (made.text("/id"), token(&made.json));
    assert_eq!(token(&patch(&mut ledger, &id, &json!({"expires_at": "2026-11-25T00:00:00Z"}))), old);
    assert_eq!(visit(&mut ledger, &old, "2026-11-25T00:00:00Z"), "https://landing.example/");
    assert_eq!(token(&patch(&mut ledger, &id, &json!({"expires_at": "2026-12-01T00:00:00Z"}))), old);
    assert_eq!(visit(&mut ledger, &old, "2026-11-25T00:00:00Z"), shop);
    let view = patch(&mut ledger, &id, &json!({"expires_at": "2027-02-01T00:00:00Z"}));
    let new = token(&view);
    assert_ne!(new, old);
    assert_eq!(
        LinkToken::verify(&new, &ledger.ring).unwrap().link_no,
        LinkToken::verify(&old, &ledger.ring).unwrap().link_no
    );
    let slug = queued(&ledger).into_iter().find(|(key, _)| key == "slug/short").unwrap().1;
    assert_eq!(slug, json!({"token": new}).to_string(), "the slug follows the new url");
    assert_eq!(visit(&mut ledger, &new, "2027-01-31T00:00:00Z"), shop);
    assert_eq!(visit(&mut ledger, &old, "2026-11-30T00:00:00Z"), shop);
    assert_eq!(
        visit(&mut ledger, &old, "2026-12-01T00:00:00Z"),
        "https://landing.example/",
        "the old url keeps its end"
    );
}

#[test]
fn a_slug_moves_and_its_old_name_leads_nowhere() {
    let mut ledger = Ledger::new();
    let Scenario { link, partner, listing, .. } = ledger.scenario(1_000);
    patch(&mut ledger, &link, &json!({"slug": "first"}));
    let url = token(&patch(&mut ledger, &link, &json!({"slug": "second"})));
    let slugs: Vec<(String, String)> =
        queued(&ledger).into_iter().filter(|(key, _)| key.starts_with("slug/")).collect();
    assert_eq!(
        slugs,
        [
            ("slug/first".to_owned(), json!({"token": ""}).to_string()),
            ("slug/second".to_owned(), json!({"token": url}).to_string())
        ]
    );
    let other = json!({"partner_id": partner, "listing_id": listing, "slug": "third"});
    assert_eq!(ledger.post("/v1/links", &other).status, 201);
    for (slug, status, code) in
        [("third", 409, "slug_taken"), ("No", 422, "invalid_slug"), ("docs", 422, "reserved_slug")]
    {
        let refused = ledger
            .unchanged(slug, |ledger| ledger.patch(&format!("/v1/links/{link}"), &json!({"slug": slug})));
        assert_eq!(refused.problem(), (status, code.to_owned()), "{slug}");
        assert_eq!(refused.text("/errors/0/pointer"), "/slug");
    }
    assert_eq!(patch(&mut ledger, &link, &json!({"slug": null}))["short_url"], Json::Null);
}

#[test]
fn a_revoked_link_and_a_link_of_another_partner_are_not_changed() {
    let mut ledger = Ledger::new();
    let Scenario { link, partner, .. } = ledger.scenario(1_000);
    let eve = ledger.scenario(1_000);
    let target = format!("/v1/links/{link}");
    let key = ledger.key(&["links:write"], Some(&eve.partner));
    let foreign =
        ledger.unchanged("foreign", |ledger| ledger.call(&key, "PATCH", &target, r#"{"path":"/x"}"#, None));
    assert_eq!(foreign.problem(), (404, "not_found".to_owned()));
    let reader = ledger.key(&["read"], Some(&partner));
    let refused = ledger.call(&reader, "PATCH", &target, "{}", None);
    assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()));
    let own = ledger.key(&["links:write"], Some(&partner));
    assert_eq!(ledger.call(&own, "PATCH", &target, r#"{"campaign":"c"}"#, None).status, 200);
    assert_eq!(ledger.post(&format!("{target}/revoke"), &json!({})).status, 200);
    for change in
        [json!({"path": "/x"}), json!({"query": null}), json!({"expires_at": null}), json!({"slug": "x-y-z"})]
    {
        let refused = ledger.unchanged("revoked", |ledger| ledger.patch(&target, &change));
        assert_eq!(refused.problem(), (409, "state_conflict".to_owned()), "{change}");
    }
    let invalid = ledger.patch(&target, &json!({"path": "x"}));
    assert_eq!(invalid.problem(), (422, "invalid_path".to_owned()), "fields are checked first");
    assert_eq!(
        patch(&mut ledger, &link, &json!({"campaign": "after", "metadata": {"n": "1"}}))["campaign"],
        "after"
    );
    let refused = ledger.call(OPERATOR, "PATCH", &target, r#"{"partner_id":"x"}"#, None);
    assert_eq!(refused.problem(), (422, "unknown_field".to_owned()));
}

#[test]
fn the_png_is_the_code_of_the_signed_link() {
    let mut ledger = Ledger::new();
    let Scenario { link, .. } = ledger.scenario(1_000);
    let view = ledger.get(&format!("/v1/links/{link}")).json;
    assert_eq!(view["qr_png_url"], json!(format!("https://go.example.com/v1/links/{link}/qr.png")));
    let answer = ledger.get(&format!("/v1/links/{link}/qr.png"));
    assert_eq!((answer.status, answer.raw.header("content-type")), (200, Some("image/png")));
    let bytes = answer.raw.bytes.unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let image = reader.next_frame(&mut pixels).unwrap();
    let code = qrcode::QrCode::with_error_correction_level(view["url"].as_str().unwrap(), qrcode::EcLevel::M)
        .unwrap();
    let side = usize::try_from(image.width).unwrap();
    assert_eq!((image.width, side), (image.height, (code.width() + 8) * 10));
    let is_dark = |x: usize, y: usize| pixels[y * image.line_size + x / 8] >> (7 - x % 8) & 1 == 0;
    for y in 0..side {
        for x in 0..side {
            let module = |at: usize| (at / 10).checked_sub(4).filter(|at| *at < code.width());
            let dark = module(x).zip(module(y)).is_some_and(|(x, y)| code[(x, y)] == qrcode::Color::Dark);
            assert_eq!(is_dark(x, y), dark, "{x} {y}");
        }
    }
}
