//! Customers' accounts on marketplaces: what callbacks tell of them, and the names they have there.

use super::{customer_id, occurred_at};
use crate::{
    api::{call::Call, problem::Problem, views::view},
    domain::{
        event::EventType,
        programme::listing::Listing,
        values::{id::ListingId, time::Timestamp},
    },
    marketplace::{
        adapter::AccountName,
        event::{Event, EventKind},
    },
    store::{
        SqlError,
        callbacks::{self, Account, Alias},
        log::change::Change,
    },
};

view! {
    /// A customer's account on a marketplace.
    pub struct AccountView {
        /// The listing.
        listing_id: ListingId,
        /// The marketplace's id of the account.
        account: String,
        /// The customer, as conversions name it.
        customer_id: String,
        /// What the newest callback told.
        status: String,
        /// The plan, in the vendor's word.
        plan: Option<String>,
        /// When that happened.
        changed_at: Timestamp,
    }

    /// A plan that a customer's account had before the one that it is known to have.
    pub struct EarlierPlanView {
        /// The listing.
        listing_id: ListingId,
        /// The marketplace's id of the account.
        account: String,
        /// The customer, as conversions name it.
        customer_id: String,
        /// The plan, in the vendor's word.
        plan: String,
        /// From when on.
        since: Timestamp,
    }

    /// Another name of a customer's account on a marketplace.
    pub struct AliasView {
        /// The listing.
        listing_id: ListingId,
        /// The other name.
        alias: String,
        /// The name that events are joined by.
        account: String,
    }
}

/// Learns another name of an account. A name that is new for an account that has others leads to the account, too: shops
/// rename themselves.
pub fn learn(call: &Call<'_>, listing: &Listing, name: &AccountName) -> Result<(), Problem> {
    let known = callbacks::account_of(call.sql, listing.no, &name.alias)?;
    let (alias, account) = match known {
        Some(known) if known == name.account => return Ok(()),
        Some(known) => (name.account.clone(), known),
        None => (name.alias.clone(), resolved(call, listing, None, &name.account)?),
    };
    if callbacks::account_of(call.sql, listing.no, &alias)?.is_some() {
        return Ok(());
    }
    let view = AliasView { listing_id: listing.id.clone(), alias: alias.clone(), account: account.clone() };
    let change = Change::Named(Alias { listing_no: listing.no, alias, account });
    call.commit(EventType::AccountNamed, &change, &view, "")
}

/// The name that an account is known by.
pub fn resolved(
    call: &Call<'_>,
    listing: &Listing,
    alias: Option<&str>,
    account: &str,
) -> Result<String, SqlError> {
    for name in alias.into_iter().chain([account]) {
        if let Some(known) = callbacks::account_of(call.sql, listing.no, name)? {
            return Ok(known);
        }
    }
    Ok(account.to_owned())
}

/// Notes what an event tells of its account.
pub fn tell(call: &Call<'_>, listing: &Listing, event: &Event) -> Result<(), Problem> {
    let known = callbacks::account(call.sql, listing.no, &event.account)?;
    let at = occurred_at(call, event);
    if event.occurred_at.is_some()
        && known.as_ref().and_then(|known| known.plan_at).is_some_and(|told| told > at)
    {
        learn_earlier_plan(call, listing, event, at)?;
    }
    let mut account = known.clone().unwrap_or_else(|| Account {
        listing_no: listing.no,
        account: event.account.clone(),
        status: event.kind.as_str().to_owned(),
        plan: None,
        changed_at: at,
        plan_at: None,
    });
    // What is older than what is known changes nothing: callbacks come in any order. Of the same instant, an install is
    // older than all else: a vendor that tells both in one message would otherwise flip the account back and forth with
    // each redelivery.
    let is_newer =
        account.changed_at < at || (account.changed_at == at && event.kind != EventKind::Installed);
    // Without a time, the same is no news, and nothing is newer than the end; but an install begins anew.
    let is_timed = event.occurred_at.is_some() || event.kind == EventKind::Installed;
    let has_ended = account.status == EventKind::Uninstalled.as_str();
    if is_newer && (is_timed || (!has_ended && account.status != event.kind.as_str())) {
        account.status = event.kind.as_str().to_owned();
        account.changed_at = at;
    }
    // The plan has a time of its own: not told is not gone.
    let is_plan = |plan: &&String| {
        account.plan_at.is_none_or(|told| told <= at) && (is_timed || account.plan.as_ref() != Some(*plan))
    };
    if let Some(plan) = event.plan.as_ref().filter(is_plan) {
        account.plan = Some(plan.clone());
        account.plan_at = Some(at);
    }
    if known.as_ref() == Some(&account) {
        return Ok(());
    }
    let view = AccountView {
        listing_id: listing.id.clone(),
        account: account.account.clone(),
        customer_id: customer_id(listing, &account.account),
        status: account.status.clone(),
        plan: account.plan.clone(),
        changed_at: account.changed_at,
    };
    call.commit(EventType::AccountUpdated, &Change::Account(account), &view, "")
}

/// Notes a plan that was told late: charges of its time may come later still.
fn learn_earlier_plan(
    call: &Call<'_>,
    listing: &Listing,
    event: &Event,
    since: Timestamp,
) -> Result<(), Problem> {
    let Some(plan) = event.plan.clone() else { return Ok(()) };
    let known = callbacks::plan_at(call.sql, listing.no, &event.account, since)?;
    if known.is_some_and(|(_, told)| told == since) {
        return Ok(());
    }
    let view = EarlierPlanView {
        listing_id: listing.id.clone(),
        account: event.account.clone(),
        customer_id: customer_id(listing, &event.account),
        plan: plan.clone(),
        since,
    };
    let account = event.account.clone();
    let change = Change::EarlierPlan { listing_no: listing.no, account, plan, told_at: since };
    call.commit(EventType::AccountPlanLearned, &change, &view, "")
}
