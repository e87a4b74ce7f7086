//! How things look in answers.

use crate::{
    domain::{
        conversions::{CommissionSource, CommissionStatus, HeldReason},
        links::link::{Link, LinkStatus},
        money::Currency,
        programme::{
            listing::{Listing, Marketplace},
            partner::{Partner, PartnerKind, PartnerStatus},
        },
        values::{
            id::{CommissionId, ConversionId, CouponId, LinkId, ListingId, PartnerId},
            string_enum::Metadata,
            time::Timestamp,
        },
    },
    store::{SqlError, commissions::Commission},
};

/// Derives what every view needs; the schema only where OpenAPI is made.
macro_rules! view {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, serde::Serialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        pub struct $name { $($(#[$fdoc])* pub $field: $type,)* }
    )*};
}
pub(crate) use view;

view! {
    /// A partner.
    pub struct PartnerView {
        /// Id.
        id: PartnerId,
        /// Display name.
        name: String,
        /// Kind.
        kind: PartnerKind,
        /// Status.
        status: PartnerStatus,
        /// Contact address.
        email: Option<String>,
        /// ISO 3166-1 alpha-2 country.
        country: Option<String>,
        /// Currency for payouts.
        currency: Option<Currency>,
        /// Commission in basis points; `null` = the programme's.
        commission_bp: Option<i64>,
        /// Recognition level.
        tier: Option<String>,
        /// The partner that brought this one.
        referred_by: Option<PartnerId>,
        /// The operator's own id.
        external_id: Option<String>,
        /// Free annotations.
        metadata: Metadata,
        /// When the partner was added.
        created_at: Timestamp,
        /// When the partner last changed.
        updated_at: Timestamp,
        /// When the partner was terminated.
        terminated_at: Option<Timestamp>,
    }

    /// A listing.
    pub struct ListingView {
        /// Id.
        id: ListingId,
        /// Display name.
        name: String,
        /// Where it stands.
        marketplace: Marketplace,
        /// Where its links lead.
        url: String,
        /// A short unique name.
        slug: Option<String>,
        /// Where a browser-borne install is forwarded to.
        forward_to: Option<String>,
        /// The marketplace's settings.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "serde_json::Map<String, serde_json::Value>"))]
        settings: json::Verbatim<'static>,
        /// Names of the secrets that are set; their values are never shown.
        secrets: Vec<String>,
        /// Days from a click on its links to a conversion; `null` = the programme's.
        window_days: Option<i64>,
        /// When it was added.
        created_at: Timestamp,
        /// When it last changed.
        updated_at: Timestamp,
    }

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
        /// From when on it leads to the landing page; whole seconds.
        expires_at: Option<Timestamp>,
        /// When it was revoked.
        revoked_at: Option<Timestamp>,
        /// Free annotations.
        metadata: Metadata,
        /// When it was made.
        created_at: Timestamp,
    }

    /// A sum of money in minor units.
    pub struct MoneyView {
        /// Minor units.
        amount: i128,
        /// ISO 4217 code.
        currency: String,
    }

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

    /// A commission.
    pub struct CommissionView {
        /// Id.
        id: CommissionId,
        /// The conversion that earned it; `null` = none did.
        conversion_id: Option<ConversionId>,
        /// What earned it.
        source: CommissionSource,
        /// Who earns.
        partner_id: PartnerId,
        /// Earned, minor units, before reversals.
        amount: i64,
        /// Of that, taken back by refunds, or rejected.
        reversed: i64,
        /// ISO 4217 code.
        currency: Currency,
        /// Where it stands.
        status: CommissionStatus,
        /// Rate applied, basis points.
        rate_bp: i64,
        /// Share of the conversion, basis points.
        share_bp: i64,
        /// What the rate was applied to, minor units; `null` = a fixed amount, or not known any more.
        base: Option<i64>,
        /// By which plan; `null` = by the simple rate of the partner or the programme.
        plan: Option<String>,
        /// For which placement, period or partner, where no conversion says it.
        subject: Option<String>,
        /// What a person should look at before it is paid: `bot_click`, `prefetch_click`, and `held_…` for each reason for
        /// which it is or was held.
        flags: Vec<String>,
        /// Why it stays pending beyond `payable_at` until it is released, the gravest reason; `null` = it is not held.
        held_reason: Option<HeldReason>,
        /// When the hold ends.
        payable_at: Timestamp,
        /// When it was earned.
        created_at: Timestamp,
    }
}

/// Shows a partner.
#[must_use]
pub fn partner(partner: &Partner) -> PartnerView {
    PartnerView {
        id: partner.id.clone(),
        name: partner.name.clone(),
        kind: partner.kind,
        status: partner.status,
        email: partner.email.clone(),
        country: partner.country.clone(),
        currency: partner.currency,
        commission_bp: partner.commission_bp,
        tier: partner.tier.clone(),
        referred_by: partner.referred_by.clone(),
        external_id: partner.external_id.clone(),
        metadata: partner.metadata.clone(),
        created_at: partner.created_at,
        updated_at: partner.updated_at,
        terminated_at: partner.terminated_at,
    }
}

/// Shows a listing.
pub fn listing(listing: &Listing) -> Result<ListingView, SqlError> {
    let settings = json::Verbatim::read(&listing.settings);
    Ok(ListingView {
        id: listing.id.clone(),
        name: listing.name.clone(),
        marketplace: listing.marketplace,
        url: listing.url.clone(),
        slug: listing.slug.clone(),
        forward_to: listing.forward_to.clone(),
        settings: settings.map_err(|error| SqlError::Engine(error.to_string()))?.into_owned(),
        secrets: listing.secret_names.clone(),
        window_days: listing.window_days,
        created_at: listing.created_at,
        updated_at: listing.updated_at,
    })
}

/// Shows a link under `base`.
#[must_use]
pub fn link(link: &Link, partner: &PartnerId, listing: &ListingId, base: &str, now: Timestamp) -> LinkView {
    let expired = link.expires_at.is_some_and(|at| at <= now);
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

/// Shows a commission.
#[must_use]
pub fn commission(commission: &Commission, partner: &PartnerId) -> CommissionView {
    CommissionView {
        id: commission.id.clone(),
        conversion_id: commission.conversion_id.clone(),
        source: commission.source,
        partner_id: partner.clone(),
        amount: commission.amount,
        reversed: commission.reversed,
        currency: commission.currency,
        status: commission.status,
        rate_bp: commission.rate_bp,
        share_bp: commission.share_bp,
        base: commission.base,
        plan: commission.plan.clone(),
        subject: commission.subject.clone(),
        flags: commission.flags.clone(),
        held_reason: commission.held_reason,
        payable_at: commission.matures_at,
        created_at: commission.created_at,
    }
}
