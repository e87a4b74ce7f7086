//! The redirect: from a link's token and what the request tells, to where the visitor goes and what is recorded.

use crate::{
    clicks::{
        bot::{self, Agent},
        bucket::Bucket,
        click::{Class, ClickId, Country},
        trail::Trail,
        visit::Visit,
        visitor::{Visitor, shard},
    },
    links::{keyring::KeyRing, snapshot::Snapshot, token::LinkToken},
    values::time::Timestamp,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Random bytes that one redirect uses: 4 in a click id, or 16 as the id of a record without one.
pub const RANDOM_BYTES: usize = 16;

/// What is known of a link's own path when the redirect is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPath<'a> {
    /// Nobody has asked yet.
    Unknown,
    /// This is it.
    Known(&'a str),
    /// No store could tell.
    Missing,
}

/// What the request tells.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The link's token, as it stands in the URL or behind the slug.
    pub token: &'a str,
    /// The query without its `?`, as it came.
    pub query: &'a str,
    /// The `Cookie` header, or nothing.
    pub cookies: &'a str,
    /// What the user agent says.
    pub agent: Agent,
    /// The visitor of the day, if the request has an address. Ignored with `gpc`.
    pub visitor: Option<Visitor>,
    /// Where the request comes from, if known.
    pub country: Option<Country>,
    /// The method is HEAD.
    pub head: bool,
    /// The browser fetches ahead.
    pub ahead: bool,
    /// `Sec-GPC: 1`.
    pub gpc: bool,
    /// The time of the answer.
    pub now: Timestamp,
}

/// What the isolate knows.
#[derive(Debug, Clone, Copy)]
pub struct Knowledge<'a> {
    /// The signing keys.
    pub ring: &'a KeyRing,
    /// The programme.
    pub snapshot: &'a Snapshot,
    /// The snapshot is the newest there is: what it does not know does not exist.
    pub fresh: bool,
    /// The link's own path.
    pub path: LinkPath<'a>,
}

/// The answer to a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where to: 302. `None` is 404: the link leads nowhere and no landing page is set.
    pub location: Option<String>,
    /// The value of both cookies; `None` sets none.
    pub cookie: Option<String>,
    /// The ClickLog that stores the record.
    pub shard: u8,
    /// What is recorded.
    pub visit: Visit,
}

/// The outcome of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The answer.
    Answer(Box<Answer>),
    /// Ask for the path of this link, then decide again.
    NeedPath(u32),
    /// The token is genuine, but the snapshot does not know this link or its listing yet: get the newest snapshot,
    /// then decide again.
    NeedSnapshot(u32),
}

/// Decides a redirect.
#[must_use]
pub fn decide(request: &Request<'_>, known: &Knowledge<'_>, random: [u8; RANDOM_BYTES]) -> Outcome {
    let Some(token) = LinkToken::verify(request.token, known.ring) else {
        return lost(request, known, Bucket::Invalid, 0, random);
    };
    let Some(destination) = known.snapshot.destination(token.link_no, token.listing_no) else {
        if !known.fresh {
            return Outcome::NeedSnapshot(token.link_no);
        }
        return lost(request, known, Bucket::Invalid, 0, random);
    };
    if token.expires_s != 0 && request.now.ms() >= i64::from(token.expires_s).saturating_mul(1000) {
        return lost(request, known, Bucket::Expired, token.link_no, random);
    }
    if known.snapshot.is_blocked(token.link_no) {
        return lost(request, known, Bucket::Revoked, token.link_no, random);
    }
    let path = match (token.has_path, known.path) {
        (false, _) => None,
        (true, LinkPath::Known(path)) => Some(path),
        (true, LinkPath::Unknown) => return Outcome::NeedPath(token.link_no),
        (true, LinkPath::Missing) => return lost(request, known, Bucket::Invalid, 0, random),
    };
    let param = known.snapshot.click_param();
    let click = click_id(request, token.link_no, random);
    let found = click.mint(known.ring).and_then(|id| {
        let location = destination.address(path, request.query, param, &id)?;
        Some((id, location))
    });
    let Some((id, location)) = found else {
        return lost(request, known, Bucket::Invalid, 0, random);
    };
    let trail = if request.gpc { Trail::default() } else { Trail::read(request.cookies, known.ring) };
    let joined = trail.joined();
    Outcome::Answer(Box::new(Answer {
        location: Some(location),
        cookie: (!request.gpc).then(|| trail.followed_by(&joined, &id)),
        shard: click.shard,
        visit: Visit {
            id,
            at: request.now,
            link_no: token.link_no,
            visitor: visitor(request),
            country: request.country,
            device: request.agent.device,
            bucket: match click.class {
                Class::Prefetch => Bucket::Prefetch,
                Class::Bot => Bucket::Bot,
                Class::Human => Bucket::Human,
            },
            trail: joined,
        },
    }))
}

fn visitor(request: &Request<'_>) -> Option<Visitor> {
    if request.gpc { None } else { request.visitor }
}

fn click_id(request: &Request<'_>, link_no: u32, random: [u8; RANDOM_BYTES]) -> ClickId {
    let [r0, r1, r2, r3, ..] = random;
    let random = [r0, r1, r2, r3];
    ClickId {
        at: request.now,
        link_no,
        shard: shard(visitor(request), random),
        country: request.country,
        device: request.agent.device,
        class: bot::classify(request.agent, request.head, request.ahead),
        gpc: request.gpc,
        random,
    }
}

/// The answer to a visit that leads to no listing: the landing page, without a click id; counted all the same.
fn lost(
    request: &Request<'_>,
    known: &Knowledge<'_>,
    bucket: Bucket,
    link_no: u32,
    random: [u8; RANDOM_BYTES],
) -> Outcome {
    let [r0, r1, r2, r3, ..] = random;
    Outcome::Answer(Box::new(Answer {
        location: known.snapshot.landing_url().map(str::to_owned),
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
