//! Creating links.

use super::{LinkView, request::NewLink, table, view};
use crate::{
    api::http::{
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    domain::{
        event::EventType,
        links::{
            destination::{MAX_QUERY_BYTES, has_parameter, path_is_safe, query_is_safe},
            link::Link,
            token::LinkToken,
        },
        programme::{
            listing::Listing,
            partner::{Partner, PartnerStatus},
        },
        values::{
            id::{LinkId, ListingId, PartnerId},
            limits,
            string_enum::Metadata,
            time::Timestamp,
        },
    },
    ledger::terms,
    store::{
        SqlError, links,
        log::change::Change,
        programme::{listings, partners},
    },
};
use serde::{Deserialize, Serialize};

/// Links to create, all or none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewLinks {
    /// 1 to 100 links.
    links: Vec<NewLink>,
}

/// Links that were created just now.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct MadeLinks {
    /// In the order of the request.
    data: Vec<LinkView>,
}

/// The partner, listing and expiry of a new link, once its fields are validated.
struct Ends {
    partner: Partner,
    listing: Listing,
    expires_at: Option<Timestamp>,
}

/// The partner of a new link.
fn owner(call: &Call<'_>, id: &str, checks: &mut Checks) -> Result<Option<Partner>, Problem> {
    let partner = match PartnerId::parse(id) {
        Some(id) => partners::by_id(call.tx.sql, &id)?,
        None => None,
    };
    let partner = match partner {
        Some(partner) if call.caller.sees(partner.no) => Some(partner),
        // For a partner's key no other partner exists.
        _ if call.caller.partner.is_some() => return Err(Problem::not_found()),
        _ => None,
    };
    match &partner {
        None => checks.refuse(Code::UnknownPartner, "partner_id", "There is no partner with this id."),
        Some(partner) if partner.status == PartnerStatus::Terminated => {
            checks.refuse(Code::PartnerTerminated, "partner_id", "A terminated partner gets no new links.");
        }
        Some(_) => {}
    }
    Ok(partner)
}

fn check(call: &Call<'_>, new: &NewLink, checks: &mut Checks) -> Result<Option<Ends>, Problem> {
    let expires_at = check_fields(
        call,
        checks,
        &Fields {
            campaign: new.campaign.as_deref(),
            path: new.path.as_deref(),
            query: new.query.as_deref(),
            slug: new.slug.as_deref(),
            expires_at: new.expires_at.as_deref(),
            metadata: new.metadata.as_ref(),
        },
    )?;
    let partner = owner(call, &new.partner_id, checks)?;
    let listing = match ListingId::parse(&new.listing_id) {
        Some(id) => listings::by_id(call.tx.sql, &id)?,
        None => None,
    };
    if listing.is_none() {
        checks.refuse(Code::UnknownListing, "listing_id", "There is no listing with this id.");
    }
    Ok(partner.zip(listing).map(|(partner, listing)| Ends { partner, listing, expires_at }))
}

/// The fields that a new link and a change of a link share.
pub(super) struct Fields<'a> {
    pub campaign: Option<&'a str>,
    pub path: Option<&'a str>,
    pub query: Option<&'a str>,
    pub slug: Option<&'a str>,
    pub expires_at: Option<&'a str>,
    pub metadata: Option<&'a Metadata>,
}

/// Checks the fields that are given, and returns the expiry.
pub(super) fn check_fields(
    call: &Call<'_>,
    checks: &mut Checks,
    fields: &Fields<'_>,
) -> Result<Option<Timestamp>, Problem> {
    checks.text("campaign", fields.campaign, limits::CAMPAIGN);
    checks.slug("slug", fields.slug);
    checks.metadata("metadata", fields.metadata);
    if fields.path.is_some_and(|path| !path_is_safe(path)) {
        let detail = "A path starts with one slash and holds no dot segments, control characters, backslashes, \
                      encoded slashes, query or fragment.";
        checks.refuse(Code::InvalidPath, "path", detail);
    }
    if let Some(query) = fields.query {
        check_query(call, checks, query)?;
    }
    let expires_at = checks.time("expires_at", fields.expires_at);
    if expires_at.is_some_and(|at| token_seconds(at).is_none()) {
        checks.refuse(
            Code::OutOfRange,
            "expires_at",
            "Expected a time from 1970-01-01T00:00:01Z to 2106-02-07.",
        );
    }
    Ok(expires_at)
}

fn check_query(call: &Call<'_>, checks: &mut Checks, query: &str) -> Result<(), Problem> {
    let click_param = terms::current(call.tx)?.click_param;
    if !query_is_safe(query) {
        let detail = format!(
            "A query is 1 to {MAX_QUERY_BYTES} bytes such as utm_source=ana, without a leading question mark. It has ASCII \
             letters, digits and -._~!$&'()*+,;=:@/?; other characters are escaped, such as %C3%A9."
        );
        checks.refuse(Code::InvalidQuery, "query", detail);
    } else if has_parameter(query, &click_param) {
        let detail = format!("Signpost adds the parameter {click_param} itself.");
        checks.refuse(Code::InvalidQuery, "query", detail);
    }
    Ok(())
}

/// Refuses a slug that another link has.
pub(super) fn slug_free(call: &Call<'_>, slug: &str, pointer: &str) -> Result<(), Problem> {
    match links::by_slug(call.tx.sql, slug)? {
        Some(_) => {
            Err(Problem::field(Code::SlugTaken, format!("{pointer}/slug"), format!("{slug:?} is taken.")))
        }
        None => Ok(()),
    }
}

/// Signs the token of a link.
pub(super) fn mint(call: &Call<'_>, token: &LinkToken) -> Result<String, SqlError> {
    token.mint(&call.tx.config.ring).ok_or_else(|| SqlError::Engine("the key ring cannot sign".to_owned()))
}

/// The time that a token stores, in whole seconds.
pub(super) fn whole_seconds(seconds: Option<u32>) -> Option<Timestamp> {
    seconds.map(|seconds| Timestamp::clamped(i64::from(seconds).saturating_mul(1000)))
}

/// Whole Unix seconds as a token stores them. 0 means "never" in a token, so it cannot be an expiry.
pub(super) fn token_seconds(at: Timestamp) -> Option<u32> {
    u32::try_from(at.ms().div_euclid(1000)).ok().filter(|seconds| *seconds > 0)
}

/// Creates a link; its request is at `pointer`.
fn make(call: &Call<'_>, new: NewLink, ends: &Ends, pointer: &str) -> Result<LinkView, Problem> {
    if let Some(slug) = &new.slug {
        slug_free(call, slug, pointer)?;
    }
    let no = links::next_no(call.tx.sql)?;
    let link_no = u32::try_from(no).map_err(|_| SqlError::Overflow("the number of links"))?;
    let seconds = ends.expires_at.and_then(token_seconds);
    let has_path = new.path.is_some() || new.query.is_some();
    let token = LinkToken { link_no, listing_no: ends.listing.no, has_path, expires_s: seconds };
    let link = Link {
        no: link_no,
        id: call.tx.new_id(LinkId::generate),
        partner_no: ends.partner.no,
        listing_no: ends.listing.no,
        token: mint(call, &token)?,
        campaign: new.campaign,
        path: new.path,
        query: new.query,
        revision: 0,
        slug: new.slug,
        expires_at: whole_seconds(seconds),
        revoked_at: None,
        metadata: new.metadata.unwrap_or_default(),
        created_at: call.tx.now,
    };
    let view = view(call, &link, &ends.partner.id, &ends.listing.id);
    call.tx.commit(EventType::LinkCreated, &Change::Link(link), &view, "")?;
    Ok(view)
}

/// `POST /v1/links`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewLink = call.body()?;
    let mut checks = Checks::default();
    let ends = check(call, &body, &mut checks)?;
    checks.finish()?;
    let ends = ends.ok_or_else(Problem::not_found)?;
    let view = make(call, body, &ends, "")?;
    call.tx.bump_snapshot_version()?;
    Ok(call.json(201, &view)?.with_header("location", format!("/v1/links/{}", view.id)))
}

/// `POST /v1/links/bulk`: JSON with up to 100 links, or CSV with up to 1,000.
pub fn bulk(call: &Call<'_>) -> Result<Response, Failure> {
    if call.request.is_of_type("text/csv") {
        return create_all(call, table::rows(call.request.body)?);
    }
    let body: NewLinks = call.body()?;
    if !limits::LINKS.contains(body.links.len()) {
        let detail = format!("{} links; send 1 to 100.", body.links.len());
        return Err(Problem::field(Code::OutOfRange, "/links", detail).into());
    }
    create_all(call, (0usize..).map(|index| format!("/links/{index}")).zip(body.links).collect())
}

/// Creates links, each with the pointer to its request, or none of them.
fn create_all(call: &Call<'_>, all: Vec<(String, NewLink)>) -> Result<Response, Failure> {
    let mut errors = Checks::default();
    let mut ends = Vec::with_capacity(all.len());
    for (pointer, link) in &all {
        let mut checks = Checks::under(pointer.clone());
        ends.push(check(call, link, &mut checks)?);
        errors.absorb(checks);
    }
    errors.finish()?;
    let mut data = Vec::with_capacity(ends.len());
    for ((pointer, link), ends) in all.into_iter().zip(ends) {
        // An error rolls back the links before it, because they are in the request's transaction.
        data.push(make(call, link, &ends.ok_or_else(Problem::not_found)?, &pointer)?);
    }
    call.tx.bump_snapshot_version()?;
    call.json(201, &MadeLinks { data })
}
