//! The redirect decision: from a link token and the request to the visitor's destination and the click record.

use crate::{
    clicks::{
        bot::{self, Agent},
        bucket::Bucket,
        click::{Class, ClickId, Country},
        trail::Trail,
        visit::Visit,
        visitor::{Visitor, shard},
    },
    links::{keyring::KeyRing, link::LinkNo, snapshot::Snapshot, token::LinkToken},
    programme::cookies,
    values::time::Timestamp,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The number of random bytes per redirect: 4 in a click id, or 16 for the id of a record without a click id.
pub const RANDOM_BYTES: usize = 16;

/// The link's own path and query, as far as they are known when the redirect is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPath<'a> {
    /// They have not been looked up yet.
    Unknown,
    /// The path and query as stores keep them ([`Link::own_destination`](super::link::Link::own_destination)).
    Known {
        /// The text.
        value: &'a str,
        /// The revision of the link that has it.
        revision: u32,
    },
    /// No store had them.
    Missing,
}

/// The properties of the request that affect the redirect.
#[derive(Debug, Clone, Copy)]
pub struct RedirectRequest<'a> {
    /// The link token, from the URL or the slug.
    pub token: &'a str,
    /// The raw query without its `?`.
    pub query: &'a str,
    /// The `Cookie` header, or an empty string.
    pub cookies: &'a str,
    /// The classification of the user agent.
    pub agent: Agent,
    /// The visitor's hash for the day, if the request has an address. Ignored if `gpc` is set.
    pub visitor: Option<Visitor>,
    /// The country that the request comes from, if known.
    pub country: Option<Country>,
    /// Whether the method is HEAD.
    pub head: bool,
    /// Whether the browser is prefetching.
    pub is_prefetch: bool,
    /// Whether the browser loads the link as part of a page (an image, a frame, a script) instead of navigating to it.
    pub is_embedded: bool,
    /// Whether the request has `Sec-GPC: 1`.
    pub gpc: bool,
    /// The current time.
    pub now: Timestamp,
}

/// The state of the isolate that affects the redirect.
#[derive(Debug, Clone, Copy)]
pub struct RedirectContext<'a> {
    /// The key ring with the signing keys.
    pub ring: &'a KeyRing,
    /// The snapshot of the programme.
    pub snapshot: &'a Snapshot,
    /// Whether the snapshot is the newest one, so that links it lacks do not exist.
    pub is_newest: bool,
    /// The link's own path.
    pub path: LinkPath<'a>,
}

/// The response to a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectResponse {
    /// The `Location` of a 302 response. `None` means 404: the link leads nowhere and no landing page is set.
    pub location: Option<String>,
    /// The value of both cookies; `None` sets none.
    pub cookie: Option<String>,
    /// The ClickLog shard that stores the record.
    pub shard: u8,
    /// The record to store.
    pub visit: Visit,
}

/// The outcome of a redirect decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedirectDecision {
    /// The response.
    Respond(Box<RedirectResponse>),
    /// The path and query of this link in this revision are needed: look them up, then decide again.
    NeedPath(LinkNo, u32),
    /// The token is valid, but the snapshot lacks this link or its listing: load the newest snapshot, then decide
    /// again.
    NeedSnapshot(u32),
}

/// Decides a redirect.
#[must_use]
pub fn decide(
    request: &RedirectRequest<'_>,
    context: &RedirectContext<'_>,
    random: [u8; RANDOM_BYTES],
) -> RedirectDecision {
    let Some(token) = LinkToken::verify(request.token, context.ring) else {
        return landing_response(request, context, Bucket::Invalid, None, random);
    };
    let Some(destination) = context.snapshot.destination(token.link_no, token.listing_no) else {
        if !context.is_newest {
            return RedirectDecision::NeedSnapshot(token.link_no);
        }
        return landing_response(request, context, Bucket::Invalid, None, random);
    };
    let revision = context.snapshot.revision(token.link_no);
    // A later expiry is in a new token; an earlier one ends the link under its old token too.
    let expires_s =
        [token.expires_s, revision.and_then(|revision| revision.expires_s)].into_iter().flatten().min();
    let expires_ms = expires_s.map(|expires_s| i64::from(expires_s).saturating_mul(1000));
    if expires_ms.is_some_and(|expires_ms| request.now.ms() >= expires_ms) {
        return landing_response(request, context, Bucket::Expired, Some(token.link_no), random);
    }
    if context.snapshot.is_blocked(token.link_no) {
        return landing_response(request, context, Bucket::Revoked, Some(token.link_no), random);
    }
    let number = revision.map_or(0, |revision| revision.number);
    let path = match (token.has_path || revision.is_some(), context.path) {
        (false, _) => None,
        (true, LinkPath::Known { value, revision }) if revision == number => Some(value),
        // A newer snapshot may have arrived while the path was looked up.
        (true, LinkPath::Unknown | LinkPath::Known { .. }) => {
            return RedirectDecision::NeedPath(token.link_no, number);
        }
        (true, LinkPath::Missing) => {
            return landing_response(request, context, Bucket::Invalid, None, random);
        }
    };
    let param = context.snapshot.click_param();
    let click = click_id(request, token.link_no, random);
    let minted = click.mint(context.ring).and_then(|id| {
        let location = destination.url_for_visit(path, request.query, param, &id)?;
        Some((id, location))
    });
    let Some((id, location)) = minted else {
        return landing_response(request, context, Bucket::Invalid, None, random);
    };
    let trail = if request.gpc { Trail::default() } else { Trail::parse(request.cookies, context.ring) };
    let joined = trail.joined();
    // A page that loads links as images could give each of its readers a click. Such a click gets no cookie.
    let sets_cookie = !request.gpc
        && click.class != Class::Embedded
        && context
            .snapshot
            .cookies()
            .allows(request.country, || cookies::has_consent(request.query, request.cookies));
    RedirectDecision::Respond(Box::new(RedirectResponse {
        location: Some(location),
        cookie: sets_cookie.then(|| trail.with_click(&joined, &id)),
        shard: click.shard,
        visit: Visit {
            id,
            at: request.now,
            link_no: Some(token.link_no),
            visitor: visitor(request),
            country: request.country,
            device: request.agent.device,
            bucket: match click.class {
                Class::Prefetch | Class::Embedded => Bucket::Prefetch,
                Class::Bot => Bucket::Bot,
                Class::Human => Bucket::Human,
            },
            trail: joined,
        },
    }))
}

fn visitor(request: &RedirectRequest<'_>) -> Option<Visitor> {
    if request.gpc { None } else { request.visitor }
}

fn click_id(request: &RedirectRequest<'_>, link_no: u32, random: [u8; RANDOM_BYTES]) -> ClickId {
    let [r0, r1, r2, r3, ..] = random;
    let random = [r0, r1, r2, r3];
    ClickId {
        at: request.now,
        link_no,
        shard: shard(visitor(request), random),
        country: request.country,
        device: request.agent.device,
        class: bot::classify(request.agent, request.head, request.is_prefetch, request.is_embedded),
        gpc: request.gpc,
        random,
    }
}

/// Returns the response to a visit that leads to no listing: the landing page, without a click id. The visit is counted
/// nevertheless.
fn landing_response(
    request: &RedirectRequest<'_>,
    context: &RedirectContext<'_>,
    bucket: Bucket,
    link_no: Option<LinkNo>,
    random: [u8; RANDOM_BYTES],
) -> RedirectDecision {
    let [r0, r1, r2, r3, ..] = random;
    RedirectDecision::Respond(Box::new(RedirectResponse {
        location: context.snapshot.landing_url().map(str::to_owned),
        cookie: None,
        shard: shard(visitor(request), [r0, r1, r2, r3]),
        visit: Visit {
            id: URL_SAFE_NO_PAD.encode(random),
            at: request.now,
            link_no,
            visitor: visitor(request),
            country: request.country,
            device: request.agent.device,
            bucket,
            trail: String::new(),
        },
    }))
}
