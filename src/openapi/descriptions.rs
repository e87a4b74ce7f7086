//! What a reader should know of an operation beyond its name.

use crate::api::operation::Operation;

/// The text; empty where the name says all.
pub fn about(operation: Operation) -> &'static str {
    use Operation as Op;
    match operation {
        Op::SetProgram => {
            "What is left out takes its default; what has none stays: name and currency, and the terms of money (time zone, plans, \
             territories, joint products, referral, payer). The currency is fixed once money has moved; conversions may come in any.\n\n\
             Of the **plans** that hold when a conversion occurs and fit its partner, the most particular one counts: one for the \
             partner, then for its tier, its kind, everyone; on the listing before on all. A partner's own `commission_bp` goes \
             before all but a plan for that partner alone; without a plan the programme's `commission_bp` holds. A plan that has \
             begun may only be given an end that is still to come: its name stands on commissions. Sales are counted by calendar \
             months and quarters of `timezone`, in the order in which they are accepted, and a sale that is wholly refunded is \
             counted no more. A **cap** is on what was earned: what is taken back later is not given out again. A **bonus** is due \
             once a quarter, and payable a hold after the quarter's end; it stays when refunds come later, unless it is rejected.\n\n\
             The holder of a **territory** earns of every sale in it that it did not bring itself, by the customer's country (of \
             the conversion, else of the click); a **joint product** earns its other maker a share of every sale on its listing, \
             less the part of the cost that is still to be covered; the **referral** earns the partner who brought another one a \
             share of what that one earns by conversions, on top. An amount of the terms in another currency than the sale's cannot \
             be taken into account: the commission is held (`rate_missing`). What the \
             rules of `fraud` find suspect is held, too, from the next conversion on; a number that is left out or `null` switches \
             its rule off.\n\n`attribution.model` says how credit is shared: all to the newest touch \
             (`last_touch`) or the oldest (`first_touch`), the same to each (`linear`), 40 % to the first and the last and 20 % to \
             those between (`position`; two touches share evenly), or half as much for every `half_life_days` of age \
             (`time_decay`). Shares add up to 10,000 basis points and parts to the amount: what rounding leaves goes to the \
             largest remainders, of equal ones to the newest touch. The rules hold for conversions from then on; try them on \
             history with `POST /v1/attribution/simulate`."
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
        Op::CreateCoupon => {
            "A conversion that names the code earns the coupon's partner, without a click. A code counts for one partner at a \
             time: 409 `coupon_taken` while another coupon has it. Whether a coupon beats a click is the programme's \
             `attribution.precedence`."
        }
        Op::RevokeCoupon => {
            "It counts for nothing that happens from then on; what customers who used it buy later still earns. Revoking again \
             changes nothing."
        }
        Op::CreateConversion => {
            "`type` and `external_id` together are unique for ever: the same content again is answered 200 with the first answer, \
             other content 409 `conversion_conflict`.\n\nSales and subscriptions need `amount` and `currency`. A click id that does \
             not verify is accepted and earns nobody anything (`reason: click_invalid`). A `customer_id` is bound to its touches by \
             the first conversion that names both: later conversions of that customer need no click id.\n\nA `coupon` that \
             is in force then is a touch like a click, and is bound like one; an unknown code never refuses the sale \
             (`GET …/attribution` says `coupon_unknown`). Under models other than `last_touch` the visitor's clicks of before the one \
             that is named are weighed too. Of a conversion that several partners share, each sees its own credits and commissions."
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
        Op::CreatePlacement => {
            "The fee is a commission of its own, pending for the programme's hold from the day of publication. What comes back is \
             what the link in it brings from then on, net of refunds."
        }
        Op::ExplainConversion => "The decision as it was kept with the conversion, word for word.",
        Op::CreateRefund => {
            "All that is left, if no amount is given. What is reversed in all is `commission × refunded so far / amount`, rounded \
             half up: a sale refunded in any parts ends at exactly zero. The same `external_id` again is answered 200 with the first \
             answer."
        }
        Op::ReleaseCommission => {
            "A commission is held (`held_reason`) where the message that told of its conversion is not signed and nobody confirmed \
             it, or where a rule of the programme's `fraud` finds it suspect: it stays pending beyond `payable_at`. Each reason is a \
             flag (`held_…`). Better evidence of the same event ends `transport_only`; here somebody who has looked at it ends \
             all reasons at once. It then becomes payable at `payable_at`, or at once if that is over. One that is not held is \
             answered 409 `not_held`."
        }
        Op::RejectCommission => {
            "What is left of a commission that is pending, held or not, or payable goes to `reversed`; later refunds of its \
             conversion take nothing more. The note is kept with the event and not shown to the partner. One that is reversed \
             already, paid, or bound in a payout is answered 409 `not_rejectable`."
        }
        Op::GetAttribution => {
            "`clicks` are people's clicks; other visits stand in `filtered`, each in one bucket. `revenue` is gross, `commission` is net \
             of reversals. A key of `null` means unattributed or unknown. Equal data are equal bytes: poll with `If-None-Match`."
        }
        Op::SimulateAttribution => {
            "Reruns the touches that are kept with each conversion under other rules, and tells whose commission would be more or \
             less. It changes nothing. A partner's commission is reckoned at the rate that it had on that conversion, else at the \
             one now in force, and net of refunds. Touches that were bound to a customer keep the standing that they had; under \
             `last_touch` a visitor's earlier clicks were not asked for, so they are not there. At most 20,000 conversions at once."
        }
        Op::ListBalances => {
            "Sums of the ledger's transfers. `payable` is negative after a clawback of what was paid; what is bound in payouts that are not \
             settled is part of it, and stands alone in the trial balance."
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
        | Op::ListCoupons
        | Op::GetCoupon
        | Op::GetLink
        | Op::ListPlacements
        | Op::GetPlacement
        | Op::ListConversions
        | Op::GetConversion
        | Op::ListCommissions
        | Op::GetCommission
        | Op::GetOpenapi
        | Op::GetDocs => "",
    }
}
