//! Requests to AWS: the signatures of AWS's own documentation, and requests that cannot be signed.

use super::noon;
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::platforms::sigv4::{AccessKey, Scope, SigningError, Unsigned, sign},
};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const KEY: AccessKey<'_> = AccessKey { id: "AKIDEXAMPLE", secret: SECRET, session_token: None };
const SCOPE: Scope<'_> = Scope { region: "us-east-1", service: "service" };

/// The signature of a request at the time of AWS's examples.
fn signature(method: &str, url: &str, headers: &[(&str, &str)], body: &str, service: &str) -> String {
    let request = Unsigned { method, url, headers, body: body.as_bytes() };
    let at = Timestamp::parse("2015-08-30T12:36:00Z").unwrap();
    let signed = sign(&request, KEY, Scope { service, ..SCOPE }, at).unwrap();
    assert_eq!(signed[0], ("x-amz-date", "20150830T123600Z".to_owned()));
    signed.last().unwrap().1.rsplit_once("Signature=").unwrap().1.to_owned()
}

/// The IAM example of the former General Reference, and the first cases of AWS's test suite for Signature Version 4.
#[test]
fn a_request_is_signed_as_aws_prints_it() {
    let list = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08";
    let form = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
    assert_eq!(
        signature("GET", list, &form, "", "iam"),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );
    for (method, url, expected) in [
        (
            "GET",
            "https://example.amazonaws.com/",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "POST",
            "https://example.amazonaws.com/",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
    ] {
        assert_eq!(signature(method, url, &[], "", "service"), expected, "{method} {url}");
    }
}

#[test]
fn one_request_has_one_signature() {
    let sign = |url: &str, headers: &[(&str, &str)]| signature("GET", url, headers, "", "service");
    let host = "https://example.amazonaws.com";
    assert_eq!(sign(&format!("{host}/?b=1&a=2&a=1"), &[]), sign(&format!("{host}/?a=1&a=2&b=1"), &[]));
    assert_eq!(sign(&format!("{host}/?a=%7e"), &[]), sign(&format!("{host}/?a=~"), &[]));
    assert_eq!(sign(&format!("{host}/?a"), &[]), sign(&format!("{host}/?a="), &[]));
    assert_eq!(sign(&format!("{host}:443"), &[]), sign(&format!("{host}/"), &[]));
    assert_eq!(sign(host, &[("B", " x  y "), ("a", "1")]), sign(host, &[("A", "1"), ("b", "x y")]));
    for (one, other) in
        [("/?a=1", "/?a=2"), ("/a", "/b"), ("/a b", "/a+b"), ("/?a=+", "/?a=%20"), ("/", "/a")]
    {
        assert_ne!(sign(&format!("{host}{one}"), &[]), sign(&format!("{host}{other}"), &[]));
    }
    assert_ne!(sign(host, &[("a", "1")]), sign(host, &[("a", "2")]));
    assert_ne!(sign(host, &[]), sign("https://example.amazonaws.com:8443", &[]));
}

#[test]
fn what_would_be_read_otherwise_than_signed_is_not_signed() {
    let sign = |url: &str, headers: &[(&str, &str)], key, scope| {
        sign(&Unsigned { method: "POST", url, headers, body: b"" }, key, scope, noon()).map(drop)
    };
    let host = "https://example.amazonaws.com/";
    for url in ["", "/", "http://example.amazonaws.com/", "ftp://example.amazonaws.com/", "https://h/?a=%ff"]
    {
        assert_eq!(sign(url, &[], KEY, SCOPE), Err(SigningError::Url), "{url}");
    }
    for headers in [
        &[("a", "1"), ("A", "1")][..],
        &[("Host", "attacker.example")],
        &[("X-Amz-Date", "20150830T123600Z")],
        &[("Authorization", "x")],
        &[("X-Amz-Security-Token", "x")],
        &[("a", "1\nx-amz-target:b")],
        &[("a:b", "1")],
        &[("", "1")],
    ] {
        assert_eq!(sign(host, headers, KEY, SCOPE), Err(SigningError::Header), "{headers:?}");
    }
    for (id, secret, session_token) in [
        ("", SECRET, None),
        ("AKID/EXAMPLE", SECRET, None),
        ("AKID EXAMPLE", SECRET, None),
        ("AKIDEXAMPLE", "", None),
        ("AKIDEXAMPLE", SECRET, Some("")),
        ("AKIDEXAMPLE", SECRET, Some("a\r\nb")),
    ] {
        assert_eq!(
            sign(host, &[], AccessKey { id, secret, session_token }, SCOPE),
            Err(SigningError::Key),
            "{id}"
        );
    }
    for (region, service) in [("", "s"), ("r", ""), ("r/x", "s"), ("r", "s s")] {
        assert_eq!(sign(host, &[], KEY, Scope { region, service }), Err(SigningError::Key));
    }
    assert!(!format!("{KEY:?}").contains(SECRET));
}
