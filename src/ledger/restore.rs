//! Fills an empty Ledger from the pages of an export, one page in one transaction.

use super::{error::RestoreError, tx::Tx, view::view};
use crate::{
    domain::{
        links::token::LinkToken,
        values::{digest::sha256_hex, id::ListingId, id::PartnerId},
    },
    store::{
        Sql, SqlError,
        clicks::LoggedClick,
        imports, links,
        log::{
            events,
            redaction::redact,
            restored::{self, EndLine, EventLine, Restore},
            totals::totals,
        },
        meta,
        payouts::details,
        programme::{listings, partners},
        schema::CUSTOMERS_OF_SHOPS,
    },
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

view! {
    /// A listing whose secrets must be set again.
    pub struct MissingSecretsView {
        /// The listing.
        listing_id: ListingId,
        /// Its name.
        name: String,
        /// The names of the secrets that were set.
        secrets: Vec<String>,
    }

    /// A partner whose payout details must be set again.
    pub struct MissingDetailsView {
        /// The partner.
        partner_id: PartnerId,
        /// Its name.
        name: String,
        /// The names of the fields that were set.
        fields: Vec<String>,
    }

    /// What an export does not contain.
    pub struct MissingView {
        /// Listings whose secrets must be set again.
        listing_secrets: Vec<MissingSecretsView>,
        /// Partners whose payout details must be set again.
        payout_details: Vec<MissingDetailsView>,
        /// Whether the payer's account must be set again.
        payer_account: bool,
        /// Whether `SIGNING_KEYS` lacks the key of the newest link. Links of that key lead nowhere until it is set.
        signing_key: bool,
    }

    /// How far a restore has come, and how it compares.
    pub struct RestoreView {
        /// Pages applied.
        pages: u64,
        /// Events applied.
        events: i64,
        /// Clicks read.
        clicks: i64,
        /// Whether the last page was applied. Until then, other writes are refused.
        is_complete: bool,
        /// Clicks that are not in the reports yet. They take a few seconds after the last page.
        clicks_on_their_way: i64,
        /// Whether the original's totals are known: it was exported from its beginning.
        is_compared: bool,
        /// Balances that differ from the original's. Known once it is complete.
        different_balances: Vec<String>,
        /// Counts that differ from the original's: `name: original, restored`. Known once no clicks are on their way.
        different_counts: Vec<String>,
        /// What must be set again. Known once it is complete.
        missing: Option<MissingView>,
    }
}

/// What became of a page.
pub enum Page {
    /// It was applied.
    Applied,
    /// It was applied before.
    Repeated,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// Applies a page. The first needs an empty Ledger, and each other one the page before it.
pub fn page(tx: &Tx<'_>, body: &str) -> Result<Page, RestoreError> {
    let known = restored::find(tx.sql)?;
    let is_new = restored::add_page(tx.sql, &sha256_hex(body.as_bytes()))?;
    let mut restore = match known {
        Some(_) if !is_new => return Ok(Page::Repeated),
        Some(restore) if !restore.is_complete => restore,
        None if events::last_seq(tx.sql)? == 0 => Restore::default(),
        Some(_) | None => return Err(RestoreError::NotEmpty),
    };
    let lines: Vec<&str> = body.trim_end_matches('\n').split('\n').collect();
    let (last, lines) = lines.split_last().ok_or_else(|| malformed(0, "the page is empty"))?;
    let end_at = lines.len().saturating_add(1);
    let cut_off =
        || malformed(end_at, "the last line of a page says how many lines precede it; it was cut off");
    let end: EndLine = strict_json::from_str(last).map_err(|_| cut_off())?;
    if end.lines != lines.len() {
        return Err(cut_off());
    }
    for (number, line) in (1..).zip(lines) {
        apply(tx.sql, &mut restore, number, &redact(line))?;
    }
    restore.pages = restore.pages.saturating_add(1);
    if !end.has_next() {
        complete(tx, &mut restore, end)?;
    }
    restored::set(tx.sql, &restore)?;
    Ok(Page::Applied)
}

fn malformed(line: usize, cause: impl ToString) -> RestoreError {
    RestoreError::Malformed { line, cause: cause.to_string() }
}

fn apply(sql: &dyn Sql, restore: &mut Restore, line: usize, text: &str) -> Result<(), RestoreError> {
    let out_of_order = |expected: String| RestoreError::OutOfOrder { line, expected };
    let kind: Kind = strict_json::from_str(text).map_err(|error| malformed(line, error))?;
    if kind.kind.as_deref() == Some("click") {
        let click: LoggedClick = strict_json::from_str(text).map_err(|error| malformed(line, error))?;
        let expected = match restore.last_click {
            Some((shard, seq)) if shard == click.shard => seq.saturating_add(1),
            Some(_) | None => 1,
        };
        if restore.last_click.is_some_and(|(shard, _)| click.shard < shard) || click.seq != expected {
            return Err(out_of_order(format!("click {expected} of shard {}", click.shard)));
        }
        let packed = click.pack().map_err(|error| malformed(line, error))?;
        imports::queue_restored(sql, click.shard, &packed)?;
        restore.last_click = Some((click.shard, click.seq));
        restore.clicks = restore.clicks.saturating_add(1);
        return Ok(());
    }
    let event: EventLine<'_> = strict_json::from_str(text).map_err(|error| malformed(line, error))?;
    let expected = restore.events.saturating_add(1);
    if event.seq != expected || restore.last_click.is_some() {
        return Err(out_of_order(format!("event {expected}, before all clicks")));
    }
    let change = event.change().map_err(|error| malformed(line, error))?;
    event.apply(sql, change.as_ref())?;
    restore.events = event.seq;
    Ok(())
}

/// Applies the end of an export: what a replay does at its end, and the comparison of balances, which nothing has changed yet.
fn complete(tx: &Tx<'_>, restore: &mut Restore, end: EndLine) -> Result<(), SqlError> {
    tx.sql.script(CUSTOMERS_OF_SHOPS)?;
    restore.is_complete = true;
    if let Some(original) = &end.totals {
        let rebuilt = totals(tx.sql, None)?;
        restore.different_balances = different(&original.balances, &rebuilt.balances).into_iter().collect();
    }
    restore.original = end.totals;
    tx.bump_snapshot_version()
}

/// The names whose values differ.
fn different<T: PartialEq>(one: &BTreeMap<String, T>, other: &BTreeMap<String, T>) -> BTreeSet<String> {
    let names = one.keys().chain(other.keys());
    names.filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

/// The counts of clicks, which exclude each other.
const BUCKETS: [&str; 7] = ["clicks", "duplicate", "bot", "prefetch", "revoked", "expired", "invalid"];

/// How far the restore of this Ledger has come; `None` if it was never restored. While pages are missing, nothing is compared.
pub fn show(tx: &Tx<'_>) -> Result<Option<RestoreView>, SqlError> {
    let Some(restore) = restored::find(tx.sql)? else { return Ok(None) };
    let mut view = RestoreView {
        pages: restore.pages,
        events: restore.events,
        clicks: restore.clicks,
        is_complete: restore.is_complete,
        clicks_on_their_way: restore.clicks,
        is_compared: restore.original.is_some(),
        different_balances: restore.different_balances,
        different_counts: Vec::new(),
        missing: None,
    };
    if restore.is_complete {
        view.missing = Some(missing(tx)?);
        let counts = totals(tx.sql, None)?.counts;
        let number = |name: &str| counts.get(name).and_then(|count| count.parse::<i64>().ok()).unwrap_or(0);
        let counted = BUCKETS.iter().fold(0i64, |sum, bucket| sum.saturating_add(number(bucket)));
        view.clicks_on_their_way = restore.clicks.saturating_sub(counted).max(0);
        if let Some(original) = restore.original.filter(|_| view.clicks_on_their_way == 0) {
            view.different_counts = different_counts(&original.counts, &counts);
        }
    }
    Ok(Some(view))
}

fn different_counts(original: &BTreeMap<String, String>, restored: &BTreeMap<String, String>) -> Vec<String> {
    let of = |counts: &BTreeMap<String, String>, name: &str| {
        counts.get(name).map_or("nothing", String::as_str).to_owned()
    };
    // Visits with invented tokens are counted and in no log.
    let names = different(original, restored).into_iter().filter(|name| name != "invalid");
    names
        .map(|name| format!("{name}: original {}, restored {}", of(original, &name), of(restored, &name)))
        .collect()
}

fn missing(tx: &Tx<'_>) -> Result<MissingView, SqlError> {
    let mut listing_secrets = Vec::new();
    for listing in listings::without_secrets(tx.sql)? {
        let (listing_id, name, secrets) = (listing.id, listing.name, listing.secret_names);
        listing_secrets.push(MissingSecretsView { listing_id, name, secrets });
    }
    let mut payout_details = Vec::new();
    for set in details::lost(tx.sql)? {
        let Some(partner) = partners::by_no(tx.sql, set.partner_no)? else { continue };
        let (partner_id, name) = (partner.id, partner.name);
        payout_details.push(MissingDetailsView { partner_id, name, fields: set.fields });
    }
    let has_payer = meta::program(tx.sql)?.is_some_and(|program| program.payer.is_some());
    let newest = links::by_no(tx.sql, u32::try_from(links::next_no(tx.sql)?.saturating_sub(1)).unwrap_or(0))?;
    Ok(MissingView {
        listing_secrets,
        payout_details,
        payer_account: has_payer && meta::text(tx.sql, meta::name::PAYER_ACCOUNT)?.is_none(),
        signing_key: newest.is_some_and(|link| LinkToken::verify(&link.token, &tx.config.ring).is_none()),
    })
}
