//! Google Workspace Marketplace: sign-ins show installs, and licences show uninstalls. A test fails if an id token
//! counts that is not Google's and for the app, if anybody but the app gets a code or a token, or if an uninstall
//! counts that Google does not confirm.

use super::fake_vendor::{VendorResult, respond};
use super::{TestCallback, World, google, orders};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use signpost::marketplace::vendor_api::{VendorError, VendorRequest};
use std::cell::RefCell;

const CLIENT_ID: &str = "1234-abc.apps.googleusercontent.com";
const CLIENT_SECRET: &str = "GOCSPX-a-secret-of-the-tests";
const APP_SECRET: &str = "an-app-secret-of-the-tests";
const SCOPE: &str = "https://www.googleapis.com/auth/appsmarketplace.license";
pub(crate) const DOMAIN: &str = "fabrikam.example";
const QUERY: &str = "?state=a-state-of-the-app&code=4%2F0Ab_code&scope=openid&hd=fabrikam.example";

std::thread_local! {
    /// The id token in Google's response to a code, and the state of the licence.
    static ID_TOKEN: RefCell<String> = const { RefCell::new(String::new()) };
    static STATE: RefCell<&'static str> = const { RefCell::new("ACTIVE") };
}

fn granted() -> String {
    let id_token = ID_TOKEN.with(|token| token.borrow().clone());
    json!({"access_token": "ya29.of-the-user", "expires_in": 3599, "refresh_token": "1//refresh", "scope": "openid",
           "token_type": "Bearer", "id_token": id_token})
    .to_string()
}

fn vendor(request: &VendorRequest) -> VendorResult {
    if request.body.contains("authorization_code") {
        return respond(200, granted());
    }
    google::grants(request, SCOPE).unwrap_or_else(|| {
        let url = "https://appsmarket.googleapis.com/appsmarket/v2/customerLicense/4711";
        assert_eq!(request.url, format!("{url}/Fabrikam.example"));
        let state = STATE.with(|state| *state.borrow());
        let found = json!({"kind": "appsmarket#customerLicense", "id": "1", "applicationId": "4711",
            "customerId": DOMAIN, "state": state});
        respond(200, found.to_string())
    })
}

fn world() -> World {
    let settings = json!({"client_id": CLIENT_ID, "application_id": "4711"});
    let secrets = json!({
        "client_secret": CLIENT_SECRET, "app_secret": ["new", APP_SECRET], "service_account": google::service_account(),
    });
    let mut world = google::world("google-workspace", &settings, &secrets);
    world.vendor.responds = vendor;
    let id_token = google::token(&claims(&world));
    ID_TOKEN.with(|token| *token.borrow_mut() = id_token);
    STATE.with(|state| *state.borrow_mut() = "ACTIVE");
    world
}

fn claims(world: &World) -> Json {
    let now = world.ledger.now.ms() / 1000;
    json!({
        "iss": "https://accounts.google.com", "azp": CLIENT_ID, "aud": CLIENT_ID, "sub": "110169484474386276334",
        "hd": "Fabrikam.example", "email": "ada@fabrikam.example", "email_verified": true, "iat": now - 5, "exp": now + 3_595,
    })
}

fn oauth(query: &str) -> TestCallback {
    TestCallback {
        method: "GET",
        kind: "oauth",
        rest: query.to_owned(),
        headers: vec![],
        body: String::new(),
    }
}

/// The first sign-in of a customer, with a code.
pub(crate) fn first_sign_in() -> (World, TestCallback) {
    (world(), oauth(QUERY))
}

/// A request of the app, with this secret.
fn post(kind: &'static str, secret: &str, body: &Json) -> TestCallback {
    let headers = vec![("authorization".to_owned(), format!("Bearer {secret}"))];
    TestCallback { method: "POST", kind, rest: String::new(), headers, body: body.to_string() }
}

fn sign_in(claims: &Json, click: Option<&str>) -> TestCallback {
    post("sign-in", APP_SECRET, &json!({"id_token": google::token(claims), "click_id": click}))
}

fn license() -> TestCallback {
    post("license", APP_SECRET, &json!({"customer": "Fabrikam.example"}))
}

#[test]
fn the_first_sign_in_is_the_install_and_the_app_fetches_its_tokens() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let answer = world.receive(&oauth(QUERY));
    assert_eq!(answer.status, 303);
    let [asked] = world.requests.as_slice() else { panic!("{:?}", world.requests) };
    assert_eq!((asked.method, asked.url.as_str()), ("POST", "https://oauth2.googleapis.com/token"));
    let fields: Vec<(String, String)> =
        url::form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
    let redirect_uri = format!("https://go.example/callbacks/google-workspace/{}/oauth", world.listing);
    let expected = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code", "4/0Ab_code"),
        ("redirect_uri", &redirect_uri),
    ];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let location = world.go_on(&answer, &format!("sp={click}")).unwrap();
    assert_eq!(location, format!("https://app.example/start?plan=pro&{}", &QUERY[1..]));
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!((&install["type"], &install["amount"]), (&json!("install"), &Json::Null));
    assert_eq!(install["customer_id"], format!("google-workspace:{DOMAIN}"));
    assert_eq!(install["metadata"], json!({"marketplace": "google-workspace", "evidence": "code_exchange"}));
    assert_eq!(install["attribution"]["credits"][0]["click_id"], click);
    let body = json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": "4/0Ab_code"});
    let token = post("token", "x", &body);
    let kept = world.receive(&token);
    assert_eq!((kept.status, kept.body), (200, granted()));
    let wrong = post("token", "x", &json!({"client_secret": APP_SECRET, "code": "4/0Ab_code"}));
    assert_eq!(world.refused("another secret", &wrong), 401);
    world.ledger.wait(600_001);
    assert_eq!(world.receive(&token).status, 400);
}

#[test]
fn a_customer_s_life_ends_in_the_same_ledger_in_whatever_order_it_arrives() {
    let mut expected = None;
    for order in orders(4) {
        let mut world = world();
        world.ledger.wait(-3_600_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(3_600_000);
        let mut colleague = claims(&world);
        colleague["sub"] = json!("2");
        let life = [sign_in(&claims(&world), Some(&click)), sign_in(&colleague, None), license(), license()];
        for index in &order {
            STATE.with(|state| *state.borrow_mut() = if *index == 3 { "UNLICENSED" } else { "ACTIVE" });
            let answer = world.receive(&life[*index]);
            assert_eq!(answer.status, 200, "{order:?} {index}");
            let case: Json = serde_json::from_str(&answer.body).unwrap();
            let expected = match index {
                0 | 1 => json!({"customer_id": format!("google-workspace:{DOMAIN}")}),
                2 => json!({"state": "ACTIVE"}),
                _ => json!({"state": "UNLICENSED"}),
            };
            assert_eq!(case, expected);
        }
        STATE.with(|state| *state.borrow_mut() = "UNLICENSED");
        for callback in &life {
            assert_eq!(world.refused(&format!("{order:?} again"), callback), 200);
        }
        let mut outcome = world.outcome();
        let conversions = outcome["conversions"].as_array_mut().unwrap();
        let types: Vec<&Json> = conversions.iter().map(|conversion| &conversion["type"]).collect();
        assert_eq!(types, ["install", "uninstall"], "{order:?}");
        let evidence: Vec<&Json> =
            conversions.iter().map(|conversion| &conversion["metadata"]["evidence"]).collect();
        assert_eq!(evidence, ["signed", "api_poll"]);
        for conversion in conversions {
            assert_eq!(conversion["attribution"]["credits"][0]["click_id"], click, "{order:?}");
        }
        assert!(outcome["accounts"].as_str().unwrap().contains("uninstalled"), "{order:?}");
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
    }
}

#[test]
fn an_id_token_that_is_not_google_s_and_the_app_s_changes_nothing() {
    let mut world = world();
    let now = world.ledger.now.ms() / 1000;
    let good = claims(&world);
    let with = |name: &str, value: Json| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    for (case, claims) in [
        ("another app's", with("aud", json!("another"))),
        ("issued to another", with("azp", json!("1079"))),
        ("another issuer's", with("iss", json!("https://evil.example"))),
        ("nobody's", with("sub", json!(""))),
        ("old", with("exp", json!(now - 61))),
        ("of the future", with("iat", json!(now + 61))),
    ] {
        assert_eq!(world.refused(case, &sign_in(&claims, None)), 401, "{case}");
        ID_TOKEN.with(|token| *token.borrow_mut() = google::token(&claims));
        assert_eq!(world.refused(case, &oauth(QUERY)), 401, "{case}");
    }
    let token = google::token(&good);
    let foreign = google::token_under("key-3", &good);
    let (_, rest) = token.split_once('.').unwrap();
    let unsigned = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"key-1"}"#));
    for (case, id_token) in [
        ("half a token", &token[..100]),
        ("no token", ""),
        ("another signature", &format!("{}AAAA", &token[..token.len() - 4])),
        ("another key", foreign.as_str()),
        ("another algorithm", unsigned.as_str()),
    ] {
        let callback = post("sign-in", APP_SECRET, &json!({"id_token": id_token}));
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    for (case, callback) in [
        ("another secret", post("sign-in", "x", &json!({"id_token": token}))),
        ("no id token", post("sign-in", APP_SECRET, &json!({}))),
        ("no object", post("sign-in", APP_SECRET, &json!([]))),
        ("nobody", TestCallback { headers: vec![], ..sign_in(&good, None) }),
    ] {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    let path = format!("/v1/listings/{}", world.listing);
    assert_eq!(world.ledger.patch(&path, &json!({"settings": {}})).status, 200);
    assert_eq!(world.refused("no client", &sign_in(&good, None)), 401);
    // Several clients: the token was issued to one of them and made for another.
    let clients = json!({"settings": {"client_id": ["android", CLIENT_ID]}});
    assert_eq!(world.ledger.patch(&path, &clients).status, 200);
    assert_eq!(world.receive(&sign_in(&with("azp", json!("android")), None)).status, 200);
}

#[test]
fn a_user_without_an_organisation_is_a_customer_of_its_own() {
    let mut world = world();
    let mut claims = claims(&world);
    claims.as_object_mut().unwrap().remove("hd");
    let click = world.ledger.click(world.link_no);
    let answer = world.receive(&sign_in(&claims, Some(&click)));
    assert_eq!(answer.body, r#"{"customer_id":"google-workspace:110169484474386276334"}"#);
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(install["attribution"]["credits"][0]["click_id"], click);
}

#[test]
fn what_google_does_not_take_or_answer_changes_nothing() {
    let mut world = world();
    for (case, vendor, status) in [
        ("no", (|_| respond(400, r#"{"error":"invalid_grant"}"#)) as fn(&VendorRequest) -> VendorResult, 401),
        ("its own failure", |_| Err(VendorError::NoResponse), 503),
        ("no id token", |_| respond(200, r#"{"access_token":"a"}"#), 401),
    ] {
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &oauth(QUERY)), status, "{case}");
    }
    world.vendor.responds = |request| panic!("nobody asks {request:?}");
    let refuses = world.receive(&oauth("?error=access_denied&state=x"));
    let location = "https://app.example/start?plan=pro&error=access_denied&state=x".to_owned();
    assert_eq!((refuses.status, &refuses.headers[0]), (302, &("location", location)));
    assert_eq!(world.refused("two codes", &oauth("?code=a&code=b")), 401);
    assert_eq!(world.refused("two states", &oauth("?code=a&state=b&state=c")), 401);
}

#[test]
fn only_google_ends_a_licence_and_only_the_app_asks() {
    let mut world = world();
    for (state, status) in [("ACTIVE", 200), ("SOMETHING", 500)] {
        STATE.with(|known| *known.borrow_mut() = state);
        assert_eq!(world.refused(state, &license()), status);
    }
    for (case, vendor, status) in [
        (
            "unknown",
            (|request| google::grants(request, SCOPE).unwrap_or(respond(404, "")))
                as fn(&VendorRequest) -> VendorResult,
            401,
        ),
        (
            "its own failure",
            |request| google::grants(request, SCOPE).unwrap_or(Err(VendorError::NoResponse)),
            503,
        ),
    ] {
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &license()), status, "{case}");
    }
    world.vendor.responds = |request| panic!("nobody asks {request:?}");
    for (case, callback) in [
        ("another secret", post("license", "x", &json!({"customer": DOMAIN}))),
        ("no customer", post("license", APP_SECRET, &json!({}))),
        (
            "a customer that leads elsewhere",
            post("license", APP_SECRET, &json!({"customer": "../userLicense"})),
        ),
        ("a long customer", post("license", APP_SECRET, &json!({"customer": "a".repeat(254)}))),
    ] {
        assert_eq!(world.refused(case, &callback), 401, "{case}");
    }
    let path = format!("/v1/listings/{}", world.listing);
    let both = json!({"client_id": CLIENT_ID, "application_id": "4711"});
    for change in [
        json!({"settings": {"client_id": CLIENT_ID}}),
        json!({"settings": {"client_id": CLIENT_ID, "application_id": "../4711"}}),
        json!({"settings": both, "secrets": {"service_account": null}}),
    ] {
        assert_eq!(world.ledger.patch(&path, &change).status, 200);
        assert_eq!(world.refused("not set up", &license()), 401);
    }
}
