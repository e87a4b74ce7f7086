//! What is sealed under `DATA_KEY`. A test fails if a lost key leaves something that cannot be set anew or answers 500, if a
//! rotated key cannot open what an older one sealed, or if the older one is still needed once everything is sealed anew.

use crate::support::{Ledger, OPERATOR, TzDatabase};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use signpost::{
    api::{self, Environment},
    domain::{links::keyring::with_new_key, values::entropy::SeededEntropy},
    ledger::{config::Config, needs::NOTHING_FETCHED, resealing::reseal_all},
};

/// The tests' own key.
const OLD: u8 = 9;
const NEW: u8 = 8;

/// Restarts the Ledger with these data keys.
fn restart(ledger: &mut Ledger, keys: &[u8]) {
    let ring = with_new_key(None, &mut SeededEntropy::new(7)).unwrap();
    let keys: Vec<_> = keys.iter().map(|key| URL_SAFE_NO_PAD.encode([*key; 32])).collect();
    ledger.config = Config::new(OPERATOR, &ring, &keys.join(",")).unwrap();
    reseal_all(&ledger.sql, &ledger.config.sealer, &mut ledger.entropy).unwrap();
}

/// A Ledger with something of each kind that is sealed: its listing, its partner, and a kept callback.
fn world() -> (Ledger, String, String, String) {
    let mut ledger = Ledger::new();
    let payer = json!({"legal_name": "Acme GmbH", "iban": "DE89370400440532013000"});
    assert_eq!(
        ledger.put("/v1/program", &json!({"name": "P", "currency": "EUR", "payer": payer})).status,
        200
    );
    let body = json!({"name": "Store", "marketplace": "woocommerce", "url": "https://store.example",
        "secrets": {"webhook_secret": "s3cret", "billing_secret": "b1lling"}});
    let listing = ledger.post("/v1/listings", &body).text("/id");
    let partner = ledger.partner("Ada", None);
    let details = json!({"method": "sepa", "legal_name": "Ada", "iban": "FR1420041010050500013M02606"});
    assert_eq!(ledger.put(&format!("/v1/partners/{partner}/payout-details"), &details).status, 200);
    let kept = ledger.kept(1, r#"{"id": 1, "status": "processing", "total": "x", "currency": "EUR"}"#);
    (ledger, listing, partner, kept)
}

/// The listing as the callback handler gets it.
fn opened(ledger: &mut Ledger, id: &str) -> Result<Json, String> {
    let environment = Environment {
        sql: &ledger.sql,
        config: &ledger.config,
        zones: &TzDatabase,
        now: ledger.now,
        fetched: &NOTHING_FETCHED,
    };
    let opened = api::callback_listing(&environment, &mut SeededEntropy::new(1), id);
    opened.map(|text| serde_json::from_str(&text.unwrap()).unwrap()).map_err(|error| error.to_string())
}

#[test]
fn secrets_of_a_lost_key_are_shown_as_lost_and_can_be_set_anew() {
    let (mut ledger, id, ..) = world();
    let target = format!("/v1/listings/{id}");
    let state = |ledger: &mut Ledger| {
        let listing = ledger.get(&target);
        assert_eq!(listing.status, 200);
        (listing.json["secrets"].clone(), listing.json["secrets_lost"].clone())
    };
    let both = json!(["billing_secret", "webhook_secret"]);
    assert_eq!(state(&mut ledger), (both.clone(), json!(false)));
    restart(&mut ledger, &[NEW]);
    assert_eq!(state(&mut ledger), (both.clone(), json!(true)));
    assert_eq!(
        opened(&mut ledger, &id).unwrap_err(),
        "DATA_KEY lacks the key that a stored text was sealed under"
    );
    // Other changes leave them alone.
    for change in [json!({"name": "Shop"}), json!({"secrets": {}})] {
        let changed = ledger.patch(&target, &change);
        assert_eq!((changed.status, &changed.json["secrets_lost"]), (200, &json!(true)), "{change}");
    }
    assert_eq!(state(&mut ledger), (both, json!(true)));
    let set = ledger.patch(&target, &json!({"secrets": {"webhook_secret": "n3w"}}));
    assert_eq!(
        (set.status, &set.json["secrets"], &set.json["secrets_lost"]),
        (200, &json!(["webhook_secret"]), &json!(false))
    );
    assert_eq!(opened(&mut ledger, &id).unwrap()["secrets"], json!({"webhook_secret": ["n3w"]}));
    // A partner does not see how the marketplace is connected.
    let partner = ledger.partner("Grace", None);
    ledger.link(&partner, &id);
    let key = ledger.key(&["read"], Some(&partner));
    restart(&mut ledger, &[7]);
    let seen = ledger.call(&key, "GET", &target, "", None);
    assert_eq!((&seen.json["secrets"], &seen.json["secrets_lost"]), (&json!([]), &json!(false)));
}

#[test]
fn payout_details_and_the_payer_of_a_lost_key_can_be_set_anew() {
    let (mut ledger, _, partner, kept) = world();
    restart(&mut ledger, &[NEW]);
    let gone = (409, "sealed_key_gone".to_owned());
    let target = format!("/v1/partners/{partner}/payout-details");
    assert_eq!(ledger.get(&target).problem(), gone);
    assert_eq!(ledger.post(&format!("/v1/callbacks/{kept}/retry"), &Json::Null).problem(), gone);
    let details = json!({"method": "sepa", "legal_name": "Ada", "iban": "FR1420041010050500013M02606"});
    assert_eq!(ledger.put(&target, &details).status, 200);
    assert_eq!(ledger.get(&target).json["ends_with"], "••••2606");
    let payer = json!({"payer": {"legal_name": "Acme GmbH", "iban": "DE89370400440532013000"}});
    assert_eq!(ledger.patch("/v1/program", &payer).status, 200);
    ledger.audit();
}

#[test]
fn a_rotated_key_opens_everything_and_then_the_old_one_is_not_needed() {
    let (mut ledger, id, partner, kept) = world();
    let details = format!("/v1/partners/{partner}/payout-details");
    let account = |ledger: &Ledger| {
        signpost::ledger::payer::account(&ledger.sql, &ledger.config.sealer)
            .map_err(|error| error.to_string())
    };
    restart(&mut ledger, &[NEW, OLD]);
    let before = format!("{:?}", crate::support::rows::rows(&ledger.sql));
    restart(&mut ledger, &[NEW, OLD]);
    assert_eq!(format!("{:?}", crate::support::rows::rows(&ledger.sql)), before, "nothing is sealed twice");
    // The message of the kept callback was not sealed anew, so it needs the old key.
    assert_eq!(ledger.post(&format!("/v1/callbacks/{kept}/retry"), &Json::Null).status, 200);
    restart(&mut ledger, &[NEW]);
    let secrets = json!({"billing_secret": ["b1lling"], "webhook_secret": ["s3cret"]});
    assert_eq!(opened(&mut ledger, &id).unwrap()["secrets"], secrets);
    assert_eq!(ledger.get(&details).json["ends_with"], "••••2606");
    assert_eq!(account(&ledger), Ok(Some("DE89370400440532013000".to_owned())));
    restart(&mut ledger, &[OLD]);
    assert!(account(&ledger).is_err());
}

#[test]
fn a_customer_is_recognised_by_an_address_that_was_hashed_under_an_older_key() {
    let (mut ledger, id, partner, _) = world();
    let email = json!({"account": "a-1", "email": "ada@acme.example"});
    ledger.reported(&json!({"listing_no": 1, "events": [], "emails": [email]}));
    assert_eq!(
        ledger.patch(&format!("/v1/partners/{partner}"), &json!({"email": "ada@acme.example"})).status,
        200
    );
    let (_, link_no) = ledger.link(&partner, &id);
    for (keys, held) in [(vec![NEW, OLD], json!("self_referral")), (vec![NEW], Json::Null)] {
        restart(&mut ledger, &keys);
        let click = ledger.click(link_no);
        let sale = json!({"type": "sale", "external_id": click, "click_id": click, "customer_id": "woocommerce:a-1",
            "amount": 1_000, "currency": "EUR"});
        assert_eq!(
            ledger.post("/v1/conversions", &sale).json["commissions"][0]["held_reason"],
            held,
            "{keys:?}"
        );
    }
}
