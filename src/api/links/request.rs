//! A link as requests create it.

use crate::domain::values::string_enum::Metadata;
use serde::Deserialize;

/// A link to create.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewLink {
    /// Whose link it is.
    pub(super) partner_id: String,
    /// Where it leads.
    pub(super) listing_id: String,
    /// Campaign, for reports; up to 100 characters.
    pub(super) campaign: Option<String>,
    /// Replaces the path of the listing's URL.
    pub(super) path: Option<String>,
    /// Added to the query of the listing's URL, such as `utm_source=ana`; up to 1,024 bytes.
    pub(super) query: Option<String>,
    /// Short name: `[a-z0-9][a-z0-9-]{2,39}`.
    pub(super) slug: Option<String>,
    /// When it begins to lead to the landing page; rounded down to whole seconds.
    pub(super) expires_at: Option<String>,
    /// Free annotations.
    pub(super) metadata: Option<Metadata>,
}
