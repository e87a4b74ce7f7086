//! Previews of all mails in all languages, with example data.

use super::super::{http, rpc::Stores, texts::Locale};
use crate::{
    domain::values::language::Language,
    mail::{Brand, MailKind, examples::example, render},
};
use maud::{DOCTYPE, Markup, html};
use worker::{Error, Headers, Response};

/// The address of the list.
const LIST: &str = "/dev/mail/templates";
/// The policy of the pages. The frame of a mail inherits it, so that a mail that loads something shows that it does not work.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const BRAND: Brand<'_> = Brand {
    name: "Lumenflow Partners",
    support_email: Some("partners@lumenflow.example"),
    time_zone: "Europe/Berlin",
};

/// Responds with the list, or with the mail of a kind and a language: `/dev/mail/templates/payout_sent/de`. Returns `None` for
/// other paths.
pub async fn handle(stores: &Stores, path: &str) -> worker::Result<Option<Response>> {
    let Some(rest) = path.strip_prefix(LIST) else { return Ok(None) };
    let page = if rest.is_empty() {
        list()
    } else {
        let names = rest.strip_prefix('/').and_then(|rest| rest.split_once('/'));
        let found =
            names.and_then(|(kind, language)| Some((MailKind::parse(kind)?, Language::parse(language)?)));
        let Some((kind, language)) = found else { return Ok(None) };
        preview(stores, kind, language).await?
    };
    let headers = Headers::new();
    headers.set("content-type", "text/html; charset=utf-8")?;
    headers.set("cache-control", "no-store")?;
    headers.set("content-security-policy", CONTENT_SECURITY_POLICY)?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(Some(http::with_body(200, headers, page.into_string())))
}

fn list() -> Markup {
    document(
        "Mails",
        &html! {
            @for kind in MailKind::ALL {
                h2 { (kind.as_str()) }
                p {
                    @for language in Language::ALL {
                        a href=(format!("{LIST}/{}/{}", kind.as_str(), language.as_str())) { (language.as_str()) } " "
                    }
                }
            }
        },
    )
}

async fn preview(stores: &Stores, kind: MailKind, language: Language) -> worker::Result<Markup> {
    let texts = Locale::load(stores, language).await?;
    let mail = render(&example(kind), &BRAND, &texts).map_err(|error| Error::RustError(error.to_string()))?;
    Ok(document(
        &mail.subject,
        &html! {
            p { a href=(LIST) { "All mails" } }
            // Without any permission: the frame runs no scripts and its links lead nowhere.
            iframe title="HTML" sandbox="" style="width:100%;height:1100px;border:0" srcdoc=(mail.html) {}
            pre style="white-space:pre-wrap;font-size:14px" { (mail.text) }
        },
    ))
}

fn document(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
            }
            body style="max-width:720px;margin:16px auto;padding:0 8px;font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere" {
                h1 style="font-size:20px" { (title) }
                (content)
            }
        }
    }
}
