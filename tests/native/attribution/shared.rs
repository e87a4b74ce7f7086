//! Conversions that several touches share: credits, commissions, counts and refunds by parts that add up, and the part
//! that each partner sees.

use crate::support::{Ledger, OPERATOR, event};
use serde_json::{Value as Json, json};

/// Three partners, each with a link to one listing, under a model.
struct World {
    ledger: Ledger,
    partners: Vec<String>,
    links: Vec<u32>,
}

fn world(attribution: Json) -> World {
    let mut ledger = Ledger::new();
    let put = ledger.put("/v1/program", &json!({"attribution": attribution}));
    assert_eq!(put.status, 200, "{}", put.raw.body);
    let listing = ledger.listing("https://shop.example");
    let (mut partners, mut links) = (Vec::new(), Vec::new());
    for (name, rate) in [("Ada", 1_000), ("Bob", 2_000), ("Cyd", 3_000)] {
        let partner = ledger.partner(name, Some(rate));
        links.push(ledger.link(&partner, &listing).1);
        partners.push(partner);
    }
    World { ledger, partners, links }
}

impl World {
    /// A click on each partner's link, a day apart; each click's trail has the clicks before it.
    fn clicks(&mut self) -> Vec<String> {
        let mut clicks: Vec<String> = Vec::new();
        for link in self.links.clone() {
            self.ledger.wait(86_400_000);
            let click = self.ledger.click(link);
            self.ledger.trails.insert(click.clone(), Some(clicks.clone()));
            clicks.push(click);
        }
        self.ledger.wait(1_000);
        clicks
    }

    fn sale(&mut self, id: &str, click: &str, amount: i64) -> Json {
        let body = json!({"type": "sale", "external_id": id, "click_id": click, "customer_id": format!("of {id}"),
            "amount": amount, "currency": "EUR"});
        let answer = self.ledger.post("/v1/conversions", &body);
        assert_eq!(answer.status, 201, "{}", answer.raw.body);
        answer.json
    }

    fn totals(&mut self, query: &str) -> Json {
        self.ledger.get(&format!("/v1/attribution?{query}")).json["totals"].clone()
    }

    /// Sales, revenue, refunds and commission of each partner.
    fn sums(&mut self) -> Vec<(Json, Json, Json, Json)> {
        let partners = self.partners.clone();
        let amount = |sums: &Json| sums[0]["amount"].clone();
        let sums = partners.iter().map(|partner| {
            let totals = self.totals(&format!("partner_id={partner}"));
            let [revenue, refunds, commission] =
                ["revenue", "refunds", "commission"].map(|name| amount(&totals[name]));
            (totals["sales"].clone(), revenue, refunds, commission)
        });
        sums.collect()
    }
}

fn credits(conversion: &Json) -> Vec<(Json, Json)> {
    let credits = conversion["attribution"]["credits"].as_array().unwrap();
    credits.iter().map(|credit| (credit["click_id"].clone(), credit["share_bp"].clone())).collect()
}

fn commissions(conversion: &Json) -> Vec<(Json, Json, Json)> {
    let commissions = conversion["commissions"].as_array().unwrap();
    let one = |row: &Json| (row["partner_id"].clone(), row["base"].clone(), row["amount"].clone());
    commissions.iter().map(one).collect()
}

#[test]
fn each_part_earns_its_partners_rate_and_the_parts_add_up() {
    for (model, shares, parts) in [
        ("linear", [3_333, 3_333, 3_334], [3_333, 3_333, 3_334]),
        ("position", [4_000, 2_000, 4_000], [4_000, 2_000, 4_000]),
        ("time_decay", [3_009, 3_323, 3_668], [3_009, 3_323, 3_668]),
    ] {
        let mut world = world(json!({"model": model}));
        let clicks = world.clicks();
        let sold = world.sale("o-1", &clicks[2], 10_000);
        // The conversion's own click first, then those before it, oldest first.
        let order = [2, 0, 1];
        assert_eq!(sold["attribution"]["model"], model);
        let expected: Vec<_> = order.map(|n| (json!(clicks[n]), json!(shares[n]))).into();
        assert_eq!(credits(&sold), expected, "{model}");
        let expected: Vec<_> = order
            .map(|n| {
                let rate = [1_000, 2_000, 3_000][n];
                (json!(world.partners[n]), json!(parts[n]), json!((parts[n] * rate + 5_000) / 10_000))
            })
            .into();
        assert_eq!(commissions(&sold), expected, "{model}");
        let read = world.ledger.get(&format!("/v1/conversions/{}", sold["id"].as_str().unwrap())).json;
        assert_eq!(read, sold, "what is read is what was answered");
        world.ledger.audit();
    }
}

#[test]
fn a_shared_sale_is_counted_once_and_its_revenue_by_parts() {
    let mut world = world(json!({"model": "position"}));
    let clicks = world.clicks();
    let sold = world.sale("o-1", &clicks[2], 9_999);
    // 40 : 20 : 40 of 99.99. The sale is counted for the largest share, and for the newest of equal ones.
    let expected = [(0, 3_999, 0, 400), (0, 2_000, 0, 400), (1, 4_000, 0, 1_200)];
    let found = |world: &mut World| -> Vec<_> {
        let number = |value: Json| value.as_i64().unwrap_or(0);
        world.sums().into_iter().map(|(a, b, c, d)| (number(a), number(b), number(c), number(d))).collect()
    };
    assert_eq!(found(&mut world), expected);
    let all = world.totals("");
    assert_eq!((&all["sales"], &all["revenue"][0]["amount"]), (&json!(1), &json!(9_999)));
    // Partial refunds: the parts of the credits add up to each refund, and finally to the whole sale.
    let target = format!("/v1/conversions/{}/refunds", sold["id"].as_str().unwrap());
    for (id, amount) in [("r-1", 1), ("r-2", 1), ("r-3", 3_331), ("r-4", 1)] {
        let refund = world.ledger.post(&target, &json!({"external_id": id, "amount": amount}));
        assert_eq!(refund.status, 201, "{}", refund.raw.body);
        let refunded: i64 = found(&mut world).iter().map(|(_, _, refunded, _)| refunded).sum();
        assert_eq!(world.totals("")["refunds"][0]["amount"], refunded, "{id}");
        let parts: Vec<_> = found(&mut world).iter().map(|(_, _, refunded, _)| *refunded).collect();
        assert!(parts.iter().zip([3_999, 2_000, 4_000]).all(|(part, whole)| *part <= whole), "{parts:?}");
    }
    let last = world.ledger.post(&target, &json!({"external_id": "r-5"})).json;
    assert_eq!(last["amount"], 9_999 - 3_334);
    let left: Vec<_> = last["commissions"].as_array().unwrap().iter().map(|row| &row["remaining"]).collect();
    assert_eq!(left, [0, 0, 0]);
    assert_eq!(found(&mut world), [(0, 3_999, 3_999, 0), (0, 2_000, 2_000, 0), (1, 4_000, 4_000, 0)]);
    world.ledger.audit();
}

#[test]
fn each_partner_sees_its_own_part_of_a_shared_conversion() {
    let mut world = world(json!({"model": "linear"}));
    let clicks = world.clicks();
    let sold = world.sale("o-1", &clicks[2], 10_000);
    let id = sold["id"].as_str().unwrap().to_owned();
    let refund = world
        .ledger
        .post(&format!("/v1/conversions/{id}/refunds"), &json!({"external_id": "r", "amount": 10}));
    assert_eq!(refund.status, 201);
    let stranger = world.ledger.partner("Eve", None);
    for (n, partner) in world.partners.clone().into_iter().chain([stranger]).enumerate() {
        let key = world.ledger.key(&["read"], Some(&partner));
        let mut get = |target: &str| world.ledger.call(&key, "GET", target, "", None);
        let (one, why) =
            (get(&format!("/v1/conversions/{id}")), get(&format!("/v1/conversions/{id}/attribution")));
        let list = get("/v1/conversions").json["data"].as_array().unwrap().clone();
        if n == 3 {
            assert_eq!((one.problem(), why.problem().0, list.len()), ((404, "not_found".to_owned()), 404, 0));
            continue;
        }
        let share = if n == 2 { 3_334 } else { 3_333 };
        assert_eq!(credits(&one.json), [(json!(clicks[n]), json!(share))]);
        assert_eq!(commissions(&one.json).len(), 1);
        assert_eq!(one.json["click_id"], if n == 2 { json!(clicks[2]) } else { Json::Null });
        assert_eq!(Json::Array(list), json!([one.json]));
        assert_eq!(why.json["touches"].as_array().unwrap().len(), 1);
        // A shared conversion is not an event of a single partner.
        let events = get("/v1/events").raw.body;
        for other in world
            .partners
            .iter()
            .filter(|other| **other != partner)
            .chain(clicks.iter().filter(|c| **c != clicks[n]))
        {
            for body in [&one.raw.body, &why.raw.body, &events] {
                assert!(!body.contains(other.as_str()), "{partner} sees {other}: {body}");
            }
        }
        assert!(events.contains("commission.created"), "{events}");
    }
}

#[test]
fn own_and_shared_conversions_are_listed_together() {
    let mut world = world(json!({"model": "linear"}));
    let mut made = Vec::new();
    for n in 0..5 {
        let clicks = world.clicks();
        let shared = world.sale(&format!("s-{n}"), &clicks[2], 100);
        let own = world.ledger.click(world.links[0]);
        let own = world.sale(&format!("o-{n}"), &own, 100);
        made.extend([shared["id"].clone(), own["id"].clone()]);
    }
    made.reverse();
    let key = world.ledger.key(&["read"], Some(&world.partners[0].clone()));
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.ledger.call(&key, "GET", &format!("/v1/conversions?limit=3{cursor}"), "", None).json;
        walked.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(walked, made);
}

#[test]
fn several_touches_of_one_partner_are_several_credits() {
    let mut world = world(json!({"model": "linear"}));
    let link = world.links[0];
    let first = world.ledger.click(link);
    world.ledger.wait(1_000);
    let second = world.ledger.click(link);
    world.ledger.trails.insert(second.clone(), Some(vec![first.clone()]));
    let sold = world.sale("o-1", &second, 101);
    assert_eq!(credits(&sold), [(json!(second), json!(5_000)), (json!(first), json!(5_000))]);
    assert_eq!(commissions(&sold).iter().map(|(_, base, _)| base.clone()).collect::<Vec<_>>(), [51, 50]);
    let key = world.ledger.key(&["read"], Some(&world.partners[0].clone()));
    let seen = world.ledger.call(&key, "GET", "/v1/conversions", "", None).json;
    assert_eq!(seen["data"].as_array().unwrap().len(), 1, "one conversion is listed once");
    // This partner has the whole credit, so the events are visible to it too.
    let events = world.ledger.call(&key, "GET", "/v1/events", "", None).raw.body;
    assert!(events.contains("conversion.created"), "{events}");
    world.ledger.audit();
}

#[test]
fn only_signed_clicks_of_a_trail_are_credited() {
    let mut world = world(json!({"model": "linear"}));
    let clicks = world.clicks();
    // A signed click id with one character changed.
    let mut forged = clicks[0].clone();
    forged.replace_range(20..21, if &forged[20..21] == "A" { "B" } else { "A" });
    let later = {
        world.ledger.wait(1_000);
        world.ledger.click(world.links[1])
    };
    let told =
        vec![forged, "junk".to_owned(), clicks[0].clone(), clicks[0].clone(), later, clicks[1].clone()];
    world.ledger.trails.insert(clicks[1].clone(), Some(told));
    let sold = world.sale("o-1", &clicks[1], 100);
    assert_eq!(credits(&sold), [(json!(clicks[1]), json!(5_000)), (json!(clicks[0]), json!(5_000))]);
    let target = format!("/v1/conversions/{}/attribution", sold["id"].as_str().unwrap());
    let why = world.ledger.get(&target).json;
    assert_eq!(why["trail"], "known");
    let sources: Vec<_> = why["touches"].as_array().unwrap().iter().map(|touch| &touch["source"]).collect();
    assert_eq!(sources, ["click", "trail"]);
}

#[test]
fn clicks_of_the_same_millisecond_share_and_the_named_one_is_the_newest() {
    let mut world = world(json!({"model": "linear"}));
    let [first, second, later] = [0, 1, 2].map(|index| {
        world.ledger.wait(i64::from(index == 2));
        world.ledger.click(world.links[index])
    });
    let trail = vec![first.clone(), second.clone(), later.clone()];
    world.ledger.trails.insert(second.clone(), Some(trail));
    world.ledger.wait(1_000);
    let sale = world.sale("o-1", &second, 1);
    assert_eq!(credits(&sale), [(json!(second), json!(5_000)), (json!(first), json!(5_000))]);
    // The one cent goes to the newest click, which is the one that the sale names.
    let amounts: Vec<Json> = commissions(&sale).into_iter().map(|(_, base, _)| base).collect();
    assert_eq!(amounts, [json!(1), json!(0)]);
}

#[test]
fn an_unavailable_trail_refuses_nothing_and_is_recorded() {
    for (model, expected) in
        [("linear", "unavailable"), ("first_touch", "unavailable"), ("last_touch", "not_needed")]
    {
        let mut world = world(json!({"model": model}));
        let clicks = world.clicks();
        world.ledger.trails.insert(clicks[2].clone(), None);
        let sold = world.sale("o-1", &clicks[2], 100);
        assert_eq!(credits(&sold), [(json!(clicks[2]), json!(10_000))], "{model}");
        let target = format!("/v1/conversions/{}/attribution", sold["id"].as_str().unwrap());
        assert_eq!(world.ledger.get(&target).json["trail"], expected);
        // A retry requests no trail.
        let body = json!({"type": "sale", "external_id": "o-1", "click_id": clicks[2], "customer_id": "of o-1",
            "amount": 100, "currency": "EUR"});
        let again = world.ledger.call(OPERATOR, "POST", "/v1/conversions", &body.to_string(), None);
        assert_eq!((again.status, again.json), (200, sold));
    }
}

#[test]
fn the_first_touch_earns_all_and_the_trail_is_bound_to_the_customer() {
    let mut world = world(json!({"model": "first_touch"}));
    let clicks = world.clicks();
    let sold = world.sale("o-1", &clicks[2], 100);
    assert_eq!(credits(&sold), [(json!(clicks[0]), json!(10_000))]);
    let target = format!("/v1/conversions/{}/attribution", sold["id"].as_str().unwrap());
    let why = world.ledger.get(&target).json;
    let told: Vec<_> =
        why["touches"].as_array().unwrap().iter().map(|t| (&t["source"], &t["reason"])).collect();
    assert_eq!(
        told,
        [
            (&json!("click"), &json!("older_touch")),
            (&json!("trail"), &json!("click")),
            (&json!("trail"), &json!("older_touch")),
        ]
    );
    world.ledger.wait(400 * 86_400_000);
    let renewal = json!({"type": "subscription_renewed", "external_id": "r", "customer_id": "of o-1", "amount": 100,
        "currency": "EUR"});
    let made = world.ledger.post("/v1/conversions", &renewal).json;
    assert_eq!(credits(&made), [(json!(clicks[0]), json!(10_000))]);
    assert_eq!(made["attribution"]["reason"], "customer");
}

#[test]
fn a_late_click_shares_earlier_sales_and_their_refunds() {
    let mut world = world(json!({"model": "linear"}));
    let clicks = world.clicks();
    let charge = event("charged", "order:1", &json!({"amount": 10_001, "currency": "EUR"}));
    let refund =
        event("refunded", "refund:1", &json!({"charge": "order:1", "amount": 2_000, "currency": "EUR"}));
    world.ledger.told(1, &[charge, refund]);
    assert_eq!(world.totals("")["commission"][0]["amount"], 0);
    world.ledger.wait(1_000);
    // The browser's cookie carried all three.
    world.ledger.told(1, &[event("installed", "install:1", &json!({"clicks": clicks}))]);
    let sold = world.ledger.get("/v1/conversions").json["data"][1].clone();
    assert_eq!(sold["amount"], 10_001);
    // A customer's touches are listed newest first; 33.35 : 33.33 : 33.33, less a fifth.
    assert_eq!(credits(&sold).len(), 3);
    let sums: Vec<_> = world.sums().into_iter().map(|(_, revenue, refunds, _)| (revenue, refunds)).collect();
    assert_eq!(sums, [(json!(3_333), json!(666)), (json!(3_333), json!(667)), (json!(3_335), json!(667))]);
    let all = world.totals("");
    assert_eq!((&all["revenue"][0]["amount"], &all["refunds"][0]["amount"]), (&json!(10_001), &json!(2_000)));
    assert_eq!(all["sales"], 1);
    world.ledger.audit();
}
