//! Google Workspace Marketplace. Google sends no callback for an install. The first sign-in of a customer shows it:
//! either the app's redirect URI is here, or the app forwards Google's id token. The customer's licence shows the
//! uninstall: Google is asked about it whenever the app requests that.
//!
//! Sources: developers.google.com/identity/protocols/oauth2/web-server, …/identity/openid-connect;
//! …/workspace/marketplace/reference/rest/v2/customerLicense.

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        AccountEmail, Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback,
        Proof, Reply, Unreadable, Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind},
    google::{self, ServiceAccount},
    oauth, payload,
    published_keys::with_keys,
    signature::{
        Expected, Refusal, TokenEncoding, TokenEndpoint, TokenScheme, Trust, Verified, bearer,
        google_sign_in, polled,
    },
    vendor_api::{VendorApi, VendorResponses},
};
use crate::domain::{
    clicks::click::CLICK_ID_LENGTH, programme::listing::Marketplace, values::time::Timestamp,
};
use async_trait::async_trait;
use serde::{Deserialize, de::DeserializeOwned};

/// Google Workspace Marketplace.
pub struct GoogleWorkspace;

const OAUTH: Kind = Kind { name: "oauth", methods: &["GET"], origin: CallbackOrigin::Browser };
const SIGN_IN: Kind = Kind { name: "sign-in", methods: &["POST"], origin: CallbackOrigin::App };
const LICENSE: Kind = Kind { name: "license", methods: &["POST"], origin: CallbackOrigin::App };

const TOKEN_ENDPOINT: TokenEndpoint = TokenEndpoint { url: google::TOKEN_URL, encoding: TokenEncoding::Form };
const LICENSES: &str = "https://appsmarket.googleapis.com/appsmarket/v2/customerLicense";
const SCOPE: &str = "https://www.googleapis.com/auth/appsmarketplace.license";
/// The maximum length of a domain name.
const DOMAIN_LENGTH: usize = 253;

/// The name of Google's response to a code.
const GRANTED: &str = "granted";
/// The name of Google's response about a licence.
const LICENSED: &str = "license";

/// The secret that the app and the listing share.
const SECRET: &str = "app_secret";

/// The fields of a token response that are read.
#[derive(Deserialize)]
struct Granted {
    id_token: String,
}

/// The claims of an id token that are read here. The scheme has checked the others.
#[derive(Deserialize)]
struct Identity {
    /// The user.
    sub: String,
    /// The customer's domain; absent for users without an organisation.
    hd: Option<String>,
    #[serde(default)]
    email: serde_json::Value,
}

impl Identity {
    fn account(&self) -> String {
        match self.hd.as_deref().filter(|domain| !domain.is_empty()) {
            Some(domain) => domain.to_ascii_lowercase(),
            None => self.sub.clone(),
        }
    }
}

/// A sign-in: the account, its install, and the user's address.
struct Installed {
    account: String,
    event: Event,
    emails: Vec<AccountEmail>,
}

/// A sign-in that the app reports.
#[derive(Deserialize)]
struct SignIn {
    id_token: String,
    click_id: Option<String>,
}

/// The customer whose licence the app asks about.
#[derive(Deserialize)]
struct LicenseRequest {
    customer: String,
}

/// The fields of a licence that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct License {
    state: String,
    /// The customer's domain.
    customer_id: Option<String>,
}

/// The JSON that the app posts.
fn posted<T: DeserializeOwned>(context: &CallbackContext<'_>) -> Result<T, Refusal> {
    let body = str::from_utf8(context.callback.body).map_err(|_| Refusal::MalformedBody)?;
    strict_json::from_str(body).map_err(|_| Refusal::MalformedBody)
}

/// Verifies that an id token is Google's, and for the app.
async fn identify(
    context: &CallbackContext<'_>,
    api: &dyn VendorApi,
    id_token: &str,
) -> Result<Verified<'static>, VerifyError> {
    let expected = Expected { audiences: context.listing.texts("client_id"), ..Expected::default() };
    let check = |trust: &Trust, now: Timestamp| google_sign_in(id_token, &trust.keys, &expected, now);
    // Id tokens and pushes are signed with the same keys.
    with_keys(api, TokenScheme::PubsubPushOidc, &expected, &check).await
}

/// Exchanges the code of the first sign-in. The id token in the response is verified, although it comes from Google
/// directly.
async fn authorize<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    // Everything that can be wrong on our side is checked before the code is used: it is accepted once.
    let query = context.query().ok_or(Refusal::MalformedParameters)?;
    let forward_url = context.listing.forward_url(query).ok_or(Refusal::NotConfigured)?;
    oauth::parameter(context, "state")?;
    if oauth::parameter(context, "code")?.is_none() {
        // The user refused consent.
        return Ok(Verification::respond(CallbackResponse::redirect(302, forward_url)));
    }
    let (accepted, response) = oauth::exchange_code(context, api, TOKEN_ENDPOINT, &[]).await?;
    let granted: Granted = payload::read(&accepted).map_err(|_| Refusal::MissingParameter("id_token"))?;
    let verified = identify(context, api, &granted.id_token).await?.confirmed_by(&accepted);
    Ok(Verification::with_responses(verified, VendorResponses::one(GRANTED, response)))
}

/// Verifies the app's credentials, and asks Google about the customer's licence.
async fn verify_license<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let verified = bearer(&context.callback, &context.listing.secret(SECRET))?;
    let LicenseRequest { customer } = posted(context)?;
    if !google::is_plain(&customer, DOMAIN_LENGTH) {
        return Err(Refusal::WrongSubject.into());
    }
    let application = context.listing.setting("application_id");
    let application = application.filter(|id| google::is_plain(id, DOMAIN_LENGTH));
    let (Some(account), Some(application)) = (ServiceAccount::of(context.listing, SCOPE)?, application)
    else {
        return Err(Refusal::NotConfigured.into());
    };
    let client = account.sign_in(api).await?;
    let response = client.get(&format!("{LICENSES}/{application}/{customer}")).await?;
    let verified = verified.confirmed_by(&polled(&response)?);
    Ok(Verification::with_responses(verified, VendorResponses::one(LICENSED, response)))
}

/// The account and the install. A value that is not a click id belongs to the app and is dropped.
fn installed(verified: &Verified<'_>, click: Option<String>) -> Result<Installed, Unreadable> {
    let click = click.filter(|id| id.len() == CLICK_ID_LENGTH);
    let identity: Identity = payload::read(verified)?;
    let account = identity.account();
    let emails = AccountEmail::list(&account, identity.email.as_str().map(str::to_owned));
    let event = Event {
        occurred_at: verified.signed_at(),
        clicks: click.into_iter().collect(),
        ..Event::new(EventKind::Installed, &account, format!("install:{account}"), verified.evidence())
    };
    Ok(Installed { account, event, emails })
}

/// Parses a sign-in in the browser. The app continues with the query, and fetches its tokens at `token`.
fn authorized(proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let state = oauth::parameter(context, "state").ok().flatten();
    let Installed { account, event, emails } = installed(&proof.verified, state)?;
    let query = context.query().ok_or_else(|| unreadable("the query is not urlencoded"))?.to_owned();
    let granted = proof.responses.get(GRANTED).ok_or_else(|| unreadable("Google was not asked"))?;
    let token_handoff = Some(oauth::token_handoff(&granted.body, context)?);
    Ok(ParsedCallback {
        token_handoff,
        emails,
        ..ParsedCallback::new(vec![event], Reply::BrowserHandoff { account, query })
    })
}

fn answer(events: Vec<Event>, fields: &serde_json::Value) -> ParsedCallback {
    ParsedCallback::new(
        events,
        Reply::Plain(CallbackResponse::with_body(200, "application/json", fields.to_string())),
    )
}

/// Parses a sign-in that the app reports.
fn signed_in(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let SignIn { click_id, .. } = posted(context).map_err(|_| unreadable("it is not a sign-in"))?;
    let Installed { account, event, emails } = installed(verified, click_id)?;
    let customer_id = format!("{}:{account}", Marketplace::GoogleWorkspace.as_str());
    let answer = answer(vec![event], &serde_json::json!({ "customer_id": customer_id }));
    Ok(ParsedCallback { emails, ..answer })
}

/// Parses a licence: an ended one is an uninstall.
fn licensed(proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let verified = &proof.verified;
    let LicenseRequest { customer } = payload::read(verified)?;
    let found = proof.responses.get(LICENSED).ok_or_else(|| unreadable("Google was not asked"))?;
    let License { state, customer_id } = strict_json::from_str(&found.body)?;
    let account = customer_id.unwrap_or(customer).to_ascii_lowercase();
    let ended = || Event {
        occurred_at: Some(context.now),
        ..Event::new(EventKind::Uninstalled, &account, format!("uninstall:{account}"), verified.evidence())
    };
    let events = match state.as_str() {
        "ACTIVE" => Vec::new(),
        "UNLICENSED" | "EXPIRED" => vec![ended()],
        _ => return Err(unreadable("state is not a documented one")),
    };
    Ok(answer(events, &serde_json::json!({ "state": state })))
}

#[async_trait(?Send)]
impl Adapter for GoogleWorkspace {
    fn marketplace(&self) -> Marketplace {
        Marketplace::GoogleWorkspace
    }

    fn kinds(&self) -> &'static [Kind] {
        &[OAUTH, oauth::TOKEN, SIGN_IN, LICENSE]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["client_secret", "app_secret", "service_account"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["client_id", "application_id"]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Google Workspace Marketplace",
            kinds: &[
                (
                    OAUTH.name,
                    "an authorized redirect URI of the app's OAuth client: the first sign-in of a customer is the \
                     install. Signpost exchanges the code, binds the visitor's clicks to the customer, and redirects \
                     to `forward_to` with the query unchanged; the app fetches its tokens at `token`. The app makes \
                     the authorization request itself, with the scope `openid`, and checks `state` and `nonce`",
                ),
                (oauth::TOKEN.name, oauth::ABOUT_TOKEN),
                (
                    SIGN_IN.name,
                    "for an app that keeps its own redirect URI: after a sign-in, it posts `{\"id_token\": \"…\", \
                     \"click_id\": \"…\"}` with `app_secret` as the bearer token; the response names the customer. \
                     Without `click_id` the install is unattributed until the click becomes known in another way",
                ),
                (
                    LICENSE.name,
                    "asks Google about a customer's licence; a missing licence is the uninstall. Google pushes none, \
                     so your scheduler asks once a day for each customer: `curl -s \
                     https://<host>/callbacks/google-workspace/<listing id>/license -H \"Authorization: Bearer \
                     $APP_SECRET\" -d '{\"customer\": \"example.com\"}'`",
                ),
            ],
            secrets: &[
                ("client_secret", "for `oauth` and `token`: the secret of the app's OAuth client"),
                (
                    "app_secret",
                    "for `sign-in` and `license`: a long random text that the app and the listing share",
                ),
                (
                    "service_account",
                    "for `license`: the JSON key file of a service account of the app's Google Cloud project",
                ),
            ],
            settings: &[
                (
                    "client_id",
                    "the client id of the app's OAuth client; for `sign-in` alone it may be a list of all clients that \
                     its tokens are issued to or made for",
                ),
                ("application_id", "for `license`: the app's id in the marketplace"),
            ],
            proof: "`oauth`: Google accepts the code, and its id token (RS256, for the client id) names the customer; \
                    `sign-in`: `app_secret` and the id token; `license`: `app_secret` and Google's response",
            carrier: "the visitor's cookie, between the sign-in and `forward_to`; a click id in `state`, or one that the app reports",
            ends: "a licence that is gone ends the account. Google takes no payments for apps, so nothing is \
                   reversed: refund the conversion with the API",
            unprocessed: "500, which the visitor or your app sees and can repeat",
            limits: "Google pushes neither installs nor uninstalls, and takes no payments for apps: send sales with \
                     the API, for the customer `google-workspace:<domain>` (the token's `hd`), or \
                     `google-workspace:<sub>` for a user without an organisation. Parameters on a link to the \
                     marketplace do not reach the app. An administrator who installs the app for a domain is often not \
                     the person who clicked, and causes no sign-in: then the click is unknown. A customer counts as \
                     one install and one uninstall. A code is accepted once, so with `oauth` the app cannot exchange \
                     it itself. Signpost checks which client a token is for, but not its `nonce`, which the app \
                     generated",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        Ok(match context.kind {
            OAUTH => authorize(context, api).await?,
            oauth::TOKEN => oauth::verify_token_request(context, "client_secret")?.into(),
            SIGN_IN => {
                bearer(&context.callback, &context.listing.secret(SECRET))?;
                let SignIn { id_token, .. } = posted(context)?;
                identify(context, api, &id_token).await?.into()
            }
            _ => verify_license(context, api).await?,
        })
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        match context.kind {
            OAUTH => authorized(proof, context),
            oauth::TOKEN => oauth::parse_token_request(&proof.verified),
            SIGN_IN => signed_in(&proof.verified, context),
            _ => licensed(proof, context),
        }
    }

    fn unprocessed(&self, kind: Kind) -> Option<CallbackResponse> {
        (kind != oauth::TOKEN).then(|| CallbackResponse::empty(500))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
