//! Links as CSV (RFC 4180). The first row names the columns, which are the fields of a link; `metadata.<key>` is an entry of its
//! annotations. An empty cell is an absent field. Errors name the row as a spreadsheet numbers it, and the column.

use super::request::NewLink;
use crate::{
    api::http::{
        checks::Checks,
        problems::{Code, Problem},
    },
    domain::values::string_enum::Metadata,
};
use csv::{ByteRecord, ReaderBuilder, StringRecord, Trim};

/// Most links of one request.
const MOST_ROWS: usize = 1_000;
/// The columns besides those of the annotations.
const COLUMNS: &[&str] = &["partner_id", "listing_id", "campaign", "path", "query", "slug", "expires_at"];
/// What the name of a column of annotations begins with.
const METADATA: &str = "metadata.";

/// The links of a CSV file, each with the pointer to its row.
pub fn rows(body: &[u8]) -> Result<Vec<(String, NewLink)>, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Problem::new(Code::InvalidUtf8, format!("The first bad byte is at offset {}.", error.valid_up_to()))
    })?;
    // Spreadsheets begin a UTF-8 file with a byte order mark, and many separate columns by semicolons.
    let text = text.trim_start_matches('\u{feff}');
    let first_line = text.lines().next().unwrap_or_default();
    let is_semicolons = first_line.contains(';') && !first_line.contains(',');
    let delimiter = if is_semicolons { b';' } else { b',' };
    let mut reader = ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).from_reader(text.as_bytes());
    check_quotes(text, delimiter)?;
    let header = reader.headers().map_err(|error| malformed(&error))?.clone();
    check_header(&header)?;
    let mut links = Vec::new();
    for (row, record) in (2usize..).zip(reader.records()) {
        if links.len() == MOST_ROWS {
            let detail = format!("More than {MOST_ROWS} rows; send the others in a second request.");
            return Err(Problem::new(Code::OutOfRange, detail));
        }
        let record = record.map_err(|error| malformed(&error))?;
        links.push((format!("/rows/{row}"), link(&header, &record)));
    }
    if links.is_empty() {
        return Err(Problem::new(
            Code::OutOfRange,
            format!("No rows; send 1 to {MOST_ROWS} below the row of names."),
        ));
    }
    Ok(links)
}

/// Refuses a quote that is never closed: the reader would take the rest of the file for one cell. A line feed at the end belongs
/// to the last cell if its quote is open, and to no cell otherwise.
fn check_quotes(text: &str, delimiter: u8) -> Result<(), Problem> {
    let with_line_feed = format!("{text}\n");
    let records = |text: &str| {
        let mut builder = ReaderBuilder::new();
        let mut reader =
            builder.delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
        let (mut count, mut last) = (0usize, ByteRecord::new());
        for record in reader.byte_records() {
            last = record.map_err(|error| malformed(&error))?;
            count = count.saturating_add(1);
        }
        Ok::<_, Problem>((count, last))
    };
    let (row, last) = records(text)?;
    if last == records(&with_line_feed)?.1 {
        return Ok(());
    }
    let detail = "A quote is opened in this row and never closed. Close it, and write a quote inside a quoted cell twice.";
    Err(Problem::field(Code::MalformedCsv, format!("/rows/{row}"), detail))
}

fn malformed(error: &csv::Error) -> Problem {
    Problem::new(Code::MalformedCsv, format!("{error}."))
}

fn check_header(header: &StringRecord) -> Result<(), Problem> {
    let mut checks = Checks::under("/rows/1".to_owned());
    for (position, name) in header.iter().enumerate() {
        let is_metadata = name.strip_prefix(METADATA).is_some_and(|key| !key.is_empty());
        if !COLUMNS.contains(&name) && !is_metadata {
            let name: String = name.chars().take(40).collect();
            let known = COLUMNS.join(", ");
            let detail = format!("This column is unknown; known are: {known}, metadata.<key>.");
            checks.refuse(Code::UnknownField, &name, detail);
        } else if header.iter().take(position).any(|before| before == name) {
            checks.refuse(Code::DuplicateField, name, "This column is given twice.");
        }
    }
    for required in ["partner_id", "listing_id"] {
        if !header.iter().any(|name| name == required) {
            checks.refuse(Code::MissingField, required, "This column is required.");
        }
    }
    checks.finish()
}

fn link(header: &StringRecord, record: &StringRecord) -> NewLink {
    let cell = |column: &str| {
        let value = header.iter().zip(record).find(|(name, _)| *name == column).map(|(_, value)| value);
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let metadata: Metadata = header
        .iter()
        .zip(record)
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, value)| Some((name.strip_prefix(METADATA)?.to_owned(), value.to_owned())))
        .collect();
    NewLink {
        // An empty id is the id of nothing, and is refused as such.
        partner_id: cell("partner_id").unwrap_or_default(),
        listing_id: cell("listing_id").unwrap_or_default(),
        campaign: cell("campaign"),
        path: cell("path"),
        query: cell("query"),
        slug: cell("slug"),
        expires_at: cell("expires_at"),
        metadata: Some(metadata),
    }
}
