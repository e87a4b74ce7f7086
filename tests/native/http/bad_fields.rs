//! Invalid fields, route by route: (body) → (status, code, pointer). Every row stays as it was.

use super::bad_input::{refuse, world};
use serde_json::{Value as Json, json};

/// `good` with some fields replaced.
fn with(good: &Json, changes: Json) -> Json {
    let mut body = good.clone();
    for (field, value) in changes.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

/// `good` without a field.
fn without(good: &Json, field: &str) -> Json {
    let mut body = good.clone();
    body.as_object_mut().unwrap().remove(field);
    body
}

#[test]
fn partners() {
    let mut world = world();
    let good = json!({"name": "A", "kind": "media"});
    let target = format!("/v1/partners/{}", world.scenario.partner);
    let many: serde_json::Map<String, Json> = (0..51).map(|n| (format!("k{n}"), json!("v"))).collect();
    let mut cases = vec![];
    for (field, value, code, pointer) in [
        ("name", json!(5), "wrong_type", "/name"),
        ("name", json!(""), "invalid_text", "/name"),
        ("name", json!("x".repeat(201)), "invalid_text", "/name"),
        ("name", json!("a\u{0}b"), "invalid_text", "/name"),
        ("name", json!("a\u{85}b"), "invalid_text", "/name"),
        ("name", json!("  "), "invalid_text", "/name"),
        ("name", json!("\u{200b}"), "invalid_text", "/name"),
        ("name", json!("\u{a0}\u{ad}\u{feff}\u{2800}"), "invalid_text", "/name"),
        ("kind", json!("friend"), "invalid_value", "/kind"),
        ("kind", json!("Media"), "invalid_value", "/kind"),
        ("kind", json!({"media": null}), "wrong_type", "/kind"),
        ("kind", json!(["media"]), "wrong_type", "/kind"),
        ("kind", json!(0), "wrong_type", "/kind"),
        ("email", json!("nobody"), "invalid_email", "/email"),
        ("email", json!("a@b@c.de"), "invalid_email", "/email"),
        ("email", json!("a b@c.de"), "invalid_email", "/email"),
        ("email", json!(""), "invalid_email", "/email"),
        ("country", json!("de"), "invalid_country", "/country"),
        ("country", json!("XX"), "invalid_country", "/country"),
        ("country", json!("DEU"), "invalid_country", "/country"),
        ("currency", json!("eur"), "invalid_currency", "/currency"),
        ("currency", json!("XXX"), "invalid_currency", "/currency"),
        ("currency", json!("XAU"), "invalid_currency", "/currency"),
        ("currency", json!("BTC"), "invalid_currency", "/currency"),
        ("commission_bp", json!(-1), "out_of_range", "/commission_bp"),
        ("commission_bp", json!(10_001), "out_of_range", "/commission_bp"),
        ("commission_bp", json!(9_223_372_036_854_775_808_u64), "out_of_range", "/commission_bp"),
        ("commission_bp", json!(20.5), "wrong_type", "/commission_bp"),
        ("commission_bp", json!("2000"), "wrong_type", "/commission_bp"),
        ("external_id", json!(""), "invalid_text", "/external_id"),
        ("external_id", json!("x".repeat(256)), "invalid_text", "/external_id"),
        ("metadata", json!("x"), "wrong_type", "/metadata"),
        ("metadata", json!([]), "wrong_type", "/metadata"),
        ("metadata", json!({"a": 1}), "wrong_type", "/metadata/a"),
        ("metadata", json!({"a": {"b": "c"}}), "wrong_type", "/metadata/a"),
        ("metadata", json!({"a": null}), "wrong_type", "/metadata/a"),
        ("metadata", json!({"a/b": 1}), "wrong_type", "/metadata/a~1b"),
        ("metadata", Json::Object(many), "invalid_metadata", "/metadata"),
        ("metadata", json!({"": "x"}), "invalid_metadata", "/metadata"),
        ("metadata", json!({"k".repeat(41): "x"}), "invalid_metadata", "/metadata"),
        ("metadata", json!({"k": "x".repeat(501)}), "invalid_metadata", "/metadata"),
    ] {
        cases.push(("POST", "/v1/partners".to_owned(), with(&good, json!({field: value})), code, pointer));
        cases.push(("PATCH", target.clone(), json!({field: value}), code, pointer));
    }
    cases.push(("POST", "/v1/partners".to_owned(), without(&good, "name"), "missing_field", "/name"));
    cases.push(("POST", "/v1/partners".to_owned(), without(&good, "kind"), "missing_field", "/kind"));
    cases.push((
        "POST",
        "/v1/partners".to_owned(),
        with(&good, json!({"name": null})),
        "wrong_type",
        "/name",
    ));
    cases.push((
        "POST",
        "/v1/partners".to_owned(),
        with(&good, json!({"status": "active"})),
        "unknown_field",
        "/status",
    ));
    cases.push(("PATCH", target.clone(), json!({"status": "gone"}), "invalid_value", "/status"));
    cases.push(("PATCH", target.clone(), json!({"id": "ptn_1"}), "unknown_field", "/id"));
    for (method, target, body, code, pointer) in cases {
        refuse(&mut world.ledger, (method, &target, body.to_string().as_bytes()), (422, code, pointer));
    }
    let twice = br#"{"name": "A", "kind": "media", "name": "B"}"#;
    refuse(&mut world.ledger, ("POST", "/v1/partners", twice), (422, "duplicate_field", "/name"));
    let twice = br#"{"name": "A", "kind": "media", "metadata": {"a/b": "x", "c": "y", "a/b": "z"}}"#;
    refuse(&mut world.ledger, ("POST", "/v1/partners", twice), (422, "duplicate_field", "/metadata/a~1b"));
    // Half of a surrogate pair cannot be stored as text.
    let half = br#"{"name": "\ud83e", "kind": "media"}"#;
    refuse(&mut world.ledger, ("POST", "/v1/partners", half), (400, "malformed_json", "-"));
    let beyond = br#"{"name": "A", "kind": "media", "commission_bp": 1e999}"#;
    refuse(&mut world.ledger, ("POST", "/v1/partners", beyond), (422, "out_of_range", "/commission_bp"));
    let (deep, levels) = ("[".repeat(200), "]".repeat(200));
    let body = format!(
        r#"{{"name":"L","marketplace":"web","url":"https://a.example","settings":{{"a":{deep}{levels}}}}}"#
    );
    refuse(&mut world.ledger, ("POST", "/v1/listings", body.as_bytes()), (400, "malformed_json", "-"));
    for id in ["ptn_00000000000000000000000000", "ptn_x", "lst_00000000000000000000000000", "%00"] {
        refuse(&mut world.ledger, ("PATCH", &format!("/v1/partners/{id}"), b"{}"), (404, "not_found", "-"));
    }
}

#[test]
fn programme_keys_and_listings() {
    let mut world = world();
    let key = json!({"name": "K", "scopes": ["read"]});
    let listing = json!({"name": "L", "marketplace": "web", "url": "https://a.example"});
    let patch = format!("/v1/listings/{}", world.scenario.listing);
    let mut cases = vec![];
    for (body, code, pointer) in [
        (json!({"name": ""}), "invalid_text", "/name"),
        (json!({"currency": "EURO"}), "invalid_currency", "/currency"),
        (json!({"landing_url": "javascript:alert(1)"}), "invalid_url", "/landing_url"),
        (json!({"landing_url": "//a.example"}), "invalid_url", "/landing_url"),
        (json!({"attribution": "last_touch"}), "wrong_type", "/attribution"),
        (json!({"attribution": ["last_touch", 30]}), "wrong_type", "/attribution"),
        (json!({"attribution": {"model": "best_touch"}}), "invalid_value", "/attribution/model"),
        (json!({"attribution": {"window_days": 0}}), "out_of_range", "/attribution/window_days"),
        (json!({"attribution": {"window_days": 3651}}), "out_of_range", "/attribution/window_days"),
        (json!({"attribution": {"window_days": "30"}}), "wrong_type", "/attribution/window_days"),
        (json!({"attribution": {"half_life_days": 0}}), "out_of_range", "/attribution/half_life_days"),
        (json!({"attribution": {"half_life_days": 3651}}), "out_of_range", "/attribution/half_life_days"),
        (json!({"attribution": {"precedence": "both"}}), "invalid_value", "/attribution/precedence"),
        (json!({"attribution": {"repeat_customers": true}}), "wrong_type", "/attribution/repeat_customers"),
        (json!({"attribution": {"window": 30}}), "unknown_field", "/attribution/window"),
        (json!({"attribution": {"attribution": 1}}), "unknown_field", "/attribution/attribution"),
        (json!({"fraud": true}), "wrong_type", "/fraud"),
        (json!({"fraud": {"velocity": 1}}), "unknown_field", "/fraud/velocity"),
        (json!({"fraud": {"self_referral": 1}}), "wrong_type", "/fraud/self_referral"),
        (json!({"fraud": {"duplicate_customer": "true"}}), "wrong_type", "/fraud/duplicate_customer"),
        (json!({"fraud": {"velocity_per_hour": 0}}), "out_of_range", "/fraud/velocity_per_hour"),
        (json!({"fraud": {"velocity_per_hour": 10_001}}), "out_of_range", "/fraud/velocity_per_hour"),
        (json!({"fraud": {"velocity_per_hour": 1.5}}), "wrong_type", "/fraud/velocity_per_hour"),
        (json!({"fraud": {"min_seconds_from_click": -1}}), "out_of_range", "/fraud/min_seconds_from_click"),
        (
            json!({"fraud": {"min_seconds_from_click": 86_401}}),
            "out_of_range",
            "/fraud/min_seconds_from_click",
        ),
        (json!({"fraud": {"coupon_uses_per_day": 0}}), "out_of_range", "/fraud/coupon_uses_per_day"),
        (json!({"fraud": {"coupon_uses_per_day": 1_000_001}}), "out_of_range", "/fraud/coupon_uses_per_day"),
        (json!({"hold_days": -1}), "out_of_range", "/hold_days"),
        (json!({"hold_days": 3651}), "out_of_range", "/hold_days"),
        (json!({"event_retention_days": 0}), "out_of_range", "/event_retention_days"),
        (json!({"event_retention_days": 3651}), "out_of_range", "/event_retention_days"),
        (json!({"commission_bp": 10_001}), "out_of_range", "/commission_bp"),
        (json!({"click_param": ""}), "invalid_text", "/click_param"),
        (json!({"click_param": "a&b"}), "invalid_text", "/click_param"),
        (json!({"click_param": "1a"}), "invalid_text", "/click_param"),
        (json!({"click_param": "a".repeat(33)}), "invalid_text", "/click_param"),
    ] {
        cases.push(("PUT", "/v1/program".to_owned(), body, code, pointer));
    }
    for (body, code, pointer) in [
        (without(&key, "scopes"), "missing_field", "/scopes"),
        (with(&key, json!({"scopes": []})), "invalid_value", "/scopes"),
        (with(&key, json!({"scopes": "read"})), "wrong_type", "/scopes"),
        (with(&key, json!({"scopes": ["read", "write"]})), "invalid_value", "/scopes/1"),
        (with(&key, json!({"scopes": [{"read": null}]})), "wrong_type", "/scopes/0"),
        (with(&key, json!({"name": ""})), "invalid_text", "/name"),
        (with(&key, json!({"partner_id": "ptn_x"})), "unknown_partner", "/partner_id"),
        (with(&key, json!({"partner_id": ""})), "unknown_partner", "/partner_id"),
        (
            with(&key, json!({"partner_id": "ptn_00000000000000000000000000"})),
            "unknown_partner",
            "/partner_id",
        ),
        (with(&key, json!({"partner_id": 1})), "wrong_type", "/partner_id"),
    ] {
        cases.push(("POST", "/v1/keys".to_owned(), body, code, pointer));
    }
    for (field, value, code, pointer) in [
        ("name", json!(" ".repeat(201)), "invalid_text", "/name"),
        ("url", json!(""), "invalid_url", "/url"),
        ("url", json!("a.example"), "invalid_url", "/url"),
        ("url", json!("ftp://a.example"), "invalid_url", "/url"),
        ("url", json!("https://user@a.example"), "invalid_url", "/url"),
        ("url", json!("https://user:pw@a.example"), "invalid_url", "/url"),
        ("url", json!("https:\\\\a.example"), "invalid_url", "/url"),
        ("url", json!("https://a.example/\n"), "invalid_url", "/url"),
        ("url", json!(format!("https://a.example/{}", "a".repeat(2048))), "invalid_url", "/url"),
        ("forward_to", json!("data:text/html,x"), "invalid_url", "/forward_to"),
        ("slug", json!("callbacks"), "reserved_slug", "/slug"),
        ("slug", json!("A"), "invalid_slug", "/slug"),
        ("window_days", json!(0), "out_of_range", "/window_days"),
        ("window_days", json!(3_651), "out_of_range", "/window_days"),
        ("window_days", json!("30"), "wrong_type", "/window_days"),
        ("settings", json!([]), "wrong_type", "/settings"),
        ("settings", json!({"click_id_in": "path"}), "invalid_text", "/settings/click_id_in"),
        ("settings", json!("{}"), "wrong_type", "/settings"),
        ("settings", json!({"plans": "x".repeat(16 * 1024)}), "invalid_text", "/settings"),
        ("id", json!("lst_1"), "unknown_field", "/id"),
    ] {
        cases.push(("POST", "/v1/listings".to_owned(), with(&listing, json!({field: value})), code, pointer));
        cases.push(("PATCH", patch.clone(), json!({field: value}), code, pointer));
    }
    let elsewhere = with(&listing, json!({"marketplace": "ebay"}));
    cases.push(("POST", "/v1/listings".to_owned(), elsewhere, "invalid_value", "/marketplace"));
    cases.push(("PATCH", patch, json!({"marketplace": "web"}), "unknown_field", "/marketplace"));
    cases.push(("POST", "/v1/listings".to_owned(), without(&listing, "url"), "missing_field", "/url"));
    for (method, target, body, code, pointer) in cases {
        refuse(&mut world.ledger, (method, &target, body.to_string().as_bytes()), (422, code, pointer));
    }
}

#[test]
fn links() {
    let mut world = world();
    let good = json!({"partner_id": world.scenario.partner, "listing_id": world.scenario.listing});
    for (body, code, pointer) in [
        (without(&good, "partner_id"), "missing_field", "/partner_id"),
        (without(&good, "listing_id"), "missing_field", "/listing_id"),
        (with(&good, json!({"partner_id": world.scenario.listing})), "unknown_partner", "/partner_id"),
        (
            with(&good, json!({"partner_id": "ptn_00000000000000000000000000"})),
            "unknown_partner",
            "/partner_id",
        ),
        (with(&good, json!({"listing_id": world.scenario.partner})), "unknown_listing", "/listing_id"),
        (with(&good, json!({"listing_id": 1})), "wrong_type", "/listing_id"),
        (with(&good, json!({"campaign": ""})), "invalid_text", "/campaign"),
        (with(&good, json!({"campaign": "x".repeat(101)})), "invalid_text", "/campaign"),
        (with(&good, json!({"expires_at": "tomorrow"})), "invalid_time", "/expires_at"),
        (with(&good, json!({"expires_at": "2027-01-01"})), "invalid_time", "/expires_at"),
        (with(&good, json!({"expires_at": "2027-02-29T00:00:00Z"})), "invalid_time", "/expires_at"),
        (with(&good, json!({"expires_at": 1_800_000_000})), "wrong_type", "/expires_at"),
        (with(&good, json!({"token": "x"})), "unknown_field", "/token"),
    ] {
        refuse(&mut world.ledger, ("POST", "/v1/links", body.to_string().as_bytes()), (422, code, pointer));
        // The same in bulk, with the link's index in the pointer; the valid link before it is not created either.
        let bulk = json!({"links": [good, body]});
        let pointer = format!("/links/1{pointer}");
        refuse(
            &mut world.ledger,
            ("POST", "/v1/links/bulk", bulk.to_string().as_bytes()),
            (422, code, &pointer),
        );
    }
    for (body, code, pointer) in [
        (json!({}), "missing_field", "/links"),
        (json!({"links": {}}), "wrong_type", "/links"),
        (json!({"links": [[world.scenario.partner, world.scenario.listing]]}), "wrong_type", "/links/0"),
        (json!({"links": [good, null]}), "wrong_type", "/links/1"),
    ] {
        refuse(
            &mut world.ledger,
            ("POST", "/v1/links/bulk", body.to_string().as_bytes()),
            (422, code, pointer),
        );
    }
    refuse(&mut world.ledger, ("POST", "/v1/links/lnk_x/revoke", b""), (404, "not_found", "-"));
}

#[test]
fn conversions_and_refunds() {
    let mut world = world();
    let good = json!({"type": "sale", "external_id": "o-9", "amount": 100, "currency": "EUR"});
    for (body, code, pointer) in [
        (without(&good, "type"), "missing_field", "/type"),
        (without(&good, "external_id"), "missing_field", "/external_id"),
        (with(&good, json!({"type": "refund"})), "invalid_value", "/type"),
        (with(&good, json!({"type": {"sale": null}})), "wrong_type", "/type"),
        (with(&good, json!({"type": null})), "wrong_type", "/type"),
        (with(&good, json!({"external_id": ""})), "invalid_text", "/external_id"),
        (with(&good, json!({"external_id": 7})), "wrong_type", "/external_id"),
        (with(&good, json!({"external_id": "x".repeat(256)})), "invalid_text", "/external_id"),
        (with(&good, json!({"click_id": 7})), "wrong_type", "/click_id"),
        (with(&good, json!({"customer_id": ""})), "invalid_text", "/customer_id"),
        (with(&good, json!({"coupon": "x".repeat(101)})), "invalid_text", "/coupon"),
        (with(&good, json!({"amount": -1})), "amount_out_of_range", "/amount"),
        (with(&good, json!({"amount": 1_000_000_000_001_i64})), "amount_out_of_range", "/amount"),
        (with(&good, json!({"amount": 9_007_199_254_740_992_i64})), "amount_out_of_range", "/amount"),
        (with(&good, json!({"amount": i64::MIN})), "amount_out_of_range", "/amount"),
        (with(&good, json!({"amount": u64::MAX})), "amount_out_of_range", "/amount"),
        (with(&good, json!({"amount": 1e20})), "amount_out_of_range", "/amount"),
        (with(&good, json!({"amount": -1e20})), "amount_out_of_range", "/amount"),
        (with(&good, json!({"amount": 9.99})), "wrong_type", "/amount"),
        (with(&good, json!({"amount": 100.0})), "wrong_type", "/amount"),
        (with(&good, json!({"amount": -0.5})), "wrong_type", "/amount"),
        (with(&good, json!({"amount": "100"})), "wrong_type", "/amount"),
        (with(&good, json!({"amount": true})), "wrong_type", "/amount"),
        (with(&good, json!({"amount": [100]})), "wrong_type", "/amount"),
        (with(&good, json!({"amount": {"amount": 100}})), "wrong_type", "/amount"),
        (with(&good, json!({"currency": "EURO"})), "invalid_currency", "/currency"),
        (with(&good, json!({"currency": "XTS"})), "invalid_currency", "/currency"),
        (with(&good, json!({"currency": "€€€"})), "invalid_currency", "/currency"),
        (with(&good, json!({"currency": 978})), "wrong_type", "/currency"),
        (
            with(&good, json!({"occurred_at": "2026-11-23T12:00:00.001Z"})),
            "occurred_in_future",
            "/occurred_at",
        ),
        (with(&good, json!({"occurred_at": "9999-12-31T23:59:59Z"})), "occurred_in_future", "/occurred_at"),
        (with(&good, json!({"occurred_at": "2026-11-22"})), "invalid_time", "/occurred_at"),
        (with(&good, json!({"occurred_at": "1969-12-31T23:59:59Z"})), "invalid_time", "/occurred_at"),
        (with(&good, json!({"occurred_at": "2026-11-22T12:00:00"})), "invalid_time", "/occurred_at"),
        (with(&good, json!({"occurred_at": 1_795_348_800})), "wrong_type", "/occurred_at"),
        (with(&good, json!({"listing_id": "lst_x"})), "unknown_listing", "/listing_id"),
        (with(&good, json!({"listing_id": ""})), "unknown_listing", "/listing_id"),
        (with(&good, json!({"metadata": {"a": 1}})), "wrong_type", "/metadata/a"),
        (with(&good, json!({"partner_id": "ptn_x"})), "unknown_field", "/partner_id"),
    ] {
        refuse(
            &mut world.ledger,
            ("POST", "/v1/conversions", body.to_string().as_bytes()),
            (422, code, pointer),
        );
    }
    for (amount, code) in [
        ("1e400", "amount_out_of_range"),
        ("-1e400", "amount_out_of_range"),
        ("100000000000000000000000", "amount_out_of_range"),
        ("1E2", "wrong_type"),
        ("-0.0", "wrong_type"),
    ] {
        let body = format!(r#"{{"type":"sale","external_id":"o-9","currency":"EUR","amount":{amount}}}"#);
        refuse(&mut world.ledger, ("POST", "/v1/conversions", body.as_bytes()), (422, code, "/amount"));
    }
    let target = format!("/v1/conversions/{}/refunds", world.sale);
    for (body, code, pointer) in [
        (json!({}), "missing_field", "/external_id"),
        (json!({"external_id": ""}), "invalid_text", "/external_id"),
        (json!({"external_id": "r", "amount": -1}), "amount_out_of_range", "/amount"),
        (json!({"external_id": "r", "amount": 1_000_000_000_001_i64}), "amount_out_of_range", "/amount"),
        (json!({"external_id": "r", "amount": 10_001}), "refund_exceeds_sale", "/amount"),
        (json!({"external_id": "r", "amount": 0.5}), "wrong_type", "/amount"),
        (json!({"external_id": "r", "amount": "all"}), "wrong_type", "/amount"),
        (json!({"external_id": "r", "currency": "EUR"}), "unknown_field", "/currency"),
    ] {
        refuse(&mut world.ledger, ("POST", &target, body.to_string().as_bytes()), (422, code, pointer));
    }
    // One response names all errors.
    let body =
        json!({"type": "sale", "external_id": "", "customer_id": "", "currency": "X", "occurred_at": "x"});
    let answer = world.ledger.post("/v1/conversions", &body);
    let pointers: Vec<_> =
        answer.json["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/external_id", "/customer_id", "/currency", "/amount", "/occurred_at"]);
}
