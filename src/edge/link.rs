//! Redirects. A synchronous export answers what the instance can decide by itself, and an asynchronous export asks the
//! stores for the rest. `#[event(fetch)]` would reduce the speed of a redirect by a quarter.
//!
//! Both take a [`RedirectLine`] as UTF-8 text and return one of:
//!
//! ```text
//! A, location, value of the cookies (empty = none)   the response
//! E, status, body                                    an error response with a problem
//! W                                                  a store must be asked (`redirect_with_stores`)
//! ```
//!
//! Flags after the letter name the work to do after the response (`redirect_follow_up`): c = carry the batch of clicks,
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
    documents::pages,
    domain::{
        links::{
            line::RedirectLine,
            redirect::{LinkPath, RedirectDecision, RedirectResponse},
        },
        programme::id::ProgrammeId,
        values::{language::Language, time::Timestamp},
    },
};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use worker::Env;

const NO_LINK: &str = "No link has this name.";
const UNREACHABLE: &str = "No store can be reached at the moment. Try again.";
const NO_LANDING_PAGE: &str = "The link leads nowhere, and no landing page is set.";

/// A store must be asked.
const WAIT: &str = "W";

fn milliseconds(now: Timestamp) -> f64 {
    super::milliseconds(now.ms())
}

fn error(flags: &str, code: Code, detail: &'static str) -> String {
    let response = Problem::new(code, detail).response();
    format!("E{flags}\n{}\n{}", response.status, response.body)
}

/// The response to a slug that no link has: the landing page. No click is recorded, because guessed slugs would fill the log.
fn unknown_slug(line: &RedirectLine<'_>, known: &mut KnownLinks) -> Result<String, JsValue> {
    let decision = known.decide(&RedirectLine { token: "", ..*line }, LinkPath::Unknown, true)?;
    let RedirectDecision::Respond(response) = decision else {
        return Err(thrown("an empty token is a link"));
    };
    Ok(match response.location {
        Some(location) => ["A\n", &location, "\n"].concat(),
        None => error("", Code::NotFound, NO_LINK),
    })
}

/// Records the click of a response, and formats the response for JavaScript.
fn respond(response: &RedirectResponse, known: &mut KnownLinks) -> String {
    let now = milliseconds(response.visit.at);
    let needs_carrier = clicks::record(response.shard, &response.visit, now);
    let flags = match (needs_carrier, known.is_refresh_due(now)) {
        (false, false) => "",
        (true, false) => "c",
        (false, true) => "r",
        (true, true) => "cr",
    };
    match response.location.as_deref() {
        Some(location) => {
            ["A", flags, "\n", location, "\n", response.cookie.as_deref().unwrap_or_default()].concat()
        }
        None => error(flags, Code::NotFound, NO_LANDING_PAGE),
    }
}

/// Answers a redirect without asking a store.
#[wasm_bindgen]
pub fn redirect(line: &[u8]) -> Result<String, JsValue> {
    let text = std::str::from_utf8(line).map_err(thrown)?;
    let line = RedirectLine::parse(text).map_err(thrown)?;
    KNOWN.with_borrow_mut(|known| {
        if known.is_empty() {
            return Ok(WAIT.to_owned());
        }
        let decision = if line.is_slug {
            match known.slug(line.token, milliseconds(line.now)) {
                None => return Ok(WAIT.to_owned()),
                Some(Slug::Nobody) => return unknown_slug(&line, known),
                Some(Slug::Token(token)) => {
                    known.decide(&RedirectLine { token: &token, ..line }, LinkPath::Unknown, false)?
                }
            }
        } else {
            known.decide(&line, LinkPath::Unknown, false)?
        };
        Ok(match decision {
            RedirectDecision::Respond(response) => respond(&response, known),
            RedirectDecision::NeedPath(..) | RedirectDecision::NeedSnapshot(_) => WAIT.to_owned(),
        })
    })
}

/// Answers a redirect for which a store must be asked.
#[wasm_bindgen]
pub fn redirect_with_stores(call: u32, env: Env, line: String) -> Promise {
    let stores = Stores::new(env, ProgrammeId::MAIN);
    guard::promise(call, async move { Ok(look_up(&stores, &line).await?.into()) })
}

async fn look_up(stores: &Stores, text: &str) -> Result<String, JsValue> {
    let line = RedirectLine::parse(text).map_err(thrown)?;
    let now = milliseconds(line.now);
    // Without a snapshot neither the link's destination nor the landing page is known. The visit is not counted, because
    // the link may be valid.
    if !snapshot::load(stores, now).await {
        return Ok(error("", Code::Unavailable, UNREACHABLE));
    }
    let token = if line.is_slug {
        let cached = KNOWN.with_borrow(|known| known.slug(line.token, now));
        let found = match cached {
            Some(found) => Some(found),
            None => {
                let found = snapshot::look_up_slug(stores, line.token, now).await;
                found.or_else(|| KNOWN.with_borrow(|known| known.stale_slug(line.token)))
            }
        };
        match found {
            Some(Slug::Token(token)) => token,
            Some(Slug::Nobody) => return KNOWN.with_borrow_mut(|known| unknown_slug(&line, known)),
            // No store could be reached. An empty token is invalid, so the visitor is sent to the landing page.
            None => String::new(),
        }
    } else {
        line.token.to_owned()
    };
    let line = RedirectLine { token: &token, ..line };
    let decide =
        |path: LinkPath<'_>, is_newest| KNOWN.with_borrow_mut(|known| known.decide(&line, path, is_newest));
    let (mut path, mut is_newest) = (None::<LookedUp>, false);
    let mut decision = decide(link_path(&path), is_newest)?;
    // The newest snapshot may be missing, or the link's path, or first one and then the other; and a snapshot may arrive in which
    // the link was changed again.
    for _ in 0..3 {
        match decision {
            RedirectDecision::Respond(_) => break,
            RedirectDecision::NeedSnapshot(link_no) => {
                let is_found = || {
                    decide(link_path(&path), is_newest)
                        .is_ok_and(|decision| !matches!(decision, RedirectDecision::NeedSnapshot(_)))
                };
                snapshot::find_link(stores, link_no, now, is_found).await;
                is_newest = true;
            }
            RedirectDecision::NeedPath(link_no, revision) => {
                path = Some((snapshot::path_of(stores, link_no, revision).await, revision));
            }
        }
        decision = decide(link_path(&path), is_newest)?;
    }
    match decision {
        RedirectDecision::Respond(response) => Ok(KNOWN.with_borrow_mut(|known| respond(&response, known))),
        RedirectDecision::NeedPath(..) | RedirectDecision::NeedSnapshot(_) => {
            Err(thrown("a redirect still lacks what was looked up"))
        }
    }
}

/// The path that the stores have for a revision of a link; `None` if no store has one.
type LookedUp = (Option<String>, u32);

fn link_path(path: &Option<LookedUp>) -> LinkPath<'_> {
    match path {
        None => LinkPath::Unknown,
        Some((None, _)) => LinkPath::Missing,
        Some((Some(value), revision)) => LinkPath::Known { value, revision: *revision },
    }
}

/// Returns the problem of a request to a link whose method is not GET or HEAD.
#[wasm_bindgen]
pub fn link_method_problem() -> String {
    Problem::new(Code::MethodNotAllowed, "A link takes GET and HEAD only.").response().body
}

/// Returns the page that a browser gets instead of a problem when a link leads nowhere.
#[wasm_bindgen]
pub fn dead_link_page(accept_language: &str) -> String {
    pages::dead_link(Language::negotiate(accept_language))
}

/// Does the work that the flags of a response name.
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
