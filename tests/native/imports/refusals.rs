//! Refused imports: the error names the line and the field, and nothing is written.

use super::{click, import, imported, partner, programme, sale};
use crate::support::OPERATOR;
use serde_json::{Value as Json, json};

/// A line with a field replaced, or removed with `null`.
fn with(mut line: Json, field: &str, value: Json) -> Json {
    if value.is_null() {
        line.as_object_mut().unwrap().remove(field);
    } else {
        line[field] = value;
    }
    line
}

#[test]
fn an_error_names_the_line_and_the_field_and_nothing_is_written() {
    let mut ledger = programme();
    imported(&mut ledger, &partner());
    let good = click("c-1", "2026-08-20T10:00:00Z");
    let sold = sale("o-1", "2026-08-20T11:00:00Z", "ext:c-0");
    let payout = json!({"object": "payout", "external_id": "y-1", "created_at": "2026-09-03T08:00:00Z",
        "partner_id": "ext:p-1", "period": {"from": "2026-08-01", "to": "2026-08-31"}});
    let customer = json!({"object": "customer", "external_id": "cus-1"});
    let balance = json!({"object": "opening_balance", "external_id": "b-1", "partner_id": "ext:p-1",
        "amount": {"amount": 1, "currency": "EUR"}});
    for (line, status, code, pointer) in [
        (with(good.clone(), "object", json!("visit")), 422, "invalid_value", "/object"),
        (with(good.clone(), "object", Json::Null), 422, "missing_field", "/object"),
        (with(good.clone(), "external_id", Json::Null), 422, "missing_field", "/external_id"),
        (with(good.clone(), "external_id", json!(7)), 422, "wrong_type", "/external_id"),
        (with(good.clone(), "external_id", json!("")), 422, "invalid_text", "/external_id"),
        (with(good.clone(), "created_at", json!("yesterday")), 422, "invalid_time", "/created_at"),
        (
            with(good.clone(), "created_at", json!("2026-11-22T12:00:00.001Z")),
            422,
            "out_of_range",
            "/created_at",
        ),
        (
            with(good.clone(), "created_at", json!("2026-08-02T08:59:59.999Z")),
            422,
            "out_of_range",
            "/created_at",
        ),
        (with(good.clone(), "link_id", json!("ext:k-2")), 422, "unknown_reference", "/link_id"),
        (with(good.clone(), "link_id", json!("lnk_x")), 422, "unknown_link", "/link_id"),
        (with(good.clone(), "surprise", json!(1)), 422, "unknown_field", "/surprise"),
        (with(good.clone(), "country", json!("Germany")), 422, "invalid_country", "/country"),
        (with(good.clone(), "trail", json!(["x"])), 422, "unknown_click", "/trail/0"),
        (with(good.clone(), "trail", json!(["ext:x"])), 422, "unknown_reference", "/trail/0"),
        (with(sold.clone(), "amount", json!(-1)), 422, "amount_out_of_range", "/amount"),
        (with(sold.clone(), "currency", Json::Null), 422, "missing_field", "/currency"),
        (
            with(payout.clone(), "period", json!({"from": "2026-09-01", "to": "2026-09-03"})),
            422,
            "period_not_over",
            "/period/to",
        ),
        (with(payout.clone(), "partner_id", json!("ptn_x")), 422, "unknown_partner", "/partner_id"),
        (payout, 422, "payout_exceeds_balance", "/amount"),
        (customer.clone(), 422, "missing_field", "/link_id"),
        (with(customer.clone(), "click_id", json!("x")), 422, "unknown_click", "/click_id"),
        (
            with(with(customer, "click_id", json!("ext:c-0")), "link_id", json!("ext:k-1")),
            422,
            "misplaced_field",
            "/link_id",
        ),
        (
            with(balance, "amount", json!({"amount": 0, "currency": "EUR"})),
            422,
            "amount_out_of_range",
            "/amount/amount",
        ),
        (json!({"object": "refund", "external_id": "r"}), 422, "missing_field", "/conversion_id"),
        (
            json!({"object": "refund", "external_id": "r", "conversion_id": "ext:o-0"}),
            422,
            "refund_exceeds_sale",
            "/amount",
        ),
        (
            json!({"object": "refund", "external_id": "r", "conversion_id": "ext:o-0",
                "created_at": "2026-08-20T09:59:59.999Z"}),
            422,
            "refund_before_sale",
            "/created_at",
        ),
        (
            json!({"object": "refund", "external_id": "r", "conversion_id": "ext:o-9"}),
            422,
            "unknown_reference",
            "/conversion_id",
        ),
        (with(partner().remove(0), "name", json!("Eve")), 409, "import_conflict", "/external_id"),
        (
            with(sale("o-0", "2026-08-20T10:00:00Z", "x"), "amount", json!(1)),
            409,
            "conversion_conflict",
            "/click_id",
        ),
    ] {
        let before = [
            click("c-0", "2026-08-20T09:00:00Z"),
            sale("o-0", "2026-08-20T10:00:00Z", "ext:c-0"),
            json!({"object": "refund", "external_id": "r-0", "conversion_id": "ext:o-0"}),
        ];
        let lines = [&before[..], std::slice::from_ref(&line)].concat();
        let refused = ledger.unchanged(&line.to_string(), |ledger| import(ledger, &lines));
        assert_eq!(refused.problem(), (status, code.to_owned()), "{line}: {}", refused.raw.body);
        let error = &refused.json["errors"][0];
        assert_eq!(
            (&error["line"], &error["pointer"]),
            (&json!(4), &json!(pointer)),
            "{line}: {}",
            refused.raw.body
        );
        assert!(refused.text("/detail").starts_with("Line 4: "), "{}", refused.raw.body);
    }
}

#[test]
fn a_line_that_cannot_be_read_is_named_like_one_that_is_refused() {
    let mut ledger = programme();
    for (line, status, code, pointer) in [
        ("{\"object\":", 400, "malformed_json", ""),
        ("object", 400, "malformed_json", ""),
        ("[]", 422, "wrong_type", ""),
        ("7", 422, "wrong_type", ""),
        ("{\"object\":\"partner\",\"object\":\"partner\"}", 422, "duplicate_field", "/object"),
        ("{\"object\":[],\"external_id\":\"p-2\"}", 422, "wrong_type", "/object"),
        ("{\"object\":\"partner\",\"external_id\":\"p-2\",\"name\":7}", 422, "wrong_type", "/name"),
        (
            "{\"object\":\"partner\",\"external_id\":\"p-2\",\"name\":\"A\",\"kind\":7}",
            422,
            "wrong_type",
            "/kind",
        ),
    ] {
        let body = format!("{}\n\n{line}\n", partner()[0]);
        let refused =
            ledger.unchanged(line, |ledger| ledger.call(OPERATOR, "POST", "/v1/import", &body, None));
        assert_eq!(refused.problem(), (status, code.to_owned()), "{line}: {}", refused.raw.body);
        assert!(refused.text("/detail").starts_with("Line 3: "), "{}", refused.raw.body);
        let error = &refused.json["errors"][0];
        assert_eq!(
            (&error["line"], &error["pointer"], &error["code"]),
            (&json!(3), &json!(pointer), &json!(code)),
            "{line}: {}",
            refused.raw.body
        );
    }
}

#[test]
fn a_click_is_not_older_than_a_link_whose_time_is_known() {
    let old = |link: &str| with(click("c-1", "2026-08-01T10:00:00Z"), "link_id", json!(link));
    // In the call of the link, and in a later one.
    let mut ledger = programme();
    let lines = [partner(), vec![old("ext:k-1")]].concat();
    let refused = ledger.unchanged("one call", |ledger| import(ledger, &lines));
    assert_eq!(refused.problem(), (422, "out_of_range".to_owned()));
    imported(&mut ledger, &partner());
    let refused = ledger.unchanged("a later call", |ledger| import(ledger, &[old("ext:k-1")]));
    assert_eq!(
        refused.text("/detail"),
        "Line 1: /created_at: The link \"k-1\" was created at 2026-08-02T09:00:00.000Z, after this click. Correct one of the \
         times, or import the link without created_at if the time is not known."
    );
    imported(&mut ledger, &[with(old("ext:k-1"), "created_at", json!("2026-08-02T09:00:00Z"))]);
    // A link of the API has the time of its creation here, and so has an imported link whose line has none.
    let mut ledger = programme();
    let mut lines = partner();
    lines[2] = with(lines[2].clone(), "created_at", Json::Null);
    imported(&mut ledger, &lines);
    imported(&mut ledger, &[old("ext:k-1")]);
    let body = json!({"partner_id": ledger.get("/v1/partners").text("/data/0/id"),
        "listing_id": ledger.get("/v1/listings").text("/data/0/id")});
    let link = ledger.post("/v1/links", &body).text("/id");
    imported(&mut ledger, &[with(old(&link), "external_id", json!("c-2"))]);
}

#[test]
fn an_import_has_at_most_a_thousand_lines() {
    let mut ledger = programme();
    let line = |n: usize| json!({"object": "partner", "external_id": format!("p-{n}"), "name": "A", "kind": "media"});
    let lines: Vec<Json> = (0..1_001).map(line).collect();
    let refused = ledger.unchanged("too many", |ledger| import(ledger, &lines));
    assert_eq!(refused.problem(), (422, "too_many_lines".to_owned()));
    assert_eq!(imported(&mut ledger, &lines[1..]).len(), 1_000);
}

#[test]
fn a_reference_that_several_conversions_have_is_refused() {
    let mut ledger = programme();
    let renewed = with(sale("o-1", "2026-08-21T11:00:00Z", "x"), "type", json!("subscription_renewed"));
    imported(&mut ledger, &[sale("o-1", "2026-08-20T11:00:00Z", "x"), renewed]);
    let refund = json!({"object": "refund", "external_id": "r", "conversion_id": "ext:o-1"});
    let refused = import(&mut ledger, &[refund]);
    assert_eq!(refused.problem(), (422, "unknown_reference".to_owned()));
    let detail = "Line 1: /conversion_id: 2 conversions have this external id; name one by its id.";
    assert_eq!(refused.text("/detail"), detail);
}

#[test]
fn a_partner_that_was_not_imported_can_be_named_by_its_external_id() {
    let mut ledger = programme();
    let ada = json!({"name": "Ada", "kind": "creator", "external_id": "crm-1"});
    assert_eq!(ledger.post("/v1/partners", &ada).status, 201);
    let balance = json!({"object": "opening_balance", "external_id": "b-1", "partner_id": "ext:crm-1",
        "amount": {"amount": 7, "currency": "EUR"}});
    imported(&mut ledger, &[balance]);
    assert_eq!(ledger.get("/v1/balances").json["data"][0]["payable"], 7);
    let taken = json!({"object": "partner", "external_id": "crm-1", "name": "Ada", "kind": "creator"});
    assert_eq!(import(&mut ledger, &[taken]).problem(), (409, "external_id_taken".to_owned()));
}
