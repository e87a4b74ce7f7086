//! Reports of mail providers about addresses: bounces, complaints and unsubscriptions. The Worker verifies them; the Ledger keeps
//! which addresses get no mail.

use super::{
    callbacks::log,
    exchange::Exchange,
    http::{self, Refusal, call_store, read_body},
    vendor_http::now,
};
use crate::{
    api::http::problems::{Code, Problem},
    mail::providers::{MailReports, PostmarkReports, ReportRefusal, SendGridReports},
};
use worker::{Headers, Method, Request, Response};

/// Returns the provider that posts to a path.
pub fn provider_of(path: &str) -> Option<&'static str> {
    match path.strip_suffix('/').unwrap_or(path) {
        "/callbacks/postmark/mail" => Some("postmark"),
        "/callbacks/sendgrid/mail" => Some("sendgrid"),
        _ => None,
    }
}

fn reports(exchange: &Exchange<'_>, provider: &str) -> Box<dyn MailReports> {
    let variable = |name| exchange.stores.variable(name).unwrap_or_default();
    if provider == "postmark" {
        Box::new(PostmarkReports { password: variable("POSTMARK_WEBHOOK_PASSWORD") })
    } else {
        Box::new(SendGridReports { public_key: variable("SENDGRID_WEBHOOK_KEY") })
    }
}

/// Handles a report. Postmark stops for good when it gets 403, so a wrong password is 401.
pub async fn handle(
    exchange: &Exchange<'_>,
    mut request: Request,
    provider: &'static str,
) -> Result<Response, Refusal> {
    if request.method() != Method::Post {
        let problem = Problem::new(Code::MethodNotAllowed, "Allowed here: POST.");
        return Err(Refusal::Problem(problem, vec![("allow", "POST".to_owned())]));
    }
    let body = read_body(&mut request).await?;
    let header = |name: &str| request.headers().get(name).ok().flatten();
    let reports = reports(exchange, provider);
    let read = reports.verify(&header, &body, now()).and_then(|report| reports.parse(&report));
    let read = match read {
        Ok(read) => read,
        Err(refusal) => {
            log(exchange, &format!("a report of {provider} about mail was refused: {refusal}"));
            return Err(refused(refusal));
        }
    };
    let text = serde_json::to_string(&read).map_err(worker::Error::from)?;
    call_store("LEDGER", async { exchange.stores.ledger()?.mail_reports(provider, &text).await }).await?;
    Ok(http::with_body(200, Headers::new(), String::new()))
}

fn refused(refusal: ReportRefusal) -> Refusal {
    match refusal {
        ReportRefusal::Malformed => {
            Problem::new(Code::MalformedJson, "The report is not what the provider documents.").into()
        }
        ReportRefusal::NotConfigured
        | ReportRefusal::Missing
        | ReportRefusal::Forged
        | ReportRefusal::Stale => {
            let problem = Problem::new(Code::Unauthenticated, "The report is not signed by the provider.");
            Refusal::Problem(problem, vec![("www-authenticate", "Basic realm=\"reports\"".to_owned())])
        }
    }
}
