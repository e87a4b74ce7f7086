//! Counts that the ClickLog sends, and reports whose bytes change only with the data.

use super::report::{apply, busy, clicks, key, quarter};
use crate::support::{Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::{
    api::http::message::Request,
    store::{
        reports::counts::{self, DeltasError},
        transaction,
    },
};

#[test]
fn deltas_are_applied_once_and_in_order() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let q = quarter("2026-11-22T10:00:00Z");
    let one = json!([[1, q, "DE", 2, 0, 1, 1]]);
    assert_eq!(apply(&ledger, 3, 1, "2026-11-22T10:01:00Z", &one).unwrap(), 1);
    for _ in 0..2 {
        let again = ledger.unchanged("again", |ledger| apply(ledger, 3, 1, "2026-11-22T10:09:00Z", &one));
        assert_eq!(again.unwrap(), 1);
    }
    let gap = ledger.unchanged("gap", |ledger| apply(ledger, 3, 3, "2026-11-22T10:09:00Z", &one));
    assert!(matches!(gap, Err(DeltasError::Gap { shard: 3, seq: 3, applied: 1 })));
    let first = ledger.unchanged("late start", |ledger| apply(ledger, 4, 2, "2026-11-22T10:09:00Z", &one));
    assert!(matches!(first, Err(DeltasError::Gap { shard: 4, seq: 2, applied: 0 })));
    assert_eq!(apply(&ledger, 3, 2, "2026-11-22T10:02:00Z", &one).unwrap(), 2);
    let old = ledger.unchanged("old", |ledger| apply(ledger, 3, 1, "2026-11-22T10:09:00Z", &one));
    assert_eq!(old.unwrap(), 2);
    // Each shard has its own sequence.
    assert_eq!(apply(&ledger, 4, 1, "2026-11-22T10:00:30Z", &one).unwrap(), 1);
    let report = ledger.get("/v1/attribution").json;
    assert_eq!((&report["totals"]["clicks"], &report["totals"]["unique_clicks"]), (&json!(3), &json!(3)));
    assert_eq!(report["complete_through"], "2026-11-22T10:02:00.000Z");
    for text in [
        "",
        "{}",
        "[]",
        "{\"shard\":3,\"seq\":3,\"through_ms\":0,\"rows\":[[1]]}",
        "{\"shard\":300,\"seq\":3,\"through_ms\":0,\"rows\":[]}",
        "{\"shard\":3,\"seq\":3,\"through_ms\":0,\"rows\":[],\"x\":1}",
    ] {
        let bad =
            ledger.unchanged(text, |ledger| transaction(&ledger.sql, || counts::apply(&ledger.sql, text)));
        assert!(matches!(bad, Err(DeltasError::Malformed(_))), "{text}");
    }
    // Counts of an unknown link number are unattributed.
    apply(&ledger, 3, 3, "2026-11-22T10:03:00Z", &json!([[99, q, "DE", 2, 0, 5, 5]])).unwrap();
    let report = ledger.get("/v1/attribution?group_by=partner");
    assert_eq!(clicks(&report), [(None, 5), key(&scenario.partner, 3)]);
}

#[test]
fn complete_through_and_the_tag_change_only_with_data() {
    let (mut ledger, ada, bob) = busy();
    let adas = format!("/v1/attribution?partner_id={}", ada.partner);
    let bobs = format!("/v1/attribution?partner_id={}", bob.partner);
    let before = [&adas, &bobs, "/v1/attribution"].map(|target| ledger.get(target));
    assert_eq!(before[0].json["complete_through"], "2026-11-22T12:01:00.000Z");
    // Time, reads and changes of other data do not change the report.
    ledger.wait(3_600_000);
    ledger.put("/v1/program", &json!({"hold_days": 60}));
    ledger.patch(&format!("/v1/partners/{}", ada.partner), &json!({"name": "A"}));
    ledger.scenario(100);
    apply(&ledger, 1, 1, "2026-11-22T13:00:00Z", &json!([])).unwrap();
    for (target, before) in [&adas, &bobs, "/v1/attribution"].into_iter().zip(&before) {
        let after = ledger.get(target);
        assert_eq!(after.raw.body, before.raw.body);
        assert_eq!(after.raw.header("etag"), before.raw.header("etag"));
    }
    // Bob's data do not change Ada's report.
    let q = quarter("2026-11-22T12:45:00Z");
    apply(&ledger, 1, 2, "2026-11-22T12:50:00Z", &json!([[2, q, "DE", 1, 0, 1, 1]])).unwrap();
    assert_eq!(ledger.get(&adas).raw.body, before[0].raw.body);
    for (target, before) in [(&bobs, &before[1]), (&"/v1/attribution".to_owned(), &before[2])] {
        let after = ledger.get(target);
        assert_ne!(after.raw.header("etag"), before.raw.header("etag"));
        assert_eq!(after.json["complete_through"], "2026-11-22T12:50:00.000Z");
    }
    // Older data that arrive late change the sums and not the time.
    apply(&ledger, 2, 1, "2026-11-22T09:00:00Z", &json!([[2, q, "DE", 1, 0, 1, 1]])).unwrap();
    assert_eq!(ledger.get(&bobs).json["complete_through"], "2026-11-22T12:50:00.000Z");
    assert_eq!(Ledger::new().get("/v1/attribution").json["complete_through"], Json::Null);
}

#[test]
fn a_client_with_the_current_report_gets_304() {
    let (mut ledger, ..) = busy();
    let first = ledger.get("/v1/attribution");
    assert_eq!(first.raw.header("cache-control"), Some("private, no-transform"));
    let tag = first.raw.header("etag").unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 34, "{tag}");
    let mut conditional = |sent: &str| {
        let authorization = format!("Bearer {OPERATOR}");
        ledger.send(Request {
            method: "GET",
            path: "/v1/attribution",
            authorization: Some(&authorization),
            if_none_match: Some(sent),
            base_url: "https://go.example.com",
            ..Request::default()
        })
    };
    for sent in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        format!("\"x\",W/{tag} ,\"y\""),
        "*".to_owned(),
    ] {
        let answer = conditional(&sent);
        assert_eq!((answer.status, answer.raw.body.as_str()), (304, ""), "{sent}");
        assert_eq!(answer.raw.header("etag"), Some(tag.as_str()));
        assert_eq!(answer.raw.header("cache-control"), Some("private, no-transform"));
        assert_eq!(answer.raw.header("content-type"), None);
    }
    for sent in ["\"x\"", "", tag.trim_matches('"'), &format!("w/{tag}")] {
        let answer = conditional(sent);
        assert_eq!((answer.status, &answer.raw.body), (200, &first.raw.body), "{sent}");
    }
}
