//! Redirects: one synchronous export for what the instance knows (`domain/links/engine.rs` says what the lines hold), and one
//! asynchronous export for the rest. `#[event(fetch)]` would cost a redirect a quarter of its speed.
//!
//! In: the engine's line; with the flag `s` its token is a slug. Out, one of
//!
//! ```text
//! A, location, cookies' value (nothing = none)   the answer
//! E, body                                        404 with a problem
//! W                                              a store must be asked (`redirect_with_stores`)
//! ```
//! Flags behind the letter say what is to be done after the answer (`redirect_follow_up`): c = carry the batch of clicks,
//! r = refresh the snapshot.

use super::{
    clicks, guard,
    known_links::{KNOWN, KnownLinks, Slug},
    refusal::thrown,
    rpc::Stores,
    snapshot,
};
use crate::{
    api::http::problems::{Code, Problem},
    domain::programme::id::ProgrammeId,
};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use worker::Env;

const NO_LINK: &str = "No link has this name.";
const UNKNOWN: &str = "No store can tell at the moment. Try again.";
const NO_LANDING_PAGE: &str = "The link leads nowhere, and no landing page is set.";

/// A store must be asked.
const WAIT: &str = "W";

/// The first four fields of a line, which this module reads itself.
struct Head<'a> {
    now: &'a str,
    flags: &'a str,
    token: &'a str,
    rest: &'a str,
}

impl<'a> Head<'a> {
    fn of(line: &'a str) -> Result<Self, JsValue> {
        let mut fields = line.splitn(4, '\n');
        let mut field = || fields.next().ok_or_else(|| thrown("not a redirect's line"));
        Ok(Self { now: field()?, flags: field()?, token: field()?, rest: field()? })
    }

    fn now_ms(&self) -> Result<f64, JsValue> {
        self.now.parse().map_err(thrown)
    }

    fn is_slug(&self) -> bool {
        self.flags.contains('s')
    }

    /// The line with another token, and more flags.
    fn line(&self, token: &str, path: &str, flags: &str) -> String {
        let rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
        format!("{}\n{}{flags}\n{token}\n{path}\n{rest}", self.now, self.flags)
    }
}

fn not_found(flags: &str, detail: &'static str) -> String {
    format!("E{flags}\n{}", Problem::new(Code::NotFound, detail).response().body)
}

/// Records the click of an answer, and leaves out what JavaScript does not need.
fn answered(mut outcome: String, known: &mut KnownLinks, now: f64) -> Result<String, JsValue> {
    let mut ends = outcome.match_indices('\n').map(|(at, _)| at);
    let (Some(letter), Some(location), Some(cookie), Some(shard)) =
        (ends.next(), ends.next(), ends.next(), ends.next())
    else {
        return Err(thrown("not a redirect's outcome"));
    };
    let field = |from: usize, to: usize| outcome.get(from.saturating_add(1)..to).unwrap_or_default();
    let carry = clicks::record(field(cookie, shard), field(shard, outcome.len()), now);
    let flags = match (carry, known.is_refresh_due(now)) {
        (false, false) => "",
        (true, false) => "c",
        (false, true) => "r",
        (true, true) => "cr",
    };
    if field(letter, location).is_empty() {
        return Ok(not_found(flags, NO_LANDING_PAGE));
    }
    outcome.truncate(cookie);
    outcome.insert_str(1, flags);
    Ok(outcome)
}

/// Answers a redirect from what the instance knows. The line is UTF-8.
#[wasm_bindgen]
pub fn redirect(line: &[u8]) -> Result<String, JsValue> {
    let line = std::str::from_utf8(line).map_err(thrown)?;
    let head = Head::of(line)?;
    let now = head.now_ms()?;
    KNOWN.with_borrow_mut(|known| {
        if known.is_empty() {
            return Ok(WAIT.to_owned());
        }
        let outcome = if head.is_slug() {
            match known.slug(head.token, now) {
                None => return Ok(WAIT.to_owned()),
                Some(Slug::Nobody) => return Ok(not_found("", NO_LINK)),
                Some(Slug::Token(token)) => known.ask(&head.line(&token, "", ""))?,
            }
        } else {
            known.ask(line)?
        };
        if outcome.starts_with('A') { answered(outcome, known, now) } else { Ok(WAIT.to_owned()) }
    })
}

/// Answers a redirect for which a store must be asked.
#[wasm_bindgen]
pub fn redirect_with_stores(call: u32, env: Env, line: String) -> Promise {
    let stores = Stores::new(env, ProgrammeId::MAIN);
    guard::promise(call, async move { Ok(find(&stores, &line).await?.into()) })
}

async fn find(stores: &Stores, line: &str) -> Result<String, JsValue> {
    let head = Head::of(line)?;
    let now = head.now_ms()?;
    // Nobody can say where any link leads, or where those go that lead nowhere. Not counted: it may be a good one.
    if !snapshot::load(stores, now).await {
        return Ok(not_found("", UNKNOWN));
    }
    let token = if head.is_slug() {
        let known = KNOWN.with_borrow(|known| known.slug(head.token, now));
        let known = match known {
            Some(known) => Some(known),
            None => snapshot::look_up_slug(stores, head.token, now).await,
        };
        match known {
            Some(Slug::Token(token)) => token,
            Some(Slug::Nobody) => return Ok(not_found("", NO_LINK)),
            // No store could tell: it leads to the landing page, as every link does that leads nowhere.
            None => String::new(),
        }
    } else {
        head.token.to_owned()
    };
    let ask =
        |path: &str, flags: &str| KNOWN.with_borrow_mut(|known| known.ask(&head.line(&token, path, flags)));
    let (mut path, mut flags) = (String::new(), "");
    let mut outcome = ask(&path, flags)?;
    // The engine lacks the newest snapshot, the link's path, or first the one and then the other.
    for _ in 0..2 {
        let Some((lack, link_no)) = outcome.split_once('\n').filter(|(lack, _)| *lack != "A") else { break };
        let link_no = link_no.parse().map_err(thrown)?;
        if lack == "S" {
            let knows = || ask(&path, flags).is_ok_and(|outcome| !outcome.starts_with('S'));
            snapshot::find_link(stores, link_no, now, knows).await;
            flags = "f";
        } else {
            path = snapshot::path_of(stores, link_no).await.unwrap_or_else(|| "-".to_owned());
        }
        outcome = ask(&path, flags)?;
    }
    KNOWN.with_borrow_mut(|known| answered(outcome, known, now))
}

/// Does what an outcome's flags say, after the visitor has been answered.
#[wasm_bindgen]
pub fn redirect_follow_up(call: u32, env: Env, carry: bool, refresh: bool) -> Promise {
    let stores = Stores::new(env, ProgrammeId::MAIN);
    let batch = carry.then(clicks::newest_batch);
    guard::promise(call, async move {
        let carried = async {
            if let Some(batch) = batch {
                clicks::carry(&stores, batch).await;
            }
        };
        let refreshed = async {
            if refresh {
                snapshot::refresh(&stores).await;
            }
        };
        futures_util::future::join(carried, refreshed).await;
        Ok(JsValue::UNDEFINED)
    })
}
