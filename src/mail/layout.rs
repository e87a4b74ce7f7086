//! The HTML of every mail: one table of at most 600 px, with inline styles, because many mail clients ignore or rewrite a
//! style sheet. The few rules in the head only change colours in the dark. It loads nothing: no images, no fonts, no tracking.
//! `maud` escapes every value that is interpolated.

use super::composed::{Composed, ComposedButton, ComposedFact};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The colours of a dark ground. `!important` is needed against the inline styles of the light one.
const DARK: &str = "@media (prefers-color-scheme:dark){.g{background:#0f1115!important}.p{background:#171a20!important;border-color:#2a2e37!important}\
.t{color:#f1f2f5!important}.m{color:#b4b9c5!important}.l{border-color:#2a2e37!important}a.u{color:#8fb1ff!important}\
.b{background:#8fb1ff!important}a.c{color:#0b1020!important}}";
/// Outlook for Windows ignores `max-width`, so it gets a table of a fixed width around the other one.
const OUTLOOK_BEGIN: &str =
    "<!--[if mso]><table role=\"presentation\" width=\"600\" align=\"center\"><tr><td><![endif]-->";
const OUTLOOK_END: &str = "<!--[if mso]></td></tr></table><![endif]-->";

const BODY: &str = "margin:0;padding:0;background:#f6f7f9;-webkit-text-size-adjust:100%";
const HIDDEN: &str = "display:none;max-height:0;overflow:hidden;mso-hide:all";
const PANEL: &str = "max-width:600px;margin:0 auto;background:#ffffff;border:1px solid #e3e5ea;border-radius:10px;border-collapse:separate;\
font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Hiragino Sans','Noto Sans JP',sans-serif";
const BRAND: &str = "padding:24px 24px 0;font-size:14px;line-height:20px;font-weight:600;color:#4a4f5c";
const CONTENT: &str =
    "padding:16px 24px 24px;font-size:16px;line-height:24px;color:#14161c;overflow-wrap:anywhere";
const PARAGRAPH: &str = "margin:0 0 16px";
const FACTS: &str = "margin:0 0 16px;border-collapse:collapse";
const LABEL: &str = "padding:8px 16px 8px 0;border-top:1px solid #e3e5ea;font-size:14px;line-height:20px;font-weight:400;color:#4a4f5c;\
text-align:start;vertical-align:top;overflow-wrap:break-word";
const VALUE: &str = "padding:8px 0;border-top:1px solid #e3e5ea;font-size:14px;line-height:20px;font-weight:600;color:#14161c;text-align:end;\
vertical-align:top;overflow-wrap:anywhere";
/// A value that is a sentence reads better from the left.
const LONG_VALUE: &str = "padding:8px 0;border-top:1px solid #e3e5ea;font-size:14px;line-height:20px;color:#14161c;text-align:start;vertical-align:top;\
overflow-wrap:anywhere";
/// The number of characters from which a value is long.
const LONG: usize = 40;
const BUTTON: &str = "margin:8px 0 16px;border-collapse:separate";
const BUTTON_CELL: &str = "border-radius:6px;background:#2454cf";
const BUTTON_LINK: &str = "display:inline-block;padding:12px 20px;font-size:16px;line-height:20px;font-weight:600;color:#ffffff;text-decoration:none";
const NOTE: &str = "margin:0 0 8px;font-size:13px;line-height:20px;color:#4a4f5c";
const FOOTER: &str = "padding:16px 24px 16px;border-top:1px solid #e3e5ea;overflow-wrap:anywhere";
const LINK: &str = "color:#2454cf";

fn facts(facts: &[ComposedFact]) -> Markup {
    html! {
        table width="100%" cellpadding="0" cellspacing="0" style=(FACTS) {
            @for fact in facts {
                tr {
                    th.m.l scope="row" style=(LABEL) { (fact.label) }
                    @let is_long = fact.value.chars().nth(LONG).is_some();
                    td.t.l style=(if is_long { LONG_VALUE } else { VALUE }) { (fact.value) }
                }
            }
        }
    }
}

fn button(button: &ComposedButton<'_>) -> Markup {
    html! {
        table role="presentation" cellpadding="0" cellspacing="0" style=(BUTTON) {
            tr {
                td.b style=(BUTTON_CELL) { a.c href=(button.url) style=(BUTTON_LINK) { (button.label) } }
            }
        }
        p.m style=(NOTE) {
            (button.hint) br;
            a.u href=(button.url) style=(LINK) { (button.url) }
        }
    }
}

fn panel(mail: &Composed<'_>) -> Markup {
    html! {
        table.p role="presentation" width="100%" cellpadding="0" cellspacing="0" style=(PANEL) {
            tr { td.m style=(BRAND) { (mail.programme.as_str()) } }
            tr {
                td.t style=(CONTENT) {
                    p style=(PARAGRAPH) { (mail.greeting) }
                    @for paragraph in &mail.paragraphs {
                        p style=(PARAGRAPH) { (paragraph) }
                    }
                    @if !mail.facts.is_empty() { (facts(&mail.facts)) }
                    @if let Some(link) = &mail.button { (button(link)) }
                }
            }
            tr {
                td.l style=(FOOTER) {
                    @for line in &mail.footer {
                        p.m style=(NOTE) { (line) }
                    }
                    @if let Some((label, url)) = &mail.unsubscribe {
                        p.m style=(NOTE) { a.u href=(url) style=(LINK) { (label) } }
                    }
                }
            }
        }
    }
}

/// Returns the HTML document.
pub fn render(mail: &Composed<'_>) -> String {
    html! {
        (DOCTYPE)
        // All seven languages are written from left to right.
        html lang=(mail.language.as_str()) dir="ltr" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="supported-color-schemes" content="light dark";
                title { (mail.subject.as_str()) }
                style { (PreEscaped(DARK)) }
            }
            body.g style=(BODY) {
                // Mail clients show the first text beside the subject in their lists, and there the greeting says nothing.
                div style=(HIDDEN) { (mail.paragraphs.first().map_or("", String::as_str)) }
                table.g role="presentation" width="100%" cellpadding="0" cellspacing="0" {
                    tr {
                        td align="center" style="padding:24px 12px" {
                            (PreEscaped(OUTLOOK_BEGIN))
                            (panel(mail))
                            (PreEscaped(OUTLOOK_END))
                        }
                    }
                }
            }
        }
    }
    .into_string()
}
