//! Pages for a product that the vendor shows in a frame. Our cookies are not visible in a frame, so the page links to
//! the top of the window.

use super::adapter::CallbackResponse;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:3rem;text-align:center}\
    a{display:inline-block;padding:.5rem 1.5rem;border-radius:.25rem;background:#1f4fd8;color:#fff}";

/// A page that only `frame_ancestors` (CSP sources, separated by spaces) may frame.
fn framed(frame_ancestors: &str, title: &str, content: &Markup) -> CallbackResponse {
    let policy = format!("frame-ancestors {frame_ancestors}; default-src 'none'; style-src 'unsafe-inline'");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (content) }
        }
    };
    CallbackResponse {
        status: 200,
        headers: vec![
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("content-security-policy", policy),
            ("x-content-type-options", "nosniff".to_owned()),
            ("cache-control", "no-store".to_owned()),
            // The URL of the page contains the vendor's token.
            ("referrer-policy", "no-referrer".to_owned()),
        ],
        body: page.into_string(),
    }
}

/// A page with a link to `path` at the top of the window.
#[must_use]
pub fn continue_at_top(frame_ancestors: &str, path: &str) -> CallbackResponse {
    let content = html! {
        p { "The product is installed. One step is left to set it up." }
        p { a href=(path) target="_top" { "Continue" } }
    };
    framed(frame_ancestors, "Continue", &content)
}

/// The page of a listing that has no `forward_to`.
#[must_use]
pub fn connected(frame_ancestors: &str) -> CallbackResponse {
    framed(frame_ancestors, "Connected", &html! { p { "The product is connected." } })
}
