//! Which rows of the Ledger a simulation copies.

/// Where copying a table begins.
pub enum Start {
    /// Before all rows: a key as a JSON array.
    Key(&'static str),
    /// Before the first conversion of the rerun.
    FirstConversion,
}

/// Rows of one table, and the table whose pages are read to find them.
pub struct Source {
    /// The table that is written.
    pub table: &'static str,
    /// The columns that are written.
    pub columns: &'static str,
    /// The table that is read in pages (`p`), in the order of `key`.
    pub scanned: &'static str,
    /// The key of that table.
    pub key: &'static str,
    /// Where reading begins.
    pub start: Start,
    /// The values of the columns.
    pub values: &'static str,
    /// What follows `FROM`; `p` is a page of that table, `x` the extent.
    pub from: &'static str,
    /// The condition of the rows of the base, and that of the rows of the history.
    pub base: Option<&'static str>,
    /// See `base`.
    pub history: Option<&'static str>,
    /// Whether a rerun changes rows of the table.
    pub is_rerun: bool,
}

const CONVERSIONS: &str = "no, id, type, external_id, amount, currency, refunded, click_id, customer_id, coupon, listing_no, \
     occurred_at, metadata, created_at, partner_no, link_no, country, device, sent, attribution, answer, held_reason, tax, \
     discount, shipping, sold_in, counted, uses";
const COMMISSIONS: &str = "no, id, conversion_no, partner_no, link_no, click_id, share_bp, rate_bp, amount, reversed, currency, \
     status, flags, matures_at, created_at, held_reason, source, base, plan, subject, settled, written_off";
const PAGE: &str = "extent x, page p";
const IS_RERUN: &str = "p.no >= x.first AND p.no <= x.last";

/// A condition on the customer of `$of`: one of its conversions is rerun, or a touch of it was bound late.
macro_rules! rerun_customer {
    ($of:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM conversions h WHERE h.customer_id = ",
            $of,
            ".customer_id AND h.no >= x.first AND h.no <= x.last) OR EXISTS (SELECT 1 FROM customer_touches b \
             WHERE b.customer_id = ",
            $of,
            ".customer_id AND b.bound_by = 0 AND b.bound_at >= x.since AND b.bound_at <= x.started))"
        )
    };
}

/// A condition on an earlier conversion `$c`: it numbers the next one, a touch may still earn it, or a tier may lift it.
macro_rules! earlier_conversion {
    ($c:literal) => {
        concat!(
            $c,
            ".no < x.first AND (",
            $c,
            ".no = x.first - 1 OR ",
            rerun_customer!($c),
            " OR EXISTS (SELECT 1 FROM commissions m WHERE m.conversion_no = ",
            $c,
            ".no AND m.subject IS NOT NULL AND m.plan IS NOT NULL AND m.no <= x.last_commission))"
        )
    };
}

/// A condition on a touch `p` that was bound before the rerun, or is bound in it again.
const BOUND_BEFORE: &str = concat!(
    "p.bound_by < x.first AND (p.bound_by <> 0 OR coalesce(p.bound_at, 0) < x.since) AND (x.first = 1 OR ",
    rerun_customer!("p"),
    ")"
);
const BOUND_LATE: &str = "p.bound_by = 0 AND p.bound_at >= x.since AND p.bound_at <= x.started";

const LINKS: &str = "no, id, partner_no, listing_no, token, metadata, created_at";
const LINK_VALUES: &str = "l.no, l.id, l.partner_no, l.listing_no, '', '{}', l.created_at";

/// In the order in which rows refer to each other.
pub const SOURCES: [Source; 12] = [
    Source {
        table: "meta",
        columns: "name, value",
        scanned: "meta",
        key: "name",
        start: Start::Key(r#"[""]"#),
        values: "p.name, p.value",
        from: PAGE,
        base: Some("p.name = 'program'"),
        history: None,
        is_rerun: true,
    },
    // What conversions after the last one have added is subtracted at once. What the rerun conversions have added is subtracted
    // when the base is written.
    Source {
        table: "uses",
        columns: "key, used",
        scanned: "uses",
        key: "key",
        start: Start::Key(r#"[""]"#),
        values: "p.key, p.used - coalesce((SELECT sum(u.value ->> '$.added') FROM conversions c, json_each(c.uses) u \
                 WHERE c.no > x.last AND u.value ->> '$.key' = p.key), 0)",
        from: PAGE,
        base: Some("x.first > 1"),
        history: None,
        is_rerun: true,
    },
    Source {
        table: "partners",
        columns: "no, id, name, kind, status, email, country, currency, commission_bp, external_id, metadata, created_at, \
                  updated_at, terminated_at, tier, referred_by, origins",
        scanned: "partners",
        key: "no",
        start: Start::Key("[0]"),
        values: "p.no, p.id, '', p.kind, p.status, NULL, p.country, p.currency, p.commission_bp, NULL, '{}', p.created_at, \
                 p.updated_at, p.terminated_at, p.tier, p.referred_by, '[]'",
        from: PAGE,
        base: Some("true"),
        history: None,
        is_rerun: true,
    },
    Source {
        table: "listings",
        columns: "no, id, name, marketplace, url, slug, settings, secret_names, created_at, updated_at, window_days",
        scanned: "listings",
        key: "no",
        start: Start::Key("[0]"),
        values: "p.no, p.id, p.name, p.marketplace, p.url, p.slug, p.settings, '[]', p.created_at, p.updated_at, p.window_days",
        from: PAGE,
        base: Some("true"),
        history: None,
        is_rerun: false,
    },
    Source {
        table: "coupons",
        columns: "no, id, code, code_key, partner_no, listing_no, effective_from, effective_until, metadata, created_at, \
                  revoked_at",
        scanned: "coupons",
        key: "no",
        start: Start::Key("[0]"),
        values: "p.no, p.id, p.code, p.code_key, p.partner_no, p.listing_no, p.effective_from, p.effective_until, '{}', \
                 p.created_at, p.revoked_at",
        from: PAGE,
        base: Some("p.created_at <= x.started"),
        history: None,
        is_rerun: false,
    },
    Source {
        table: "conversions",
        columns: CONVERSIONS,
        scanned: "conversions",
        key: "no",
        start: Start::Key("[0]"),
        values: "p.no, p.id, p.type, p.external_id, p.amount, p.currency, p.refunded, p.click_id, p.customer_id, p.coupon, \
                 p.listing_no, p.occurred_at, p.metadata, p.created_at, p.partner_no, p.link_no, p.country, p.device, p.sent, \
                 p.attribution, '', p.held_reason, p.tax, p.discount, p.shipping, p.sold_in, p.counted, p.uses",
        from: PAGE,
        base: Some(earlier_conversion!("p")),
        history: Some(IS_RERUN),
        is_rerun: true,
    },
    // The links of the touches that were weighed. Under other rules, the same ones and those of customers are weighed.
    Source {
        table: "links",
        columns: LINKS,
        scanned: "conversions",
        key: "no",
        start: Start::FirstConversion,
        values: LINK_VALUES,
        from: "(SELECT DISTINCT l.* FROM extent x, page p, json_each(p.attribution, '$.touches') t \
               JOIN links l ON l.no = t.value ->> '$.link_no' WHERE p.no <= x.last) l",
        base: Some("true"),
        history: None,
        is_rerun: false,
    },
    Source {
        table: "links",
        columns: LINKS,
        scanned: "customer_touches",
        key: "customer_id, clicked_at, click_id",
        start: Start::Key(r#"["", 0, ""]"#),
        values: LINK_VALUES,
        from: concat!(
            "(SELECT DISTINCT l.* FROM extent x, page p JOIN links l ON l.no = p.link_no WHERE p.bound_by <= x.last \
             AND (p.bound_by <> 0 OR coalesce(p.bound_at, 0) <= x.started) AND (x.first = 1 OR ",
            rerun_customer!("p"),
            ")) l"
        ),
        base: Some("true"),
        history: None,
        is_rerun: false,
    },
    Source {
        table: "customer_touches",
        columns: "customer_id, click_id, link_no, clicked_at, class, country, device, bound_by, bound_at",
        scanned: "customer_touches",
        key: "customer_id, clicked_at, click_id",
        start: Start::Key(r#"["", 0, ""]"#),
        values: "p.customer_id, p.click_id, p.link_no, p.clicked_at, p.class, p.country, p.device, p.bound_by, p.bound_at",
        from: PAGE,
        base: Some(BOUND_BEFORE),
        history: Some(BOUND_LATE),
        is_rerun: true,
    },
    Source {
        table: "commissions",
        columns: COMMISSIONS,
        scanned: "commissions",
        key: "no",
        start: Start::Key("[0]"),
        values: "p.no, p.id, p.conversion_no, p.partner_no, p.link_no, p.click_id, p.share_bp, p.rate_bp, p.amount, p.reversed, \
                 p.currency, p.status, p.flags, p.matures_at, p.created_at, p.held_reason, p.source, p.base, p.plan, p.subject, \
                 p.settled, p.written_off",
        from: PAGE,
        base: Some(concat!(
            "p.no <= x.last_commission AND (p.source NOT IN ('tier_adjustment', 'bonus') OR p.created_at < x.since) \
             AND EXISTS (SELECT 1 FROM conversions c WHERE c.no = p.conversion_no AND ",
            earlier_conversion!("c"),
            ")"
        )),
        history: Some(
            "p.no <= x.last_commission AND (p.conversion_no >= x.first AND p.conversion_no <= x.last \
             OR p.source = 'bonus' AND p.created_at >= x.since)",
        ),
        is_rerun: true,
    },
    // What says when a commission was rejected.
    Source {
        table: "transfers",
        columns: "no, id, partner_no, debit, credit, amount, currency, kind, commission_no, created_at",
        scanned: "commissions",
        key: "no",
        start: Start::Key("[0]"),
        values: "t.no, t.id, t.partner_no, t.debit, t.credit, t.amount, t.currency, t.kind, t.commission_no, t.created_at",
        from: "extent x, page p JOIN transfers t ON t.partner_no = p.partner_no AND t.commission_no = p.no \
               AND t.kind = 'rejection'",
        base: None,
        history: Some(
            "p.status = 'reversed' AND p.no <= x.last_commission AND p.conversion_no >= x.first AND p.conversion_no <= x.last",
        ),
        is_rerun: false,
    },
    Source {
        table: "refunds",
        columns: "no, id, conversion_no, external_id, sent_amount, amount, currency, answer, created_at",
        scanned: "refunds",
        key: "no",
        start: Start::Key("[0]"),
        values: "p.no, p.id, p.conversion_no, p.external_id, p.sent_amount, p.amount, p.currency, '', p.created_at",
        from: PAGE,
        base: None,
        history: Some("p.no <= x.last_refund AND p.conversion_no >= x.first AND p.conversion_no <= x.last"),
        is_rerun: true,
    },
];

/// The tables of which a rerun adds rows, in the order in which they are emptied, and their keys.
pub const RERUN_TABLES: [(&str, &str); 6] = [
    ("refunds", "no"),
    ("conversion_credits", "conversion_no, place"),
    ("commissions", "no"),
    ("customer_touches", "customer_id, clicked_at, click_id"),
    ("conversions", "no"),
    ("uses", "key"),
];
