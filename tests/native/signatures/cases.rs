//! The valid vectors, with the location and the encoding of each scheme's signature.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use data_encoding::HEXLOWER;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{Parameters, Refusal, Scheme, Verifier},
};
use std::path::Path;
use vectors::{
    shared_secret,
    vector::{self, Request, Vector},
};

pub const FIXTURES: &str = "fixtures/vectors";

/// The location of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    Header(&'static str),
    Query(&'static str),
    Form(&'static str),
    Path,
}

/// The encoding of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Base64,
    Hex,
    /// `v1,` followed by base64.
    Versioned,
    /// The third part of a JWT, which follows `Bearer ` in a header.
    Jwt,
    /// Base64 in front of a dot.
    Canvas,
    /// Base64 of hexadecimal text, after a dot.
    Legacy,
    /// The credentials themselves, in base64 after `Basic `.
    Basic,
    /// The credentials themselves.
    Plain,
}

/// The location and encoding of a scheme's signature.
fn location(scheme: Scheme) -> (Location, Form) {
    match scheme {
        Scheme::AdobeIoEventsLegacyHmac => (Location::Header("x-adobe-signature"), Form::Base64),
        Scheme::BigcommerceSignedPayloadJwt => (Location::Query("signed_payload_jwt"), Form::Jwt),
        Scheme::BigcommerceSignedPayloadLegacy => (Location::Query("signed_payload"), Form::Legacy),
        Scheme::BigcommerceWebhook => (Location::Header("webhook-signature"), Form::Versioned),
        Scheme::DigitaloceanBasicAuth => (Location::Header("authorization"), Form::Basic),
        Scheme::DigitaloceanSso => (Location::Form("token"), Form::Hex),
        Scheme::HubspotV1 | Scheme::HubspotV2 => (Location::Header("X-HubSpot-Signature"), Form::Hex),
        Scheme::HubspotV3 => (Location::Header("X-HubSpot-Signature-v3"), Form::Base64),
        Scheme::SalesforceCanvasSignedRequest => (Location::Form("signed_request"), Form::Canvas),
        Scheme::SalesforceOutboundMessage => (Location::Path, Form::Plain),
        Scheme::ShopifyOauthQuery => (Location::Query("hmac"), Form::Hex),
        Scheme::ShopifySessionToken => (Location::Header("authorization"), Form::Jwt),
        Scheme::ShopifyWebhook => (Location::Header("X-Shopify-Hmac-Sha256"), Form::Base64),
        Scheme::WooSaasBillingWebhook | Scheme::WoocommerceWebhook => {
            (Location::Header("X-WC-Webhook-Signature"), Form::Base64)
        }
    }
}

/// A valid vector with its verifier.
#[derive(Debug, Clone)]
pub struct Case {
    pub scheme: Scheme,
    pub id: String,
    pub location: Location,
    pub form: Form,
    pub vector: Vector,
    pub verifier: Verifier,
    pub now: Timestamp,
}

/// The vector files of the schemes with a shared secret. The other schemes have separate tests.
fn files() -> Vec<std::path::PathBuf> {
    let known = |file: &std::path::PathBuf| {
        file.file_stem().and_then(|name| Scheme::from_name(name.to_str()?)).is_some()
    };
    vector::files(Path::new(FIXTURES)).unwrap().into_iter().filter(known).collect()
}

/// All valid vectors. The vector of a session token has the token in the header and in the query; it becomes two
/// cases with the token in one place each.
pub fn valid() -> Vec<Case> {
    let mut cases = Vec::new();
    for file in files() {
        for mut vector in vector::read(&file).unwrap().into_iter().filter(|vector| vector.valid) {
            // Schemes without a shared secret have separate tests.
            let Some(scheme) = Scheme::from_name(&vector.scheme) else { continue };
            let (mut location, form) = self::location(scheme);
            if vector.request.headers.iter().any(|(name, _)| name == "shopify-hmac-sha256") {
                location = Location::Header("shopify-hmac-sha256");
            }
            let verifier = shared_secret::verifier(&vector, scheme).unwrap();
            let now = vector.now.unwrap_or(Timestamp::parse("2026-11-24T00:00:00Z").unwrap());
            let mut add = |id: &str, location, vector: &Vector| {
                let (id, vector, verifier) = (id.to_owned(), vector.clone(), verifier.clone());
                cases.push(Case { scheme, id, location, form, vector, verifier, now });
            };
            if scheme == Scheme::ShopifySessionToken {
                let mut in_query = vector.clone();
                in_query.request.headers.clear();
                add(&format!("{} in the query", vector.id), Location::Query("id_token"), &in_query);
                vector.request.url = "https://app.example.com/".to_owned();
            }
            add(&vector.id, location, &vector);
        }
    }
    for scheme in Scheme::ALL {
        assert!(cases.iter().any(|case| case.scheme == *scheme), "{} has no valid vector", scheme.name());
    }
    cases
}

/// The cases of one scheme.
pub fn of(scheme: Scheme) -> Vec<Case> {
    valid().into_iter().filter(|case| case.scheme == scheme).collect()
}

/// The start and the end of the value of a parameter in `text`.
fn parameter(text: &str, name: &str) -> (usize, usize) {
    let key = format!("{name}=");
    let start = text.match_indices(&key).find(|(at, _)| *at == 0 || "?&".contains(&text[at - 1..*at]));
    let start = start.unwrap_or_else(|| panic!("no {name} in {text}")).0 + key.len();
    (start, text[start..].find('&').map_or(text.len(), |length| start + length))
}

impl Case {
    /// Verifies `request` at `now`.
    pub fn verify_at(&self, request: &Request, now: Timestamp) -> Result<(), Refusal> {
        request.callback(|callback| self.verifier.verify(callback, now).map(drop))
    }

    pub fn verify(&self, request: &Request) -> Result<(), Refusal> {
        self.verify_at(request, self.now)
    }

    /// The same case with other secrets.
    pub fn with_secrets(&self, secrets: &[&str]) -> Self {
        let names = |name: &str| {
            let value = self.vector.config.get(name);
            let one = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            match value {
                Some(serde_json::Value::Array(values)) => values.iter().map(one).collect(),
                Some(value) => vec![one(value)],
                None => Vec::new(),
            }
        };
        let parameters = Parameters {
            audiences: names("audience"),
            organization_ids: names("organization_ids"),
            allow_legacy: true,
            ..Parameters::default()
        };
        Self { verifier: Verifier::new(self.scheme, secrets, parameters).unwrap(), ..self.clone() }
    }

    pub fn secret(&self) -> &str {
        let names = ["secret", "consumer_secret", "path_secret"];
        names.iter().find_map(|name| self.vector.keys.get(*name)?.as_str()).unwrap()
    }

    /// The decoded text that contains the signature.
    pub fn text(&self) -> String {
        let Request { url, headers, body, .. } = &self.vector.request;
        let value = |text: &str, name| {
            let (start, end) = parameter(text, name);
            percent_encoding::percent_decode_str(&text[start..end]).decode_utf8().unwrap().into_owned()
        };
        match self.location {
            Location::Header(name) => {
                headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).unwrap().1.clone()
            }
            Location::Query(name) => value(url, name),
            Location::Form(name) => value(std::str::from_utf8(body).unwrap(), name),
            Location::Path => url.rsplit('/').next().unwrap().to_owned(),
        }
    }

    /// The request with another text instead of [`Self::text`].
    pub fn with_text(&self, text: &str) -> Request {
        let mut request = self.vector.request.clone();
        let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        match self.location {
            Location::Header(name) => {
                let found = request.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name));
                found.unwrap().1 = text.to_owned();
            }
            Location::Query(name) => {
                let (start, end) = parameter(&request.url, name);
                request.url.replace_range(start..end, &encoded);
            }
            Location::Form(name) => {
                let mut body = String::from_utf8(request.body).unwrap();
                let (start, end) = parameter(&body, name);
                body.replace_range(start..end, &encoded);
                request.body = body.into_bytes();
            }
            Location::Path => {
                let start = request.url.rfind('/').unwrap() + 1;
                request.url.replace_range(start.., text);
            }
        }
        request
    }

    /// [`Self::text`] in three parts: before the signature, the encoded signature, and after it.
    pub fn around(&self) -> (String, String, String) {
        let text = self.text();
        let (before, written, after) = match self.form {
            Form::Base64 | Form::Hex | Form::Plain => ("", text.as_str(), ""),
            Form::Versioned => ("v1,", &text[3..], ""),
            Form::Basic => ("Basic ", &text[6..], ""),
            Form::Jwt | Form::Legacy => {
                let dot = text.rfind('.').unwrap() + 1;
                (&text[..dot], &text[dot..], "")
            }
            Form::Canvas => {
                let dot = text.find('.').unwrap();
                ("", &text[..dot], &text[dot..])
            }
        };
        (before.to_owned(), written.to_owned(), after.to_owned())
    }

    /// The decoded signature.
    pub fn tag(&self) -> Vec<u8> {
        let written = self.around().1;
        match self.form {
            Form::Base64 | Form::Versioned | Form::Canvas | Form::Basic => STANDARD.decode(written).unwrap(),
            Form::Hex => HEXLOWER.decode(written.as_bytes()).unwrap(),
            Form::Jwt => URL_SAFE_NO_PAD.decode(written).unwrap(),
            Form::Legacy => HEXLOWER.decode(&STANDARD.decode(written).unwrap()).unwrap(),
            Form::Plain => written.into_bytes(),
        }
    }

    /// The request with another signature, correctly encoded.
    pub fn with_tag(&self, tag: &[u8]) -> Request {
        let (before, _, after) = self.around();
        let written = match self.form {
            Form::Base64 | Form::Versioned | Form::Canvas | Form::Basic => STANDARD.encode(tag),
            Form::Hex => HEXLOWER.encode(tag),
            Form::Jwt => URL_SAFE_NO_PAD.encode(tag),
            Form::Legacy => STANDARD.encode(HEXLOWER.encode(tag)),
            Form::Plain => String::from_utf8(tag.to_vec()).unwrap(),
        };
        self.with_text(&format!("{before}{written}{after}"))
    }

    /// The request without the header, parameter or segment that contains the signature.
    pub fn without(&self) -> Request {
        let mut request = self.vector.request.clone();
        match self.location {
            Location::Header(name) => request.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name)),
            Location::Query(name) => request.url = request.url.replace(&format!("{name}="), "other="),
            Location::Form(name) => {
                let body = String::from_utf8(request.body).unwrap();
                request.body = body.replace(&format!("{name}="), "other=").into_bytes();
            }
            Location::Path => request.url.truncate(request.url.rfind('/').unwrap() + 1),
        }
        request
    }

    /// The request with that header or parameter twice; `None` for a segment of the path.
    pub fn twice(&self) -> Option<Request> {
        let mut request = self.vector.request.clone();
        let encoded = utf8_percent_encode(&self.text(), NON_ALPHANUMERIC).to_string();
        match self.location {
            Location::Header(name) => request.headers.push((name.to_uppercase(), self.text())),
            Location::Query(name) => request.url.push_str(&format!("&{name}={encoded}")),
            Location::Form(name) => request.body.extend(format!("&{name}={encoded}").into_bytes()),
            Location::Path => return None,
        }
        Some(request)
    }
}
