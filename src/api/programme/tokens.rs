//! Tokens for browsers.

use crate::{
    api::http::{
        auth::Credential,
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    domain::{
        programme::{key::Scope, origin::Origin},
        values::{id::PartnerId, limits, string_enum::string_enum, time::Timestamp},
    },
    ledger::{
        browser_tokens::{self, BrowserToken},
        view::view,
    },
    store::programme::partners,
};
use serde::Deserialize;

string_enum! {
    /// A permission of a token.
    TokenScope {
        /// Read what is the partner's.
        Read = "read";
    }
}

/// A token to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewBrowserToken {
    /// The partner whose data it reads.
    partner_id: String,
    /// What it may do: `["read"]`.
    scopes: Vec<TokenScope>,
    /// How long it is valid, at most an hour.
    ttl_seconds: i64,
    /// The origin of the pages that may use it, for example `https://portal.example.com`; any if absent.
    origin: Option<String>,
    /// The path of a QR code or a statement, for an address that works in `<img>` and `<a>`: the token opens nothing else.
    path: Option<String>,
}

view! {
    /// A token that was made just now. It is not stored.
    pub struct BrowserTokenView {
        /// The token, to be sent as `Authorization: Bearer`.
        token: String,
        /// Until when it is valid.
        expires_at: Timestamp,
        /// The address with the token in it; `null` without a `path`.
        url: Option<String>,
    }
}

/// Whether a path is that of a document which a browser shows by its address alone.
fn is_document(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["", "v1", "links", _, file] => matches!(*file, "qr.svg" | "qr.png"),
        ["", "v1", "payouts", _, file] => {
            matches!(*file, "statement.json" | "statement.csv" | "statement.html")
        }
        _ => false,
    }
}

/// `POST /v1/tokens`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    if call.caller.credential != Credential::Secret {
        let detail = "A token or a publishable key makes no tokens; use a secret key.";
        return Err(Problem::new(Code::InsufficientScope, detail).into());
    }
    // A key cannot give a right away that it lacks itself.
    if ![Scope::Read, Scope::Admin].iter().any(|scope| call.caller.scopes.contains(scope)) {
        let detail = "This needs the scope read too, because the token reads.";
        return Err(Problem::new(Code::InsufficientScope, detail).into());
    }
    let body: NewBrowserToken = call.body()?;
    let mut checks = Checks::default();
    let found = PartnerId::parse(&body.partner_id).map(|id| partners::by_id(call.tx.sql, &id)).transpose()?;
    let partner = found.flatten().filter(|partner| call.caller.sees(partner.no));
    if partner.is_none() && call.caller.partner.is_some() {
        return Err(Problem::not_found().into());
    }
    if partner.is_none() {
        checks.refuse(Code::UnknownPartner, "partner_id", "There is no partner with this id.");
    }
    checks.count("scopes", body.scopes.len(), limits::SCOPES);
    checks.range("ttl_seconds", Some(body.ttl_seconds), limits::TTL_SECONDS);
    let origin = checks.origin("origin", body.origin.as_deref());
    if body.path.as_deref().is_some_and(|path| !is_document(path)) {
        let detail = "Expected the path of a QR code (/v1/links/{id}/qr.svg) or a statement \
                      (/v1/payouts/{id}/statement.html, .csv or .json).";
        checks.refuse(Code::NotADocument, "path", detail);
    }
    checks.finish()?;
    let expires_at = call.tx.now.plus_ms(body.ttl_seconds.saturating_mul(1_000));
    let partner_no = partner.ok_or_else(Problem::not_found)?.no;
    let maker = call.caller.id.clone();
    let token = BrowserToken { maker, partner_no, expires_at, origin, path: body.path };
    let text = browser_tokens::make(call.tx, &token)?;
    let url = token.path.map(|path| format!("{}{path}?token={text}", call.request.base_url));
    call.json(201, &BrowserTokenView { token: text, expires_at, url })
}

/// The origins that a request names, checked.
pub fn origins(checks: &mut Checks, field: &str, texts: &[String]) -> Vec<Origin> {
    checks.count(field, texts.len(), limits::ORIGINS);
    let parsed = texts.iter().enumerate();
    parsed.filter_map(|(at, text)| checks.origin(&format!("{field}/{at}"), Some(text))).collect()
}
