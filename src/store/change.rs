//! Changes: the only way in which the Ledger's rows come to be. Each is written as an event in the same transaction,
//! whole, so that the log of events rebuilds a Ledger by the very code that made it.

use super::{
    Sql, SqlError,
    accounts::{self, Transfer},
    callbacks::{self, Account, Alias, WaitingRefund},
    commissions::{self, Commission},
    conversions::{self, BoundTouch, Conversion, Place},
    counts::{self, ConversionDelta},
    fx::{self, DatedRate},
    links, listings, meta, outbox, partners,
    payout_details::{self, DetailsSet},
    payouts,
    refunds::{self, Refund},
    runs::{self, RunTerms},
};
use crate::domain::{
    conversion::CommissionStatus,
    link::Link,
    link::LinkNo,
    listing::{Listing, ListingNo},
    partner::{Partner, PartnerNo},
    program::Program,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A click that a conversion binds to its customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The caller's id of the customer.
    pub customer_id: String,
    /// The click.
    pub touch: BoundTouch,
}

/// One change of the Ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The programme's terms.
    Program(Program),
    /// A partner, as it stands from now on.
    Partner(Partner),
    /// A listing, as it stands from now on; its secrets are not in the log.
    Listing(Listing),
    /// A new link.
    Link(Link),
    /// A link is revoked.
    Revoked {
        /// The link.
        link_no: LinkNo,
        /// Whose it is.
        partner_no: PartnerNo,
    },
    /// A new conversion.
    Conversion {
        /// The conversion.
        conversion: Box<Conversion>,
        /// What it binds to its customer.
        binding: Option<Binding>,
        /// What it adds to the counts.
        counts: ConversionDelta,
    },
    /// A new commission.
    Commission {
        /// The commission.
        commission: Box<Commission>,
        /// Its booking.
        transfer: Transfer,
        /// What it adds to the counts.
        counts: ConversionDelta,
    },
    /// A commission's hold ended.
    Matured {
        /// The commission.
        commission_no: i64,
        /// Taken back of it so far.
        reversed: i64,
        /// Its booking.
        transfer: Transfer,
    },
    /// A customer's account on a marketplace, as a callback told of it.
    Account(Account),
    /// A plan that an account had before the one that it is known to have.
    EarlierPlan {
        /// The listing.
        listing_no: ListingNo,
        /// The marketplace's id of the account.
        account: String,
        /// The plan.
        plan: String,
        /// From when on.
        told_at: Timestamp,
    },
    /// Another name of a customer's account.
    Named(Alias),
    /// A click that came to light is bound to its customer.
    Bound(Binding),
    /// A conversion that nobody earned is credited after all: its customer's click came to light.
    Credited {
        /// The conversion.
        conversion_no: i64,
        /// Where it is counted from now on.
        place: Place,
        /// The attribution with every touch's verdict, JSON.
        attribution: String,
        /// What it takes from the counts of nobody …
        from: ConversionDelta,
        /// … and adds to its partner's.
        to: ConversionDelta,
    },
    /// What told of a conversion is confirmed: what it earns is no longer held.
    Confirmed {
        /// The conversion.
        conversion_no: i64,
        /// Who earns it; 0 = nobody.
        partner_no: PartnerNo,
        /// Its annotations from now on, JSON.
        metadata: String,
    },
    /// A commission is no longer held.
    Released {
        /// The commission.
        commission_no: i64,
        /// Whose it is.
        partner_no: PartnerNo,
    },
    /// A refund waits for its charge.
    RefundWaits(WaitingRefund),
    /// A new refund.
    Refund {
        /// The refund.
        refund: Refund,
        /// Refunded of the conversion so far, this refund included.
        refunded: i64,
        /// What it adds to the counts.
        counts: ConversionDelta,
    },
    /// Part or all of a commission is taken back.
    Reversed {
        /// The commission.
        commission_no: i64,
        /// Taken back so far, this time included.
        reversed: i64,
        /// Its status from now on.
        status: CommissionStatus,
        /// Its booking.
        transfer: Transfer,
    },
    /// Exchange rates were supplied, or corrected.
    Rates(Vec<DatedRate>),
    /// How a partner is paid from now on; what is secret of it is not in the log.
    PayoutDetails(DetailsSet),
    /// A payout run was asked for. Its payouts are computed from the rows when this is applied.
    Run(Box<RunTerms>),
    /// A draft was computed anew.
    RunRefreshed {
        /// The run.
        run_no: i64,
        /// The key that asked for it.
        by: String,
    },
    /// A draft was approved. Its transfers and items are made from the rows when this is applied.
    RunApproved {
        /// The run.
        run_no: i64,
        /// The key that approved it.
        by: String,
    },
    /// A draft was given up.
    RunCancelled {
        /// The run.
        run_no: i64,
    },
    /// A payout is paid.
    PayoutPaid {
        /// The payout.
        payout_no: i64,
        /// The provider's reference.
        reference: String,
        /// Its booking.
        transfer: Transfer,
    },
    /// A payout failed. Its transfers are made from the rows when this is applied.
    PayoutFailed {
        /// The payout.
        payout_no: i64,
        /// Whose it is.
        partner_no: PartnerNo,
        /// Why.
        reason: String,
    },
    /// A negative balance is forgiven.
    WrittenOff {
        /// Whose.
        partner_no: PartnerNo,
        /// The bookings, one a commission.
        transfers: Vec<Transfer>,
    },
}

impl Change {
    /// Whose data it is; 0 = the programme's.
    #[must_use]
    pub fn partner_no(&self) -> PartnerNo {
        match self {
            Self::Program(_)
            | Self::Listing(_)
            | Self::Account(_)
            | Self::EarlierPlan { .. }
            | Self::Named(_)
            | Self::RefundWaits(_)
            | Self::Rates(_)
            | Self::Run(_)
            | Self::RunRefreshed { .. }
            | Self::RunApproved { .. }
            | Self::RunCancelled { .. } => 0,
            Self::Bound(binding) => binding.touch.touch.partner.map_or(0, |(partner_no, _)| partner_no),
            Self::Credited { place, .. } => place.partner_no,
            Self::Partner(partner) => partner.no,
            Self::Link(link) => link.partner_no,
            Self::Revoked { partner_no, .. }
            | Self::Confirmed { partner_no, .. }
            | Self::Released { partner_no, .. }
            | Self::PayoutFailed { partner_no, .. }
            | Self::WrittenOff { partner_no, .. } => *partner_no,
            Self::PayoutDetails(set) => set.partner_no,
            Self::Conversion { counts, .. } | Self::Refund { counts, .. } => counts.partner_no,
            Self::Commission { transfer, .. }
            | Self::Matured { transfer, .. }
            | Self::Reversed { transfer, .. }
            | Self::PayoutPaid { transfer, .. } => transfer.partner_no,
        }
    }
}

/// KV value of a slug.
#[derive(Serialize)]
struct SlugValue<'a> {
    token: &'a str,
}

/// The KV value of a slug that names the link with this token.
pub fn slug_value(token: &str) -> Result<String, SqlError> {
    super::value::json_text(&SlugValue { token })
}

/// Writes a change made at `at`. `answer` is what the caller is told; conversions and refunds keep it.
pub fn apply(sql: &dyn Sql, change: &Change, answer: &str, at: Timestamp) -> Result<(), SqlError> {
    match change {
        Change::Program(program) => meta::set_program(sql, program),
        Change::Partner(partner) => partners::put(sql, partner),
        Change::Listing(listing) => listings::put(sql, listing),
        Change::Link(link) => {
            links::insert(sql, link)?;
            if let Some(path) = &link.path {
                outbox::queue_write(sql, &outbox::path_key(link.no), path)?;
            }
            match &link.slug {
                Some(slug) => outbox::queue_write(sql, &outbox::slug_key(slug), &slug_value(&link.token)?),
                None => Ok(()),
            }
        }
        Change::Revoked { link_no, .. } => links::revoke(sql, *link_no, at),
        Change::Conversion { conversion, binding, counts } => {
            conversions::insert(sql, conversion, answer)?;
            if let Some(binding) = binding {
                conversions::bind(sql, &binding.customer_id, &binding.touch, conversion.no)?;
            }
            counts::add_conversion(sql, counts, at)
        }
        Change::Commission { commission, transfer, counts } => {
            commissions::insert(sql, commission)?;
            accounts::post(sql, transfer)?;
            counts::add_conversion(sql, counts, at)
        }
        Change::Matured { commission_no, reversed, transfer } => {
            commissions::update(sql, *commission_no, *reversed, CommissionStatus::Payable)?;
            accounts::post(sql, transfer)
        }
        Change::Account(account) => callbacks::put_account(sql, account),
        Change::EarlierPlan { listing_no, account, plan, told_at } => {
            callbacks::put_plan(sql, *listing_no, account, plan, *told_at)
        }
        Change::Named(alias) => callbacks::put_alias(sql, alias),
        // No conversion binds it: places begin with 1.
        Change::Bound(Binding { customer_id, touch }) => conversions::bind(sql, customer_id, touch, 0),
        Change::Credited { conversion_no, place, attribution, from, to } => {
            conversions::credit(sql, *conversion_no, place, attribution)?;
            counts::add_conversion(sql, from, at)?;
            counts::add_conversion(sql, to, at)
        }
        Change::Confirmed { conversion_no, metadata, .. } => {
            conversions::confirm(sql, *conversion_no, metadata)
        }
        Change::Released { commission_no, .. } => commissions::release(sql, *commission_no),
        Change::RefundWaits(refund) => callbacks::put_waiting(sql, refund),
        Change::Refund { refund, refunded, counts } => {
            callbacks::arrived(sql, refund.conversion_no, &refund.external_id)?;
            conversions::set_refunded(sql, refund.conversion_no, *refunded)?;
            refunds::insert(sql, refund, answer)?;
            counts::add_conversion(sql, counts, at)
        }
        Change::Reversed { commission_no, reversed, status, transfer } => {
            commissions::update(sql, *commission_no, *reversed, *status)?;
            accounts::post(sql, transfer)
        }
        Change::Rates(rates) => fx::put(sql, rates, at),
        Change::PayoutDetails(set) => payout_details::insert(sql, set, at),
        Change::Run(terms) => {
            runs::insert(sql, terms, answer, at)?;
            payouts::compute(sql, terms, at)
        }
        Change::RunRefreshed { run_no, by } => {
            runs::refreshed(sql, *run_no, by)?;
            let run = runs::by_no(sql, *run_no)?;
            payouts::compute(
                sql,
                &run.ok_or(SqlError::Shape { column: 0, expected: "a run that exists" })?.terms,
                at,
            )
        }
        Change::RunApproved { run_no, by } => payouts::approve(sql, *run_no, by, at),
        Change::RunCancelled { run_no } => payouts::cancel(sql, *run_no),
        Change::PayoutPaid { payout_no, reference, transfer } => {
            payouts::paid(sql, *payout_no, reference, transfer)
        }
        Change::PayoutFailed { payout_no, reason, .. } => payouts::failed(sql, *payout_no, reason, at),
        Change::WrittenOff { transfers, .. } => transfers.iter().try_for_each(|transfer| {
            accounts::post(sql, transfer)?;
            commissions::write_off(sql, transfer.commission_no, transfer.amount)
        }),
    }
}
