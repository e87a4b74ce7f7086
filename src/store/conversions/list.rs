//! Lists of conversions. Each filter has an index, and a query reads the index of its most selective filter, so that its
//! cost does not depend on conversions that this filter excludes.

use super::{COLUMNS, Conversion, read};
use crate::domain::{
    attribution::AttributionStatus,
    conversions::ConversionType,
    links::link::LinkNo,
    programme::{listing::ListingNo, partner::PartnerNo},
    values::string_enum::Word,
};
use crate::store::{
    Sql, SqlError, Value,
    page::{Conditions, Order, Page, Period},
};

/// A filter for lists of conversions; absent fields match everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A partner that earns the conversion alone or shares it.
    pub partner: Option<PartnerNo>,
    /// The caller's id.
    pub external_id: Option<String>,
    /// The caller's id of the customer.
    pub customer_id: Option<String>,
    /// The listing.
    pub listing: Option<ListingNo>,
    /// A credited link.
    pub link: Option<LinkNo>,
    /// The type.
    pub kind: Option<ConversionType>,
    /// Whether a partner is credited.
    pub status: Option<AttributionStatus>,
    /// The coupon code as received; upper and lower case of ASCII letters are the same.
    pub coupon: Option<String>,
    /// When it happened.
    pub period: Period,
}

/// The index that a query reads.
#[derive(Clone, Copy)]
enum Source {
    /// The unique index over types and external ids.
    ExternalId,
    /// An index over conversions. Its condition must name the columns of a partial index.
    Conversions(&'static str),
    /// An index over conversions, and one over the credits of shared conversions.
    Credited {
        conversions: &'static str,
        credits: &'static str,
        column: &'static str,
        /// The value of the column.
        no: u32,
    },
    /// The table itself.
    All,
}

fn source(filter: &Filter) -> Source {
    let is_timed = filter.period.is_bounded();
    if filter.external_id.is_some() {
        Source::ExternalId
    } else if let Some(no) = filter.link {
        let (conversions, credits) = ("conversions_by_link", "conversion_credits_by_link");
        Source::Credited { conversions, credits, column: "link_no", no }
    } else if let Some(no) = filter.partner {
        let conversions = if is_timed { "conversions_by_partner_time" } else { "conversions_by_partner" };
        Source::Credited { conversions, credits: "conversion_credits_by_partner", column: "partner_no", no }
    } else if filter.customer_id.is_some() {
        Source::Conversions("conversions_by_customer")
    } else if filter.coupon.is_some() {
        Source::Conversions("conversions_by_coupon")
    } else if filter.listing.is_some() {
        Source::Conversions("conversions_by_listing")
    } else if filter.status == Some(AttributionStatus::Unattributed) {
        let index = if is_timed { "conversions_by_partner_time" } else { "conversions_by_partner" };
        Source::Conversions(index)
    } else if filter.kind.is_some() {
        Source::Conversions("conversions_by_type")
    } else if is_timed {
        Source::Conversions("conversions_by_time")
    } else if filter.status.is_some() {
        Source::Conversions("conversions_attributed")
    } else {
        Source::All
    }
}

/// The conditions of a filter on `conversions c`, except the one that selects the rows of both indexes of `source`.
fn conditions(filter: &Filter, source: Source) -> Conditions {
    let mut all = Conditions::default();
    let types = match filter.kind {
        Some(kind) => vec![kind],
        None => ConversionType::ALL.to_vec(),
    };
    if let (Source::ExternalId, Some(external_id)) = (source, &filter.external_id) {
        let types: Vec<String> = types.into_iter().map(|kind| all.bind(Word::from(kind))).collect();
        all.and(format!("c.type IN ({})", types.join(", ")));
        all.equals("c.external_id", Some(external_id.as_str()));
    } else {
        all.equals("c.type", filter.kind.map(Word::from));
    }
    all.equals("c.customer_id", filter.customer_id.as_deref());
    all.equals("c.coupon COLLATE NOCASE", filter.coupon.as_deref());
    all.equals("c.listing_no", filter.listing);
    match filter.status {
        Some(AttributionStatus::Attributed) => all.and("c.partner_no <> 0"),
        Some(AttributionStatus::Unattributed) => all.and("c.partner_no = 0"),
        None => {}
    }
    all.within("c.occurred_at", filter.period);
    let covered = match source {
        Source::Credited { column, .. } => column,
        Source::ExternalId | Source::Conversions(_) | Source::All => "",
    };
    for (column, no) in [("partner_no", filter.partner), ("link_no", filter.link)] {
        if let Some(no) = no.filter(|_| column != covered) {
            let no = all.bind(no);
            all.and(format!(
                "(c.{column} = {no} OR EXISTS (SELECT 1 FROM conversion_credits k WHERE k.conversion_no = c.no \
                 AND k.{column} = {no}))"
            ));
        }
    }
    all
}

/// The parts of the union that is the list, each of which reads no more of its index than the page needs, and the values of
/// their placeholders. `columns` are those of `conversions c`.
fn queries(filter: &Filter, columns: &str, page: Option<Page>) -> (Vec<String>, Vec<Value>) {
    let source = source(filter);
    let mut all = conditions(filter, source);
    let common = all.text();
    let mut query = |number: &'static str, columns: &str, from: String, covered: &str| {
        let select = format!("SELECT {columns} FROM {from} WHERE {covered}{common}");
        let Some(page) = page else { return select };
        let order = Order { number, ..order(filter) };
        let (after, limit) = (all.after_page(page, order), all.bind(page.limit));
        format!("{select} AND {after} ORDER BY {} LIMIT CAST({limit} AS INTEGER)", order.terms())
    };
    let queries = match source {
        Source::ExternalId | Source::All => vec![query("c.no", columns, "conversions c".to_owned(), "")],
        Source::Conversions(index) => {
            vec![query("c.no", columns, format!("conversions c INDEXED BY {index}"), "")]
        }
        Source::Credited { conversions, credits, column, no } => {
            // The second condition is that of the partial indexes over links.
            let covered = |alias: &str| format!("{alias}.{column} = {no} AND {alias}.{column} <> 0 AND ");
            let shared = format!(
                "conversion_credits k INDEXED BY {credits} CROSS JOIN conversions c ON c.no = k.conversion_no"
            );
            vec![
                query("c.no", "c.no", format!("conversions c INDEXED BY {conversions}"), &covered("c")),
                // Without a period, the order is that of the index over credits.
                query("k.conversion_no", "DISTINCT c.no", shared, &covered("k")),
            ]
        }
    };
    (queries, all.args().to_vec())
}

/// The order of a list: that of acceptance, or, within a period, that of the time when the conversions happened.
fn order(filter: &Filter) -> Order {
    Order { time: filter.period.is_bounded().then_some("c.occurred_at"), number: "c.no" }
}

/// Returns conversions, newest first.
pub fn list(sql: &dyn Sql, filter: &Filter, page: Page) -> Result<Vec<Conversion>, SqlError> {
    let (queries, mut args) = queries(filter, COLUMNS, Some(page));
    let statement = match queries.as_slice() {
        [query] => query.clone(),
        parts => {
            // A part that ends with LIMIT cannot be an operand of UNION by itself.
            let parts: Vec<String> = parts.iter().map(|part| format!("SELECT no FROM ({part})")).collect();
            args.push(page.limit.into());
            format!(
                "SELECT {COLUMNS} FROM conversions c WHERE c.no IN ({}) ORDER BY {} LIMIT CAST(?{} AS INTEGER)",
                parts.join(" UNION "),
                order(filter).terms(),
                args.len()
            )
        }
    };
    sql.exec(&statement, &args)?.iter().map(read).collect()
}
