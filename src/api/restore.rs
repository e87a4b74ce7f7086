//! `/v1/restore`: fills an empty deployment from the pages of an export.

use super::http::{
    body,
    call::Call,
    failure::Failure,
    message::Response,
    problems::{Code, Problem},
};
use crate::ledger::{
    error::RestoreError,
    restore::{self, Page},
};

/// `POST /v1/restore`
pub fn page(call: &Call<'_>) -> Result<Response, Failure> {
    let page = restore::page(call.tx, body::text(call.request.body)?).map_err(problem)?;
    let response = show(call)?;
    Ok(match page {
        Page::Applied => response,
        Page::Repeated => response.with_header("idempotent-replayed", "true"),
    })
}

/// `GET /v1/restore`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    show(call)
}

fn show(call: &Call<'_>) -> Result<Response, Failure> {
    let view = restore::show(call.tx)?;
    call.json(200, &view.ok_or_else(|| Problem::new(Code::NotFound, "This Ledger was never restored."))?)
}

fn problem(error: RestoreError) -> Problem {
    match error {
        RestoreError::NotEmpty => {
            Problem::new(Code::NotEmpty, "Restore into a new deployment, before anything else is written.")
        }
        RestoreError::Malformed { line, cause } => {
            Problem::new(Code::InvalidPage, format!("Line {line}: {cause}."))
        }
        RestoreError::OutOfOrder { line, expected } => {
            let detail = format!("Line {line} should be {expected}. Send the pages in their order.");
            Problem::new(Code::PageOutOfOrder, detail)
        }
        RestoreError::Store(error) => error.into(),
    }
}
