//! DigitalOcean Marketplace (SaaS add-ons): provisioning, plan changes, notifications, and single sign-on.
//!
//! Sources: marketplace-eng/sample_golang_app (7ff8218), scott/do_addon_connector (45d79ad). DigitalOcean bills, and tells
//! no amounts.

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::Guide;
use super::{
    adapter::{
        Adapter, Answer, Arrival, Kind, Proof, Reply, Told, Unreadable, Way, is_urlencoded, unreadable,
    },
    event::{Event, EventKind, Evidence},
    oauth::{self, HandOver},
    proven,
    signature::{Exchange, Parameters, Refusal, Scheme, TokenEncoding, TokenEndpoint, Verified, exchange},
};
use crate::domain::{programme::listing::Marketplace, values::time::Timestamp};
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

/// `POST …/notifications`. Types that are not known here tell nothing.
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

const RESOURCES: Kind = Kind { name: "resources", methods: &["POST", "PUT", "DELETE"], way: Way::Server };
const NOTIFICATIONS: Kind = Kind { name: "notifications", methods: &["POST"], way: Way::Server };
const SSO: Kind = Kind { name: "sso", methods: &["POST"], way: Way::Browser };

/// Where DigitalOcean takes the code that came with a resource.
const TOKEN_ENDPOINT: TokenEndpoint = TokenEndpoint {
    url: "https://api.digitalocean.com/v2/add-ons/oauth/token",
    encoding: TokenEncoding::Json,
};

/// The resource that the path names.
fn named(arrival: &Arrival<'_>) -> Result<String, Unreadable> {
    if arrival.rest.is_empty() || arrival.rest.contains('/') {
        return Err(unreadable("the path names no resource"));
    }
    Ok(arrival.rest.to_owned())
}

fn message(status: u16, fields: serde_json::Value) -> Reply {
    Reply::Plain(Answer::with_body(status, "application/json", fields.to_string()))
}

fn resources(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let event = |kind, account: &str, transaction: String| Event {
        occurred_at: Some(arrival.now),
        ..Event::new(kind, account, transaction, proof.evidence())
    };
    match arrival.callback.method {
        "POST" => {
            let body: Provisioned = proven::read(proof)?;
            let field = arrival.listing.setting("referral_field").unwrap_or("referral");
            let carried = body.metadata.as_ref().and_then(|fields| fields.get(field)?.as_str());
            let mut installed = event(EventKind::Installed, &body.uuid, format!("install:{}", body.uuid));
            installed.plan = body.plan_slug;
            installed.clicks = carried.map(str::to_owned).into_iter().collect();
            let config =
                arrival.listing.settings.get("config").cloned().unwrap_or_else(|| serde_json::json!({}));
            let mut answer = serde_json::json!({ "id": body.uuid, "message": "Your add-on is ready." });
            if let Some(fields) = answer.as_object_mut() {
                fields.insert("config".to_owned(), config);
            }
            let code = body.uuid;
            // What the token endpoint answered, if it took the code.
            let granted = arrival.answers.first().filter(|_| proof.evidence() == Evidence::CodeExchange);
            let hand_over = granted.map(|answer| HandOver { code, body: answer.body.clone() });
            Ok(Told { hand_over, ..Told::new(vec![installed], message(201, answer)) })
        }
        "PUT" => {
            let (uuid, body) = (named(arrival)?, proven::read::<Replanned>(proof)?);
            let mut changed = event(EventKind::PlanChanged, &uuid, format!("plan:{uuid}:{}", body.plan_slug));
            changed.plan = Some(body.plan_slug);
            Ok(Told::new(vec![changed], message(200, serde_json::json!({ "message": "Changed." }))))
        }
        _ => {
            let uuid = named(arrival)?;
            let removed = event(EventKind::Uninstalled, &uuid, format!("delete:{uuid}"));
            Ok(Told::new(vec![removed], Reply::Plain(Answer::empty(204))))
        }
    }
}

fn notification(proof: &Verified<'_>) -> Result<Told, Unreadable> {
    let body: Notification = proven::read(proof)?;
    let kind = match body.kind.as_str() {
        "resources.suspended" => Some(EventKind::Suspended),
        "resources.reactivated" => Some(EventKind::Reinstated),
        "resources.updated" => Some(EventKind::PlanChanged),
        _ => None,
    };
    let Affected { mut resources_uuids, resource, plan } = body.payload;
    resources_uuids.extend(resource.map(|resource| resource.uuid));
    let plan = plan.map(|plan| plan.slug);
    let occurred_at = Timestamp::from_ms(body.created_at.saturating_mul(1000));
    let event = |kind: EventKind, uuid: &String| Event {
        plan: plan.clone(),
        occurred_at,
        ..Event::new(kind, uuid, format!("{}:{uuid}:{}", body.kind, body.created_at), proof.evidence())
    };
    let events = kind.map(|kind| resources_uuids.iter().map(|uuid| event(kind, uuid)).collect());
    Ok(Told::new(events.unwrap_or_default(), Reply::Plain(Answer::empty(204))))
}

fn sign_on(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let account =
        proven::parameter(proof, "resource_uuid").ok_or_else(|| unreadable("no resource is named"))?;
    // It goes into a header as it came.
    let query = std::str::from_utf8(arrival.callback.body).ok();
    let query = query.filter(|form| is_urlencoded(form));
    let query = query.ok_or_else(|| unreadable("the form is not urlencoded"))?;
    Ok(Told::new(Vec::new(), Reply::Relay { account: account.to_owned(), query: query.to_owned() }))
}

/// Credentials, and behind them the code that came with a new resource, if the listing has the secret to have it exchanged.
/// The resource is there whatever comes of it: a code that is not taken costs the app its tokens, and no customer.
fn verify_resources<'a>(arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
    let proof = arrival.verify(Scheme::DigitaloceanBasicAuth, "credentials", Parameters::default())?;
    let secrets = arrival.listing.secret("client_secret");
    let Some(secret) = secrets.first().filter(|_| arrival.callback.method == "POST") else {
        return Ok(Proof::Verified(proof));
    };
    let grant = proven::read::<Provisioned>(&proof).ok().and_then(|body| body.oauth_grant);
    let Some(OauthGrant { code }) = grant else { return Ok(Proof::Verified(proof)) };
    let parameters = [("grant_type", "authorization_code"), ("code", &code), ("client_secret", *secret)];
    Ok(match exchange(TOKEN_ENDPOINT, &parameters, arrival.answers.first()) {
        Ok(Exchange::Ask(request)) => Proof::Ask(request),
        // The code came with the resource, so that DigitalOcean takes it proves the resource once more.
        Ok(Exchange::Proven(taken)) => Proof::Verified(proof.confirmed_by(&taken)),
        Err(_) => Proof::Verified(proof),
    })
}

impl Adapter for Digitalocean {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Digitalocean
    }

    fn kinds(&self) -> &'static [Kind] {
        &[RESOURCES, NOTIFICATIONS, SSO, oauth::TOKEN]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn guide(&self) -> Guide {
        Guide {
            title: "DigitalOcean Marketplace",
            kinds: &[
                (
                    RESOURCES.name,
                    "provisioning (POST), plan change (PUT …/{uuid}) and deprovisioning (DELETE …/{uuid})",
                ),
                (NOTIFICATIONS.name, "suspended, reactivated and updated resources"),
                (
                    SSO.name,
                    "single sign-on: binds the visitor's clicks to the resource, then goes on to `forward_to` with the form as query",
                ),
                (
                    oauth::TOKEN.name,
                    "where the app fetches what DigitalOcean's token endpoint answered to the code of a new resource: asked \
                     with the resource's uuid as `code` and with `client_secret`, for ten minutes",
                ),
            ],
            secrets: &[
                ("credentials", "`app_slug:password`, as DigitalOcean sends them (Basic)"),
                ("sso_salt", "the SSO salt"),
                (
                    "client_secret",
                    "the add-on's client secret, if Signpost is to have the code of a new resource exchanged; without it \
                     the code is left alone",
                ),
            ],
            settings: &[
                (
                    "referral_field",
                    "metadata field of the provisioning form that carries a click id (default `referral`)",
                ),
                ("config", "object that is answered as the resource's `config`"),
            ],
            proof: "Basic credentials for server calls (nothing is signed); HMAC-SHA256 for single sign-on, once within 120 s",
            carrier: "the visitor's cookie at the first single sign-on; a metadata field of the provisioning form",
            limits: "DigitalOcean bills and tells no amounts: no charges, no refunds; a customer who never opens the product \
                     by single sign-on is not attributed unless the form carried a click id",
        }
    }

    fn verify<'a>(&self, arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
        if arrival.kind == oauth::TOKEN {
            return oauth::verify_token(arrival, "client_secret");
        }
        if arrival.kind == RESOURCES {
            return verify_resources(arrival);
        }
        let (scheme, secret) = if arrival.kind == SSO {
            (Scheme::DigitaloceanSso, "sso_salt")
        } else {
            (Scheme::DigitaloceanBasicAuth, "credentials")
        };
        arrival.verify(scheme, secret, Parameters::default()).map(Proof::Verified)
    }

    fn parse(&self, proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
        if arrival.kind == oauth::TOKEN {
            oauth::read_token(proof)
        } else if arrival.kind == SSO {
            sign_on(proof, arrival)
        } else if arrival.kind == NOTIFICATIONS {
            notification(proof)
        } else {
            resources(proof, arrival)
        }
    }

    fn refused(&self, _: Kind) -> Answer {
        Answer::unauthorized()
    }
}
