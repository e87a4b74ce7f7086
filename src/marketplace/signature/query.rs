//! The query as Shopify signs it.
//!
//! Source: Shopify's rule of many years, as its Python library implements it (`Session.calculate_hmac`): values are
//! signed decoded, with `%` and `&` escaped again (`=`, too, in names), so that no value can pass for another
//! parameter; the values of `name[]` are joined to `name=["2", "1"]`; the pairs are sorted by their bytes.

use super::{fields::Fields, refusal::Refusal};
use std::collections::{BTreeMap, BTreeSet};

/// Parameters that carry a signature and so are not signed: today's, and the obsolete one.
const UNSIGNED: [&str; 2] = ["hmac", "signature"];

/// The signed text of `fields`.
///
/// A name that stands there twice is refused, and so is what would make the text of another query: a quote or a
/// backslash inside a list, and a single value that looks like a list.
pub(super) fn signed_text(fields: &Fields<'_>) -> Result<String, Refusal> {
    let mut scalars: BTreeMap<&str, &str> = BTreeMap::new();
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut unsigned = BTreeSet::new();
    for (name, value) in fields.iter() {
        if UNSIGNED.contains(&name) {
            if !unsigned.insert(name) {
                return Err(Refusal::DuplicateParameter);
            }
        } else if let Some(name) = name.strip_suffix("[]") {
            if value.contains(['"', '\\']) {
                return Err(Refusal::AmbiguousParameters);
            }
            lists.entry(name).or_default().push(value);
        } else {
            if value.starts_with("[\"") {
                return Err(Refusal::AmbiguousParameters);
            }
            if scalars.insert(name, value).is_some() {
                return Err(Refusal::DuplicateParameter);
            }
        }
    }
    if lists.keys().any(|name| scalars.contains_key(name)) {
        return Err(Refusal::DuplicateParameter);
    }
    let scalars = scalars.into_iter().map(|(name, value)| pair(name, value));
    let lists =
        lists.into_iter().map(|(name, values)| pair(name, &format!("[\"{}\"]", values.join("\", \""))));
    let mut pairs: Vec<String> = scalars.chain(lists).collect();
    pairs.sort_unstable();
    Ok(pairs.join("&"))
}

fn pair(name: &str, value: &str) -> String {
    let name = name.replace('%', "%25").replace('=', "%3D");
    let value = value.replace('%', "%25");
    format!("{name}={value}").replace('&', "%26")
}

/// The parameters that the signed text proves.
pub(super) fn signed_parameters(fields: &Fields<'_>) -> Vec<(String, String)> {
    let signed = fields.iter().filter(|(name, _)| !UNSIGNED.contains(name));
    signed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Whether `shop` is the name of a shop: `^[a-zA-Z0-9][a-zA-Z0-9-]*\.myshopify\.com$` (shopify.dev, "Verify the
/// installation request").
pub(super) fn is_shop(shop: &str) -> bool {
    shop.strip_suffix(".myshopify.com").is_some_and(|name| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}
