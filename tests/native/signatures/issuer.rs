//! Simulates the vendors with public keys: signs tokens and issues certificates that are not in the vectors.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use p256::{
    ecdsa::signature::{Signer, hazmat::PrehashSigner},
    pkcs8::EncodePublicKey,
};
use rsa::{pkcs1v15, pkcs8::DecodePrivateKey, signature::SignatureEncoding, traits::PublicKeyParts};
use serde_json::json;
use sha2::{Digest, Sha256, Sha384};
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{Expected, Keys, Refusal, TokenScheme, Trust},
};
use vectors::vector::Request;
use x509_cert::der::asn1::ObjectIdentifier;

/// The time of these tests: 2026-11-22T12:00:00Z.
pub const NOW_S: i64 = 1_795_348_800;
pub const KID: &str = "key-1";
const PEM: &str = include_str!("throw_away_rsa.pem");

fn rsa() -> rsa::PrivateKey {
    let body = PEM.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    rsa::PrivateKey::from_pkcs8_der(&STANDARD.decode(body).unwrap()).unwrap()
}

/// A JWK set with the usable public key, and with keys for other purposes.
pub fn keys() -> Keys {
    let public = rsa().to_public_key();
    let number = |value: Box<[u8]>| URL_SAFE_NO_PAD.encode(value);
    let (n, e) = (number(public.n_bytes()), number(public.e_bytes()));
    let key = |kid: &str, purpose: &str, alg: &str| json!({"kty": "RSA", "kid": kid, "use": purpose, "alg": alg, "n": n, "e": e});
    let mut others = vec![key("encrypts", "enc", "RS256"), key("rs512", "sig", "RS512")];
    others.push(json!({"kty": "oct", "kid": "secret", "k": "AAAA"}));
    others.push(json!({"kty": "RSA", "use": "sig", "n": n, "e": e}));
    let point = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let point = point.verifying_key().to_sec1_point(false);
    let (x, y) =
        (URL_SAFE_NO_PAD.encode(&point.as_bytes()[1..33]), URL_SAFE_NO_PAD.encode(&point.as_bytes()[33..]));
    others.push(json!({"kty": "EC", "kid": "curve", "crv": "P-256", "x": x, "y": y}));
    others.push(key(KID, "sig", "RS256"));
    Keys::from_jwks(&json!({"keys": others}).to_string()).unwrap()
}

fn compact(header: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// A token that is signed with the vendor's RSA key, whatever the header says.
pub fn rs256(header: &str, claims: &str) -> String {
    compact(header, claims, |signed| pkcs1v15::SigningKey::<Sha256>::new(rsa()).sign(signed).to_vec())
}

/// A token that is signed with a key on P-256, whatever the header says.
pub fn es256(header: &str, claims: &str, key: &p256::ecdsa::SigningKey) -> String {
    compact(header, claims, |signed| {
        let signature: p256::ecdsa::Signature = key.sign(signed);
        signature.to_bytes().to_vec()
    })
}

pub fn now() -> Timestamp {
    Timestamp::from_ms(NOW_S * 1000).unwrap()
}

pub fn verify_request(
    scheme: TokenScheme,
    request: &Request,
    trust: &Trust,
    expected: &Expected,
) -> Result<(), Refusal> {
    request.callback(|callback| scheme.verify(callback, trust, expected, now()).map(drop))
}

/// A key that signs certificates.
#[derive(Clone)]
pub enum Signatory {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl Signatory {
    pub fn p256(seed: u8) -> Self {
        Self::P256(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub fn p384(seed: u8) -> Self {
        Self::P384(p384::ecdsa::SigningKey::from_slice(&[seed; 48]).unwrap())
    }

    fn public(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.verifying_key().to_public_key_der().unwrap().into_vec(),
            Self::P384(key) => key.verifying_key().to_public_key_der().unwrap().into_vec(),
        }
    }

    fn sign(&self, hash: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(hash).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(hash).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
        }
    }
}

/// The content of a certificate to issue. Tests change fields to make it invalid.
#[derive(Clone)]
pub struct Form {
    pub issuer: &'static str,
    pub subject: &'static str,
    pub key: Signatory,
    pub signatory: Signatory,
    pub from: &'static str,
    pub until: &'static str,
    /// The id, criticality and value of each extension.
    pub extensions: Vec<(&'static str, bool, Vec<u8>)>,
    pub sha384: bool,
    /// Whether the algorithm outside of the signed part differs from the one inside.
    pub other_outside: bool,
}

pub const CONSTRAINTS: &str = "2.5.29.19";
pub const USAGE: &str = "2.5.29.15";
pub const LEAF_MARKER: &str = "1.2.840.113635.100.6.11.1";
pub const INTERMEDIATE_MARKER: &str = "1.2.840.113635.100.6.2.1";
pub const AUTHORITY: &[u8] = &[0x30, 3, 1, 1, 0xff];
pub const NO_AUTHORITY: &[u8] = &[0x30, 0];
pub const SIGNS_CERTIFICATES: &[u8] = &[3, 2, 1, 6];
pub const SIGNS_MESSAGES: &[u8] = &[3, 2, 7, 0x80];

fn tlv(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let value = parts.concat();
    let length = match u16::try_from(value.len()).unwrap() {
        short @ 0..0x80 => vec![u8::try_from(short).unwrap()],
        middle @ 0x80..0x100 => vec![0x81, u8::try_from(middle).unwrap()],
        long => [&[0x82][..], &long.to_be_bytes()].concat(),
    };
    [vec![tag], length, value].concat()
}

fn oid(id: &str) -> Vec<u8> {
    tlv(6, &[ObjectIdentifier::new_unwrap(id).as_bytes().to_vec()])
}

fn name(common: &str) -> Vec<u8> {
    let pair = tlv(0x30, &[oid("2.5.4.3"), tlv(12, &[common.as_bytes().to_vec()])]);
    tlv(0x30, &[tlv(0x31, &[pair])])
}

impl Form {
    pub fn issue(&self) -> Vec<u8> {
        let algorithm =
            |sha384| tlv(0x30, &[oid(if sha384 { "1.2.840.10045.4.3.3" } else { "1.2.840.10045.4.3.2" })]);
        let time = |text: &str| tlv(0x17, &[text.as_bytes().to_vec()]);
        let extensions = self.extensions.iter().map(|(id, critical, value)| {
            let flag = if *critical { vec![1, 1, 0xff] } else { Vec::new() };
            tlv(0x30, &[oid(id), flag, tlv(4, std::slice::from_ref(value))])
        });
        let signed = tlv(
            0x30,
            &[
                tlv(0xa0, &[vec![2, 1, 2]]),
                vec![2, 1, 1],
                algorithm(self.sha384),
                name(self.issuer),
                tlv(0x30, &[time(self.from), time(self.until)]),
                name(self.subject),
                self.key.public(),
                tlv(0xa3, &[tlv(0x30, &extensions.collect::<Vec<_>>())]),
            ],
        );
        let hash =
            if self.sha384 { Sha384::digest(&signed).to_vec() } else { Sha256::digest(&signed).to_vec() };
        let signature = tlv(3, &[vec![0], self.signatory.sign(&hash)]);
        tlv(0x30, &[signed, algorithm(self.sha384 != self.other_outside), signature])
    }
}

/// A valid chain like Apple's: leaf, intermediate and root.
pub fn forms() -> [Form; 3] {
    let (root, intermediate, leaf) = (Signatory::p384(1), Signatory::p384(2), Signatory::p256(3));
    let form = |issuer, subject, key: &Signatory, signatory: &Signatory, extensions| Form {
        issuer,
        subject,
        key: key.clone(),
        signatory: signatory.clone(),
        from: "210101000000Z",
        until: "310101000000Z",
        extensions,
        sha384: true,
        other_outside: false,
    };
    let authority =
        || vec![(CONSTRAINTS, true, AUTHORITY.to_vec()), (USAGE, true, SIGNS_CERTIFICATES.to_vec())];
    let mut of_intermediate = authority();
    of_intermediate.push((INTERMEDIATE_MARKER, false, vec![5, 0]));
    let of_leaf = vec![
        (CONSTRAINTS, true, NO_AUTHORITY.to_vec()),
        (USAGE, true, SIGNS_MESSAGES.to_vec()),
        (LEAF_MARKER, false, vec![5, 0]),
    ];
    [
        form("Intermediate", "Leaf", &leaf, &intermediate, of_leaf),
        form("Root", "Intermediate", &intermediate, &root, of_intermediate),
        form("Root", "Root", &root, &root, authority()),
    ]
}

pub fn x5c(certificates: &[Vec<u8>]) -> Vec<String> {
    certificates.iter().map(|certificate| STANDARD.encode(certificate)).collect()
}
