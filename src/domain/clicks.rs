//! Clicks: visits through links, the visitors who make them, and the bucket that counts each click.

pub mod bot;
pub mod bucket;
pub mod click;
pub mod trail;
pub mod visit;
pub mod visitor;
