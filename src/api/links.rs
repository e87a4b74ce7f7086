//! Links.

use crate::{
    api::{
        http::{
            call::Call,
            checks::Checks,
            failure::Failure,
            message::Response,
            problems::{Code, Problem},
        },
        reports::scope::{listing_of_query, partner_of_query},
    },
    documents::qr,
    domain::{
        event::EventType,
        links::{
            destination::path_is_safe,
            link::{Link, LinkStatus},
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
    ledger::view::view,
    store::{
        SqlError,
        links::{self, Filter},
        log::change::Change,
        programme::{listings, partners},
    },
};
use serde::{Deserialize, Serialize};

/// A link to create.
#[derive(Debug, Deserialize)]
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
    /// When it begins to lead to the landing page; rounded down to whole seconds.
    expires_at: Option<String>,
    /// Free annotations.
    metadata: Option<Metadata>,
}

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

view! {
    /// A link.
    pub struct LinkView {
        /// Id.
        id: LinkId,
        /// Whose link it is.
        partner_id: PartnerId,
        /// Where it leads.
        listing_id: ListingId,
        /// Campaign.
        campaign: Option<String>,
        /// Replaces the path of the listing's URL.
        path: Option<String>,
        /// Short name.
        slug: Option<String>,
        /// The signed link.
        url: String,
        /// The short link.
        short_url: Option<String>,
        /// The signed link as a QR code, SVG.
        qr_svg_url: String,
        /// Where it leads at the moment.
        status: LinkStatus,
        /// When it begins to lead to the landing page; whole seconds.
        expires_at: Option<Timestamp>,
        /// When it was revoked.
        revoked_at: Option<Timestamp>,
        /// Free annotations.
        metadata: Metadata,
        /// When it was created.
        created_at: Timestamp,
    }
}

/// A link's view.
fn view(call: &Call<'_>, link: &Link, partner: &PartnerId, listing: &ListingId) -> LinkView {
    let (base, ring) = (call.request.base_url, &call.tx.config.ring);
    let expired = link.expires_at.is_some_and(|at| at <= call.tx.now);
    LinkView {
        id: link.id.clone(),
        partner_id: partner.clone(),
        listing_id: listing.clone(),
        campaign: link.campaign.clone(),
        path: link.path.clone(),
        slug: link.slug.clone(),
        url: format!("{base}/r/{}", link.token),
        short_url: link.slug.as_ref().map(|slug| format!("{base}/{slug}")),
        qr_svg_url: format!("{base}/v1/links/{}/qr.svg", link.id),
        status: if link.revoked_at.is_some() {
            LinkStatus::Revoked
        } else if LinkToken::verify(&link.token, ring).is_none() {
            LinkStatus::KeyRemoved
        } else if expired {
            LinkStatus::Expired
        } else {
            LinkStatus::Active
        },
        expires_at: link.expires_at,
        revoked_at: link.revoked_at,
        metadata: link.metadata.clone(),
        created_at: link.created_at,
    }
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
    checks.text("campaign", new.campaign.as_deref(), limits::CAMPAIGN);
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

/// Whole Unix seconds as a token stores them. 0 means "never" in a token, so it cannot be an expiry.
fn token_seconds(at: Timestamp) -> Option<u32> {
    u32::try_from(at.ms().div_euclid(1000)).ok().filter(|seconds| *seconds > 0)
}

/// Creates a link; its request is at `pointer`.
fn make(call: &Call<'_>, new: NewLink, ends: &Ends, pointer: &str) -> Result<LinkView, Problem> {
    if let Some(slug) = &new.slug
        && links::by_slug(call.tx.sql, slug)?.is_some()
    {
        return Err(Problem::field(
            Code::SlugTaken,
            format!("{pointer}/slug"),
            format!("{slug:?} is taken."),
        ));
    }
    let no = links::next_no(call.tx.sql)?;
    let link_no = u32::try_from(no).map_err(|_| SqlError::Overflow("the number of links"))?;
    let seconds = ends.expires_at.and_then(token_seconds);
    let token =
        LinkToken { link_no, listing_no: ends.listing.no, has_path: new.path.is_some(), expires_s: seconds };
    let link = Link {
        no: link_no,
        id: call.tx.new_id(LinkId::generate),
        partner_no: ends.partner.no,
        listing_no: ends.listing.no,
        token: token
            .mint(&call.tx.config.ring)
            .ok_or_else(|| SqlError::Engine("the key ring cannot sign".to_owned()))?,
        campaign: new.campaign,
        path: new.path,
        slug: new.slug,
        expires_at: seconds.map(|seconds| Timestamp::clamped(i64::from(seconds).saturating_mul(1000))),
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

/// `POST /v1/links/bulk`
pub fn create_bulk(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewLinks = call.body()?;
    if !limits::LINKS.contains(body.links.len()) {
        let detail = format!("{} links; send 1 to 100.", body.links.len());
        return Err(Problem::field(Code::OutOfRange, "/links", detail).into());
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
        // An error rolls back the links before it, because they are in the request's transaction.
        data.push(make(call, link, &ends.ok_or_else(Problem::not_found)?, &format!("/links/{index}"))?);
    }
    call.tx.bump_snapshot_version()?;
    call.json(201, &MadeLinks { data })
}

fn show(call: &Call<'_>, link: &Link) -> Result<LinkView, SqlError> {
    let partner = partners::by_no(call.tx.sql, link.partner_no)?;
    let listing = listings::by_no(call.tx.sql, link.listing_no)?;
    let (partner, listing) =
        partner.zip(listing).ok_or(SqlError::Shape { column: 2, expected: "a partner and a listing" })?;
    Ok(view(call, link, &partner.id, &listing.id))
}

fn named(call: &Call<'_>) -> Result<Link, Problem> {
    let id = call.id(LinkId::parse)?;
    links::by_id(call.tx.sql, &id)?
        .filter(|link| call.caller.sees(link.partner_no))
        .ok_or_else(Problem::not_found)
}

/// `GET /v1/links`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(&["partner_id", "listing_id", "campaign", "slug", "limit", "cursor"])?;
    let filter = Filter {
        partner: partner_of_query(call, query.text("partner_id"))?,
        listing: listing_of_query(call, &query)?,
        campaign: query.text("campaign").map(str::to_owned),
        // Visitors may type a slug in any case.
        slug: query.text("slug").map(str::to_ascii_lowercase),
    };
    let fetch = |page| links::list(call.tx.sql, &filter, page);
    call.page_of(&query, "links", fetch, |link| i64::from(link.no), |link| show(call, link))
}

/// `GET /v1/links/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &show(call, &named(call)?)?)
}

/// `GET /v1/links/{id}/qr.svg`
pub fn qr(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    let link = named(call)?;
    let url = format!("{}/r/{}", call.request.base_url, link.token);
    let svg = qr::svg(&url)?;
    // An SVG that is opened by itself is a document, so the policy forbids it everything that a picture does not need.
    Ok(Response::of_type("image/svg+xml", svg)
        .with_header("cache-control", "private, max-age=86400")
        .with_header("x-content-type-options", "nosniff")
        .with_header("content-security-policy", "default-src 'none'; frame-ancestors 'none'"))
}

/// `POST /v1/links/{id}/revoke`; revoking again changes nothing.
pub fn revoke(call: &Call<'_>) -> Result<Response, Failure> {
    let mut link = named(call)?;
    if link.revoked_at.is_none() {
        link.revoked_at = Some(call.tx.now);
        call.tx.bump_snapshot_version()?;
        let view = show(call, &link)?;
        let change = Change::Revoked { link_no: link.no, partner_no: link.partner_no };
        call.tx.commit(EventType::LinkRevoked, &change, &view, "")?;
    }
    call.json(200, &show(call, &link)?)
}
