//! The redirect engine: the state that an isolate keeps to decide redirects without asking a store.

use crate::{
    clicks::{
        bot::{self, Agent},
        click::Country,
        visitor::{DayKey, VisitorSecret},
    },
    links::{
        keyring::KeyRing,
        line::RedirectLine,
        link::LinkNo,
        redirect::{LinkPath, RANDOM_BYTES, RedirectContext, RedirectDecision, RedirectRequest, decide},
        snapshot::Snapshot,
        token::LinkToken,
    },
    values::{entropy::Entropy, time::Timestamp},
};
use std::collections::HashMap;

/// The maximum number of cached user agents and of cached paths. A full cache is cleared, which costs one lookup per
/// entry.
const CACHE_ENTRIES: usize = 2048;
/// Longer user agents are not cached, so that the cache stays small.
const CACHED_AGENT_BYTES: usize = 512;

/// The state that an isolate keeps for redirects.
#[derive(Debug)]
pub struct RedirectEngine {
    ring: KeyRing,
    visitors: VisitorSecret,
    snapshot: Snapshot,
    day: DayKey,
    agents: HashMap<String, Agent>,
    /// The paths and queries of links, by link number and revision.
    paths: HashMap<(LinkNo, u32), String>,
}

impl RedirectEngine {
    /// Creates an engine with keys and a snapshot.
    #[must_use]
    pub fn new(ring: KeyRing, visitors: VisitorSecret, snapshot: Snapshot) -> Self {
        let day = visitors.day(Timestamp::clamped(0));
        Self { ring, visitors, snapshot, day, agents: HashMap::new(), paths: HashMap::new() }
    }

    /// Returns the snapshot.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Replaces the snapshot.
    pub fn set_snapshot(&mut self, snapshot: Snapshot) {
        self.snapshot = snapshot;
    }

    /// Returns whether the link of a token was changed after its creation.
    #[must_use]
    pub fn is_revised(&self, token: &str) -> bool {
        let token = LinkToken::verify(token, &self.ring);
        token.is_some_and(|token| self.snapshot.revision(token.link_no).is_some())
    }

    /// Decides a redirect. `path` is the link's own path, which the engine caches once it is known. `is_newest` states
    /// that the snapshot is the newest one, so that links it lacks do not exist.
    pub fn handle(
        &mut self,
        line: &RedirectLine<'_>,
        path: LinkPath<'_>,
        is_newest: bool,
        entropy: &mut dyn Entropy,
    ) -> RedirectDecision {
        let &RedirectLine { now, token, query, cookies, has_gpc: gpc, .. } = line;
        if !self.day.covers(now) {
            self.day = self.visitors.day(now);
        }
        let request = RedirectRequest {
            token,
            query,
            cookies,
            agent: self.agent(line.user_agent),
            visitor: if gpc { None } else { self.day.visitor(line.ip, line.user_agent) },
            country: Country::parse(line.country),
            head: line.is_head,
            is_prefetch: !line.purpose.is_empty() && bot::is_prefetch(line.purpose),
            is_embedded: line.is_embedded,
            gpc,
            now,
        };
        let mut random = [0; RANDOM_BYTES];
        entropy.fill(&mut random);
        if path == LinkPath::Unknown {
            return self.decide(&request, is_newest, random);
        }
        let decision = decide(&request, &self.context(is_newest, path), random);
        if let LinkPath::Known { value, revision } = path {
            self.cache_path(&decision, value, revision);
        }
        decision
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
            RedirectDecision::NeedPath(link_no, revision) => match self.paths.get(&(*link_no, *revision)) {
                Some(value) => {
                    let path = LinkPath::Known { value, revision: *revision };
                    decide(request, &self.context(is_newest, path), random)
                }
                None => decision,
            },
            RedirectDecision::Respond(_) | RedirectDecision::NeedSnapshot(_) => decision,
        }
    }

    /// Caches a path that led to a click. The path of a revision never changes.
    fn cache_path(&mut self, decision: &RedirectDecision, path: &str, revision: u32) {
        let RedirectDecision::Respond(response) = decision else { return };
        if let Some(link_no) = response.visit.link_no.filter(|_| response.visit.bucket.has_click_id()) {
            if self.paths.len() >= CACHE_ENTRIES {
                self.paths.clear();
            }
            self.paths.insert((link_no, revision), path.to_owned());
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
