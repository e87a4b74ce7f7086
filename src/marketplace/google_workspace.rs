//! Google Workspace Marketplace. Google calls nobody about installs there. What shows one is the first sign-in of a customer:
//! the app's redirect URI is here, or the app tells what Google told it. What shows the end is the customer's licence, about
//! which Google is asked whenever the app wants.
//!
//! Sources: developers.google.com/identity/protocols/oauth2/web-server, …/identity/openid-connect;
//! …/workspace/marketplace/reference/rest/v2/customerLicense.

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::Guide;
use super::{
    adapter::{Adapter, Answer, Arrival, Kind, Proof, Reply, Told, Unreadable, Way, unreadable},
    event::{Event, EventKind},
    google::{self, Api, Called},
    oauth, proven,
    signature::{
        Expected, Refusal, TokenEncoding, TokenEndpoint, TokenScheme, Trust, Verified, bearer,
        google_sign_in, polled,
    },
};
use crate::domain::{clicks::click::CLICK_ID_LENGTH, programme::listing::Marketplace};
use serde::{Deserialize, de::DeserializeOwned};

/// Google Workspace Marketplace.
pub struct GoogleWorkspace;

const OAUTH: Kind = Kind { name: "oauth", methods: &["GET"], way: Way::Browser };
const SIGN_IN: Kind = Kind { name: "sign-in", methods: &["POST"], way: Way::App };
const LICENSE: Kind = Kind { name: "license", methods: &["POST"], way: Way::App };

const TOKEN_ENDPOINT: TokenEndpoint = TokenEndpoint { url: google::TOKEN_URL, encoding: TokenEncoding::Form };
const LICENSES: &str = "https://appsmarket.googleapis.com/appsmarket/v2/customerLicense";
const SCOPE: &str = "https://www.googleapis.com/auth/appsmarketplace.license";
/// Characters of a domain's name at most.
const DOMAIN_LENGTH: usize = 253;

/// What the app and the listing share.
const SECRET: &str = "app_secret";

/// What the token endpoint answers, as far as we read it.
#[derive(Deserialize)]
struct Granted {
    id_token: String,
}

/// The claims of an id token, as far as we read them; the scheme has judged the others.
#[derive(Deserialize)]
struct Identity {
    /// The user.
    sub: String,
    /// The customer's domain; users without an organisation have none.
    hd: Option<String>,
}

impl Identity {
    fn account(self) -> String {
        match self.hd.filter(|domain| !domain.is_empty()) {
            Some(domain) => domain.to_ascii_lowercase(),
            None => self.sub,
        }
    }
}

/// What the app tells of a sign-in.
#[derive(Deserialize)]
struct SignIn {
    id_token: String,
    click_id: Option<String>,
}

/// Whose licence is asked about.
#[derive(Deserialize)]
struct Asked {
    customer: String,
}

/// A customer's licence, as far as we read it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct License {
    state: String,
    /// The customer's domain.
    customer_id: Option<String>,
}

/// The JSON that the app posts.
fn posted<T: DeserializeOwned>(arrival: &Arrival<'_>) -> Result<T, Refusal> {
    let body = str::from_utf8(arrival.callback.body).map_err(|_| Refusal::MalformedBody)?;
    strict_json::from_str(body).map_err(|_| Refusal::MalformedBody)
}

/// The proof that an id token is Google's, for the app.
fn identify<'a>(arrival: &Arrival<'a>, id_token: &str) -> Result<Proof<'a>, Refusal> {
    let expected = Expected { audiences: arrival.listing.texts("client_id"), ..Expected::default() };
    let verify = |trust: &Trust| google_sign_in(id_token, &trust.keys, &expected, arrival.now);
    // The keys are the same as those of pushes.
    arrival.with_keys(TokenScheme::PubsubPushOidc, &expected, &verify)
}

/// Has the code of the first sign-in exchanged. The id token that comes with it is Google's own answer, and is verified
/// all the same.
fn authorise<'a>(arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
    // All that can be wrong on our side is wrong before the code is used up: it counts once.
    let query = arrival.query().ok_or(Refusal::MalformedParameters)?;
    let onward = arrival.listing.onward(query).ok_or(Refusal::NotConfigured)?;
    oauth::parameter(arrival, "state")?;
    if oauth::parameter(arrival, "code")?.is_none() {
        // A user who refuses.
        return Ok(Proof::Greeting(Answer::redirect(302, onward)));
    }
    let taken = match oauth::prove(arrival, TOKEN_ENDPOINT, &[])? {
        Proof::Verified(taken) => taken,
        first => return Ok(first),
    };
    let granted: Granted = proven::read(&taken).map_err(|_| Refusal::MissingParameter("id_token"))?;
    Ok(match identify(arrival, &granted.id_token)? {
        Proof::Verified(proof) => Proof::Verified(proof.confirmed_by(&taken)),
        first => first,
    })
}

/// The app's own word for who it is, and behind it what Google says of the customer's licence.
fn verify_license<'a>(arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
    let proof = bearer(&arrival.callback, &arrival.listing.secret(SECRET))?;
    let Asked { customer } = posted(arrival)?;
    if !google::is_plain(&customer, DOMAIN_LENGTH) {
        return Err(Refusal::WrongSubject);
    }
    let application = arrival.listing.setting("application_id");
    let application = application.filter(|id| google::is_plain(id, DOMAIN_LENGTH));
    let (Some(api), Some(application)) = (Api::of(arrival, SCOPE)?, application) else {
        return Err(Refusal::NotConfigured);
    };
    match api.get(0, &format!("{LICENSES}/{application}/{customer}"))? {
        Called::Next(next) => Ok(next),
        Called::Answered(answered) => polled(answered).map(|by| Proof::Verified(proof.confirmed_by(&by))),
    }
}

/// The install. What stands where a click id may stand is the app's own business if it is none, and is not passed on.
fn installed(proof: &Verified<'_>, click: Option<String>) -> Result<(String, Event), Unreadable> {
    let click = click.filter(|id| id.len() == CLICK_ID_LENGTH);
    let account = proven::read::<Identity>(proof)?.account();
    let event = Event {
        occurred_at: proof.signed_at(),
        clicks: click.into_iter().collect(),
        ..Event::new(EventKind::Installed, &account, format!("install:{account}"), proof.evidence())
    };
    Ok((account, event))
}

/// The sign-in that a browser brought. The app goes on with the query, and fetches its tokens at `token`.
fn authorised(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let state = oauth::parameter(arrival, "state").ok().flatten();
    let (account, event) = installed(proof, state)?;
    let query = arrival.query().ok_or_else(|| unreadable("the query is not urlencoded"))?.to_owned();
    let granted = arrival.answers.first().ok_or_else(|| unreadable("nothing was answered"))?;
    let hand_over = Some(oauth::for_the_app(&granted.body, arrival)?);
    Ok(Told { hand_over, ..Told::new(vec![event], Reply::Relay { account, query }) })
}

fn answer(events: Vec<Event>, fields: &serde_json::Value) -> Told {
    Told::new(events, Reply::Plain(Answer::with_body(200, "application/json", fields.to_string())))
}

/// The sign-in that the app tells of.
fn signed_in(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let SignIn { click_id, .. } = posted(arrival).map_err(|_| unreadable("it is no sign-in"))?;
    let (account, event) = installed(proof, click_id)?;
    let customer_id = format!("{}:{account}", Marketplace::GoogleWorkspace.as_str());
    Ok(answer(vec![event], &serde_json::json!({ "customer_id": customer_id })))
}

/// What a licence tells: its end, if it has ended.
fn licensed(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let Asked { customer } = proven::read(proof)?;
    let found = google::answered(arrival, 0).ok_or_else(|| unreadable("nothing was answered"))?;
    let License { state, customer_id } = strict_json::from_str(&found.body)?;
    let account = customer_id.unwrap_or(customer).to_ascii_lowercase();
    let ended = || Event {
        occurred_at: Some(arrival.now),
        ..Event::new(EventKind::Uninstalled, &account, format!("uninstall:{account}"), proof.evidence())
    };
    let events = match state.as_str() {
        "ACTIVE" => Vec::new(),
        "UNLICENSED" | "EXPIRED" => vec![ended()],
        _ => return Err(unreadable("state is none that is documented")),
    };
    Ok(answer(events, &serde_json::json!({ "state": state })))
}

impl Adapter for GoogleWorkspace {
    fn marketplace(&self) -> Marketplace {
        Marketplace::GoogleWorkspace
    }

    fn kinds(&self) -> &'static [Kind] {
        &[OAUTH, oauth::TOKEN, SIGN_IN, LICENSE]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn guide(&self) -> Guide {
        Guide {
            title: "Google Workspace Marketplace",
            kinds: &[
                (
                    OAUTH.name,
                    "an authorized redirect URI of the app's OAuth client: the first sign-in of a customer is the install. Signpost \
                     has the code exchanged, binds the visitor's clicks to the customer, and goes on to `forward_to` with the \
                     query as it came; the app fetches its tokens at `token`. The app makes the request for consent itself, \
                     with the scope `openid`, and checks `state` and `nonce`",
                ),
                (oauth::TOKEN.name, oauth::ABOUT_TOKEN),
                (
                    SIGN_IN.name,
                    "for an app that keeps its own redirect URI: it posts `{\"id_token\": \"…\", \"click_id\": \"…\"}`, with \
                     `app_secret` as a bearer token, after a sign-in; the answer names the customer. Without `click_id` \
                     the install is nobody's, until the click comes to light otherwise",
                ),
                (
                    LICENSE.name,
                    "asks Google for a customer's licence; one that is gone is the uninstall. Google pushes none, so a scheduler of \
                     yours asks once a day for each customer: `curl -s https://<host>/callbacks/google-workspace/<listing \
                     id>/license -H \"Authorization: Bearer $APP_SECRET\" -d '{\"customer\": \"example.com\"}'`",
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
                    "the client id of the app's OAuth client; for `sign-in` alone it may be a list, of all clients that its \
                     tokens are issued to or made for",
                ),
                ("application_id", "for `license`: the app's id in the marketplace"),
            ],
            proof: "`oauth`: Google takes the code, and its id token (RS256, for the client id) names the customer; `sign-in`: \
                    `app_secret`, and the id token; `license`: `app_secret`, and Google's answer",
            carrier: "the visitor's cookie on the way from the sign-in to `forward_to`; a click id as `state`, or that the app tells",
            limits: "Google pushes neither installs nor uninstalls, and takes no payments for apps: sales come in by the API, for the \
                     customer `google-workspace:<domain>` (the token's `hd`), or `google-workspace:<sub>` of a user without an \
                     organisation. Nothing that is put on a link to the marketplace reaches the app. An administrator who installs the \
                     app for a domain is often another person than the one who clicked, and no sign-in: then nothing is known of \
                     the click. A customer counts as one install and one uninstall. A code counts once, so with `oauth` \
                     here the app has none of its own to exchange. Which client a token is for is checked here; its `nonce` is not: \
                     the app made it",
        }
    }

    fn verify<'a>(&self, arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
        if arrival.kind == OAUTH {
            authorise(arrival)
        } else if arrival.kind == oauth::TOKEN {
            oauth::verify_token(arrival, "client_secret")
        } else if arrival.kind == SIGN_IN {
            bearer(&arrival.callback, &arrival.listing.secret(SECRET))?;
            identify(arrival, &posted::<SignIn>(arrival)?.id_token)
        } else {
            verify_license(arrival)
        }
    }

    fn parse(&self, proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
        if arrival.kind == OAUTH {
            authorised(proof, arrival)
        } else if arrival.kind == oauth::TOKEN {
            oauth::read_token(proof)
        } else if arrival.kind == SIGN_IN {
            signed_in(proof, arrival)
        } else {
            licensed(proof, arrival)
        }
    }

    fn refused(&self, _: Kind) -> Answer {
        Answer::unauthorized()
    }
}
