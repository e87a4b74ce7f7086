//! Listings, and their secrets, which no response shows again.

use crate::support::{Ledger, OPERATOR, rows::rows};
use serde_json::{Value as Json, json};
use signpost::store::{Sql, programme::listings::sealed_secrets};

fn opened(ledger: &Ledger, id: &str) -> Option<serde_json::Value> {
    let sealed = sealed_secrets(&ledger.sql, 1).unwrap()?;
    let text = ledger.config.sealer.open(&sealed, id).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn a_listing_is_added_read_and_changed() {
    let mut ledger = Ledger::new();
    let body = json!({
        "name": "App", "marketplace": "shopify", "url": "https://apps.example/x?y=z#a", "slug": "acme-app",
        "forward_to": "https://app.example/install", "settings": {"client_id": [7, null], "plans": {"pro": {"amount": 1, "currency": "EUR"}}}
    });
    let made = ledger.post("/v1/listings", &body);
    assert_eq!((made.status, made.raw.header("x-signpost-snapshot")), (201, Some("1")));
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&made.json[field], value, "{field}");
    }
    assert_eq!(made.json["secrets"], json!([]));
    let target = format!("/v1/listings/{}", made.text("/id"));
    assert_eq!(made.raw.header("location"), Some(target.as_str()));
    assert_eq!(ledger.get(&target).json, made.json);
    let change = json!({"name": "New", "slug": null, "forward_to": null, "settings": {}});
    let changed = ledger.patch(&target, &change);
    assert_eq!((changed.status, changed.raw.header("x-signpost-snapshot")), (200, None));
    for (field, value) in change.as_object().unwrap() {
        assert_eq!(&changed.json[field], value, "{field}");
    }
    assert_eq!(ledger.get("/v1/listings").json["data"], json!([changed.json]));
    let moved = ledger.patch(&target, &json!({"url": "https://elsewhere.example"}));
    assert_eq!(moved.raw.header("x-signpost-snapshot"), Some("2"));
}

#[test]
fn what_plans_cost_is_checked_to_the_field() {
    let mut ledger = Ledger::new();
    let listing = ledger.listing("https://shop.example");
    let path = format!("/v1/listings/{listing}");
    let plan = |amount: Json, currency: Json| json!({"gold": {"amount": amount, "currency": currency}});
    let usd = json!("USD");
    let many = |count: usize| -> Json {
        let plans = (0..count).map(|n| (format!("p-{n}"), json!({"amount": n, "currency": "USD"})));
        Json::Object(plans.collect())
    };
    for (plans, code, pointer) in [
        (json!([]), "wrong_type", ""),
        (json!("gold"), "wrong_type", ""),
        (json!({"gold": 4_900}), "wrong_type", "/gold"),
        (json!({"gold": [4_900, "USD"]}), "wrong_type", "/gold"),
        (json!({"gold": null}), "wrong_type", "/gold"),
        (json!({"a/b~": {"amount": 1}}), "missing_field", "/a~1b~0/currency"),
        (json!({"gold": {"currency": "USD"}}), "missing_field", "/gold/amount"),
        (json!({"gold": {"amount": 1, "currency": "USD", "per": "month"}}), "unknown_field", "/gold/per"),
        (plan(json!("4900"), usd.clone()), "wrong_type", "/gold/amount"),
        (plan(json!(49.5), usd.clone()), "wrong_type", "/gold/amount"),
        (plan(json!(-1), usd.clone()), "amount_out_of_range", "/gold/amount"),
        (plan(json!(1_000_000_000_001_i64), usd.clone()), "amount_out_of_range", "/gold/amount"),
        (plan(json!(1), json!("usd")), "invalid_currency", "/gold/currency"),
        (plan(json!(1), json!("ABC")), "invalid_currency", "/gold/currency"),
        (plan(json!(1), json!(840)), "wrong_type", "/gold/currency"),
        (many(201), "out_of_range", ""),
    ] {
        let said = plans.to_string();
        let pointer = format!("/settings/plans{pointer}");
        let body = json!({"name": "L", "marketplace": "web", "url": "https://two.example", "settings": {"plans": plans}});
        let change = json!({"settings": {"plans": plans}});
        for (method, target, body) in [("POST", "/v1/listings", body), ("PATCH", &path, change)] {
            let send = |ledger: &mut Ledger| ledger.call(OPERATOR, method, target, &body.to_string(), None);
            let refused = ledger.unchanged(&said, send);
            assert_eq!(refused.problem(), (422, code.to_owned()), "{said}");
            assert_eq!(refused.text("/errors/0/pointer"), pointer, "{said}");
        }
    }
    for plans in [
        json!(null),
        json!({}),
        plan(json!(0), usd.clone()),
        plan(json!(1_000_000_000_000_i64), usd),
        many(200),
    ] {
        let settings = json!({"plans": plans, "click_id_in": "query"});
        let changed = ledger.patch(&path, &json!({"settings": settings}));
        assert_eq!((changed.status, &changed.json["settings"]), (200, &settings));
    }
}

#[test]
fn a_listing_of_before_plans_were_checked_can_still_be_changed() {
    let mut ledger = Ledger::new();
    let listing = ledger.listing("https://shop.example");
    ledger.sql.exec("UPDATE listings SET settings = '{\"plans\":7}'", &[]).unwrap();
    let path = format!("/v1/listings/{listing}");
    assert_eq!(ledger.patch(&path, &json!({"name": "New"})).status, 200);
    assert_eq!(
        ledger.patch(&path, &json!({"settings": {"plans": 8}})).problem(),
        (422, "wrong_type".to_owned())
    );
}

#[test]
fn secrets_are_sealed_at_rest_and_never_shown() {
    let mut ledger = Ledger::new();
    let body = json!({
        "name": "App", "marketplace": "woocommerce", "url": "https://apps.example",
        "secrets": {"billing_secret": "shpss-hush-1", "webhook_secret": ["shpss-hush-2", "shpss-hush-3"]}
    });
    let made = ledger.call(OPERATOR, "POST", "/v1/listings", &body.to_string(), Some("k"));
    assert_eq!((made.status, &made.json["secrets"]), (201, &json!(["billing_secret", "webhook_secret"])));
    let id = made.text("/id");
    let target = format!("/v1/listings/{id}");
    assert_eq!(opened(&ledger, &id), Some(body["secrets"].clone()));

    // Rotation: named secrets change, others stay, and null removes one.
    let rotated =
        ledger.patch(&target, &json!({"secrets": {"billing_secret": ["shpss-hush-4", "shpss-hush-1"]}}));
    assert_eq!(
        (rotated.status, &rotated.json["secrets"]),
        (200, &json!(["billing_secret", "webhook_secret"]))
    );
    let expected = json!({"billing_secret": ["shpss-hush-4", "shpss-hush-1"], "webhook_secret": ["shpss-hush-2", "shpss-hush-3"]});
    assert_eq!(opened(&ledger, &id), Some(expected.clone()));
    ledger.patch(&target, &json!({"name": "Renamed"}));
    assert_eq!(opened(&ledger, &id), Some(expected));
    // A misspelt name would leave the secret that was meant in force.
    let misspelt = ledger.patch(&target, &json!({"secrets": {"webhook_secrett": null}}));
    assert_eq!(misspelt.problem(), (422, "unknown_field".to_owned()));
    let without = ledger.patch(&target, &json!({"secrets": {"webhook_secret": null}}));
    assert_eq!(without.json["secrets"], json!(["billing_secret"]));
    assert_eq!(opened(&ledger, &id), Some(json!({"billing_secret": ["shpss-hush-4", "shpss-hush-1"]})));

    let replay = ledger.call(OPERATOR, "POST", "/v1/listings", &body.to_string(), Some("k"));
    assert_eq!(replay.raw.body, made.raw.body);
    let mut shown = vec![replay.raw.body];
    shown.extend(["/v1/listings", target.as_str(), "/v1/events"].map(|target| ledger.get(target).raw.body));
    shown.extend(rows(&ledger.sql).into_values().flatten());
    let events = signpost::store::log::events::after(&ledger.sql, 0, None, 100).unwrap();
    shown.extend(events.iter().map(|event| signpost::store::log::outbox::event_line(event).unwrap()));
    shown.push(signpost::store::log::outbox::snapshot(&ledger.sql).unwrap());
    for text in shown {
        assert!(!text.contains("hush"), "{text}");
    }
    ledger.patch(&target, &json!({"secrets": {"billing_secret": null}}));
    assert_eq!(sealed_secrets(&ledger.sql, 1).unwrap(), None);
}

#[test]
fn a_name_that_the_marketplace_does_not_know_is_refused_and_a_stored_one_can_be_removed() {
    let mut ledger = Ledger::new();
    let body = |settings: Json, secrets: Json| {
        json!({"name": "App", "marketplace": "hubspot", "url": "https://app.example", "settings": settings,
            "secrets": secrets})
    };
    let id = ledger.post("/v1/listings", &body(json!({}), json!({}))).text("/id");
    let target = format!("/v1/listings/{id}");
    let settings = "A listing on hubspot has no such entry; known are: plans, fees, click_id_in, client_id, scopes, \
                    optional_scopes, click_param, app_id, accept_v1.";
    let secrets = "A listing on hubspot has no such entry; known are: client_secret.";
    for (field, entries, pointer, detail) in [
        ("settings", json!({"clientid": "x", "client_id": "y"}), "/settings/clientid", settings),
        ("settings", json!({"a/b~": null}), "/settings/a~1b~0", settings),
        ("secrets", json!({"client-secret": "x"}), "/secrets/client-secret", secrets),
        ("secrets", json!({"webhook_secret": ["x"]}), "/secrets/webhook_secret", secrets),
        ("settings", json!({"bundle_id": "x"}), "/settings/bundle_id", settings),
    ] {
        let mut new = body(json!({}), json!({}));
        new[field] = entries.clone();
        for (method, path, sent) in
            [("POST", "/v1/listings", new), ("PATCH", target.as_str(), json!({field: entries}))]
        {
            let refused = ledger
                .unchanged(pointer, |ledger| ledger.call(OPERATOR, method, path, &sent.to_string(), None));
            // Those of other marketplaces are known.
            let is_known = pointer.ends_with("webhook_secret") || pointer.ends_with("bundle_id");
            let code = if is_known { "misplaced_field" } else { "unknown_field" };
            assert_eq!(refused.problem(), (422, code.to_owned()), "{method} {pointer}");
            let error = &refused.json["errors"][0];
            assert_eq!((&error["pointer"], &error["detail"]), (&json!(pointer), &json!(detail)), "{method}");
        }
    }
    let web = json!({"name": "A", "marketplace": "web", "url": "https://a.example", "secrets": {"a": "b"}});
    assert_eq!(
        ledger.post("/v1/listings", &web).text("/errors/0/detail"),
        "A listing on web has no such entry; known are: none."
    );
    // Listings of before names were checked keep what they have until it is removed.
    ledger.patch(&target, &json!({"secrets": {"client_secret": "s3cret"}}));
    let mut stored = opened(&ledger, &id).unwrap();
    stored["old_secret"] = json!("x");
    let sealed = ledger.config.sealer.seal(&stored.to_string(), &id, &mut ledger.entropy).unwrap();
    let change = "UPDATE listings SET settings = '{\"old\":1}', secret_names = '[\"client_secret\",\"old_secret\"]', \
                  secrets_sealed = ?1";
    ledger.sql.exec(change, &[sealed.as_str().into()]).unwrap();
    assert_eq!(ledger.patch(&target, &json!({"name": "New", "settings": {"old": 1}})).status, 200);
    let kept = ledger.patch(&target, &json!({"secrets": {"client_secret": "n3w"}}));
    assert_eq!((kept.status, &kept.json["secrets"]), (200, &json!(["client_secret", "old_secret"])));
    let more = json!({"settings": {"old": 1, "client_id": "x"}});
    assert_eq!(ledger.patch(&target, &more).text("/errors/0/pointer"), "/settings/old");
    let cleaned =
        ledger.patch(&target, &json!({"settings": {"client_id": "x"}, "secrets": {"old_secret": null}}));
    assert_eq!(
        (cleaned.status, &cleaned.json["settings"], &cleaned.json["secrets"]),
        (200, &json!({"client_id": "x"}), &json!(["client_secret"]))
    );
}

#[test]
fn every_documented_name_is_accepted() {
    use signpost::marketplace::registry::ADAPTERS;
    let mut ledger = Ledger::new();
    for adapter in ADAPTERS {
        let entries = |names: &[&str]| -> Json {
            let entry = |name: &&str| (*name).to_owned();
            Json::Object(
                names.iter().filter(|name| **name != "plans").map(|name| (entry(name), json!("x"))).collect(),
            )
        };
        let (mut settings, secrets) = (entries(adapter.settings()), entries(adapter.secrets()));
        for (name, value) in
            [("plans", json!({})), ("fees", json!({"rate_bp": 1})), ("click_id_in", json!("query"))]
        {
            settings[name] = value;
        }
        let marketplace = adapter.marketplace().as_str();
        let body = json!({"name": "L", "marketplace": marketplace, "url": "https://a.example", "settings": settings,
            "secrets": secrets});
        let made = ledger.post("/v1/listings", &body);
        assert_eq!(
            (made.status, &made.json["settings"]),
            (201, &settings),
            "{marketplace}: {}",
            made.raw.body
        );
        let target = format!("/v1/listings/{}", made.text("/id"));
        assert_eq!(
            ledger.patch(&target, &json!({"settings": {}, "secrets": secrets})).status,
            200,
            "{marketplace}"
        );
    }
}

#[test]
fn refused_secrets_are_not_repeated() {
    let mut ledger = Ledger::new();
    let long = "hush".repeat(2049);
    for (secrets, code) in [
        (json!("hush"), "wrong_type"),
        (json!(["hush"]), "wrong_type"),
        (json!({"a": {"hush": 1}}), "wrong_type"),
        (json!({"a": 5}), "wrong_type"),
        (json!({"a": ["hush", 5]}), "wrong_type"),
        (json!({"a": ""}), "invalid_text"),
        (json!({"a": []}), "invalid_text"),
        (json!({"a": ["hush", "hush", "hush", "hush", "hush", "hush"]}), "invalid_text"),
        (json!({"a": long}), "invalid_text"),
        (json!({"": "hush"}), "invalid_text"),
        (json!({"x".repeat(41): "hush"}), "invalid_text"),
    ] {
        let body = json!({"name": "A", "marketplace": "web", "url": "https://a.example", "secrets": secrets});
        let refused = ledger.unchanged(code, |ledger| ledger.post("/v1/listings", &body));
        assert_eq!(refused.problem(), (422, code.to_owned()), "{body}");
        assert!(refused.text("/errors/0/pointer").starts_with("/secrets"));
        assert!(!refused.raw.body.contains("hush"), "{}", refused.raw.body);
        assert_eq!(refused.raw.log, None);
    }
}

#[test]
fn slugs_of_listings_are_unique() {
    let mut ledger = Ledger::new();
    let body = json!({"name": "A", "marketplace": "web", "url": "https://a.example", "slug": "acme-app"});
    ledger.post("/v1/listings", &body);
    let other = ledger.listing("https://b.example");
    for answer in [
        ledger.unchanged("POST", |ledger| ledger.post("/v1/listings", &body)),
        ledger.unchanged("PATCH", |ledger| {
            ledger.patch(&format!("/v1/listings/{other}"), &json!({"slug": "acme-app"}))
        }),
    ] {
        assert_eq!(answer.problem(), (409, "slug_taken".to_owned()));
        assert_eq!(answer.text("/errors/0/pointer"), "/slug");
    }
}

#[test]
fn a_listing_may_take_the_click_id_inside_its_fragment() {
    let mut ledger = Ledger::new();
    let carry = |ledger: &Ledger| {
        let text = signpost::store::log::outbox::snapshot(&ledger.sql).unwrap();
        serde_json::from_str::<Json>(&text).unwrap()["carry"].take()
    };
    let id = ledger.listing("https://a.example/#/offer?x");
    assert_eq!(carry(&ledger), Json::Null);
    let target = format!("/v1/listings/{id}");
    for (setting, carries) in [("fragment", json!({"1": "fragment"})), ("query", Json::Null)] {
        let changed = ledger.patch(&target, &json!({"settings": {"click_id_in": setting}}));
        assert!(changed.raw.header("x-signpost-snapshot").is_some(), "{setting}");
        assert_eq!(carry(&ledger), carries);
    }
}

#[test]
fn slugs_that_were_reserved_later_are_listed() {
    let mut ledger = Ledger::new();
    let scenario = ledger.scenario(1_000);
    for slug in ["spring", "summer"] {
        let body = json!({"partner_id": scenario.partner, "listing_id": scenario.listing, "slug": slug});
        assert_eq!(ledger.post("/v1/links", &body).status, 201);
    }
    assert_eq!(signpost::store::links::reserved_slugs(&ledger.sql).unwrap(), Vec::<String>::new());
    ledger.sql.exec("UPDATE links SET slug = 'embed' WHERE slug = 'spring'", &[]).unwrap();
    assert_eq!(signpost::store::links::reserved_slugs(&ledger.sql).unwrap(), ["embed"]);
}

#[test]
fn the_snapshot_names_the_parameter_of_the_click_id_inside_the_referrer() {
    let mut ledger = Ledger::new();
    let carry = |ledger: &Ledger| {
        let text = signpost::store::log::outbox::snapshot(&ledger.sql).unwrap();
        serde_json::from_str::<Json>(&text).unwrap()["carry"].take()
    };
    ledger.listing("https://a.example");
    assert_eq!(carry(&ledger), Json::Null);
    let url = "https://play.google.com/store/apps/details?id=com.acme.app";
    for marketplace in ["google-play", "apple", "google-play"] {
        let body = json!({"name": "App", "marketplace": marketplace, "url": url});
        assert_eq!(ledger.post("/v1/listings", &body).status, 201);
    }
    assert_eq!(carry(&ledger), json!({"2": "referrer", "4": "referrer"}));
}
