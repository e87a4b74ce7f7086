//! After a rotation of `DATA_KEY`, everything of value is sealed anew under its first key, so that the old one can be removed:
//! secrets of listings and webhooks, payout details, and the payer's account. Kept callbacks and token responses expire by themselves.

use super::{payer, sealing::Sealer, webhooks};
use crate::{
    domain::values::entropy::Entropy,
    store::{
        Sql, SqlError,
        meta::{self, name},
        payouts::details,
        programme::listings,
    },
};

/// Its hash identifies a key without revealing it.
const KEY_NAME: &str = "data key";
/// How many payout details are read at once.
const PAGE: i64 = 500;

/// Seals anew what older keys opened. Call it whenever a Ledger opens; nothing happens while the first key is the same. What no
/// key opens stays as it is.
pub fn reseal_all(sql: &dyn Sql, sealer: &Sealer, entropy: &mut dyn Entropy) -> Result<(), SqlError> {
    let current = sealer.digest(KEY_NAME);
    if meta::text(sql, name::SEALED_UNDER)?.as_ref() == Some(&current) {
        return Ok(());
    }
    for (no, id, sealed) in listings::all_sealed_secrets(sql)? {
        if let Some(resealed) = sealer.reseal(&sealed, &id, entropy)? {
            listings::set_sealed_secrets(sql, no, Some(resealed))?;
        }
    }
    webhooks::reseal(sql, sealer, entropy)?;
    let mut after = 0;
    loop {
        let page = details::sealed_after(sql, after, PAGE)?;
        let Some((last, ..)) = page.last() else { break };
        after = *last;
        for (no, partner_id, sealed) in page {
            if let Some(resealed) = sealer.reseal(&sealed, &partner_id, entropy)? {
                details::seal(sql, no, resealed)?;
            }
        }
    }
    if let Some(sealed) = meta::text(sql, name::PAYER_ACCOUNT)?
        && let Some(resealed) = sealer.reseal(&sealed, payer::OWNER, entropy)?
    {
        meta::set_text(sql, name::PAYER_ACCOUNT, &resealed)?;
    }
    meta::set_text(sql, name::SEALED_UNDER, &current)
}
