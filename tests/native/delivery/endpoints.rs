//! Endpoints in the API.

use crate::support::Ledger;
use serde_json::{Value as Json, json};
use signpost::{
    domain::{
        delivery::{endpoint::PauseReason, signature},
        values::id::WebhookId,
    },
    ledger::webhooks::signing_secrets,
    store::webhooks,
};

fn endpoint(url: &str) -> Json {
    json!({"url": url, "events": ["conversion.created"]})
}

fn codes(answer: &crate::support::Answer) -> Vec<(String, String)> {
    let errors = answer.json["errors"].as_array().unwrap();
    let text = |error: &Json, name: &str| error[name].as_str().unwrap().to_owned();
    errors.iter().map(|error| (text(error, "pointer"), text(error, "code"))).collect()
}

#[test]
fn bad_input_has_its_own_code_and_writes_nothing() {
    let mut ledger = Ledger::new();
    for (body, pointer, code) in [
        (endpoint("https://127.1/"), "/url", "host_not_public"),
        (endpoint("https://localhost/"), "/url", "host_not_public"),
        (endpoint("https://[::ffff:7f00:1]/"), "/url", "host_not_public"),
        (endpoint("http://hooks.example.com/"), "/url", "url_not_https"),
        (endpoint("https://user@hooks.example.com/"), "/url", "url_with_credentials"),
        (endpoint("hooks.example.com"), "/url", "invalid_url"),
        (json!({"url": "https://a.example.com", "events": ["sale"]}), "/events", "unknown_event"),
        (json!({"url": "https://a.example.com", "events": []}), "/events", "out_of_range"),
        (
            json!({"url": "https://a.example.com", "events": ["*"], "description": ""}),
            "/description",
            "invalid_text",
        ),
        (
            json!({"url": "https://a.example.com", "events": ["*"], "partner_id": "ptn_1"}),
            "/partner_id",
            "unknown_partner",
        ),
        (
            json!({"url": "https://a.example.com", "events": ["*"], "api_version": "2020-01-01"}),
            "/api_version",
            "invalid_value",
        ),
        (
            json!({"url": "https://a.example.com", "events": ["*"], "secret": "whsec_x"}),
            "/secret",
            "unknown_field",
        ),
        (json!({"url": "https://a.example.com"}), "/events", "missing_field"),
    ] {
        let answer = ledger.unchanged(code, |ledger| ledger.post("/v1/webhooks", &body));
        assert_eq!(answer.status, 422, "{body}: {}", answer.raw.body);
        assert_eq!(codes(&answer), [(pointer.to_owned(), code.to_owned())], "{body}");
    }
}

#[test]
fn the_limits_are_a_thousand_for_the_programme_and_twenty_for_a_partner() {
    let mut ledger = Ledger::new();
    let partner = ledger.partner("Ada", None);
    let of_partner = json!({"url": "https://a.example.com/", "events": ["*"], "partner_id": partner});
    for _ in 0..20 {
        assert_eq!(ledger.post("/v1/webhooks", &of_partner).status, 201);
    }
    let refused = ledger.unchanged("a 21st", |ledger| ledger.post("/v1/webhooks", &of_partner));
    assert_eq!(refused.problem(), (422, "webhook_limit".to_owned()));
    for _ in 20..1_000 {
        assert_eq!(ledger.post("/v1/webhooks", &endpoint("https://a.example.com/")).status, 201);
    }
    let refused = ledger
        .unchanged("a 1,001st", |ledger| ledger.post("/v1/webhooks", &endpoint("https://a.example.com/")));
    assert_eq!(refused.problem(), (422, "webhook_limit".to_owned()));
    let id = ledger.get("/v1/webhooks?limit=1").text("/data/0/id");
    assert_eq!(ledger.delete(&format!("/v1/webhooks/{id}")).status, 204);
    assert_eq!(ledger.post("/v1/webhooks", &endpoint("https://a.example.com/")).status, 201);
}

#[test]
fn the_secret_is_shown_once_and_the_old_one_signs_for_a_day() {
    let mut ledger = Ledger::new();
    let made = ledger.call(
        crate::support::OPERATOR,
        "POST",
        "/v1/webhooks",
        &endpoint("https://a.example.com/").to_string(),
        Some("k"),
    );
    let again = ledger.call(
        crate::support::OPERATOR,
        "POST",
        "/v1/webhooks",
        &endpoint("https://a.example.com/").to_string(),
        Some("k"),
    );
    assert_eq!((made.text("/id"), again.json.get("secret")), (again.text("/id"), None));
    let (id, first) = (made.text("/id"), made.text("/secret"));
    let live = |ledger: &Ledger| -> Vec<String> {
        let webhook_id = WebhookId::parse(&id).unwrap();
        let webhook = webhooks::by_id(&ledger.sql, &webhook_id).unwrap().unwrap();
        let secrets =
            signing_secrets(&ledger.config.sealer, &webhook_id, &webhook.secrets, ledger.now).unwrap();
        secrets.iter().map(signature::SigningSecret::text).collect()
    };
    assert_eq!(live(&ledger).join(" "), first);
    let rotate = format!("/v1/webhooks/{id}/rotate");
    let second = ledger.post(&rotate, &Json::Null).text("/secret");
    assert_eq!(live(&ledger), [second.clone(), first.clone()]);
    ledger.wait(86_400_000 - 1);
    assert_eq!(live(&ledger), [second.clone(), first]);
    ledger.wait(1);
    assert_eq!(live(&ledger), [second]);
    for _ in 0..4 {
        assert_eq!(ledger.post(&rotate, &Json::Null).status, 200);
    }
    let refused = ledger.unchanged("a sixth secret", |ledger| ledger.post(&rotate, &Json::Null));
    assert_eq!(refused.problem(), (409, "state_conflict".to_owned()));
}

#[test]
fn changes_are_events_and_no_change_is_none() {
    let mut ledger = Ledger::new();
    let id = ledger.post("/v1/webhooks", &endpoint("https://a.example.com/")).text("/id");
    let path = format!("/v1/webhooks/{id}");
    let same = ledger.unchanged("the same", |ledger| ledger.patch(&path, &endpoint("https://a.example.com")));
    assert_eq!((same.status, same.json["status"].clone()), (200, json!("active")));
    let paused = ledger.patch(&path, &json!({"status": "paused", "description": "d"}));
    assert_eq!(
        (paused.text("/status"), paused.text("/pause_reason")),
        ("paused".to_owned(), "requested".to_owned())
    );
    for action in ["test", "replay"] {
        let body = if action == "test" { Json::Null } else { json!({"event_ids": []}) };
        let refused = ledger.unchanged(action, |ledger| ledger.post(&format!("{path}/{action}"), &body));
        assert_eq!(refused.problem(), (409, "state_conflict".to_owned()), "{action}");
    }
    let active = ledger.patch(&path, &json!({"status": "active", "description": null}));
    assert_eq!(
        (active.json["pause_reason"].clone(), active.json["description"].clone()),
        (Json::Null, Json::Null)
    );
    assert_eq!(ledger.delete(&path).status, 204);
    assert_eq!(ledger.delete(&path).problem(), (404, "not_found".to_owned()));
    assert_eq!(ledger.get("/v1/webhooks").json["data"], json!([]));
    let events = ledger.get("/v1/events").json["data"].as_array().unwrap().clone();
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["webhook.created", "webhook.updated", "webhook.updated", "webhook.deleted"]);
}

#[test]
fn an_endpoint_is_disabled_once() {
    let mut ledger = Ledger::new();
    let id = ledger.post("/v1/webhooks", &endpoint("https://a.example.com/")).text("/id");
    let webhook = WebhookId::parse(&id).unwrap();
    for _ in 0..2 {
        ledger.disable_webhook(&webhook, PauseReason::Gone);
    }
    let shown = ledger.get(&format!("/v1/webhooks/{id}"));
    assert_eq!(
        (shown.text("/status"), shown.text("/pause_reason")),
        ("paused".to_owned(), "gone".to_owned())
    );
    let disabled = ledger.get("/v1/events?type=webhook.disabled");
    assert_eq!(disabled.json["data"].as_array().unwrap().len(), 1);
    assert_eq!(disabled.text("/data/0/data/id"), id);
}

#[test]
fn a_replay_names_events_that_the_endpoint_may_receive() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_500);
    let hook =
        json!({"url": "https://a.example.com/", "events": ["link.created"], "partner_id": ada.partner});
    let id = ledger.post("/v1/webhooks", &hook).text("/id");
    let replay = format!("/v1/webhooks/{id}/replay");
    let event =
        |ledger: &mut Ledger, kind: &str| ledger.get(&format!("/v1/events?type={kind}")).text("/data/0/id");
    let (own, programmes) = (event(&mut ledger, "partner.created"), event(&mut ledger, "listing.created"));
    let sent = ledger.post(&replay, &json!({"event_ids": [own]}));
    assert_eq!((sent.status, sent.json["events"].clone()), (202, json!(1)));
    let refused = ledger
        .unchanged("another's", |ledger| ledger.post(&replay, &json!({"event_ids": [own, programmes]})));
    assert_eq!(codes(&refused), [("/event_ids/1".to_owned(), "unknown_event_id".to_owned())]);
    let period = ledger.post(&replay, &json!({"from": "2020-01-01T00:00:00Z"}));
    assert_eq!(
        (period.status, period.json["events"].clone()),
        (202, json!(0)),
        "the period ends now, exclusively"
    );
    ledger.wait(1);
    let period = ledger.post(&replay, &json!({"from": "2020-01-01T00:00:00Z"}));
    assert_eq!(
        (period.status, period.json["events"].clone()),
        (202, json!(1)),
        "of the type that it receives"
    );
    for (body, code) in [
        (json!({}), "misplaced_field"),
        (json!({"event_ids": [own], "from": "2020-01-01T00:00:00Z"}), "misplaced_field"),
        (json!({"to": "2020-01-01T00:00:00Z"}), "misplaced_field"),
        (json!({"event_ids": []}), "out_of_range"),
        (json!({"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T00:00:00Z"}), "ends_before_start"),
        (json!({"from": "yesterday"}), "invalid_time"),
    ] {
        let refused = ledger.unchanged(code, |ledger| ledger.post(&replay, &body));
        assert_eq!(refused.problem(), (422, code.to_owned()), "{body}");
    }
}
