//! The SaaS fulfilment API, version 2, with the operator's own credentials. All requests are read-only: the product
//! activates purchases and accepts changes.
//!
//! Sources: learn.microsoft.com, partner-center/marketplace-offers/pc-saas-fulfillment-subscription-api,
//! …/pc-saas-fulfillment-operations-api, …/pc-saas-registration.

use super::super::{
    adapter::{Listing, VerifyError},
    payload,
    signature::{Refusal, Verified, polled},
    vendor_api::{VendorApi, VendorRequest, VendorResponse},
};
use crate::domain::values::time::Timestamp;
use serde::Deserialize;

const API: &str = "https://marketplaceapi.microsoft.com/api/saas/subscriptions";
const VERSION: &str = "?api-version=2018-08-31";
/// Everything that the Marketplace SaaS API allows the app.
const SCOPE: &str = "20e940b3-4c77-4b0b-9a53-9e16a1b010a7/.default";
/// Seconds for which an access token is reused. It is valid for an hour.
const TOKEN_TTL_S: u32 = 600;

/// Whether a text is a GUID. Only GUIDs are put into URLs.
pub fn is_guid(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| {
        if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// A time with up to seven decimal places. Some documents omit the time zone, which is then UTC.
pub fn time(text: Option<&str>) -> Option<Timestamp> {
    let text = text?;
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}Z")))
}

/// The fields of a purchase that are read. Unknown values are absent, empty or `null`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    pub id: Option<String>,
    pub plan_id: Option<String>,
    saas_subscription_status: Option<String>,
    is_test: Option<bool>,
    is_free_trial: Option<bool>,
    term: Option<Term>,
    created: Option<String>,
    #[serde(default)]
    purchaser: serde_json::Value,
    #[serde(default)]
    beneficiary: serde_json::Value,
}

/// A billing term.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    start_date: Option<String>,
}

impl Subscription {
    /// Its state. Microsoft's own examples pad it with spaces.
    pub fn status(&self) -> &str {
        self.saas_subscription_status.as_deref().unwrap_or_default().trim()
    }

    /// Whether it is a test purchase, which is free.
    pub fn is_test(&self) -> bool {
        self.is_test == Some(true)
    }

    /// Whether it is in a free trial.
    pub fn is_free_trial(&self) -> bool {
        self.is_free_trial == Some(true)
    }

    /// The addresses of who pays and of who uses it.
    pub fn emails(&self) -> Vec<String> {
        let email = |of: &serde_json::Value| of.get("emailId")?.as_str().map(str::to_owned);
        [&self.purchaser, &self.beneficiary].into_iter().filter_map(email).collect()
    }

    /// When it was bought.
    pub fn bought_at(&self) -> Option<Timestamp> {
        time(self.created.as_deref())
    }

    /// The start of the current term, if known.
    pub fn term(&self) -> Option<&str> {
        self.term.as_ref()?.start_date.as_deref().filter(|date| !date.is_empty())
    }
}

/// The fields of an operation that are read. The quantity is not compared, because no event reports it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    pub id: Option<String>,
    pub subscription_id: Option<String>,
    pub action: Option<String>,
    pub plan_id: Option<String>,
    pub status: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

/// A log message for the operator.
pub const NO_ACCESS: &str = "Microsoft does not take the listing's tenant_id, client_id and client_secret";

/// The operator's credentials for the API.
pub struct Credentials<'l> {
    tenant: &'l str,
    client_id: &'l str,
    client_secret: &'l str,
}

/// Whether the API can be asked.
pub enum Access<T> {
    /// It can.
    Granted(T),
    /// The operator has not configured it.
    NotConfigured,
    /// The operator's credentials are not valid.
    Denied,
}

impl<'l> Access<Credentials<'l>> {
    /// The listing's credentials.
    pub fn of(listing: &'l Listing) -> Self {
        let secrets = listing.secret("client_secret");
        let Some(client_secret) = secrets.first().filter(|secret| !secret.is_empty()) else {
            return Self::NotConfigured;
        };
        let setting = |name| listing.setting(name).filter(|id| is_guid(id));
        match (setting("tenant_id"), setting("client_id")) {
            (Some(tenant), Some(client_id)) => {
                Self::Granted(Credentials { tenant, client_id, client_secret })
            }
            _ => Self::Denied,
        }
    }

    /// Exchanges the credentials for an access token.
    pub async fn sign_in(self, api: &dyn VendorApi) -> Result<Access<String>, VerifyError> {
        let credentials = match self {
            Self::Granted(credentials) => credentials,
            Self::NotConfigured => return Ok(Access::NotConfigured),
            Self::Denied => return Ok(Access::Denied),
        };
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", credentials.client_id),
            ("client_secret", credentials.client_secret),
            ("scope", SCOPE),
        ];
        let url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", credentials.tenant);
        let response = api.send(&VendorRequest::form(&url, &fields).cached_for(TOKEN_TTL_S)).await?;
        match polled(&response) {
            Ok(verified) => {
                let granted: Granted = payload::read(&verified).map_err(|_| Refusal::Unanswered)?;
                Ok(Access::Granted(granted.access_token))
            }
            Err(Refusal::Declined) => Ok(Access::Denied),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// The request for the object at this path.
pub fn get(bearer: &str, path: &str) -> VendorRequest {
    VendorRequest::get_as(&format!("{API}/{path}{VERSION}"), bearer)
}

/// The request that resolves a landing page's token to a purchase.
pub fn resolve(bearer: &str, token: String) -> VendorRequest {
    let url = format!("{API}/resolve{VERSION}");
    let mut request = VendorRequest { method: "POST", ..VendorRequest::get_as(&url, bearer) };
    request.headers.push(("content-type", "application/json".to_owned()));
    request.headers.push(("x-ms-marketplace-token", token));
    request
}

/// A response of the API.
pub enum Found {
    /// The object exists.
    Yes(Verified<'static>),
    /// It does not exist.
    No,
    /// The credentials are not those of the offer.
    Denied,
}

/// Judges a response of the API.
pub fn found(response: &VendorResponse) -> Result<Found, Refusal> {
    match (polled(response), response.status) {
        (Ok(verified), _) => Ok(Found::Yes(verified)),
        (Err(Refusal::Declined), 401 | 403) => Ok(Found::Denied),
        (Err(Refusal::Declined), _) => Ok(Found::No),
        (Err(refusal), _) => Err(refusal),
    }
}
