//! `POST /v1/import`: many objects with their own ids and times, all or none. A line takes the way of the request that
//! creates its object; only the clock is the line's own.

mod line;
mod objects;
mod references;

pub use line::ImportLine;

use super::{
    conversions::{create, refunds},
    http::{
        call::{Call, Handler},
        failure::Failure,
        message::{Request, Response},
        problems::{Code, Problem},
    },
    links,
    programme::{coupons, listings, partners},
};
use crate::{
    domain::{
        event::EventType,
        import::{ImportedObject, MAX_LINES},
        values::digest::sha256_hex,
    },
    ledger::{maturity, trails::Trails, tx::Tx, view::view},
    store::{SqlError, imports::ImportedRow, log::change::Change, value::json_text},
};
use line::Line;
use references::References;
use serde::Deserialize;

view! {
    /// What became of a line.
    pub struct ImportedLineView {
        /// The line, counted from 1.
        line: usize,
        /// What it describes.
        object: ImportedObject,
        /// Your own id of it.
        external_id: String,
        /// Its id here. A click's is the click id that conversions name.
        id: String,
        /// Whether this call created it. If not, the same line was imported before and nothing was changed.
        created: bool,
    }

    /// What an import did.
    pub struct ImportView {
        /// The lines in their order.
        data: Vec<ImportedLineView>,
        /// How many lines created something.
        created: usize,
        /// How many lines had been imported before.
        unchanged: usize,
    }

    /// An import, as its event shows it.
    pub struct ImportEventView {
        /// How many lines created something that is known by its external id.
        created: usize,
    }
}

/// The part of a response that an import needs.
#[derive(Deserialize)]
struct Created {
    id: String,
}

/// The handler of the request that creates an object.
fn handler(object: ImportedObject) -> Handler {
    match object {
        ImportedObject::Partner => partners::create,
        ImportedObject::Listing => listings::create,
        ImportedObject::Link => links::create::create,
        ImportedObject::Coupon => coupons::create,
        ImportedObject::Click => objects::click,
        ImportedObject::Customer => objects::customer,
        ImportedObject::Conversion => create::create,
        ImportedObject::Refund => refunds::create,
        ImportedObject::Commission => objects::commission,
        ImportedObject::OpeningBalance => objects::opening_balance,
        ImportedObject::Payout => objects::payout,
    }
}

/// An import while its lines are handled.
struct Import<'c, 'a> {
    call: &'c Call<'a>,
    references: References<'c>,
    rows: Vec<ImportedRow>,
    lines: Vec<ImportedLineView>,
}

/// `POST /v1/import`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let lines = lines(call.request.body)?;
    let references = References::new(call.tx.sql);
    let mut import = Import { call, references, rows: Vec::new(), lines: Vec::with_capacity(lines.len()) };
    for (number, text) in lines {
        import.accept(number, text).map_err(|failure| on_line(failure, number))?;
    }
    let (sql, now) = (call.tx.sql, call.tx.now);
    call.tx.with_entropy(|entropy| maturity::sweep_history(sql, now, entropy))?;
    let Import { rows, lines: data, .. } = import;
    if !rows.is_empty() {
        let event = ImportEventView { created: rows.len() };
        call.tx.commit(EventType::ImportAccepted, &Change::Imported(rows), &event, "")?;
    }
    let created = data.iter().filter(|line| line.created).count();
    let unchanged = data.len().saturating_sub(created);
    let body = json_text(&ImportView { data, created, unchanged })?;
    Ok(if created == 0 { Response::replayed(body) } else { Response::json(201, body) })
}

/// The lines that are not blank, with their numbers.
fn lines(body: &[u8]) -> Result<Vec<(usize, &str)>, Problem> {
    let body = super::http::body::text(body)?;
    let lines = (1..).zip(body.split('\n')).filter(|(_, line)| !line.trim_ascii().is_empty());
    let lines: Vec<(usize, &str)> = lines.collect();
    if lines.is_empty() {
        return Err(Problem::new(Code::MalformedJson, "Send at least one line: a JSON object."));
    }
    if lines.len() > MAX_LINES {
        let detail = format!("{} lines; send at most {MAX_LINES} a call.", lines.len());
        return Err(Problem::new(Code::TooManyLines, detail));
    }
    Ok(lines)
}

fn on_line(failure: Failure, number: usize) -> Failure {
    match failure {
        // What fails on our side is in the log, and its response is constant.
        Failure::Problem(problem) if problem.code.status() < 500 => Failure::Problem(problem.on_line(number)),
        Failure::Problem(_) | Failure::Needed(_) | Failure::SimulationNeeded(_) => failure,
    }
}

impl Import<'_, '_> {
    /// Accepts a line, once however often it is imported.
    fn accept(&mut self, number: usize, text: &str) -> Result<(), Failure> {
        let line = Line::parse(text, self.call.tx.now)?;
        let digest = sha256_hex(json_text(&line.fields)?.as_bytes());
        if let Some(known) = self.references.imported(line.object, &line.external_id)? {
            if known.digest != digest {
                let (object, external_id) = (line.object.as_str(), &line.external_id);
                let detail = format!(
                    "The {object} {external_id:?} was imported as {} with other content; change it with the API, or send \
                     another external_id.",
                    known.id
                );
                return Err(Problem::field(Code::ImportConflict, "/external_id", detail).into());
            }
            let id = known.id.clone();
            self.note(number, line, id, false);
            return Ok(());
        }
        self.references.check_time(&line)?;
        let line = Line { fields: self.references.resolve(line.fields)?, ..line };
        let response = self.run(&line)?;
        let Created { id } =
            strict_json::from_str(&response.body).map_err(|error| SqlError::Engine(error.to_string()))?;
        if !line.is_unique_itself() {
            let row = ImportedRow {
                object: line.object,
                external_id: line.external_id.clone(),
                id: id.clone(),
                digest,
                trail: line.trail(),
                stated_at: line.stated_at(),
            };
            self.references.add(row.clone());
            self.rows.push(row);
        }
        self.note(number, line, id, response.status == 201);
        Ok(())
    }

    fn note(&mut self, line: usize, of: Line, id: String, created: bool) {
        let (object, external_id) = (of.object, of.external_id);
        self.lines.push(ImportedLineView { line, object, external_id, id, created });
    }

    /// Runs the handler of a line at the line's own time. What matured before that has matured by then.
    fn run(&self, line: &Line) -> Result<Response, Failure> {
        let tx = self.call.tx;
        tx.with_entropy(|entropy| maturity::sweep_history(tx.sql, line.created_at, entropy))?;
        let (body, params) = line.request()?;
        // The click store knows nothing yet of clicks that this import or one just before it has queued.
        let mut trails = Trails::new();
        if let Some(click_id) = line.text("click_id") {
            trails.insert(click_id.to_owned(), self.references.trail_of(click_id)?);
        }
        tx.with_entropy(|entropy| {
            let then = Tx::new(tx.sql, tx.config, tx.zones, line.created_at, &trails, entropy);
            let request = Request { body: body.as_bytes(), ..self.call.request };
            let caller = self.call.caller.clone();
            let response = handler(line.object)(&Call {
                tx: &then,
                request,
                caller,
                params,
                segments: self.call.segments,
            });
            tx.absorb(&then);
            response
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_skipped_and_still_counted() {
        assert_eq!(lines(b"a\n\n \r\nb\n").ok(), Some(vec![(1, "a"), (4, "b")]));
        let most = "x\n".repeat(MAX_LINES);
        assert_eq!(lines(most.as_bytes()).map(|lines| lines.len()).ok(), Some(1_000));
        let code = |body: &str| lines(body.as_bytes()).map_err(|problem| problem.code).err();
        assert_eq!(code(&format!("{most}x")), Some(Code::TooManyLines));
        assert_eq!(code(" \n"), Some(Code::MalformedJson));
    }
}
