//! Rows of partners.

use crate::domain::{
    money::Currency,
    programme::partner::{Partner, PartnerKind, PartnerNo, PartnerStatus},
    values::{id::PartnerId, string_enum::Word},
};
use crate::store::{
    Row, Sql, SqlError, Value,
    page::{Conditions, Order, Page},
    programme::{origins, partner_words},
    value::json_text,
};

const COLUMNS: &str = "no, id, name, kind, status, email, country, currency, commission_bp, external_id, metadata, \
                       created_at, updated_at, terminated_at, tier, referred_by, origins";

fn read(row: &Row) -> Result<Partner, SqlError> {
    Ok(Partner {
        no: row.number(0)?,
        id: row.parsed(1, "a partner id", PartnerId::parse)?,
        name: row.text(2)?.to_owned(),
        kind: row.parsed(3, "a kind", PartnerKind::parse)?,
        status: row.parsed(4, "a status", PartnerStatus::parse)?,
        email: row.opt_string(5)?,
        country: row.opt_string(6)?,
        currency: row.opt_text(7)?.and_then(Currency::parse),
        commission_bp: row.opt_int(8)?,
        external_id: row.opt_string(9)?,
        metadata: row.json(10)?,
        created_at: row.time(11)?,
        updated_at: row.time(12)?,
        terminated_at: row.opt_time(13)?,
        tier: row.opt_string(14)?,
        referred_by: row.opt_parsed(15, "a partner id", PartnerId::parse)?,
        origins: row.json(16)?,
    })
}

fn write(partner: &Partner) -> Result<Vec<Value>, SqlError> {
    Ok(vec![
        partner.no.into(),
        partner.id.as_str().into(),
        partner.name.as_str().into(),
        Word::from(partner.kind).into(),
        Word::from(partner.status).into(),
        partner.email.clone().into(),
        partner.country.clone().into(),
        partner.currency.map(|currency| currency.code().to_owned()).into(),
        partner.commission_bp.into(),
        partner.external_id.clone().into(),
        json_text(&partner.metadata)?.into(),
        partner.created_at.into(),
        partner.updated_at.into(),
        partner.terminated_at.into(),
        partner.tier.clone().into(),
        partner.referred_by.as_ref().map(PartnerId::as_str).into(),
        json_text(&partner.origins)?.into(),
    ])
}

/// Returns the number for the next partner.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    crate::store::next_no(sql, "partners")
}

/// Inserts a partner, or updates all columns of an existing one except its number, id and creation time.
pub fn put(sql: &dyn Sql, partner: &Partner) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO partners ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
         ON CONFLICT (no) DO UPDATE SET name = ?3, status = ?5, kind = ?4, email = ?6, country = ?7, currency = ?8, \
         commission_bp = ?9, external_id = ?10, metadata = ?11, updated_at = ?13, terminated_at = ?14, \
         tier = ?15, referred_by = ?16, origins = ?17"
    );
    sql.exec(&statement, &write(partner)?)?;
    origins::set(sql, partner.id.as_str(), &partner.origins)?;
    partner_words::put(sql, partner.no, &partner.name, partner.email.as_deref())
}

fn one(sql: &dyn Sql, condition: &str, arg: Value) -> Result<Option<Partner>, SqlError> {
    let rows = sql.exec(&format!("SELECT {COLUMNS} FROM partners WHERE {condition} = ?1"), &[arg])?;
    rows.first().map(read).transpose()
}

/// Returns the partner with this id.
pub fn by_id(sql: &dyn Sql, id: &PartnerId) -> Result<Option<Partner>, SqlError> {
    one(sql, "id", id.as_str().into())
}

/// Returns the partner with this number.
pub fn by_no(sql: &dyn Sql, no: PartnerNo) -> Result<Option<Partner>, SqlError> {
    one(sql, "no", no.into())
}

/// Returns the partner with this external id.
pub fn by_external_id(sql: &dyn Sql, external_id: &str) -> Result<Option<Partner>, SqlError> {
    one(sql, "external_id", external_id.into())
}

/// A filter for lists of partners; absent fields match everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The only partner.
    pub only: Option<PartnerNo>,
    /// The status.
    pub status: Option<PartnerStatus>,
    /// The kind.
    pub kind: Option<PartnerKind>,
    /// The country.
    pub country: Option<String>,
    /// The beginnings of words of the name or e-mail address, folded.
    pub words: Vec<String>,
}

impl Filter {
    /// The index that a query reads; `None` for the table itself.
    fn index(&self) -> Option<&'static str> {
        match self {
            Self { only: Some(_), .. } => None,
            Self { words, .. } if !words.is_empty() => None,
            Self { country: Some(_), .. } => Some("partners_by_country"),
            Self { kind: Some(_), .. } => Some("partners_by_kind"),
            Self { status: Some(_), .. } => Some("partners_by_status"),
            Self { .. } => None,
        }
    }

    fn conditions(&self) -> Conditions {
        let mut all = Conditions::default();
        // Without an index of their own, these conditions must not keep SQLite from reading by number.
        let column = |name: &str| if self.index().is_some() { name.to_owned() } else { format!("+{name}") };
        all.equals("no", self.only);
        all.equals(&column("status"), self.status.map(Word::from));
        all.equals(&column("kind"), self.kind.map(Word::from));
        all.equals(&column("country"), self.country.as_deref());
        let mut words: Vec<&String> = self.words.iter().collect();
        // The longest word has the fewest partners. Its partners are found first, unless there is only one to check.
        words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        for (position, word) in words.into_iter().enumerate() {
            let word = all.bind(word.as_str());
            // The last code point of Unicode sorts after every word that begins like this.
            let starts = format!("word >= {word} AND word < {word} || char(1114111)");
            all.and(if position == 0 && self.only.is_none() {
                format!("no IN (SELECT partner_no FROM partner_words WHERE {starts})")
            } else {
                format!(
                    "EXISTS (SELECT 1 FROM partner_words INDEXED BY partner_words_of WHERE partner_no = partners.no AND {starts})"
                )
            });
        }
        all
    }
}

/// Returns partners, newest first.
pub fn list(sql: &dyn Sql, filter: &Filter, page: Page) -> Result<Vec<Partner>, SqlError> {
    let order = Order { time: None, number: "no" };
    let mut all = filter.conditions();
    let (after, limit) = (all.after_page(page, order), all.bind(page.limit));
    let index = filter.index().map_or_else(String::new, |index| format!("INDEXED BY {index}"));
    let statement = format!(
        "SELECT {COLUMNS} FROM partners {index} WHERE {} AND {after} ORDER BY {} LIMIT CAST({limit} AS INTEGER)",
        all.text(),
        order.terms()
    );
    sql.exec(&statement, all.args())?.iter().map(read).collect()
}
