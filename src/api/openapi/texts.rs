//! What a reader should know of an operation beyond its name.

use super::super::operation::Operation;

/// The text; empty where the name says all.
pub fn about(operation: Operation) -> &'static str {
    use Operation as Op;
    match operation {
        Op::SetProgram => {
            "What is left out takes its default; name and currency, which have none, stay. The currency is fixed once money \
             has moved; conversions may come in any."
        }
        Op::CreateKey => {
            "The key is stored as a hash, so it cannot be shown again: a replay leaves it out. With `partner_id` it sees that \
             partner's data alone; everything else is 404 to it."
        }
        Op::RevokeKey => "The key is refused from the next request on.",
        Op::UpdatePartner => {
            "Absent fields stay, `null` clears. While a partner is paused its links lead to the landing page and its earlier \
             clicks still earn; a terminated partner earns nothing from conversions after that date, and termination is final."
        }
        Op::CreateListing | Op::UpdateListing => {
            "`secrets` are write-only: the answer shows which are set, never their values. To rotate one, send the new and the \
             old value together, later the new one alone."
        }
        Op::ListListings | Op::GetListing => "A partner's key sees the listings that its links lead to.",
        Op::CreateLink | Op::CreateLinks => {
            "`path` replaces the path of the listing's URL; the URL's own query stays. `expires_at` is cut to whole seconds."
        }
        Op::GetLinkQr => "Error correction level M: it survives a printed poster's wear.",
        Op::RevokeLink => {
            "Its visitors are led to the landing page from then on, everywhere within 2 minutes. Its earlier clicks still earn. \
             Revoking again changes nothing."
        }
        Op::CreateConversion => {
            "`type` and `external_id` together are unique for ever: the same content again is answered 200 with the first answer, \
             other content 409 `conversion_conflict`.\n\nSales and subscriptions need `amount` and `currency`. A click id that does \
             not verify is accepted and earns nobody anything (`reason: click_invalid`). A `customer_id` is bound to its touches by \
             the first conversion that names both: later conversions of that customer need no click id."
        }
        Op::ReportPlayInstall => {
            "For the app's backend: the app reads the Play Install Referrer on its first run, and the backend passes it on, having \
             judged the device as far as it can (Play Integrity). It needs a key, because a report binds the click in its referrer to \
             the customer `google-play:<obfuscated_account_id>`, or `google-play:<install_id>` without one, and with it what that \
             customer pays.\n\nThe install carries no amount, and `metadata.evidence` is `client_reported`. One whose click is newer \
             than the installation (`click_injection`), or which begins more than 24 hours ahead (`begins_ahead`), is accepted, \
             flagged in `metadata.flags`, and earns nobody anything. The same `install_id` again is answered 200 with the first \
             answer, other content 409 `conversion_conflict`."
        }
        Op::ExplainConversion => "The decision as it was kept with the conversion, word for word.",
        Op::CreateRefund => {
            "All that is left, if no amount is given. What is reversed in all is `commission × refunded so far / amount`, rounded \
             half up: a sale refunded in any parts ends at exactly zero. The same `external_id` again is answered 200 with the first \
             answer."
        }
        Op::ReleaseCommission => {
            "A commission is held (`held_reason`) where the message that told of its conversion is not signed and nobody confirmed \
             it: it stays pending beyond `payable_at`. It is released by the same event with better evidence, or here by somebody who \
             has looked at it; it then becomes payable at `payable_at`, or at once if that is over. One that is not held is answered \
             409 `not_held`."
        }
        Op::GetAttribution => {
            "`clicks` are people's clicks; other visits stand in `filtered`, each in one bucket. `revenue` is gross, `commission` is net \
             of reversals. A key of `null` means unattributed or unknown. Equal data are equal bytes: poll with `If-None-Match`."
        }
        Op::ListBalances => {
            "Sums of the ledger's transfers. `payable` is negative after a clawback of what was paid; `in_payout` is the part of it that is \
             bound in payouts."
        }
        Op::GetHistory => {
            "The click, every touch that was weighed, the conversion, how the commission was computed, its refunds, each transfer \
             of it and of the payouts that it was in, and those payouts: from the rows that are kept."
        }
        Op::GetTrialBalance => {
            "All accounts of all partners, by currency. Debits and credits are equal, in each currency, at any time."
        }
        Op::WriteOff => {
            "Brings a balance that is negative after a clawback back to nothing, commission by commission, the oldest first. Not \
             while a payout of the partner is open: if that failed, what was forgiven would be paid out."
        }
        Op::SetRates => {
            "A rate holds for one day and one direction. Runs use the rate of their `rate_date` and nothing else: no other day's, no \
             inverse, no way by a third currency. It may be corrected until a run that used it is approved. All or none."
        }
        Op::SetPayoutDetails => {
            "Write-only: sealed where it is kept, and in no event and no log. A payout is paid, and its statement made, by what was set \
             when its run was approved, so a later change does not redirect it."
        }
        Op::GetPayoutDetails => {
            "Which fields are set, and the end of the account. 404 where nothing was set."
        }
        Op::CreateRun => {
            "Takes every commission of which something is open and that became payable by the end of the period's last day in UTC, \
             however long ago; `from` names the run. What is open in other currencies than the partner's (the programme's, if it has \
             none) is exchanged. A partner whose sum is not above 0, or below the minimum, is carried into the next run; one that \
             another draft pays, or whose last payout is neither paid nor failed, is held. A draft \
             binds nothing.\n\nA run of the same period and currency is one run: the same terms again are answered 200 with the first \
             answer, others 409 `run_conflict`. A `minimum` holds for payouts in its own currency."
        }
        Op::RefreshRun => {
            "For a draft that is outdated, or after a missing rate was supplied. Payouts get new ids."
        }
        Op::CancelRun => "Its period may then be asked for again.",
        Op::ApproveRun => {
            "By another key than the one that asked for the run or computed it last, else 403 `own_run`. If anything changed since it \
             was computed, 409 `run_outdated`. From then on it is immutable: its commissions are bound, its money stands in \
             `in_payout`, and its invoices have their numbers."
        }
        Op::SendResults => {
            "For a provider's report. A payout that is told twice the same is as if it were told once."
        }
        Op::GetRunTable => {
            "RFC 4180. Every payout that was approved, however it ended. Texts that a spreadsheet would run are defused."
        }
        Op::GetSepaFile => {
            "ISO 20022 pain.001.001.09, in the characters that every SEPA bank takes. Payouts that are open, in EUR, of partners paid by \
             `sepa`. The end-to-end id is the payout's id, with a hyphen for the underscore."
        }
        Op::GetPaypalFile => {
            "PayPal's mass payment file: one currency, at most 5,000 rows. Payouts that are open."
        }
        Op::GetWiseFile => "Wise's batch file: at most 1,000 rows. Payouts that are open.",
        Op::ListPayouts | Op::GetPayout | Op::ListPayoutItems => {
            "A partner's key sees those of approved runs."
        }
        Op::PayPayout => {
            "The provider's reference is what proves it. The same again is answered with the payout as it stands, another reference \
             409 `payout_ended`."
        }
        Op::FailPayout => {
            "Its money is payable again, in the currencies that it was earned in, and the next run pays it."
        }
        Op::GetStatement | Op::GetStatementCsv | Op::GetStatementHtml => {
            "Opening balance, each commission, exchanges, total; with the number of the self-billing invoice, given at approval in a \
             sequence without gaps. VAT is contained in the total. The page prints on A4, and runs no script."
        }
        Op::ListEvents => {
            "For syncing: keep the `cursor` of the last event that you have handled and pass it as `after`. An event is written in the \
             same transaction as the change it tells of, and its `id` never changes."
        }
        Op::ListClicks => {
            "Clicks are kept 90 days, without IP addresses. A click appears within seconds of its redirect."
        }
        Op::ExportLog => {
            "The whole log as NDJSON, one page a request: clicks and events, then a line `{\"end\":true,…}`. Lines may repeat after a \
             retry; their ids do not change."
        }
        Op::FollowLink => {
            "The destination is always the listing's own host. The visitor's query is kept byte for byte, and \
             `<click_param>=<click id>` is added. Under `Sec-GPC: 1` there are no cookies and no visitor hash. A link that is expired, \
             revoked, paused or tampered with leads to the programme's landing page without a click id; 404 while none is set."
        }
        Op::FollowSlug => "As `GET /r/{token}`, for a link with a slug. An unknown slug is answered 404.",
        Op::ProbeLink | Op::ProbeSlug => "As GET, without a body. It counts as a bot's visit.",
        Op::OpenCallback => {
            "The vendor's query proves it. The visitor's clicks are bound to the vendor's account, and the browser goes on to the \
             listing's `forward_to` with the query as it came. In a vendor's frame the answer is a page that leads out of it."
        }
        Op::ReceiveCallback => {
            "Verified over the bytes as they came, by the vendor's own scheme, under the listing's secrets. It is answered after what \
             it tells is durable; a redelivery changes nothing. Some vendors use PUT and DELETE, too."
        }
        Op::GetHealth => "Touches no store.",
        Op::GetReadiness => "Touches each store.",
        Op::GetProgram
        | Op::ListRates
        | Op::ListRuns
        | Op::GetRun
        | Op::ListKeys
        | Op::CreatePartner
        | Op::ListPartners
        | Op::GetPartner
        | Op::ListLinks
        | Op::GetLink
        | Op::ListConversions
        | Op::GetConversion
        | Op::ListCommissions
        | Op::GetCommission
        | Op::GetOpenapi
        | Op::GetDocs => "",
    }
}
