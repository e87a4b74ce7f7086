//! The attribution of a conversion as events and responses show it.

use super::{
    super::{
        public_ids::{link_id, partner_id},
        tx::Tx,
        view::view,
        viewer::Viewer,
    },
    record::StoredAttribution,
};
use crate::{
    domain::{
        attribution::{AttributionStatus, Reason, rules::Model},
        links::link::LinkNo,
        programme::partner::PartnerNo,
        values::id::{CouponId, LinkId, PartnerId},
    },
    store::{SqlError, conversions::Conversion},
};

view! {
    /// A share of a conversion.
    pub struct CreditView {
        /// Who earns.
        partner_id: PartnerId,
        /// By which link; `null` = by a coupon.
        link_id: Option<LinkId>,
        /// By which click; `null` = by a coupon.
        click_id: Option<String>,
        /// By which coupon; absent = by a click.
        #[serde(skip_serializing_if = "Option::is_none")]
        coupon_id: Option<CouponId>,
        /// Basis points of the whole.
        share_bp: i64,
    }

    /// Who earns a conversion, and why.
    pub struct AttributionView {
        /// Whether somebody earns it.
        status: AttributionStatus,
        /// The model in force.
        model: Model,
        /// Shares; they add up to 10,000.
        credits: Vec<CreditView>,
        /// Why, in a word.
        reason: Reason,
    }
}

/// A credit for a click, or for a coupon whose id is stored in place of a click id.
pub fn credit(
    tx: &Tx<'_>,
    partner_no: PartnerNo,
    link_no: LinkNo,
    id: String,
    share_bp: i64,
) -> Result<CreditView, SqlError> {
    let partner_id = partner_id(tx.sql, partner_no)?;
    Ok(match CouponId::parse(&id) {
        Some(coupon) => {
            CreditView { partner_id, link_id: None, click_id: None, coupon_id: Some(coupon), share_bp }
        }
        None => {
            let link_id = Some(link_id(tx.sql, link_no)?);
            CreditView { partner_id, link_id, click_id: Some(id), coupon_id: None, share_bp }
        }
    })
}

/// The credits that the viewer sees.
pub fn credits(tx: &Tx<'_>, stored: &StoredAttribution, viewer: Viewer) -> Result<Vec<CreditView>, SqlError> {
    let mut credits = Vec::new();
    for touch in stored.touches.iter().filter(|touch| touch.share_bp > 0) {
        let Some(partner_no) = touch.partner_no.filter(|no| viewer.sees(*no)) else { continue };
        credits.push(credit(tx, partner_no, touch.link_no, touch.click_id.clone(), touch.share_bp)?);
    }
    Ok(credits)
}

/// The attribution as part of a conversion.
pub fn summary(tx: &Tx<'_>, conversion: &Conversion, viewer: Viewer) -> Result<AttributionView, SqlError> {
    let stored = StoredAttribution::of(conversion)?;
    let credits = credits(tx, &stored, viewer)?;
    Ok(AttributionView { status: stored.status(), model: stored.model, credits, reason: stored.reason })
}
