//! The query parameters that several operations share, and the filters of lists.

use super::query::{QueryParameter, QuerySchema};

pub const CURSOR: QueryParameter = QueryParameter {
    name: "cursor",
    description: "`next_cursor` of the previous page, unchanged. The cursor of another list is refused.",
    schema: QuerySchema::Opaque,
};
pub const COUNT: QueryParameter = QueryParameter {
    name: "count",
    description: "`true`: the response has `total`, the number of rows of all pages. Counting reads all of them.",
    schema: QuerySchema::Flag,
};
pub const AFTER: QueryParameter = QueryParameter {
    name: "after",
    description: "`cursor` of the last event that you have. The parameter `cursor` means the same here.",
    schema: QuerySchema::Opaque,
};
pub const BY_PARTNER: QueryParameter = QueryParameter {
    name: "partner_id",
    description: "Only data of this partner.",
    schema: QuerySchema::Partner,
};
pub const BY_LISTING: QueryParameter = QueryParameter {
    name: "listing_id",
    description: "Only data of this listing.",
    schema: QuerySchema::Listing,
};
pub const BY_LINK: QueryParameter =
    QueryParameter { name: "link_id", description: "Only data of this link.", schema: QuerySchema::Link };
pub const BY_HELD: QueryParameter = QueryParameter {
    name: "held",
    description: "`true`: only commissions that are held; `false`: only those that are not.",
    schema: QuerySchema::Flag,
};
pub const BY_HELD_REASON: QueryParameter = QueryParameter {
    name: "held_reason",
    description: "Only commissions whose most serious reason for being held is this one.",
    schema: QuerySchema::HeldReason,
};
pub const BY_COMMISSION_STATUS: QueryParameter = QueryParameter {
    name: "status",
    description: "Only commissions with this status.",
    schema: QuerySchema::CommissionStatus,
};
pub const BY_CALLBACK_STATUS: QueryParameter = QueryParameter {
    name: "status",
    description: "Only callbacks with this status.",
    schema: QuerySchema::CallbackStatus,
};
pub const BY_DATE: QueryParameter =
    QueryParameter { name: "date", description: "Only rates of this day.", schema: QuerySchema::Date };
pub const BY_SOURCE_CURRENCY: QueryParameter = QueryParameter {
    name: "from",
    description: "Only rates from this currency.",
    schema: QuerySchema::Currency,
};
pub const BY_TARGET_CURRENCY: QueryParameter =
    QueryParameter { name: "to", description: "Only rates to this currency.", schema: QuerySchema::Currency };
pub const BY_CURRENCY: QueryParameter = QueryParameter {
    name: "currency",
    description: "Only payouts in this currency.",
    schema: QuerySchema::Currency,
};
pub const BY_RUN: QueryParameter =
    QueryParameter { name: "run_id", description: "Only payouts of this run.", schema: QuerySchema::Run };
pub const BY_PAYOUT_STATUS: QueryParameter = QueryParameter {
    name: "status",
    description: "Only payouts with this status.",
    schema: QuerySchema::PayoutStatus,
};
pub const AT: QueryParameter = QueryParameter {
    name: "at",
    description: "The state at this time, inclusive; now if absent.",
    schema: QuerySchema::Time,
};
pub const FROM: QueryParameter = QueryParameter {
    name: "from",
    description: "The start of the period, inclusive.",
    schema: QuerySchema::Time,
};
pub const TO: QueryParameter = QueryParameter {
    name: "to",
    description: "The end of the period, exclusive.",
    schema: QuerySchema::Time,
};
pub const PARTIAL: QueryParameter = QueryParameter {
    name: "partial",
    description: "`true`: leave out payouts that cannot be in the file. The header `x-signpost-left-out` lists them.",
    schema: QuerySchema::Flag,
};
pub const EXECUTION_DATE: QueryParameter = QueryParameter {
    name: "execution_date",
    description: "The day on which the bank is asked to pay; today if absent. If banks are closed on that day (TARGET), the next \
                  day on which they are open.",
    schema: QuerySchema::Date,
};
pub const PART: QueryParameter = QueryParameter {
    name: "part",
    description: "The number of the file, if there are more rows than the provider accepts in one file.",
    schema: QuerySchema::Part,
};

pub const FILE: QueryParameter = QueryParameter {
    name: "file",
    description: "The number of a file that was handed out before, from the event `payout_run.file_created`. If absent: a \
                  new file of the payouts that are in none, or the newest file again.",
    schema: QuerySchema::Part,
};

const fn text(name: &'static str, description: &'static str) -> QueryParameter {
    QueryParameter { name, description, schema: QuerySchema::Opaque }
}

pub const BY_EXTERNAL_ID: QueryParameter = text("external_id", "Only conversions with this `external_id`.");
pub const BY_CUSTOMER: QueryParameter = text(
    "customer_id",
    "Only conversions of this customer. A partner's key may use it only if the programme has `partners_see_customers`.",
);
pub const BY_COUPON: QueryParameter =
    text("coupon", "Only conversions that named this code; ASCII letters match in any case.");
pub const BY_CONVERSION_TYPE: QueryParameter = QueryParameter {
    name: "type",
    description: "Only conversions of this type.",
    schema: QuerySchema::ConversionType,
};
pub const BY_ATTRIBUTION: QueryParameter = QueryParameter {
    name: "status",
    description: "Only conversions that are attributed or not.",
    schema: QuerySchema::AttributionStatus,
};
pub const HAPPENED_FROM: QueryParameter = QueryParameter {
    description: "Only conversions that happened at this time or later. With `from` or `to`, the list is in the order of \
                  `occurred_at`, newest first.",
    ..FROM
};
pub const HAPPENED_TO: QueryParameter =
    QueryParameter { description: "Only conversions that happened before this time.", ..TO };
pub const BY_CONVERSION: QueryParameter = QueryParameter {
    name: "conversion_id",
    description: "Only commissions of this conversion.",
    schema: QuerySchema::Conversion,
};
pub const BY_PLAN: QueryParameter = text("plan", "Only commissions under the plan with this name.");
pub const BY_CAMPAIGN: QueryParameter = text("campaign", "Only links of this campaign.");
pub const BY_SLUG: QueryParameter = text("slug", "Only the link with this slug, in any case.");
pub const BY_PARTNER_STATUS: QueryParameter = QueryParameter {
    name: "status",
    description: "Only partners with this status.",
    schema: QuerySchema::PartnerStatus,
};
pub const BY_PARTNER_KIND: QueryParameter = QueryParameter {
    name: "kind",
    description: "Only partners of this kind.",
    schema: QuerySchema::PartnerKind,
};
pub const BY_COUNTRY: QueryParameter = QueryParameter {
    name: "country",
    description: "Only partners in this country.",
    schema: QuerySchema::Country,
};
pub const SEARCH: QueryParameter = text(
    "q",
    "Only partners in whose name or e-mail address each of these words begins a word. Case and accents do not matter.",
);
pub const BY_EVENT_TYPE: QueryParameter =
    QueryParameter { name: "type", description: "Only events of this type.", schema: QuerySchema::EventType };
pub const BY_ATTEMPT_STATUS: QueryParameter = QueryParameter {
    name: "status",
    description: "Only attempts of which this became. A retry is due for a pending one.",
    schema: QuerySchema::AttemptStatus,
};
pub const BY_BUCKET: QueryParameter = QueryParameter {
    name: "bucket",
    description: "Only clicks in this bucket.",
    schema: QuerySchema::Bucket,
};
