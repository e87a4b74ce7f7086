//! Destinations of links. These tests fail if a URL leads to another host, if a visitor's query is not kept byte for
//! byte, if a URL carries two click ids, or if a browser or a server would read a path as another one.

use crate::support::random::times;
use proptest::prelude::*;
use signpost::domain::links::destination::{ClickIdTransport, Destination, MAX_PATH_BYTES, path_is_safe};
use url::Url;

const CLICK: &str = "CLICK";

#[cfg(test)]
fn address(listing: &str, path: Option<&str>, query: &str) -> Option<String> {
    Destination::parse(listing, "sp_click", ClickIdTransport::Parameter)
        .unwrap()
        .url_for_visit(path, query, "sp_click", CLICK)
}

#[test]
fn the_fragment_carries_the_click_id_where_the_page_routes_by_it() {
    for (listing, query, expected) in [
        ("https://shop.example/#/offer", "", "https://shop.example/#/offer?sp_click=CLICK"),
        ("https://shop.example/#/offer?x", "", "https://shop.example/#/offer?x&sp_click=CLICK"),
        (
            "https://shop.example/a?own=1#/offer?x=1",
            "utm=2",
            "https://shop.example/a?own=1&utm=2#/offer?x=1&sp_click=CLICK",
        ),
        (
            "https://shop.example/#/offer?sp_click=a&x=1&%73p_click=b",
            "sp_click=c",
            "https://shop.example/#/offer?x=1&sp_click=CLICK",
        ),
        ("https://shop.example/#/offer?sp_click=a", "", "https://shop.example/#/offer?sp_click=CLICK"),
        // Without a fragment there is only the query.
        ("https://shop.example/a", "", "https://shop.example/a?sp_click=CLICK"),
    ] {
        let destination = Destination::parse(listing, "sp_click", ClickIdTransport::Fragment).unwrap();
        assert_eq!(
            destination.url_for_visit(None, query, "sp_click", CLICK).unwrap(),
            expected,
            "{listing} {query}"
        );
    }
    // By default the click id goes into the query, before the fragment.
    assert_eq!(
        address("https://shop.example/#/offer?x", None, "").unwrap(),
        "https://shop.example/?sp_click=CLICK#/offer?x"
    );
}

#[test]
fn destinations_are_built_as_listed() {
    for (listing, path, query, expected) in [
        ("https://shop.example", None, "", "https://shop.example/?sp_click=CLICK"),
        ("https://shop.example/a", None, "", "https://shop.example/a?sp_click=CLICK"),
        ("https://Shop.Example:443/a", None, "", "https://shop.example/a?sp_click=CLICK"),
        ("http://shop.example:8080/a", None, "", "http://shop.example:8080/a?sp_click=CLICK"),
        ("https://[2001:db8::1]:8443/a", None, "", "https://[2001:db8::1]:8443/a?sp_click=CLICK"),
        ("https://user:secret@shop.example/a", None, "", "https://shop.example/a?sp_click=CLICK"),
        ("https://xn--bcher-kva.example/", None, "", "https://xn--bcher-kva.example/?sp_click=CLICK"),
        // The listing's own query stays, first; its fragment stays, last.
        ("https://shop.example/a?own=1#part", None, "", "https://shop.example/a?own=1&sp_click=CLICK#part"),
        ("https://shop.example/a?own=1", None, "utm=2", "https://shop.example/a?own=1&utm=2&sp_click=CLICK"),
        ("https://shop.example/a", None, "utm=2?", "https://shop.example/a?utm=2?&sp_click=CLICK"),
        ("https://shop.example/a?", None, "utm=2", "https://shop.example/a?utm=2&sp_click=CLICK"),
        ("https://shop.example/a?sp_click=x&own=1", None, "", "https://shop.example/a?own=1&sp_click=CLICK"),
        // The path replaces the listing's.
        ("https://shop.example/a/b?own=1", Some("/c"), "", "https://shop.example/c?own=1&sp_click=CLICK"),
        ("https://shop.example/a", Some("/"), "", "https://shop.example/?sp_click=CLICK"),
        (
            "https://shop.example/a",
            Some("/größe/@x"),
            "",
            "https://shop.example/gr%C3%B6%C3%9Fe/@x?sp_click=CLICK",
        ),
        // The visitor's query, byte for byte …
        (
            "https://shop.example/",
            None,
            "a=1&&b=%zz&c='\"|{}",
            "https://shop.example/?a=1&&b=%zz&c='\"|{}&sp_click=CLICK",
        ),
        ("https://shop.example/", None, "a=%2F&a=/&a", "https://shop.example/?a=%2F&a=/&a&sp_click=CLICK"),
        (
            "https://shop.example/",
            None,
            "url=https://x.example/?y",
            "https://shop.example/?url=https://x.example/?y&sp_click=CLICK",
        ),
        // … except for characters that no header can carry or that would swallow the click id.
        ("https://shop.example/", None, "a=ü b", "https://shop.example/?a=%C3%BC%20b&sp_click=CLICK"),
        (
            "https://shop.example/",
            None,
            "a=1\r\nset-cookie: x",
            "https://shop.example/?a=1%0D%0Aset-cookie:%20x&sp_click=CLICK",
        ),
        ("https://shop.example/", None, "a=1#b", "https://shop.example/?a=1&sp_click=CLICK"),
        // An incoming click id is dropped, however it is encoded.
        ("https://shop.example/", None, "sp_click=old", "https://shop.example/?sp_click=CLICK"),
        (
            "https://shop.example/",
            None,
            "a=1&sp_click=old&b=2&sp_click",
            "https://shop.example/?a=1&b=2&sp_click=CLICK",
        ),
        (
            "https://shop.example/",
            None,
            "%73p_click=old&sp%5fclick=old&sp%5Fclick=old",
            "https://shop.example/?sp_click=CLICK",
        ),
        // Parameters with similar names are kept.
        (
            "https://shop.example/",
            None,
            "xsp_click=1&sp_clicks=2&SP_CLICK=3&a=sp_click=4",
            "https://shop.example/?xsp_click=1&sp_clicks=2&SP_CLICK=3&a=sp_click=4&sp_click=CLICK",
        ),
    ] {
        assert_eq!(address(listing, path, query).as_deref(), Some(expected), "{listing} {path:?} {query}");
    }
}

/// What an app reads from a URL: the content of its one `referrer`.
#[cfg(test)]
fn referrer(address: &str) -> Vec<(String, String)> {
    let url = Url::parse(address).unwrap();
    let mut values = url.query_pairs().filter(|(name, _)| name == "referrer");
    let (_, value) = values.next().unwrap();
    assert!(values.next().is_none(), "{address}");
    url::form_urlencoded::parse(value.as_bytes()).into_owned().collect()
}

#[test]
fn a_click_id_inside_the_referrer() {
    for (listing, query, expected) in [
        ("?id=com.acme.app", "", "?id=com.acme.app&referrer=sp_click%3DCLICK"),
        ("", "", "?referrer=sp_click%3DCLICK"),
        ("?id=com.acme.app", "hl=de", "?id=com.acme.app&hl=de&referrer=sp_click%3DCLICK"),
        // What the listing's and the visitor's say stays, in their order.
        (
            "?id=com.acme.app&referrer=utm_source%3Dacme&hl=en",
            "",
            "?id=com.acme.app&hl=en&referrer=utm_source%3Dacme%26sp_click%3DCLICK",
        ),
        (
            "?id=com.acme.app&referrer=utm_source%3Dacme%26utm_medium%3Dad",
            "hl=de&referrer=utm_term%3Da",
            "?id=com.acme.app&hl=de&referrer=utm_source%3Dacme%26utm_medium%3Dad%26utm_term%3Da%26sp_click%3DCLICK",
        ),
        (
            "?id=com.acme.app",
            "referrer=a%3D1&b=2&referrer=c%3D3",
            "?id=com.acme.app&b=2&referrer=a%3D1%26c%3D3%26sp_click%3DCLICK",
        ),
        ("?referrer=", "referrer", "?referrer=sp_click%3DCLICK"),
        // Escaped once, whatever way it was written: plus, space, and an escape within.
        (
            "?id=a&referrer=utm_source=acme&x=1",
            "%72eferrer=t%3Da+b%2Bc%20d%2526e&y=ü",
            "?id=a&x=1&y=%C3%BC&referrer=utm_source%3Dacme%26t%3Da%20b%2Bc%20d%2526e%26sp_click%3DCLICK",
        ),
        ("?id=a", "referrer=ü%ff%3D1", "?id=a&referrer=%C3%BC%EF%BF%BD%3D1%26sp_click%3DCLICK"),
        ("?id=a", "referrer=a%0D%0Ab%3D1#c", "?id=a&referrer=a%0D%0Ab%3D1%26sp_click%3DCLICK"),
        // An incoming click id is dropped, outside and inside.
        (
            "?id=a&sp_click=x&referrer=sp_click%3Dx%26a%3D1",
            "sp_click=y&referrer=b%3D2%26sp_click%3Dy%26sp%255Fclick%3Dz%26%26xsp_click%3D3",
            "?id=a&referrer=a%3D1%26b%3D2%26xsp_click%3D3%26sp_click%3DCLICK",
        ),
    ] {
        let play = "https://play.google.com/store/apps/details";
        let destination =
            Destination::parse(&format!("{play}{listing}#part"), "sp_click", ClickIdTransport::Referrer);
        let address = destination.unwrap().url_for_visit(None, query, "sp_click", CLICK).unwrap();
        assert_eq!(address, format!("{play}{expected}#part"), "{listing} {query}");
        let carried = referrer(&address);
        let ours: Vec<_> = carried.iter().filter(|(name, _)| name == "sp_click").collect();
        assert_eq!(ours, [&("sp_click".to_owned(), CLICK.to_owned())], "{address}");
    }
}

#[test]
fn a_parameter_whose_name_needs_decoding_is_found_too() {
    let destination =
        Destination::parse("https://shop.example/?click id=1&x=2", "click id", ClickIdTransport::Parameter)
            .unwrap();
    let address = destination.url_for_visit(None, "click+id=3&click%20id=4&y=5", "click id", CLICK);
    // Such a name is refused at creation; here it must only be harmless.
    assert_eq!(address.as_deref(), Some("https://shop.example/?x=2&y=5&click id=CLICK"));
}

#[test]
fn only_web_addresses_are_destinations() {
    for url in [
        "",
        "/a",
        "shop.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://",
        "ftp://x/",
    ] {
        assert_eq!(Destination::parse(url, "sp_click", ClickIdTransport::Parameter), None, "{url}");
    }
}

const UNSAFE: &[&str] = &[
    "",
    "a",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\evil.example",
    "/a\\b",
    "@evil.example",
    ".evil.example",
    ":8080/",
    "https://evil.example/",
    "/..",
    "/../a",
    "/a/..",
    "/a/../b",
    "/./a",
    "/a/.",
    "/%2e%2e/a",
    "/%2E./a",
    "/.%2e",
    "/a/%2e",
    "/%2f%2fevil.example",
    "/%2Fevil.example",
    "/a%2fb",
    "/%5cevil.example",
    "/a%5Cb",
    "/a?b",
    "/a#b",
    "/a b",
    " /a",
    "/a ",
    "/a\tb",
    "/\t/evil.example",
    "/a\r\nb",
    "/\n/evil.example",
    "/a\u{0}b",
    "/a\u{7f}b",
    "/a\u{85}b",
    "/a\u{2028}b",
    "/a\u{a0}b",
    "/a%00b",
    "/a%0d%0ab",
    "/a%7f",
    "/%",
    "/%2",
    "/%zz",
    "/%é",
];

#[test]
fn paths_that_lead_elsewhere_are_refused_at_creation_and_harmless_at_the_redirect() {
    for path in UNSAFE {
        assert!(!path_is_safe(path), "{path:?}");
        // In a store, a question mark begins the link's own query.
        let own = path.replace('?', "?#");
        assert_eq!(address("https://shop.example/", Some(&own), "a=1"), None, "{path:?}");
    }
    for (own, expected) in [
        ("?", "https://shop.example/app?own=1&a=1&sp_click=CLICK"),
        ("?x=1", "https://shop.example/app?own=1&x=1&a=1&sp_click=CLICK"),
        ("/b?x=1&sp_click=y&z", "https://shop.example/b?own=1&x=1&z&a=1&sp_click=CLICK"),
        ("/b?x?=/..", "https://shop.example/b?own=1&x?=/..&a=1&sp_click=CLICK"),
    ] {
        assert_eq!(address("https://shop.example/app?own=1", Some(own), "a=1").as_deref(), Some(expected));
    }
    assert!(path_is_safe(&format!("/{}", "a".repeat(MAX_PATH_BYTES - 1))));
    assert!(!path_is_safe(&format!("/{}", "a".repeat(MAX_PATH_BYTES))));
}

#[test]
fn ordinary_paths_are_accepted() {
    for path in [
        "/",
        "/a",
        "/a/",
        "/a//b",
        "/a/b.html",
        "/...",
        "/a/..b",
        "/.well-known/x",
        "/@name",
        "/a:b",
        "/%20",
        "/gr%C3%B6%C3%9Fe",
        "/größe",
        "/100%25",
        "/a;b=c,d",
        "/~a/(b)'!*",
    ] {
        assert!(path_is_safe(path), "{path}");
        assert!(address("https://shop.example/", Some(path), "").is_some(), "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: times(2000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_path_and_query_say_the_origin_stays_and_the_click_id_is_the_only_one(
        path in proptest::option::of("[/\\\\.%2eEfF5cC@:a?# \t\n]{0,12}|\\PC{0,12}"),
        query in "[a&=%#?/\\\\sp_click5F+]{0,40}|\\PC{0,40}",
        listing in prop_oneof![
            Just("https://shop.example"), Just("https://shop.example:8443/x/y?own=1#f"), Just("http://[::1]/?sp_click=0"),
        ],
    ) {
        if let Some(address) = address(listing, path.as_deref(), &query) {
            let (parsed, home) = (Url::parse(&address).unwrap(), Url::parse(listing).unwrap());
            prop_assert_eq!(parsed.origin(), home.origin());
            prop_assert_eq!(parsed.username(), "");
            prop_assert!(address.bytes().all(|b| b.is_ascii_graphic()), "{}", address);
            let clicks: Vec<_> = parsed.query_pairs().filter(|(name, _)| name == "sp_click").collect();
            prop_assert_eq!(clicks.len(), 1, "{}", address);
            prop_assert_eq!(&clicks[0].1, CLICK);
        } else {
            prop_assert!(path.is_some(), "only a path can be refused");
        }
    }

    #[test]
    fn whatever_queries_say_there_is_one_referrer_with_one_click_id(
        own in "[a&=%+referrer26sp_click5F]{0,40}",
        query in "[a&=%#?+referrer26sp_click5F]{0,60}|\\PC{0,40}",
    ) {
        let listing = format!("https://play.example/details?id=a&referrer={own}");
        let destination = Destination::parse(&listing, "sp_click", ClickIdTransport::Referrer).unwrap();
        let address = destination.url_for_visit(None, &query, "sp_click", CLICK).unwrap();
        prop_assert!(address.bytes().all(|b| b.is_ascii_graphic()), "{}", address);
        let parsed = Url::parse(&address).unwrap();
        prop_assert_eq!(parsed.host_str(), Some("play.example"));
        prop_assert!(parsed.query_pairs().all(|(name, _)| name != "sp_click"), "{}", address);
        let clicks: Vec<_> = referrer(&address).into_iter().filter(|(name, _)| name == "sp_click").collect();
        prop_assert_eq!(clicks, [("sp_click".to_owned(), CLICK.to_owned())], "{}", address);
    }

    #[test]
    fn a_safe_path_is_the_path_that_a_browser_asks_for(path in "/[/\\\\.%2eEfFa-z0-9@:;,+ß]{0,16}") {
        if path_is_safe(&path) {
            let parsed = Url::parse(&format!("https://shop.example{path}")).unwrap();
            prop_assert_eq!(parsed.host_str(), Some("shop.example"));
            prop_assert_eq!(parsed.path(), path.replace('ß', "%C3%9F"));
        }
    }
}
