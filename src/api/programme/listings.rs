//! Listings.

use crate::{
    api::{
        http::{
            call::Call,
            checks::Checks,
            failure::Failure,
            message::Response,
            problems::{Code, Problem},
            table::Row,
        },
        programme::listing_settings,
    },
    domain::{
        event::EventType,
        programme::{
            listing::{Listing, Marketplace},
            listing_calls::ListingCalls,
        },
        values::{id::ListingId, limits, time::Timestamp},
    },
    ledger::{
        commissions::listing_settings::click_id_in,
        listing_secrets::{Secret, Secrets, are_lost, open_secrets, seal_secrets},
        listing_view::{ListingView, view},
        view::view,
    },
    store::{
        Sql, SqlError,
        callbacks::{calls, refusals},
        log::change::Change,
        programme::listings,
    },
};
use serde::Deserialize;

/// A listing to add.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewListing {
    /// Display name, 1 to 200 characters.
    name: String,
    /// The marketplace that it is on.
    marketplace: Marketplace,
    /// Where its links lead: an absolute http or https URL.
    url: String,
    /// A short unique name.
    slug: Option<String>,
    /// Where a browser is forwarded to after an install.
    forward_to: Option<String>,
    /// The marketplace's settings, at most 16 KiB, by the names of `docs/marketplaces.md`; what plans cost if the marketplace reports no amounts (`plans`); and
    /// where in the URL the click id goes (`click_id_in`): `query`, the default, or `fragment` for a page that routes by
    /// its fragment (`#/offer`).
    settings: Option<serde_json::Map<String, serde_json::Value>>,
    /// The marketplace's secrets, by the names of `docs/marketplaces.md`; write-only.
    secrets: Option<Secrets>,
    /// Days from a click on its links to a conversion; the programme's if absent.
    window_days: Option<i64>,
}

/// Changes to a listing. An absent field stays as it is; `null` clears it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ListingChange {
    /// Display name.
    name: Option<String>,
    /// Where its links lead.
    url: Option<String>,
    /// A short unique name.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    slug: Option<Option<String>>,
    /// Where a browser is forwarded to after an install.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    forward_to: Option<Option<String>>,
    /// The marketplace's settings, and what plans cost; replaces all settings.
    settings: Option<serde_json::Map<String, serde_json::Value>>,
    /// Secrets to set, or to remove with `null`; other secrets stay.
    secrets: Option<Secrets>,
    /// Days from a click on its links to a conversion.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    window_days: Option<Option<i64>>,
}

const MAX_SETTINGS_BYTES: usize = 16 * 1024;

fn check(checks: &mut Checks, listing: &Listing, secrets: Option<&Secrets>) {
    checks.text("name", Some(&listing.name), limits::NAME);
    checks.url("url", Some(&listing.url));
    checks.range("window_days", listing.window_days, limits::WINDOW_DAYS);
    checks.slug("slug", listing.slug.as_deref());
    checks.url("forward_to", listing.forward_to.as_deref());
    if listing.settings.len() > MAX_SETTINGS_BYTES {
        checks.refuse(Code::InvalidText, "settings", "At most 16 KiB of JSON.");
    }
    for (name, secret) in secrets.into_iter().flatten() {
        let fits = |value: &String| (1..=limits::MAX_SECRET_BYTES).contains(&value.len());
        let right = match secret {
            None => true,
            Some(Secret::One(value)) => fits(value),
            Some(Secret::Several(values)) => {
                limits::SECRET_VALUES.contains(values.len()) && values.iter().all(fits)
            }
        };
        if !right || limits::SECRET_NAME.check(name).is_err() {
            let detail =
                "Names have 1 to 40 characters; a secret is one text or 1 to 5, of up to 8 KiB each.";
            checks.refuse(Code::InvalidText, "secrets", detail);
        }
    }
    let secrets = secrets.unwrap_or(const { &Secrets::new() });
    listing_settings::check_secrets(checks, listing.marketplace, secrets, &listing.secret_names);
}

fn slug_free(call: &Call<'_>, listing: &Listing) -> Result<(), Problem> {
    let Some(slug) = &listing.slug else { return Ok(()) };
    match listings::by_slug(call.tx.sql, slug)? {
        Some(other) if other.no != listing.no => {
            Err(Problem::field(Code::SlugTaken, "/slug", format!("The listing {} has this slug.", other.id)))
        }
        _ => Ok(()),
    }
}

/// Merges `changes` into the listing's secrets, notes which are set, and returns them sealed. Secrets whose key is gone are
/// dropped.
fn change_secrets(
    call: &Call<'_>,
    listing: &mut Listing,
    changes: Secrets,
) -> Result<Option<String>, SqlError> {
    let mut secrets = match open_secrets(call.tx, listing) {
        Err(SqlError::KeyGone) => Secrets::new(),
        opened => opened?,
    };
    for (name, secret) in changes {
        match secret {
            Some(secret) => secrets.insert(name, Some(secret)),
            None => secrets.remove(&name),
        };
    }
    listing.secret_names = secrets.keys().cloned().collect();
    seal_secrets(call.tx, listing, &secrets)
}

/// `POST /v1/listings`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewListing = call.body()?;
    let no = listings::next_no(call.tx.sql)?;
    let settings = body.settings.unwrap_or_default();
    let mut checks = Checks::default();
    listing_settings::check_settings(&mut checks, body.marketplace, &settings);
    let mut listing = Listing {
        no: u16::try_from(no).map_err(|_| {
            Problem::new(Code::ListingLimit, "Change listings that are no longer used instead.")
        })?,
        id: call.tx.new_id(ListingId::generate),
        name: body.name,
        marketplace: body.marketplace,
        url: body.url,
        slug: body.slug,
        forward_to: body.forward_to,
        settings: serde_json::Value::Object(settings).to_string(),
        secret_names: Vec::new(),
        window_days: body.window_days,
        created_at: call.tx.now,
        updated_at: call.tx.now,
    };
    check(&mut checks, &listing, body.secrets.as_ref());
    checks.finish()?;
    listing_settings::check(&listing.settings)?;
    slug_free(call, &listing)?;
    let sealed = change_secrets(call, &mut listing, body.secrets.unwrap_or_default())?;
    call.tx.bump_snapshot_version()?;
    let (view, no) = (view(&listing, false)?, listing.no);
    call.tx.commit(EventType::ListingCreated, &Change::Listing(listing), &view, "")?;
    listings::set_sealed_secrets(call.tx.sql, no, sealed)?;
    Ok(call.json(201, &view)?.with_header("location", format!("/v1/listings/{}", view.id)))
}

/// The listing with this id, if the caller may see it. A partner sees the listings that its links lead to.
pub fn visible(call: &Call<'_>, id: &ListingId) -> Result<Listing, Problem> {
    let listing = listings::by_id(call.tx.sql, id)?.ok_or_else(Problem::not_found)?;
    match call.caller.partner {
        Some(partner) if !listings::is_linked(call.tx.sql, listing.no, partner)? => Err(Problem::not_found()),
        Some(_) | None => Ok(listing),
    }
}

/// A listing as the caller may see it. Partners do not see how the marketplace is integrated.
fn show(call: &Call<'_>, listing: &Listing) -> Result<ListingView, SqlError> {
    if call.caller.partner.is_none() {
        return view(listing, are_lost(call.tx, listing)?);
    }
    let (settings, secret_names) = ("{}".to_owned(), Vec::new());
    view(&Listing { settings, secret_names, ..listing.clone() }, false)
}

impl Row for ListingView {
    const COLUMNS: &'static str = "id,name,marketplace,url,slug,forward_to,settings,secrets,secrets_lost,window_days,created_at,updated_at";
}

/// `GET /v1/listings`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let fetch = |sql: &dyn Sql, page| listings::list(sql, call.caller.partner, page);
    call.page("listings", fetch, |listing| i64::from(listing.no), |listing| show(call, listing))
}

/// `GET /v1/listings/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    let id = call.id(ListingId::parse)?;
    call.json(200, &show(call, &visible(call, &id)?)?)
}

view! {
    /// Callbacks that were refused for one reason.
    pub struct RefusalView {
        /// Why, as the Worker's log says it.
        reason: String,
        /// How many.
        count: i64,
    }

    /// Whether a listing's marketplace calls, and whether its callbacks are accepted.
    pub struct ListingHealthView {
        /// When its last callback was accepted; `null` if none ever was.
        last_accepted_at: Option<Timestamp>,
        /// Callbacks that were accepted in this hour and the 24 before it.
        accepted_24h: i64,
        /// Callbacks that were refused in the same time. Approximate: reported once a minute, and some may be missing.
        refused_24h: i64,
        /// Why they were refused, the most frequent reason first.
        refusals: Vec<RefusalView>,
        /// The usual time between callbacks, by their weighted mean; `null` until there were five of them. Those of one minute
        /// count as one.
        usual_interval_seconds: Option<i64>,
        /// Since when the listing is silent: nothing was accepted for a day, and for eight times the usual time. `null` if it
        /// is not.
        silent_since: Option<Timestamp>,
    }
}

/// `GET /v1/listings/{id}/health`
pub fn health(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    let listing = visible(call, &call.id(ListingId::parse)?)?;
    let calls = calls::by_listing(call.tx.sql, listing.no)?;
    let calls = calls.as_ref();
    let refusals = refusals::list(call.tx.sql, listing.no, call.tx.now)?;
    call.json(
        200,
        &ListingHealthView {
            last_accepted_at: calls.map(|calls| calls.last_accepted_at),
            accepted_24h: calls.map_or(0, |calls| calls.accepted_24h(call.tx.now)),
            refused_24h: refusals.iter().fold(0i64, |sum, (_, count)| sum.saturating_add(*count)),
            refusals: refusals.into_iter().map(|(reason, count)| RefusalView { reason, count }).collect(),
            usual_interval_seconds: calls.and_then(ListingCalls::usual_interval_s),
            silent_since: calls.and_then(|calls| calls.silent_since),
        },
    )
}

/// `PATCH /v1/listings/{id}`
pub fn patch(call: &Call<'_>) -> Result<Response, Failure> {
    let id = call.id(ListingId::parse)?;
    let old = listings::by_id(call.tx.sql, &id)?.ok_or_else(Problem::not_found)?;
    let body: ListingChange = call.body()?;
    let mut checks = Checks::default();
    let settings = body.settings.map(|settings| {
        let text = serde_json::Value::Object(settings.clone()).to_string();
        // What was stored before names were checked may be sent again as it is.
        if text != old.settings {
            listing_settings::check_settings(&mut checks, old.marketplace, &settings);
        }
        text
    });
    let mut listing = Listing {
        name: body.name.unwrap_or_else(|| old.name.clone()),
        url: body.url.unwrap_or_else(|| old.url.clone()),
        slug: body.slug.unwrap_or_else(|| old.slug.clone()),
        forward_to: body.forward_to.unwrap_or_else(|| old.forward_to.clone()),
        settings: settings.unwrap_or_else(|| old.settings.clone()),
        window_days: body.window_days.unwrap_or(old.window_days),
        updated_at: call.tx.now,
        ..old.clone()
    };
    check(&mut checks, &listing, body.secrets.as_ref());
    checks.finish()?;
    if listing.settings != old.settings {
        listing_settings::check(&listing.settings)?;
    }
    slug_free(call, &listing)?;
    if let Some(secrets) = body.secrets.filter(|secrets| !secrets.is_empty()) {
        let sealed = change_secrets(call, &mut listing, secrets)?;
        listings::set_sealed_secrets(call.tx.sql, listing.no, sealed)?;
    }
    let moves_click_id = click_id_in(&listing.settings) != click_id_in(&old.settings);
    if listing.url != old.url || moves_click_id {
        call.tx.bump_snapshot_version()?;
    }
    let view = view(&listing, are_lost(call.tx, &listing)?)?;
    call.tx.commit(EventType::ListingUpdated, &Change::Listing(listing), &view, "")?;
    call.json(200, &view)
}
