//! Listings.

use super::{
    body::Checks,
    call::Call,
    http::Response,
    plans,
    problem::{Code, Problem},
    views::{self, ListingView},
};
use crate::{
    domain::{
        event::EventType,
        programme::listing::{Listing, Marketplace},
        values::{id::ListingId, text},
    },
    store::{SqlError, log::change::Change, programme::listings},
};
use json::{FromJson, Node, OneOrSeveral, Refusal};
use serde::Serialize;
use std::collections::BTreeMap;

/// A secret: one value, or several while it is being rotated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum Secret {
    /// The value.
    One(String),
    /// All values that are accepted, newest first.
    Several(Vec<String>),
}

impl<'de> FromJson<'de> for Secret {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        Ok(match OneOrSeveral::from_json(node)? {
            OneOrSeveral::One(value) => Self::One(value),
            OneOrSeveral::Several(values) => Self::Several(values),
        })
    }
}

/// A listing's secrets by name; `null` removes one.
pub type Secrets = BTreeMap<String, Option<Secret>>;

/// A listing to add.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewListing {
    /// Display name, 1 to 200 characters.
    name: String,
    /// Where it stands.
    marketplace: Marketplace,
    /// Where its links lead: an absolute http or https URL.
    url: String,
    /// A short unique name.
    slug: Option<String>,
    /// Where a browser-borne install is forwarded to.
    forward_to: Option<String>,
    /// The marketplace's settings, at most 16 KiB; and what plans cost, where the marketplace tells no amounts.
    settings: Option<serde_json::Map<String, serde_json::Value>>,
    /// The marketplace's secrets; write-only.
    secrets: Option<Secrets>,
    /// Days from a click on its links to a conversion; the programme's if absent.
    window_days: Option<i64>,
}

/// What to change of a listing: absent leaves as is, `null` clears.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ListingChange {
    /// Display name.
    name: Option<String>,
    /// Where its links lead.
    url: Option<String>,
    /// A short unique name.
    #[json(present)]
    slug: Option<Option<String>>,
    /// Where a browser-borne install is forwarded to.
    #[json(present)]
    forward_to: Option<Option<String>>,
    /// The marketplace's settings, and what plans cost; replaces all of them.
    settings: Option<serde_json::Map<String, serde_json::Value>>,
    /// Secrets to set or (with `null`) to remove; the others stay.
    secrets: Option<Secrets>,
    /// Days from a click on its links to a conversion.
    #[json(present)]
    window_days: Option<Option<i64>>,
}

const MAX_SETTINGS_BYTES: usize = 16 * 1024;

fn check(checks: &mut Checks, listing: &Listing, secrets: Option<&Secrets>) {
    checks.text("name", Some(&listing.name), 200);
    checks.url("url", Some(&listing.url));
    if text::web_url(&listing.url).is_some_and(|url| url.fragment().is_some_and(|f| f.contains('?'))) {
        checks.refuse(Code::InvalidUrl, "url", "A query behind the fragment never reaches the server.");
    }
    checks.range("window_days", listing.window_days, 1, 3650);
    checks.slug("slug", listing.slug.as_deref());
    checks.url("forward_to", listing.forward_to.as_deref());
    if listing.settings.len() > MAX_SETTINGS_BYTES {
        checks.refuse(Code::InvalidText, "settings", "At most 16 KiB of JSON.");
    }
    for (name, secret) in secrets.into_iter().flatten() {
        let fits = |value: &String| (1..=8192).contains(&value.len());
        let right = match secret {
            None => true,
            Some(Secret::One(value)) => fits(value),
            Some(Secret::Several(values)) => (1..=5).contains(&values.len()) && values.iter().all(fits),
        };
        if !right || text::check(name, 1, 40).is_err() {
            let detail =
                "Names have 1 to 40 characters; a secret is one text or 1 to 5, of up to 8 KiB each.";
            checks.refuse(Code::InvalidText, "secrets", detail);
        }
    }
}

fn slug_free(call: &Call<'_>, listing: &Listing) -> Result<(), Problem> {
    let Some(slug) = &listing.slug else { return Ok(()) };
    match listings::by_slug(call.sql, slug)? {
        Some(other) if other.no != listing.no => {
            Err(Problem::field(Code::SlugTaken, "/slug", format!("The listing {} has this slug.", other.id)))
        }
        _ => Ok(()),
    }
}

fn sealed(call: &Call<'_>, listing: &Listing) -> Result<Secrets, Problem> {
    let Some(sealed) = listings::sealed_secrets(call.sql, listing.no)? else { return Ok(Secrets::new()) };
    let opened = call.config.sealer.open(&sealed, listing.id.as_str()).map_err(sealing)?;
    Ok(json::read(&opened).map_err(|error| SqlError::Engine(error.to_string()))?)
}

/// A listing's secrets, opened: all values that are accepted of each.
pub fn open_secrets(
    call: &Call<'_>,
    listing: &Listing,
) -> Result<serde_json::Map<String, serde_json::Value>, Problem> {
    let mut opened = serde_json::Map::new();
    for (name, secret) in sealed(call, listing)? {
        let values = match secret {
            Some(Secret::One(value)) => vec![value.into()],
            Some(Secret::Several(values)) => values.into_iter().map(Into::into).collect(),
            None => continue,
        };
        opened.insert(name, serde_json::Value::Array(values));
    }
    Ok(opened)
}

/// Merges `changes` into the sealed secrets and notes which are set.
fn set_secrets(call: &Call<'_>, listing: &mut Listing, changes: Secrets) -> Result<Option<String>, Problem> {
    let mut secrets = sealed(call, listing)?;
    for (name, secret) in changes {
        match secret {
            Some(secret) => secrets.insert(name, Some(secret)),
            None => secrets.remove(&name),
        };
    }
    listing.secret_names = secrets.keys().cloned().collect();
    if secrets.is_empty() {
        return Ok(None);
    }
    let plain = crate::store::value::json_text(&secrets)?;
    let sealed = call.config.sealer.seal(&plain, listing.id.as_str(), &mut **call.entropy.borrow_mut());
    Ok(Some(sealed.map_err(sealing)?))
}

fn sealing(error: crate::api::sealing::SealingError) -> Problem {
    SqlError::Engine(error.to_string()).into()
}

/// `POST /v1/listings`
pub fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewListing = call.body()?;
    let no = listings::next_no(call.sql)?;
    let mut listing = Listing {
        no: u16::try_from(no).map_err(|_| {
            Problem::new(Code::ListingLimit, "Change listings that are no longer used instead.")
        })?,
        id: call.new_id(ListingId::generate),
        name: body.name,
        marketplace: body.marketplace,
        url: body.url,
        slug: body.slug,
        forward_to: body.forward_to,
        settings: json::text(&serde_json::Value::Object(body.settings.unwrap_or_default())),
        secret_names: Vec::new(),
        window_days: body.window_days,
        created_at: call.now,
        updated_at: call.now,
    };
    let mut checks = Checks::default();
    check(&mut checks, &listing, body.secrets.as_ref());
    checks.finish()?;
    plans::check(&listing.settings)?;
    slug_free(call, &listing)?;
    let sealed = set_secrets(call, &mut listing, body.secrets.unwrap_or_default())?;
    call.touch_snapshot()?;
    let (view, no) = (views::listing(&listing)?, listing.no);
    call.commit(EventType::ListingCreated, &Change::Listing(listing), &view, "")?;
    listings::set_sealed_secrets(call.sql, no, sealed)?;
    Ok(call.json(201, &view)?.with_header("location", format!("/v1/listings/{}", view.id)))
}

/// The listing with this id, if the caller may see it: a partner's key sees those that its links lead to.
pub fn visible(call: &Call<'_>, id: &ListingId) -> Result<Listing, Problem> {
    let listing = listings::by_id(call.sql, id)?.ok_or_else(Problem::not_found)?;
    match call.caller.partner {
        Some(partner) if !listings::is_linked(call.sql, listing.no, partner)? => Err(Problem::not_found()),
        Some(_) | None => Ok(listing),
    }
}

/// How the integration with the marketplace is set up is the operator's business, not its partners'.
fn show(call: &Call<'_>, listing: &Listing) -> Result<ListingView, Problem> {
    let mut shown = listing.clone();
    if call.caller.partner.is_some() {
        shown.settings = "{}".to_owned();
        shown.secret_names = Vec::new();
    }
    Ok(views::listing(&shown)?)
}

/// `GET /v1/listings`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let fetch = |page| listings::list(call.sql, call.caller.partner, page);
    call.page("listings", fetch, |listing| i64::from(listing.no), |listing| show(call, listing))
}

/// `GET /v1/listings/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    let id = call.id(ListingId::parse)?;
    call.json(200, &show(call, &visible(call, &id)?)?)
}

/// `PATCH /v1/listings/{id}`
pub fn patch(call: &Call<'_>) -> Result<Response, Problem> {
    let id = call.id(ListingId::parse)?;
    let old = listings::by_id(call.sql, &id)?.ok_or_else(Problem::not_found)?;
    let body: ListingChange = call.body()?;
    let settings = body.settings.map(|settings| json::text(&serde_json::Value::Object(settings)));
    let mut listing = Listing {
        name: body.name.unwrap_or_else(|| old.name.clone()),
        url: body.url.unwrap_or_else(|| old.url.clone()),
        slug: body.slug.unwrap_or_else(|| old.slug.clone()),
        forward_to: body.forward_to.unwrap_or_else(|| old.forward_to.clone()),
        settings: settings.unwrap_or_else(|| old.settings.clone()),
        window_days: body.window_days.unwrap_or(old.window_days),
        updated_at: call.now,
        ..old.clone()
    };
    let mut checks = Checks::default();
    check(&mut checks, &listing, body.secrets.as_ref());
    checks.finish()?;
    if listing.settings != old.settings {
        plans::check(&listing.settings)?;
    }
    slug_free(call, &listing)?;
    if let Some(secrets) = body.secrets {
        let sealed = set_secrets(call, &mut listing, secrets)?;
        listings::set_sealed_secrets(call.sql, listing.no, sealed)?;
    }
    if listing.url != old.url {
        call.touch_snapshot()?;
    }
    let view = views::listing(&listing)?;
    call.commit(EventType::ListingUpdated, &Change::Listing(listing), &view, "")?;
    call.json(200, &view)
}
