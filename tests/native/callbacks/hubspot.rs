//! HubSpot apps: consent with and without a click in `state`, and the marketplace's own way in.

use super::fake_vendor::{VendorResult, respond};
use super::{TestCallback, World, orders};
use serde_json::{Value as Json, json};
use signpost::{
    marketplace::{
        adapter::CallbackResponse,
        vendor_api::{VendorError, VendorRequest},
    },
    store::Sql,
};

pub(crate) const SECRET: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
const CLIENT_ID: &str = "7fff1e36-2d40-4ae1-bbb1-5266d59564fb";
const CODE: &str = "na1-b1c2-d3e4";
/// The fields as documented (docs/api-reference/2026-03/authentication/oauth-tokens), the values made up.
const GRANTED: &str = r#"{"token_type":"bearer","refresh_token":"1e8fbfb1-8e96-4826-8b8d-c8af73715","access_token":"CIrToaiiMhIHAAEAQAAAARiO1ooBIOP0sgEokuLtAEaOaTFnToZ3VjUbtl46MAAAAEAAAAAgAAAAAAAAAAAACAAAAAAAOAAAAAAAAAAAAAAAAAAAABAkUVrb","expires_in":1800,"hub_id":62515,"user_id":293199,"scopes":["oauth","crm.objects.contacts.read"],"token_use":"access_token"}"#;

pub(crate) fn settings(more: &Json) -> Json {
    let mut settings = json!({"client_id": CLIENT_ID, "scopes": "oauth crm.objects.contacts.read"});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

pub(crate) fn world_with(more: &Json) -> World {
    let secrets = json!({"client_secret": [SECRET, "the-old-secret-0123456789"]});
    let mut world = World::new("hubspot", &settings(more), &secrets);
    world.vendor.responds = |_| respond(200, GRANTED);
    world
}

pub(crate) fn world() -> World {
    world_with(&json!({}))
}

pub(crate) fn change(world: &mut World, fields: &Json) {
    let path = format!("/v1/listings/{}", world.listing);
    let changed = world.ledger.patch(&path, fields);
    assert_eq!(changed.status, 200, "{}", changed.raw.body);
}

fn get(kind: &'static str, query: &str) -> TestCallback {
    TestCallback { method: "GET", kind, rest: query.to_owned(), headers: vec![], body: String::new() }
}

fn oauth(query: &str) -> TestCallback {
    get("oauth", query)
}

fn location(answer: &CallbackResponse) -> &str {
    &answer.headers.iter().find(|(name, _)| *name == "location").unwrap().1
}

fn install(world: &mut World) -> Json {
    let mut conversions = world.ledger.get("/v1/conversions").json["data"].take();
    assert_eq!(conversions.as_array().unwrap().len(), 1, "{conversions}");
    conversions[0].take()
}

#[test]
fn hubspot_is_asked_as_it_documents_and_its_answer_names_the_account() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let query = format!("?code={CODE}&returnUrl=https%3A%2F%2Fapp.hubspot.com%2Fx%3Fa=%20b+c&hub_id=1");
    let answer = world.receive(&oauth(&query));
    assert_eq!(answer.status, 303);
    let [asked] = world.requests.as_slice() else { panic!("{:?}", world.requests) };
    assert_eq!((asked.method, asked.url.as_str()), ("POST", "https://api.hubapi.com/oauth/2026-03/token"));
    assert_eq!(
        asked.headers,
        [
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("accept", "application/json".to_owned())
        ]
    );
    assert_eq!(
        asked.body,
        format!(
            "grant_type=authorization_code&client_id={CLIENT_ID}&client_secret={SECRET}&code={CODE}\
             &redirect_uri=https%3A%2F%2Fgo.example%2Fcallbacks%2Fhubspot%2F{}%2Foauth",
            world.listing
        )
    );
    let onward = world.go_on(&answer, &format!("sp={click}")).unwrap();
    assert_eq!(onward, format!("https://app.example/start?plan=pro&{}", &query[1..]), "byte for byte");
    assert_eq!(world.go_on(&answer, ""), None, "the way is there once");
    let install = install(&mut world);
    assert_eq!((&install["type"], &install["customer_id"]), (&json!("install"), &json!("hubspot:62515")));
    assert_eq!(install["external_id"], format!("{}/install:62515", world.listing));
    assert_eq!(install["metadata"], json!({"marketplace": "hubspot", "evidence": "code_exchange"}));
    assert_eq!(install["attribution"]["credits"][0]["partner_id"], world.partner);
    let form = format!("grant_type=authorization_code&client_secret={SECRET}&code={CODE}");
    let token = TestCallback { method: "POST", body: form, ..get("token", "") };
    assert_eq!(world.receive(&token).body, GRANTED, "the app fetches its tokens");
    let kept = format!("{:?}", world.ledger.sql.exec("SELECT * FROM kept_answers", &[]).unwrap());
    assert!(!kept.contains("CIrToaiiMhI") && !kept.contains(CODE), "sealed");
    assert_eq!(world.logged, Vec::<String>::new());
}

#[test]
fn however_a_customer_comes_the_ledger_ends_the_same() {
    let mut expected = None;
    for order in orders(4) {
        let mut world = world();
        world.ledger.wait(-7_200_000);
        let click = world.ledger.click(world.link_no);
        world.ledger.wait(7_200_000);
        let mut way = None;
        for step in &order {
            match step {
                // Consent, but the browser does not follow the redirect.
                0 => assert_eq!(world.receive(&oauth("?code=a")).status, 303),
                // Consent, and the cookie of the click during the handoff.
                1 => {
                    let answer = world.receive(&oauth("?code=b"));
                    assert!(world.go_on(&answer, &format!("other=1; sp={click}")).is_some(), "{order:?}");
                }
                // The click in `state`, and no cookie.
                2 => {
                    let answer = world.receive(&oauth(&format!("?code=c&state={click}")));
                    assert!(world.go_on(&answer, "").is_some(), "{order:?}");
                }
                // The browser follows the redirect last, if it started before.
                _ => way = Some(world.receive(&oauth("?code=d"))),
            }
        }
        let way = way.unwrap();
        assert!(world.go_on(&way, &format!("sp_x={click}")).is_some(), "{order:?}");
        let outcome = world.outcome();
        let conversions = outcome["conversions"].as_array().unwrap();
        assert_eq!(conversions.len(), 1, "{order:?}");
        assert_eq!(conversions[0]["attribution"]["credits"][0]["partner_id"], world.partner, "{order:?}");
        assert_eq!(outcome["report"]["totals"]["installs"], 1);
        assert!(outcome["accounts"].as_str().unwrap().contains("62515"), "{}", outcome["accounts"]);
        assert_eq!(&outcome, expected.get_or_insert_with(|| outcome.clone()), "{order:?}");
    }
}

#[test]
fn state_carries_the_click_without_a_cookie_and_nothing_else_is_taken_for_one() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let answer = world.receive(&oauth(&format!("?code={CODE}&state={click}")));
    let credit = install(&mut world)["attribution"]["credits"][0].take();
    assert_eq!((&credit["partner_id"], &credit["click_id"]), (&json!(world.partner), &json!(click)));
    assert!(world.go_on(&answer, "").unwrap().ends_with(&format!("&code={CODE}&state={click}")));
    let (first, rest) = click.split_at(1);
    let forged = format!("{}{rest}", if first == "A" { "B" } else { "A" });
    for state in
        [forged.as_str(), "af0ifjsldkj", "%00", "", &click[1..], &format!("{click}A"), &"x".repeat(9_000)]
    {
        let mut world = self::world();
        assert_eq!(world.receive(&oauth(&format!("?code={CODE}&state={state}"))).status, 303);
        assert_eq!(install(&mut world)["attribution"]["reason"], "no_touch", "{state}");
    }
}

#[test]
fn without_a_code_the_browser_goes_on_with_its_query_and_nothing_is_told() {
    let mut world = world();
    world.vendor.responds = |request| panic!("nobody asks {request:?}");
    for query in [
        "?step=authorize&returnUrl=https%3A%2F%2Fapp.hubspot.com%2Fmarketplace%2F62515%3Fx=%20a+b",
        "?error=access_denied&error_description=User+declined&state=x",
        "?code=&x='%22<>",
        "",
    ] {
        assert_eq!(world.refused(query, &oauth(query)), 302, "{query}");
        let answer = world.receive(&oauth(query));
        let joint = if query.is_empty() { "" } else { "&" };
        let onward = format!("https://app.example/start?plan=pro{joint}{}", query.trim_start_matches('?'));
        assert_eq!((location(&answer), answer.body.as_str()), (onward.as_str(), ""));
        assert!(answer.headers.contains(&("cache-control", "no-store".to_owned())));
        assert!(answer.headers.contains(&("referrer-policy", "no-referrer".to_owned())));
    }
    assert_eq!(world.logged, Vec::<String>::new());
    for (case, query) in
        [("two codes", "?code=a&code=b"), ("two states", "?code=a&state=b&state=c"), ("no text", "?x=\u{e9}")]
    {
        assert_eq!(world.refused(case, &oauth(query)), 401, "{case}");
    }
    change(&mut world, &json!({"forward_to": "https://app.example/start#now"}));
    assert_eq!(location(&world.receive(&oauth("?a=b"))), "https://app.example/start?a=b#now");
    // A code is accepted once, so it is not exchanged if the install cannot succeed.
    change(&mut world, &json!({"forward_to": null}));
    assert_eq!(world.refused("nowhere to go", &oauth("?step=authorize")), 401);
    assert_eq!(world.refused("nowhere to go, with a code", &oauth("?code=a")), 401);
    let answer = world.receive(&oauth("?step=authorize"));
    assert_eq!(
        (answer.body.as_str(), answer.headers),
        ("unauthorized", vec![("content-type", "text/plain".to_owned())])
    );
}

#[test]
fn what_hubspot_does_not_confirm_changes_nothing() {
    let mut world = world();
    let query = format!("?code={CODE}&state=x");
    // A code that was used before. Only the status is read.
    const USED: &str =
        r#"{"status":"BAD_AUTH_CODE","message":"missing or unknown auth code","correlationId":"1"}"#;
    let used: fn(&VendorRequest) -> VendorResult = |_| respond(400, USED);
    for (case, vendor, status) in [
        ("no", used, 401),
        ("a redirect", |_| respond(302, ""), 503),
        ("its own failure", |_| respond(502, ""), 503),
        ("nothing", |_| Err(VendorError::NoResponse), 503),
        ("no JSON", |_| respond(200, "<html>"), 500),
        ("no account", |_| respond(200, r#"{"access_token":"a"}"#), 500),
        ("an account that is no number", |_| respond(200, r#"{"hub_id":"1"}"#), 500),
        ("an account below zero", |_| respond(200, r#"{"hub_id":-1}"#), 500),
    ] {
        world.vendor.responds = vendor;
        assert_eq!(world.refused(case, &oauth(&query)), status, "{case}");
    }
    world.vendor.responds = |_| respond(200, GRANTED);
    assert_eq!(world.receive(&oauth(&query)).status, 303);
    world.vendor.responds = used;
    assert_eq!(world.refused("the same again", &oauth(&query)), 401);
    let asked = world.requests.len();
    change(&mut world, &json!({"settings": {"client_id": ""}}));
    assert_eq!(world.refused("no client id", &oauth(&query)), 401);
    change(&mut world, &json!({"settings": settings(&json!({})), "secrets": {"client_secret": null}}));
    assert_eq!(world.refused("no client secret", &oauth(&query)), 401);
    assert_eq!(world.requests.len(), asked, "and HubSpot was not asked");
    let output = format!("{:?}{:?}", world.requests, world.logged);
    assert!(!output.contains(SECRET) && !output.contains(CODE), "{output}");
}

#[test]
fn an_influencers_link_leads_to_hubspots_consent_with_the_click_in_state() {
    let mut world = world();
    let click = world.ledger.click(world.link_no);
    let consent = |world: &World, more: &str| {
        format!(
            "https://app.hubspot.com/oauth/authorize?client_id={CLIENT_ID}\
             &redirect_uri=https%3A%2F%2Fgo.example%2Fcallbacks%2Fhubspot%2F{}%2Foauth\
             &scope=oauth%20crm.objects.contacts.read{more}",
            world.listing
        )
    };
    let install = |query: &str| get("install", query);
    let expected = consent(&world, &format!("&state={click}"));
    let callback = install(&format!("?utm_source=ada&sp_click={click}"));
    assert_eq!(world.refused("a visitor", &callback), 302, "nothing is told");
    assert_eq!(location(&world.receive(&callback)), expected);
    let plain = consent(&world, "");
    for hostile in [
        String::new(),
        "?sp_click=".to_owned(),
        format!("?sp_click={click}&sp_click={click}"),
        format!("?sp_click={}", &click[1..]),
        format!("?sp_click={click}A"),
        format!("?sp_click={}%26", &click[..39]),
        format!("?sp_click={}%0d%0a", &click[..38]),
        format!("?sp_click={}%C3%A9", &click[..38]),
        format!("?sp_click={}", "%2E".repeat(40)),
        "?sp_click=x%26redirect_uri%3Dhttps%3A%2F%2Fevil.example&state=y&client_id=z".to_owned(),
    ] {
        assert_eq!(location(&world.receive(&install(&hostile))), plain, "{hostile}");
    }
    change(&mut world, &json!({"forward_to": null}));
    assert_eq!(location(&world.receive(&install("/"))), plain, "it needs no way on");
    let more = json!({"optional_scopes": "a+b c", "click_param": "ref"});
    change(&mut world, &json!({"settings": settings(&more)}));
    let expected = consent(&world, &format!("&optional_scope=a%2Bb%20c&state={click}"));
    assert_eq!(location(&world.receive(&install(&format!("?sp_click=x&ref={click}")))), expected);
    for lacking in ["client_id", "scopes"] {
        for none in [json!(null), json!(""), json!(["oauth"])] {
            let mut settings = settings(&json!({}));
            settings[lacking] = none;
            change(&mut world, &json!({"settings": settings}));
            assert_eq!(world.refused(lacking, &install("")), 401, "{lacking}");
        }
    }
}
