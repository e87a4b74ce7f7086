//! Coupons: a code is a touch without a click. It counts while it is valid and for one partner at a time, and its
//! customers stay with that partner. Also the windows of listings, and customers who had bought before.

use crate::conversions::post;
use crate::http::bad_input::{refuse, world};
use crate::support::{Ledger, Scenario};
use serde_json::{Value as Json, json};
use signpost::store::{Sql, programme::coupons};

const DAY: i64 = 86_400_000;

fn coupon(ledger: &mut Ledger, fields: Json) -> String {
    let answer = ledger.post("/v1/coupons", &fields);
    assert_eq!(answer.status, 201, "{}", answer.raw.body);
    answer.text("/id")
}

/// A sale of 10.00 with additional fields.
fn sale(ledger: &mut Ledger, id: &str, fields: Json) -> Json {
    let mut body = json!({"type": "sale", "external_id": id, "amount": 1_000, "currency": "EUR"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    post(ledger, &body)
}

/// The partner that earns it, and the reason.
fn verdict(conversion: &Json) -> (Option<&str>, &str) {
    let earner =
        conversion["attribution"]["credits"].get(0).map(|credit| credit["partner_id"].as_str().unwrap());
    (earner, conversion["attribution"]["reason"].as_str().unwrap())
}

fn explained(ledger: &mut Ledger, conversion: &Json) -> Json {
    ledger.get(&format!("/v1/conversions/{}/attribution", conversion["id"].as_str().unwrap())).json
}

/// Source and reason of each touch.
fn touches(why: &Json) -> Vec<(&str, &str)> {
    let touches = why["touches"].as_array().unwrap().iter();
    touches.map(|touch| (touch["source"].as_str().unwrap(), touch["reason"].as_str().unwrap())).collect()
}

#[test]
fn a_coupon_earns_without_a_click_however_it_is_written() {
    let mut ledger = Ledger::new();
    let partner = ledger.partner("Ada", Some(1_500));
    let id = coupon(
        &mut ledger,
        json!({"code": " Frühling-26 ", "partner_id": partner, "metadata": {"show": "7"}}),
    );
    let shown = ledger.get(&format!("/v1/coupons/{id}")).json;
    assert_eq!(shown["code"], "Frühling-26");
    for (n, code) in
        ["Frühling-26", "frühling-26", "FRÜHLING-26", "\u{a0} frühLING-26\u{2003}"].iter().enumerate()
    {
        let sold = sale(&mut ledger, &format!("o-{n}"), json!({"coupon": code}));
        assert_eq!(verdict(&sold), (Some(partner.as_str()), "coupon"), "{code:?}");
        let credit = json!({"partner_id": partner, "link_id": null, "click_id": null, "coupon_id": id, "share_bp": 10_000});
        assert_eq!(sold["attribution"]["credits"], json!([credit]));
        assert_eq!(sold["commissions"][0]["amount"], 150);
        let why = explained(&mut ledger, &sold);
        assert_eq!((touches(&why), &why["coupon_reason"]), (vec![("coupon", "coupon")], &json!("coupon")));
        assert_eq!(
            (&why["touches"][0]["click_id"], &why["touches"][0]["coupon_id"]),
            (&Json::Null, &json!(id))
        );
    }
    let totals = ledger.get(&format!("/v1/attribution?partner_id={partner}&group_by=link")).json;
    assert_eq!((&totals["data"][0]["key"], &totals["totals"]["sales"]), (&Json::Null, &json!(4)));
    let key = ledger.key(&["read"], Some(&partner));
    assert_eq!(
        ledger.call(&key, "GET", "/v1/conversions", "", None).json["data"].as_array().unwrap().len(),
        4
    );
    ledger.audit();
}

#[test]
fn the_programme_chooses_whether_coupon_or_click_wins() {
    for (precedence, by_coupon) in [("coupon_first", true), ("click_first", false)] {
        let mut ledger = Ledger::new();
        ledger.put("/v1/program", &json!({"attribution": {"precedence": precedence}}));
        let Scenario { partner: ada, link_no, .. } = ledger.scenario(1_000);
        let bob = ledger.partner("Bob", None);
        coupon(&mut ledger, json!({"code": "BOB", "partner_id": bob}));
        let click = ledger.click(link_no);
        let sold = sale(&mut ledger, "o-1", json!({"click_id": click, "coupon": "bob", "customer_id": "c"}));
        let (winner, reasons) = if by_coupon {
            (&bob, vec![("click", "coupon_wins"), ("coupon", "coupon")])
        } else {
            (&ada, vec![("click", "click"), ("coupon", "click_wins")])
        };
        assert_eq!(verdict(&sold).0, Some(winner.as_str()));
        let why = explained(&mut ledger, &sold);
        assert_eq!((touches(&why), &why["precedence"]), (reasons, &json!(precedence)));
        // The customer's next sale is credited in the same way without a coupon.
        ledger.wait(300 * DAY);
        let renewed = sale(&mut ledger, "o-2", json!({"customer_id": "c"}));
        assert_eq!(verdict(&renewed), (Some(winner.as_str()), "customer"));
        // A click after the coupon competes under the model.
        let newer = ledger.click(link_no);
        let third = sale(&mut ledger, "o-3", json!({"customer_id": "c", "click_id": newer}));
        assert_eq!(verdict(&third), (Some(ada.as_str()), "click"));
        ledger.audit();
    }
}

#[test]
fn a_coupon_is_used_after_the_click_whatever_the_shops_clock_says() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let bob = ledger.partner("Bob", None);
    coupon(&mut ledger, json!({"code": "BOB", "partner_id": bob, "effective_from": "2026-01-01T00:00:00Z"}));
    let click = ledger.click(ada.link_no);
    let behind = ledger.now.plus_ms(-299_000).to_string();
    let fields = json!({"click_id": click, "coupon": "bob", "customer_id": "c", "occurred_at": behind});
    assert_eq!(verdict(&sale(&mut ledger, "o-1", fields)), (Some(bob.as_str()), "coupon"));
    ledger.wait(DAY);
    assert_eq!(
        verdict(&sale(&mut ledger, "o-2", json!({"customer_id": "c"}))),
        (Some(bob.as_str()), "customer")
    );
}

#[test]
fn a_coupon_counts_in_its_period_on_its_listing_while_its_partner_is_active() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let elsewhere = ledger.listing("https://other.example");
    let id = coupon(
        &mut ledger,
        json!({"code": "MAY", "partner_id": ada.partner, "listing_id": ada.listing,
        "effective_from": "2026-05-01T00:00:00Z", "effective_until": "2026-06-01T00:00:00Z"}),
    );
    let on = |listing: &str, at: &str| json!({"coupon": "may", "listing_id": listing, "occurred_at": at});
    for (n, (listing, at, reason)) in [
        (&ada.listing, "2026-04-30T23:59:59.999Z", "coupon_not_begun"),
        (&ada.listing, "2026-05-01T00:00:00Z", "coupon"),
        (&ada.listing, "2026-05-31T23:59:59.999Z", "coupon"),
        (&ada.listing, "2026-06-01T00:00:00Z", "coupon_expired"),
        (&elsewhere, "2026-05-02T00:00:00Z", "coupon_elsewhere"),
    ]
    .into_iter()
    .enumerate()
    {
        let sold = sale(&mut ledger, &format!("o-{n}"), on(listing, at));
        let earner = (reason == "coupon").then_some(ada.partner.as_str());
        assert_eq!(verdict(&sold), (earner, reason), "{at}");
        assert_eq!(explained(&mut ledger, &sold)["coupon_reason"], reason);
    }
    // The click determines the listing; without a click there is none.
    let late = "2026-05-30T00:00:00Z";
    let sold = sale(&mut ledger, "nowhere", json!({"coupon": "may", "occurred_at": late}));
    assert_eq!(verdict(&sold), (None, "coupon_elsewhere"));
    // An unknown code does not refuse the sale, and the response reports it.
    let sold = sale(&mut ledger, "unknown", json!({"coupon": "JUNE"}));
    assert_eq!(verdict(&sold), (None, "no_touch"));
    assert_eq!(explained(&mut ledger, &sold)["coupon_reason"], "coupon_unknown");
    ledger.wait(1_000);
    ledger.patch(&format!("/v1/partners/{}", ada.partner), &json!({"status": "terminated"}));
    let bob = ledger.partner("Bob", None);
    let sold = sale(&mut ledger, "terminated", on(&ada.listing, late));
    assert_eq!(verdict(&sold), (Some(ada.partner.as_str()), "coupon"), "told late, but of before");
    coupon(&mut ledger, json!({"code": "BOB", "partner_id": bob}));
    ledger.wait(1_000);
    ledger.patch(&format!("/v1/partners/{bob}"), &json!({"status": "terminated"}));
    ledger.wait(1_000);
    let sold = sale(&mut ledger, "terminated-2", json!({"coupon": "BOB"}));
    assert_eq!(verdict(&sold), (None, "partner_terminated"));
    assert_eq!(ledger.get(&format!("/v1/coupons/{id}")).status, 200);
}

#[test]
fn a_revoked_code_is_free_and_its_customers_stay() {
    let mut ledger = Ledger::new();
    let (ada, bob) = (ledger.partner("Ada", None), ledger.partner("Bob", None));
    let first = coupon(&mut ledger, json!({"code": "SAVE", "partner_id": ada}));
    sale(&mut ledger, "o-1", json!({"coupon": "save", "customer_id": "c"}));
    ledger.wait(DAY);
    let target = format!("/v1/coupons/{first}/revoke");
    let revoked = ledger.post(&target, &json!({}));
    assert_eq!((revoked.status, revoked.text("/revoked_at")), (200, ledger.now.to_string()));
    ledger.wait(1);
    let again = ledger.unchanged("again", |ledger| ledger.post(&target, &json!({})));
    assert_eq!(again.json, revoked.json);
    assert_eq!(verdict(&sale(&mut ledger, "o-2", json!({"coupon": "SAVE"}))), (None, "coupon_expired"));
    coupon(&mut ledger, json!({"code": "Save", "partner_id": bob}));
    assert_eq!(verdict(&sale(&mut ledger, "o-3", json!({"coupon": "SAVE"}))), (Some(bob.as_str()), "coupon"));
    assert_eq!(
        verdict(&sale(&mut ledger, "o-4", json!({"customer_id": "c"}))),
        (Some(ada.as_str()), "customer")
    );
    // A late report of a sale from before the revocation.
    let late = sale(&mut ledger, "o-5", json!({"coupon": "SAVE", "occurred_at": "2026-11-22T18:00:00Z"}));
    assert_eq!(verdict(&late), (Some(ada.as_str()), "coupon"));
    // The same coupon is one touch, at the time of its latest use.
    ledger.put("/v1/program", &json!({"attribution": {"model": "linear"}}));
    for id in ["o-6", "o-7"] {
        ledger.wait(1_000);
        let sold = sale(&mut ledger, id, json!({"coupon": "SAVE", "customer_id": "d"}));
        assert_eq!(sold["attribution"]["credits"].as_array().unwrap().len(), 1, "{id}");
    }
}

#[test]
fn a_reused_coupon_counts_from_its_latest_use_while_it_was_valid() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let bob = ledger.partner("Bob", None);
    let id = coupon(&mut ledger, json!({"code": "BOB", "partner_id": bob}));
    sale(&mut ledger, "o-1", json!({"coupon": "bob", "customer_id": "c"}));
    ledger.wait(DAY);
    let click = ledger.click(ada.link_no);
    let sold = sale(&mut ledger, "o-2", json!({"click_id": click, "customer_id": "c"}));
    assert_eq!(verdict(&sold), (Some(ada.partner.as_str()), "click"), "newer than the coupon's use");
    ledger.wait(DAY);
    let sold = sale(&mut ledger, "o-3", json!({"coupon": "BOB", "customer_id": "c"}));
    assert_eq!(verdict(&sold), (Some(bob.as_str()), "coupon"));
    assert_eq!(touches(&explained(&mut ledger, &sold)), [("customer", "coupon_wins"), ("coupon", "coupon")]);
    ledger.wait(DAY);
    ledger.post(&format!("/v1/coupons/{id}/revoke"), &json!({}));
    let sold = sale(&mut ledger, "o-4", json!({"coupon": "BOB", "customer_id": "c"}));
    assert_eq!(verdict(&sold), (Some(bob.as_str()), "customer"), "bound while it was in force");
}

#[test]
fn customers_who_had_bought_before_may_be_left_out() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let bob = ledger.partner("Bob", None);
    coupon(&mut ledger, json!({"code": "BOB", "partner_id": bob}));
    ledger.put("/v1/program", &json!({"attribution": {"repeat_customers": "ignore"}}));
    let click = ledger.click(ada.link_no);
    let first = sale(&mut ledger, "o-1", json!({"click_id": click, "customer_id": "c"}));
    assert_eq!(
        verdict(&first),
        (Some(ada.partner.as_str()), "click"),
        "the first sale makes nobody a repeat customer"
    );
    ledger.wait(DAY);
    let newer = ledger.click(ada.link_no);
    // Earlier touches still earn; a new click or coupon does not.
    let renewed = sale(&mut ledger, "o-2", json!({"click_id": newer, "coupon": "BOB", "customer_id": "c"}));
    assert_eq!(verdict(&renewed), (Some(ada.partner.as_str()), "customer"));
    let why = explained(&mut ledger, &renewed);
    assert_eq!(
        touches(&why),
        [("customer", "customer"), ("click", "repeat_customer"), ("coupon", "repeat_customer")]
    );
    assert_eq!(ledger.rows("customer_touches"), 1, "and it is not bound either");
    // A customer without a partner.
    sale(&mut ledger, "o-3", json!({"customer_id": "d"}));
    ledger.wait(1);
    let sold = sale(&mut ledger, "o-4", json!({"click_id": newer, "customer_id": "d"}));
    assert_eq!(verdict(&sold), (None, "repeat_customer"));
    // A lead is no purchase, and a sale without a customer id belongs to no known customer.
    post(&mut ledger, &json!({"type": "lead", "external_id": "l", "customer_id": "e"}));
    ledger.wait(1);
    assert_eq!(verdict(&sale(&mut ledger, "o-5", json!({"click_id": newer, "customer_id": "e"}))).1, "click");
    assert_eq!(verdict(&sale(&mut ledger, "o-6", json!({"click_id": newer}))).1, "click");
}

#[test]
fn a_listing_may_have_a_window_of_its_own() {
    let mut ledger = Ledger::new();
    let ada = ledger.scenario(1_000);
    let target = format!("/v1/listings/{}", ada.listing);
    let click = ledger.click(ada.link_no);
    ledger.wait(8 * DAY);
    for (n, (window, reason)) in
        [(json!(null), "click"), (json!(7), "window_expired"), (json!(8), "click"), (json!(3_650), "click")]
            .into_iter()
            .enumerate()
    {
        let changed = ledger.patch(&target, &json!({"window_days": window}));
        assert_eq!((changed.status, &changed.json["window_days"]), (200, &window));
        let sold = sale(&mut ledger, &format!("o-{n}"), json!({"click_id": click}));
        assert_eq!(verdict(&sold).1, reason, "{window}");
        assert_eq!(explained(&mut ledger, &sold)["touches"][0]["window_days"], window);
    }
    // An absent field stays as it is.
    assert_eq!(ledger.patch(&target, &json!({"name": "L"})).json["window_days"], 3_650);
    let made = json!({"name": "N", "marketplace": "web", "url": "https://n.example", "window_days": 90});
    assert_eq!(ledger.post("/v1/listings", &made).json["window_days"], 90);
}

#[test]
fn bad_coupons_are_refused_and_nothing_is_written() {
    let mut world = world();
    let gone = world.ledger.partner("Gone", None);
    world.ledger.patch(&format!("/v1/partners/{gone}"), &json!({"status": "terminated"}));
    let good = json!({"code": "GOOD", "partner_id": world.scenario.partner});
    let with = |fields: Json| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    let unknown = "ptn_00000000000000000000000000";
    for (body, code, pointer) in [
        (json!({"partner_id": world.scenario.partner}), "missing_field", "/code"),
        (json!({"code": "GOOD"}), "missing_field", "/partner_id"),
        (with(json!({"code": "ab"})), "invalid_text", "/code"),
        (with(json!({"code": "  ab  "})), "invalid_text", "/code"),
        (with(json!({"code": ""})), "invalid_text", "/code"),
        (with(json!({"code": "    "})), "invalid_text", "/code"),
        (with(json!({"code": "x".repeat(101)})), "invalid_text", "/code"),
        (with(json!({"code": "a\u{0}b"})), "invalid_text", "/code"),
        (with(json!({"code": 7})), "wrong_type", "/code"),
        (with(json!({"partner_id": unknown})), "unknown_partner", "/partner_id"),
        (with(json!({"partner_id": world.scenario.listing})), "unknown_partner", "/partner_id"),
        (with(json!({"partner_id": gone})), "partner_terminated", "/partner_id"),
        (with(json!({"listing_id": "lst_x"})), "unknown_listing", "/listing_id"),
        (with(json!({"effective_from": "tomorrow"})), "invalid_time", "/effective_from"),
        (with(json!({"effective_until": "2027-13-01T00:00:00Z"})), "invalid_time", "/effective_until"),
        (with(json!({"effective_until": "2026-11-22T12:00:00Z"})), "ends_before_start", "/effective_until"),
        (
            with(
                json!({"effective_from": "2027-01-02T00:00:00Z", "effective_until": "2027-01-01T00:00:00Z"}),
            ),
            "ends_before_start",
            "/effective_until",
        ),
        (with(json!({"metadata": {"": "x"}})), "invalid_metadata", "/metadata"),
        (with(json!({"share_bp": 1})), "unknown_field", "/share_bp"),
    ] {
        refuse(&mut world.ledger, ("POST", "/v1/coupons", body.to_string().as_bytes()), (422, code, pointer));
    }
    let first = with(json!({"effective_until": "2027-01-01T00:00:00Z"}));
    let id = coupon(&mut world.ledger, first);
    for fields in
        [json!({}), json!({"code": " good "}), json!({"effective_from": "2026-12-31T23:59:59.999Z"})]
    {
        let body = with(fields).to_string();
        refuse(&mut world.ledger, ("POST", "/v1/coupons", body.as_bytes()), (409, "coupon_taken", "/code"));
    }
    // Before and after it the code is free.
    coupon(&mut world.ledger, with(json!({"effective_from": "2027-01-01T00:00:00Z"})));
    let before =
        json!({"effective_from": "2026-01-01T00:00:00Z", "effective_until": world.ledger.now.to_string()});
    coupon(&mut world.ledger, with(before));
    refuse(&mut world.ledger, ("POST", "/v1/coupons/cpn_x/revoke", b""), (404, "not_found", "-"));
    let unknown = "/v1/coupons/cpn_00000000000000000000000000";
    refuse(&mut world.ledger, ("GET", unknown, b""), (404, "not_found", "-"));
    assert_eq!(world.ledger.get(&format!("/v1/coupons/{id}")).status, 200);
}

#[test]
fn codes_that_look_the_same_are_one_coupon() {
    let mut ledger = Ledger::new();
    let (ada, grace) = (ledger.partner("Ada", Some(1_500)), ledger.partner("Grace", None));
    coupon(&mut ledger, json!({"code": "ADA20", "partner_id": ada}));
    let alike = ["ADA\u{200b}20", "A\u{ad}DA20", "ＡＤＡ２０", "\u{2060}ada20"];
    for (n, code) in alike.iter().enumerate() {
        let taken = ledger.post("/v1/coupons", &json!({"code": code, "partner_id": grace}));
        assert_eq!(taken.problem(), (409, "coupon_taken".to_owned()), "{code:?}");
        let sold = sale(&mut ledger, &format!("o-{n}"), json!({"coupon": code}));
        assert_eq!(verdict(&sold), (Some(ada.as_str()), "coupon"), "{code:?}");
    }
    // A Cyrillic А, a Greek Α, and codes of which nobody sees three characters.
    for (code, problem) in [
        ("\u{410}DA20", "mixed_scripts"),
        ("AD\u{391}20", "mixed_scripts"),
        ("A\u{200b}\u{200b}", "invalid_text"),
        ("\u{200b}\u{200b}\u{200b}", "invalid_text"),
    ] {
        let refused = ledger.post("/v1/coupons", &json!({"code": code, "partner_id": grace}));
        assert_eq!(refused.problem(), (422, problem.to_owned()), "{code:?}");
        assert_eq!(refused.json["errors"][0]["pointer"], "/code");
    }
    for code in ["СКИДКА20", "割引クーポン"] {
        coupon(&mut ledger, json!({"code": code, "partner_id": grace}));
        let sold = sale(&mut ledger, code, json!({"coupon": code}));
        assert_eq!(verdict(&sold), (Some(grace.as_str()), "coupon"), "{code}");
    }
}

#[test]
fn coupons_of_before_that_look_alike_keep_working() {
    let mut ledger = Ledger::new();
    let (ada, grace) = (ledger.partner("Ada", Some(1_500)), ledger.partner("Grace", None));
    for (partner, code) in [(&ada, "ADA20"), (&grace, "GRACE")] {
        coupon(&mut ledger, json!({"code": code, "partner_id": partner}));
    }
    // As an older version stored them: the second one has full width.
    ledger
        .sql
        .exec("UPDATE coupons SET code = 'ＡＤＡ２０', code_key = 'ａｄａ２０' WHERE no = 2", &[])
        .unwrap();
    coupons::refold(&ledger.sql).unwrap();
    for (n, (code, earner)) in
        [("ada20", &ada), ("ＡＤＡ２０", &grace), ("ａｄａ２０", &grace)].into_iter().enumerate()
    {
        let sold = sale(&mut ledger, &format!("o-{n}"), json!({"coupon": code}));
        assert_eq!(verdict(&sold), (Some(earner.as_str()), "coupon"), "{code}");
    }
    // Once one of them ends, the other one is meant by either.
    let id = ledger.get("/v1/coupons").text("/data/0/id");
    assert_eq!(ledger.post(&format!("/v1/coupons/{id}/revoke"), &json!({})).status, 200);
    ledger.wait(1_000);
    let sold = sale(&mut ledger, "o-9", json!({"coupon": "ＡＤＡ２０"}));
    assert_eq!(verdict(&sold), (Some(ada.as_str()), "coupon"));
    let before = crate::support::rows::rows(&ledger.sql);
    coupons::refold(&ledger.sql).unwrap();
    assert_eq!(
        crate::support::rows::difference(&before, &crate::support::rows::rows(&ledger.sql)),
        Vec::<String>::new()
    );
}
