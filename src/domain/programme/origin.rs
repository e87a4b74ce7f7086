//! Origins of web pages that may call the API from a browser.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The origin of a page as browsers send it in `Origin`: scheme, host and port (RFC 6454, section 6.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Origin(String);

impl Origin {
    /// Parses an origin. Plain http is for pages on the developer's own machine only.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_local = match url.host()? {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let is_allowed = url.scheme() == "https" || (url.scheme() == "http" && is_local);
        // A pattern such as `https://*.app.example` parses as a host, and no browser sends it.
        if text.contains('*') {
            return None;
        }
        // Browsers send exactly this form, so another one would never match.
        (is_allowed && url.origin().ascii_serialization() == text).then(|| Self(text.to_owned()))
    }

    /// Returns the origin as browsers send it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_browsers_send() {
        for good in [
            "https://app.example",
            "https://app.example:8443",
            "http://localhost:3000",
            "http://portal.localhost",
            "http://127.0.0.1",
            "http://[::1]:8080",
        ] {
            assert_eq!(Origin::parse(good).map(|origin| origin.as_str().to_owned()), Some(good.to_owned()));
        }
        for bad in [
            "",
            "*",
            "null",
            "app.example",
            "https://app.example/",
            "https://App.example",
            "https://app.example:443",
            "http://app.example",
            "http://notlocalhost",
            "https://a@app.example",
            "https://app.example?x",
            "ftp://app.example",
            "chrome-extension://abc",
            "https://*.app.example",
        ] {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
    }
}
