//! Signs requests to AWS with Signature Version 4. Source: AWS, "Create a signed AWS API request" (IAM user guide).
//!
//! All given headers are signed, and also the host and the time. Paths are encoded twice, as for every service except
//! S3. AWS's answers are not signed: they are trusted because of TLS.

use crate::domain::{links::destination::RESERVED, values::time::Timestamp};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};
use url::{Position, Url};

/// Its name in vectors.
pub const NAME: &str = "aws_sigv4_outgoing";

/// The service name in signatures for AWS Marketplace's metering and entitlement APIs. It differs from their host name.
pub const MARKETPLACE_SERVICE: &str = "aws-marketplace";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: &str = "x-amz-date";
const TOKEN: &str = "x-amz-security-token";
const AUTHORIZATION: &str = "authorization";
const HOST: &str = "host";

/// The encoding of a path keeps its slashes.
const PATH: &AsciiSet = &RESERVED.remove(b'/');

/// The keys of an AWS account.
#[derive(Clone, Copy)]
pub struct AccessKey<'k> {
    /// The access key id, which is sent in clear text.
    pub id: &'k str,
    /// The secret access key, which is never sent.
    pub secret: &'k str,
    /// The session token of temporary keys, which is sent in clear text.
    pub session_token: Option<&'k str>,
}

impl std::fmt::Debug for AccessKey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessKey({})", self.id)
    }
}

/// The scope of a signature.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'s> {
    /// The region, such as `us-east-1`.
    pub region: &'s str,
    /// The service's name for signatures ([`MARKETPLACE_SERVICE`]).
    pub service: &'s str,
}

/// A request to sign.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'r> {
    /// The method, in upper case.
    pub method: &'r str,
    /// The URL, which must be HTTPS.
    pub url: &'r str,
    /// The headers, which are all signed. None may occur twice or be one of the headers that [`sign`] adds.
    pub headers: &'r [(&'r str, &'r str)],
    /// The raw body.
    pub body: &'r [u8],
}

/// A request cannot be signed. This is always a mistake of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The URL is invalid or not HTTPS, or its query is not UTF-8.
    #[error("the URL cannot be signed")]
    Url,
    /// A header occurs twice, is one that [`sign`] adds, or contains control characters.
    #[error("a header cannot be signed")]
    Header,
    /// The key or the scope is empty, or contains characters that are not allowed in a header or in the scope.
    #[error("the key or the scope cannot be used")]
    Key,
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    HEXLOWER.encode(bytes.as_ref())
}

fn mac(key: &[u8], text: &str) -> Result<[u8; 32], SigningError> {
    let mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| SigningError::Key)?;
    Ok(mac.chain_update(text).finalize().into_bytes().into())
}

/// A time in ISO 8601 basic format, such as `20261122T120000Z`.
fn basic_time(at: Timestamp) -> String {
    let text = at.to_string();
    let seconds = text.split_once('.').map_or(text.as_str(), |(seconds, _)| seconds);
    let digits = seconds.chars().filter(|c| *c != '-' && *c != ':');
    digits.chain(['Z']).collect()
}

/// The signed form of a header's value: trimmed, and with single spaces only.
fn folded(value: &str) -> String {
    value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The signed form of the query: decoded, encoded canonically, and sorted by names, then by values.
fn canonical_query(query: &str) -> Result<String, SigningError> {
    let encoded = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8().map_err(|_| SigningError::Url)?;
        Ok(utf8_percent_encode(&decoded, RESERVED).to_string())
    };
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((encoded(name)?, encoded(value)?));
    }
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(pairs.join("&"))
}

/// The signed headers: their names in lower case, sorted, and their values.
fn canonical_headers(
    request: &Unsigned<'_>,
    added: &[(&'static str, String)],
    host: &str,
) -> Result<Vec<(String, String)>, SigningError> {
    let mut headers: Vec<(String, String)> = vec![(HOST.to_owned(), host.to_owned())];
    headers.extend(added.iter().map(|(name, value)| ((*name).to_owned(), folded(value))));
    for (name, value) in request.headers {
        let name = name.to_ascii_lowercase();
        let known = headers.iter().any(|(known, _)| *known == name)
            || [AUTHORIZATION, TOKEN].contains(&name.as_str());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if known || name.is_empty() || !name.bytes().all(plain) || value.chars().any(char::is_control) {
            return Err(SigningError::Header);
        }
        headers.push((name, folded(value)));
    }
    headers.sort_unstable();
    Ok(headers)
}

/// Signs `request` and returns the headers to add: `x-amz-date`, `x-amz-security-token` if the key has a session
/// token, and `authorization`. The signature is valid for five minutes.
pub fn sign(
    request: &Unsigned<'_>,
    key: AccessKey<'_>,
    scope: Scope<'_>,
    at: Timestamp,
) -> Result<Vec<(&'static str, String)>, SigningError> {
    let visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let part = |text: &str| visible(text) && !text.contains('/');
    if !part(key.id) || !part(scope.region) || !part(scope.service) || key.secret.is_empty() {
        return Err(SigningError::Key);
    }
    if !key.session_token.is_none_or(visible) {
        return Err(SigningError::Key);
    }
    let url = Url::parse(request.url).map_err(|_| SigningError::Url)?;
    if url.scheme() != "https" || !url.has_host() || !visible(request.method) {
        return Err(SigningError::Url);
    }
    let time = basic_time(at);
    let mut added = vec![(DATE, time.clone())];
    added.extend(key.session_token.map(|token| (TOKEN, token.to_owned())));

    let headers = canonical_headers(request, &added, &url[Position::BeforeHost..Position::AfterPort])?;
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let path = utf8_percent_encode(url.path(), PATH);
    let query = canonical_query(url.query().unwrap_or_default())?;
    let payload = hex(Sha256::digest(request.body));
    let canonical = format!("{}\n{path}\n{query}\n{lines}\n{names}\n{payload}", request.method);

    let (day, _) = time.split_once('T').unwrap_or((&time, ""));
    let Scope { region, service } = scope;
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(Sha256::digest(canonical)));

    let mut signing = mac(format!("AWS4{}", key.secret).as_bytes(), day)?;
    for step in [region, service, "aws4_request"] {
        signing = mac(&signing, step)?;
    }
    let signature = hex(mac(&signing, &text)?);
    let id = key.id;
    let authorization =
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    added.push((AUTHORIZATION, authorization));
    Ok(added)
}
