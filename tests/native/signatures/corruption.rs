//! Every valid vector, corrupted at every position.

use crate::signatures::cases::{Case, Form, Location, valid};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use signpost::marketplace::signature::{Refusal, Scheme};
use vectors::vector::Request;

#[track_caller]
fn refused(case: &Case, request: &Request, refusal: Refusal, what: &str) {
    assert_eq!(case.verify(request), Err(refusal), "{}: {what}\n{request:?}", case.id);
}

#[test]
fn uncorrupted_all_are_accepted() {
    for case in valid() {
        assert_eq!(case.verify(&case.vector.request), Ok(()), "{}", case.id);
        // This shows that `with_tag` encodes correctly, so that the refusals below are caused by the corruptions.
        assert_eq!(case.verify(&case.with_tag(&case.tag())), Ok(()), "{}", case.id);
    }
}

#[test]
fn each_bit_of_the_signature_counts() {
    for case in valid() {
        let tag = case.tag();
        for bit in 0..tag.len() * 8 {
            let mut flipped = tag.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let refusal = match case.form {
                // The secret in a path is text. Its characters are changed below.
                Form::Plain => continue,
                Form::Basic if !flipped.contains(&b':') => Refusal::MalformedSignature,
                _ => Refusal::BadSignature,
            };
            refused(&case, &case.with_tag(&flipped), refusal, &format!("bit {bit}"));
        }
    }
}

/// Whether a text is a correctly encoded signature of 32 bytes, according to another implementation than the tested
/// one.
fn is_well_encoded(form: Form, text: &str) -> bool {
    let hexadecimal = |text: &[u8]| HEXLOWER.decode(text).is_ok_and(|tag| tag.len() == 32);
    match form {
        Form::Base64 | Form::Versioned | Form::Canvas => {
            BASE64.decode(text.as_bytes()).is_ok_and(|tag| tag.len() == 32)
        }
        Form::Hex => hexadecimal(text.as_bytes()),
        Form::Jwt => BASE64URL_NOPAD.decode(text.as_bytes()).is_ok_and(|tag| tag.len() == 32),
        Form::Legacy => BASE64.decode(text.as_bytes()).is_ok_and(|tag| hexadecimal(&tag)),
        Form::Basic => BASE64.decode(text.as_bytes()).is_ok_and(|credentials| credentials.contains(&b':')),
        Form::Plain => true,
    }
}

#[test]
fn each_character_of_the_signature_counts() {
    for case in valid() {
        let (before, written, after) = case.around();
        for at in 0..written.len() {
            // One changed bit, the other case (hexadecimal allows one case only), and a character outside of all
            // alphabets.
            let byte = written.as_bytes()[at];
            for replaced in [byte ^ 1, byte ^ 0x20, b'~'] {
                if replaced == byte || !(0x21..0x7f).contains(&replaced) || b"#?/.".contains(&replaced) {
                    continue;
                }
                let mut text = written.clone().into_bytes();
                text[at] = replaced;
                let text = String::from_utf8(text).unwrap();
                let refusal = if is_well_encoded(case.form, &text) {
                    Refusal::BadSignature
                } else {
                    Refusal::MalformedSignature
                };
                let request = case.with_text(&format!("{before}{text}{after}"));
                refused(&case, &request, refusal, &format!("character {at} → {:?}", char::from(replaced)));
            }
        }
    }
}

#[test]
fn a_shortened_lengthened_or_empty_signature_is_malformed() {
    for case in valid().into_iter().filter(|case| !matches!(case.form, Form::Plain | Form::Basic)) {
        let tag = case.tag();
        let longer = [tag.as_slice(), &[0]].concat();
        for (what, tag) in [("31 bytes", &tag[..31]), ("33 bytes", &longer), ("no bytes", &[])] {
            refused(&case, &case.with_tag(tag), Refusal::MalformedSignature, what);
        }
        let (before, written, after) = case.around();
        for text in ["", " ", "=", &written.repeat(2), written.trim_end_matches('='), &format!("{written}=")]
        {
            if text != written {
                let request = case.with_text(&format!("{before}{text}{after}"));
                refused(&case, &request, Refusal::MalformedSignature, text);
            }
        }
    }
}

#[test]
fn the_signature_stands_there_once() {
    for case in valid() {
        let (missing, twice) = match case.location {
            Location::Header("shopify-hmac-sha256") => (
                Refusal::MissingHeader("X-Shopify-Hmac-Sha256"),
                Refusal::DuplicateHeader("Shopify-Hmac-Sha256"),
            ),
            // Without the header, the token may be in the query.
            Location::Header(name) if case.scheme == Scheme::ShopifySessionToken => {
                (Refusal::MissingParameter("id_token"), Refusal::DuplicateHeader(name))
            }
            Location::Header(name) => (Refusal::MissingHeader(name), Refusal::DuplicateHeader(name)),
            Location::Query(name) | Location::Form(name) => {
                (Refusal::MissingParameter(name), Refusal::DuplicateParameter)
            }
            Location::Path => (Refusal::MalformedSignature, Refusal::MalformedSignature),
        };
        refused(&case, &case.without(), missing, "missing");
        refused(&case, &case.with_text(""), Refusal::MalformedSignature, "empty");
        if let Some(request) = case.twice() {
            refused(&case, &request, twice, "twice");
        }
    }
}

#[test]
fn the_case_of_a_header_and_the_space_around_its_value_do_not_count() {
    for case in valid() {
        let mut request = case.vector.request.clone();
        for (name, value) in &mut request.headers {
            *name = name.to_uppercase();
            *value = format!(" \t{value} ");
        }
        assert_eq!(case.verify(&request), Ok(()), "{}", case.id);
    }
}

/// Whether the scheme signs the raw body.
fn signs_body(scheme: Scheme) -> bool {
    match scheme {
        Scheme::AdobeIoEventsLegacyHmac
        | Scheme::BigcommerceWebhook
        | Scheme::HubspotV1
        | Scheme::HubspotV2
        | Scheme::HubspotV3
        | Scheme::ShopifyWebhook
        | Scheme::WooSaasBillingWebhook
        | Scheme::WoocommerceWebhook => true,
        Scheme::BigcommerceSignedPayloadJwt
        | Scheme::BigcommerceSignedPayloadLegacy
        | Scheme::DigitaloceanBasicAuth
        | Scheme::DigitaloceanSso
        | Scheme::SalesforceCanvasSignedRequest
        | Scheme::SalesforceOutboundMessage
        | Scheme::ShopifyOauthQuery
        | Scheme::ShopifySessionToken => false,
    }
}

#[test]
fn each_byte_of_a_signed_body_counts() {
    for case in valid().into_iter().filter(|case| signs_body(case.scheme)) {
        for at in 0..case.vector.request.body.len() {
            let mut request = case.vector.request.clone();
            request.body[at] ^= 1;
            refused(&case, &request, Refusal::BadSignature, &format!("byte {at} of the body"));
        }
        for (what, change) in [
            ("longer", (|body| body.push(b'\n')) as fn(&mut Vec<u8>)),
            ("with a byte order mark", |body| drop(body.splice(..0, *b"\xEF\xBB\xBF"))),
        ] {
            let mut request = case.vector.request.clone();
            change(&mut request.body);
            refused(&case, &request, Refusal::BadSignature, what);
        }
    }
}

#[test]
fn each_character_of_a_signed_header_field_or_uri_counts() {
    for case in valid() {
        match case.scheme {
            Scheme::BigcommerceWebhook => flip_headers(&case, &["webhook-id", "webhook-timestamp"]),
            Scheme::HubspotV3 => {
                flip_headers(&case, &["X-HubSpot-Request-Timestamp"]);
                flip_uri(&case);
            }
            Scheme::HubspotV2 => flip_uri(&case),
            Scheme::DigitaloceanSso => {
                let body = String::from_utf8(case.vector.request.body.clone()).unwrap();
                for name in ["timestamp=", "resource_uuid="] {
                    let start = body.find(name).unwrap() + name.len();
                    let end = body[start..].find('&').map_or(body.len(), |length| start + length);
                    for at in start..end {
                        let mut request = case.vector.request.clone();
                        request.body[at] ^= 1;
                        refused(&case, &request, Refusal::BadSignature, &format!("byte {at} of the form"));
                    }
                }
            }
            Scheme::ShopifyOauthQuery => flip_query(&case),
            _ => {}
        }
    }
}

fn flip_headers(case: &Case, names: &[&str]) {
    for name in names {
        let found = case.vector.request.headers.iter().position(|(known, _)| known == name).unwrap();
        for at in 0..case.vector.request.headers[found].1.len() {
            let mut request = case.vector.request.clone();
            // A digit with its lowest bit changed is still a digit.
            request.headers[found].1 = flip(&request.headers[found].1, at);
            refused(case, &request, Refusal::BadSignature, &format!("character {at} of {name}"));
        }
        let mut request = case.vector.request.clone();
        request.headers.remove(found);
        let missing = case.verify(&request);
        assert!(matches!(missing, Err(Refusal::MissingHeader(known)) if known == *name), "{missing:?}");
    }
}

fn flip_uri(case: &Case) {
    for at in 0..case.vector.request.url.len() {
        let mut request = case.vector.request.clone();
        request.url = flip(&request.url, at);
        refused(case, &request, Refusal::BadSignature, &format!("character {at} of the URL"));
    }
    let mut request = case.vector.request.clone();
    request.method = "PUT".to_owned();
    refused(case, &request, Refusal::BadSignature, "another method");
}

fn flip_query(case: &Case) {
    let url = &case.vector.request.url;
    let query = url.find('?').unwrap() + 1;
    let signature = url.find("hmac=").unwrap();
    let timestamp = url.find("timestamp=").unwrap();
    let value = signature + "hmac=".len()..signature + "hmac=".len() + 64;
    for at in (query..url.len()).filter(|at| !value.contains(at)) {
        let mut request = case.vector.request.clone();
        request.url = flip(url, at);
        let raw = &request.url[query..];
        let outcome = case.verify(&request);
        // The character before a name or after a value separates the parameter from its neighbour.
        let named_otherwise = |start: usize, name: &str| {
            (start..start + name.len()).contains(&at) || (at + 1 == start && start > query)
        };
        let expected = if percent_encoding::percent_decode_str(raw).decode_utf8().is_err() {
            Refusal::MalformedParameters
        } else if named_otherwise(signature, "hmac=") {
            Refusal::MissingParameter("hmac")
        } else if at == signature + "hmac=".len() + 64 {
            Refusal::MalformedSignature
        } else if named_otherwise(timestamp, "timestamp=") {
            Refusal::MissingParameter("timestamp")
        } else if at == timestamp + "timestamp=".len() + 10 {
            Refusal::MalformedTime
        } else {
            Refusal::BadSignature
        };
        assert_eq!(outcome, Err(expected), "{}: character {at} of {}", case.id, request.url);
    }
}

fn flip(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] ^= 1;
    String::from_utf8(bytes).unwrap()
}

#[test]
fn each_character_of_a_token_counts() {
    for case in valid() {
        let (before, written, after) = case.around();
        let payload = match case.form {
            Form::Jwt | Form::Legacy => before.trim_start_matches("Bearer ").to_owned(),
            Form::Canvas => after.clone(),
            _ => continue,
        };
        let prefix = before.len() - if case.form == Form::Canvas { 0 } else { payload.len() };
        let dots = |at: usize| payload.as_bytes()[at] == b'.';
        for at in (0..payload.len()).filter(|at| !dots(*at)) {
            let changed = flip(&payload, at);
            // `.` and `/` differ in one bit, so a changed character may become a new dot.
            if changed.matches('.').count() != payload.matches('.').count() {
                continue;
            }
            let refusal = match case.form {
                Form::Legacy if BASE64.decode(changed.trim_end_matches('.').as_bytes()).is_err() => {
                    Refusal::MalformedSignature
                }
                Form::Jwt => header_refusal(&changed).unwrap_or(Refusal::BadSignature),
                _ => Refusal::BadSignature,
            };
            let text = match case.form {
                Form::Canvas => format!("{before}{written}{changed}"),
                _ => format!("{}{changed}{written}", &before[..prefix]),
            };
            refused(&case, &case.with_text(&text), refusal, &format!("character {at} of the token"));
        }
    }
}

/// The refusal that a token's header causes, computed independently of the tested code.
fn header_refusal(token: &str) -> Option<Refusal> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
    let header = header.ok().and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
    match header.as_ref().and_then(|header| header.get("alg")).map(|alg| alg.as_str()) {
        Some(Some("HS256")) => None,
        Some(Some(_)) => Some(Refusal::WrongAlgorithm),
        Some(None) | None => Some(Refusal::MalformedSignature),
    }
}
