//! Link tokens, click ids and the key ring: golden vectors (made by another program in another language), and
//! properties of random tokens. These tests fail on a panic, if a second encoding of a token verifies, if a changed
//! bit goes unnoticed, or if a token of one kind passes as another.

use crate::support::random::times;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde::Deserialize;
use signpost::domain::{
    clicks::click::{CLICK_ID_LENGTH, Class, ClickId, Country, Device},
    links::{
        keyring::{KeyRing, KeyRingError, with_new_key},
        token::{LinkToken, TOKEN_LENGTH},
    },
    values::{entropy::SeededEntropy, time::Timestamp},
};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Vectors {
    ring: String,
    link_tokens: Vec<LinkVector>,
    click_ids: Vec<ClickVector>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct LinkVector {
    key: u8,
    link_no: u32,
    listing_no: u16,
    has_path: bool,
    expires_s: u32,
    token: String,
}

#[derive(Deserialize)]
struct ClickVector {
    key: u8,
    at_ms: i64,
    link_no: u32,
    shard: u8,
    country: Option<String>,
    device: String,
    class: String,
    gpc: bool,
    random: String,
    click_id: String,
}

#[derive(Deserialize)]
struct Refused {
    kind: String,
    why: String,
    text: String,
}

#[derive(Deserialize, serde::Serialize)]
struct RingText {
    sign: u8,
    keys: BTreeMap<String, String>,
}

#[cfg(test)]
mod support {
    use super::*;

    pub(crate) fn vectors() -> Vectors {
        serde_json::from_str(include_str!("../../../fixtures/tokens.json")).unwrap()
    }

    /// The vectors' ring with another signing key.
    pub(crate) fn signing_with(key: u8) -> KeyRing {
        let mut ring: RingText = serde_json::from_str(&vectors().ring).unwrap();
        ring.sign = key;
        KeyRing::parse(&serde_json::to_string(&ring).unwrap()).unwrap()
    }

    pub(crate) fn ring() -> KeyRing {
        KeyRing::parse(&vectors().ring).unwrap()
    }

    pub(crate) fn link_of(vector: &LinkVector) -> LinkToken {
        let LinkVector { link_no, listing_no, has_path, expires_s, .. } = *vector;
        LinkToken {
            link_no,
            listing_no,
            has_path,
            expires_s: Some(expires_s).filter(|seconds| *seconds != 0),
        }
    }

    pub(crate) fn click_of(vector: &ClickVector) -> ClickId {
        ClickId {
            at: Timestamp::from_ms(vector.at_ms).unwrap(),
            link_no: vector.link_no,
            shard: vector.shard,
            country: vector.country.as_deref().map(|text| Country::parse(text).unwrap()),
            device: (0..4).filter_map(Device::from_code).find(|d| d.as_str() == vector.device).unwrap(),
            class: (0..3).filter_map(Class::from_code).find(|c| c.as_str() == vector.class).unwrap(),
            gpc: vector.gpc,
            random: u32::from_str_radix(&vector.random, 16).unwrap().to_be_bytes(),
        }
    }
}
use support::*;

#[test]
fn golden_tokens_and_click_ids_are_reproduced_and_verify() {
    let vectors = vectors();
    for vector in &vectors.link_tokens {
        let token = link_of(vector);
        assert_eq!(token.mint(&signing_with(vector.key)).as_deref(), Some(vector.token.as_str()));
        assert_eq!(LinkToken::verify(&vector.token, &ring()), Some(token));
        assert_eq!(vector.token.len(), TOKEN_LENGTH);
    }
    for vector in &vectors.click_ids {
        let click = click_of(vector);
        assert_eq!(click.mint(&signing_with(vector.key)).as_deref(), Some(vector.click_id.as_str()));
        assert_eq!(ClickId::verify(&vector.click_id, &ring()), Some(click));
        assert_eq!(vector.click_id.len(), CLICK_ID_LENGTH);
    }
}

#[test]
fn golden_forgeries_are_refused() {
    for Refused { kind, why, text } in vectors().refused {
        let verified = match kind.as_str() {
            "link" => LinkToken::verify(&text, &ring()).is_some(),
            "click" => ClickId::verify(&text, &ring()).is_some(),
            other => panic!("the fixture names an unknown kind {other}"),
        };
        assert!(!verified, "{kind}: {why}");
    }
}

#[test]
fn rotation_keeps_old_tokens_and_removal_revokes_them() {
    let first = with_new_key(None, &mut SeededEntropy::new(1)).unwrap();
    let second = with_new_key(Some(&first), &mut SeededEntropy::new(2)).unwrap();
    let token = LinkToken { link_no: 5, listing_no: 1, has_path: false, expires_s: None };
    let old = token.mint(&KeyRing::parse(&first).unwrap()).unwrap();
    let rotated = KeyRing::parse(&second).unwrap();
    let new = token.mint(&rotated).unwrap();
    assert_ne!(old, new);
    assert_eq!(
        (LinkToken::verify(&old, &rotated), LinkToken::verify(&new, &rotated)),
        (Some(token), Some(token))
    );

    let mut revoked: RingText = serde_json::from_str(&second).unwrap();
    revoked.keys.remove("1");
    let revoked = KeyRing::parse(&serde_json::to_string(&revoked).unwrap()).unwrap();
    assert_eq!((LinkToken::verify(&old, &revoked), LinkToken::verify(&new, &revoked)), (None, Some(token)));
}

#[test]
fn a_ring_holds_sixteen_keys() {
    let mut text = with_new_key(None, &mut SeededEntropy::new(0)).unwrap();
    for seed in 1..16 {
        text = with_new_key(Some(&text), &mut SeededEntropy::new(seed)).unwrap();
        KeyRing::parse(&text).unwrap();
    }
    assert_eq!(with_new_key(Some(&text), &mut SeededEntropy::new(16)), Err(KeyRingError::Full));
}

#[test]
fn malformed_key_rings_are_refused_and_never_shown() {
    let key = URL_SAFE_NO_PAD.encode([1; 32]);
    for (text, error) in [
        (String::new(), KeyRingError::Malformed),
        (format!(r#"{{"sign":1,"keys":{{"1":"{key}"}},"more":1}}"#), KeyRingError::Malformed),
        (format!(r#"{{"sign":1,"keys":{{"16":"{key}"}}}}"#), KeyRingError::KeyId("16".to_owned())),
        (format!(r#"{{"sign":1,"keys":{{"01":"{key}"}}}}"#), KeyRingError::KeyId("01".to_owned())),
        (r#"{"sign":1,"keys":{"1":"AAAA"}}"#.to_owned(), KeyRingError::Key(1)),
        (format!(r#"{{"sign":1,"keys":{{"1":"{key}="}}}}"#), KeyRingError::Key(1)),
        (format!(r#"{{"sign":2,"keys":{{"1":"{key}"}}}}"#), KeyRingError::NoSigningKey(2)),
    ] {
        assert_eq!(KeyRing::parse(&text).err(), Some(error), "{text}");
    }
    assert_eq!(format!("{:?}", ring()), "KeyRing { sign: 2, ids: [1, 2, 15] }");
}

#[cfg(test)]
mod strategies {
    use super::*;

    pub(crate) fn link() -> impl Strategy<Value = LinkToken> {
        any::<(u32, u16, bool, u32)>().prop_map(|(link_no, listing_no, has_path, expires_s)| LinkToken {
            link_no,
            listing_no,
            has_path,
            expires_s: Some(expires_s).filter(|seconds| *seconds != 0),
        })
    }

    pub(crate) fn click() -> impl Strategy<Value = ClickId> {
        let country = proptest::option::of("[A-Z0-9]{2}".prop_filter("XX is unknown", |text| text != "XX"));
        (0..=253_402_300_799_999i64, any::<(u32, bool, [u8; 4])>(), 0..16u8, country, 0..4u8, 0..3u8)
            .prop_map(|(at, (link_no, gpc, random), shard, country, device, class)| ClickId {
                at: Timestamp::from_ms(at).unwrap(),
                link_no,
                shard,
                country: country.map(|text| Country::parse(&text).unwrap()),
                device: Device::from_code(device).unwrap(),
                class: Class::from_code(class).unwrap(),
                gpc,
                random,
            })
    }

    /// Every text that decodes to the bytes of `text` with one bit changed.
    pub(crate) fn one_bit_off(text: &str) -> Vec<String> {
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        let flip = |byte: usize, bit: u8| {
            let mut changed = bytes.clone();
            changed[byte] ^= 1 << bit;
            URL_SAFE_NO_PAD.encode(changed)
        };
        (0..bytes.len())
            .flat_map(|byte| (0..8).map(move |bit| (byte, bit)))
            .map(|(byte, bit)| flip(byte, bit))
            .collect()
    }

    /// Every text with one character of `text` exchanged, and some with one more or one less.
    pub(crate) fn one_character_off(text: &str) -> Vec<String> {
        const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=.~%\0 \n";
        let mut texts: Vec<String> = Vec::new();
        for at in 0..text.len() {
            let (before, from) = text.split_at(at);
            let (cut, after) = from.split_at(1);
            for other in ALPHABET.chars().filter(|c| !cut.starts_with(*c)) {
                texts.push(format!("{before}{other}{after}"));
            }
            texts.push(format!("{before}{after}"));
        }
        texts.extend(ALPHABET.chars().map(|c| format!("{text}{c}")));
        texts
    }
}
use strategies::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: times(64), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_minted_verifies_as_what_it_was(token in link(), click in click()) {
        let ring = ring();
        prop_assert_eq!(LinkToken::verify(&token.mint(&ring).unwrap(), &ring), Some(token));
        prop_assert_eq!(ClickId::verify(&click.mint(&ring).unwrap(), &ring), Some(click));
    }

    #[test]
    fn every_one_bit_change_is_refused(token in link(), click in click()) {
        let ring = ring();
        for text in one_bit_off(&token.mint(&ring).unwrap()) {
            prop_assert_eq!(LinkToken::verify(&text, &ring), None);
        }
        for text in one_bit_off(&click.mint(&ring).unwrap()) {
            prop_assert_eq!(ClickId::verify(&text, &ring), None);
        }
    }

    #[test]
    fn no_other_spelling_verifies(token in link(), click in click()) {
        let ring = ring();
        for text in one_character_off(&token.mint(&ring).unwrap()) {
            prop_assert_eq!(LinkToken::verify(&text, &ring), None, "{}", text);
        }
        for text in one_character_off(&click.mint(&ring).unwrap()) {
            prop_assert_eq!(ClickId::verify(&text, &ring), None, "{}", text);
        }
    }

    #[test]
    fn a_token_of_one_kind_is_never_one_of_the_other(token in link(), click in click()) {
        let ring = ring();
        let (token, click) = (token.mint(&ring).unwrap(), click.mint(&ring).unwrap());
        prop_assert_eq!(ClickId::verify(&token, &ring), None);
        prop_assert_eq!(LinkToken::verify(&click, &ring), None);
        // Also when it is cut or padded to the other's length.
        prop_assert_eq!(LinkToken::verify(&click[..TOKEN_LENGTH], &ring), None);
        prop_assert_eq!(ClickId::verify(&format!("{token}{}", &token[..8]), &ring), None);
    }

    #[test]
    fn arbitrary_text_neither_verifies_nor_stops_the_program(text in any::<String>(), base64 in "[A-Za-z0-9_-]{24,48}") {
        let ring = ring();
        for text in [&text, &base64] {
            prop_assert_eq!(LinkToken::verify(text, &ring), None);
            prop_assert_eq!(ClickId::verify(text, &ring), None);
        }
    }
}
