//! The guide: all that one isolate knows for redirects, and the form in which a redirect crosses the border between
//! JavaScript and WebAssembly. Each crossing costs more than the rules behind it, so there is one: a text in, a text
//! out.
//!
//! In, ten fields joined by line feeds (no header and no URL can hold one; the last takes what is left):
//!
//! ```text
//! 0 now, Unix milliseconds            5 address of the visitor, or nothing
//! 1 flags: h HEAD, g Sec-GPC: 1,      6 Sec-Purpose, Purpose, X-Moz and X-Purpose, joined anyhow
//!   f the snapshot is the newest      7 user agent
//! 2 link token                        8 Cookie header
//! 3 path: /…, or - for "no store      9 query without its ?
//!   could tell", or nothing
//! 4 country, or nothing
//! ```
//!
//! Out, one of:
//!
//! ```text
//! A, location (nothing = 404), value of the cookies (nothing = none), shard, record   the answer
//! P, link number                      tell the link's path in field 3 and ask again
//! S, link number                      seed the newest snapshot and ask again with flag f
//! ```

use crate::{
    clicks::{
        bot::{self, Agent},
        click::Country,
        visitor::{DayKey, VisitorSecret},
    },
    links::{
        keyring::KeyRing,
        redirect::{Answer, Knowledge, LinkPath, Outcome, RANDOM_BYTES, Request, decide},
        snapshot::Snapshot,
    },
    values::{entropy::Entropy, time::Timestamp},
};
use std::collections::HashMap;

/// User agents and paths that are remembered at most; a full memory is emptied, which costs one look-up each.
const MEMORY: usize = 2048;
/// User agents longer than this are read each time, so that the memory stays small.
const REMEMBERED_AGENT_BYTES: usize = 512;

/// A line that is not of the documented form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a redirect's line")]
pub struct LineError;

/// The line of an answer.
fn told(answer: &Answer) -> String {
    let (location, cookie) =
        (answer.location.as_deref().unwrap_or_default(), answer.cookie.as_deref().unwrap_or_default());
    // A record is its trail and some 130 characters more.
    let length = [location, cookie, &answer.visit.trail]
        .iter()
        .fold(192usize, |sum, part| part.len().saturating_add(sum));
    let mut line = String::with_capacity(length);
    line.push_str("A\n");
    for part in [location, cookie] {
        line.push_str(part);
        line.push('\n');
    }
    // Shards have one or two digits.
    if answer.shard >= 10 {
        line.push('1');
    }
    line.push(char::from(b'0'.saturating_add(answer.shard.checked_rem(10).unwrap_or(0))));
    line.push('\n');
    answer.visit.write_json(&mut line);
    line
}

/// What one isolate knows for redirects.
#[derive(Debug)]
pub struct Guide {
    ring: KeyRing,
    visitors: VisitorSecret,
    snapshot: Snapshot,
    day: DayKey,
    agents: HashMap<String, Agent>,
    paths: HashMap<u32, String>,
}

impl Guide {
    /// A guide that knows the keys and a snapshot.
    #[must_use]
    pub fn new(ring: KeyRing, visitors: VisitorSecret, snapshot: Snapshot) -> Self {
        let day = visitors.day(Timestamp::clamped(0));
        Self { ring, visitors, snapshot, day, agents: HashMap::new(), paths: HashMap::new() }
    }

    /// Takes in another snapshot.
    pub fn renew(&mut self, snapshot: Snapshot) {
        self.snapshot = snapshot;
    }

    /// Answers a redirect's line.
    pub fn answer(&mut self, line: &str, entropy: &mut dyn Entropy) -> Result<String, LineError> {
        let mut fields = line.splitn(10, '\n');
        let mut field = || fields.next().ok_or(LineError);
        let (now, flags, token, path, country) = (field()?, field()?, field()?, field()?, field()?);
        let (ip, purpose, user_agent, cookies, query) = (field()?, field()?, field()?, field()?, field()?);
        let now = now.parse().ok().and_then(Timestamp::from_ms).ok_or(LineError)?;
        let gpc = flags.contains('g');
        if !self.day.covers(now) {
            self.day = self.visitors.day(now);
        }
        let request = Request {
            token,
            query,
            cookies,
            agent: self.agent(user_agent),
            visitor: if gpc { None } else { self.day.visitor(ip, user_agent) },
            country: Country::parse(country),
            head: flags.contains('h'),
            ahead: !purpose.is_empty() && bot::fetches_ahead(purpose),
            gpc,
            now,
        };
        let mut random = [0; RANDOM_BYTES];
        entropy.fill(&mut random);
        let fresh = flags.contains('f');
        let outcome = match path {
            "" => self.decide(&request, fresh, random),
            "-" => decide(&request, &self.knowledge(fresh, LinkPath::Missing), random),
            path => {
                let outcome = decide(&request, &self.knowledge(fresh, LinkPath::Known(path)), random);
                self.remember(&outcome, path);
                outcome
            }
        };
        Ok(match outcome {
            Outcome::Answer(answer) => told(&answer),
            Outcome::NeedPath(link_no) => format!("P\n{link_no}"),
            Outcome::NeedSnapshot(link_no) => format!("S\n{link_no}"),
        })
    }

    fn knowledge<'a>(&'a self, fresh: bool, path: LinkPath<'a>) -> Knowledge<'a> {
        Knowledge { ring: &self.ring, snapshot: &self.snapshot, fresh, path }
    }

    /// Decides with what is remembered of paths.
    fn decide(&self, request: &Request<'_>, fresh: bool, random: [u8; RANDOM_BYTES]) -> Outcome {
        let outcome = decide(request, &self.knowledge(fresh, LinkPath::Unknown), random);
        match &outcome {
            Outcome::NeedPath(link_no) => match self.paths.get(link_no) {
                Some(path) => decide(request, &self.knowledge(fresh, LinkPath::Known(path)), random),
                None => outcome,
            },
            Outcome::Answer(_) | Outcome::NeedSnapshot(_) => outcome,
        }
    }

    /// Keeps a path that led to a click: a link's path never changes.
    fn remember(&mut self, outcome: &Outcome, path: &str) {
        let Outcome::Answer(answer) = outcome else { return };
        if answer.visit.bucket.has_click_id() {
            if self.paths.len() >= MEMORY {
                self.paths.clear();
            }
            self.paths.insert(answer.visit.link_no, path.to_owned());
        }
    }

    fn agent(&mut self, user_agent: &str) -> Agent {
        if let Some(agent) = self.agents.get(user_agent) {
            return *agent;
        }
        let agent = bot::read(user_agent);
        if user_agent.len() <= REMEMBERED_AGENT_BYTES {
            if self.agents.len() >= MEMORY {
                self.agents.clear();
            }
            self.agents.insert(user_agent.to_owned(), agent);
        }
        agent
    }
}
