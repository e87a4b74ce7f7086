//! Payment files that were handed out. A file is final: a later file of the run contains none of its payouts, so that
//! nothing is paid twice.

use super::super::{tx::Tx, view::view};
use crate::{
    domain::{
        event::EventType,
        payouts::payer::PayoutMethod,
        values::{
            date::Date,
            digest::sha256_hex,
            id::{PayoutId, RunId},
            time::Timestamp,
        },
    },
    store::{
        SqlError,
        log::change::Change,
        payouts::{
            files::{self, PaymentFile, StoredFile},
            runs::RunTerms,
        },
    },
};

view! {
    /// A payment file that was handed out, as events show it.
    pub struct PaymentFileEventView {
        /// The run.
        run_id: RunId,
        /// Its number within the run: 1, 2, …
        number: i64,
        /// The method by which its payouts are paid.
        method: PayoutMethod,
        /// Identifies the file to the bank.
        message_id: String,
        /// The number of payouts in it.
        payouts: usize,
        /// The day on which the bank is asked to pay.
        execution_date: Option<Date>,
        /// When.
        created_at: Timestamp,
    }
}

/// The id by which a bank recognises a file, at most 35 characters without underscores. Versions of Signpost that did not
/// record files derived the id of a run's SEPA file from its payouts. The first SEPA file keeps that id, so that a bank
/// also refuses a file again that it was given before the upgrade.
fn message_id(run: &RunId, is_first_sepa: bool, number: i64, payouts: &[(i64, PayoutId)]) -> String {
    let suffix = if is_first_sepa {
        let ids: Vec<&str> = payouts.iter().map(|(_, id)| id.as_str()).collect();
        sha256_hex(ids.join(" ").as_bytes()).chars().take(4).collect()
    } else {
        format!("n{number:x}")
    };
    format!("{run}-{suffix}").replace('_', "-")
}

/// Records that a file with these payouts is handed out: their numbers and ids. Writes nothing else.
pub fn hand_out(
    tx: &Tx<'_>,
    run: &RunTerms,
    method: PayoutMethod,
    payouts: &[(i64, PayoutId)],
    execution_date: Option<Date>,
) -> Result<StoredFile, SqlError> {
    let before = files::of_run(tx.sql, run.no)?;
    let number = before.last().map_or(0, |last| last.file.number);
    let number = number.checked_add(1).ok_or(SqlError::Overflow("the number of files"))?;
    let is_first_sepa =
        method == PayoutMethod::Sepa && before.iter().all(|stored| stored.file.method != PayoutMethod::Sepa);
    let message_id = message_id(&run.id, is_first_sepa, number, payouts);
    let file = PaymentFile { run_no: run.no, number, method, message_id, execution_date };
    let event = PaymentFileEventView {
        run_id: run.id.clone(),
        number,
        method,
        message_id: file.message_id.clone(),
        payouts: payouts.len(),
        execution_date,
        created_at: tx.now,
    };
    let payouts = payouts.iter().map(|(no, _)| *no).collect();
    let change = Change::PaymentFile { file: file.clone(), payouts };
    tx.commit(EventType::PaymentFileCreated, &change, &event, "")?;
    Ok(StoredFile { file, created_at: tx.now })
}
