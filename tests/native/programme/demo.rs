//! The API accepts the demo programme as it is, and the programme contains every kind of partner of the strategy.

use crate::support::Ledger;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

fn program() -> Json {
    serde_json::from_str(include_str!("../../../fixtures/program.json")).unwrap()
}

fn without_ref(listing: &Json) -> Json {
    let mut listing = listing.clone();
    listing.as_object_mut().unwrap().remove("ref");
    listing
}

#[test]
fn the_api_accepts_the_whole_demo_programme() {
    let mut ledger = Ledger::new();
    let program = program();
    assert_eq!(ledger.put("/v1/program", &program["program"]).status, 200);
    let mut listings = BTreeMap::new();
    for listing in program["listings"].as_array().unwrap() {
        let answer = ledger.post("/v1/listings", &without_ref(listing));
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        listings.insert(listing["ref"].as_str().unwrap(), answer.text("/id"));
    }
    for entry in program["partners"].as_array().unwrap() {
        let partner = ledger.post("/v1/partners", &entry["partner"]);
        assert_eq!(partner.status, 201, "{}", partner.raw.body);
        if let Some(details) = entry.get("payout_details") {
            let set = ledger.put(&format!("/v1/partners/{}/payout-details", partner.text("/id")), details);
            assert_eq!(set.status, 200, "{}", set.raw.body);
        }
        for link in entry["links"].as_array().unwrap() {
            let mut body = link.clone();
            let listing = body.as_object_mut().unwrap().remove("listing").unwrap();
            body["partner_id"] = json!(partner.text("/id"));
            body["listing_id"] = json!(listings[listing.as_str().unwrap()]);
            let answer = ledger.post("/v1/links", &body);
            assert_eq!(answer.status, 201, "{}", answer.raw.body);
        }
    }
    assert_eq!(ledger.rows("partners"), 12);
}

#[test]
fn every_kind_of_partner_in_the_strategy_has_a_link() {
    let program = program();
    let partners = program["partners"].as_array().unwrap();
    let rows: BTreeSet<&str> =
        partners.iter().map(|entry| entry["partner"]["metadata"]["row"].as_str().unwrap()).collect();
    assert_eq!(rows.len(), 12);
    assert!(partners.iter().all(|entry| !entry["links"].as_array().unwrap().is_empty()));
    let rates: Vec<i64> =
        partners.iter().filter_map(|entry| entry["partner"]["commission_bp"].as_i64()).collect();
    assert_eq!(rates, [2750, 2250, 1750, 2500], "the middle of each range; flat fees carry no rate");
}

#[test]
fn no_link_leads_to_a_real_site() {
    for listing in program()["listings"].as_array().unwrap() {
        let url = url::Url::parse(listing["url"].as_str().unwrap()).unwrap();
        assert!(url.domain().unwrap().ends_with(".example"), "{url} is not reserved for examples (RFC 2606)");
    }
}
