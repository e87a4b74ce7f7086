//! Rows of listings.

use crate::domain::{
    links::destination::ClickIdTransport,
    programme::{
        listing::{CLICK_ID_IN, Listing, ListingNo, Marketplace},
        partner::PartnerNo,
    },
    values::{id::ListingId, string_enum::Word},
};
use crate::store::{Page, Row, Sql, SqlError, Value};

const COLUMNS: &str = "no, id, name, marketplace, url, slug, forward_to, settings, secret_names, created_at, updated_at, window_days";

fn read(row: &Row) -> Result<Listing, SqlError> {
    Ok(Listing {
        no: u16::try_from(row.int(0)?)
            .map_err(|_| SqlError::Shape { column: 0, expected: "a listing number" })?,
        id: row.parsed(1, "a listing id", ListingId::parse)?,
        name: row.text(2)?.to_owned(),
        marketplace: row.parsed(3, "a marketplace", Marketplace::parse)?,
        url: row.text(4)?.to_owned(),
        slug: row.opt_string(5)?,
        forward_to: row.opt_string(6)?,
        settings: row.text(7)?.to_owned(),
        secret_names: row.json(8)?,
        created_at: row.time(9)?,
        updated_at: row.time(10)?,
        window_days: row.opt_int(11)?,
    })
}

/// Returns the number for the next listing.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    crate::store::next_no(sql, "listings")
}

/// Inserts a listing, or updates all columns of an existing one except its number, id and creation time. Its sealed
/// secrets stay unchanged.
pub fn put(sql: &dyn Sql, listing: &Listing) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO listings ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
         ON CONFLICT (no) DO UPDATE SET name = ?3, marketplace = ?4, url = ?5, slug = ?6, forward_to = ?7, \
         settings = ?8, secret_names = ?9, updated_at = ?11, window_days = ?12"
    );
    let args: [Value; 12] = [
        listing.no.into(),
        listing.id.as_str().into(),
        listing.name.as_str().into(),
        Word::from(listing.marketplace).into(),
        listing.url.as_str().into(),
        listing.slug.clone().into(),
        listing.forward_to.clone().into(),
        listing.settings.as_str().into(),
        crate::store::value::json_text(&listing.secret_names)?.into(),
        listing.created_at.into(),
        listing.updated_at.into(),
        listing.window_days.into(),
    ];
    sql.exec(&statement, &args).map(drop)
}

/// Returns a listing's sealed secrets.
pub fn sealed_secrets(sql: &dyn Sql, no: ListingNo) -> Result<Option<String>, SqlError> {
    let rows = sql.exec("SELECT secrets_sealed FROM listings WHERE no = ?1", &[no.into()])?;
    rows.first().map_or(Ok(None), |row| row.opt_string(0))
}

/// Returns the number, the id and the sealed secrets of each listing that has any.
pub fn all_sealed_secrets(sql: &dyn Sql) -> Result<Vec<(ListingNo, String, String)>, SqlError> {
    let rows =
        sql.exec("SELECT no, id, secrets_sealed FROM listings WHERE secrets_sealed IS NOT NULL", &[])?;
    let read = |row: &Row| {
        let no = u16::try_from(row.int(0)?)
            .map_err(|_| SqlError::Shape { column: 0, expected: "a listing number" })?;
        Ok((no, row.text(1)?.to_owned(), row.text(2)?.to_owned()))
    };
    rows.iter().map(read).collect()
}

/// Replaces a listing's sealed secrets.
pub fn set_sealed_secrets(sql: &dyn Sql, no: ListingNo, sealed: Option<String>) -> Result<(), SqlError> {
    sql.exec("UPDATE listings SET secrets_sealed = ?2 WHERE no = ?1", &[no.into(), sealed.into()]).map(drop)
}

/// Returns the listings whose secrets are lost, because this Ledger was rebuilt from its log.
pub fn without_secrets(sql: &dyn Sql) -> Result<Vec<Listing>, SqlError> {
    let condition = "secret_names <> '[]' AND secrets_sealed IS NULL ORDER BY no";
    sql.exec(&format!("SELECT {COLUMNS} FROM listings WHERE {condition}"), &[])?.iter().map(read).collect()
}

fn one(sql: &dyn Sql, condition: &str, arg: Value) -> Result<Option<Listing>, SqlError> {
    let rows = sql.exec(&format!("SELECT {COLUMNS} FROM listings WHERE {condition} = ?1"), &[arg])?;
    rows.first().map(read).transpose()
}

/// Returns the listing with this id.
pub fn by_id(sql: &dyn Sql, id: &ListingId) -> Result<Option<Listing>, SqlError> {
    one(sql, "id", id.as_str().into())
}

/// Returns the listing with this number.
pub fn by_no(sql: &dyn Sql, no: ListingNo) -> Result<Option<Listing>, SqlError> {
    one(sql, "no", no.into())
}

/// Returns the listing with this slug.
pub fn by_slug(sql: &dyn Sql, slug: &str) -> Result<Option<Listing>, SqlError> {
    one(sql, "slug", slug.into())
}

/// Returns the id of the App Store listing for an app, whether its setting is a number or a string. Production listings
/// take precedence over sandbox ones, then the lowest number.
pub fn of_app(sql: &dyn Sql, app_apple_id: &str) -> Result<Option<String>, SqlError> {
    let rows = sql.exec(
        "SELECT id FROM listings
         WHERE marketplace = 'apple' AND CAST(settings ->> '$.app_apple_id' AS TEXT) = ?1
         ORDER BY coalesce(settings ->> '$.environment', '') = 'Sandbox', no LIMIT 1",
        &[app_apple_id.into()],
    )?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Returns listings, newest first; `partner` limits them to those with links of the partner.
pub fn list(sql: &dyn Sql, partner: Option<PartnerNo>, page: Page) -> Result<Vec<Listing>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM listings WHERE no < ?1 AND (?2 IS NULL OR EXISTS (SELECT 1 FROM links WHERE \
         partner_no = ?2 AND listing_no = listings.no)) ORDER BY no DESC LIMIT CAST(?3 AS INTEGER)"
    );
    let args = [page.below().into(), partner.into(), page.limit.into()];
    sql.exec(&statement, &args)?.iter().map(read).collect()
}

/// Returns number, URL and marketplace of every listing, for the snapshot.
pub fn urls(sql: &dyn Sql) -> Result<Vec<(ListingNo, String, ClickIdTransport)>, SqlError> {
    let rows = sql.exec(
        // Settings that are older than their validation may be any text.
        "SELECT no, url, marketplace, iif(json_valid(settings), json_extract(settings, '$.' || ?1), NULL)
         FROM listings ORDER BY no",
        &[CLICK_ID_IN.into()],
    )?;
    let read = |row: &Row| {
        let no = u16::try_from(row.int(0)?)
            .map_err(|_| SqlError::Shape { column: 0, expected: "a listing number" })?;
        let marketplace = row.parsed(2, "a marketplace", Marketplace::parse)?;
        let setting = row.opt_text(3).ok().flatten();
        Ok((no, row.text(1)?.to_owned(), marketplace.click_id_transport(setting)))
    };
    rows.iter().map(read).collect()
}

/// Returns the ids of all listings, by number.
pub fn ids(sql: &dyn Sql) -> Result<Vec<String>, SqlError> {
    sql.exec("SELECT id FROM listings ORDER BY no", &[])?
        .iter()
        .map(|row| Ok(row.text(0)?.to_owned()))
        .collect()
}

/// Returns whether a partner has a link to the listing.
pub fn is_linked(sql: &dyn Sql, no: ListingNo, partner: PartnerNo) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM links WHERE listing_no = ?1 AND partner_no = ?2 LIMIT 1";
    Ok(!sql.exec(statement, &[no.into(), partner.into()])?.is_empty())
}
