//! Keys, certificates and signatures in DER and PEM: only the canonical encoding is accepted.

use crate::signatures::issuer::{forms, verify_request, x5c};
use base64::{Engine, engine::general_purpose::STANDARD};
use p256::{ecdsa::signature::Signer, pkcs8::EncodePublicKey};
use serde_json::json;
use signpost::marketplace::signature::{
    Expected, Refusal, TokenScheme, Trust,
    public_key::{self, Algorithm, KeyError, PublicKey},
};
use vectors::vector::Request;

const RSA_PEM: &str = include_str!("platforms/keys/one_public.pem");

fn key() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    [&[0x30, u8::try_from(value.len()).unwrap()], value.as_slice()].concat()
}

/// `der` with the only occurrence of `from` replaced.
fn with(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(der.windows(from.len()).filter(|window| *window == from).count(), 1);
    let at = der.windows(from.len()).position(|window| window == from).unwrap();
    [&der[..at], to, &der[at + from.len()..]].concat()
}

#[test]
fn a_key_of_rsa_names_no_parameters() {
    let body: String = RSA_PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    let key = public_key::from_pem(RSA_PEM).unwrap();
    assert_eq!(PublicKey::from_spki(&der), Ok(key));
    let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
    for (what, to) in [
        ("parameters of another type", [&algorithm[..13], &[4, 0]].concat()),
        ("PSS", [&algorithm[..12], &[10, 5, 0]].concat()),
        ("a length in more bytes than it needs", [&[0x30, 0x81], &algorithm[1..]].concat()),
        ("an indefinite length", [&[0x30, 0x80], &algorithm[2..]].concat()),
        ("a set", [&[0x31], &algorithm[1..]].concat()),
    ] {
        assert_eq!(PublicKey::from_spki(&with(&der, &algorithm, &to)), Err(KeyError), "{what}");
    }
    assert_eq!(PublicKey::from_spki(&with(&der, &[2, 3, 1, 0, 1], &[2, 3, 0x81, 0, 1])), Err(KeyError));
    assert_eq!(PublicKey::from_spki(&[&der[..], &[0]].concat()), Err(KeyError));
    assert_eq!(PublicKey::from_spki(&der[..der.len() - 1]), Err(KeyError));
    assert_eq!(PublicKey::from_spki(&[]), Err(KeyError));
}

#[test]
fn a_key_on_a_curve_names_it() {
    let point = |compressed| key().verifying_key().to_sec1_point(compressed).as_bytes().to_vec();
    let whole = key().verifying_key().to_public_key_der().unwrap().into_vec();
    let expected = PublicKey::from_spki(&whole).unwrap();
    let of = |curve: &[u8], unused: u8, point: &[u8]| {
        let ec: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
        let length = u8::try_from(point.len() + 1).unwrap();
        PublicKey::from_spki(&sequence(&[&sequence(&[ec, curve]), &[3, length, unused], point]))
    };
    let p256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    assert_eq!(of(p256, 0, &point(false)), Ok(expected.clone()));
    assert_eq!(of(p256, 0, &point(true)), Ok(expected));
    let p384: &[u8] = &[6, 5, 0x2b, 0x81, 4, 0, 0x22];
    for (what, outcome) in [
        ("P-384", of(p384, 0, &point(false))),
        ("no curve", of(&[], 0, &point(false))),
        ("a curve and more", of(&[p256, &[5, 0]].concat(), 0, &point(false))),
        ("P-521", of(&[6, 5, 0x2b, 0x81, 4, 0, 0x23], 0, &point(false))),
        ("bits", of(p256, 1, &point(false))),
        ("nowhere", of(p256, 0, &[0])),
        ("short", of(p256, 0, &point(false)[..64])),
    ] {
        assert_eq!(outcome, Err(KeyError), "{what}");
    }
}

#[test]
fn a_signature_is_two_numbers() {
    let public = PublicKey::from_spki(key().verifying_key().to_public_key_der().unwrap().as_bytes()).unwrap();
    let signature: p256::ecdsa::Signature = key().sign(b"message");
    let der = signature.to_der().as_bytes().to_vec();
    let check = |der: &[u8]| public.verify(Algorithm::P256Sha256Der, b"message", der).map_err(Refusal::from);
    assert_eq!(check(&der), Ok(()));
    let one: &[u8] = &[2, 1, 1];
    assert_eq!(check(&sequence(&[one, one])), Err(Refusal::BadSignature));
    let wide = [&[2, 33, 1][..], &[0; 32]].concat();
    for (what, der) in [
        ("more behind it", [&der[..], &[0]].concat()),
        ("one number", sequence(&[one])),
        ("three", sequence(&[one, one, one])),
        ("nought", sequence(&[one, &[2, 1, 0]])),
        ("a negative number", sequence(&[one, &[2, 1, 0x81]])),
        ("a nought before it", sequence(&[one, &[2, 2, 0, 1]])),
        ("no number", sequence(&[one, &[2, 0]])),
        ("a number of another length", sequence(&[one, &wide])),
        ("a length in two bytes", [&[0x30, 0x81, 6], one, one].concat()),
        ("side by side", signature.to_bytes().to_vec()),
    ] {
        assert_eq!(check(&der), Err(Refusal::MalformedSignature), "{what}");
    }
}

#[test]
fn a_certificate_is_of_its_version() {
    let [leaf, intermediate, root] = forms().map(|form| form.issue());
    let check = |leaf: Vec<u8>| {
        let body = json!(x5c(&[leaf, intermediate.clone(), root.clone()])).to_string();
        let url = "https://hooks.example.com/apple".to_owned();
        let request =
            Request { method: "POST".to_owned(), url, headers: Vec::new(), body: body.into_bytes() };
        let trust = Trust { roots: vec![root.clone()], ..Trust::default() };
        verify_request(TokenScheme::AppleX5cChain, &request, &trust, &Expected::default())
    };
    let version = [0xa0, 3, 2, 1, 2];
    assert_eq!(check(leaf.clone()), Ok(()));
    for to in [[0xa0, 3, 2, 1, 1], [0xa0, 3, 2, 1, 0], [0xa0, 3, 2, 1, 3], [0xa1, 3, 2, 1, 2]] {
        assert_eq!(check(with(&leaf, &version, &to)), Err(Refusal::MalformedSignature), "{to:?}");
    }
    // In DER, `TRUE` has only one encoding. Dates must be valid.
    assert_eq!(check(with(&leaf, &[1, 1, 0xff, 4, 2], &[1, 1, 1, 4, 2])), Err(Refusal::MalformedSignature));
    assert_eq!(check(with(&leaf, b"210101000000Z", b"211301000000Z")), Err(Refusal::MalformedSignature));
}

#[test]
fn a_text_holds_one_thing_in_lines_of_one_length() {
    let whole = public_key::from_pem(RSA_PEM);
    assert_eq!(public_key::from_pem(RSA_PEM.trim_end()), whole);
    assert_eq!(public_key::from_pem(&RSA_PEM.replace('\n', "\r\n")), whole);
    assert_eq!(public_key::from_pem(&format!("For Adobe\n{RSA_PEM}")), whole);
    let lines: Vec<&str> = RSA_PEM.lines().collect();
    for (what, text) in [
        ("two", format!("{RSA_PEM}{RSA_PEM}")),
        ("more behind it", format!("{RSA_PEM}For Adobe\n")),
        (
            "other lines",
            format!("{}\n{}\n{}\n", lines[0], lines[1..lines.len() - 1].concat(), lines.last().unwrap()),
        ),
        ("a line less one", RSA_PEM.replacen("MII", "MI\nI", 1)),
        ("a space", RSA_PEM.replacen('\n', " \n", 1)),
        ("another label", RSA_PEM.replace("PUBLIC KEY", "RSA PUBLIC KEY")),
        ("two labels", RSA_PEM.replacen("BEGIN PUBLIC KEY", "BEGIN CERTIFICATE", 1)),
        ("another end", RSA_PEM.replacen("END PUBLIC KEY", "END CERTIFICATE", 1)),
        ("nothing", format!("{}\n{}\n", lines[0], lines.last().unwrap())),
    ] {
        assert_eq!(public_key::from_pem(&text), Err(KeyError), "{what}");
    }
}
