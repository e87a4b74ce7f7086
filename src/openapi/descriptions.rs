//! Descriptions of operations: what their summaries do not say.

use crate::api::operation::Operation;

/// The description; empty if the summary says everything.
pub fn about(operation: Operation) -> &'static str {
    use Operation as Op;
    match operation {
        Op::UpdateProgram => {
            "A JSON Merge Patch (RFC 7396): fields that are left out keep their values, and `null` returns one to its default. Lists \
             such as `plans` are replaced as a whole. The rules are those of `PUT`."
        }
        Op::SetProgram => {
            "Fields that are left out take their defaults, which the response lists in `defaulted`; use `PATCH` to change some \
             fields only. Fields without a default keep their values: name, currency, time zone, \
             plans, territories, joint products, referral and payer. The currency is fixed once money has moved; conversions may \
             come in any currency.\n\n\
             Of the **plans** that are in force when a conversion occurs and that apply to its partner, the most specific one \
             counts: a plan for the partner before one for its tier, its kind or everyone; at each level, a plan for the listing \
             before one for all listings. A partner's own `commission_bp` takes precedence over all plans except one for that \
             partner alone; without a plan the programme's `commission_bp` applies. A plan that has begun can only be given an end \
             in the future, because commissions refer to it by name. Sales are counted by calendar months and quarters of \
             `timezone`, in the order in which they are accepted; a fully refunded sale no longer counts. A **cap** limits what is \
             earned: amounts that are taken back later do not become available again. A **bonus** is due once per quarter and \
             becomes payable one hold period after the end of the quarter; later refunds do not reduce it, but it can be \
             rejected.\n\n\
             The holder of a **territory** earns from every sale in it that it did not bring itself, by the customer's country \
             (of the conversion, otherwise of the click). A **joint product** earns its second maker a share of every sale on its \
             listing, less the part of the cost that is not covered yet. The **referral** earns a partner a share of what the \
             partners it recruited earn from conversions; it is paid on top. If an amount in the terms is in another currency than \
             the sale, it cannot be applied, and the commission is held (`rate_missing`). Commissions that match a rule of \
             `fraud` are also held, starting with the next conversion; a limit that is absent or `null` switches its rule \
             off.\n\n\
             `attribution.model` defines how credit is shared: all to the newest touch (`last_touch`) or to the oldest \
             (`first_touch`), equally (`linear`), 40 % each to the first and the last touch and 20 % to those between \
             (`position`; two touches share equally), or with weights that halve with every `half_life_days` of age \
             (`time_decay`). Shares add up to 10,000 basis points and parts add up to the amount: the rest after rounding goes to \
             the largest remainders, and among equal remainders to the newest touch. The rules apply to conversions from then on. \
             Try them on past conversions with `POST /v1/attribution/simulate`."
        }
        Op::CreateKey => {
            "Only a hash of the key is stored, so it cannot be shown again; a replayed response leaves it out. A key with a \
             `partner_id` sees only that partner's data and gets 404 for everything else. A publishable key (`pk_…`) may be \
             contained in web pages: it works for pages of its `origins` only, and either reads one partner's data or reports leads."
        }
        Op::CreateToken => {
            "A token reads one partner's data for at most an hour, for a page that polls. It ends with the key that made it. A \
             partner's key makes tokens of its own partner with the scope `read`. With a `path`, the answer contains an address \
             that works in `<img>` and `<a>` without a header, and the token opens nothing else."
        }
        Op::RevokeKey => "The key is refused from the next request on.",
        Op::GetPartnerTerms => {
            "What the partner earns: its rate, the plans that apply to it now or will, its territories and joint products, the \
             attribution rules and the days of hold. Terms of other partners are not shown."
        }
        Op::UpdatePartner => {
            "Fields that are absent keep their values; `null` clears a field. While a partner is paused, its links lead to the \
             landing page and its earlier clicks still earn. A terminated partner earns nothing from later conversions, and \
             termination is final."
        }
        Op::RestorePage => {
            "The body is a page of `GET /v1/export`, unchanged, of at most 8 MiB. The first page needs an empty Ledger, and each \
             other one the page before it; a page that is sent again changes nothing. Until the page with `\"end\":true`, other \
             writes are refused with 409 `restoring`. Secrets of listings, payout details, the payer's account and API keys are \
             in no export; the last response lists what must be set again."
        }
        Op::GetRestore => {
            "404 if this Ledger was never restored. Balances are compared when the last page is applied; counts once no clicks \
             are on their way. Later data change the counts of this Ledger and not those of the original."
        }
        Op::ImportLines => {
            "NDJSON: each line is one object with its own id and time, `{\"object\", \"external_id\", \"created_at\", …}`, and \
             the fields of the request that creates it. At most 1,000 lines and 1 MiB a call. All lines are accepted or none; \
             `errors` name the line and the field. A line that was imported before changes nothing; other content under its \
             `external_id` is refused. An id may be `ext:` and an external id, of this call or an earlier one.\n\n\
             Partners, listings, links, coupons, conversions and refunds (with `conversion_id`) are handled as by their own \
             requests, at the time of the line: commissions are computed by the terms in force now, and become payable on the \
             day on which they would have. Send lines in the order of time, after the programme's terms. Velocity counts by the \
             times of the lines, so an import is not held for being one.\n\n\
             A `click` has `link_id`, `country`, `device`, `class` (`human`, `bot`, `prefetch`), `visitor` (any text; stored as a \
             hash) and `trail` (up to 8 earlier clicks). A `customer` has `click_id` or `link_id`: the customer's next \
             conversions are credited to it. A `commission` and an `opening_balance` have `partner_id` and `amount` (money) and \
             are booked as they are; a commission also has `matures_at`. A `payout` has `partner_id`, `period`, `reference` and \
             `amount` (all that was payable by the end of the period if absent): it pays the oldest open commissions and gets no \
             invoice number."
        }
        Op::CreateListing | Op::UpdateListing => {
            "`secrets` are write-only: the response shows which are set, never their values. To rotate a secret, send the new and \
             the old value together, and later the new value alone."
        }
        Op::ListListings | Op::GetListing => "A partner's key sees the listings that its links lead to.",
        Op::GetListingHealth => {
            "A listing is silent when no callback was accepted for eight times its usual interval, at least 24 hours; the event \
             `listing.silent` then says so once. The next accepted callback ends the silence (`listing.recovered`). A callback \
             that is delivered again counts, and so does one that is kept because it could not be read. What the app's own server \
             sends does not count.\n\n\
             The counts are by whole hours. Anybody can send forged callbacks, so the Worker refuses them without the Ledger and \
             reports only their numbers, at most once a minute: `refused_24h` is approximate."
        }
        Op::CreateLink | Op::CreateLinks => {
            "`path` replaces the path of the listing's URL; the query of that URL is kept, and `query` is added to it. \
             `expires_at` is truncated to whole seconds.\n\n\
             `POST /v1/links/bulk` takes up to 100 links as JSON, or up to 1,000 as `text/csv`: the first row names the columns \
             `partner_id`, `listing_id`, `campaign`, `path`, `query`, `slug`, `expires_at` and `metadata.<key>`. Errors name the \
             row, as a spreadsheet numbers it, and the column: `/rows/3/slug`."
        }
        Op::UpdateLink => {
            "Fields that are absent keep their values; `null` clears a field. A changed destination and an earlier expiry take \
             effect under the same URL, everywhere within 2 minutes. A later expiry gives the link a new `url`, because the \
             expiry is inside it; the old one still ends at its own expiry, and the slug follows the new one. Of a revoked link, \
             only `campaign` and `metadata` can be changed."
        }
        Op::GetLinkQr | Op::GetLinkPng => {
            "The error correction level is M, which tolerates the wear of a printed poster."
        }
        Op::RevokeLink => {
            "Its visitors are redirected to the landing page, everywhere within 2 minutes. Its earlier clicks still earn. Revoking \
             a revoked link changes nothing."
        }
        Op::CreateCoupon => {
            "A conversion that names the code earns the coupon's partner a commission without a click. A code belongs to one \
             partner at a time: 409 `coupon_taken` while another coupon uses it. The programme's `attribution.precedence` defines \
             whether a coupon takes precedence over a click."
        }
        Op::RevokeCoupon => {
            "The code no longer earns from new uses; later purchases of customers who used it still earn. Revoking a revoked \
             coupon changes nothing."
        }
        Op::CreateConversion => {
            "The pair of `type` and `external_id` is unique for ever: the same content again gets 200 and the first response, \
             other content 409 `conversion_conflict`.\n\n\
             Sales and subscriptions need `amount` and `currency`. A click id that cannot be verified is accepted but earns \
             nothing (`reason: click_invalid`). A `customer_id` is bound to its touches by the first conversion that names both; \
             later conversions of that customer need no click id.\n\n\
             A publishable key with `leads:report` sends `type`, `external_id` and `click_id` of a lead only, gets back no more than \
             its `id`, `type` and `external_id`, and what the lead earns is held until an operator releases it. Its id is stored with \
             `page:` in front, a name space of its own: a page cannot take the id of a lead that your server reports, and your \
             server's leads cannot begin with `page:`. A lead that is reported from both places counts twice.\n\n\
             A `coupon` that is in force at that time is a touch like a click and is bound like one. An unknown code never causes \
             a refusal (`GET …/attribution` shows `coupon_unknown`). Under models other than `last_touch`, the visitor's clicks \
             before the named one are weighed too. If several partners share a conversion, each sees only its own credits and \
             commissions."
        }
        Op::ReportPlayInstall => {
            "For the app's backend. The app reads the Play Install Referrer on its first run, and the backend forwards it after \
             judging the device as well as it can (Play Integrity). The operation needs a key, because a report binds the click in \
             its referrer to the customer `google-play:<obfuscated_account_id>`, or `google-play:<install_id>` if the account id is \
             absent, and thereby also what that customer pays.\n\n\
             An install has no amount, and its `metadata.evidence` is `client_reported`. An install whose click is newer than the \
             installation (`click_injection`), or which begins more than 24 hours in the future (`begins_ahead`), is accepted and \
             flagged in `metadata.flags` but earns nothing. The same `install_id` again gets 200 and the first response, other \
             content 409 `conversion_conflict`."
        }
        Op::CreatePlacement => {
            "The fee is a commission of its own, pending for the programme's hold period from the day of publication. The revenue \
             is what the placement's link brings from then on, net of refunds."
        }
        Op::ExplainConversion => "The decision exactly as it was stored with the conversion.",
        Op::CreateRefund => {
            "Without an amount, everything that is left is refunded. The total that is reversed is \
             `commission × refunded so far / amount`, rounded half up, so a sale that is refunded in several parts ends at exactly \
             zero. The same `external_id` again gets 200 and the first response."
        }
        Op::QualifyLead => {
            "Records whether a lead is worth pursuing; only leads are decided on (422 `not_a_lead`). A later decision replaces the \
             one before, and the same status with the same reason changes nothing. Each decision writes the event \
             `conversion.qualified` or `conversion.unqualified`. Partners see the status and not the reason.\n\n\
             Reports count the lead in `qualified_leads` where they count it in `leads`: at the time when it happened, under its \
             largest credit. What the lead earns stays as it is: reject its commission if it should not be paid. A lead that was \
             refunded or whose commission was rejected can still be decided on."
        }
        Op::ListCallbacks => {
            "A callback whose signature is valid but which, or a part of which, cannot be read is kept before its marketplace gets \
             a response, and the event `callback.unprocessed` reports it. What the marketplace sent is stored encrypted, is \
             never shown, and is deleted once it is processed, at the latest after 90 days. Callbacks whose signature is not \
             valid are not kept, because anybody can send them; the Worker's log has their reasons."
        }
        Op::RetryCallback => {
            "Reads a kept callback again, for example after an upgrade or after its listing's settings were corrected, and records \
             what it reports. Its `status` says what became of it: `processed` (event `callback.processed`); `unprocessed` with \
             the reason why it, or a part of it, can still not be read; or `refused` (event `callback.refused`) if its \
             single-use token was used before. Trying a callback again that is processed or refused changes nothing. Events in it \
             without a time are dated by its arrival."
        }
        Op::ReleaseCommission => {
            "A commission is held (`held_reason`) if the message about its conversion is not signed and nobody confirmed it, or if \
             a rule of the programme's `fraud` matches. It then stays pending beyond `payable_at`. Each reason is a flag \
             (`held_…`). Better evidence of the same event removes `transport_only`; this operation removes all reasons after a \
             review. The commission becomes payable at `payable_at`, or immediately if that time is over. For a commission that is \
             not held the response is 409 `not_held`."
        }
        Op::RejectCommission => {
            "The rest of a commission that is pending (held or not) or payable moves to `reversed`; later refunds of its \
             conversion take nothing more. The note is stored with the event and not shown to the partner. For a commission that \
             is already reversed, paid or part of a payout the response is 409 `not_rejectable`."
        }
        Op::GetAttribution | Op::GetAttributionCsv => {
            "`clicks` are clicks by people; other visits are in `filtered`, each in one bucket. `qualified_leads` are those of the \
             `leads` that an operator has qualified. `revenue` is gross, `commission` is net of reversals. A key of `null` means unattributed or unknown. Equal data give equal bytes, so poll with \
             `If-None-Match`."
        }
        Op::SimulateAttribution => {
            "Reruns past conversions under other attribution rules or plans, with the code that accepts conversions, in a copy of \
             the state, and returns what they would have earned: tiers, caps, fixed amounts, bonuses, territories and joint \
             products included. Nothing is written. Partners without a plan keep the rate that they had. Amounts are net of \
             refunds. Every conversion is also rerun under the terms as they were. If that does not lead to what was booked, \
             because terms were changed since, it is left as it was booked and listed in `inexact_conversions` \
             (`booked_otherwise`). So is a conversion whose visitor's earlier clicks were not fetched when it was accepted, as \
             under `last_touch`, although the rules weigh them (`trail_unknown`); it is simulated without them. All conversions \
             since the first one of the period are rerun; there may be at most 10,000. It runs in short slices, so that sales do not \
             wait for it, and takes seconds, or with 10,000 conversions up to a minute. Conversions that are accepted after its \
             start are left out. One simulation runs at a time; another one waits for its turn, and gets `busy` with \
             `Retry-After` after half a minute."
        }
        Op::ListBalances => {
            "Sums of the ledger's transfers. `payable` is negative after a clawback of money that was already paid. It includes \
             what is bound in unsettled payouts, which the trial balance also shows separately."
        }
        Op::GetHistory => {
            "The click, every touch that was weighed, the conversion, the computation of the commission, its refunds, each of its \
             transfers, and its payouts with their transfers, from the stored rows."
        }
        Op::GetTrialBalance => {
            "All accounts of all partners, by currency. Debits equal credits in each currency at any time."
        }
        Op::WriteOff => {
            "Sets a balance that is negative after a clawback to zero, commission by commission, the oldest first. It is refused \
             while a payout of the partner is open, because the written-off amount would be paid out if that payout failed."
        }
        Op::SetRates => {
            "A rate is valid for one day and one direction. A run uses the rates of its `rate_date` only: no rate of another day, no \
             inverse, and no conversion through a third currency. A rate may be corrected until a run that used it is approved. \
             Either all rates of a request are stored, or none."
        }
        Op::SetPayoutDetails => {
            "Write-only: the values are stored encrypted and appear in no event and no log. A payout and its statement use the \
             details that were set when the run was approved, so a later change does not redirect the money. If the partner's own \
             key sets them, payouts are held for three days (`details_recent`)."
        }
        Op::GetPayoutDetails => {
            "Which fields are set, and the last characters of the account. `status` is `details_missing` if nothing is set."
        }
        Op::CreateRun => {
            "The run takes every commission that is not fully paid and became payable by the end of the period's last day in UTC, \
             however old; `from` only names the run. Amounts in other currencies than the partner's (or the programme's, if the \
             partner has none) are exchanged. A partner whose sum is not above 0, or is below the minimum, is carried into the \
             next run. A partner is held if another draft pays it, if its last payout is neither paid nor failed, or if it has no \
             payout details (event `payout.held`). A draft binds \
             nothing.\n\n\
             There is one run per period and currency: the same terms again get 200 and the first response, other terms 409 \
             `run_conflict`. A `minimum` applies to payouts in its own currency."
        }
        Op::RefreshRun => {
            "For a draft that is outdated, or after a missing rate was supplied. Payouts get new ids."
        }
        Op::CancelRun => "A new run of the same period may then be requested.",
        Op::ApproveRun => {
            "The approving key must differ from the key that requested or last recomputed the run, and must not have been made by \
             it, directly or through other keys; otherwise 403 `own_run`. If \
             anything has changed since the run was computed, the response is 409 `run_outdated`. An approved run is immutable: \
             its commissions are bound, its money is in `in_payout`, and its invoices have their numbers."
        }
        Op::SendResults => "For a provider's report. Sending the same result again changes nothing.",
        Op::GetRunTable => {
            "RFC 4180. It contains every approved payout, whether open, paid or failed. Text that a spreadsheet would evaluate as a \
             formula is escaped."
        }
        Op::GetSepaFile => {
            "ISO 20022 pain.001.001.09, in the characters that every SEPA bank accepts. It contains the open payouts in EUR of \
             partners that are paid by `sepa`. The end-to-end id is the payout's id with a hyphen in place of the underscore.\n\n\
             A file that was handed out is final: a new file contains none of its payouts. If there are no others, the newest \
             file is returned again with the payouts that are still open, under the same message id, so that the bank refuses \
             it if it has the first. It says so in a comment and in the header `x-signpost-replaces`."
        }
        Op::GetPaypalFile => {
            "PayPal's mass payment file: one currency, at most 5,000 rows. It contains the open payouts that are in no other file \
             of the run. If there are none, the newest file is returned again with the payouts that are still open, and the \
             header `x-signpost-replaces` names it: give PayPal only one of them."
        }
        Op::GetWiseFile => {
            "Wise's batch file: at most 1,000 rows. It contains the open payouts that are in no other file of the run. If there \
             are none, the newest file is returned again with the payouts that are still open, and the header \
             `x-signpost-replaces` names it: give Wise only one of them."
        }
        Op::ListPayouts | Op::GetPayout | Op::ListPayoutItems => {
            "A partner's key sees its payouts of approved runs."
        }
        Op::PayPayout => {
            "The provider's reference proves the payment. The same reference again gets the payout in its current state, another \
             reference 409 `payout_ended`."
        }
        Op::FailPayout => {
            "The money becomes payable again in the currencies in which it was earned, and the next run pays it. The invoice of \
             the payout is cancelled. A payout that was reported as paid can still fail: banks return payments days later. \
             A `fee` is recorded with the payout and is not charged to the partner."
        }
        Op::GetStatement | Op::GetStatementCsv | Op::GetStatementHtml => {
            "Opening balance, commissions, exchanges and total, with the number of the self-billing invoice. Numbers are assigned \
             at approval, in a sequence without gaps. The total includes VAT. The page prints on A4 and runs no script."
        }
        Op::ListConversions => {
            "In the order in which they were accepted; with `from` or `to`, in the order in which they happened. Several filters \
             together select what matches all of them."
        }
        Op::ListCommissions => {
            "`from` and `to` select by the time of creation. Several filters together select what matches all of them."
        }
        Op::ListEvents => {
            "For syncing: store the `cursor` of the last event that you have handled and pass it as `after`. An event is written in \
             the same transaction as the change it describes, and its `id` never changes. Events of any age are listed. Those older than \
             `event_retention_days` are read from the log in Workers KV, at most 2,000 of them a page: with a filter, a page may have \
             fewer events than `limit`, or none, and still a `next_cursor`. If KV does not respond, the answer is 503."
        }
        Op::CreateWebhook => {
            "Events are sent to the `url` by the rules of Standard Webhooks 1.0, from the next one on: at least once, and those about \
             one conversion in their order. A partner's key creates endpoints of its own partner. A programme has at most 1,000 \
             endpoints and a partner at most 20."
        }
        Op::ListWebhooks | Op::GetWebhook => "A partner's key sees its own partner's endpoints.",
        Op::UpdateWebhook => {
            "A paused endpoint receives nothing, and its events wait. Once it is active again, it receives in order what was not \
             given up; ask for the rest with a replay."
        }
        Op::DeleteWebhook => {
            "Events that wait for the endpoint, and the list of its deliveries, are deleted too."
        }
        Op::RotateWebhookSecret => {
            "Until 24 hours later, deliveries are signed with the old secret too, so that your receiver can change its secret at any \
             time in between."
        }
        Op::TestWebhook => {
            "Sends an event of type `webhook.test` to this endpoint only. The list of deliveries shows the result."
        }
        Op::ListDeliveries => {
            "Each attempt is one row. A failed event is sent again after 5 seconds, 5 minutes, 30 minutes, 2, 5, 10 and 10 hours \
             (± 20 %), then given up."
        }
        Op::ReplayEvents => {
            "The events keep their ids, so that a receiver that has seen them can skip them. Send either `event_ids`, or `from` and \
             `to`. Events of any age can be sent again; ids of events that are older than `event_retention_days` may be from at most \
             16 segments of 500 events."
        }
        Op::ListClicks => {
            "Clicks are stored for 90 days, without IP addresses. A click appears within seconds of its redirect."
        }
        Op::ExportLog => {
            "The whole log as NDJSON, one page per request: clicks and events, then a line that ends the page. `{\"end\":true,…}` is \
             the end of the export; `{\"end\":false,…}` has the `next_cursor` of the next page. Lines may repeat after a retry; \
             their ids do not change."
        }
        Op::FollowLink => {
            "The destination is always on the listing's own host. The visitor's query is kept byte for byte, and \
             `<click_param>=<click id>` is added. Under `Sec-GPC: 1` no cookie is set and no visitor hash is stored. A link that is \
             expired, revoked, paused or tampered with leads to the programme's landing page without a click id, or to 404 if no \
             landing page is set.\n\n\
             What messengers, mail clients and people add to the end of an address is ignored: `/ . , ) ! ? ; : ' \" ] } > *` and \
             blanks, as they are or percent-encoded. Hyphens and underscores are not, because a token may end with one. Methods \
             other than GET and HEAD get 405, whether or not the link exists."
        }
        Op::FollowSlug => {
            "Like `GET /r/{token}`, for a link with a slug. An unknown slug leads to the landing page, and gets 404 while none is set."
        }
        Op::ProbeLink | Op::ProbeSlug => "Like GET, without a body. It counts as a visit by a bot.",
        Op::OpenCallback => {
            "The marketplace's query is the proof. The visitor's clicks are bound to the account at the marketplace, and the \
             browser is redirected to the listing's `forward_to` with the original query. In a marketplace's frame the response is \
             a page that leads to the top level."
        }
        Op::ReceiveCallback => {
            "The message is verified over its original bytes, by the marketplace's own scheme, with the listing's secrets. The \
             response is sent after its content is stored durably; a redelivery changes nothing. Some marketplaces also use PUT \
             and DELETE."
        }
        Op::GetHealth => "The check accesses no storage.",
        Op::GetReadiness => "The check accesses every store that the Worker needs.",
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
        | Op::GetConversion
        | Op::GetCommission
        | Op::GetOpenapi => "",
        Op::GetDocs => {
            "Below it are the guides (`/docs/guides`) and every word of the API with its meaning (`/docs/enumerations`)."
        }
    }
}
