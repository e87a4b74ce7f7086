//! Links.

use super::{
    body::Checks,
    call::Call,
    http::Response,
    problem::{Code, Problem},
    views::{self, LinkView},
};
use crate::{
    domain::{
        event::EventType,
        links::{destination::path_is_safe, link::Link, token::LinkToken},
        programme::{
            listing::Listing,
            partner::{Partner, PartnerStatus},
        },
        values::{
            id::{LinkId, ListingId, PartnerId},
            string_enum::Metadata,
            time::Timestamp,
        },
    },
    store::{
        SqlError, links,
        log::change::Change,
        programme::{listings, partners},
    },
};
use json::FromJson;
use serde::Serialize;

/// A link to make.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewLink {
    /// Whose link it is.
    partner_id: String,
    /// Where it leads.
    listing_id: String,
    /// Campaign, for reports; up to 100 characters.
    campaign: Option<String>,
    /// Replaces the path of the listing's URL.
    path: Option<String>,
    /// Short name: `[a-z0-9][a-z0-9-]{2,39}`.
    slug: Option<String>,
    /// From when on it leads to the landing page; cut to whole seconds.
    expires_at: Option<String>,
    /// Free annotations.
    metadata: Option<Metadata>,
}

/// Links to make, all or none.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewLinks {
    /// 1 to 100 links.
    links: Vec<NewLink>,
}

/// Links just made.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct MadeLinks {
    /// In the order of the request.
    data: Vec<LinkView>,
}

/// Who and what a new link joins, once its fields have been found right.
struct Ends {
    partner: Partner,
    listing: Listing,
    expires_at: Option<Timestamp>,
}

fn check(call: &Call<'_>, new: &NewLink, checks: &mut Checks) -> Result<Option<Ends>, Problem> {
    checks.text("campaign", new.campaign.as_deref(), 100);
    checks.slug("slug", new.slug.as_deref());
    checks.metadata("metadata", new.metadata.as_ref());
    if new.path.as_deref().is_some_and(|path| !path_is_safe(path)) {
        let detail = "A path starts with one slash and holds no dot segments, control characters, backslashes, \
                      encoded slashes, query or fragment.";
        checks.refuse(Code::InvalidPath, "path", detail);
    }
    let expires_at = checks.time("expires_at", new.expires_at.as_deref());
    if expires_at.is_some_and(|at| token_seconds(at).is_none()) {
        checks.refuse(
            Code::OutOfRange,
            "expires_at",
            "Expected a time from 1970-01-01T00:00:01Z to 2106-02-07.",
        );
    }
    let partner = match PartnerId::parse(&new.partner_id) {
        Some(id) => partners::by_id(call.sql, &id)?,
        None => None,
    };
    let partner = match partner {
        Some(partner) if call.caller.sees(partner.no) => Some(partner),
        // To a partner's key another partner is not there, whether it exists or not.
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
    let listing = match ListingId::parse(&new.listing_id) {
        Some(id) => listings::by_id(call.sql, &id)?,
        None => None,
    };
    if listing.is_none() {
        checks.refuse(Code::UnknownListing, "listing_id", "There is no listing with this id.");
    }
    Ok(partner.zip(listing).map(|(partner, listing)| Ends { partner, listing, expires_at }))
}

/// Whole Unix seconds as a token carries them; 0 means "never" there and so is no expiry.
fn token_seconds(at: Timestamp) -> Option<u32> {
    u32::try_from(at.ms().div_euclid(1000)).ok().filter(|seconds| *seconds > 0)
}

fn make(call: &Call<'_>, new: NewLink, ends: &Ends, pointer: &str) -> Result<LinkView, Problem> {
    if let Some(slug) = &new.slug
        && links::by_slug(call.sql, slug)?.is_some()
    {
        return Err(Problem::field(
            Code::SlugTaken,
            format!("{pointer}/slug"),
            format!("{slug:?} is taken."),
        ));
    }
    let no = links::next_no(call.sql)?;
    let link_no = u32::try_from(no).map_err(|_| SqlError::Overflow("the number of links"))?;
    let seconds = ends.expires_at.and_then(token_seconds);
    let token = LinkToken {
        link_no,
        listing_no: ends.listing.no,
        has_path: new.path.is_some(),
        expires_s: seconds.unwrap_or(0),
    };
    let link = Link {
        no: link_no,
        id: call.new_id(LinkId::generate),
        partner_no: ends.partner.no,
        listing_no: ends.listing.no,
        token: token
            .mint(&call.config.ring)
            .ok_or_else(|| SqlError::Engine("the key ring cannot sign".to_owned()))?,
        campaign: new.campaign,
        path: new.path,
        slug: new.slug,
        expires_at: seconds.map(|seconds| Timestamp::clamped(i64::from(seconds).saturating_mul(1000))),
        revoked_at: None,
        metadata: new.metadata.unwrap_or_default(),
        created_at: call.now,
    };
    let view = views::link(&link, &ends.partner.id, &ends.listing.id, call.request.base_url, call.now);
    call.commit(EventType::LinkCreated, &Change::Link(link), &view, "")?;
    Ok(view)
}

/// `POST /v1/links`
pub fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewLink = call.body()?;
    let mut checks = Checks::default();
    let ends = check(call, &body, &mut checks)?;
    checks.finish()?;
    let ends = ends.ok_or_else(Problem::not_found)?;
    let view = make(call, body, &ends, "")?;
    call.touch_snapshot()?;
    Ok(call.json(201, &view)?.with_header("location", format!("/v1/links/{}", view.id)))
}

/// `POST /v1/links/bulk`
pub fn create_bulk(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewLinks = call.body()?;
    if !(1..=100).contains(&body.links.len()) {
        let detail = format!("{} links; send 1 to 100.", body.links.len());
        return Err(Problem::field(Code::OutOfRange, "/links", detail));
    }
    let mut all = Checks::default();
    let mut ends = Vec::with_capacity(body.links.len());
    for (index, link) in body.links.iter().enumerate() {
        let mut checks = Checks::under(format!("/links/{index}"));
        ends.push(check(call, link, &mut checks)?);
        all.absorb(checks);
    }
    all.finish()?;
    let mut data = Vec::with_capacity(ends.len());
    for (index, (link, ends)) in body.links.into_iter().zip(ends).enumerate() {
        // A refusal rolls back the links before it: the transaction is the request's.
        data.push(make(call, link, &ends.ok_or_else(Problem::not_found)?, &format!("/links/{index}"))?);
    }
    call.touch_snapshot()?;
    call.json(201, &MadeLinks { data })
}

fn show(call: &Call<'_>, link: &Link) -> Result<LinkView, Problem> {
    let partner = partners::by_no(call.sql, link.partner_no)?;
    let listing = listings::by_no(call.sql, link.listing_no)?;
    let (partner, listing) =
        partner.zip(listing).ok_or(SqlError::Shape { column: 2, expected: "a partner and a listing" })?;
    Ok(views::link(link, &partner.id, &listing.id, call.request.base_url, call.now))
}

fn named(call: &Call<'_>) -> Result<Link, Problem> {
    let id = call.id(LinkId::parse)?;
    links::by_id(call.sql, &id)?
        .filter(|link| call.caller.sees(link.partner_no))
        .ok_or_else(Problem::not_found)
}

/// `GET /v1/links`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let fetch = |page| links::list(call.sql, call.caller.partner, page);
    call.page("links", fetch, |link| i64::from(link.no), |link| show(call, link))
}

/// `GET /v1/links/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &show(call, &named(call)?)?)
}

/// `GET /v1/links/{id}/qr.svg`
pub fn qr(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    let link = named(call)?;
    let url = format!("{}/r/{}", call.request.base_url, link.token);
    // Level M survives a printed poster's usual wear (ISO/IEC 18004: 15 % of the code words).
    let code = qrcode::QrCode::with_error_correction_level(url.as_bytes(), qrcode::EcLevel::M)
        .map_err(|error| SqlError::Engine(format!("QR code: {error}")))?;
    let svg = code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(256, 256).build();
    Ok(Response {
        status: 200,
        headers: vec![("content-type", "image/svg+xml".to_owned())],
        body: svg,
        log: None,
    }
    .with_header("cache-control", "private, max-age=86400"))
}

/// `POST /v1/links/{id}/revoke`; revoking again changes nothing.
pub fn revoke(call: &Call<'_>) -> Result<Response, Problem> {
    let mut link = named(call)?;
    if link.revoked_at.is_none() {
        link.revoked_at = Some(call.now);
        call.touch_snapshot()?;
        let view = show(call, &link)?;
        let change = Change::Revoked { link_no: link.no, partner_no: link.partner_no };
        call.commit(EventType::LinkRevoked, &change, &view, "")?;
    }
    call.json(200, &show(call, &link)?)
}
