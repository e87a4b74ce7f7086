//! The deployment that `export` and `restore` talk to: its address, and the key that they use.

use crate::{keys::Keys, workspace};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;

/// The variable with the key of a deployment.
const KEY: &str = "SIGNPOST_KEY";
/// Hosts of this machine.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Checks an address, and returns it without a slash at its end.
pub fn url(text: &OsString) -> Result<String> {
    let text = text.to_str().unwrap_or_default();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if rest.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
        bail!("{text:?} is not an address such as https://go.example.com");
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The key: from the environment, or the operator key of `dev` if the address is on this machine. The command line would
/// show it to other programs.
pub fn key(url: &str) -> Result<String> {
    if let Some(key) = std::env::var(KEY).ok().filter(|key| !key.is_empty()) {
        return Ok(key);
    }
    let host = url.split("://").nth(1).unwrap_or_default();
    let is_own = LOOPBACK.iter().any(|own| {
        host.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    });
    if !is_own {
        bail!("set {KEY} to an API key of {url} with the scope `admin`");
    }
    let keys = Keys::load(&workspace::root().join(".signpost"))
        .with_context(|| format!("set {KEY} to the operator key that `cargo xtask dev` prints"))?;
    Ok(keys.operator_key)
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        assert_eq!(url(&"https://go.example.com/".into()).ok().as_deref(), Some("https://go.example.com"));
        for text in ["go.example.com", "https://", "ftp://go.example.com", "http:///x", ""] {
            let error = url(&text.into()).map_err(|error| error.to_string());
            assert_eq!(error, Err(format!("{text:?} is not an address such as https://go.example.com")));
        }
    }
}
