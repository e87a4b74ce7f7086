//! Rows of links.

use super::{
    Row, Sql, SqlError, Value,
    page::{Conditions, Order, Page},
};
use crate::domain::{
    links::link::{Link, LinkNo},
    programme::{listing::ListingNo, partner::PartnerNo},
    values::{id::LinkId, text::RESERVED_SEGMENTS, time::Timestamp},
};

const COLUMNS: &str = "no, id, partner_no, listing_no, token, campaign, path, slug, expires_at, revoked_at, metadata, \
                       created_at, query, revision";

fn read(row: &Row) -> Result<Link, SqlError> {
    Ok(Link {
        no: row.number(0)?,
        id: row.parsed(1, "a link id", LinkId::parse)?,
        partner_no: row.number(2)?,
        listing_no: u16::try_from(row.int(3)?)
            .map_err(|_| SqlError::Shape { column: 3, expected: "a listing number" })?,
        token: row.text(4)?.to_owned(),
        campaign: row.opt_string(5)?,
        path: row.opt_string(6)?,
        slug: row.opt_string(7)?,
        expires_at: row.opt_time(8)?,
        revoked_at: row.opt_time(9)?,
        metadata: row.json(10)?,
        created_at: row.time(11)?,
        query: row.opt_string(12)?,
        revision: row.number(13)?,
    })
}

/// Returns the number for the next link.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    super::next_no(sql, "links")
}

/// Inserts a link.
pub fn insert(sql: &dyn Sql, link: &Link) -> Result<(), SqlError> {
    put(sql, link, "")
}

/// Updates what can change of a link: its token, campaign, destination, slug, expiry and annotations.
pub fn update(sql: &dyn Sql, link: &Link) -> Result<(), SqlError> {
    put(
        sql,
        link,
        "ON CONFLICT (no) DO UPDATE SET token = ?5, campaign = ?6, path = ?7, slug = ?8, expires_at = ?9, metadata = ?11, \
         query = ?13, revision = ?14",
    )
}

fn put(sql: &dyn Sql, link: &Link, on_conflict: &str) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO links ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) {on_conflict}"
    );
    let args: [Value; 14] = [
        link.no.into(),
        link.id.as_str().into(),
        link.partner_no.into(),
        link.listing_no.into(),
        link.token.as_str().into(),
        link.campaign.clone().into(),
        link.path.clone().into(),
        link.slug.clone().into(),
        link.expires_at.into(),
        link.revoked_at.into(),
        super::value::json_text(&link.metadata)?.into(),
        link.created_at.into(),
        link.query.clone().into(),
        link.revision.into(),
    ];
    sql.exec(&statement, &args).map(drop)
}

/// Records that a link was revoked.
pub fn revoke(sql: &dyn Sql, no: LinkNo, at: Timestamp) -> Result<(), SqlError> {
    sql.exec("UPDATE links SET revoked_at = ?2 WHERE no = ?1", &[no.into(), at.into()]).map(drop)
}

fn one(sql: &dyn Sql, condition: &str, arg: Value) -> Result<Option<Link>, SqlError> {
    let rows = sql.exec(&format!("SELECT {COLUMNS} FROM links WHERE {condition} = ?1"), &[arg])?;
    rows.first().map(read).transpose()
}

/// Returns the link with this id.
pub fn by_id(sql: &dyn Sql, id: &LinkId) -> Result<Option<Link>, SqlError> {
    one(sql, "id", id.as_str().into())
}

/// Returns the link with this number.
pub fn by_no(sql: &dyn Sql, no: LinkNo) -> Result<Option<Link>, SqlError> {
    one(sql, "no", no.into())
}

/// Returns the link with this slug.
pub fn by_slug(sql: &dyn Sql, slug: &str) -> Result<Option<Link>, SqlError> {
    one(sql, "slug", slug.into())
}

/// Returns the slugs of links that the Worker reserves for itself, so that they lead nowhere. Older versions reserved fewer.
pub fn reserved_slugs(sql: &dyn Sql) -> Result<Vec<String>, SqlError> {
    let statement = "SELECT slug FROM links WHERE slug IN (SELECT value FROM json_each(?1)) ORDER BY slug";
    let rows = sql.exec(statement, &[super::value::json_text(&RESERVED_SEGMENTS)?.into()])?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// A filter for lists of links; absent fields match everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The partner.
    pub partner: Option<PartnerNo>,
    /// The listing.
    pub listing: Option<ListingNo>,
    /// The campaign.
    pub campaign: Option<String>,
    /// The slug.
    pub slug: Option<String>,
}

impl Filter {
    /// The index that a query reads: that of the most selective filter.
    fn index(&self) -> &'static str {
        match self {
            Self { slug: Some(_), .. } => "",
            Self { partner: Some(_), listing: Some(_), .. } => "INDEXED BY links_by_listing",
            Self { partner: Some(_), .. } => "INDEXED BY links_by_partner",
            Self { campaign: Some(_), .. } => "INDEXED BY links_by_campaign",
            Self { listing: Some(_), .. } => "INDEXED BY links_of_listing",
            Self { .. } => "",
        }
    }

    fn conditions(&self) -> Conditions {
        let mut all = Conditions::default();
        // The slug is unique; a unary plus keeps the other conditions from choosing another index.
        let other = |column: &str| if self.slug.is_some() { format!("+{column}") } else { column.to_owned() };
        all.equals("slug", self.slug.as_deref());
        all.equals(&other("partner_no"), self.partner);
        all.equals(&other("listing_no"), self.listing);
        all.equals(&other("campaign"), self.campaign.as_deref());
        all
    }
}

/// Returns links, newest first.
pub fn list(sql: &dyn Sql, filter: &Filter, page: Page) -> Result<Vec<Link>, SqlError> {
    let order = Order { time: None, number: "no" };
    let mut all = filter.conditions();
    let (after, limit) = (all.after_page(page, order), all.bind(page.limit));
    let statement = format!(
        "SELECT {COLUMNS} FROM links {} WHERE {} AND {after} ORDER BY {} LIMIT CAST({limit} AS INTEGER)",
        filter.index(),
        all.text(),
        order.terms()
    );
    sql.exec(&statement, all.args())?.iter().map(read).collect()
}

/// Returns number, partner and id of the given links that exist.
pub fn ids(sql: &dyn Sql, numbers: &[LinkNo]) -> Result<Vec<(LinkNo, PartnerNo, String)>, SqlError> {
    let statement = "SELECT no, partner_no, id FROM links WHERE no IN (SELECT value FROM json_each(?1))";
    let rows = sql.exec(statement, &[super::value::json_text(&numbers)?.into()])?;
    rows.iter().map(|row| Ok((row.number(0)?, row.number(1)?, row.text(2)?.to_owned()))).collect()
}

/// Returns the numbers of links that must not lead to their listing because they are revoked or their partner is not
/// active, in ascending order.
pub fn blocked(sql: &dyn Sql) -> Result<Vec<LinkNo>, SqlError> {
    // CROSS JOIN fixes the join order: SQLite starts with the few inactive partners instead of scanning all links.
    let statement = "SELECT no FROM links WHERE revoked_at IS NOT NULL UNION \
                     SELECT links.no FROM partners CROSS JOIN links ON links.partner_no = partners.no \
                     WHERE partners.status <> 'active' ORDER BY 1";
    sql.exec(statement, &[])?.iter().map(|row| row.number(0)).collect()
}

/// Returns the links that were changed after their creation, in ascending order: number, revision, and expiry.
pub fn revised(sql: &dyn Sql) -> Result<Vec<(LinkNo, u32, Option<Timestamp>)>, SqlError> {
    let statement =
        "SELECT no, revision, expires_at FROM links INDEXED BY links_revised WHERE revision > 0 ORDER BY no";
    let rows = sql.exec(statement, &[])?;
    rows.iter().map(|row| Ok((row.number(0)?, row.number(1)?, row.opt_time(2)?))).collect()
}

/// Returns the numbers of a partner's links, at most `limit`.
pub fn numbers(sql: &dyn Sql, partner: PartnerNo, limit: i64) -> Result<Vec<LinkNo>, SqlError> {
    let rows = sql.exec(
        "SELECT no FROM links WHERE partner_no = ?1 ORDER BY no LIMIT CAST(?2 AS INTEGER)",
        &[partner.into(), limit.into()],
    )?;
    rows.iter().map(|row| row.number(0)).collect()
}
