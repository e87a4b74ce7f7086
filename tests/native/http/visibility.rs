//! What a partner's key sees of data that it shares with others. These tests fail if a partner learns of another partner's
//! clicks or sales, of customers, or of the reasons for which a person looks at its commissions.

use crate::support::Ledger;
use serde_json::{Value as Json, json};

const CUSTOMER: &str = "buyer@example.com";

fn sale(click: &str, external_id: &str, country: &str) -> Json {
    json!({"type": "sale", "external_id": external_id, "click_id": click, "customer_id": CUSTOMER, "amount": 10_000,
        "currency": "EUR", "country": country, "metadata": {"email": CUSTOMER, "note": "call back"}})
}

fn get(ledger: &mut Ledger, key: &str, target: &str) -> Json {
    let answer = ledger.call(key, "GET", target, "", None);
    assert_eq!(answer.status, 200, "{target}: {}", answer.raw.body);
    answer.json
}

#[test]
fn customers_are_hidden_from_partners_unless_the_programme_shows_them() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let key = ledger.key(&["read"], Some(&scenario.partner));
    let click = ledger.click(scenario.link_no);
    let made = ledger.post("/v1/conversions", &sale(&click, "o-1", "DE"));
    let target = format!("/v1/conversions/{}", made.text("/id"));
    let history = format!("/v1/commissions/{}/history", made.text("/commissions/0/id"));
    for (allowed, customer) in [(false, Json::Null), (true, json!(CUSTOMER)), (false, Json::Null)] {
        assert_eq!(ledger.put("/v1/program", &json!({"partners_see_customers": allowed})).status, 200);
        let metadata = if allowed { json!({"email": CUSTOMER, "note": "call back"}) } else { json!({}) };
        let one = get(&mut ledger, &key, &target);
        let listed = get(&mut ledger, &key, "/v1/conversions")["data"][0].take();
        let in_history = get(&mut ledger, &key, &history)["conversion"].take();
        let event = get(&mut ledger, &key, "/v1/events?type=conversion.created")["data"][0]["data"].take();
        for view in [one, listed, in_history, event] {
            assert_eq!((&view["customer_id"], &view["metadata"]), (&customer, &metadata));
            assert_eq!((&view["external_id"], &view["amount"]), (&json!("o-1"), &json!(10_000)));
        }
    }
    assert_eq!(ledger.get(&target).json["customer_id"], json!(CUSTOMER), "the programme sees it");
}

#[test]
fn a_partner_sees_that_a_commission_is_under_review_but_not_why() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    let key = ledger.key(&["read"], Some(&scenario.partner));
    assert_eq!(
        ledger.patch(&format!("/v1/partners/{}", scenario.partner), &json!({"email": CUSTOMER})).status,
        200
    );
    let click = ledger.click(scenario.link_no);
    let made = ledger.post("/v1/conversions", &sale(&click, "o-1", "DE"));
    assert_eq!(made.json["commissions"][0]["held_reason"], "self_referral");
    let id = made.text("/commissions/0/id");
    for target in [
        "/v1/commissions".to_owned(),
        format!("/v1/commissions/{id}"),
        format!("/v1/commissions/{id}/history"),
    ] {
        let mut view = get(&mut ledger, &key, &target);
        for part in ["data", "commission"] {
            if let Some(found) = view.get_mut(part) {
                view = if found.is_array() { found[0].take() } else { found.take() };
            }
        }
        assert_eq!(
            (&view["flags"], &view["held_reason"]),
            (&json!(["under_review"]), &Json::Null),
            "{target}"
        );
    }
    let event = get(&mut ledger, &key, "/v1/events?type=conversion.created")["data"][0]["data"].take();
    let listed = get(&mut ledger, &key, "/v1/conversions")["data"][0].take();
    assert_eq!(event["commissions"], listed["commissions"]);
    assert_eq!(event["commissions"][0]["flags"], json!(["under_review"]));
    assert_eq!(event["commissions"][0]["held_reason"], Json::Null);
    let refused = ledger.call(&key, "GET", "/v1/commissions?held_reason=self_referral", "", None);
    assert_eq!(refused.problem(), (400, "unknown_parameter".to_owned()));
    let own = get(&mut ledger, &key, &format!("/v1/partners/{}", scenario.partner));
    assert_eq!(own["metadata"], json!({}));
}

#[test]
fn a_partner_who_earns_on_anothers_sale_sees_its_own_commission_alone() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let eve = ledger.partner("Eve", None);
    let territory = json!({"name": "Andes", "partner_id": eve, "countries": ["CO"], "rate_bp": 500,
        "effective_from": "2026-01-01T00:00:00.000Z"});
    assert_eq!(ledger.put("/v1/program", &json!({"territories": [territory]})).status, 200);
    let click = ledger.click(ada.link_no);
    let made = ledger.post("/v1/conversions", &sale(&click, "order-of-ada", "CO"));
    let refund = format!("/v1/conversions/{}/refunds", made.text("/id"));
    assert_eq!(ledger.post(&refund, &json!({"external_id": "refund-of-ada", "amount": 1_000})).status, 201);
    let key = ledger.key(&["read"], Some(&eve));
    let own = get(&mut ledger, &key, "/v1/commissions")["data"][0].take();
    assert_eq!((&own["amount"], &own["source"]), (&json!(500), &json!("territory")));
    let id = own["id"].as_str().unwrap();
    let history = ledger.call(&key, "GET", &format!("/v1/commissions/{id}/history"), "", None);
    assert_eq!(
        (&history.json["commission"]["amount"], &history.json["plan"]["base"]),
        (&json!(500), &json!(10_000))
    );
    assert_eq!(
        (
            &history.json["click"],
            &history.json["conversion"],
            &history.json["attribution"],
            &history.json["refunds"]
        ),
        (&Json::Null, &Json::Null, &Json::Null, &json!([]))
    );
    for foreign in
        [click.as_str(), CUSTOMER, "order-of-ada", "refund-of-ada", "call back", ada.partner.as_str()]
    {
        assert!(!history.raw.body.contains(foreign), "{foreign} in {}", history.raw.body);
    }
}

#[test]
fn trails_show_a_partner_its_own_clicks_and_the_number_of_the_others() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let eve = ledger.partner("Eve", None);
    let (_, eves_link) = ledger.link(&eve, &ada.listing);
    let (first, other, last) =
        (ledger.click(ada.link_no), ledger.click(eves_link), ledger.click(ada.link_no));
    let row =
        json!([1, 1, [last, ledger.now.ms(), ada.link_no, null, "DE", 2, 0, format!("{first}.{other}")]]);
    let mut shards = vec![json!([]); 16];
    shards[3] = json!([row]);
    let body = json!({"shards": shards}).to_string();
    let key = ledger.key(&["read"], Some(&ada.partner));
    let read = |ledger: &mut Ledger, key: &str| {
        let answer = ledger.call(key, "POST", "/internal/clicks", &body, None);
        assert_eq!(answer.status, 200, "{}", answer.raw.body);
        (answer.json["data"][0]["trail"].clone(), answer.json["data"][0]["trail_of_others"].clone())
    };
    assert_eq!(read(&mut ledger, &key), (json!([first]), json!(1)));
    assert_eq!(read(&mut ledger, crate::support::OPERATOR), (json!([first, other]), json!(0)));
}
