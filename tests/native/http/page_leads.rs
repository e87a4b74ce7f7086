//! Leads that pages report with a publishable key: their ids are a name space of their own, so that a visitor who invents an id
//! blocks no lead of the operator.

use crate::support::{Answer, Ledger, OPERATOR};
use serde_json::{Value as Json, json};
use signpost::api::http::message::Request;

const PAGE: &str = "https://shop.example";

/// A Ledger that pays 5.00 for a lead, the key of its page, and two clicks.
fn programme() -> (Ledger, String, [String; 2]) {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(2_000);
    let plan = json!({"plans": [{"name": "leads", "effective_from": "2026-11-22T12:00:00Z",
        "applies_to": {"partner_id": ada.partner}, "flat": [{"event": "lead", "amount": 500, "currency": "EUR"}]}]});
    assert_eq!(ledger.patch("/v1/program", &plan).status, 200);
    let body = json!({"name": "Page", "publishable": true, "origins": [PAGE], "scopes": ["leads:report"]});
    let key = ledger.post("/v1/keys", &body).text("/key");
    let clicks = [ledger.click(ada.link_no), ledger.click(ada.link_no)];
    (ledger, key, clicks)
}

fn lead(external_id: &str, click: &str) -> Json {
    json!({"type": "lead", "external_id": external_id, "click_id": click})
}

fn of_page(ledger: &mut Ledger, key: &str, body: &Json) -> Answer {
    let authorization = format!("Bearer {key}");
    ledger.send(Request {
        method: "POST",
        path: "/v1/conversions",
        authorization: Some(&authorization),
        origin: Some(PAGE),
        body: body.to_string().as_bytes(),
        base_url: "https://go.example.com",
        ..Request::default()
    })
}

/// The leads with the hold of each one's commission, by external id.
fn held(ledger: &mut Ledger) -> Json {
    let rows = ledger.get("/v1/conversions").json["data"].as_array().unwrap().clone();
    let hold = |row: &Json| {
        (row["external_id"].as_str().unwrap().to_owned(), row["commissions"][0]["held_reason"].clone())
    };
    Json::Object(rows.iter().map(hold).collect())
}

#[test]
fn a_page_takes_no_id_of_the_operator_in_either_order() {
    for page_is_first in [true, false] {
        let (mut ledger, key, [ones, others]) = programme();
        let invented = lead("form-1", &others);
        let real = json!({"type": "lead", "external_id": "form-1", "click_id": ones, "customer_id": "c-1"});
        let reports = |ledger: &mut Ledger, from_page: bool| {
            if from_page { of_page(ledger, &key, &invented) } else { ledger.post("/v1/conversions", &real) }
        };
        let first = reports(&mut ledger, page_is_first);
        let second = reports(&mut ledger, !page_is_first);
        assert_eq!((first.status, second.status), (201, 201), "{} {}", first.raw.body, second.raw.body);
        assert_ne!(first.text("/id"), second.text("/id"));
        // The page's lead earns nothing before a person has looked at it; the operator's is as it would be alone.
        assert_eq!(held(&mut ledger), json!({"page:form-1": "transport_only", "form-1": null}));
        for (from_page, before) in [(page_is_first, &first), (!page_is_first, &second)] {
            let again = ledger.unchanged("retry", |ledger| reports(ledger, from_page));
            assert_eq!((again.status, &again.json), (200, &before.json));
        }
        let conflict =
            ledger.unchanged("other click", |ledger| of_page(ledger, &key, &lead("form-1", &ones)));
        assert_eq!(conflict.problem(), (409, "conversion_conflict".to_owned()));
        assert_eq!(conflict.text("/errors/0/pointer"), "/click_id");
    }
}

#[test]
fn the_page_learns_its_own_id_and_nobody_else_reports_under_it() {
    let (mut ledger, key, [click, _]) = programme();
    let longest = "x".repeat(255);
    for id in ["form-1", "page:form-1", longest.as_str()] {
        let made = of_page(&mut ledger, &key, &lead(id, &click));
        assert_eq!((made.status, made.text("/external_id").as_str()), (201, id));
        let shown = ledger.get(&format!("/v1/conversions/{}", made.text("/id")));
        assert_eq!(shown.text("/external_id"), format!("page:{id}"));
    }
    let refused =
        ledger.unchanged("page:", |ledger| ledger.post("/v1/conversions", &lead("page:form-2", &click)));
    assert_eq!(refused.problem(), (422, "invalid_value".to_owned()));
    assert_eq!(
        refused.text("/detail"),
        "/external_id: Ids of leads that begin with \"page:\" are those that pages report. Send your own id of the lead."
    );
    let line = json!({"object": "conversion", "type": "lead", "external_id": "page:form-2"}).to_string();
    let refused =
        ledger.unchanged("import", |ledger| ledger.call(OPERATOR, "POST", "/v1/import", &line, None));
    assert_eq!(refused.problem(), (422, "invalid_value".to_owned()));
    // Other types have no leads of pages.
    let sale = json!({"type": "sale", "external_id": "page:1", "amount": 1, "currency": "EUR"});
    assert_eq!(ledger.post("/v1/conversions", &sale).status, 201);
}
