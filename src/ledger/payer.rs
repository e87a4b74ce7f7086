//! The account that payouts are debited from. It is stored sealed and is in no event: the programme's terms hold its last
//! characters only. A Ledger that is rebuilt from its log does not have it.

use super::sealing::Sealer;
use crate::{
    domain::values::entropy::Entropy,
    store::{
        Sql, SqlError,
        meta::{self, name},
    },
};

/// What the account is sealed for.
pub(super) const OWNER: &str = "payer";

/// Seals and stores the account.
pub fn set_account(
    sql: &dyn Sql,
    sealer: &Sealer,
    entropy: &mut dyn Entropy,
    iban: &str,
) -> Result<(), SqlError> {
    let sealed = sealer.seal(iban, OWNER, entropy)?;
    meta::set_text(sql, name::PAYER_ACCOUNT, &sealed)
}

/// Deletes the account.
pub fn delete_account(sql: &dyn Sql) -> Result<(), SqlError> {
    meta::delete(sql, name::PAYER_ACCOUNT)
}

/// The IBAN of the account; `None` if none is set, or in a rebuilt Ledger.
pub fn account(sql: &dyn Sql, sealer: &Sealer) -> Result<Option<String>, SqlError> {
    let sealed = meta::text(sql, name::PAYER_ACCOUNT)?;
    Ok(sealed.map(|sealed| sealer.open(&sealed, OWNER)).transpose()?)
}

/// Seals an account that a version before sealing stored in the clear and a schema step moved aside. Call it whenever a
/// Ledger opens; nothing happens once it is sealed.
pub fn seal_migrated(sql: &dyn Sql, sealer: &Sealer, entropy: &mut dyn Entropy) -> Result<(), SqlError> {
    let Some(iban) = meta::text(sql, name::PAYER_ACCOUNT_UNSEALED)? else { return Ok(()) };
    set_account(sql, sealer, entropy, &iban)?;
    meta::delete(sql, name::PAYER_ACCOUNT_UNSEALED)
}
