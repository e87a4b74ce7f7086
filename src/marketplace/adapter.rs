//! The interface of a marketplace adapter. No method has a default body, so an adapter that forgets one does not
//! compile.

use super::{
    event::Event,
    signature::{Callback, Parameters, Refusal, Scheme, Verified, Verifier},
    vendor_api::{VendorApi, VendorError, VendorResponses},
};
use crate::domain::{programme::listing::Marketplace, values::time::Timestamp};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A listing as callbacks need it, with its secrets decrypted.
#[derive(Debug, Clone, Deserialize)]
pub struct Listing {
    /// Public id.
    pub id: String,
    /// Number within the programme.
    pub no: u16,
    /// The marketplace it is on.
    pub marketplace: Marketplace,
    /// The marketplace's settings.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// The marketplace's secrets by name. Each has all accepted values, the current one first.
    pub secrets: serde_json::Map<String, serde_json::Value>,
    /// Where a browser is forwarded after an install.
    pub forward_to: Option<String>,
}

impl Listing {
    /// A setting that is a string.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name)?.as_str()
    }

    /// The strings of a setting that is a string or a list of strings; empty if it is not set.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        let texts = match self.settings.get(name) {
            Some(serde_json::Value::Array(texts)) => texts.as_slice(),
            one => one.map_or([].as_slice(), std::slice::from_ref),
        };
        texts.iter().filter_map(serde_json::Value::as_str).map(str::to_owned).collect()
    }

    /// Whether a setting is `true`.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.settings.get(name).is_some_and(|value| value == &serde_json::Value::Bool(true))
    }

    /// The values of a secret; empty if it is not set.
    #[must_use]
    pub fn secret(&self, name: &str) -> Vec<&str> {
        let values = self.secrets.get(name).and_then(serde_json::Value::as_array);
        values.into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
    }

    /// `forward_to` with `query` appended, unchanged, to its own query and before its fragment; `None` if there is no
    /// `forward_to`.
    #[must_use]
    pub fn forward_url(&self, query: &str) -> Option<String> {
        let forward_to = self.forward_to.as_deref()?;
        let (base, fragment) =
            forward_to.split_once('#').map_or((forward_to, None), |(base, it)| (base, Some(it)));
        let joint = match (query.is_empty(), base.contains('?')) {
            (true, _) => "",
            (false, true) => "&",
            (false, false) => "?",
        };
        let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
        Some(format!("{base}{joint}{query}{fragment}"))
    }
}

/// Who sends a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackOrigin {
    /// The visitor's browser, which also sends our cookies and follows the response.
    Browser,
    /// The vendor's server.
    Server,
    /// The operator's own app.
    App,
}

/// A kind of callback: the last segment of its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The path segment.
    pub name: &'static str,
    /// Methods that the vendor uses.
    pub methods: &'static [&'static str],
    /// Who sends it.
    pub origin: CallbackOrigin,
}

/// A callback with the listing that it is for.
#[derive(Debug, Clone, Copy)]
pub struct CallbackContext<'a> {
    /// The HTTP request.
    pub callback: Callback<'a>,
    /// Which of the adapter's kinds it is.
    pub kind: Kind,
    /// The rest of the path after the kind, without a slash at either end; empty if there is none.
    pub rest: &'a str,
    /// The listing it was sent to.
    pub listing: &'a Listing,
    /// The time: of arrival while the callback is verified, and after all vendor calls when it is parsed.
    pub now: Timestamp,
}

/// Whether a text can be put into a header unchanged, as an urlencoded query or form can.
#[must_use]
pub fn is_urlencoded(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl<'a> CallbackContext<'a> {
    /// The URL without its query, and the raw query.
    #[must_use]
    pub fn address(&self) -> (&'a str, &'a str) {
        self.callback.url.split_once('?').unwrap_or((self.callback.url, ""))
    }

    /// The raw query, to be forwarded with the browser; `None` if it is not urlencoded.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        Some(self.address().1).filter(|query| is_urlencoded(query))
    }

    /// Verifies the callback under a scheme with the listing's secret of this name. A listing without the secret
    /// refuses everything.
    pub fn verify(
        &self,
        scheme: Scheme,
        secret: &str,
        parameters: Parameters,
    ) -> Result<Verified<'a>, Refusal> {
        let verifier = Verifier::new(scheme, &self.listing.secret(secret), parameters);
        verifier.map_err(|_| Refusal::NotConfigured)?.verify(&self.callback, self.now)
    }
}

/// A verified callback, and what the vendor's API said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof<'a> {
    /// The verified payload.
    pub verified: Verified<'a>,
    /// The vendor's responses, for the adapter to parse.
    pub responses: VendorResponses,
}

/// The result of verifying a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification<'a> {
    /// The callback is authentic and is to be parsed.
    Verified(Proof<'a>),
    /// The callback reports nothing and gets this response: the handshake of a newly registered URL, or a browser that
    /// is only passing through.
    Respond {
        /// The response.
        response: CallbackResponse,
        /// What the operator should know. It quotes nothing unverified.
        log: Option<String>,
    },
}

impl<'a> Verification<'a> {
    /// A verified callback about which the vendor's API was asked.
    #[must_use]
    pub fn with_responses(verified: Verified<'a>, responses: VendorResponses) -> Self {
        Self::Verified(Proof { verified, responses })
    }

    /// A response to a callback that reports nothing.
    #[must_use]
    pub fn respond(response: CallbackResponse) -> Self {
        Self::Respond { response, log: None }
    }

    /// The same, with a line for the operator's log.
    #[must_use]
    pub fn respond_and_log(response: CallbackResponse, log: impl Into<String>) -> Self {
        Self::Respond { response, log: Some(log.into()) }
    }
}

impl<'a> From<Verified<'a>> for Verification<'a> {
    fn from(verified: Verified<'a>) -> Self {
        Self::with_responses(verified, VendorResponses::default())
    }
}

/// Why a callback was not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The callback was judged and refused, or its vendor did not answer ([`Refusal::Unanswered`]).
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Our own limits do not allow the vendor calls that the callback needs. No adapter handles this.
    #[error(transparent)]
    Limited(VendorError),
}

impl From<VendorError> for VerifyError {
    fn from(error: VendorError) -> Self {
        match error {
            VendorError::NoResponse => Self::Refused(Refusal::Unanswered),
            VendorError::UnusableKey => Self::Refused(Refusal::NotConfigured),
            VendorError::RateLimited | VendorError::CallLimit => Self::Limited(error),
        }
    }
}

/// An HTTP response to the vendor or the browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallbackResponse {
    /// Status.
    pub status: u16,
    /// Headers; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: String,
}

impl CallbackResponse {
    /// Without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    /// With a body of this media type.
    #[must_use]
    pub fn with_body(status: u16, media_type: &str, body: impl Into<String>) -> Self {
        Self { status, headers: vec![("content-type", media_type.to_owned())], body: body.into() }
    }

    /// The response to an unverified callback. It is the same for every reason, and for URLs that nobody can have
    /// registered.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::with_body(401, "text/plain", "unauthorized")
    }

    /// Redirects a browser. The URL may hold codes, so the response is not cached and the next site gets no referrer.
    #[must_use]
    pub fn redirect(status: u16, location: String) -> Self {
        let headers = vec![
            ("location", location),
            ("cache-control", "no-store".to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
        ];
        Self { status, headers, body: String::new() }
    }
}

/// How a callback is answered once its events are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// With this response.
    Plain(CallbackResponse),
    /// The browser goes on to the listing's `forward_to` with this query, by way of a page of ours that sees the
    /// cookies of the account's clicks: a cross-site form POST sends none (SameSite=Lax).
    BrowserHandoff {
        /// The customer's account.
        account: String,
        /// The raw query for the product.
        query: String,
    },
    /// The same from a page in the vendor's frame, where our cookies are not visible: the page links to the top of the
    /// window. Without `forward_to` the page has no link. Once an account has completed the handoff, its frame is
    /// redirected to `forward_to` directly.
    FrameHandoff {
        /// The customer's account.
        account: String,
        /// The raw query for the product.
        query: String,
        /// Who may frame the page: CSP sources, separated by spaces.
        frame_ancestors: String,
        /// Whether the URL of the page contains its token, so that a browser that reloads the page sends the token
        /// again. The token is then accepted repeatedly, but only at this kind, and only if it was first used there.
        reloads: bool,
    },
    /// With the vendor's token response that was stored for the app under this code
    /// ([`ParsedCallback::token_handoff`]).
    TokenHandoff {
        /// The code.
        code: String,
    },
}

/// What a callback reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedCallback {
    /// Events, in order; empty if nothing in the callback concerns us.
    pub events: Vec<Event>,
    /// How it is answered.
    pub reply: Reply,
    /// A token response that is stored for the app for a limited time.
    pub token_handoff: Option<TokenHandoff>,
    /// For the operator's log: which part could not be read. It quotes nothing from the callback.
    pub log: Option<String>,
    /// Why a part of it could not be read. The callback is then kept, so that the part can be read later.
    pub unprocessed: Option<String>,
    /// Account names that the callback proves to belong together.
    pub names: Vec<AccountName>,
    /// E-mail addresses of the customers.
    pub emails: Vec<AccountEmail>,
}

/// A token response that is stored until the app requests it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHandoff {
    /// The code that it is requested with.
    pub code: String,
    /// The vendor's response body.
    pub body: String,
}

/// Two names of one account, both proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountName {
    /// The name that other messages use.
    pub alias: String,
    /// The name that events are joined by.
    pub account: String,
}

/// An e-mail address of a customer, which the callback proves. It is only compared with those of partners.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountEmail {
    /// The account.
    pub account: String,
    /// The address as the vendor writes it.
    pub email: String,
}

impl AccountEmail {
    /// The address of this account, if its vendor reports one.
    #[must_use]
    pub fn list(account: &str, email: Option<String>) -> Vec<Self> {
        email.map(|email| Self { account: account.to_owned(), email }).into_iter().collect()
    }
}

impl std::fmt::Debug for AccountEmail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountEmail({})", self.account)
    }
}

impl ParsedCallback {
    /// Events and a reply, and nothing else.
    #[must_use]
    pub fn new(events: Vec<Event>, reply: Reply) -> Self {
        Self {
            events,
            reply,
            token_handoff: None,
            log: None,
            unprocessed: None,
            names: Vec::new(),
            emails: Vec::new(),
        }
    }

    /// The same for a callback of a type that nobody knows. It may report money, so it is kept; its vendor gets a success,
    /// because the callback is not at fault.
    #[must_use]
    pub fn unknown(self, what: &str) -> Self {
        Self { unprocessed: Some(format!("its {what} is unknown")), ..self }
    }
}

/// An authentic callback that is not of the documented form: the vendor changed the form, or we misread it. It is kept
/// ([`super::kept`]), and answered as [`Adapter::unprocessed`] says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a verified callback is not of its documented form: {0}")]
pub struct Unreadable(pub String);

/// An [`Unreadable`] with this reason.
pub fn unreadable(why: impl Into<String>) -> Unreadable {
    Unreadable(why.into())
}

impl From<strict_json::Error> for Unreadable {
    fn from(error: strict_json::Error) -> Self {
        Self(format!("{}: {}", error.pointer(), without_value(&error.to_string())))
    }
}

/// A message of serde without the value that it quotes, which may be personal data.
fn without_value(message: &str) -> String {
    let quote = message.find(['"', '`']).filter(|_| message.starts_with("invalid "));
    match quote.zip(message.rfind(", expected")).filter(|(start, end)| start < end) {
        Some((start, end)) => {
            let (kind, expected) = (message.get(..start), message.get(end..));
            format!("{}{}", kind.unwrap_or_default().trim_end(), expected.unwrap_or_default())
        }
        None => message.to_owned(),
    }
}

/// The operator's documentation of a marketplace (docs/marketplaces.md). The Worker does not contain it.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Clone, Copy)]
pub struct MarketplaceDocs {
    /// The marketplace's own name.
    pub title: &'static str,
    /// The kinds of callback: name and description.
    pub kinds: &'static [(&'static str, &'static str)],
    /// The secrets: name and description.
    pub secrets: &'static [(&'static str, &'static str)],
    /// The settings: name and description.
    pub settings: &'static [(&'static str, &'static str)],
    /// How an event is proven.
    pub proof: &'static str,
    /// What carries the referral from the click to the install.
    pub carrier: &'static str,
    /// What the ends of a sale and of an account reverse: cancelled orders, refunds, ended subscriptions.
    pub ends: &'static str,
    /// How a verified callback that cannot be read is answered, and why.
    pub unprocessed: &'static str,
    /// What is not possible, and why.
    pub limits: &'static str,
}

/// A marketplace.
#[async_trait(?Send)]
pub trait Adapter: Sync {
    /// Which marketplace it is.
    fn marketplace(&self) -> Marketplace;

    /// Its kinds of callback.
    fn kinds(&self) -> &'static [Kind];

    /// The names of the secrets that a listing may have. The documentation describes each, in this order.
    fn secrets(&self) -> &'static [&'static str];

    /// The names of the settings that a listing may have besides those of every marketplace, in the order of the documentation.
    fn settings(&self) -> &'static [&'static str];

    /// The operator's documentation.
    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs;

    /// Verifies that a callback is authentic, and asks the vendor's API where the callback itself proves too little.
    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError>;

    /// Parses a verified callback.
    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable>;

    /// The response to a verified callback that could not be read, once it is kept: a success if its vendor does not
    /// send it again or gives a failing URL up, and otherwise 500, so that the vendor's repetition is processed as soon as
    /// it can be read. `None` for a request that reports nothing: it is not kept.
    fn unprocessed(&self, kind: Kind) -> Option<CallbackResponse>;

    /// The response to a refused callback, which is the same for every reason.
    fn refused(&self, kind: Kind) -> CallbackResponse;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_why_a_callback_cannot_be_read_quotes_no_value() {
        #[derive(Debug, Deserialize)]
        struct Order {
            #[expect(dead_code, reason = "only whether it can be read matters")]
            id: u64,
        }
        for (text, reason) in [
            (r#"{"id": "ann@example.com, expected \"x\""}"#, "/id: invalid type: string, expected u64"),
            (r#"{"id": -26}"#, "/id: invalid value: integer, expected u64"),
            (r#"{"id": [26]}"#, "/id: invalid type: sequence, expected u64"),
            ("{}", ": missing field `id`"),
            (r#"{"id": 1, "id": 2}"#, ": duplicate field `id`"),
        ] {
            let error = strict_json::from_str::<Order>(text).unwrap_err();
            assert_eq!(Unreadable::from(error), unreadable(reason), "{text}");
        }
    }
}
