//! Salesforce's outbound messages: the secret in the path, the organisation, and XML that must be refused.

use crate::signatures::signer::{ORGANIZATION, post, verify_request};
use signpost::marketplace::signature::{Parameters, Refusal, Scheme, Verifier};

const PATH: &str = "https://hooks.example.com/sf/om/a%20secret";

fn message(organization: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound">{organization}<ActionId>04k</ActionId>
<Notification><Id>04l</Id></Notification></notifications></soapenv:Body></soapenv:Envelope>"#
    )
}

fn organization(id: &str) -> String {
    message(&format!("<OrganizationId>{id}</OrganizationId>"))
}

fn outcome_of(url: &str, body: &str, known: &str) -> Result<(), Refusal> {
    let parameters = Parameters { organization_ids: vec![known.to_owned()], ..Parameters::default() };
    let verifier = Verifier::new(Scheme::SalesforceOutboundMessage, &["a%20secret"], parameters).unwrap();
    let request = post(url, &[], body);
    request.callback(|callback| verifier.verify(callback, crate::signatures::signer::now()).map(drop))
}

#[test]
fn the_last_segment_of_the_path_is_the_secret() {
    let body = organization(ORGANIZATION);
    for (url, expected) in [
        (PATH, Ok(())),
        ("https://hooks.example.com/a%20secret", Ok(())),
        ("https://hooks.example.com/sf/a%20secret?x=/y#/z", Ok(())),
        ("https://hooks.example.com/sf/a%20secret/", Err(Refusal::MalformedSignature)),
        ("https://hooks.example.com/sf/a secret", Err(Refusal::BadSignature)),
        ("https://hooks.example.com/a%20secret/guess", Err(Refusal::BadSignature)),
        ("https://hooks.example.com/sf/guess?a%20secret", Err(Refusal::BadSignature)),
        ("https://hooks.example.com/sf/guess?/a%20secret", Err(Refusal::BadSignature)),
        ("https://hooks.example.com/sf/a%20secretx", Err(Refusal::BadSignature)),
        ("https://hooks.example.com/sf/a%20secre", Err(Refusal::BadSignature)),
        ("https://hooks.example.com/", Err(Refusal::MalformedSignature)),
        ("", Err(Refusal::MalformedSignature)),
    ] {
        assert_eq!(outcome_of(url, &body, ORGANIZATION), expected, "{url}");
    }
}

#[test]
fn an_organisation_has_an_id_of_15_or_18_characters() {
    let short = &ORGANIZATION[..15];
    for (sent, known, expected) in [
        (ORGANIZATION, ORGANIZATION, Ok(())),
        (short, ORGANIZATION, Ok(())),
        (ORGANIZATION, short, Ok(())),
        (short, short, Ok(())),
        ("\n 00Dxx0000001gPLEAY ", ORGANIZATION, Ok(())),
        ("00Dxx0000001gPLEAX", ORGANIZATION, Err(Refusal::WrongIssuer)),
        ("00Dyy0000001gPLEAY", ORGANIZATION, Err(Refusal::WrongIssuer)),
        ("00dxx0000001gpleay", ORGANIZATION, Err(Refusal::WrongIssuer)),
        ("00Dxx0000001gPLEA", ORGANIZATION, Err(Refusal::WrongIssuer)),
        ("00Dxx0000001gP", "00Dxx0000001gP", Err(Refusal::WrongIssuer)),
        ("ééééééééé", ORGANIZATION, Err(Refusal::WrongIssuer)),
        ("", ORGANIZATION, Err(Refusal::MalformedBody)),
    ] {
        assert_eq!(outcome_of(PATH, &organization(sent), known), expected, "{sent:?} for {known}");
    }
}

#[test]
fn xml_that_is_not_to_be_read_is_refused() {
    let good = organization(ORGANIZATION);
    let id = format!("<OrganizationId>{ORGANIZATION}</OrganizationId>");
    let declared =
        |declaration: &str| good.replacen("<soapenv:Envelope", &format!("{declaration}<soapenv:Envelope"), 1);
    for (body, refusal) in [
        (String::new(), Refusal::EmptyBody),
        (declared("<!DOCTYPE a>"), Refusal::DocumentType),
        (declared(r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#), Refusal::DocumentType),
        (declared(r#"<!DOCTYPE a SYSTEM "https://evil.example/a.dtd">"#), Refusal::DocumentType),
        (organization("&x;"), Refusal::MalformedBody),
        (message(""), Refusal::MalformedBody),
        (message(&id.repeat(2)), Refusal::MalformedBody),
        // Parsers differ in which part of these they return.
        (organization("00Dxx0000<!-- -->001gPLEAY"), Refusal::MalformedBody),
        (organization("<a>00Dxx0000001gPLEAY</a>"), Refusal::MalformedBody),
        (good.replace("2005/09/outbound", "2005/09/other"), Refusal::MalformedBody),
        (good.replace("soap/envelope/", "soap/other/"), Refusal::MalformedBody),
        (good.replace("soapenv:Body", "soapenv:Header"), Refusal::MalformedBody),
        (
            good.replace("<notifications", "<a><notifications")
                .replace("</soapenv:Body>", "</a></soapenv:Body>"),
            Refusal::MalformedBody,
        ),
        (good[..good.len() - 3].to_owned(), Refusal::MalformedBody),
        (format!("{good}<a/>"), Refusal::MalformedBody),
        ("{}".to_owned(), Refusal::MalformedBody),
        (id, Refusal::MalformedBody),
        ("<a>".repeat(100_000), Refusal::MalformedBody),
        (format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)), Refusal::MalformedBody),
        (
            good.replace("<ActionId>", &format!("{}<ActionId>", "<a/>".repeat(200_000))),
            Refusal::MalformedBody,
        ),
    ] {
        let start: String = body.chars().take(700).collect();
        assert_eq!(outcome_of(PATH, &body, ORGANIZATION), Err(refusal), "{start}");
    }
    let mut request = post(PATH, &[], &good);
    request.url = format!("https://hooks.example.com/{}", crate::signatures::signer::SECRET);
    request.body.push(0xff);
    assert_eq!(verify_request(Scheme::SalesforceOutboundMessage, &request), Err(Refusal::MalformedBody));
}
