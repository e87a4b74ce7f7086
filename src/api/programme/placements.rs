//! Placements: fixed fees for a post, video, session or issue, and their return.

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
        reports::money::MoneyView,
    },
    domain::{
        event::EventType,
        links::link::Link,
        money::{Money, WHOLE_BP},
        programme::{
            partner::Partner,
            placement::{Placement, PlacementKind},
        },
        values::{
            id::{LinkId, PartnerId, PlacementId},
            limits,
            string_enum::Metadata,
            time::{DAY_MS, Timestamp},
        },
    },
    ledger::{
        commissions::{booking, placement_fee, view},
        public_ids::partner_id,
        view::view,
    },
    store::{
        Sql, SqlError, links,
        log::change::Change,
        programme::{partners, placements},
    },
};
use serde::Deserialize;

/// A placement to add.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewPlacement {
    /// Who placed it.
    partner_id: String,
    /// What was placed.
    kind: PlacementKind,
    /// Its title.
    title: String,
    /// Your own id of it; unique.
    external_id: String,
    /// The link in it; the placement's return is the revenue of this link.
    link_id: Option<String>,
    /// What it costs, once.
    fee: Money,
    /// When it was published; now if absent.
    published_at: Option<String>,
    /// The target return, basis points of the fee: 30000 = 3:1.
    target_roi_bp: Option<i64>,
    /// Free annotations.
    metadata: Option<Metadata>,
}

view! {
    /// A placement.
    pub struct PlacementView {
        /// Id.
        id: PlacementId,
        /// Who placed it.
        partner_id: PartnerId,
        /// What was placed.
        kind: PlacementKind,
        /// Its title.
        title: String,
        /// The operator's own id.
        external_id: String,
        /// The link in it.
        link_id: Option<LinkId>,
        /// What it costs.
        fee: Money,
        /// When it was published.
        published_at: Timestamp,
        /// The target return, basis points of the fee.
        target_roi_bp: Option<i64>,
        /// Revenue less refunds of its link since then, by currency.
        returned: Vec<MoneyView>,
        /// The return in the fee's currency, basis points of the fee, rounded towards zero; `null` = it has no link.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<i64>"))]
        roi_bp: Option<i128>,
        /// Whether the return reaches the target; `null` = it has no target or no link.
        meets_target: Option<bool>,
        /// Free annotations.
        metadata: Metadata,
        /// When it was added.
        created_at: Timestamp,
    }
}

fn show(call: &Call<'_>, placement: &Placement) -> Result<PlacementView, SqlError> {
    let link = placement.link_no.map(|no| links::by_no(call.tx.sql, no)).transpose()?.flatten();
    let returned = placements::returned(call.tx.sql, placement)?;
    let same = returned.iter().find(|(currency, _)| *currency == placement.fee.currency);
    let same = link.as_ref().map(|_| same.map_or(0, |(_, amount)| *amount));
    // The return is negative if refunds of earlier sales exceed the revenue.
    let roi_bp = same.and_then(|amount| {
        amount.checked_mul(i128::from(WHOLE_BP))?.checked_div(i128::from(placement.fee.amount))
    });
    Ok(PlacementView {
        id: placement.id.clone(),
        partner_id: partner_id(call.tx.sql, placement.partner_no)?,
        kind: placement.kind,
        title: placement.title.clone(),
        external_id: placement.external_id.clone(),
        link_id: link.map(|link| link.id),
        fee: placement.fee,
        published_at: placement.published_at,
        target_roi_bp: placement.target_roi_bp,
        returned: returned
            .into_iter()
            .map(|(currency, amount)| MoneyView { amount, currency: currency.to_string() })
            .collect(),
        roi_bp,
        meets_target: placement.target_roi_bp.zip(roi_bp).map(|(target, roi)| roi >= i128::from(target)),
        metadata: placement.metadata.clone(),
        created_at: placement.created_at,
    })
}

/// The rows that a request names, and its time.
struct Checked {
    partner: Partner,
    link: Option<Link>,
    published_at: Timestamp,
}

fn check(call: &Call<'_>, body: &NewPlacement) -> Result<Checked, Problem> {
    let mut checks = Checks::default();
    checks.text("title", Some(&body.title), limits::TITLE);
    checks.text("external_id", Some(&body.external_id), limits::EXTERNAL_ID);
    checks.metadata("metadata", body.metadata.as_ref());
    checks.range("target_roi_bp", body.target_roi_bp, limits::TARGET_ROI_BP);
    checks.money("fee", Some(&body.fee));
    let published_at = checks.time("published_at", body.published_at.as_deref()).unwrap_or(call.tx.now);
    if published_at > call.tx.now.plus_ms(DAY_MS) {
        let detail = "Add a placement when it is published, not before.";
        checks.refuse(Code::OccurredInFuture, "published_at", detail);
    }
    let partner =
        PartnerId::parse(&body.partner_id).map(|id| partners::by_id(call.tx.sql, &id)).transpose()?.flatten();
    match &partner {
        None => checks.refuse(Code::UnknownPartner, "partner_id", "There is no partner with this id."),
        Some(partner) if partner.terminated_at.is_some() => {
            checks.refuse(Code::PartnerTerminated, "partner_id", "The partner has been terminated.");
        }
        Some(_) => {}
    }
    let link = match body.link_id.as_deref().map(LinkId::parse) {
        Some(Some(id)) => links::by_id(call.tx.sql, &id)?,
        Some(None) | None => None,
    };
    let owner = partner.as_ref().map(|partner| partner.no);
    let is_own = |link: &Link| owner.is_none_or(|owner| owner == link.partner_no);
    if body.link_id.is_some() && !link.as_ref().is_some_and(is_own) {
        checks.refuse(Code::UnknownLink, "link_id", "The partner has no link with this id.");
    }
    checks.finish()?;
    let partner = partner.ok_or_else(Problem::not_found)?;
    Ok(Checked { partner, link, published_at })
}

/// `POST /v1/placements`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewPlacement = call.body()?;
    let Checked { partner, link, published_at } = check(call, &body)?;
    if let Some(other) = placements::by_external_id(call.tx.sql, &body.external_id)? {
        let detail = format!("The placement {} has this external id.", other.id);
        return Err(Problem::field(Code::ExternalIdTaken, "/external_id", detail).into());
    }
    let placement = Placement {
        no: placements::next_no(call.tx.sql)?,
        id: call.tx.new_id(PlacementId::generate),
        partner_no: partner.no,
        kind: body.kind,
        title: body.title,
        external_id: body.external_id,
        link_no: link.map(|link| link.no),
        fee: body.fee,
        published_at,
        target_roi_bp: body.target_roi_bp,
        metadata: body.metadata.unwrap_or_default(),
        created_at: call.tx.now,
    };
    let view = show(call, &placement)?;
    let fee = placement_fee::commission(call.tx, &placement)?;
    call.tx.commit(EventType::PlacementCreated, &Change::Placement(placement), &view, "")?;
    booking::record(call.tx, fee.clone(), &view::commission(&fee, &partner.id), None)?;
    Ok(call.json(201, &view)?.with_header("location", format!("/v1/placements/{}", view.id)))
}

impl Row for PlacementView {
    const COLUMNS: &'static str = "id,partner_id,kind,title,external_id,link_id,fee.amount,fee.currency,published_at,target_roi_bp,returned,\
         roi_bp,meets_target,metadata,created_at";
}

/// `GET /v1/placements`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let fetch = |sql: &dyn Sql, page| placements::list(sql, call.caller.partner, page);
    call.page("placements", fetch, |placement| placement.no, |placement| show(call, placement))
}

/// `GET /v1/placements/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    let id = call.id(PlacementId::parse)?;
    let placement =
        placements::by_id(call.tx.sql, &id)?.filter(|placement| call.caller.sees(placement.partner_no));
    call.json(200, &show(call, &placement.ok_or_else(Problem::not_found)?)?)
}
