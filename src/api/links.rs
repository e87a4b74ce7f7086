//! Links.

pub mod change;
pub mod create;
pub mod qr;
pub mod request;
mod table;

use crate::{
    api::{
        http::{call::Call, failure::Failure, message::Response, problems::Problem, table::Row},
        reports::scope::{listing_of_query, partner_of_query},
    },
    domain::{
        event::EventType,
        links::{
            link::{Link, LinkStatus},
            token::LinkToken,
        },
        values::{
            id::{LinkId, ListingId, PartnerId},
            string_enum::Metadata,
            time::Timestamp,
        },
    },
    ledger::view::view,
    store::{
        Sql, SqlError,
        links::{self, Filter},
        log::change::Change,
        programme::{listings, partners},
    },
};

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
        /// Added to the query of the listing's URL.
        query: Option<String>,
        /// Short name.
        slug: Option<String>,
        /// The signed link.
        url: String,
        /// The short link.
        short_url: Option<String>,
        /// The signed link as a QR code, SVG.
        qr_svg_url: String,
        /// The signed link as a QR code, PNG.
        qr_png_url: String,
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
pub(super) fn view(call: &Call<'_>, link: &Link, partner: &PartnerId, listing: &ListingId) -> LinkView {
    let (base, ring) = (call.request.base_url, &call.tx.config.ring);
    let expired = link.expires_at.is_some_and(|at| at <= call.tx.now);
    LinkView {
        id: link.id.clone(),
        partner_id: partner.clone(),
        listing_id: listing.clone(),
        campaign: link.campaign.clone(),
        path: link.path.clone(),
        query: link.query.clone(),
        slug: link.slug.clone(),
        url: format!("{base}/r/{}", link.token),
        short_url: link.slug.as_ref().map(|slug| format!("{base}/{slug}")),
        qr_svg_url: format!("{base}/v1/links/{}/qr.svg", link.id),
        qr_png_url: format!("{base}/v1/links/{}/qr.png", link.id),
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

impl Row for LinkView {
    const COLUMNS: &'static str = "id,partner_id,listing_id,campaign,path,query,slug,url,short_url,qr_svg_url,qr_png_url,status,expires_at,\
         revoked_at,metadata,created_at";
}

/// `GET /v1/links`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(&["partner_id", "listing_id", "campaign", "slug", "limit", "cursor", "count"])?;
    let filter = Filter {
        partner: partner_of_query(call, query.text("partner_id"))?,
        listing: listing_of_query(call, &query)?,
        campaign: query.text("campaign").map(str::to_owned),
        // Visitors may type a slug in any case.
        slug: query.text("slug").map(str::to_ascii_lowercase),
    };
    let fetch = |sql: &dyn Sql, page| links::list(sql, &filter, page);
    call.page_of(&query, "links", fetch, |link| i64::from(link.no), |link| show(call, link))
}

/// `GET /v1/links/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &show(call, &named(call)?)?)
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
