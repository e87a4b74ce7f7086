//! The signed text of Shopify's queries.
//!
//! Source: Shopify's Python library (`Session.calculate_hmac`). Values are decoded, and then `%` and `&` are escaped
//! again (in names `=`, too), so that a value cannot be read as another parameter. The values of `name[]` are joined
//! to `name=["2", "1"]`. The pairs are sorted by their bytes.

use super::{fields::Fields, refusal::Refusal};

/// The parameters with the signature, which are not signed: the current one and the obsolete one.
const UNSIGNED: [&str; 2] = ["hmac", "signature"];

/// The signed text of `fields`.
///
/// Duplicate names are refused. So are queries that would have the same signed text as another one: those with a
/// quote or a backslash in a list, or with a single value that looks like a list.
pub(super) fn signed_text(fields: &Fields<'_>) -> Result<String, Refusal> {
    // The fields are sorted by name; the values of one name stay in the order of the query.
    let mut all: Vec<(&str, &str)> = fields.iter().collect();
    all.sort_by_key(|(name, _)| *name);
    let mut pairs: Vec<String> = Vec::new();
    for group in all.chunk_by(|(a, ..), (b, ..)| a == b) {
        let [(name, value), others @ ..] = group else { continue };
        let Some(list) = name.strip_suffix("[]") else {
            if !others.is_empty() {
                return Err(Refusal::DuplicateParameter);
            }
            if !UNSIGNED.contains(name) {
                if value.starts_with("[\"") {
                    return Err(Refusal::AmbiguousParameters);
                }
                pairs.push(pair(name, value));
            }
            continue;
        };
        if group.iter().any(|(.., value)| value.contains(['"', '\\'])) {
            return Err(Refusal::AmbiguousParameters);
        }
        if !UNSIGNED.contains(&list) && all.binary_search_by(|(name, ..)| (*name).cmp(list)).is_ok() {
            return Err(Refusal::DuplicateParameter);
        }
        let values: Vec<&str> = group.iter().map(|(.., value)| *value).collect();
        pairs.push(pair(list, &format!("[\"{}\"]", values.join("\", \""))));
    }
    pairs.sort_unstable();
    Ok(pairs.join("&"))
}

fn pair(name: &str, value: &str) -> String {
    let name = name.replace('%', "%25").replace('=', "%3D");
    let value = value.replace('%', "%25");
    format!("{name}={value}").replace('&', "%26")
}

/// The signed parameters.
pub(super) fn signed_parameters(fields: &Fields<'_>) -> Vec<(String, String)> {
    let signed = fields.iter().filter(|(name, _)| !UNSIGNED.contains(name));
    signed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Whether `shop` is the domain of a shop: `^[a-zA-Z0-9][a-zA-Z0-9-]*\.myshopify\.com$` (shopify.dev, "Verify the
/// installation request").
#[must_use]
pub fn is_shop(shop: &str) -> bool {
    shop.strip_suffix(".myshopify.com").is_some_and(|name| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}
