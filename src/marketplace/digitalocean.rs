//! DigitalOcean Marketplace (SaaS add-ons): provisioning, plan changes, notifications, and single sign-on.
//!
//! DigitalOcean does the billing and reports no amounts.
//!
//! Sources: marketplace-eng/sample_golang_app (7ff8218), scott/do_addon_connector (45d79ad).

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        AccountEmail, Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback,
        Proof, Reply, TokenHandoff, Unreadable, Verification, VerifyError, is_urlencoded, unreadable,
    },
    event::{Event, EventKind},
    oauth, payload,
    signature::{Parameters, Scheme, TokenEncoding, TokenEndpoint, Verified, accepted_code},
    vendor_api::{VendorApi, VendorResponses},
};
use crate::domain::{programme::listing::Marketplace, values::time::Timestamp};
use async_trait::async_trait;
use serde::Deserialize;

/// DigitalOcean Marketplace.
pub struct Digitalocean;

/// `POST …/resources`.
#[derive(Deserialize)]
struct Provisioned {
    uuid: String,
    plan_slug: Option<String>,
    metadata: Option<serde_json::Map<String, serde_json::Value>>,
    oauth_grant: Option<OauthGrant>,
    /// The buyer's address.
    #[serde(default)]
    email: serde_json::Value,
}

#[derive(Deserialize)]
struct OauthGrant {
    code: String,
}

/// `PUT …/resources/{uuid}`.
#[derive(Deserialize)]
struct Replanned {
    plan_slug: String,
}

/// `POST …/notifications`.
#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "type")]
    kind: String,
    /// Unix seconds.
    created_at: i64,
    payload: Affected,
}

#[derive(Deserialize, Default)]
struct Affected {
    #[serde(default)]
    resources_uuids: Vec<String>,
    resource: Option<Resource>,
    plan: Option<Plan>,
}

#[derive(Deserialize)]
struct Resource {
    uuid: String,
}

#[derive(Deserialize)]
struct Plan {
    slug: String,
}

const RESOURCES: Kind =
    Kind { name: "resources", methods: &["POST", "PUT", "DELETE"], origin: CallbackOrigin::Server };
const NOTIFICATIONS: Kind =
    Kind { name: "notifications", methods: &["POST"], origin: CallbackOrigin::Server };
const SSO: Kind = Kind { name: "sso", methods: &["POST"], origin: CallbackOrigin::Browser };

/// Where the code of a resource is exchanged.
const TOKEN_ENDPOINT: TokenEndpoint = TokenEndpoint {
    url: "https://api.digitalocean.com/v2/add-ons/oauth/token",
    encoding: TokenEncoding::Json,
};

/// The resource in the path.
fn named(context: &CallbackContext<'_>) -> Result<String, Unreadable> {
    if context.rest.is_empty() || context.rest.contains('/') {
        return Err(unreadable("the path names no resource"));
    }
    Ok(context.rest.to_owned())
}

fn message(status: u16, fields: serde_json::Value) -> Reply {
    Reply::Plain(CallbackResponse::with_body(status, "application/json", fields.to_string()))
}

fn resources(proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let verified = &proof.verified;
    let event = |kind, account: &str, transaction: String| Event {
        occurred_at: Some(context.now),
        ..Event::new(kind, account, transaction, verified.evidence())
    };
    match context.callback.method {
        "POST" => {
            let body: Provisioned = payload::read(verified)?;
            let field = context.listing.setting("referral_field").unwrap_or("referral");
            let carried = body.metadata.as_ref().and_then(|fields| fields.get(field)?.as_str());
            let mut installed = event(EventKind::Installed, &body.uuid, format!("install:{}", body.uuid));
            installed.plan = body.plan_slug;
            installed.clicks = carried.map(str::to_owned).into_iter().collect();
            let config =
                context.listing.settings.get("config").cloned().unwrap_or_else(|| serde_json::json!({}));
            let mut answer = serde_json::json!({ "id": body.uuid, "message": "Your add-on is ready." });
            if let Some(fields) = answer.as_object_mut() {
                fields.insert("config".to_owned(), config);
            }
            let emails = AccountEmail::list(&body.uuid, body.email.as_str().map(str::to_owned));
            let code = body.uuid;
            let granted = proof.responses.get(GRANTED);
            let token_handoff = granted.map(|response| TokenHandoff { code, body: response.body.clone() });
            let parsed = ParsedCallback::new(vec![installed], message(201, answer));
            Ok(ParsedCallback { token_handoff, emails, ..parsed })
        }
        "PUT" => {
            let (uuid, body) = (named(context)?, payload::read::<Replanned>(verified)?);
            let mut changed = event(EventKind::PlanChanged, &uuid, format!("plan:{uuid}:{}", body.plan_slug));
            changed.plan = Some(body.plan_slug);
            Ok(ParsedCallback::new(vec![changed], message(200, serde_json::json!({ "message": "Changed." }))))
        }
        _ => {
            let uuid = named(context)?;
            let removed = event(EventKind::Uninstalled, &uuid, format!("delete:{uuid}"));
            Ok(ParsedCallback::new(vec![removed], Reply::Plain(CallbackResponse::empty(204))))
        }
    }
}

fn notification(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let body: Notification = payload::read(verified)?;
    let kind = match body.kind.as_str() {
        "resources.suspended" => EventKind::Suspended,
        "resources.reactivated" => EventKind::Reinstated,
        "resources.updated" => EventKind::PlanChanged,
        _ => {
            let parsed = ParsedCallback::new(Vec::new(), Reply::Plain(CallbackResponse::empty(204)));
            return Ok(parsed.unknown("type"));
        }
    };
    let Affected { mut resources_uuids, resource, plan } = body.payload;
    resources_uuids.extend(resource.map(|resource| resource.uuid));
    let plan = plan.map(|plan| plan.slug);
    let occurred_at = Timestamp::from_ms(body.created_at.saturating_mul(1000));
    let event = |kind: EventKind, uuid: &String| Event {
        plan: plan.clone(),
        occurred_at,
        ..Event::new(kind, uuid, format!("{}:{uuid}:{}", body.kind, body.created_at), verified.evidence())
    };
    let events = resources_uuids.iter().map(|uuid| event(kind, uuid)).collect();
    Ok(ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(204))))
}

fn sign_on(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let account =
        payload::parameter(verified, "resource_uuid").ok_or_else(|| unreadable("no resource is named"))?;
    // The raw form is put into a header.
    let query = std::str::from_utf8(context.callback.body).ok();
    let query = query.filter(|form| is_urlencoded(form));
    let query = query.ok_or_else(|| unreadable("the form is not urlencoded"))?;
    Ok(ParsedCallback::new(
        Vec::new(),
        Reply::BrowserHandoff { account: account.to_owned(), query: query.to_owned() },
    ))
}

/// The name of the token endpoint's response.
const GRANTED: &str = "granted";

/// Verifies the credentials, and exchanges the code of a new resource if the listing has the secret for it. The
/// resource exists in any case: if the code is not accepted, the app lacks its tokens, but no customer is lost.
async fn verify_resources<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let verified = context.verify(Scheme::DigitaloceanBasicAuth, "credentials", Parameters::default())?;
    let secrets = context.listing.secret("client_secret");
    let Some(secret) = secrets.first().filter(|_| context.callback.method == "POST") else {
        return Ok(verified.into());
    };
    let grant = payload::read::<Provisioned>(&verified).ok().and_then(|body| body.oauth_grant);
    let Some(OauthGrant { code }) = grant else { return Ok(verified.into()) };
    let parameters = [("grant_type", "authorization_code"), ("code", &code), ("client_secret", *secret)];
    let response = match api.send(&TOKEN_ENDPOINT.request(&parameters)).await.map_err(VerifyError::from) {
        Ok(response) => response,
        Err(VerifyError::Refused(_)) => return Ok(verified.into()),
        Err(error) => return Err(error),
    };
    // The code came with the resource, so a response that accepts it also confirms the resource.
    Ok(match accepted_code(&response) {
        Ok(accepted) => {
            let responses = VendorResponses::one(GRANTED, response);
            Verification::with_responses(verified.confirmed_by(&accepted), responses)
        }
        Err(_) => verified.into(),
    })
}

#[async_trait(?Send)]
impl Adapter for Digitalocean {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Digitalocean
    }

    fn kinds(&self) -> &'static [Kind] {
        &[RESOURCES, NOTIFICATIONS, SSO, oauth::TOKEN]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["credentials", "sso_salt", "client_secret"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["referral_field", "config"]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "DigitalOcean Marketplace",
            kinds: &[
                (
                    RESOURCES.name,
                    "provisioning (POST), plan change (PUT …/{uuid}) and deprovisioning (DELETE …/{uuid})",
                ),
                (NOTIFICATIONS.name, "suspended, reactivated and updated resources"),
                (
                    SSO.name,
                    "single sign-on: binds the visitor's clicks to the resource, then redirects to `forward_to` with \
                     the form as the query",
                ),
                (
                    oauth::TOKEN.name,
                    "where the app fetches DigitalOcean's token response to the code of a new resource: a request with \
                     the resource's uuid as `code` and with `client_secret`, for ten minutes",
                ),
            ],
            secrets: &[
                ("credentials", "`app_slug:password`, as DigitalOcean sends them (Basic)"),
                ("sso_salt", "the SSO salt"),
                (
                    "client_secret",
                    "the add-on's client secret, if Signpost is to exchange the code of a new resource; without it, \
                     the code is not used",
                ),
            ],
            settings: &[
                (
                    "referral_field",
                    "metadata field of the provisioning form that carries a click id (default `referral`)",
                ),
                ("config", "object that is returned as the resource's `config`"),
            ],
            proof: "Basic credentials for server calls (nothing is signed); HMAC-SHA256 for single sign-on, once within 120 s",
            carrier: "the visitor's cookie at the first single sign-on; a metadata field of the provisioning form",
            ends: "the deletion of a resource ends the account, and the suspension of one suspends it. DigitalOcean \
                   reports no charges, so nothing is reversed: refund the conversion with the API",
            unprocessed: "`notifications` with 204, because DigitalOcean documents no repetition; `resources` with \
                          500, because a success would promise a resource that nobody has provisioned; `sso` with \
                          500, which the visitor sees",
            limits: "DigitalOcean does the billing and reports no amounts: no charges, no refunds. A customer who \
                     never uses single sign-on is not attributed, unless the form carried a click id",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        let (scheme, secret) = match context.kind {
            oauth::TOKEN => return Ok(oauth::verify_token_request(context, "client_secret")?.into()),
            RESOURCES => return verify_resources(context, api).await,
            SSO => (Scheme::DigitaloceanSso, "sso_salt"),
            _ => (Scheme::DigitaloceanBasicAuth, "credentials"),
        };
        Ok(context.verify(scheme, secret, Parameters::default())?.into())
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        let verified = &proof.verified;
        match context.kind {
            oauth::TOKEN => oauth::parse_token_request(verified),
            SSO => sign_on(verified, context),
            NOTIFICATIONS => notification(verified),
            _ => resources(proof, context),
        }
    }

    fn unprocessed(&self, kind: Kind) -> Option<CallbackResponse> {
        match kind {
            oauth::TOKEN => None,
            NOTIFICATIONS => Some(CallbackResponse::empty(204)),
            _ => Some(CallbackResponse::empty(500)),
        }
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
