//! Pages about mails for developers, below `/dev/mail`. They exist only where the binding [`MAILBOX`] does: the mailbox itself, which
//! is a function beside workerd (`xtask/runner/mailbox.mjs`), and the previews of all templates.

mod templates;

use super::{http::Refusal, mailer::MAILBOX, rpc::Stores};
use worker::{Request, Response};

/// Responds with the page at a path; `None` if there is none.
pub async fn handle(
    stores: &Stores,
    request: Request,
    path: &str,
) -> std::result::Result<Option<Response>, Refusal> {
    let Ok(mailbox) = stores.env().service(MAILBOX) else { return Ok(None) };
    if !super::http::is_read(&request) {
        return Ok(None);
    }
    match templates::handle(stores, path).await? {
        Some(page) => Ok(Some(page)),
        None => Ok(Some(mailbox.fetch_request(request).await?)),
    }
}
