//! Installs by OAuth: the vendor's token endpoint accepts the code, and the app fetches the response. A test fails if
//! an install counts that the vendor did not confirm, if anybody but the app gets a token, or if a code or a secret is
//! sent to anybody but the vendor.

use super::fake_vendor::{VendorResult, respond};
use super::{TestCallback, World};
use serde_json::{Value as Json, json};
use signpost::{
    marketplace::{
        adapter::CallbackResponse,
        vendor_api::{VendorError, VendorRequest},
    },
    store::Sql,
};

const SECRET: &str = "bc-test-client-secret-0123456789abcdef";
const CLIENT_ID: &str = "hjasdfhj09sasd80dsf04dfhg90rsds";
pub(crate) const QUERY: &str =
    "?account_uuid=f0&code=qr6h3thvbvag2ffq&context=stores%2Fsomebody&scope=store_v2_orders+store_v2_content";
/// As documented (docs/integrations/apps/guide/auth).
const GRANTED: &str = r#"{"access_token":"g3y3ab5cctiu0edpy9n8gzl0p25og8u","scope":"store_v2_orders store_v2_content","user":{"id":24654,"username":"merchant@mybigcommerce.com","email":"merchant@mybigcommerce.com"},"owner":{"id":1,"username":"o","email":"o@example.com"},"context":"stores/z4zn3wo","account_uuid":"f0"}"#;

pub(crate) fn world() -> World {
    let secrets = json!({"client_secret": [SECRET, "the-old-secret-0123456789abcdef"]});
    let mut world = World::new("bigcommerce", &json!({"client_id": CLIENT_ID}), &secrets);
    world.vendor.responds = |_| respond(200, GRANTED);
    world
}

pub(crate) fn auth(query: &str) -> TestCallback {
    TestCallback { method: "GET", kind: "auth", rest: query.to_owned(), headers: vec![], body: String::new() }
}

fn token(body: &str) -> TestCallback {
    TestCallback {
        method: "POST",
        kind: "token",
        rest: String::new(),
        headers: vec![],
        body: body.to_owned(),
    }
}

fn ask(world: &mut World, code: &str, secret: &str) -> CallbackResponse {
    world.receive(&token(&json!({"client_id": CLIENT_ID, "client_secret": secret, "code": code}).to_string()))
}

#[test]
fn the_vendor_is_asked_as_it_documents_and_its_answer_names_the_store() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let answer = world.receive(&auth(QUERY));
    assert_eq!(answer.status, 200, "the page that leads out of the frame");
    let [asked] = world.requests.as_slice() else { panic!("{:?}", world.requests) };
    assert_eq!((asked.method, asked.url.as_str()), ("POST", "https://login.bigcommerce.com/oauth2/token"));
    let content_type = asked.headers.iter().find(|(name, _)| *name == "content-type").unwrap();
    assert_eq!(content_type.1, "application/json");
    assert_eq!(
        serde_json::from_str::<Json>(&asked.body).unwrap(),
        json!({
            "client_id": CLIENT_ID, "client_secret": SECRET, "code": "qr6h3thvbvag2ffq", "context": "stores/somebody",
            "scope": "store_v2_orders store_v2_content", "grant_type": "authorization_code",
            "redirect_uri": format!("https://go.example/callbacks/bigcommerce/{}/auth", world.listing),
        })
    );
    let location = world.go_on(&answer, &format!("sp={click}")).unwrap();
    assert_eq!(location, format!("https://app.example/start?plan=pro&{}", &QUERY[1..]));
    let install = &world.ledger.get("/v1/conversions").json["data"][0];
    assert_eq!(install["customer_id"], "bigcommerce:stores/z4zn3wo", "not the store that the query names");
    assert_eq!(install["metadata"], json!({"marketplace": "bigcommerce", "evidence": "code_exchange"}));
    assert_eq!(install["attribution"]["credits"][0]["partner_id"], world.partner);
}

#[test]
fn the_app_fetches_the_vendors_answer_for_ten_minutes_and_nobody_else_does() {
    let mut world = world();
    world.receive(&auth(QUERY));
    for secret in [SECRET, "the-old-secret-0123456789abcdef"] {
        let answer = ask(&mut world, "qr6h3thvbvag2ffq", secret);
        assert_eq!((answer.status, answer.body.as_str()), (200, GRANTED));
        assert!(answer.headers.contains(&("cache-control", "no-store".to_owned())));
    }
    let form = format!("grant_type=authorization_code&client_secret={SECRET}&code=qr6h3thvbvag2ffq");
    assert_eq!(world.receive(&token(&form)).body, GRANTED, "in a form, too");
    for (case, body, status) in [
        ("another secret", json!({"client_secret": "x", "code": "qr6h3thvbvag2ffq"}).to_string(), 401),
        ("no secret", json!({"code": "qr6h3thvbvag2ffq"}).to_string(), 401),
        ("no code", json!({"client_secret": SECRET}).to_string(), 401),
        ("no JSON", "{".to_owned(), 401),
        ("twice", format!("{form}&code=x"), 401),
        ("nothing", String::new(), 401),
        ("an unknown code", json!({"client_secret": SECRET, "code": "x"}).to_string(), 400),
    ] {
        assert_eq!(world.refused(case, &token(&body)), status, "{case}");
    }
    let kept = format!("{:?}", world.ledger.sql.exec("SELECT * FROM kept_answers", &[]).unwrap());
    assert!(
        !kept.contains("g3y3ab5cctiu0edpy9n8gzl0p25og8u") && !kept.contains("qr6h3thvbvag2ffq"),
        "sealed"
    );
    world.ledger.wait(600_001);
    let answer = ask(&mut world, "qr6h3thvbvag2ffq", SECRET);
    assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"error":"invalid_grant"}"#));
    let next =
        signpost::store::callbacks::delete_expired_responses(&world.ledger.sql, world.ledger.now).unwrap();
    assert_eq!((next, world.ledger.rows("kept_answers")), (None, 0), "and it is forgotten");
}

#[test]
fn what_the_vendor_does_not_confirm_changes_nothing() {
    let mut world = world();
    for (case, vendor, status) in [
        ("no", (|_| respond(400, r#"{"error":"invalid_grant"}"#)) as fn(&VendorRequest) -> VendorResult, 401),
        ("a redirect", |_| respond(302, ""), 503),
        ("its own failure", |_| respond(500, ""), 503),
        ("nothing", |_| Err(VendorError::NoResponse), 503),
        ("too many", |_| respond(429, ""), 503),
        ("no JSON", |_| respond(200, "<html>"), 500),
        ("no store", |_| respond(200, r#"{"context":"users/1"}"#), 500),
    ] {
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &auth(QUERY)), status, "{case}");
    }
    let asked = world.requests.len();
    for (case, query) in [
        ("no code", "?context=stores%2Fa&scope=b"),
        ("no context", "?code=a&scope=b"),
        ("an empty code", "?code=&context=stores%2Fa&scope=b"),
        ("two codes", "?code=a&code=b&context=stores%2Fa&scope=b"),
    ] {
        assert_eq!(world.refused(case, &auth(query)), 401, "{case}");
    }
    let path = format!("/v1/listings/{}", world.listing);
    assert_eq!(world.ledger.patch(&path, &json!({"settings": {}})).status, 200);
    assert_eq!(world.refused("no client id", &auth(QUERY)), 401);
    assert_eq!(world.requests.len(), asked, "and the vendor was not asked");
    let output = format!("{:?}", world.requests);
    assert!(!output.contains(SECRET) && !output.contains("qr6h3thvbvag2ffq"), "{output}");
}
