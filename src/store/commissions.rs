//! Rows of commissions.

pub mod list;
pub mod usage_counters;

use super::{Row, Sql, SqlError, Value, columns};
use crate::domain::{
    attribution::TouchOrigin,
    conversions::{CommissionSource, CommissionStatus, HeldReason},
    links::link::LinkNo,
    money::{Currency, WHOLE_BP},
    programme::partner::PartnerNo,
    values::{
        id::{CommissionId, ConversionId},
        string_enum::Word,
        time::Timestamp,
    },
};

/// What earned a commission, apart from its conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommissionOrigin {
    /// A credited click or coupon.
    Touch(TouchOrigin),
    /// A placement that contains this link.
    PlacementLink(LinkNo),
}

impl CommissionOrigin {
    /// Returns the touch, if a touch earned the commission.
    #[must_use]
    pub fn touch(&self) -> Option<&TouchOrigin> {
        match self {
            Self::Touch(touch) => Some(touch),
            Self::PlacementLink(_) => None,
        }
    }

    /// Returns the link of the click or placement.
    #[must_use]
    pub fn link_no(&self) -> Option<LinkNo> {
        match self {
            Self::Touch(touch) => touch.link_no(),
            Self::PlacementLink(link_no) => Some(*link_no),
        }
    }
}

/// The columns of the origin, which the log contains as well: `click_id` is the coupon's id for a coupon, and `link_no`
/// is 0 if there is no link.
mod origin_columns {
    use super::{CommissionOrigin, LinkNo, columns};
    use crate::domain::attribution::TouchOrigin;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Columns {
        #[serde(with = "columns::zero")]
        link_no: Option<LinkNo>,
        click_id: Option<String>,
    }

    pub fn origin(link_no: Option<LinkNo>, id: Option<String>) -> Option<CommissionOrigin> {
        match id {
            Some(id) => Some(CommissionOrigin::Touch(columns::touch_origin(id, link_no.unwrap_or(0)))),
            None => link_no.map(CommissionOrigin::PlacementLink),
        }
    }

    pub fn serialize<S: Serializer>(
        origin: &Option<CommissionOrigin>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let touch = origin.as_ref().and_then(CommissionOrigin::touch);
        let link_no = origin.as_ref().and_then(CommissionOrigin::link_no);
        Columns { link_no, click_id: touch.map(|touch| TouchOrigin::id(touch).to_owned()) }
            .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<CommissionOrigin>, D::Error> {
        let Columns { link_no, click_id } = Columns::deserialize(deserializer)?;
        Ok(origin(link_no, click_id))
    }
}

/// A commission as stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Commission {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: CommissionId,
    /// The conversion that earned it, if any.
    pub conversion_no: Option<i64>,
    /// The public id of that conversion. It is joined when reading and not stored.
    pub conversion_id: Option<ConversionId>,
    /// The partner that earns it.
    pub partner_no: PartnerNo,
    /// The touch or placement that earned it, if any.
    #[serde(flatten, with = "origin_columns")]
    pub origin: Option<CommissionOrigin>,
    /// The share of the conversion in basis points.
    pub share_bp: i64,
    /// The rate in basis points.
    pub rate_bp: i64,
    /// The amount earned in minor units.
    pub amount: i64,
    /// The amount reversed by refunds or rejection, in minor units.
    pub reversed: i64,
    /// The currency of all amounts.
    pub currency: Currency,
    /// Status.
    pub status: CommissionStatus,
    /// Flags for review before payment.
    pub flags: Vec<String>,
    /// When the hold period ends.
    pub matures_at: Timestamp,
    /// When it was created.
    pub created_at: Timestamp,
    /// The reason that it stays pending until it is released. Only pending commissions are held.
    pub held_reason: Option<HeldReason>,
    /// The source.
    #[serde(default = "default_source")]
    pub source: CommissionSource,
    /// The amount that the rate was applied to, in minor units; absent for a fixed amount, or if it was not recorded.
    #[serde(default)]
    pub base: Option<i64>,
    /// The name of the plan; absent if the rate is the partner's or the programme's own.
    #[serde(default)]
    pub plan: Option<String>,
    /// The placement, period or partner that it is for, if it has no conversion.
    #[serde(default)]
    pub subject: Option<String>,
    /// The amount in approved or paid payouts, in minor units.
    #[serde(default)]
    pub settled: i64,
    /// The amount of a negative remainder that was written off, in minor units.
    #[serde(default)]
    pub written_off: i64,
}

/// The default for events written before commissions had a source.
fn default_source() -> CommissionSource {
    CommissionSource::Conversion
}

impl Commission {
    /// Creates a commission of zero without a conversion. The caller sets the remaining fields.
    #[must_use]
    pub fn new(
        id: CommissionId,
        partner_no: PartnerNo,
        source: CommissionSource,
        currency: Currency,
        (created_at, matures_at): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            no: 0,
            id,
            conversion_no: None,
            conversion_id: None,
            partner_no,
            origin: None,
            share_bp: WHOLE_BP,
            rate_bp: 0,
            amount: 0,
            reversed: 0,
            currency,
            status: CommissionStatus::Pending,
            flags: Vec::new(),
            matures_at,
            created_at,
            held_reason: None,
            source,
            base: None,
            plan: None,
            subject: None,
            settled: 0,
            written_off: 0,
        }
    }

    /// Returns the link of the click or placement that earned it.
    #[must_use]
    pub fn link_no(&self) -> Option<LinkNo> {
        self.origin.as_ref().and_then(CommissionOrigin::link_no)
    }

    /// Returns the click or coupon that earned it.
    #[must_use]
    pub fn touch(&self) -> Option<&TouchOrigin> {
        self.origin.as_ref().and_then(CommissionOrigin::touch)
    }

    /// Holds the commission for another reason. `held_reason` is the most severe one; every reason has a flag.
    pub fn hold(&mut self, reason: HeldReason) {
        self.held_reason = Some(self.held_reason.map_or(reason, |other| other.min(reason)));
        if !self.flags.contains(&reason.flag()) {
            self.flags.push(reason.flag());
        }
    }

    /// Returns the open amount in minor units: neither reversed nor in payouts. It is negative if more was paid than
    /// remains.
    #[must_use]
    pub fn open(&self) -> i64 {
        self.amount
            .saturating_sub(self.reversed)
            .saturating_sub(self.settled)
            .saturating_add(self.written_off)
    }
}

const COLUMNS: &str = "m.no, m.id, m.conversion_no, c.id, m.partner_no, m.link_no, m.click_id, m.share_bp, m.rate_bp, \
                       m.amount, m.reversed, m.currency, m.status, m.flags, m.matures_at, m.created_at, \
                       m.held_reason, m.source, m.base, m.plan, m.subject, m.settled + (SELECT coalesce(sum(i.amount), 0) FROM payouts y CROSS JOIN payout_items i \
                       ON i.payout_no = y.no AND i.commission_no = m.no WHERE y.partner_no = m.partner_no \
                       AND y.status = 'open'), m.written_off";
const FROM: &str = "FROM commissions m LEFT JOIN conversions c ON c.no = m.conversion_no";

fn read(row: &Row) -> Result<Commission, SqlError> {
    Ok(Commission {
        no: row.int(0)?,
        id: row.parsed(1, "a commission id", CommissionId::parse)?,
        conversion_no: row.opt_int(2)?,
        conversion_id: row.opt_parsed(3, "a conversion id", ConversionId::parse)?,
        partner_no: row.number(4)?,
        origin: origin_columns::origin(columns::nonzero(row, 5)?, row.opt_string(6)?),
        share_bp: row.int(7)?,
        rate_bp: row.int(8)?,
        amount: row.int(9)?,
        reversed: row.int(10)?,
        currency: row.parsed(11, "a currency", Currency::parse)?,
        status: row.parsed(12, "a status", CommissionStatus::parse)?,
        flags: row.json(13)?,
        matures_at: row.time(14)?,
        created_at: row.time(15)?,
        held_reason: row.opt_parsed(16, "a reason", HeldReason::parse)?,
        source: row.parsed(17, "a source", CommissionSource::parse)?,
        base: row.opt_int(18)?,
        plan: row.opt_string(19)?,
        subject: row.opt_string(20)?,
        settled: row.int(21)?,
        written_off: row.int(22)?,
    })
}

/// Returns the number for the next commission.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    super::next_no(sql, "commissions")
}

/// Inserts a commission.
pub fn insert(sql: &dyn Sql, commission: &Commission) -> Result<(), SqlError> {
    let statement = "INSERT INTO commissions (no, id, conversion_no, partner_no, link_no, click_id, share_bp, rate_bp, \
                     amount, reversed, currency, status, flags, matures_at, created_at, held_reason, source, base, plan, \
                     subject, settled, written_off) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
                     ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";
    let args: [Value; 22] = [
        commission.no.into(),
        commission.id.as_str().into(),
        commission.conversion_no.into(),
        commission.partner_no.into(),
        columns::number_or_zero(commission.link_no()),
        commission.touch().map(TouchOrigin::id).into(),
        commission.share_bp.into(),
        commission.rate_bp.into(),
        commission.amount.into(),
        commission.reversed.into(),
        commission.currency.code().into(),
        Word::from(commission.status).into(),
        super::value::json_text(&commission.flags)?.into(),
        commission.matures_at.into(),
        commission.created_at.into(),
        commission.held_reason.map(Word::from).into(),
        Word::from(commission.source).into(),
        commission.base.into(),
        commission.plan.clone().into(),
        commission.subject.clone().into(),
        commission.settled.into(),
        commission.written_off.into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Sets the reversed amount and the status of a commission.
pub fn update(sql: &dyn Sql, no: i64, reversed: i64, status: CommissionStatus) -> Result<(), SqlError> {
    let statement = "UPDATE commissions SET reversed = ?2, status = ?3, \
                     held_reason = CASE ?3 WHEN 'pending' THEN held_reason END WHERE no = ?1";
    sql.exec(statement, &[no.into(), reversed.into(), Word::from(status).into()]).map(drop)
}

/// Sets the reason for holding a commission, or none, and its flags.
pub fn hold(sql: &dyn Sql, no: i64, reason: Option<HeldReason>, flags: &[String]) -> Result<(), SqlError> {
    let flags = super::value::json_text(&flags)?;
    let args: [Value; 3] = [no.into(), reason.map(Word::from).into(), flags.into()];
    sql.exec("UPDATE commissions SET held_reason = ?2, flags = ?3 WHERE no = ?1", &args).map(drop)
}

/// Adds to the written-off amount of a commission that was paid more than remains.
pub fn write_off(sql: &dyn Sql, no: i64, amount: i64) -> Result<(), SqlError> {
    let statement = "UPDATE commissions SET written_off = written_off + ?2 WHERE no = ?1";
    sql.exec(statement, &[no.into(), amount.into()]).map(drop)
}

/// Releases a held commission.
pub fn release(sql: &dyn Sql, no: i64) -> Result<(), SqlError> {
    sql.exec("UPDATE commissions SET held_reason = NULL WHERE no = ?1", &[no.into()]).map(drop)
}

/// Returns a conversion's commissions, oldest first.
pub fn of_conversion(sql: &dyn Sql, conversion_no: i64) -> Result<Vec<Commission>, SqlError> {
    let statement = format!("SELECT {COLUMNS} {FROM} WHERE m.conversion_no = ?1 ORDER BY m.no");
    sql.exec(&statement, &[conversion_no.into()])?.iter().map(read).collect()
}

/// Returns the commissions of conversions with numbers above `after` up to `until`, by conversion.
pub fn of_conversions(sql: &dyn Sql, after: i64, until: i64) -> Result<Vec<Commission>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} {FROM} WHERE m.conversion_no > ?1 AND m.conversion_no <= ?2 ORDER BY m.conversion_no, m.no"
    );
    sql.exec(&statement, &[after.into(), until.into()])?.iter().map(read).collect()
}

/// Returns the bonuses that were earned at `since` or later.
pub fn bonuses_since(sql: &dyn Sql, since: Timestamp) -> Result<Vec<Commission>, SqlError> {
    // The first condition is that of the index.
    let statement = format!(
        "SELECT {COLUMNS} {FROM} WHERE m.source IN ('tier_adjustment', 'bonus') AND m.created_at >= ?1 AND m.source = 'bonus'"
    );
    sql.exec(&statement, &[since.into()])?.iter().map(read).collect()
}

/// Returns a partner's commissions under a tiered plan in a month, including adjustments, oldest first.
pub fn of_month(
    sql: &dyn Sql,
    partner_no: PartnerNo,
    plan: &str,
    month: &str,
) -> Result<Vec<Commission>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} {FROM} WHERE m.partner_no = ?1 AND m.plan = ?2 AND m.subject = ?3 ORDER BY m.no"
    );
    sql.exec(&statement, &[partner_no.into(), plan.into(), month.into()])?.iter().map(read).collect()
}

/// Returns the commission with this id.
pub fn by_id(sql: &dyn Sql, id: &CommissionId) -> Result<Option<Commission>, SqlError> {
    let statement = format!("SELECT {COLUMNS} {FROM} WHERE m.id = ?1");
    sql.exec(&statement, &[id.as_str().into()])?.first().map(read).transpose()
}

/// Returns pending commissions that are not held and whose hold period has ended at `now`, earliest first.
pub fn due(sql: &dyn Sql, now: Timestamp, limit: i64) -> Result<Vec<Commission>, SqlError> {
    // Without the hint, SQLite reads all pending commissions from the index over statuses.
    let from = FROM.replacen("commissions m", "commissions m INDEXED BY commissions_maturing", 1);
    let statement = format!(
        "SELECT {COLUMNS} {from} WHERE m.status = 'pending' AND m.held_reason IS NULL AND m.matures_at <= ?1 \
         ORDER BY m.matures_at LIMIT CAST(?2 AS INTEGER)"
    );
    sql.exec(&statement, &[now.into(), limit.into()])?.iter().map(read).collect()
}

/// Returns when the next hold period ends.
pub fn next_maturity(sql: &dyn Sql) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT min(matures_at) FROM commissions INDEXED BY commissions_maturing \
                     WHERE status = 'pending' AND held_reason IS NULL";
    let rows = sql.exec(statement, &[])?;
    rows.first().map_or(Ok(None), |row| row.opt_time(0))
}
