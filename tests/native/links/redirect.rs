//! The redirect engine, from JavaScript's text to the decision. These tests fail if a visit is sent to the wrong
//! place or put in the wrong bucket, if a cookie keeps content that does not verify, or if personal data outlives the
//! response.

use signpost::domain::{
    clicks::{
        bucket::Bucket,
        click::{CLICK_ID_LENGTH, Class, ClickId, Device},
        visit::{ClickRecord, MalformedClickRecord, Visit},
        visitor::VisitorSecret,
    },
    links::{
        engine::RedirectEngine,
        keyring::{KeyRing, with_new_key},
        line::{MalformedLine, RedirectLine},
        redirect::{LinkPath, RedirectDecision},
        snapshot::Snapshot,
        token::LinkToken,
    },
    values::{
        entropy::SeededEntropy,
        time::{DAY_MS, Timestamp},
    },
};

/// 2026-11-22T10:00:00.000Z.
const NOW: i64 = 1_795_341_600_000;
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const LANDING: &str = "https://landing.example/hello";

#[cfg(test)]
mod support {
    use super::*;

    pub(crate) fn ring() -> KeyRing {
        KeyRing::parse(&with_new_key(None, &mut SeededEntropy::new(1)).unwrap()).unwrap()
    }

    pub(crate) fn snapshot(version: u64, max_link_no: u32, landing: Option<&str>) -> Snapshot {
        let landing = landing.map_or("null".to_owned(), |url| format!("\"{url}\""));
        let text = format!(
            r#"{{"version":{version},"click_param":"sp_click","landing_url":{landing},"max_link_no":{max_link_no},
                "listings":{{"1":"https://shop.example/app?own=1"}},"blocked":[[30,39]]}}"#
        );
        Snapshot::new(strict_json::from_str(&text).unwrap())
    }

    pub(crate) fn engine(landing: Option<&str>) -> RedirectEngine {
        let secret = VisitorSecret::parse(&"A".repeat(43)).unwrap();
        RedirectEngine::new(ring(), secret, snapshot(1, 100, landing))
    }

    pub(crate) fn token(link_no: u32) -> LinkToken {
        LinkToken { link_no, listing_no: 1, has_path: false, expires_s: None }
    }

    /// An ordinary visit; each test changes the fields that it is about.
    #[derive(Clone)]
    pub(crate) struct Ask {
        pub now: i64,
        pub flags: &'static str,
        pub token: String,
        pub path: LinkPath<'static>,
        pub is_newest: bool,
        pub country: &'static str,
        pub ip: &'static str,
        pub purpose: &'static str,
        pub agent: &'static str,
        pub cookies: String,
        pub query: &'static str,
    }

    pub(crate) fn ask(token: LinkToken) -> Ask {
        Ask {
            now: NOW,
            flags: "",
            token: token.mint(&ring()).unwrap(),
            path: LinkPath::Unknown,
            is_newest: false,
            country: "US",
            ip: "203.0.113.9",
            purpose: "",
            agent: BROWSER,
            cookies: String::new(),
            query: "",
        }
    }

    pub(crate) struct Decision {
        pub location: String,
        pub cookie: String,
        pub shard: u8,
        pub visit: Visit,
        pub click: Option<ClickId>,
    }

    impl Ask {
        pub(crate) fn raw(&self, engine: &mut RedirectEngine, seed: u64) -> RedirectDecision {
            let Ask { now, flags, token, path, is_newest, country, ip, purpose, agent, cookies, query } =
                self;
            let text =
                format!("{now}\n{flags}\n{token}\n{country}\n{ip}\n{purpose}\n{agent}\n{cookies}\n{query}");
            let line = RedirectLine::parse(&text).unwrap();
            engine.handle(&line, *path, *is_newest, &mut SeededEntropy::new(seed))
        }

        pub(crate) fn decision(&self, engine: &mut RedirectEngine) -> Decision {
            let decision = self.raw(engine, 7);
            let RedirectDecision::Respond(response) = decision else { panic!("{decision:?}") };
            // The record must come back unchanged from its transport form.
            let visit = read(&format!("[{}]", response.visit.to_json())).unwrap().remove(0);
            assert_eq!(visit, response.visit);
            Decision {
                location: response.location.unwrap_or_default(),
                cookie: response.cookie.unwrap_or_default(),
                shard: response.shard,
                click: ClickId::verify(&visit.id, &ring()),
                visit,
            }
        }
    }
}
use support::*;

#[test]
fn a_visit_is_redirected_to_the_listing_with_a_click_id_that_matches_the_record() {
    let decision = Ask { query: "utm_source=x", ..ask(token(5)) }.decision(&mut engine(Some(LANDING)));
    let click = decision.click.unwrap();
    let id = &decision.visit.id;
    assert_eq!(decision.location, format!("https://shop.example/app?own=1&utm_source=x&sp_click={id}"));
    assert_eq!(&decision.cookie, id);
    assert_eq!((click.at.ms(), click.link_no, click.shard), (NOW, 5, decision.shard));
    assert_eq!((click.device, click.class, click.gpc), (Device::Desktop, Class::Human, false));
    assert_eq!(click.country.map(|c| c.as_str().to_owned()).as_deref(), Some("US"));
    let visit = decision.visit.clone();
    assert_eq!((visit.at, visit.link_no, visit.device), (click.at, Some(5), Device::Desktop));
    assert_eq!((visit.country, visit.bucket, visit.trail.as_str()), (click.country, Bucket::Human, ""));
    assert!(visit.visitor.is_some());
}

#[test]
fn the_snapshot_names_the_carrier_of_the_click_and_unknown_carriers_are_parameters() {
    for (more, expected) in [
        ("", "https://play.example/details?id=a&hl=de&sp_click="),
        (r#""carry":{},"#, "https://play.example/details?id=a&hl=de&sp_click="),
        (r#""carry":{"2":"referrer"},"#, "https://play.example/details?id=a&hl=de&sp_click="),
        (r#""carry":{"1":"pigeon"},"#, "https://play.example/details?id=a&hl=de&sp_click="),
        (r#""carry":{"1":"referrer"},"#, "https://play.example/details?id=a&hl=de&referrer=sp_click%3D"),
        // Of a later version.
        (r#""another":{"1":[]},"#, "https://play.example/details?id=a&hl=de&sp_click="),
    ] {
        let text = format!(
            r#"{{"version":1,"click_param":"sp_click","landing_url":null,"max_link_no":100,{more}
                "listings":{{"1":"https://play.example/details?id=a"}},"blocked":[]}}"#
        );
        let mut engine = engine(None);
        engine.set_snapshot(Snapshot::new(strict_json::from_str(&text).unwrap()));
        let decision = Ask { query: "hl=de", ..ask(token(5)) }.decision(&mut engine);
        assert_eq!(decision.location, format!("{expected}{}", decision.visit.id), "{more}");
    }
}

#[test]
fn every_visit_gets_a_new_click_id() {
    let (mut engine, ask) = (engine(None), ask(token(5)));
    assert_ne!(ask.raw(&mut engine, 1), ask.raw(&mut engine, 2));
    assert_eq!(ask.raw(&mut engine, 1), ask.raw(&mut engine, 1), "the only difference is the randomness");
}

#[test]
fn buckets_exclude_each_other_in_the_order_of_the_contract() {
    let past = u32::try_from(NOW / 1000).unwrap();
    let curl = "curl/8.5.0";
    let expired = |link_no| LinkToken { expires_s: Some(past), ..token(link_no) };
    for (name, ask, bucket, link_no) in [
        ("a person", ask(token(5)), Bucket::Human, 5),
        ("HEAD", Ask { flags: "h", ..ask(token(5)) }, Bucket::Bot, 5),
        ("a script", Ask { agent: curl, ..ask(token(5)) }, Bucket::Bot, 5),
        ("no agent", Ask { agent: "", ..ask(token(5)) }, Bucket::Bot, 5),
        ("a prefetch", Ask { purpose: "prefetch;prerender", ..ask(token(5)) }, Bucket::Prefetch, 5),
        (
            "a script's prefetch",
            Ask { purpose: "prefetch", agent: curl, ..ask(token(5)) },
            Bucket::Prefetch,
            5,
        ),
        ("revoked, by a script", Ask { agent: curl, ..ask(token(30)) }, Bucket::Revoked, 30),
        ("expired and revoked", ask(expired(39)), Bucket::Expired, 39),
        ("expired this second", ask(expired(5)), Bucket::Expired, 5),
        ("expires the next", ask(LinkToken { expires_s: Some(past + 1), ..token(5) }), Bucket::Human, 5),
        ("no token", Ask { token: "nonsense".into(), ..ask(token(5)) }, Bucket::Invalid, 0),
        ("an unknown number", Ask { is_newest: true, ..ask(expired(101)) }, Bucket::Invalid, 0),
        (
            "an unknown listing",
            Ask { is_newest: true, ..ask(LinkToken { listing_no: 2, ..token(5) }) },
            Bucket::Invalid,
            0,
        ),
        (
            "a lost path",
            Ask { path: LinkPath::Missing, ..ask(LinkToken { has_path: true, ..token(5) }) },
            Bucket::Invalid,
            0,
        ),
    ] {
        let decision = ask.decision(&mut engine(Some(LANDING)));
        assert_eq!((decision.visit.bucket, decision.visit.link_no.unwrap_or(0)), (bucket, link_no), "{name}");
        assert_eq!(decision.click.is_some(), bucket.has_click_id(), "{name}");
        if !bucket.has_click_id() {
            assert_eq!((decision.location.as_str(), decision.cookie.as_str()), (LANDING, ""), "{name}");
            assert_eq!(decision.visit.id.len(), 22, "{name}");
            assert_eq!(ask.decision(&mut engine(None)).location, "", "{name}: nowhere to land");
        }
    }
}

#[test]
fn global_privacy_control_leaves_no_cookie_and_no_visitor() {
    let mut engine = engine(None);
    let earlier = ask(token(4)).decision(&mut engine).visit.id;
    let decision =
        Ask { flags: "g", cookies: format!("sp={earlier}"), ..ask(token(5)) }.decision(&mut engine);
    assert_eq!(decision.cookie, "");
    assert_eq!((decision.visit.visitor, decision.visit.trail.as_str()), (None, ""));
    let click = decision.click.unwrap();
    assert!(click.gpc);
    assert_eq!(click.shard, click.random[0] % 16, "without a visitor the random bytes choose the shard");
}

#[test]
fn links_loaded_as_part_of_a_page_get_no_cookie_and_do_not_count_as_people() {
    let decision = Ask { flags: "e", ..ask(token(5)) }.decision(&mut engine(None));
    assert_eq!((decision.visit.bucket, decision.cookie.as_str()), (Bucket::Prefetch, ""));
    assert_eq!(decision.click.unwrap().class, Class::Embedded);
    assert!(
        decision.location.starts_with("https://shop.example/app?own=1&sp_click="),
        "{}",
        decision.location
    );
}

#[test]
fn the_programme_decides_who_gets_a_cookie() {
    for (policy, country, query, cookies, is_set) in [
        ("always", "DE", "", "", true),
        ("always", "", "", "", true),
        ("never", "US", "sp_consent=1", "sp_consent=1", false),
        ("consent_regions", "US", "", "", true),
        ("consent_regions", "", "", "", true),
        ("consent_regions", "DE", "", "", false),
        ("consent_regions", "CH", "", "", false),
        ("consent_regions", "GB", "", "", false),
        ("consent_regions", "NO", "", "", false),
        ("consent_regions", "DE", "utm=1&sp_consent=1", "", true),
        ("consent_regions", "DE", "", "a=b; sp_consent=1", true),
        ("consent_regions", "DE", "sp_consent=0", "sp_consent=yes", false),
        ("consent_regions", "DE", "xsp_consent=1", "", false),
    ] {
        let text = format!(
            r#"{{"version":1,"click_param":"sp_click","landing_url":null,"cookies":"{policy}","max_link_no":100,
                "listings":{{"1":"https://shop.example/app"}},"blocked":[]}}"#
        );
        let mut engine = engine(None);
        engine.set_snapshot(Snapshot::new(strict_json::from_str(&text).unwrap()));
        let ask = Ask { country, query, cookies: cookies.to_owned(), ..ask(token(5)) };
        let decision = ask.decision(&mut engine);
        let name = format!("{policy} {country} {query} {cookies}");
        assert_eq!(!decision.cookie.is_empty(), is_set, "{name}");
        // The consent is not passed on, and the click counts and earns without a cookie.
        let forwarded =
            query.replace("&sp_consent=1", "").replace("sp_consent=1", "").replace("sp_consent=0", "");
        let forwarded = if query == "xsp_consent=1" { query.to_owned() } else { forwarded };
        let separator = if forwarded.is_empty() { "" } else { "&" };
        let id = &decision.visit.id;
        assert_eq!(
            decision.location,
            format!("https://shop.example/app?{forwarded}{separator}sp_click={id}"),
            "{name}"
        );
        assert_eq!(decision.visit.bucket, Bucket::Human, "{name}");
    }
}

#[test]
fn visitors_are_distinguished_by_address_agent_and_day() {
    let mut engine = engine(None);
    let mut visitor = |ask: Ask| ask.decision(&mut engine).visit.visitor;
    let one = visitor(ask(token(5)));
    assert_eq!(visitor(ask(token(6))), one, "another link");
    assert_ne!(visitor(Ask { ip: "203.0.113.8", ..ask(token(5)) }), one);
    assert_ne!(visitor(Ask { agent: "other", ..ask(token(5)) }), one);
    assert_ne!(visitor(Ask { now: NOW + DAY_MS, ..ask(token(5)) }), one);
    assert_eq!(visitor(ask(token(5))), one, "back to the first day");
    assert_eq!(visitor(Ask { ip: "", ..ask(token(5)) }), None);
}

#[test]
fn nothing_of_the_address_or_the_agent_is_recorded() {
    let record = ask(token(5)).decision(&mut engine(None)).visit.to_json();
    assert!(!record.contains("203.0.113.9") && !record.contains("Firefox"), "{record}");
}

#[test]
fn cookies_carry_the_last_eight_ids_that_verify() {
    let mut engine = engine(None);
    let ids: Vec<String> = (0..12)
        .map(|n| ClickId { random: [n; 4], ..ask(token(5)).decision(&mut engine).click.unwrap() })
        .map(|click| click.mint(&ring()).unwrap())
        .collect();
    let forged = "A".repeat(CLICK_ID_LENGTH);
    for (cookies, trail) in [
        (String::new(), vec![]),
        (format!("sp={}", ids[0]), vec![0]),
        (format!("a=b; sp_x={}; sp=; c=d", ids[0]), vec![0]),
        (format!("sp={}.{}; sp_x={}", ids[0], ids[1], ids[2]), vec![0, 1]),
        (format!("sp={}; sp_x={}.{}", ids[0], ids[1], ids[2]), vec![1, 2]),
        (format!("sp={}; sp_x={}", ids[0], ids[1]), vec![0]),
        (format!("sp={}", ids[..8].join(".")), (0..8).collect()),
        (format!("sp={}", ids.join(".")), (4..12).collect()),
        (format!("sp={forged}.{}.garbage..{}", ids[0], ids[1]), vec![0, 1]),
        (format!("SP={}; xsp={}; sp_x_={}", ids[0], ids[0], ids[0]), vec![]),
        (format!("sp={}", ask(token(5)).token), vec![]),
        (format!("sp={}", ".".repeat(10_000)), vec![]),
        (";;==;sp;sp_x=;".to_owned(), vec![]),
    ] {
        let decision = Ask { cookies: cookies.clone(), ..ask(token(6)) }.decision(&mut engine);
        let mut expected: Vec<&str> = trail.into_iter().map(|n: usize| ids[n].as_str()).collect();
        assert_eq!(decision.visit.trail, expected.join("."), "{cookies}");
        expected.push(&decision.visit.id);
        assert_eq!(decision.cookie, expected[expected.len().saturating_sub(8)..].join("."), "{cookies}");
    }
}

#[test]
fn a_path_is_looked_up_once_and_cached() {
    let mut engine = engine(Some(LANDING));
    let ask = ask(LinkToken { has_path: true, ..token(5) });
    assert_eq!(ask.raw(&mut engine, 7), RedirectDecision::NeedPath(5, 0));
    // Not cached: a failure of all stores, which may be over in a second, and a path that leads elsewhere.
    let known = |value| LinkPath::Known { value, revision: 0 };
    for path in [LinkPath::Missing, known("//evil.example"), known("/../x")] {
        assert_eq!(Ask { path, ..ask.clone() }.decision(&mut engine).location, LANDING, "{path:?}");
        assert_eq!(ask.raw(&mut engine, 7), RedirectDecision::NeedPath(5, 0));
    }
    let first = Ask { path: known("/plans/team"), ..ask.clone() }.decision(&mut engine).location;
    assert!(first.starts_with("https://shop.example/plans/team?own=1&sp_click="), "{first}");
    assert_eq!(ask.decision(&mut engine).location, first);
}

#[test]
fn a_link_number_beyond_the_snapshot_requests_a_newer_snapshot() {
    let mut engine = engine(Some(LANDING));
    let ask = ask(token(101));
    assert_eq!(ask.raw(&mut engine, 7), RedirectDecision::NeedSnapshot(101));
    engine.set_snapshot(snapshot(2, 101, None));
    assert_eq!(ask.decision(&mut engine).visit.bucket, Bucket::Human);
}

#[test]
fn keys_and_visitor_hashes_are_not_in_debug_output() {
    let shown = format!("{:?}", engine(None));
    assert!(shown.contains("KeyRing { sign: 1, ids: [1] }") && shown.contains("VisitorSecret"), "{shown}");
}

/// Records as a ClickLog reads them.
#[cfg(test)]
fn read(records: &str) -> Result<Vec<Visit>, MalformedClickRecord> {
    let owned = |arrival: ClickRecord<'_>| Visit {
        id: arrival.id.to_owned(),
        at: arrival.at,
        link_no: arrival.link_no,
        visitor: arrival.visitor,
        country: arrival.country,
        device: arrival.device,
        bucket: arrival.bucket,
        trail: arrival.trail.to_owned(),
    };
    Ok(ClickRecord::parse_batch(records)?.into_iter().map(owned).collect())
}

#[test]
fn a_truncated_line_is_refused() {
    for line in
        ["", "\n\n\n\n\n\n\n\n", "1\n2\n3", "x\n\n\n\n\n\n\n\n", "-1\n\n\n\n\n\n\n\n", "1\n\n\n\n\n\n\n"]
    {
        assert_eq!(RedirectLine::parse(line), Err(MalformedLine), "{line:?}");
    }
    assert!(RedirectLine::parse("1\n\n\n\n\n\n\n\n").is_ok(), "nine fields");
}

#[test]
fn records_with_another_format_are_refused() {
    let good = ask(token(5)).decision(&mut engine(None)).visit;
    assert_eq!(read(&format!("[{}]", good.to_json())), Ok(vec![good.clone()]));
    assert_eq!(read("[]"), Ok(vec![]));
    for (from, to) in
        [("\"US\"", "\"Germany\""), (&NOW.to_string(), "-1"), (",0,\"\"]", ",7,\"\"]"), ("[", "")]
    {
        let record = good.to_json().replacen(from, to, 1);
        assert_ne!(record, good.to_json());
        assert_eq!(read(&format!("[{record}]")), Err(MalformedClickRecord), "{record}");
    }
    assert_eq!(good.at, Timestamp::clamped(NOW));
}
