//! Application of changes to the rows.

use crate::domain::{conversions::CommissionStatus, links::link::Link, values::time::Timestamp};
use crate::store::{
    Sql, SqlError,
    books::{accounts, fx},
    callbacks,
    commissions::{self, usage_counters},
    conversions::{self, credits, refunds},
    imports, links,
    log::{
        change::{Binding, Change},
        outbox, pruning,
    },
    meta,
    payouts::{self, details, files, runs},
    programme::{coupons, listings, origins, partners, placements},
    reports::counts::{self, ConversionDelta},
    value,
};
use serde::Serialize;

/// The KV value of a slug.
#[derive(Serialize)]
struct SlugValue<'a> {
    token: &'a str,
}

/// Returns the KV value of a slug that stands for the link with this token; an empty token means no link.
pub fn slug_value(token: &str) -> Result<String, SqlError> {
    value::json_text(&SlugValue { token })
}

/// Which rows a change is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All rows.
    Whole,
    /// The rows that terms depend on: without transfers and the counts of reports. A simulation needs no others.
    Terms,
}

impl Scope {
    /// Writes transfers or counts, unless the change is applied to the rows of the terms only.
    fn books(self, write: impl FnOnce() -> Result<(), SqlError>) -> Result<(), SqlError> {
        match self {
            Self::Whole => write(),
            Self::Terms => Ok(()),
        }
    }
}

/// Applies a change made at `at`. `response` is the response to the caller; conversions, refunds and runs store it.
pub fn apply_change(sql: &dyn Sql, change: &Change, answer: &str, at: Timestamp) -> Result<(), SqlError> {
    apply_in(Scope::Whole, sql, change, answer, at)
}

/// Applies a change made at `at` to the rows in `scope`.
pub fn apply_in(
    scope: Scope,
    sql: &dyn Sql,
    change: &Change,
    answer: &str,
    at: Timestamp,
) -> Result<(), SqlError> {
    match change {
        Change::Program(program) => {
            meta::set_program(sql, program)?;
            pruning::reschedule(sql)?;
            origins::set(sql, origins::PROGRAMME, &program.cors_origins)
        }
        Change::Partner(partner) => partners::put(sql, partner),
        Change::Listing(listing) => listings::put(sql, listing),
        Change::Link(link) => {
            links::insert(sql, link)?;
            write_link(sql, link, link.has_own_destination())
        }
        Change::LinkUpdated(link) => {
            let before = links::by_no(sql, link.no)?;
            links::update(sql, link)?;
            let old_slug = before.as_ref().and_then(|before| before.slug.as_ref());
            if let Some(slug) = old_slug.filter(|slug| Some(*slug) != link.slug.as_ref()) {
                outbox::queue_write(sql, &outbox::slug_key(slug), &slug_value("")?)?;
            }
            write_link(sql, link, before.is_none_or(|before| before.revision != link.revision))
        }
        Change::Placement(placement) => placements::insert(sql, placement),
        Change::Revoked { link_no, .. } => links::revoke(sql, *link_no, at),
        Change::Coupon(coupon) => coupons::insert(sql, coupon),
        Change::CouponRevoked { coupon_no, .. } => coupons::revoke(sql, *coupon_no, at),
        Change::Conversion { conversion, binding, more_bindings, counts, shares, uses } => {
            usage_counters::add(sql, uses)?;
            conversions::insert(sql, conversion, answer, uses)?;
            for binding in binding.iter().chain(more_bindings) {
                conversions::bind(sql, &binding.customer_id, &binding.touch, Some(conversion.no), at)?;
            }
            credits::insert(sql, conversion.no, &shares.credits)?;
            scope.books(|| {
                counts::add_conversion(sql, counts, at)?;
                add_counts(sql, &shares.more_counts, at)
            })
        }
        Change::Commission { commission, transfer, counts } => {
            commissions::insert(sql, commission)?;
            scope.books(|| {
                accounts::post(sql, transfer)?;
                counts::add_conversion(sql, counts, at)
            })
        }
        Change::Matured { commission_no, reversed, transfer } => {
            commissions::update(sql, *commission_no, *reversed, CommissionStatus::Payable)?;
            accounts::post(sql, transfer)
        }
        Change::Account(account) => callbacks::put_account(sql, account),
        Change::EarlierPlan { listing_no, account, plan, told_at } => {
            callbacks::put_plan(sql, *listing_no, account, plan, *told_at)
        }
        Change::AccountAliased(alias) => {
            callbacks::put_alias(sql, alias)?;
            callbacks::join_account(sql, alias)
        }
        Change::Bound(Binding { customer_id, touch }) => conversions::bind(sql, customer_id, touch, None, at),
        Change::CustomerEmail { customer_id, digest } => {
            conversions::customers::put_email(sql, customer_id, digest)
        }
        Change::Credited { conversion_no, credited, attribution, from, to, shares, uses, counted } => {
            usage_counters::add(sql, uses)?;
            conversions::uses::add(sql, *conversion_no, uses)?;
            conversions::credit(sql, *conversion_no, credited, attribution, counted.as_ref())?;
            credits::insert(sql, *conversion_no, &shares.credits)?;
            scope.books(|| {
                counts::add_conversion(sql, from, at)?;
                counts::add_conversion(sql, to, at)?;
                add_counts(sql, &shares.more_counts, at)
            })
        }
        Change::Confirmed { conversion_no, metadata, .. } => {
            conversions::confirm(sql, *conversion_no, metadata)
        }
        Change::Qualification { conversion_no, qualification, counts, .. } => {
            conversions::qualify(sql, *conversion_no, qualification)?;
            scope.books(|| counts.as_ref().map_or(Ok(()), |counts| counts::add_conversion(sql, counts, at)))
        }
        Change::Released { commission_no, .. } => commissions::release(sql, *commission_no),
        Change::Held { commission_no, held_reason, flags, .. } => {
            commissions::hold(sql, *commission_no, *held_reason, flags)
        }
        Change::Rejected { commission_no, reversed, transfer, counts } => {
            commissions::update(sql, *commission_no, *reversed, CommissionStatus::Reversed)?;
            accounts::post(sql, transfer)?;
            counts::add_conversion(sql, counts, at)
        }
        Change::RefundWaiting(refund) => callbacks::put_waiting_refund(sql, refund),
        Change::Refund { refund, refunded, counts, refunded_shares, more_counts, uses } => {
            usage_counters::add(sql, uses)?;
            conversions::uses::add(sql, refund.conversion_no, uses)?;
            callbacks::delete_waiting_refund(sql, refund.conversion_no, &refund.external_id)?;
            conversions::set_refunded(sql, refund.conversion_no, *refunded)?;
            refunds::insert(sql, refund, answer)?;
            credits::set_refunded(sql, refund.conversion_no, refunded_shares)?;
            scope.books(|| {
                counts::add_conversion(sql, counts, at)?;
                add_counts(sql, more_counts, at)
            })
        }
        Change::Reversed { commission_no, reversed, status, transfer, counts } => {
            commissions::update(sql, *commission_no, *reversed, *status)?;
            scope.books(|| {
                accounts::post(sql, transfer)?;
                counts.as_ref().map_or(Ok(()), |counts| counts::add_conversion(sql, counts, at))
            })
        }
        Change::Rates(rates) => fx::put(sql, rates, at),
        Change::PayoutDetails(set) => details::insert(sql, set, at),
        Change::Run { terms, details_required } => {
            runs::insert(sql, terms, at)?;
            payouts::compute(sql, terms, *details_required, at)
        }
        Change::RunRefreshed { run_no, by, details_required } => {
            runs::refreshed(sql, *run_no, by)?;
            let run = runs::by_no(sql, *run_no)?
                .ok_or(SqlError::Shape { column: 0, expected: "a run that exists" })?;
            payouts::compute(sql, &run.terms, *details_required, at)
        }
        Change::PayoutHeld { .. } => Ok(()),
        Change::RunApproved { run_no, by } => payouts::approve(sql, *run_no, by, at),
        Change::RunCancelled { run_no } => payouts::cancel(sql, *run_no),
        Change::PayoutPaid { payout_no, reference, transfer } => {
            payouts::paid(sql, *payout_no, reference, transfer)
        }
        Change::PayoutFailed { payout_no, reason, fee, .. } => {
            payouts::failed(sql, *payout_no, reason, *fee, at)
        }
        Change::PayoutReturned { payout_no, reason, fee, transfer, write_offs } => {
            payouts::returned(sql, *payout_no, reason, *fee, transfer)?;
            write_offs.iter().try_for_each(|transfer| {
                accounts::post(sql, transfer)?;
                match transfer.commission_no {
                    Some(commission_no) => {
                        commissions::write_off(sql, commission_no, transfer.amount.saturating_neg())
                    }
                    None => Ok(()),
                }
            })
        }
        Change::PayoutImported(payout) => payouts::imported::insert(sql, payout),
        Change::Imported(rows) => imports::insert(sql, rows),
        Change::PaymentFile { file, payouts } => files::insert(sql, file, payouts, at),
        Change::WrittenOff { transfers, .. } => transfers.iter().try_for_each(|transfer| {
            accounts::post(sql, transfer)?;
            match transfer.commission_no {
                Some(commission_no) => commissions::write_off(sql, commission_no, transfer.amount),
                None => Ok(()),
            }
        }),
    }
}

/// Queues the KV writes of a link: its path and query, if they are new, and its slug.
fn write_link(sql: &dyn Sql, link: &Link, is_new: bool) -> Result<(), SqlError> {
    if is_new {
        outbox::queue_write(sql, &outbox::path_key(link.no, link.revision), &link.own_destination())?;
    }
    match &link.slug {
        Some(slug) => outbox::queue_write(sql, &outbox::slug_key(slug), &slug_value(&link.token)?),
        None => Ok(()),
    }
}

fn add_counts(sql: &dyn Sql, deltas: &[ConversionDelta], at: Timestamp) -> Result<(), SqlError> {
    deltas.iter().try_for_each(|delta| counts::add_conversion(sql, delta, at))
}
