//! The cost of the filters of lists does not depend on the data of others.

use super::filters::{Market, market, rows};
use crate::support::{Ledger, OPERATOR};
use serde_json::json;

/// Sales of another day, partner, listing, type and coupon, of other customers.
fn others(ledger: &mut Ledger, round: usize) {
    ledger.wait(86_400_000);
    let other = ledger.scenario(500);
    ledger.patch(
        &format!("/v1/partners/{}", other.partner),
        &json!({"status": "paused", "country": "FR", "kind": "agency"}),
    );
    for n in 0..40 {
        let click = ledger.click(other.link_no);
        ledger.trails.insert(click.clone(), Some(Vec::new()));
        let body = json!({"type": "subscription_renewed", "external_id": format!("x-{round}-{n}"), "click_id": click,
            "customer_id": format!("x-{n}"), "amount": 1, "currency": "EUR", "coupon": "none of them"});
        assert_eq!(ledger.post("/v1/conversions", &body).status, 201);
        let link = json!({"partner_id": other.partner, "listing_id": other.listing, "campaign": "others"});
        assert_eq!(ledger.post("/v1/links", &link).status, 201);
        ledger.partner(&format!("Zoe {n}"), None);
    }
}

#[test]
fn the_cost_of_a_filter_does_not_grow_with_the_data_of_others() {
    let Market { mut ledger, ada, .. } = market();
    ledger.post("/v1/links", &json!({"partner_id": ada.partner, "listing_id": ada.listing, "campaign": "spring", "slug": "spring"}));
    let conversion =
        ledger.get(&format!("/v1/conversions?partner_id={}&limit=1", ada.partner)).text("/data/0/id");
    let key = ledger.key(&["read"], Some(&ada.partner));
    let (partner, listing, link) = (&ada.partner, &ada.listing, &ada.link);
    let mut calls: Vec<(String, String)> = Vec::new();
    for target in [
        "conversions?external_id=o-1".to_owned(),
        "conversions?customer_id=c-1".to_owned(),
        "conversions?customer_id=c-1&from=2026-11-21T00:00:00Z&type=sale".to_owned(),
        format!("conversions?partner_id={partner}"),
        format!("conversions?partner_id={partner}&from=2026-11-21T00:00:00Z&type=sale"),
        format!("conversions?listing_id={listing}"),
        format!("conversions?listing_id={listing}&from=2026-01-01T00:00:00Z&status=attributed"),
        format!("conversions?link_id={link}&type=sale"),
        "conversions?type=sale".to_owned(),
        "conversions?status=unattributed".to_owned(),
        "conversions?coupon=ADA10&type=sale".to_owned(),
        "conversions?to=2026-11-23T00:00:00Z".to_owned(),
        "conversions?from=2026-11-21T00:00:00Z&to=2026-11-23T00:00:00Z".to_owned(),
        format!("commissions?partner_id={partner}&plan=x"),
        format!("commissions?conversion_id={conversion}"),
        "commissions?plan=tenth".to_owned(),
        "commissions?to=2026-11-22T12:05:00Z".to_owned(),
        format!("links?partner_id={partner}&campaign=spring"),
        format!("links?listing_id={listing}"),
        "links?campaign=spring".to_owned(),
        "links?slug=spring".to_owned(),
        "partners?kind=media".to_owned(),
        "partners?country=GB".to_owned(),
        "partners?q=lovelace".to_owned(),
        "events?type=coupon.created".to_owned(),
    ] {
        calls.push((OPERATOR.to_owned(), format!("/v1/{target}")));
    }
    for target in [
        "conversions?external_id=o-1".to_owned(),
        "conversions?type=sale".to_owned(),
        "conversions?type=subscription_renewed".to_owned(),
        "conversions?coupon=none+of+them".to_owned(),
        "conversions?from=2026-11-01T00:00:00Z&type=subscription_renewed".to_owned(),
        format!("conversions?link_id={link}"),
        "commissions?plan=tenth".to_owned(),
        "commissions?status=paid&from=2026-11-01T00:00:00Z".to_owned(),
        "links?campaign=others".to_owned(),
        "partners?q=zoe".to_owned(),
        "partners?status=active".to_owned(),
        "events?type=conversion.created".to_owned(),
    ] {
        calls.push((key.clone(), format!("/v1/{target}")));
    }
    let costs = |ledger: &mut Ledger| -> Vec<(String, u64)> {
        let cost = |(key, target): &(String, String)| {
            let before = ledger.sql.steps();
            rows(ledger, key, target);
            (target.clone(), ledger.sql.steps() - before)
        };
        calls.iter().map(cost).collect()
    };
    others(&mut ledger, 1);
    let few = costs(&mut ledger);
    others(&mut ledger, 2);
    assert_eq!(costs(&mut ledger), few);
}
