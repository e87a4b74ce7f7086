//! The filters of lists: each selects what matches it, alone and with others, at a cost that other data do not change, and
//! tells a partner nothing about them.

use crate::support::{Ledger, OPERATOR, Scenario, event};
use serde_json::{Value as Json, json};

pub fn rows(ledger: &mut Ledger, key: &str, target: &str) -> Vec<Json> {
    let answer = ledger.call(key, "GET", target, "", None);
    assert_eq!(answer.status, 200, "{target}: {}", answer.raw.body);
    answer.json["data"].as_array().unwrap().clone()
}

fn ids(rows: &[Json]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// The ids of a list, page by page.
fn walk(ledger: &mut Ledger, target: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ledger.get(&format!("{target}&limit=2&cursor={cursor}"));
        assert_eq!(page.status, 200, "{target}: {}", page.raw.body);
        all.extend(ids(page.json["data"].as_array().unwrap()));
        match page.json["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return all,
        }
    }
}

/// A filter as it is sent, and which rows of the whole list match it.
type Rule = (String, Box<dyn Fn(&Json) -> bool>);

fn rule(parameter: String, matches: impl Fn(&Json) -> bool + 'static) -> Rule {
    (parameter, Box::new(matches))
}

/// A field of a row has a value.
fn field(name: &'static str, value: &str) -> Rule {
    let expected = json!(value);
    rule(format!("{name}={value}"), move |row| row[name] == expected)
}

fn name(parameter: &str) -> &str {
    parameter.split('=').next().unwrap()
}

/// Compares every filter, and every pair and triple of them, with the same selection from the whole list. `time` orders the
/// rows of a period.
fn compare(ledger: &mut Ledger, list: &str, time: &str, rules: &[Rule]) {
    let whole = rows(ledger, OPERATOR, &format!("{list}?limit=200"));
    let mut selected = 0;
    for (i, one) in rules.iter().enumerate() {
        for (j, two) in rules.iter().enumerate().skip(i) {
            for three in rules.iter().skip(j) {
                let mut chosen = vec![one, two, three];
                chosen.dedup_by(|a, b| a.0 == b.0);
                let names: std::collections::BTreeSet<&str> =
                    chosen.iter().map(|rule| name(&rule.0)).collect();
                if names.len() != chosen.len() {
                    continue;
                }
                let mut expected: Vec<&Json> =
                    whole.iter().filter(|row| chosen.iter().all(|(_, matches)| matches(row))).collect();
                if names.contains("from") || names.contains("to") {
                    expected.sort_by_key(|row| std::cmp::Reverse(row[time].as_str().unwrap().to_owned()));
                }
                let expected: Vec<String> =
                    expected.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
                let query: Vec<&str> = chosen.iter().map(|rule| rule.0.as_str()).collect();
                let target = format!("{list}?{}", query.join("&"));
                assert_eq!(walk(ledger, &target), expected, "{target}");
                selected += expected.len();
            }
        }
    }
    assert!(selected > rules.len(), "the filters of {list} select too little to mean anything");
}

/// Ada and Bob with links to two listings, sales that each earns alone and that both share, and sales that nobody earns.
pub struct Market {
    pub ledger: Ledger,
    pub ada: Scenario,
    pub bob: Scenario,
}

pub fn market() -> Market {
    let mut ledger = Ledger::new();
    let terms = json!({"attribution": {"model": "linear"}, "plans": [{"name": "tenth", "rate_bp": 1_000,
        "effective_from": "2026-01-01T00:00:00.000Z", "applies_to": {"kind": "media"}}]});
    let set = ledger.put("/v1/program", &terms);
    assert_eq!(set.status, 200, "{}", set.raw.body);
    let (ada, bob) = (ledger.scenario(1_000), ledger.scenario(2_000));
    for (partner, change) in [
        (&ada, json!({"name": "Ada Lov\u{e9}lace", "email": "ada@example.com", "country": "GB"})),
        (&bob, json!({"name": "Bob", "kind": "media", "country": "DE", "commission_bp": null})),
    ] {
        assert_eq!(ledger.patch(&format!("/v1/partners/{}", partner.partner), &change).status, 200);
    }
    for code in ["ADA10", "BOB"] {
        let partner = if code == "BOB" { &bob.partner } else { &ada.partner };
        assert_eq!(ledger.post("/v1/coupons", &json!({"code": code, "partner_id": partner})).status, 201);
    }
    for (n, kind) in
        ["sale", "lead", "install", "sale", "subscription_started"].into_iter().cycle().take(20).enumerate()
    {
        let (adas, bobs) = (ledger.click(ada.link_no), ledger.click(bob.link_no));
        ledger.wait(60_000);
        ledger.trails.insert(bobs.clone(), Some(vec![adas.clone()]));
        ledger.trails.insert(adas.clone(), Some(Vec::new()));
        let click = [None, Some(&adas), Some(&bobs)][n % 3];
        let mut body = json!({"type": kind, "external_id": format!("o-{}", n / 2), "click_id": click,
            "customer_id": format!("c-{}", n % 4),
            // Half of them are reported late, in another order than they happened.
            "occurred_at": format!("2026-11-22T{:02}:00:00.000Z", if n % 2 == 0 { 11 } else { 23 - n })});
        if kind.starts_with('s') {
            body["amount"] = json!(1_000);
            body["currency"] = json!("EUR");
        }
        if n % 5 == 0 {
            body["coupon"] = json!(["ADA10", "ada10", "BOB", "none"][n / 5 % 4]);
        }
        if n % 7 == 0 {
            body["listing_id"] = json!(bob.listing);
        }
        let made = ledger.post("/v1/conversions", &body);
        assert!([200, 201, 409].contains(&made.status), "{}", made.raw.body);
    }
    Market { ledger, ada, bob }
}

#[test]
fn conversions_are_selected_by_every_filter_and_combination() {
    let Market { mut ledger, ada, bob } = market();
    let credited = |parameter: &str, field: &'static str, id: &str| {
        let id = json!(id);
        rule(format!("{parameter}={}", id.as_str().unwrap()), move |row: &Json| {
            row["attribution"]["credits"].as_array().unwrap().iter().any(|credit| credit[field] == id)
        })
    };
    let rules = [
        field("external_id", "o-3"),
        field("customer_id", "c-2"),
        credited("partner_id", "partner_id", &ada.partner),
        credited("partner_id", "partner_id", &bob.partner),
        field("listing_id", &bob.listing),
        credited("link_id", "link_id", &ada.link),
        field("type", "sale"),
        rule("status=attributed".to_owned(), |row| row["attribution"]["status"] == "attributed"),
        rule("status=unattributed".to_owned(), |row| row["attribution"]["status"] == "unattributed"),
        rule("coupon=ada10".to_owned(), |row| {
            row["coupon"].as_str().is_some_and(|code| code.eq_ignore_ascii_case("ada10"))
        }),
        rule("from=2026-11-22T08:00:00Z".to_owned(), |row| {
            row["occurred_at"].as_str().unwrap() >= "2026-11-22T08:00:00.000Z"
        }),
        rule("to=2026-11-22T11:00:00Z".to_owned(), |row| {
            row["occurred_at"].as_str().unwrap() < "2026-11-22T11:00:00.000Z"
        }),
    ];
    let shared = |row: &Json| row["attribution"]["credits"].as_array().unwrap().len() > 1;
    assert!(rows(&mut ledger, OPERATOR, "/v1/conversions").iter().any(shared), "no conversion is shared");
    compare(&mut ledger, "/v1/conversions", "occurred_at", &rules);
}

#[test]
fn commissions_links_partners_and_events_are_selected_by_every_filter_and_combination() {
    let Market { mut ledger, ada, bob } = market();
    let unsigned =
        json!({"amount": 900, "currency": "EUR", "evidence": "transport_only", "clicks": [ledger.click(1)]});
    ledger.told(1, &[event("charged", "1", &unsigned)]);
    let conversion =
        rows(&mut ledger, OPERATOR, "/v1/commissions")[3]["conversion_id"].as_str().unwrap().to_owned();
    let noon = "2026-11-22T12:08:00.000Z";
    compare(
        &mut ledger,
        "/v1/commissions",
        "created_at",
        &[
            field("partner_id", &ada.partner),
            field("partner_id", &bob.partner),
            field("conversion_id", &conversion),
            field("plan", "tenth"),
            field("status", "pending"),
            field("status", "reversed"),
            rule("held=true".to_owned(), |row| !row["held_reason"].is_null()),
            rule("held=false".to_owned(), |row| row["held_reason"].is_null()),
            field("held_reason", "transport_only"),
            rule(format!("from={noon}"), move |row| row["created_at"].as_str().unwrap() >= noon),
            rule(format!("to={noon}"), move |row| row["created_at"].as_str().unwrap() < noon),
        ],
    );
    for (n, campaign) in ["spring", "autumn", "spring"].into_iter().enumerate() {
        let link = json!({"partner_id": ada.partner, "listing_id": if n == 2 { &bob.listing } else { &ada.listing },
            "campaign": campaign, "slug": format!("slug-{n}")});
        assert_eq!(ledger.post("/v1/links", &link).status, 201);
    }
    compare(
        &mut ledger,
        "/v1/links",
        "created_at",
        &[
            field("partner_id", &ada.partner),
            field("partner_id", &bob.partner),
            field("listing_id", &ada.listing),
            field("listing_id", &bob.listing),
            field("campaign", "spring"),
            field("slug", "slug-1"),
            rule("slug=SLUG-2".to_owned(), |row| row["slug"] == "slug-2"),
        ],
    );
    let named = |words: &'static [&str]| {
        move |row: &Json| {
            let name = row["name"].as_str().unwrap().to_lowercase().replace('\u{e9}', "e");
            let text = format!("{name} {}", row["email"].as_str().unwrap_or_default());
            let parts: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
            words.iter().all(|word| parts.iter().any(|part| part.starts_with(word)))
        }
    };
    let paused = ledger.partner("Ada Byron", None);
    assert_eq!(
        ledger.patch(&format!("/v1/partners/{paused}"), &json!({"status": "paused", "country": "GB"})).status,
        200
    );
    compare(
        &mut ledger,
        "/v1/partners",
        "created_at",
        &[
            field("status", "active"),
            field("status", "paused"),
            field("kind", "media"),
            field("country", "GB"),
            rule("q=ada".to_owned(), named(&["ada"])),
            rule("q=LOVEL+a".to_owned(), named(&["lovel", "a"])),
            rule("q=ada%40example".to_owned(), named(&["ada", "example"])),
            rule("q=velace".to_owned(), named(&["velace"])),
        ],
    );
    let events = rows(&mut ledger, OPERATOR, "/v1/events?limit=200");
    for kind in
        ["partner.updated", "conversion.created", "commission.created", "run.approved", "payout_run.approved"]
    {
        let answer = ledger.get(&format!("/v1/events?limit=200&type={kind}"));
        if answer.status == 200 {
            let expected: Vec<Json> = events.iter().filter(|event| event["type"] == kind).cloned().collect();
            assert_eq!(ids(answer.json["data"].as_array().unwrap()), ids(&expected), "{kind}");
        }
    }
    assert_eq!(ledger.get("/v1/events?type=nothing").problem(), (422, "invalid_value".to_owned()));
}

#[test]
fn a_renamed_partner_is_found_by_its_new_words_only() {
    let mut ledger = Ledger::new();
    let id = ledger.partner("Ada Lovelace", None);
    let target = format!("/v1/partners/{id}");
    assert_eq!(ledger.patch(&target, &json!({"name": "Grace", "email": "g@navy.example"})).status, 200);
    for (query, found) in [("lovelace", 0), ("grace", 1), ("nav", 1), ("ada", 0), ("g+n", 1)] {
        assert_eq!(rows(&mut ledger, OPERATOR, &format!("/v1/partners?q={query}")).len(), found, "{query}");
    }
    for query in ["", "%20-", "a+b+c+d+e+f+g+h+i+j+k"] {
        let refused = ledger.get(&format!("/v1/partners?q={query}"));
        assert_eq!(refused.problem(), (400, "invalid_parameter".to_owned()), "{query}");
    }
    assert_eq!(ledger.get("/v1/partners?country=UK").problem(), (422, "invalid_country".to_owned()));
}

#[test]
fn a_cursor_is_valid_for_one_choice_of_filters() {
    let Market { mut ledger, ada, .. } = market();
    let targets = [
        "/v1/conversions?".to_owned(),
        "/v1/conversions?type=sale".to_owned(),
        "/v1/conversions?type=lead".to_owned(),
        "/v1/conversions?from=2026-11-22T00:00:00Z".to_owned(),
        "/v1/conversions?from=2026-11-22T00:00:00Z&type=sale".to_owned(),
        format!("/v1/conversions?partner_id={}", ada.partner),
        "/v1/events?".to_owned(),
        "/v1/events?type=conversion.created".to_owned(),
    ];
    for of in &targets {
        let cursor = ledger.get(&format!("{of}&limit=1")).text("/next_cursor");
        for target in &targets {
            let answer = ledger.get(&format!("{target}&cursor={cursor}"));
            if target == of {
                assert_eq!(answer.status, 200);
            } else {
                // A cursor by time is longer, so a list by number finds it malformed.
                let (_, code) = answer.problem();
                let expected = if of.contains("from") == target.contains("from") {
                    "cursor_mismatch"
                } else {
                    "cursor_"
                };
                assert!(code.starts_with(expected) || code == "invalid_cursor", "{of} in {target}: {code}");
            }
        }
    }
}

#[test]
fn a_forged_place_in_time_is_refused() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let Market { mut ledger, .. } = market();
    let list = "/v1/conversions?from=2026-11-22T00:00:00Z";
    let good = ledger.get(&format!("{list}&limit=1")).text("/next_cursor");
    let tag = URL_SAFE_NO_PAD.decode(good).unwrap()[..7].to_vec();
    for (at, no, status) in [
        (0, "1", 200),
        (1_800_000_000_000, "9007199254740991", 200),
        (1_800_000_000_000, "9007199254740992", 400),
        (1_800_000_000_000, "-1", 400),
        (1_800_000_000_000, "x", 400),
        (i64::MAX, "1", 400),
        (-1, "1", 400),
    ] {
        let cursor = URL_SAFE_NO_PAD.encode([tag.as_slice(), &i64::to_be_bytes(at), no.as_bytes()].concat());
        let answer = ledger.get(&format!("{list}&cursor={cursor}"));
        assert_eq!(answer.status, status, "{at} {no}: {}", answer.raw.body);
    }
}

#[test]
fn filters_tell_a_partner_nothing_about_others() {
    let Market { mut ledger, ada, bob } = market();
    let key = ledger.key(&["read"], Some(&ada.partner));
    let get = |ledger: &mut Ledger, target: &str| ledger.call(&key, "GET", target, "", None);
    let (own, all) =
        (rows(&mut ledger, &key, "/v1/conversions"), rows(&mut ledger, OPERATOR, "/v1/conversions"));
    let foreign: Vec<&Json> =
        all.iter().filter(|row| !ids(&own).contains(&row["id"].as_str().unwrap().to_owned())).collect();
    assert!(!own.is_empty() && !foreign.is_empty());
    for target in [
        format!("/v1/conversions?partner_id={}", bob.partner),
        format!("/v1/conversions?link_id={}", bob.link),
        format!("/v1/conversions?listing_id={}", bob.listing),
        format!("/v1/links?listing_id={}", bob.listing),
        format!("/v1/commissions?partner_id={}", bob.partner),
        format!("/v1/commissions?conversion_id={}", foreign[0]["id"].as_str().unwrap()),
        "/v1/commissions?conversion_id=cnv_00000000000000000000000000".to_owned(),
    ] {
        assert_eq!(get(&mut ledger, &target).problem(), (404, "not_found".to_owned()), "{target}");
    }
    for row in &foreign {
        let target = format!(
            "/v1/conversions?external_id={}&type={}",
            row["external_id"].as_str().unwrap(),
            row["type"].as_str().unwrap()
        );
        assert_eq!(rows(&mut ledger, &key, &target).len(), 0, "{target}");
    }
    for filter in
        ["type=sale", "status=attributed", "coupon=BOB", "from=2026-01-01T00:00:00Z", "external_id=o-1"]
    {
        let found = ids(&rows(&mut ledger, &key, &format!("/v1/conversions?{filter}")));
        assert!(found.iter().all(|id| ids(&own).contains(id)), "{filter}");
    }
    assert_eq!(rows(&mut ledger, &key, "/v1/conversions?status=unattributed").len(), 0);
    // Customers are hidden, so they cannot be guessed either, until the programme shows them.
    assert_eq!(
        get(&mut ledger, "/v1/conversions?customer_id=c-1").problem(),
        (400, "unknown_parameter".to_owned())
    );
    assert_eq!(ledger.patch("/v1/program", &json!({"partners_see_customers": true})).status, 200);
    let expected: Vec<String> = ids(&own
        .iter()
        .filter(|row| {
            let id = &row["id"];
            all.iter().any(|whole| whole["id"] == *id && whole["customer_id"] == "c-1")
        })
        .cloned()
        .collect::<Vec<_>>());
    assert!(!expected.is_empty());
    assert_eq!(ids(&rows(&mut ledger, &key, "/v1/conversions?customer_id=c-1")), expected);
    for (filter, found) in
        [("q=ada", 1), ("q=bob", 0), ("status=active", 1), ("kind=media", 0), ("country=DE", 0)]
    {
        assert_eq!(rows(&mut ledger, &key, &format!("/v1/partners?{filter}")).len(), found, "{filter}");
    }
    let events = rows(&mut ledger, &key, "/v1/events?type=partner.updated");
    assert!(!events.is_empty() && events.iter().all(|event| event["data"]["id"] == json!(ada.partner)));
}
