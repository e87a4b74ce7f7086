//! A callback's way through: found, verified, read. What it comes to is a value; whoever asked for it does the writing and
//! the answering.

use super::{
    adapter::{AccountName, Adapter, Answer, Arrival, Listing, Proof, Reply, Told},
    event::Event,
    oauth,
    outgoing::{Answered, Request, ToSign},
    page,
    published::{Document, Wanted},
    registry,
    signature::{Callback, Refusal, Verified},
};
use crate::domain::{
    programme::listing::Marketplace,
    values::{digest::sha256_hex, entropy::Entropy, time::Timestamp},
};
use serde::{Deserialize, Serialize};

/// A browser must reach the page where our cookies are seen within this.
pub const RELAY_MS: i64 = 10 * 60 * 1000;

/// What came in, but for the body.
#[derive(Debug, Deserialize)]
pub struct Head {
    /// Method.
    pub method: String,
    /// Full URL, under the public name.
    pub url: String,
    /// The marketplace that the path names.
    pub marketplace: String,
    /// The kind that the path names; empty if it names none.
    pub kind: String,
    /// What follows in the path.
    pub rest: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
}

/// A browser on its way to the page where our cookies are seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// SHA-256 of the one-time id, hexadecimal.
    pub id_hash: String,
    /// The customer's account.
    pub account: String,
    /// Where the browser goes on to from there.
    pub location: String,
    /// Whether it is in a frame, where the visitor must follow a link.
    pub in_frame: bool,
}

/// A token that counts once, or again at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What it is remembered by.
    pub key: String,
    /// Until when it is remembered.
    pub keep_until: Timestamp,
    /// The place (listing and kind) where it counts again if it came there first; nothing = it counts once.
    pub again_at: Option<String>,
}

/// How long a vendor's answer waits for the app to fetch it.
pub const HAND_OVER_MS: i64 = 10 * 60 * 1000;

/// A vendor's answer that is kept for the app.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// SHA-256 of the code that it is asked for with, hexadecimal.
    pub code_hash: String,
    /// The answer, with its tokens.
    pub body: String,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kept({})", self.code_hash)
    }
}

/// What the Ledger is told of a callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Number of the listing.
    pub listing_no: u16,
    /// Names of accounts that were proven together; learnt before the events are read.
    #[serde(default)]
    pub names: Vec<AccountName>,
    /// Events, in order.
    pub events: Vec<Event>,
    /// The token that proved it, if it is one that does not count anywhere at any time.
    pub single_use: Option<Token>,
    /// A browser on its way.
    pub relay: Option<Relay>,
    /// What is kept for the app.
    pub keep: Option<Kept>,
    /// The app asks for what is kept under the code of this hash.
    pub ask_for: Option<String>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answer, and that is all. `log` says what an operator should know.
    Answer {
        /// The answer.
        answer: Answer,
        /// A line for the log.
        log: Option<String>,
    },
    /// Tell the Ledger; once it has written all of it, answer.
    Report {
        /// What to tell.
        report: Box<Report>,
        /// The answer then; its body is what the Ledger had kept, if the report asks for that.
        answer: Answer,
        /// The answer if the token had been used before, or nothing is kept.
        otherwise: Answer,
        /// The answer to a frame whose account has gone its way before.
        known: Option<Answer>,
        /// A line for the log.
        log: Option<String>,
    },
    /// Ask the vendor, then take the step again, with its answer behind the others.
    Ask {
        /// What to ask.
        request: Request,
    },
    /// Fetch documents of the vendor's, then take the step again with them.
    Fetch {
        /// Which.
        documents: Vec<Wanted>,
    },
    /// Sign, then take the step again, with the signature behind the other answers.
    Sign {
        /// What to sign, and with what.
        to_sign: ToSign,
    },
}

/// The answer to a callback that cannot be judged now.
fn unanswered() -> Answer {
    let mut answer = Answer::with_body(503, "text/plain", "The marketplace does not answer. Try again.");
    answer.headers.extend([("retry-after", "5".to_owned()), ("cache-control", "no-store".to_owned())]);
    answer
}

/// A line for the log: what became of a callback, and why.
fn line(head: &Head, listing: &Listing, became: &str, reason: &dyn std::fmt::Display) -> String {
    format!("a callback of {}, {} {}, {became}: {reason}", listing.id, head.marketplace, head.kind)
}

fn refused(answer: Answer, head: &Head, listing: &Listing, reason: impl std::fmt::Display) -> Outcome {
    Outcome::Answer { answer, log: Some(line(head, listing, "is refused", &reason)) }
}

/// What a callback comes to.
pub fn step(
    head: &Head,
    body: &[u8],
    listing: Option<&Listing>,
    (answers, documents): (&[Answered], &[Document]),
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Outcome {
    let adapter = Marketplace::parse(&head.marketplace).and_then(registry::find);
    let (Some(adapter), Some(listing)) = (adapter, listing) else {
        return Outcome::Answer { answer: Answer::unauthorized(), log: None };
    };
    step_of(adapter, head, body, listing, (answers, documents), now, entropy)
}

/// The same, of an adapter at hand.
pub fn step_of(
    adapter: &dyn Adapter,
    head: &Head,
    body: &[u8],
    listing: &Listing,
    (answers, documents): (&[Answered], &[Document]),
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Outcome {
    let kind = adapter.kinds().iter().find(|kind| kind.name == head.kind);
    let Some(kind) = kind.filter(|_| listing.marketplace == adapter.marketplace()) else {
        return refused(Answer::unauthorized(), head, listing, "there is no such callback");
    };
    if !kind.methods.contains(&head.method.as_str()) {
        return refused(Answer::unauthorized(), head, listing, "the method is not one of the vendor's");
    }
    let headers: Vec<(&str, &str)> =
        head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let arrival = Arrival {
        callback: Callback { method: &head.method, url: &head.url, headers: &headers, body },
        kind: *kind,
        rest: &head.rest,
        listing,
        answers,
        documents,
        now,
    };
    match adapter.verify(&arrival) {
        // Not the sender's fault: vendors and browsers try again.
        Err(Refusal::Unanswered) => refused(unanswered(), head, listing, Refusal::Unanswered),
        Err(refusal) => refused(adapter.refused(*kind), head, listing, refusal),
        Ok(Proof::Greeting(answer)) => Outcome::Answer { answer, log: None },
        Ok(Proof::Noted(answer, why)) => {
            Outcome::Answer { answer, log: Some(line(head, listing, "tells nothing", &why)) }
        }
        Ok(Proof::Ask(request)) => Outcome::Ask { request },
        Ok(Proof::Fetch(documents)) => Outcome::Fetch { documents },
        Ok(Proof::Sign(to_sign)) => Outcome::Sign { to_sign },
        Ok(Proof::Verified(proof)) => match adapter.parse(&proof, &arrival) {
            Ok(mut told) => {
                told.log = told.log.map(|left_out| line(head, listing, "was taken in part", &left_out));
                report(&proof, told, &arrival, adapter.refused(*kind), entropy)
            }
            // As a failure of ours: the vendor sends it again, when we may have learnt to read it.
            Err(error) => refused(Answer::empty(500), head, listing, error),
        },
    }
}

fn report(
    proof: &Verified<'_>,
    told: Told,
    arrival: &Arrival<'_>,
    replayed: Answer,
    entropy: &mut dyn Entropy,
) -> Outcome {
    let loads_again = matches!(told.reply, Reply::TopLevel { reloads: true, .. });
    let mut report = Report {
        listing_no: arrival.listing.no,
        names: told.names,
        events: told.events,
        single_use: None,
        relay: None,
        keep: told
            .hand_over
            .map(|kept| Kept { code_hash: sha256_hex(kept.code.as_bytes()), body: kept.body }),
        ask_for: None,
    };
    let mut known = None;
    let (answer, relay) = match told.reply {
        Reply::HandOver { code } => {
            report.ask_for = Some(sha256_hex(code.as_bytes()));
            let otherwise = oauth::invalid_grant();
            let (report, answer) = (Box::new(report), oauth::granted());
            return Outcome::Report { report, answer, otherwise, known: None, log: told.log };
        }
        Reply::Plain(answer) => (answer, None),
        Reply::Relay { account, query } => match relay(arrival, account, &query, entropy) {
            // 303: the browser asks with GET, and a navigation with a safe method brings Lax cookies.
            Some((path, relay)) => (Answer::redirect(303, path), Some(relay)),
            None => {
                let log = format!("the listing {} has no forward_to", arrival.listing.id);
                return Outcome::Answer { answer: Answer::empty(500), log: Some(log) };
            }
        },
        Reply::TopLevel { account, query, frame_ancestors, .. } => {
            match relay(arrival, account, &query, entropy) {
                Some((path, relay)) => {
                    known = Some(Answer::redirect(302, relay.location.clone()));
                    (page::way_out(&frame_ancestors, &path), Some(Relay { in_frame: true, ..relay }))
                }
                None => (page::connected(&frame_ancestors), None),
            }
        }
    };
    report.relay = relay;
    report.single_use = proof.single_use().map(|token| Token {
        key: token.key().to_owned(),
        keep_until: token.keep_until(),
        again_at: loads_again.then(|| format!("{}/{}", arrival.listing.id, arrival.kind.name)),
    });
    Outcome::Report { report: Box::new(report), answer, otherwise: replayed, known, log: told.log }
}

/// A browser's way to the page where our cookies are seen: its path, under a one-time id, and where it goes on to.
/// `None` if the listing has no `forward_to`.
fn relay(
    arrival: &Arrival<'_>,
    account: String,
    query: &str,
    entropy: &mut dyn Entropy,
) -> Option<(String, Relay)> {
    let location = arrival.listing.onward(query)?;
    let mut random = [0; 16];
    entropy.fill(&mut random);
    let id = data_encoding::HEXLOWER.encode(&random);
    let relay = Relay { id_hash: sha256_hex(id.as_bytes()), account, location, in_frame: false };
    Some((format!("/callbacks/continue/{id}"), relay))
}
