//! What a marketplace must bring to be one of ours. No method has a body here: forgetting one does not compile.

use super::{
    event::Event,
    oauth::HandOver,
    outgoing::{Answered, Request, ToSign},
    published::{Document, Wanted},
    signature::{Callback, Parameters, Refusal, Scheme, Verified, Verifier},
};
use crate::domain::{programme::listing::Marketplace, values::time::Timestamp};
use serde::{Deserialize, Serialize};

/// A listing as callbacks need it, with its secrets opened.
#[derive(Debug, Clone, Deserialize)]
pub struct Listing {
    /// Public id.
    pub id: String,
    /// Number within the programme.
    pub no: u16,
    /// Where it stands.
    pub marketplace: Marketplace,
    /// The marketplace's settings.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// The marketplace's secrets by name, each with all values that are accepted, the current one first.
    pub secrets: serde_json::Map<String, serde_json::Value>,
    /// Where a browser-borne install is forwarded to.
    pub forward_to: Option<String>,
}

impl Listing {
    /// A text among the settings.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name)?.as_str()
    }

    /// The texts of a setting that is a text or a list of texts; none if it is not set.
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

    /// The values of a secret; none if it is not set.
    #[must_use]
    pub fn secret(&self, name: &str) -> Vec<&str> {
        let values = self.secrets.get(name).and_then(serde_json::Value::as_array);
        values.into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
    }

    /// `forward_to` with a query behind its own, as it came, and before its fragment; nothing if there is no
    /// `forward_to`.
    #[must_use]
    pub fn onward(&self, query: &str) -> Option<String> {
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

/// How a callback reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The visitor's browser brings it, and with it our cookies: an answer leads the browser on.
    Browser,
    /// The vendor's server calls.
    Server,
    /// The operator's own app calls.
    App,
}

/// A kind of callback: the last segment of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The segment.
    pub name: &'static str,
    /// Methods that the vendor uses.
    pub methods: &'static [&'static str],
    /// How it arrives.
    pub way: Way,
}

/// A callback at its address.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// What came in.
    pub callback: Callback<'a>,
    /// Which of the adapter's kinds it is.
    pub kind: Kind,
    /// The rest of the path behind the kind, without a slash at either end; empty if there is none.
    pub rest: &'a str,
    /// The listing it was sent to.
    pub listing: &'a Listing,
    /// What was answered so far to what [`Proof::Ask`] asked and to what [`Proof::Sign`] gave to sign, in order.
    pub answers: &'a [Answered],
    /// Documents of the vendor's that [`Proof::Fetch`] named.
    pub documents: &'a [Document],
    /// The time.
    pub now: Timestamp,
}

/// Whether a text can stand in a header as it came: a query or a form that is urlencoded can.
#[must_use]
pub fn is_urlencoded(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl<'a> Arrival<'a> {
    /// The address that was called, and the query as it came.
    #[must_use]
    pub fn address(&self) -> (&'a str, &'a str) {
        self.callback.url.split_once('?').unwrap_or((self.callback.url, ""))
    }

    /// The query as it came, for the browser to take along; nothing if it is not urlencoded.
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

/// What verifying comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof<'a> {
    /// It is proven.
    Verified(Verified<'a>),
    /// It tells nothing and wants this answer: the handshake of an address that is being registered, or a browser that
    /// is only passing through.
    Greeting(Answer),
    /// The same, and what the operator should know of it. A line for the log holds nothing that came in unjudged.
    Noted(Answer, String),
    /// The vendor is to be asked first; then it is verified again, with the answer.
    Ask(Request),
    /// These documents of the vendor's are to be fetched first; then it is verified again, with them.
    Fetch(Vec<Wanted>),
    /// This is to be signed first, for a call to the vendor; the signature comes as an answer.
    Sign(ToSign),
}

/// An HTTP answer to the vendor or the browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: String,
}

impl Answer {
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

    /// The answer to what is not proven: the same for every reason, and for what nobody can have registered.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::with_body(401, "text/plain", "unauthorized")
    }

    /// Sends a browser on. The address may hold codes: nobody keeps the answer, and nobody behind it learns of ours.
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

/// How a callback is answered once what it tells is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Like this.
    Plain(Answer),
    /// The browser goes on to the listing's `forward_to` with this query, by way of a page of ours where the cookies of
    /// the account's clicks are seen: a form that another site posts brings none (SameSite=Lax).
    Relay {
        /// The customer's account.
        account: String,
        /// The query that the product gets, as it came.
        query: String,
    },
    /// The same way, from a page in a frame of the vendor's, where our cookies are not visible: a link on it leads to
    /// the top of the window. A listing without `forward_to` has a page that leads nowhere. Once the account has gone that
    /// way, its frame goes on to `forward_to` at once.
    TopLevel {
        /// The customer's account.
        account: String,
        /// The query that the product gets, as it came.
        query: String,
        /// Who may frame the page: sources of CSP, separated by spaces.
        frame_ancestors: String,
        /// The page has its token in its address, so that browsers reload it with the same: it counts again, but as
        /// nothing else, not at another kind, nor if it came there first.
        reloads: bool,
    },
    /// With what was kept for the app under this code ([`Told::hand_over`]).
    HandOver {
        /// The code.
        code: String,
    },
}

/// What a callback tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Events, in order; none for what is none of our business.
    pub events: Vec<Event>,
    /// How it is answered.
    pub reply: Reply,
    /// What is kept for the app, for a while.
    pub hand_over: Option<HandOver>,
    /// What of it could not be read, for the operator's log. It holds nothing that came in.
    pub log: Option<String>,
    /// Names of accounts that the proof tells together.
    pub names: Vec<AccountName>,
}

/// Two names of one account, both proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountName {
    /// The name that other messages use.
    pub alias: String,
    /// The name that events are joined by.
    pub account: String,
}

impl Told {
    /// Events and how they are answered; nothing for the app, nothing for the log.
    #[must_use]
    pub fn new(events: Vec<Event>, reply: Reply) -> Self {
        Self { events, reply, hand_over: None, log: None, names: Vec::new() }
    }
}

/// A proven callback that is not of the documented form: the vendor changed it, or we read it wrongly. It is answered as
/// a failure of ours, so that the vendor sends it again when we can read it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a proven callback is not of its documented form: {0}")]
pub struct Unreadable(pub String);

/// What cannot be read, and why.
pub fn unreadable(why: impl Into<String>) -> Unreadable {
    Unreadable(why.into())
}

impl From<strict_json::Error> for Unreadable {
    fn from(error: strict_json::Error) -> Self {
        Self(format!("{}: {error}", error.pointer()))
    }
}

/// What the operator reads of a marketplace (docs/marketplaces.md). The Worker does not carry it.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Clone, Copy)]
pub struct Guide {
    /// The marketplace's own name.
    pub title: &'static str,
    /// The kinds of callback by name, each with what it is.
    pub kinds: &'static [(&'static str, &'static str)],
    /// Secrets to set, each with what it is.
    pub secrets: &'static [(&'static str, &'static str)],
    /// Settings, each with what it is.
    pub settings: &'static [(&'static str, &'static str)],
    /// How an event is proven.
    pub proof: &'static str,
    /// What carries the referral from the click to the install.
    pub carrier: &'static str,
    /// What is not possible, and why.
    pub limits: &'static str,
}

/// A marketplace.
pub trait Adapter: Sync {
    /// Which it is.
    fn marketplace(&self) -> Marketplace;

    /// Its kinds of callback.
    fn kinds(&self) -> &'static [Kind];

    /// What the operator reads.
    #[cfg(not(target_arch = "wasm32"))]
    fn guide(&self) -> Guide;

    /// Proves that a callback is the vendor's.
    fn verify<'a>(&self, arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal>;

    /// Reads what it tells.
    fn parse(&self, proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable>;

    /// The answer to what is refused: one and the same for every reason.
    fn refused(&self, kind: Kind) -> Answer;
}
