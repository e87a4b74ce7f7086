//! Placements: a post, video, session or issue for which a partner receives a fixed fee.

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
    /// The kind of placement.
    PlacementKind {
        /// A post on a social network or a blog.
        Post = "post";
        /// A video.
        Video = "video";
        /// A webinar, talk or workshop.
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
    /// The partner that published it.
    pub partner_no: PartnerNo,
    /// Kind.
    pub kind: PlacementKind,
    /// Display title.
    pub title: String,
    /// The operator's own id for the placement; unique.
    pub external_id: String,
    /// The link in the placement, whose conversions measure its return.
    pub link_no: Option<LinkNo>,
    /// The fee.
    pub fee: Money,
    /// When it was published.
    pub published_at: Timestamp,
    /// The target return in basis points of the fee: 30000 means 3:1.
    pub target_roi_bp: Option<i64>,
    /// Free-form annotations.
    pub metadata: Metadata,
    /// When it was created.
    pub created_at: Timestamp,
}
