//! Installs that an app's backend reports. These tests fail if a click injected during the installation is bound to a
//! customer, if an install id creates a second install, or if a purchase that was reported before its install is not
//! credited.

use crate::support::{Ledger, OPERATOR};
use serde_json::{Value as Json, json};

const PATH: &str = "/v1/installs/google-play";
/// The Ledger's clock, 2026-11-22T12:00:00Z.
const NOW_S: i64 = 1_795_348_800;

/// A Ledger with a listing of an app on Google Play, the number of a link to it, and the link's partner.
struct World {
    ledger: Ledger,
    app: String,
    link_no: u32,
    partner: String,
}

fn world() -> World {
    let mut ledger = Ledger::new();
    let partner = ledger.partner("Ada", Some(2_000));
    let body = json!({
        "name": "App", "marketplace": "google-play", "settings": {"package_name": "com.acme.app"},
        "url": "https://play.google.com/store/apps/details?id=com.acme.app",
    });
    let app = ledger.post("/v1/listings", &body).text("/id");
    let (_, link_no) = ledger.link(&partner, &app);
    World { ledger, app, link_no, partner }
}

impl World {
    /// A click from a minute ago.
    fn click(&mut self) -> String {
        self.ledger.wait(-60_000);
        let click = self.ledger.click(self.link_no);
        self.ledger.wait(60_000);
        click
    }

    fn install(&self, id: &str, click: &str) -> Json {
        json!({
            "listing_id": self.app, "install_id": id, "package_name": "com.acme.app",
            "referrer": format!("utm_source=acme&sp_click={click}"),
            "referrer_click_timestamp_seconds": NOW_S - 3_000, "install_begin_timestamp_seconds": NOW_S - 2_000,
            "referrer_click_timestamp_server_seconds": NOW_S - 50, "install_begin_timestamp_server_seconds": NOW_S - 20,
            "install_version": "3.4.1", "google_play_instant": false,
        })
    }
}

#[test]
fn a_report_binds_the_click_in_its_referrer_to_the_customer() {
    let mut world = world();
    let click = world.click();
    let mut install = world.install("i-1", &click);
    install["obfuscated_account_id"] = json!("user-1");
    let made = world.ledger.post(PATH, &install);
    assert_eq!(made.status, 201, "{}", made.raw.body);
    let path = format!("/v1/conversions/{}", made.text("/id"));
    assert_eq!(made.raw.header("location"), Some(path.as_str()));
    assert_eq!(made.json, world.ledger.get(&path).json);
    let of = |name: &str| made.json[name].clone();
    assert_eq!((of("type"), of("amount"), of("currency")), (json!("install"), Json::Null, Json::Null));
    assert_eq!(
        (of("external_id"), of("customer_id")),
        (json!(format!("{}/install:i-1", world.app)), json!("google-play:user-1"))
    );
    assert_eq!((of("click_id"), of("listing_id")), (json!(click), json!(world.app)));
    assert_eq!(of("occurred_at"), "2026-11-22T11:59:40.000Z", "by Google's clock");
    let metadata = json!({
        "marketplace": "google-play", "evidence": "client_reported", "install_version": "3.4.1",
        "google_play_instant": "false",
    });
    assert_eq!(of("metadata"), metadata);
    assert_eq!(made.json["attribution"]["credits"][0]["partner_id"], world.partner);
    // The customer's payments need no click.
    let sale = json!({"type": "sale", "external_id": "s-1", "customer_id": "google-play:user-1", "amount": 1_000, "currency": "EUR"});
    let sale = world.ledger.post("/v1/conversions", &sale);
    assert_eq!(sale.json["commissions"][0]["amount"], 200);
    world.ledger.audit();
}

#[test]
fn an_install_counts_once() {
    let mut world = world();
    let (click, other) = (world.click(), world.click());
    let install = world.install("i-1", &click);
    let made = world.ledger.call(OPERATOR, "POST", PATH, &install.to_string(), Some("k-1"));
    assert_eq!(made.status, 201);
    world.ledger.wait(60_000);
    let again = world.ledger.unchanged("again", |ledger| ledger.post(PATH, &install));
    assert_eq!((again.status, &again.raw.body), (200, &made.raw.body));
    assert_eq!(again.raw.header("idempotent-replayed"), Some("true"));
    let by_key = world
        .ledger
        .unchanged("by key", |ledger| ledger.call(OPERATOR, "POST", PATH, &install.to_string(), Some("k-1")));
    assert_eq!((by_key.status, &by_key.raw.body), (201, &made.raw.body));
    for (name, value) in [
        ("referrer", json!(format!("sp_click={other}"))),
        ("referrer", json!("utm_source=google-play")),
        ("obfuscated_account_id", json!("user-2")),
        ("install_version", json!("3.4.2")),
    ] {
        let mut changed = install.clone();
        changed[name] = value;
        let refused = world.ledger.unchanged(name, |ledger| ledger.post(PATH, &changed));
        assert_eq!(refused.problem(), (409, "conversion_conflict".to_owned()), "{name}");
        assert_eq!(refused.text("/errors/0/pointer"), "/install_id");
    }
    let next = world.install("i-2", &other);
    assert_eq!(world.ledger.post(PATH, &next).status, 201);
}

#[test]
fn a_purchase_that_google_reported_first_is_credited() {
    let mut world = world();
    let click = world.click();
    let sale = json!({"type": "sale", "external_id": "s-1", "customer_id": "google-play:i-1", "amount": 999, "currency": "EUR"});
    let sale = world.ledger.post("/v1/conversions", &sale);
    assert_eq!(sale.json["attribution"]["status"], "unattributed");
    let install = world.install("i-1", &click);
    assert_eq!(world.ledger.post(PATH, &install).status, 201);
    let path = format!("/v1/conversions/{}", sale.text("/id"));
    assert_eq!(world.ledger.get(&path).json["commissions"][0]["amount"], 200);
    world.ledger.audit();
}

#[test]
fn a_contradictory_report_is_flagged_and_earns_nothing() {
    for (said, changes, flags, occurred_at) in [
        (
            "the click is newer",
            json!({"referrer_click_timestamp_server_seconds": NOW_S - 19}),
            Some("click_injection"),
            "2026-11-22T11:59:40.000Z",
        ),
        (
            "in the same second",
            json!({"referrer_click_timestamp_server_seconds": NOW_S - 20}),
            None,
            "2026-11-22T11:59:40.000Z",
        ),
        (
            "the device's clock does not count beside Google's",
            json!({"referrer_click_timestamp_seconds": NOW_S}),
            None,
            "2026-11-22T11:59:40.000Z",
        ),
        (
            "the device's clock alone",
            json!({"referrer_click_timestamp_seconds": NOW_S - 5, "install_begin_timestamp_seconds": NOW_S - 6,
                   "referrer_click_timestamp_server_seconds": 0, "install_begin_timestamp_server_seconds": 0}),
            Some("click_injection"),
            "2026-11-22T12:00:00.000Z",
        ),
        ("no click", json!({"referrer_click_timestamp_server_seconds": 0}), None, "2026-11-22T11:59:40.000Z"),
        (
            "tomorrow",
            json!({"install_begin_timestamp_server_seconds": NOW_S + 86_401}),
            Some("begins_ahead"),
            "2026-11-22T12:00:00.000Z",
        ),
        (
            "the last second of a day",
            json!({"install_begin_timestamp_server_seconds": NOW_S + 86_400}),
            None,
            "2026-11-23T12:00:00.000Z",
        ),
        (
            "both",
            json!({"install_begin_timestamp_server_seconds": NOW_S + 86_401,
                   "referrer_click_timestamp_server_seconds": NOW_S + 86_402}),
            Some("click_injection,begins_ahead"),
            "2026-11-22T12:00:00.000Z",
        ),
    ] {
        let mut world = world();
        let click = world.click();
        let mut install = world.install("i-1", &click);
        install.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let made = world.ledger.post(PATH, &install);
        assert_eq!(made.status, 201, "{said}: {}", made.raw.body);
        assert_eq!(made.json["metadata"]["flags"].as_str(), flags, "{said}");
        assert_eq!(made.json["occurred_at"], occurred_at, "{said}");
        let (status, kept) = match flags {
            Some(_) => ("unattributed", Json::Null),
            None => ("attributed", json!(click)),
        };
        assert_eq!(made.json["attribution"]["status"], status, "{said}");
        assert_eq!(made.json["click_id"], kept, "{said}");
        assert_eq!(
            world.ledger.rows("customer_touches"),
            i64::from(flags.is_none()),
            "{said}: what is bound"
        );
    }
}

#[test]
fn a_referrer_without_a_valid_click_is_an_unattributed_install() {
    let mut world = world();
    let click = world.click();
    for (number, (referrer, reason)) in [
        ("utm_source=google-play&utm_medium=organic".to_owned(), "no_touch"),
        ("utm_source=(not%20set)&utm_medium=(not%20set)".to_owned(), "no_touch"),
        (format!("xsp_click={click}"), "no_touch"),
        ("sp_click=made-up".to_owned(), "click_invalid"),
        (format!("sp_click={click}&sp_click=made-up"), "click_invalid"),
    ]
    .into_iter()
    .enumerate()
    {
        let install =
            json!({"listing_id": world.app, "install_id": format!("i-{number}"), "referrer": referrer});
        let made = world.ledger.post(PATH, &install);
        assert_eq!((made.status, &made.json["attribution"]["reason"]), (201, &json!(reason)), "{referrer}");
        assert_eq!(made.json["occurred_at"], world.ledger.now.to_string());
        assert_eq!(made.json["customer_id"], format!("google-play:i-{number}"));
    }
    // The programme's own parameter.
    let terms = json!({"name": "Acme", "click_param": "clk"});
    assert_eq!(world.ledger.put("/v1/program", &terms).status, 200);
    let install =
        json!({"listing_id": world.app, "install_id": "own", "referrer": format!("a=1&clk={click}")});
    assert_eq!(world.ledger.post(PATH, &install).json["attribution"]["status"], "attributed");
}

#[test]
fn an_invalid_report_is_refused() {
    let mut world = world();
    let good = world.install("i-1", "x");
    let web = world.ledger.listing("https://a.example");
    for (name, value, code) in [
        ("listing_id", json!(web), "unknown_listing"),
        ("listing_id", json!("lst_00000000000000000000000000"), "unknown_listing"),
        ("listing_id", json!("x"), "unknown_listing"),
        ("package_name", json!("com.evil.app"), "invalid_value"),
        ("install_id", json!(""), "invalid_text"),
        ("install_id", json!("x".repeat(201)), "invalid_text"),
        ("referrer", json!(""), "invalid_text"),
        ("referrer", json!("x".repeat(4097)), "invalid_text"),
        ("obfuscated_account_id", json!("x".repeat(65)), "invalid_text"),
        ("install_version", json!("x".repeat(101)), "invalid_text"),
        ("install_begin_timestamp_seconds", json!(-1), "out_of_range"),
        ("install_begin_timestamp_server_seconds", json!(253_402_300_800_i64), "out_of_range"),
        ("referrer_click_timestamp_seconds", json!(1.5), "wrong_type"),
        ("google_play_instant", json!("yes"), "wrong_type"),
        ("amount", json!(1), "unknown_field"),
    ] {
        let mut install = good.clone();
        install[name] = value.clone();
        let refused = world.ledger.unchanged(name, |ledger| ledger.post(PATH, &install));
        assert_eq!(refused.problem(), (422, code.to_owned()), "{name} {value}");
        assert_eq!(refused.text("/errors/0/pointer"), format!("/{name}"));
    }
    let key = world.ledger.key(&["read", "links:write"], None);
    let answer = world.ledger.call(&key, "POST", PATH, &good.to_string(), None);
    assert_eq!(answer.problem(), (403, "insufficient_scope".to_owned()));
    assert_eq!(world.ledger.call("x", "POST", PATH, &good.to_string(), None).status, 401);
}
