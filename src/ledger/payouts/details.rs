//! How partners are paid: stored sealed, one version for each change. A payout keeps the version that it was approved
//! under.

use super::super::{tx::Tx, view::view};
use crate::{
    domain::{
        event::EventType,
        payouts::{
            iban::mask,
            payer::{PayoutDetails, PayoutMethod},
        },
        programme::partner::Partner,
        values::{id::PartnerId, string_enum::string_enum, time::Timestamp},
    },
    store::{
        SqlError,
        log::change::Change,
        payouts::{
            Payout,
            details::{self as rows, DetailsSet, StoredDetails},
        },
        value::json_text,
    },
};

string_enum! {
    /// Who set payout details.
    SetBy {
        /// A key of the programme.
        Programme = "programme";
        /// A key of the partner. Payouts to them are held for three days.
        Partner = "partner";
    }
}

impl SetBy {
    /// Who set a version.
    #[must_use]
    pub fn of(set: &DetailsSet) -> Self {
        if set.by_partner { Self::Partner } else { Self::Programme }
    }
}

view! {
    /// Where a payout goes.
    pub struct DestinationView {
        /// The payment method.
        method: PayoutMethod,
        /// The last characters of the account or address; `null` if the method needs none, or if it was sealed under a key
        /// that is gone.
        ends_with: Option<String>,
        /// Since when it is set.
        set_at: Timestamp,
    }

    /// How a partner is paid, as events show it.
    pub struct PayoutDetailsEventView {
        /// The partner.
        partner_id: PartnerId,
        /// The payment method.
        method: PayoutMethod,
        /// Which fields are set.
        set: Vec<String>,
        /// Who set them.
        set_by: SetBy,
    }
}

/// Names of the fields that are set.
fn fields(details: &PayoutDetails) -> Vec<String> {
    let all = [
        ("legal_name", true),
        ("address", details.address.is_some()),
        ("iban", details.iban.is_some()),
        ("bic", details.bic.is_some()),
        ("paypal_email", details.paypal_email.is_some()),
        ("wise_email", details.wise_email.is_some()),
        ("tax_id", details.tax_id.is_some()),
        ("vat_rate_bp", details.vat_rate_bp.is_some()),
    ];
    all.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name.to_owned()).collect()
}

/// Stores a new version of a partner's details, and returns which fields are set. The event holds no values.
pub fn set(
    tx: &Tx<'_>,
    partner: &Partner,
    details: &PayoutDetails,
    by: SetBy,
) -> Result<DetailsSet, SqlError> {
    let no = rows::next_no(tx.sql)?;
    let by_partner = by == SetBy::Partner;
    let set = DetailsSet {
        no,
        partner_no: partner.no,
        method: details.method,
        fields: fields(details),
        by_partner,
    };
    let event = PayoutDetailsEventView {
        partner_id: partner.id.clone(),
        method: set.method,
        set: set.fields.clone(),
        set_by: by,
    };
    let sealed = tx.seal(&json_text(details)?, partner.id.as_str())?;
    tx.commit(EventType::PayoutDetailsUpdated, &Change::PayoutDetails(set.clone()), &event, "")?;
    rows::seal(tx.sql, no, sealed)?;
    Ok(set)
}

/// Opens a stored version; `None` if a rebuilt Ledger has only the names of its fields.
pub fn open(
    tx: &Tx<'_>,
    partner: &PartnerId,
    stored: &StoredDetails,
) -> Result<Option<PayoutDetails>, SqlError> {
    let Some(sealed) = &stored.sealed else { return Ok(None) };
    let opened = tx.open_sealed(sealed, partner.as_str())?;
    // The error must not repeat the content, because it is logged.
    strict_json::from_str(&opened)
        .map(Some)
        .map_err(|_| SqlError::Engine("payout details cannot be read".to_owned()))
}

/// The version of the details that a payout keeps. One that an older version of Signpost approved without details keeps
/// none: it must not go to an account that was set after the approval.
fn stored_of(tx: &Tx<'_>, payout: &Payout) -> Result<Option<StoredDetails>, SqlError> {
    payout.details_no.map_or(Ok(None), |no| rows::by_no(tx.sql, no))
}

/// How a payout's partner is paid, as of the approval.
pub fn of_payout(tx: &Tx<'_>, payout: &Payout) -> Result<Option<PayoutDetails>, SqlError> {
    stored_of(tx, payout)?.map_or(Ok(None), |stored| open(tx, &payout.partner_id, &stored))
}

/// Where a payout goes, for its approver to check.
pub fn destination_of(tx: &Tx<'_>, payout: &Payout) -> Result<Option<DestinationView>, SqlError> {
    let Some(stored) = stored_of(tx, payout)? else { return Ok(None) };
    let details = match open(tx, &payout.partner_id, &stored) {
        // The run can still be looked at, failed or cancelled.
        Err(SqlError::KeyGone) => None,
        opened => opened?,
    };
    Ok(Some(DestinationView {
        method: stored.set.method,
        ends_with: details.as_ref().and_then(PayoutDetails::destination).map(mask),
        set_at: stored.set_at,
    }))
}
