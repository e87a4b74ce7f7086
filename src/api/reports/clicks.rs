//! `GET /v1/clicks`: the clicks of sixteen shards, merged, newest first. The Ledger authorises the caller and resolves ids;
//! the Worker queries the shards in between.

use crate::{
    api::{
        http::{
            call::{Call, List},
            cursor,
            failure::Failure,
            message::Response,
            problems::{Code, Problem},
            query::Query,
            table::Row,
        },
        reports::scope::{link_of_query, partner_of_query},
    },
    domain::{
        clicks::{
            bucket::Bucket,
            click::{ClickId, Device},
        },
        links::link::LinkNo,
        values::{
            id::{LinkId, PartnerId},
            time::Timestamp,
        },
    },
    ledger::view::view,
    store::{
        SqlError,
        clicks::{PackedClick, PageQuery, StoredClick},
        links,
        programme::partners,
    },
};
use serde::Deserialize;
use std::collections::HashSet;

view! {
    /// A visit.
    pub struct ClickView {
        /// The click id; `null` for a visit that got none (expired, revoked, invalid).
        id: Option<String>,
        /// When.
        clicked_at: Timestamp,
        /// The link; `null` if it is not known.
        link_id: Option<LinkId>,
        /// The link's partner.
        partner_id: Option<PartnerId>,
        /// Where it is counted.
        bucket: Bucket,
        /// The visitor's first counted click on the link in the UTC day.
        unique: bool,
        /// ISO 3166-1 alpha-2 country, as the platform reports it.
        country: Option<String>,
        /// What the visitor used.
        device: Device,
        /// Earlier click ids of the visitor, oldest first. A partner's key sees those of its own links.
        trail: Vec<String>,
        /// How many earlier clicks of the visitor `trail` leaves out because they belong to other partners.
        trail_of_others: usize,
    }
}

impl Row for ClickView {
    const COLUMNS: &'static str =
        "id,clicked_at,link_id,partner_id,bucket,unique,country,device,trail,trail_of_others";
}

/// The clicks that the Worker collected, by shard.
#[derive(Deserialize)]
pub struct Collected<'a> {
    #[serde(borrow)]
    shards: Vec<Vec<PackedClick<'a>>>,
    /// How many clicks all pages have, if the query asks for it.
    #[serde(default)]
    total: Option<i64>,
}

const KNOWN: &[&str] = &["partner_id", "link_id", "bucket", "from", "to", "limit", "cursor", "count"];
/// How many links a query by partner looks up; a partner with more must name a link.
const MOST_LINKS: i64 = 1_000;

/// The links that the caller asks for; `None` = all.
fn wanted(call: &Call<'_>, query: &Query) -> Result<Option<Vec<u32>>, Problem> {
    let partner = partner_of_query(call, query.text("partner_id"))?;
    if let Some(link) = link_of_query(call, query)? {
        let matches = partner.is_none_or(|partner| partner == link.partner_no);
        return Ok(Some(if matches { vec![link.no] } else { Vec::new() }));
    }
    let Some(partner) = partner else { return Ok(None) };
    let numbers = links::numbers(call.tx.sql, partner, MOST_LINKS.saturating_add(1))?;
    if i64::try_from(numbers.len()).is_ok_and(|n| n > MOST_LINKS) {
        let detail = format!("This partner has more than {MOST_LINKS} links; name one with \"link_id\".");
        return Err(Problem::new(Code::OutOfRange, detail));
    }
    Ok(Some(numbers))
}

/// `GET /internal/clicks`: what to ask the shards for.
pub fn start(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(KNOWN)?;
    let limit = query.limit()?;
    let list = call.list_name("clicks", &query);
    let before = query.cursor("cursor").map(|text| cursor::decode_at(&list, text)).transpose()?;
    let period = query.period()?;
    call.json(
        200,
        &PageQuery {
            before,
            links: wanted(call, &query)?,
            bucket: query.choice("bucket", Bucket::ALL, Bucket::as_str)?.map(Bucket::code),
            from_ms: period.from.map(Timestamp::ms),
            to_ms: period.to.map(Timestamp::ms),
            // One more click tells whether there is a next page.
            limit: u32::try_from(limit.saturating_add(1)).unwrap_or(1),
            count: query.flag("count")?.unwrap_or_default(),
        },
    )
}

/// `POST /internal/clicks`: merges what the shards answered into a page.
pub fn show(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(KNOWN)?;
    let limit = usize::try_from(query.limit()?).unwrap_or(usize::MAX);
    let unreadable = |error: &dyn std::fmt::Display| {
        SqlError::Engine(format!("the shards' clicks cannot be parsed: {error}"))
    };
    let body = std::str::from_utf8(call.request.body).map_err(|error| unreadable(&error))?;
    let collected: Collected<'_> = strict_json::from_str(body).map_err(|error| unreadable(&error))?;
    let total = collected.total;
    let of_shard = |(shard, clicks): (u8, Vec<_>)| clicks.into_iter().map(move |click| (shard, click));
    let all: Vec<(u8, PackedClick<'_>)> = (0..).zip(collected.shards).flat_map(of_shard).collect();
    let mut rows: Vec<&(u8, PackedClick<'_>)> = all.iter().collect();
    rows.sort_unstable_by(|(_, a), (_, b)| (b.at(), b.row_id()).cmp(&(a.at(), a.row_id())));
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    let list = call.list_name("clicks", &query);
    let next_cursor = last.map(|(_, click)| cursor::encode_at(&list, click.at().ms(), click.row_id()));
    let clicks: Vec<StoredClick> = rows.iter().map(|(shard, click)| click.unpack(*shard)).collect();
    let names = names(call, &clicks.iter().filter_map(|click| click.link_no).collect::<Vec<_>>())?;
    let own = own_links_of_trails(call, &clicks)?;
    let data = clicks.into_iter().map(|click| view(call, click, &names, &own)).collect();
    call.list(List { data, next_cursor, total })
}

/// Ids of links and their partners by the link's number.
type Names = Vec<(u32, LinkId, PartnerId)>;

fn names(call: &Call<'_>, numbers: &[u32]) -> Result<Names, Problem> {
    let mut names = Names::new();
    for (link_no, partner_no, id) in links::ids(call.tx.sql, numbers)? {
        let partner = partners::by_no(call.tx.sql, partner_no)?;
        if let Some((link, partner)) = LinkId::parse(&id).zip(partner) {
            names.push((link_no, link, partner.id));
        }
    }
    Ok(names)
}

/// The number of the link that a click id was made for.
fn link_of(call: &Call<'_>, click_id: &str) -> Option<LinkNo> {
    ClickId::verify(click_id, &call.tx.config.ring).map(|click| click.link_no)
}

/// The links in the trails of `clicks` that belong to the caller's partner. Empty for the programme's keys, which see all.
fn own_links_of_trails(call: &Call<'_>, clicks: &[StoredClick]) -> Result<HashSet<LinkNo>, SqlError> {
    let Some(partner) = call.caller.partner else { return Ok(HashSet::new()) };
    let in_trails: HashSet<LinkNo> =
        clicks.iter().flat_map(|click| &click.trail).filter_map(|id| link_of(call, id)).collect();
    let in_trails: Vec<LinkNo> = in_trails.into_iter().collect();
    let owners = links::ids(call.tx.sql, &in_trails)?;
    Ok(owners.into_iter().filter(|(_, owner, _)| *owner == partner).map(|(link_no, ..)| link_no).collect())
}

fn view(call: &Call<'_>, click: StoredClick, names: &Names, own: &HashSet<LinkNo>) -> ClickView {
    let whole = click.trail.len();
    let trail: Vec<String> = match call.caller.partner {
        None => click.trail,
        // A click id contains its time, link, country and device, which are another partner's.
        Some(_) => click
            .trail
            .into_iter()
            .filter(|id| link_of(call, id).is_some_and(|link_no| own.contains(&link_no)))
            .collect(),
    };
    let named = names.iter().find(|(link_no, ..)| Some(*link_no) == click.link_no);
    let (link_id, partner_id) = named.map(|(_, link, partner)| (link.clone(), partner.clone())).unzip();
    ClickView {
        id: click.id,
        clicked_at: click.at,
        link_id,
        partner_id,
        bucket: click.bucket,
        unique: click.unique,
        country: click.country,
        device: click.device,
        trail_of_others: whole.saturating_sub(trail.len()),
        trail,
    }
}
