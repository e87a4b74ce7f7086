//! The redirect engine: the state that an isolate keeps for redirects, and the text format in which redirects cross the
//! boundary between JavaScript and WebAssembly. A crossing costs more than the decision itself, so each redirect makes
//! only one: one text in, one text out.
//!
//! The request has ten fields joined by line feeds. No header and no URL can contain a line feed, and the last field
//! takes the rest of the text:
//!
//! ```text
//! 0 now, Unix milliseconds            5 address of the visitor, or empty
//! 1 flags: h HEAD, g Sec-GPC: 1,      6 Sec-Purpose, Purpose, X-Moz and X-Purpose, in any order
//!   f the snapshot is the newest      7 user agent
//! 2 link token                        8 Cookie header
//! 3 path: /…, or - if no store has    9 query without ?
//!   it, or empty
//! 4 country, or empty
//! ```
//!
//! The response is one of:
//!
//! ```text
//! A, location (empty = 404), value of the cookies (empty = none), shard, record   the response
//! P, link number                      send the request again with the link's path in field 3
//! S, link number                      load the newest snapshot and send the request again with flag f
//! ```

use crate::{
    clicks::{
        bot::{self, Agent},
        click::Country,
        visitor::{DayKey, VisitorSecret},
    },
    links::{
        keyring::KeyRing,
        redirect::{
            LinkPath, RANDOM_BYTES, RedirectContext, RedirectDecision, RedirectRequest, RedirectResponse,
            decide,
        },
        snapshot::Snapshot,
    },
    values::{entropy::Entropy, time::Timestamp},
};
use std::collections::HashMap;

/// The maximum number of cached user agents and of cached paths. A full cache is cleared, which costs one lookup per
/// entry.
const CACHE_ENTRIES: usize = 2048;
/// Longer user agents are not cached, so that the cache stays small.
const CACHED_AGENT_BYTES: usize = 512;

/// A request that does not have the documented form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed redirect request")]
pub struct MalformedRequest;

/// Formats a response.
fn format_response(response: &RedirectResponse) -> String {
    let (location, cookie) =
        (response.location.as_deref().unwrap_or_default(), response.cookie.as_deref().unwrap_or_default());
    // A record is its trail plus about 130 characters.
    let length = [location, cookie, &response.visit.trail]
        .iter()
        .fold(192usize, |sum, part| part.len().saturating_add(sum));
    let mut line = String::with_capacity(length);
    line.push_str("A\n");
    for part in [location, cookie] {
        line.push_str(part);
        line.push('\n');
    }
    // Shard numbers have one or two digits.
    if response.shard >= 10 {
        line.push('1');
    }
    line.push(char::from(b'0'.saturating_add(response.shard.checked_rem(10).unwrap_or(0))));
    line.push('\n');
    response.visit.write_json(&mut line);
    line
}

/// The state that an isolate keeps for redirects.
#[derive(Debug)]
pub struct RedirectEngine {
    ring: KeyRing,
    visitors: VisitorSecret,
    snapshot: Snapshot,
    day: DayKey,
    agents: HashMap<String, Agent>,
    paths: HashMap<u32, String>,
}

impl RedirectEngine {
    /// Creates an engine with keys and a snapshot.
    #[must_use]
    pub fn new(ring: KeyRing, visitors: VisitorSecret, snapshot: Snapshot) -> Self {
        let day = visitors.day(Timestamp::clamped(0));
        Self { ring, visitors, snapshot, day, agents: HashMap::new(), paths: HashMap::new() }
    }

    /// Replaces the snapshot.
    pub fn set_snapshot(&mut self, snapshot: Snapshot) {
        self.snapshot = snapshot;
    }

    /// Answers a redirect request in the text format.
    pub fn handle(&mut self, line: &str, entropy: &mut dyn Entropy) -> Result<String, MalformedRequest> {
        let mut fields = line.splitn(10, '\n');
        let mut field = || fields.next().ok_or(MalformedRequest);
        let (now, flags, token, path, country) = (field()?, field()?, field()?, field()?, field()?);
        let (ip, purpose, user_agent, cookies, query) = (field()?, field()?, field()?, field()?, field()?);
        let now = now.parse().ok().and_then(Timestamp::from_ms).ok_or(MalformedRequest)?;
        let gpc = flags.contains('g');
        if !self.day.covers(now) {
            self.day = self.visitors.day(now);
        }
        let request = RedirectRequest {
            token,
            query,
            cookies,
            agent: self.agent(user_agent),
            visitor: if gpc { None } else { self.day.visitor(ip, user_agent) },
            country: Country::parse(country),
            head: flags.contains('h'),
            is_prefetch: !purpose.is_empty() && bot::is_prefetch(purpose),
            gpc,
            now,
        };
        let mut random = [0; RANDOM_BYTES];
        entropy.fill(&mut random);
        let is_newest = flags.contains('f');
        let decision = match path {
            "" => self.decide(&request, is_newest, random),
            "-" => decide(&request, &self.context(is_newest, LinkPath::Missing), random),
            path => {
                let decision = decide(&request, &self.context(is_newest, LinkPath::Known(path)), random);
                self.cache_path(&decision, path);
                decision
            }
        };
        Ok(match decision {
            RedirectDecision::Respond(response) => format_response(&response),
            RedirectDecision::NeedPath(link_no) => format!("P\n{link_no}"),
            RedirectDecision::NeedSnapshot(link_no) => format!("S\n{link_no}"),
        })
    }

    fn context<'a>(&'a self, is_newest: bool, path: LinkPath<'a>) -> RedirectContext<'a> {
        RedirectContext { ring: &self.ring, snapshot: &self.snapshot, is_newest, path }
    }

    /// Decides a redirect with the cached path, if there is one.
    fn decide(
        &self,
        request: &RedirectRequest<'_>,
        is_newest: bool,
        random: [u8; RANDOM_BYTES],
    ) -> RedirectDecision {
        let decision = decide(request, &self.context(is_newest, LinkPath::Unknown), random);
        match &decision {
            RedirectDecision::NeedPath(link_no) => match self.paths.get(link_no) {
                Some(path) => decide(request, &self.context(is_newest, LinkPath::Known(path)), random),
                None => decision,
            },
            RedirectDecision::Respond(_) | RedirectDecision::NeedSnapshot(_) => decision,
        }
    }

    /// Caches a path that led to a click. A link's path never changes.
    fn cache_path(&mut self, decision: &RedirectDecision, path: &str) {
        let RedirectDecision::Respond(response) = decision else { return };
        if response.visit.bucket.has_click_id() {
            if self.paths.len() >= CACHE_ENTRIES {
                self.paths.clear();
            }
            self.paths.insert(response.visit.link_no, path.to_owned());
        }
    }

    fn agent(&mut self, user_agent: &str) -> Agent {
        if let Some(agent) = self.agents.get(user_agent) {
            return *agent;
        }
        let agent = bot::parse(user_agent);
        if user_agent.len() <= CACHED_AGENT_BYTES {
            if self.agents.len() >= CACHE_ENTRIES {
                self.agents.clear();
            }
            self.agents.insert(user_agent.to_owned(), agent);
        }
        agent
    }
}
