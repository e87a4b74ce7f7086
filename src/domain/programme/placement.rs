//! Placements: a post, video, session or issue that a partner is paid a fixed fee for.

use crate::{
    links::link::LinkNo,
    money::Money,
    programme::partner::PartnerNo,
    values::{
        id::PlacementId,
        string_enum::{Metadata, string_enum},
        time::Timestamp,
    },
};
use serde::{Deserialize, Serialize};

string_enum! {
    /// What was placed.
    PlacementKind {
        /// A post on a social network or a blog.
        Post = "post";
        /// A video.
        Video = "video";
        /// A webinar, a talk, a workshop.
        Session = "session";
        /// An episode of a podcast.
        Episode = "episode";
        /// An issue of a newsletter.
        Issue = "issue";
        /// Anything else.
        Other = "other";
    }
}

/// A placement as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: PlacementId,
    /// Who placed it.
    pub partner_no: PartnerNo,
    /// What was placed.
    pub kind: PlacementKind,
    /// How people call it.
    pub title: String,
    /// The operator's own id of it; unique.
    pub external_id: String,
    /// The link in it, by which its return is counted.
    pub link_no: Option<LinkNo>,
    /// What it costs.
    pub fee: Money,
    /// When it was published.
    pub published_at: Timestamp,
    /// What should come back, basis points of the fee: 30000 = 3:1.
    pub target_roi_bp: Option<i64>,
    /// Free annotations.
    pub metadata: Metadata,
    /// When it was added.
    pub created_at: Timestamp,
}
