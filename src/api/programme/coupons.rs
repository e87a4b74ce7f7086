//! Coupons.

use crate::{
    api::http::{
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
        table::Row,
    },
    domain::{
        event::EventType,
        programme::{
            coupon::{self, Coupon},
            partner::{Partner, PartnerStatus},
        },
        values::{
            id::{CouponId, ListingId, PartnerId},
            limits,
            string_enum::Metadata,
            time::Timestamp,
        },
    },
    ledger::{
        public_ids::{listing_id, partner_id},
        view::view,
    },
    store::{
        Sql, SqlError,
        log::change::Change,
        programme::{coupons, listings, partners},
    },
};
use serde::Deserialize;

/// A coupon to add.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewCoupon {
    /// What customers type, 3 to 100 characters, with letters of one script. Case, surrounding spaces, characters that are
    /// not shown, and the width of characters are ignored.
    code: String,
    /// Whose it is.
    partner_id: String,
    /// The only listing that it is valid for; all listings if absent.
    listing_id: Option<String>,
    /// When it becomes valid; now if absent.
    effective_from: Option<String>,
    /// When it expires; when it is revoked if absent.
    effective_until: Option<String>,
    /// Free annotations.
    metadata: Option<Metadata>,
}

view! {
    /// A coupon.
    pub struct CouponView {
        /// Id.
        id: CouponId,
        /// What customers type.
        code: String,
        /// Whose it is.
        partner_id: PartnerId,
        /// The only listing that it is valid for.
        listing_id: Option<ListingId>,
        /// When it becomes valid.
        effective_from: Timestamp,
        /// When it expires.
        effective_until: Option<Timestamp>,
        /// When it was revoked.
        revoked_at: Option<Timestamp>,
        /// Free annotations.
        metadata: Metadata,
        /// When it was added.
        created_at: Timestamp,
    }
}

fn owner(call: &Call<'_>, body: &NewCoupon, checks: &mut Checks) -> Result<Option<Partner>, Problem> {
    let id = PartnerId::parse(&body.partner_id);
    let partner = id.map(|id| partners::by_id(call.tx.sql, &id)).transpose()?.flatten();
    match &partner {
        None => checks.refuse(Code::UnknownPartner, "partner_id", "There is no partner with this id."),
        Some(partner) if partner.status == PartnerStatus::Terminated => {
            checks.refuse(Code::PartnerTerminated, "partner_id", "A terminated partner gets no new coupons.");
        }
        Some(_) => {}
    }
    Ok(partner)
}

fn check(call: &Call<'_>, body: NewCoupon) -> Result<Coupon, Problem> {
    let mut checks = Checks::default();
    let code = body.code.trim();
    // A code that is too short has a message of its own.
    let code_limit = limits::Text { min: 1, ..limits::CODE };
    checks.text("code", Some(code), code_limit);
    if !code.is_empty() && coupon::code_key(code).chars().count() < limits::CODE.min {
        checks.refuse(
            Code::InvalidText,
            "code",
            "Expected at least 3 characters, not counting surrounding spaces and characters that are not shown.",
        );
    }
    if !coupon::is_of_one_script(code) {
        let detail =
            "Its letters are of several scripts, so it looks like another code. Use letters of one script.";
        checks.refuse(Code::MixedScripts, "code", detail);
    }
    let partner = owner(call, &body, &mut checks)?;
    let id = body.listing_id.as_deref().map(ListingId::parse);
    let listing = id.flatten().map(|id| listings::by_id(call.tx.sql, &id)).transpose()?.flatten();
    if body.listing_id.is_some() && listing.is_none() {
        checks.refuse(Code::UnknownListing, "listing_id", "There is no listing with this id.");
    }
    let from = checks.time("effective_from", body.effective_from.as_deref()).unwrap_or(call.tx.now);
    let until = checks.time("effective_until", body.effective_until.as_deref());
    if until.is_some_and(|until| until <= from) {
        let detail = format!("It begins at {from}; send a later end, or an earlier effective_from.");
        checks.refuse(Code::EndsBeforeStart, "effective_until", detail);
    }
    checks.metadata("metadata", body.metadata.as_ref());
    checks.finish()?;
    Ok(Coupon {
        no: coupons::next_no(call.tx.sql)?,
        id: call.tx.new_id(CouponId::generate),
        code: code.to_owned(),
        partner_no: partner.map_or(0, |partner| partner.no),
        listing_no: listing.map(|listing| listing.no),
        effective_from: from,
        effective_until: until,
        metadata: body.metadata.unwrap_or_default(),
        created_at: call.tx.now,
        revoked_at: None,
    })
}

/// `POST /v1/coupons`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let coupon = check(call, call.body()?)?;
    let taken =
        coupons::look_alikes(call.tx.sql, &coupon.code)?.into_iter().find(|other| other.overlaps(&coupon));
    if let Some(other) = taken {
        let detail = format!(
            "The coupon {} has this code, or one that looks like it, at that time; revoke it first.",
            other.id
        );
        return Err(Problem::field(Code::CouponTaken, "/code", detail).into());
    }
    let view = show(call, &coupon)?;
    call.tx.commit(EventType::CouponCreated, &Change::Coupon(coupon), &view, "")?;
    Ok(call.json(201, &view)?.with_header("location", format!("/v1/coupons/{}", view.id)))
}

fn show(call: &Call<'_>, coupon: &Coupon) -> Result<CouponView, SqlError> {
    Ok(CouponView {
        id: coupon.id.clone(),
        code: coupon.code.clone(),
        partner_id: partner_id(call.tx.sql, coupon.partner_no)?,
        listing_id: listing_id(call.tx.sql, coupon.listing_no)?,
        effective_from: coupon.effective_from,
        effective_until: coupon.effective_until,
        revoked_at: coupon.revoked_at,
        metadata: coupon.metadata.clone(),
        created_at: coupon.created_at,
    })
}

/// The coupon that the path names, if the caller may see it.
fn named(call: &Call<'_>) -> Result<Coupon, Problem> {
    let id = call.id(CouponId::parse)?;
    coupons::by_id(call.tx.sql, &id)?
        .filter(|coupon| call.caller.sees(coupon.partner_no))
        .ok_or_else(Problem::not_found)
}

impl Row for CouponView {
    const COLUMNS: &'static str =
        "id,code,partner_id,listing_id,effective_from,effective_until,revoked_at,metadata,created_at";
}

/// `GET /v1/coupons`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let fetch = |sql: &dyn Sql, page| coupons::list(sql, call.caller.partner, page);
    call.page("coupons", fetch, |coupon| coupon.no, |coupon| show(call, coupon))
}

/// `GET /v1/coupons/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &show(call, &named(call)?)?)
}

/// `POST /v1/coupons/{id}/revoke`
pub fn revoke(call: &Call<'_>) -> Result<Response, Failure> {
    let mut coupon = named(call)?;
    if coupon.revoked_at.is_some() {
        return call.json(200, &show(call, &coupon)?);
    }
    coupon.revoked_at = Some(call.tx.now);
    let view = show(call, &coupon)?;
    let change = Change::CouponRevoked { coupon_no: coupon.no, partner_no: coupon.partner_no };
    call.tx.commit(EventType::CouponRevoked, &change, &view, "")?;
    call.json(200, &view)
}
