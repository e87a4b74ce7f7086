//! Pages for a product that the vendor shows in a frame. In a frame our cookies are not visible, so the page leads out of
//! it: a link to the top of the window, which the visitor follows.

use super::adapter::Answer;

/// A page that only `frame_ancestors` (sources of CSP, separated by spaces) may frame. `content` is HTML of ours.
fn framed(frame_ancestors: &str, title: &str, content: &str) -> Answer {
    let policy = format!("frame-ancestors {frame_ancestors}; default-src 'none'; style-src 'unsafe-inline'");
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;margin:3rem;text-align:center}}\
         a{{display:inline-block;padding:.5rem 1.5rem;border-radius:.25rem;background:#1f4fd8;color:#fff}}</style>\n\
         {content}\n</html>\n"
    );
    Answer {
        status: 200,
        headers: vec![
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("content-security-policy", policy),
            ("cache-control", "no-store".to_owned()),
            // The page's own address carries the vendor's token.
            ("referrer-policy", "no-referrer".to_owned()),
        ],
        body,
    }
}

/// The way out of the frame. `path` is ours: a constant and a hexadecimal id, so that nothing in it needs escaping.
#[must_use]
pub fn way_out(frame_ancestors: &str, path: &str) -> Answer {
    let content = format!(
        "<p>The product is installed. One step is left to set it up.</p>\n\
         <p><a href=\"{path}\" target=\"_top\">Continue</a></p>"
    );
    framed(frame_ancestors, "Continue", &content)
}

/// What a visitor sees where there is nowhere to go on to.
#[must_use]
pub fn connected(frame_ancestors: &str) -> Answer {
    framed(frame_ancestors, "Connected", "<p>The product is connected.</p>")
}
