//! The customer of an App Store purchase is the token that the app set on it, and nobody else.

use super::{
    TestCallback,
    apple::{CUSTOMER, FIRST, click, lead, notification, transaction, world},
    orders,
};
use serde_json::json;

#[test]
fn a_subscription_leads_to_the_token_of_its_first_purchase_and_to_no_other() {
    let anonymous = json!({"appAccountToken": null});
    let first = notification("SUBSCRIBED INITIAL_BUY", 0, Some(&transaction(FIRST, &json!({}))));
    let renewed = notification("DID_RENEW", 1, Some(&transaction("2000000100000002", &anonymous)));
    let other = "11111111-2222-3333-4444-555555555555";
    let anew = json!({"appAccountToken": other});
    let anew = notification("SUBSCRIBED RESUBSCRIBE", 2, Some(&transaction("2000000100000003", &anew)));
    let customers = |callback: &[&TestCallback]| {
        let mut world = world();
        let click = click(&mut world);
        lead(&mut world, &click);
        callback.iter().for_each(|callback| assert_eq!(world.receive(callback).status, 200));
        let found = world.ledger.get("/v1/conversions").json["data"].take();
        let mut found: Vec<(String, bool)> = found
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["type"] == "sale")
            .map(|it| {
                (it["customer_id"].as_str().unwrap().to_owned(), it["attribution"]["status"] == "attributed")
            })
            .collect();
        found.sort_unstable();
        (found, world.ledger.rows("account_aliases"))
    };
    let (mine, others) = ((CUSTOMER.to_owned(), true), (format!("apple:{other}"), false));
    let nameless = (format!("apple:{FIRST}"), false);
    assert_eq!(customers(&[&first, &renewed]), (vec![mine.clone(), mine.clone()], 1));
    // A notification before the first purchase belongs to the subscription itself.
    assert_eq!(customers(&[&renewed, &first]), (vec![nameless.clone(), mine.clone()], 1));
    // Another user with the same Apple account, in every order.
    for order in orders(3) {
        let callback = order.iter().map(|step| [&first, &renewed, &anew][*step]).collect::<Vec<_>>();
        let (found, aliases) = customers(&callback);
        let is_named = order.iter().position(|step| *step == 0) < order.iter().position(|step| *step == 1);
        let renewal = if is_named { mine.clone() } else { nameless.clone() };
        let mut expected = vec![others.clone(), renewal, mine.clone()];
        expected.sort_unstable();
        assert_eq!((found, aliases), (expected, 1), "{order:?}");
    }
    let nil = json!({"appAccountToken": "00000000-0000-0000-0000-000000000000"});
    let nobodys = notification("SUBSCRIBED INITIAL_BUY", 0, Some(&transaction(FIRST, &nil)));
    assert_eq!(customers(&[&nobodys]), (vec![nameless], 0));
}
