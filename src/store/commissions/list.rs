//! Lists of commissions. Each filter has an index, and a query reads the index of its most selective filter.

use super::{COLUMNS, Commission, FROM, read};
use crate::domain::{
    conversions::{CommissionStatus, HeldReason},
    programme::partner::PartnerNo,
    values::string_enum::Word,
};
use crate::store::{
    Sql, SqlError,
    page::{Conditions, Order, Page, Period},
};

/// A filter for lists of commissions; absent fields match everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The partner.
    pub partner: Option<PartnerNo>,
    /// The conversion.
    pub conversion_no: Option<i64>,
    /// The name of the plan.
    pub plan: Option<String>,
    /// Whether the commission is held.
    pub held: Option<bool>,
    /// The most severe reason for holding it.
    pub held_reason: Option<HeldReason>,
    /// The status.
    pub status: Option<CommissionStatus>,
    /// When it was created.
    pub period: Period,
}

impl Filter {
    fn is_held(&self) -> bool {
        self.held == Some(true) || (self.held.is_none() && self.held_reason.is_some())
    }

    /// The index that a query reads; `None` for the table itself.
    fn index(&self) -> Option<&'static str> {
        let is_timed = self.period.is_bounded();
        if self.conversion_no.is_some() {
            Some("commissions_by_conversion")
        } else if self.partner.is_some() {
            Some(if is_timed { "commissions_by_partner_time" } else { "commissions_by_partner" })
        } else if self.is_held() {
            Some("commissions_held")
        } else if self.plan.is_some() {
            Some("commissions_by_plan")
        } else if self.status.is_some() {
            Some("commissions_by_status")
        } else {
            is_timed.then_some("commissions_by_time")
        }
    }

    fn conditions(&self) -> Conditions {
        let mut all = Conditions::default();
        all.equals("m.partner_no", self.partner);
        all.equals("m.conversion_no", self.conversion_no);
        all.equals("m.plan", self.plan.as_deref());
        all.equals("m.held_reason", self.held_reason.map(Word::from));
        all.equals("m.status", self.status.map(Word::from));
        if self.is_held() {
            // This is the condition of the partial index on held commissions.
            all.and("m.held_reason IS NOT NULL");
        } else if self.held == Some(false) {
            all.and("m.held_reason IS NULL");
        }
        all.within("m.created_at", self.period);
        all
    }

    /// The order: that of creation by number, or by time within a period.
    fn order(&self) -> Order {
        Order { time: self.period.is_bounded().then_some("m.created_at"), number: "m.no" }
    }
}

/// Returns commissions, newest first.
pub fn list(sql: &dyn Sql, filter: &Filter, page: Page) -> Result<Vec<Commission>, SqlError> {
    let (mut all, order) = (filter.conditions(), filter.order());
    let (after, limit) = (all.after_page(page, order), all.bind(page.limit));
    let from = match filter.index() {
        Some(index) => FROM.replacen("commissions m", &format!("commissions m INDEXED BY {index}"), 1),
        None => FROM.to_owned(),
    };
    let statement = format!(
        "SELECT {COLUMNS} {from} WHERE {} AND {after} ORDER BY {} LIMIT CAST({limit} AS INTEGER)",
        all.text(),
        order.terms()
    );
    sql.exec(&statement, all.args())?.iter().map(read).collect()
}
