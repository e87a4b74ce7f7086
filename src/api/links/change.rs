//! `PATCH /v1/links/{id}`: changes of a link. Its destination and an earlier expiry take effect under the same URL. A later expiry
//! needs a new token, because the expiry is in it.

use super::{
    create::{Fields, check_fields, mint, slug_free, token_seconds, whole_seconds},
    named, show,
};
use crate::{
    api::http::{
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    domain::{
        event::EventType,
        links::{link::Link, token::LinkToken},
        values::{string_enum::Metadata, time::Timestamp},
    },
    store::{SqlError, log::change::Change},
};
use serde::Deserialize;

/// Changes to a link. An absent field stays as it is; `null` clears it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct LinkChange {
    /// Campaign, for reports; up to 100 characters.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    campaign: Option<Option<String>>,
    /// Replaces the path of the listing's URL.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    path: Option<Option<String>>,
    /// Added to the query of the listing's URL.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    query: Option<Option<String>>,
    /// Short name. The old one leads nowhere from then on.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    slug: Option<Option<String>>,
    /// When it begins to lead to the landing page. A later expiry than before gives the link a new `url`.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    expires_at: Option<Option<String>>,
    /// Free annotations; replaces all of them.
    metadata: Option<Metadata>,
}

impl LinkChange {
    /// Whether it changes where visitors are sent.
    fn redirects(&self) -> bool {
        self.path.is_some() || self.query.is_some() || self.slug.is_some() || self.expires_at.is_some()
    }

    /// The expiry after the change, once the fields are checked.
    fn check(&self, call: &Call<'_>, old: &Link) -> Result<Option<Timestamp>, Problem> {
        let given = |field: &'_ Option<Option<String>>| field.clone().flatten();
        let (campaign, path, query) = (given(&self.campaign), given(&self.path), given(&self.query));
        let (slug, expires_at) = (given(&self.slug), given(&self.expires_at));
        let fields = Fields {
            campaign: campaign.as_deref(),
            path: path.as_deref(),
            query: query.as_deref(),
            slug: slug.as_deref(),
            expires_at: expires_at.as_deref(),
            metadata: self.metadata.as_ref(),
        };
        let mut checks = Checks::default();
        let expires_at = check_fields(call, &mut checks, &fields)?;
        checks.finish()?;
        Ok(if self.expires_at.is_some() { expires_at } else { old.expires_at })
    }
}

/// The token of a link under a new expiry: the same one, unless it ends before.
fn token(call: &Call<'_>, link: &Link, expires_s: Option<u32>) -> Result<String, SqlError> {
    let known = LinkToken::verify(&link.token, &call.tx.config.ring);
    let lasts = |token: LinkToken| match (token.expires_s, expires_s) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(end), Some(new_end)) => new_end <= end,
    };
    if known.is_some_and(lasts) {
        return Ok(link.token.clone());
    }
    let has_path = link.has_own_destination();
    mint(call, &LinkToken { link_no: link.no, listing_no: link.listing_no, has_path, expires_s })
}

/// The link after the change.
fn changed(call: &Call<'_>, change: LinkChange, old: &Link) -> Result<Link, Problem> {
    let expires_s = change.check(call, old)?.and_then(token_seconds);
    if old.revoked_at.is_some() && change.redirects() {
        let detail =
            "It is revoked, so it leads to the landing page. Only its campaign and metadata can be changed.";
        return Err(Problem::new(Code::StateConflict, detail));
    }
    let mut link = Link {
        campaign: change.campaign.unwrap_or_else(|| old.campaign.clone()),
        path: change.path.unwrap_or_else(|| old.path.clone()),
        query: change.query.unwrap_or_else(|| old.query.clone()),
        slug: change.slug.unwrap_or_else(|| old.slug.clone()),
        expires_at: whole_seconds(expires_s),
        metadata: change.metadata.unwrap_or_else(|| old.metadata.clone()),
        ..old.clone()
    };
    if link.expires_at != old.expires_at {
        link.token = token(call, &link, expires_s)?;
    }
    let redirects = |link: &Link| (link.path.clone(), link.query.clone(), link.slug.clone(), link.expires_at);
    if redirects(&link) != redirects(old) {
        link.revision = old.revision.saturating_add(1);
    }
    if let Some(slug) = link.slug.as_deref().filter(|slug| Some(*slug) != old.slug.as_deref()) {
        slug_free(call, slug, "")?;
    }
    Ok(link)
}

/// `PATCH /v1/links/{id}`
pub fn patch(call: &Call<'_>) -> Result<Response, Failure> {
    let old = named(call)?;
    let change: LinkChange = call.body()?;
    let link = changed(call, change, &old)?;
    let view = show(call, &link)?;
    if link == old {
        return call.json(200, &view);
    }
    if link.revision != old.revision {
        call.tx.bump_snapshot_version()?;
    }
    call.tx.commit(EventType::LinkUpdated, &Change::LinkUpdated(link), &view, "")?;
    call.json(200, &view)
}
